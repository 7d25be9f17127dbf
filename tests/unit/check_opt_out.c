#include "opt_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000 };

static void
write_file(const char *text)
{
	scratch_write("opt-out", text, strlen(text));
}

/* --- the file ------------------------------------------------------------- */

START_TEST(each_line_is_a_prefix)
{
	struct prefix *list = NULL;
	size_t count = 0;
	char text[PREFIX_TEXT];

	write_file("# who asked us\n192.0.2.0/24\n\n  198.51.100.7\t# a host\r\n"
		   "2001:db8::/32\n::1");
	ck_ok(opt_out_read("opt-out", &list, &count, trouble()));
	ck_assert_uint_eq(count, 4);
	ck_assert_str_eq(prefix_format(&list[0], text), "192.0.2.0/24");
	ck_assert_str_eq(prefix_format(&list[1], text), "198.51.100.7");
	ck_assert_str_eq(prefix_format(&list[2], text), "2001:db8::/32");
	ck_assert_str_eq(prefix_format(&list[3], text), "::1");
	ck_ok(opt_out_read("opt-out", &list, &count, trouble())); /* it is appended */
	ck_assert_uint_eq(count, 8);
	ck_ok(opt_out_read("", &list, &count, trouble()));
	ck_assert_uint_eq(count, 8);
	free(list);
}
END_TEST

static const struct {
	const char *text, *error;
	enum err err;
} bad[] = {
	{"192.0.2.1\nnonsense\n", "opt-out:2: \"nonsense\" is neither an address nor a prefix",
		ERR_SYNTAX},
	{"\n\n192.0.2.1/24", "opt-out:3: \"192.0.2.1/24\" has bits outside its mask", ERR_RANGE},
	{"192.0.2.0/33\n", "opt-out:1: ", ERR_RANGE},
	{"192.0.2.1 192.0.2.2\n", "opt-out:1: ", ERR_SYNTAX},
	{"192.0.2.1;comment\n", "opt-out:1: ", ERR_SYNTAX},
	{"\x1b[2J\n", "opt-out:1: \"?[2J\" is neither", ERR_SYNTAX},
};

START_TEST(a_bad_line_spoils_the_file)
{
	struct prefix *list = calloc(1, sizeof(*list));
	size_t count = 1;

	write_file(bad[_i].text);
	ck_assert_int_ne(opt_out_read("opt-out", &list, &count, trouble()), OK);
	ck_assert_msg(strstr(trouble()->text, bad[_i].error) != NULL, "%s", trouble()->text);
	ck_assert_uint_eq(count, 1);
	free(list);
}
END_TEST

START_TEST(a_file_has_its_bounds)
{
	size_t count = 0, len = 0;
	struct prefix *list = NULL;
	char *text = malloc(OPT_OUT_BYTES_MAX + 2);

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i <= OPT_OUT_PREFIXES_MAX; i++)
		len += (size_t)snprintf(text + len, 32, "10.%d.%d.%d\n", i >> 16, i >> 8 & 255,
			i & 255);
	scratch_write("opt-out", text, len);
	ck_assert_int_eq(opt_out_read("opt-out", &list, &count, trouble()), ERR_FULL);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "opt-out:100001: more than 100000"));
	scratch_write("opt-out", text, len - strlen("10.1.134.160\n"));
	ck_ok(opt_out_read("opt-out", &list, &count, trouble()));
	ck_assert_uint_eq(count, OPT_OUT_PREFIXES_MAX);
	memset(text, '\n', OPT_OUT_BYTES_MAX + 1);
	scratch_write("opt-out", text, OPT_OUT_BYTES_MAX + 1);
	ck_assert_int_eq(opt_out_read("opt-out", &list, &count, trouble()), ERR_FULL);
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(opt_out_read("directory", &list, &count, trouble()), ERR_IO);
	ck_assert_int_eq(opt_out_read("missing", &list, &count, trouble()), ERR_IO);
	ck_assert_uint_eq(count, OPT_OUT_PREFIXES_MAX);
	free(list);
	free(text);
}
END_TEST

/* --- following it --------------------------------------------------------- */

static struct opt_out *
follow(const char *path)
{
	const struct prefix fixed = fixture_prefix("203.0.113.0/24");
	struct opt_out *o;

	ck_ok(opt_out_new(&fixed, 1, path, &o, trouble()));
	return o;
}

static bool
has(const struct opt_out *o, const char *address)
{
	struct addr a = fixture_address(address);
	size_t count;
	const struct prefix *list = opt_out_list(o, &count);

	for (size_t i = 0; i < count; i++)
		if (prefix_has_addr(&list[i], &a))
			return true;
	return false;
}

START_TEST(without_a_file_the_list_is_fixed)
{
	struct opt_out *o = follow("");

	ck_assert(opt_out_is_good(o));
	ck_ok(opt_out_refresh(o, NOW, trouble()));
	ck_assert(opt_out_is_good(o));
	ck_assert(has(o, "203.0.113.7"));
	ck_assert(!has(o, "192.0.2.1"));
	opt_out_free(o);
	opt_out_free(NULL);
}
END_TEST

