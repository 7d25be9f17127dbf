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

START_TEST(each_doubling_adds_a_quarter)
{
	ck_assert_double_eq(points_of(fact("a", 0, 1)), 10);
	ck_assert_double_eq(points_of(fact("a", 0, 2)), 12.5);
	ck_assert_double_eq(points_of(fact("a", 0, 16)), 20);
	ck_assert_double_eq_tol(points_of(fact("a", 0, 3)), 13.96, 0.01);
	ck_assert_double_eq(points_of(fact("a", 0, 0)), 0);
	ck_assert_double_eq_tol(points_of(fact("a", 0, 1000)), 34.91, 0.01);
}
END_TEST

START_TEST(many_domains_on_many_days_weigh_more)
{
	struct score_fact facts[] = {fact("a", 0, 1), fact("a", DAY, 1)};
	struct score s;

	facts[0].domains = 0xff; /* 8 classes: 8.55 by linear counting, 9 */
	s = score_of(facts, 1);
	ck_assert_uint_eq(s.terms[0].domains, 9);
	ck_assert_uint_eq(s.terms[0].days, 1);
	ck_assert_double_eq_tol(s.points, 10 * (1 + 3.1699 / 4), 0.001);
	facts[0].domains = 0;
	s = score_of(facts, 2);
	ck_assert_uint_eq(s.terms[0].domains, 1);
	ck_assert_uint_eq(s.terms[0].days, 2);
	ck_assert_double_eq(s.terms[0].diversity, 1.25);
	ck_assert_double_eq_tol(s.points, (10 + 10 * 0.90572) * 1.25, 0.001);
	facts[1].time_s = facts[0].time_s; /* another kind in the same hour */
	facts[1].kind = DENIAL_NDR;
	ck_assert_double_eq(score_of(facts, 2).points, 20);
}
END_TEST

START_TEST(domains_are_estimated)
{
	static const struct {
		uint64_t bits;
		unsigned domains;
	} rows[] = {{0, 1}, {1, 1}, {3, 2}, {0xf, 4}, {0xffffffff, 44}, {UINT64_MAX >> 1, 64},
		{UINT64_MAX, 64}, {UINT64_C(1) << 63, 1}};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_assert_uint_eq(score_domains(rows[i].bits), rows[i].domains);
	for (uint64_t bits = 1; bits != UINT64_MAX; bits = bits << 1 | 1)
		ck_assert_uint_le(score_domains(bits), score_domains(bits << 1 | 1));
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
	struct score_fact facts[] = {fact("liar", 0, 8), fact("half", 0, 16)};
	struct score s;

	facts[0].trust = 0;
	facts[1].trust = 50;
	s = score_of(facts, 2);
	ck_assert_double_eq(s.points, 10);
	ck_assert_double_eq(s.terms[0].sum, 20);
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
	struct score_fact facts[] = {fact("small", 0, 1), fact("tie-b", 0, 256),
		fact("big", 0, 4096), fact("tie-a", 0, 256), fact("small", 7 * DAY, 1)};
	struct score s = score_of(facts, ORBL_COUNT(facts));

	ck_assert_uint_eq(s.reporters, 4);
	ck_assert_str_eq(s.terms[0].reporter, "big");
	ck_assert_str_eq(s.terms[1].reporter, "tie-a");
	ck_assert_str_eq(s.terms[2].reporter, "tie-b");
	ck_assert_str_eq(s.terms[3].reporter, "small");
	ck_assert_double_eq(s.terms[3].points, 18.75); /* (10 + 5) * 1.25: two days */
	ck_assert_uint_eq(s.terms[3].denials, 2);
	ck_assert_uint_eq(s.terms[3].facts, 2);
	ck_assert_double_eq(s.points, 118.75);
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
		facts[i].trust = 1 + (facts[i].reporter[2] - '0') * 3;
		facts[i].key = facts[i].reporter[2] < '4' ? "one" : facts[i].reporter;
		facts[i].domains = UINT64_C(1) << next_random(&random) % 64;
	}
	first = score_of(facts, ORBL_COUNT(facts));
	ck_assert_double_gt(first.points, 10);
	ck_assert_uint_eq(first.independent, 7);
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

/* Which ones are ignored must not depend on who comes first. */
START_TEST(who_is_ignored_is_of_no_chance)
{
	struct score_fact facts[2 * SCORE_REPORTERS_MAX], turned[2 * SCORE_REPORTERS_MAX];
	static char names[2 * SCORE_REPORTERS_MAX][8];
	const size_t n = ORBL_COUNT(facts);
	struct score s, t;

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "mx%03zu", i);
		facts[i] = fact(names[i], (int64_t)i * 3600, 1);
		turned[n - 1 - i] = facts[i];
	}
	s = score_of(facts, n);
	t = score_of(turned, n);
	ck_assert_uint_eq(t.reporters, SCORE_REPORTERS_MAX);
	ck_assert_mem_eq(&s.points, &t.points, sizeof(s.points));
	for (size_t i = 0; i < s.reporters; i++)
		ck_assert_str_eq(s.terms[i].reporter, t.terms[i].reporter);
}
END_TEST

