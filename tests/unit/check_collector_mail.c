#include "collector_mail.h"

#include <stdio.h>
#include <string.h>

#include "probe_case.h"
#include "unit.h"

enum { HOUR = 500 };

static const uint8_t key[TOKEN_KEY_BYTES] = {7};
static const uint8_t other_key[TOKEN_KEY_BYTES] = {8};
static struct collector_arrival arrival;
static struct collector_mail mail;
/* $1 the recipient token of P01, $2 of P11 (the same sender), $3 of P07 (another sender), $4 of
 * P11 of another probe, $5 of P11 with another key, $6 of P11 an hour later, $F the sender's */
static char tokens[7][TOKEN_TEXT];

static void
make_token(size_t i, uint64_t probe, unsigned number, unsigned hour, bool to_sender,
	const uint8_t *with)
{
	struct token t = {.probe_id = probe,
		.case_index = (uint8_t)number,
		.hour = (uint16_t)hour,
		.to_sender = to_sender};

	token_format(&t, with, tokens[i]);
}

static void
set_up(void)
{
	make_token(0, 99, 1, HOUR, true, key);
	make_token(1, 99, 1, HOUR, false, key);
	make_token(2, 99, 11, HOUR, false, key);
	make_token(3, 99, 7, HOUR, false, key);
	make_token(4, 98, 11, HOUR, false, key);
	make_token(5, 99, 11, HOUR, false, other_key);
	make_token(6, 99, 11, HOUR + 1, false, key);
	ck_assert_uint_eq(probe_case_sender(probe_case_by_number(11)), 1);
	arrival = (struct collector_arrival){
		.token = {.probe_id = 99, .case_index = 1, .hour = HOUR, .to_sender = true},
		.null_sender = true,
	};
}

static enum collector_mail_kind
look(const char *message)
{
	static char text[100000];
	size_t n = 0;

	for (const char *p = message; *p != '\0'; p++) {
		if (p[0] == '$' && p[1] != '\0')
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
				tokens[*++p == 'F' ? 0 : *p - '0']);
		else
			text[n++] = *p;
	}
	arrival.message = (struct text){text, n};
	ck_assert(collector_mail_read(&arrival, key, &mail));
	return mail.kind;
}

#define REPORT(action)                                                                             \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"              \
	"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mx.example\n\n"          \
	"Final-Recipient: rfc822; $2@probe.test\nAction: " action "\nStatus: 5.7.1\n"              \
	"--b\nContent-Type: message/rfc822\n\nTo: <$1@probe.test>\n\n--b--\n"

static const struct {
	const char *message;
	bool null_sender;
	enum collector_mail_kind kind;
	unsigned case_index;
	const char *action;
} to_sender[] = {
	{REPORT("failed"), true, COLLECTOR_MAIL_BOUNCED, 11, "failed"},
	{REPORT("failed"), false, COLLECTOR_MAIL_BOUNCED, 11, "failed"},
	{REPORT("delayed"), true, COLLECTOR_MAIL_NOTE, 11, "delayed"},
	{REPORT("relayed"), true, COLLECTOR_MAIL_NOTE, 11, "relayed"},
	{REPORT("delivered"), true, COLLECTOR_MAIL_NOTE, 11, "delivered"},
	{REPORT("expanded"), true, COLLECTOR_MAIL_NOTE, 11, "expanded"},
	{REPORT("nonsense"), true, COLLECTOR_MAIL_BOUNCED, 11, ""},
	{"", true, COLLECTOR_MAIL_BOUNCED, 1, ""},
	{"Subject: Undelivered\n\nMessage-ID: <$2.P11-pct-host@probe.test>\n", true,
		COLLECTOR_MAIL_BOUNCED, 11, ""},
	{"Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.\n"
	 "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
	 "<$2@PROBE.test>:\nno\n",
		true, COLLECTOR_MAIL_BOUNCED, 11, "failed"},
	{"From: System Administrator <postmaster@mx>\nSubject: Undeliverable: relay test\n\n"
	 "Your message\n\n  To:      $2@probe.test\n\ndid not reach the following recipient(s):\n",
		true, COLLECTOR_MAIL_BOUNCED, 11, "failed"},
	{"X-Failed-Recipients: $2@probe.test\nAuto-Submitted: auto-replied\n\n", true,
		COLLECTOR_MAIL_BOUNCED, 11, "failed"},
	{"Subject: Warning: message 1abc delayed 24 hours\n\n$2", true, COLLECTOR_MAIL_NOTE, 11,
		""},
	{"Auto-Submitted: auto-replied (vacation)\n\n", false, COLLECTOR_MAIL_ANSWERED, 1,
		"auto-reply"},
	{"Auto-Submitted: auto-replied\n\n", true, COLLECTOR_MAIL_ANSWERED, 1, "auto-reply"},
	{"Auto-Submitted: auto-generated\n\n", false, COLLECTOR_MAIL_ANSWERED, 1, "auto-reply"},
	{"Precedence: bulk\n\n", false, COLLECTOR_MAIL_ANSWERED, 1, "auto-reply"},
	{"X-Autoreply: yes\n\n", false, COLLECTOR_MAIL_ANSWERED, 1, "auto-reply"},
	{"Subject: out of office\n\n", false, COLLECTOR_MAIL_ANSWERED, 1, "auto-reply"},
	{"Subject: Re: relay test\n\n> Tracking id: $2\n", false, COLLECTOR_MAIL_ANSWERED, 11,
		"auto-reply"},
	{"Auto-Submitted: no\nSubject: what is this?\n\nleave us alone\n", false,
		COLLECTOR_MAIL_NOTE, 1, ""},
	/* tokens that are of another sender, probe, key, hour; the sender's own */
	{"\n$3 $4 $5 $6 $F x$2 $2x\n", true, COLLECTOR_MAIL_BOUNCED, 1, ""},
	{"\n$3 $4 $5 $6 $F x$2 $2x <$1>\n", true, COLLECTOR_MAIL_BOUNCED, 1, ""},
	{"\nIMCEASMTP-$2+40probe+2Etest@x\n", true, COLLECTOR_MAIL_BOUNCED, 11, ""},
	{"\nprobe.test!$2%x\n", true, COLLECTOR_MAIL_BOUNCED, 11, ""},
};

