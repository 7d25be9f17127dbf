#include "host.h"

#include <string.h>

#include <orbl/store_listing.h>

#include "store_fixture.h"

static struct store *store;

static void
set_up(void)
{
	scratch_enter();
	store = open_store();
}

static void
tear_down(void)
{
	store_close(store);
	scratch_leave();
}

static enum err
happen(const char *host, enum host_event_kind kind, int64_t now_s, struct host_changed *out)
{
	const struct host_news news = {fixture_address(host), kind, now_s, 1000, {0}};

	return host_event(store, &news, out, trouble());
}

static struct store_host
known(const char *host)
{
	struct addr a = fixture_address(host);
	struct store_host h;

	ck_ok(store_host_get(store, &a, &h, trouble()));
	return h;
}

START_TEST(what_happens_is_kept)
{
	struct host_changed c;

	ck_assert_uint_eq(known("192.0.2.1").state, HOST_SEEN);
	ck_assert_int_eq(known("192.0.2.1").since_s, 0);
	ck_ok(happen("192.0.2.1", HOST_EVIDENCE, NOW, &c));
	ck_assert_int_eq(c.before, HOST_SEEN);
	ck_assert_int_eq(known("192.0.2.1").since_s, NOW);
	ck_ok(happen("192.0.2.1", HOST_EVIDENCE, NOW + 5, NULL));
	ck_assert_int_eq(known("192.0.2.1").since_s, NOW); /* in this state */
	ck_ok(happen("192.0.2.1", HOST_FOUND_OPEN, NOW + 6, NULL));
	ck_ok(happen("192.0.2.1", HOST_FOUND_CLOSED, NOW + 7, NULL));
	store = reopen_store(store);
	ck_ok(happen("192.0.2.1", HOST_FOUND_OPEN, NOW + 8, &c));
	ck_assert_int_eq(c.before, HOST_CLEARED);
	ck_assert_uint_eq(c.now.state, HOST_LISTED);
	ck_assert_uint_eq(known("192.0.2.1").relapses, 1);
	ck_assert_int_eq(known("192.0.2.1").listed_s, NOW + 8);
	ck_assert_int_eq(known("192.0.2.1").removed_s, NOW + 7);
	ck_assert_uint_eq(known("192.0.2.2").state, HOST_SEEN); /* of this host alone */
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host"), 1);
}
END_TEST

START_TEST(a_refusal_names_host_and_reason)
{
	const struct host_news news = {fixture_address("192.0.2.1"), HOST_FOUND_OPEN, NOW, 0, {0}};
	struct error e;
	struct host_changed c;
	bool refused, locked;

	ck_ok(happen("192.0.2.1", HOST_LOCK, NOW, NULL));
	ck_assert_int_eq(host_event(store, &news, &c, &e), ERR_REFUSED);
	ck_assert_str_eq(e.text, "192.0.2.1 is locked by an operator");
	ck_assert_uint_eq(c.now.state, HOST_LOCKED);
	ck_ok(host_event_if_may(store, &news, NULL, &refused, &e));
	ck_assert(refused);
	ck_ok(host_is_locked(store, &news.host, &locked, &e));
	ck_assert(locked);
	ck_assert_int_eq(happen("192.0.2.2", HOST_UNLOCK, NOW, NULL), ERR_REFUSED);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host"), 1);
}
END_TEST

static void
prove(const char *host, enum category category, int64_t expires_s)
{
	const struct store_listing l = {.prefix = fixture_prefix(host),
		.category = category,
		.since_s = NOW,
		.expires_s = expires_s,
		.reason = "open",
		.tested = fixture_address(host)};

	ck_ok(store_listing_put(store, &l, trouble()));
}

START_TEST(unlocked_it_is_what_the_list_says)
{
	prove("192.0.2.1", CATEGORY_RELAY_INPUT, NOW + 10);
	prove("192.0.2.2", CATEGORY_BOUNCER, NOW + 10);
	for (const char *const *h =
			(const char *const[]){"192.0.2.1", "192.0.2.2", "192.0.2.3", NULL};
		*h != NULL; h++) {
		ck_ok(happen(*h, HOST_LOCK, NOW, NULL));
		ck_ok(happen(*h, HOST_UNLOCK, NOW + 1, NULL));
	}
	ck_assert_uint_eq(known("192.0.2.1").state, HOST_LISTED);
	ck_assert_uint_eq(known("192.0.2.2").state, HOST_SEEN); /* no relay */
	ck_assert_uint_eq(known("192.0.2.3").state, HOST_SEEN);
	ck_ok(happen("192.0.2.1", HOST_LOCK, NOW, NULL));
	ck_ok(happen("192.0.2.1", HOST_UNLOCK, NOW + 10, NULL));
	ck_assert_uint_eq(known("192.0.2.1").state, HOST_SEEN); /* it has expired meanwhile */
}
END_TEST

