#include "outcome.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_decision.h>
#include <orbl/store_listing.h>

#include "host.h"
#include "store_fixture.h"
#include "verdict_record.h"

#define BIT(category) (UINT32_C(1) << (category))

enum { LIFE = 1000, CONFIRM = 60 };

static struct conf *conf;
static struct store *store;
static struct guard *guard;
static struct outcome outcome;

static void
set_up(void)
{
	scratch_enter();
	conf = fixture_conf("listing.exempt = {192.0.2.66}\n"
			    "probe.allow = {192.0.2.0/24, 203.0.113.0/24, 2001:db8::/32}\n");
	store = open_store();
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
	outcome = (struct outcome){.store = store,
		.now_s = NOW,
		.guard = guard,
		.rules = {.lifetime_s = LIFE,
			.max_lifetime_s = 5 * LIFE,
			.relapse_window_s = 100000,
			.notice_output_s = 500,
			.notice_bouncer_s = 2000,
			.confirm_after_s = CONFIRM,
			.ipv6_prefix = 64},
		.retry = {3600, 86400}};
}

static void
tear_down(void)
{
	guard_free(guard);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

/* --- probes ------------------------------------------------------------------------ */

/* Of a host: words of what came of it: "closed", "bounce", "undecided", "accepts", or addresses
 * from which the message came back. */
static struct probe_result *
result_of(uint64_t id, const char *host, const char *const *found)
{
	const struct endpoint target = {fixture_address(host), 25};
	struct probe_result *r = probe_result_new(id, &target);
	bool closed = strcmp(found[0], "closed") == 0;
	bool undecided = strcmp(found[0], "undecided") == 0;
	bool accepts = strcmp(found[0], "accepts") == 0;
	struct prober_event ev = {.kind = PROBER_CASE, .id = id, .case_index = 1};

	ck_assert_ptr_nonnull(r);
	ev.answer = closed ? PROBER_ANSWER_REFUSED :
		undecided  ? PROBER_ANSWER_TEMPORARY :
			     PROBER_ANSWER_ACCEPTED;
	(void)probe_result_apply(r, &ev);
	for (; !closed && !undecided && !accepts && *found != NULL; found++) {
		ev.kind = PROBER_ARRIVAL;
		ev.to_sender = strcmp(*found, "bounce") == 0;
		ev.peer.addr = fixture_address(ev.to_sender ? host : *found);
		(void)probe_result_apply(r, &ev);
	}
	ev = (struct prober_event){.kind = PROBER_DONE,
		.id = id,
		.reach = undecided ? REACH_TEMPORARY : REACH_DONE};
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

static void
finish_all(uint64_t id, const char *host, const char *const *found)
{
	struct probe_result *r = result_of(id, host, found);
	struct store_probe probe;

	outcome.second = 0;
	outcome.changed = false;
	ck_ok(store_probe_get(store, id, on_one, &probe, trouble()));
	ck_ok(outcome_finish(&outcome, &probe, r, trouble()));
	probe_result_free(r);
}

static void
find(const char *host, const char *found)
{
	const char *const all[] = {found, NULL};
	struct addr a = fixture_address(host);
	uint64_t id;

	ck_ok(store_probe_queue(store, &a, CAUSE_NOMINATION, outcome.now_s, &id, trouble()));
	finish_all(id, host, all);
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

static struct store_host
known(const char *host)
{
	struct addr a = fixture_address(host);
	struct store_host h;

	ck_ok(store_host_get(store, &a, &h, trouble()));
	return h;
}

static void
happen(const char *host, enum host_event_kind kind)
{
	const struct host_news news = {fixture_address(host), kind, outcome.now_s, 0, {0}};

	ck_ok(host_event(store, &news, NULL, trouble()));
}

static void
request(const char *host)
{
	struct addr a = fixture_address(host);
	uint64_t probe;
	int64_t id;

	ck_ok(store_delisting_add(store, &a, "", outcome.now_s, &id, &probe, trouble()));
	happen(host, HOST_REQUEST);
}

static int64_t
requests(const char *state)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, "SELECT count(*) FROM delisting WHERE state = ?",
		"t", state));
	return n;
}

/* --- states ------------------------------------------------------------------------- */

