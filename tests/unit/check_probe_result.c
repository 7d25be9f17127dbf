#include "probe/probe_result.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { ID = 42 };

static struct probe_result *result;

static struct endpoint
endpoint(const char *s)
{
	struct endpoint e;

	ck_assert_int_eq(endpoint_parse(text_of(s), &e), OK);
	return e;
}

static void
set_up(void)
{
	struct endpoint target = endpoint("192.0.2.9:25");

	result = probe_result_new(ID, &target);
	ck_assert_ptr_nonnull(result);
}

static void
tear_down(void)
{
	probe_result_free(result);
}

static void
add_case(unsigned number, enum prober_answer answer, const char *reply)
{
	struct prober_event ev = {.kind = PROBER_CASE,
		.id = ID,
		.case_index = number,
		.answer = answer};

	snprintf(ev.rcpt_reply, sizeof(ev.rcpt_reply), "%s", reply);
	ck_assert(!probe_result_apply(result, &ev));
}

static bool
add_arrival(unsigned number, bool bounce, const char *peer)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL,
		.id = ID,
		.case_index = number,
		.to_sender = bounce,
		.peer = endpoint(peer)};

	return probe_result_apply(result, &ev);
}

static void
add_done(enum prober_reach reach, const char *text)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = ID, .reach = reach};

	snprintf(ev.text, sizeof(ev.text), "%s", text);
	ck_assert(!probe_result_is_done(result));
	ck_assert(!probe_result_apply(result, &ev));
	ck_assert(probe_result_is_done(result));
}

static void
assert_verdict(const char *name, const char *reason)
{
	ck_assert_str_eq(verdict_name(probe_result_verdict(result)), name);
	ck_assert_msg(strstr(probe_result_reason(result), reason) != NULL, "%s",
		probe_result_reason(result));
}

START_TEST(closed)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(2, PROBER_ANSWER_REFUSED, "550 no");
	assert_verdict("undecided", "");
	add_done(REACH_DONE, "");
	assert_verdict("closed", "all 2 cases refused; P01-plain: 550 no");
}
END_TEST

START_TEST(accepted_is_no_proof)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_done(REACH_DONE, "");
	assert_verdict("accepts", "P01-plain was accepted (250 ok), nothing has come back");
}
END_TEST

START_TEST(open_from_the_tested_address)
{
	struct addr outputs[4];

	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	ck_assert(!add_arrival(1, false, "192.0.2.9:999"));
	add_done(REACH_DONE, "");
	assert_verdict("open", "P01-plain (a relay for everybody) came back from 192.0.2.9");
	ck_assert_uint_eq(probe_result_outputs(result, outputs, 4), 1);
}
END_TEST

START_TEST(multihop)
{
	struct addr outputs[1];

	add_case(11, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_arrival(11, false, "198.51.100.1:999");
	add_arrival(11, false, "198.51.100.1:1000");
	add_arrival(11, false, "[2001:db8::1]:1");
	add_done(REACH_DONE, "");
	assert_verdict("open-multihop", "came back from 198.51.100.1, which is not the tested");
	ck_assert_uint_eq(probe_result_outputs(result, outputs, 1), 2);
	/* the same message from the tested address itself: single-stage */
	ck_assert(add_arrival(12, false, "192.0.2.9:999"));
	assert_verdict("open", "P11");
}
END_TEST

START_TEST(bounces)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_arrival(1, true, "198.51.100.1:999");
	add_done(REACH_DONE, "");
	assert_verdict("bounces", "bounced by 198.51.100.1");
	ck_assert_uint_eq(probe_result_outputs(result, NULL, 0), 0);
}
END_TEST

START_TEST(late_arrival_upgrades)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_done(REACH_DONE, "");
	assert_verdict("accepts", "");
	ck_assert(add_arrival(1, true, "192.0.2.9:1"));
	assert_verdict("bounces", "");
	ck_assert(add_arrival(1, false, "192.0.2.9:1"));
	assert_verdict("open", "");
}
END_TEST

START_TEST(not_reached)
{
	add_done(REACH_NONE, "no connection: Connection refused");
	assert_verdict("unreachable", "no connection: Connection refused");
}
END_TEST

START_TEST(refused_as_client)
{
	add_done(REACH_REFUSED, "greeting: 554 go away");
	assert_verdict("untestable", "554 go away");
}
END_TEST

