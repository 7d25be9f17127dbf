#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/log.h>

#include "gate_inside.h"

enum { DAY = 20000, NOW = DAY * 86400 + 3600, WORKERS_MAX = 4 };

static struct gates *gates;
static struct access_shared *shared;
static struct access_report report;

static struct gate_options
options_with(uint64_t quota, uint64_t rate)
{
	return (struct gate_options){
		.workers = 1,
		.quota = quota,
		.warn_at = 80,
		.client_ipv4 = 32,
		.client_ipv6 = 64,
		.clients = 1024,
		.rate = rate,
		.slip = 2,
		.network_ipv4 = 24,
		.network_ipv6 = 56,
		.shared = shared,
	};
}

static void
open_gates(const struct gate_options *o)
{
	struct error e = {.text = ""};

	ck_assert_msg(gates_new(o, &gates, &e) == OK, "%s", e.text);
	for (size_t i = 0; gates != NULL && i < o->workers; i++)
		gate_turn(gates_of(gates, i), NOW, 1000);
}

static void
set_up(void)
{
	shared = access_shared_new();
	ck_assert_ptr_nonnull(shared);
	/* Lines are counted where they are looked for. */
	log_open("check_gate", LOG_LEVEL_ERROR);
}

static void
tear_down(void)
{
	gates_free(gates);
	gates = NULL;
	access_shared_free(shared);
}

static struct addr
client(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text_of(text), &a), OK);
	return a;
}

/* What a worker does with a packet. */
static struct answer_context
ask_settle(size_t worker, const struct addr *from, enum answer_transport transport,
	const struct answer_outcome *outcome)
{
	struct answer_context c = {.transport = transport, .client = *from};
	struct gate *g = gates_of(gates, worker);
	struct gate_ticket t;

	gate_prepare(g, from, &t);
	gate_admit(g, &t, &c);
	gate_settle(g, &t, NULL, outcome);
	return c;
}

static struct answer_context
ask(size_t worker, const char *from, enum answer_transport transport)
{
	static const struct answer_outcome plain = {.zone = NULL};
	struct addr a = client(from);

	return ask_settle(worker, &a, transport, &plain);
}

static void
sum(void)
{
	gates_sum(gates, NULL, NOW);
	ck_assert(access_shared_read(shared, &report));
}

/* --- what is configured ---------------------------------------------------- */

START_TEST(is_nothing_without_options)
{
	struct gate_options o = options_with(0, 0);

	open_gates(&o);
	ck_assert_ptr_null(gates);
	ck_assert_ptr_null(gates_of(NULL, 0));
	gates_sum(NULL, NULL, NOW);
}
END_TEST

START_TEST(lets_all_pass_with_keys_alone)
{
	struct gate_options o = options_with(0, 0);

	o.has_keys = true;
	open_gates(&o);
	for (int i = 0; i < 1000; i++) {
		struct answer_context c = ask(0, "192.0.2.1", ANSWER_UDP);

		ck_assert(!c.is_limited && !c.is_over && !c.is_dropped && !c.is_exempt);
	}
	sum();
	ck_assert_uint_eq(report.client_count, 0);
}
END_TEST

/* --- quota ------------------------------------------------------------------ */

START_TEST(bounds_a_client)
{
	struct gate_options o = options_with(10, 0);

	open_gates(&o);
	for (int i = 0; i < 10; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "192.0.2.2", ANSWER_UDP).is_over);
	sum();
	ck_assert_uint_eq(report.clients_over, 1);
	ck_assert_uint_eq(report.clients, 2);
	ck_assert_uint_eq(report.client_count, 2);
	ck_assert_str_eq(report.client_top[0].name, "192.0.2.1");
	ck_assert_uint_eq(report.client_top[0].today, 12);
	ck_assert(report.client_top[0].is_over && !report.client_top[1].is_over);
}
END_TEST

