#include "mail_header.h"

#include <string.h>

#include "unit.h"

static void
assert_field(struct text *rest, const char *name, const char *value)
{
	struct mail_field f;

	ck_assert_msg(mail_header_next(rest, &f), "%s", name);
	ck_assert_msg(mail_field_is(&f, name), "%.*s", TEXT_ARG(f.name));
	ck_assert_str_eq(f.value, value);
}

START_TEST(fields)
{
	struct text rest = TEXT("Subject: a b \r\nX-Folded:one\r\n\ttwo\r\n  three\r\n"
				"empty:\nno colon\n stray\nTO : <x>\n\nbody: b\n");
	struct mail_field f;

	assert_field(&rest, "subject", "a b");
	assert_field(&rest, "X-Folded", "one two three");
	assert_field(&rest, "Empty", "");
	assert_field(&rest, "To", "<x>");
	ck_assert(!mail_header_next(&rest, &f));
	ck_assert(text_equal(rest, TEXT("body: b\n")));
}
END_TEST

/* A line of blanks is no continuation; it ends nothing either. */
START_TEST(blank_lines)
{
	struct text rest = TEXT("a: 1\n \t\nb: 2\n\r\nc: 3");
	struct mail_field f;

	assert_field(&rest, "a", "1");
	assert_field(&rest, "b", "2");
	ck_assert(!mail_header_next(&rest, &f));
	assert_field(&rest, "c", "3");
	ck_assert(!mail_header_next(&rest, &f));
	ck_assert(!mail_header_next(&rest, &f));
}
END_TEST

START_TEST(long_values_are_cut)
{
	static char text[5000] = "a: ";
	struct text rest = {text, sizeof(text)};
	struct mail_field f;

	memset(text + 3, 'x', sizeof(text) - 3);
	memcpy(text + 2000, "\r\n ", 3);
	ck_assert(mail_header_next(&rest, &f));
	ck_assert_uint_eq(strlen(f.value), MAIL_FIELD_MAX - 1);
	ck_assert(!mail_header_next(&rest, &f));
}
END_TEST

START_TEST(hostile_bytes)
{
	struct text rest = TEXT("a: \x1b[2J\0\x80\ty\nb:\n");
	struct mail_field f;

	assert_field(&rest, "a", "?[2J?? y");
	assert_field(&rest, "b", "");
	rest = TEXT("::\n:\n");
	assert_field(&rest, "", ":");
	assert_field(&rest, "", "");
	ck_assert(!mail_header_next(&rest, &f));
}
END_TEST

START_TEST(lines)
{
	struct text rest = TEXT("A: b\r\n\tfolded\x07\r\n\r\nbody\r\n");
	char line[16];

	ck_assert(mail_header_line(&rest, line, sizeof(line)));
	ck_assert_str_eq(line, "A: b");
	ck_assert(mail_header_line(&rest, line, 8));
	ck_assert_str_eq(line, " folded");
	ck_assert(!mail_header_line(&rest, line, sizeof(line)));
	rest = TEXT("no end");
	ck_assert(mail_header_line(&rest, line, sizeof(line)));
	ck_assert(!mail_header_line(&rest, line, sizeof(line)));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("mail_header");
	TCase *tc = tcase_create("header");

	tcase_add_test(tc, fields);
	tcase_add_test(tc, blank_lines);
	tcase_add_test(tc, long_values_are_cut);
	tcase_add_test(tc, hostile_bytes);
	tcase_add_test(tc, lines);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
