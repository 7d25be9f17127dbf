#include "probe_message.h"

#include <string.h>

#include "unit.h"

static struct probe_message message;
static char text[PROBE_MESSAGE_MAX + 1];
static size_t len;
static struct error error;

static void
set_up(void)
{
	message = (struct probe_message){
		.helo = "relay-test.probe.test",
		.domain = "probe.test",
		.url = "https://probe.test/relay",
		.target = "192.0.2.9",
		.case_id = "P01-plain",
		.sender_token = "ssssssssssssssssssssssssssss",
		.recipient_token = "uuuuuuuuuuuuuuuuuuuuuuuuuuuu",
		.now_s = 1900000000,
	};
}

static void
format(void)
{
	ck_assert_int_eq(probe_message_format(&message, text, &len, &error), OK);
	ck_assert_uint_lt(len, PROBE_MESSAGE_MAX);
	text[len] = '\0';
	ck_assert_uint_eq(strlen(text), len);
}

/* RFC 6471 and good manners: who, why, when, where to ask, how not to be asked again. */
START_TEST(says_what_it_is)
{
	static const char *const parts[] = {
		"From: Relay test <ssssssssssssssssssssssssssss@probe.test>\r\n",
		"To: <uuuuuuuuuuuuuuuuuuuuuuuuuuuu@probe.test>\r\n",
		"Subject: relay test of 192.0.2.9 by relay-test.probe.test\r\n",
		"Date: Sun, 17 Mar 2030 17:46:40 +0000\r\n",
		"Message-ID: <uuuuuuuuuuuuuuuuuuuuuuuuuuuu.P01-plain@probe.test>\r\n",
		"Auto-Submitted: auto-generated\r\n",
		"Precedence: junk\r\n",
		"List-Help: <https://probe.test/relay>\r\n",
		"\r\n\r\nThis is a test, made by relay-test.probe.test,",
		"Why: ",
		"When: Sun, 17 Mar 2030 17:46:40 +0000\r\n",
		"Test: P01-plain\r\n",
		"Tracking id: uuuuuuuuuuuuuuuuuuuuuuuuuuuu\r\n",
		"how to opt out of further tests:\r\nhttps://probe.test/relay\r\n",
	};

	format();
	for (size_t i = 0; i < ORBL_COUNT(parts); i++)
		ck_assert_msg(strstr(text, parts[i]) != NULL, "%s", parts[i]);
}
END_TEST

START_TEST(without_a_page)
{
	message.url = "";
	format();
	ck_assert_ptr_null(strstr(text, "List-Help"));
	ck_assert_ptr_nonnull(strstr(text, "further tests:\r\nhttps://probe.test\r\n"));
}
END_TEST

/* Each line ends with CRLF, is no longer than 78 (RFC 5322 section 2.1.1) but for long names, and
 * none begins with a dot. */
START_TEST(lines)
{
	size_t start = 0;

	format();
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n')
			continue;
		ck_assert(i > start && text[i - 1] == '\r');
		ck_assert_uint_le(i - 1 - start, 80);
		ck_assert_int_ne(text[start], '.');
		start = i + 1;
	}
	ck_assert_uint_eq(start, len);
}
END_TEST

START_TEST(too_long)
{
	static char name[1200];

	memset(name, 'x', sizeof(name) - 1);
	message.url = name;
	ck_assert_int_eq(probe_message_format(&message, text, &len, &error), ERR_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "probe.url"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_message");
	TCase *tc = tcase_create("message");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, says_what_it_is);
	tcase_add_test(tc, without_a_page);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, too_long);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