START_TEST(counts_prefixes)
{
	struct gate_options o = options_with(3, 0);

	o.client_ipv4 = 24;
	open_gates(&o);
	for (int i = 0; i < 3; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(ask(0, "192.0.2.200", ANSWER_UDP).is_over);
	ck_assert(!ask(0, "192.0.3.1", ANSWER_UDP).is_over);
	for (int i = 0; i < 3; i++)
		ck_assert(!ask(0, "2001:db8:0:1::1", ANSWER_UDP).is_over);
	ck_assert(ask(0, "2001:db8:0:1:ffff::2", ANSWER_UDP).is_over);
	ck_assert(!ask(0, "2001:db8:0:2::1", ANSWER_UDP).is_over);
	ck_assert(!ask(0, "::1", ANSWER_UDP).is_over);
	ask(0, "192.0.2.3", ANSWER_UDP);
	sum();
	ck_assert_str_eq(report.client_top[0].name, "192.0.2.0/24");
}
END_TEST

/* What it asked at all workers counts, from the next sum on. */
START_TEST(adds_workers_up)
{
	struct gate_options o = options_with(100, 0);

	o.workers = WORKERS_MAX;
	open_gates(&o);
	for (size_t i = 0; i < 99; i++)
		ask(i % WORKERS_MAX, "192.0.2.1", ANSWER_UDP);
	sum();
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	sum();
	ck_assert_uint_eq(report.clients_over, 1);
	ck_assert_uint_eq(report.client_top[0].today, 100);
	for (size_t w = 0; w < WORKERS_MAX; w++)
		ck_assert(ask(w, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(!ask(1, "192.0.2.2", ANSWER_UDP).is_over);
}
END_TEST

/* Over is over at a worker that has never heard of the client before. */
START_TEST(keeps_who_is_over)
{
	struct gate_options o = options_with(100, 0);

	o.workers = 2;
	open_gates(&o);
	for (size_t i = 0; i < 100; i++)
		ask(0, "192.0.2.1", ANSWER_UDP);
	sum();
	ck_assert(!ask(1, "192.0.2.1", ANSWER_UDP).is_over);
	sum();
	ck_assert(ask(1, "192.0.2.1", ANSWER_UDP).is_over);
}
END_TEST

START_TEST(begins_anew_each_day)
{
	struct gate_options o = options_with(5, 0);
	struct gate *g;

	open_gates(&o);
	g = gates_of(gates, 0);
	for (int i = 0; i < 6; i++)
		ask(0, "192.0.2.1", ANSWER_UDP);
	sum();
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	/* The main thread sees the day first: what the worker has is of yesterday. */
	gates_sum(gates, NULL, NOW + 86400);
	ck_assert(access_shared_read(shared, &report));
	ck_assert_int_eq(report.day, DAY + 1);
	ck_assert_uint_eq(report.clients_over, 0);
	ck_assert_uint_eq(report.client_count, 0);
	gate_turn(g, NOW + 86400, 2000);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	gates_sum(gates, NULL, NOW + 86400);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
}
END_TEST

/* A late mark is no mark of another client, nor of the next day. */
START_TEST(marks_one_client_of_one_day)
{
	struct gate_options o = options_with(1000, 0);
	struct addr a = client("192.0.2.1");
	struct gate_ticket t;
	struct gate *g;

	open_gates(&o);
	g = gates_of(gates, 0);
	gate_prepare(g, &a, &t);
	ask(0, "192.0.2.1", ANSWER_UDP);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over, gate_tag(g, t.client + 256, DAY));
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over, gate_tag(g, t.client, DAY - 1));
	ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	for (size_t i = 0; i < GATE_WAYS; i++)
		atomic_store(&t.client_set->each[i].over, gate_tag(g, t.client, DAY));
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
}
END_TEST

static void
spray(size_t count, enum answer_transport transport)
{
	static const struct answer_outcome plain = {.zone = NULL};
	static uint64_t state = 88172645463325252u;
	struct addr a;

	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		a = addr_from_ipv4((uint32_t)state | 0x80000000);
		ask_settle(0, &a, transport, &plain);
	}
}

