#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_reporter.h>

#include "analyzer_fixture.h"
#include "reporter_key.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

static const char key[] = "abcdefghijklmnopqrstuvwxyz234567";
static struct analyzer a;
static int64_t now_s;

static void
set_up(void)
{
	char lines[600], hash[REPORTER_KEY_HASH];

	scratch_enter();
	reporter_key_hash(key, hash);
	snprintf(lines, sizeof(lines),
		"score.min_reporters = 2\nreporter mx1 {\n quota = 100\n asn = 64500\n trust = "
		"80\n}\n"
		"reporter keyed {\n key = \"%s\"\n}\n",
		hash);
	analyzer_open(&a, lines);
	now_s = (int64_t)time(NULL);
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

static struct command_answer
run(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);
	struct command_answer answer;

	ck_assert_msg(json != NULL, "%s", request);
	answer = command_run(&a.context, &(struct command_request){json, "somebody", now_s});
	json_decref(json);
	return answer;
}

static json_t *
ask_well(const char *request)
{
	struct command_answer answer = run(request);

	ck_assert_ptr_nonnull(answer.object);
	ck_assert_msg(json_is_true(json_object_get(answer.object, "ok")), "%s: %s", request,
		json_string_value(json_object_get(answer.object, "message")));
	return answer.object;
}

static void
assert_refused(const char *request, const char *code, const char *message)
{
	struct command_answer answer = run(request);
	const char *said = json_string_value(json_object_get(answer.object, "message"));

	ck_assert_ptr_nonnull(answer.object);
	ck_assert_ptr_null(answer.submission);
	ck_assert_msg(said != NULL && strstr(said, message) != NULL, "%s: %s", request, said);
	ck_assert_str_eq(json_string_value(json_object_get(answer.object, "error")), code);
	json_decref(answer.object);
}

static json_int_t
number(const json_t *object, const char *name)
{
	ck_assert_msg(json_is_integer(json_object_get(object, name)), "no number %s", name);
	return json_integer_value(json_object_get(object, name));
}

static int64_t
stored(const char *sql)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n, sql, ""));
	return n;
}

/* --- wrong ----------------------------------------------------------------- */

static const struct {
	const char *request, *code, *message;
} wrong[] = {
	{"{\"cmd\":\"reporter\"}", "unsupported", "action must be"},
	{"{\"cmd\":\"reporter\",\"action\":7}", "unsupported", "action must be"},
	{"{\"cmd\":\"reporter\",\"action\":\"key\"}", "unsupported", "action must be"},
	{"{\"cmd\":\"reporter\",\"action\":\"show\"}", "syntax", "name the reporter"},
	{"{\"cmd\":\"reporter\",\"action\":\"show\",\"reporter\":\"\"}", "syntax", "name the"},
	{"{\"cmd\":\"reporter\",\"action\":\"show\",\"reporter\":\"a\\nb\"}", "not-found",
		"no reporter a?b"},
	{"{\"cmd\":\"reporter\",\"action\":\"revoke\",\"reporter\":\"mx1\"}", "syntax",
		"give a reason"},
	{"{\"cmd\":\"reporter\",\"action\":\"revoke\",\"reporter\":\"mx1\",\"reason\":\"  \"}",
		"syntax", "give a reason"},
	{"{\"cmd\":\"reporter\",\"action\":\"revoke\",\"reporter\":\"mx9\",\"reason\":\"x\"}",
		"not-found", "no reporter mx9"},
	{"{\"cmd\":\"reporter\",\"action\":\"restore\",\"reporter\":\"mx1\",\"reason\":\"x\"}",
		"refused", "mx1 is not revoked"},
	{"{\"cmd\":\"purge\",\"reporter\":\"mx1\"}", "syntax", "give a reason"},
	{"{\"cmd\":\"purge\",\"reporter\":\"mx9\",\"reason\":\"x\"}", "not-found", "mx9"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\"}", "refused", "the whole list is not purged"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"category\":\"spam\"}", "syntax",
		"no category \"spam\""},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"asn\":0}", "syntax", "number of an AS"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"asn\":4294967296}", "syntax", "number of an AS"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"since\":\"yesterday\"}", "syntax", "since must be"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"since\":-5}", "syntax", "since must be"},
	{"{\"cmd\":\"purge\",\"reason\":\"x\",\"since\":9,\"until\":9}", "range", "later than"},
	{"{\"cmd\":\"purge\",\"reporter\":\"mx1\",\"asn\":7,\"reason\":\"x\"}", "syntax",
		"either the evidence"},
	{"{\"cmd\":\"submit\",\"reporter\":\"keyed\"}", "refused", "--key-file"},
	{"{\"cmd\":\"submit\",\"reporter\":\"keyed\",\"key\":\"\"}", "refused", "--key-file"},
	{"{\"cmd\":\"submit\",\"reporter\":\"keyed\",\"key\":7}", "refused", "--key-file"},
	{"{\"cmd\":\"submit\",\"reporter\":\"keyed\",\"key\":\"abc\"}", "refused",
		"not the key of reporter keyed"},
};

