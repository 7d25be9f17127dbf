/* Quotas, and what is told of them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/log.h>

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

/* --- what is configured ---------------------------------------------------- */

START_TEST(is_nothing_without_options)
{
	struct gate_options o = gate_fixture_options(&f, 0, 0);

	gate_fixture_open(&f, &o);
	ck_assert_ptr_null(f.gates);
	ck_assert_ptr_null(gates_of(NULL, 0));
	gates_sum(NULL, NULL, GATE_FIXTURE_NOW);
}
END_TEST

START_TEST(lets_all_pass_with_keys_alone)
{
	struct gate_options o = gate_fixture_options(&f, 0, 0);

	o.has_keys = true;
	gate_fixture_open(&f, &o);
	for (int i = 0; i < 1000; i++) {
		struct answer_context c = ask(0, "192.0.2.1", ANSWER_TCP);

		ck_assert(!c.is_limited && !c.is_over && !c.is_dropped && !c.is_exempt);
	}
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.client_count, 0);
}
END_TEST

/* --- quota ------------------------------------------------------------------ */

START_TEST(bounds_a_client)
{
	struct gate_options o = gate_fixture_options(&f, 10, 0);

	gate_fixture_open(&f, &o);
	for (int i = 0; i < 10; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "192.0.2.2", ANSWER_TCP).is_over);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.clients_over, 1);
	ck_assert_uint_eq(f.report.clients, 2);
	ck_assert_uint_eq(f.report.client_count, 2);
	ck_assert_str_eq(f.report.client_top[0].name, "192.0.2.1 (proved)");
	ck_assert_uint_eq(f.report.client_top[0].today, 12);
	ck_assert(f.report.client_top[0].is_over && !f.report.client_top[1].is_over);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.clients_over, 1);
}
END_TEST

/* What others can forge stops nobody: over TCP the client goes on. What it has proved itself, over
 * TCP or by a cookie, stops it everywhere. */
START_TEST(counts_what_is_proved_apart)
{
	struct gate_options o = gate_fixture_options(&f, 10, 0);
	struct answer_outcome proven = gate_fixture_plain();
	struct addr a = client("192.0.2.1");
	struct answer_context c;

	proven.is_special = proven.is_proven = true;
	gate_fixture_open(&f, &o);
	for (int i = 0; i < 10; i++) {
		c = ask(0, "192.0.2.1", ANSWER_UDP);
		ck_assert(!c.is_doubted && !c.is_over);
	}
	for (int i = 0; i < 1000; i++) {
		c = ask(0, "192.0.2.1", ANSWER_UDP);
		ck_assert(c.is_doubted && !c.is_over);
	}
	gate_fixture_sum(&f);
	for (int i = 0; i < 10; i++) {
		c = gate_fixture_settle(&f, 0, &a, i % 2 == 0 ? ANSWER_TCP : ANSWER_UDP, &proven);
		ck_assert(!c.is_over);
	}
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	ck_assert(!ask(0, "192.0.2.2", ANSWER_UDP).is_over);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.clients_over, 2);
	ck_assert_uint_eq(f.report.client_count, 3);
	ck_assert_str_eq(f.report.client_top[0].name, "192.0.2.1");
	ck_assert_uint_eq(f.report.client_top[0].today, 1011);
	ck_assert_str_eq(f.report.client_top[1].name, "192.0.2.1 (proved)");
	ck_assert_uint_eq(f.report.client_top[1].today, 11);
}
END_TEST

/* Ids have the address whole, of whatever family. */
START_TEST(names_clients)
{
	static const char *const names[] = {"192.0.2.1", "0.0.0.0", "255.255.255.255",
		"2001:db8:0:1::/64", "3fff::/64", "fd00:1:2:3::/64", "fe80::/64", "::/64",
		"64:ff9b::/64"};
	struct gate_options o = gate_fixture_options(&f, 10, 0);
	char text[64];
	char *slash;

	gate_fixture_open(&f, &o);
	snprintf(text, sizeof(text), "%s", names[_i]);
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	ask(0, text, ANSWER_UDP);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.client_count, 1);
	ck_assert_str_eq(f.report.client_top[0].name, names[_i]);
}
END_TEST

