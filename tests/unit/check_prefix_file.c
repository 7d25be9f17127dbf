#include "prefix_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer_fixture.h"
#include "prefix_set.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000 };

/* --- lines ------------------------------------------------------------------ */

static const struct {
	const char *text;
	const char *rows; /* "LINE PREFIX NAME\n" each */
} good[] = {
	{"", ""},
	{"\n\r\n# x\n  ; y\n", ""},
	{"192.0.2.0/24\n", "1 192.0.2.0/24 \n"},
	{"192.0.2.1", "1 192.0.2.1 \n"},
	{"\n\t192.0.2.1 \t Example Bank, Ltd. \r\n", "2 192.0.2.1 Example Bank, Ltd.\n"},
	{"192.0.2.1 # Bank\n192.0.2.2;\n", NULL},
	{"192.0.2.1 # Bank\n192.0.2.2 ; Post\n", "1 192.0.2.1 Bank\n2 192.0.2.2 Post\n"},
	{"192.0.2.7/24 cleared\n", "1 192.0.2.0/24 cleared\n"},
	{"2001:db8::1/32 Six\n", "1 2001:db8::/32 Six\n"},
	{"2001:db8::1\n::1 us\n", "1 2001:db8::1 \n2 ::1 us\n"},
	{"::ffff:192.0.2.1\n", "1 192.0.2.1 \n"},
	/* rbldnsd */
	{":127.0.0.2:everything\n$SOA 1 a b 0 1 1 1 1\n$NS 1 ns\n!192.0.2.9\n::a b\n", "5 ::a b\n"},
	{"192.0.2.0/24 :127.0.5.1:Name of it\n", "1 192.0.2.0/24 Name of it\n"},
	{"192.0.2.0/24:127.0.5.1:Name\n", "1 192.0.2.0/24 Name\n"},
	{"192.0.2.1:5:\n192.0.2.2:5\n", "1 192.0.2.1 \n2 192.0.2.2 \n"},
	{"2001:db8::/48 :127.0.5.1:Six\n", "1 2001:db8::/48 Six\n"},
	/* ranges */
	{"192.0.2.1-192.0.2.1 one\n", "1 192.0.2.1 one\n"},
	{"192.0.2.0-192.0.2.255\n", "1 192.0.2.0/24 \n"},
	{"192.0.2.1-192.0.2.6 a\n",
		"1 192.0.2.1 a\n1 192.0.2.2/31 a\n1 192.0.2.4/31 a\n1 192.0.2.6 a\n"},
	{"255.255.255.254-255.255.255.255\n", "1 255.255.255.254/31 \n"},
	{"192.0.2.1 b\x1b[31m\xff\n", "1 192.0.2.1 b?[31m?\n"},
};

START_TEST(a_safe_file_has_names)
{
	struct prefix_rows rows;
	char out[512] = "", prefix[PREFIX_TEXT];
	size_t n = 0;
	enum err err = prefix_rows_parse(text_of(good[_i].text), "f", PREFIX_FILE_SAFE, &rows,
		trouble());

	if (good[_i].rows == NULL) {
		ck_assert_int_ne(err, OK);
		return;
	}
	ck_assert_msg(err == OK, "%s", trouble()->text);
	for (size_t i = 0; i < rows.count; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%u %s %s\n", rows.rows[i].line,
			prefix_format(&rows.rows[i].prefix, prefix),
			rows.names + rows.rows[i].name);
	ck_assert_str_eq(out, good[_i].rows);
	prefix_rows_free(&rows);
}
END_TEST

static const struct {
	const char *text, *error;
} bad[] = {
	{"192.0.2.1\nmail.example\n", "f:2: \"mail.example\" is neither an address nor a prefix"},
	{"0.0.0.0/0 all of it\n", "f:1: 0.0.0.0/0 is too wide"},
	{"10.0.0.0/7\n", "f:1: 10.0.0.0/7 is too wide"},
	{"0.0.0.0-255.255.255.255\n", "f:1: 0.0.0.0/0 is too wide"},
	{"::/0\n", "f:1: ::/0 is too wide"},
	{"2000::/3\n", "f:1: 2000::/3 is too wide"},
	{"192.0.2.9-192.0.2.1\n", "f:1: a range ends before it begins"},
	{"192.0.2.1-::2\n", "f:1: "},
	{"192.0.2.0/33\n", "f:1: "},
	{"192.0.2.0/\n", "f:1: "},
	{"192.0.2\n", "f:1: "},
	{"-\n", "f:1: "},
	{"192.0.2.1,192.0.2.2\n", "f:1: "},
};

