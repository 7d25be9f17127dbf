#include "store_fixture.h"

#include <stdio.h>
#include <string.h>

/* --- the queue ------------------------------------------------------------ */

START_TEST(a_waiting_host_is_queued_once)
{
	struct store *s = open_store();
	uint64_t id = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(queue_probe(s, "192.0.2.1", CAUSE_NOMINATION), id);
	ck_assert_uint_ne(queue_probe(s, "192.0.2.2", CAUSE_NOMINATION), id);
	s = reopen_store(s);
	ck_assert_uint_eq(waiting_probes(s).count, 2);
	ck_ok(store_probe_finish(s, id, "closed", "all refused", "{}", NOW + 5, trouble()));
	ck_assert_uint_gt(queue_probe(s, "192.0.2.1", CAUSE_NOMINATION), id);
	store_close(s);
}
END_TEST

START_TEST(requests_are_probed_before_nominations)
{
	struct store *s = open_store();
	uint64_t first = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION),
		 second = queue_probe(s, "192.0.2.2", CAUSE_NOMINATION),
		 third = queue_probe(s, "192.0.2.3", CAUSE_DELISTING);
	struct probes_seen probes = waiting_probes(s);

	ck_assert_uint_eq(probes.count, 3);
	ck_assert_uint_eq(probes.rows[0].id, third);
	ck_assert_uint_eq(probes.rows[1].id, first);
	ck_assert_uint_eq(probes.rows[2].id, second);
	/* A request for a host that waits as nominated takes it forward, never back. */
	ck_assert_uint_eq(queue_probe(s, "192.0.2.2", CAUSE_DELISTING), second);
	ck_assert_uint_eq(queue_probe(s, "192.0.2.2", CAUSE_NOMINATION), second);
	probes = waiting_probes(s);
	ck_assert_uint_eq(probes.rows[0].id, second);
	ck_assert_int_eq(probes.rows[0].cause, CAUSE_DELISTING);
	ck_assert_uint_eq(probes.rows[1].id, third);
	store_close(s);
}
END_TEST

START_TEST(a_finished_probe_keeps_its_result)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.1");
	uint64_t first = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION), second;
	struct probes_seen probes = {.count = 0};
	struct store_totals t;

	ck_ok(store_probe_finish(s, first, "closed", "why", "{\"a\":1}", NOW + 5, trouble()));
	second = queue_probe(s, "192.0.2.1", CAUSE_DELISTING);
	s = reopen_store(s);
	ck_ok(store_probes_of(s, &host, 8, on_probe, &probes, trouble()));
	ck_assert_uint_eq(probes.count, 2);
	ck_assert_uint_eq(probes.rows[0].id, second); /* the newest first */
	ck_assert_str_eq(probes.rows[0].verdict, "(none)");
	ck_assert_int_eq(probes.rows[0].finished_s, 0);
	ck_assert_str_eq(probes.rows[1].verdict, "closed");
	ck_assert_str_eq(probes.rows[1].result, "{\"a\":1}");
	ck_assert_int_eq(probes.rows[1].queued_s, NOW);
	ck_assert_int_eq(probes.rows[1].finished_s, NOW + 5);
	probes.count = 0;
	ck_ok(store_probe_get(s, first, on_probe, &probes, trouble()));
	ck_assert_str_eq(probes.rows[0].host, "192.0.2.1");
	ck_assert_int_eq(store_probe_get(s, 999, on_probe, &probes, trouble()), ERR_NOT_FOUND);
	ck_assert_str_eq(trouble()->text, "there is no probe 999");
	ck_ok(store_totals(s, &t, trouble()));
	ck_assert_uint_eq(t.probes_done, 1);
	ck_assert_uint_eq(t.probes_waiting, 1);
	store_close(s);
}
END_TEST

static uint64_t
add_probe(struct store *s, const struct store_probe *p)
{
	uint64_t id;

	ck_ok(store_probe_add(s, p, &id, trouble()));
	return id;
}