START_TEST(reporters_of_one_group_have_one_cap)
{
	struct score_fact facts[] = {fact("mx1", 0, 1 << 12), fact("mx2", 0, 1 << 12),
		fact("mx3", 0, 1)};
	struct score s = score_of(facts, 3);

	ck_assert_double_eq(s.points, 90);
	ck_assert_uint_eq(s.independent, 3);
	facts[0].key = facts[1].key = "192.0.2.0/24";
	s = score_of(facts, 3);
	ck_assert_double_eq(s.points, 50);
	ck_assert_uint_eq(s.independent, 2);
	ck_assert_uint_eq(s.reporters, 3);
	ck_assert_str_eq(s.terms[0].key, "192.0.2.0/24");
	ck_assert_str_eq(s.terms[2].key, "mx3");
	facts[2].key = "192.0.2.0/24";
	s = score_of(facts, 3);
	ck_assert_double_eq(s.points, 40);
	ck_assert_uint_eq(s.independent, 1);
}
END_TEST

/* --- what holds of all evidence ------------------------------------------------ */

enum { ROUNDS = 300, FACTS = 60 };
static char reporter_names[6][8];

static struct score_fact
random_fact(uint32_t *random)
{
	uint32_t who = next_random(random) % ORBL_COUNT(reporter_names);
	struct score_fact f = fact(reporter_names[who], next_random(random) % (35 * DAY),
		next_random(random) % 5000);

	f.kind = next_random(random) % DENIAL_KIND_COUNT;
	f.rule = next_random(random) % 4 == 0 ? "RelayDenyList" : NULL;
	f.domains = (uint64_t)next_random(random) << 32 & (uint64_t)next_random(random) << 20;
	f.trust = 5 + 19 * (int64_t)who;
	f.key = who < 2 ? "together" : NULL;
	return f;
}

static size_t
random_facts(uint32_t *random, struct score_fact facts[FACTS])
{
	size_t count = next_random(random) % FACTS;

	for (size_t i = 0; i < ORBL_COUNT(reporter_names); i++)
		snprintf(reporter_names[i], sizeof(reporter_names[i]), "mx%zu", i);
	for (size_t i = 0; i < count; i++)
		facts[i] = random_fact(random);
	return count;
}

START_TEST(a_further_fact_never_lowers_the_score)
{
	struct score_fact facts[FACTS + 1];
	uint32_t random = 7;

	for (int round = 0; round < ROUNDS; round++) {
		size_t count = random_facts(&random, facts);
		struct score before = score_of(facts, count), after;

		facts[count] = random_fact(&random);
		after = score_of(facts, count + 1);
		ck_assert_double_ge(after.points, before.points);
		ck_assert_uint_ge(after.independent, before.independent);
	}
}
END_TEST

START_TEST(nobody_gives_more_than_his_cap_and_trust)
{
	struct score_fact facts[FACTS];
	uint32_t random = 11;

	for (int round = 0; round < ROUNDS; round++) {
		struct score s = score_of(facts, random_facts(&random, facts));
		double sum = 0;

		for (size_t i = 0; i < s.reporters; i++) {
			const struct score_term *t = &s.terms[i];

			ck_assert_double_ge(t->points, 0);
			ck_assert_double_le(t->points,
				rules.reporter_cap * (double)t->trust / 100 + 1e-6);
			ck_assert_double_le(t->points,
				t->sum * t->diversity * (double)t->trust / 100 + 1e-6);
			sum += t->points;
		}
		ck_assert_double_le(s.points, sum);
		ck_assert_uint_le(s.independent, s.reporters);
		ck_assert_double_le(s.points, rules.reporter_cap * (double)s.independent);
	}
}
END_TEST

START_TEST(a_score_only_falls_when_nothing_comes)
{
	struct score_fact facts[FACTS];
	struct score s;
	uint32_t random = 13;

	for (int round = 0; round < ROUNDS; round++) {
		size_t count = random_facts(&random, facts);
		struct score last = score_of(facts, count);

		for (int64_t later_s = 3600; later_s < 36 * DAY; later_s += DAY / 2) {
			score_compute(&s, &rules, facts, count, NOW + later_s);
			ck_assert_double_le(s.points, last.points);
			ck_assert_uint_le(s.independent, last.independent);
			last = s;
		}
		ck_assert_double_eq(last.points, 0);
	}
}
END_TEST

START_TEST(a_thousand_lines_of_a_new_reporter_are_below_the_threshold)
{
	struct score_fact facts[1000];
	struct score s;

	for (size_t i = 0; i < ORBL_COUNT(facts); i++) {
		facts[i] = fact("new", (int64_t)i * 2400, 1 + (uint32_t)i);
		facts[i].domains = UINT64_MAX;
		facts[i].trust = 25;
	}
	s = score_of(facts, ORBL_COUNT(facts));
	ck_assert_double_eq(s.points, 10); /* score.threshold is 15 */
	ck_assert_uint_eq(s.independent, 1);
}
END_TEST

