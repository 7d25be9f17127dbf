#include "replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_decision.h>

#include "analyzer_fixture.h"
#include "probe_case.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { PLAIN = 1, SCENARIOS = 8, HOSTS = 4, EVENTS = 12 };

static struct analyzer a;
static uint32_t random_state;

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a,
		"score.suspect_at = 90\nscore.suspect_until = 10\nprobe.interval = 0\n"
		"score.reporter_cap = 100\nscore.suspect_reporters = 2\n");
}

static void
set_up_two_sources(void)
{
	scratch_enter();
	analyzer_open(&a,
		"probe.source = 127.0.0.1\nprobe.second_source = 127.0.0.2\n"
		"probe.interval = 0\n");
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

static uint32_t
pick(uint32_t below)
{
	random_state = random_state * UINT32_C(1664525) + UINT32_C(1013904223);
	return (random_state >> 8) % below;
}

/* --- replaying ---------------------------------------------------------------- */

struct told {
	size_t count;
	char text[4096];
};

static void
on_difference(const struct replay_difference *d, void *context)
{
	struct told *told = context;
	size_t n = strlen(told->text);

	told->count++;
	snprintf(told->text + n, sizeof(told->text) - n, "%s %s %s\n", d->what, d->kind, d->text);
}

static struct replay
replay_all(struct told *told)
{
	struct replay r = {.store = a.store, .fn = on_difference, .context = told};
	bool more = true;

	*told = (struct told){.count = 0};
	while (more)
		ck_ok(replay_after(&r, r.last, 3, &more, trouble()));
	ck_assert_uint_eq(r.differences, told->count);
	return r;
}

static struct replay
replay_of(const char *host, struct told *told)
{
	struct replay r = {.store = a.store, .fn = on_difference, .context = told};
	struct addr addr = fixture_address(host);

	*told = (struct told){.count = 0};
	ck_ok(replay_host(&r, &addr, 1000, trouble()));
	ck_assert_uint_eq(r.differences, told->count);
	return r;
}

/* --- playing ------------------------------------------------------------------------ */

static void
say(const struct prober_event *ev)
{
	fake_prober_say(a.prober, ev);
	analyzer_turn(&a);
}

static void
say_case(uint64_t id, unsigned number, enum prober_answer answer)
{
	struct prober_event ev = {.kind = PROBER_CASE,
		.id = id,
		.time_us = (int64_t)time(NULL) * 1000000,
		.case_index = number,
		.answer = answer,
		.mail_from = "<a@probe.test>",
		.rcpt_reply = "554 5.7.1 no",
		.data_reply = "250 ok"};

	snprintf(ev.rcpt_to, sizeof(ev.rcpt_to), "<form%u@probe.test>", number);
	say(&ev);
}

static void
say_arrival(uint64_t id, const char *peer, bool to_sender)
{
	say(&(struct prober_event){.kind = PROBER_ARRIVAL,
		.id = id,
		.time_us = (int64_t)time(NULL) * 1000000,
		.case_index = PLAIN,
		.to_sender = to_sender,
		.peer = {.addr = fixture_address(peer)}});
}

static void
say_done(uint64_t id, enum prober_reach reach)
{
	say(&(struct prober_event){.kind = PROBER_DONE, .id = id, .reach = reach, .text = "bye"});
}

static void
deny(const char *reporter, const char *host)
{
	analyzer_add_denial(&a, reporter, host);
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
}

static uint64_t
newest_job(void)
{
	size_t n = fake_prober_jobs(a.prober);

	ck_assert_uint_ne(n, 0);
	return fake_prober_job(a.prober, n - 1)->id;
}

/* 192.0.2.1 is nominated by two, tested, and listed. */
static uint64_t
list_one(void)
{
	uint64_t id;

	deny("mx1", "192.0.2.1");
	deny("mx2", "192.0.2.1");
	id = newest_job();
	say_case(id, PLAIN, PROBER_ANSWER_ACCEPTED);
	say_arrival(id, "192.0.2.1", false);
	say_done(id, REACH_DONE);
	ck_assert_uint_ne(analyzer_listed(&a, "192.0.2.1"), 0);
	return id;
}

/* Whatever a prober may tell of a job. */
static void
play_job(uint64_t id, const char *host)
{
	static const unsigned cases[] = {1, 2, 4, 11};
	static const char *const others[] = {"192.0.2.77", "198.51.100.7"};
	bool late = pick(3) == 0;

	for (uint32_t n = pick(EVENTS); n != 0; n--)
		say_case(id, cases[pick(ORBL_COUNT(cases))],
			(enum prober_answer)(1 + pick(PROBER_ANSWER_BROKEN)));
	if (!late && pick(3) == 0)
		say_arrival(id, pick(2) == 0 ? host : others[pick(2)], pick(3) == 0);
	say_done(id, (enum prober_reach)pick(REACH_OURS));
	if (late)
		say_arrival(id, pick(2) == 0 ? host : others[pick(2)], pick(3) == 0);
}

static void
play(void)
{
	static const char *const reporters[] = {"mx1", "mx2", "mx3"};
	char host[ADDR_TEXT];
	size_t done = 0;

	for (int i = 0; i < HOSTS * 3; i++) {
		snprintf(host, sizeof(host), "192.0.2.%u", 1 + pick(HOSTS));
		deny(reporters[pick(ORBL_COUNT(reporters))], host);
		for (; done < fake_prober_jobs(a.prober); done++) {
			const struct prober_job *job = fake_prober_job(a.prober, done);

			addr_format(&job->target.addr, host);
			play_job(job->id, host);
		}
	}
}

START_TEST(what_was_decided_is_decided_again)
{
	struct told told;
	struct replay r;

	random_state = (uint32_t)_i;
	play();
	r = replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
	ck_assert_uint_gt(r.decisions, 4);
	ck_assert_uint_gt(r.probes, 2);
	ck_assert_uint_gt(r.facts, 2);
	ck_assert_uint_eq(r.facts_gone, 0);
	for (int i = 1; i <= HOSTS; i++) {
		char host[ADDR_TEXT];

		snprintf(host, sizeof(host), "192.0.2.%d", i);
		replay_of(host, &told);
		ck_assert_msg(told.count == 0, "%s", told.text);
	}
}
END_TEST

START_TEST(a_host_has_its_own)
{
	struct told told;
	struct replay r;

	list_one();
	r = replay_of("192.0.2.1", &told);
	ck_assert_msg(told.count == 0, "%s", told.text);
	ck_assert_uint_ge(r.decisions, 2);
	ck_assert_uint_eq(r.probes, 1);
	ck_assert_uint_ge(r.facts, 1);
	r = replay_of("192.0.2.2", &told);
	ck_assert_uint_eq(r.decisions + r.probes + r.facts, 0);
}
END_TEST

/* --- what is not as it was ------------------------------------------------------------- */

static const struct {
	const char *sql, *text;
} changes[] = {
	{"UPDATE evidence SET count = count - 1", "there were 8 denials, there are 7"},
	{"UPDATE evidence SET raw = 'denial of 192.0.2.9 in 1'", "the sample line is not the one"},
	{"UPDATE evidence SET hash = x'00112233445566778899aabbccddeeff'",
		"the hash of the sample line is another one"},
	{"UPDATE evidence SET hash = NULL", "the hash of the sample line is another one"},
	{"UPDATE evidence SET rule = 'RelayDenyList'", "rule was none, is RelayDenyList"},
	{"UPDATE decision SET result = replace(result, '\"points\"', '\"pionts\"')"
	 " WHERE kind = 'nominate'",
		"points was missing, is"},
	{"UPDATE decision SET result = json_set(result, '$.points', 1.5) WHERE kind = 'nominate'",
		"points was 1.5, is"},
	{"UPDATE decision SET result = '' WHERE kind = 'nominate'",
		"what was decided cannot be read"},
	{"UPDATE decision SET inputs = json_set(inputs, '$.reporters[0][2]', 7)"
	 " WHERE kind = 'nominate'",
		"points was"},
	{"UPDATE decision SET inputs = json_set(inputs, '$.facts[0][3]', 9)"
	 " WHERE kind = 'nominate'",
		"there were 9 denials, there are 8"},
	{"UPDATE decision SET inputs = json_set(inputs, '$.rules.threshold', 1000.0)"
	 " WHERE kind = 'nominate'",
		"decision was \"probe\""},
	{"UPDATE decision SET inputs = '{}' WHERE kind = 'nominate'", "decision nominate"},
	{"UPDATE decision SET time_s = time_s + 1 WHERE kind = 'nominate'",
		"as of another time than it is dated"},
	{"UPDATE decision SET kind = 'whim' WHERE kind = 'nominate'", "of this kind is not known"},
	{"UPDATE decision SET inputs = '{}' WHERE kind = 'verdict'", "cannot be read: first"},
	{"UPDATE decision SET result = json_set(result, '$.decision', 'keep')"
	 " WHERE kind = 'verdict'",
		"decision was \"keep\", is \"list\""},
	{"UPDATE decision SET inputs = json_set(inputs, '$.first.verdict', 'closed')"
	 " WHERE kind = 'verdict'",
		"verdict was \"open\", is \"closed\""},
	{"UPDATE decision SET inputs = json_set(inputs, '$.first.verdict', 'closed'),"
	 " result = json_set(result, '$.verdict', 'closed') WHERE kind = 'verdict'",
		"was closed, is open"},
	{"UPDATE decision SET result = result || ' '", "the audit log has another content of it"},
	{"UPDATE decision SET inputs = inputs || ' '", "the audit log has another content of it"},
	{"UPDATE probe SET result = replace(result, 'bye', 'BYE')",
		"the audit log has another result of it"},
	{"UPDATE probe SET verdict = 'closed'", "the audit log has another result of it"},
	{"UPDATE probe SET verdict = 'closed'", "probe  verdict was closed, is open"},
	{"UPDATE probe SET verdict = NULL", "but no verdict"},
	{"UPDATE probe SET result = json_set(result, '$.outputs', json('[]'))",
		"probe  verdict was open, is accepts"},
	{"UPDATE probe SET result = '{'", "its result cannot be read"},
	{"UPDATE probe SET result = '{}'", "it is no result of a probe"},
};

START_TEST(what_is_changed_is_found)
{
	struct told all, one;

	list_one();
	ck_ok(store_execute(a.store, changes[_i].sql, trouble()));
	replay_all(&all);
	ck_assert_msg(strstr(all.text, changes[_i].text) != NULL, "%s gives %s", changes[_i].sql,
		all.text);
	replay_of("192.0.2.1", &one);
	ck_assert_msg(strstr(one.text, changes[_i].text) != NULL, "%s gives %s", changes[_i].sql,
		one.text);
}
END_TEST

START_TEST(what_is_gone_is_no_difference)
{
	struct told told;
	struct replay r;

	list_one();
	ck_ok(store_execute(a.store, "DELETE FROM evidence", trouble()));
	ck_ok(store_execute(a.store, "UPDATE probe SET result = NULL", trouble()));
	r = replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
	ck_assert_uint_eq(r.facts_gone, r.facts);
	ck_assert_uint_gt(r.facts_gone, 0);
	ck_assert_uint_eq(r.results_gone, 1);
}
END_TEST

/* Nor did the audit log of that version know of it. */
START_TEST(an_older_result_is_not_judged)
{
	struct told told;
	struct replay r;
	uint64_t id;

	deny("mx1", "192.0.2.1");
	id = newest_job();
	say_case(id, PLAIN, PROBER_ANSWER_REFUSED);
	say_done(id, REACH_DONE);
	ck_ok(store_execute(a.store,
		"UPDATE probe SET result = json_remove(result, '$.reach', '$.ended')", trouble()));
	ck_ok(store_execute(a.store, "DELETE FROM audit WHERE action = 'probed'", trouble()));
	r = replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
	ck_assert_uint_eq(r.results_gone, 1);
}
END_TEST

START_TEST(more_evidence_is_no_difference)
{
	struct told told;

	list_one();
	deny("mx1", "192.0.2.1");
	deny("mx3", "192.0.2.1");
	replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
}
END_TEST

/* It says that it is closed, and was not asked what had proved it open. */
START_TEST(a_verdict_that_was_held_back_stays_so)
{
	struct told told;
	uint64_t id = list_one();
	struct addr host = fixture_address("192.0.2.1");

	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_probe_queue(a.store, &host, CAUSE_EXPIRY, (int64_t)time(NULL), &id, trouble()));
	ck_ok(store_commit(a.store, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ck_assert_uint_eq(newest_job(), id);
	say_case(id, 11, PROBER_ANSWER_REFUSED);
	say_done(id, REACH_DONE);
	ck_assert_uint_ne(analyzer_listed(&a, "192.0.2.1"), 0);
	replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
	replay_of("192.0.2.1", &told);
	ck_assert_msg(told.count == 0, "%s", told.text);
}
END_TEST

/* The bounce names P01, which was not asked: it is of another test with that sender. */
START_TEST(a_late_bounce_is_kept_with_its_test)
{
	struct told told;
	uint64_t id;

	deny("mx1", "192.0.2.1");
	id = newest_job();
	say_case(id, 11, PROBER_ANSWER_ACCEPTED);
	say_done(id, REACH_DONE);
	say_arrival(id, "192.0.2.1", true);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 1U << CATEGORY_BOUNCER);
	replay_all(&told);
	ck_assert_msg(told.count == 0, "%s", told.text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("replay");
	TCase *one = tcase_create("one source"), *two = tcase_create("two sources");

	tcase_set_timeout(one, 60);
	tcase_set_timeout(two, 60);
	tcase_add_checked_fixture(one, set_up, tear_down);
	tcase_add_loop_test(one, what_was_decided_is_decided_again, 0, SCENARIOS);
	tcase_add_test(one, a_host_has_its_own);
	tcase_add_loop_test(one, what_is_changed_is_found, 0, (int)ORBL_COUNT(changes));
	tcase_add_test(one, what_is_gone_is_no_difference);
	tcase_add_test(one, an_older_result_is_not_judged);
	tcase_add_test(one, more_evidence_is_no_difference);
	tcase_add_test(one, a_verdict_that_was_held_back_stays_so);
	tcase_add_test(one, a_late_bounce_is_kept_with_its_test);
	suite_add_tcase(s, one);
	tcase_add_checked_fixture(two, set_up_two_sources, tear_down);
	tcase_add_loop_test(two, what_was_decided_is_decided_again, 0, SCENARIOS);
	suite_add_tcase(s, two);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
