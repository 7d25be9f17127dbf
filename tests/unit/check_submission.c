#include "submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { HOUR = 3600 };

#define NOW INT64_C(1900000800) /* 2030-03-17T18:00:00Z */

#define DENIAL(time, client, rcpt)                                                                 \
	time " mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT from unknown[" client "]:"            \
	     " 454 4.7.1 <" rcpt ">: Relay access denied; from=<a@offers.example> to=<" rcpt ">"   \
	     " proto=ESMTP helo=<mail.client.example>\n"

static const char log_text[] =
	"2030-03-17T17:10:00+00:00 mx1 postfix/smtpd[804]: connect from "
	"unknown[192.0.2.1]\n" DENIAL("2030-03-17T17:10:01+00:00", "192.0.2.1",
		"x@freemail.example") DENIAL("2030-03-17T17:10:02+00:00", "192.0.2.1",
		"y@freemail.example") DENIAL("2030-03-17T17:10:02+00:00", "192.0.2.1",
		"y@freemail.example") DENIAL("2030-03-17T16:59:59+00:00", "198.51.100.7",
		"x@freemail.example") "2030-03-17T17:10:03+00:00 mx1 postfix/smtpd[804]: NOQUEUE: "
				      "reject: RCPT from"
				      " unknown[192.0.2.9]: 550 5.1.1 <nobody@example.org>: "
				      "Recipient address rejected: User"
				      " unknown in local recipient table; from=<> "
				      "to=<nobody@example.org> proto=SMTP"
				      " helo=<mail.client.example>\n"
				      "this is no log line\n" DENIAL("2030-03-17T17:10:04+00:00",
					      "2001:db8::25", "z@freemail.example");

static struct store *store;
static struct conf *conf;
static struct reporters *reporters;

static void
set_up_with(const char *policy)
{
	char lines[8192] = "", here[4000];

	scratch_enter();
	if (policy != NULL) {
		scratch_write("mx1.policy", policy, strlen(policy));
		ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
		snprintf(lines, sizeof(lines),
			"reporter mx1 {\n relay_policy = \"%s/mx1.policy\"\n}", here);
	}
	conf = fixture_conf(lines);
	ck_ok(reporters_load(conf, &reporters, trouble()));
	ck_ok(store_open("orbl.db", &store, trouble()));
}

static void
set_up(void)
{
	set_up_with(NULL);
}

static void
tear_down(void)
{
	store_close(store);
	reporters_free(reporters);
	conf_free(conf);
	scratch_leave();
}

static struct submission *
begin(const char *reporter)
{
	const struct submission_conf begin_conf = {.store = store,
		.reporters = reporters,
		.reporter = reporter,
		.file = "mail.log",
		.now_s = NOW};
	struct submission *s;

	ck_ok(submission_begin(&begin_conf, &s, trouble()));
	return s;
}

/* Submit in chunks of so many bytes; the summary. */
static json_t *
submit(const char *reporter, const char *text, size_t len, size_t chunk)
{
	struct submission *s = begin(reporter);
	json_t *summary;
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = len - at < chunk ? len - at : chunk;
		ck_ok(submission_feed(s, text + at, n, trouble()));
	}
	ck_ok(submission_finish(s, &summary, trouble()));
	submission_free(s);
	return summary;
}

static void
assert_counts(const json_t *summary, const char *const names[], const json_int_t *wanted,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(json_integer_value(json_object_get(summary, names[i])) == wanted[i],
			"%s is %lld, not %lld", names[i],
			json_integer_value(json_object_get(summary, names[i])), wanted[i]);
}

static const char *const names[] = {"lines", "understood", "denials", "hosts", "duplicates",
	"drift", "rejections", "not_understood"};

static int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, sql, ""));
	return n;
}

static enum err
on_fact(const struct store_fact *f, void *context)
{
	int64_t *sum = context;

	sum[0]++;
	sum[1] += f->count;
	sum[2] = f->hour_s;
	return OK;
}

/* Hours with evidence about host, the denials in them, the oldest hour. */
static void
assert_facts(const char *host, int64_t hours, int64_t denials, int64_t oldest_s)
{
	struct addr a = fixture_address(host);
	int64_t sum[3] = {0};

	ck_ok(store_facts(store, &a, 0, 100, on_fact, sum, trouble()));
	ck_assert_int_eq(sum[0], hours);
	ck_assert_int_eq(sum[1], denials);
	ck_assert_int_eq(sum[2], oldest_s);
}

