#include "blast_radius.h"

#include <string.h>

#include "unit.h"

static const struct blast_rules rules = {.max_change = 20, .floor = 500};

static enum blast
judge(struct blast_change c)
{
	char why[BLAST_WHY];
	enum blast b = blast_judge(&rules, &c, why);

	ck_assert_int_eq(why[0] == '\0', b == BLAST_SMALL);
	return b;
}

static struct blast_new
new_one(const char *text)
{
	struct blast_new new = {.count = 1};

	ck_assert_int_eq(prefix_parse(text_of(text), &new.first), OK);
	return new;
}

START_TEST(share_and_floor)
{
	static const struct {
		uint64_t before, added, removed, recoded;
		enum blast wanted;
	} rows[] = {
		{10000, 0, 0, 0, BLAST_SMALL},
		{10000, 2000, 0, 0, BLAST_SMALL},
		{10000, 2001, 0, 0, BLAST_SHARE},
		{10000, 0, 2000, 0, BLAST_SMALL},
		{10000, 0, 2001, 0, BLAST_SHARE},
		{10000, 0, 0, 2001, BLAST_SHARE},
		{10000, 700, 700, 601, BLAST_SHARE},
		{10000, 700, 700, 600, BLAST_SMALL},
		{10004, 2000, 0, 0, BLAST_SMALL}, /* a share of 2000.8 */
		{10005, 2001, 0, 0, BLAST_SMALL},
		{10004, 2001, 0, 0, BLAST_SHARE},
		/* The floor: what is little is never too much. */
		{0, 500, 0, 0, BLAST_SMALL},
		{0, 501, 0, 0, BLAST_SHARE},
		{100, 500, 0, 0, BLAST_SMALL},
		{100, 0, 99, 0, BLAST_SMALL},
		{2500, 500, 0, 0, BLAST_SMALL},
		{2500, 501, 0, 0, BLAST_SHARE},
		/* No number goes around. */
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, BLAST_SHARE},
		{UINT64_MAX, 1000, 1000, 0, BLAST_SMALL},
		{1, UINT64_MAX, 0, 0, BLAST_SHARE},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct blast_change c = {.has_before = true,
			.before = rows[i].before,
			.added = rows[i].added,
			.removed = rows[i].removed,
			.recoded = rows[i].recoded};
		enum blast b = judge(c);

		ck_assert_msg(b == rows[i].wanted, "row %zu: %s", i, blast_name(b));
		c.has_before = false; /* nothing is in service: there is nobody to surprise */
		ck_assert_int_eq(judge(c), BLAST_SMALL);
	}
}
END_TEST

/* What was published within a day counts, and is compared with the list of a day ago. */
START_TEST(the_window)
{
	static const struct {
		struct blast_window window;
		uint64_t added, removed, recoded, narrowed;
		enum blast wanted;
	} rows[] = {
		{{true, 10000, 1999, 0}, 1, 0, 0, 0, BLAST_SMALL},
		{{true, 10000, 2000, 0}, 1, 0, 0, 0, BLAST_SHARE},
		{{true, 10000, 2000, 0}, 0, 0, 1, 0, BLAST_SHARE},
		{{true, 10000, 1000, 1000}, 1, 0, 0, 0, BLAST_SHARE},
		/* Nothing new is no change, a removal is one of its own. */
		{{true, 10000, 9999, 9999}, 0, 0, 0, 0, BLAST_SMALL},
		{{true, 10000, 9999, 0}, 0, 2000, 0, 0, BLAST_SMALL},
		{{true, 10000, 9999, 0}, 0, 1999, 0, 1, BLAST_SMALL},
		{{true, 10000, 9999, 0}, 0, 2000, 0, 1, BLAST_SHARE},
		{{true, 10000, 0, 2000}, 0, 1, 0, 0, BLAST_SHARE},
		{{true, 10000, 0, 2000}, 0, 0, 0, 1, BLAST_SHARE},
		/* The base is that of the window, when there is one. */
		{{true, 100, 0, 0}, 501, 0, 0, 0, BLAST_SHARE},
		{{true, 100, 499, 0}, 1, 0, 0, 0, BLAST_SMALL},
		{{true, 100, 500, 0}, 1, 0, 0, 0, BLAST_SHARE},
		{{false, 0, 0, 0}, 2000, 0, 0, 0, BLAST_SMALL},
		{{true, 10000, UINT64_MAX, UINT64_MAX}, 1, 1, 1, 1, BLAST_SHARE},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		enum blast b = judge((struct blast_change){.has_before = true,
			.before = 10000,
			.window = rows[i].window,
			.added = rows[i].added,
			.removed = rows[i].removed,
			.recoded = rows[i].recoded,
			.narrowed = rows[i].narrowed});

		ck_assert_msg(b == rows[i].wanted, "row %zu: %s", i, blast_name(b));
	}
}
END_TEST

