#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>

#include "audit_fixture.h"
#include "audit_key.h"

/* --- the key ------------------------------------------------------------------ */

START_TEST(the_key_is_made_once_and_for_its_owner_alone)
{
	struct audit_key first, second;
	struct stat st;

	ck_ok(audit_key_load("k", &first, trouble()));
	ck_assert(first.made);
	ck_assert_int_eq(stat("k", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(st.st_size, 65);
	ck_ok(audit_key_load("k", &second, trouble()));
	ck_assert(!second.made);
	ck_assert_mem_eq(first.secret, second.secret, AUDIT_SECRET);
	ck_assert_mem_eq(first.public, second.public, AUDIT_PUBLIC);
	ck_assert_int_eq(access("k.new", F_OK), -1);
}
END_TEST

START_TEST(a_key_that_others_may_read_or_that_is_none_is_refused)
{
	struct audit_key key;
	char text[66];

	ck_ok(audit_key_load("k", &key, trouble()));
	ck_assert_int_eq(chmod("k", 0640), 0);
	ck_assert_int_eq(audit_key_load("k", &key, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "chmod 600"));
	scratch_write("short", "abc\n", 4);
	ck_assert_int_eq(chmod("short", 0600), 0);
	ck_assert_int_eq(audit_key_load("short", &key, trouble()), ERR_CORRUPT);
	memset(text, 'g', sizeof(text));
	scratch_write("none", text, 64);
	ck_assert_int_eq(chmod("none", 0600), 0);
	ck_assert_int_eq(audit_key_load("none", &key, trouble()), ERR_CORRUPT);
	ck_assert_int_eq(symlink("k", "link"), 0);
	ck_assert_int_ne(audit_key_load("link", &key, trouble()), OK);
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(audit_key_load("directory", &key, trouble()), ERR_IO);
	ck_assert_int_ne(audit_key_load("nowhere/k", &key, trouble()), OK);
}
END_TEST

START_TEST(another_key_is_recorded)
{
	audit_start(NOW);
	audit_stop();
	ck_assert_int_eq(unlink("audit.key"), 0);
	audit_start(NOW);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'key'"),
		2);
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		0);
	ck_assert_int_eq(audit_verify_file("audit.jsonl").fault,
		AUDIT_BAD_SIGNATURE); /* the first */
	audit_stop();
}
END_TEST

/* --- the copy ----------------------------------------------------------------- */

START_TEST(the_copy_has_what_the_store_has)
{
	audit_start(NOW);
	audit_check_copy();
	for (int i = 0; i < 1200; i++)
		audit_put("list");
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	audit_put("last");
	audit_stop_at_once();
	audit_start(NOW + 1); /* what a dead analyzer had no time for */
	audit_check_copy();
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		0);
	audit_stop();
}
END_TEST

START_TEST(what_is_torn_is_cut_off)
{
	static const char *const tails[] = {"{", "{\"hash\":\"00", "x", " "};

	for (size_t i = 0; i < ORBL_COUNT(tails); i++) {
		audit_start(NOW);
		audit_stop();
		audit_append("audit.jsonl", tails[i]);
		audit_start(NOW);
		audit_check_copy();
		audit_stop();
	}
	scratch_write("audit.jsonl", "{\"hash\":", 8);
	audit_start(NOW);
	audit_check_copy();
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'restored'"),
		0);
	audit_stop();
}
END_TEST

START_TEST(a_copy_that_others_have_changed_is_made_whole)
{
	audit_start(NOW);
	audit_put("list");
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	ck_assert_int_eq(truncate("audit.jsonl", 0), 0); /* as logrotate's copytruncate */
	audit_put("list");
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	ck_assert_int_eq(rename("audit.jsonl", "audit.jsonl.1"), 0);
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	audit_append("audit.jsonl", "{}\n");
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	audit_check_copy();
	ck_assert_int_eq(access("audit.jsonl.forked-1900000800", F_OK), 0);
	audit_stop();
}
END_TEST

START_TEST(without_a_file_there_is_no_copy)
{
	conf_free(here()->conf);
	here()->conf = fixture_conf("audit.file = \"\"\n");
	audit_start(NOW);
	audit_put("list");
	ck_ok(audit_copy(here()->audit, NOW, trouble()));
	ck_ok(audit_copy(NULL, NOW, trouble()));
	ck_assert_int_eq(access("audit.jsonl", F_OK), -1);
	audit_stop();
}
END_TEST

START_TEST(a_copy_that_cannot_be_written_is_an_error_with_its_name)
{
	conf_free(here()->conf);
	here()->conf = fixture_conf("audit.file = \"nowhere/audit.jsonl\"\n");
	ck_ok(store_open("orbl.db", &here()->store, trouble()));
	ck_assert_int_eq(audit_open(here()->conf, here()->store, NOW, &here()->audit, trouble()),
		ERR_IO);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "audit.file"));
	store_close(here()->store);
}
END_TEST

/* --- what the world is told ------------------------------------------------------- */

