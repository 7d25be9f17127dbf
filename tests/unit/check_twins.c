#include "twins.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static bool
seen(struct twins *t, const char *identity)
{
	return twins_seen(t, text_of(identity));
}

START_TEST(only_earlier_files)
{
	struct twins *t = twins_new();

	ck_assert_ptr_nonnull(t);
	twins_next_file(t);
	ck_assert(!seen(t, "a"));
	ck_assert(!seen(t, "a")); /* twice in one file is two */
	ck_assert(!seen(t, "b"));
	ck_assert(!seen(t, ""));
	twins_next_file(t);
	ck_assert(seen(t, "a"));
	ck_assert(seen(t, "a"));
	ck_assert(!seen(t, "c"));
	ck_assert(!seen(t, "c"));
	ck_assert(seen(t, ""));
	twins_next_file(t);
	ck_assert(seen(t, "c"));
	ck_assert(seen(t, "b"));
	ck_assert(!seen(t, "ab"));
	twins_free(t);
	twins_free(NULL);
}
END_TEST

static bool
seen_number(struct twins *t, unsigned i)
{
	char identity[16];

	(void)snprintf(identity, sizeof(identity), "%u", i);
	return seen(t, identity);
}

START_TEST(grows_to_its_bound)
{
	enum { BOUND = 2000000 };
	struct twins *t = twins_new();
	unsigned again = 0;

	for (unsigned i = 0; i < BOUND; i++)
		ck_assert(!seen_number(t, i));
	ck_assert(!twins_is_full(t));
	twins_next_file(t);
	for (unsigned i = 0; i < BOUND; i++)
		again += seen_number(t, i);
	ck_assert_uint_eq(again, BOUND);
	ck_assert(!twins_is_full(t));
	ck_assert(!seen_number(t, BOUND));
	ck_assert(twins_is_full(t));
	twins_next_file(t);
	ck_assert(!seen_number(t, BOUND)); /* it was not kept */
	ck_assert(seen_number(t, 0));
	twins_free(t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("twins");
	TCase *c = tcase_create("twins");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, only_earlier_files);
	tcase_add_test(c, grows_to_its_bound);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
