/* Access control lists. The actions are those of rbldnsd 1.0pre. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_fixture.h"
#include "scratch.h"

static const struct feed_options list_all = {.list_all = true};

START_TEST(test_actions)
{
	static const struct feed_row rows[] = {
		{"127.0.0.9 :refuse\n", "127.0.0.9", "refuse"},
		{"127.0.0.9 :refuse\n", "127.0.0.8", ""},
		{"127.0.0.9\n", "127.0.0.9", "ignore"},
		{"127.0.0.9 # comment\n", "127.0.0.9", "ignore"},
		{"127.0.0.9 ;:refuse\n", "127.0.0.9", "ignore"},
		{"127.0.0.9 :empty\n", "127.0.0.9", "empty"},
		{"127.0.0.9 :IGNORE\n", "127.0.0.9", "ignore"},
		{"127.0.0.9 :ref\n", "127.0.0.9", "refuse"},
		{"127.0.0.9 :p\n", "127.0.0.9", "pass"},
		{"127.0.0.9 :allow\n", "127.0.0.9", "pass"},
		{"127.0.0.9 :Allow x\n", "127.0.0.9", "pass"},
		{"127/8 :refuse\n127.0.0.9 :allow\n", "127.0.0.9", "pass"},
		{"127/8 :refuse\n127.0.0.9 :allow\n", "127.0.0.8", "refuse"},
		{"::1 :allow\n", "::1", "pass"},
		{"127.0.0.9 :blackhole\n", "127.0.0.9", "ignore"},
		{"127.0.0.9:Refuse\n", "127.0.0.9", "refuse"},
		{"127.0.0.9 :refuse: x\n", "127.0.0.9", "refuse"},
		{"127.0.0.9 :refuse x\n", "127.0.0.9", "refuse"},
		{"127.0.0.9 :refuse;x\n", "127.0.0.9", "refuse"},
		{"127/8 :refuse\n127.0.0.9 :pass\n", "127.0.0.9", "pass"},
		{"127/8 :refuse\n127.0.0.9 :pass\n", "127.0.0.8", "refuse"},
		{"127/8 :refuse\n127/8 :pass\n", "127.0.0.9", "refuse"},
		{"0/0 :refuse\n", "127.0.0.9", "refuse"},
		{"0/0:refuse\n", "::1", ""},
		{"::/0 :refuse\n", "::1", "refuse"},
		{"::/0 :refuse\n", "127.0.0.9", ""},
		{"::1 :pass\n", "::1", "pass"},
		{"::1\n", "::1", "ignore"},
		{"1:2:3/48 :empty\n", "1:2:3:4::", "empty"},
		{"1:2/32:refuse\n", "1:2:3:4::", "refuse"},
		{"127/8\n::/0 :pass\n1.2 :refuse\n", "1.2.3.4", "refuse"},
	};

	feed_check_rows("acl", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_defaults)
{
	static const struct feed_row rows[] = {
		{":refuse\n127.0.0.9\n", "127.0.0.9", "refuse"},
		{":refuse x\n127.0.0.9\n", "127.0.0.9", "refuse"},
		{":pass\n127.0.0.9 :empty\n", "127.0.0.9", "empty"},
		{":allow\n127.0.0.9\n", "127.0.0.9", "pass"},
		{":5:d\n127.0.0.9\n", "127.0.0.9", "127.0.0.5|d"},
		{":5:d\n127.0.0.9 :6\n", "127.0.0.9", "127.0.0.6|d"},
		{":5:d\n127.0.0.9 :6:e $\n", "127.0.0.9", "127.0.0.6|e <ip>"},
		{":5:d\n:ignore\n127.0.0.9\n", "127.0.0.9", "ignore"},
		{"127.0.0.9 :5:you $1\n$1 v\n", "127.0.0.9", "127.0.0.5|you v"},
		{"127.0.0.9 text\n", "127.0.0.9", "127.0.0.2|text"},
	};

	feed_check_rows("acl", &list_all, rows, ORBL_COUNT(rows));
}
END_TEST

/* A default ends with its file. */
START_TEST(test_default_of_files)
{
	struct feed_case c;

	scratch_write("a", ":refuse\n1.2.3.4\n", 16);
	scratch_write("b", "1.2.3.6\n", 8);
	c = feed_case_files("acl", NULL, "a,b");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.4"), "refuse");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.6"), "ignore");
	feed_case_free(&c);
}
END_TEST

