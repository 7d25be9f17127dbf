#include "postfix_fixture.h"

#include <stdio.h>

START_TEST(other_rejections)
{
	static const char *const rows[] = {
		HEAD "550 5.1.1 <a@n.example>: Recipient address rejected: User unknown; from=<> "
		     "to=<a@n.example>" TAIL,
		HEAD "550 5.1.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL,
		HEAD "554 4.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL,
		HEAD "254 2.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL,
		HEAD "5545 5.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example>" TAIL,
		HEAD "554 5.7.1 a@n.example: Relay access denied; from=<> to=<a@n.example>" TAIL,
		HEAD "554 5.7.1 <unknown[198.51.100.7]>: Client host rejected: <a>: Relay access "
		     "denied; "
		     "from=<> to=<a@n.example>" TAIL,
		HEAD
		"554 5.7.1 <a@n.example>: Relay access denied; from=<> to=<a@n.example", /* cut */
		HEAD "554 5.7.1 <a@n.example>: Relay access denied; from=<>",
		HEAD,
		HEAD "554",
		"NOQUEUE: reject: VRFY from unknown[198.51.100.7]: 554 5.7.1 <a@n.example>: Relay "
		"access "
		"denied; to=<a@n.example>" TAIL,
		"NOQUEUE: reject: EHLO from unknown[198.51.100.7]: 554 5.7.1 <h>: Relay access "
		"denied;",
		"NOQUEUE: milter-reject: RCPT from unknown[198.51.100.7]: 554 5.7.1 <a@n.example>: "
		"Relay "
		"access denied; from=<> to=<a@n.example>" TAIL,
		"NOQUEUE: reject: ",
	};

	if (_i == 8) /* without to= the reply alone names the recipient */
		(void)denial_of(rows[_i]);
	else
		assert_rejection(rows[_i]);
}
END_TEST

START_TEST(no_rejection)
{
	assert_skipped("");
	assert_skipped("connect from unknown[198.51.100.7]");
	assert_skipped("NOQUEUE: reject_warning: RCPT from unknown[198.51.100.7]: 554 5.7.1 "
		       "<a@n.example>: "
		       "Relay access denied; from=<> to=<a@n.example>" TAIL);
	assert_skipped(
		"warning: Illegal address syntax from unknown[198.51.100.7] in RCPT command: " HEAD
		"554 5.7.1 <a>: Relay access denied;");
	assert_skipped(" " HEAD "554 5.7.1 <a@n.example>: Relay access denied;");
	assert_skipped(
		"4D5E6F7A8B: to=<a@n.example>, relay=mx[203.0.113.9]:25, status=bounced (host "
		"mx[203.0.113.9] said: 554 5.7.1 <a@n.example>: Relay access denied)");
}
END_TEST

static enum rejection_kind
kind_as(const char *tag, const char *message)
{
	struct denial d;

	ck_assert_msg(parse_as(tag, false, message, &d) == PARSE_REJECTION, "%s", message);
	return state.rejection;
}

START_TEST(rejection_kinds)
{
	static const struct {
		enum rejection_kind kind;
		const char *message;
	} rows[] = {
		{REJECTION_BLOCKLIST,
			HEAD "554 5.7.1 Service unavailable; Client host "
			     "[198.51.100.7] blocked using bl.example; "
			     "https://bl.example/?q=198.51.100.7;" FROM_TO},
		{REJECTION_UNKNOWN_USER,
			HEAD "550 5.1.1 <a@n.example>: Recipient address rejected: "
			     "User unknown in virtual mailbox table;" FROM_TO},
		{REJECTION_UNKNOWN_USER,
			HEAD "450 4.1.1 <a@n.example>: Recipient address rejected: "
			     "unverified address: Address lookup failed;" FROM_TO},
		{REJECTION_GREYLIST,
			HEAD "450 4.2.0 <a@n.example>: Recipient address rejected: "
			     "Greylisted, see http://postgrey.example/;" FROM_TO},
		{REJECTION_POLICY,
			HEAD "450 4.7.25 Client host rejected: cannot find your "
			     "hostname, [198.51.100.7];" FROM_TO},
		{REJECTION_POLICY,
			HEAD "450 4.1.8 <s@t.example>: Sender address rejected: Domain not "
			     "found;" FROM_TO},
		{REJECTION_POLICY,
			HEAD "504 5.5.2 <h>: Helo command rejected: need "
			     "fully-qualified hostname;" FROM_TO},
		{REJECTION_POLICY,
			HEAD "554 5.7.1 <a@n.example>: Recipient address rejected: "
			     "Access denied;" FROM_TO},
		{REJECTION_RATE,
			HEAD "450 4.7.1 <a@n.example>: Recipient address rejected: too "
			     "many messages today;" FROM_TO},
		{REJECTION_PROTOCOL,
			HEAD "503 5.5.0 <DATA>: Data command rejected: Improper use of "
			     "SMTP command pipelining;" FROM_TO},
		{REJECTION_CONTENT,
			"NOQUEUE: reject: MAIL from unknown[198.51.100.7]: 552 5.3.4 "
			"Message size exceeds fixed limit; proto=ESMTP helo=<h>"},
		{REJECTION_POLICY,
			"NOQUEUE: reject: CONNECT from unknown[198.51.100.7]: 554 5.7.1 "
			"<unknown[198.51.100.7]>: Client host rejected: Access denied; "
			"proto=SMTP"},
		{REJECTION_CONTENT,
			"4D5E6F7A8B: milter-reject: END-OF-MESSAGE from "
			"unknown[198.51.100.7]: 5.7.1 x; from=<> to=<a@n.example>" TAIL},
		{REJECTION_AUTHENTICATION,
			"warning: unknown[198.51.100.7]: SASL LOGIN "
			"authentication failed: UGFzc3dvcmQ6"},
		{REJECTION_AUTHENTICATION,
			"warning: h.t.example[198.51.100.7]:4000: SASL PLAIN authentication "
			"failed: "
			"(reason unavailable), sasl_username=a@n.example"},
		{REJECTION_RATE,
			"warning: Connection rate limit exceeded: 31 from "
			"unknown[198.51.100.7] for service smtp"},
		{REJECTION_PROTOCOL,
			"improper command pipelining after EHLO from unknown[198.51.100.7]: x"},
		{REJECTION_OTHER,
			HEAD "450 4.3.0 <a@n.example>: Temporary lookup failure;" FROM_TO},
	};

	ck_assert_msg(kind_as("postfix/smtpd", rows[_i].message) == rows[_i].kind, "%s is %s",
		rows[_i].message, rejection_kind_name(state.rejection));
}
END_TEST

