#include "probe_busy.h"

#include "unit.h"

static struct addr
address(unsigned n)
{
	return (struct addr){.family = 4,
		.b = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

START_TEST(each_once)
{
	struct probe_busy *b = probe_busy_new(5000);
	struct addr a;

	ck_assert_ptr_nonnull(b);
	for (unsigned i = 0; i < 5000; i++) {
		a = address(i);
		ck_assert(probe_busy_add(b, &a));
		ck_assert(!probe_busy_add(b, &a));
	}
	for (unsigned i = 0; i < 5000; i++) {
		a = address(i);
		ck_assert(!probe_busy_add(b, &a));
	}
	probe_busy_free(b);
	probe_busy_free(NULL);
}
END_TEST

START_TEST(families_differ)
{
	struct probe_busy *b = probe_busy_new(4);
	struct addr four = {.family = 4, .b = {1, 2, 3, 4}}, six = {.family = 6, .b = {1, 2, 3, 4}};

	ck_assert(probe_busy_add(b, &four));
	ck_assert(probe_busy_add(b, &six));
	probe_busy_free(b);
}
END_TEST

START_TEST(forgotten_and_full)
{
	struct probe_busy *b = probe_busy_new(3);
	struct addr a;

	for (unsigned round = 0; round < 1000; round++) {
		probe_busy_forget(b);
		for (unsigned i = 0; i < 3; i++) {
			a = address(round + i);
			ck_assert(probe_busy_add(b, &a));
		}
		a = address(round + 3);
		ck_assert(!probe_busy_add(b, &a));
	}
	probe_busy_free(b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_busy");
	TCase *table = tcase_create("table");

	tcase_add_test(table, each_once);
	tcase_add_test(table, families_differ);
	tcase_add_test(table, forgotten_and_full);
	suite_add_tcase(s, table);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
