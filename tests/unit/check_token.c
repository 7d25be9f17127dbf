#include "token.h"

#include <stdio.h>
#include <ctype.h>
#include <string.h>

#include "unit.h"

static const uint8_t key[TOKEN_KEY_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
enum { NOW = 1900000000, HOUR = 3600 };

static struct token
make(uint64_t id, uint8_t c, bool to_sender)
{
	return (struct token){.probe_id = id,
		.case_index = c,
		.hour = (uint16_t)(NOW / HOUR),
		.to_sender = to_sender};
}

START_TEST(round_trip)
{
	static const uint64_t ids[] = {1, 255, 256, (UINT64_C(1) << 40) - 1, 0x123456789a};

	for (size_t i = 0; i < ORBL_COUNT(ids); i++)
		for (int to_sender = 0; to_sender < 2; to_sender++) {
			struct token in = make(ids[i], (uint8_t)(i * 60), to_sender), out;
			char text[TOKEN_TEXT];

			token_format(&in, key, text);
			ck_assert_uint_eq(strlen(text), TOKEN_TEXT - 1);
			ck_assert_uint_eq(strspn(text, "abcdefghijklmnopqrstuvwxyz234567"),
				TOKEN_TEXT - 1);
			ck_assert_int_eq(token_parse(text_of(text), key, NOW, 72, &out), OK);
			ck_assert_uint_eq(out.probe_id, in.probe_id);
			ck_assert_uint_eq(out.case_index, in.case_index);
			ck_assert_uint_eq(out.hour, in.hour);
			ck_assert_int_eq(out.to_sender, in.to_sender);
		}
}
END_TEST

START_TEST(case_is_ignored)
{
	struct token in = make(77, 11, false), out;
	char text[TOKEN_TEXT];

	token_format(&in, key, text);
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = (char)toupper((unsigned char)text[i]);
	ck_assert_int_eq(token_parse(text_of(text), key, NOW, 72, &out), OK);
	ck_assert_uint_eq(out.probe_id, 77);
}
END_TEST

/* No single character can be changed: not the payload, not the code, not the padding. */
START_TEST(any_change_is_refused)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct token in = make(123456, 1, true), out;
	char text[TOKEN_TEXT];

	token_format(&in, key, text);
	for (size_t i = 0; i < TOKEN_TEXT - 1; i++) {
		char kept = text[i];

		for (size_t j = 0; j < 32; j++) {
			text[i] = alphabet[j];
			ck_assert_int_eq(token_parse(text_of(text), key, NOW, 72, &out),
				alphabet[j] == kept ? OK : ERR_REFUSED);
		}
		text[i] = kept;
	}
}
END_TEST

START_TEST(purposes_and_keys_differ)
{
	static const uint8_t other[TOKEN_KEY_BYTES] = {9};
	struct token in = make(5, 1, false), out;
	char recipient[TOKEN_TEXT], sender[TOKEN_TEXT];

	token_format(&in, key, recipient);
	in.to_sender = true;
	token_format(&in, key, sender);
	ck_assert_str_ne(recipient, sender);
	ck_assert_int_eq(strncmp(recipient, sender, 12), 0); /* the same payload */
	ck_assert_int_eq(token_parse(text_of(sender), other, NOW, 72, &out), ERR_REFUSED);
}
END_TEST

START_TEST(not_a_token)
{
	static const char *const bad[] = {"", "postmaster", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"0000000000000000000000000000", "aaaaaaaaaaaaaaaaaaaaaaaaaaa ",
		"zzzzzzzzzzzzz\x80\xff\x01zzzzzzzzzzzz"};
	struct token out;

	for (size_t i = 0; i < ORBL_COUNT(bad); i++)
		ck_assert_int_eq(token_parse(text_of(bad[i]), key, NOW, 72, &out), ERR_REFUSED);
}
END_TEST

static void
assert_age(int64_t then_s, int64_t now_s, enum err wanted)
{
	struct token in = make(5, 1, false), out;
	char text[TOKEN_TEXT];

	in.hour = (uint16_t)((uint64_t)then_s / HOUR);
	token_format(&in, key, text);
	ck_assert_int_eq(token_parse(text_of(text), key, now_s, 72, &out), wanted);
}

