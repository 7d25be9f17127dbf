/* probe_fixture.h - one probe of one server, both in the event loop of the test. */
#ifndef TESTS_PROBE_FIXTURE_H
#define TESTS_PROBE_FIXTURE_H

#include "probe_run.h"
#include "smtp_host.h"

struct probe_fixture {
	struct event_base *base;
	struct prober_conf conf;
	struct prober_job job;
	struct probe_host host;
	struct probe_run *run;
	struct smtp_host_conf server_conf;
	struct smtp_host *server;
	struct error error;
	/* what was told */
	struct prober_event done;
	unsigned answered[PROBE_CASE_NUMBERS]; /* how often, by number */
	unsigned cases, refused, temporary, accepted, broken;
	char tls[PROBER_TEXT], transcript[65536];
};

struct probe_fixture *probe_fixture(void);
/* Fixtures of check: a server that takes no recipient, and offers PIPELINING. */
void probe_fixture_set_up(void);
void probe_fixture_tear_down(void);
/* Probe the server to the end, and see that the probe kept its manners. */
void probe_fixture_run(void);
void probe_fixture_finish(void);                  /* a run that was made already */
void probe_fixture_assert_said(const char *text); /* in the transcript */

/* Servers: what they accept, and what becomes of a message. */
bool accepts_all(struct smtp_host *h, const char *mail_from, const char *rcpt);
void comes_back(struct smtp_host *h, const char *rcpt);

#endif