static void
assert_log_is_stored(const json_t *summary)
{
	const json_t *troubles = json_object_get(summary, "troubles");

	assert_counts(summary, names, (const json_int_t[]){8, 7, 5, 3, 1, 0, 1, 1},
		ORBL_COUNT(names));
	ck_assert_uint_eq(json_array_size(troubles), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(troubles, 0), "line")),
		7);
	assert_facts("192.0.2.1", 1, 2, NOW - HOUR);
	assert_facts("198.51.100.7", 1, 1, NOW - 2 * HOUR);
	assert_facts("2001:db8::25", 1, 1, NOW - HOUR);
	assert_facts("192.0.2.9", 0, 0, 0); /* another rejection is no evidence */
}

static const size_t chunks[] = {1, 7, 100, 333, 65536};

START_TEST(a_log_is_stored_however_it_is_cut)
{
	json_t *summary = submit("mx1", log_text, sizeof(log_text) - 1, chunks[_i]);

	assert_log_is_stored(summary);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1 AND lines = 8"
				" AND denials = 5 AND duplicates = 1 AND not_understood = 1"),
		1);
	json_decref(summary);
}
END_TEST

START_TEST(the_last_line_needs_no_end)
{
	json_decref(submit("mx1", log_text, sizeof(log_text) - 2, 65536));
	assert_facts("2001:db8::25", 1, 1, NOW - HOUR);
}
END_TEST

START_TEST(nothing_is_a_submission_too)
{
	json_t *summary = submit("mx1", "", 0, 1);

	assert_counts(summary, names, (const json_int_t[8]){0}, ORBL_COUNT(names));
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 1);
	json_decref(summary);
}
END_TEST

START_TEST(a_log_that_is_submitted_again_changes_nothing)
{
	json_t *summary;

	json_decref(submit("mx1", log_text, sizeof(log_text) - 1, 65536));
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 50);
	assert_counts(summary, names, (const json_int_t[]){8, 7, 5, 0, 5, 0, 1, 1},
		ORBL_COUNT(names));
	assert_facts("192.0.2.1", 1, 2, NOW - HOUR);
	json_decref(summary);
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
	assert_facts("192.0.2.1", 2, 4, NOW - HOUR);
}
END_TEST

START_TEST(a_date_to_come_is_stored_as_now)
{
	static const char late[] = DENIAL("2099-01-01T00:00:00+00:00", "192.0.2.1",
		"x@freemail.example");

	json_decref(submit("mx1", late, sizeof(late) - 1, 65536));
	assert_facts("192.0.2.1", 1, 1, NOW);
}
END_TEST

START_TEST(a_client_that_the_reporter_lets_relay_is_drift)
{
	json_t *summary;

	tear_down();
	set_up_with("relay_flags = 2\nrelay_allow = 192.0.2.0;255.255.255.0\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_counts(summary, names, (const json_int_t[]){8, 7, 5, 2, 0, 3, 1, 1},
		ORBL_COUNT(names));
	assert_facts("192.0.2.1", 0, 0, 0);
	assert_facts("198.51.100.7", 1, 1, NOW - 2 * HOUR);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE rule = 'default'"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM seen"), 2);
	json_decref(summary);
	/* Another reporter has another policy: none. */
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
	assert_facts("192.0.2.1", 1, 2, NOW - HOUR);
}
END_TEST

START_TEST(a_recipient_that_is_local_to_the_reporter_is_drift)
{
	json_t *summary;

	tear_down();
	set_up_with("relay_flags = 2\nlocal_domain = freemail.example\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_counts(summary, names, (const json_int_t[]){8, 7, 5, 0, 0, 5, 1, 1},
		ORBL_COUNT(names));
	json_decref(summary);
}
END_TEST

/* Denials of 10.0.0.0 and so on, one host each, at lines of their own. */
static void
feed_many(struct submission *s, int count)
{
	char line[512];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof(line),
			DENIAL("2030-03-17T17:10:01+00:00", "10.0.%d.%d", "%d@freemail.example"),
			i / 256, i % 256, i, i);
		ck_ok(submission_feed(s, line, strlen(line), trouble()));
	}
}

static void
assert_nothing_left(void)
{
	ck_assert_int_eq(number("SELECT (SELECT count(*) FROM evidence)"
				" + (SELECT count(*) FROM seen) + (SELECT count(*) FROM submission)"
				" + (SELECT count(*) FROM pending)"),
		0);
}

