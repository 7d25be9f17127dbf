#include "host_count.h"

#include "unit.h"

enum { HOSTS = 5000 };

struct walk {
	uint64_t seen;
	struct addr last;
	uint64_t counts[HOSTS];
};

/* Ascending, each host once. */
static void
take(const struct host_count_entry *e, void *context)
{
	struct walk *w = context;
	uint32_t i;

	if (w->seen++ != 0)
		ck_assert_int_lt(addr_compare(&w->last, &e->host), 0);
	w->last = e->host;
	if (e->host.family == 4) {
		i = addr_ipv4(&e->host) - 0x0a000000;
		ck_assert_uint_lt(i, HOSTS);
		w->counts[i] = e->count;
	}
}

static void
add(struct host_count *h, const struct addr *a, uint64_t n)
{
	struct error e;

	ck_assert_int_eq(host_count_add(h, a, n, &e), OK);
}

/* Host i is seen i % 7 + 1 times, in an order that is far from sorted. */
static void
add_many(struct host_count *h)
{
	for (uint32_t round = 0; round < 7; round++)
		for (uint32_t i = 0; i < HOSTS; i++) {
			uint32_t host = i * 2741 % HOSTS;
			struct addr a = addr_from_ipv4(0x0a000000 + host);

			if (host % 7 >= round)
				add(h, &a, 1);
		}
}

static void
check_many(size_t max)
{
	static struct walk w;
	struct host_count *h = host_count_new(max);
	uint64_t hosts = 0;
	struct error e;

	w = (struct walk){0};
	ck_assert_ptr_nonnull(h);
	add_many(h);
	ck_assert_int_eq(host_count_finish(h, take, &w, &hosts, &e), OK);
	ck_assert_uint_eq(hosts, HOSTS);
	ck_assert_uint_eq(w.seen, HOSTS);
	for (uint32_t i = 0; i < HOSTS; i++)
		ck_assert_uint_eq(w.counts[i], i % 7 + 1);
	host_count_free(h);
}

START_TEST(all_in_memory)
{
	check_many(HOST_COUNT_MAX);
}
END_TEST

START_TEST(parts_in_a_file)
{
	check_many(40); /* many parts */
	check_many(700);
	check_many(HOSTS - 1);
	check_many(HOSTS);
}
END_TEST

START_TEST(families)
{
	struct walk w = {0};
	struct host_count *h = host_count_new(2);
	struct addr v6, v4 = addr_from_ipv4(0x0a000001), other = addr_from_ipv4(0x0a000002);
	uint64_t hosts = 0;
	struct error e;

	ck_assert_int_eq(addr_parse(TEXT("2001:db8::1"), &v6), OK);
	add(h, &v6, 2);
	add(h, &other, 1);
	add(h, &v4, UINT64_C(5000000000));
	add(h, &v6, 3);
	ck_assert_int_eq(host_count_finish(h, take, &w, &hosts, &e), OK);
	ck_assert_uint_eq(hosts, 3);
	ck_assert_uint_eq(w.counts[1], UINT64_C(5000000000));
	ck_assert(addr_equal(&w.last, &v6));
	host_count_free(h);
}
END_TEST

START_TEST(nothing_and_counting_only)
{
	struct host_count *h = host_count_new(3);
	uint64_t hosts = 7;
	struct error e;

	ck_assert_int_eq(host_count_finish(h, NULL, NULL, &hosts, &e), OK);
	ck_assert_uint_eq(hosts, 0);
	host_count_free(h);
	h = host_count_new(3);
	add_many(h);
	ck_assert_int_eq(host_count_finish(h, NULL, NULL, &hosts, &e), OK);
	ck_assert_uint_eq(hosts, HOSTS);
	host_count_free(h);
	host_count_free(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host_count");
	TCase *t = tcase_create("host_count");

	tcase_add_test(t, all_in_memory);
	tcase_add_test(t, parts_in_a_file);
	tcase_add_test(t, families);
	tcase_add_test(t, nothing_and_counting_only);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
