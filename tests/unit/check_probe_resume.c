#include "probe_queue.h"

#include <string.h>

#include "probe_case.h"
#include "queue_fixture.h"
#include "store_sql.h"
#include "unit.h"

#define BIT(n) (UINT64_C(1) << (n))

/* --- after a restart ------------------------------------------------------------------ */

START_TEST(it_goes_on_with_what_has_no_answer)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say((struct prober_event){.kind = PROBER_DIALOGUE,
		.id = id,
		.direction = '<',
		.text = "220 mail.example"});
	ck_assert_str_eq(here()->seen.said, "< 220 mail.example");
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	queue_say_case(id, 2, PROBER_ANSWER_TEMPORARY);
	queue_restart();
	ck_assert_uint_eq(probe_queue_state(here()->queue).running, 1);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1);
	ck_assert_uint_eq(queue_job(0)->id, id);
	ck_assert_uint_eq(queue_job(0)->cases, probe_case_mask_default() & ~BIT(1));
	queue_say_case(id, 2, PROBER_ANSWER_REFUSED);
	queue_restart(); /* once more */
	queue_start();
	ck_assert_uint_eq(queue_job(0)->cases, probe_case_mask_default() & ~BIT(1) & ~BIT(2));
	queue_say_done(id, REACH_DONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "closed");
	ck_assert_ptr_nonnull(strstr(here()->seen.reason, "P01-plain: 554 5.7.1 no"));
	ck_assert_int_eq(queue_number("SELECT count(*) FROM probe_event"), 0);
}
END_TEST

START_TEST(nothing_answered_is_everything_left)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_job(0)->id, id);
	ck_assert_uint_eq(queue_job(0)->cases, 0);
	queue_say_done(id, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "unreachable");
}
END_TEST

/* A server that lists us grey by sender and recipient must find the same ones. */
START_TEST(tokens_stay_those_of_the_first_try)
{
	(void)queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_start();
	ck_assert_int_eq(queue_job(0)->now_s, QUEUE_NOW);
	here()->now_ms += INT64_C(7200000);
	queue_restart();
	queue_start();
	ck_assert_int_eq(queue_job(0)->now_s, QUEUE_NOW);
	here()->now_ms += INT64_C(86400000); /* too old to come back in time */
	queue_restart();
	queue_start();
	ck_assert_int_eq(queue_job(0)->now_s, here()->now_ms / 1000);
}
END_TEST

START_TEST(a_host_that_went_away_meanwhile_is_undecided)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	queue_restart();
	queue_start();
	queue_say_done(id, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "undecided");
}
END_TEST

START_TEST(an_accepted_message_keeps_its_time)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_again_with("probe.cases = {P01, P02}\nprobe.wait = 600\n");
	id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	here()->now_ms += 100000;
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_job(0)->cases, BIT(2));
	queue_say_case(id, 2, PROBER_ANSWER_REFUSED);
	queue_say_done(id, REACH_DONE);
	ck_assert_uint_eq(queue_end_all(), 0);
	queue_restart(); /* with nothing left to ask */
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	here()->now_ms += 499000;
	ck_assert_uint_eq(queue_end_all(), 0);
	here()->now_ms += 1000;
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "accepts");
}
END_TEST

START_TEST(a_message_that_comes_after_the_restart_is_the_proof)
{
	uint64_t id;

	queue_again_with("probe.cases = {P01}\nprobe.wait = 600\n");
	id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_uint_eq(queue_end_all(), 0);
	queue_say_arrival(id, 1, "192.0.2.1");
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "open");
	ck_assert_uint_eq(here()->seen.lates, 0);
	queue_say_arrival(id, 1, "192.0.2.1"); /* it is over: whoever keeps the results decides */
	ck_assert_uint_eq(here()->seen.lates, 1);
}
END_TEST

/* Acknowledged when it is stored: what a kill then leaves is the proof. */
START_TEST(an_arrival_is_acknowledged_once_it_is_stored)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	ck_assert_str_eq(fake_prober_acks(here()->prober), "");
	ck_assert_int_eq(sqlite3_exec(here()->store->db, "ALTER TABLE probe_event RENAME TO gone",
				 NULL, NULL, NULL),
		SQLITE_OK);
	queue_say_arrival(id, 1, "192.0.2.1");
	ck_assert_str_eq(fake_prober_acks(here()->prober), "1-");
	ck_assert_int_eq(sqlite3_exec(here()->store->db, "ALTER TABLE gone RENAME TO probe_event",
				 NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(queue_number(
				 "SELECT count(*) FROM probe_event WHERE event LIKE '%arrival%'"),
		0);
	queue_say_arrival(id, 1, "192.0.2.1");
	ck_assert_str_eq(fake_prober_acks(here()->prober), "1- 2+");
	ck_assert_int_eq(queue_number(
				 "SELECT count(*) FROM probe_event WHERE event LIKE '%arrival%'"),
		1);
	queue_restart();
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "open");
}
END_TEST

static int
count_lazy(unsigned what, void *context, void *statement, void *text)
{
	(void)what;
	(void)statement;
	*(int *)context += strcmp(text, "PRAGMA synchronous = NORMAL") == 0;
	return 0;
}

/* No relay sends again what it got a 250 for, also when the machine dies. */
START_TEST(arrivals_wait_for_the_disk)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	int lazy = 0;

	queue_start();
	sqlite3_trace_v2(here()->store->db, SQLITE_TRACE_STMT, count_lazy, &lazy);
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	ck_assert_int_eq(lazy, 1);
	queue_say_arrival(id, 1, "192.0.2.1");
	ck_assert_int_eq(lazy, 1);
	queue_say_case(id, 2, PROBER_ANSWER_REFUSED);
	ck_assert_int_eq(lazy, 2);
}
END_TEST

