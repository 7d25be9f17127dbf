/* Large purges: slice by slice, broken off, and after the death of an analyzer. */
#include "purger.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>

#include "analyzer_fixture.h"
#include "purge_part.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { HOSTS = 2 * PURGE_SLICE_HOSTS + 500 };

static struct analyzer a;
static int64_t now_s;

static int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n, sql, ""));
	return n;
}

/* HOSTS hosts that mx1 has named, who were found open by the probe that this brought about. */
static void
fill(void)
{
	char sql[3000];

	snprintf(sql, sizeof(sql),
		"INSERT INTO reporter (name, since_s) VALUES ('mx1', 1);"
		"INSERT INTO submission (reporter, file, received_s, committed, lines)"
		" VALUES (1, 'mail.log', %lld, 1, 1);"
		"CREATE TEMP TABLE h AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1"
		"  FROM c WHERE i < %d) SELECT i, '10.9.' || (i / 256) || '.' || (i %% 256) AS a"
		"  FROM c;"
		"INSERT INTO probe (id, host, cause, queued_s, finished_s, verdict, started_s)"
		" SELECT i, a, 0, %lld, 5, 'open', 4 FROM h;"
		"INSERT INTO proof SELECT a, 0, a, i, 4000000000, 'it came back' FROM h;"
		"INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)"
		" SELECT a, 0, 5, 4000000000, i, 'it came back' FROM h;"
		"INSERT INTO host SELECT a, 3, 5, 0, 5, 0 FROM h;"
		"INSERT INTO nomination SELECT i, 1, 20 FROM h;"
		"INSERT INTO evidence (host, hour_s, submission, kind, count, line, raw)"
		" SELECT a, %lld, 1, 0, 3, i, 'denied' FROM h; DROP TABLE h",
		(long long)now_s, HOSTS, (long long)now_s, (long long)now_s);
	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_execute(a.store, sql, trouble()));
	ck_ok(store_commit(a.store, trouble()));
}

static void
set_up(void)
{
	scratch_enter();
	now_s = (int64_t)time(NULL);
	analyzer_open(&a, "probe.allow = {192.0.2.0/24, 10.0.0.0/8}\n");
	fill();
	log_open("check", LOG_LEVEL_ERROR);
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

#define LISTED   "SELECT count(*) FROM listing"
#define EVIDENCE "SELECT count(*) FROM evidence"
#define ALARMS   "SELECT count(*) FROM alarm WHERE kind = 'purge'"
#define RECORDS  "SELECT count(*) FROM audit WHERE action = 'purge' AND host = 'mx1'"

/* --- slices ------------------------------------------------------------------ */

static struct lister lister;
static const struct store_window window = {"mx1", 0, 0};

static struct purge
purge_of(bool is_dry)
{
	lister = (struct lister){.store = a.store,
		.rules = list_rules_of(a.conf),
		.now_s = now_s + 60};
	return (struct purge){.conf = a.conf,
		.lister = &lister,
		.reason = "its logs were forged",
		.author = "operator",
		.is_dry = is_dry,
		.permits = true};
}

/* Until something was taken out. */
static struct purge
begin(bool is_dry)
{
	struct purge p = purge_of(is_dry);
	bool more = true;

	ck_ok(purge_begin_reporter(&p, &window, true, trouble()));
	for (int i = 0; i < 10 && p.looked_at == 0; i++)
		ck_ok(purge_step(&p, &more, trouble()));
	ck_assert(more);
	ck_assert_uint_eq(p.looked_at, PURGE_SLICE_HOSTS);
	ck_assert_uint_eq(p.all, HOSTS);
	return p;
}

START_TEST(a_host_goes_as_a_whole_with_its_slice)
{
	struct purge p = begin(false);
	bool more = true;

	ck_assert_int_eq(number(LISTED), HOSTS - PURGE_SLICE_HOSTS);
	ck_assert_int_eq(number(EVIDENCE), HOSTS - PURGE_SLICE_HOSTS);
	ck_assert_int_eq(number("SELECT count(*) FROM listing WHERE prefix NOT IN"
				" (SELECT host FROM evidence)"),
		0);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'unlist'"),
		PURGE_SLICE_HOSTS);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), PURGE_SLICE_HOSTS);
	ck_assert_int_eq(number(ALARMS), 1);
	ck_assert_int_eq(number(RECORDS), 0);
	/* What is published meanwhile is not held. */
	ck_assert_int_eq(number("SELECT count(*) FROM number WHERE name LIKE '%permit%'"), 1);
	ck_ok(store_begin(a.store, trouble())); /* nothing is left open */
	store_rollback(a.store);
	while (more)
		ck_ok(purge_step(&p, &more, trouble()));
	purge_reset(&p);
	ck_assert_uint_eq(p.counts.proved, HOSTS);
	ck_assert_uint_eq(p.counts.evidence.hosts, HOSTS);
	ck_assert_uint_eq(p.counts.evidence.denials, 3 * HOSTS);
	ck_assert_uint_eq(p.counts.nominations, HOSTS);
	ck_assert_int_eq(number(LISTED), 0);
	ck_assert_int_eq(number(EVIDENCE), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination"), 0);
	ck_assert_int_eq(number(ALARMS), 0);
	ck_assert_int_eq(number(RECORDS), 1);
}
END_TEST

