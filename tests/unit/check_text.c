#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "unit.h"

#define ASSERT_TEXT(wanted, got) ck_assert(text_equal(text_of(wanted), (got)))

START_TEST(of_and_none)
{
	ck_assert_uint_eq(text_of(NULL).len, 0);
	ck_assert_ptr_null(text_of(NULL).p);
	ck_assert_uint_eq(text_of("").len, 0);
	ck_assert_uint_eq(TEXT("a\0b").len, 3);
	ck_assert(text_equal(TEXT_NONE, TEXT("")));
}
END_TEST

START_TEST(trim)
{
	ASSERT_TEXT("a b", text_trim(TEXT(" \t a b\t ")));
	ASSERT_TEXT("", text_trim(TEXT(" \t ")));
	ASSERT_TEXT("\n", text_trim(TEXT(" \n ")));
	ck_assert_uint_eq(text_trim(TEXT_NONE).len, 0);
}
END_TEST

START_TEST(from_and_upto)
{
	struct text t = TEXT("abc");

	ASSERT_TEXT("bc", text_from(t, 1));
	ASSERT_TEXT("", text_from(t, 3));
	ASSERT_TEXT("", text_from(t, SIZE_MAX));
	ck_assert_ptr_eq(text_from(t, 99).p, t.p + 3);
	ASSERT_TEXT("ab", text_upto(t, 2));
	ASSERT_TEXT("abc", text_upto(t, SIZE_MAX));
	ck_assert_uint_eq(text_from(TEXT_NONE, 1).len, 0);
	ck_assert_uint_eq(text_upto(TEXT_NONE, 1).len, 0);
}
END_TEST

START_TEST(equality)
{
	ck_assert(text_equal(TEXT("a\0b"), TEXT("a\0b")));
	ck_assert(!text_equal(TEXT("a\0b"), TEXT("a\0c")));
	ck_assert(!text_equal(TEXT("ab"), TEXT("a")));
	ck_assert(text_equal_nocase(TEXT("Relay.EXAMPLE"), TEXT("rELAY.example")));
	ck_assert(!text_equal_nocase(TEXT("["), TEXT("{"))); /* one bit apart, no letters */
	ck_assert(!text_equal_nocase(TEXT("\xc3\x84"), TEXT("\xc3\xa4")));
	ck_assert(!text_equal_nocase(TEXT("ab"), TEXT("a")));
}
END_TEST

START_TEST(prefix_and_suffix)
{
	ck_assert(text_has_prefix(TEXT("abc"), TEXT("ab")));
	ck_assert(text_has_prefix(TEXT("abc"), TEXT_NONE));
	ck_assert(!text_has_prefix(TEXT("ab"), TEXT("abc")));
	ck_assert(text_has_suffix(TEXT("abc"), TEXT("bc")));
	ck_assert(text_has_suffix(TEXT("abc"), TEXT("")));
	ck_assert(!text_has_suffix(TEXT("bc"), TEXT("abc")));
	ck_assert(!text_has_suffix(TEXT("abc"), TEXT("ab")));
}
END_TEST

START_TEST(finding)
{
	struct text t = TEXT("abcabc");

	ck_assert_uint_eq(text_find(t, TEXT("bc")), 1);
	ck_assert_uint_eq(text_rfind(t, TEXT("bc")), 4);
	ck_assert_uint_eq(text_find(t, TEXT("cb")), SIZE_MAX);
	ck_assert_uint_eq(text_rfind(t, TEXT("cb")), SIZE_MAX);
	ck_assert_uint_eq(text_rfind(t, TEXT("abcabc")), 0);
	ck_assert_uint_eq(text_find(TEXT("ab"), TEXT("abc")), SIZE_MAX);
	ck_assert_uint_eq(text_rfind(TEXT("ab"), TEXT("abc")), SIZE_MAX);
	ck_assert_uint_eq(text_find(t, TEXT("")), 0);
	ck_assert_uint_eq(text_rfind(t, TEXT("")), 6);
	ck_assert_uint_eq(text_find(TEXT_NONE, TEXT("")), 0);
	ck_assert_uint_eq(text_find_byte(t, 'c'), 2);
	ck_assert_uint_eq(text_find_byte(t, 'x'), SIZE_MAX);
	ck_assert_uint_eq(text_find_byte(TEXT("a\0b"), '\0'), 1);
	ck_assert_uint_eq(text_find_byte(TEXT_NONE, 'x'), SIZE_MAX);
	/* Not past the slice, although the bytes go on. */
	ck_assert_uint_eq(text_find_byte(text_upto(t, 2), 'c'), SIZE_MAX);
	ck_assert_uint_eq(text_find(text_upto(t, 2), TEXT("bc")), SIZE_MAX);
}
END_TEST

