#include "list_expire.h"

#include <stdio.h>

#include <orbl/store_listing.h>

#include "host.h"
#include "store_fixture.h"

static struct store *store;
static struct lister lister;

static void
set_up(void)
{
	scratch_enter();
	store = open_store();
	lister = (struct lister){.store = store,
		.now_s = NOW,
		.rules = {.lifetime_s = 1000,
			.max_lifetime_s = 1000,
			.notice_output_s = 100,
			.notice_bouncer_s = 2000,
			.ipv6_prefix = 64}};
}

static void
tear_down(void)
{
	store_close(store);
	scratch_leave();
}

static void
list(const char *host, const char *prefix, enum category category, int64_t expires_s)
{
	const struct host_news news = {fixture_address(host), HOST_FOUND_OPEN, NOW, 0, {0}};
	const struct list_request r = {.prefix = fixture_prefix(prefix),
		.category = category,
		.tested = fixture_address(host),
		.probe = 1,
		.expires_s = expires_s,
		.reason = "open"};

	if (category == CATEGORY_RELAY)
		ck_ok(host_event(store, &news, NULL, trouble()));
	ck_ok(list_make(&lister, &r, NULL, trouble()));
}

static struct list_expired
expire(int64_t now_s, size_t max)
{
	struct list_expired expired;

	lister.now_s = now_s;
	lister.changed = false;
	ck_ok(list_expire(&lister, max, &expired, trouble()));
	ck_assert(lister.changed == (expired.ended != 0));
	return expired;
}

static unsigned
state_of(const char *host)
{
	struct addr a = fixture_address(host);
	struct store_host h;

	ck_ok(store_host_get(store, &a, &h, trouble()));
	return h.state;
}

START_TEST(a_relay_that_nobody_looked_at_again_is_seen)
{
	list("192.0.2.1", "192.0.2.1", CATEGORY_RELAY, NOW + 10);
	list("192.0.2.2", "192.0.2.2", CATEGORY_RELAY, NOW + 20);
	list("192.0.2.2", "192.0.2.9", CATEGORY_RELAY_OUTPUT, NOW + 10);
	ck_assert_uint_eq(expire(NOW + 9, 100).ended, 0);
	ck_assert_uint_eq(expire(NOW + 10, 100).ended, 2);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_SEEN);
	ck_assert_uint_eq(state_of("192.0.2.2"), HOST_LISTED); /* its output's time was over */
	ck_assert_int_eq(store_count(store,
				 "SELECT count(*) FROM audit WHERE action = 'expire'"
				 " AND host = '192.0.2.1'"
				 " AND detail = 'relay: the time of the listing is over'"),
		1);
	ck_assert_uint_eq(expire(NOW + 10, 100).ended, 0);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM host WHERE removed_s <> 0"), 0);
}
END_TEST

/* Of two hosts of a /64 the one's time is over, the listing's is not. */
START_TEST(one_of_two_hosts_may_be_over)
{
	list("2001:db8::1", "2001:db8::/64", CATEGORY_RELAY, NOW + 10);
	list("2001:db8::2", "2001:db8::/64", CATEGORY_RELAY, NOW + 20);
	ck_assert_uint_eq(expire(NOW + 10, 100).ended, 0);
	ck_assert_uint_eq(state_of("2001:db8::1"), HOST_SEEN);
	ck_assert_uint_eq(state_of("2001:db8::2"), HOST_LISTED);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM proof"), 1);
	ck_assert_uint_eq(expire(NOW + 20, 100).ended, 1);
}
END_TEST

START_TEST(what_an_operator_listed_expires)
{
	const struct host_news news = {fixture_address("192.0.2.1"), HOST_OPERATOR_LISTS, NOW, 0,
		{0}};

	ck_ok(host_event(store, &news, NULL, trouble()));
	list("192.0.2.1", "192.0.2.1", CATEGORY_SUSPECT, NOW + 10);
	ck_assert_uint_eq(expire(NOW + 10, 100).ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_SEEN);
}
END_TEST

/* So that a night's work does not stop the daemon. */
START_TEST(many_expire_in_parts)
{
	char host[32];
	size_t ended = 0, calls = 0;
	struct list_expired expired;

	for (int i = 0; i < 50; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		list(host, host, CATEGORY_RELAY, NOW + i / 2); /* in pairs */
	}
	do {
		expired = expire(NOW + 100, 10);
		ended += expired.ended;
		calls++;
		ck_assert_uint_le(expired.ended, 12);
	} while (expired.more);
	ck_assert_uint_eq(ended, 50);
	ck_assert_uint_ge(calls, 5);
	ck_assert_uint_le(calls, 6);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM proof"), 0);
}
END_TEST

static size_t
take_effect(int64_t now_s)
{
	size_t count;

	lister.now_s = now_s;
	lister.changed = false;
	ck_ok(list_take_effect(&lister, &count, trouble()));
	ck_assert(lister.changed == (count != 0));
	return count;
}

START_TEST(a_listing_takes_effect_when_its_notice_is_over)
{
	list("192.0.2.1", "192.0.2.9", CATEGORY_RELAY_OUTPUT, 0);
	list("192.0.2.1", "192.0.2.1", CATEGORY_RELAY, 0);
	list("192.0.2.3", "192.0.2.3", CATEGORY_BOUNCER, NOW + 9000);
	ck_ok(store_published_whole(store, 1, trouble()));
	ck_assert_uint_eq(take_effect(NOW + 99), 0);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM changed"), 0);
	ck_assert_uint_eq(take_effect(NOW + 100), 1);
	ck_assert_int_eq(store_count(store,
				 "SELECT count(*) FROM changed WHERE prefix = '192.0.2.9'"),
		1);
	ck_assert_uint_eq(take_effect(NOW + 100), 0); /* once */
	store = lister.store = reopen_store(store);
	ck_assert_uint_eq(take_effect(NOW + 1999), 0);
	ck_assert_uint_eq(take_effect(NOW + 2005), 1);
	ck_assert_uint_eq(take_effect(NOW + 3000), 0);
	/* Its time stays known. */
	ck_assert_int_eq(store_count(store,
				 "SELECT effective_s FROM listing WHERE prefix = '192.0.2.9'"),
		NOW + 100);
}
END_TEST

START_TEST(a_clock_that_was_put_back_forgets_none)
{
	list("192.0.2.1", "192.0.2.9", CATEGORY_RELAY_OUTPUT, 0);
	ck_assert_uint_eq(take_effect(NOW + 5000), 1);
	ck_assert_uint_eq(take_effect(NOW), 0);
	list("192.0.2.1", "192.0.2.8", CATEGORY_RELAY_OUTPUT, 0);
	ck_assert_uint_eq(take_effect(NOW + 100), 2);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const tests[] = {a_relay_that_nobody_looked_at_again_is_seen,
		one_of_two_hosts_may_be_over, what_an_operator_listed_expires, many_expire_in_parts,
		a_listing_takes_effect_when_its_notice_is_over,
		a_clock_that_was_put_back_forgets_none};
	Suite *s = suite_create("list_expire");
	TCase *t = tcase_create("time");

	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < ORBL_COUNT(tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
