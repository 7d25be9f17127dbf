/* ip4trie and ip6trie. The answers are those of rbldnsd 1.0pre. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_fixture.h"
#include "scratch.h"

static const struct feed_options host_bits = {.host_bits = true};

/* --- ip4trie ---------------------------------------------------------------- */

START_TEST(test_ip4_prefixes)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4\n", "1.2.3.5", ""},
		{"1.2.3\n", "1.2.3.255", "127.0.0.2"},
		{"1.2\n", "1.2.255.255", "127.0.0.2"},
		{"10/8 :3\n", "10.1.1.1", "127.0.0.3"},
		{"127/24\n", "127.0.0.255", "127.0.0.2"},
		{"127/24\n", "127.0.1.0", ""},
		{"1.2.3.4/31:4:x\n", "1.2.3.5", "127.0.0.4|x"},
		{"0/0 :9:all\n", "200.1.1.1", "127.0.0.9|all"},
		{"0/1\n", "127.255.255.255", "127.0.0.2"},
		{"0/1\n", "128.0.0.0", ""},
		{"01.002.0003/024\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4#c\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4 -1.2.3.9\n", "1.2.3.4", "127.0.0.2|-1.2.3.9"},
	};

	feed_check_rows("ip4trie", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_ip4_longest)
{
	static const char file[] = "1.2.3.0/24 :2:a\n1.2.3.0/25 :4:c\n!1.2.3.4\n1.2 :5\n"
				   "1.2.3.4/30 :6\n! 1.2.9.9\n0/0 :7:all $\n!1.3.0.0/17\n";
	static const struct feed_row rows[] = {
		{file, "1.2.3.200", "127.0.0.2|a"},
		{file, "1.2.3.9", "127.0.0.4|c"},
		{file, "1.2.3.4", ""},
		{file, "1.2.3.5", "127.0.0.6"},
		{file, "1.2.4.5", "127.0.0.5"},
		{file, "1.2.9.9", ""},
		{file, "1.3.127.255", ""},
		{file, "1.3.128.0", "127.0.0.7|all <ip>"},
		{file, "255.255.255.255", "127.0.0.7|all <ip>"},
	};

	feed_check_rows("ip4trie", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

/* Of equal prefixes the first one counts, whatever it is. */
START_TEST(test_ip4_equal)
{
	static const struct feed_row rows[] = {
		{"1.2.3.0/24 :2:a\n1.2.3.0/24 :3:b\n1.2.3 :4\n", "1.2.3.4", "127.0.0.2|a"},
		{"1.2.3.0/24 :3:b\n!1.2.3.0/24\n", "1.2.3.4", "127.0.0.3|b"},
		{"!1.2.3.0/24\n1.2.3.0/24 :3:b\n", "1.2.3.4", ""},
		{"1.2.3.0/24 :x\n1.2.3.0/24 :3:b\n", "1.2.3.4", "127.0.0.3|b"},
		{"0.0.0.0/32 :2\n0.0.0.0 :3\n0/0 :4\n0/0 :5\n", "0.0.0.0", "127.0.0.2"},
		{"0.0.0.0/32 :2\n0.0.0.0 :3\n0/0 :4\n0/0 :5\n", "0.0.0.1", "127.0.0.4"},
	};
	struct feed_case c;

	feed_check_rows("ip4trie", NULL, rows, ORBL_COUNT(rows));
	c = feed_case_text("ip4trie", NULL, rows[0].file, strlen(rows[0].file));
	ck_assert_str_eq(c.warnings,
		"list:2: the same prefix again; the first one counts\n"
		"list:3: the same prefix again; the first one counts\n");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_ip4_host_bits)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4/24 :3\n1.2.3.0/24 :4\n", "1.2.3.9", "127.0.0.3"},
		{"5.2.3.4/0 :3\n1.2.3.0/24 :4\n", "200.1.1.1", "127.0.0.3"},
		{"5.2.3.4/0 :3\n1.2.3.0/24 :4\n", "1.2.3.9", "127.0.0.4"},
	};

	feed_check_rows("ip4trie", &host_bits, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_ip4_max_range)
{
	static const char file[] = "1/8\n$MAXRANGE4 /24\n2.0/16\n2.1.1\n2.2.2.0/23\n!3/8\n0/0\n";
	struct feed_case c = feed_case_text("ip4trie", NULL, file, strlen(file));

	ck_assert_str_eq(c.warnings,
		"list:3: range is larger than $MAXRANGE4\n"
		"list:5: range is larger than $MAXRANGE4\n"
		"list:6: range is larger than $MAXRANGE4\n"
		"list:7: range is larger than $MAXRANGE4\n");
	ck_assert_str_eq(feed_case_answer(&c, "1.1.1.1"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "2.1.1.1"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "2.2.2.1"), "");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_ip4_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"127", "127 x", "1.2.3.4-1.2.3.9", "5.6.7-9", "1-2", "1.2.3.4/24", "1.4/08",
		"5/7", "1.4/33", "1.2.3.4.5", "1.5.", "1.6.3.4/-1", "1.256", "1.2.3.4/32x",
		"1.2.3.4/", "-1.2.3.4", "1.2.3.300", "::1", "!", "!!1.2.3.9", "!127", "abc",
		":x", ":", "1.9.9.9 :0", "1.9.9.9 :1.2.3.4:x", "$MAXRANGE6 1",
		/* clang-format on */
	};

	feed_check_rejected("ip4trie", "1.2.3.4", "1.2.3.6", lines, ORBL_COUNT(lines));
}
END_TEST

