/* Replies a second and network (RRL). */
#include "unit.h"

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

static unsigned
count_admitted(const char *from, unsigned count)
{
	unsigned admitted = 0;

	for (unsigned i = 0; i < count; i++)
		admitted += !ask(0, from, ANSWER_UDP).is_limited;
	return admitted;
}

START_TEST(bounds_a_network)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 10);
	ck_assert_uint_eq(count_admitted("192.0.2.2", 100), 0); /* the same network */
	ck_assert_uint_eq(count_admitted("192.0.3.1", 100), 10);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_limited);
	gate_turn(g, GATE_FIXTURE_NOW, 1000 + 500);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 5);
	gate_turn(g, GATE_FIXTURE_NOW, 1000 + 10000); /* no more than a second's worth is saved */
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 10);
}
END_TEST

/* A tenth of a second apart, for a minute: all of them. */
START_TEST(lets_a_steady_client_pass)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);

	gate_fixture_open(&f, &o);
	for (int i = 1; i < 600; i++) {
		gate_turn(gates_of(f.gates, 0), GATE_FIXTURE_NOW, 1000 + 100 * i);
		ck_assert_uint_eq(count_admitted("192.0.2.1", 1), 1);
	}
}
END_TEST

START_TEST(slips)
{
	static const struct {
		unsigned slip, least, most; /* of 1,000: six deviations */
	} kinds[] = {{0, 0, 0}, {1, 1000, 1000}, {2, 405, 595}, {10, 43, 157}};
	struct gate_options o = gate_fixture_options(&f, 0, 1);
	unsigned sent = 0;

	o.slip = kinds[_i].slip;
	gate_fixture_open(&f, &o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 1), 1);
	for (int i = 0; i < 1000; i++) {
		struct answer_context c = ask(0, "192.0.2.1", ANSWER_UDP);

		ck_assert(c.is_limited);
		sent += !c.is_dropped;
	}
	ck_assert_uint_ge(sent, kinds[_i].least);
	ck_assert_uint_le(sent, kinds[_i].most);
}
END_TEST

/* Who asks between a victim's queries does not choose which of them slip. */
START_TEST(slips_by_chance)
{
	struct gate_options o = gate_fixture_options(&f, 0, 1);
	unsigned sent = 0;

	gate_fixture_open(&f, &o);
	count_admitted("192.0.2.1", 1);
	count_admitted("198.51.100.1", 1);
	for (int i = 0; i < 1000; i++) {
		ask(0, "198.51.100.1", ANSWER_UDP);
		sent += !ask(0, "192.0.2.1", ANSWER_UDP).is_dropped;
	}
	ck_assert_uint_ge(sent, 405);
	ck_assert_uint_le(sent, 595);
}
END_TEST

/* Each has its part, and never less than one reply. */
START_TEST(divides_the_rate)
{
	struct gate_options o = gate_fixture_options(&f, 0, 2);

	o.workers = GATE_FIXTURE_WORKERS;
	gate_fixture_open(&f, &o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 1);
	gate_turn(gates_of(f.gates, 0), GATE_FIXTURE_NOW, 1000 + 1999);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 0);
	gate_turn(gates_of(f.gates, 0), GATE_FIXTURE_NOW, 1000 + 2000);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 1);
}
END_TEST

START_TEST(takes_nothing_of_proved_clients)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);
	struct answer_outcome proven = {.is_special = true, .is_proven = true};
	struct addr a = client("192.0.2.1");

	gate_fixture_open(&f, &o);
	for (int i = 0; i < 100; i++)
		ck_assert(!gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &proven).is_limited);
	ck_assert_uint_eq(count_admitted("192.0.2.2", 100), 10);
}
END_TEST

/* What is given back is what was taken: once, over UDP, and not of what was above the rate. */
START_TEST(gives_back_what_was_taken)
{
	static const struct answer_outcome given[] = {{.is_special = true, .is_proven = true},
		{.is_special = true, .passes = true}};
	struct gate_options o = gate_fixture_options(&f, 0, 10);
	struct addr a = client("192.0.2.1");

	gate_fixture_open(&f, &o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 6), 6);
	for (int i = 0; i < 20; i++)
		gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &given[_i]);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 4);
	for (int i = 0; i < 20; i++) {
		gate_fixture_settle(&f, 0, &a, ANSWER_TCP, &given[_i]);
		gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &given[_i]);
	}
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 0);
}
END_TEST

/* A newcomer in a full set takes the entry of the least busy, and goes on from there. */
START_TEST(takes_the_least_busy)
{
	struct gate_network_set set = {{{11, 9}, {12, 5}, {13, 7}, {14, 5}}};

	ck_assert_ptr_eq(gate_take_network(&set, 99), &set.each[1]);
	ck_assert_uint_eq(set.each[1].id, 99);
	ck_assert_int_eq(set.each[1].full_ns, 5);
	set.each[2].full_ns = 4;
	ck_assert_ptr_eq(gate_take_network(&set, 98), &set.each[2]);
}
END_TEST

/* A network of all addresses is one, too; those of the other family are not in it. */
START_TEST(bounds_all_together)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);

	o.network_ipv4 = o.network_ipv6 = 0;
	gate_fixture_open(&f, &o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 4), 4);
	ck_assert_uint_eq(count_admitted("0.0.0.0", 4), 4);
	ck_assert_uint_eq(count_admitted("10.0.0.1", 4), 2);
	ck_assert_uint_eq(count_admitted("2001:db9::", 6), 6);
	ck_assert_uint_eq(count_admitted("2001:db8::1", 6), 4);
}
END_TEST

/* A network that is flooded stays bounded while a million others are sprayed. */
START_TEST(bounds_a_network_in_a_spray)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);
	unsigned admitted = 0;

	gate_fixture_open(&f, &o);
	ck_assert_uint_eq(count_admitted("10.0.2.1", 100), 10);
	for (int i = 0; i < 100; i++) {
		gate_fixture_spray(&f, 2000, ANSWER_UDP);
		admitted += count_admitted("10.0.2.1", 10);
	}
	ck_assert_uint_le(admitted, 40);
}
END_TEST

/* ... and those that are sprayed are bounded together: 1,024 entries of 10 each. */
START_TEST(bounds_all_networks)
{
	struct gate_options o = gate_fixture_options(&f, 0, 10);
	unsigned admitted = 0;

	gate_fixture_open(&f, &o);
	for (uint32_t i = 0; i < 100000; i++) {
		struct answer_outcome plain = gate_fixture_plain();
		struct addr a = addr_from_ipv4(0x10000000 + (i << 8));

		admitted += !gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &plain).is_limited;
	}
	ck_assert_uint_le(admitted, 1024 * 11);
	ck_assert_uint_ge(admitted, 1024);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("gate_rate");
	TCase *rate = tcase_create("rate");

	tcase_add_checked_fixture(rate, set_up, tear_down);
	tcase_add_test(rate, bounds_a_network);
	tcase_add_test(rate, lets_a_steady_client_pass);
	tcase_add_loop_test(rate, slips, 0, 4);
	tcase_add_test(rate, slips_by_chance);
	tcase_add_test(rate, divides_the_rate);
	tcase_add_test(rate, takes_nothing_of_proved_clients);
	tcase_add_loop_test(rate, gives_back_what_was_taken, 0, 2);
	tcase_add_test(rate, takes_the_least_busy);
	tcase_add_test(rate, bounds_all_together);
	tcase_add_test(rate, bounds_a_network_in_a_spray);
	tcase_add_test(rate, bounds_all_networks);
	suite_add_tcase(s, rate);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
