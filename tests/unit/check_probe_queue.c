#include "probe_queue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "queue_fixture.h"
#include "scratch.h"
#include "unit.h"

/* --- order and rates ------------------------------------------------------------ */

START_TEST(the_most_urgent_begins_first)
{
	queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_add("192.0.2.2", CAUSE_BACKOFF);
	queue_add("192.0.2.3", CAUSE_EXPIRY);
	queue_add("192.0.2.4", CAUSE_DELISTING);
	ck_assert_int_eq(queue_start(), -1);
	ck_assert_uint_eq(queue_jobs(), 3);
	ck_assert_uint_eq(queue_job(0)->id, 4);
	ck_assert_uint_eq(queue_job(1)->id, 3);
	ck_assert_uint_eq(queue_job(2)->id, 2);
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_SESSIONS);
	ck_assert_uint_eq(probe_queue_state(here()->queue).running, 3);
	ck_assert_int_eq(queue_job(0)->now_s, QUEUE_NOW);
	ck_assert_uint_eq(queue_job(0)->cases, 0);
	ck_assert_int_eq(queue_number("SELECT count(*) FROM probe WHERE started_s = 1900000000"),
		3);
	queue_say_done(4, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "unreachable");
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 4);
	ck_assert_uint_eq(queue_job(3)->id, 1);
}
END_TEST

/* Three hosts that put us off for as long as they like. */
START_TEST(a_delisting_request_has_a_place_of_its_own)
{
	uint64_t id;

	queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_add("192.0.2.2", CAUSE_NOMINATION);
	queue_add("192.0.2.3", CAUSE_NOMINATION);
	queue_start();
	queue_add("192.0.2.5", CAUSE_EXPIRY);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 3);
	id = queue_add("192.0.2.4", CAUSE_DELISTING);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 4);
	ck_assert_uint_eq(queue_job(3)->id, id);
}
END_TEST

/* They put us off for a quarter of an hour each time: meanwhile others are asked. */
START_TEST(hosts_that_rest_hold_nobody_up)
{
	char host[32];

	queue_again_with("probe.sessions = 3\nprobe.per_network = 100\n");
	for (int i = 1; i <= 20; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		queue_add(host, CAUSE_NOMINATION);
	}
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 3);
	here()->now_ms += 59999;
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 3); /* they may be slow */
	queue_say((struct prober_event){.kind = PROBER_DIALOGUE,
		.id = 1,
		.time_us = here()->now_ms * 1000,
		.direction = '<',
		.text = "450 later"});
	here()->now_ms += 1;
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 5); /* the first one is heard of */
	for (int i = 0; i < 20; i++) {
		here()->now_ms += 60000;
		queue_start();
	}
	ck_assert_uint_eq(queue_jobs(), 12); /* but not any number of them */
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_SESSIONS);
	queue_add("192.0.2.77", CAUSE_DELISTING);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 13);
}
END_TEST

START_TEST(a_locked_host_is_not_asked)
{
	const struct host_news lock = {fixture_address("192.0.2.2"), HOST_LOCK, QUEUE_NOW, 0, {0}};

	queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_add("192.0.2.2", CAUSE_DELISTING);
	ck_ok(host_event(here()->store, &lock, NULL, trouble()));
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1);
	ck_assert_uint_eq(queue_job(0)->id, 1);
	ck_assert_ptr_nonnull(strstr(here()->seen.refused, "locked by an operator"));
	ck_assert_int_eq(queue_number("SELECT state FROM host WHERE host = '192.0.2.1'"),
		HOST_PROBING);
}
END_TEST

START_TEST(what_waits_for_its_time_begins_then)
{
	const struct store_probe later = {.host = fixture_address("192.0.2.1"),
		.queued_s = QUEUE_NOW,
		.not_before_s = QUEUE_NOW + 10};
	uint64_t id;

	ck_ok(store_probe_add(here()->store, &later, &id, trouble()));
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_FREE);
	here()->now_ms += 10000;
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1);
}
END_TEST

