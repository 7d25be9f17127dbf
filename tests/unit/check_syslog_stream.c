#include "syslog_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { MESSAGE_MAX = 64 };

struct got {
	size_t count;
	char text[4096]; /* each with its LF */
	enum err answer;
};

static enum err
on_message(struct text message, void *context)
{
	struct got *got = context;

	ck_assert_uint_gt(message.len, 1);
	ck_assert_int_eq(message.p[message.len - 1], '\n');
	ck_assert_ptr_null(memchr(message.p, '\n', message.len - 1));
	ck_assert_ptr_null(memchr(message.p, '\0', message.len));
	ck_assert_uint_lt(strlen(got->text) + message.len, sizeof(got->text));
	memcpy(got->text + strlen(got->text), message.p, message.len);
	got->count++;
	return got->answer;
}

static enum err
feed_in(struct syslog_stream *s, const char *bytes, size_t len, size_t piece, struct got *got)
{
	enum err err = OK;
	size_t n;

	for (size_t at = 0; err == OK && at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		err = syslog_stream_feed(s, bytes + at, n, on_message, got);
	}
	return err;
}

static const struct {
	const char *bytes;
	size_t len;
	const char *messages; /* joined */
	bool inside;          /* in the end */
	unsigned passed;
} cases[] = {
#define CASE(bytes, messages, inside, passed)                                                      \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, messages, inside, passed                                 \
	}
	CASE("", "", false, 0),
	CASE("<22>one\n<22>two\n", "<22>one\n<22>two\n", false, 0),
	CASE("<22>one\r\n", "<22>one\n", false, 0),
	CASE("<22>one\0<22>two\0", "<22>one\n<22>two\n", false, 0),
	CASE("<22>one\n<22>half", "<22>one\n", true, 0),
	CASE("7 <22>one7 <22>two", "<22>one\n<22>two\n", false, 0),
	CASE("8 <22>one\n7 <22>two", "<22>one\n<22>two\n", false, 0),
	CASE("7 <22>one\n7 <22>two\n", "<22>one\n<22>two\n", false, 0), /* senders that add it */
	CASE("9 <22>half", "", true, 0),
	CASE("12", "", true, 0),
	/* A line feed that was counted forges no line. */
	CASE("23 <22>one\n<22>two\0\r\n<22>x\n", "<22>one <22>two   <22>x\n", false, 0),
	/* Both ways in one stream. */
	CASE("7 <22>one<22>two\n7 <22>six", "<22>one\n<22>two\n<22>six\n", false, 0),
	/* Lines that start with a digit. */
	CASE("2026-11-21T10:00:00Z mx1 x: y\n", "2026-11-21T10:00:00Z mx1 x: y\n", false, 0),
	CASE("12:30 x\n\n\n", "12:30 x\n", false, 0),
	/* No leading zero (RFC 6587 section 3.4.1): a line. */
	CASE("07 <22>x\n", "07 <22>x\n", false, 0),
	CASE("1 \n2 ab", "ab\n", false, 0), /* empty ones are nothing */
	CASE("64 0123456789012345678901234567890123456789012345678901234567890123",
		"0123456789012345678901234567890123456789012345678901234567890123\n", false, 0),
	CASE("65 01234567890123456789012345678901234567890123456789012345678901234<22>x\n",
		"<22>x\n", false, 1),
	CASE("<0123456789012345678901234567890123456789012345678901234567890123>\n<22>x\n",
		"<22>x\n", false, 1),
	CASE("<012345678901234567890123456789012345678901234567890123456789012>\n<22>x\n",
		"<22>x\n", false, 1),
	CASE("<01234567890123456789012345678901234567890123456789012345678901>\n",
		"<01234567890123456789012345678901234567890123456789012345678901>\n", false, 0),
	CASE("9999999 x", "", true, 0),
#undef CASE
};

static const size_t pieces[] = {1, 2, 3, 7, 4096};

START_TEST(messages_come_out_however_they_are_cut)
{
	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		struct syslog_stream s;
		struct got got = {.count = 0};

		syslog_stream_init(&s, MESSAGE_MAX);
		ck_assert_int_eq(feed_in(&s, cases[i].bytes, cases[i].len, pieces[_i], &got), OK);
		ck_assert_msg(strcmp(got.text, cases[i].messages) == 0, "%zu: %s", i, got.text);
		ck_assert_msg(syslog_stream_is_inside(&s) == cases[i].inside, "%zu", i);
		ck_assert_msg(s.passed == cases[i].passed, "%zu: %llu", i,
			(unsigned long long)s.passed);
		syslog_stream_reset(&s);
		ck_assert(!syslog_stream_is_inside(&s));
	}
}
END_TEST

START_TEST(a_count_of_many_digits_is_no_framing)
{
	struct syslog_stream s;
	struct got got = {.count = 0};

	syslog_stream_init(&s, MESSAGE_MAX);
	ck_assert_int_eq(feed_in(&s, "12345678 x", 10, pieces[_i], &got), ERR_SYNTAX);
	ck_assert_int_eq(feed_in(&s, "<22>x\n", 6, 6, &got), ERR_SYNTAX); /* now and ever */
	ck_assert_uint_eq(got.count, 0);
	syslog_stream_reset(&s);
}
END_TEST

START_TEST(a_message_longer_than_that_costs_no_memory)
{
	struct syslog_stream s;
	struct got got = {.count = 0};
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	syslog_stream_init(&s, MESSAGE_MAX);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(feed_in(&s, bytes, sizeof(bytes), sizeof(bytes), &got), OK);
	ck_assert_uint_le(s.len, MESSAGE_MAX);
	ck_assert_int_eq(feed_in(&s, "\n<22>x\n", 7, 7, &got), OK);
	ck_assert_str_eq(got.text, "<22>x\n");
	ck_assert_uint_eq(s.passed, 1);
	syslog_stream_reset(&s);
}
END_TEST

START_TEST(the_callback_ends_it)
{
	struct syslog_stream s;
	struct got got = {.answer = ERR_FULL};

	syslog_stream_init(&s, MESSAGE_MAX);
	ck_assert_int_eq(syslog_stream_feed(&s, "<22>a\n<22>b\n", 12, on_message, &got), ERR_FULL);
	ck_assert_uint_eq(got.count, 1);
	syslog_stream_reset(&s);
}
END_TEST

START_TEST(a_datagram_is_one_line)
{
	char bytes[] = "<22>a\nNov 21 10:00:00 mx1 forged: b\r\n\0\n?";
	size_t len = syslog_stream_line(bytes, sizeof(bytes) - 2);

	ck_assert_str_eq(text_find((struct text){bytes, len}, TEXT("\n")) == len - 1 ? "one" :
										       "more",
		"one");
	ck_assert_int_eq(strncmp(bytes, "<22>a Nov 21 10:00:00 mx1 forged: b\n", len), 0);
	ck_assert_uint_eq(syslog_stream_line(bytes, 0), 0);
	bytes[0] = bytes[1] = '\n';
	ck_assert_uint_eq(syslog_stream_line(bytes, 2), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("syslog_stream");
	TCase *framing = tcase_create("framing");

	tcase_add_loop_test(framing, messages_come_out_however_they_are_cut, 0,
		(int)ORBL_COUNT(pieces));
	tcase_add_loop_test(framing, a_count_of_many_digits_is_no_framing, 0,
		(int)ORBL_COUNT(pieces));
	tcase_add_test(framing, a_message_longer_than_that_costs_no_memory);
	tcase_add_test(framing, the_callback_ends_it);
	tcase_add_test(framing, a_datagram_is_one_line);
	suite_add_tcase(s, framing);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