START_TEST(a_dry_run_finds_the_same_and_changes_nothing)
{
	int64_t records = number("SELECT count(*) FROM audit");
	struct purge p = begin(true);
	bool more = true;

	while (more)
		ck_ok(purge_step(&p, &more, trouble()));
	purge_reset(&p);
	ck_assert_uint_eq(p.counts.proved, HOSTS);
	ck_assert_uint_eq(p.counts.evidence.denials, 3 * HOSTS);
	ck_assert_uint_eq(p.counts.nominations, HOSTS);
	ck_assert_int_eq(number(LISTED), HOSTS);
	ck_assert_int_eq(number(EVIDENCE), HOSTS);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination"), HOSTS);
	ck_assert_int_eq(number("SELECT count(*) FROM audit"), records);
	ck_assert_int_eq(number(ALARMS), 0);
}
END_TEST

START_TEST(what_was_broken_off_is_done_by_the_same_again)
{
	struct purge p = begin(false);

	ck_ok(purge_break_off(&p, trouble()));
	purge_reset(&p);
	ck_assert_int_eq(number(ALARMS), 0);
	ck_assert_int_eq(number(RECORDS " AND detail LIKE 'broken off after 1000 of 2500, reporter,"
					" 3000 denials of 2500 hosts,%its logs were forged'"),
		1);
	p = purge_of(false);
	ck_ok(purge_reporter(&p, &window, true, trouble()));
	ck_assert_uint_eq(p.counts.evidence.hosts, HOSTS - PURGE_SLICE_HOSTS);
	ck_assert_int_eq(number(LISTED), 0);
	ck_assert_int_eq(number(EVIDENCE), 0);
	ck_assert_int_eq(number(RECORDS), 2);
}
END_TEST

START_TEST(one_that_has_died_says_so)
{
	struct purge p = begin(false);

	purge_reset(&p); /* as a death would leave it */
	ck_ok(purge_recover(a.store, now_s + 90, trouble()));
	ck_ok(purge_recover(a.store, now_s + 91, trouble()));
	ck_assert_int_eq(number(ALARMS " AND subject = 'mx1' AND text LIKE 'broken off, as the"
				       " analyzer ended%ordered by operator%its logs were forged'"),
		1);
	ck_assert_int_eq(number(RECORDS " AND detail LIKE 'broken off, as%'"), 1);
	p = purge_of(false);
	ck_ok(purge_reporter(&p, &window, true, trouble()));
	ck_assert_int_eq(number(LISTED), 0);
	ck_assert_int_eq(number(ALARMS), 0);
}
END_TEST

START_TEST(listings_of_a_cause_go_in_slices_too)
{
	const struct purge_cause cause = {.categories = 1U << CATEGORY_RELAY};
	struct purge p = purge_of(false);
	bool more = true;

	p.force = true;
	ck_ok(purge_begin_cause(&p, &cause, trouble()));
	ck_ok(purge_step(&p, &more, trouble()));
	ck_assert(more);
	ck_assert_int_eq(number(LISTED), HOSTS - PURGE_SLICE_HOSTS);
	/* What is made anew meanwhile is another listing. */
	number("UPDATE listing SET since_s = 7 WHERE prefix = (SELECT max(prefix) FROM listing)");
	while (more)
		ck_ok(purge_step(&p, &more, trouble()));
	purge_reset(&p);
	ck_assert_uint_eq(p.counts.listings, HOSTS - 1);
	ck_assert_int_eq(number(LISTED), 1);
}
END_TEST

/* --- in the event loop --------------------------------------------------------- */

static unsigned said;
static bool is_over;

