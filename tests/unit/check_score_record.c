#include "score_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "analyzer_fixture.h"
#include "denial.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000, DAY = 86400 };

static struct conf *conf;
static struct score_inputs in;

static void
set_up(void)
{
	scratch_enter();
	conf = fixture_conf("score.suspect_at = 60\n");
	score_record_init(&in, conf, NOW);
}

static void
tear_down(void)
{
	score_record_reset(&in);
	conf_free(conf);
	scratch_leave();
}

static void
add(struct score_fact f)
{
	ck_ok(facts_add(&in.facts, &f, trouble()));
}

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
add_random_facts(uint32_t *random, size_t count)
{
	char name[16];

	for (size_t i = 0; i < count; i++) {
		uint32_t who = next_random(random) % 7;
		struct score_fact f = {
			.reporter = name,
			.key = who < 3 ? "192.0.2.0/24" : NULL,
			.kind = next_random(random) % DENIAL_KIND_COUNT,
			.time_s = NOW - next_random(random) % (31 * DAY),
			.count = next_random(random) % 1000,
			.domains = (uint64_t)next_random(random) << 32 | next_random(random),
			.trust = 10 + 13 * (int64_t)who,
			.rule = next_random(random) % 3 == 0 ? "RelayDenyList" : NULL,
			.submission = next_random(random) % 1000,
		};

		for (size_t b = 0; next_random(random) % 4 != 0 && b < SCORE_HASH; b++)
			f.hash[b] = (uint8_t)next_random(random);
		snprintf(name, sizeof(name), "mx%u", who);
		add(f);
	}
}

/* What is decided on what was read is what was decided before, to the last byte. */
static void
check_round(const char *kind)
{
	struct score_inputs again;
	struct score_result first, second;
	char *text = score_record_inputs(&in), *second_text, *result, *second_result;

	ck_assert_ptr_nonnull(text);
	ck_ok(score_record_parse(text, &again, trouble()));
	score_record_decide(&in, &first);
	score_record_decide(&again, &second);
	result = score_record_result(kind, &first);
	second_result = score_record_result(kind, &second);
	ck_assert_str_eq(result, second_result);
	second_text = score_record_inputs(&again);
	ck_assert_str_eq(text, second_text);
	score_record_reset(&again);
	free(text);
	free(second_text);
	free(result);
	free(second_result);
}

START_TEST(what_is_read_again_is_decided_again)
{
	uint32_t random = 5;

	check_round("nominate");
	for (int round = 0; round < 40; round++) {
		score_record_reset(&in);
		add_random_facts(&random, next_random(&random) % 80);
		in.listed_until_s = round % 2 == 0 ? 0 : NOW + next_random(&random) % (10 * DAY);
		check_round("nominate");
		check_round("suspect");
	}
}
END_TEST

START_TEST(the_result_says_all_terms)
{
	struct score_result r;
	json_t *json, *term;
	char *text;

	add((struct score_fact){.reporter = "mx1", .time_s = NOW, .count = 16, .trust = 50});
	score_record_decide(&in, &r);
	text = score_record_result("nominate", &r);
	json = json_loads(text, 0, NULL);
	free(text);
	ck_assert_str_eq(json_string_value(json_object_get(json, "decision")), "probe");
	ck_assert_str_eq(json_string_value(json_object_get(json, "reason")),
		"score 10.0 from 1 reporter");
	ck_assert(json_is_null(json_object_get(json, "expires")));
	term = json_array_get(json_object_get(json, "terms"), 0);
	ck_assert_double_eq(json_real_value(json_object_get(term, "sum")), 20);
	ck_assert_int_eq(json_integer_value(json_object_get(term, "trust")), 50);
	ck_assert_double_eq(json_real_value(json_object_get(term, "points")), 10);
	json_decref(json);
}
END_TEST

