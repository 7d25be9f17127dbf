#include "store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_new_file_is_made_and_read_again)
{
	struct store *s = open_store();
	struct store_totals t;

	ck_ok(store_totals(s, &t, trouble()));
	ck_assert_uint_eq(t.reporters + t.submissions + t.hosts + t.probes_waiting + t.probes_done +
			t.listings + t.serial,
		0);
	commit_submission(s, begin_submission(s, "mx1"));
	s = reopen_store(s);
	ck_ok(store_totals(s, &t, trouble()));
	ck_assert_uint_eq(t.reporters, 1);
	ck_assert_uint_eq(t.submissions, 1);
	store_close(s);
	store_close(NULL);
}
END_TEST

START_TEST(a_transaction_is_kept_or_undone_as_a_whole)
{
	struct store *s = open_store();

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s,
		&(struct store_audit){.time_s = NOW,
			.action = "kept",
			.subject = NULL,
			.detail = ""},
		trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s,
		&(struct store_audit){.time_s = NOW,
			.action = "undone",
			.subject = "192.0.2.1",
			.detail = ""},
		trouble()));
	store_rollback(s);
	store_rollback(s); /* nothing is open: nothing happens */
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 1);
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'kept'"
				 " AND coalesce(host, '') = '' AND time_s = 1900000800"),
		1);
	store_close(s);
}
END_TEST

/* 2 is FULL: the next acknowledgement must wait for the disk, whatever came before. */
START_TEST(lazy_commits_do_not_stay_lazy)
{
	struct store *s = open_store();

	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
	ck_ok(store_begin_lazily(s, trouble()));
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 1);
	ck_ok(store_commit(s, trouble()));
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
	ck_ok(store_begin_lazily(s, trouble()));
	store_rollback(s);
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
	ck_ok(store_begin_lazily(s, trouble()));
	/* As SQLite may do itself on a full disk. */
	ck_assert_int_eq(sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	store_rollback(s);
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
	ck_ok(store_begin(s, trouble()));
	ck_assert_int_ne(store_begin_lazily(s, trouble()), OK); /* one is open */
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
	store_close(s);
}
END_TEST

START_TEST(an_uncommitted_submission_is_gone_after_reopening)
{
	struct store *s = open_store();
	int64_t kept = begin_submission(s, "mx1"), lost = begin_submission(s, "mx1");

	ck_assert(add_denial(s, kept, "192.0.2.1", NOW, "line one"));
	ck_assert(add_denial(s, lost, "192.0.2.2", NOW, "line two"));
	commit_submission(s, kept);
	ck_assert_uint_eq(facts_of(s, "192.0.2.2", 0, 9).count, 0); /* does not count yet */
	s = reopen_store(s);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM submission"), 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM evidence"), 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen"), 1);
	ck_assert_uint_eq(pending(s), 1);
	/* Its lines may be submitted again, those that counted not; ids are not used twice. */
	kept = begin_submission(s, "mx1");
	ck_assert_int_gt(kept, lost);
	ck_assert(add_denial(s, kept, "192.0.2.2", NOW, "line two"));
	ck_assert(!add_denial(s, kept, "192.0.2.1", NOW, "line one"));
	store_close(s);
}
END_TEST

START_TEST(a_killed_process_leaves_what_it_committed)
{
	struct store *s;
	pid_t child = fork();
	int status;

	if (child == 0) {
		s = open_store();
		int64_t id = begin_submission(s, "mx1");
		add_denial(s, id, "192.0.2.1", NOW, "line one");
		commit_submission(s, id);
		id = begin_submission(s, "mx1");
		add_denial(s, id, "192.0.2.2", NOW, "line two");
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	s = open_store();
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM evidence"), 1);
	store_close(s);
}
END_TEST

START_TEST(a_line_counts_once_for_a_reporter)
{
	struct store *s = open_store();
	int64_t first = begin_submission(s, "mx1"), other = begin_submission(s, "mx2"), again;

	ck_assert(add_denial(s, first, "192.0.2.1", NOW, "line one"));
	ck_assert(!add_denial(s, first, "192.0.2.1", NOW, "line one"));
	ck_assert(add_denial(s, first, "192.0.2.1", NOW, "line one "));
	ck_assert(add_denial(s, other, "192.0.2.1", NOW, "line one")); /* another reporter */
	commit_submission(s, first);
	commit_submission(s, other);
	again = begin_submission(s, "mx1");
	ck_assert(!add_denial(s, again, "192.0.2.1", NOW, "line one"));
	ck_assert_uint_eq(commit_submission(s, again).hosts, 0);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 2);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).facts[0].denials, 2);
	store_close(s);
}
END_TEST