START_TEST(causes_are_in_the_order_of_their_urgency)
{
	struct store *s = open_store();
	struct probes_seen probes;

	queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);
	queue_probe(s, "192.0.2.2", CAUSE_BACKOFF);
	queue_probe(s, "192.0.2.3", CAUSE_EXPIRY);
	queue_probe(s, "192.0.2.6", CAUSE_CONFIRM);
	queue_probe(s, "192.0.2.4", CAUSE_DELISTING);
	add_probe(s,
		&(struct store_probe){.host = fixture_address("192.0.2.5"),
			.cause = CAUSE_NOMINATION,
			.queued_s = NOW,
			.parent = 77});
	probes = due_probes(s, NOW);
	ck_assert_uint_eq(probes.count, 6);
	ck_assert_str_eq(probes.rows[0].host, "192.0.2.5"); /* half a pair first */
	ck_assert(probes.rows[0].second_source);
	ck_assert_uint_eq(probes.rows[0].parent, 77);
	for (unsigned i = 1; i < 6; i++)
		ck_assert_int_eq(probes.rows[i].cause, CAUSE_COUNT - i);
	ck_assert_str_eq(store_cause_name(CAUSE_CONFIRM), "confirming retest");
	ck_assert_str_eq(store_cause_name(CAUSE_EXPIRY), "retest before expiry");
	ck_assert_str_eq(store_cause_name(CAUSE_COUNT), "unknown");
	store_close(s);
}
END_TEST

START_TEST(a_probe_waits_for_its_time)
{
	struct store *s = open_store();
	const struct store_probe later = {.host = fixture_address("192.0.2.1"),
		.cause = CAUSE_BACKOFF,
		.queued_s = NOW,
		.not_before_s = NOW + 3600,
		.tries = 2};
	uint64_t id = add_probe(s, &later);
	struct store_queue count;

	ck_assert_uint_eq(due_probes(s, NOW + 3599).count, 0);
	ck_ok(store_queue_count(s, NOW, &count, trouble()));
	ck_assert_uint_eq(count.later, 1);
	ck_assert_uint_eq(count.due[CAUSE_BACKOFF], 0);
	s = reopen_store(s);
	ck_assert_uint_eq(due_probes(s, NOW + 3600).count, 1);
	ck_assert_uint_eq(due_probes(s, NOW + 3600).rows[0].tries, 2);
	/* Who asks for it does not wait; nor does evidence make him wait again. */
	ck_assert_uint_eq(queue_probe(s, "192.0.2.1", CAUSE_DELISTING), id);
	ck_assert_uint_eq(add_probe(s, &later), id);
	ck_assert_uint_eq(due_probes(s, NOW).count, 1);
	ck_assert_int_eq(due_probes(s, NOW).rows[0].cause, CAUSE_DELISTING);
	store_close(s);
}
END_TEST

START_TEST(the_queue_is_read_from_any_place)
{
	struct store *s = open_store();
	struct store_place place = {false, CAUSE_NOMINATION, 0, 0};
	struct probes_seen page;

	for (int i = 0; i < 7; i++) {
		char host[32];

		snprintf(host, sizeof(host), "192.0.2.%d", i);
		add_probe(s,
			&(struct store_probe){.host = fixture_address(host),
				.queued_s = NOW,
				.not_before_s = NOW + i % 2});
	}
	for (int page_number = 0; page_number < 4; page_number++) {
		page.count = 0;
		ck_ok(store_probes_due(s, &place, NOW + 1, 2, on_probe, &page, trouble()));
		ck_assert_uint_eq(page.count, page_number < 3 ? 2 : 1);
		place.not_before_s = page.rows[page.count - 1].not_before_s;
		place.id = page.rows[page.count - 1].id;
	}
	page.count = 0;
	ck_ok(store_probes_due(s, &place, NOW + 1, 2, on_probe, &page, trouble()));
	ck_assert_uint_eq(page.count, 0);
	store_close(s);
}
END_TEST

/* --- a probe's way ---------------------------------------------------------- */

struct events {
	char text[128];
	uint64_t last;
};

