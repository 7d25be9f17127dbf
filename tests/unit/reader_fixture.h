#ifndef ORBL_TESTS_READER_FIXTURE_H
#define ORBL_TESTS_READER_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#include "unit.h"

#define STAMP "2026-11-21T12:00:00Z mx "
#define DENIAL(recipient)                                                                          \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 554 5.7.1 "     \
	      "<" recipient ">: Relay access denied; from=<s@t.example> to=<" recipient            \
	      "> proto=SMTP helo=<h>"
#define UNKNOWN_CLIENT                                                                             \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[unknown]: 554 5.7.1 "          \
	      "<a@n.example"                                                                       \
	      ">: Relay access denied; from=<s@t.example> to=<a@n.example> proto=SMTP helo=<h>"
#define USER_UNKNOWN                                                                               \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 550 5.1.1 "     \
	      "<a@n.example"                                                                       \
	      ">: Recipient address rejected: User unknown; from=<> to=<a@n.example> proto=SMTP "  \
	      "helo=<h>"

#define SENDMAIL(id)                                                                               \
	STAMP "sm-mta[9]: " id ": ruleset=check_rcpt, arg1=<" id "@n.example>, relay=h.t.example " \
	      "[198.51.100.7], reject=550 5.7.1 <" id "@n.example>... Relaying denied"
#define SENDMAIL_FROM(id)                                                                          \
	STAMP "sm-mta[9]: " id ": from=<s@t.example>, size=0, class=0, nrcpts=0, proto=ESMTP, "    \
	      "daemon=MTA, relay=h.t.example [198.51.100.7]"
#define EXIM(recipient)                                                                            \
	STAMP "exim[812]: 2026-11-21 12:00:00 H=(h) [198.51.100.7] F=<s@t.example> rejected RCPT " \
	      "<" recipient ">: relay not permitted"
#define CSV_HEAD "Level,Date and Time,Source,Event ID,Task Category\n"
#define CSV_EVENT(recipient, end)                                                                  \
	"Error,11/21/2026 12:00:00 PM,MSExchangeTransport,7010,SMTP Protocol,\"This is an SMTP "   \
	"protocol log for virtual server ID 1, connection #1. The client at \"\"198.51.100.7\"\" " \
	"sent a \"\"rcpt\"\" command, and the SMTP server responded with \"\"550 5.7.1 Unable to " \
	"relay for " recipient " \"\". The full command sent was \"\"rcpt TO:<" recipient ">  "    \
	"\"\".  This will probably cause the connection to fail.\n\n" end

enum { NOW_S = 1795262400, LINE_MAX_BYTES = 1000, TRACE = 8192 };

struct trace { /* what a reader handed over, as text */
	char text[TRACE];
	size_t len;
	int stop_after;
};

static inline enum err
record(const struct denial *d, void *context)
{
	struct trace *t = context;

	t->len += (size_t)snprintf(t->text + t->len, TRACE - t->len, "%d %.*s x%u %ld.%d\n",
		(int)d->line, TEXT_ARG(d->recipient), d->count, (long)(d->time_s - NOW_S),
		d->time_us);
	ck_assert_uint_lt(t->len, TRACE);
	ck_assert_ptr_nonnull(d->raw.p);
	ck_assert_uint_ne(d->raw.len, 0);
	return t->stop_after != 0 && --t->stop_after == 0 ? ERR_FULL : OK;
}

/* Read bytes in chunks of a size, each in memory of its own. */
static inline struct reader_summary
read_as(const char *format, const char *bytes, size_t len, size_t chunk, struct trace *t)
{
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES, .format = format};
	struct reader *r = reader_new(&conf, record, t);
	struct reader_summary s;

	ck_assert_ptr_nonnull(r);
	for (size_t at = 0; at < len; at += chunk) {
		size_t n = len - at < chunk ? len - at : chunk;
		char *copy = malloc(n);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, bytes + at, n);
		ck_assert_int_eq(reader_feed(r, copy, n), OK);
		free(copy);
	}
	ck_assert_int_eq(reader_finish(r), OK);
	s = *reader_summary(r);
	reader_free(r);
	return s;
}

static inline struct reader_summary
read_chunks(const char *bytes, size_t len, size_t chunk, struct trace *t)
{
	return read_as(NULL, bytes, len, chunk, t);
}

static inline struct reader_summary
read_text(const char *bytes, struct trace *t)
{
	*t = (struct trace){0};
	return read_chunks(bytes, strlen(bytes), SIZE_MAX / 2, t);
}

#endif
