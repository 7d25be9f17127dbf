#include "guard.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_alarm.h>
#include <orbl/store_order.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000 };

static struct conf *conf;
static struct store *store;
static struct guard *guard;
static char why[GUARD_WHY];

static void
open_guard(const char *lines)
{
	char all[1024];

	snprintf(all, sizeof(all),
		"%s\nprobe.source = 203.0.113.5\nprobe.second_source = \"2001:db8:1::5\"\n"
		"dnsd.listen = {\"0.0.0.0@53\", \"::@53\", \"127.0.0.1@53\", "
		"\"198.51.100.53@53\"}\ncollector.listen = \"203.0.113.25@25\"\n"
		"listing.exempt = {192.0.2.64/28, \"2001:db8:7::/48\"}\n",
		lines);
	scratch_enter();
	scratch_write("safe", "8.8.4.0/24 Big Provider\n", 24);
	conf = fixture_conf(all);
	ck_ok(store_open(conf->store_path, &store, trouble()));
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
}

static void
set_up(void)
{
	open_guard("listing.safe_lists = {safe}");
}

static void
tear_down(void)
{
	guard_free(guard);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

static enum guard_answer
ask(const char *text)
{
	struct prefix p = fixture_prefix(text);

	return guard_check(guard, &p, why);
}

/* probe.allow of the fixture is 192.0.2.0/24 and 2001:db8::/32. */
static const struct {
	const char *prefix;
	enum guard_answer answer;
	const char *why; /* its end */
} rows[] = {
	{"1.2.3.4", GUARD_MAY_LIST, ""},
	{"192.0.2.1", GUARD_MAY_LIST, ""},
	{"192.0.2.0/26", GUARD_MAY_LIST, ""},
	{"2001:db8::1", GUARD_MAY_LIST, ""},
	{"2a00::/48", GUARD_MAY_LIST, ""},
	{"10.1.2.3", GUARD_RESERVED, "10.0.0.0/8 is a private or reserved network"},
	{"192.0.0.0/16", GUARD_RESERVED, "is a private or reserved network"},
	{"0.0.0.0/0", GUARD_RESERVED, ""},
	{"::/0", GUARD_RESERVED, "::/8 is a private or reserved network"},
	{"224.0.0.1", GUARD_RESERVED, ""},
	{"fe80::1", GUARD_RESERVED, ""},
	{"127.0.0.1", GUARD_RESERVED, "127.0.0.1 is a test point of the list itself"},
	{"::ffff:127.0.0.2", GUARD_RESERVED, "127.0.0.2 is a test point of the list itself"},
	{"203.0.113.5", GUARD_RESERVED, ""}, /* before it is our own */
	{"2001:db8:1::5", GUARD_OWN, "2001:db8:1::5 is our own (probe.second_source)"},
	{"2001:db8:1::/64", GUARD_OWN, ""},
	{"2001:db8:1::6", GUARD_MAY_LIST, ""},
	{"192.0.2.64", GUARD_EXEMPT, "192.0.2.64/28 is exempt by listing.exempt"},
	{"192.0.2.0/25", GUARD_EXEMPT, ""},
	{"192.0.2.79", GUARD_EXEMPT, ""},
	{"192.0.2.80", GUARD_MAY_LIST, ""},
	{"2001:db8:7:1::1", GUARD_EXEMPT, ""},
	{"8.8.4.4", GUARD_SAFE, "8.8.4.0/24 is on the safe list safe (Big Provider)"},
	{"8.8.0.0/16", GUARD_SAFE, ""},
	{"8.8.8.8", GUARD_MAY_LIST, ""},
};

START_TEST(who_is_guarded)
{
	ck_assert_msg(ask(rows[_i].prefix) == rows[_i].answer, "%s: %s", rows[_i].prefix, why);
	ck_assert_int_eq(why[0] == '\0', rows[_i].answer == GUARD_MAY_LIST);
	ck_assert_msg(strstr(why, rows[_i].why) != NULL, "%s", why);
}
END_TEST

/* In a laboratory on loopback our own names say nothing, but the test points stay. */
START_TEST(a_laboratory)
{
	scratch_leave();
	guard_free(guard);
	store_close(store);
	conf_free(conf);
	open_guard("probe.allow = {0.0.0.0/8, 127.0.0.0/8, 203.0.113.0/24}");
	ck_assert_int_eq(ask("127.0.0.25"), GUARD_MAY_LIST);
	ck_assert_int_eq(ask("127.0.0.1"), GUARD_RESERVED);
	ck_assert_int_eq(ask("127.0.0.7"), GUARD_RESERVED);
	ck_assert_int_eq(ask("127.0.0.8"), GUARD_MAY_LIST);
	ck_assert_int_eq(ask("0.0.0.0"), GUARD_MAY_LIST); /* dnsd.listen has it */
	ck_assert_int_eq(ask("203.0.113.5"), GUARD_OWN);
	ck_assert_int_eq(ask("203.0.113.25"), GUARD_OWN);
	ck_assert_int_eq(ask("203.0.113.6"), GUARD_MAY_LIST);
}
END_TEST

/* --- orders ------------------------------------------------------------------- */

static const char *author = "alice";

static void
order(const char *prefix, const char *action, int64_t until_s)
{
	const struct store_order o = {fixture_prefix(prefix), action, NOW, until_s, author,
		"our\x1b customer"};

	ck_ok(store_begin(store, trouble()));
	ck_ok(store_order_put(store, &o, trouble()));
	ck_ok(store_commit(store, trouble()));
}

static size_t
end_order(const char *prefix, const char *action)
{
	struct prefix p = fixture_prefix(prefix);
	size_t ended;

	ck_ok(store_begin(store, trouble()));
	ck_ok(store_order_end(store, &p, action, &ended, trouble()));
	ck_ok(store_commit(store, trouble()));
	return ended;
}

START_TEST(orders_exempt)
{
	order("1.2.3.0/24", "exempt", 0);
	order("1.2.4.0/24", "exempt", NOW + 60);
	order("1.2.5.0/24", "opt-out", 0);
	ck_assert_int_eq(ask("1.2.3.4"), GUARD_MAY_LIST); /* it does not look each time */
	guard_refresh(guard, NOW);
	ck_assert_int_eq(ask("1.2.3.4"), GUARD_EXEMPT);
	ck_assert_str_eq(why, "1.2.3.0/24 is exempt by order of alice: our? customer");
	ck_assert_int_eq(ask("1.2.4.4"), GUARD_EXEMPT);
	ck_assert_int_eq(ask("1.2.5.4"), GUARD_MAY_LIST);
	guard_refresh(guard, NOW + 60);
	ck_assert_int_eq(ask("1.2.4.4"), GUARD_MAY_LIST);
	ck_assert_int_eq(ask("1.2.3.4"), GUARD_EXEMPT);
	author = "bob"; /* in its place */
	order("1.2.3.0/24", "exempt", 0);
	guard_refresh(guard, NOW + 60);
	ck_assert_int_eq(ask("1.2.3.4"), GUARD_EXEMPT);
	ck_assert_ptr_nonnull(strstr(why, "of bob"));
	ck_assert_uint_eq(end_order("1.2.3.0/24", "exempt"), 1);
	ck_assert_uint_eq(end_order("1.2.3.0/24", "exempt"), 0);
	guard_refresh(guard, NOW + 61);
	ck_assert_int_eq(ask("1.2.3.4"), GUARD_MAY_LIST);
}
END_TEST

START_TEST(orders_survive_a_restart)
{
	order("1.2.3.0/24", "exempt", 0);
	guard_free(guard);
	store_close(store);
	ck_ok(store_open(conf->store_path, &store, trouble()));
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
	ck_assert_int_eq(ask("1.2.3.255"), GUARD_EXEMPT);
}
END_TEST

/* --- safe lists ------------------------------------------------------------------ */

START_TEST(safe_lists_are_followed)
{
	scratch_write("safe", "8.8.8.0/24 :127.0.5.1:Other\n", 28);
	guard_refresh(guard, NOW + 1);
	ck_assert_int_eq(ask("8.8.4.4"), GUARD_MAY_LIST);
	ck_assert_int_eq(ask("8.8.8.8"), GUARD_SAFE);
	ck_assert_str_eq(why, "8.8.8.0/24 is on the safe list safe (Other)");
	scratch_write("safe", "<html>", 6);
	guard_refresh(guard, NOW + 2);
	ck_assert_int_eq(ask("8.8.8.8"), GUARD_SAFE);
	scratch_write("safe", "", 0);
	guard_refresh(guard, NOW + 3);
	ck_assert_int_eq(ask("8.8.8.8"), GUARD_SAFE);
}
END_TEST

START_TEST(a_bad_safe_list_at_the_start)
{
	struct guard *g;

	scratch_write("safe", "nonsense\n", 9);
	ck_assert_int_eq(guard_new(conf, NULL, NOW, &g, trouble()), ERR_SYNTAX);
	ck_assert_str_eq(trouble()->text,
		"listing.safe_lists: safe:1: \"nonsense\" is neither an address nor a prefix");
	ck_assert_ptr_null(g);
}
END_TEST

struct alarms {
	size_t count;
	char kind[32], text[512];
};

static enum err
on_alarm(const struct store_alarm *alarm, void *context)
{
	struct alarms *alarms = context;

	alarms->count++;
	snprintf(alarms->kind, sizeof(alarms->kind), "%s", alarm->kind);
	snprintf(alarms->text, sizeof(alarms->text), "%s", alarm->text);
	return OK;
}

static struct alarms
alarms(void)
{
	struct alarms found = {.count = 0};

	ck_ok(store_alarms(store, 10, on_alarm, &found, trouble()));
	return found;
}

static void
open_again(int64_t now_s)
{
	guard_free(guard);
	store_close(store);
	ck_ok(store_open(conf->store_path, &store, trouble()));
	ck_ok(guard_new(conf, store, now_s, &guard, trouble()));
}

START_TEST(a_safe_list_that_breaks_is_an_alarm)
{
	ck_assert_uint_eq(alarms().count, 0);
	scratch_write("safe", "8.8.4.0/24\n<html>\n", 18);
	guard_refresh(guard, NOW + 1);
	ck_assert_uint_eq(alarms().count, 1);
	ck_assert_str_eq(alarms().kind, "safe-list");
	ck_assert_ptr_nonnull(strstr(alarms().text, "safe:2: "));
	ck_assert_ptr_nonnull(strstr(alarms().text, "1 prefixes, stays in force"));
	scratch_write("safe", "8.8.4.0/24\n", 11);
	guard_refresh(guard, NOW + 2);
	ck_assert_uint_eq(alarms().count, 0);
}
END_TEST

static const char *const broken[] = {"<html>", "", NULL};

START_TEST(a_broken_safe_list_is_as_it_was_after_a_restart)
{
	const char *text = broken[_i];

	if (text != NULL)
		scratch_write("safe", text, strlen(text));
	else
		ck_assert_int_eq(remove("safe"), 0);
	open_again(NOW + 1);
	ck_assert_int_eq(ask("8.8.4.4"), GUARD_SAFE);
	ck_assert_str_eq(why, "8.8.4.0/24 is on the safe list safe (Big Provider)");
	ck_assert_uint_eq(alarms().count, 1);
	open_again(NOW + 2);
	ck_assert_int_eq(ask("8.8.4.4"), GUARD_SAFE);
	scratch_write("safe", "8.8.8.0/24\n", 11);
	open_again(NOW + 3);
	ck_assert_int_eq(ask("8.8.4.4"), GUARD_MAY_LIST);
	ck_assert_int_eq(ask("8.8.8.8"), GUARD_SAFE);
	ck_assert_uint_eq(alarms().count, 0);
	scratch_write("safe", "?", 1);
	open_again(NOW + 4);
	ck_assert_int_eq(ask("8.8.8.8"), GUARD_SAFE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, who_is_guarded, 0, (int)ORBL_COUNT(rows));
	tcase_add_test(t, a_laboratory);
	tcase_add_test(t, orders_exempt);
	tcase_add_test(t, orders_survive_a_restart);
	tcase_add_test(t, safe_lists_are_followed);
	tcase_add_test(t, a_bad_safe_list_at_the_start);
	tcase_add_test(t, a_safe_list_that_breaks_is_an_alarm);
	tcase_add_loop_test(t, a_broken_safe_list_is_as_it_was_after_a_restart, 0,
		(int)ORBL_COUNT(broken));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