START_TEST(a_submission_that_is_not_finished_leaves_nothing)
{
	struct submission *s = begin("mx1");
	json_t *summary;

	ck_ok(submission_feed(s, log_text, sizeof(log_text) - 1, trouble()));
	feed_many(s, 9000); /* more than are kept in memory */
	ck_assert_int_gt(number("SELECT count(*) FROM evidence"), 0);
	submission_free(s);
	assert_nothing_left();
	submission_free(NULL);
	/* And takes no line with it. */
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_log_is_stored(summary);
	json_decref(summary);
}
END_TEST

/* The disk is full in the middle: the limit on pages is SQLite's own. */
START_TEST(a_failure_in_the_middle_leaves_nothing)
{
	struct submission *s = begin("mx1");
	char line[4096];
	enum err err = OK;
	json_t *summary;

	number("PRAGMA max_page_count = 60");
	for (int i = 0; err == OK; i++) {
		ck_assert_int_lt(i, 10000);
		snprintf(line, sizeof(line),
			DENIAL("2030-03-17T17:10:01+00:00", "192.0.2.%d",
				"%0300d@freemail.example"),
			i % 10, i, i);
		err = submission_feed(s, line, strlen(line), trouble());
	}
	ck_assert_int_eq(err, ERR_FULL);
	ck_assert_int_eq(trouble()->code, ERR_FULL);
	submission_free(s);
	number("PRAGMA max_page_count = 1000000");
	store_close(store);
	ck_ok(store_open("orbl.db", &store, trouble()));
	assert_nothing_left();
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_log_is_stored(summary);
	json_decref(summary);
}
END_TEST

START_TEST(rejections_are_told_by_kind)
{
	json_t *summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	const json_t *rejected = json_object_get(summary, "rejected");
	const char *kind;
	json_int_t sum = 0;
	json_t *count;

	json_object_foreach ((json_t *)(uintptr_t)rejected, kind, count) {
		ck_assert_str_ne(kind, "unknown");
		sum += json_integer_value(count);
	}
	ck_assert_int_eq(sum, 1);
	ck_assert(json_is_array(json_object_get(summary, "reasons")));
	json_decref(summary);
}
END_TEST

START_TEST(a_format_that_is_none_is_refused)
{
	struct submission_conf c = {.store = store,
		.reporters = reporters,
		.reporter = "mx1",
		.file = "f",
		.format = "nonsense",
		.now_s = NOW};
	struct submission *s;

	ck_assert_int_eq(submission_begin(&c, &s, trouble()), ERR_UNSUPPORTED);
	ck_assert_ptr_null(s);
	c.format = "postfix";
	ck_ok(submission_begin(&c, &s, trouble()));
	submission_free(s);
	assert_nothing_left();
}
END_TEST

/* --- logs that go on ----------------------------------------------------- */

static struct submission *
follow(const char *source)
{
	const struct text domains[] = {TEXT("a.example"), TEXT("b.example")};
	const struct submission_conf c = {.store = store,
		.reporters = reporters,
		.reporter = "mx1",
		.file = "mail.log",
		.goes_on = true,
		.source = source,
		.local_domain_count = 2,
		.local_domains = domains,
		.now_s = NOW};
	struct submission *s;

	ck_ok(submission_begin(&c, &s, trouble()));
	return s;
}

static void
feed(struct submission *s, const char *text)
{
	ck_ok(submission_feed(s, text, strlen(text), trouble()));
}

/* With a position of one number; 0: none. */
static json_t *
checkpoint(struct submission *s, int position)
{
	json_t *json = position != 0 ? json_integer(position) : NULL, *summary;

	ck_ok(submission_checkpoint(s, json, SUBMISSION_DURABLE, &summary, trouble()));
	json_decref(json);
	return summary;
}

static void
assert_position(const struct submission *s, json_int_t wanted)
{
	json_t *json;

	ck_ok(submission_position(s, &json, trouble()));
	ck_assert_int_eq(json_integer_value(json), wanted);
	ck_assert_int_eq(json_is_null(json), wanted == 0);
	json_decref(json);
}

#define ONE   DENIAL("2030-03-17T17:10:01+00:00", "192.0.2.1", "x@freemail.example")
#define TWO   DENIAL("2030-03-17T17:10:02+00:00", "192.0.2.2", "x@freemail.example")
#define THREE DENIAL("2030-03-17T17:10:03+00:00", "192.0.2.1", "x@freemail.example")

