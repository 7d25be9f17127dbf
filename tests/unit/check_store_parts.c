#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_nomination.h>
#include <orbl/store_probe.h>

#include <xxhash.h>

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
	return (struct store_part){"mx1", "mail.log", NOW, 1, d, {.lines = 5, .denials = 1}, 0};
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
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM submission WHERE committed = 1"
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
	char sql[4096];

	commit_submission(s, id);
	store_close(s);
	/* Of "line one" of reporter 1; one that is older; and one that never counted. */
	snprintf(sql, sizeof(sql),
		"DROP TABLE position;" STORE_SEEN_2 STORE_PROBE_3
		"INSERT INTO submission (id, reporter, file, received_s) VALUES (2, 1, 'f', 1);"
		"INSERT INTO seen VALUES (%lld, 1, %d), (77, 1, %d), (%lld, 2, 1);"
		"PRAGMA user_version = 2",
		(long long)XXH3_64bits_withSeed("line one", 8, 1), NOW, NOW - 9 * HOUR,
		(long long)XXH3_64bits_withSeed("line two", 8, 1));
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
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen_2"), 0);
	s = reopen_store(s);
	ck_assert_int_eq(s->old_hashes_s, 0);
	store_close(s);
}
END_TEST

/* A line from the future is known when it comes again, and is not kept for ever. */
START_TEST(lines_to_come_are_forgotten_too)
{
	struct store *s = open_store();
	struct store_denial d = {.submission = begin_submission(s, "mx1"), /* received NOW */
		.host = fixture_address("192.0.2.1"),
		.time_s = NOW,
		.said_s = INT64_C(250000000000),
		.count = 1,
		.raw = TEXT("in the year 9892")};
	uint64_t duplicates = 0;
	int64_t id;

	ck_ok(store_denials_add(s, &d, 1, &duplicates, trouble()));
	commit_submission(s, d.submission);
	d.time_s = NOW + HOUR;
	d.submission = begin_submission(s, "mx1");
	ck_ok(store_denials_add(s, &d, 1, &duplicates, trouble()));
	ck_assert_uint_eq(duplicates, 1);
	ck_ok(store_evidence_prune(s, NOW, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen"), 1);
	ck_ok(store_submission_begin(s, "mx1", "later", NOW + 10, &id, trouble()));
	ck_ok(store_evidence_prune(s, NOW + 5, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen"), 0);
	store_close(s);
}
END_TEST

/* Whose evidence had brought a probe about was not kept; it is found again. */
START_TEST(a_store_of_the_fourth_version_keeps_whom_to_trust)
{
	struct store *s = open_store();
	struct store_record record;
	uint64_t open_probe, closed_probe;
	int64_t mx1 = begin_submission(s, "mx1"), mx2 = begin_submission(s, "mx2");

	ck_assert(add_denial(s, mx1, "192.0.2.1", NOW - HOUR, "one"));
	ck_assert(add_denial(s, mx1, "192.0.2.2", NOW - HOUR, "two"));
	ck_assert(add_denial(s, mx1, "192.0.2.3", NOW - HOUR, "three"));
	ck_assert(add_denial(s, mx2, "192.0.2.1", NOW - 31 * 24 * HOUR, "too old"));
	ck_assert(add_denial(s, mx2, "192.0.2.2", NOW + HOUR, "too late"));
	(void)commit_submission(s, mx1);
	(void)commit_submission(s, mx2);
	open_probe = queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);
	closed_probe = queue_probe(s, "192.0.2.2", CAUSE_NOMINATION);
	(void)queue_probe(s, "192.0.2.3", CAUSE_NOMINATION);
	ck_ok(store_probe_finish(s, open_probe, "open", "it came back", "{}", NOW + 9, trouble()));
	ck_ok(store_probe_finish(s, closed_probe, "closed", "refused", "{}", NOW + 9, trouble()));
	store_close(s);
	ck_assert(!store_is_older("orbl.db"));
	ck_assert(!store_is_older("none.db"));
	store_meddle(STORE_4 "PRAGMA user_version = 4");
	ck_assert(store_is_older("orbl.db"));
	ck_assert(store_is_older("orbl.db"));
	s = open_store();
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM nomination"), 2);
	ck_ok(store_nomination_record(s, "mx1", NOW - HOUR, &record, trouble()));
	ck_assert_uint_eq(record.confirmed, 1);
	ck_assert_uint_eq(record.refuted, 1);
	ck_ok(store_nomination_record(s, "mx2", NOW - HOUR, &record, trouble()));
	ck_assert_uint_eq(record.confirmed + record.refuted, 0);
	store_close(s);
	ck_assert(!store_is_older("orbl.db"));
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const parts[] = {identity_and_recipient_make_a_denial,
		a_large_batch_is_gathered, a_part_counts_at_once_and_goes_on,
		a_position_is_kept_with_its_part, a_store_of_the_second_version_is_taken_over,
		a_store_of_the_fourth_version_keeps_whom_to_trust, lines_to_come_are_forgotten_too};
	Suite *s = suite_create("store_parts");

	suite_add_tcase(s, store_tests("parts", parts, ORBL_COUNT(parts)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