/* Each after its own commit, and in their order. */
START_TEST(late_arrivals_are_acknowledged_in_their_order)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	struct prober_event ev = {.kind = PROBER_ARRIVAL,
		.case_index = 1,
		.peer = {.addr = fixture_address("192.0.2.1"), .port = 25}};
	static const char of_running[] = "rrlrlr";

	queue_start();
	for (size_t i = 0; of_running[i] != '\0'; i++) {
		ev.id = of_running[i] == 'r' ? id : id + 100;
		fake_prober_say(here()->prober, &ev);
	}
	here()->seen.full = true;
	ck_ok(probe_queue_read(here()->queue, trouble()));
	ck_assert_str_eq(fake_prober_acks(here()->prober), "2+ 3- 4+ 5- 6+");
	ck_assert_uint_eq(here()->seen.lates, 2);
	here()->seen.full = false;
	queue_say(ev);
	ev.id = id + 100;
	queue_say(ev);
	ck_assert_str_eq(fake_prober_acks(here()->prober), "2+ 3- 4+ 5- 6+ 7+ 8+");
}
END_TEST

/* Also when its other events are too many to be kept. */
START_TEST(an_arrival_is_always_stored)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	struct prober_event line = {.kind = PROBER_DIALOGUE, .id = id, .direction = '<'};

	queue_start();
	for (int i = 0; i < 9; i++) {
		for (int k = 0; k < 250; k++)
			queue_say(line);
		queue_restart();
		queue_start();
	}
	queue_say_arrival(id, 1, "192.0.2.1");
	ck_assert_str_eq(fake_prober_acks(here()->prober), "1+");
	queue_restart();
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "open");
}
END_TEST

START_TEST(a_proof_of_before_is_enough)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	queue_say_arrival(id, 1, "203.0.113.9");
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "open-multihop");
}
END_TEST

START_TEST(what_could_not_be_stored_is_not_asked_again)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	queue_say_done(id, REACH_DONE);
	here()->seen.keep = true;
	ck_assert_uint_eq(queue_end_all(), 0);
	ck_assert_uint_eq(queue_end_all(), 0);
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	here()->seen.keep = false;
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "closed");
}
END_TEST

START_TEST(more_may_be_under_way_than_now_are_allowed)
{
	queue_again_with("probe.sessions = 3\n");
	for (int i = 1; i <= 3; i++) {
		char host[32];

		snprintf(host, sizeof(host), "192.0.2.%d", i);
		queue_add(host, CAUSE_NOMINATION);
	}
	queue_add("192.0.2.9", CAUSE_DELISTING);
	queue_start();
	here()->conf->probe.sessions = 1;
	queue_restart();
	ck_assert_uint_eq(probe_queue_state(here()->queue).running, 3);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 3); /* they were begun: the fourth waits */
	queue_say_done(4, REACH_NONE);
	queue_say_done(1, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 2);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 3);
	queue_say_done(2, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 4);
}
END_TEST

START_TEST(who_opted_out_meanwhile_is_not_asked_on)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	queue_tear_down();
	(void)id;
	queue_set_up_with("probe.opt_out = {192.0.2.1}\n");
	queue_add("192.0.2.1", CAUSE_NOMINATION);
	ck_ok(store_probe_start(here()->store, 1, QUEUE_NOW, trouble()));
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_str_eq(here()->seen.refused, "192.0.2.1 has opted out of probes (192.0.2.1)");
	ck_assert_uint_eq(probe_queue_state(here()->queue).running, 0);
}
END_TEST

START_TEST(records_that_are_none_are_passed_over)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	ck_ok(store_probe_event_add(here()->store, id, 5, "gibberish", trouble()));
	queue_restart();
	queue_start();
	ck_assert_uint_eq(queue_job(0)->cases, probe_case_mask_default() & ~BIT(1));
	queue_say_case(id, 2, PROBER_ANSWER_REFUSED);
	ck_assert_int_eq(queue_number("SELECT max(number) FROM probe_event"), 7);
}
END_TEST

START_TEST(events_without_end_are_bounded)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	struct prober_event line = {.kind = PROBER_DIALOGUE, .id = id, .direction = '<'};

	queue_start();
	for (int i = 0; i < 9; i++) {
		prober_stop(NULL);
		for (int k = 0; k < 250; k++)
			queue_say(line);
		queue_restart();
		queue_start();
	}
	ck_assert_int_le(queue_number("SELECT count(*) FROM probe_event"), 2001);
	queue_say_case(id, 1, PROBER_ANSWER_REFUSED);
	ck_assert_int_eq(queue_number(
				 "SELECT count(*) FROM probe_event WHERE event LIKE '%refused%'"),
		1);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const resume[] = {it_goes_on_with_what_has_no_answer,
		nothing_answered_is_everything_left, tokens_stay_those_of_the_first_try,
		a_host_that_went_away_meanwhile_is_undecided, an_accepted_message_keeps_its_time,
		a_message_that_comes_after_the_restart_is_the_proof, a_proof_of_before_is_enough,
		an_arrival_is_acknowledged_once_it_is_stored, arrivals_wait_for_the_disk,
		late_arrivals_are_acknowledged_in_their_order, an_arrival_is_always_stored,
		what_could_not_be_stored_is_not_asked_again,
		more_may_be_under_way_than_now_are_allowed, who_opted_out_meanwhile_is_not_asked_on,
		records_that_are_none_are_passed_over, events_without_end_are_bounded};
	Suite *s = suite_create("probe_resume");

	suite_add_tcase(s, queue_tests("resume", resume, ORBL_COUNT(resume)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
