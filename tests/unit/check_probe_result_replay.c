#include "probe_result_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_case.h"
#include "unit.h"

enum { ID = 42, SEQUENCES = 400, EVENTS = 40 };

static uint32_t random_state = 1;

static uint32_t
pick(uint32_t below)
{
	random_state = random_state * UINT32_C(1664525) + UINT32_C(1013904223);
	return (random_state >> 8) % below;
}

static struct endpoint
endpoint(const char *s)
{
	struct endpoint e;

	ck_assert_int_eq(endpoint_parse(text_of(s), &e), OK);
	return e;
}

static const char *
one_of(const char *const *texts, size_t count)
{
	return texts[pick((uint32_t)count)];
}

/* What a prober may tell, in any order. */
static struct prober_event
random_event(void)
{
	static const char *const peers[] = {"192.0.2.9:25", "198.51.100.1:7", "[2001:db8::1]:9"};
	static const char *const dsns[] = {"", "auto-reply", "failed 5.7.1 <a@b>, by mx.example",
		"failed", "nonsense"};
	static const enum prober_event_kind kinds[] = {PROBER_DIALOGUE, PROBER_CASE, PROBER_ARRIVAL,
		PROBER_HEADER, PROBER_TLS, PROBER_AGAIN, PROBER_CASE, PROBER_DONE};
	struct prober_event ev = {
		.kind = kinds[pick(ORBL_COUNT(kinds))],
		.id = ID,
		.time_us = INT64_C(1893553445678000) + (int64_t)pick(100000) * 1000,
		.case_index = probe_case_row(pick((uint32_t)probe_case_count()))->number,
		.answer = (enum prober_answer)pick(PROBER_ANSWER_BROKEN + 1),
		.reach = (enum prober_reach)pick(REACH_OURS + 1),
		.to_sender = pick(3) == 0,
		.direction = '<',
	};

	ev.peer = endpoint(one_of(peers, ORBL_COUNT(peers)));
	snprintf(ev.dsn, sizeof(ev.dsn), "%s", one_of(dsns, ORBL_COUNT(dsns)));
	snprintf(ev.text, sizeof(ev.text), "text %u", pick(1000));
	snprintf(ev.mail_from, sizeof(ev.mail_from), "<a%u@b>", pick(10));
	snprintf(ev.rcpt_to, sizeof(ev.rcpt_to), "<c%u@d>", pick(10));
	snprintf(ev.rcpt_reply, sizeof(ev.rcpt_reply), "550 %u", pick(10));
	if (pick(2) == 0)
		snprintf(ev.data_reply, sizeof(ev.data_reply), "250 %u", pick(10));
	return ev;
}

static struct probe_result *
random_result(bool done)
{
	struct endpoint target = endpoint("192.0.2.9:25");
	struct probe_result *r = probe_result_new(ID, &target);
	struct prober_event ev;

	ck_assert_ptr_nonnull(r);
	for (uint32_t n = pick(EVENTS); n != 0; n--) {
		ev = random_event();
		if (ev.kind != PROBER_DONE || pick(8) == 0)
			probe_result_apply(r, &ev);
	}
	ev = random_event();
	ev.kind = PROBER_DONE;
	if (done && !probe_result_is_done(r))
		probe_result_apply(r, &ev);
	return r;
}

static struct probe_result *
read_back(const json_t *json)
{
	struct error e = {.code = OK};
	struct probe_result *r;

	ck_assert_msg(probe_result_replay(json, ID, &r, &e) == OK, "%s", e.text);
	return r;
}

/* The same verdict, the same words, and the same JSON again. */
static void
assert_comes_back(const struct probe_result *r)
{
	json_t *json = probe_result_json(r), *again;
	struct probe_result *other;
	char *text, *text_again;

	ck_assert_ptr_nonnull(json);
	other = read_back(json);
	ck_assert_int_eq(probe_result_verdict(other), probe_result_verdict(r));
	ck_assert_str_eq(probe_result_reason(other), probe_result_reason(r));
	again = probe_result_json(other);
	text = json_dumps(json, 0);
	text_again = json_dumps(again, 0);
	ck_assert_str_eq(text, text_again);
	free(text);
	free(text_again);
	json_decref(json);
	json_decref(again);
	probe_result_free(other);
}

START_TEST(any_result_comes_back)
{
	for (int i = 0; i < SEQUENCES; i++) {
		struct probe_result *r = random_result(true);

		assert_comes_back(r);
		probe_result_free(r);
	}
}
END_TEST

