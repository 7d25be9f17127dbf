#include "probe_result.h"

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

static bool
add_bounce(unsigned number, const char *dsn, const char *peer)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL,
		.id = ID,
		.time_us = INT64_C(1893553445678901),
		.case_index = number,
		.to_sender = true,
		.peer = endpoint(peer)};

	snprintf(ev.dsn, sizeof(ev.dsn), "%s", dsn);
	return probe_result_apply(result, &ev);
}

static void
add_text(enum prober_event_kind kind, unsigned number, const char *text)
{
	struct prober_event ev = {.kind = kind, .id = ID, .case_index = number};

	snprintf(ev.text, sizeof(ev.text), "%s", text);
	ck_assert(!probe_result_apply(result, &ev));
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

/* What the prober takes for the end of a sender that cannot be verified. */
START_TEST(closed_but_for_some)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(4, PROBER_ANSWER_TEMPORARY, "450 4.1.8 Domain not found");
	add_done(REACH_DONE, "");
	assert_verdict("closed", "1 of 2 cases refused; P01-plain: 550 no");
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

START_TEST(bounce_says_why)
{
	add_case(11, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_bounce(11, "failed 5.7.1 <a@b>, by mx.example", "198.51.100.1:999");
	add_done(REACH_DONE, "");
	assert_verdict("bounces",
		"P11-pct-host was accepted, then bounced by 198.51.100.1: "
		"failed 5.7.1 <a@b>, by mx.example");
}
END_TEST

START_TEST(automatic_reply)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_bounce(1, "auto-reply", "198.51.100.1:999");
	assert_verdict("bounces", "came an automatic reply from 198.51.100.1");
}
END_TEST

/* What is told again, or only told, decides nothing. */
START_TEST(no_news)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_text(PROBER_AGAIN, 1, "10 bytes");
	add_text(PROBER_HEADER, 1, "Subject: x");
	add_text(PROBER_TLS, 0, "TLSv1.3");
	add_done(REACH_DONE, "");
	add_text(PROBER_AGAIN, 1, "10 bytes");
	assert_verdict("accepts", "");
}
END_TEST

/* A token that came by another way than through the host is no proof against it. */
START_TEST(arrival_of_what_was_refused)
{
	struct prober_event ev = {.kind = PROBER_CASE,
		.id = ID,
		.case_index = 2,
		.answer = PROBER_ANSWER_REFUSED,
		.rcpt_reply = "250 ok",
		.data_reply = "554 no"};

	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	ck_assert(!add_arrival(1, false, "192.0.2.9:1"));
	add_done(REACH_DONE, "");
	ck_assert(!add_arrival(1, false, "198.51.100.1:1"));
	assert_verdict("closed", "");
	ck_assert_uint_eq(probe_result_outputs(result, NULL, 0), 0);
	/* refused after it had the message: who knows */
	probe_result_apply(result, &ev);
	ck_assert(add_arrival(2, false, "192.0.2.9:1"));
	assert_verdict("open", "P02");
}
END_TEST

/* Whoever has seen the sender's token can send mail to it: without a message of ours that was
 * accepted there is nothing to bounce. */
START_TEST(bounce_of_what_was_refused)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(7, PROBER_ANSWER_REFUSED, "550 no");
	ck_assert(!add_bounce(1, "failed 5.1.1 <x@y>, by z", "203.0.113.66:1"));
	add_done(REACH_DONE, "");
	assert_verdict("closed", "all 2 cases refused");
	ck_assert(!add_bounce(7, "", "203.0.113.66:1"));
	assert_verdict("closed", "");
}
END_TEST

START_TEST(bounce_of_another_sender)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	add_case(7, PROBER_ANSWER_ACCEPTED, "250 ok");
	ck_assert(!add_bounce(1, "", "203.0.113.66:1"));
	add_done(REACH_DONE, "");
	assert_verdict("accepts", "P07");
	ck_assert(add_bounce(7, "", "203.0.113.66:1"));
	assert_verdict("bounces", "P07-fhost was accepted, then bounced by 203.0.113.66");
}
END_TEST