START_TEST(cutting)
{
	struct text rest = TEXT("a,,b");

	ASSERT_TEXT("a", text_cut(&rest, ','));
	ASSERT_TEXT("", text_cut(&rest, ','));
	ASSERT_TEXT("b", text_cut(&rest, ','));
	ck_assert_uint_eq(rest.len, 0);
	ASSERT_TEXT("", text_cut(&rest, ','));
	rest = TEXT("a,");
	ASSERT_TEXT("a", text_cut(&rest, ','));
	ck_assert_uint_eq(rest.len, 0);
	rest = TEXT_NONE;
	ck_assert_uint_eq(text_cut(&rest, ',').len, 0);
}
END_TEST

START_TEST(lines)
{
	static const char *const wanted[] = {"one", "", "two\rx", "three"};
	struct text rest = TEXT("one\r\n\ntwo\rx\nthree"), line;

	for (size_t i = 0; i < ORBL_COUNT(wanted); i++) {
		ck_assert(text_next_line(&rest, &line));
		ASSERT_TEXT(wanted[i], line);
	}
	ck_assert(!text_next_line(&rest, &line));
	rest = TEXT("a\n");
	ck_assert(text_next_line(&rest, &line));
	ck_assert(!text_next_line(&rest, &line));
}
END_TEST

static const struct {
	const char *text;
	uint64_t max;
	enum err wanted;
	uint64_t value;
} numbers[] = {
	{"0", 0, OK, 0},
	{"007", 9, OK, 7},
	{"18446744073709551615", UINT64_MAX, OK, UINT64_MAX},
	{"18446744073709551616", UINT64_MAX, ERR_RANGE, 0},
	{"99999999999999999999999999", UINT64_MAX, ERR_RANGE, 0},
	{"36893488147419103232", UINT64_MAX, ERR_RANGE, 0}, /* 2^65: wraps to 0 */
	{"99999999999999999999999999x", UINT64_MAX, ERR_SYNTAX, 0},
	{"256", 255, ERR_RANGE, 0},
	{"255", 255, OK, 255},
	{"", 9, ERR_SYNTAX, 0},
	{"-1", 9, ERR_SYNTAX, 0},
	{"+1", 9, ERR_SYNTAX, 0},
	{" 1", 9, ERR_SYNTAX, 0},
	{"1 ", 9, ERR_SYNTAX, 0},
	{"0x1", 9, ERR_SYNTAX, 0},
	{"1\xb2", 99, ERR_SYNTAX, 0},
};

START_TEST(to_u64)
{
	uint64_t value = 77;

	ck_assert_int_eq(text_to_u64(text_of(numbers[_i].text), numbers[_i].max, &value),
		numbers[_i].wanted);
	ck_assert_uint_eq(value, numbers[_i].wanted == OK ? numbers[_i].value : 77);
}
END_TEST

START_TEST(to_u64_slices)
{
	uint64_t value = 77;

	ck_assert_int_eq(text_to_u64(text_upto(TEXT("123"), 2), 99, &value), OK);
	ck_assert_uint_eq(value, 12);
	ck_assert_int_eq(text_to_u64(TEXT("1\0"), 9, &value), ERR_SYNTAX);
	ck_assert_int_eq(text_to_u64(TEXT_NONE, 9, &value), ERR_SYNTAX);
}
END_TEST

START_TEST(printable)
{
	char out[8];

	ck_assert_uint_eq(text_printable(TEXT("a\x1b[\n\0\x7f\xc3"), out, sizeof(out)), 7);
	ck_assert_str_eq(out, "a?[????");
	ck_assert_uint_eq(text_printable(TEXT("123456789"), out, sizeof(out)), 7);
	ck_assert_str_eq(out, "1234567");
	ck_assert_uint_eq(text_printable(TEXT(" ~"), out, sizeof(out)), 2);
	ck_assert_str_eq(out, " ~");
	ck_assert_uint_eq(text_printable(TEXT("x"), out, 1), 0);
	ck_assert_str_eq(out, "");
	out[0] = 'k';
	ck_assert_uint_eq(text_printable(TEXT("x"), out, 0), 0);
	ck_assert_int_eq(out[0], 'k');
	ck_assert_uint_eq(text_printable(TEXT_NONE, out, sizeof(out)), 0);
	ck_assert_str_eq(out, "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("text");
	TCase *slices = tcase_create("slices"), *search = tcase_create("search"),
	      *conversion = tcase_create("conversion");

	tcase_add_test(slices, of_and_none);
	tcase_add_test(slices, trim);
	tcase_add_test(slices, from_and_upto);
	tcase_add_test(slices, cutting);
	tcase_add_test(slices, lines);
	suite_add_tcase(s, slices);
	tcase_add_test(search, equality);
	tcase_add_test(search, prefix_and_suffix);
	tcase_add_test(search, finding);
	suite_add_tcase(s, search);
	tcase_add_loop_test(conversion, to_u64, 0, ORBL_COUNT(numbers));
	tcase_add_test(conversion, to_u64_slices);
	tcase_add_test(conversion, printable);
	suite_add_tcase(s, conversion);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