START_TEST(a_bad_line_spoils_a_safe_file)
{
	struct prefix_rows rows;

	ck_assert_int_ne(prefix_rows_parse(text_of(bad[_i].text), "f", PREFIX_FILE_SAFE, &rows,
				 trouble()),
		OK);
	ck_assert_msg(strncmp(trouble()->text, bad[_i].error, strlen(bad[_i].error)) == 0, "%s",
		trouble()->text);
	ck_assert_uint_eq(rows.count, 0);
	ck_assert_ptr_null(rows.rows);
}
END_TEST

START_TEST(a_plain_file_is_strict)
{
	static const char *const texts[] = {"192.0.2.1 name\n", "192.0.2.1/24\n", "!192.0.2.1\n",
		"192.0.2.1-192.0.2.2\n", ":127.0.0.2:x\n", "; x\n"};
	struct prefix_rows rows;

	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		ck_assert_msg(prefix_rows_parse(text_of(texts[i]), "f", PREFIX_FILE_PLAIN, &rows,
				      NULL) != OK,
			"%s", texts[i]);
	ck_ok(prefix_rows_parse(TEXT("0.0.0.0/0 # all\n"), "f", PREFIX_FILE_PLAIN, &rows,
		trouble()));
	ck_assert_uint_eq(rows.count, 1);
	prefix_rows_free(&rows);
}
END_TEST

START_TEST(many_rows)
{
	enum { COUNT = 20000 };
	char *text = malloc(COUNT * 40);
	struct prefix_rows rows;
	size_t n = 0;

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < COUNT; i++)
		n += (size_t)snprintf(text + n, 40, "10.%u.%u.0/24 Name %u\n", i >> 8, i & 255, i);
	ck_ok(prefix_rows_parse((struct text){text, n}, "f", PREFIX_FILE_SAFE, &rows, trouble()));
	ck_assert_uint_eq(rows.count, COUNT);
	ck_assert_str_eq(rows.names + rows.rows[COUNT - 1].name, "Name 19999");
	prefix_rows_free(&rows);
	free(text);
}
END_TEST

/* --- following a file --------------------------------------------------------- */

static void
write_file(const char *text)
{
	scratch_write("list", text, strlen(text));
}

START_TEST(a_file_is_followed)
{
	struct error e = {.code = OK};
	struct prefix_file f;

	prefix_file_init(&f, "list", PREFIX_FILE_SAFE);
	ck_assert_int_eq(prefix_file_refresh(&f, NOW, &e), ERR_IO);
	ck_assert_uint_eq(f.generation, 0);
	write_file("192.0.2.1\n192.0.2.2\n");
	ck_ok(prefix_file_refresh(&f, NOW, trouble())); /* not twice in a second */
	ck_assert_uint_eq(f.generation, 0);
	ck_ok(prefix_file_refresh(&f, NOW + 1, trouble()));
	ck_assert_uint_eq(f.rows.count, 2);
	ck_assert_uint_eq(f.generation, 1);
	ck_assert_int_eq(f.since_s, NOW + 1);
	ck_ok(prefix_file_refresh(&f, NOW + 2, trouble()));
	ck_assert_uint_eq(f.generation, 1);
	write_file("192.0.2.1\nbad\n");
	ck_assert_int_eq(prefix_file_refresh(&f, NOW + 3, &e), ERR_SYNTAX);
	ck_assert_str_eq(prefix_file_trouble(&f), e.text);
	ck_ok(prefix_file_refresh(&f, NOW + 4, trouble())); /* it is told once */
	ck_assert_uint_eq(f.rows.count, 2);
	write_file("192.0.2.1\n192.0.2.2\n192.0.2.3\n");
	ck_ok(prefix_file_refresh(&f, NOW + 5, trouble()));
	ck_assert_uint_eq(f.rows.count, 3);
	ck_assert_str_eq(prefix_file_trouble(&f), "");
	prefix_file_close(&f);
}
END_TEST