/* A bounce that names no message stands for those with its sender; and may come first. */
START_TEST(bounce_of_one_with_its_sender)
{
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	ck_assert(!add_bounce(1, "", "192.0.2.9:1"));
	add_case(11, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_done(REACH_DONE, "");
	assert_verdict("bounces", "P11-pct-host was accepted, then bounced by 192.0.2.9");
}
END_TEST

START_TEST(late_news_only)
{
	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_done(REACH_DONE, "");
	ck_assert(add_bounce(1, "", "192.0.2.9:1"));
	ck_assert(!add_bounce(1, "", "192.0.2.9:2"));
	ck_assert(add_arrival(1, false, "192.0.2.9:1"));
	ck_assert(!add_arrival(1, false, "192.0.2.9:2"));
	add_text(PROBER_HEADER, 1, "Subject: x");
	ck_assert(add_arrival(2, false, "192.0.2.9:2")); /* another case */
	ck_assert(add_arrival(2, false, "192.0.2.8:2")); /* another output */
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

static json_t *
json_at(json_t *j, const char *array, size_t i)
{
	return json_array_get(json_object_get(j, array), i);
}

static void
assert_json(json_t *j, const char *name, const char *wanted)
{
	const char *value = json_string_value(json_object_get(j, name));

	ck_assert_msg(value != NULL && strcmp(value, wanted) == 0, "%s: %s", name, value);
}

START_TEST(json_of_an_arrival)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL,
		.id = ID,
		.case_index = 2,
		.time_us = INT64_C(1893553445678901),
		.peer = endpoint("198.51.100.1:9")};
	struct addr source = endpoint("203.0.113.1").addr;
	json_t *j, *c;

	probe_result_set_source(result, &source, true);
	add_text(PROBER_TLS, 0, "TLSv1.3 AES, CN=mx");
	add_text(PROBER_HEADER, 2, "too early");
	ck_assert(!probe_result_apply(result, &ev));
	add_text(PROBER_HEADER, 2, "Received: from x");
	add_text(PROBER_HEADER, 2, " by y");
	add_text(PROBER_AGAIN, 2, "time 2");
	add_arrival(2, false, "198.51.100.2:9");
	add_text(PROBER_HEADER, 2, "of the second");
	add_case(1, PROBER_ANSWER_REFUSED, "550 no");
	j = probe_result_json(result);
	assert_json(j, "source", "second");
	assert_json(j, "source_address", "203.0.113.1");
	assert_json(j, "tls", "TLSv1.3 AES, CN=mx");
	ck_assert_uint_eq(json_array_size(json_object_get(j, "bounces")), 0);
	c = json_at(j, "cases", 0);
	assert_json(c, "answer", "refused");
	ck_assert_ptr_null(json_object_get(c, "headers"));
	c = json_at(j, "cases", 1);
	assert_json(c, "arrived_at", "2030-01-02T03:04:05.678Z");
	ck_assert(json_is_null(json_object_get(c, "answered_at")));
	ck_assert(json_is_true(json_object_get(c, "again")));
	ck_assert_uint_eq(json_array_size(json_object_get(c, "headers")), 2);
	ck_assert_str_eq(json_string_value(json_at(c, "headers", 1)), " by y");
	json_decref(j);
}
END_TEST

/* What was asked for may be another one than the system took. */
START_TEST(source_of_the_connection)
{
	struct prober_event ev = {.kind = PROBER_DIALOGUE,
		.id = ID,
		.direction = '*',
		.peer = endpoint("198.51.100.7")};
	struct addr asked = endpoint("203.0.113.1").addr;
	json_t *j;

	ck_assert_uint_eq(probe_result_source(result).family, 0);
	probe_result_set_source(result, &asked, false);
	add_text(PROBER_DIALOGUE, 0, "nothing of an address");
	ck_assert_uint_eq(probe_result_source(result).b[0], 203);
	ck_assert(!probe_result_apply(result, &ev));
	j = probe_result_json(result);
	assert_json(j, "source_address", "198.51.100.7");
	json_decref(j);
}
END_TEST