/* What is acknowledged as a duplicate must not vanish with the submission that had it first. */
START_TEST(a_line_of_a_submission_that_does_not_count_is_no_duplicate)
{
	struct store *s = open_store();
	int64_t doomed = begin_submission(s, "mx1"), good = begin_submission(s, "mx1");

	ck_assert(add_denial(s, doomed, "192.0.2.1", NOW, "line one"));
	ck_assert(add_denial(s, good, "192.0.2.1", NOW, "line one"));
	ck_assert(!add_denial(s, good, "192.0.2.1", NOW, "line one"));
	commit_submission(s, good);
	ck_ok(store_submission_abort(s, doomed, trouble()));
	s = reopen_store(s);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	good = begin_submission(s, "mx1");
	ck_assert(!add_denial(s, good, "192.0.2.1", NOW, "line one"));
	store_close(s);
}
END_TEST

START_TEST(an_aborted_submission_leaves_nothing)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");

	ck_assert(add_denial(s, id, "192.0.2.1", NOW, "line one"));
	ck_ok(store_submission_abort(s, id, trouble()));
	ck_ok(store_submission_abort(s, id, trouble()));
	ck_assert_int_eq(store_count(s,
				 "SELECT (SELECT count(*) FROM evidence)"
				 " + (SELECT count(*) FROM seen) + (SELECT count(*) FROM "
				 "submission)"),
		0);
	ck_assert_uint_eq(pending(s), 0);
	store_close(s);
}
END_TEST

START_TEST(evidence_is_gathered_by_hour_reporter_and_kind)
{
	struct store *s = open_store();
	int64_t first = begin_submission(s, "mx1"), second = begin_submission(s, "mx1"),
		other = begin_submission(s, "mx2");
	struct store_denial d = {.submission = first,
		.host = fixture_address("192.0.2.1"),
		.time_s = NOW + HOUR - 1,
		.kind = 2,
		.count = 5,
		.line = 9,
		.raw = TEXT("cut"),
		.rule = "RelayDenyList"};
	struct seen seen;

	add_denial(s, first, "192.0.2.1", NOW, "a");
	add_denial(s, first, "192.0.2.1", NOW + HOUR - 1, "b");
	add_denial(s, first, "192.0.2.1", NOW + HOUR, "c");
	/* One hour in two submissions is one fact. */
	add_denial(s, second, "192.0.2.1", NOW + 1, "d");
	add_denial(s, other, "192.0.2.1", NOW, "a");
	add_denial(s, other, "192.0.2.9", NOW, "z");
	ck_ok(store_denials_add(s, &d, 1, NULL, trouble()));
	ck_assert_uint_eq(commit_submission(s, first).hosts, 1);
	commit_submission(s, second);
	ck_assert_uint_eq(commit_submission(s, other).hosts, 2);

	seen = facts_of(s, "192.0.2.1", 0, 16);
	ck_assert_uint_eq(seen.count, 4);
	ck_assert_int_eq(seen.facts[0].hour_s, NOW + HOUR); /* the newest first */
	ck_assert_str_eq(seen.facts[0].raw, "c");
	ck_assert_str_eq(seen.facts[1].reporter, "mx1");
	ck_assert_uint_eq(seen.facts[1].denials, 3);
	ck_assert_str_eq(seen.facts[1].raw, "a"); /* the first of them */
	ck_assert_int_eq(seen.facts[1].submission, first);
	ck_assert_uint_eq(seen.facts[1].line, 7);
	ck_assert_str_eq(seen.facts[1].file, "mail.log");
	ck_assert_str_eq(seen.facts[1].rule, "(none)");
	ck_assert_uint_eq(seen.facts[2].kind, 2);
	ck_assert_uint_eq(seen.facts[2].denials, 5);
	ck_assert_str_eq(seen.facts[2].rule, "RelayDenyList");
	ck_assert_str_eq(seen.facts[3].reporter, "mx2");

	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 2).count, 2);
	/* An hour that has not quite ended at since_s is young enough. */
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", NOW + HOUR - 1, 16).count, 4);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", NOW + HOUR, 16).count, 1);
	ck_assert_uint_eq(facts_of(s, "192.0.2.2", 0, 16).count, 0);
	store_close(s);
}
END_TEST

START_TEST(a_walk_ends_with_the_code_of_its_callback)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.1");
	struct seen seen = {.answer = ERR_FULL};
	int64_t id = begin_submission(s, "mx1");

	for (int i = 0; i < 4; i++)
		add_denial(s, id, "192.0.2.1", NOW + i * HOUR, (char[2]){(char)('a' + i), '\0'});
	commit_submission(s, id);
	ck_assert_int_eq(store_facts(s, &host, 0, 16, on_fact, &seen, trouble()), ERR_FULL);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 16).count, 4);
	ck_ok(store_begin(s, trouble())); /* the walk holds nothing open */
	ck_ok(store_commit(s, trouble()));
	store_close(s);
}
END_TEST