START_TEST(a_state_that_is_none_is_refused)
{
	store_meddle("INSERT INTO host (host, state, since_s) VALUES ('192.0.2.1', 99, 1)");
	ck_assert_int_eq(happen("192.0.2.1", HOST_FOUND_OPEN, NOW, NULL), ERR_REFUSED);
	ck_assert_uint_eq(known("192.0.2.1").state, 99);
}
END_TEST

START_TEST(hosts_that_say_nothing_any_more_are_forgotten)
{
	int64_t id = begin_submission(store, "mx1");

	ck_ok(happen("192.0.2.1", HOST_EVIDENCE, NOW, NULL));
	ck_ok(happen("192.0.2.2", HOST_EVIDENCE, NOW + 100, NULL)); /* young */
	ck_ok(happen("192.0.2.3", HOST_FOUND_OPEN, NOW, NULL));     /* listed */
	ck_ok(happen("192.0.2.4", HOST_EVIDENCE, NOW, NULL));       /* has evidence */
	ck_assert(add_denial(store, id, "192.0.2.4", NOW, "denied"));
	ck_ok(happen("192.0.2.5", HOST_EVIDENCE, NOW, NULL)); /* has a probe */
	queue_probe(store, "192.0.2.5", CAUSE_CONFIRM);
	ck_ok(happen("192.0.2.6", HOST_FOUND_OPEN, NOW, NULL)); /* may relapse */
	ck_ok(happen("192.0.2.6", HOST_FOUND_CLOSED, NOW + 60, NULL));
	ck_ok(happen("192.0.2.7", HOST_EVIDENCE, NOW, NULL)); /* an output's */
	prove("192.0.2.7", CATEGORY_BOUNCER, NOW + 10);
	ck_ok(store_host_prune(store, 1U << HOST_SEEN | 1U << HOST_CLEARED, NOW + 50, 9,
		trouble()));
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host"), 6);
	ck_assert_int_eq(known("192.0.2.1").since_s, 0);
	ck_ok(store_host_prune(store, 1U << HOST_SEEN | 1U << HOST_CLEARED, NOW + 500, 1,
		trouble()));
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host"), 5);
}
END_TEST

START_TEST(relapses_of_a_network_are_kept_while_it_is_listed)
{
	const struct store_host h = {.host = fixture_address("2001:db8::"),
		.relapses = 2,
		.listed_s = NOW,
		.removed_s = NOW - 10};
	const struct store_listing l = {.prefix = fixture_prefix("2001:db8::/64"),
		.category = CATEGORY_RELAY,
		.since_s = NOW,
		.expires_s = NOW + 10,
		.reason = "open",
		.tested = fixture_address("2001:db8::1")};
	const uint32_t states = 1U << HOST_SEEN | 1U << HOST_CLEARED;

	ck_ok(store_host_put(store, &h, trouble()));
	ck_ok(store_listing_put(store, &l, trouble()));
	ck_ok(store_host_prune(store, states, NOW, 9, trouble())); /* a relapse may come */
	ck_ok(store_host_prune(store, states, NOW + 500, 9, trouble()));
	ck_assert_uint_eq(known("2001:db8::").relapses, 2);
	ck_ok(store_listing_expire(store, NOW + 10, NULL, trouble()));
	ck_ok(store_host_prune(store, states, NOW, 9, trouble()));
	ck_assert_uint_eq(known("2001:db8::").relapses, 2);
	ck_ok(store_host_prune(store, states, NOW + 500, 9, trouble()));
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host"), 0);
}
END_TEST

START_TEST(what_was_kept_by_address_is_of_the_network)
{
	const struct store_host h = {.host = fixture_address("2001:db8::1"),
		.state = HOST_CLEARED,
		.relapses = 2,
		.listed_s = NOW,
		.removed_s = NOW + 10};
	struct host_news news = {.host = h.host,
		.kind = HOST_FOUND_OPEN,
		.now_s = NOW + 20,
		.relapse_window_s = 1000,
		.network = fixture_address("2001:db8::")};
	struct host_changed c;

	ck_ok(store_host_put(store, &h, trouble()));
	ck_ok(host_event(store, &news, &c, trouble()));
	ck_assert_uint_eq(c.now.relapses, 3);
	ck_assert_uint_eq(known("2001:db8::").relapses, 3);
	ck_assert_int_eq(known("2001:db8::").listed_s, NOW + 20);
	ck_assert_uint_eq(known("2001:db8::1").relapses, 0); /* not in two places */
	ck_assert_uint_eq(known("2001:db8::1").state, HOST_LISTED);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_happens_is_kept);
	tcase_add_test(t, relapses_of_a_network_are_kept_while_it_is_listed);
	tcase_add_test(t, what_was_kept_by_address_is_of_the_network);
	tcase_add_test(t, a_refusal_names_host_and_reason);
	tcase_add_test(t, unlocked_it_is_what_the_list_says);
	tcase_add_test(t, a_state_that_is_none_is_refused);
	tcase_add_test(t, hosts_that_say_nothing_any_more_are_forgotten);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