/* What score.h and the policy page say of score.new_trust and score.threshold = 15. */
START_TEST(two_new_reporters_nominate_by_three_hours_each)
{
	static const struct {
		int hours;
		uint64_t domains;
		int64_t age_s;
		double low, high;
	} cases[] = {
		{1, 1, 0, 5, 5},        /* a denial each */
		{2, 3, 0, 12.4, 12.5},  /* two hours, two domains */
		{3, 1, 60, 14.8, 15},   /* three hours of one domain: no sooner said than past */
		{3, 3, 0, 18.6, 18.75}, /* it needs this */
		{3, 3, DAY - 3 * 3600, 16.9, 17.3}, /* still a day later */
	};
	struct score_fact facts[6];
	struct score s;

	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		size_t n = 0;

		for (int k = 0; k < 2 * cases[i].hours; k++) {
			facts[n] = fact(k % 2 == 0 ? "a" : "b", cases[i].age_s + k / 2 * 3600, 1);
			facts[n].domains = cases[i].domains;
			facts[n++].trust = 25;
		}
		s = score_of(facts, n);
		ck_assert_uint_eq(s.independent, 2);
		ck_assert_msg(s.points >= cases[i].low && s.points <= cases[i].high,
			"case %zu: %f points", i, s.points);
	}
}
END_TEST

START_TEST(the_second_of_its_fall_is_exact)
{
	struct score_fact facts[FACTS];
	struct score s;
	uint32_t random = 17;

	for (int round = 0; round < ROUNDS; round++) {
		size_t count = random_facts(&random, facts), independent = next_random(&random) % 4;
		double points = next_random(&random) % 60;
		int64_t falls_s;

		s = score_of(facts, count);
		falls_s = score_falls_s(&rules, facts, count, NOW, points, independent);
		if (s.points < points || s.independent < independent) {
			ck_assert_int_eq(falls_s, NOW);
			continue;
		}
		ck_assert_int_gt(falls_s, NOW);
		ck_assert_int_le(falls_s, NOW + rules.max_age_s + 1);
		if (points == 0 && independent == 0)
			continue; /* never: the time after the last fact */
		score_compute(&s, &rules, facts, count, falls_s - 1);
		ck_assert(s.points >= points && s.independent >= independent);
		score_compute(&s, &rules, facts, count, falls_s);
		ck_assert(s.points < points || s.independent < independent);
	}
}
END_TEST

START_TEST(a_lone_fact_falls_by_its_half_life)
{
	struct score_fact f = fact("a", 0, 1);

	ck_assert_int_eq(score_falls_s(&rules, &f, 1, NOW, 5.000001, 0), NOW + 7 * DAY);
	ck_assert_int_eq(score_falls_s(&rules, &f, 1, NOW, 10.1, 0), NOW);
	ck_assert_int_eq(score_falls_s(&rules, &f, 1, NOW, 0.1, 1), NOW + 30 * DAY + 1);
	ck_assert_int_eq(score_falls_s(&rules, NULL, 0, NOW, 1, 1), NOW);
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
	TCase *all = tcase_create("all evidence");

	tcase_add_test(facts, no_evidence_is_no_score);
	tcase_add_test(facts, each_doubling_adds_a_quarter);
	tcase_add_test(facts, many_domains_on_many_days_weigh_more);
	tcase_add_test(facts, domains_are_estimated);
	tcase_add_test(facts, a_client_that_is_denied_by_name_is_less_of_a_surprise);
	tcase_add_test(facts, evidence_loses_half_its_weight_in_a_half_life);
	tcase_add_test(facts, a_date_to_come_counts_as_now);
	tcase_add_test(facts, a_probable_denial_counts_half);
	tcase_add_test(facts, trust_is_a_weight);
	tcase_add_test(sums, a_reporter_has_a_cap);
	tcase_add_test(sums, the_explanation_is_sorted);
	tcase_add_test(sums, the_order_of_facts_is_of_no_matter);
	tcase_add_test(sums, reporters_beyond_the_limit_are_ignored);
	tcase_add_test(sums, who_is_ignored_is_of_no_chance);
	tcase_add_test(sums, reporters_of_one_group_have_one_cap);
	tcase_add_test(sums, a_name_is_cut_not_overrun);
	tcase_add_test(all, a_further_fact_never_lowers_the_score);
	tcase_add_test(all, nobody_gives_more_than_his_cap_and_trust);
	tcase_add_test(all, a_score_only_falls_when_nothing_comes);
	tcase_add_test(all, a_thousand_lines_of_a_new_reporter_are_below_the_threshold);
	tcase_add_test(all, two_new_reporters_nominate_by_three_hours_each);
	tcase_add_test(all, the_second_of_its_fall_is_exact);
	tcase_add_test(all, a_lone_fact_falls_by_its_half_life);
	suite_add_tcase(s, facts);
	suite_add_tcase(s, sums);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