/* A writer that was interrupted must not open the door. */
START_TEST(a_safe_file_does_not_become_empty)
{
	struct error e = {.code = OK};
	struct prefix_file f;

	write_file("# nobody yet\n");
	prefix_file_init(&f, "list", PREFIX_FILE_SAFE);
	ck_ok(prefix_file_refresh(&f, NOW, trouble()));
	write_file("192.0.2.1\n");
	ck_ok(prefix_file_refresh(&f, NOW + 1, trouble()));
	write_file("");
	ck_assert_int_eq(prefix_file_refresh(&f, NOW + 2, &e), ERR_CORRUPT);
	ck_assert_uint_eq(f.rows.count, 1);
	prefix_file_close(&f);
	write_file("192.0.2.1\n");
	prefix_file_init(&f, "list", PREFIX_FILE_PLAIN);
	ck_ok(prefix_file_refresh(&f, NOW, trouble()));
	write_file("");
	ck_ok(prefix_file_refresh(&f, NOW + 1, trouble()));
	ck_assert_uint_eq(f.rows.count, 0);
	prefix_file_close(&f);
}
END_TEST

/* --- sets ------------------------------------------------------------------------- */

static struct prefix
random_prefix(void)
{
	struct prefix p = {.addr = addr_from_ipv4(0xc0000200U | (uint32_t)(rand() & 0xff)),
		.len = (uint8_t)(24 + rand() % 9)};

	if (rand() % 4 == 0) {
		p.addr = (struct addr){6, {0x20, 1, 0xd, 0xb8, [15] = (uint8_t)rand()}};
		p.len = (uint8_t)(120 + rand() % 9);
	}
	for (unsigned bit = p.len; bit < (p.addr.family == 4 ? 32 : 128); bit++)
		p.addr.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static bool
overlap(const struct prefix *a, const struct prefix *b)
{
	return prefix_holds(a, b) || prefix_holds(b, a);
}

/* Against the plain way: look at each. */
START_TEST(a_set_finds_what_there_is)
{
	srand((unsigned)_i);
	for (int round = 0; round < 200; round++) {
		size_t count = (size_t)(rand() % 12);
		struct prefix_item *items = calloc(count + 1, sizeof(*items)), *copy;
		struct prefix_set set;

		copy = calloc(count + 1, sizeof(*copy));
		ck_assert(items != NULL && copy != NULL);
		for (size_t i = 0; i < count; i++)
			items[i] = copy[i] = (struct prefix_item){random_prefix(), (uint32_t)i};
		prefix_set_make(&set, items, count);
		for (int ask = 0; ask < 50; ask++) {
			struct prefix p = random_prefix();
			const struct prefix_item *found = prefix_set_find(&set, &p);
			bool is_there = false;

			for (size_t i = 0; i < count; i++)
				is_there = is_there || overlap(&copy[i].prefix, &p);
			ck_assert_int_eq(found != NULL, is_there);
			ck_assert(found == NULL || overlap(&found->prefix, &p));
		}
		prefix_set_free(&set);
		free(copy);
	}
}
END_TEST

START_TEST(an_empty_set)
{
	struct prefix p = fixture_prefix("0.0.0.0/0");
	struct prefix_set set;

	prefix_set_make(&set, NULL, 0);
	ck_assert_ptr_null(prefix_set_find(&set, &p));
	prefix_set_free(&set);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prefix_file");
	TCase *lines = tcase_create("lines"), *following = tcase_create("following"),
	      *sets = tcase_create("sets");

	tcase_add_loop_test(lines, a_safe_file_has_names, 0, (int)ORBL_COUNT(good));
	tcase_add_loop_test(lines, a_bad_line_spoils_a_safe_file, 0, (int)ORBL_COUNT(bad));
	tcase_add_test(lines, a_plain_file_is_strict);
	tcase_add_test(lines, many_rows);
	suite_add_tcase(s, lines);
	tcase_add_checked_fixture(following, scratch_enter, scratch_leave);
	tcase_add_test(following, a_file_is_followed);
	tcase_add_test(following, a_safe_file_does_not_become_empty);
	suite_add_tcase(s, following);
	tcase_add_loop_test(sets, a_set_finds_what_there_is, 0, 8);
	tcase_add_test(sets, an_empty_set);
	suite_add_tcase(s, sets);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
