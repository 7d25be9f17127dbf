#include "store_fixture.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, MANY = 1 << 20 };

static struct store_bounds
bounds(void)
{
	return (struct store_bounds){NOW, MANY, MANY, MANY, MANY};
}

static struct store_bounded
bound(struct store *s, struct store_bounds b)
{
	struct store_bounded out;

	ck_ok(store_bound(s, &b, &out, trouble()));
	return out;
}

/* Hours hours of a host, the first at NOW. */
static void
add_hours(struct store *s, const char *reporter, const char *host, int hours)
{
	int64_t id = begin_submission(s, reporter);
	char raw[64];

	for (int i = 0; i < hours; i++) {
		snprintf(raw, sizeof(raw), "%s %d", host, i);
		add_denial(s, id, host, NOW - i * HOUR, raw);
	}
	commit_submission(s, id);
}

/* --- evidence -------------------------------------------------------------- */

START_TEST(the_oldest_hours_of_all_give_way)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();
	struct store_bounded gone;

	add_hours(s, "mx1", "192.0.2.1", 10);
	add_hours(s, "mx1", "192.0.2.2", 5);
	gone = bound(s, b);
	ck_assert_uint_eq(gone.evidence, 0);
	b.total = 12;
	gone = bound(s, b);
	ck_assert_uint_eq(gone.evidence, 3);
	ck_assert(!gone.more);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 16).count, 7);
	ck_assert_uint_eq(facts_of(s, "192.0.2.2", 0, 16).count, 5);
	/* The number is kept, whatever comes and goes. */
	add_hours(s, "mx2", "192.0.2.1", 4);
	ck_assert_uint_eq(bound(s, b).evidence, 4);
	ck_ok(store_submission_abort(s, begin_submission(s, "mx1"), trouble()));
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		store_count(s, "SELECT count(*) FROM evidence"));
	ck_ok(store_evidence_prune(s, NOW, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		store_count(s, "SELECT count(*) FROM evidence"));
	store_close(s);
}
END_TEST

/* Denials of an hour that is there already are no further row. */
START_TEST(rows_are_counted_not_denials)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1"), dead;

	bound(s, bounds());
	add_denial(s, id, "192.0.2.1", NOW, "a");
	add_denial(s, id, "192.0.2.1", NOW + 1, "b");
	add_denial(s, id, "192.0.2.2", NOW + 1, "c");
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		2);
	dead = begin_submission(s, "mx1");
	add_denial(s, dead, "192.0.2.3", NOW, "d");
	ck_ok(store_submission_abort(s, dead, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		2);
	store_close(s);
}
END_TEST

START_TEST(the_oldest_hours_of_a_host_give_way)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.1");
	struct store_bounds b = bounds();

	add_hours(s, "mx1", "192.0.2.1", 10);
	add_hours(s, "mx2", "192.0.2.1", 4);
	add_hours(s, "mx1", "192.0.2.2", 12);
	b.per_host = 7;
	bound(s, b);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 16).count,
		14); /* not before it is looked at */
	ck_ok(store_host_evaluated(s, &host, trouble()));
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 16).count, 7);
	/* 4 hours of mx2, and of mx1 as many but one. */
	ck_assert_int_eq(facts_of(s, "192.0.2.1", 0, 16).facts[0].hour_s, NOW);
	ck_assert_int_eq(facts_of(s, "192.0.2.1", 0, 16).facts[6].hour_s, NOW - 3 * HOUR);
	ck_assert_uint_eq(facts_of(s, "192.0.2.2", 0, 16).count, 12);
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		19);
	store_close(s);
}
END_TEST

static size_t
facts_by(struct store *s, const char *reporter, const char *host)
{
	struct seen seen = facts_of(s, host, 0, 16);
	size_t n = 0;

	for (size_t i = 0; i < seen.count; i++)
		n += strcmp(seen.facts[i].reporter, reporter) == 0;
	return n;
}

/* As many submissions of a line each, all in the newest hour. */
static void
flood(struct store *s, const char *host, int submissions)
{
	char raw[64];

	for (int i = 0; i < submissions; i++) {
		int64_t id = begin_submission(s, "evil");

		snprintf(raw, sizeof(raw), "%s flood %d", host, i);
		add_denial(s, id, host, NOW, raw);
		commit_submission(s, id);
	}
}