START_TEST(so_many_begin_in_a_minute)
{
	char host[32];

	queue_again_with("probe.sessions = 100\nprobe.per_minute = 60\nprobe.per_network = 100\n");
	for (int i = 0; i < 4; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		queue_add(host, CAUSE_NOMINATION);
	}
	ck_assert_int_eq(queue_start(), 1000);
	ck_assert_uint_eq(queue_jobs(), 1);
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_MINUTE);
	ck_assert_str_eq(probe_queue_brake_name(PROBE_QUEUE_MINUTE), "per_minute");
	here()->now_ms += 999;
	ck_assert_int_eq(queue_start(), 1);
	ck_assert_uint_eq(queue_jobs(), 1);
	for (int i = 0; i < 3; i++) {
		here()->now_ms += 1000;
		queue_start();
	}
	ck_assert_uint_eq(queue_jobs(), 4);
}
END_TEST

START_TEST(a_busy_network_does_not_hold_up_the_others)
{
	char host[32];

	queue_again_with("probe.sessions = 100\nprobe.per_minute = 100000\nprobe.per_network = 2\n"
			 "probe.allow = {10.0.0.0/8, 2001:db8::/32}\n");
	/* More than are looked at in one go, and with an older number than the last one. */
	for (int i = 0; i < 3000; i++) {
		snprintf(host, sizeof(host), "2001:db8::%x", i);
		queue_add(host, CAUSE_NOMINATION);
	}
	queue_add("10.1.1.1", CAUSE_NOMINATION);
	for (int i = 0; i < 4 && queue_jobs() < 3; i++)
		queue_start();
	ck_assert_uint_eq(queue_jobs(), 3);
	ck_assert(addr_equal(&queue_job(2)->target.addr, &(struct addr){4, {10, 1, 1, 1}}));
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_NETWORK);
	ck_assert_uint_gt(probe_queue_state(here()->queue).passed_over, 0);
	for (int i = 0; i < 8; i++)
		queue_start();
	ck_assert_uint_eq(queue_jobs(), 3);
	queue_say_done(queue_job(0)->id, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	for (int i = 0; i < 8; i++)
		queue_start();
	ck_assert_uint_eq(queue_jobs(), 4);
}
END_TEST

START_TEST(a_full_pipe_only_delays)
{
	queue_add("192.0.2.1", CAUSE_NOMINATION);
	fake_prober_block(here()->prober, true);
	queue_start();
	ck_assert(probe_queue_is_ready(here()->queue));
	ck_assert_uint_eq(queue_jobs(), 0);
	fake_prober_block(here()->prober, false);
	queue_start();
	ck_assert(!probe_queue_is_ready(here()->queue));
	ck_assert_uint_eq(queue_jobs(), 1);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1);
}
END_TEST

/* --- opted out -------------------------------------------------------------------- */

static void
write_opt_out(const char *text)
{
	scratch_write("opt-out", text, strlen(text));
}

static void
open_with_opt_out(const char *text)
{
	char directory[512], lines[600];

	queue_tear_down();
	scratch_enter();
	ck_assert_ptr_nonnull(getcwd(directory, sizeof(directory)));
	snprintf(lines, sizeof(lines),
		"probe.opt_out = {192.0.2.66}\nprobe.opt_out_file = \"%s/opt-out\"\n", directory);
	write_opt_out(text);
	queue_open(lines);
}

static void
opt_out_later(const char *text)
{
	write_opt_out(text);
	here()->now_ms += 1000;
	queue_start();
}

START_TEST(who_opts_out_while_he_waits_is_not_probed)
{
	open_with_opt_out("192.0.2.7\n");
	queue_add("192.0.2.7", CAUSE_DELISTING);
	queue_start();
	ck_assert_str_eq(here()->seen.refused, "192.0.2.7 has opted out of probes (192.0.2.7)");
	queue_add("192.0.2.66", CAUSE_NOMINATION);
	queue_start();
	ck_assert_str_eq(here()->seen.refused, "192.0.2.66 has opted out of probes (192.0.2.66)");
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_int_eq(queue_number("SELECT count(*) FROM probe WHERE finished_s = 0"), 0);
}
END_TEST

