#include "dsn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsn_summary.h"
#include "unit.h"

static struct dsn dsn;

static bool
parse(const char *message)
{
	return dsn_parse(text_of(message), &dsn);
}

#define REPORT_HEADER                                                                              \
	"From: MAILER-DAEMON@mx.example\n"                                                         \
	"Content-Type: multipart/report; report-type=delivery-status;\n"                           \
	"\tboundary=\"B1/mx.example\"\n"                                                           \
	"\n"

#define STATUS                                                                                     \
	"Reporting-MTA: dns; mx.example\n"                                                         \
	"Arrival-Date: Sun, 22 Nov 2026 05:00:00 +0000 (UTC)\n"                                    \
	"\n"                                                                                       \
	"Final-Recipient: rfc822; user@example.net\n"                                              \
	"Original-Recipient: rfc822;user%example.net@mx.example\n"                                 \
	"Action: failed\n"                                                                         \
	"Status: 5.7.1\n"                                                                          \
	"Remote-MTA: dns; in.example.net\n"                                                        \
	"Diagnostic-Code: smtp; 554 5.7.1 <user@example.net>: Relay\n"                             \
	"    access denied\n"

static const char postfix[] = REPORT_HEADER
	"This is a MIME-encapsulated message.\n\n"
	"--B1/mx.example\nContent-Type: text/plain; charset=us-ascii\n\nsorry\n\n"
	"--B1/mx.example\nContent-Description: Delivery report\n"
	"Content-Type: message/delivery-status\n\n" STATUS "\n"
	"--B1/mx.example\nContent-Type: message/rfc822\n\n"
	"Message-ID: <abc@probe.test>\n\nbody\n\n--B1/mx.example--\n";

static void
assert_postfix(void)
{
	const struct dsn_recipient *r = &dsn.recipients[0];

	ck_assert(dsn.is_report);
	ck_assert_str_eq(dsn.reporting_mta, "mx.example");
	ck_assert_uint_eq(dsn.count, 1);
	ck_assert_int_eq(r->action, DSN_FAILED);
	ck_assert_str_eq(r->final, "user@example.net");
	ck_assert_str_eq(r->original, "user%example.net@mx.example");
	ck_assert_str_eq(r->status, "5.7.1");
	ck_assert_str_eq(r->remote_mta, "in.example.net");
	ck_assert_str_eq(r->diagnostic, "554 5.7.1 <user@example.net>: Relay access denied");
}

START_TEST(report)
{
	ck_assert(parse(postfix));
	assert_postfix();
	ck_assert(text_has_prefix(dsn.returned, TEXT("Message-ID: <abc@probe.test>\n\nbody\n")));
	ck_assert_uint_eq(text_find(dsn.returned, TEXT("--B1")), SIZE_MAX);
}
END_TEST

START_TEST(crlf)
{
	char text[2 * sizeof(postfix)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(postfix); i++) {
		if (postfix[i] == '\n')
			text[n++] = '\r';
		text[n++] = postfix[i];
	}
	ck_assert(parse(text));
	assert_postfix();
}
END_TEST

START_TEST(any_case)
{
	char text[sizeof(postfix)];

	for (size_t i = 0; i < sizeof(postfix); i++)
		text[i] = postfix[i] >= 'A' && postfix[i] <= 'Z' && postfix[i] != 'B' ?
			(char)(postfix[i] + 32) :
			postfix[i];
	ck_assert(parse(text));
	ck_assert_str_eq(dsn.recipients[0].status, "5.7.1");
	ck_assert_int_eq(dsn.recipients[0].action, DSN_FAILED);
}
END_TEST

START_TEST(several_recipients)
{
	ck_assert(parse(REPORT_HEADER "--B1/mx.example\nContent-Type: message/delivery-status\n\n"
				      "Reporting-MTA: dns;a\n\n"
				      "Final-Recipient: rfc822;<a@b>\nAction: delivered\n\n"
				      "Final-Recipient: LOCAL;c@d (x)\nAction: delayed (4 hours)\n"
				      "Status: 4.4.1 (timeout)\n"
				      "Final-Recipient: e\nAction: Relayed\n"));
	ck_assert_uint_eq(dsn.count, 3);
	ck_assert_str_eq(dsn.recipients[0].final, "a@b");
	ck_assert_str_eq(dsn.recipients[1].final, "c@d");
	ck_assert_str_eq(dsn.recipients[1].status, "4.4.1");
	ck_assert_str_eq(dsn.recipients[2].final, "e");
	ck_assert_int_eq(dsn.recipients[2].action, DSN_RELAYED);
	ck_assert_ptr_eq(dsn_worst(&dsn), &dsn.recipients[1]);
	ck_assert_str_eq(dsn_action_name(dsn_worst(&dsn)->action), "delayed");
}
END_TEST