static int64_t
line_of(const char *host)
{
	struct addr a = fixture_address(host);
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, "SELECT line FROM evidence WHERE host = ?", "a", &a));
	return n;
}

START_TEST(a_part_counts_with_its_position)
{
	struct submission *s = follow("/var/log/mail.log");
	json_t *summary;

	assert_position(s, 0);
	feed(s, "2030-03-17T17:10:00+00:00 mx1 postfix/smtpd[804]: connect from x[192.0.2.1]\n");
	feed(s, ONE);
	assert_facts("192.0.2.1", 0, 0, 0);
	summary = checkpoint(s, 5);
	ck_assert_uint_eq(submission_waiting(s), 0);
	assert_counts(summary, names, (const json_int_t[]){2, 2, 1, 1, 0, 0, 0, 0},
		ORBL_COUNT(names));
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	assert_position(s, 5);
	json_decref(summary);
	feed(s, "no log line\n" TWO ONE);
	summary = checkpoint(s, 6);
	assert_counts(summary, names, (const json_int_t[]){3, 2, 2, 1, 1, 0, 0, 1},
		ORBL_COUNT(names));
	ck_assert_int_eq(line_of("192.0.2.2"), 4); /* numbers go on */
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_array_get(json_object_get(summary, "troubles"), 0), "line")),
		3);
	json_decref(summary);
	feed(s, THREE); /* not acknowledged */
	submission_free(s);
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	s = follow("/var/log/mail.log");
	assert_position(s, 6);
	submission_free(s);
	s = follow("other");
	assert_position(s, 0);
	submission_free(s);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1 AND lines = 5"
				" AND denials = 3 AND duplicates = 1"),
		1);
}
END_TEST

START_TEST(parts_without_news_make_no_submission)
{
	struct submission *s = follow("m");
	json_t *summary = checkpoint(s, 1);

	ck_assert(json_is_null(json_object_get(summary, "submission")));
	json_decref(summary);
	feed(s, "2030-03-17T17:10:00+00:00 mx1 postfix/smtpd[804]: connect from x[192.0.2.1]\n");
	json_decref(checkpoint(s, 2));
	json_decref(checkpoint(s, 2)); /* the same: nothing is written */
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 0);
	assert_position(s, 2);
	feed(s, ONE);
	json_decref(checkpoint(s, 0)); /* evidence without a position */
	assert_position(s, 2);
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	submission_free(s);
}
END_TEST

START_TEST(parts_of_an_hour_share_a_submission)
{
	struct submission *s = follow("m");

	feed(s, ONE);
	json_decref(checkpoint(s, 1));
	submission_set_now(s, NOW + HOUR - 1);
	feed(s, TWO);
	json_decref(checkpoint(s, 2));
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 1);
	submission_set_now(s, NOW + HOUR);
	feed(s, THREE);
	json_decref(checkpoint(s, 3));
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 2);
	submission_free(s);
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 2);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 3);
}
END_TEST

START_TEST(a_large_part_counts_as_a_whole_or_not)
{
	struct submission *s = follow("m");
	json_t *summary;

	feed(s, ONE);
	json_decref(checkpoint(s, 1));
	feed_many(s, 9000);
	feed(s, ONE);
	ck_assert_int_gt(number("SELECT count(*) FROM submission WHERE committed = 0"), 0);
	submission_free(s);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 0"), 0);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	s = follow("m");
	feed_many(s, 9000);
	feed(s, ONE);
	summary = checkpoint(s, 2);
	assert_counts(summary, names, (const json_int_t[]){9001, 9001, 9001, 9000, 1, 0, 0, 0},
		ORBL_COUNT(names));
	json_decref(summary);
	feed(s, TWO);
	json_decref(checkpoint(s, 3));
	submission_free(s);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 2);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 9002);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 9002);
}
END_TEST

START_TEST(context_counts_for_nothing)
{
	struct submission *s = follow("m");
	json_t *summary;

	ck_ok(submission_set_context(s, true, trouble()));
	feed(s, ONE "not a log line\n");
	ck_ok(submission_set_context(s, false, trouble()));
	submission_set_line(s, 1001);
	feed(s, TWO "nor this\n");
	ck_assert_int_eq(submission_set_context(s, true, trouble()), ERR_REFUSED);
	summary = checkpoint(s, 1);
	assert_counts(summary, names, (const json_int_t[]){2, 1, 1, 1, 0, 0, 0, 1},
		ORBL_COUNT(names));
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_array_get(json_object_get(summary, "troubles"), 0), "line")),
		1002);
	json_decref(summary);
	ck_assert_int_eq(line_of("192.0.2.2"), 1001);
	assert_facts("192.0.2.1", 0, 0, 0);
	submission_free(s);
}
END_TEST