START_TEST(counts_prefixes)
{
	struct gate_options o = gate_fixture_options(&f, 3, 0);

	o.client_ipv4 = 24;
	gate_fixture_open(&f, &o);
	for (int i = 0; i < 3; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "192.0.2.200", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "192.0.3.1", ANSWER_TCP).is_over);
	for (int i = 0; i < 3; i++)
		ck_assert(!ask(0, "2001:db8:0:1::1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "2001:db8:0:1:ffff::2", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "2001:db8:0:2::1", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "::1", ANSWER_TCP).is_over);
	ask(0, "192.0.2.3", ANSWER_TCP);
	gate_fixture_sum(&f);
	ck_assert_str_eq(f.report.client_top[0].name, "192.0.2.0/24 (proved)");
}
END_TEST

/* An id that is all zeros is no free entry. */
START_TEST(counts_all_together)
{
	struct gate_options o = gate_fixture_options(&f, 3, 0);

	o.client_ipv4 = 0;
	gate_fixture_open(&f, &o);
	for (int i = 0; i < 3; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "10.0.0.1", ANSWER_TCP).is_over);
	ck_assert(!ask(0, "::", ANSWER_TCP).is_over);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.client_count, 2);
	ck_assert_str_eq(f.report.client_top[0].name, "0.0.0.0/0 (proved)");
	ck_assert_str_eq(f.report.client_top[1].name, "::/64 (proved)");
}
END_TEST

/* Five of one set are near their quota, and notes are kept of four: of the heaviest. */
START_TEST(notes_the_heaviest)
{
	struct gate_options o = gate_fixture_options(&f, 10, 0);
	size_t found = 0;

	o.workers = 2;
	o.clients = 8; /* two sets */
	gate_fixture_open(&f, &o);
	for (uint32_t i = 0; found < GATE_WAYS + 1; i++) {
		const struct answer_outcome plain = gate_fixture_plain();
		struct addr a = addr_from_ipv4(0x0a000000 + i);
		struct gate *g = gates_of(f.gates, 0);
		bool is_last = found == GATE_WAYS;

		if (gate_prepare(g, &a).client_set != &g->clients[0])
			continue;
		for (int k = 0; k < (is_last ? 8 : 10); k++)
			gate_fixture_settle(&f, is_last, &a, ANSWER_TCP, &plain);
		found++;
	}
	for (int i = 0; i < 2; i++) {
		gate_fixture_sum(&f);
		ck_assert_uint_eq(f.report.clients_over, GATE_WAYS);
		ck_assert_uint_eq(f.report.client_count, GATE_WAYS + 1);
	}
}
END_TEST