/* More than the table of prefixes begins with. */
START_TEST(test_ip4_many)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct feed_case c;
	char query[32];

	for (unsigned twice = 0; twice < 2; twice++)
		for (uint32_t i = 0; i < 20000; i++)
			fprintf(f, "10.%u.%u.%u/%u :%u\n", i >> 12, i >> 4 & 255, i << 4 & 255,
				28 + i % 5, 2 + i % 200 + twice);
	fclose(f);
	c = feed_case_text("ip4trie", NULL, text, size);
	ck_assert_ptr_nonnull(strstr(c.warnings, "list: 20000 warnings in all"));
	for (uint32_t i = 0; i < 20000; i += 37) {
		char wanted[32];

		snprintf(query, sizeof(query), "10.%u.%u.%u", i >> 12, i >> 4 & 255, i << 4 & 255);
		snprintf(wanted, sizeof(wanted), "127.0.0.%u", 2 + i % 200);
		ck_assert_str_eq(feed_case_answer(&c, query), wanted);
	}
	feed_case_free(&c);
	free(text);
}
END_TEST

/* --- ip6trie ---------------------------------------------------------------- */

START_TEST(test_ip6_syntax)
{
	static const struct feed_row rows[] = {
		{"1:2:3\n", "1:2:3:ffff::", "127.0.0.2"},
		{"1:2:3\n", "1:2:4::", ""},
		{"1:2:3::/48\n", "1:2:3:4::", "127.0.0.2"},
		{"1:2:3::\n", "1:2:3::", "127.0.0.2"},
		{"1:2:3::\n", "1:2:3::1", ""},
		{"1::2\n", "1::2", "127.0.0.2"},
		{"::\n", "::", "127.0.0.2"},
		{"::\n", "::1", ""},
		{"::1\n", "::1", "127.0.0.2"},
		{"::1 x\n", "::1", "127.0.0.2|x"},
		{"::/0\n", "ffff::", "127.0.0.2"},
		{"0/0\n", "ffff::", "127.0.0.2"},
		{"::/00\n", "ffff::", "127.0.0.2"},
		{"1/16\n", "1:ffff::", "127.0.0.2"},
		{"1/17\n", "1:7fff::", "127.0.0.2"},
		{"1/17\n", "1:8000::", ""},
		{"100/8\n", "1ff::", "127.0.0.2"},
		{"1:2:3:4:5:6:7:8\n", "1:2:3:4:5:6:7:8", "127.0.0.2"},
		{"1:2:3:4:5:6:7::\n", "1:2:3:4:5:6:7:0", "127.0.0.2"},
		{"1:2:3:4:5:6::8\n", "1:2:3:4:5:6:0:8", "127.0.0.2"},
		{"::2:3:4:5:6:7:8\n", "0:2:3:4:5:6:7:8", "127.0.0.2"},
		{"1:2:3::5:6:7:8\n", "1:2:3:0:5:6:7:8", "127.0.0.2"},
		{"00001::0000002\n", "1::2", "127.0.0.2"},
		{"ABCD:Ef::\n", "abcd:ef::", "127.0.0.2"},
		{"1:2:3:4:5:6:7/112\n", "1:2:3:4:5:6:7:ffff", "127.0.0.2"},
		{"7:7/048\n", "7:7::1", "127.0.0.2"},
		{"7:7/048\n", "7:7:1::1", ""},
		/* ::ffff:a.b.c.d is an address as any other */
		{"::ffff:102:304\n", "6 1.2.3.4", "127.0.0.2"},
		{"::ffff:102:304\n", "1.2.3.4", ""},
		{"::/96\n", "::1", "127.0.0.2"},
		{"::/96\n", "6 1.2.3.4", ""},
		{"::ffff:0:0/96\n", "6 1.2.3.4", "127.0.0.2"},
	};

	feed_check_rows("ip6trie", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_ip6_values)
{
	static const struct feed_row rows[] = {
		{":5:d $\n::2\n", "::2", "127.0.0.5|d <ip>"},
		{":5\n::2 :6\n", "::2", "127.0.0.6"},
		{"::2 :5:$\n", "::2", "127.0.0.5|<ip>"},
		{"1::2;x\n", "1::2", "127.0.0.2"},
		{"1::2#x\n", "1::2", "127.0.0.2"},
		{"1::2\t x\n", "1::2", "127.0.0.2|x"},
		{"1::2/128:5:z\n", "1::2", "127.0.0.5|z"},
		/* the value begins at a colon that cannot belong to the address */
		{"1:2:3:4:5:6:7:8:9\n", "1:2:3:4:5:6:7:8", "127.0.0.9"},
		{"1:2:3:4:5:6:7:8:5:y\n", "1:2:3:4:5:6:7:8", "127.0.0.5|y"},
		{"1:2:::5\n", "1:2::", "127.0.0.5"},
		{"1:::2\n", "1::", "127.0.0.2"},
		{"1::2: x\n", "1::2", "127.0.0.2|x"},
		{"1::2::3\n", "1::2", "127.0.0.3"},
		{"#$TTL 5\n$1 v\n::2 $1\n", "::2", "127.0.0.2|v"},
	};

	feed_check_rows("ip6trie", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_ip6_longest)
{
	static const char file[] = ":2:first\n2001:db8:1:2\n:3:second\n2001:db8:1:3\n"
				   "!2001:db8:1:2::5\n2001:db8::/32 :9:x $\n2001:db8::/32 :8\n"
				   "! 2001:db8:7/48\n2001:db8:7:1:: :4\n";
	static const struct feed_row rows[] = {
		{file, "2001:db8:1:2::1", "127.0.0.2|first"},
		{file, "2001:db8:1:2::5", ""},
		{file, "2001:db8:1:3::5", "127.0.0.3|second"},
		{file, "2001:db8:5::", "127.0.0.9|x <ip>"},
		{file, "2001:db8:7::", ""},
		{file, "2001:db8:7:1::", "127.0.0.4|second"},
		{file, "2001:db9::", ""},
	};
	static const char bits[] = "1:2:3:4::1/64 :3\n1:2:3:4:: :4\n1:2:3:4/48 :5\n1:2::3/0 :6\n";
	static const struct feed_row bits_rows[] = {
		{bits, "1:2:3:4::1", "127.0.0.3"},
		{bits, "1:2:3:4::", "127.0.0.4"},
		{bits, "1:2:3:5::", "127.0.0.5"},
		{bits, "9::9", "127.0.0.6"},
	};

	feed_check_rows("ip6trie", NULL, rows, ORBL_COUNT(rows));
	feed_check_rows("ip6trie", &host_bits, bits_rows, ORBL_COUNT(bits_rows));
}
END_TEST

START_TEST(test_ip6_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"2001", "2001 x", "2001:", "1:2:", "1:2:3:/48", "1:2:3:4:/64", "1:2:3:4:5:6:7:",
		"12345::", "g::", "1:2:3:4::5:6:7:8", "1::2:3:4:5:6:7:8", "::1.2.3.4",
		"64:ff9b::1.2.3.4", "1.2.3.4", "5:6:7:8/129", "5:6:7:8/", "5:6:7:8/1x",
		"1::2/12a", "5:6:7:b:x", "5:6:7:b:2:y", "5:6:7:b :x", "[::5]", "fe80::1%lo",
		"1:2/0", "::1/0", "1::/8", "1/8", "1::2-1::5", "::x y", "!", "!2001", "!::g",
		":", ":$ x", "$5::", "1:2:3:4:5:6:7:8:x", "1::2/99999999999",
		/* clang-format on */
	};

	feed_check_rejected("ip6trie", "1::4", "1::6", lines, ORBL_COUNT(lines));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_trie");
	TCase *ip4 = tcase_create("ip4trie");
	TCase *ip6 = tcase_create("ip6trie");

	tcase_set_timeout(ip4, 60);
	tcase_add_checked_fixture(ip4, scratch_enter, scratch_leave);
	tcase_add_test(ip4, test_ip4_prefixes);
	tcase_add_test(ip4, test_ip4_longest);
	tcase_add_test(ip4, test_ip4_equal);
	tcase_add_test(ip4, test_ip4_host_bits);
	tcase_add_test(ip4, test_ip4_max_range);
	tcase_add_test(ip4, test_ip4_rejected);
	tcase_add_test(ip4, test_ip4_many);
	suite_add_tcase(s, ip4);
	tcase_set_timeout(ip6, 60);
	tcase_add_checked_fixture(ip6, scratch_enter, scratch_leave);
	tcase_add_test(ip6, test_ip6_syntax);
	tcase_add_test(ip6, test_ip6_values);
	tcase_add_test(ip6, test_ip6_longest);
	tcase_add_test(ip6, test_ip6_rejected);
	suite_add_tcase(s, ip6);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
