#include "outcome.h"

#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

#define BIT(category) (1U << (category))

static struct store *store;
static struct outcome outcome;

static void
set_up(void)
{
	scratch_enter();
	store = open_store();
	outcome = (struct outcome){.store = store,
		.now_s = NOW,
		.rules = {.lifetime_s = 1000, .ipv6_prefix = 64},
		.second_family = 4,
		.retry = {3600, 86400}};
}

static void
tear_down(void)
{
	store_close(store);
	scratch_leave();
}

/* --- what a probe may find --------------------------------------------------- */

struct finding {
	enum prober_answer answer;
	enum prober_reach reach;
	const char *arrived_from; /* "bounce" */
};

static const struct finding closed = {PROBER_ANSWER_REFUSED, REACH_DONE, NULL},
			    accepts = {PROBER_ANSWER_ACCEPTED, REACH_DONE, NULL},
			    undecided = {PROBER_ANSWER_TEMPORARY, REACH_TEMPORARY, NULL},
			    unreachable = {PROBER_ANSWER_NONE, REACH_NONE, NULL},
			    untestable = {PROBER_ANSWER_NONE, REACH_REFUSED, NULL},
			    open_to_us = {PROBER_ANSWER_ACCEPTED, REACH_DONE, "192.0.2.1"},
			    multihop = {PROBER_ANSWER_ACCEPTED, REACH_DONE, "203.0.113.9"},
			    bounces = {PROBER_ANSWER_ACCEPTED, REACH_DONE, "bounce"};

static struct probe_result *
result_of(uint64_t id, const struct finding *f)
{
	const struct endpoint target = {fixture_address("192.0.2.1"), 25};
	struct probe_result *r = probe_result_new(id, &target);
	struct prober_event ev = {.kind = PROBER_CASE, .id = id, .case_index = 1};

	ck_assert_ptr_nonnull(r);
	ev.answer = f->answer;
	if (f->answer != PROBER_ANSWER_NONE)
		(void)probe_result_apply(r, &ev);
	if (f->arrived_from != NULL) {
		ev.kind = PROBER_ARRIVAL;
		ev.to_sender = strcmp(f->arrived_from, "bounce") == 0;
		ev.peer.addr = fixture_address(ev.to_sender ? "192.0.2.1" : f->arrived_from);
		(void)probe_result_apply(r, &ev);
	}
	ev = (struct prober_event){.kind = PROBER_DONE, .id = id, .reach = f->reach};
	(void)probe_result_apply(r, &ev);
	return r;
}

static enum err
on_one(const struct store_probe *p, void *context)
{
	struct store_probe *out = context;

	*out = *p;
	out->verdict = out->pair_verdict = out->reason = out->result = NULL;
	return OK;
}

/* Finish the probe with this id; what follows. */
static void
finish(uint64_t id, const struct finding *f)
{
	struct probe_result *r = result_of(id, f);
	struct store_probe probe;

	outcome.second = 0;
	outcome.changed = false;
	ck_ok(store_probe_get(store, id, on_one, &probe, trouble()));
	ck_ok(outcome_finish(&outcome, &probe, r, trouble()));
	probe_result_free(r);
}

static struct probes_seen
probes(void)
{
	struct addr host = fixture_address("192.0.2.1");
	struct probes_seen all = {.count = 0};

	ck_ok(store_probes_of(store, &host, 8, on_probe, &all, trouble()));
	return all;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	*(uint32_t *)context |= BIT(l->category);
	return OK;
}

static uint32_t
listed(const char *host)
{
	struct prefix p = fixture_prefix(host);
	uint32_t mask = 0;

	ck_ok(store_listings(store, &p, on_listing, &mask, trouble()));
	return mask;
}

/* A request for a host that is listed as a relay; its probe. */
static uint64_t
ask_for_delisting(void)
{
	struct addr host = fixture_address("192.0.2.1");
	struct store_listing l = {.prefix = fixture_prefix("192.0.2.1"),
		.since_s = NOW,
		.expires_s = NOW + 100,
		.reason = "open"};
	uint64_t probe;
	int64_t id;

	l.probe = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	ck_ok(store_probe_finish(store, l.probe, "open", "", NULL, NOW, trouble()));
	ck_ok(store_listing_put(store, &l, trouble()));
	ck_ok(store_delisting_add(store, &host, "", NOW, &id, &probe, trouble()));
	return probe;
}