/* What it asked at all workers counts, from the next sum on. */
START_TEST(adds_workers_up)
{
	struct gate_options o = gate_fixture_options(&f, 100, 0);

	o.workers = GATE_FIXTURE_WORKERS;
	gate_fixture_open(&f, &o);
	for (size_t i = 0; i < 99; i++)
		ask(i % GATE_FIXTURE_WORKERS, "192.0.2.1", ANSWER_TCP);
	gate_fixture_sum(&f);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.clients_over, 1);
	ck_assert_uint_eq(f.report.client_count, 1);
	ck_assert_uint_eq(f.report.client_top[0].today, 100);
	for (size_t w = 0; w < GATE_FIXTURE_WORKERS; w++)
		ck_assert(ask(w, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(!ask(1, "192.0.2.2", ANSWER_TCP).is_over);
}
END_TEST

/* Over is over at a worker that has never heard of the client before. */
START_TEST(keeps_who_is_over)
{
	struct gate_options o = gate_fixture_options(&f, 100, 0);

	o.workers = 2;
	gate_fixture_open(&f, &o);
	for (size_t i = 0; i < 100; i++)
		ask(0, "192.0.2.1", ANSWER_TCP);
	gate_fixture_sum(&f);
	ck_assert(ask(1, "192.0.2.1", ANSWER_TCP).is_over);
}
END_TEST

/* ... and over UDP, whichever of its entries a worker has. */
START_TEST(refuses_everywhere)
{
	struct gate_options o = gate_fixture_options(&f, 100, 0);

	o.workers = GATE_FIXTURE_WORKERS;
	gate_fixture_open(&f, &o);
	ask(1, "192.0.2.1", ANSWER_UDP);
	for (size_t i = 0; i < 100; i++)
		ask(0, "192.0.2.1", ANSWER_TCP);
	for (size_t i = 0; i < 100; i++)
		ask(0, "192.0.2.1", ANSWER_UDP);
	for (int i = 0; i < 3; i++) {
		gate_fixture_sum(&f);
		ck_assert(ask(1, "192.0.2.1", ANSWER_UDP).is_over);
		ck_assert(ask(2, "192.0.2.1", ANSWER_UDP).is_over);
	}
	ck_assert(ask(3, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(3, "192.0.2.1", ANSWER_UDP).is_over);
}
END_TEST

/* An hour of a flood takes its entries, and the places in its set; it stays over until the day
 * ends. */
START_TEST(keeps_who_is_over_without_entry)
{
	struct gate_options o = gate_fixture_options(&f, 100, 0);
	struct gate_client_set *set;
	struct addr a = client("192.0.2.1");
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	for (size_t i = 0; i < 100; i++)
		ask(0, "192.0.2.1", ANSWER_TCP);
	gate_fixture_sum(&f);
	set = gate_prepare(g, &a).client_set;
	for (size_t i = 0; i < GATE_WAYS; i++) {
		atomic_store(&set->each[i].id, 10 + i);
		atomic_store(&set->each[i].count, 90);
		atomic_store(&set->each[i].over, 0);
	}
	for (int s = 0; s < 3600; s += 60) {
		gate_turn(g, GATE_FIXTURE_NOW + s, 1000 * s);
		gates_sum(f.gates, NULL, GATE_FIXTURE_NOW + s);
		ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
		ck_assert(ask(0, "192.0.2.1", ANSWER_UDP).is_over);
	}
	gate_turn(g, GATE_FIXTURE_NOW + 86400, 86400000);
	gates_sum(f.gates, NULL, GATE_FIXTURE_NOW + 86400);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
}
END_TEST

/* Thousands of forged addresses at each of a full table's places, from the day's first second: one
 * that comes at noon is counted all the same. */
START_TEST(counts_newcomers_after_a_spray)
{
	struct gate_options o = gate_fixture_options(&f, 500, 0);
	struct addr a = client("10.0.0.1");
	struct gate_client_set *set;
	bool is_over = false;
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	set = gate_prepare(g, &a).client_set;
	for (size_t i = 0; i < GATE_WAYS; i++) {
		atomic_store(&set->each[i].id, 10 + i);
		atomic_store(&set->each[i].count, 400);
	}
	for (int s = 0; s < 3600 && !is_over; s++) {
		gate_turn(g, GATE_FIXTURE_NOW + s, 1000 * s);
		for (int i = 0; i < 100 && !is_over; i++)
			is_over = ask(0, "10.0.0.1", ANSWER_TCP).is_over;
		gates_sum(f.gates, NULL, GATE_FIXTURE_NOW + s);
	}
	ck_assert(is_over);
}
END_TEST

START_TEST(begins_anew_each_day)
{
	struct gate_options o = gate_fixture_options(&f, 5, 0);
	struct gate *g;

	gate_fixture_open(&f, &o);
	g = gates_of(f.gates, 0);
	for (int i = 0; i < 6; i++)
		ask(0, "192.0.2.1", ANSWER_TCP);
	gate_fixture_sum(&f);
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	/* The main thread sees the day first: what the worker has is of yesterday. */
	gates_sum(f.gates, NULL, GATE_FIXTURE_NOW + 86400);
	ck_assert(access_shared_read(f.shared, &f.report));
	ck_assert_int_eq(f.report.day, GATE_FIXTURE_DAY + 1);
	ck_assert_uint_eq(f.report.clients_over, 0);
	ck_assert_uint_eq(f.report.client_count, 0);
	gate_turn(g, GATE_FIXTURE_NOW + 86400, 2000);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	gates_sum(f.gates, NULL, GATE_FIXTURE_NOW + 86400);
	ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
}
END_TEST

/* A late mark is no mark of another client, nor of the next day. */
START_TEST(forgives)
{
	struct gate_options o = gate_fixture_options(&f, 5, 0);
	struct answer_outcome keyed = gate_fixture_plain();
	struct answer_outcome passed = keyed;
	struct addr a;

	keyed.is_special = passed.is_special = passed.passes = true;
	keyed.key = 1;
	gate_fixture_open(&f, &o);
	a = client("192.0.2.1");
	for (int i = 0; i < 50; i++) {
		ck_assert(!gate_fixture_settle(&f, 0, &a, ANSWER_TCP, &keyed).is_over);
		ck_assert(!gate_fixture_settle(&f, 0, &a, ANSWER_TCP, &passed).is_over);
	}
	for (int i = 0; i < 5; i++)
		ck_assert(!ask(0, "192.0.2.1", ANSWER_TCP).is_over);
	ck_assert(ask(0, "192.0.2.1", ANSWER_TCP).is_over);
}
END_TEST

/* There is nothing below none to give back. */
/* What is for no zone of ours counts for nobody. */
START_TEST(counts_what_is_asked_of_us)
{
	static const struct answer_outcome outcomes[] = {{.zone = NULL},
		{.is_special = true, .is_proven = true}};
	struct gate_options o = gate_fixture_options(&f, 5, 0);
	struct addr a = client("192.0.2.1");

	gate_fixture_open(&f, &o);
	for (int i = 0; i < 50; i++) {
		gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &outcomes[_i]);
		gate_fixture_settle(&f, 0, &a, ANSWER_TCP, &outcomes[_i]);
	}
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.client_count, 0);
}
END_TEST

