#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include <orbl/snapshot.h>

#include "analyzer_fixture.h"
#include "outcome.h"
#include "probe_case.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

#define BIT(category) (1U << (category))

enum { PLAIN = 1 /* number of the case P01 */ };

static struct analyzer a;
static int64_t now_s;

static void
set_up_with(const char *conf_lines)
{
	scratch_enter();
	analyzer_open(&a, conf_lines);
	now_s = (int64_t)time(NULL);
}

static void
set_up(void)
{
	set_up_with("probe.opt_out = {192.0.2.66}\nprobe.sessions = 3\n"
		    "probe.allow = {192.0.2.0/24, 203.0.113.0/24, 2001:db8::/32}\n");
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

static void
nominate(const char *host)
{
	analyzer_add_denial(&a, "mx1", host);
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
}

/* Id of the only or newest job. */
static uint64_t
last_job(const char *host)
{
	struct addr addr = fixture_address(host);
	size_t n = fake_prober_jobs(a.prober);
	const struct prober_job *job;

	ck_assert_uint_ne(n, 0);
	job = fake_prober_job(a.prober, n - 1);
	ck_assert(addr_equal(&job->target.addr, &addr));
	ck_assert_uint_eq(job->target.port, 25);
	return job->id;
}

static void
say(const struct prober_event *ev)
{
	fake_prober_say(a.prober, ev);
	analyzer_turn(&a);
}

static void
say_case(uint64_t id, enum prober_answer answer)
{
	say(&(struct prober_event){.kind = PROBER_CASE,
		.id = id,
		.case_index = PLAIN,
		.answer = answer,
		.rcpt_reply = "554 5.7.1 no"});
}

static void
say_arrival(uint64_t id, const char *peer, bool to_sender)
{
	say(&(struct prober_event){.kind = PROBER_ARRIVAL,
		.id = id,
		.case_index = PLAIN,
		.to_sender = to_sender,
		.peer = {.addr = fixture_address(peer)}});
}

static void
say_done(uint64_t id, enum prober_reach reach)
{
	say(&(struct prober_event){.kind = PROBER_DONE, .id = id, .reach = reach});
}

static int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n, sql, ""));
	return n;
}

static uint32_t
served_serial(void)
{
	static const char base[] = "orbl.snapshot", delta[] = "orbl.snapshot.delta";
	struct snapshot *s;
	uint32_t serial;

	ck_ok(snapshot_open(access(delta, F_OK) == 0 ? delta : base, &s, trouble()));
	serial = snapshot_serial(s);
	snapshot_close(s);
	return serial;
}

/* --- evidence -> probe --------------------------------------------------- */

START_TEST(evidence_nominates_a_host)
{
	ck_assert_uint_eq(served_serial(), 1); /* dnsd has a zone from the start */
	nominate("192.0.2.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
	last_job("192.0.2.1");
	ck_assert_uint_eq(pipeline_probes(a.pipeline).running, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'nominate'"
				" AND host = '192.0.2.1'"),
		1);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 0); /* and no more than that */
	nominate("192.0.2.1");                                  /* it is being probed */
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
}
END_TEST

START_TEST(one_reporter_is_not_enough)
{
	tear_down();
	set_up_with("score.min_reporters = 2\n");
	nominate("192.0.2.1");
	nominate("192.0.2.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	analyzer_add_denial(&a, "mx2", "192.0.2.1");
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
}
END_TEST

START_TEST(a_reporter_without_trust_counts_for_nothing)
{
	tear_down();
	set_up_with("reporter mx1 {\n trust = 0\n}\n");
	nominate("192.0.2.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
}
END_TEST

START_TEST(etiquette_is_asked)
{
	nominate("192.0.2.66"); /* opted out */
	nominate("10.1.2.3");   /* private */
	nominate("127.0.0.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	nominate("198.51.100.1"); /* documentation: allowed for 192.0.2.0/24 only */
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
}
END_TEST

START_TEST(a_host_is_not_probed_again_by_itself)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t probe;
	int64_t id;

	nominate("192.0.2.1");
	say_done(last_job("192.0.2.1"), REACH_NONE);
	nominate("192.0.2.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
	/* A request is its own provocation. */
	ck_ok(store_delisting_add(a.store, &host, "", now_s, &id, &probe, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 2);
	ck_assert_uint_eq(last_job("192.0.2.1"), probe);
}
END_TEST

START_TEST(a_request_does_not_stand_for_evidence)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t probe;
	int64_t id;

	ck_ok(store_delisting_add(a.store, &host, "", now_s, &id, &probe, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	say_case(probe, PROBER_ANSWER_REFUSED);
	say_done(probe, REACH_DONE);
	nominate("192.0.2.1");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 2);
}
END_TEST

START_TEST(so_many_hosts_are_probed_at_once)
{
	for (int i = 1; i <= 7; i++) {
		char host[32];

		snprintf(host, sizeof(host), "192.0.2.%d", i);
		nominate(host);
	}
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 3);
	say_done(fake_prober_job(a.prober, 1)->id, REACH_NONE);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 4);
	ck_assert_uint_eq(pipeline_probes(a.pipeline).running, 3);
	for (size_t i = 0; i < 7; i++)
		if (i != 1)
			say_done(fake_prober_job(a.prober, i)->id, REACH_NONE);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 7);
	ck_assert_uint_eq(pipeline_probes(a.pipeline).running, 0);
}
END_TEST

START_TEST(what_was_under_way_is_done_after_a_restart)
{
	struct pipeline_parts parts = {a.conf, a.store, a.prober, a.reporters, a.base,
		.audit = NULL};
	uint64_t probe;

	nominate("192.0.2.1");
	probe = last_job("192.0.2.1");
	analyzer_add_denial(&a, "mx1", "192.0.2.2"); /* not yet evaluated */
	pipeline_free(a.pipeline);
	ck_ok(pipeline_new(&parts, &a.pipeline, trouble()));
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 3);
	ck_assert_uint_eq(fake_prober_job(a.prober, 1)->id, probe);
	last_job("192.0.2.2");
}
END_TEST