START_TEST(a_wrong_request_is_told_so)
{
	assert_refused(wrong[_i].request, wrong[_i].code, wrong[_i].message);
}
END_TEST

START_TEST(a_reason_has_an_end)
{
	char request[700], reason[400];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	snprintf(request, sizeof(request),
		"{\"cmd\":\"reporter\",\"action\":\"revoke\",\"reporter\":\"mx1\",\"reason\":\"%"
		"s\"}",
		reason);
	assert_refused(request, "range", "longer than 299");
}
END_TEST

/* --- looking --------------------------------------------------------------- */

START_TEST(all_reporters_are_listed)
{
	json_t *answer, *list, *r;

	analyzer_add_denial(&a, "stranger", "192.0.2.1");
	analyzer_add_denial(&a, "mx1", "192.0.2.1");
	answer = ask_well("{\"cmd\":\"reporter\",\"action\":\"list\"}");
	list = json_object_get(answer, "reporters");
	ck_assert_uint_eq(json_array_size(list), 3);
	r = json_array_get(list, 0);
	ck_assert_str_eq(json_string_value(json_object_get(r, "reporter")), "mx1");
	ck_assert(json_is_true(json_object_get(r, "configured")));
	ck_assert_int_eq(number(r, "ceiling"), 80);
	ck_assert_int_eq(number(r, "trust"), 80);
	ck_assert_int_eq(number(r, "confirmed"), 0);
	ck_assert_int_eq(number(r, "today"), 8);
	ck_assert_int_eq(number(r, "quota"), 100);
	ck_assert_int_eq(number(r, "asn"), 64500);
	ck_assert(json_is_false(json_object_get(r, "key")));
	ck_assert(json_is_null(json_object_get(r, "revoked")));
	r = json_array_get(list, 1);
	ck_assert_str_eq(json_string_value(json_object_get(r, "reporter")), "stranger");
	ck_assert(json_is_false(json_object_get(r, "configured")));
	ck_assert_int_eq(number(r, "quota"), 1000000);
	r = json_array_get(list, 2); /* of the configuration, never heard */
	ck_assert_str_eq(json_string_value(json_object_get(r, "reporter")), "keyed");
	ck_assert(json_is_true(json_object_get(r, "key")));
	ck_assert(json_is_null(json_object_get(r, "last")));
	json_decref(answer);
}
END_TEST

START_TEST(one_is_shown_with_its_faults)
{
	const struct store_fault f = {STORE_FAULT_OWN, "own.example", now_s, now_s, 5,
		"mail.log:7: x"};
	json_t *answer;
	const json_t *fault;

	analyzer_add_denial(&a, "mx1", "192.0.2.1");
	ck_ok(store_fault_add(a.store, "mx1", &f, trouble()));
	answer = ask_well("{\"cmd\":\"reporter\",\"action\":\"show\",\"reporter\":\"mx1\"}");
	ck_assert_int_eq(number(answer, "faults"), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "days")), 1);
	ck_assert_int_eq(number(json_array_get(json_object_get(answer, "days"), 0), "denials"), 8);
	fault = json_array_get(json_object_get(answer, "fault_list"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(fault, "domain")), "own.example");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(fault, "remedy")),
		"mx1 denies relaying to its own own.example"));
	json_decref(answer);
	/* One that has a section, and no more. */
	answer = ask_well("{\"cmd\":\"reporter\",\"action\":\"show\",\"reporter\":\"keyed\"}");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "days")), 0);
	json_decref(answer);
}
END_TEST