START_TEST(a_flood_drives_nobody_elses_evidence_out_of_a_host)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.1");
	struct store_bounds b = bounds();

	b.per_host = 20;
	bound(s, b);
	add_hours(s, "mx1", "192.0.2.1", 5);
	add_hours(s, "mx2", "192.0.2.1", 3);
	flood(s, "192.0.2.1", 50);
	ck_ok(store_host_evaluated(s, &host, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM evidence"), 20);
	ck_assert_uint_eq(facts_by(s, "mx1", "192.0.2.1"), 5);
	ck_assert_uint_eq(facts_by(s, "mx2", "192.0.2.1"), 3);
	ck_assert_int_eq(store_count(s,
				 "SELECT min(submission) > 30 FROM evidence"
				 " WHERE submission IN (SELECT id FROM submission WHERE"
				 " reporter = (SELECT id FROM reporter WHERE name = 'evil'))"),
		1); /* the oldest of its own have gone */
	store_close(s);
}
END_TEST

START_TEST(a_flood_drives_nobody_elses_evidence_out_of_the_store)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();

	add_hours(s, "mx1", "192.0.2.1", 5);
	add_hours(s, "mx2", "192.0.2.2", 3);
	flood(s, "192.0.2.3", 50);
	b.total = 20;
	ck_assert_uint_eq(bound(s, b).evidence, 38);
	ck_assert_uint_eq(facts_by(s, "mx1", "192.0.2.1"), 5);
	ck_assert_uint_eq(facts_by(s, "mx2", "192.0.2.2"), 3);
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'evidence_rows'"),
		20);
	store_close(s);
}
END_TEST

/* --- dialogues ------------------------------------------------------------- */

static uint64_t
add_probe(struct store *s, const char *host, const char *result, int64_t finished_s)
{
	uint64_t id = queue_probe(s, host, CAUSE_NOMINATION);

	ck_ok(store_probe_finish(s, id, "closed", "it refused", result, finished_s, trouble()));
	return id;
}

static bool
has_result(struct store *s, uint64_t id)
{
	int64_t n;

	ck_ok(store_number(s, trouble(), &n,
		"SELECT count(*) FROM probe WHERE id = ? AND result IS NOT NULL", "i",
		(int64_t)id));
	return n != 0;
}

START_TEST(dialogues_of_a_host_are_bounded)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();
	uint64_t ids[6], other;

	for (int i = 0; i < 6; i++)
		ids[i] = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY + i);
	other = add_probe(s, "192.0.2.2", "{}", NOW - 100 * DAY);
	b.probes = 4;
	ck_assert_uint_eq(bound(s, b).results, 2);
	ck_assert(!has_result(s, ids[0]) && !has_result(s, ids[1]) && has_result(s, ids[2]));
	ck_assert(has_result(s, other));
	ck_assert_uint_eq(bound(s, b).results, 0);
	/* All but its dialogue is there. */
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM probe WHERE verdict = 'closed'"), 7);
	store_close(s);
}
END_TEST

/* Hosts are looked at a part at a time, and then from the first one again. */
START_TEST(each_host_has_its_turn_again)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();

	b.probes = 1;
	for (int i = 0; i < 3; i++) {
		add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
		add_probe(s, "192.0.2.2", "{}", NOW - 100 * DAY);
	}
	ck_assert_uint_eq(bound(s, b).results, 4);
	add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	ck_assert_uint_eq(bound(s, b).results, 0);
	ck_assert_uint_eq(bound(s, b).results, 1);
	store_close(s);
}
END_TEST

START_TEST(bytes_of_dialogues_are_bounded)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();
	char result[1001];
	uint64_t ids[5];

	memset(result, 'x', 1000);
	result[1000] = '\0';
	for (int i = 0; i < 5; i++)
		ids[i] = add_probe(s, "192.0.2.1", result, NOW - 100 * DAY);
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'result_bytes'"),
		5000);
	b.result_bytes = 3500;
	ck_assert_uint_eq(bound(s, b).results, 2);
	ck_assert(!has_result(s, ids[0]) && !has_result(s, ids[1]) && has_result(s, ids[2]));
	ck_assert_int_eq(store_count(s, "SELECT value FROM number WHERE name = 'result_bytes'"),
		3000);
	store_close(s);
}
END_TEST