START_TEST(without_a_prober_it_ends)
{
	ck_assert(!pipeline_has_failed(a.pipeline));
	fake_prober_end(a.prober);
	event_base_loop(a.base, EVLOOP_NONBLOCK);
	ck_assert(pipeline_has_failed(a.pipeline));
}
END_TEST

/* --- verdict -> listing -------------------------------------------------- */

struct watch {
	uint64_t probe;
	char text[1200];
	uint32_t serial; /* served when it was told */
	size_t lines;
	bool done;
};

static void
on_progress(uint64_t probe, const char *text, bool done, void *context)
{
	struct watch *w = context;

	w->probe = probe;
	w->done = done;
	w->lines++;
	w->serial = served_serial();
	snprintf(w->text, sizeof(w->text), "%s", text);
}

START_TEST(an_open_relay_is_listed_and_published)
{
	struct watch w = {.probe = 0};
	uint64_t id;

	pipeline_observe(a.pipeline, on_progress, &w);
	nominate("192.0.2.1");
	id = last_job("192.0.2.1");
	say(&(struct prober_event){.kind = PROBER_DIALOGUE,
		.id = id,
		.direction = '<',
		.text = "220 mail.example"});
	ck_assert_str_eq(w.text, "< 220 mail.example");
	ck_assert(!w.done);
	say_case(id, PROBER_ANSWER_ACCEPTED);
	say_arrival(id, "192.0.2.1", false);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 0);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert(w.done);
	ck_assert_uint_eq(w.probe, id);
	ck_assert_uint_eq(w.serial, 2); /* who waits finds DNS changed */
	ck_assert_ptr_nonnull(strstr(w.text, "192.0.2.1: open: P01-plain"));
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE verdict = 'open'"
				" AND finished_s <> 0 AND json_extract(result, '$.verdict') = "
				"'open'"),
		1);
	ck_assert_int_eq(number("SELECT expires_s - since_s FROM listing"), 30 * 86400);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'list'"), 1);
	pipeline_observe(a.pipeline, NULL, NULL);
}
END_TEST

START_TEST(an_ipv6_host_is_listed_with_its_64)
{
	uint64_t id;

	nominate("2001:db8::25");
	id = last_job("2001:db8::25");
	say_arrival(id, "2001:db8::25", false);
	say_done(id, REACH_DONE);
	ck_assert_int_eq(number("SELECT count(*) FROM listing WHERE prefix = '2001:db8::/64'"), 1);
}
END_TEST

START_TEST(a_multihop_relay_is_listed_with_its_outputs)
{
	uint64_t id;

	nominate("192.0.2.1");
	id = last_job("192.0.2.1");
	say_arrival(id, "203.0.113.9", false);
	say_arrival(id, "203.0.113.10", false);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(analyzer_listed(&a, "203.0.113.9"), BIT(CATEGORY_RELAY_OUTPUT));
	ck_assert_uint_eq(analyzer_listed(&a, "203.0.113.10"), BIT(CATEGORY_RELAY_OUTPUT));
}
END_TEST

