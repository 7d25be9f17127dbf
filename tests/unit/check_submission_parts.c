#include "submission_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "store_sql.h"
#include "unit.h"

static struct submission *
follow(const char *source)
{
	const struct text domains[] = {TEXT("a.example"), TEXT("b.example")};
	const struct submission_conf c = {.store = fixture()->store,
		.reporters = fixture()->reporters,
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

	ck_ok(store_number(fixture()->store, trouble(), &n,
		"SELECT line FROM evidence WHERE host = ?", "a", &a));
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
	assert_counts(summary, (const json_int_t[]){2, 2, 1, 1, 0, 0, 0, 0});
	assert_facts("192.0.2.1", 1, 1, NOW - HOUR);
	assert_position(s, 5);
	json_decref(summary);
	feed(s, "no log line\n" TWO ONE);
	summary = checkpoint(s, 6);
	assert_counts(summary, (const json_int_t[]){3, 2, 2, 1, 1, 0, 0, 1});
	ck_assert_int_eq(line_of("192.0.2.2"), 4); /* numbers go on */
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(json_object_get(summary,
										   "troubles"),
								    0),
				 "line")),
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

/* A log is followed for months: stamps without a year get that of the day. */
START_TEST(a_year_goes_by)
{
	static const char line[] = "Jan  1 00:00:05 mx1 postfix/smtpd[804]: NOQUEUE: reject: RCPT "
				   "from unknown[192.0.2.1]: 554 5.7.1 <x@f.example>: Relay access "
				   "denied; from=<> to=<x@f.example> proto=ESMTP\n";
	const int64_t january = INT64_C(1924992000); /* 2031-01-01T00:00:00Z */
	struct submission *s = follow("m");

	setenv("TZ", "UTC", 1);
	feed(s, ONE);
	json_decref(checkpoint(s, 1));
	submission_set_now(s, january + 60);
	feed(s, line);
	json_decref(checkpoint(s, 2));
	ck_assert_int_eq(number("SELECT max(hour_s) FROM evidence"), january);
	submission_free(s);
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
	assert_counts(summary, (const json_int_t[]){9001, 9001, 9001, 9000, 1, 0, 0, 0});
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
	assert_counts(summary, (const json_int_t[]){2, 1, 1, 1, 0, 0, 0, 1});
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(json_object_get(summary,
										   "troubles"),
								    0),
				 "line")),
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
	ck_assert_int_eq(sqlite3_exec(fixture()->store->db, "ALTER TABLE position RENAME TO gone",
				 NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(submission_checkpoint(s, json, SUBMISSION_DURABLE, NULL, trouble()),
		ERR_IO);
	assert_facts("192.0.2.1", 0, 0, 0);
	ck_assert_int_eq(sqlite3_exec(fixture()->store->db, "ALTER TABLE gone RENAME TO position",
				 NULL, NULL, NULL),
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
	Suite *s = suite_create("submission_parts");
	TCase *parts = tcase_create("parts");

	tcase_add_checked_fixture(parts, submission_set_up, submission_tear_down);
	tcase_set_timeout(parts, 60);
	tcase_add_test(parts, a_part_counts_with_its_position);
	tcase_add_test(parts, parts_without_news_make_no_submission);
	tcase_add_test(parts, parts_of_an_hour_share_a_submission);
	tcase_add_test(parts, a_year_goes_by);
	tcase_add_test(parts, a_large_part_counts_as_a_whole_or_not);
	tcase_add_test(parts, context_counts_for_nothing);
	tcase_add_test(parts, the_last_line_stays_open_at_a_checkpoint);
	tcase_add_test(parts, a_position_has_its_bounds);
	tcase_add_test(parts, a_checkpoint_that_fails_can_be_made_again);
	suite_add_tcase(s, parts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