START_TEST(the_head_of_a_day_is_told_the_next_day)
{
	char head[AUDIT_HEAD_TEXT], wanted[AUDIT_HEAD_TEXT], hash[2 * AUDIT_HASH + 1];
	struct store_audit_head last;

	audit_start(NOW); /* 2030-03-17 17:20 */
	ck_ok(audit_daily_head(here()->store, NOW + 3600, head, trouble()));
	ck_assert_str_eq(head, "");
	ck_ok(store_audit_head(here()->store, &last, trouble()));
	audit_hex(last.hash, sizeof(last.hash), hash);
	snprintf(wanted, sizeof(wanted), "2030-03-17:2:%s", hash);
	ck_ok(audit_daily_head(here()->store, NOW + DAY, head, trouble()));
	ck_assert_str_eq(head, wanted);
	ck_ok(audit_daily_head(here()->store, NOW + 9 * DAY, head, trouble()));
	ck_assert_str_eq(head, wanted);
	audit_stop();
}
END_TEST

START_TEST(a_publication_is_recorded_with_the_hash_of_its_file)
{
	audit_start(NOW);
	scratch_write("list.snapshot", "abc", 3);
	ck_ok(audit_publication(here()->store, "./list.snapshot", 12, NOW, trouble()));
	/* printf abc | b2sum -l 256 */
	ck_assert_int_eq(store_count(here()->store,
				 "SELECT count(*) FROM audit WHERE action = 'publish'"
				 " AND host = 'serial 12' AND detail LIKE 'list.snapshot "
				 "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
				 ", from record 2 %'"),
		1);
	ck_assert_int_eq(audit_publication(here()->store, "none", 13, NOW, trouble()), ERR_IO);
	audit_stop();
}
END_TEST

/* --- verify ------------------------------------------------------------------------ */

START_TEST(pieces_of_any_size_are_the_same_log)
{
	char *bytes;
	size_t len;

	audit_start(NOW);
	for (int i = 0; i < 5; i++)
		audit_put("list");
	audit_stop();
	ck_ok(file_read("audit.jsonl", 1 << 20, &bytes, &len, trouble()));
	for (size_t piece = 1; piece < 400; piece += 7) {
		struct audit_verifier v = {.key_count = 0};

		for (size_t at = 0; at < len; at += piece)
			ck_assert(audit_verify_feed(&v,
				(struct text){bytes + at, len - at < piece ? len - at : piece}));
		ck_assert(audit_verify_end(&v));
		ck_assert_uint_eq(v.lines, 7);
		ck_assert_uint_eq(v.seq, 7);
	}
	free(bytes);
}
END_TEST

START_TEST(a_line_that_never_ends_is_found_wrong)
{
	struct audit_verifier v = {.key_count = 0};
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 100 && audit_verify_feed(&v, (struct text){bytes, sizeof(bytes)}); i++)
		;
	ck_assert_int_eq(v.fault, AUDIT_BAD_JSON);
	ck_assert(!audit_verify_end(&v));
}
END_TEST

START_TEST(a_head_is_found_where_it_is)
{
	char *bytes, hash[2 * AUDIT_HASH + 1], head[128];
	size_t len;

	audit_start(NOW);
	audit_stop();
	ck_ok(file_read("audit.jsonl", 1 << 20, &bytes, &len, trouble()));
	memcpy(hash, bytes + strlen("{\"hash\":\""), 2 * AUDIT_HASH);
	hash[2 * AUDIT_HASH] = '\0';
	for (int i = 0; i < 4; i++) {
		struct audit_verifier v = {.key_count = 0};

		snprintf(head, sizeof(head), "%s%s",
			i == 1         ? "2030-03-17:1:" :
				i == 2 ? "2030-03-17:2:" :
					 "",
			hash);
		if (i == 3)
			head[0] = head[0] == '0' ? '1' : '0';
		ck_assert_int_eq(audit_verify_want(&v, text_of(head)), OK);
		(void)audit_verify_feed(&v, (struct text){bytes, len});
		ck_assert_int_eq(audit_verify_end(&v), i < 2);
		ck_assert_int_eq(v.fault, i < 2 ? AUDIT_SOUND : AUDIT_NO_HEAD);
	}
	free(bytes);
}
END_TEST

START_TEST(a_head_is_written_in_two_ways)
{
	static const char *const bad[] = {"", "abc", "2030-03-17:1",
		":1:", "2030-03-17:0:", "2030-03-17:x:"};
	struct audit_verifier v = {.key_count = 0};

	for (size_t i = 0; i < ORBL_COUNT(bad); i++)
		ck_assert_int_eq(audit_verify_want(&v, text_of(bad[i])), ERR_SYNTAX);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const key[] = {the_key_is_made_once_and_for_its_owner_alone,
		a_key_that_others_may_read_or_that_is_none_is_refused, another_key_is_recorded};
	const TTest *const copy[] = {the_copy_has_what_the_store_has, what_is_torn_is_cut_off,
		a_copy_that_others_have_changed_is_made_whole, without_a_file_there_is_no_copy,
		a_copy_that_cannot_be_written_is_an_error_with_its_name};
	const TTest *const world[] = {the_head_of_a_day_is_told_the_next_day,
		a_publication_is_recorded_with_the_hash_of_its_file,
		pieces_of_any_size_are_the_same_log, a_line_that_never_ends_is_found_wrong,
		a_head_is_found_where_it_is, a_head_is_written_in_two_ways};
	Suite *s = suite_create("audit");

	suite_add_tcase(s, audit_tests("key", key, ORBL_COUNT(key)));
	suite_add_tcase(s, audit_tests("copy", copy, ORBL_COUNT(copy)));
	suite_add_tcase(s, audit_tests("world", world, ORBL_COUNT(world)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