static int64_t
requests(const char *state)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, "SELECT count(*) FROM delisting WHERE state = ?",
		"t", state));
	return n;
}

/* --- pairs -------------------------------------------------------------------------- */

static const struct {
	const struct finding *first, *second;
	const char *verdict;
	uint32_t listed; /* of a host that was listed as relay */
	const char *state;
} pairs[] = {
	{&closed, &closed, "closed", 0, "delisted"},
	{&closed, &untestable, "discriminates", BIT(CATEGORY_RELAY), "refused"},
	{&untestable, &closed, "discriminates", BIT(CATEGORY_RELAY), "refused"},
	{&closed, &undecided, "undecided", BIT(CATEGORY_RELAY), "refused"},
	{&closed, &unreachable, "undecided", BIT(CATEGORY_RELAY), "refused"},
	{&undecided, &closed, "undecided", BIT(CATEGORY_RELAY), "refused"},
	{&closed, &open_to_us, "open", BIT(CATEGORY_RELAY), "refused"},
	{&closed, &multihop, "open-multihop", BIT(CATEGORY_RELAY_INPUT), "refused"},
	{&accepts, &accepts, "accepts", BIT(CATEGORY_RELAY), "refused"},
	{&untestable, &unreachable, "untestable", BIT(CATEGORY_RELAY) | BIT(CATEGORY_UNTESTABLE),
		"refused"},
	{&bounces, &bounces, "bounces", BIT(CATEGORY_BOUNCER), "refused"},
};

START_TEST(both_of_a_pair_decide)
{
	uint64_t first = ask_for_delisting(), second;
	struct probes_seen all;

	finish(first, pairs[_i].first);
	second = outcome.second;
	ck_assert_uint_ne(second, 0);
	ck_assert(!outcome.changed);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY)); /* one alone is nothing */
	ck_assert_int_eq(requests("queued"), 1);
	all = probes();
	ck_assert_uint_eq(all.rows[0].id, second);
	ck_assert(all.rows[0].second_source);
	ck_assert_uint_eq(all.rows[0].parent, first);
	ck_assert_int_eq(all.rows[0].cause, CAUSE_DELISTING);
	ck_assert_int_eq(all.rows[0].not_before_s, NOW);
	finish(second, pairs[_i].second);
	ck_assert_uint_eq(outcome.second, 0);
	ck_assert_str_eq(verdict_name(outcome.verdict), pairs[_i].verdict);
	ck_assert_uint_eq(listed("192.0.2.1"), pairs[_i].listed);
	ck_assert_int_eq(requests(pairs[_i].state), 1);
	all = probes();
	for (size_t i = 0; i < all.count; i++)
		if (all.rows[i].id == second)
			ck_assert_str_eq(all.rows[i].pair_verdict, pairs[_i].verdict);
	if (pairs[_i].second == &multihop)
		ck_assert_uint_eq(listed("203.0.113.9"), BIT(CATEGORY_RELAY_OUTPUT));
}
END_TEST

START_TEST(an_open_relay_needs_no_second_opinion)
{
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);

	finish(id, &open_to_us);
	ck_assert_uint_eq(outcome.second, 0);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(probes().count, 1);
}
END_TEST

START_TEST(the_second_source_probes_its_like)
{
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);

	outcome.second_family = 6;
	finish(id, &closed);
	ck_assert_uint_eq(outcome.second, 0);
	ck_assert_int_eq(outcome.verdict, VERDICT_CLOSED);
}
END_TEST

START_TEST(a_request_may_come_for_the_second)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t first = ask_for_delisting(), probe;
	int64_t id;

	finish(first, &closed);
	ck_ok(store_delisting_add(store, &host, "", NOW, &id, &probe, trouble()));
	ck_assert_uint_eq(probe, outcome.second);
	finish(probe, &closed);
	ck_assert_int_eq(requests("delisted"), 2);
}
END_TEST

START_TEST(a_second_that_is_not_made_leaves_it_open)
{
	uint64_t first = ask_for_delisting();
	struct store_probe second;

	finish(first, &closed);
	ck_ok(store_probe_get(store, outcome.second, on_one, &second, trouble()));
	outcome.second = 0;
	ck_ok(outcome_cancel(&outcome, &second, "192.0.2.1 has opted out", trouble()));
	ck_assert_int_eq(outcome.verdict, VERDICT_UNDECIDED);
	ck_assert_int_eq(requests("refused"), 1);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(waiting_probes(store).count, 0); /* and no retry of who opted out */
}
END_TEST