/* A million forged addresses, a thousand for each entry: who asks much stays, and is stopped. */
START_TEST(keeps_heavy_clients_in_a_spray)
{
	struct gate_options o = options_with(2000, 0);
	unsigned over = 0;
	char name[32];

	open_gates(&o);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "10.0.%u.1", i);
		for (unsigned k = 0; k < 1500; k++)
			ask(0, name, ANSWER_TCP);
	}
	spray(1000000, ANSWER_TCP);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "10.0.%u.1", i);
		for (unsigned k = 0; k < 510; k++)
			ask(0, name, ANSWER_TCP);
		over += ask(0, name, ANSWER_TCP).is_over;
	}
	/* Sets of four entries may have more than four of them. */
	ck_assert_uint_ge(over, 48);
	sum();
	ck_assert_uint_ge(report.clients_over, 48);
	ck_assert_uint_eq(report.client_count, ACCESS_TOP);
	for (size_t i = 0; i < ACCESS_TOP; i++)
		ck_assert_msg(strncmp(report.client_top[i].name, "10.0.", 5) == 0, "%s",
			report.client_top[i].name);
}
END_TEST

/* ... and nobody is refused for what others asked. */
START_TEST(blames_no_one_for_a_spray)
{
	struct gate_options o = options_with(20, 0);

	open_gates(&o);
	spray(200000, ANSWER_TCP);
	for (int i = 0; i < 20; i++)
		ck_assert(!ask(0, "10.0.0.1", ANSWER_TCP).is_over);
}
END_TEST

/* What has a key, or is let pass, is not the client's. */
START_TEST(forgives)
{
	struct gate_options o = options_with(5, 0);
	struct answer_outcome keyed = {.is_special = true, .key = 1};
	struct answer_outcome passed = {.is_special = true, .passes = true};
	struct addr a;

	open_gates(&o);
	a = client("192.0.2.1");
	for (int i = 0; i < 50; i++) {
		ck_assert(!ask_settle(0, &a, ANSWER_UDP, &keyed).is_over);
		ck_assert(!ask_settle(0, &a, ANSWER_UDP, &passed).is_over);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
}
END_TEST

START_TEST(exempts)
{
	struct gate_options o = options_with(2, 2);
	struct prefix exempt[2];

	ck_assert_int_eq(prefix_parse(TEXT("10.0.0.0/9"), &exempt[0]), OK);
	ck_assert_int_eq(prefix_parse(TEXT("2001:db8::/65"), &exempt[1]), OK);
	o.exempt = exempt;
	o.exempt_count = 2;
	open_gates(&o);
	memset(exempt, 0, sizeof(exempt)); /* it has a copy */
	for (int i = 0; i < 20; i++) {
		struct answer_context c = ask(0, "10.127.255.255", ANSWER_UDP);

		ck_assert(c.is_exempt && !c.is_over && !c.is_limited);
		ck_assert(ask(0, "2001:db8::1", ANSWER_UDP).is_exempt);
		ck_assert(!ask(0, "2001:db8::8000:0:0:1", ANSWER_UDP).is_exempt);
		ck_assert(!ask(0, "10.128.0.0", ANSWER_UDP).is_exempt);
	}
	ck_assert(ask(0, "10.128.0.0", ANSWER_UDP).is_over);
}
END_TEST

START_TEST(counts_no_client_without_address)
{
	struct gate_options o = options_with(1, 1);
	struct answer_outcome plain = {.zone = NULL};
	struct addr nobody = {.family = 0};

	open_gates(&o);
	for (int i = 0; i < 10; i++) {
		struct answer_context c = ask_settle(0, &nobody, ANSWER_UDP, &plain);

		ck_assert(!c.is_over && !c.is_limited);
	}
}
END_TEST

/* --- rate -------------------------------------------------------------------- */

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
	struct gate_options o = options_with(0, 10);
	struct gate *g;

	open_gates(&o);
	g = gates_of(gates, 0);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 10);
	ck_assert_uint_eq(count_admitted("192.0.2.2", 100), 0); /* the same network */
	ck_assert_uint_eq(count_admitted("192.0.3.1", 100), 10);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_limited);
	gate_turn(g, NOW, 1000 + 500);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 5);
	gate_turn(g, NOW, 1000 + 10000); /* no more than a second's worth is saved */
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 10);
}
END_TEST