/* --- changing -------------------------------------------------------------- */

#define REVOKE                                                                                     \
	"{\"cmd\":\"reporter\",\"action\":\"revoke\",\"reporter\":\"mx1\",\"reason\":\"forged\"}"
#define RESTORE                                                                                    \
	"{\"cmd\":\"reporter\",\"action\":\"restore\",\"reporter\":\"mx1\",\"reason\":\"it was "   \
	"not\"}"

START_TEST(a_reporter_is_revoked_and_restored)
{
	json_t *answer;

	analyzer_add_denial(&a, "mx1", "192.0.2.1");
	answer = ask_well(REVOKE);
	ck_assert_int_eq(number(answer, "hosts"), 1);
	json_decref(answer);
	assert_refused(REVOKE, "refused", "revoked already");
	assert_refused("{\"cmd\":\"submit\",\"reporter\":\"mx1\"}", "refused", "mx1 was revoked");
	ck_assert_int_eq(stored("SELECT count(*) FROM audit WHERE action = 'revoke'"
				" AND host = 'mx1' AND author = 'somebody' AND detail = 'forged'"),
		1);
	json_decref(ask_well(RESTORE));
	ck_assert_int_eq(stored("SELECT count(*) FROM audit WHERE action = 'reinstate'"), 1);
	ck_assert_int_eq(stored("SELECT count(*) FROM reporter WHERE revoked_s <> 0"), 0);
}
END_TEST

START_TEST(who_has_the_key_may_submit)
{
	char request[200];
	struct command_answer answer;

	snprintf(request, sizeof(request),
		"{\"cmd\":\"submit\",\"reporter\":\"keyed\",\"key\":\"%s\"}", key);
	answer = run(request);
	ck_assert_ptr_nonnull(answer.submission);
	submission_free(answer.submission);
}
END_TEST

#define PURGE "{\"cmd\":\"purge\",\"reporter\":\"mx1\",\"reason\":\"forged\""

START_TEST(a_dry_run_says_what_a_purge_does)
{
	json_t *dry, *answer;

	analyzer_add_denial(&a, "mx1", "192.0.2.1");
	analyzer_add_denial(&a, "mx2", "192.0.2.1");
	analyzer_turn(&a);
	ck_assert_int_eq(stored("SELECT count(*) FROM probe"), 1);
	dry = ask_well(PURGE ",\"dry_run\":true}");
	ck_assert(json_is_true(json_object_get(dry, "dry_run")));
	ck_assert_int_eq(stored("SELECT count(*) FROM evidence"), 2);
	answer = ask_well(PURGE "}");
	ck_assert_int_eq(stored("SELECT count(*) FROM evidence"), 1);
	ck_assert_int_eq(number(answer, "denials"), 8);
	ck_assert(json_is_null(json_object_get(answer, "notice"))); /* nobody was listed */
	json_object_del(dry, "dry_run");
	json_object_del(answer, "dry_run");
	ck_assert(json_equal(dry, answer));
	json_decref(dry);
	json_decref(answer);
	analyzer_turn(&a);
	ck_assert_int_eq(stored("SELECT count(*) FROM pending"), 0);
}
END_TEST

START_TEST(listings_of_a_category_are_purged_and_the_list_is_published)
{
	json_t *answer;
	int64_t serial;

	analyzer_list(&a, "192.0.2.7", CATEGORY_BOUNCER, now_s, now_s + 9999);
	analyzer_list(&a, "192.0.2.8", CATEGORY_RELAY, now_s, now_s + 9999);
	serial = stored("SELECT value FROM number WHERE name = 'serial'");
	answer = ask_well("{\"cmd\":\"purge\",\"category\":\"bouncer\",\"force\":true,"
			  "\"reason\":\"a fault of ours\"}");
	ck_assert_int_eq(number(answer, "listings"), 1);
	ck_assert_str_eq(json_string_value(
				 json_object_get(json_array_get(json_object_get(answer, "goes"), 0),
					 "subject")),
		"192.0.2.7");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(answer, "notice")),
		"1 listing was taken off dnsbl.example, which had been made as bouncer. Reason: a "
		"fault of ours."));
	json_decref(answer);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.7"), 0);
	ck_assert_uint_ne(analyzer_listed(&a, "192.0.2.8"), 0);
	ck_assert_int_gt(stored("SELECT value FROM number WHERE name = 'serial'"), serial);
}
END_TEST

