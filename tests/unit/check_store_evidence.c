#include "store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xxhash.h>

struct seen {
	size_t count;
	struct {
		char reporter[64], file[64], raw[2100], rule[64];
		unsigned kind;
		int64_t hour_s, submission;
		uint32_t denials;
		uint64_t line;
	} facts[16];
	enum err answer; /* given from the second fact on */
};

static enum err
on_fact(const struct store_fact *f, void *context)
{
	struct seen *seen = context;
	size_t i = seen->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(seen->facts));
	snprintf(seen->facts[i].reporter, sizeof(seen->facts[i].reporter), "%s", f->reporter);
	snprintf(seen->facts[i].file, sizeof(seen->facts[i].file), "%s", f->file);
	snprintf(seen->facts[i].raw, sizeof(seen->facts[i].raw), "%s", f->raw);
	snprintf(seen->facts[i].rule, sizeof(seen->facts[i].rule), "%s",
		f->rule != NULL ? f->rule : "(none)");
	seen->facts[i].kind = f->kind;
	seen->facts[i].hour_s = f->hour_s;
	seen->facts[i].submission = f->submission;
	seen->facts[i].denials = f->count;
	seen->facts[i].line = f->line;
	return seen->count > 1 ? seen->answer : OK;
}

static struct seen
facts_of(struct store *s, const char *host, int64_t since_s, size_t max)
{
	struct addr a = fixture_address(host);
	struct seen seen = {.count = 0};

	ck_ok(store_facts(s, &a, since_s, max, on_fact, &seen, trouble()));
	return seen;
}

static size_t
pending(struct store *s)
{
	struct addr hosts[16];
	size_t count;

	ck_ok(store_hosts_pending(s, hosts, ORBL_COUNT(hosts), &count, trouble()));
	return count;
}

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
	ck_ok(store_audit_add(s, NOW, "kept", NULL, "", trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s, NOW, "undone", "192.0.2.1", "", trouble()));
	store_rollback(s);
	store_rollback(s); /* nothing is open: nothing happens */
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM audit"), 1);
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM audit WHERE action = 'kept'"
				 " AND host IS NULL AND time_s = 1900000800"),
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

/* A trace of the dialogue may refuse two in one millisecond with the same words. */
START_TEST(identity_and_recipient_make_a_denial)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	struct store_denial d[] = {
		{.raw = TEXT("550 no"), .recipient = TEXT("a@b.example")},
		{.raw = TEXT("550 no"), .recipient = TEXT("c@b.example")},
		{.raw = TEXT("550 no"), .recipient = TEXT("a@b.example")},
		{.raw = TEXT("550 no")},
		{.raw = TEXT("550 no!"), .identity = TEXT("550"), .recipient = TEXT("a@b.example")},
		{.raw = TEXT("550 no?"), .identity = TEXT("550"), .recipient = TEXT("a@b.example")},
		{.raw = TEXT("550"), .recipient = TEXT("a@b.example")},
	};
	uint64_t duplicates = 0;

	for (size_t i = 0; i < ORBL_COUNT(d); i++) {
		d[i].submission = id;
		d[i].host = fixture_address("192.0.2.1");
		d[i].time_s = NOW;
		d[i].count = 1;
		d[i].line = i + 1;
	}
	ck_ok(store_denials_add(s, d, ORBL_COUNT(d), &duplicates, trouble()));
	ck_assert_uint_eq(duplicates, 3);
	commit_submission(s, id);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).facts[0].denials, 4);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).facts[0].line, 1);
	store_close(s);
}
END_TEST

/* However they are sorted for the file, the first line of a fact is the one that is kept. */
START_TEST(a_large_batch_is_gathered)
{
	static char raws[3000][32];
	static struct store_denial d[3000];
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	uint64_t duplicates = 0;
	char host[32];

	for (size_t i = 0; i < ORBL_COUNT(d); i++) {
		snprintf(raws[i], sizeof(raws[i]), "line %zu", i % 2900);
		snprintf(host, sizeof(host), "10.0.0.%zu", i % 7);
		d[i] = (struct store_denial){.submission = id,
			.host = fixture_address(host),
			.time_s = NOW + (int64_t)(i % 2) * HOUR,
			.count = 2,
			.line = i + 1,
			.raw = text_of(raws[i])};
	}
	ck_ok(store_denials_add(s, d, ORBL_COUNT(d), &duplicates, trouble()));
	ck_assert_uint_eq(duplicates, 200);
	ck_assert_uint_eq(commit_submission(s, id).hosts, 7);
	ck_assert_int_eq(store_count(s, "SELECT sum(count) FROM evidence"), 5800);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM evidence"), 14);
	ck_assert_uint_eq(facts_of(s, "10.0.0.3", 0, 9).facts[0].line, 4);
	ck_assert_str_eq(facts_of(s, "10.0.0.3", 0, 9).facts[0].raw, "line 3");
	store_close(s);
}
END_TEST

/* --- logs that go on ----------------------------------------------------- */

static struct store_part
part_of(struct store_denial *d, const char *host, const char *raw)
{
	*d = (struct store_denial){.host = fixture_address(host),
		.time_s = NOW,
		.count = 1,
		.line = 1,
		.raw = text_of(raw)};
	return (struct store_part){"mx1", "mail.log", NOW, 1, d, {.lines = 5, .denials = 1}};
}