/* The operator took the second source away while a second opinion waited. */
START_TEST(without_a_second_source_the_first_alone_decides)
{
	uint64_t first = ask_for_delisting();
	struct store_probe second;

	finish(first, &closed);
	ck_ok(store_probe_get(store, outcome.second, on_one, &second, trouble()));
	outcome.second_family = 0;
	ck_ok(outcome_cancel(&outcome, &second, "there is no second source", trouble()));
	ck_assert_int_eq(outcome.verdict, VERDICT_CLOSED);
	ck_assert_int_eq(requests("delisted"), 1);
}
END_TEST

START_TEST(a_probe_that_is_not_made_changes_nothing)
{
	uint64_t id = ask_for_delisting();
	struct store_probe probe;

	ck_ok(store_probe_get(store, id, on_one, &probe, trouble()));
	ck_ok(outcome_cancel(&outcome, &probe, "192.0.2.1 has opted out", trouble()));
	ck_assert(!outcome.changed);
	ck_assert_int_eq(requests("refused"), 1);
	ck_assert_str_eq(probes().rows[0].verdict, "(none)");
	ck_assert_int_eq(probes().rows[0].finished_s, NOW);
}
END_TEST

/* --- retries ------------------------------------------------------------------------ */

START_TEST(an_undecided_host_is_probed_again_later)
{
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	int64_t waits = 3600;

	outcome.second_family = 0;
	for (unsigned tries = 1; tries <= 5; tries++, waits *= 2) {
		finish(id, &undecided);
		ck_assert_int_eq(probes().rows[0].cause, CAUSE_BACKOFF);
		ck_assert_int_eq(probes().rows[0].not_before_s, NOW + waits);
		ck_assert_uint_eq(probes().rows[0].tries, tries);
		ck_assert_uint_eq(probes().rows[0].parent, 0);
		id = probes().rows[0].id;
	}
	finish(id, &undecided);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

START_TEST(a_pair_is_tried_again_as_a_pair)
{
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);

	finish(id, &undecided);
	finish(outcome.second, &closed);
	ck_assert_uint_eq(probes().count, 3);
	ck_assert_int_eq(probes().rows[0].cause, CAUSE_BACKOFF);
	ck_assert(!probes().rows[0].second_source);
	finish(probes().rows[0].id, &closed);
	ck_assert_uint_eq(probes().rows[0].tries, 1); /* of the second one, too */
	finish(outcome.second, &closed);
	ck_assert_int_eq(outcome.verdict, VERDICT_CLOSED);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

/* --- how long a listing lasts ------------------------------------------------------- */

static enum err
on_expiry(const struct store_listing *l, void *context)
{
	int64_t *expires_s = context;

	if (l->expires_s > *expires_s)
		*expires_s = l->expires_s;
	return OK;
}

static int64_t
listed_until(const char *host)
{
	struct prefix p = fixture_prefix(host);
	int64_t expires_s = 0;

	ck_ok(store_listings(store, &p, on_expiry, &expires_s, trouble()));
	return expires_s;
}

static const struct finding *const unwelcome[] = {&open_to_us, &multihop, &bounces, &untestable};

START_TEST(a_request_makes_no_listing_longer)
{
	outcome.second_family = 0;
	finish(ask_for_delisting(), unwelcome[_i]);
	ck_assert_int_eq(listed_until("192.0.2.1"), NOW + 100);
	finish(queue_probe(store, "192.0.2.1", CAUSE_EXPIRY), &open_to_us);
	ck_assert_int_eq(listed_until("192.0.2.1"), NOW + 1000);
}
END_TEST

START_TEST(nor_does_its_retry)
{
	uint64_t id = ask_for_delisting();

	outcome.second_family = 0;
	for (int i = 0; i < 2; i++) {
		finish(id, &undecided);
		id = probes().rows[0].id;
	}
	finish(id, &open_to_us);
	ck_assert_int_eq(listed_until("192.0.2.1"), NOW + 100);
	id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	finish(id, &undecided);
	finish(probes().rows[0].id, &open_to_us);
	ck_assert_int_eq(listed_until("192.0.2.1"), NOW + 1000);
}
END_TEST

/* Else an open relay is let off by asking just before it would be tested. */
START_TEST(a_request_does_not_spare_the_retest_before_expiry)
{
	outcome.second_family = 0;
	outcome.rules.retest_s = 100;
	finish(ask_for_delisting(), &open_to_us);
	ck_assert_int_eq(listed_until("192.0.2.1"), NOW + 1000);
}
END_TEST

/* --- late arrivals ------------------------------------------------------------------ */

static void
arrive(uint64_t id, const char *peer, bool bounce)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL, .id = id, .case_index = 1};

	ev.to_sender = bounce;
	ev.peer.addr = fixture_address(peer);
	outcome.changed = false;
	ck_ok(outcome_arrived_late(&outcome, &ev, trouble()));
}