START_TEST(bounded_recipients)
{
	static char text[200000];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s",
		"Content-Type: message/delivery-status\n\n");

	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"Final-Recipient: rfc822; u%d@b\nAction: failed\n\n", i);
	ck_assert(parse(text));
	ck_assert_uint_eq(dsn.count, DSN_RECIPIENTS_MAX);
	ck_assert_str_eq(dsn.recipients[9].final, "u9@b");
}
END_TEST

/* Parts in parts, as gateways wrap them; the inner boundary begins like the outer. */
START_TEST(nested)
{
	ck_assert(parse("Content-Type: multipart/mixed; boundary=AB\n\n"
			"--AB\nContent-Type: multipart/report; boundary=\"AB\\C\"; x=y\n\n"
			"--ABC\nContent-Type: text/plain\n\nno\n"
			"--ABC \t\nContent-Type: message/delivery-status\n\n" STATUS
			"--ABC\nContent-Type: text/rfc822-headers\n\nMessage-ID: <q>\n"
			"--AB--\nContent-Type: message/delivery-status\n\nFinal-Recipient: x\n"));
	ck_assert_uint_eq(dsn.count, 1);
	ck_assert_str_eq(dsn.recipients[0].status, "5.7.1");
	ck_assert(text_equal(dsn.returned, TEXT("Message-ID: <q>\n")));
}
END_TEST

/* A boundary ends the parts inside of it: theirs are text from then on. */
START_TEST(outer_boundary_ends_inner_parts)
{
	parse("Content-Type: multipart/report; boundary=ABC\n\n"
	      "--ABC\nContent-Type: multipart/alternative; boundary=AB\n\n"
	      "--AB\nContent-Type: text/plain\n\nx\n"
	      "--ABC\nContent-Type: message/rfc822\n\nMessage-ID: <q>\n\n--AB\nmore\n--ABC--\n");
	ck_assert(text_equal(dsn.returned, TEXT("Message-ID: <q>\n\n--AB\nmore\n")));
}
END_TEST

static const struct {
	const char *message;
	bool readable;
	size_t count;
} broken[] = {
	{"", false, 0},
	{"\n", false, 0},
	{"Subject: x\n\nFinal-Recipient: rfc822; a@b\nAction: failed\n", false, 0}, /* no report */
	/* a boundary that is not there, or another one */
	{"Content-Type: multipart/report\n\n" STATUS, true, 1},
	{"Content-Type: multipart/report; boundary=x\n\n--y\n\n" STATUS "\n--y--\n", true, 1},
	{"Content-Type: multipart/report; boundary=\n\n" STATUS, true, 1},
	{"Content-Type: multipart/report; boundary=\"x\n\n--x\n"
	 "Content-Type: message/delivery-status\n\n" STATUS,
		true, 1},
	/* cut off in the middle */
	{REPORT_HEADER "--B1/mx.example\nContent-Type: message/delivery-status\n\n"
		       "Reporting-MTA: dns;a\n\nFinal-Recipient: rfc822;a@b\nActi",
		false, 1},
	{REPORT_HEADER "--B1/mx.example\nContent-Type: message/delivery-status", false, 0},
	{"Content-Type: message/delivery-status\n\n" STATUS, true, 1},
	/* an action that is none */
	{"Content-Type: message/delivery-status\n\nFinal-Recipient: x;a\nAction: failedly\n", false,
		1},
	/* fields without what they should have */
	{"Content-Type: message/delivery-status\n\nFinal-Recipient:\nAction: failed\nStatus:\n"
	 "Diagnostic-Code:\nRemote-MTA: ;\n",
		true, 1},
};

START_TEST(broken_mime)
{
	ck_assert_msg(parse(broken[_i].message) == broken[_i].readable, "%s", broken[_i].message);
	ck_assert_uint_eq(dsn.count, broken[_i].count);
}
END_TEST