START_TEST(a_suspect_has_its_end)
{
	struct score_result r;
	json_t *json;
	char name[16], *text;

	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "mx%d", i);
		add((struct score_fact){.reporter = name, .time_s = NOW, .count = 1, .trust = 100});
	}
	score_record_decide(&in, &r);
	text = score_record_result("suspect", &r);
	json = json_loads(text, 0, NULL);
	free(text);
	ck_assert_str_eq(json_string_value(json_object_get(json, "decision")), "list");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "expires")), r.suspect.expires_s);
	ck_assert_int_gt(r.suspect.expires_s, NOW + 6 * DAY);
	json_decref(json);
}
END_TEST

START_TEST(a_name_that_is_no_text_is_kept_as_one)
{
	add((struct score_fact){.reporter = "mx\xff", .time_s = NOW, .count = 1, .trust = 100});
	check_round("nominate");
}
END_TEST

/* Each of these, in place of a good member. */
static const struct {
	const char *member, *json;
} faults[] = {
	{"now", "null"},
	{"now", "1e300"},
	{"listed_until", "-1"},
	{"rules", "[]"},
	{"rules", "{\"half_life\": 0}"},
	{"reporters", "{}"},
	{"reporters", "[]"},
	{"reporters", "[[\"mx1\", null, 50]]"},
	{"reporters", "[[\"mx1\", \"mx1\", 101]]"},
	{"reporters", "[[\"mx1\", \"mx1\"]]"},
	{"facts", "null"},
	{"facts", "[null]"},
	{"facts", "[[]]"},
	{"facts", "[[1, 0, 1, 1, \"0000000000000001\", null, 1, null]]"},
	{"facts", "[[-1, 0, 1, 1, \"0000000000000001\", null, 1, null]]"},
	{"facts", "[[0, 0, 1, 4294967296, \"0000000000000001\", null, 1, null]]"},
	{"facts", "[[0, 0, 1, 1, \"000000000000000g\", null, 1, null]]"},
	{"facts", "[[0, 0, 1, 1, \"1\", null, 1, null]]"},
	{"facts", "[[0, 0, 1, 1, \"0000000000000001\", 7, 1, null]]"},
	{"facts", "[[0, 0, 1, 1, \"0000000000000001\", null, 1, \"00\"]]"},
	{"facts", "[[0, 0, 1, 1, \"0000000000000001\", null, 1, null, 0]]"},
};

START_TEST(what_is_no_record_is_refused)
{
	struct score_inputs out;
	char *text, *bad;
	json_t *json;

	add((struct score_fact){.reporter = "mx1", .time_s = NOW, .count = 1, .trust = 100});
	text = score_record_inputs(&in);
	json = json_loads(text, 0, NULL);
	json_object_set_new(json, faults[_i].member,
		json_loads(faults[_i].json, JSON_DECODE_ANY, NULL));
	bad = json_dumps(json, 0);
	ck_assert_int_eq(score_record_parse(bad, &out, trouble()), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "cannot be read: "));
	score_record_reset(&out);
	json_decref(json);
	free(bad);
	free(text);
}
END_TEST

START_TEST(what_is_no_json_is_refused)
{
	static const char *const texts[] = {"", "[]", "null", "{", "{\"now\":1,\"now\":1}"};
	struct score_inputs out;

	for (size_t i = 0; i < ORBL_COUNT(texts); i++) {
		ck_assert_int_eq(score_record_parse(texts[i], &out, trouble()), ERR_SYNTAX);
		score_record_reset(&out);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("score_record");
	TCase *good = tcase_create("records"), *bad = tcase_create("none");

	tcase_add_checked_fixture(good, set_up, tear_down);
	tcase_add_test(good, what_is_read_again_is_decided_again);
	tcase_add_test(good, the_result_says_all_terms);
	tcase_add_test(good, a_suspect_has_its_end);
	tcase_add_test(good, a_name_that_is_no_text_is_kept_as_one);
	tcase_add_checked_fixture(bad, set_up, tear_down);
	tcase_add_loop_test(bad, what_is_no_record_is_refused, 0, (int)ORBL_COUNT(faults));
	tcase_add_test(bad, what_is_no_json_is_refused);
	suite_add_tcase(s, good);
	suite_add_tcase(s, bad);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
