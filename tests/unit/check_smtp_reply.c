#include "smtp_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct smtp_reply r;

/* Feed in pieces of the given size, as a network would. */
static enum smtp_reply_state
feed(const char *bytes, size_t len, size_t piece, size_t *total)
{
	*total = 0;
	smtp_reply_init(&r, NULL, NULL);
	while (*total < len && r.state == SMTP_REPLY_MORE) {
		size_t n = len - *total < piece ? len - *total : piece, used;

		smtp_reply_feed(&r, bytes + *total, n, &used);
		ck_assert_uint_le(used, n);
		*total += used;
	}
	return r.state;
}

static const struct {
	const char *bytes;
	enum smtp_reply_state state;
	int code;
	const char *text;
	size_t rest; /* bytes that are not of this reply */
} replies[] = {
	{"220 mx ESMTP\r\n", SMTP_REPLY_COMPLETE, 220, "220 mx ESMTP", 0},
	{"250\r\n", SMTP_REPLY_COMPLETE, 250, "250 ", 0},
	{"250 \n", SMTP_REPLY_COMPLETE, 250, "250 ", 0},
	{"250-a\r\n250-b\r\n250 c\r\n", SMTP_REPLY_COMPLETE, 250, "250 a / b / c", 0},
	{"220-wait\r\n", SMTP_REPLY_MORE, 220, "220 wait", 0},
	{"250-a\r\n550 b\r\n", SMTP_REPLY_COMPLETE, 550, "250 a / b", 0},
	{"250 ok\r\n421 bye\r\n", SMTP_REPLY_COMPLETE, 250, "250 ok", 9},
	{"250", SMTP_REPLY_MORE, 0, "", 0},
	{"", SMTP_REPLY_MORE, 0, "", 0},
	{"550 \x1b[2J\x80z\r\n", SMTP_REPLY_COMPLETE, 550, "550 ?[2J?z", 0},
	{"\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"25\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"150 no\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"650 no\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"2x0 no\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"250_no\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
	{"250-a\r\nHTTP/1.1 400\r\n", SMTP_REPLY_GARBAGE, 0, NULL, 0},
};

START_TEST(every_cutting_gives_the_same)
{
	size_t len = strlen(replies[_i].bytes), total;

	for (size_t piece = 1; piece <= len + 1; piece++) {
		ck_assert_int_eq(feed(replies[_i].bytes, len, piece, &total), replies[_i].state);
		ck_assert_uint_eq(len - total, replies[_i].rest);
		if (replies[_i].text != NULL) {
			ck_assert_int_eq(r.code, replies[_i].code);
			ck_assert_str_eq(r.text, replies[_i].text);
		}
	}
}
END_TEST

/* A reply of so many lines of so many bytes each, without their ends. */
static enum smtp_reply_state
feed_big(size_t lines, size_t line_len)
{
	size_t size = lines * (line_len + 2), total;
	char *bytes = malloc(size);
	enum smtp_reply_state state;

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'x', size);
	for (size_t i = 0; i < lines; i++) {
		memcpy(bytes + i * (line_len + 2), i + 1 == lines ? "250 " : "250-", 4);
		memcpy(bytes + (i + 1) * (line_len + 2) - 2, "\r\n", 2);
	}
	state = feed(bytes, size, 4096, &total);
	ck_assert_uint_le(total, SMTP_REPLY_BYTES_MAX + 1);
	free(bytes);
	return state;
}

START_TEST(limits)
{
	ck_assert_int_eq(feed_big(1, SMTP_REPLY_LINE_MAX), SMTP_REPLY_COMPLETE);
	ck_assert_int_eq(feed_big(1, SMTP_REPLY_LINE_MAX + 1), SMTP_REPLY_TOO_BIG);
	ck_assert_int_eq(feed_big(1, SMTP_REPLY_LINE_MAX + 9), SMTP_REPLY_TOO_BIG);
	ck_assert_int_eq(feed_big(SMTP_REPLY_LINES_MAX, 10), SMTP_REPLY_COMPLETE);
	ck_assert_int_eq(feed_big(SMTP_REPLY_LINES_MAX + 1, 10), SMTP_REPLY_TOO_BIG);
	ck_assert_int_eq(feed_big(8, 8190), SMTP_REPLY_COMPLETE); /* 65536 bytes */
	ck_assert_int_eq(feed_big(9, 8000), SMTP_REPLY_TOO_BIG);
}
END_TEST

START_TEST(text_stays_in_its_bounds)
{
	ck_assert_int_eq(feed_big(90, 600), SMTP_REPLY_COMPLETE);
	ck_assert_uint_eq(strlen(r.text), SMTP_REPLY_TEXT - 1);
}
END_TEST

START_TEST(what_is_over_takes_nothing)
{
	size_t used;

	feed("x\r\n", 3, 3, &used);
	ck_assert_int_eq(smtp_reply_feed(&r, "250 ok\r\n", 8, &used), SMTP_REPLY_GARBAGE);
	ck_assert_uint_eq(used, 0);
	smtp_reply_reset(&r);
	ck_assert_int_eq(smtp_reply_feed(&r, "250 ok\r\n", 8, &used), SMTP_REPLY_COMPLETE);
	ck_assert_uint_eq(used, 8);
}
END_TEST

static void
count_line(struct text line, void *context)
{
	size_t *count = context;

	ck_assert(line.len == 0 || line.p[line.len - 1] != '\n');
	++*count;
}

START_TEST(each_line_is_told)
{
	size_t count = 0, used;

	smtp_reply_init(&r, count_line, &count);
	smtp_reply_feed(&r, "250-a\r\n250-b\r\n250 c\r\n", 21, &used);
	ck_assert_uint_eq(count, 3);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("smtp_reply");
	TCase *grammar = tcase_create("grammar"), *bounds = tcase_create("bounds");

	tcase_add_loop_test(grammar, every_cutting_gives_the_same, 0, (int)ORBL_COUNT(replies));
	tcase_add_test(grammar, each_line_is_told);
	tcase_add_test(bounds, limits);
	tcase_add_test(bounds, text_stays_in_its_bounds);
	tcase_add_test(bounds, what_is_over_takes_nothing);
	suite_add_tcase(s, grammar);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
