#include "audit_restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/file.h>
#include <orbl/store_audit.h>
#include <orbl/store_host.h>

#include "audit_fixture.h"
#include "host_state.h"
#include "publish.h"
#include "retire.h"

/* --- a store from a backup ------------------------------------------------------ */

static void
back_up(void)
{
	audit_stop();
	audit_copy_file("orbl.db", "backup.db");
	audit_start(NOW + 1);
}

static void
restore(void)
{
	audit_stop();
	unlink("orbl.db-wal");
	unlink("orbl.db-shm");
	audit_copy_file("backup.db", "orbl.db");
	audit_start(NOW + 2);
}

START_TEST(what_was_removed_after_the_backup_is_removed_again)
{
	audit_start(NOW);
	audit_list("192.0.2.1", CATEGORY_RELAY);
	audit_list("192.0.2.2", CATEGORY_RELAY);
	audit_list("2001:db8:1::/64", CATEGORY_SUSPECT);
	back_up();
	audit_unlist("192.0.2.1");
	audit_unlist("2001:db8:1::/64");
	audit_list("192.0.2.3", CATEGORY_RELAY);
	restore();
	ck_assert_int_eq(audit_listings(), 1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM listing WHERE prefix = '192.0.2.2'"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'delist'"),
		2); /* taken over */
	audit_check_copy();
	audit_stop();
	audit_start(NOW + 3);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		1);
	audit_check_copy();
	audit_stop();
}
END_TEST

/* Why a listing ended is said in front of that. */
static void
end_listing(const char *prefix, const char *action, const char *author)
{
	const struct prefix p = fixture_prefix(prefix);

	ck_ok(store_begin(here()->store, trouble()));
	ck_ok(store_audit_add(here()->store,
		&(struct store_audit){.time_s = NOW + 60,
			.author = author,
			.action = action,
			.subject = prefix,
			.detail = "relay: said so"},
		trouble()));
	ck_ok(store_run(here()->store, trouble(), NULL, "DELETE FROM proof WHERE prefix = ?", "p",
		&p));
	ck_ok(store_run(here()->store, trouble(), NULL, "DELETE FROM listing WHERE prefix = ?", "p",
		&p));
	ck_ok(store_commit(here()->store, trouble()));
}

START_TEST(hosts_are_as_the_removal_left_them)
{
	audit_start(NOW);
	audit_list("192.0.2.1", CATEGORY_RELAY);
	audit_list("192.0.2.2", CATEGORY_RELAY);
	audit_list("192.0.2.3", CATEGORY_RELAY);
	audit_list("192.0.2.4", CATEGORY_RELAY);
	ck_ok(store_execute(here()->store,
		"UPDATE proof SET tested = prefix;"
		"INSERT INTO host SELECT prefix, 3, 1900000000, 0, 1900000000, 0 FROM listing",
		trouble()));
	back_up();
	end_listing("192.0.2.1", "delist", NULL);
	end_listing("192.0.2.2", "delist", "alice");
	end_listing("192.0.2.3", "expire", NULL);
	restore();
	ck_assert_int_eq(audit_listings(), 1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state = 6 AND removed_s = 1900000860 AND since_s = "
				 "1900000860 FROM host WHERE host = '192.0.2.1'"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state = 6 AND removed_s = 0 FROM host"
				 " WHERE host = '192.0.2.2'"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state FROM host WHERE host = '192.0.2.3'"),
		0);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state FROM host WHERE host = '192.0.2.4'"),
		3);
	ck_assert_int_eq(store_count(here()->store, "SELECT count(*) FROM probe"), 1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM probe WHERE host = '192.0.2.1'"
				 " AND cause = 3 AND finished_s = 0 AND not_before_s > 1900000860"),
		1);
	audit_stop();
}
END_TEST

/* The restored store was used without the file, which came back later. */
START_TEST(two_ways_that_have_parted_are_joined_without_what_either_removed)
{
	audit_start(NOW);
	audit_list("192.0.2.1", CATEGORY_RELAY);
	audit_list("192.0.2.2", CATEGORY_RELAY);
	back_up();
	audit_unlist("192.0.2.1");
	audit_stop();
	ck_assert_int_eq(rename("audit.jsonl", "kept"), 0);
	unlink("orbl.db-wal");
	unlink("orbl.db-shm");
	audit_copy_file("backup.db", "orbl.db");
	audit_start(NOW + 2);
	ck_assert_int_eq(audit_listings(), 2);
	audit_unlist("192.0.2.2");
	audit_stop();
	ck_assert_int_eq(rename("kept", "audit.jsonl"), 0);
	audit_start(NOW + 100);
	ck_assert_int_eq(audit_listings(), 0);
	audit_check_copy();
	ck_assert_int_eq(access("audit.jsonl.forked-1900000900", F_OK), 0);
	ck_assert_int_eq(audit_verify_file("audit.jsonl.forked-1900000900").fault, AUDIT_SOUND);
	audit_stop();
}
END_TEST

