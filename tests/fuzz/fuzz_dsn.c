#include "dsn.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector_mail.h"
#include "mail_header.h"
#include "probe_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[TOKEN_KEY_BYTES] = "key of the corpus";
enum { HOUR = 3489, SENDER_CASE = 1 };

static void
assert_text(const char *s, size_t size)
{
	assert(memchr(s, '\0', size) != NULL);
	for (; *s != '\0'; s++)
		assert(*s >= ' ' && *s < 0x7f);
}

#define ASSERT_TEXT(field) assert_text((field), sizeof(field))

static void
assert_dsn(const struct dsn *d, struct text message, bool readable)
{
	const struct dsn_recipient *worst = dsn_worst(d);

	ASSERT_TEXT(d->reporting_mta);
	assert(d->count <= DSN_RECIPIENTS_MAX);
	for (size_t i = 0; i < d->count; i++) {
		const struct dsn_recipient *r = &d->recipients[i];

		ASSERT_TEXT(r->original);
		ASSERT_TEXT(r->final);
		ASSERT_TEXT(r->status);
		ASSERT_TEXT(r->diagnostic);
		ASSERT_TEXT(r->remote_mta);
		assert(r->status[0] == '\0' ||
			strspn(r->status, ".0123456789") == strlen(r->status));
		assert(r->action < DSN_ACTION_COUNT && r->action <= worst->action);
	}
	assert(readable == (worst != NULL && worst->action != DSN_NONE));
	if (d->returned.len != 0) {
		assert(d->returned.p >= message.p);
		assert(d->returned.p + d->returned.len <= message.p + message.len);
	}
}

/* How lines end makes no difference. */
static void
parse_with_crlf(struct text message, const struct dsn *wanted)
{
	char *crlf = malloc(2 * message.len + 1);
	struct dsn d;
	size_t n = 0;

	if (crlf == NULL)
		return;
	for (size_t i = 0; i < message.len; i++) {
		if (message.p[i] == '\n')
			crlf[n++] = '\r';
		crlf[n++] = message.p[i];
	}
	(void)dsn_parse((struct text){crlf, n}, &d);
	assert(d.is_report == wanted->is_report && d.count == wanted->count);
	assert(strcmp(d.reporting_mta, wanted->reporting_mta) == 0);
	assert(memcmp(d.recipients, wanted->recipients, sizeof(d.recipients)) == 0);
	free(crlf);
}

static void
look_at_fields(struct text message)
{
	struct text rest = message, lines = message;
	struct mail_field f;
	char line[64];

	while (rest.len != 0) {
		size_t before = rest.len;

		if (mail_header_next(&rest, &f))
			ASSERT_TEXT(f.value);
		assert(rest.len < before);
	}
	while (mail_header_line(&lines, line, sizeof(line)))
		ASSERT_TEXT(line);
}

/* One way or another there is a line for it, and the line says the same when it is read. */
static void
look_at_summary(const struct dsn_summary *s)
{
	char text[DSN_SUMMARY_TEXT], again[DSN_SUMMARY_TEXT];
	struct dsn_summary parsed;

	ASSERT_TEXT(s->action);
	ASSERT_TEXT(s->status);
	ASSERT_TEXT(s->recipient);
	ASSERT_TEXT(s->by);
	dsn_summary_format(s, text);
	ASSERT_TEXT(text);
	dsn_summary_parse(text, &parsed);
	dsn_summary_format(&parsed, again);
	assert(strcmp(parsed.action, s->action) == 0 && strcmp(parsed.status, s->status) == 0);
}

static void
judge(struct text message, bool to_sender, bool null_sender)
{
	struct collector_arrival a = {
		.token = {.probe_id = 1,
			.case_index = SENDER_CASE,
			.hour = HOUR,
			.to_sender = to_sender},
		.null_sender = null_sender,
		.message = message,
	};
	struct collector_mail mail;
	const struct probe_case *c;

	assert(collector_mail_read(&a, key, &mail));
	c = probe_case_by_number(mail.case_index);
	assert(c != NULL && probe_case_sender(c) == SENDER_CASE);
	assert(mail.exact || mail.case_index == SENDER_CASE);
	assert(!to_sender || mail.kind != COLLECTOR_MAIL_RELAYED);
	/* With our sender an empty one is never our message. */
	assert(!null_sender || mail.kind != COLLECTOR_MAIL_RELAYED);
	assert((mail.why != NULL) == (mail.kind == COLLECTOR_MAIL_NOTE));
	look_at_summary(&mail.dsn);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text message = {(const char *)data, size};
	struct dsn_summary summary;
	char line[DSN_SUMMARY_TEXT];
	struct dsn d;
	bool readable = dsn_parse(message, &d);

	assert_dsn(&d, message, readable);
	if (size == 0 || memchr(data, '\r', size) == NULL)
		parse_with_crlf(message, &d);
	look_at_fields(message);
	for (int i = 0; i < 4; i++)
		judge(message, (i & 1) != 0, (i & 2) != 0);
	text_printable(message, line, sizeof(line));
	dsn_summary_parse(line, &summary);
	look_at_summary(&summary);
	return 0;
}