START_TEST(what_something_rests_on_is_kept)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();
	uint64_t listed = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY), old, decided, late,
		 free, first, second;
	const struct store_listing l = {.prefix = fixture_prefix("192.0.2.1"),
		.category = CATEGORY_RELAY,
		.since_s = NOW,
		.expires_s = NOW + DAY,
		.probe = listed,
		.reason = "open"};
	char sql[400];

	ck_ok(store_listing_put(s, &l, trouble()));
	old = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	decided = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	late = add_probe(s, "192.0.2.1", "{}", NOW - DAY);
	first = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	second = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	free = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY);
	snprintf(sql, sizeof(sql),
		"INSERT INTO decision (time_s, host, kind, probe, inputs, result) VALUES"
		" (%d, '192.0.2.1', 'verdict', %d, '', ''), (%d, '192.0.2.1', 'verdict', %d, '', "
		"''),"
		" (%d, '192.0.2.1', 'verdict', %d, '', '');"
		"UPDATE probe SET parent = %d WHERE id = %d",
		NOW - 91 * DAY, (int)old, NOW - 89 * DAY, (int)decided, NOW - 80 * DAY, (int)second,
		(int)first, (int)second);
	store_meddle(sql);
	b.result_bytes = 1;
	b.probes = 1;
	ck_assert_uint_eq(bound(s, b).results, 2);
	ck_assert(has_result(s, listed) && has_result(s, decided) && has_result(s, late));
	ck_assert(has_result(s, first) && has_result(s, second)); /* both are of one decision */
	ck_assert(!has_result(s, old) && !has_result(s, free));
	store_close(s);
}
END_TEST

START_TEST(a_probe_under_way_has_nothing_to_lose)
{
	struct store *s = open_store();
	struct store_bounds b = bounds();

	queue_probe(s, "192.0.2.1", CAUSE_NOMINATION);
	b.probes = 0;
	b.result_bytes = 0;
	ck_assert_uint_eq(bound(s, b).results, 0);
	store_close(s);
}
END_TEST

START_TEST(old_decisions_go_but_of_listed_hosts)
{
	struct store *s = open_store();
	const struct store_listing l = {.prefix = fixture_prefix("192.0.2.1"),
		.category = CATEGORY_RELAY,
		.expires_s = NOW + DAY,
		.probe = add_probe(s, "192.0.2.1", "{}", NOW - 100 * DAY),
		.reason = "open"};
	char sql[400];

	ck_ok(store_listing_put(s, &l, trouble()));
	snprintf(sql, sizeof(sql),
		"INSERT INTO decision (time_s, host, kind, inputs, result) VALUES"
		" (%d, '192.0.2.1', 'verdict', '', ''), (%d, '192.0.2.2', 'verdict', '', ''),"
		" (%d, '192.0.2.2', 'verdict', '', '')",
		NOW - 91 * DAY, NOW - 91 * DAY, NOW - 89 * DAY);
	store_meddle(sql);
	(void)bound(s, bounds());
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM decision"), 2);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM decision WHERE id = 2"), 0);
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const evidence[] = {the_oldest_hours_of_all_give_way,
		rows_are_counted_not_denials, the_oldest_hours_of_a_host_give_way,
		a_flood_drives_nobody_elses_evidence_out_of_a_host,
		a_flood_drives_nobody_elses_evidence_out_of_the_store};
	const TTest *const dialogues[] = {dialogues_of_a_host_are_bounded,
		each_host_has_its_turn_again, bytes_of_dialogues_are_bounded,
		what_something_rests_on_is_kept, a_probe_under_way_has_nothing_to_lose,
		old_decisions_go_but_of_listed_hosts};
	Suite *s = suite_create("store_bound");

	suite_add_tcase(s, store_tests("evidence", evidence, ORBL_COUNT(evidence)));
	suite_add_tcase(s, store_tests("dialogues", dialogues, ORBL_COUNT(dialogues)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
