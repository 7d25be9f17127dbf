#include <orbl/store_audit.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "audit_verify.h"
#include "store_fixture.h"

/* A key that is the same in each test. */
static void
make_key(uint8_t public[AUDIT_PUBLIC], uint8_t secret[AUDIT_SECRET])
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = "a key for tests";

	crypto_sign_seed_keypair(public, secret, seed);
}

static void
add(struct store *s, const char *action, const char *subject, const char *detail)
{
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s,
		&(struct store_audit){.time_s = NOW,
			.author = "root",
			.action = action,
			.subject = subject,
			.detail = detail},
		trouble()));
	ck_ok(store_commit(s, trouble()));
}

static enum err
on_entry(const struct audit_entry *x, void *context)
{
	char line[AUDIT_LINE_MAX];
	size_t len = audit_entry_line(x, line);

	(void)(audit_verify_feed(context, (struct text){line, len}) &&
		audit_verify_feed(context, TEXT("\n")));
	return OK;
}

/* What orbl audit verify would say of the store; signed: by the key. */
static struct audit_verifier
verify(struct store *s, bool is_signed)
{
	struct audit_verifier v = {.key_count = is_signed};
	uint8_t secret[AUDIT_SECRET];

	make_key(v.keys[0], secret);
	ck_ok(store_audit_entries(s, 1, SIZE_MAX / 4, on_entry, &v, trouble()));
	(void)audit_verify_end(&v);
	return v;
}

#define ck_sound(s, is_signed, records)                                                            \
	do {                                                                                       \
		struct audit_verifier ck_v = verify(s, is_signed);                                 \
		ck_assert_msg(ck_v.fault == AUDIT_SOUND, "record %d: %s", (int)ck_v.seq,           \
			ck_v.why);                                                                 \
		ck_assert_uint_eq(ck_v.lines, records);                                            \
	} while (0)

static void
open_audit(struct store *s)
{
	uint8_t public[AUDIT_PUBLIC], secret[AUDIT_SECRET];

	make_key(public, secret);
	ck_ok(store_audit_open(s, secret, trouble()));
}

START_TEST(records_are_chained_without_a_key)
{
	struct store *s = open_store();

	ck_assert_int_eq(verify(s, false).fault, AUDIT_EMPTY);
	add(s, "list", "192.0.2.1", "relay");
	add(s, "list", NULL, "what\never\377");
	ck_sound(s, false, 2);
	ck_assert_int_eq(verify(s, true).fault, AUDIT_BAD_SIGNATURE);
	s = reopen_store(s);
	add(s, "delist", "192.0.2.1", "closed");
	ck_sound(s, false, 3);
	store_close(s);
}
END_TEST

START_TEST(a_key_signs_what_is_there_and_what_comes)
{
	struct store_audit_head before, after;
	struct store *s = open_store();

	add(s, "list", "192.0.2.1", "relay");
	add(s, "list", "192.0.2.2", "relay");
	ck_ok(store_audit_head(s, &before, trouble()));
	open_audit(s);
	ck_ok(store_audit_head(s, &after, trouble()));
	ck_assert_mem_eq(before.hash, after.hash, AUDIT_HASH); /* it may be known to others */
	add(s, "list", "192.0.2.3", "relay");
	ck_sound(s, true, 3);
	s = reopen_store(s);
	ck_ok(store_begin(s, trouble()));
	ck_assert_int_eq(store_audit_add(s, &(struct store_audit){.time_s = NOW, .action = "list"},
				 trouble()),
		ERR_REFUSED); /* without it again */
	store_rollback(s);
	open_audit(s);
	add(s, "list", "192.0.2.4", "relay");
	ck_sound(s, true, 4);
	store_close(s);
}
END_TEST

START_TEST(a_log_of_version_4_is_chained)
{
	struct store *s = open_store();

	store_close(s);
	store_meddle(STORE_4 "INSERT INTO audit VALUES (1, 1, 'list', '192.0.2.1', 'first');"
			     "INSERT INTO audit VALUES (2, 2, 'list', NULL, 'second');"
			     "INSERT INTO audit VALUES (5, -1, 'delist', '192.0.2.1', '\007');"
			     "PRAGMA user_version = 4");
	s = open_store();
	open_audit(s);
	ck_sound(s, true, 3);
	add(s, "list", "192.0.2.3", "fourth");
	ck_sound(s, true, 4);
	store_close(s);
}
END_TEST