START_TEST(an_empty_list)
{
	struct blast_change c = {.has_before = true, .before = BLAST_FEW, .removed = BLAST_FEW};

	ck_assert_int_eq(judge(c), BLAST_SMALL); /* a few were delisted */
	c.before = c.removed = BLAST_FEW + 1;
	ck_assert_int_eq(judge(c), BLAST_EMPTY);
	c.added = 1;
	ck_assert_int_eq(judge(c), BLAST_SMALL);
	c.added = 0;
	c.removed--;
	ck_assert_int_eq(judge(c), BLAST_SMALL);
	c = (struct blast_change){.has_before = true};
	ck_assert_int_eq(judge(c), BLAST_SMALL); /* it was empty before */
}
END_TEST

START_TEST(popular_and_wide_come_first)
{
	struct blast_change c = {.added = 1, .popular = new_one("192.0.2.0/24")};
	char why[BLAST_WHY];

	ck_assert_int_eq(judge(c), BLAST_POPULAR);
	c.wide = new_one("198.51.0.0/16");
	ck_assert_int_eq(judge(c), BLAST_POPULAR);
	c.popular.count = 0;
	ck_assert_int_eq(blast_judge(&rules, &c, why), BLAST_WIDE);
	ck_assert_ptr_nonnull(strstr(why, "198.51.0.0/16 is new"));
	c.wide.count = 3;
	ck_assert_int_eq(blast_judge(&rules, &c, why), BLAST_WIDE);
	ck_assert_ptr_nonnull(strstr(why, "198.51.0.0/16 and 2 others are new"));
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *prefix;
		uint64_t size;
		bool is_wide;
	} rows[] = {
		{"192.0.2.1", 1, false},
		{"192.0.2.0/24", 256, false},
		{"192.0.2.0/23", 512, true},
		{"0.0.0.0/0", (uint64_t)1 << 32, true},
		{"2001:db8::1", 1, false},
		{"2001:db8::/64", 1, false},
		{"2001:db8::/48", 65536, false},
		{"2001:db8::/47", 131072, true},
		{"::/1", (uint64_t)1 << 63, true},
		{"::/0", UINT64_MAX, true},
	};
	struct addr low, high;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct blast_new new = new_one(rows[i].prefix);

		ck_assert_uint_eq(blast_size(&new.first), rows[i].size);
		ck_assert_int_eq(blast_is_wide(&new.first), rows[i].is_wide);
	}
	ck_assert_int_eq(addr_parse(TEXT("192.0.2.250"), &low), OK);
	ck_assert_int_eq(addr_parse(TEXT("192.0.3.4"), &high), OK);
	ck_assert_uint_eq(blast_range_size(&low, &high), 11);
	ck_assert_int_eq(addr_parse(TEXT("2001:db8:0:1::ffff"), &low), OK);
	ck_assert_int_eq(addr_parse(TEXT("2001:db8:0:3::"), &high), OK);
	ck_assert_uint_eq(blast_range_size(&low, &high), 3);
	ck_assert_int_eq(addr_parse(TEXT("::"), &low), OK);
	memset(high.b, 0xff, sizeof(high.b));
	ck_assert_uint_eq(blast_range_size(&low, &high), UINT64_MAX);
}
END_TEST

static uint64_t
next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* More change is never held less. */
START_TEST(more_change_is_never_less)
{
	uint64_t state = 7;

	for (int i = 0; i < 100000; i++) {
		struct blast_change c = {.has_before = true,
			.before = next(&state) % 10000,
			.added = next(&state) % 3000,
			.recoded = next(&state) % 1000};
		bool was_held;

		c.removed = c.before == 0 ? 0 : next(&state) % c.before;
		was_held = judge(c) != BLAST_SMALL;
		c.added += next(&state) % 100;
		c.recoded += next(&state) % 100;
		ck_assert(judge(c) != BLAST_SMALL || !was_held);
		if (c.added + c.removed + c.recoded <= rules.floor)
			ck_assert_int_eq(judge(c), BLAST_SMALL);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("blast_radius");
	TCase *all = tcase_create("rules");

	tcase_add_test(all, share_and_floor);
	tcase_add_test(all, the_window);
	tcase_add_test(all, an_empty_list);
	tcase_add_test(all, popular_and_wide_come_first);
	tcase_add_test(all, sizes);
	tcase_add_test(all, more_change_is_never_less);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