static const struct {
	const char *before, *found;
	enum host_state after;
} ways[] = {
	{NULL, "192.0.2.1", HOST_LISTED},
	{NULL, "closed", HOST_CLEARED},
	{NULL, "bounce", HOST_SEEN},
	{NULL, "undecided", HOST_NOMINATED}, /* for a retry */
	{"192.0.2.1", "192.0.2.1", HOST_LISTED},
	{"192.0.2.1", "203.0.113.5", HOST_LISTED}, /* another category, a relay all the same */
	{"192.0.2.1", "closed", HOST_CLEARED},
	{"192.0.2.1", "bounce", HOST_SEEN},
	{"192.0.2.1", "undecided", HOST_LISTED},
	{"closed", "192.0.2.1", HOST_LISTED},
	{"closed", "undecided", HOST_NOMINATED},
};

START_TEST(a_verdict_changes_the_state)
{
	if (ways[_i].before != NULL)
		find("192.0.2.1", ways[_i].before);
	outcome.now_s += 10;
	find("192.0.2.1", ways[_i].found);
	ck_assert_msg(known("192.0.2.1").state == ways[_i].after, "%s",
		host_state_name((enum host_state)known("192.0.2.1").state));
}
END_TEST

START_TEST(what_is_exempt_is_not_said_to_be_listed)
{
	find("192.0.2.66", "192.0.2.66");
	ck_assert_uint_eq(listed("192.0.2.66"), 0);
	ck_assert_uint_eq(known("192.0.2.66").state, HOST_SEEN);
	ck_assert(!outcome.changed);
}
END_TEST

