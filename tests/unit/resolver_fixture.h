/* resolver_fixture.h - a resolver in the event loop of the test, that knows one TXT record. */
#ifndef TESTS_RESOLVER_FIXTURE_H
#define TESTS_RESOLVER_FIXTURE_H

#include <orbl/addr.h>

struct event_base;

struct resolver_fixture {
	struct endpoint where;
	unsigned rcode;     /* what it answers; 2 is SERVFAIL */
	const char *record; /* for whatever name; NULL: there is none */
	unsigned questions; /* so far */
	int fd;
	struct event *event;
};

void resolver_fixture_open(struct resolver_fixture *r, const char *address); /* any port */
void resolver_fixture_serve(struct resolver_fixture *r, struct event_base *base);
void resolver_fixture_close(struct resolver_fixture *r); /* before its event base */

#endif
