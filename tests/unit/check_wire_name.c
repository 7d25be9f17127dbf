#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "wire_name.h"

static struct {
	const char *text, *wire;
	size_t len;
} const good[] = {
	{"", "", 1},
	{".", "", 1},
	{"a", "\1a", 3},
	{"a.", "\1a", 3},
	{"Dnsbl.Example.com", "\5Dnsbl\7Example\3com", 19},
	{"a\\.b.c", "\3a.b\1c", 7},
	{"a\\046b", "\3a.b", 5},
	{"\\255", "\1\377", 3},
	{"_status.dnsbl.test.", "\7_status\5dnsbl\4test", 20},
};

START_TEST(parses_names)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	ck_assert_int_eq(wire_name_parse(text_of(good[_i].text), wire, &len), OK);
	ck_assert_uint_eq(len, good[_i].len);
	ck_assert_mem_eq(wire, good[_i].wire, len);
}
END_TEST

static const char *const bad[] = {"..", ".a", "a..b", "a..", "\\", "a\\", "\\2", "\\25", "\\256",
	"\\2x5", "\\999"};

START_TEST(refuses_what_is_no_name)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	ck_assert_int_eq(wire_name_parse(text_of(bad[_i]), wire, &len), ERR_SYNTAX);
}
END_TEST

START_TEST(bounds_labels_to_63_bytes)
{
	char label[65];
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	memset(label, 'x', sizeof(label));
	ck_assert_int_eq(wire_name_parse((struct text){label, 63}, wire, &len), OK);
	ck_assert_uint_eq(len, 65);
	ck_assert_int_eq(wire_name_parse((struct text){label, 64}, wire, &len), ERR_RANGE);
}
END_TEST

/* 127 labels of one byte are 255 bytes with the root. */
START_TEST(bounds_names_to_255_bytes)
{
	char text[300] = "";
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	for (int i = 0; i < 127; i++)
		memcpy(text + 2 * i, "a.", 3);
	ck_assert_int_eq(wire_name_parse(text_of(text), wire, &len), OK);
	ck_assert_uint_eq(len, 255);
	ck_assert_uint_eq(wire_name_labels(wire), 127);
	memcpy(text + 254, "a", 2);
	ck_assert_int_eq(wire_name_parse(text_of(text), wire, &len), ERR_RANGE);
	memcpy(text + 254, "a.a.a.a", 8);
	ck_assert_int_eq(wire_name_parse(text_of(text), wire, &len), ERR_RANGE);
	memcpy(text + 253, "b", 2);
	ck_assert_int_eq(wire_name_parse(text_of(text), wire, &len), ERR_RANGE);
}
END_TEST

START_TEST(formats_and_parses_back)
{
	uint8_t wire[WIRE_NAME_MAX], again[WIRE_NAME_MAX];
	char text[WIRE_NAME_TEXT];
	size_t len, len_again;

	ck_assert_int_eq(wire_name_parse(TEXT("a\\.b\\000.C-1.\\200"), wire, &len), OK);
	wire_name_format(wire, text);
	ck_assert_str_eq(text, "a\\046b\\000.C-1.\\200");
	ck_assert_int_eq(wire_name_parse(text_of(text), again, &len_again), OK);
	ck_assert_uint_eq(len, len_again);
	ck_assert_mem_eq(wire, again, len);
	ck_assert_str_eq(wire_name_format((const uint8_t *)"", text), ".");
}
END_TEST

/* The longest text there can be: every byte escaped. */
START_TEST(formats_the_longest_name)
{
	uint8_t wire[WIRE_NAME_MAX];
	char text[WIRE_NAME_TEXT];

	memset(wire, 0xff, sizeof(wire));
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	wire[254] = 0;
	ck_assert_uint_eq(strlen(wire_name_format(wire, text)), 250 * 4 + 3);
}
END_TEST

START_TEST(lowers_letters_only)
{
	uint8_t all[256], wanted[256];

	for (unsigned i = 0; i < 256; i++) {
		all[i] = (uint8_t)i;
		wanted[i] = (uint8_t)(i >= 'A' && i <= 'Z' ? i + 32 : i);
	}
	wire_name_lower(all, sizeof(all));
	ck_assert_mem_eq(all, wanted, sizeof(all));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wire_name");
	TCase *parse = tcase_create("parse"), *format = tcase_create("format");

	tcase_add_loop_test(parse, parses_names, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(parse, refuses_what_is_no_name, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(parse, bounds_labels_to_63_bytes);
	tcase_add_test(parse, bounds_names_to_255_bytes);
	tcase_add_test(format, formats_and_parses_back);
	tcase_add_test(format, formats_the_longest_name);
	tcase_add_test(format, lowers_letters_only);
	suite_add_tcase(s, parse);
	suite_add_tcase(s, format);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
