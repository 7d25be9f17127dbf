#include "audit_restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "audit_fixture.h"

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
		{"order", "198.51.100.7", "opt-out, until 1900009999: asked"},
		{"order", "203.0.113.1", "lock, until 0: disputed"},
		{"order", "203.0.113.1", "unlock, until 0: settled"},
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
	ck_assert_int_eq(store_count(here()->store, "SELECT count(*) FROM operator_order"), 2);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM operator_order WHERE prefix = '192.0.2.0/24'"
				 " AND action = 'exempt' AND until_s = 0 AND author = 'root'"
				 " AND reason = 'ours: all of it'"),
		1);
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
		two_ways_that_have_parted_are_joined_without_what_either_removed,
		what_was_ordered_after_the_backup_holds, what_was_proved_again_since_stays,
		a_removal_that_we_have_not_signed_removes_nothing,
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
