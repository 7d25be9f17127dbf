#include <errno.h>
#include <string.h>

#include <orbl/err.h>

#include "unit.h"

START_TEST(names_are_distinct)
{
	for (int i = OK; i <= ERR_UNSUPPORTED; i++) {
		ck_assert_str_ne(err_name((enum err)i), "unknown");
		for (int k = OK; k < i; k++)
			ck_assert_str_ne(err_name((enum err)i), err_name((enum err)k));
	}
	ck_assert_str_eq(err_name((enum err)(ERR_UNSUPPORTED + 1)), "unknown");
	ck_assert_str_eq(err_name((enum err) - 1), "unknown");
	ck_assert_str_eq(err_name(ERR_NOT_FOUND), "not-found");
}
END_TEST

START_TEST(set)
{
	struct error e;

	ck_assert_int_eq(error_set(&e, ERR_RANGE, "%s:%u: too big", "a.conf", 7U), ERR_RANGE);
	ck_assert_int_eq(e.code, ERR_RANGE);
	ck_assert_str_eq(e.text, "a.conf:7: too big");
	ck_assert_int_eq(error_set(NULL, ERR_RANGE, "unseen"), ERR_RANGE);
}
END_TEST

START_TEST(text_is_printable)
{
	struct error e;

	error_set(&e, ERR_SYNTAX, "no \"%s\"", "\x1b[2Jroot\n\xff");
	ck_assert_str_eq(e.text, "no \"?[2Jroot??\"");
	errno = EACCES;
	error_errno(&e, "%s", "a\tb");
	ck_assert_str_eq(e.text, "a?b: Permission denied");
}
END_TEST

START_TEST(long_text_is_cut)
{
	char name[2000];
	struct error e;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	error_set(&e, ERR_IO, "%s", name);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
	errno = EIO;
	ck_assert_int_eq(error_errno(&e, "%s", name), ERR_IO);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
}
END_TEST

START_TEST(system_errors)
{
	static const struct {
		int number;
		enum err wanted;
	} table[] = {{ENOSPC, ERR_FULL}, {EDQUOT, ERR_FULL}, {EIO, ERR_IO}, {ENOENT, ERR_IO}};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(table); i++) {
		errno = table[i].number;
		ck_assert_int_eq(error_errno(&e, "write"), table[i].wanted);
		ck_assert_int_eq(e.code, table[i].wanted);
		ck_assert_ptr_nonnull(strstr(e.text, strerror(table[i].number)));
		errno = table[i].number;
		ck_assert_int_eq(error_errno(NULL, "write"), table[i].wanted);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("err");
	TCase *codes = tcase_create("codes"), *texts = tcase_create("texts");

	tcase_add_test(codes, names_are_distinct);
	tcase_add_test(codes, system_errors);
	suite_add_tcase(s, codes);
	tcase_add_test(texts, set);
	tcase_add_test(texts, text_is_printable);
	tcase_add_test(texts, long_text_is_cut);
	suite_add_tcase(s, texts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