START_TEST(one_that_is_not_done_comes_back)
{
	for (int i = 0; i < SEQUENCES; i++) {
		struct probe_result *r = random_result(false);

		assert_comes_back(r);
		probe_result_free(r);
	}
}
END_TEST

/* --- what is no result, and older ones ----------------------------------------------- */

#define HEAD       "{\"target\":\"192.0.2.9:25\",\"source\":\"first\",\"source_address\":null,"
#define EMPTY      "\"outputs\":[],\"bounces\":[],\"cases\":[],\"transcript\":[]"
#define CASE(more) HEAD "\"outputs\":[],\"bounces\":[],\"transcript\":[],\"cases\":[" more "]"

static const struct {
	const char *json;
	enum err err;
	const char *part;
} odd[] = {
	{"{}", ERR_SYNTAX, "\"target\""},
	{"{\"target\":7}", ERR_SYNTAX, "\"target\""},
	{HEAD "\"cases\":[]}", ERR_SYNTAX, "\"bounces\""},
	{HEAD EMPTY ",\"reach\":\"far\"}", ERR_SYNTAX, "\"reach\""},
	{HEAD EMPTY "}", ERR_NOT_FOUND, "older version"},
	{HEAD EMPTY ",\"reach\":\"done\"}", OK, "closed"},
	{HEAD EMPTY ",\"reach\":null}", OK, "undecided"},
	{CASE("7") ",\"reach\":\"done\"}", ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P99\",\"answer\":\"refused\"}") "}", ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"maybe\"}") "}", ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"refused\"},"
	      "{\"case\":\"P01-plain\",\"answer\":\"refused\"}") "}",
		ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"refused\",\"answered_at\":\"then\"}") "}",
		ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"refused\",\"output\":\"here\"}") "}",
		ERR_SYNTAX, "\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"refused\",\"headers\":[7]}") "}", ERR_SYNTAX,
		"\"cases\""},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"accepted\"}") "}", OK, "accepts"},
	{CASE("{\"case\":\"P01-plain\",\"answer\":\"refused\"}") "}", ERR_NOT_FOUND, "older"},
	{HEAD "\"cases\":[],\"transcript\":[],\"bounces\":[],\"outputs\":[null]}", ERR_SYNTAX,
		"\"outputs\""},
	{HEAD "\"cases\":[],\"transcript\":[],\"bounces\":[],\"outputs\":[\"192.0.2.9\"]}", OK,
		"open"},
	{HEAD "\"cases\":[],\"transcript\":[],\"outputs\":[],\"bounces\":[{\"case\":7}]}",
		ERR_SYNTAX, "\"bounces\""},
	{HEAD "\"cases\":[],\"outputs\":[],\"bounces\":[],\"transcript\":[null]}", ERR_SYNTAX,
		"\"transcript\""},
};

START_TEST(what_is_odd_is_told)
{
	json_t *json = json_loads(odd[_i].json, 0, NULL);
	struct error e = {.code = OK};
	struct probe_result *r;

	ck_assert_msg(json != NULL, "%s", odd[_i].json);
	ck_assert_int_eq(probe_result_replay(json, ID, &r, &e), odd[_i].err);
	if (r == NULL)
		ck_assert_msg(strstr(e.text, odd[_i].part) != NULL, "%s", e.text);
	else
		ck_assert_str_eq(verdict_name(probe_result_verdict(r)), odd[_i].part);
	probe_result_free(r);
	json_decref(json);
}
END_TEST

START_TEST(too_much_is_refused)
{
	json_t *json = json_loads(HEAD EMPTY ",\"reach\":\"done\"}", 0, NULL);
	struct error e = {.code = OK};
	struct probe_result *r;

	for (int i = 0; i < 501; i++)
		json_array_append_new(json_object_get(json, "transcript"), json_string("line"));
	ck_assert_int_eq(probe_result_replay(json, ID, &r, &e), ERR_SYNTAX);
	ck_assert_ptr_null(r);
	json_decref(json);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_result_replay");
	TCase *property = tcase_create("property"), *c = tcase_create("odd");

	tcase_add_test(property, any_result_comes_back);
	tcase_add_test(property, one_that_is_not_done_comes_back);
	suite_add_tcase(s, property);
	tcase_add_loop_test(c, what_is_odd_is_told, 0, (int)ORBL_COUNT(odd));
	tcase_add_test(c, too_much_is_refused);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
