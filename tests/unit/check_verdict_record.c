#include "verdict_record.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { HOUR = 3600, DAY = 86400 };

static struct verdict_inputs
inputs(enum verdict first)
{
	return (struct verdict_inputs){
		.probes = {7, 0},
		.has_verdicts = {true, false},
		.verdicts = {first, VERDICT_OPEN},
		.retry = {HOUR, DAY},
	};
}

static struct verdict_inputs
pair(enum verdict first, enum verdict second)
{
	struct verdict_inputs in = inputs(first);

	in.probes[1] = 8;
	in.has_verdicts[1] = true;
	in.verdicts[1] = second;
	in.second_source = true;
	return in;
}

/* --- deciding -------------------------------------------------------------------- */

START_TEST(one_verdict_is_that_verdict)
{
	const struct verdict_inputs in = inputs((enum verdict)_i);
	const struct verdict_result r = verdict_record_decide(&in);
	const struct decision d = decision_verdict((enum verdict)_i);

	ck_assert_int_eq(r.verdict, _i);
	ck_assert_int_eq(r.kind, d.kind);
	ck_assert_uint_eq(r.ends, d.removes);
	ck_assert_int_eq(r.retry_s, decision_retry(&in.retry, (enum verdict)_i, 0));
}
END_TEST

START_TEST(two_are_what_both_say)
{
	for (int second = 0; second < VERDICT_COUNT; second++) {
		const struct verdict_inputs in = pair((enum verdict)_i, (enum verdict)second);

		ck_assert_int_eq(verdict_record_decide(&in).verdict,
			verdict_of_two((enum verdict)_i, (enum verdict)second));
	}
}
END_TEST

START_TEST(a_second_that_was_not_made_is_a_doubt)
{
	struct verdict_inputs in = pair(VERDICT_CLOSED, VERDICT_CLOSED);

	in.has_verdicts[1] = false;
	ck_assert_int_eq(verdict_record_decide(&in).verdict, VERDICT_UNDECIDED);
	in.second_source = false; /* there is no second source any more */
	ck_assert_int_eq(verdict_record_decide(&in).verdict, VERDICT_CLOSED);
	in.has_verdicts[0] = false;
	ck_assert_int_eq(verdict_record_decide(&in).verdict, VERDICT_UNDECIDED);
}
END_TEST

START_TEST(a_proof_that_was_not_made_again_keeps)
{
	struct verdict_inputs in = inputs(VERDICT_CLOSED);
	struct verdict_result r;

	in.keeps = 1U << CATEGORY_RELAY;
	r = verdict_record_decide(&in);
	ck_assert_int_eq(r.verdict, VERDICT_UNDECIDED);
	ck_assert_int_eq(r.kind, DECISION_KEEP);
	ck_assert_uint_eq(r.ends, 0);
	ck_assert_int_eq(r.retry_s, HOUR);
	in = inputs(VERDICT_BOUNCES);
	in.keeps = 1U << CATEGORY_RELAY;
	r = verdict_record_decide(&in);
	ck_assert_int_eq(r.verdict, VERDICT_BOUNCES);
	ck_assert_int_eq(r.kind, DECISION_LIST);
	ck_assert_uint_eq(r.ends & 1U << CATEGORY_RELAY, 0);
	ck_assert_uint_ne(r.ends & 1U << CATEGORY_RELAY_INPUT, 0);
}
END_TEST

/* --- writing and reading ------------------------------------------------------------ */

static void
assert_comes_back(const struct verdict_inputs *in)
{
	char *text = verdict_record_inputs(in), *again, *result, *result_again;
	struct error e = {.code = OK};
	struct verdict_result r = verdict_record_decide(in);
	struct verdict_inputs out;

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(verdict_record_parse(text, &out, &e) == OK, "%s: %s", text, e.text);
	again = verdict_record_inputs(&out);
	ck_assert_str_eq(text, again);
	result = verdict_record_result(&r);
	r = verdict_record_decide(&out);
	result_again = verdict_record_result(&r);
	ck_assert_str_eq(result, result_again);
	free(text);
	free(again);
	free(result);
	free(result_again);
}

