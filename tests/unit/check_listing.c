#include <string.h>

#include <orbl/listing.h>

#include "unit.h"

/* The return codes are published: MTAs have them in their configuration. */
static const struct {
	enum category category;
	const char *name;
	uint32_t code;
	const char *subzone;
} published[] = {
	{CATEGORY_RELAY, "relay", 0x7f000002, "relays"},
	{CATEGORY_RELAY_INPUT, "relay-input", 0x7f000003, "relays"},
	{CATEGORY_SUSPECT, "suspect", 0x7f000004, "suspects"},
	{CATEGORY_RELAY_OUTPUT, "relay-output", 0x7f000005, "outputs"},
	{CATEGORY_UNTESTABLE, "untestable", 0x7f000006, "untestable"},
	{CATEGORY_BOUNCER, "bouncer", 0x7f000007, "bouncers"},
};

START_TEST(codes)
{
	const struct category_row *row = category_row(published[_i].category);
	enum category back = CATEGORY_COUNT;

	ck_assert_uint_eq(ORBL_COUNT(published), CATEGORY_COUNT);
	ck_assert_str_eq(row->name, published[_i].name);
	ck_assert_uint_eq(row->code, published[_i].code);
	ck_assert_str_eq(row->subzone, published[_i].subzone);
	ck_assert_uint_gt(strlen(row->meaning), 0);
	ck_assert_int_eq(category_by_name(text_of(row->name), &back), OK);
	ck_assert_int_eq(back, published[_i].category);
}
END_TEST

START_TEST(unknown_names)
{
	static const char *const names[] = {"", "Relay", "relay ", "rela", "relays", "relay-"};
	enum category c = CATEGORY_BOUNCER;

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		ck_assert_int_eq(category_by_name(text_of(names[i]), &c), ERR_NOT_FOUND);
	ck_assert_int_eq(category_by_name(TEXT("relay\0"), &c), ERR_NOT_FOUND);
	ck_assert_int_eq(category_by_name(TEXT_NONE, &c), ERR_NOT_FOUND);
	ck_assert_int_eq(c, CATEGORY_BOUNCER);
}
END_TEST

/* RFC 6471 section 2.1: a list of open relays holds proved ones alone. */
START_TEST(base_zone_is_proof_only)
{
	ck_assert_str_eq(subzone_row(0)->name, "");
	ck_assert_uint_eq(subzone_row(0)->categories,
		1U << CATEGORY_RELAY | 1U << CATEGORY_RELAY_INPUT);
}
END_TEST

START_TEST(subzones_cover_categories)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		const struct subzone_row *zone = subzone_row(i);

		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(zone->name, subzone_row(k)->name);
		if (strcmp(zone->name, "all") == 0)
			ck_assert_uint_eq(zone->categories, CATEGORY_ALL_MASK);
		else if (i != 0)
			seen |= zone->categories;
		for (int c = 0; c < CATEGORY_COUNT && i != 0; c++)
			if (strcmp(zone->name, "all") != 0)
				ck_assert_int_eq((zone->categories >> c & 1) != 0,
					strcmp(category_row((enum category)c)->subzone,
						zone->name) == 0);
	}
	ck_assert_uint_eq(seen, CATEGORY_ALL_MASK);
	ck_assert_str_eq(subzone_row(SUBZONE_COUNT - 1)->name, "all");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("listing");
	TCase *categories = tcase_create("categories"), *zones = tcase_create("subzones");

	tcase_add_loop_test(categories, codes, 0, CATEGORY_COUNT);
	tcase_add_test(categories, unknown_names);
	suite_add_tcase(s, categories);
	tcase_add_test(zones, base_zone_is_proof_only);
	tcase_add_test(zones, subzones_cover_categories);
	suite_add_tcase(s, zones);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