/* Whoever can write the store must not get our signature under it. */
START_TEST(what_was_signed_once_is_never_signed_again)
{
	static const struct {
		const char *sql, *wanted;
	} rows[] = {
		{"UPDATE audit SET hash = NULL, signature = NULL, author = 'bob'", "record 1 "},
		{"UPDATE audit SET hash = NULL, signature = NULL WHERE id > 2", "record 3 "},
		{"UPDATE audit SET hash = NULL WHERE id = 2", "record 2 "},
		{"UPDATE audit SET signature = NULL WHERE id = 2", "record 2 "},
		{"UPDATE audit SET signature = x'00' WHERE id = 4", "record 4 "},
		{"DELETE FROM audit WHERE id = 1", "record 1 "},
		{"DELETE FROM audit WHERE id = 3", "record 3 "},
		{"DELETE FROM audit WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4;"
		 "UPDATE audit SET hash = NULL, signature = NULL;"
		 "UPDATE number SET value = 0 WHERE name = 'audit_signed'",
			"record 1 "},
		{"DELETE FROM audit WHERE id = 2; DELETE FROM number; UPDATE audit SET signature ="
		 " NULL WHERE id = 1",
			"record 1 "},
	};
	uint8_t public[AUDIT_PUBLIC], secret[AUDIT_SECRET];
	struct store *s;
	int64_t unsigned_rows;

	make_key(public, secret);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		s = open_store();
		store_meddle("DELETE FROM audit");
		open_audit(s);
		for (int j = 0; j < 4; j++)
			add(s, "list", "192.0.2.1", "relay");
		store_close(s);
		store_meddle(rows[i].sql);
		s = open_store();
		unsigned_rows = store_count(s,
			"SELECT count(*) FROM audit WHERE hash IS NULL OR signature IS NULL");
		ck_assert_int_eq(store_audit_open(s, secret, trouble()), ERR_CORRUPT);
		ck_assert_msg(strstr(trouble()->text, rows[i].wanted) != NULL, "%s: %s",
			rows[i].sql, trouble()->text);
		ck_assert_ptr_nonnull(strstr(trouble()->text, "backup"));
		ck_assert_int_eq(store_count(s,
					 "SELECT count(*) FROM audit WHERE hash IS NULL"
					 " OR signature IS NULL"),
			unsigned_rows);
		store_close(s);
	}
}
END_TEST

START_TEST(the_keys_that_records_tell_of_are_known)
{
	uint8_t keys[4][AUDIT_PUBLIC], public[AUDIT_PUBLIC], secret[AUDIT_SECRET];
	char text[2 * AUDIT_PUBLIC + 1];
	size_t count;
	struct store *s = open_store();

	make_key(public, secret);
	open_audit(s);
	add(s, "key", "0011223344556677889900112233445566778899001122334455667788990011", "");
	add(s, "key", "none", "");
	audit_hex(public, sizeof(public), text);
	add(s, "list", text, "");
	ck_ok(store_audit_keys(s, keys, 4, &count, trouble()));
	ck_assert_uint_eq(count, 0); /* none has signed */
	add(s, "key", text, "");
	ck_ok(store_audit_keys(s, keys, 4, &count, trouble()));
	ck_assert_uint_eq(count, 1);
	ck_assert_mem_eq(keys[0], public, AUDIT_PUBLIC);
	ck_ok(store_audit_keys(s, keys, 0, &count, trouble()));
	ck_assert_uint_eq(count, 0);
	store_close(s);
}
END_TEST

