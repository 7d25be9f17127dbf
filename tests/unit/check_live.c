#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "list_fixture.h"
#include "live.h"

static struct zone_set *
make_set(size_t count)
{
	const struct zone_source nothing = {.snapshot = NULL};
	struct zone_set *s = zone_set_new();
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "z%zu.test", i);
		ck_assert_int_eq(zone_set_add(s, text_of(name), &nothing, NULL), OK);
	}
	ck_assert_int_eq(zone_set_finish(s, NULL), OK);
	return s;
}

START_TEST(lends_the_newest)
{
	struct live *l = live_new(1);
	struct zone_set *a = make_set(1), *b = make_set(2);

	ck_assert_ptr_null(live_zones(l, 0));
	live_publish(l, a, NULL, NULL);
	ck_assert_ptr_eq(live_zones(l, 0), a);
	live_publish(l, b, NULL, NULL);
	ck_assert_ptr_eq(live_zones(l, 0), b);
	live_free(l);
}
END_TEST

/* The sanitizer is the judge of whether the set is gone. */
START_TEST(keeps_what_a_reader_may_use)
{
	struct live *l = live_new(2);
	const struct zone_set *lent;

	live_publish(l, make_set(3), NULL, NULL);
	lent = live_zones(l, 0);
	live_zones(l, 1);
	live_publish(l, make_set(4), NULL, NULL);
	ck_assert(live_reclaim(l)); /* neither has passed */
	ck_assert_uint_eq(zone_set_count(lent), 3);
	live_zones(l, 1);
	ck_assert(live_reclaim(l)); /* reader 0 has not */
	ck_assert_uint_eq(zone_set_count(lent), 3);
	live_zones(l, 0);
	ck_assert(!live_reclaim(l));
	live_free(l);
}
END_TEST

START_TEST(keeps_each_generation_by_itself)
{
	struct live *l = live_new(1);
	const struct zone_set *lent;

	live_publish(l, make_set(1), NULL, NULL);
	live_publish(l, make_set(2), NULL, NULL);
	lent = live_zones(l, 0);
	live_publish(l, make_set(3), NULL, NULL);
	ck_assert(live_reclaim(l)); /* the first goes, the second stays */
	ck_assert_uint_eq(zone_set_count(lent), 2);
	live_free(l);
}
END_TEST

/* A start publishes a set for each source, long before there is a reader. */
START_TEST(keeps_nothing_for_readers_to_come)
{
	struct live *l = live_new(2);
	const struct zone_set *lent;

	live_publish(l, make_set(1), NULL, NULL);
	live_publish(l, make_set(2), NULL, NULL);
	ck_assert(!live_reclaim(l));
	live_begin(l);
	live_publish(l, make_set(3), NULL, NULL);
	ck_assert(live_reclaim(l)); /* either may have been lent the one before */
	lent = live_zones(l, 0);
	ck_assert_uint_eq(zone_set_count(lent), 3);
	ck_assert(live_reclaim(l));
	live_zones(l, 1);
	ck_assert(!live_reclaim(l));
	live_free(l);
}
END_TEST

/* The sanitizer is the judge of this too: an unused delta stands for one in use. */
START_TEST(closes_the_snapshots_with_their_set)
{
	struct list_fixture f = {.origin = "dnsbl.test", .lines = "192.0.2.1 relay\n", .serial = 9};
	struct snapshot *list = list_fixture_open(&f), *delta = list_fixture_open(&f);
	struct zone_source source = {.snapshot = list, .is_list = true};
	struct zone_set *s = zone_set_new();
	struct live *l = live_new(1);
	const struct zone_set *lent;

	ck_assert_int_eq(zone_set_add(s, TEXT("dnsbl.test"), &source, NULL), OK);
	ck_assert_int_eq(zone_set_finish(s, NULL), OK);
	live_publish(l, s, NULL, NULL);
	lent = live_zones(l, 0);
	live_publish(l, make_set(1), list, delta);
	ck_assert(live_reclaim(l));
	ck_assert_uint_eq(zone_set_get(lent, 0)->serial, 9);
	ck_assert_uint_eq(snapshot_serial(list), 9);
	ck_assert_uint_eq(snapshot_serial(delta), 9);
	live_zones(l, 0);
	ck_assert(!live_reclaim(l));
	live_free(l);
}
END_TEST

enum { READERS = 3, GENERATIONS = 3000 };

struct reading {
	struct live *live;
	size_t index;
	atomic_bool *stop;
	bool good;
};

static void *
read_on(void *argument)
{
	struct reading *r = argument;

	r->good = true;
	while (!atomic_load(r->stop)) {
		const struct zone_set *s = live_zones(r->live, r->index);
		size_t count = zone_set_count(s);

		for (int i = 0; i < 20; i++) {
			char name[WIRE_NAME_TEXT];

			wire_name_format(zone_set_get(s, count - 1)->origin, name);
			r->good = r->good && zone_set_count(s) == count;
		}
	}
	return NULL;
}

START_TEST(swaps_under_readers)
{
	struct live *l = live_new(READERS);
	struct reading readings[READERS];
	pthread_t threads[READERS];
	atomic_bool stop = false;

	live_publish(l, make_set(1), NULL, NULL);
	live_begin(l);
	for (size_t i = 0; i < READERS; i++) {
		readings[i] = (struct reading){l, i, &stop, false};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
	}
	for (size_t i = 0; i < GENERATIONS; i++) {
		live_publish(l, make_set(1 + i % 50), NULL, NULL);
		live_reclaim(l);
	}
	/* Idle readers pass too, so that everything old goes in the end. */
	while (live_reclaim(l))
		usleep(100);
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < READERS; i++)
		ck_assert(readings[i].good);
	live_free(l);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("live");
	TCase *one = tcase_create("one thread"), *many = tcase_create("threads");

	tcase_add_test(one, lends_the_newest);
	tcase_add_test(one, keeps_what_a_reader_may_use);
	tcase_add_test(one, keeps_each_generation_by_itself);
	tcase_add_test(one, keeps_nothing_for_readers_to_come);
	tcase_add_test(one, closes_the_snapshots_with_their_set);
	tcase_set_timeout(many, 60);
	tcase_add_test(many, swaps_under_readers);
	suite_add_tcase(s, one);
	suite_add_tcase(s, many);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