START_TEST(return_path)
{
	arrival.null_sender = to_sender[_i].null_sender;
	ck_assert_msg(look(to_sender[_i].message) == to_sender[_i].kind, "%d: %s", mail.kind,
		to_sender[_i].message);
	ck_assert_uint_eq(mail.case_index, to_sender[_i].case_index);
	ck_assert_str_eq(mail.dsn.action, to_sender[_i].action);
	ck_assert((mail.why != NULL) == (mail.kind == COLLECTOR_MAIL_NOTE));
}
END_TEST

START_TEST(details)
{
	char text[DSN_SUMMARY_TEXT], wanted[DSN_SUMMARY_TEXT];

	look(REPORT("failed"));
	ck_assert(mail.exact);
	dsn_summary_format(&mail.dsn, text);
	snprintf(wanted, sizeof(wanted), "failed 5.7.1 <%s@probe.test>, by mx.example", tokens[2]);
	ck_assert_str_eq(text, wanted);
	look("\n");
	ck_assert(!mail.exact);
}
END_TEST

/* What it says of the recipient counts before what else stands in it. */
START_TEST(recipient_first)
{
	look("Received: for <$1@probe.test>\n" REPORT("failed"));
	ck_assert_uint_eq(mail.case_index, 11);
}
END_TEST

static const struct {
	unsigned number;
	const char *message;
	bool null_sender;
	enum collector_mail_kind kind;
} to_recipient[] = {
	{1, "Auto-Submitted: auto-generated\nPrecedence: junk\n\n", false, COLLECTOR_MAIL_RELAYED},
	{1, "", false, COLLECTOR_MAIL_RELAYED},
	{1, "Subject: notice\n\n", true, COLLECTOR_MAIL_BOUNCED},
	{2, "Subject: relay test\n\n", true, COLLECTOR_MAIL_RELAYED}, /* ours had none either */
	/* what a relay puts into the header, or around the message */
	{1, "Auto-Submitted: auto-replied\n\n", false, COLLECTOR_MAIL_RELAYED},
	{1, "X-Failed-Recipients: x@y\nSubject: Warning: message \n\n", false,
		COLLECTOR_MAIL_RELAYED},
	{11, REPORT("delivered"), false, COLLECTOR_MAIL_RELAYED},
	{11, REPORT("failed"), false, COLLECTOR_MAIL_RELAYED},
	{11, REPORT("failed"), true, COLLECTOR_MAIL_BOUNCED},
	{2, REPORT("failed"), true, COLLECTOR_MAIL_RELAYED},
	{2, "Auto-Submitted: auto-replied\n\n", false, COLLECTOR_MAIL_RELAYED},
	{41, "Auto-Submitted: auto-notified\n\n", true, COLLECTOR_MAIL_RELAYED},
	{3, "Subject: relay test\n\n", false, COLLECTOR_MAIL_RELAYED},
	{3, REPORT("failed"), true, COLLECTOR_MAIL_BOUNCED},
	{3, REPORT("delayed"), true, COLLECTOR_MAIL_NOTE},
	{3, "Auto-Submitted: auto-replied\n\n", false, COLLECTOR_MAIL_ANSWERED},
};

START_TEST(recipient)
{
	arrival.token.to_sender = false;
	arrival.token.case_index = (uint8_t)to_recipient[_i].number;
	arrival.null_sender = to_recipient[_i].null_sender;
	ck_assert_msg(look(to_recipient[_i].message) == to_recipient[_i].kind, "%d: %s", mail.kind,
		to_recipient[_i].message);
	ck_assert_uint_eq(mail.case_index, to_recipient[_i].number);
	ck_assert(mail.exact);
}
END_TEST

START_TEST(copies)
{
	arrival.null_sender = false;
	arrival.is_copy = true;
	ck_assert_int_eq(look("Auto-Submitted: auto-generated\n\n"), COLLECTOR_MAIL_NOTE);
}
END_TEST

START_TEST(unknown_case)
{
	arrival.token.case_index = 63;
	ck_assert(!collector_mail_read(&arrival, key, &mail));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("collector_mail");
	TCase *tc = tcase_create("kinds");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, return_path, 0, (int)ORBL_COUNT(to_sender));
	tcase_add_test(tc, details);
	tcase_add_test(tc, recipient_first);
	tcase_add_loop_test(tc, recipient, 0, (int)ORBL_COUNT(to_recipient));
	tcase_add_test(tc, copies);
	tcase_add_test(tc, unknown_case);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