START_TEST(temporary)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(11, PROBER_ANSWER_TEMPORARY, "450 later");
	add_done(REACH_TEMPORARY, "");
	assert_verdict("undecided", "P11-pct-host got no final answer: 450 later");
	add_case(11, PROBER_ANSWER_TEMPORARY, "451 newer");
	assert_verdict("undecided", "451 newer");
}
END_TEST

START_TEST(broken)
{
	add_done(REACH_TEMPORARY, "greeting: not an SMTP reply");
	assert_verdict("undecided", "not an SMTP reply");
}
END_TEST

START_TEST(foreign_events_are_ignored)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = ID + 1, .reach = REACH_NONE};

	ck_assert(!probe_result_apply(result, &ev));
	ck_assert(!probe_result_is_done(result));
	ev = (struct prober_event){.kind = PROBER_READY, .id = ID};
	ck_assert(!probe_result_apply(result, &ev));
	ev = (struct prober_event){.kind = PROBER_CASE, .id = ID, .case_index = 64};
	ck_assert(!probe_result_apply(result, &ev));
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct prober_event ev = {.kind = PROBER_DIALOGUE, .id = ID, .direction = '<'};
	size_t lines = 0;

	memset(ev.text, 'x', sizeof(ev.text) - 1);
	for (int i = 0; i < 10000; i++)
		probe_result_apply(result, &ev);
	while (probe_result_line(result, lines) != NULL)
		lines++;
	ck_assert_uint_le(lines, 500);
	for (uint32_t i = 0; i < 1000; i++) {
		char peer[32];

		snprintf(peer, sizeof(peer), "198.18.%u.%u:1", i / 250, i % 250);
		add_arrival(1, false, peer);
	}
	ck_assert_uint_le(probe_result_outputs(result, NULL, 0), 64);
}
END_TEST

START_TEST(json)
{
	struct prober_event ev = {.kind = PROBER_DIALOGUE,
		.id = ID,
		.direction = '>',
		.time_us = INT64_C(1893553445678901),
		.text = "QUIT"};
	json_t *j, *c;

	probe_result_apply(result, &ev);
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(2, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_arrival(2, false, "198.51.100.1:9");
	add_done(REACH_DONE, "");
	j = probe_result_json(result);
	ck_assert_str_eq(json_string_value(json_object_get(j, "target")), "192.0.2.9:25");
	ck_assert_str_eq(json_string_value(json_object_get(j, "verdict")), "open-multihop");
	ck_assert_str_eq(json_string_value(json_object_get(j, "input")), "192.0.2.9");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(j, "outputs"), 0)),
		"198.51.100.1");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(j, "transcript"), 0)),
		"2030-01-02T03:04:05.678Z > QUIT");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "cases")), 2);
	c = json_array_get(json_object_get(j, "cases"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(c, "case")), "P01-plain");
	ck_assert(json_is_false(json_object_get(c, "arrived")));
	ck_assert(json_is_null(json_object_get(c, "output")));
	ck_assert_str_eq(json_string_value(json_object_get(c, "rcpt_reply")), "550 no");
	c = json_array_get(json_object_get(j, "cases"), 1);
	ck_assert(json_is_true(json_object_get(c, "arrived")));
	ck_assert_str_eq(json_string_value(json_object_get(c, "output")), "198.51.100.1");
	json_decref(j);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_result");
	TCase *verdicts = tcase_create("verdicts"), *form = tcase_create("form");

	tcase_add_checked_fixture(verdicts, set_up, tear_down);
	tcase_add_test(verdicts, closed);
	tcase_add_test(verdicts, accepted_is_no_proof);
	tcase_add_test(verdicts, open_from_the_tested_address);
	tcase_add_test(verdicts, multihop);
	tcase_add_test(verdicts, bounces);
	tcase_add_test(verdicts, late_arrival_upgrades);
	tcase_add_test(verdicts, not_reached);
	tcase_add_test(verdicts, refused_as_client);
	tcase_add_test(verdicts, temporary);
	tcase_add_test(verdicts, broken);
	tcase_add_checked_fixture(form, set_up, tear_down);
	tcase_add_test(form, foreign_events_are_ignored);
	tcase_add_test(form, memory_is_bounded);
	tcase_add_test(form, json);
	suite_add_tcase(s, verdicts);
	suite_add_tcase(s, form);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