/* The last list that could be read is the one to go by, also after a restart. */
START_TEST(a_broken_list_leaves_the_last_one_in_force)
{
	open_with_opt_out("192.0.2.7\n");
	queue_start();
	ck_assert_str_eq(probe_queue_state(here()->queue).opt_out_trouble, "");
	opt_out_later("nonsense\n");
	ck_assert_ptr_nonnull(strstr(probe_queue_state(here()->queue).opt_out_trouble,
		"opt-out:1: \"nonsense\""));
	ck_assert(!probe_queue_state(here()->queue).stopped);
	for (int restarts = 0; restarts < 2; restarts++) {
		here()->seen.refused[0] = '\0';
		queue_add("192.0.2.7", CAUSE_DELISTING);
		queue_add(restarts == 0 ? "192.0.2.1" : "192.0.2.2", CAUSE_NOMINATION);
		queue_start();
		ck_assert_str_eq(here()->seen.refused,
			"192.0.2.7 has opted out of probes (192.0.2.7)");
		ck_assert_uint_eq(queue_jobs(), 1 + (size_t)restarts);
		queue_restart();
	}
	opt_out_later("192.0.2.1\n192.0.2.2\n");
	ck_assert_str_eq(probe_queue_state(here()->queue).opt_out_trouble, "");
	ck_assert_uint_eq(queue_jobs(), 0); /* both had been begun */
	ck_assert_uint_eq(probe_queue_state(here()->queue).running, 0);
	ck_assert_int_eq(queue_number("SELECT count(*) FROM opt_out"), 2);
}
END_TEST

START_TEST(without_any_list_nothing_is_probed)
{
	uint64_t id;

	queue_start(); /* without a file: that is no list of it */
	ck_assert_int_eq(queue_number("SELECT count(*) FROM number WHERE name = 'opt_out_s'"), 0);
	open_with_opt_out("");
	id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1);
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	(void)queue_number("DELETE FROM number WHERE name = 'opt_out_s' RETURNING 1");
	write_opt_out("nonsense\n");
	queue_restart();
	queue_add("192.0.2.7", CAUSE_DELISTING);
	ck_assert_int_eq(queue_start(), -1);
	ck_assert_uint_eq(queue_jobs(), 0); /* nor is it gone on with the first */
	ck_assert_int_eq(probe_queue_state(here()->queue).brake, PROBE_QUEUE_OPT_OUT);
	ck_assert(probe_queue_state(here()->queue).stopped);
	here()->now_ms += INT64_C(86400000);
	ck_assert_uint_eq(queue_end_all(), 0);
	opt_out_later("192.0.2.1\n");
	ck_assert(!probe_queue_state(here()->queue).stopped);
	ck_assert_uint_eq(queue_jobs(), 1);
	ck_assert_str_eq(here()->seen.refused, "192.0.2.1 has opted out of probes (192.0.2.1)");
}
END_TEST

START_TEST(who_opts_out_while_he_is_asked_is_asked_no_more)
{
	uint64_t id, other;

	open_with_opt_out("");
	id = queue_add("192.0.2.1", CAUSE_NOMINATION);
	other = queue_add("192.0.2.2", CAUSE_NOMINATION);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 2);
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	queue_say_arrival(id, 1, "192.0.2.1"); /* a proof, even */
	fake_prober_block(here()->prober, true);
	opt_out_later("192.0.2.1\n");
	ck_assert_str_eq(fake_prober_cancels(here()->prober), "");
	fake_prober_block(here()->prober, false);
	queue_start();
	queue_start();
	ck_assert_str_eq(fake_prober_cancels(here()->prober), "1");
	ck_assert_uint_eq(queue_end_all(), 0);
	queue_say_done(id, REACH_DONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_uint_eq(here()->seen.ended, 0);
	ck_assert_str_eq(here()->seen.refused, "192.0.2.1 has opted out of probes (192.0.2.1)");
	ck_assert_int_eq(queue_number("SELECT count(*) FROM probe WHERE finished_s <> 0"
				      " AND verdict IS NULL"),
		1);
	queue_say_done(other, REACH_NONE);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_uint_eq(here()->seen.ended, 1);
}
END_TEST

