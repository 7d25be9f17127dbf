#include "rejection.h"

#include <string.h>

#include "unit.h"

static enum rejection_kind
kind_of(const char *reply)
{
	return rejection_of_reply(text_of(reply));
}

static const struct {
	enum rejection_kind kind;
	const char *reply;
} rows[] = {
	{REJECTION_BLOCKLIST,
		"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x"},
	{REJECTION_BLOCKLIST, "550 rejected because 192.0.2.1 is in a black list at bl.example"},
	{REJECTION_BLOCKLIST, "553 5.3.0 Spam source listed in bl.example"},
	{REJECTION_BLOCKLIST, "550-JunkMail rejected - 192.0.2.1 is in an RBL: why"},
	{REJECTION_UNKNOWN_USER, "550 5.1.1 <a@n.example>: Recipient address rejected"},
	{REJECTION_UNKNOWN_USER, "550 5.1.1 a@n.example... User unknown"},
	{REJECTION_UNKNOWN_USER, "550 no such user here"},
	{REJECTION_UNKNOWN_USER, "550-5.1.1 nothing more"},
	{REJECTION_UNKNOWN_USER, "550 Unrouteable address"},
	{REJECTION_UNKNOWN_USER, "556 5.1.10 domain accepts no mail"},
	{REJECTION_GREYLIST, "450 4.7.1 GREYLISTED, come back"},
	{REJECTION_GREYLIST, "451 4.7.1 Greylisting in action, please come back later"},
	{REJECTION_AUTHENTICATION, "535 5.7.8 Error: it failed"},
	{REJECTION_AUTHENTICATION, "530 5.7.0 Must issue a STARTTLS command first"},
	{REJECTION_AUTHENTICATION, "550 Authentication required"},
	{REJECTION_RATE, "421 4.7.0 Too many connections"},
	{REJECTION_RATE, "452 4.5.3 Too many recipients"},
	{REJECTION_RATE, "550 you send too fast"},
	{REJECTION_PROTOCOL, "503 5.5.1 Error: nested MAIL command"},
	{REJECTION_PROTOCOL, "501 Syntactically invalid HELO argument(s)"},
	{REJECTION_PROTOCOL, "554 SMTP synchronization error"},
	{REJECTION_PROTOCOL, "550 5.5.1 Protocol error"},
	{REJECTION_CONTENT, "552 5.3.4 Message size exceeds fixed limit"},
	{REJECTION_CONTENT, "550 5.6.0 bad MIME"},
	{REJECTION_CONTENT, "554 contains a virus"},
	{REJECTION_POLICY, "450 4.7.25 Client host rejected: cannot find your hostname"},
	{REJECTION_POLICY, "504 5.5.2 <h>: Helo command rejected: need fully-qualified hostname"},
	{REJECTION_POLICY, "550 5.7.23 SPF says no"},
	{REJECTION_POLICY, "550 Sender verify failed"},
	{REJECTION_POLICY, "550 Administrative prohibition"},
	{REJECTION_OTHER, "450 4.3.0 Temporary lookup failure"},
	{REJECTION_OTHER, "451 try later"},
	{REJECTION_OTHER, "250 2.1.5 Ok"},
	{REJECTION_OTHER, ""},
	{REJECTION_OTHER, "5"},
	{REJECTION_OTHER, "550 "},
	/* An enhanced code that is not of the reply's own class is none. */
	{REJECTION_OTHER, "450 5.1.1 x"},
	/* What the server repeats of the client is not looked at. */
	{REJECTION_OTHER, "451 <greylisted@n.example>: later"},
	{REJECTION_OTHER, "451 <a>: greylisted <b@n.example>: later"},
	{REJECTION_OTHER, "451 \"user unknown\"@n.example... later"},
	{REJECTION_OTHER, "451 <greylisted"},
	{REJECTION_GREYLIST, "451 <a@n.example>: greylisted"},
};

START_TEST(replies)
{
	ck_assert_msg(kind_of(rows[_i].reply) == rows[_i].kind, "%s is %s", rows[_i].reply,
		rejection_kind_name(kind_of(rows[_i].reply)));
}
END_TEST

START_TEST(far_words)
{
	char reply[512];

	for (size_t at = 180; at < 200; at++) {
		memset(reply, 'x', sizeof(reply));
		memcpy(reply, "550 ", 4);
		memcpy(reply + at, "greylist", 8);
		ck_assert_int_eq(rejection_of_reply((struct text){reply, sizeof(reply)}),
			at <= 192 ? REJECTION_GREYLIST : REJECTION_OTHER);
	}
}
END_TEST

START_TEST(any_bytes)
{
	char reply[300];

	for (int c = -128; c < 128; c++) {
		memset(reply, c, sizeof(reply));
		ck_assert_int_eq(rejection_of_reply((struct text){reply, sizeof(reply)}),
			REJECTION_OTHER);
	}
	ck_assert_int_eq(rejection_of_reply(TEXT_NONE), REJECTION_OTHER);
}
END_TEST

START_TEST(kind_names)
{
	for (int k = 0; k < REJECTION_KIND_COUNT; k++)
		for (int other = 0; other < k; other++)
			ck_assert_str_ne(rejection_kind_name((enum rejection_kind)k),
				rejection_kind_name((enum rejection_kind)other));
	ck_assert_str_eq(rejection_kind_name(REJECTION_KIND_COUNT), "unknown");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rejection");
	TCase *c = tcase_create("replies");

	tcase_add_loop_test(c, replies, 0, (int)ORBL_COUNT(rows));
	tcase_add_test(c, far_words);
	tcase_add_test(c, any_bytes);
	tcase_add_test(c, kind_names);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