START_TEST(a_locked_host_stays_as_it_is)
{
	find("192.0.2.1", "192.0.2.1");
	request("192.0.2.1");
	happen("192.0.2.1", HOST_LOCK);
	find("192.0.2.1", "closed");
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(known("192.0.2.1").state, HOST_LOCKED);
	ck_assert_int_eq(requests("refused"), 1);
	ck_assert(!outcome.changed);
	ck_assert_int_eq(store_count(store,
				 "SELECT count(*) FROM delisting"
				 " WHERE reason LIKE 'the host is locked%closed%'"),
		1);
	happen("192.0.2.2", HOST_LOCK);
	find("192.0.2.2", "192.0.2.2");
	ck_assert_uint_eq(listed("192.0.2.2"), 0);
	find("192.0.2.2", "203.0.113.5"); /* nor who delivers for it */
	ck_assert_uint_eq(listed("203.0.113.5"), 0);
	find("192.0.2.2", "undecided");
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

/* --- relapses and confirmations ------------------------------------------------------ */

static int64_t
expires(const char *host)
{
	int64_t s;

	ck_ok(store_number(store, trouble(), &s, "SELECT expires_s FROM listing WHERE prefix = ?",
		"t", host));
	return s;
}

START_TEST(a_relapse_lasts_longer)
{
	static const int64_t lives[] = {1, 2, 4, 5, 5};

	for (unsigned i = 0; i < ORBL_COUNT(lives); i++) {
		find("192.0.2.1", "192.0.2.1");
		ck_assert_int_eq(expires("192.0.2.1"), outcome.now_s + lives[i] * LIFE);
		ck_assert_uint_eq(known("192.0.2.1").relapses, i);
		outcome.now_s += 10;
		find("192.0.2.1", "192.0.2.1"); /* renewed */
		ck_assert_int_eq(expires("192.0.2.1"), outcome.now_s + lives[i] * LIFE);
		outcome.now_s += 10;
		find("192.0.2.1", "closed");
		ck_assert_uint_eq(listed("192.0.2.1"), 0);
		outcome.now_s += 10;
	}
	outcome.now_s += 100001;
	find("192.0.2.1", "192.0.2.1");
	ck_assert_int_eq(expires("192.0.2.1"), outcome.now_s + LIFE);
}
END_TEST

/* Who has one address of a network has them all. */
START_TEST(a_relapse_is_of_the_network)
{
	static const int64_t lives[] = {1, 2, 4, 5};
	static const struct addr none = {0};
	struct addr network = fixture_address("2001:db8:1::"), host;
	struct store_host h;
	char address[ADDR_TEXT];

	for (unsigned i = 0; i < ORBL_COUNT(lives); i++) {
		snprintf(address, sizeof(address), "2001:db8:1::%u", i + 1);
		host = fixture_address(address);
		find(address, address);
		ck_assert_int_eq(expires("2001:db8:1::/64"), outcome.now_s + lives[i] * LIFE);
		ck_ok(host_look(store, &host, &network, &h, trouble()));
		ck_assert_uint_eq(h.relapses, i);
		ck_assert_int_eq(h.listed_s, outcome.now_s);
		ck_assert_uint_eq(h.state, HOST_LISTED);
		outcome.now_s += 10;
		find(address, "closed");
		ck_ok(host_look(store, &host, &network, &h, trouble()));
		ck_assert_int_eq(h.removed_s, outcome.now_s);
		ck_assert_uint_eq(h.state, HOST_CLEARED);
		outcome.now_s += 10;
	}
	ck_assert_uint_eq(known("2001:db8:1::").state, HOST_SEEN);
	ck_assert_uint_eq(known("2001:db8:1::").relapses, ORBL_COUNT(lives) - 1);
	find("2001:db8:2::1", "2001:db8:2::1"); /* another network */
	ck_assert_int_eq(expires("2001:db8:2::/64"), outcome.now_s + LIFE);
	find("2001:db8:1::", "2001:db8:1::"); /* the first address is a host as well */
	ck_assert_uint_eq(known("2001:db8:1::").state, HOST_LISTED);
	ck_assert_uint_eq(known("2001:db8:1::").relapses, ORBL_COUNT(lives));
	ck_ok(host_look(store, &network, &none, &h, trouble()));
	ck_assert_uint_eq(h.relapses, ORBL_COUNT(lives));
}
END_TEST

START_TEST(a_delisting_on_request_is_confirmed)
{
	struct probes_seen waiting;

	find("192.0.2.1", "192.0.2.1");
	request("192.0.2.1");
	ck_assert_uint_eq(known("192.0.2.1").state, HOST_DELISTING);
	find("192.0.2.1", "closed"); /* the same probe: there is one of a host */
	ck_assert_int_eq(requests("delisted"), 1);
	waiting = waiting_probes(store);
	ck_assert_uint_eq(waiting.count, 1);
	ck_assert_int_eq(waiting.rows[0].cause, CAUSE_CONFIRM);
	ck_assert_int_eq(waiting.rows[0].not_before_s, NOW + CONFIRM);
	outcome.now_s += CONFIRM;
	find("192.0.2.1", "192.0.2.1"); /* open for all but a minute */
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(known("192.0.2.1").relapses, 1);
	ck_assert_int_eq(expires("192.0.2.1"), outcome.now_s + 2 * LIFE);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

static void
confirms(const char *host)
{
	struct probes_seen waiting = waiting_probes(store);

	ck_assert_uint_eq(waiting.count, 1);
	ck_assert_int_eq(waiting.rows[0].cause, CAUSE_CONFIRM);
	ck_assert_int_eq(waiting.rows[0].not_before_s, outcome.now_s + CONFIRM);
	ck_assert_str_eq(waiting.rows[0].host, host);
}

START_TEST(a_bouncer_for_a_moment_is_confirmed)
{
	find("192.0.2.1", "192.0.2.1");
	request("192.0.2.1");
	find("192.0.2.1", "bounce");
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_BOUNCER)); /* has its notice */
	confirms("192.0.2.1");
	outcome.now_s += CONFIRM;
	find("192.0.2.1", "192.0.2.1");
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_assert_uint_eq(known("192.0.2.1").relapses, 1);
}
END_TEST

START_TEST(a_delay_before_the_refusal_is_confirmed)
{
	find("192.0.2.1", "192.0.2.1");
	request("192.0.2.1");
	find("192.0.2.1", "undecided");
	ck_assert_int_eq(waiting_probes(store).rows[0].cause, CAUSE_BACKOFF);
	outcome.now_s += 3600;
	find("192.0.2.1", "closed"); /* the one that waits */
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	confirms("192.0.2.1");
}
END_TEST

