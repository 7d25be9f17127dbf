#include "submission_fixture.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_reporter.h>

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

/* --- recipients of its own ------------------------------------------------- */

static json_int_t
count_of(const json_t *summary, const char *key)
{
	return json_integer_value(json_object_get(summary, key));
}

START_TEST(a_recipient_that_is_local_by_its_policy_is_a_fault)
{
	const json_t *fault;
	json_t *summary;

	submission_tear_down();
	submission_set_up_with("relay_flags = 2\nlocal_domain = freemail.example\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	assert_counts(summary, (const json_int_t[]){8, 7, 5, 0, 0, 0, 1, 1});
	ck_assert_int_eq(count_of(summary, "own_domain"), 5);
	ck_assert_uint_eq(json_array_size(json_object_get(summary, "faults")), 1);
	fault = json_array_get(json_object_get(summary, "faults"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(fault, "kind")), "own-domain");
	ck_assert_str_eq(json_string_value(json_object_get(fault, "domain")), "freemail.example");
	ck_assert_int_eq(count_of(fault, "denials"), 5);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(fault, "remedy")),
		"mx1 denies relaying to its own freemail.example: add it to "));
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(fault, "example")),
		"mail.log:2: 2030-03-17T17:10:01+00:00 mx1 "));
	json_decref(summary);
	ck_assert_int_eq(number("SELECT own_domain FROM reporter_day"), 5);
	ck_assert_int_eq(number("SELECT count FROM reporter_fault WHERE kind = 'own-domain'"), 5);
}
END_TEST

/* Another configuration; its policy is gone. */
static void
use_conf(const char *lines)
{
	reporters_free(fixture()->reporters);
	conf_free(fixture()->conf);
	fixture()->conf = fixture_conf(lines);
	ck_ok(reporters_load(fixture()->conf, &fixture()->reporters, trouble()));
}

START_TEST(a_recipient_of_its_local_domains_is_a_fault)
{
	static const char log[] = DENIAL("2030-03-17T17:00:00Z", "192.0.2.1",
		"a@Own.Example") DENIAL("2030-03-17T17:00:01Z", "192.0.2.2", "a@sub.own.example")
		DENIAL("2030-03-17T17:00:02Z", "192.0.2.3", "victim%elsewhere.example@own.example");
	json_t *summary;

	use_conf("reporter mx1 {\n local_domains = {own.example}\n}\n");
	summary = submit("mx1", log, sizeof(log) - 1, 65536);
	ck_assert_int_eq(count_of(summary, "own_domain"), 1);
	ck_assert_int_eq(count_of(summary, "drift"), 0);
	json_decref(summary);
	assert_facts("192.0.2.1", 0, 0, 0);
	assert_facts("192.0.2.2", 1, 1, NOW - HOUR);
	/* It asks for another's domain by way of this one, and is rightly denied. */
	assert_facts("192.0.2.3", 1, 1, NOW - HOUR);
}
END_TEST

/* The administrator knows the line by its start, and sees what is amiss. */
START_TEST(an_example_shows_the_domain)
{
	static const char log[] =
		"2030-03-17T17:00:00+00:00 mail-gateway.a-long-name.example postfix/smtpd[31415]: "
		"NOQUEUE: reject: RCPT from a-host-with-a-long-name.provider.example[192.0.2.1]: "
		"554 5.7.1 <victim@Own.example>: Relay access denied; "
		"from=<a@b.example> to=<victim@Own.example> proto=ESMTP helo=<x>\n";
	json_t *summary;
	const char *example;

	use_conf("reporter mx1 {\n local_domains = {own.example}\n}\n");
	summary = submit("mx1", log, sizeof(log) - 1, 65536);
	example = json_string_value(
		json_object_get(json_array_get(json_object_get(summary, "faults"), 0), "example"));
	ck_assert_ptr_nonnull(example);
	ck_assert_msg(strstr(example, "2030-03-17T17:00:00+00:00 mail-gate") != NULL &&
			strstr(example, "...") != NULL &&
			strstr(example, "<victim@Own.example>") != NULL,
		"%s", example);
	json_decref(summary);
}
END_TEST

