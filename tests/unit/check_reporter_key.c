#include "reporter_key.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

START_TEST(keys_differ_and_are_letters)
{
	char one[REPORTER_KEY], two[REPORTER_KEY];

	reporter_key_make(one);
	reporter_key_make(two);
	ck_assert_uint_eq(strlen(one), 32);
	ck_assert_uint_eq(strspn(one, "abcdefghijklmnopqrstuvwxyz234567"), 32);
	ck_assert_str_ne(one, two);
}
END_TEST

/* All 160 bits are in it: each place has many letters. */
START_TEST(each_place_of_a_key_is_random)
{
	uint32_t seen[32] = {0};
	char key[REPORTER_KEY];

	for (int i = 0; i < 400; i++) {
		reporter_key_make(key);
		for (int k = 0; k < 32; k++)
			seen[k] |= UINT32_C(1)
				<< (key[k] >= 'a' ? key[k] - 'a' : key[k] - '2' + 26);
	}
	for (int k = 0; k < 32; k++)
		ck_assert_int_ge(__builtin_popcount(seen[k]), 28);
}
END_TEST

/* BLAKE2b-256 of "abc", as b2sum -l 256 prints it. */
START_TEST(the_hash_is_blake2b)
{
	char hash[REPORTER_KEY_HASH];

	reporter_key_hash("abc", hash);
	ck_assert_str_eq(hash, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	ck_assert(reporter_key_is_hash(hash));
	ck_assert(!reporter_key_is_hash(""));
	ck_assert(!reporter_key_is_hash("abc"));
	hash[63] = 'g';
	ck_assert(!reporter_key_is_hash(hash));
}
END_TEST

START_TEST(a_key_fits_its_hash_alone)
{
	char key[REPORTER_KEY], other[REPORTER_KEY], hash[REPORTER_KEY_HASH];

	reporter_key_make(key);
	reporter_key_make(other);
	reporter_key_hash(key, hash);
	ck_assert(reporter_key_fits(key, hash));
	ck_assert(!reporter_key_fits(other, hash));
	ck_assert(!reporter_key_fits(NULL, hash));
	ck_assert(!reporter_key_fits("", hash));
	ck_assert(!reporter_key_fits(hash, hash));
	ck_assert(!reporter_key_fits(key, ""));
	ck_assert(!reporter_key_fits(key, "12"));
	reporter_key_hash("", hash); /* nobody has an empty key */
	ck_assert(!reporter_key_fits("", hash));
}
END_TEST

static enum err
read_key(const char *text, size_t len, mode_t mode, char out[REPORTER_KEY])
{
	unlink("key");
	scratch_write("key", text, len);
	ck_assert_int_eq(chmod("key", mode), 0);
	return reporter_key_read("key", out, trouble());
}

START_TEST(a_key_is_read_from_a_file_that_is_private)
{
	static const char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567\r\n";
	char key[REPORTER_KEY];

	ck_ok(read_key(text, sizeof(text) - 1, 0600, key));
	ck_assert_str_eq(key, "abcdefghijklmnopqrstuvwxyz234567");
	ck_ok(read_key(text, 32, 0400, key));
	ck_assert_int_eq(read_key(text, 32, 0640, key), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "chmod 600"));
	ck_assert_int_eq(read_key(text, 32, 0604, key), ERR_REFUSED);
	ck_assert_int_eq(reporter_key_read("none", key, trouble()), ERR_IO);
	ck_assert_int_eq(reporter_key_read(".", key, trouble()), ERR_REFUSED);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_int_eq(reporter_key_read("pipe", key, trouble()), ERR_REFUSED);
}
END_TEST

START_TEST(what_is_no_key_is_told_so)
{
	static const char *const wrong[] = {"", "\n", "abc\n", "abcdefghijklmnopqrstuvwxyz23456\n",
		"abcdefghijklmnopqrstuvwxyz2345678\n", "abcdefghijklmnopqrstuvwxyz234561\n",
		"abcdefghijklmnopqrstuvwxyz234567\nmore\n",
		"key = \"abcdefghijklmnopqrstuvwxyz234567\"\n"};
	char key[REPORTER_KEY], big[300];

	for (size_t i = 0; i < ORBL_COUNT(wrong); i++) {
		ck_assert_int_eq(read_key(wrong[i], strlen(wrong[i]), 0600, key), ERR_SYNTAX);
		ck_assert_ptr_nonnull(strstr(trouble()->text, "orbl reporter key"));
	}
	ck_assert_int_eq(read_key("abcdefghijklmnopqrstuvwxyz23456\0", 32, 0600, key), ERR_SYNTAX);
	memset(big, 'a', sizeof(big));
	ck_assert_int_eq(read_key(big, sizeof(big), 0600, key), ERR_SYNTAX);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reporter_key");
	TCase *t = tcase_create("keys");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_test(t, keys_differ_and_are_letters);
	tcase_add_test(t, each_place_of_a_key_is_random);
	tcase_add_test(t, the_hash_is_blake2b);
	tcase_add_test(t, a_key_fits_its_hash_alone);
	tcase_add_test(t, a_key_is_read_from_a_file_that_is_private);
	tcase_add_test(t, what_is_no_key_is_told_so);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