START_TEST(a_late_message_of_the_first_opens_the_pair)
{
	uint64_t first = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION), second;

	finish(first, &accepts);
	second = outcome.second;
	finish(second, &closed);
	ck_assert_int_eq(outcome.verdict, VERDICT_DISCRIMINATES);
	arrive(second, "192.0.2.1", false); /* it took nothing */
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	arrive(first, "192.0.2.1", false);
	ck_assert(outcome.changed);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_str_eq(probes().rows[0].pair_verdict, "open");
	ck_assert_str_eq(probes().rows[0].verdict, "closed");
	ck_assert_str_eq(probes().rows[1].verdict, "open");
	ck_assert_str_ne(probes().rows[1].result, "(none)"); /* it is kept */
}
END_TEST

START_TEST(a_late_message_of_the_second_opens_the_pair)
{
	uint64_t first = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION), second;

	finish(first, &closed);
	second = outcome.second;
	finish(second, &accepts);
	arrive(second, "203.0.113.9", false);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(listed("203.0.113.9"), BIT(CATEGORY_RELAY_OUTPUT));
}
END_TEST

START_TEST(a_late_message_need_not_wait_for_the_second)
{
	uint64_t first = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION), second;

	finish(first, &accepts);
	second = outcome.second;
	arrive(first, "192.0.2.1", true); /* a bounce alone says little */
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	arrive(first, "192.0.2.1", false);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	finish(second, &closed);
	ck_assert_int_eq(outcome.verdict, VERDICT_OPEN);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
}
END_TEST

START_TEST(what_a_newer_pair_found_stays)
{
	uint64_t old = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION), newer;

	finish(old, &accepts);
	finish(outcome.second, &accepts);
	newer = queue_probe(store, "192.0.2.1", CAUSE_DELISTING);
	finish(newer, &closed);
	finish(outcome.second, &closed);
	arrive(old, "192.0.2.1", false);
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	ck_assert(!outcome.changed);
}
END_TEST

static TCase *
tcase_of(const char *name, const TTest *const *tests, size_t count)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(t, tests[i]);
	return t;
}

static Suite *
suite(void)
{
	const TTest *const pair_tests[] = {an_open_relay_needs_no_second_opinion,
		the_second_source_probes_its_like, a_request_may_come_for_the_second,
		a_second_that_is_not_made_leaves_it_open,
		without_a_second_source_the_first_alone_decides,
		a_probe_that_is_not_made_changes_nothing, an_undecided_host_is_probed_again_later,
		a_pair_is_tried_again_as_a_pair, nor_does_its_retry,
		a_request_does_not_spare_the_retest_before_expiry};
	const TTest *const late_tests[] = {a_late_message_of_the_first_opens_the_pair,
		a_late_message_of_the_second_opens_the_pair,
		a_late_message_need_not_wait_for_the_second, what_a_newer_pair_found_stays};
	Suite *s = suite_create("outcome");
	TCase *t = tcase_of("pairs", pair_tests, ORBL_COUNT(pair_tests));

	tcase_add_loop_test(t, both_of_a_pair_decide, 0, (int)ORBL_COUNT(pairs));
	tcase_add_loop_test(t, a_request_makes_no_listing_longer, 0, (int)ORBL_COUNT(unwelcome));
	suite_add_tcase(s, t);
	suite_add_tcase(s, tcase_of("late", late_tests, ORBL_COUNT(late_tests)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