START_TEST(what_is_changed_shows)
{
	static const struct {
		const char *sql;
		enum audit_fault fault;
		uint64_t seq;
	} rows[] = {
		{"UPDATE audit SET detail = 'suspect' WHERE id = 2", AUDIT_BAD_HASH, 2},
		{"UPDATE audit SET time_s = time_s - 1 WHERE id = 3", AUDIT_BAD_HASH, 3},
		{"UPDATE audit SET author = '' WHERE id = 1", AUDIT_BAD_HASH, 1},
		{"DELETE FROM audit WHERE id = 2", AUDIT_BAD_SEQUENCE, 3},
		{"DELETE FROM audit WHERE id = 1", AUDIT_BAD_SEQUENCE, 2},
		{"UPDATE audit SET hash = (SELECT hash FROM audit WHERE id = 1) WHERE id = 2",
			AUDIT_BAD_HASH, 2},
		{"UPDATE audit SET signature = NULL WHERE id = 4", AUDIT_BAD_SIGNATURE, 4},
		{"UPDATE audit SET signature = (SELECT signature FROM audit WHERE id = 1)"
		 " WHERE id = 4",
			AUDIT_BAD_SIGNATURE, 4},
	};
	struct audit_verifier v;
	struct store *s;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		s = open_store();
		store_meddle("DELETE FROM audit");
		open_audit(s);
		for (int j = 0; j < 4; j++)
			add(s, "list", "192.0.2.1", "relay");
		ck_sound(s, true, 4);
		store_meddle(rows[i].sql);
		v = verify(s, true);
		ck_assert_msg(v.fault == rows[i].fault && v.seq == rows[i].seq, "%s: %s at %d: %s",
			rows[i].sql, audit_fault_name(v.fault), (int)v.seq, v.why);
		store_close(s);
	}
}
END_TEST

static void
put_listing(struct store *s, const char *prefix, enum category category, uint64_t probe)
{
	const struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = NOW,
		.expires_s = NOW + 100,
		.probe = probe,
		.reason = "test"};

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_listing_put(s, &l, trouble()));
	ck_ok(store_commit(s, trouble()));
}

START_TEST(a_listing_that_ends_is_recorded_whatever_ends_it)
{
	struct store *s = open_store();
	size_t removed;

	put_listing(s, "192.0.2.1", CATEGORY_RELAY, 0);
	put_listing(s, "192.0.2.2", CATEGORY_SUSPECT, 0);
	put_listing(s, "192.0.2.3", CATEGORY_RELAY, 0);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 0);
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_execute(s, "DELETE FROM listing WHERE prefix = '192.0.2.1'", trouble()));
	ck_ok(store_execute(s,
		"CREATE TEMP TABLE kept AS SELECT * FROM listing; DELETE FROM listing;"
		"INSERT INTO listing SELECT * FROM kept",
		trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'unlist'"
				 " AND host = '192.0.2.1' AND detail = 'relay'"),
		1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 1);
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_listing_expire(s, NOW + 100, &removed, trouble()));
	store_rollback(s);
	add(s, "start", "", "");
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 2); /* it was undone */
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_listing_expire(s, NOW + 100, &removed, trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit WHERE action = 'unlist'"), 3);
	ck_sound(s, false, 4);
	store_close(s);
}
END_TEST

START_TEST(a_probe_has_a_record_of_its_start_and_its_end)
{
	struct store *s = open_store();
	uint64_t id = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);

	ck_ok(store_probe_start(s, id, NOW, trouble()));
	ck_ok(store_probe_finish(s, id, "open", "P01 came back", "{\"a\":1}", NOW + 9, trouble()));
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'probing'"
				 " AND host = '192.0.2.1' AND detail = 'probe 1'"),
		1);
	/* printf '{"a":1}' | b2sum -l 256 */
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'probed' AND detail ="
				 " 'probe 1, open, result "
				 "10a7ff3e312baec0c356be489739b93f63af84416c40f1c13023eb96c7ed50aa"
				 ": P01 came back'"),
		1);
	ck_sound(s, false, 2);
	store_close(s);
}
END_TEST

