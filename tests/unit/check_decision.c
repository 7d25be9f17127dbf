#include "decision.h"

#include <string.h>

#include "unit.h"

#define BIT(category) (1U << (category))

static const struct decision_rules rules = {.threshold = 15, .min_reporters = 2};

static struct decision
nominate(double points, size_t reporters)
{
	struct score score = {.points = points, .reporters = 99, .independent = reporters};

	return decision_nominate(&rules, &score);
}

START_TEST(a_host_below_the_threshold_is_left_alone)
{
	struct decision d = nominate(14.9, 9);

	ck_assert_int_eq(d.kind, DECISION_IGNORE);
	ck_assert_str_eq(d.reason, "score 14.9 is below the threshold of 15");
	ck_assert_int_eq(nominate(0, 0).kind, DECISION_IGNORE);
}
END_TEST

START_TEST(one_reporter_does_not_suffice)
{
	struct decision d = nominate(1000, 1);

	ck_assert_int_eq(d.kind, DECISION_IGNORE);
	ck_assert_str_eq(d.reason,
		"score 1000.0, but from 1 reporter; 2 independent ones are needed");
}
END_TEST

START_TEST(evidence_nominates_and_never_lists)
{
	struct decision d = nominate(15, 2);

	ck_assert_int_eq(d.kind, DECISION_PROBE);
	ck_assert_str_eq(d.reason, "score 15.0 from 2 reporters");
	ck_assert_uint_eq(d.removes, 0);
	ck_assert_int_eq(nominate(1e9, 64).kind, DECISION_PROBE);
}
END_TEST

/* What a verdict about a host says of its other listings. */
static const struct {
	enum verdict verdict;
	enum decision_kind kind;
	enum category category;
	uint32_t removes;
} table[] = {
	{VERDICT_OPEN, DECISION_LIST, CATEGORY_RELAY,
		BIT(CATEGORY_RELAY_INPUT) | BIT(CATEGORY_BOUNCER) | BIT(CATEGORY_UNTESTABLE)},
	{VERDICT_OPEN_MULTIHOP, DECISION_LIST, CATEGORY_RELAY_INPUT,
		BIT(CATEGORY_RELAY) | BIT(CATEGORY_BOUNCER) | BIT(CATEGORY_UNTESTABLE)},
	{VERDICT_BOUNCES, DECISION_LIST, CATEGORY_BOUNCER,
		BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT) | BIT(CATEGORY_UNTESTABLE)},
	{VERDICT_ACCEPTS, DECISION_KEEP, 0, 0},
	{VERDICT_CLOSED, DECISION_DELIST, 0,
		BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT) | BIT(CATEGORY_BOUNCER) |
			BIT(CATEGORY_UNTESTABLE) | BIT(CATEGORY_RELAY_OUTPUT)},
	{VERDICT_UNTESTABLE, DECISION_LIST, CATEGORY_UNTESTABLE, 0},
	{VERDICT_UNREACHABLE, DECISION_KEEP, 0, 0},
	{VERDICT_UNDECIDED, DECISION_KEEP, 0, 0},
	{VERDICT_DISCRIMINATES, DECISION_KEEP, 0, 0},
};

START_TEST(each_verdict_has_its_consequence)
{
	struct decision d = decision_verdict(table[_i].verdict);

	ck_assert_int_eq(d.kind, table[_i].kind);
	ck_assert_int_eq(d.category, table[_i].category);
	ck_assert_uint_eq(d.removes, table[_i].removes);
	ck_assert_ptr_nonnull(strstr(d.reason, verdict_name(table[_i].verdict)));
	/* What is listed now must not be taken off in the same step. */
	if (d.kind == DECISION_LIST)
		ck_assert_uint_eq(d.removes & BIT(d.category), 0);
	ck_assert_uint_eq(d.removes & BIT(CATEGORY_SUSPECT), 0);
}
END_TEST

START_TEST(no_verdict_is_forgotten)
{
	ck_assert_uint_eq(ORBL_COUNT(table), VERDICT_COUNT);
	for (size_t i = 0; i < ORBL_COUNT(table); i++)
		ck_assert_uint_eq((size_t)table[i].verdict, i);
}
END_TEST

START_TEST(an_undecided_host_is_asked_again_ever_later)
{
	static const struct retry_rules day = {.backoff_s = 3600, .interval_s = 86400};
	static const struct retry_rules short_day = {.backoff_s = 3600, .interval_s = 7200};

	for (unsigned tries = 0; tries < 5; tries++)
		ck_assert_int_eq(decision_retry(&day, VERDICT_UNDECIDED, tries), 3600 << tries);
	ck_assert_int_eq(decision_retry(&day, VERDICT_UNDECIDED, 5), 0);
	ck_assert_int_eq(decision_retry(&day, VERDICT_UNDECIDED, UINT32_MAX), 0);
	ck_assert_int_eq(decision_retry(&short_day, VERDICT_UNDECIDED, 1), 7200);
	ck_assert_int_eq(decision_retry(&short_day, VERDICT_UNDECIDED, 2), 0);
	/* Nobody there, twice: that is enough. */
	ck_assert_int_eq(decision_retry(&day, VERDICT_UNREACHABLE, 0), 3600);
	ck_assert_int_eq(decision_retry(&day, VERDICT_UNREACHABLE, 1), 0);
}
END_TEST

START_TEST(what_is_decided_is_not_asked_again)
{
	static const struct retry_rules eager = {.backoff_s = 1, .interval_s = 86400};

	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (v != VERDICT_UNDECIDED && v != VERDICT_UNREACHABLE)
			ck_assert_int_eq(decision_retry(&eager, (enum verdict)v, 0), 0);
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(decision_kind_name(DECISION_IGNORE), "ignore");
	ck_assert_str_eq(decision_kind_name(DECISION_PROBE), "probe");
	ck_assert_str_eq(decision_kind_name(DECISION_LIST), "list");
	ck_assert_str_eq(decision_kind_name(DECISION_KEEP), "keep");
	ck_assert_str_eq(decision_kind_name(DECISION_DELIST), "delist");
	ck_assert_str_eq(decision_kind_name((enum decision_kind)77), "unknown");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("decision");
	TCase *evidence = tcase_create("evidence"), *verdicts = tcase_create("verdicts");

	tcase_add_test(evidence, a_host_below_the_threshold_is_left_alone);
	tcase_add_test(evidence, one_reporter_does_not_suffice);
	tcase_add_test(evidence, evidence_nominates_and_never_lists);
	tcase_add_loop_test(verdicts, each_verdict_has_its_consequence, 0, (int)ORBL_COUNT(table));
	tcase_add_test(verdicts, no_verdict_is_forgotten);
	tcase_add_test(verdicts, an_undecided_host_is_asked_again_ever_later);
	tcase_add_test(verdicts, what_is_decided_is_not_asked_again);
	tcase_add_test(verdicts, kinds_have_names);
	suite_add_tcase(s, evidence);
	suite_add_tcase(s, verdicts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