START_TEST(the_last_line_stays_open_at_a_checkpoint)
{
	static const char line[] = ONE;
	struct submission *s = follow("m");

	ck_ok(submission_feed(s, line, 100, trouble()));
	json_decref(checkpoint(s, 1));
	ck_ok(submission_feed(s, line + 100, sizeof(line) - 101, trouble()));
	json_decref(checkpoint(s, 2));
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	submission_free(s);
}
END_TEST

START_TEST(a_position_has_its_bounds)
{
	struct submission *s = follow("m");
	char *text = malloc(20001);
	json_t *json;

	memset(text, 'x', 20000);
	text[20000] = '\0';
	json = json_string(text);
	feed(s, ONE);
	ck_assert_int_eq(submission_checkpoint(s, json, SUBMISSION_DURABLE, NULL, trouble()),
		ERR_RANGE);
	json_decref(json);
	free(text);
	json_decref(checkpoint(s, 1)); /* nothing of it is lost */
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	submission_free(s);
}
END_TEST

START_TEST(a_checkpoint_that_fails_can_be_made_again)
{
	struct submission *s = follow("m");
	json_t *json = json_integer(1);

	feed(s, ONE);
	ck_assert_int_eq(sqlite3_exec(store->db, "ALTER TABLE position RENAME TO gone", NULL, NULL,
				 NULL),
		SQLITE_OK);
	ck_assert_int_eq(submission_checkpoint(s, json, SUBMISSION_DURABLE, NULL, trouble()),
		ERR_IO);
	assert_facts("192.0.2.1", 0, 0, 0);
	ck_assert_int_eq(sqlite3_exec(store->db, "ALTER TABLE gone RENAME TO position", NULL, NULL,
				 NULL),
		SQLITE_OK);
	ck_ok(submission_checkpoint(s, json, SUBMISSION_LAZY, NULL, trouble()));
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 1);
	ck_assert_int_eq(number("PRAGMA synchronous"), 2);
	json_decref(json);
	submission_free(s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("submission");
	TCase *logs = tcase_create("logs"), *failures = tcase_create("failures");
	TCase *parts = tcase_create("parts");

	tcase_add_checked_fixture(logs, set_up, tear_down);
	tcase_add_loop_test(logs, a_log_is_stored_however_it_is_cut, 0, (int)ORBL_COUNT(chunks));
	tcase_add_test(logs, the_last_line_needs_no_end);
	tcase_add_test(logs, nothing_is_a_submission_too);
	tcase_add_test(logs, a_log_that_is_submitted_again_changes_nothing);
	tcase_add_test(logs, a_date_to_come_is_stored_as_now);
	tcase_add_test(logs, a_client_that_the_reporter_lets_relay_is_drift);
	tcase_add_test(logs, a_recipient_that_is_local_to_the_reporter_is_drift);
	tcase_add_checked_fixture(failures, set_up, tear_down);
	tcase_add_test(failures, a_submission_that_is_not_finished_leaves_nothing);
	tcase_add_test(failures, a_failure_in_the_middle_leaves_nothing);
	tcase_add_test(logs, rejections_are_told_by_kind);
	tcase_add_test(logs, a_format_that_is_none_is_refused);
	tcase_add_checked_fixture(parts, set_up, tear_down);
	tcase_set_timeout(parts, 60);
	tcase_add_test(parts, a_part_counts_with_its_position);
	tcase_add_test(parts, parts_without_news_make_no_submission);
	tcase_add_test(parts, parts_of_an_hour_share_a_submission);
	tcase_add_test(parts, a_large_part_counts_as_a_whole_or_not);
	tcase_add_test(parts, context_counts_for_nothing);
	tcase_add_test(parts, the_last_line_stays_open_at_a_checkpoint);
	tcase_add_test(parts, a_position_has_its_bounds);
	tcase_add_test(parts, a_checkpoint_that_fails_can_be_made_again);
	suite_add_tcase(s, logs);
	suite_add_tcase(s, parts);
	suite_add_tcase(s, failures);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
