/* What a start refuses, and when: before the store is opened, which may be taken over for good. */
#include "start_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <orbl/store.h>

#include "scratch.h"
#include "unit.h"

static struct conf *conf;
static struct error e;

static void
is_ok(enum err err)
{
	ck_assert_msg(err == OK, "%s", e.text);
}

/* Its version is all that is looked at. */
static void
make_old_store(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("orbl.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 4", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
load(const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"store.path = orbl.db\naudit.file = \"\"\naudit.key = audit.key\n"
		"zone.snapshot = orbl.snapshot\ncontrol.socket = analyzer.sock\n"
		"collector.listen = \"127.0.77.25@2525\"\nprobe.allow = {127.0.0.0/8}\n%s\n",
		lines);
	scratch_write("orbl.conf", text, strlen(text));
	is_ok(conf_load("orbl.conf", &conf, &e));
}

static void
set_up(void)
{
	scratch_enter();
	make_old_store();
	conf = NULL;
}

static void
tear_down(void)
{
	conf_free(conf);
	scratch_leave();
}

/* Both name the option. The start refuses it with the old store as it was. */
static const struct {
	const char *lines, *option;
	bool at_start;
} rows[] = {
	{"audit.key = \"none/audit.key\"", "audit.key: ", true},
	{"audit.key = \"orbl.db/audit.key\"", "audit.key: ", true},
	{"publish.popular = none", "publish.popular: ", true},
	{"listing.safe_lists = {none}", "listing.safe_lists: ", true},
	{"probe.opt_out_file = none", "probe.opt_out_file: ", false},
};

START_TEST(what_is_refused)
{
	load(rows[_i].lines);
	ck_assert_int_ne(start_check(conf, &e), OK);
	ck_assert_msg(strstr(e.text, rows[_i].option) == e.text, "%s", e.text);
	if (!rows[_i].at_start) {
		is_ok(start_prepare(conf, &e));
		return;
	}
	ck_assert_int_ne(start_prepare(conf, &e), OK);
	ck_assert_msg(strstr(e.text, rows[_i].option) == e.text, "%s", e.text);
	ck_assert(store_is_older("orbl.db"));
}
END_TEST

START_TEST(a_socket_that_cannot_be)
{
	load("control.socket = \"orbl.db/sock\"");
	ck_assert_int_ne(start_prepare(conf, &e), OK);
	conf_free(conf);
	load("collector.listen = \"192.0.2.99@25\"");
	ck_assert_int_ne(start_prepare(conf, &e), OK);
	ck_assert_msg(strstr(e.text, "collector") != NULL, "%s", e.text);
	ck_assert(store_is_older("orbl.db"));
}
END_TEST

/* -T makes nothing; a start makes the key, and leaves no socket. */
START_TEST(what_is_well)
{
	load("");
	is_ok(start_check(conf, &e));
	ck_assert_int_ne(access("audit.key", F_OK), 0);
	is_ok(start_prepare(conf, &e));
	ck_assert_int_eq(access("audit.key", F_OK), 0);
	ck_assert_int_ne(access("analyzer.sock", F_OK), 0);
	ck_assert(store_is_older("orbl.db"));
	is_ok(start_check(conf, &e));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("start");
	TCase *t = tcase_create("start");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_is_refused, 0, (int)ORBL_COUNT(rows));
	tcase_add_test(t, a_socket_that_cannot_be);
	tcase_add_test(t, what_is_well);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
