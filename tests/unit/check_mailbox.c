#include "mailbox.h"

#include <string.h>

#include "unit.h"

static struct parse_state state;

START_TEST(plain)
{
	static const char *const good[] = {"", "a", "a@b.example", "a%c!d@[192.0.2.1]",
		"j\xfcrgen@b", "(a),b:c\\d"};
	static const char *const bad[] = {" ", "a b", "a\tb", "a\x7f", "\"a\"@b", "a;b", "a<b",
		"a>b", "a\nb"};

	for (size_t i = 0; i < ORBL_COUNT(good); i++)
		ck_assert_msg(mailbox_is_plain(text_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ORBL_COUNT(bad); i++)
		ck_assert_msg(!mailbox_is_plain(text_of(bad[i])), "%s", bad[i]);
	ck_assert(!mailbox_is_plain(TEXT("a\0b")));
}
END_TEST

START_TEST(taken)
{
	static const struct {
		const char *text, *address, *rest;
	} rows[] = {
		{">", "", ""},
		{"a@b> to=<c>", "a@b", " to=<c>"},
		{"\"a> to=<b\"@c> d", "\"a> to=<b\"@c", " d"},
		{"\"a\\\">\\\\\"@c>", "\"a\\\">\\\\\"@c", ""},
		{"\"\">x", "\"\"", "x"},
		{"@x> <y:\"a> b\"@c> d", "@x> <y:\"a> b\"@c", " d"},
		{"@x y:a@c> d", "@x y:a@c", " d"},
		{"@x@c> d", "@x@c", " d"},
	};
	struct text rest = text_of(rows[_i].text), address;

	ck_assert(mailbox_take(&rest, &address));
	ck_assert(text_equal(address, text_of(rows[_i].address)));
	ck_assert(text_equal(rest, text_of(rows[_i].rest)));
}
END_TEST

START_TEST(refused)
{
	static const char *const rows[] = {"", "a", "a b>", "a\">", "a;b>", "a<b>", "a@b\" to=<c>",
		"\"", "\"\"", "\"a", "\"a>", "\"a\\\">", "\"a\\", "\"a\"", "\"a\"b>", "\"a\" @b>",
		"\"a\".b@c>", "\"a\"@", "\"a\"@b c>", "\"a\"@\"b\">", "a.\"b\"@c>", "@x: a>",
		"@x:\"a>", "@x y>"};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct text rest = text_of(rows[i]), address;

		ck_assert_msg(!mailbox_take(&rest, &address), "%s", rows[i]);
		ck_assert(text_equal(rest, text_of(rows[i])));
	}
}
END_TEST

START_TEST(dequoted)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"", ""},
		{"a@b", "a@b"},
		{"\"a b\"@c", "a b@c"},
		{"\"a\\\"\\\\b\"@c", "a\"\\b@c"},
		{"\"\"@c", "@c"},
		{"\"\"", ""},
		{"\"a\"@\"b\"", "a@\"b\""},
		{"\"a", "\"a"},
		{"\"a\\", "\"a\\"},
		{"\"a\"b", "\"a\"b"},
		{"a\"b\"@c", "a\"b\"@c"},
		{"@x y:\" a\\\"b\"@c", "@x y: a\"b@c"},
		{"@x y:a@c", "@x y:a@c"},
		{"@x:\"a", "@x:\"a"},
	};
	struct text out;

	state.used = 0;
	ck_assert(mailbox_dequote(text_of(rows[_i].text), &state, &out));
	ck_assert(text_equal(out, text_of(rows[_i].wanted)));
	ck_assert_ptr_nonnull(out.p);
}
END_TEST

START_TEST(scratch_is_bounded)
{
	static char quoted[PARSE_SCRATCH_SIZE + 1];
	struct text t = {quoted, PARSE_SCRATCH_SIZE}, out;

	memset(quoted, 'x', sizeof(quoted));
	quoted[0] = quoted[PARSE_SCRATCH_SIZE - 1] = '"';
	state.used = 0;
	ck_assert(mailbox_dequote(t, &state, &out));
	ck_assert_uint_eq(out.len, PARSE_SCRATCH_SIZE - 2);
	ck_assert_uint_eq(state.used, PARSE_SCRATCH_SIZE - 2);
	ck_assert(!mailbox_dequote(TEXT("\"a\""), &state, &out));
	ck_assert(mailbox_dequote(TEXT("\"\""), &state, &out));
	ck_assert(mailbox_dequote(TEXT("plain"), &state, &out));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("mailbox");
	TCase *take = tcase_create("take"), *quotes = tcase_create("quotes");

	tcase_add_test(take, plain);
	tcase_add_loop_test(take, taken, 0, 8);
	tcase_add_test(take, refused);
	suite_add_tcase(s, take);
	tcase_add_loop_test(quotes, dequoted, 0, 14);
	tcase_add_test(quotes, scratch_is_bounded);
	suite_add_tcase(s, quotes);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
