#include "csv.h"

#include <string.h>

#include "unit.h"

static void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "%.*s is not %s", TEXT_ARG(got), wanted);
}

static enum csv_result
split(const char *line, char separator, struct text *fields, size_t max, size_t *count)
{
	static char room[64];
	struct csv c;

	csv_init(&c, text_of(line), separator, room, sizeof(room));
	return csv_split(&c, fields, max, count);
}

START_TEST(plain_fields)
{
	struct text f[8];
	size_t n;

	ck_assert_int_eq(split("a,b,,d", ',', f, 8, &n), CSV_END);
	ck_assert_uint_eq(n, 4);
	assert_text(f[0], "a");
	assert_text(f[2], "");
	assert_text(f[3], "d");
	ck_assert_int_eq(split("", ',', f, 8, &n), CSV_END);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(split("a,", ',', f, 8, &n), CSV_END);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(split("a,b;c", ';', f, 8, &n), CSV_END);
	ck_assert_uint_eq(n, 2);
	assert_text(f[0], "a,b");
	/* A quote that does not start a field is a byte like others. */
	ck_assert_int_eq(split("a\"b,c\"", ',', f, 8, &n), CSV_END);
	assert_text(f[0], "a\"b");
	ck_assert_int_eq(split("a,b,c", ',', f, 2, &n), CSV_BAD);
}
END_TEST

START_TEST(quoted_fields)
{
	struct text f[8];
	size_t n;

	ck_assert_int_eq(split("\"a,b\",\"c\"\"d\"\"\",\"\",\"\"\"\"", ',', f, 8, &n), CSV_END);
	ck_assert_uint_eq(n, 4);
	assert_text(f[0], "a,b");
	assert_text(f[1], "c\"d\"");
	assert_text(f[2], "");
	assert_text(f[3], "\"");
	ck_assert_int_eq(split("a,\"b\nc\"", ',', f, 8, &n), CSV_END);
	assert_text(f[1], "b\nc");
}
END_TEST

START_TEST(damaged)
{
	static const struct {
		const char *line;
		enum csv_result result;
	} cases[] = {
		{"\"a", CSV_OPEN},
		{"\"", CSV_OPEN},
		{"a,\"b,c", CSV_OPEN},
		{"\"a\"\"", CSV_OPEN},
		{"\"a\"b,c", CSV_BAD},
		{"\"a\" ,c", CSV_BAD},
		{"\"a\"\"b\"c", CSV_BAD},
	};
	struct text f[8];
	size_t n;

	for (size_t i = 0; i < ORBL_COUNT(cases); i++)
		ck_assert_msg(split(cases[i].line, ',', f, 8, &n) == cases[i].result, "%s",
			cases[i].line);
}
END_TEST

START_TEST(room_is_bounded)
{
	char line[200];
	struct text f[8];
	size_t n;

	memset(line, 'a', sizeof(line));
	memcpy(line, "\"\"\"", 3);
	memcpy(line + sizeof(line) - 2, "\"", 2);
	ck_assert_int_eq(split(line, ',', f, 8, &n), CSV_BAD);
	memmove(line + 20, line + sizeof(line) - 2, 2);
	ck_assert_int_eq(split(line, ',', f, 8, &n), CSV_END);
	ck_assert_uint_eq(f[0].len, 18);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("csv");
	TCase *t = tcase_create("fields");

	tcase_add_test(t, plain_fields);
	tcase_add_test(t, quoted_fields);
	suite_add_tcase(s, t);
	t = tcase_create("damage");
	tcase_add_test(t, damaged);
	tcase_add_test(t, room_is_bounded);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
