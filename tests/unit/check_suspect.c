#include "suspect.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { NOW = 1900000000, DAY = 86400 };

static const struct score_rules score_rules = {.half_life_s = 7 * DAY,
	.max_age_s = 30 * DAY,
	.denial_points = 10,
	.reporter_cap = 40};
static const struct suspect_rules rules = {.at = 60,
	.until = 30,
	.reporters = 3,
	.lifetime_s = 30 * DAY};

static struct facts facts;

static void
set_up(void)
{
	facts_init(&facts);
}

static void
tear_down(void)
{
	facts_reset(&facts);
}

static void
add(const char *reporter, int64_t age_s, uint32_t count)
{
	struct error e;
	const struct score_fact f = {.reporter = reporter,
		.time_s = NOW - age_s,
		.count = count,
		.trust = 100};

	ck_assert_int_eq(facts_add(&facts, &f, &e), OK);
}

/* Of reporters mx1, mx2 ..., each of points. */
static void
add_reporters(size_t count, uint32_t denials)
{
	char name[16];

	for (size_t i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "mx%zu", i);
		add(name, 0, denials);
	}
}

static struct suspect_decision
decide_at(const struct suspect_rules *r, int64_t now_s, int64_t listed_until_s)
{
	struct score s;

	score_compute(&s, &score_rules, facts.items, facts.count, now_s);
	return suspect_decide(r, &s, &facts, listed_until_s);
}

static struct suspect_decision
decide(int64_t listed_until_s)
{
	return decide_at(&rules, NOW, listed_until_s);
}

START_TEST(little_evidence_lists_nobody)
{
	ck_assert_int_eq(decide(0).kind, SUSPECT_NONE);
	add_reporters(5, 1); /* 50 */
	ck_assert_int_eq(decide(0).kind, SUSPECT_NONE);
	add("mx6", 0, 1);
	ck_assert_int_eq(decide(0).kind, SUSPECT_LIST);
}
END_TEST

START_TEST(two_reporters_list_nobody)
{
	add_reporters(2, 1 << 12); /* 40 each */
	ck_assert_int_eq(decide(0).kind, SUSPECT_NONE);
	add("mx3", 0, 1);
	ck_assert_int_eq(decide(0).kind, SUSPECT_LIST);
	ck_assert_str_eq(decide(0).reason,
		"score 90.0 from 3 independent reporters: mx1, mx2, mx3");
}
END_TEST

START_TEST(it_ends_when_the_score_has_fallen)
{
	struct suspect_decision d;

	add_reporters(6, 1);
	d = decide(0);
	/* In steps of 2^-20: half of it is just there after a half-life, and not a second later. */
	ck_assert_int_gt(d.expires_s, NOW + 7 * DAY);
	ck_assert_int_le(d.expires_s, NOW + 7 * DAY + 2);
	ck_assert_int_eq(decide_at(&rules, d.expires_s - 1, d.expires_s).kind, SUSPECT_KEEP);
	ck_assert_int_eq(decide_at(&rules, d.expires_s, d.expires_s).kind, SUSPECT_END);
	ck_assert_str_eq(decide_at(&rules, d.expires_s, d.expires_s).reason,
		"score 30.0 is below 30");
}
END_TEST

START_TEST(its_end_is_the_same_whenever_it_is_asked)
{
	int64_t expires_s;

	add_reporters(7, 5);
	expires_s = decide(0).expires_s;
	for (int64_t later_s = 0; NOW + later_s < expires_s; later_s += DAY / 3)
		ck_assert_int_eq(decide_at(&rules, NOW + later_s, expires_s).expires_s, expires_s);
}
END_TEST

START_TEST(it_is_kept_below_where_it_was_listed)
{
	add_reporters(4, 1); /* 40: between 30 and 60 */
	ck_assert_int_eq(decide(0).kind, SUSPECT_NONE);
	ck_assert_int_eq(decide(NOW + 60).kind, SUSPECT_RENEW);
	ck_assert_int_eq(decide(decide(NOW + 60).expires_s).kind, SUSPECT_KEEP);
}
END_TEST

START_TEST(it_ends_with_too_few_reporters)
{
	add_reporters(2, 1 << 12); /* the third was revoked */
	ck_assert_int_eq(decide(NOW + DAY).kind, SUSPECT_END);
	ck_assert_ptr_nonnull(
		strstr(decide(NOW + DAY).reason, "from 2 independent reporters; 3 are needed"));
}
END_TEST