START_TEST(a_forwarder_of_our_own_is_no_output)
{
	uint64_t id;

	nominate("1.2.3.4"); /* on the Internet, so that its outputs are too */
	id = last_job("1.2.3.4");
	say_arrival(id, "10.0.0.1", false);
	say_arrival(id, "1.2.3.5", false);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "1.2.3.4"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(analyzer_listed(&a, "1.2.3.5"), BIT(CATEGORY_RELAY_OUTPUT));
	ck_assert_uint_eq(analyzer_listed(&a, "10.0.0.1"), 0);
}
END_TEST

/* What a probe of a host that is listed as relay leaves. */
static const struct {
	enum prober_answer answer;
	enum prober_reach reach;
	bool bounces;
	const char *verdict;
	uint32_t listed;
	const char *state;
} retests[] = {
	{PROBER_ANSWER_REFUSED, REACH_DONE, false, "closed", 0, "delisted"},
	{PROBER_ANSWER_ACCEPTED, REACH_DONE, false, "accepts", BIT(CATEGORY_RELAY), "refused"},
	{PROBER_ANSWER_ACCEPTED, REACH_DONE, true, "bounces", BIT(CATEGORY_BOUNCER), "refused"},
	{PROBER_ANSWER_TEMPORARY, REACH_TEMPORARY, false, "undecided", BIT(CATEGORY_RELAY),
		"refused"},
	{PROBER_ANSWER_NONE, REACH_NONE, false, "unreachable", BIT(CATEGORY_RELAY), "refused"},
	{PROBER_ANSWER_NONE, REACH_REFUSED, false, "untestable",
		BIT(CATEGORY_RELAY) | BIT(CATEGORY_UNTESTABLE), "refused"},
};

START_TEST(a_retest_ends_a_listing_only_when_all_is_refused)
{
	struct addr host = fixture_address("192.0.2.1");
	char sql[256];
	uint64_t probe;
	int64_t id;

	analyzer_list(&a, "192.0.2.1", CATEGORY_RELAY, now_s, now_s + 86400);
	ck_ok(store_delisting_add(a.store, &host, "", now_s, &id, &probe, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ck_assert_uint_eq(last_job("192.0.2.1"), probe);
	if (retests[_i].answer != PROBER_ANSWER_NONE)
		say_case(probe, retests[_i].answer);
	if (retests[_i].bounces)
		say_arrival(probe, "192.0.2.1", true);
	say_done(probe, retests[_i].reach);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), retests[_i].listed);
	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM delisting WHERE state = '%s'"
		" AND finished_s <> 0 AND reason LIKE '%s%%'",
		retests[_i].state, retests[_i].verdict);
	ck_assert_int_eq(number(sql), 1);
	ck_assert_uint_eq(served_serial(), retests[_i].listed != BIT(CATEGORY_RELAY) ? 2 : 1);
}
END_TEST

START_TEST(a_closed_input_takes_its_outputs_along)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t probe;
	int64_t id;

	nominate("192.0.2.1");
	probe = last_job("192.0.2.1");
	say_arrival(probe, "203.0.113.9", false);
	say_done(probe, REACH_DONE);
	ck_ok(store_delisting_add(a.store, &host, "", now_s, &id, &probe, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	say_case(probe, PROBER_ANSWER_REFUSED);
	say_done(probe, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 0);
	ck_assert_uint_eq(analyzer_listed(&a, "203.0.113.9"), 0);
}
END_TEST

START_TEST(a_closed_neighbour_ends_no_listing)
{
	uint64_t id;

	analyzer_list(&a, "2001:db8::25", CATEGORY_RELAY, now_s, now_s + 86400);
	nominate("2001:db8::99");
	id = last_job("2001:db8::99");
	say_case(id, PROBER_ANSWER_REFUSED);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "2001:db8::25"), BIT(CATEGORY_RELAY));
}
END_TEST

START_TEST(a_message_that_comes_late_counts_when_it_was_accepted)
{
	uint64_t accepted, closed;

	nominate("192.0.2.1");
	accepted = last_job("192.0.2.1");
	say_case(accepted, PROBER_ANSWER_ACCEPTED);
	say_done(accepted, REACH_DONE);
	nominate("192.0.2.2");
	closed = last_job("192.0.2.2");
	say_case(closed, PROBER_ANSWER_REFUSED);
	say_done(closed, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 0);
	ck_ok(store_execute(a.store, "PRAGMA query_only = 1", trouble())); /* as a full disk */
	say_arrival(accepted, "192.0.2.1", false);
	ck_assert_str_eq(fake_prober_acks(a.prober), "1-");
	ck_ok(store_execute(a.store, "PRAGMA query_only = 0", trouble()));
	say_arrival(accepted, "192.0.2.1", false);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(served_serial(), 2);
	say_arrival(closed, "192.0.2.2", false); /* nobody gave it to this host */
	ck_assert_str_eq(fake_prober_acks(a.prober), "1- 2+ 3+");
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.2"), 0);
}
END_TEST