START_TEST(postscreen_kinds)
{
	static const char head[] = "NOQUEUE: reject: RCPT from [198.51.100.7]:60591: ";
	static const char tail[] = "; from=<s@t.example>, to=<a@n.example>, proto=ESMTP, helo=<h>";
	static const struct {
		enum rejection_kind kind;
		const char *reply;
	} rows[] = {
		{REJECTION_BLOCKLIST,
			"550 5.7.1 Service unavailable; client [198.51.100.7] blocked using "
			"bl.example"},
		{REJECTION_GREYLIST, "450 4.3.2 Service currently unavailable"},
		{REJECTION_PROTOCOL, "550 5.5.1 Protocol error"},
		{REJECTION_RATE, "421 4.7.0 Error: too many connections"},
		{REJECTION_POLICY,
			"554 5.7.1 <a@n.example>: Relay access denied"}, /* it never says so */
	};
	char message[512];

	(void)snprintf(message, sizeof(message), "%s%s%s", head, rows[_i].reply, tail);
	ck_assert_int_eq(kind_as("postfix/postscreen", message), rows[_i].kind);
	ck_assert_int_eq(kind_as("postfix/postscreen",
				 "NOQUEUE: reject: CONNECT from "
				 "[198.51.100.7]:60591: too many connections"),
		REJECTION_RATE);
}
END_TEST

/* Words that a client has written are no reason. */
START_TEST(forged_kinds)
{
	static const char *const rows[] = {
		HEAD "550 5.1.1 <a>: Helo command rejected: x@n.example>: Recipient address "
		     "rejected: User unknown; from=<s@t.example> "
		     "to=<\"a>: Helo command rejected: x\"@n.example>" TAIL,
		HEAD "450 4.3.0 <greylisted blocked using@n.example>: Temporary lookup failure; "
		     "from=<s@t.example> to=<\"greylisted blocked using\"@n.example>" TAIL,
		HEAD "450 4.3.0 <greylisted@n.example>: Temporary lookup failure;" FROM_TO,
		HEAD "450 4.3.0 greylisted;abc=<x>",
	};

	ck_assert_int_eq(kind_as("postfix/smtpd", rows[_i]), REJECTION_OTHER);
}
END_TEST

START_TEST(no_failed_login)
{
	assert_skipped("warning: hostname h.t.example does not resolve to address 198.51.100.7: "
		       "Name or service not known");
	assert_skipped(
		"warning: Illegal address syntax from unknown[198.51.100.7] in RCPT command: "
		"u[192.0.2.1]: SASL LOGIN authentication failed");
	assert_skipped("warning: u v[198.51.100.7]: SASL LOGIN authentication failed: x");
	assert_skipped("warning: x[1: rate limit exceeded: 3 from unknown[198.51.100.7]");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("postfix_kinds");
	TCase *others = tcase_create("others");

	tcase_add_loop_test(others, other_rejections, 0, 15);
	tcase_add_test(others, no_rejection);
	tcase_add_loop_test(others, rejection_kinds, 0, 18);
	tcase_add_loop_test(others, postscreen_kinds, 0, 5);
	tcase_add_loop_test(others, forged_kinds, 0, 4);
	tcase_add_test(others, no_failed_login);
	suite_add_tcase(s, others);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
