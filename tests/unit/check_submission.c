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
	struct submission *s;

	ck_ok(submission_begin(store, reporters, reporter, "mail.log", NOW, &s, trouble()));
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

static Suite *
suite(void)
{
	Suite *s = suite_create("submission");
	TCase *logs = tcase_create("logs"), *failures = tcase_create("failures");

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
	suite_add_tcase(s, logs);
	suite_add_tcase(s, failures);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