START_TEST(what_was_ordered_after_the_backup_holds)
{
	static const struct {
		const char *action, *subject, *detail;
	} rows[] = {
		{"order", "192.0.2.0/24", "exempt, until 0: ours: all of it"},
		{"order", "198.51.100.7", "opt-out, until 1900009999, forced: asked"},
		{"order", "203.0.113.1", "lock, until 0, forced: disputed: twice"},
		{"order", "203.0.113.7", "list, until 0, suspect, forced: x"},
		{"order", "203.0.113.7", "delist, until 0: x"},
		{"order", "203.0.113.1", "unlock, until 0: settled"},
		{"order", "203.0.113.5", "lock, until 0: disputed"},
		{"order", "not a prefix", "exempt, until 0: x"},
		{"order", "192.0.2.9", "exempt"},
		{"order", "192.0.2.9", "sing, until 0: x"},
		{"revoke", "mx1", "forged lines"},
		{"revoke", "mx2", "forged lines"},
		{"reinstate", "mx2", "a mistake"},
	};

	audit_start(NOW);
	back_up();
	ck_ok(store_begin(here()->store, trouble()));
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		ck_ok(store_audit_add(here()->store,
			&(struct store_audit){.time_s = NOW + 60,
				.author = "root",
				.action = rows[i].action,
				.subject = rows[i].subject,
				.detail = rows[i].detail},
			trouble()));
	ck_ok(store_commit(here()->store, trouble()));
	restore();
	ck_assert_int_eq(store_count(here()->store, "SELECT count(*) FROM operator_order"), 3);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM operator_order WHERE prefix = '192.0.2.0/24'"
				 " AND action = 'exempt' AND until_s = 0 AND author = 'root'"
				 " AND reason = 'ours: all of it'"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state FROM host WHERE host = '203.0.113.5'"),
		7);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT state FROM host WHERE host = '203.0.113.1'"),
		0);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM operator_order WHERE action = 'opt-out'"
				 " AND until_s = 1900009999"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM reporter WHERE name = 'mx1' AND revoked_s "
				 "<> 0"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM reporter WHERE name = 'mx2' AND revoked_s = "
				 "0"),
		1);
	audit_stop();
}
END_TEST

START_TEST(what_was_proved_again_since_stays)
{
	audit_start(NOW);
	audit_list("192.0.2.1", CATEGORY_RELAY);
	back_up();
	audit_unlist("192.0.2.1"); /* at NOW + 60 */
	audit_stop();
	ck_assert_int_eq(rename("audit.jsonl", "kept"), 0);
	audit_copy_file("backup.db", "orbl.db");
	audit_start(NOW + 2);
	ck_ok(store_execute(here()->store,
		"INSERT INTO probe (id, host, cause, queued_s, finished_s)"
		" VALUES (7, '192.0.2.1', 0, 1, 1900000900);"
		"UPDATE listing SET probe = 7; UPDATE proof SET probe = 7, tested = '192.0.2.1'",
		trouble()));
	audit_stop();
	ck_assert_int_eq(rename("kept", "audit.jsonl"), 0);
	audit_start(NOW + 200);
	ck_assert_int_eq(audit_listings(), 1);
	audit_stop();
}
END_TEST

/* Who may write the file, but has not the key. */
START_TEST(a_removal_that_we_have_not_signed_removes_nothing)
{
	struct audit_entry x = {.record = {.time_s = NOW + 60,
					.action = STORE_AUDIT_UNLIST,
					.subject = "192.0.2.1",
					.detail = "relay"}};
	uint8_t public[AUDIT_PUBLIC], secret[AUDIT_SECRET];
	struct store_audit_head head;
	char line[AUDIT_LINE_MAX];

	crypto_sign_keypair(public, secret);
	for (int i = 0; i < 2; i++) {
		audit_start(NOW);
		audit_list("192.0.2.1", CATEGORY_RELAY);
		ck_ok(audit_copy(here()->audit, NOW, trouble()));
		ck_ok(store_audit_head(here()->store, &head, trouble()));
		audit_stop();
		x.record.seq = head.seq + 1;
		memcpy(x.previous, head.hash, AUDIT_HASH);
		audit_entry_seal(&x, i == 0 ? secret : NULL);
		(void)audit_entry_line(&x, line);
		audit_append("audit.jsonl", line);
		audit_append("audit.jsonl", "\n");
		audit_start(NOW + 100 + i);
		ck_assert_int_eq(audit_listings(), 1);
		audit_check_copy();
		audit_stop();
	}
}
END_TEST