static enum err
on_event(uint64_t number, const char *event, void *context)
{
	struct events *events = context;

	ck_assert_uint_lt(strlen(events->text) + strlen(event), sizeof(events->text));
	memcpy(events->text + strlen(events->text), event, strlen(event) + 1);
	events->last = number;
	return OK;
}

START_TEST(a_started_probe_keeps_its_events_until_it_is_finished)
{
	struct store *s = open_store();
	uint64_t id = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION),
		 other = queue_probe(s, "192.0.2.2", CAUSE_NOMINATION);
	struct probes_seen started = {.count = 0};
	struct events events = {.text = ""};
	struct store_queue count;

	ck_ok(store_probe_start(s, id, NOW + 1, trouble()));
	ck_ok(store_probe_event_add(s, id, 0, "zero ", trouble()));
	ck_ok(store_probe_event_add(s, id, 9, "nine ", trouble()));
	ck_ok(store_probe_event_add(s, id, 10, "ten", trouble()));
	ck_ok(store_probe_event_add(s, other, 0, "other", trouble()));
	s = reopen_store(s);
	ck_assert_uint_eq(waiting_probes(s).count, 1);
	ck_ok(store_probes_started(s, 0, 8, on_probe, &started, trouble()));
	ck_assert_uint_eq(started.count, 1);
	ck_assert_uint_eq(started.rows[0].id, id);
	ck_assert_int_eq(started.rows[0].started_s, NOW + 1);
	ck_ok(store_queue_count(s, NOW, &count, trouble()));
	ck_assert_uint_eq(count.started, 1);
	ck_assert_uint_eq(count.due[CAUSE_NOMINATION], 1);
	ck_ok(store_probe_events(s, id, on_event, &events, trouble()));
	ck_assert_str_eq(events.text, "zero nine ten");
	ck_assert_uint_eq(events.last, 10);
	/* It is asked for as well now, but not begun twice. */
	ck_assert_uint_eq(queue_probe(s, "192.0.2.1", CAUSE_DELISTING), id);
	ck_assert_uint_eq(waiting_probes(s).count, 1);
	ck_ok(store_probe_finish(s, id, "closed", "", NULL, NOW + 5, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM probe_event"), 1);
	store_close(s);
}
END_TEST

START_TEST(the_second_of_a_pair_is_found)
{
	struct store *s = open_store();
	uint64_t first = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION), second;
	struct probes_seen probes = {.count = 0};

	ck_ok(store_probe_second(s, first, on_probe, &probes, trouble()));
	ck_assert_uint_eq(probes.count, 0);
	ck_ok(store_probe_finish(s, first, "accepts", "", NULL, NOW, trouble()));
	second = add_probe(s,
		&(struct store_probe){.host = fixture_address("192.0.2.1"),
			.queued_s = NOW,
			.parent = first});
	ck_assert_uint_ne(first, second);
	ck_ok(store_probe_set_pair(s, second, "discriminates", trouble()));
	ck_ok(store_probe_second(s, first, on_probe, &probes, trouble()));
	ck_assert_uint_eq(probes.rows[0].id, second);
	ck_assert_str_eq(probes.rows[0].pair_verdict, "discriminates");
	ck_ok(store_probe_second(s, 0, on_probe, &probes, trouble()));
	ck_assert_uint_eq(probes.count, 1);
	store_close(s);
}
END_TEST

/* --- retests before listings end ---------------------------------------------- */

static void
list_for(struct store *s, const char *host, uint64_t probe, int64_t expires_s)
{
	const struct store_listing l = {.prefix = fixture_prefix(host),
		.since_s = NOW - 9,
		.expires_s = expires_s,
		.probe = probe,
		.reason = "open"};

	ck_ok(store_listing_put(s, &l, trouble()));
}

static uint64_t
list_host(struct store *s, const char *host, int64_t expires_s)
{
	uint64_t id = queue_probe(s, host, CAUSE_NOMINATION);

	ck_ok(store_probe_finish(s, id, "open", "", NULL, NOW - 10, trouble()));
	list_for(s, host, id, expires_s);
	return id;
}

