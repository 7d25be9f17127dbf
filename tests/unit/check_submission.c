#include "submission_fixture.h"

#include <stdio.h>
#include <string.h>

#include "store_sql.h"
#include "unit.h"

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
assert_log_is_stored(const json_t *summary)
{
	const json_t *troubles = json_object_get(summary, "troubles");

	assert_counts(summary, (const json_int_t[]){8, 7, 5, 3, 1, 0, 1, 1});
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

	assert_counts(summary, (const json_int_t[8]){0});
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 1);
	json_decref(summary);
}
END_TEST

START_TEST(a_log_that_is_submitted_again_changes_nothing)
{
	json_t *summary;

	json_decref(submit("mx1", log_text, sizeof(log_text) - 1, 65536));
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 50);
	assert_counts(summary, (const json_int_t[]){8, 7, 5, 0, 5, 0, 1, 1});
	assert_facts("192.0.2.1", 1, 2, NOW - HOUR);
	json_decref(summary);
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
	assert_facts("192.0.2.1", 2, 4, NOW - HOUR);
}
END_TEST

START_TEST(what_is_repeated_is_no_copy)
{
	static const char log[] = DENIAL("2030-03-17T17:00:00Z", "192.0.2.9",
		"a@nine.example") "2030-03-17T17:00:05Z mx1 last message repeated 2 times\n"
				  "2030-03-17T17:00:35Z mx1 last message repeated 4 times\n";

	json_decref(submit("mx1", log, sizeof(log) - 1, 65536));
	assert_facts("192.0.2.9", 1, 7, NOW - HOUR);
	json_decref(submit("mx1", log, sizeof(log) - 1, 65536));
	assert_facts("192.0.2.9", 1, 7, NOW - HOUR);
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

static void
assert_example(const json_t *summary, size_t i, json_int_t line)
{
	const json_t *d = json_array_get(json_object_get(summary, "drift_examples"), i);

	ck_assert_int_eq(json_integer_value(json_object_get(d, "line")), line);
	ck_assert_str_eq(json_string_value(json_object_get(d, "ip")), "192.0.2.1");
	ck_assert_str_eq(json_string_value(json_object_get(d, "rule")), "RelayAllowList");
	ck_assert_str_eq(json_string_value(json_object_get(d, "entry")), "192.0.2.0;255.255.255.0");
	ck_assert_int_eq(json_integer_value(json_object_get(d, "policy_line")), 2);
	ck_assert_ptr_nonnull(json_string_value(json_object_get(d, "policy")));
}

/* Ten are told of, however many there are; and of each part its own. */
START_TEST(so_many_examples_of_drift_are_told)
{
	struct submission *s;
	json_t *summary, *none = json_null();

	submission_tear_down();
	submission_set_up_with("relay_flags = 2\nrelay_allow = 10.0.0.0;255.0.0.0\n");
	s = begin("mx1");
	feed_many(s, 12);
	ck_ok(submission_checkpoint(s, none, SUBMISSION_DURABLE, &summary, trouble()));
	ck_assert_int_eq(json_integer_value(json_object_get(summary, "drift")), 12);
	ck_assert_uint_eq(json_array_size(json_object_get(summary, "drift_examples")), 10);
	json_decref(summary);
	ck_ok(submission_checkpoint(s, none, SUBMISSION_DURABLE, &summary, trouble()));
	ck_assert_ptr_null(json_object_get(summary, "drift_examples"));
	json_decref(summary);
	submission_free(s);
}
END_TEST

START_TEST(a_client_that_the_reporter_lets_relay_is_drift)
{
	json_t *summary;

	submission_tear_down();
	submission_set_up_with("relay_flags = 2\nrelay_allow = 192.0.2.0;255.255.255.0\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_counts(summary, (const json_int_t[]){8, 7, 5, 2, 0, 3, 1, 1});
	assert_facts("192.0.2.1", 0, 0, 0);
	assert_facts("198.51.100.7", 1, 1, NOW - 2 * HOUR);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE rule = 'default'"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM seen"), 2);
	assert_example(summary, 0, 2);
	assert_example(summary, 2, 4);
	ck_assert_uint_eq(json_array_size(json_object_get(summary, "drift_examples")), 3);
	json_decref(summary);
	/* Another reporter has another policy: none. */
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
	assert_facts("192.0.2.1", 1, 2, NOW - HOUR);
}
END_TEST

START_TEST(a_recipient_that_is_local_to_the_reporter_is_drift)
{
	json_t *summary;

	submission_tear_down();
	submission_set_up_with("relay_flags = 2\nlocal_domain = freemail.example\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_counts(summary, (const json_int_t[]){8, 7, 5, 0, 0, 5, 1, 1});
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
	store_close(fixture()->store);
	ck_ok(store_open("orbl.db", &fixture()->store, trouble()));
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
	struct submission_conf c = {.store = fixture()->store,
		.reporters = fixture()->reporters,
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

static Suite *
suite(void)
{
	Suite *s = suite_create("submission");
	TCase *logs = tcase_create("logs"), *failures = tcase_create("failures");

	tcase_add_checked_fixture(logs, submission_set_up, submission_tear_down);
	tcase_add_loop_test(logs, a_log_is_stored_however_it_is_cut, 0, (int)ORBL_COUNT(chunks));
	tcase_add_test(logs, the_last_line_needs_no_end);
	tcase_add_test(logs, nothing_is_a_submission_too);
	tcase_add_test(logs, a_log_that_is_submitted_again_changes_nothing);
	tcase_add_test(logs, what_is_repeated_is_no_copy);
	tcase_add_test(logs, a_date_to_come_is_stored_as_now);
	tcase_add_test(logs, a_client_that_the_reporter_lets_relay_is_drift);
	tcase_add_test(logs, so_many_examples_of_drift_are_told);
	tcase_add_test(logs, a_recipient_that_is_local_to_the_reporter_is_drift);
	tcase_add_checked_fixture(failures, submission_set_up, submission_tear_down);
	tcase_add_test(failures, a_submission_that_is_not_finished_leaves_nothing);
	tcase_add_test(failures, a_failure_in_the_middle_leaves_nothing);
	tcase_add_test(logs, rejections_are_told_by_kind);
	tcase_add_test(logs, a_format_that_is_none_is_refused);
	suite_add_tcase(s, logs);
	suite_add_tcase(s, failures);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
