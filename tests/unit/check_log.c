#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/log.h>

#include "scratch.h"
#include "unit.h"

static char written[8192];

static void
log_all(void)
{
	log_error("an %s", "error");
	log_warning("a warning");
	log_notice("a notice");
	log_info("an info");
	log_debug("a debug");
}

/* What does the call write to standard error? */
static void
capture(void (*call)(void))
{
	int saved = dup(STDERR_FILENO);
	FILE *f;

	ck_assert_ptr_nonnull(freopen("err", "w", stderr));
	call();
	fflush(stderr);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	f = fopen("err", "r");
	ck_assert_ptr_nonnull(f);
	written[fread(written, 1, sizeof(written) - 1, f)] = '\0';
	fclose(f);
}

static size_t
lines(void)
{
	size_t n = 0;

	for (const char *p = written; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

/* As systemd says that standard error is the journal: device and inode. */
static void
open_in_journal(void)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_open("orbl-test", LOG_LEVEL_DEBUG);
}

static void
log_all_in_journal(void)
{
	open_in_journal();
	log_all();
}

START_TEST(levels)
{
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	log_open("orbl-test", (enum log_level)_i);
	capture(log_all);
	ck_assert_uint_eq(lines(), (size_t)_i + 1);
	ck_assert_ptr_nonnull(strstr(written, "error: an error\n"));
	ck_assert_int_eq(strstr(written, "debug: a debug\n") != NULL, _i == LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(line_form)
{
	int year, month, day, hour, minute, second, end = 0;
	long pid;

	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	log_open("orbl-test", LOG_LEVEL_ERROR);
	capture(log_all);
	ck_assert_int_eq(sscanf(written, "%4d-%2d-%2dT%2d:%2d:%2dZ orbl-test[%ld]: error: %n",
				 &year, &month, &day, &hour, &minute, &second, &pid, &end),
		7);
	ck_assert_str_eq(written + end, "an error\n");
}
END_TEST

START_TEST(journal_form)
{
	capture(log_all_in_journal);
	ck_assert_str_eq(written,
		"<3>an error\n<4>a warning\n<5>a notice\n<6>an info\n"
		"<7>a debug\n");
}
END_TEST

/* Who started us logs to the journal, and has us write elsewhere. */
START_TEST(journal_of_another)
{
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	log_open("orbl-test", LOG_LEVEL_ERROR);
	capture(log_all);
	ck_assert_ptr_null(strstr(written, "<3>"));
	ck_assert_ptr_nonnull(strstr(written, "error: an error\n"));
}
END_TEST

static void
refuse(void)
{
	log_refusal("orbl-test", "no <such> option");
}

static void
refuse_in_journal(void)
{
	open_in_journal();
	refuse();
}

START_TEST(refusal)
{
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	capture(refuse);
	ck_assert_str_eq(written, "orbl-test: no <such> option\n");
	capture(refuse_in_journal);
	ck_assert_str_eq(written, "<3>no <such> option\n");
}
END_TEST

static void
log_hostile(void)
{
	open_in_journal();
	log_error("helo %s", "a\n<3>forged\x1b[2J\xff");
}

START_TEST(hostile_text_stays_on_its_line)
{
	capture(log_hostile);
	ck_assert_str_eq(written, "<3>helo a?<3>forged?[2J?\n");
}
END_TEST

static void
log_long(void)
{
	char text[4000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
}

START_TEST(long_line_is_cut)
{
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	log_open("orbl-test", LOG_LEVEL_DEBUG);
	capture(log_long);
	ck_assert_uint_eq(lines(), 1);
	ck_assert_uint_ge(strlen(written), 1000);
	ck_assert_uint_le(strlen(written), 1200);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("log");
	TCase *form = tcase_create("form");

	tcase_add_checked_fixture(form, scratch_enter, scratch_leave);
	tcase_add_loop_test(form, levels, LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG + 1);
	tcase_add_test(form, line_form);
	tcase_add_test(form, journal_form);
	tcase_add_test(form, journal_of_another);
	tcase_add_test(form, refusal);
	tcase_add_test(form, hostile_text_stays_on_its_line);
	tcase_add_test(form, long_line_is_cut);
	suite_add_tcase(s, form);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