START_TEST(what_is_written_is_read)
{
	for (int i = 0; i < VERDICT_COUNT * 2 * 2 * 8; i++) {
		struct verdict_inputs in = pair((enum verdict)(i % VERDICT_COUNT),
			(enum verdict)((i / 3) % VERDICT_COUNT));
		int rest = i / VERDICT_COUNT;

		in.has_verdicts[rest & 1] = (rest & 2) == 0;
		in.keeps = (uint32_t)(rest >> 2) * 9 & CATEGORY_ALL_MASK;
		in.tries = (unsigned)rest;
		assert_comes_back(&in);
		in.probes[1] = 0;
		in.has_verdicts[1] = false;
		assert_comes_back(&in);
	}
}
END_TEST

START_TEST(it_reads_well)
{
	struct verdict_inputs in = inputs(VERDICT_OPEN);
	struct verdict_result r = verdict_record_decide(&in);
	char *text = verdict_record_inputs(&in), *result = verdict_record_result(&r);

	ck_assert_str_eq(text,
		"{\"first\":{\"probe\":7,\"verdict\":\"open\"},\"second\":null,"
		"\"second_source\":false,\"keeps\":[],\"tries\":0,"
		"\"backoff_s\":3600,\"interval_s\":86400}");
	ck_assert_str_eq(result,
		"{\"verdict\":\"open\",\"decision\":\"list\",\"category\":\"relay\","
		"\"ends\":[\"relay-input\",\"untestable\",\"bouncer\"],\"retry_s\":0}");
	free(text);
	free(result);
}
END_TEST

#define REST ",\"second_source\":false,\"keeps\":[],\"tries\":0,\"backoff_s\":1,\"interval_s\":1}"

static const struct {
	const char *json, *fault;
} wrong[] = {
	{"", "the whole"},
	{"[]", "the whole"},
	{"{\"first\":1,\"first\":2}", "the whole"},
	{"{}", "first"},
	{"{\"first\":null,\"second\":null" REST, "first"},
	{"{\"first\":{\"probe\":0,\"verdict\":\"open\"},\"second\":null" REST, "first"},
	{"{\"first\":{\"probe\":7,\"verdict\":\"ajar\"},\"second\":null" REST, "first"},
	{"{\"first\":{\"probe\":7,\"verdict\":null},\"second\":{}" REST, "second"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":1}", "second_source"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":true,\"keeps\":{}}", "keeps"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":true,\"keeps\":[\"all\"]}",
		"keeps"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":true,\"keeps\":[],\"tries\":-"
	 "1}",
		"tries"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":true,\"keeps\":[],\"tries\":0,"
	 "\"backoff_s\":1.5}",
		"backoff_s"},
	{"{\"first\":{\"probe\":7},\"second\":null,\"second_source\":true,\"keeps\":[],\"tries\":0,"
	 "\"backoff_s\":1,\"interval_s\":9223372036854775807}",
		"interval_s"},
};

START_TEST(what_is_wrong_is_named)
{
	struct error e = {.code = OK};
	struct verdict_inputs out;
	size_t len;

	ck_assert_int_eq(verdict_record_parse(wrong[_i].json, &out, &e), ERR_SYNTAX);
	len = strlen(e.text) - strlen(wrong[_i].fault);
	ck_assert_msg(strcmp(e.text + len, wrong[_i].fault) == 0, "%s", e.text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("verdict_record");
	TCase *decide = tcase_create("decide"), *record = tcase_create("record");

	tcase_add_loop_test(decide, one_verdict_is_that_verdict, 0, VERDICT_COUNT);
	tcase_add_loop_test(decide, two_are_what_both_say, 0, VERDICT_COUNT);
	tcase_add_test(decide, a_second_that_was_not_made_is_a_doubt);
	tcase_add_test(decide, a_proof_that_was_not_made_again_keeps);
	suite_add_tcase(s, decide);
	tcase_add_test(record, what_is_written_is_read);
	tcase_add_test(record, it_reads_well);
	tcase_add_loop_test(record, what_is_wrong_is_named, 0, (int)ORBL_COUNT(wrong));
	suite_add_tcase(s, record);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