static void
on_progress(uint64_t id, const char *text, bool done, void *context)
{
	(void)context;
	ck_assert_uint_eq(id, PURGER_NUMBER);
	ck_assert(done || strstr(text, " of 2500 hosts") != NULL || strstr(text, "looking"));
	said += !done;
	is_over = is_over || done;
	/* Nobody is nominated as long as half of the evidence is left. */
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE finished_s = 0"), 0);
}

static struct command_answer
run(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);
	struct command_answer answer;

	ck_assert_ptr_nonnull(json);
	answer = command_run(&a.context, &(struct command_request){json, "somebody", now_s});
	json_decref(json);
	return answer;
}

#define PURGE "{\"cmd\":\"purge\",\"reporter\":\"mx1\",\"reason\":\"forged\",\"with_proved\":true}"

static void
start(void)
{
	struct command_answer answer;

	said = 0;
	is_over = false;
	pipeline_observe(a.pipeline, on_progress, NULL);
	answer = run(PURGE);
	ck_assert_uint_eq(answer.follow, PURGER_NUMBER);
	ck_assert_ptr_null(json_object_get(answer.object, "ok"));
	json_decref(answer.object);
}

static void
assert_refused(const char *request)
{
	struct command_answer answer = run(request);
	const char *text = json_string_value(json_object_get(answer.object, "message"));

	ck_assert_uint_eq(answer.follow, 0);
	ck_assert_str_eq(json_string_value(json_object_get(answer.object, "error")), "refused");
	ck_assert_msg(strstr(text, "a purge of mx1, by somebody, is under way") != NULL, "%s",
		text);
	json_decref(answer.object);
}

START_TEST(a_large_purge_is_waited_for)
{
	json_t *answer;

	start();
	analyzer_add_denial(&a, "mx2", "10.1.1.1"); /* the first in their order */
	pipeline_wake(a.pipeline);
	for (int i = 0; i < 1000 && !is_over; i++) {
		assert_refused(PURGE);
		assert_refused("{\"cmd\":\"purge\",\"asn\":7,\"dry_run\":true}");
		ck_assert_int_ge(event_base_loop(a.base, EVLOOP_ONCE), 0);
	}
	ck_assert(is_over);
	ck_assert_uint_ge(said, 1);
	answer = command_followed(&a.context, PURGER_NUMBER, now_s);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "proved")), HOSTS);
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "goes")), HOSTS);
	json_decref(answer);
	ck_assert_int_eq(number(LISTED), 0);
	pipeline_observe(a.pipeline, NULL, NULL);
	analyzer_turn(&a);
	/* And from here on they are again. */
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE host = '10.1.1.1'"), 1);
}
END_TEST

START_TEST(it_ends_with_who_waits_for_it)
{
	struct command_answer answer;

	start();
	command_abandoned(&a.context, 0, now_s);
	command_abandoned(&a.context, 1, now_s);
	ck_assert(purger_is_busy(pipeline_purger(a.pipeline)));
	for (int i = 0; i < 100 && number(LISTED) == HOSTS; i++)
		ck_assert_int_ge(event_base_loop(a.base, EVLOOP_ONCE), 0);
	command_abandoned(&a.context, PURGER_NUMBER, now_s);
	pipeline_observe(a.pipeline, NULL, NULL);
	ck_assert(!purger_is_busy(pipeline_purger(a.pipeline)));
	analyzer_turn(&a);
	ck_assert_int_ne(number(LISTED), 0);
	ck_assert_int_eq(number(RECORDS " AND detail LIKE 'broken off after%'"), 1);
	ck_assert_int_eq(number(ALARMS), 0);
	answer = run("{\"cmd\":\"purge\",\"asn\":7,\"dry_run\":true}");
	ck_assert(json_is_true(json_object_get(answer.object, "ok")));
	json_decref(answer.object);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("purger");
	TCase *slices = tcase_create("slices"), *loop = tcase_create("loop");

	tcase_add_checked_fixture(slices, set_up, tear_down);
	tcase_add_checked_fixture(loop, set_up, tear_down);
	tcase_set_timeout(slices, 120);
	tcase_set_timeout(loop, 120);
	tcase_add_test(slices, a_host_goes_as_a_whole_with_its_slice);
	tcase_add_test(slices, a_dry_run_finds_the_same_and_changes_nothing);
	tcase_add_test(slices, what_was_broken_off_is_done_by_the_same_again);
	tcase_add_test(slices, one_that_has_died_says_so);
	tcase_add_test(slices, listings_of_a_cause_go_in_slices_too);
	tcase_add_test(loop, a_large_purge_is_waited_for);
	tcase_add_test(loop, it_ends_with_who_waits_for_it);
	suite_add_tcase(s, slices);
	suite_add_tcase(s, loop);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