static void
add_part(struct store *s, struct store_part *part)
{
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_part_add(s, part, trouble()));
	ck_ok(store_commit(s, trouble()));
}

START_TEST(a_part_counts_at_once_and_goes_on)
{
	struct store *s = open_store();
	struct store_denial d;
	struct store_part part = part_of(&d, "192.0.2.1", "one");
	struct addr host = fixture_address("192.0.2.1");
	int64_t id;

	add_part(s, &part);
	id = part.totals.id;
	ck_assert_int_gt(id, 0);
	ck_assert_uint_eq(part.totals.hosts, 1);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	ck_assert_uint_eq(pending(s), 1);
	ck_ok(store_host_evaluated(s, &host, trouble()));
	part = part_of(&d, "192.0.2.2", "two");
	part.totals.id = id;
	add_part(s, &part);
	ck_assert_uint_eq(pending(s), 1); /* the new one alone */
	part = part_of(&d, "192.0.2.2", "one");
	part.totals.id = id;
	add_part(s, &part);
	ck_assert_uint_eq(part.totals.duplicates, 1);
	ck_assert_uint_eq(part.totals.hosts, 0);
	s = reopen_store(s);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM submission WHERE committed = 1"
					" AND lines = 15 AND denials = 3 AND duplicates = 1"),
		1);
	store_close(s);
}
END_TEST

static void
assert_position(struct store *s, const char *reporter, const char *source, const char *wanted)
{
	char *json;

	ck_ok(store_position(s, reporter, source, &json, trouble()));
	ck_assert_str_eq(json != NULL ? json : "(none)", wanted);
	free(json);
}

START_TEST(a_position_is_kept_with_its_part)
{
	struct store *s = open_store();
	struct store_denial d;
	struct store_part part = part_of(&d, "192.0.2.1", "one");

	assert_position(s, "mx1", "a", "(none)");
	ck_ok(store_position_put(s, "mx1", "a", "{}", NOW, trouble()));
	ck_ok(store_position_put(s, "mx1", "b", "7", NOW, trouble()));
	ck_ok(store_position_put(s, "mx2", "a", "[1]", NOW, trouble()));
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_part_add(s, &part, trouble()));
	ck_ok(store_position_put(s, "mx1", "a", "{\"offset\":1}", NOW, trouble()));
	store_rollback(s);
	assert_position(s, "mx1", "a", "{}");
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 0);
	part = part_of(&d, "192.0.2.1", "one");
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_part_add(s, &part, trouble()));
	ck_ok(store_position_put(s, "mx1", "a", "{\"offset\":2}", NOW, trouble()));
	ck_ok(store_commit(s, trouble()));
	s = reopen_store(s);
	assert_position(s, "mx1", "a", "{\"offset\":2}");
	assert_position(s, "mx1", "b", "7");
	assert_position(s, "mx2", "a", "[1]");
	assert_position(s, "mx3", "a", "(none)");
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	store_close(s);
}
END_TEST

/* Schema 2 had the hash of the line alone: what was counted then is not counted again. */
START_TEST(a_store_of_the_second_version_is_taken_over)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	char sql[256];

	commit_submission(s, id);
	store_close(s);
	/* Of "line one" of reporter 1; and one that is older. */
	snprintf(sql, sizeof(sql),
		"DROP TABLE position; INSERT INTO seen VALUES (%lld, 1, %d), (77, 1, %d);"
		"PRAGMA user_version = 2",
		(long long)XXH3_64bits_withSeed("line one", 8, 1), NOW, NOW - 9 * HOUR);
	store_meddle(sql);
	s = open_store();
	id = begin_submission(s, "mx1");
	ck_assert(!add_denial(s, id, "192.0.2.1", NOW, "line one"));
	ck_assert(add_denial(s, id, "192.0.2.1", NOW, "line two"));
	ck_assert(!add_denial(s, id, "192.0.2.1", NOW, "line two"));
	commit_submission(s, id);
	ck_ok(store_position_put(s, "mx1", "a", "{}", NOW, trouble()));
	s = reopen_store(s);
	id = begin_submission(s, "mx1");
	ck_assert(!add_denial(s, id, "192.0.2.1", NOW, "line one"));
	/* When the last of those hashes is pruned, nobody looks for them any more. */
	ck_ok(store_evidence_prune(s, NOW - HOUR, trouble()));
	ck_assert_int_eq(s->old_hashes_s, NOW);
	ck_ok(store_evidence_prune(s, NOW + 1, trouble()));
	ck_assert_int_eq(s->old_hashes_s, 0);
	s = reopen_store(s);
	ck_assert_int_eq(s->old_hashes_s, 0);
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
		old_evidence_is_forgotten, identity_and_recipient_make_a_denial,
		a_large_batch_is_gathered, a_part_counts_at_once_and_goes_on,
		a_position_is_kept_with_its_part, a_store_of_the_second_version_is_taken_over};
	Suite *s = suite_create("store_evidence");

	suite_add_tcase(s, store_tests("evidence", evidence, ORBL_COUNT(evidence)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