/* --- a file that tells not all ----------------------------------------------------- */

static void
publish_one(int64_t now_s)
{
	struct publisher *p;
	uint32_t serial;

	ck_ok(publish_new(here()->store, here()->conf, &p, trouble()));
	ck_ok(publish_list(p, now_s, &serial, trouble()));
	ck_assert_uint_ne(serial, 0);
	publish_free(p);
}

static void
begin_again(void)
{
	static const char *const files[] = {"orbl.db", "orbl.db-wal", "orbl.db-shm", "audit.jsonl",
		"audit.key", "orbl.snapshot", "orbl.snapshot.delta"};

	for (size_t i = 0; i < ORBL_COUNT(files); i++)
		unlink(files[i]);
}

enum telling { ALL, KEY_LOST, KEY_UNKNOWN, JUNK, JUNK_AT_END, OLDER, PARTIAL, HOLE, TELLINGS };

/* One line less: the one that begins as this. */
static void
cut_line(const char *part)
{
	char *bytes, *line, *found;
	size_t len;

	ck_ok(file_read("audit.jsonl", 1 << 20, &bytes, &len, trouble()));
	found = strstr(bytes, part);
	ck_assert_ptr_nonnull(found);
	for (line = found; line > bytes && line[-1] != '\n'; line--)
		;
	found = strchr(found, '\n') + 1;
	memmove(line, found, (size_t)(bytes + len - found));
	scratch_write("audit.jsonl", bytes, len - (size_t)(found - line));
	free(bytes);
}

static void
spoil(enum telling t)
{
	switch (t) {
	case KEY_LOST:
	case KEY_UNKNOWN: ck_assert_int_eq(unlink("audit.key"), 0); break;
	case JUNK:
		audit_copy_file("then", "audit.jsonl");
		audit_append("audit.jsonl", "x\n");
		break;
	case JUNK_AT_END: audit_append("audit.jsonl", "x\n"); break;
	case OLDER: audit_copy_file("then", "audit.jsonl"); break;
	case PARTIAL: audit_copy_file("between", "audit.jsonl"); break;
	case HOLE: cut_line("\"action\":\"unlist\""); break;
	case ALL:
	case TELLINGS: break;
	}
}

START_TEST(what_was_removed_stays_away_whatever_the_file_tells)
{
	for (int t = ALL; t < TELLINGS; t++) {
		bool told = t == ALL || t == KEY_LOST;

		begin_again();
		audit_start(NOW);
		audit_list("192.0.2.1", CATEGORY_RELAY);
		audit_list("192.0.2.2", CATEGORY_RELAY);
		publish_one(NOW);
		back_up();
		audit_copy_file("audit.jsonl", "then");
		if (t == KEY_UNKNOWN) {
			audit_stop();
			ck_assert_int_eq(unlink("audit.key"), 0);
			audit_start(NOW + 1);
		}
		audit_put("list");
		ck_ok(audit_copy(here()->audit, NOW, trouble()));
		audit_copy_file("audit.jsonl", "between");
		audit_unlist("192.0.2.1");
		publish_one(NOW + 61);
		audit_stop();
		unlink("orbl.db-wal");
		unlink("orbl.db-shm");
		audit_copy_file("backup.db", "orbl.db");
		spoil((enum telling)t);
		audit_start(NOW + 100 + t);
		ck_assert_msg(store_count(here()->store,
				      "SELECT count(*) FROM listing WHERE"
				      " prefix = '192.0.2.1'") == 0,
			"%d", t);
		ck_assert_msg(audit_listings() == told, "%d", t);
		ck_assert_int_eq(store_count(here()->store,
					 "SELECT count(*) FROM audit WHERE"
					 " action = 'restored' AND detail LIKE"
					 " '%until they are found true%'"),
			!told);
		audit_stop();
	}
}
END_TEST

/* --- states that are kept beside the orders ------------------------------------------ */

static void
put_record(const char *action, const char *subject, const char *detail)
{
	ck_ok(store_begin(here()->store, trouble()));
	ck_ok(store_audit_add(here()->store,
		&(struct store_audit){.time_s = NOW + 60,
			.author = "root",
			.action = action,
			.subject = subject,
			.detail = detail},
		trouble()));
	ck_ok(store_commit(here()->store, trouble()));
}

static unsigned
state_of(const char *host)
{
	const struct prefix p = fixture_prefix(host);
	struct store_host h;

	ck_ok(store_host_get(here()->store, &p.addr, &h, trouble()));
	return h.state;
}