START_TEST(deep_nesting_ends)
{
	char text[8192];
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	snprintf(text + n, sizeof(text) - n, "Content-Type: message/delivery-status\n\n%s", STATUS);
	ck_assert(!parse(text));
}
END_TEST

static const struct {
	const char *value, *status;
} statuses[] = {
	{"5.1.1", "5.1.1"},
	{"4.4.447 (timeout)", "4.4.447"},
	{"5.1", ""},
	{"5..1.1", ""},
	{"5.1.1.1", ""},
	{"500", ""},
	{"x5.1.1", ""},
	{"5.1.", ""},
	{"50.1.1", ""},
	{"5.1.1111111111111111111111", ""},
};

START_TEST(status)
{
	char text[256];

	snprintf(text, sizeof(text),
		"Content-Type: message/delivery-status\n\nFinal-Recipient: x\nStatus: %s\n",
		statuses[_i].value);
	parse(text);
	ck_assert_str_eq(dsn.recipients[0].status, statuses[_i].status);
}
END_TEST

START_TEST(hostile_text_is_made_printable)
{
	parse("Content-Type: message/delivery-status\n\n"
	      "Reporting-MTA: dns; a\x1b[2J\nFinal-Recipient: rfc822; \x80@\x01\nAction: failed\n");
	ck_assert_str_eq(dsn.reporting_mta, "a?[2J");
	ck_assert_str_eq(dsn.recipients[0].final, "?@?");
}
END_TEST

static const struct dsn_summary summaries[] = {
	{"failed", "5.7.1", "a@b", "mx.example"},
	{"failed", "", "a@b", ""},
	{"failed", "", "", "mx.example"},
	{"failed", "5.0.0", "", ""},
	{"failed", "5.0.0", "", "mx.example"},
	{"auto-reply", "", "", ""},
	{"", "", "", ""},
	{"", "", "a@b", "mx"},
	{"", "", "", "mx"},
	{"failed", "5.7.1", "\"a> b\"@c, d", "mx, by x"},
};

START_TEST(summary)
{
	char text[DSN_SUMMARY_TEXT], again[DSN_SUMMARY_TEXT];
	struct dsn_summary s;

	dsn_summary_format(&summaries[_i], text);
	dsn_summary_parse(text, &s);
	ck_assert_str_eq(s.action, summaries[_i].action);
	ck_assert_str_eq(s.status, summaries[_i].status);
	ck_assert_str_eq(s.recipient, summaries[_i].recipient);
	ck_assert_str_eq(s.by, summaries[_i].by);
	dsn_summary_format(&s, again);
	ck_assert_str_eq(text, again);
}
END_TEST

START_TEST(summary_text)
{
	struct dsn_summary s;
	char text[DSN_SUMMARY_TEXT];

	dsn_summary_format(&summaries[0], text);
	ck_assert_str_eq(text, "failed 5.7.1 <a@b>, by mx.example");
	memset(&s, 'x', sizeof(s));
	s.action[sizeof(s.action) - 1] = s.status[sizeof(s.status) - 1] = '\0';
	s.recipient[sizeof(s.recipient) - 1] = s.by[sizeof(s.by) - 1] = '\0';
	dsn_summary_format(&s, text);
	ck_assert_uint_lt(strlen(text), sizeof(text)); /* the longest fits */
	ck_assert_ptr_nonnull(strstr(text, ", by xxx"));
	dsn_summary_parse("by a <b, <", &s);
	dsn_summary_parse("<", &s);
	dsn_summary_parse(" , , >, <a", &s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dsn");
	TCase *reports = tcase_create("reports"), *hostile = tcase_create("hostile");

	tcase_add_test(reports, report);
	tcase_add_test(reports, crlf);
	tcase_add_test(reports, any_case);
	tcase_add_test(reports, several_recipients);
	tcase_add_test(reports, nested);
	tcase_add_test(reports, outer_boundary_ends_inner_parts);
	tcase_add_loop_test(reports, status, 0, (int)ORBL_COUNT(statuses));
	tcase_add_loop_test(reports, summary, 0, (int)ORBL_COUNT(summaries));
	tcase_add_test(reports, summary_text);
	tcase_add_loop_test(hostile, broken_mime, 0, (int)ORBL_COUNT(broken));
	tcase_add_test(hostile, bounded_recipients);
	tcase_add_test(hostile, deep_nesting_ends);
	tcase_add_test(hostile, hostile_text_is_made_printable);
	suite_add_tcase(s, reports);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
