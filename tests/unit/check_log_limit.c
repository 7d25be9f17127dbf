/* Log lines that strangers can cause. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/log.h>

#include "log_limit.h"
#include "scratch.h"
#include "unit.h"

enum { START_MS = 1000000, MINUTES = 3 };

static char written[1 << 20];

static void
set_up(void)
{
	log_open("check_log_limit", LOG_LEVEL_NOTICE);
	scratch_enter();
}

/* What the call writes to standard error; returns how many lines. */
static size_t
capture(void (*call)(struct log_limit *), struct log_limit *l)
{
	int saved = dup(STDERR_FILENO);
	size_t lines = 0;
	FILE *f;

	ck_assert_ptr_nonnull(freopen("err", "w", stderr));
	call(l);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	f = fopen("err", "r");
	ck_assert_ptr_nonnull(f);
	written[fread(written, 1, sizeof(written) - 1, f)] = '\0';
	fclose(f);
	for (const char *p = written; *p != '\0'; p++)
		lines += *p == '\n';
	return lines;
}

static void
say_the_same(struct log_limit *l)
{
	for (int64_t ms = 0; ms < MINUTES * 60000; ms++)
		log_limit_notice(l, START_MS + ms, "refused %s", "192.0.2.1");
}

static void
say_others(struct log_limit *l)
{
	for (int64_t ms = 0; ms < MINUTES * 60000; ms++)
		log_limit_notice(l, START_MS + ms, "refused transfer of zone x%d.test", (int)ms);
}

static void
say_some_in_turn(struct log_limit *l)
{
	for (int64_t ms = 0; ms < 60000; ms++)
		log_limit_warning(l, START_MS + ms, "refused %d", (int)ms % LOG_LIMIT_PER_SECOND);
}

START_TEST(the_same_line_comes_once_a_minute)
{
	static struct log_limit l;

	ck_assert_uint_eq(capture(say_the_same, &l), MINUTES);
	ck_assert_ptr_nonnull(strstr(written, "refused 192.0.2.1\n"));
	ck_assert_ptr_nonnull(strstr(written, "refused 192.0.2.1 (and 59999 times before)\n"));
}
END_TEST

START_TEST(a_few_lines_come_once_a_minute_each)
{
	static struct log_limit l;

	ck_assert_uint_eq(capture(say_some_in_turn, &l), LOG_LIMIT_PER_SECOND);
	ck_assert_ptr_nonnull(strstr(written, "warning: refused 0\n"));
}
END_TEST

START_TEST(other_lines_are_few_a_second)
{
	static struct log_limit l;
	size_t lines = capture(say_others, &l), seconds = MINUTES * 60;

	/* one a second says how many there were not */
	ck_assert_uint_ge(lines, LOG_LIMIT_PER_SECOND * seconds);
	ck_assert_uint_le(lines, (LOG_LIMIT_PER_SECOND + 1) * seconds);
	ck_assert_ptr_nonnull(strstr(written, "990 more lines like these were not logged\n"));
}
END_TEST

START_TEST(and_few_a_minute_if_it_is_said_so)
{
	static struct log_limit l = {.per_minute = LOG_LIMIT_PER_MINUTE};
	size_t lines = capture(say_others, &l);

	ck_assert_uint_ge(lines, LOG_LIMIT_PER_MINUTE * MINUTES);
	ck_assert_uint_le(lines, LOG_LIMIT_PER_MINUTE * MINUTES * 11 / 10 + 1);
	ck_assert_ptr_nonnull(strstr(written, "more lines like these were not logged\n"));
	/* What comes in the minute after is told again. */
	ck_assert_ptr_nonnull(strstr(written, "zone x120000.test\n"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("log_limit");
	TCase *c = tcase_create("lines");

	tcase_add_checked_fixture(c, set_up, scratch_leave);
	tcase_add_test(c, the_same_line_comes_once_a_minute);
	tcase_add_test(c, a_few_lines_come_once_a_minute_each);
	tcase_add_test(c, other_lines_are_few_a_second);
	tcase_add_test(c, and_few_a_minute_if_it_is_said_so);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