#define PURGE_ALL "{\"cmd\":\"purge\",\"category\":\"bouncer\",\"force\":true,\"reason\":\"x\"}"

static void
list_many(unsigned from, unsigned count, enum category category)
{
	char host[32];

	for (unsigned i = from; i < from + count; i++) {
		snprintf(host, sizeof(host), "192.0.2.%u", i);
		analyzer_list(&a, host, category, now_s, now_s + 9999);
	}
}

/* However much it is: it is what somebody wants. */
START_TEST(a_purge_is_published_at_once)
{
	json_t *answer;
	int64_t serial;

	a.conf->publish.max_change_floor = 5;
	list_many(0, 4, CATEGORY_RELAY);
	list_many(10, 20, CATEGORY_BOUNCER);
	json_decref(ask_well("{\"cmd\":\"publish\",\"force\":true,\"reason\":\"all\"}"));
	serial = stored("SELECT value FROM number WHERE name = 'serial'");
	answer = ask_well(PURGE_ALL);
	ck_assert_int_eq(number(answer, "listings"), 20);
	ck_assert(json_is_null(json_object_get(answer, "held")));
	json_decref(answer);
	answer = ask_well("{\"cmd\":\"publish\"}");
	ck_assert(json_is_null(json_object_get(answer, "held")));
	json_decref(answer);
	ck_assert_int_gt(stored("SELECT value FROM number WHERE name = 'serial'"), serial);
	ck_assert_int_eq(stored("SELECT count(*) FROM number WHERE name = 'publish-permit'"), 0);
}
END_TEST

/* What was held before nobody has looked at by it. */
START_TEST(a_purge_says_that_the_list_is_held)
{
	json_t *answer;

	a.conf->publish.max_change_floor = 5;
	list_many(0, 4, CATEGORY_RELAY);
	json_decref(ask_well("{\"cmd\":\"publish\",\"force\":true,\"reason\":\"all\"}"));
	list_many(20, 40, CATEGORY_SUSPECT);
	list_many(10, 1, CATEGORY_BOUNCER);
	pipeline_list_changed(a.pipeline);
	answer = ask_well("{\"cmd\":\"purge\",\"category\":\"bouncer\",\"dry_run\":true}");
	ck_assert(json_is_object(json_object_get(answer, "held")));
	json_decref(answer);
	answer = ask_well(PURGE_ALL);
	ck_assert(json_is_object(json_object_get(answer, "held")));
	json_decref(answer);
	assert_refused("{\"cmd\":\"purge\",\"category\":\"relay\",\"reason\":\"x\"}", "refused",
		"4 of the 4 listings are proved");
}
END_TEST

START_TEST(rows_of_a_report_have_bounds)
{
	assert_refused("{\"cmd\":\"report\",\"rows\":0}", "range", "1 to 1000");
	assert_refused("{\"cmd\":\"report\",\"rows\":1001}", "range", "1 to 1000");
	json_decref(ask_well("{\"cmd\":\"report\",\"rows\":1}"));
	json_decref(ask_well("{\"cmd\":\"report\"}"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("command_reporter");
	TCase *bad = tcase_create("wrong"), *t = tcase_create("commands");

	tcase_add_checked_fixture(bad, set_up, tear_down);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(bad, a_wrong_request_is_told_so, 0, (int)ORBL_COUNT(wrong));
	tcase_add_test(bad, a_reason_has_an_end);
	tcase_add_test(t, all_reporters_are_listed);
	tcase_add_test(t, one_is_shown_with_its_faults);
	tcase_add_test(t, a_reporter_is_revoked_and_restored);
	tcase_add_test(t, who_has_the_key_may_submit);
	tcase_add_test(t, a_dry_run_says_what_a_purge_does);
	tcase_add_test(t, listings_of_a_category_are_purged_and_the_list_is_published);
	tcase_add_test(t, a_purge_is_published_at_once);
	tcase_add_test(t, a_purge_says_that_the_list_is_held);
	tcase_add_test(t, rows_of_a_report_have_bounds);
	suite_add_tcase(s, bad);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