/* A tenth of a second apart, for a minute: all of them. */
START_TEST(lets_a_steady_client_pass)
{
	struct gate_options o = options_with(0, 10);

	open_gates(&o);
	for (int i = 1; i < 600; i++) {
		gate_turn(gates_of(gates, 0), NOW, 1000 + 100 * i);
		ck_assert_uint_eq(count_admitted("192.0.2.1", 1), 1);
	}
}
END_TEST

START_TEST(slips)
{
	static const struct {
		unsigned slip, sent; /* of 100 */
	} kinds[] = {{0, 0}, {1, 100}, {2, 50}, {10, 10}};
	struct gate_options o = options_with(0, 1);
	unsigned sent = 0;

	o.slip = kinds[_i].slip;
	open_gates(&o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 1), 1);
	for (int i = 0; i < 100; i++) {
		struct answer_context c = ask(0, "192.0.2.1", ANSWER_UDP);

		ck_assert(c.is_limited);
		sent += !c.is_dropped;
	}
	ck_assert_uint_eq(sent, kinds[_i].sent);
}
END_TEST

/* Each has its part, and never less than one reply. */
START_TEST(divides_the_rate)
{
	struct gate_options o = options_with(0, 2);

	o.workers = WORKERS_MAX;
	open_gates(&o);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 1);
	gate_turn(gates_of(gates, 0), NOW, 1000 + 1999);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 0);
	gate_turn(gates_of(gates, 0), NOW, 1000 + 2000);
	ck_assert_uint_eq(count_admitted("192.0.2.1", 100), 1);
}
END_TEST

START_TEST(takes_nothing_of_proved_clients)
{
	struct gate_options o = options_with(0, 10);
	struct answer_outcome proven = {.is_special = true, .is_proven = true};
	struct addr a = client("192.0.2.1");

	open_gates(&o);
	for (int i = 0; i < 100; i++)
		ck_assert(!ask_settle(0, &a, ANSWER_UDP, &proven).is_limited);
	ck_assert_uint_eq(count_admitted("192.0.2.2", 100), 10);
}
END_TEST

/* A network that is flooded stays bounded while a million others are sprayed. */
START_TEST(bounds_a_network_in_a_spray)
{
	struct gate_options o = options_with(0, 10);
	unsigned admitted = 0;

	open_gates(&o);
	ck_assert_uint_eq(count_admitted("10.0.2.1", 100), 10);
	for (int i = 0; i < 100; i++) {
		spray(2000, ANSWER_UDP);
		admitted += count_admitted("10.0.2.1", 10);
	}
	ck_assert_uint_le(admitted, 40);
}
END_TEST

/* ... and those that are sprayed are bounded together: 1,024 entries of 10 each. */
START_TEST(bounds_all_networks)
{
	struct gate_options o = options_with(0, 10);
	unsigned admitted = 0;

	open_gates(&o);
	for (uint32_t i = 0; i < 100000; i++) {
		struct answer_outcome plain = {.zone = NULL};
		struct addr a = addr_from_ipv4(0x10000000 + (i << 8));

		admitted += !ask_settle(0, &a, ANSWER_UDP, &plain).is_limited;
	}
	ck_assert_uint_le(admitted, 1024 * 11);
	ck_assert_uint_ge(admitted, 1024);
}
END_TEST

/* --- the report ---------------------------------------------------------------- */

START_TEST(counts_what_was_refused)
{
	static const struct answer_outcome outcomes[] = {
		{.is_special = true, .is_limited = true},
		{.is_special = true, .is_limited = true, .is_dropped = true},
		{.is_special = true, .is_over = true},
		{.is_special = true, .is_keyless = true},
	};
	struct gate_options o = options_with(10, 10);
	struct addr a = client("192.0.2.1");

	o.workers = 2;
	open_gates(&o);
	for (size_t i = 0; i < ORBL_COUNT(outcomes); i++) {
		ask_settle(0, &a, ANSWER_UDP, &outcomes[i]);
		ask_settle(1, &a, ANSWER_UDP, &outcomes[i]);
	}
	sum();
	ck_assert_uint_eq(report.limited, 2);
	ck_assert_uint_eq(report.dropped, 2);
	ck_assert_uint_eq(report.refused_over, 2);
	ck_assert_uint_eq(report.refused_key, 2);
	ck_assert(!access_shared_read(NULL, &report));
}
END_TEST

