/* submission_fixture.h - a store and reporters for submissions, and what came of them. */
#ifndef TESTS_SUBMISSION_FIXTURE_H
#define TESTS_SUBMISSION_FIXTURE_H

#include "analyzer_fixture.h"
#include "submission.h"

enum { HOUR = 3600 };

#define NOW INT64_C(1900000800) /* 2030-03-17T18:00:00Z */

#define DENIAL(time, client, rcpt)                                                                 \
	time " mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT from unknown[" client "]:"            \
	     " 454 4.7.1 <" rcpt ">: Relay access denied; from=<a@offers.example> to=<" rcpt ">"   \
	     " proto=ESMTP helo=<mail.client.example>\n"

struct submission_fixture {
	struct store *store;
	struct conf *conf;
	struct reporters *reporters;
};

struct submission_fixture *fixture(void);
void submission_set_up(void);
void submission_set_up_with(const char *policy); /* of reporter mx1; NULL: none */
void submission_tear_down(void);

struct submission *begin(const char *reporter);
/* Denials of 10.0.0.0 and so on, one host each, at lines of their own. */
void feed_many(struct submission *s, int count);
/* Lines, understood, denials, hosts, duplicates, drift, rejections, not understood. */
void assert_counts(const json_t *summary, const json_int_t wanted[8]);
/* Hours with evidence about host, the denials in them, the oldest hour. */
void assert_facts(const char *host, int64_t hours, int64_t denials, int64_t oldest_s);
int64_t number(const char *sql);

#endif
