/* ip4tset and ip6tset. The answers are those of rbldnsd 1.0pre. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "feed_fixture.h"
#include "scratch.h"

/* One value for all: the first that a line alone gives, wherever that is. */
START_TEST(test_one_default)
{
	static const char lines[] =
		"%s\n:2:first $\n%s :4:own\n:bad\n:3:second\n%s own text\n$1 x\n%s#c\n";
	static const struct {
		const char *type, *a, *b, *c, *d;
	} types[] = {
		{"ip4tset", "1.2.3.4", "1.2.3.6", "1.2.3.8", "1.2.3.10"},
		{"ip6tset", "1:2:3:4", "1:2:3:6", "1:2:3:8", "1:2:3:a"},
	};

	for (size_t i = 0; i < ORBL_COUNT(types); i++) {
		const char *keys[] = {types[i].a, types[i].b, types[i].c, types[i].d};
		char file[400], query[64];
		struct feed_case c;

		snprintf(file, sizeof(file), lines, keys[0], keys[1], keys[2], keys[3]);
		c = feed_case_text(types[i].type, NULL, file, strlen(file));
		ck_assert_str_eq(c.warnings, "list:4: A value is not an address or last octet\n");
		for (size_t k = 0; k < 4; k++) {
			snprintf(query, sizeof(query), "%s%s", keys[k], i == 1 ? "::9" : "");
			ck_assert_str_eq(feed_case_answer(&c, query), "127.0.0.2|first <ip>");
		}
		feed_case_free(&c);
	}
}
END_TEST

START_TEST(test_no_default)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4 :4:x\n", "1.2.3.4", "127.0.0.2"},
		{"$= b $=\n1.2.3.4 x\n", "1.2.3.4", "127.0.0.2|b <ip>"},
		{"1.2.3.4\n:7\n", "1.2.3.4", "127.0.0.7"},
		{"1.2.3.4\n:7:$1\n$1 v\n", "1.2.3.4", "127.0.0.7|v"},
	};

	feed_check_rows("ip4tset", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

/* The first file's counts for all files, a later one's where it has none. */
START_TEST(test_default_of_files)
{
	struct feed_case c;

	scratch_write("a", ":4:y\n1.2.3.4\n", 13);
	scratch_write("b", ":5:z\n1.2.3.6\n", 13);
	scratch_write("none", "1.2.3.8\n", 8);
	c = feed_case_files("ip4tset", NULL, "a,b");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.6"), "127.0.0.4|y");
	feed_case_free(&c);
	c = feed_case_files("ip4tset", NULL, "none,b,a");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.8"), "127.0.0.5|z");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.4"), "127.0.0.5|z");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_ip4_lines)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4\n1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"01.2.3.08\n", "1.2.3.8", "127.0.0.2"},
		{"1.2.3.4 # x\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4;x\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4:9:x\n", "1.2.3.4", "127.0.0.2"},
		{"$MAXRANGE4 1\n1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"$TTL 5\n1.2.3.4\n1.2.3.5\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "1.2.3.5", "127.0.0.2"},
	};
	static const char *const lines[] = {
		/* clang-format off */
		"1.2.3", "1.2.4.0/24", "1.2.5.1-1.2.5.4", "!1.2.3.4", "1.9.9.9/32", "1.1/32",
		"1.2.3.7x", "1.2.3.4/32 x", "1.2.3.256", "1.2.3.4.5", "::1", "x", "1.2.3.",
		":x", ":", "::x",
		/* clang-format on */
	};

	feed_check_rows("ip4tset", NULL, rows, ORBL_COUNT(rows));
	feed_check_rejected("ip4tset", "1.2.3.4", "1.2.3.6", lines, ORBL_COUNT(lines));
}
END_TEST

START_TEST(test_ip6_lines)
{
	static const char file[] = "!1:2:3:4::5\n1:2:3:4\n! 1:2:3:4:0:0:0:6 x\n0:0:0:0\n!::1\n"
				   "1:2:3:5#x\n1:2:3:4\nABCD:0:00:000000\n";
	static const struct feed_row rows[] = {
		{file, "1:2:3:4::", "127.0.0.2"},
		{file, "1:2:3:4:ffff:ffff:ffff:ffff", "127.0.0.2"},
		{file, "1:2:3:4::5", ""},
		{file, "1:2:3:4::6", ""},
		{file, "1:2:3:5::", "127.0.0.2"},
		{file, "1:2:3:6::", ""},
		{file, "::1", ""},
		{file, "::2", "127.0.0.2"},
		{file, "abcd::2", "127.0.0.2"},
	};
	static const char *const lines[] = {
		/* clang-format off */
		"1:2:3", "1:2:3:4:5", "1:2:3:4::", "1::", "1::/64", "1:2:3:4/64",
		"1:2:3:4:5:6:7:8", "1:2:3:4::5", "!1:2:3:4::/64", "!1:2:3:4::5/128", "!1:2:3:4",
		"::", "::1", "!::1:x", "1:2:3:4:x", "!", "1.2.3.4", "x", ":x", "!1:2:3:4:5:6:7",
		/* clang-format on */
	};

	feed_check_rows("ip6tset", NULL, rows, ORBL_COUNT(rows));
	feed_check_rejected("ip6tset", "1:2:3:4", "1:2:3:6", lines, ORBL_COUNT(lines));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_tset");
	TCase *sets = tcase_create("sets");

	tcase_set_timeout(sets, 60);
	tcase_add_checked_fixture(sets, scratch_enter, scratch_leave);
	tcase_add_test(sets, test_one_default);
	tcase_add_test(sets, test_no_default);
	tcase_add_test(sets, test_default_of_files);
	tcase_add_test(sets, test_ip4_lines);
	tcase_add_test(sets, test_ip6_lines);
	suite_add_tcase(s, sets);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
