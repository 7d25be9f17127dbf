#include <orbl/txt_template.h>

#include <stdio.h>
#include <string.h>

#include <orbl/conf.h>

#include "scratch.h"
#include "unit.h"

static const struct text values[TXT_VARIABLE_COUNT] = {
	[TXT_CODES] = TEXT("2,7"),
	[TXT_MEANING] = TEXT("open relay; bounces"),
	[TXT_URL] = TEXT("https://dnsbl.example/?a=\001"),
	[TXT_UNTIL] = TEXT("2026-12-22T08:30Z"),
	[TXT_ASN] = TEXT("64500"),
	[TXT_ASORG] = TEXT("Example \"Net\" \t\xc3\xa9"),
	[TXT_CC] = TEXT("SE"),
};

START_TEST(puts_values_in_their_places)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"[$codes] $meaning; see $url",
			"[2,7] open relay; bounces; see https://dnsbl.example/?a=\001"},
		{"until $until, AS$asn ($asorg, $cc)",
			"until 2026-12-22T08:30Z, AS64500 (Example \"Net\" ???, SE)"},
		{"plain", "plain"},
		{"$$codes", "$codes"},
		{"$$$codes$$", "$2,7$"},
		{"$codes$codes", "2,72,7"},
		{"$asn$asorg", "64500Example \"Net\" ???"},
		{"$codes.5 $cc-$CC", NULL},
		{"$codes.5 $cc-", "2,7.5 SE-"},
		{"tab\there", "tab?here"},
		{"", ""},
	};
	char out[256];

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct text t = text_of(rows[i].text);

		if (rows[i].wanted == NULL) {
			ck_assert_int_eq(txt_template_check(t, NULL), ERR_SYNTAX);
			continue;
		}
		ck_assert_int_eq(txt_template_check(t, NULL), OK);
		ck_assert_uint_eq(txt_template_fill(t, values, '\001', out, sizeof(out)),
			strlen(rows[i].wanted));
		ck_assert_str_eq(out, rows[i].wanted);
	}
}
END_TEST

START_TEST(names_a_variable_that_is_not_there)
{
	static const struct {
		const char *text, *named;
	} rows[] = {
		{"see $link", "\"$link\""},
		{"$codes $", "\"$\""},
		{"$asnumber", "\"$asnumber\""},
		{"$ codes", "\"$\""},
		{"$Codes", "\"$\""},
		{"${codes}", "\"$\""},
		{"$$$", "\"$\""},
	};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		ck_assert_int_eq(txt_template_check(text_of(rows[i].text), &e), ERR_SYNTAX);
		ck_assert_msg(strstr(e.text, rows[i].named) != NULL, "%s: %s", rows[i].text,
			e.text);
		ck_assert_ptr_nonnull(strstr(e.text, "$codes, $meaning"));
		ck_assert_ptr_nonnull(strstr(e.text, " and $cc;"));
	}
}
END_TEST

START_TEST(what_does_not_fit_is_cut)
{
	char out[6] = "xxxxx";

	for (size_t size = 1; size <= sizeof(out); size++) {
		ck_assert_uint_eq(txt_template_fill(TEXT("$meaning"), values, 0, out, size),
			size - 1);
		ck_assert_uint_eq(strlen(out), size - 1);
		ck_assert_int_eq(strncmp(out, "open relay", size - 1), 0);
	}
}
END_TEST

START_TEST(knows_what_it_uses)
{
	ck_assert(txt_template_uses(TEXT("a $asn"), TXT_ASN));
	ck_assert(!txt_template_uses(TEXT("a $asorg"), TXT_ASN));
	ck_assert(!txt_template_uses(TEXT("a $$asn"), TXT_ASN));
}
END_TEST

START_TEST(a_wrong_template_is_no_configuration)
{
	static const char bad[] = "zone.name = \"x.test\"\npublish.text = \"see $link\"\n";
	static const char good[] = "publish.text = \"AS$asn, see $url for $$ 5\"\n";
	struct error e = {.text = ""};
	struct conf *c;

	scratch_write("bad", bad, sizeof(bad) - 1);
	ck_assert_int_eq(conf_load("bad", &c, &e), ERR_SYNTAX);
	ck_assert_msg(strstr(e.text, "bad:2: publish.text: there is no variable \"$link\"") != NULL,
		"%s", e.text);
	scratch_write("good", good, sizeof(good) - 1);
	ck_assert_int_eq(conf_load("good", &c, &e), OK);
	ck_assert_str_eq(c->publish.text, "AS$asn, see $url for $$ 5");
	conf_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("txt_template");
	TCase *pure = tcase_create("pure"), *file = tcase_create("configuration");

	tcase_add_test(pure, puts_values_in_their_places);
	tcase_add_test(pure, names_a_variable_that_is_not_there);
	tcase_add_test(pure, what_does_not_fit_is_cut);
	tcase_add_test(pure, knows_what_it_uses);
	tcase_add_checked_fixture(file, scratch_enter, scratch_leave);
	tcase_add_test(file, a_wrong_template_is_no_configuration);
	suite_add_tcase(s, pure);
	suite_add_tcase(s, file);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