START_TEST(more_domains_than_are_named_are_counted)
{
	struct submission *s;
	char line[400], domain[40], lines[4000] = "reporter mx1 {\n local_domains = {x.example";
	json_t *summary;

	for (int i = 0; i < 20; i++)
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), ", d%d.example", i);
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "}\n}\n");
	use_conf(lines);
	s = begin("mx1");
	for (int i = 0; i < 20; i++) {
		snprintf(domain, sizeof(domain), "u@d%d.example", i);
		snprintf(line, sizeof(line), DENIAL("2030-03-17T17:00:00Z", "192.0.2.1", "%s"),
			domain, domain);
		ck_ok(submission_feed(s, line, strlen(line), trouble()));
	}
	ck_ok(submission_finish(s, &summary, trouble()));
	ck_assert_int_eq(count_of(summary, "own_domain"), 20);
	ck_assert_uint_eq(json_array_size(json_object_get(summary, "faults")), 16);
	json_decref(summary);
	submission_free(s);
}
END_TEST

START_TEST(a_domain_that_seems_to_be_its_own_is_told)
{
	static const char of_others[] = DENIAL("2030-03-17T17:00:00Z", "192.0.2.1",
		"a@freemail.example");
	struct submission *s;
	char line[400];
	const json_t *fault;
	json_t *summary;

	json_decref(submit("mx2", of_others, sizeof(of_others) - 1, 65536));
	s = begin("mx1");
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof(line),
			DENIAL("2030-03-17T17:00:00Z", "10.0.%d.1", "a@own.example"), i);
		ck_ok(submission_feed(s, line, strlen(line), trouble()));
	}
	ck_ok(submission_finish(s, &summary, trouble()));
	ck_assert_int_eq(count_of(summary, "own_domain"), 0);
	fault = json_array_get(json_object_get(summary, "faults"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(fault, "kind")), "own-domain?");
	ck_assert_str_eq(json_string_value(json_object_get(fault, "domain")), "own.example");
	json_decref(summary);
	submission_free(s);
	assert_facts("10.0.7.1", 1, 1, NOW - HOUR); /* it is told, and is evidence all the same */
}
END_TEST

/* --- how much, and from whom ----------------------------------------------- */

START_TEST(what_is_beyond_the_quota_is_no_evidence)
{
	json_t *summary;

	use_conf("reporter mx1 {\n quota = 2\n}\n");
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	ck_assert_int_eq(count_of(summary, "over_quota"), 2);
	ck_assert_int_eq(count_of(summary, "duplicates"), 1);
	json_decref(summary);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 2);
	summary = submit("mx1", log_text, sizeof(log_text) - 1, 65536);
	ck_assert_int_eq(count_of(summary, "over_quota"), 2);
	ck_assert_int_eq(count_of(summary, "duplicates"), 3);
	json_decref(summary);
	ck_assert_int_eq(number("SELECT over_quota FROM reporter_day"), 4);
	/* Who has no section has the default. */
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 6);
}
END_TEST

/* A batch that is full goes into the store before the rest has come. */
START_TEST(the_quota_holds_for_what_is_spilled)
{
	struct submission *s;
	json_t *summary;

	use_conf("reporter mx1 {\n quota = 8500\n}\n");
	s = begin("mx1");
	feed_many(s, 9000);
	ck_ok(submission_finish(s, &summary, trouble()));
	ck_assert_int_eq(count_of(summary, "over_quota"), 500);
	json_decref(summary);
	submission_free(s);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 8500);
	ck_assert_int_eq(number("SELECT denials FROM reporter_day"), 8500);
}
END_TEST

static void
revoke(const char *name)
{
	uint64_t hosts;

	ck_ok(store_reporter_revoke(fixture()->store, name, NOW, NOW, &hosts, trouble()));
}

