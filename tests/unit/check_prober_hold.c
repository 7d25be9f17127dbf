#include "prober_hold.h"

#include "unit.h"

static struct prober_hold *hold;
static struct collector_seen *seen;

static void
set_up(void)
{
	hold = prober_hold_new();
	seen = collector_seen_new(COLLECTOR_SEEN_MAX);
	ck_assert_ptr_nonnull(hold);
	ck_assert_ptr_nonnull(seen);
}

static void
tear_down(void)
{
	prober_hold_free(hold);
	collector_seen_free(seen);
}

static const struct collector_seen_key *
key_of(uint64_t id)
{
	static struct collector_seen_key key;

	key = (struct collector_seen_key){.probe_id = id, .case_index = 1};
	return &key;
}

static uint64_t
add(uint64_t id)
{
	struct addr peer = addr_from_ipv4(1);

	return prober_hold_add(hold, key_of(id), &peer);
}

static bool
is_seen(uint64_t id)
{
	struct addr peer = addr_from_ipv4(1);
	uint32_t times;

	return collector_seen_ask(seen, key_of(id), &peer, &times) == COLLECTOR_SEEN_AGAIN;
}

START_TEST(found_until_settled)
{
	struct addr peer = addr_from_ipv4(1), other = addr_from_ipv4(2);
	struct collector_seen_key key = *key_of(1);

	ck_assert_uint_eq(prober_hold_find(hold, &key, &peer), 0);
	ck_assert_uint_eq(add(1), 1);
	ck_assert_uint_eq(add(2), 2);
	ck_assert_uint_eq(prober_hold_find(hold, &key, &peer), 1);
	ck_assert_uint_eq(prober_hold_find(hold, &key, &other), 0);
	key.kind = 1;
	ck_assert_uint_eq(prober_hold_find(hold, &key, &peer), 0);
	key.kind = 0;
	key.content = 1;
	ck_assert_uint_eq(prober_hold_find(hold, &key, &peer), 0);
	ck_assert(prober_hold_settle(hold, 1, true, seen));
	ck_assert_uint_eq(prober_hold_find(hold, key_of(1), &peer), 0);
	ck_assert_uint_eq(prober_hold_find(hold, key_of(2), &peer), 2);
}
END_TEST

START_TEST(only_what_is_stored_is_seen)
{
	for (uint64_t id = 1; id <= 5; id++)
		add(id);
	ck_assert(prober_hold_settle(hold, 2, true, seen));
	ck_assert(prober_hold_settle(hold, 4, false, seen));
	for (uint64_t id = 1; id <= 5; id++)
		ck_assert(is_seen(id) == (id <= 2));
	ck_assert(!prober_hold_settle(hold, 0, true, seen));
	ck_assert(!prober_hold_settle(hold, 4, true, seen)); /* once */
	ck_assert(!prober_hold_settle(hold, 6, true, seen)); /* not given */
	ck_assert(!is_seen(5));
	ck_assert(prober_hold_settle(hold, 5, true, seen));
	ck_assert(is_seen(5));
	ck_assert(!prober_hold_settle(hold, 6, true, seen));
}
END_TEST

START_TEST(bounded)
{
	struct addr peer = addr_from_ipv4(1);

	for (uint64_t id = 1; id <= PROBER_HOLD_MAX; id++)
		ck_assert_uint_eq(add(id), id);
	ck_assert_uint_eq(add(5000), 0);
	ck_assert(prober_hold_settle(hold, 1, true, seen));
	ck_assert_uint_eq(add(5000), PROBER_HOLD_MAX + 1);
	ck_assert_uint_eq(add(5001), 0);
	ck_assert_uint_eq(prober_hold_find(hold, key_of(2), &peer), 2);
	ck_assert_uint_eq(prober_hold_find(hold, key_of(5000), &peer), PROBER_HOLD_MAX + 1);
	ck_assert(prober_hold_settle(hold, PROBER_HOLD_MAX + 1, true, seen));
	ck_assert(is_seen(2) && is_seen(PROBER_HOLD_MAX) && is_seen(5000) && !is_seen(5001));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prober_hold");
	TCase *tc = tcase_create("hold");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, found_until_settled);
	tcase_add_test(tc, only_what_is_stored_is_seen);
	tcase_add_test(tc, bounded);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