static size_t
queue_retests(struct store *s, int64_t now_s, int64_t window_s)
{
	const struct store_retests r = {now_s, window_s, 60};
	size_t queued;

	ck_ok(store_probe_queue_retests(s, &r, &queued, NULL, NULL, trouble()));
	return queued;
}

START_TEST(a_host_is_tested_again_before_its_listing_ends)
{
	struct store *s = open_store();
	struct probes_seen probes;
	uint64_t input;

	list_host(s, "192.0.2.1", NOW + 1000);
	list_host(s, "192.0.2.2", NOW + 5000);
	input = list_host(s, "192.0.2.3", NOW + 900);
	list_for(s, "203.0.113.9", input, NOW + 950); /* its output: found by the same probe */
	ck_assert_uint_eq(queue_retests(s, NOW, 800), 0);
	ck_assert_uint_eq(queue_retests(s, NOW, 1000), 2);
	probes = waiting_probes(s);
	ck_assert_uint_eq(probes.count, 2);
	ck_assert_str_eq(probes.rows[0].host, "192.0.2.1");
	ck_assert_str_eq(probes.rows[1].host, "192.0.2.3");
	ck_assert_int_eq(probes.rows[0].cause, CAUSE_EXPIRY);
	ck_assert_int_eq(probes.rows[0].not_before_s, NOW + 50); /* the interval since the last */
	/* Once: however it ends, it is not queued again for this time. */
	for (size_t i = 0; i < probes.count; i++)
		ck_ok(store_probe_finish(s, probes.rows[i].id, "undecided", "", NULL, NOW + 9,
			trouble()));
	ck_assert_uint_eq(queue_retests(s, NOW + 60, 1000), 0);
	/* Renewed it is, when its end comes again. */
	list_for(s, "192.0.2.1", probes.rows[0].id, NOW + 9000);
	ck_assert_uint_eq(queue_retests(s, NOW + 4100, 1000), 1);
	ck_assert_uint_eq(queue_retests(s, NOW + 8000, 1000), 1);
	store_close(s);
}
END_TEST

START_TEST(a_host_that_waits_already_is_not_queued_for_its_listing)
{
	struct store *s = open_store();

	list_host(s, "192.0.2.1", NOW + 1000);
	queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);
	ck_assert_uint_eq(queue_retests(s, NOW, 2000), 0);
	ck_assert_uint_eq(waiting_probes(s).count, 1);
	store_close(s);
}
END_TEST

START_TEST(a_window_may_become_shorter)
{
	struct store *s = open_store();

	ck_assert_uint_eq(queue_retests(s, NOW, 100000), 0);
	list_host(s, "192.0.2.1", NOW + 5000);
	ck_assert_uint_eq(queue_retests(s, NOW, 100), 0);
	ck_assert_uint_eq(queue_retests(s, NOW + 4950, 100), 1);
	store_close(s);
}
END_TEST

/* --- taken over ----------------------------------------------------------------- */

START_TEST(a_store_of_the_third_version_is_taken_over)
{
	struct store *s = open_store();
	uint64_t nominated = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION),
		 asked_for = queue_probe(s, "192.0.2.2", CAUSE_DELISTING), done;
	struct addr host = fixture_address("192.0.2.3");
	struct probes_seen probes;

	done = queue_probe(s, "192.0.2.3", CAUSE_NOMINATION);
	ck_ok(store_probe_finish(s, done, "open", "why", "{}", NOW + 5, trouble()));
	store_close(s);
	store_meddle(STORE_PROBE_3 "PRAGMA user_version = 3");
	s = open_store();
	ck_assert_int_eq(store_count(s, "PRAGMA user_version"), 5);
	probes = due_probes(s, NOW);
	ck_assert_uint_eq(probes.count, 2);
	ck_assert_uint_eq(probes.rows[0].id, asked_for);
	ck_assert_int_eq(probes.rows[0].cause, CAUSE_DELISTING);
	ck_assert_int_eq(probes.rows[0].not_before_s, NOW);
	ck_assert_uint_eq(probes.rows[1].id, nominated);
	ck_assert_int_eq(probes.rows[1].cause, CAUSE_NOMINATION);
	probes.count = 0;
	ck_ok(store_probes_of(s, &host, 8, on_probe, &probes, trouble()));
	ck_assert_str_eq(probes.rows[0].verdict, "open");
	ck_assert_str_eq(probes.rows[0].pair_verdict, "(none)");
	s = reopen_store(s); /* and once only */
	ck_assert_uint_eq(due_probes(s, NOW).count, 2);
	store_close(s);
}
END_TEST

