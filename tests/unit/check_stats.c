#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "stats_fixture.h"

enum { NOW_S = 1700000000 };

static struct stats *stats;
static struct zone_set *zones;

/* Of these origins, ended by NULL; none of them is loaded. */
static void
make_zones(const char *const *origins)
{
	const struct zone_source nothing = {.snapshot = NULL};

	zone_set_free(zones);
	zones = zone_set_new();
	ck_assert_ptr_nonnull(zones);
	for (; *origins != NULL; origins++)
		ck_assert_int_eq(zone_set_add(zones, text_of(*origins), &nothing, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static void
make_numbered_zones(size_t from, size_t count)
{
	char names[64][32];
	const char *origins[65] = {NULL};

	for (size_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "z%zu.example", from + i);
		origins[i] = names[i];
	}
	make_zones(origins);
}

static void
set_up(void)
{
	stats = stats_new(2, 8);
	ck_assert_ptr_nonnull(stats);
}

static void
tear_down(void)
{
	stats_free(stats);
	zone_set_free(zones);
	zones = NULL;
}

START_TEST(zones_keep_their_rows)
{
	static const char *const first[] = {"a.example", "b.example", NULL};
	static const char *const second[] = {"c.example", "b.example", NULL};
	struct stats_zone zone;
	uint16_t row;

	ck_assert_uint_eq(stats_rows(stats), 1);
	make_zones(first);
	stats_find_rows(stats, zones);
	ck_assert_uint_eq(zone_set_get(zones, 0)->stats_row, STATS_NO_ZONE);
	stats_register(stats, zones);
	ck_assert_uint_eq(stats_rows(stats), 3);
	row = zone_set_get(zones, 1)->stats_row;
	ck_assert_uint_ne(row, zone_set_get(zones, 0)->stats_row);
	ck_assert(stats_zone(stats, row, &zone));
	ck_assert_str_eq(zone.name, "b.example");
	make_zones(second);
	stats_register(stats, zones);
	ck_assert_uint_eq(stats_rows(stats), 4);
	ck_assert_uint_eq(zone_set_get(zones, 1)->stats_row, row);
	make_zones(second);
	stats_find_rows(stats, zones);
	ck_assert_uint_eq(zone_set_get(zones, 1)->stats_row, row);
	ck_assert_uint_eq(zone_set_get(zones, 0)->stats_row, 3);
}
END_TEST

START_TEST(beyond_the_rows_is_the_first)
{
	struct stats_zone zone;

	make_numbered_zones(0, 12);
	stats_register(stats, zones);
	ck_assert_uint_eq(stats_rows(stats), 9);
	ck_assert_uint_eq(zone_set_get(zones, 7)->stats_row, 8);
	for (size_t i = 8; i < 12; i++)
		ck_assert_uint_eq(zone_set_get(zones, i)->stats_row, STATS_NO_ZONE);
	ck_assert(!stats_zone(stats, STATS_NO_ZONE, &zone));
	ck_assert(!stats_zone(stats, 9, &zone));
	ck_assert(!stats_zone(stats, SIZE_MAX, &zone));
}
END_TEST

START_TEST(many_zones_are_told_apart)
{
	struct stats *many = stats_new(1, 3000);

	for (size_t i = 0; i < 3000; i += 50) {
		make_numbered_zones(i, 50);
		stats_register(many, zones);
	}
	ck_assert_uint_eq(stats_rows(many), 3001);
	for (size_t i = 0; i < 3000; i += 50) {
		make_numbered_zones(i, 50);
		stats_find_rows(many, zones);
		for (size_t k = 0; k < 50; k++)
			ck_assert_uint_eq(zone_set_get(zones, k)->stats_row, i + k + 1);
	}
	stats_free(many);
}
END_TEST

START_TEST(tells_how_zones_are)
{
	static const char *const both[] = {"a.example", "sub.a.example", "ba.example", NULL};
	static const char *const one[] = {"a.example", NULL};
	struct stats_zone zone;

	make_zones(both);
	stats_register(stats, zones);
	ck_assert(stats_zone(stats, 1, &zone));
	ck_assert(!zone.is_served);
	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_NOT_READY);
	stats_describe(stats, zones);
	ck_assert(stats_zone(stats, 2, &zone));
	ck_assert(zone.is_served && !zone.is_ready && !zone.has_failed);
	stats_tell_load(stats, "a.example", true, 0);
	stats_describe(stats, zones);
	for (size_t row = 1; row <= 3; row++) {
		ck_assert(stats_zone(stats, row, &zone));
		ck_assert_int_eq(zone.has_failed, row != 3);
	}
	stats_tell_load(stats, "", false, 0);
	ck_assert(stats_zone(stats, 1, &zone) && !zone.has_failed);
	make_zones(one);
	stats_register(stats, zones);
	stats_describe(stats, zones);
	ck_assert(stats_zone(stats, 1, &zone) && zone.is_served);
	ck_assert(stats_zone(stats, 2, &zone) && !zone.is_served);
}
END_TEST

START_TEST(a_zone_is_in_a_state)
{
	struct stats_zone zone = {.is_served = true, .is_ready = true};

	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_SERVING);
	zone.has_failed = true;
	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_OLD_DATA);
	zone.stale_s = NOW_S + 1;
	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_OLD_DATA);
	zone.stale_s = NOW_S;
	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_TOO_OLD);
	zone.is_ready = false;
	ck_assert_int_eq(stats_zone_state(&zone, NOW_S), STATS_NOT_READY);
	ck_assert_str_eq(stats_state_name(STATS_TOO_OLD), "too old");
}
END_TEST

