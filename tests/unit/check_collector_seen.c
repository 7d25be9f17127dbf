#include "collector_seen.h"

#include "unit.h"

static struct collector_seen *seen;
static uint32_t times;

static void
set_up(void)
{
	seen = collector_seen_new(16);
	ck_assert_ptr_nonnull(seen);
}

static void
tear_down(void)
{
	collector_seen_free(seen);
}

static enum collector_seen_answer
take(const struct collector_seen_key *key, const struct addr *peer)
{
	enum collector_seen_answer answer = collector_seen_ask(seen, key, peer, &times);

	if (answer != COLLECTOR_SEEN_AGAIN)
		collector_seen_keep(seen, key, peer);
	return answer;
}

static enum collector_seen_answer
add(uint64_t id, uint8_t case_index, uint32_t peer)
{
	struct collector_seen_key key = {.probe_id = id, .case_index = case_index};
	struct addr a = addr_from_ipv4(peer);

	return take(&key, &a);
}

START_TEST(pairs_count_once)
{
	ck_assert_int_eq(add(1, 1, 1), COLLECTOR_SEEN_FIRST);
	ck_assert_uint_eq(times, 1);
	ck_assert_int_eq(add(1, 1, 1), COLLECTOR_SEEN_AGAIN);
	ck_assert_int_eq(add(1, 1, 1), COLLECTOR_SEEN_AGAIN);
	ck_assert_uint_eq(times, 3);
	ck_assert_int_eq(add(1, 1, 2), COLLECTOR_SEEN_OTHER);
	ck_assert_uint_eq(times, 1);
	ck_assert_int_eq(add(1, 1, 2), COLLECTOR_SEEN_AGAIN);
	ck_assert_int_eq(add(1, 2, 1), COLLECTOR_SEEN_FIRST);
	ck_assert_int_eq(add(2, 1, 1), COLLECTOR_SEEN_FIRST);
}
END_TEST

START_TEST(kinds_and_contents)
{
	struct collector_seen_key key = {.probe_id = 1, .case_index = 1};
	struct addr a = addr_from_ipv4(1);

	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_FIRST);
	key.kind = 1;
	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_FIRST);
	key.content = collector_seen_content(seen, TEXT("one"));
	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_OTHER);
	key.content = collector_seen_content(seen, TEXT("another"));
	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_OTHER);
	key.content = collector_seen_content(seen, TEXT("one"));
	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_AGAIN);
	(void)collector_seen_content(seen, TEXT_NONE);
}
END_TEST

/* What could not be stored counts when it comes again. */
START_TEST(to_ask_keeps_nothing)
{
	struct collector_seen_key key = {.probe_id = 1, .case_index = 1};
	struct addr a = addr_from_ipv4(1), b = addr_from_ipv4(2);

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(collector_seen_ask(seen, &key, &a, &times), COLLECTOR_SEEN_FIRST);
	ck_assert_uint_eq(times, 1);
	collector_seen_keep(seen, &key, &a);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(collector_seen_ask(seen, &key, &b, &times), COLLECTOR_SEEN_OTHER);
	for (int i = 0; i < COLLECTOR_SEEN_PEERS_MAX; i++) /* who asked before it was kept */
		collector_seen_keep(seen, &key, &a);
	ck_assert_int_eq(collector_seen_ask(seen, &key, &b, &times), COLLECTOR_SEEN_OTHER);
	ck_assert_int_eq(take(&key, &a), COLLECTOR_SEEN_AGAIN);
	ck_assert_uint_eq(times, 2);
}
END_TEST

/* Two entries a token: what was used longest ago goes, the rest is known. */
START_TEST(full_table_forgets_the_oldest)
{
	for (uint64_t id = 1; id <= 8; id++)
		ck_assert_int_eq(add(id, 1, 1), COLLECTOR_SEEN_FIRST);
	ck_assert_int_eq(add(1, 1, 1), COLLECTOR_SEEN_AGAIN); /* used again */
	ck_assert_int_eq(add(9, 1, 1), COLLECTOR_SEEN_FIRST);
	ck_assert_int_eq(add(1, 1, 1), COLLECTOR_SEEN_AGAIN);
	ck_assert_int_eq(add(9, 1, 1), COLLECTOR_SEEN_AGAIN);
	ck_assert_int_eq(add(3, 1, 1), COLLECTOR_SEEN_AGAIN);
	ck_assert_int_eq(add(2, 1, 1), COLLECTOR_SEEN_FIRST); /* forgotten: counts anew */
	for (uint64_t id = 1; id <= 10000; id++)
		add(id % 97, (uint8_t)(id % 3), (uint32_t)(id % 11));
	ck_assert_int_eq(add(5, 5, 5), COLLECTOR_SEEN_FIRST);
	ck_assert_int_eq(add(5, 5, 5), COLLECTOR_SEEN_AGAIN);
}
END_TEST

/* Somebody with a whole IPv6 network and one token. */
START_TEST(one_token_has_so_many_senders)
{
	collector_seen_free(seen);
	seen = collector_seen_new(COLLECTOR_SEEN_MAX);
	ck_assert_int_eq(add(7, 1, 1), COLLECTOR_SEEN_FIRST);
	for (uint32_t i = 0; i < COLLECTOR_SEEN_PEERS_MAX; i++)
		ck_assert_int_eq(add(1, 1, i),
			i == 0 ? COLLECTOR_SEEN_FIRST : COLLECTOR_SEEN_OTHER);
	for (uint32_t i = 0; i < 200000; i++)
		ck_assert_int_eq(add(1, 1, 1000 + i), COLLECTOR_SEEN_AGAIN);
	ck_assert_uint_gt(times, 100000);
	ck_assert_int_eq(add(7, 1, 1), COLLECTOR_SEEN_AGAIN); /* nobody was pushed out */
}
END_TEST

START_TEST(small)
{
	collector_seen_free(seen);
	seen = collector_seen_new(0);
	for (uint64_t id = 1; id <= 100; id++)
		ck_assert_int_eq(add(id, 1, 1), COLLECTOR_SEEN_FIRST);
	ck_assert_int_eq(add(100, 1, 1), COLLECTOR_SEEN_AGAIN);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("collector_seen");
	TCase *tc = tcase_create("table");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, pairs_count_once);
	tcase_add_test(tc, kinds_and_contents);
	tcase_add_test(tc, to_ask_keeps_nothing);
	tcase_add_test(tc, full_table_forgets_the_oldest);
	tcase_add_test(tc, one_token_has_so_many_senders);
	tcase_add_test(tc, small);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