START_TEST(reports_keys_by_owner)
{
	static const char line[] =
		"1111111111111111111111111111111111111111111111111111111111111111 alice 2 ACTIVE "
		"2026-01-01\n";
	struct gate_options o = options_with(0, 0);
	struct answer_outcome keyed = {.is_special = true, .key = 1};
	struct gate_ticket t = {.client = 0, .has_taken = false};
	struct key_table *keys;
	int fd;

	o.has_keys = true;
	ck_assert_int_eq(key_table_compile(TEXT(line), "keys", &fd, NULL), OK);
	ck_assert_int_eq(key_table_open_fd(fd, 1, 0, &keys, NULL), OK);
	close(fd);
	open_gates(&o);
	gates_sum(gates, keys, NOW);
	for (int i = 0; i < 3; i++)
		gate_settle(gates_of(gates, 0), &t, keys, &keyed);
	gates_sum(gates, keys, NOW);
	ck_assert(access_shared_read(shared, &report));
	ck_assert_uint_eq(report.keys, 1);
	ck_assert_uint_eq(report.keys_over, 1);
	ck_assert_uint_eq(report.key_count, 1);
	ck_assert_str_eq(report.key_top[0].name, "alice");
	ck_assert_uint_eq(report.key_top[0].today, 3);
	ck_assert_uint_eq(report.key_top[0].quota, 2);
	key_table_release(keys);
}
END_TEST

/* Lines in the log: one at 80 percent, one when it is over, and no more of them that day. */
START_TEST(logs_once)
{
	struct gate_options o = options_with(10, 0);
	int pipes[2], before = dup(STDERR_FILENO);
	char text[4096];
	ssize_t len;

	log_open("check_gate", LOG_LEVEL_WARNING);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	open_gates(&o);
	for (int i = 0; i < 30; i++) {
		ask(0, "192.0.2.1", ANSWER_UDP);
		gates_sum(gates, NULL, NOW);
	}
	dup2(before, STDERR_FILENO);
	close(pipes[1]);
	len = read(pipes[0], text, sizeof(text) - 1);
	ck_assert_int_gt(len, 0);
	text[len] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1 has used 80 % of its quota of 10"));
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1 has used up its quota of 10"));
	len = 0;
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		len++;
	ck_assert_int_eq(len, 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("gate");
	TCase *quota = tcase_create("quota"), *rate = tcase_create("rate");
	TCase *told = tcase_create("report");

	tcase_add_checked_fixture(quota, set_up, tear_down);
	tcase_add_test(quota, is_nothing_without_options);
	tcase_add_test(quota, lets_all_pass_with_keys_alone);
	tcase_add_test(quota, bounds_a_client);
	tcase_add_test(quota, counts_prefixes);
	tcase_add_test(quota, adds_workers_up);
	tcase_add_test(quota, keeps_who_is_over);
	tcase_add_test(quota, begins_anew_each_day);
	tcase_add_test(quota, marks_one_client_of_one_day);
	tcase_add_test(quota, keeps_heavy_clients_in_a_spray);
	tcase_add_test(quota, blames_no_one_for_a_spray);
	tcase_add_test(quota, forgives);
	tcase_add_test(quota, exempts);
	tcase_add_test(quota, counts_no_client_without_address);
	suite_add_tcase(s, quota);
	tcase_add_checked_fixture(rate, set_up, tear_down);
	tcase_add_test(rate, bounds_a_network);
	tcase_add_test(rate, lets_a_steady_client_pass);
	tcase_add_loop_test(rate, slips, 0, 4);
	tcase_add_test(rate, divides_the_rate);
	tcase_add_test(rate, takes_nothing_of_proved_clients);
	tcase_add_test(rate, bounds_a_network_in_a_spray);
	tcase_add_test(rate, bounds_all_networks);
	suite_add_tcase(s, rate);
	tcase_add_checked_fixture(told, set_up, tear_down);
	tcase_add_test(told, counts_what_was_refused);
	tcase_add_test(told, reports_keys_by_owner);
	tcase_add_test(told, logs_once);
	suite_add_tcase(s, told);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
