/* Which clients have an entry in a gate's table, and what it says of them. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "gate_fixture.h"

static struct gate_fixture f;

static void
set_up(void)
{
	gate_fixture_set_up(&f);
}

static void
tear_down(void)
{
	gate_fixture_tear_down(&f);
}

static struct answer_context
ask(size_t worker, const char *from, enum answer_transport transport)
{
	return gate_fixture_ask(&f, worker, from, transport);
}

static struct addr
client(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

START_TEST(marks_one_client_of_one_day)
{
	struct gate_options o = gate_fixture_options(&f, 1000, 0);
	struct addr a = client("192.0.2.1");
	struct gate_ticket t;
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	t = gate_prepare(g, &a);
	ask(0, "192.0.2.1", ANSWER_UDP);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over,
			gate_tag(g, t.client + 256, GATE_FIXTURE_DAY));
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_doubted);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over,
			gate_tag(g, t.client, GATE_FIXTURE_DAY - 1));
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_doubted);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over, gate_tag(g, t.client, GATE_FIXTURE_DAY));
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_doubted);
}
END_TEST

static void
set_client(struct gate_client *entry, uint64_t id, uint32_t count)
{
	atomic_store(&entry->id, id);
	atomic_store(&entry->count, count);
	atomic_store(&entry->over, 7);
}

/* A newcomer in a full set takes one query from the lightest, and its entry when it has none left;
 * of two that are as light the first. */
START_TEST(takes_from_the_lightest)
{
	static const uint32_t counts[GATE_WAYS] = {9, 3, 3, 9};
	struct gate_options o = gate_fixture_options(&f, 1000, 0);
	struct gate_client_set *set;
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	set = &g->clients[0];
	for (size_t i = 0; i < GATE_WAYS; i++)
		set_client(&set->each[i], 10 + i, counts[i]);
	ck_assert_ptr_null(gate_take_client(g, set, 99));
	ck_assert_uint_eq(atomic_load(&set->each[1].count), 2);
	ck_assert_ptr_null(gate_take_client(g, set, 99));
	ck_assert_uint_eq(atomic_load(&set->each[1].count), 1);
	ck_assert_ptr_eq(gate_take_client(g, set, 99), &set->each[1]);
	ck_assert_uint_eq(atomic_load(&set->each[1].id), 99);
	ck_assert_uint_eq(atomic_load(&set->each[1].count) + atomic_load(&set->each[1].over), 0);
	ck_assert_uint_eq(atomic_load(&g->counts.uncounted), 2);
	ck_assert_uint_eq(atomic_load(&set->each[2].count), 3);
	/* One that is free is taken before. */
	set_client(&set->each[3], 0, 0);
	ck_assert_ptr_eq(gate_take_client(g, set, 98), &set->each[3]);
	ck_assert_uint_eq(atomic_load(&set->each[2].count), 3);
}
END_TEST

/* Each 16 queries halve the chance: so few of 1,024 newcomers take one from who has many. */
START_TEST(takes_less_often_from_the_heavy)
{
	struct gate_options o = gate_fixture_options(&f, 1000000, 0);
	struct gate_client_set *set;
	struct gate *g;
	uint32_t taken;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	set = &g->clients[0];
	for (size_t i = 0; i < GATE_WAYS; i++)
		set_client(&set->each[i], 10 + i, i == 0 ? 127 : 5000);
	for (int i = 0; i < 1024; i++)
		ck_assert_ptr_null(gate_take_client(g, set, 99));
	/* 2^-7 from 127 down to 112: 8 of 1,024, within what chance allows. */
	taken = 127 - atomic_load(&set->each[0].count);
	ck_assert_uint_ge(taken, 1);
	ck_assert_uint_le(taken, 30);
	/* There is a floor, or the first of a day kept all others out: 2^-8. */
	set_client(&set->each[0], 10, 4000);
	for (int i = 0; i < 102400; i++)
		ck_assert_ptr_null(gate_take_client(g, set, 99));
	taken = 4000 - atomic_load(&set->each[0].count);
	ck_assert_uint_ge(taken, 280);
	ck_assert_uint_le(taken, 520);
}
END_TEST

/* A million forged addresses, a thousand for each entry: who asks much stays, and is stopped. */
START_TEST(keeps_heavy_clients_in_a_spray)
{
	struct gate_options o = gate_fixture_options(&f, 2000, 0);
	unsigned over = 0;
	char name[32];

	gate_fixture_open(&f, &o);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "10.0.%u.1", i);
		for (unsigned k = 0; k < 1500; k++)
			ask(0, name, ANSWER_TCP);
	}
	gate_fixture_spray(&f, 1000000, ANSWER_TCP);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "10.0.%u.1", i);
		for (unsigned k = 0; k < 510; k++)
			ask(0, name, ANSWER_TCP);
		over += ask(0, name, ANSWER_TCP).is_over;
	}
	/* Sets of four entries may have more than four of them. */
	ck_assert_uint_ge(over, 48);
	gate_fixture_sum(&f);
	ck_assert_uint_ge(f.report.clients_over, 48);
	ck_assert_uint_eq(f.report.client_count, ACCESS_TOP);
	for (size_t i = 0; i < ACCESS_TOP; i++)
		ck_assert_msg(strncmp(f.report.client_top[i].name, "10.0.", 5) == 0, "%s",
			f.report.client_top[i].name);
}
END_TEST

/* ... and nobody is refused for what others asked. */
START_TEST(blames_no_one_for_a_spray)
{
	struct gate_options o = gate_fixture_options(&f, 20, 0);

	gate_fixture_open(&f, &o);
	gate_fixture_spray(&f, 200000, ANSWER_TCP);
	for (int i = 0; i < 20; i++)
		ck_assert(!ask(0, "10.0.0.1", ANSWER_TCP).is_over);
}
END_TEST

/* What has a key, or is let pass, is not the client's. */
static Suite *
suite(void)
{
	Suite *s = suite_create("gate_table");
	TCase *table = tcase_create("table");

	tcase_add_checked_fixture(table, set_up, tear_down);
	tcase_add_test(table, marks_one_client_of_one_day);
	tcase_add_test(table, takes_from_the_lightest);
	tcase_add_test(table, takes_less_often_from_the_heavy);
	tcase_add_test(table, keeps_heavy_clients_in_a_spray);
	tcase_add_test(table, blames_no_one_for_a_spray);
	suite_add_tcase(s, table);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