START_TEST(exempts)
{
	struct gate_options o = gate_fixture_options(&f, 2, 2);
	struct prefix exempt[2];

	ck_assert_int_eq(prefix_parse(TEXT("10.0.0.0/9"), &exempt[0]), OK);
	ck_assert_int_eq(prefix_parse(TEXT("2001:db8::/65"), &exempt[1]), OK);
	o.exempt = exempt;
	o.exempt_count = 2;
	gate_fixture_open(&f, &o);
	memset(exempt, 0, sizeof(exempt)); /* it has a copy */
	for (int i = 0; i < 20; i++) {
		struct answer_context c = ask(0, "10.127.255.255", ANSWER_TCP);

		ck_assert(c.is_exempt && !c.is_over && !c.is_limited);
		ck_assert(ask(0, "2001:db8::1", ANSWER_TCP).is_exempt);
		ck_assert(!ask(0, "2001:db8::8000:0:0:1", ANSWER_TCP).is_exempt);
		ck_assert(!ask(0, "10.128.0.0", ANSWER_TCP).is_exempt);
		ck_assert(!ask(0, "a00::", ANSWER_TCP).is_exempt); /* the bytes of 10.0.0.0 */
	}
	ck_assert(ask(0, "10.128.0.0", ANSWER_TCP).is_over);
}
END_TEST

START_TEST(counts_no_client_without_address)
{
	struct gate_options o = gate_fixture_options(&f, 1, 1);
	struct answer_outcome plain = gate_fixture_plain();
	struct addr nobody = {.family = 0};

	gate_fixture_open(&f, &o);
	for (int i = 0; i < 10; i++) {
		struct answer_context c = gate_fixture_settle(&f, 0, &nobody, ANSWER_TCP, &plain);

		ck_assert(!c.is_over && !c.is_limited);
	}
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
	struct gate_options o = gate_fixture_options(&f, 10, 10);
	struct addr a = client("192.0.2.1");

	o.workers = 2;
	gate_fixture_open(&f, &o);
	for (size_t i = 0; i < ORBL_COUNT(outcomes); i++) {
		gate_fixture_settle(&f, 0, &a, ANSWER_UDP, &outcomes[i]);
		gate_fixture_settle(&f, 1, &a, ANSWER_UDP, &outcomes[i]);
	}
	gate_fixture_sum(&f);
	ck_assert_uint_eq(f.report.limited, 2);
	ck_assert_uint_eq(f.report.dropped, 2);
	ck_assert_uint_eq(f.report.refused_over, 2);
	ck_assert_uint_eq(f.report.refused_key, 2);
	ck_assert(!access_shared_read(NULL, &f.report));
}
END_TEST

