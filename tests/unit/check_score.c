#include "score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/compiler.h>

#include "denial.h"
#include "unit.h"

enum { NOW = 1900000000, DAY = 86400 };

static const struct score_rules rules = {.half_life_s = 7 * DAY,
	.max_age_s = 30 * DAY,
	.denial_points = 10,
	.reporter_cap = 40};

static struct score_fact
fact(const char *reporter, int64_t age_s, uint32_t count)
{
	return (struct score_fact){.reporter = reporter,
		.kind = DENIAL_RELAY,
		.time_s = NOW - age_s,
		.count = count,
		.trust = 100};
}

static struct score
score_of(const struct score_fact *facts, size_t count)
{
	struct score s;

	score_init(&s, &rules, NOW);
	for (size_t i = 0; i < count; i++)
		score_add(&s, &facts[i]);
	score_finish(&s);
	return s;
}

static double
points_of(struct score_fact f)
{
	return score_of(&f, 1).points;
}

START_TEST(no_evidence_is_no_score)
{
	struct score s = score_of(NULL, 0);

	ck_assert_double_eq(s.points, 0);
	ck_assert_uint_eq(s.reporters, 0);
}
END_TEST

START_TEST(a_client_that_is_denied_by_name_is_less_of_a_surprise)
{
	struct score_fact f = fact("a", 0, 1);

	f.rule = "default";
	ck_assert_double_eq(points_of(f), 10);
	f.rule = "RelayDenyList";
	ck_assert_double_eq(points_of(f), 5);
	f.rule = "check_client_access";
	ck_assert_double_eq(points_of(f), 5);
	f.rule = "RelayDenyListed";
	ck_assert_double_eq(points_of(f), 10);
	f.rule = "RelayDenyList";
	f.kind = DENIAL_AUTHENTICATED;
	ck_assert_double_eq(points_of(f), 2.5);
}
END_TEST

START_TEST(each_doubling_adds_as_much_again)
{
	ck_assert_double_eq(points_of(fact("a", 0, 1)), 10);
	ck_assert_double_eq(points_of(fact("a", 0, 2)), 20);
	ck_assert_double_eq(points_of(fact("a", 0, 8)), 40);
	ck_assert_double_eq_tol(points_of(fact("a", 0, 3)), 25.85, 0.01);
	ck_assert_double_eq(points_of(fact("a", 0, 0)), 0);
}
END_TEST

START_TEST(evidence_loses_half_its_weight_in_a_half_life)
{
	ck_assert_double_eq(points_of(fact("a", 7 * DAY, 1)), 5);
	ck_assert_double_eq(points_of(fact("a", 14 * DAY, 1)), 2.5);
	ck_assert_double_gt(points_of(fact("a", 30 * DAY, 1)), 0);
	ck_assert_double_eq(points_of(fact("a", 30 * DAY + 1, 1)), 0);
}
END_TEST

START_TEST(a_date_to_come_counts_as_now)
{
	ck_assert_double_eq(points_of(fact("a", -1, 1)), 10);
	ck_assert_double_eq(points_of(fact("a", -365 * (int64_t)DAY, 1)), 10);
}
END_TEST

START_TEST(a_probable_denial_counts_half)
{
	struct score_fact f = fact("a", 0, 1);

	f.kind = DENIAL_RELAY_TEMPORARY;
	ck_assert_double_eq(points_of(f), 10);
	f.kind = DENIAL_NDR;
	ck_assert_double_eq(points_of(f), 10);
	f.kind = DENIAL_RELAY_PROBABLE;
	ck_assert_double_eq(points_of(f), 5);
	f.kind = DENIAL_AUTHENTICATED; /* known to the server: a setting amiss, most likely */
	ck_assert_double_eq(points_of(f), 5);
}
END_TEST

START_TEST(trust_is_a_weight)
{
	struct score_fact facts[] = {fact("liar", 0, 8), fact("half", 0, 2)};
	struct score s;

	facts[0].trust = 0;
	facts[1].trust = 50;
	s = score_of(facts, 2);
	ck_assert_double_eq(s.points, 10);
	ck_assert_uint_eq(s.reporters, 1); /* who is not trusted is no second reporter */
	ck_assert_str_eq(s.terms[0].reporter, "half");
}
END_TEST

START_TEST(a_reporter_has_a_cap)
{
	struct score_fact facts[200];
	struct score s;

	for (size_t i = 0; i < ORBL_COUNT(facts); i++)
		facts[i] = fact("loud", (int64_t)i * 3600, UINT32_MAX);
	s = score_of(facts, ORBL_COUNT(facts));
	ck_assert_double_eq(s.points, 40);
	ck_assert_uint_eq(s.reporters, 1);
	ck_assert_uint_eq(s.terms[0].denials, 200 * (uint64_t)UINT32_MAX);
	facts[7] = fact("calm", 0, 1);
	ck_assert_double_eq(score_of(facts, ORBL_COUNT(facts)).points, 50);
}
END_TEST

