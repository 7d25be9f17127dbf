/* submit.h - what the ways to submit logs have in common. */
#ifndef ANALYZER_SUBMIT_H
#define ANALYZER_SUBMIT_H

#include "client.h"
#include "journal.h"
#include "reporter_key.h"

enum { SUBMIT_DOMAINS_MAX = 256 };

struct submit {
	struct client client;
	const char *socket; /* of the analyzer */
	const char *format; /* NULL: found out */
	const char *domains[SUBMIT_DOMAINS_MAX];
	size_t domain_count;
	const char *key_file;   /* NULL: none */
	char key[REPORTER_KEY]; /* "": none */
	bool follows, verbose;
	bool has_journal;
	struct journal_conf journal;
};

/* A new reference; source NULL: a log that ends. NULL: the name is not UTF-8, or no memory. */
json_t *
submit_request(const struct submit *s, const char *name, const char *source, const char *format);
/* One log, to its end, and what is said of it. The exit status. */
int submit_file(const struct submit *s, const char *name);
int submit_journal(const struct submit *s);

#endif