START_TEST(hostile_lines_are_stored_printable_and_bounded)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	char raw[70000];
	struct store_denial d = {.submission = id,
		.host = fixture_address("2001:db8::1"),
		.time_s = NOW,
		.count = UINT32_MAX,
		.line = UINT64_MAX >> 1,
		.raw = {raw, sizeof(raw)}};
	struct seen seen;

	memset(raw, '\'', sizeof(raw));
	memcpy(raw, "\0\n\x1b[2J\xff", 7);
	ck_ok(store_denials_add(s, &d, 1, NULL, trouble()));
	commit_submission(s, id);
	seen = facts_of(s, "2001:db8::1", 0, 9);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_uint_eq(strlen(seen.facts[0].raw), 1999);
	ck_assert_int_eq(strncmp(seen.facts[0].raw, "???[2J?''", 9), 0);
	ck_assert_uint_eq(seen.facts[0].denials, UINT32_MAX);
	ck_assert_uint_eq(seen.facts[0].line, UINT64_MAX >> 1);
	store_close(s);
}
END_TEST

START_TEST(hosts_wait_until_they_are_evaluated)
{
	struct store *s = open_store();
	struct addr hosts[16], host = fixture_address("192.0.2.2");
	int64_t id = begin_submission(s, "mx1");
	size_t count;

	add_denial(s, id, "192.0.2.1", NOW, "a");
	add_denial(s, id, "192.0.2.2", NOW, "b");
	add_denial(s, id, "2001:db8::1", NOW, "c");
	ck_assert_uint_eq(pending(s), 0);
	ck_assert_uint_eq(commit_submission(s, id).hosts, 3);
	ck_ok(store_hosts_pending(s, hosts, 2, &count, trouble()));
	ck_assert_uint_eq(count, 2);
	s = reopen_store(s);
	ck_assert_uint_eq(pending(s), 3);
	ck_ok(store_host_evaluated(s, &host, trouble()));
	ck_assert_uint_eq(pending(s), 2);
	id = begin_submission(s, "mx2");
	add_denial(s, id, "192.0.2.2", NOW, "b");
	commit_submission(s, id);
	ck_assert_uint_eq(pending(s), 3);
	store_close(s);
}
END_TEST

START_TEST(old_evidence_is_forgotten)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");

	add_denial(s, id, "192.0.2.1", NOW - 3 * HOUR, "old");
	add_denial(s, id, "192.0.2.1", NOW, "new");
	commit_submission(s, id);
	ck_ok(store_evidence_prune(s, NOW - HOUR, trouble()));
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen"), 1);
	id = begin_submission(s, "mx1");
	ck_assert(!add_denial(s, id, "192.0.2.1", NOW, "new"));
	store_close(s);
}
END_TEST

START_TEST(a_reporter_is_known_in_any_case)
{
	struct store *s = open_store();
	char name[65];

	ck_ok(store_reporter_spelling(s, "MX1", name, sizeof(name), trouble()));
	ck_assert_str_eq(name, "MX1");
	begin_submission(s, "mx1");
	ck_ok(store_reporter_spelling(s, "MX1", name, sizeof(name), trouble()));
	ck_assert_str_eq(name, "mx1");
	begin_submission(s, "MX1"); /* a store of before */
	ck_ok(store_reporter_spelling(s, "MX1", name, sizeof(name), trouble()));
	ck_assert_str_eq(name, "MX1");
	ck_ok(store_reporter_spelling(s, "mx1.", name, sizeof(name), trouble()));
	ck_assert_str_eq(name, "mx1.");
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const evidence[] = {a_new_file_is_made_and_read_again,
		a_transaction_is_kept_or_undone_as_a_whole, lazy_commits_do_not_stay_lazy,
		an_uncommitted_submission_is_gone_after_reopening,
		a_killed_process_leaves_what_it_committed, a_line_counts_once_for_a_reporter,
		a_line_of_a_submission_that_does_not_count_is_no_duplicate,
		an_aborted_submission_leaves_nothing,
		evidence_is_gathered_by_hour_reporter_and_kind,
		a_walk_ends_with_the_code_of_its_callback,
		hostile_lines_are_stored_printable_and_bounded, hosts_wait_until_they_are_evaluated,
		old_evidence_is_forgotten, a_reporter_is_known_in_any_case};
	Suite *s = suite_create("store_evidence");

	suite_add_tcase(s, store_tests("evidence", evidence, ORBL_COUNT(evidence)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
