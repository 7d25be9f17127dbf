#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_fixture.h"
#include "scratch.h"

/* The answers are those of rbldnsd 1.0pre, but for CRLF and control characters. */

START_TEST(test_ranges)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4\n", "1.2.3.5", ""},
		{"\t 1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3\n", "1.2.3.0", "127.0.0.2"},
		{"1.2.3\n", "1.2.4.0", ""},
		{"1.2\n", "1.2.255.255", "127.0.0.2"},
		{"1/8\n", "1.255.255.255", "127.0.0.2"},
		{"1/8\n", "2.0.0.0", ""},
		{"127/24\n", "127.0.0.255", "127.0.0.2"},
		{"127/24\n", "127.0.1.0", ""},
		{"127.16/12\n", "127.31.255.255", "127.0.0.2"},
		{"127.16.0/12\n", "127.32.0.0", ""},
		{"1.2.3.4/031\n", "1.2.3.5", "127.0.0.2"},
		{"1.2.3.4/31\n", "1.2.3.6", ""},
		{"0/1\n", "127.255.255.255", "127.0.0.2"},
		{"0/1\n", "128.0.0.0", ""},
		{"0-255\n", "255.255.255.255", "127.0.0.2"},
		{"0.0.0.0-255.255.255.255\n", "0.0.0.0", "127.0.0.2"},
		{"127.0.0.0-127.0.0.255\n", "127.0.0.255", "127.0.0.2"},
		{"127.0.0.1-254\n", "127.0.0.254", "127.0.0.2"},
		{"127.0.0.1-254\n", "127.0.0.255", ""},
		{"127.16-31\n", "127.31.255.255", "127.0.0.2"},
		{"127.16-127.31\n", "127.31.255.255", "127.0.0.2"},
		{"127.16.0-31\n", "127.16.31.255", "127.0.0.2"},
		{"127.16.0-31\n", "127.16.32.0", ""},
		{"127-128\n", "128.255.255.255", "127.0.0.2"},
		{"1.255.255.255-2.0.0.0\n", "2.0.0.0", "127.0.0.2"},
		{"1.2.3.4-1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"010.000.00000000000.017\n", "10.0.0.17", "127.0.0.2"},
		{"1.2.3.4\r\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4", "1.2.3.4", "127.0.0.2"},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_values)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4 text\n", "1.2.3.4", "127.0.0.2|text"},
		{"1.2.3.4 \t text  with\tblanks \t\n", "1.2.3.4", "127.0.0.2|text  with blanks"},
		{"1.2.3.4 :5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4 :5:\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4:5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4:5:x\n", "1.2.3.4", "127.0.0.5|x"},
		{"1.2.3/24:5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4 :127.0.1.2:x\n", "1.2.3.4", "127.0.1.2|x"},
		{"1.2.3.4 :127.2:x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4 :127.0.1:x\n", "1.2.3.4", "127.0.0.1|x"},
		{"1.2.3.4 :127.1.3:x\n", "1.2.3.4", "127.1.0.3|x"},
		{"1.2.3.4 :127.0.0.0:x\n", "1.2.3.4", "127.0.0.0|x"},
		{"1.2.3.4 :02:x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4\t:127.0.0.2\t:  x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4 :4::x\n", "1.2.3.4", "127.0.0.4|:x"},
		{"1.2.3.4 :7: text # no ; comment\n", "1.2.3.4", "127.0.0.7|text # no ; comment"},
		{"1.2.3.4 -1.2.3.9\n", "1.2.3.4", "127.0.0.2|-1.2.3.9"},
		{"1.2.3.4 # comment\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4;comment\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4#x\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4 a\1b\177c\2\n", "1.2.3.4", "127.0.0.2|abc"},
		{"1.2.3.4 \xc3\xa9\n", "1.2.3.4", "127.0.0.2|\xc3\xa9"},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_defaults)
{
	static const struct feed_row rows[] = {
		{":3:d $\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d <ip>"},
		{" :3:d\n1.2.3.4 own\n", "1.2.3.4", "127.0.0.3|own"},
		{":3:d\n1.2.3.4 :4\n", "1.2.3.4", "127.0.0.4|d"},
		{":3:d\n1.2.3.4 :4:\n", "1.2.3.4", "127.0.0.4"},
		{":3:d\n1.2.3.4 :4:own\n", "1.2.3.4", "127.0.0.4|own"},
		{":3:d\n1.2.3.4 # x\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n:9\n1.2.3.4\n", "1.2.3.4", "127.0.0.9"}, /* not the default before */
		{":3:d\n1.2.3.4\n:4:e\n1.2.3.5\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n1.2.3.4\n:4:e\n1.2.3.5\n", "1.2.3.5", "127.0.0.4|e"},
		{":3:d\n:bad:x\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n:\n::x\n:x\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d"},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_precedence)
{
	static const struct feed_row rows[] = {
		/* all entries of the most specific level */
		{"1.2.3.4 :2:a\n1.2.3.4 :3:b\n1.2.3.4 :2:c\n", "1.2.3.4",
			"127.0.0.2 127.0.0.3|a|b|c"},
		{"1.2.3 :2:a\n1.2.3.4 :3:b\n", "1.2.3.4", "127.0.0.3|b"},
		{"1.2.3 :2:a\n1.2.3.4 :3:b\n", "1.2.3.5", "127.0.0.2|a"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.2.3.5", "127.0.0.3|b"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.2.4.5", "127.0.0.2|a"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.3.4.5", "127.0.0.4|c"},
		/* a /25 is at the level of addresses, so it merges with one of them */
		{"1.2.3.0/25 :2:a\n1.2.3.4 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		/* a /23 is two /24 */
		{"1.2.2.0/23 :2:a\n1.2.3 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		{"1.2.2.0/23 :2:a\n1.2.3 :3:b\n", "1.2.2.4", "127.0.0.2|a"},
		/* a range is split: its ends at the level of addresses */
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.3 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.4 :3:b\n", "1.2.4.4", "127.0.0.2|a"},
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.4 :3:b\n", "1.2.4.128", "127.0.0.3|b"},
		{"1.2.255.0-1.4.0.255 :2:a\n1.3.0/24 :3:b\n", "1.3.0.1", "127.0.0.3|b"},
		{"1.2.255.0-1.4.0.255 :2:a\n1.4.0/24 :3:b\n", "1.4.0.1", "127.0.0.2 127.0.0.3|a|b"},
		{"0.255-2.0 :2:a\n1.3/16 :3:b\n", "1.3.0.1", "127.0.0.3|b"},
		{"0.255-2.0 :2:a\n2.0/16 :3:b\n", "2.0.0.1", "127.0.0.2 127.0.0.3|a|b"},
		/* exclusions */
		{"1.2.3\n!1.2.3.4\n", "1.2.3.4", ""},
		{"1.2.3.4\n!1.2.3.4\n", "1.2.3.4", ""},
		{"! 1.2.3 x\n1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"!1.2.3.0/25:junk\n1.2.3.4\n1.2.3\n", "1.2.3.4", ""},
		{"!1.2.3.0/25\n1.2.3.4\n1.2.3\n", "1.2.3.128", "127.0.0.2"},
		{"!1.2\n1.2.3.0/25\n1.2.3\n", "1.2.4.1", ""},
		{"!1.2.3\n1.2.2.0/23\n", "1.2.3.1", ""},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"10", "10 text", "10:3:x", "!10", "10.0.0.1 ::text", "10.0.0.1 :", "10.0.0.1 ::",
		"10.0.0.1 :0:x", "10.0.0.1 :0.0.0.0:x", "10.0.0.1 :7 junk", "10.0.0.1 :7junk",
		"10.0.0.1 :7 # comment", "10.0.0.1 :256:x", "10.0.0.1 : 2:x",
		"10.0.0.1 :1.2.3.4:x", "10.0.0.1 :126.0.0.2:", "10.0.0.1.", "10.0.0.",
		"10.0.0./24", "10.0.0.1.5", "10..1", "256.0.0.1", "0x10.0.0.1", "10.0.0.1,x",
		"10.0.0.1-", "10.0.0.9-10.0.0.1", "10.0.0.9-1", "10.2-1", "10.0.0.1-10.0.0.5/24",
		"10.0.0.0/24-10.0.1.0", "10-10.0.0", "10.0.0.1-10.0.1", "10-11.3.4.5",
		"10.0.0.0/33", "10.0.0.0/0", "0/0", "10.0.0.0/ 24", "10.0.0.0/24/3",
		"10.0.0.1/24", "10.1/8", "!", "!!10.0.0.1", "!10.0.0.1junk", "::1", "abc",
		"99999999999999999999", "10.0.0.0/99999999999", "2001:db8::1", "*.10", ":300:",
		":2 x", ":127.0.0.2x:",
		/* clang-format on */
	};

	feed_check_rejected("ip4set", "1.2.3.4", "1.2.3.6", lines, ORBL_COUNT(lines));
}
END_TEST

START_TEST(test_max_range)
{
	static const char file[] =
		"1.0/16\n$MAXRANGE4 /24\n1.2/16\n1.3.3\n1.4.2.0/23\n"
		"$MAXRANGE4 /16\n1.5/16\n$MAXRANGE4 2\n1.6.0.0-1\n1.7.0.0-2\n!1.0\n";
	struct feed_case c = feed_case_text("ip4set", NULL, file, strlen(file));

	ck_assert_str_eq(c.warnings,
		"list:3: range is larger than $MAXRANGE4\n"
		"list:5: range is larger than $MAXRANGE4\n"
		"list:6: $MAXRANGE4 can only be made smaller\n"
		"list:7: range is larger than $MAXRANGE4\n"
		"list:10: range is larger than $MAXRANGE4\n"
		"list:11: range is larger than $MAXRANGE4\n");
	ck_assert_str_eq(feed_case_answer(&c, "1.0.0.1"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "1.3.3.3"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "1.6.0.1"), "127.0.0.2");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_host_bits)
{
	static const struct feed_options options = {.host_bits = true};
	static const struct feed_row rows[] = {
		{"1.2.3.4/24 :3\n", "1.2.3.0", "127.0.0.3"},
		{"1.2.3.4/24 :3\n", "1.2.3.255", "127.0.0.3"},
		{"1.2.3.4/24 :3\n", "1.2.4.0", ""},
		{"1.2.3.4/24 :3\n1.2.3/24 :4\n", "1.2.3.9", "127.0.0.3 127.0.0.4"},
		{"5/0\n1/7 :9\n", "0.0.0.0", "127.0.0.9"},
		{"5/0\n1/7 :9\n", "5.0.0.0", ""},
	};

	feed_check_rows("ip4set", &options, rows, ORBL_COUNT(rows));
}
END_TEST

/* The quick way for addresses alone, and what it leaves to the other. */
START_TEST(test_plain_addresses)
{
	static const struct feed_row rows[] = {
		{":4:d\n1.2.3.4\n10.20.30.40\n255.255.255.255\n0.0.0.0\n", "255.255.255.255",
			"127.0.0.4|d"},
		{":4:d\n1.2.3.4\n10.20.30.40\n255.255.255.255\n0.0.0.0\n", "0.0.0.0",
			"127.0.0.4|d"},
		{"1.2.3.4\n1.2.3.5\n:5:e\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "1.2.3.5", "127.0.0.2"},
		{"1.2.3.4\n1.2.3.5\n:5:e\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "1.2.3.6", "127.0.0.5|e"},
		{"1.2.3.4\n0001.002.0003.5\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "1.2.3.5", "127.0.0.2"},
		{"1.2.3.4\n1.2.3.5\r\n1.2.3.6 x\n1.2.3.7\n1.2.3.8\n", "1.2.3.5", "127.0.0.2"},
		{"1.2.3.4\n1.2.3.5\n1.2.3.6 x\n1.2.3.7\n1.2.3.8\n", "1.2.3.6", "127.0.0.2|x"},
		{"1.2.3.4\n256.2.3.5\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "0.2.3.5", ""},
		{"1.2.3.4\n1.2.3\n1.2.3.6\n1.2.3.7\n1.2.3.8\n", "1.2.3.200", "127.0.0.2"},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_large)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct feed_case c;

	for (uint32_t i = 0; i < 100000; i++)
		fprintf(f, "10.%u.%u.%u\n", i >> 15, i >> 7 & 255, i << 1 & 255);
	fputs("bad\n", f);
	fclose(f);
	c = feed_case_text("ip4set", NULL, text, size);
	ck_assert_str_eq(c.warnings, "list:100001: not an IPv4 address or prefix\n");
	ck_assert_uint_eq(snapshot_entries(c.snapshot), 100000);
	for (uint32_t i = 0; i < 100000; i += 997) {
		char query[32];

		snprintf(query, sizeof(query), "10.%u.%u.%u", i >> 15, i >> 7 & 255, i << 1 & 255);
		ck_assert_str_eq(feed_case_answer(&c, query), "127.0.0.2");
		snprintf(query, sizeof(query), "10.%u.%u.%u", i >> 15, i >> 7 & 255,
			(i << 1 & 255) + 1);
		ck_assert_str_eq(feed_case_answer(&c, query), "");
	}
	feed_case_free(&c);
	free(text);
}
END_TEST

/* The same value is one class, wherever it stands. */
START_TEST(test_values_shared)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct feed_case c;
	char query[32], wanted[64];

	for (unsigned i = 0; i < 70000; i++)
		fprintf(f, "10.%u.%u.1 text %u $\n", i >> 8 & 255, i & 255, i);
	fclose(f);
	f = fopen("list", "w");
	fputs(text, f);
	for (unsigned i = 0; i < 70000; i += 7)
		fprintf(f, "11.%u.%u.%u text %u $\n", i >> 16, i >> 8 & 255, i & 255, i);
	fclose(f);
	free(text);
	c = feed_case_files("ip4set", NULL, "list");
	ck_assert_str_eq(c.warnings, "");
	for (unsigned i = 0; i < 70000; i += 7 * 111) {
		snprintf(query, sizeof(query), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		snprintf(wanted, sizeof(wanted), "127.0.0.2|text %u <ip>", i);
		ck_assert_str_eq(feed_case_answer(&c, query), wanted);
	}
	feed_case_free(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_ip4set");
	TCase *entries = tcase_create("entries");
	TCase *many = tcase_create("many");

	tcase_set_timeout(entries, 60);
	tcase_add_checked_fixture(entries, scratch_enter, scratch_leave);
	tcase_add_test(entries, test_ranges);
	tcase_add_test(entries, test_values);
	tcase_add_test(entries, test_defaults);
	tcase_add_test(entries, test_precedence);
	tcase_add_test(entries, test_rejected);
	tcase_add_test(entries, test_max_range);
	tcase_add_test(entries, test_host_bits);
	tcase_add_test(entries, test_plain_addresses);
	suite_add_tcase(s, entries);
	tcase_set_timeout(many, 60);
	tcase_add_checked_fixture(many, scratch_enter, scratch_leave);
	tcase_add_test(many, test_large);
	tcase_add_test(many, test_values_shared);
	suite_add_tcase(s, many);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