/* --- delisting requests ----------------------------------------------------------- */

struct requests {
	size_t count;
	char state[8][16];
	int64_t finished_s[8];
	uint64_t probe[8];
};

static enum err
on_delisting(const struct store_delisting *d, void *context)
{
	struct requests *r = context;

	ck_assert_uint_lt(r->count, 8);
	snprintf(r->state[r->count], sizeof(r->state[0]), "%s", d->state);
	r->finished_s[r->count] = d->finished_s;
	r->probe[r->count++] = d->probe;
	return OK;
}

START_TEST(a_delisting_request_has_a_probe_and_an_end)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.1"), other = fixture_address("192.0.2.2");
	struct requests r = {.count = 0};
	int64_t first, second, third, when_s;
	uint64_t probe, same;

	ck_ok(store_delisting_add(s, &host, "", NOW, &first, &probe, trouble()));
	ck_ok(store_delisting_add(s, &host, "", NOW + 10, &second, &same, trouble()));
	ck_assert_int_ne(first, second);
	ck_assert_uint_eq(probe, same);
	ck_assert_uint_eq(waiting_probes(s).count, 1);
	ck_ok(store_delisting_nth(s, &host, 2, &when_s, trouble()));
	ck_assert_int_eq(when_s, NOW);
	ck_ok(store_delisting_nth(s, &host, 1, &when_s, trouble()));
	ck_assert_int_eq(when_s, NOW + 10);
	ck_ok(store_delisting_nth(s, &host, 3, &when_s, trouble()));
	ck_assert_int_eq(when_s, 0);
	ck_ok(store_delisting_nth(s, &other, 1, &when_s, trouble()));
	ck_assert_int_eq(when_s, 0);
	/* Both are answered by the one probe. */
	ck_ok(store_probe_finish(s, probe, "closed", "", NULL, NOW + 20, trouble()));
	ck_ok(store_delisting_finish(s, probe, "delisted", "closed", NOW + 20, trouble()));
	ck_ok(store_delisting_add(s, &host, "", NOW + 30, &third, &same, trouble()));
	ck_assert_uint_ne(probe, same);
	s = reopen_store(s);
	ck_ok(store_delistings_of(s, &host, 8, on_delisting, &r, trouble()));
	ck_assert_uint_eq(r.count, 3);
	ck_assert_str_eq(r.state[0], "queued");
	ck_assert_int_eq(r.finished_s[0], 0);
	ck_assert_str_eq(r.state[1], "delisted");
	ck_assert_str_eq(r.state[2], "delisted");
	ck_assert_int_eq(r.finished_s[2], NOW + 20);
	ck_assert_uint_eq(r.probe[2], probe);
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const queue[] = {a_waiting_host_is_queued_once,
		requests_are_probed_before_nominations, a_finished_probe_keeps_its_result,
		causes_are_in_the_order_of_their_urgency, a_probe_waits_for_its_time,
		the_queue_is_read_from_any_place};
	const TTest *const way[] = {a_started_probe_keeps_its_events_until_it_is_finished,
		the_second_of_a_pair_is_found, a_host_is_tested_again_before_its_listing_ends,
		a_host_that_waits_already_is_not_queued_for_its_listing,
		a_window_may_become_shorter, a_store_of_the_third_version_is_taken_over,
		a_delisting_request_has_a_probe_and_an_end};
	Suite *s = suite_create("store_probe");

	suite_add_tcase(s, store_tests("queue", queue, ORBL_COUNT(queue)));
	suite_add_tcase(s, store_tests("way", way, ORBL_COUNT(way)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