START_TEST(a_late_multihop_message_lists_its_output)
{
	uint64_t id;

	nominate("192.0.2.1");
	id = last_job("192.0.2.1");
	say_case(id, PROBER_ANSWER_ACCEPTED);
	say_arrival(id, "192.0.2.1", true);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_BOUNCER));
	say_arrival(id, "203.0.113.9", false);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(analyzer_listed(&a, "203.0.113.9"), BIT(CATEGORY_RELAY_OUTPUT));
}
END_TEST

/* It was closed meanwhile: what its queue still held says nothing of today. */
START_TEST(a_late_message_does_not_undo_a_newer_probe)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t old, probe;
	int64_t id;

	nominate("192.0.2.1");
	old = last_job("192.0.2.1");
	say_case(old, PROBER_ANSWER_ACCEPTED);
	say_done(old, REACH_DONE);
	ck_ok(store_delisting_add(a.store, &host, "", now_s, &id, &probe, trouble()));
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	say_case(probe, PROBER_ANSWER_REFUSED);
	say_done(probe, REACH_DONE);
	say_arrival(old, "192.0.2.1", false);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), 0);
}
END_TEST

START_TEST(events_of_probes_that_are_none_are_passed_over)
{
	say_arrival(999, "192.0.2.1", false);
	ck_assert_str_eq(fake_prober_acks(a.prober), "1+"); /* there is nothing to keep */
	say_done(999, REACH_DONE);
	ck_assert(!pipeline_has_failed(a.pipeline));
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert_int_eq(number("PRAGMA synchronous"), 2); /* and no transaction is left open */
	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_commit(a.store, trouble()));
}
END_TEST

/* --- housekeeping -------------------------------------------------------- */

/* The one test that waits for a clock: five seconds. */
START_TEST(housekeeping_expires_and_tries_again)
{
	const struct timeval while_s = {.tv_sec = 7};
	uint64_t id;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s - 10, now_s);
	nominate("192.0.2.1");
	id = last_job("192.0.2.1");
	say_arrival(id, "192.0.2.1", false);
	/* The result cannot be stored at first. */
	ck_assert_int_eq(sqlite3_exec(a.store->db, "ALTER TABLE listing RENAME TO gone", NULL, NULL,
				 NULL),
		SQLITE_OK);
	say_done(id, REACH_DONE);
	ck_assert_uint_eq(pipeline_probes(a.pipeline).running, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE finished_s = 0"), 1);
	ck_assert_int_eq(sqlite3_exec(a.store->db, "ALTER TABLE gone RENAME TO listing", NULL, NULL,
				 NULL),
		SQLITE_OK);
	event_base_loopexit(a.base, &while_s);
	ck_assert_int_eq(event_base_dispatch(a.base), 0);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.7"), 0);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1); /* not probed again for our troubles */
	ck_assert_uint_ge(served_serial(), 2);
}
END_TEST

static TCase *
tcase_of(const char *name, const TTest *const *tests, size_t count)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(t, tests[i]);
	return t;
}

static Suite *
suite(void)
{
	const TTest *const evidence[] = {evidence_nominates_a_host, one_reporter_is_not_enough,
		a_reporter_without_trust_counts_for_nothing, etiquette_is_asked,
		a_host_is_not_probed_again_by_itself, a_request_does_not_stand_for_evidence,
		so_many_hosts_are_probed_at_once, what_was_under_way_is_done_after_a_restart,
		without_a_prober_it_ends};
	const TTest *const verdicts[] = {an_open_relay_is_listed_and_published,
		an_ipv6_host_is_listed_with_its_64, a_multihop_relay_is_listed_with_its_outputs,
		a_forwarder_of_our_own_is_no_output, a_closed_input_takes_its_outputs_along,
		a_closed_neighbour_ends_no_listing,
		a_message_that_comes_late_counts_when_it_was_accepted,
		a_late_multihop_message_lists_its_output,
		a_late_message_does_not_undo_a_newer_probe,
		events_of_probes_that_are_none_are_passed_over,
		housekeeping_expires_and_tries_again};
	Suite *s = suite_create("pipeline");
	TCase *t = tcase_of("verdicts", verdicts, ORBL_COUNT(verdicts));

	tcase_add_loop_test(t, a_retest_ends_a_listing_only_when_all_is_refused, 0,
		(int)ORBL_COUNT(retests));
	suite_add_tcase(s, tcase_of("evidence", evidence, ORBL_COUNT(evidence)));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