START_TEST(an_hour_of_a_log_that_goes_on_is_recorded_when_it_is_over)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_submission(s, id, trouble()));
	ck_ok(store_audit_submission(s, id, trouble()));
	ck_ok(store_commit(s, trouble()));
	(void)add_denial(s, id, "192.0.2.1", NOW, "denied");
	commit_submission(s, id);
	ck_ok(store_audit_submissions(s, NOW + HOUR - 1, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 0);
	s = reopen_store(s);
	ck_ok(store_audit_submissions(s, NOW + HOUR, trouble()));
	ck_ok(store_audit_submissions(s, NOW + HOUR, trouble()));
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'submission'"
				 " AND host = 'mx1' AND detail LIKE 'submission 1, 3 lines, 2 %'"),
		1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 1);
	store_close(s);
}
END_TEST

START_TEST(the_head_of_a_day_stays)
{
	struct store_audit_head head;
	struct store *s = open_store();

	ck_ok(store_audit_head_before(s, NOW + 1, &head, trouble()));
	ck_assert_uint_eq(head.seq, 0);
	add(s, "a", "", "");
	add(s, "b", "", "");
	ck_ok(store_audit_head_before(s, NOW, &head, trouble()));
	ck_assert_uint_eq(head.seq, 0);
	ck_ok(store_audit_head_before(s, NOW + 1, &head, trouble()));
	ck_assert_uint_eq(head.seq, 2);
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s,
		&(struct store_audit){.time_s = NOW + 5, .action = "c", .detail = ""}, trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_ok(store_audit_head_before(s, NOW + 1, &head, trouble()));
	ck_assert_uint_eq(head.seq, 2);
	ck_ok(store_audit_head_before(s, NOW + 6, &head, trouble()));
	ck_assert_uint_eq(head.seq, 3);
	store_close(s);
}
END_TEST

START_TEST(a_serial_never_goes_back)
{
	struct store *s = open_store();
	uint32_t serial;
	bool raised;

	ck_ok(store_next_serial(s, &serial, trouble()));
	ck_ok(store_restore_serial(s, 1, &raised, trouble()));
	ck_assert(!raised);
	ck_ok(store_restore_serial(s, 9, &raised, trouble()));
	ck_assert(raised);
	ck_ok(store_next_serial(s, &serial, trouble()));
	ck_assert_uint_eq(serial, 10);
	ck_ok(store_restore_serial(s, UINT32_MAX, &raised, trouble())); /* older, by RFC 1982 */
	ck_assert(!raised);
	store_close(s);
}
END_TEST

START_TEST(a_record_that_does_not_follow_is_not_taken_over)
{
	struct store *s = open_store();
	struct audit_entry x = {.record = {.seq = 2, .time_s = NOW, .action = "list"}};

	add(s, "list", "192.0.2.1", "relay");
	ck_ok(store_begin(s, trouble()));
	audit_entry_seal(&x, NULL);
	ck_assert_int_eq(store_audit_import(s, &x, trouble()), ERR_CORRUPT);
	x.record.seq = 3;
	audit_entry_seal(&x, NULL);
	ck_assert_int_eq(store_audit_import(s, &x, trouble()), ERR_CORRUPT);
	store_rollback(s);
	ck_sound(s, false, 1);
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const chain[] = {records_are_chained_without_a_key,
		a_key_signs_what_is_there_and_what_comes, a_log_of_version_4_is_chained,
		what_was_signed_once_is_never_signed_again, the_keys_that_records_tell_of_are_known,
		what_is_changed_shows, the_head_of_a_day_stays};
	const TTest *const events[] = {a_listing_that_ends_is_recorded_whatever_ends_it,
		a_probe_has_a_record_of_its_start_and_its_end,
		an_hour_of_a_log_that_goes_on_is_recorded_when_it_is_over};
	const TTest *const restore[] = {a_serial_never_goes_back,
		a_record_that_does_not_follow_is_not_taken_over};
	Suite *s = suite_create("store_audit");

	suite_add_tcase(s, store_tests("chain", chain, ORBL_COUNT(chain)));
	suite_add_tcase(s, store_tests("events", events, ORBL_COUNT(events)));
	suite_add_tcase(s, store_tests("restore", restore, ORBL_COUNT(restore)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