START_TEST(old_ones_are_refused)
{
	assert_age(NOW, NOW + 72 * HOUR, OK);
	assert_age(NOW, NOW + 74 * HOUR, ERR_RANGE);
	assert_age(NOW, NOW - HOUR / 2, OK); /* a clock set back a little */
	assert_age(NOW, NOW - 10 * HOUR, ERR_RANGE);
	/* the hour counter wraps at 65536 */
	assert_age((int64_t)65535 * HOUR, (int64_t)65540 * HOUR, OK);
	assert_age((int64_t)65535 * HOUR, (int64_t)65636 * HOUR, ERR_RANGE);
}
END_TEST

/* Among what else stands in a returned message. */
START_TEST(find_in_text)
{
	struct token like = {.probe_id = 7, .case_index = 1, .hour = 9, .to_sender = true};
	struct token t = {.probe_id = 7, .case_index = 3, .hour = 9}, out;
	char text[512], a[TOKEN_TEXT], b[TOKEN_TEXT], sender[TOKEN_TEXT], foreign[TOKEN_TEXT];
	struct token_search search;
	struct text rest;

	token_format(&like, key, sender);
	token_format(&t, key, a);
	t.case_index = 4;
	token_format(&t, key, b);
	t.probe_id = 8;
	token_format(&t, key, foreign);
	for (char *p = b; *p != '\0'; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
	snprintf(text, sizeof(text), "From: <%s@x> %s %sa a%s\n <%s%%x@h>, d!%s", sender, foreign,
		a, a, a, b);
	rest = text_of(text);
	token_search_begin(&search, key, &like);
	ck_assert(token_find(&rest, &search, &out));
	ck_assert_uint_eq(out.case_index, 3);
	ck_assert(!out.to_sender);
	ck_assert(token_find(&rest, &search, &out));
	ck_assert_uint_eq(out.case_index, 4);
	ck_assert(!token_find(&rest, &search, &out));
	rest = text_of(text);
	like.hour = 10; /* another run of it */
	token_search_begin(&search, key, &like);
	ck_assert(!token_find(&rest, &search, &out));
	rest = TEXT_NONE;
	ck_assert(!token_find(&rest, &search, &out));
}
END_TEST

/* Fifty words that look like ours, and then ours. */
START_TEST(forgeries_are_not_looked_at_for_ever)
{
	struct token like = {.probe_id = 7, .case_index = 1, .hour = 9, .to_sender = true};
	struct token t = {.probe_id = 7, .case_index = 3, .hour = 9}, out;
	char ours[TOKEN_TEXT], forged[TOKEN_TEXT],
		text[(TOKEN_CANDIDATES_MAX + 1) * TOKEN_TEXT + 1];
	struct token_search search;
	struct text rest;

	token_format(&t, key, ours);
	token_format(&t, (const uint8_t[TOKEN_KEY_BYTES]){99}, forged);
	for (int before = TOKEN_CANDIDATES_MAX - 1; before <= TOKEN_CANDIDATES_MAX; before++) {
		text[0] = '\0';
		for (int i = 0; i < before; i++)
			snprintf(text + strlen(text), TOKEN_TEXT + 1, "%s ", forged);
		snprintf(text + strlen(text), TOKEN_TEXT, "%s", ours);
		rest = text_of(text);
		token_search_begin(&search, key, &like);
		ck_assert(token_find(&rest, &search, &out) == (before < TOKEN_CANDIDATES_MAX));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("token");
	TCase *form = tcase_create("form"), *forgery = tcase_create("forgery");

	tcase_add_test(form, round_trip);
	tcase_add_test(form, find_in_text);
	tcase_add_test(forgery, forgeries_are_not_looked_at_for_ever);
	tcase_add_test(form, case_is_ignored);
	tcase_add_test(form, old_ones_are_refused);
	tcase_add_test(forgery, any_change_is_refused);
	tcase_add_test(forgery, purposes_and_keys_differ);
	tcase_add_test(forgery, not_a_token);
	suite_add_tcase(s, form);
	suite_add_tcase(s, forgery);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