START_TEST(the_last_of_three_reporters_sets_the_end)
{
	add("mx1", 0, 1 << 12);
	add("mx2", 0, 1 << 12);
	add("mx3", 29 * DAY, 1); /* in a day too old */
	ck_assert_int_eq(decide(0).expires_s, NOW + DAY + 1);
}
END_TEST

START_TEST(it_lasts_no_longer_than_a_listing)
{
	struct suspect_rules brief = rules;

	brief.lifetime_s = DAY;
	add_reporters(6, 8);
	ck_assert_int_eq(decide_at(&brief, NOW, 0).expires_s, NOW + DAY);
}
END_TEST

START_TEST(it_is_renewed_when_that_is_worth_it)
{
	int64_t end_s;

	add_reporters(6, 8);
	end_s = decide(0).expires_s;
	ck_assert_int_eq(decide(end_s - SUSPECT_STEP_S + 1).kind, SUSPECT_KEEP);
	ck_assert_int_eq(decide(end_s - SUSPECT_STEP_S).kind, SUSPECT_RENEW);
	ck_assert_int_eq(decide(end_s + 1).kind, SUSPECT_RENEW); /* trust was lost: earlier */
	/* A little later: only when it is about to end. */
	ck_assert_int_eq(decide_at(&rules, end_s - 102, end_s - 41).kind, SUSPECT_KEEP);
	ck_assert_int_eq(decide_at(&rules, end_s - 101, end_s - 41).kind, SUSPECT_RENEW);
}
END_TEST

START_TEST(it_can_be_turned_off)
{
	struct suspect_rules off = rules;

	off.at = 0;
	add_reporters(20, 1 << 12);
	ck_assert_int_eq(decide_at(&off, NOW, 0).kind, SUSPECT_NONE);
	ck_assert_int_eq(decide_at(&off, NOW, NOW + DAY).kind, SUSPECT_END);
}
END_TEST

/* Or a host would be listed and taken off in turns. */
START_TEST(it_does_not_end_where_it_begins)
{
	struct suspect_rules odd = rules;

	odd.at = 20;
	odd.until = 50;
	add_reporters(3, 1);
	ck_assert_int_eq(decide_at(&odd, NOW, 0).kind, SUSPECT_LIST);
	ck_assert_int_gt(decide_at(&odd, NOW, 0).expires_s, NOW + DAY);
	ck_assert_int_ne(decide_at(&odd, NOW, NOW + 1).kind, SUSPECT_END);
}
END_TEST

START_TEST(names_have_their_room)
{
	struct suspect_decision d;
	char name[SCORE_NAME];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%02d-%050d", i % 100, 0);
		add(name, 0, 1);
	}
	d = decide(0);
	ck_assert_int_eq(d.kind, SUSPECT_LIST);
	ck_assert_uint_lt(strlen(d.reason), sizeof(d.reason) - 1);
	ck_assert_str_eq(strrchr(d.reason, '0') + 1, " and 14 more");
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(suspect_kind_name(SUSPECT_NONE), "none");
	ck_assert_str_eq(suspect_kind_name(SUSPECT_LIST), "list");
	ck_assert_str_eq(suspect_kind_name(SUSPECT_RENEW), "renew");
	ck_assert_str_eq(suspect_kind_name(SUSPECT_KEEP), "keep");
	ck_assert_str_eq(suspect_kind_name(SUSPECT_END), "end");
	ck_assert_str_eq(suspect_kind_name((enum suspect_kind)77), "unknown");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("suspect");
	TCase *t = tcase_create("suspect");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, little_evidence_lists_nobody);
	tcase_add_test(t, two_reporters_list_nobody);
	tcase_add_test(t, it_ends_when_the_score_has_fallen);
	tcase_add_test(t, its_end_is_the_same_whenever_it_is_asked);
	tcase_add_test(t, it_is_kept_below_where_it_was_listed);
	tcase_add_test(t, it_ends_with_too_few_reporters);
	tcase_add_test(t, the_last_of_three_reporters_sets_the_end);
	tcase_add_test(t, it_lasts_no_longer_than_a_listing);
	tcase_add_test(t, it_is_renewed_when_that_is_worth_it);
	tcase_add_test(t, it_can_be_turned_off);
	tcase_add_test(t, it_does_not_end_where_it_begins);
	tcase_add_test(t, names_have_their_room);
	tcase_add_test(t, kinds_have_names);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