/* --- our own trouble -------------------------------------------------------------- */

START_TEST(our_own_trouble_is_no_try)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_BACKOFF);

	queue_start();
	queue_say((struct prober_event){.kind = PROBER_DONE,
		.id = id,
		.reach = REACH_OURS,
		.text = "no socket for the connection"});
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_uint_eq(here()->seen.ended, 0);
	ck_assert_int_eq(queue_number("SELECT tries FROM probe WHERE started_s = 0"
				      " AND finished_s = 0"),
		0);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 1); /* not at once */
	here()->now_ms += 60000;
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 2);
	ck_assert_uint_eq(queue_job(1)->id, id);
}
END_TEST

/* What it had accepted may still come back, and counts. */
START_TEST(our_own_trouble_does_not_undo_what_is_known)
{
	uint64_t id = queue_add("192.0.2.1", CAUSE_NOMINATION);

	queue_start();
	queue_say_case(id, 1, PROBER_ANSWER_ACCEPTED);
	queue_say_arrival(id, 1, "192.0.2.1");
	queue_say_done(id, REACH_OURS);
	ck_assert_uint_eq(queue_end_all(), 1);
	ck_assert_str_eq(here()->seen.verdict, "open");
}
END_TEST

START_TEST(without_a_prober_it_says_so)
{
	fake_prober_end(here()->prober);
	ck_assert_int_eq(probe_queue_read(here()->queue, trouble()), ERR_IO);
}
END_TEST

/* --- the second source ------------------------------------------------------------------ */

START_TEST(the_second_of_a_pair_has_the_other_source)
{
	const struct store_probe second = {.host = fixture_address("192.0.2.1"),
		.queued_s = QUEUE_NOW,
		.parent = 7};
	uint64_t id;

	ck_ok(store_probe_add(here()->store, &second, &id, trouble()));
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 0);
	ck_assert_str_eq(here()->seen.refused, "there is no second source any more");
	queue_again_with("probe.second_source = 192.0.2.99\n");
	ck_ok(store_probe_add(here()->store, &second, &id, trouble()));
	queue_add("192.0.2.2", CAUSE_DELISTING);
	queue_start();
	ck_assert_uint_eq(queue_jobs(), 2);
	ck_assert_uint_eq(queue_job(0)->id, id); /* before all others */
	ck_assert(queue_job(0)->from_second_source);
	ck_assert(!queue_job(1)->from_second_source);
	queue_restart();
	queue_start();
	ck_assert(queue_job(0)->from_second_source);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const begin[] = {the_most_urgent_begins_first,
		a_delisting_request_has_a_place_of_its_own, hosts_that_rest_hold_nobody_up,
		a_locked_host_is_not_asked, what_waits_for_its_time_begins_then,
		so_many_begin_in_a_minute, a_busy_network_does_not_hold_up_the_others,
		a_full_pipe_only_delays, who_opts_out_while_he_waits_is_not_probed,
		a_broken_list_leaves_the_last_one_in_force, without_any_list_nothing_is_probed,
		who_opts_out_while_he_is_asked_is_asked_no_more, our_own_trouble_is_no_try,
		our_own_trouble_does_not_undo_what_is_known,
		the_second_of_a_pair_has_the_other_source, without_a_prober_it_says_so};
	Suite *s = suite_create("probe_queue");

	suite_add_tcase(s, queue_tests("begin", begin, ORBL_COUNT(begin)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