START_TEST(counts_by_zone_transport_and_reply)
{
	static const char *const origins[] = {"a.example", NULL};
	static const uint8_t nxdomain[12] = {0, 0, 0x84, 3}, cut[12] = {0, 0, 0x86, 0};
	struct stats_worker *w = stats_worker(stats, 1);
	struct stats_row row;
	const struct zone *zone;

	make_zones(origins);
	stats_register(stats, zones);
	zone = zone_set_get(zones, 0);
	stats_count(w, zone, ANSWER_UDP, nxdomain, 40, 90);
	stats_count(stats_worker(stats, 0), zone, ANSWER_UDP, nxdomain, 40, 90);
	stats_count(w, zone, ANSWER_TCP, cut, 50, 60);
	stats_count(w, NULL, ANSWER_UDP, NULL, 7, 0);
	stats_count_handed_over(w, zone, ANSWER_TCP, 33);
	stats_sum_row(stats, 1, &row);
	ck_assert_uint_eq(row.replies[ANSWER_UDP][STATS_REPLY_NXDOMAIN], 2);
	ck_assert_uint_eq(row.replies[ANSWER_TCP][STATS_REPLY_ANSWER], 1);
	ck_assert_uint_eq(row.truncated[ANSWER_TCP], 1);
	ck_assert_uint_eq(row.bytes_in[ANSWER_UDP], 80);
	ck_assert_uint_eq(row.bytes_in[ANSWER_TCP], 83);
	ck_assert_uint_eq(row.bytes_out[ANSWER_UDP], 180);
	ck_assert_uint_eq(stats_row_queries(&row, ANSWER_TCP), 2);
	stats_sum_row(stats, STATS_NO_ZONE, &row);
	ck_assert_uint_eq(row.dropped[ANSWER_UDP], 1);
	ck_assert_uint_eq(row.dropped_bytes[ANSWER_UDP], 7);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 3);
}
END_TEST

START_TEST(another_process_counts)
{
	static const uint8_t refused[12] = {0, 0, 0x80, 5};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 1000; i++)
			stats_count(stats_worker(stats, 0), NULL, ANSWER_UDP, refused, 20, 30);
		stats_set(&stats_worker(stats, 0)->common.tcp_open, 5);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_REFUSED), 1000);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_open, 5);
}
END_TEST

static const struct {
	int64_t ns;
	size_t bucket;
} latencies[] = {
	{-5, 0},
	{0, 0},
	{1, 0},
	{1000, 0},
	{1001, 1},
	{2000, 1},
	{2001, 2},
	{1024000, 10},
	{1048576000, 20},
	{1048576001, 21},
	{INT64_MAX, 21},
};

START_TEST(sorts_latencies)
{
	struct stats_latency l;

	stats_count_latency(stats_worker(stats, 0), ANSWER_TCP, 3, 0, latencies[_i].ns);
	stats_sum_latency(stats, ANSWER_TCP, &l);
	for (size_t i = 0; i < STATS_LATENCY_BUCKETS; i++)
		ck_assert_uint_eq(l.buckets[i], i == latencies[_i].bucket ? 3 : 0);
	stats_sum_latency(stats, ANSWER_UDP, &l);
	ck_assert_uint_eq(l.sum_ns, 0);
}
END_TEST

START_TEST(percentiles)
{
	struct stats_latency l = {.buckets = {[3] = 50, [5] = 49, [9] = 1}};

	ck_assert_uint_eq(stats_latency_percentile_us(&l, 50), 8);
	ck_assert_uint_eq(stats_latency_percentile_us(&l, 51), 32);
	ck_assert_uint_eq(stats_latency_percentile_us(&l, 99), 32);
	ck_assert_uint_eq(stats_latency_percentile_us(&l, 100), 512);
	l = (struct stats_latency){.buckets = {0}};
	ck_assert_uint_eq(stats_latency_percentile_us(&l, 50), 0);
	l.buckets[STATS_LATENCY_BUCKETS - 1] = 4;
	ck_assert_uint_eq(stats_latency_percentile_us(&l, 50), 1 << 20);
	ck_assert_uint_eq(stats_latency_bound_us(STATS_LATENCY_BUCKETS - 1), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stats");
	TCase *rows = tcase_create("rows"), *counts = tcase_create("counts");

	tcase_add_checked_fixture(rows, set_up, tear_down);
	tcase_add_test(rows, zones_keep_their_rows);
	tcase_add_test(rows, beyond_the_rows_is_the_first);
	tcase_add_test(rows, many_zones_are_told_apart);
	tcase_add_test(rows, tells_how_zones_are);
	tcase_add_test(rows, a_zone_is_in_a_state);
	suite_add_tcase(s, rows);
	tcase_add_checked_fixture(counts, set_up, tear_down);
	tcase_add_test(counts, counts_by_zone_transport_and_reply);
	tcase_add_test(counts, another_process_counts);
	tcase_add_loop_test(counts, sorts_latencies, 0,
		(int)(sizeof(latencies) / sizeof(latencies[0])));
	tcase_add_test(counts, percentiles);
	suite_add_tcase(s, counts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