START_TEST(nothing_is_taken_from_who_is_revoked)
{
	struct submission *s = begin("mx1");
	const struct submission_conf conf = {.store = fixture()->store,
		.reporters = fixture()->reporters,
		.reporter = "mx1",
		.file = "f",
		.now_s = NOW};
	json_t *summary;

	ck_ok(submission_feed(s, log_text, sizeof(log_text) - 1, trouble()));
	revoke("mx1");
	ck_assert_int_eq(submission_finish(s, &summary, trouble()), ERR_REFUSED);
	ck_assert_ptr_null(summary);
	submission_free(s);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	ck_assert_int_eq(submission_begin(&conf, &s, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "mx1 was revoked on 2030-03-17"));
	json_decref(submit("mx2", log_text, sizeof(log_text) - 1, 65536));
}
END_TEST

/* A syslog sender goes on, whoever it is: what it says must not pile up. */
START_TEST(of_who_is_revoked_nothing_waits)
{
	const struct submission_conf conf = {.store = fixture()->store,
		.reporters = fixture()->reporters,
		.reporter = "mx1",
		.file = "syslog",
		.goes_on = true,
		.now_s = NOW};
	struct submission *s;
	json_t *summary;

	ck_ok(submission_begin(&conf, &s, trouble()));
	feed_many(s, 9000);
	revoke("mx1");
	ck_assert_uint_ne(submission_waiting(s), 0);
	ck_assert_int_gt(number("SELECT count(*) FROM evidence"), 0); /* spilled */
	ck_assert_int_eq(submission_checkpoint(s, NULL, SUBMISSION_LAZY, &summary, trouble()),
		ERR_REFUSED);
	ck_assert_uint_eq(submission_waiting(s), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	ck_assert_int_eq(number("SELECT coalesce(sum(denials), 0) FROM reporter_day"), 0);
	submission_free(s);
}
END_TEST

START_TEST(a_submission_is_audited)
{
	json_decref(submit("mx1", log_text, sizeof(log_text) - 1, 65536));
	json_decref(submit("mx1", log_text, sizeof(log_text) - 1, 65536)); /* nothing new */
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'submit'"), 1);
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
	TCase *logs = tcase_create("logs"), *failures = tcase_create("failures"),
	      *faults = tcase_create("faults"), *limits = tcase_create("limits");

	tcase_add_checked_fixture(faults, submission_set_up, submission_tear_down);
	tcase_add_checked_fixture(limits, submission_set_up, submission_tear_down);
	tcase_add_checked_fixture(logs, submission_set_up, submission_tear_down);
	tcase_add_loop_test(logs, a_log_is_stored_however_it_is_cut, 0, (int)ORBL_COUNT(chunks));
	tcase_add_test(logs, the_last_line_needs_no_end);
	tcase_add_test(logs, nothing_is_a_submission_too);
	tcase_add_test(logs, a_log_that_is_submitted_again_changes_nothing);
	tcase_add_test(logs, what_is_repeated_is_no_copy);
	tcase_add_test(logs, a_date_to_come_is_stored_as_now);
	tcase_add_test(logs, a_client_that_the_reporter_lets_relay_is_drift);
	tcase_add_test(logs, so_many_examples_of_drift_are_told);
	tcase_add_test(faults, a_recipient_that_is_local_by_its_policy_is_a_fault);
	tcase_add_test(faults, a_recipient_of_its_local_domains_is_a_fault);
	tcase_add_test(faults, an_example_shows_the_domain);
	tcase_add_test(faults, more_domains_than_are_named_are_counted);
	tcase_add_test(faults, a_domain_that_seems_to_be_its_own_is_told);
	tcase_add_test(limits, what_is_beyond_the_quota_is_no_evidence);
	tcase_add_test(limits, the_quota_holds_for_what_is_spilled);
	tcase_add_test(limits, nothing_is_taken_from_who_is_revoked);
	tcase_add_test(limits, of_who_is_revoked_nothing_waits);
	tcase_add_test(limits, a_submission_is_audited);
	tcase_add_checked_fixture(failures, submission_set_up, submission_tear_down);
	tcase_add_test(failures, a_submission_that_is_not_finished_leaves_nothing);
	tcase_add_test(failures, a_failure_in_the_middle_leaves_nothing);
	tcase_add_test(logs, rejections_are_told_by_kind);
	tcase_add_test(logs, a_format_that_is_none_is_refused);
	suite_add_tcase(s, logs);
	suite_add_tcase(s, failures);
	suite_add_tcase(s, faults);
	suite_add_tcase(s, limits);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