START_TEST(json_of_bounces)
{
	json_t *j, *b;

	add_case(1, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_case(11, PROBER_ANSWER_ACCEPTED, "250 ok");
	add_bounce(11, "failed 5.7.1 <a@b>, by mx.example", "198.51.100.1:999");
	add_bounce(1, "", "198.51.100.2:999");
	add_bounce(7, "", "198.51.100.2:999"); /* of what was not accepted */
	j = probe_result_json(result);
	assert_json(j, "source", "first");
	ck_assert(json_is_null(json_object_get(j, "source_address")));
	ck_assert(json_is_null(json_object_get(j, "tls")));
	ck_assert_uint_eq(json_array_size(json_object_get(j, "bounces")), 2);
	b = json_at(j, "bounces", 0);
	assert_json(b, "case", "P11-pct-host");
	assert_json(b, "from", "198.51.100.1");
	assert_json(b, "at", "2030-01-02T03:04:05.678Z");
	assert_json(b, "action", "failed");
	assert_json(b, "status", "5.7.1");
	assert_json(b, "recipient", "a@b");
	assert_json(b, "reporting_mta", "mx.example");
	b = json_at(j, "bounces", 1);
	ck_assert(json_is_null(json_object_get(b, "action")));
	ck_assert(json_is_null(json_object_get(b, "reporting_mta")));
	json_decref(j);
}
END_TEST

/* Whatever comes through the pipe. */
START_TEST(headers_and_bounces_are_bounded)
{
	char line[PROBER_TEXT];
	size_t bytes = 0;
	json_t *j, *headers, *value;
	size_t i;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	add_arrival(1, false, "192.0.2.9:1");
	for (int n = 0; n < 1000; n++)
		add_text(PROBER_HEADER, 1, line);
	add_arrival(2, false, "192.0.2.9:1");
	for (int n = 0; n < 1000; n++)
		add_text(PROBER_HEADER, 2, "");
	for (int n = 0; n < 1000; n++) {
		snprintf(line, sizeof(line), "198.18.%d.%d:1", n / 250, n % 250);
		add_bounce(1, "", line);
	}
	j = probe_result_json(result);
	headers = json_object_get(json_at(j, "cases", 0), "headers");
	json_array_foreach (headers, i, value)
		bytes += json_string_length(value);
	ck_assert_uint_le(bytes, 8192);
	ck_assert_uint_eq(json_array_size(json_object_get(json_at(j, "cases", 1), "headers")), 100);
	ck_assert_uint_le(json_array_size(json_object_get(j, "bounces")), 64);
	json_decref(j);
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

/* Row: what the first source saw; column: the second. o open, m open-multihop, b bounces,
 * a accepts, c closed, t untestable, r unreachable, u undecided, d discriminates. */
START_TEST(two_sources)
{
	static const char names[VERDICT_COUNT + 1] = "ombactrud";
	static const char *const table[VERDICT_COUNT] = {
		/*         ombactrud */
		/* o */ "ooooooooo",
		/* m */ "ommmmmmmm",
		/* b */ "ombbddbbd",
		/* a */ "ombaddaad",
		/* c */ "omddcduud",
		/* t */ "omdddtttd",
		/* r */ "ombautrud",
		/* u */ "ombautuud",
		/* d */ "omddddddd",
	};

	for (unsigned i = 0; i < VERDICT_COUNT; i++)
		for (unsigned j = 0; j < VERDICT_COUNT; j++)
			ck_assert_msg(names[verdict_of_two(i, j)] == table[i][j], "%c and %c: %c",
				names[i], names[j], names[verdict_of_two(i, j)]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_result");
	TCase *verdicts = tcase_create("verdicts"), *form = tcase_create("form");

	tcase_add_checked_fixture(verdicts, set_up, tear_down);
	tcase_add_test(verdicts, closed);
	tcase_add_test(verdicts, closed_but_for_some);
	tcase_add_test(verdicts, accepted_is_no_proof);
	tcase_add_test(verdicts, open_from_the_tested_address);
	tcase_add_test(verdicts, multihop);
	tcase_add_test(verdicts, bounces);
	tcase_add_test(verdicts, bounce_says_why);
	tcase_add_test(verdicts, automatic_reply);
	tcase_add_test(verdicts, no_news);
	tcase_add_test(verdicts, arrival_of_what_was_refused);
	tcase_add_test(verdicts, bounce_of_what_was_refused);
	tcase_add_test(verdicts, bounce_of_another_sender);
	tcase_add_test(verdicts, bounce_of_one_with_its_sender);
	tcase_add_test(verdicts, late_news_only);
	tcase_add_test(verdicts, late_arrival_upgrades);
	tcase_add_test(verdicts, not_reached);
	tcase_add_test(verdicts, refused_as_client);
	tcase_add_test(verdicts, temporary);
	tcase_add_test(verdicts, broken);
	tcase_add_test(verdicts, two_sources);
	tcase_add_checked_fixture(form, set_up, tear_down);
	tcase_add_test(form, foreign_events_are_ignored);
	tcase_add_test(form, memory_is_bounded);
	tcase_add_test(form, json);
	tcase_add_test(form, json_of_an_arrival);
	tcase_add_test(form, json_of_bounces);
	tcase_add_test(form, source_of_the_connection);
	tcase_add_test(form, headers_and_bounces_are_bounded);
	suite_add_tcase(s, verdicts);
	suite_add_tcase(s, form);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
