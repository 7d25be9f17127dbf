#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "tcp_clients.h"

enum { CONNECTIONS = 50 };

static struct tcp_clients *clients;

static void
set_up(void)
{
	clients = tcp_clients_new(CONNECTIONS);
	ck_assert_ptr_nonnull(clients);
}

static void
tear_down(void)
{
	tcp_clients_free(clients);
}

static struct addr
address_of(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

static void
add(uint32_t i, const char *text)
{
	struct addr a = address_of(text);

	tcp_clients_add(clients, i, &a);
}

/* Bit i for connection i. */
static uint64_t
connections_of(const char *text)
{
	struct addr a = address_of(text);
	uint64_t set = 0;

	for (uint32_t i = tcp_clients_first(clients, &a); i != TCP_CLIENTS_END;
		i = tcp_clients_next(clients, i)) {
		ck_assert_uint_lt(i, CONNECTIONS);
		ck_assert_uint_eq(set >> i & 1, 0);
		set |= (uint64_t)1 << i;
	}
	return set;
}

START_TEST(finds_all_of_a_client)
{
	ck_assert_uint_eq(connections_of("192.0.2.1"), 0);
	add(0, "192.0.2.1");
	add(7, "192.0.2.2");
	add(49, "192.0.2.1");
	ck_assert_uint_eq(connections_of("192.0.2.1"), 1 | (uint64_t)1 << 49);
	ck_assert_uint_eq(connections_of("192.0.2.2"), 1 << 7);
	ck_assert_uint_eq(connections_of("192.0.2.3"), 0);
}
END_TEST

START_TEST(gives_the_last_added_first)
{
	struct addr a = address_of("192.0.2.1");

	add(3, "192.0.2.1");
	add(1, "192.0.2.1");
	add(2, "192.0.2.1");
	ck_assert_uint_eq(tcp_clients_first(clients, &a), 2);
	ck_assert_uint_eq(tcp_clients_next(clients, 2), 1);
	ck_assert_uint_eq(tcp_clients_next(clients, 1), 3);
	ck_assert_uint_eq(tcp_clients_next(clients, 3), TCP_CLIENTS_END);
}
END_TEST

START_TEST(takes_a_subnet_of_64_bits_for_one_client)
{
	add(1, "2001:db8:0:1::1");
	add(2, "2001:db8:0:1:ffff:ffff:ffff:ffff");
	add(3, "2001:db8:0:2::1");
	add(4, "2001:db8:1:1::1");
	ck_assert_uint_eq(connections_of("2001:db8:0:1:2:3:4:5"), 1 << 1 | 1 << 2);
	ck_assert_uint_eq(connections_of("2001:db8:0:2::"), 1 << 3);
	ck_assert_uint_eq(connections_of("2001:db8:1:1::"), 1 << 4);
}
END_TEST

/* The bytes are the same, the family is not. */
START_TEST(keeps_the_families_apart)
{
	add(1, "32.1.13.184");
	add(2, "2001:db8::");
	ck_assert_uint_eq(connections_of("32.1.13.184"), 1 << 1);
	ck_assert_uint_eq(connections_of("2001:db8::1"), 1 << 2);
}
END_TEST

START_TEST(forgets_what_is_removed)
{
	for (uint32_t i = 0; i < 5; i++)
		add(i, "192.0.2.1");
	tcp_clients_remove(clients, 4);
	tcp_clients_remove(clients, 2);
	tcp_clients_remove(clients, 0);
	ck_assert_uint_eq(connections_of("192.0.2.1"), 1 << 1 | 1 << 3);
	add(2, "192.0.2.9");
	ck_assert_uint_eq(connections_of("192.0.2.1"), 1 << 1 | 1 << 3);
	tcp_clients_remove(clients, 1);
	tcp_clients_remove(clients, 3);
	ck_assert_uint_eq(connections_of("192.0.2.1"), 0);
	ck_assert_uint_eq(connections_of("192.0.2.9"), 1 << 2);
}
END_TEST

/* Against a plain table, with more clients than places in the hash. */
START_TEST(is_right_after_many_changes)
{
	char texts[CONNECTIONS][20] = {{0}};
	uint32_t random = 1;

	for (int round = 0; round < 5000; round++) {
		uint32_t i;
		uint64_t wanted = 0;

		random = random * 1664525 + 1013904223;
		i = (random >> 24) % CONNECTIONS;
		if (texts[i][0] != '\0')
			tcp_clients_remove(clients, i);
		snprintf(texts[i], sizeof(texts[i]), "10.0.%u.%u", random >> 8 & 3,
			random >> 12 & 7);
		add(i, texts[i]);
		for (uint32_t k = 0; k < CONNECTIONS; k++)
			if (strcmp(texts[k], texts[i]) == 0)
				wanted |= (uint64_t)1 << k;
		ck_assert_uint_eq(connections_of(texts[i]), wanted);
	}
}
END_TEST

START_TEST(has_room_for_one)
{
	struct tcp_clients *one = tcp_clients_new(1);
	struct addr a = address_of("192.0.2.1");

	for (int i = 0; i < 3; i++) {
		tcp_clients_add(one, 0, &a);
		ck_assert_uint_eq(tcp_clients_first(one, &a), 0);
		ck_assert_uint_eq(tcp_clients_next(one, 0), TCP_CLIENTS_END);
		tcp_clients_remove(one, 0);
		ck_assert_uint_eq(tcp_clients_first(one, &a), TCP_CLIENTS_END);
	}
	tcp_clients_free(one);
	tcp_clients_free(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tcp_clients");
	TCase *c = tcase_create("clients");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, finds_all_of_a_client);
	tcase_add_test(c, gives_the_last_added_first);
	tcase_add_test(c, takes_a_subnet_of_64_bits_for_one_client);
	tcase_add_test(c, keeps_the_families_apart);
	tcase_add_test(c, forgets_what_is_removed);
	tcase_add_test(c, is_right_after_many_changes);
	tcase_add_test(c, has_room_for_one);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