START_TEST(a_change_is_seen_within_a_second)
{
	struct opt_out *o = follow("opt-out");

	write_file("192.0.2.1\n");
	ck_assert(!opt_out_is_good(o)); /* nobody has looked */
	ck_ok(opt_out_refresh(o, NOW, trouble()));
	ck_assert(opt_out_is_good(o));
	ck_assert(has(o, "192.0.2.1"));
	ck_assert(has(o, "203.0.113.7"));
	write_file("192.0.2.1\n192.0.2.2\n");
	ck_ok(opt_out_refresh(o, NOW, trouble()));
	ck_assert(!has(o, "192.0.2.2"));
	ck_ok(opt_out_refresh(o, NOW + 1, trouble()));
	ck_assert(has(o, "192.0.2.2"));
	/* Another file in its place, as editors do it, of the same size. */
	scratch_write("new", "192.0.2.3\n192.0.2.4\n", 20);
	ck_assert_int_eq(rename("new", "opt-out"), 0);
	ck_ok(opt_out_refresh(o, NOW + 2, trouble()));
	ck_assert(!has(o, "192.0.2.2"));
	ck_assert(has(o, "192.0.2.4"));
	opt_out_free(o);
}
END_TEST

START_TEST(an_error_keeps_the_list_and_is_told_once)
{
	struct opt_out *o = follow("opt-out");

	ck_assert_int_eq(opt_out_refresh(o, NOW, trouble()), ERR_IO); /* there is none */
	ck_ok(opt_out_refresh(o, NOW + 1, trouble()));
	ck_assert(!opt_out_is_good(o));
	write_file("192.0.2.1\n");
	ck_ok(opt_out_refresh(o, NOW + 2, trouble()));
	ck_assert(opt_out_is_good(o));
	write_file("192.0.2.1\n192.0.2.2\noops\n");
	ck_assert_int_eq(opt_out_refresh(o, NOW + 3, trouble()), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "opt-out:3: \"oops\""));
	ck_assert(!opt_out_is_good(o));
	ck_assert(has(o, "192.0.2.1"));
	ck_assert(!has(o, "192.0.2.2"));
	ck_ok(opt_out_refresh(o, NOW + 4, trouble()));
	ck_assert(!opt_out_is_good(o)); /* which has not changed, and is no better */
	write_file("ouch\n");
	ck_assert_int_eq(opt_out_refresh(o, NOW + 5, trouble()), ERR_SYNTAX); /* another one */
	ck_assert_int_eq(unlink("opt-out"), 0);
	ck_assert_int_eq(opt_out_refresh(o, NOW + 6, trouble()), ERR_IO);
	ck_assert(has(o, "192.0.2.1"));
	write_file("192.0.2.9\n");
	ck_ok(opt_out_refresh(o, NOW + 7, trouble()));
	ck_assert(opt_out_is_good(o));
	ck_assert(!has(o, "192.0.2.1"));
	opt_out_free(o);
}
END_TEST

START_TEST(a_kept_list_stands_in_for_the_file)
{
	const struct prefix kept = fixture_prefix("192.0.2.7");
	struct opt_out *o = follow("opt-out");
	size_t count;

	write_file("oops\n");
	ck_assert(!opt_out_is_known(o));
	ck_ok(opt_out_restore(o, &kept, 1, NOW - 9, trouble()));
	ck_assert(opt_out_is_known(o));
	ck_assert_int_eq(opt_out_refresh(o, NOW, trouble()), ERR_SYNTAX);
	ck_assert(!opt_out_is_good(o));
	ck_assert(has(o, "192.0.2.7"));
	ck_assert(has(o, "203.0.113.7"));
	ck_assert_int_eq(opt_out_since(o), NOW - 9);
	ck_assert_ptr_nonnull(strstr(opt_out_trouble(o), "opt-out:1: \"oops\""));
	ck_assert_uint_eq(opt_out_generation(o), 1);
	write_file("192.0.2.8\n");
	ck_ok(opt_out_refresh(o, NOW + 1, trouble()));
	ck_assert(!has(o, "192.0.2.7"));
	ck_assert_int_eq(opt_out_since(o), NOW + 1);
	ck_assert_uint_eq(opt_out_generation(o), 2);
	ck_assert_str_eq(opt_out_trouble(o), "");
	ck_assert(prefix_has_addr(opt_out_of_file(o, &count), &(struct addr){4, {192, 0, 2, 8}}));
	ck_assert_uint_eq(count, 1);
	opt_out_free(o);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("opt_out");
	TCase *file = tcase_create("file"), *watch = tcase_create("following");

	tcase_add_checked_fixture(file, scratch_enter, scratch_leave);
	tcase_add_checked_fixture(watch, scratch_enter, scratch_leave);
	tcase_set_timeout(file, 60);
	tcase_add_test(file, each_line_is_a_prefix);
	tcase_add_loop_test(file, a_bad_line_spoils_the_file, 0, (int)ORBL_COUNT(bad));
	tcase_add_test(file, a_file_has_its_bounds);
	tcase_add_test(watch, without_a_file_the_list_is_fixed);
	tcase_add_test(watch, a_change_is_seen_within_a_second);
	tcase_add_test(watch, an_error_keeps_the_list_and_is_told_once);
	tcase_add_test(watch, a_kept_list_stands_in_for_the_file);
	suite_add_tcase(s, file);
	suite_add_tcase(s, watch);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