START_TEST(the_explanation_is_sorted)
{
	struct score_fact facts[] = {fact("small", 0, 1), fact("tie-b", 0, 2), fact("big", 0, 4),
		fact("tie-a", 0, 2), fact("small", 7 * DAY, 1)};
	struct score s = score_of(facts, ORBL_COUNT(facts));

	ck_assert_uint_eq(s.reporters, 4);
	ck_assert_str_eq(s.terms[0].reporter, "big");
	ck_assert_str_eq(s.terms[1].reporter, "tie-a");
	ck_assert_str_eq(s.terms[2].reporter, "tie-b");
	ck_assert_str_eq(s.terms[3].reporter, "small");
	ck_assert_double_eq(s.terms[3].points, 15);
	ck_assert_uint_eq(s.terms[3].denials, 2);
	ck_assert_double_eq(s.points, 85);
}
END_TEST

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* To the last bit: a decision must not depend on the order in which SQLite gives rows. */
START_TEST(the_order_of_facts_is_of_no_matter)
{
	struct score_fact facts[300], swap;
	char names[10][8];
	uint32_t random = 42;
	struct score first, s;

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		snprintf(names[i], sizeof(names[i]), "mx%zu", i);
	for (size_t i = 0; i < ORBL_COUNT(facts); i++) {
		facts[i] = fact(names[next_random(&random) % 10], next_random(&random) % (25 * DAY),
			1 + next_random(&random) % 3);
		facts[i].trust = 1 + next_random(&random) % 3; /* below the cap */
	}
	first = score_of(facts, ORBL_COUNT(facts));
	ck_assert_double_gt(first.points, 10);
	ck_assert_double_lt(first.terms[0].points, rules.reporter_cap);
	for (int round = 0; round < 50; round++) {
		for (size_t i = ORBL_COUNT(facts); i-- > 1;) {
			size_t j = next_random(&random) % (i + 1);

			swap = facts[i];
			facts[i] = facts[j];
			facts[j] = swap;
		}
		s = score_of(facts, ORBL_COUNT(facts));
		ck_assert_mem_eq(&s.points, &first.points, sizeof(s.points));
		ck_assert_uint_eq(s.reporters, first.reporters);
		for (size_t i = 0; i < s.reporters; i++) {
			ck_assert_str_eq(s.terms[i].reporter, first.terms[i].reporter);
			ck_assert_mem_eq(&s.terms[i].points, &first.terms[i].points,
				sizeof(s.terms[i].points));
		}
	}
}
END_TEST

START_TEST(reporters_beyond_the_limit_are_ignored)
{
	struct score_fact facts[2 * SCORE_REPORTERS_MAX];
	static char names[2 * SCORE_REPORTERS_MAX][8];
	struct score s;

	for (size_t i = 0; i < ORBL_COUNT(facts); i++) {
		snprintf(names[i], sizeof(names[i]), "mx%zu", i);
		facts[i] = fact(names[i], 0, 1);
	}
	s = score_of(facts, ORBL_COUNT(facts));
	ck_assert_uint_eq(s.reporters, SCORE_REPORTERS_MAX);
	ck_assert_double_eq(s.points, 10 * SCORE_REPORTERS_MAX);
	facts[ORBL_COUNT(facts) - 1].reporter = names[0]; /* one that is known still counts */
	ck_assert_double_eq(score_of(facts, ORBL_COUNT(facts)).points,
		10 * SCORE_REPORTERS_MAX + 10);
}
END_TEST

START_TEST(a_name_is_cut_not_overrun)
{
	char name[3 * SCORE_NAME];
	struct score_fact f = fact(name, 0, 1);
	struct score s;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	s = score_of(&f, 1);
	ck_assert_uint_eq(strlen(s.terms[0].reporter), SCORE_NAME - 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("score");
	TCase *facts = tcase_create("facts"), *sums = tcase_create("sums");

	tcase_add_test(facts, no_evidence_is_no_score);
	tcase_add_test(facts, each_doubling_adds_as_much_again);
	tcase_add_test(facts, a_client_that_is_denied_by_name_is_less_of_a_surprise);
	tcase_add_test(facts, evidence_loses_half_its_weight_in_a_half_life);
	tcase_add_test(facts, a_date_to_come_counts_as_now);
	tcase_add_test(facts, a_probable_denial_counts_half);
	tcase_add_test(facts, trust_is_a_weight);
	tcase_add_test(sums, a_reporter_has_a_cap);
	tcase_add_test(sums, the_explanation_is_sorted);
	tcase_add_test(sums, the_order_of_facts_is_of_no_matter);
	tcase_add_test(sums, reporters_beyond_the_limit_are_ignored);
	tcase_add_test(sums, a_name_is_cut_not_overrun);
	suite_add_tcase(s, facts);
	suite_add_tcase(s, sums);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