START_TEST(who_was_locked_after_the_backup_is)
{
	audit_start(NOW);
	back_up();
	put_record("order", "192.0.2.1", "lock, until 0: stays");
	put_record("order", "192.0.2.2", "lock, until 0: stays");
	put_record("order", "192.0.2.2", "unlock, until 0: goes");
	put_record("order", "192.0.2.3", "unlock, until 0: never was");
	restore();
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_LOCKED);
	ck_assert_uint_ne(state_of("192.0.2.2"), HOST_LOCKED);
	ck_assert_uint_ne(state_of("192.0.2.3"), HOST_LOCKED);
	audit_stop();
}
END_TEST

START_TEST(a_list_that_was_retired_after_the_backup_stays_so)
{
	static const struct {
		const char *action, *detail;
		enum retire_stage stage;
		int64_t announced_s, since_s, at_s;
	} rows[] = {
		{"retire", "announced retire=2030-06-01: x", RETIRE_ANNOUNCED, NOW + 60, NOW + 60,
			1906588799},
		{"retire", "empty retire=2030-06-01: x: y", RETIRE_EMPTY, NOW + 60, NOW + 60,
			NOW + 60},
		{"retire", "gone retire=2030-03-01: x", RETIRE_GONE, NOW + 60, NOW + 60,
			1898639999},
		{"retire", "sung retire=2030-03-01: x", RETIRE_GONE, NOW + 60, NOW + 60,
			1898639999},
		{"retire", "empty retire=soon: x", RETIRE_GONE, NOW + 60, NOW + 60, 1898639999},
		{"retire", "empty", RETIRE_GONE, NOW + 60, NOW + 60, 1898639999},
		{"resume", "in service : x", RETIRE_NOT, 0, 0, 0},
		{"retire", "empty retire=2030-03-17: x", RETIRE_EMPTY, 0, NOW + 60, NOW + 60},
	};
	struct retirement r;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		begin_again();
		audit_start(NOW);
		back_up();
		for (size_t j = 0; j <= i; j++)
			put_record(rows[j].action, "dnsbl.example", rows[j].detail);
		restore();
		ck_ok(retire_load(here()->store, &r, trouble()));
		ck_assert_int_eq(r.stage, rows[i].stage);
		ck_assert_int_eq(r.announced_s, rows[i].announced_s);
		ck_assert_int_eq(r.since_s, rows[i].since_s);
		ck_assert_int_eq(r.at_s, rows[i].at_s);
		audit_stop();
	}
}
END_TEST

START_TEST(a_store_that_is_gone_gets_its_log_back)
{
	audit_start(NOW);
	audit_put("list");
	audit_put("list");
	audit_stop();
	ck_assert_int_eq(unlink("orbl.db"), 0);
	audit_start(NOW + 1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'list'"),
		2);
	audit_check_copy();
	audit_stop();
}
END_TEST

START_TEST(a_list_that_is_not_believed_is_tested)
{
	bool held = false;

	audit_start(NOW);
	audit_list("192.0.2.9", CATEGORY_SUSPECT);
	ck_ok(store_execute(here()->store,
		"INSERT INTO probe (id, host, cause, queued_s, finished_s)"
		" VALUES (7, '192.0.2.1', 0, 1, 2);",
		trouble()));
	audit_list("192.0.2.1", CATEGORY_RELAY);
	ck_ok(store_execute(here()->store,
		"UPDATE listing SET probe = 7 WHERE prefix = '192.0.2.1';"
		"UPDATE proof SET probe = 7, tested = '192.0.2.1' WHERE prefix = '192.0.2.1'",
		trouble()));
	ck_ok(audit_distrust(here()->store, NOW, trouble()));
	ck_ok(store_suspects_held(here()->store, &held, trouble()));
	ck_assert(held);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"
				 " AND detail LIKE '%are lost%orbl publish --force%'"),
		1);
	ck_assert_int_eq(audit_listings(), 0);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM probe WHERE host = '192.0.2.1'"
				 " AND finished_s = 0"),
		1);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'unlist'"),
		2);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		1);
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	audit_stop();
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const backup[] = {what_was_removed_after_the_backup_is_removed_again,
		hosts_are_as_the_removal_left_them,
		two_ways_that_have_parted_are_joined_without_what_either_removed,
		what_was_ordered_after_the_backup_holds, what_was_proved_again_since_stays,
		a_removal_that_we_have_not_signed_removes_nothing,
		what_was_removed_stays_away_whatever_the_file_tells,
		who_was_locked_after_the_backup_is,
		a_list_that_was_retired_after_the_backup_stays_so,
		a_store_that_is_gone_gets_its_log_back, a_list_that_is_not_believed_is_tested};
	Suite *s = suite_create("audit_restore");

	suite_add_tcase(s, audit_tests("backup", backup, ORBL_COUNT(backup)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