START_TEST(every_removal_by_a_test_is_confirmed_once)
{
	static const char *const found[] = {"192.0.2.1", "203.0.113.5"};
	struct addr a = fixture_address("192.0.2.1");
	uint64_t id;

	for (size_t i = 0; i < ORBL_COUNT(found); i++) {
		find("192.0.2.1", found[i]);
		find("192.0.2.1", "closed"); /* nobody had asked */
		confirms("192.0.2.1");
		/* Evidence does not have it made sooner, while the host is on its guard. */
		outcome.now_s += 10;
		ck_ok(store_probe_queue(store, &a, CAUSE_NOMINATION, outcome.now_s, &id,
			trouble()));
		outcome.now_s -= 10;
		confirms("192.0.2.1");
		outcome.now_s += CONFIRM;
		find("192.0.2.1", "closed");
		ck_assert_uint_eq(waiting_probes(store).count, 0);
	}
	/* One category for another is no removal. */
	find("192.0.2.1", found[0]);
	find("192.0.2.1", found[1]);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
	/* Nor does the probe that confirms ask for another one. */
	ck_ok(store_probe_queue(store, &a, CAUSE_CONFIRM, outcome.now_s, &id, trouble()));
	find("192.0.2.1", "closed");
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

START_TEST(a_notification_held_back_is_not_in_the_way)
{
	struct prober_event late = {.kind = PROBER_ARRIVAL, .case_index = 1, .to_sender = true};

	find("192.0.2.1", "192.0.2.1");
	late.id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	late.peer.addr = fixture_address("192.0.2.1");
	finish_all(late.id, "192.0.2.1", (const char *const[]){"accepts", NULL});
	ck_assert_int_eq(outcome.verdict, VERDICT_ACCEPTS);
	request("192.0.2.1");
	ck_ok(outcome_arrived_late(&outcome, &late, trouble()));
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	find("192.0.2.1", "closed");
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	confirms("192.0.2.1");
}
END_TEST

START_TEST(what_was_no_relay_is_not_confirmed)
{
	find("192.0.2.1", "closed");
	ck_assert_uint_eq(waiting_probes(store).count, 0);
	find("192.0.2.2", "192.0.2.2");
	request("192.0.2.2");
	outcome.rules.confirm_after_s = 0;
	find("192.0.2.2", "closed");
	ck_assert_uint_eq(waiting_probes(store).count, 0);
	find("192.0.2.3", "bounce"); /* it was no relay */
	request("192.0.2.3");
	outcome.rules.confirm_after_s = CONFIRM;
	find("192.0.2.3", "closed");
	ck_assert_uint_eq(listed("192.0.2.3"), 0);
	ck_assert_uint_eq(waiting_probes(store).count, 0);
}
END_TEST

/* --- outputs ------------------------------------------------------------------------- */

static uint64_t
count_outputs(void)
{
	return (uint64_t)store_count(store, "SELECT count(*) FROM listing WHERE category = 3");
}

START_TEST(a_probe_lists_two_outputs_at_most)
{
	const char *const five[] = {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4",
		"203.0.113.5", NULL};
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	struct prober_event late = {.kind = PROBER_ARRIVAL, .id = id, .case_index = 1};

	finish_all(id, "192.0.2.1", five);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(count_outputs(), 2);
	ck_assert_uint_eq(listed("203.0.113.2"), BIT(CATEGORY_RELAY_OUTPUT));
	ck_assert_uint_eq(listed("203.0.113.3"), 0);
	ck_assert_int_eq(store_count(store,
				 "SELECT effective_s FROM listing"
				 " WHERE prefix = '203.0.113.1'"),
		NOW + 500);
	/* Late ones do not come on top. */
	late.peer.addr = fixture_address("203.0.113.6");
	ck_ok(outcome_arrived_late(&outcome, &late, trouble()));
	ck_assert_uint_eq(count_outputs(), 2);
	find("192.0.2.1", "closed");
	ck_assert_uint_eq(count_outputs(), 0);
}
END_TEST

START_TEST(a_host_lists_two_outputs_at_most_however_often_it_is_tested)
{
	char one[ADDR_TEXT], two[ADDR_TEXT];
	const char *const both[] = {one, two, NULL};

	for (unsigned i = 0; i < 5; i++) {
		snprintf(one, sizeof(one), "203.0.113.%u", 1 + 2 * i);
		snprintf(two, sizeof(two), "203.0.113.%u", 2 + 2 * i);
		finish_all(queue_probe(store, "192.0.2.1", CAUSE_DELISTING), "192.0.2.1", both);
		ck_assert_uint_eq(count_outputs(), 2);
	}
	outcome.now_s += 10;
	find("192.0.2.1", "203.0.113.2"); /* known: renewed */
	ck_assert_int_eq(expires("203.0.113.2"), outcome.now_s + LIFE);
	ck_assert_int_eq(expires("203.0.113.1"), outcome.now_s - 10 + LIFE);
	outcome.now_s += LIFE - 10; /* the other one is over */
	find("192.0.2.1", "203.0.113.9");
	ck_assert_uint_eq(listed("203.0.113.9"), BIT(CATEGORY_RELAY_OUTPUT));
	find("192.0.2.2", "203.0.113.20"); /* another host has its own */
	ck_assert_uint_eq(listed("203.0.113.20"), BIT(CATEGORY_RELAY_OUTPUT));
}
END_TEST

START_TEST(a_network_lists_two_outputs_at_most)
{
	char host[ADDR_TEXT], output[ADDR_TEXT];

	for (unsigned i = 1; i < 5; i++) {
		snprintf(host, sizeof(host), "2001:db8:1::%u", i);
		snprintf(output, sizeof(output), "203.0.113.%u", i);
		find(host, output);
	}
	ck_assert_uint_eq(listed("2001:db8:1::/64"), BIT(CATEGORY_RELAY_INPUT));
	ck_assert_uint_eq(count_outputs(), 2);
	find("2001:db8:2::1", "203.0.113.9");
	ck_assert_uint_eq(count_outputs(), 3);
}
END_TEST

/* --- what was decided ----------------------------------------------------------------- */

struct decided {
	size_t count;
	char inputs[600], result[600];
};

static enum err
on_decision(const struct store_decision *d, void *context)
{
	struct decided *all = context;

	ck_assert_str_eq(d->kind, STORE_DECISION_VERDICT);
	snprintf(all->inputs, sizeof(all->inputs), "%s", d->inputs);
	snprintf(all->result, sizeof(all->result), "%s", d->result);
	all->count++;
	return OK;
}

static struct decided
decisions(const char *host)
{
	struct addr a = fixture_address(host);
	struct decided all = {.count = 0};

	ck_ok(store_decisions_of(store, &a, 1, on_decision, &all, trouble()));
	return all;
}

START_TEST(a_verdict_can_be_decided_again)
{
	static const char *const found[] = {"192.0.2.1", "closed", "bounce", "undecided",
		"203.0.113.9"};

	for (size_t i = 0; i < ORBL_COUNT(found); i++) {
		struct verdict_inputs in;
		struct verdict_result r;
		struct decided d;
		char *text;

		find("192.0.2.1", found[i]);
		d = decisions("192.0.2.1");
		ck_assert_uint_eq(d.count, 1);
		ck_ok(verdict_record_parse(d.inputs, &in, trouble()));
		r = verdict_record_decide(&in);
		text = verdict_record_result(&r);
		ck_assert_str_eq(text, d.result);
		free(text);
		ck_assert_int_eq(r.verdict, outcome.verdict);
	}
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const tests[] = {what_is_exempt_is_not_said_to_be_listed,
		a_locked_host_stays_as_it_is, a_relapse_lasts_longer,
		a_delisting_on_request_is_confirmed, what_was_no_relay_is_not_confirmed,
		a_bouncer_for_a_moment_is_confirmed, a_delay_before_the_refusal_is_confirmed,
		every_removal_by_a_test_is_confirmed_once,
		a_notification_held_back_is_not_in_the_way, a_relapse_is_of_the_network,
		a_host_lists_two_outputs_at_most_however_often_it_is_tested,
		a_network_lists_two_outputs_at_most, a_probe_lists_two_outputs_at_most,
		a_verdict_can_be_decided_again};
	Suite *s = suite_create("outcome_state");
	TCase *t = tcase_create("states");

	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < ORBL_COUNT(tests); i++)
		tcase_add_test(t, tests[i]);
	tcase_add_loop_test(t, a_verdict_changes_the_state, 0, (int)ORBL_COUNT(ways));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