/* What would list everything is not done unless it is asked for. */
START_TEST(test_list_all_refused)
{
	static const char file[] = "127.0.0.9 :5:you\n:6\n127.0.0.8\n127.0.0.7 text\n";
	struct feed_case c = feed_case_text("acl", NULL, file, strlen(file));

	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.9"), "refuse");
	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.8"), "refuse");
	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.7"), "refuse");
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:1: lists everything to these clients"));
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:2: lists"));
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:4: lists"));
	feed_case_free(&c);
}
END_TEST

/* An error code lists nothing. */
START_TEST(test_error_codes)
{
	static const char file[] =
		"127.0.0.9 :127.255.255.254:open resolver\n127.0.0.8 :127.255.254.254:x\n"
		":127.255.255.252:typing error\n127.0.0.7\n127.0.0.6 slip\n";
	struct feed_case c = feed_case_text("acl", NULL, file, strlen(file));

	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.9"), "127.255.255.254|open resolver");
	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.8"), "refuse");
	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.7"), "127.255.255.252|typing error");
	ck_assert_str_eq(feed_case_answer(&c, "127.0.0.6"), "127.255.255.252|slip");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_zone)
{
	static const char file[] = "$TTL 33\n$TIMESTAMP 2005:01:01 20400229\n127.0.0.9 :5:you\n";
	struct feed_case c = feed_case_text("acl", &list_all, file, strlen(file));
	struct snapshot_zone zone = feed_case_zone(&c);
	struct snapshot_view view;

	ck_assert_str_eq(c.warnings, "");
	ck_assert_uint_eq(zone.set_count, 0);
	ck_assert_ptr_nonnull(zone.acl);
	ck_assert_int_eq(zone.expires_s, 2214086400);
	ck_assert(feed_case_find(&c, "127.0.0.9", &view));
	ck_assert_uint_eq(view.ttl_s, 33);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"!127.0.0.9", "127.0.0.9 :bogus", "127.0.0.9 :refuse2", "127.0.0.9 : refuse",
		"127.0.0.9 :refx", "127.0.0.1-127.0.0.20 :refuse", "127 :pass", "abcd :refuse",
		"::ffff:127.0.0.1 :pass", "127.0.0.9/8 :refuse", "::1:refuse", "127.0.0.9 :0:x",
		"127.0.0.9 :10.1.1.1:x", ":bad", ":", ": refuse", "$SOA 1 a b 1 1 1 1 1",
		"$NS 1 a b", "11/7 :refuse", "300/16 :refuse", "x :refuse", "1::/8",
		/* clang-format on */
	};

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		char file[200], whole[300];
		struct feed_case c;

		snprintf(file, sizeof(file), "1.2.3.4\n%s\n1.2.3.6\n", lines[i]);
		c = feed_case_text("acl", NULL, file, strlen(file));
		ck_assert_msg(c.err == ERR_SYNTAX, "%s", lines[i]);
		ck_assert_msg(strncmp(c.e.text, "list:2: ", 8) == 0, "%s: %s", lines[i], c.e.text);
		feed_case_free(&c);
		/* Also when it is the only one of its file. */
		scratch_write("a", "1.2.3.4\n", 8);
		snprintf(whole, sizeof(whole), "%s\n", lines[i]);
		scratch_write("b", whole, strlen(whole));
		c = feed_case_files("acl", NULL, "a,b");
		ck_assert_msg(c.err == ERR_SYNTAX, "%s", lines[i]);
		feed_case_free(&c);
	}
}
END_TEST

START_TEST(test_unknown_action)
{
	static const char *const lines[] = {":refues", "=refues", ":REFUES x", ":refues:x"};

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		char file[80];
		struct feed_case c;

		snprintf(file, sizeof(file), "127.66.7.0/24 %s\n", lines[i]);
		c = feed_case_text("acl", NULL, file, strlen(file));
		ck_assert_int_eq(c.err, ERR_SYNTAX);
		ck_assert_ptr_nonnull(strstr(c.e.text, "list:1: unknown action \""));
		ck_assert_ptr_nonnull(
			strstr(c.e.text, "; there are allow, pass, refuse, ignore, empty"));
		feed_case_free(&c);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_acl");
	TCase *acl = tcase_create("acl");

	tcase_set_timeout(acl, 60);
	tcase_add_checked_fixture(acl, scratch_enter, scratch_leave);
	tcase_add_test(acl, test_actions);
	tcase_add_test(acl, test_defaults);
	tcase_add_test(acl, test_default_of_files);
	tcase_add_test(acl, test_list_all_refused);
	tcase_add_test(acl, test_error_codes);
	tcase_add_test(acl, test_zone);
	tcase_add_test(acl, test_rejected);
	tcase_add_test(acl, test_unknown_action);
	suite_add_tcase(s, acl);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