START_TEST(reports_keys_by_owner)
{
	static const char line[] =
		"1111111111111111111111111111111111111111111111111111111111111111 alice 2 ACTIVE "
		"2026-01-01\n";
	struct gate_options o = gate_fixture_options(&f, 0, 0);
	struct answer_outcome keyed = {.is_special = true, .key = 1};
	struct gate_ticket t = {.client_set = NULL};
	struct key_table *keys;
	int fd;

	o.has_keys = true;
	ck_assert_int_eq(key_table_compile(TEXT(line), "keys", &fd, NULL), OK);
	ck_assert_int_eq(key_table_open_fd(fd, 1, 0, &keys, NULL), OK);
	close(fd);
	gate_fixture_open(&f, &o);
	gates_sum(f.gates, keys, GATE_FIXTURE_NOW);
	for (int i = 0; i < 3; i++)
		gate_settle(gates_of(f.gates, 0), &t, keys, &keyed);
	gates_sum(f.gates, keys, GATE_FIXTURE_NOW);
	ck_assert(access_shared_read(f.shared, &f.report));
	ck_assert_uint_eq(f.report.keys, 1);
	ck_assert_uint_eq(f.report.keys_over, 1);
	ck_assert_uint_eq(f.report.key_count, 1);
	ck_assert_str_eq(f.report.key_top[0].name, "alice");
	ck_assert_uint_eq(f.report.key_top[0].today, 3);
	ck_assert_uint_eq(f.report.key_top[0].quota, 2);
	key_table_release(keys);
}
END_TEST

/* Lines in the log: one at 80 percent, one when it is over, and no more of them that day, even when
 * its entry has lost queries to newcomers. */
START_TEST(logs_once)
{
	struct gate_options o = gate_fixture_options(&f, 10, 0);
	int pipes[2], before = dup(STDERR_FILENO);
	struct addr a = client("192.0.2.1");
	char text[4096];
	ssize_t len;

	log_open("check_gate", LOG_LEVEL_WARNING);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	gate_fixture_open(&f, &o);
	for (int i = 0; i < 30; i++) {
		ask(0, "192.0.2.1", ANSWER_TCP);
		gates_sum(f.gates, NULL, GATE_FIXTURE_NOW);
	}
	atomic_store(&gate_prepare(gates_of(f.gates, 0), &a).client_set->each[0].count, 9);
	gates_sum(f.gates, NULL, GATE_FIXTURE_NOW);
	dup2(before, STDERR_FILENO);
	close(pipes[1]);
	len = read(pipes[0], text, sizeof(text) - 1);
	ck_assert_int_gt(len, 0);
	text[len] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1 (proved) has used 80 % of its quota of 10"));
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1 (proved) has used up its quota of 10"));
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
	TCase *quota = tcase_create("quota"), *told = tcase_create("report");

	tcase_add_checked_fixture(quota, set_up, tear_down);
	tcase_add_test(quota, is_nothing_without_options);
	tcase_add_test(quota, lets_all_pass_with_keys_alone);
	tcase_add_test(quota, bounds_a_client);
	tcase_add_test(quota, counts_what_is_proved_apart);
	tcase_add_loop_test(quota, names_clients, 0, 9);
	tcase_add_test(quota, counts_prefixes);
	tcase_add_test(quota, counts_all_together);
	tcase_add_test(quota, notes_the_heaviest);
	tcase_add_test(quota, adds_workers_up);
	tcase_add_test(quota, keeps_who_is_over);
	tcase_add_test(quota, refuses_everywhere);
	tcase_add_test(quota, keeps_who_is_over_without_entry);
	tcase_add_test(quota, counts_newcomers_after_a_spray);
	tcase_add_test(quota, begins_anew_each_day);
	tcase_add_test(quota, forgives);
	tcase_add_loop_test(quota, counts_what_is_asked_of_us, 0, 2);
	tcase_add_test(quota, exempts);
	tcase_add_test(quota, counts_no_client_without_address);
	suite_add_tcase(s, quota);
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
