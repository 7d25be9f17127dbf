/* Proofs of control, by DNS and by mail. */
#include "ticket_fixture.h"

static const char by_dns[] = "{\"cmd\":\"prove\",\"address\":\"192.0.2.7\",\"how\":\"dns\"}";
static const char by_mail[] = "{\"cmd\":\"prove\",\"address\":\"192.0.2.7\",\"how\":\"mail\"}";

static void
wait_for_end(void)
{
	for (int i = 0; i < 50 && last == NULL; i++)
		event_base_loop(a.base, EVLOOP_ONCE);
	ck_assert_ptr_nonnull(last);
	ck_assert(json_is_true(json_object_get(last, "ok")));
}

static void
prove_by_dns(char record[64])
{
	json_t *first = ask(by_dns);

	ck_assert_ptr_null(json_object_get(first, "ok"));
	ck_assert_str_eq(text(first, "name"), "_orbl-verify.7.2.0.192.in-addr.arpa");
	snprintf(record, 64, "orbl-verify=%s", text(first, "token"));
	ck_assert_ptr_nonnull(strstr(text(first, "instructions"), record));
	json_decref(first);
	json_decref(last);
	last = NULL;
	wait_for_end();
}

START_TEST(a_record_proves_control_and_ends_the_lockout)
{
	char record[64], again[64];
	json_t *answer;

	relapse(4, HOST_LISTED);
	prove_by_dns(record);
	ck_assert(json_is_false(json_object_get(last, "proved")));
	ck_assert_str_eq(text(last, "message"), "The record is not there yet.");
	resolver.record = "orbl-verify=00000000000000000000000000000000";
	prove_by_dns(again);
	ck_assert_str_eq(record, again); /* the token stays */
	ck_assert(json_is_false(json_object_get(last, "proved")));
	assert_refused(delist, "relapse 4");
	resolver.record = record;
	prove_by_dns(again);
	ck_assert(json_is_true(json_object_get(last, "proved")));
	ck_assert_uint_eq(resolver.questions, 3);
	take_request();
	answer = ask(by_dns);
	ck_assert(json_is_true(json_object_get(answer, "proved")));
	json_decref(answer);
}
END_TEST

START_TEST(a_proof_of_before_the_relapse_is_none)
{
	char record[64], again[64];

	relapse(1, HOST_LISTED);
	prove_by_dns(record);
	resolver.record = record;
	prove_by_dns(again);
	ck_assert(json_is_true(json_object_get(last, "proved")));
	now_s += 3600;
	relapse(2, HOST_LISTED);
	assert_refused(delist, "relapse 2");
	prove_by_dns(again);
	ck_assert_str_ne(record, again);
	ck_assert(json_is_false(json_object_get(last, "proved")));
}
END_TEST

START_TEST(a_resolver_that_fails_proves_nothing)
{
	char record[64];

	relapse(1, HOST_LISTED);
	resolver.rcode = 2;
	prove_by_dns(record);
	ck_assert_str_eq(text(last, "message"), "The record could not be looked up: SERVFAIL.");
}
END_TEST

static void
mail(char token[PROBER_LETTER], bool accepted)
{
	struct prober_event ev = {.kind = PROBER_DONE};
	json_t *first = ask(by_mail);
	const struct prober_job *job;

	ck_assert_msg(json_object_get(first, "ok") == NULL, "%s",
		json_string_value(json_object_get(first, "message")));
	ck_assert_ptr_null(json_object_get(first, "token"));
	json_decref(first);
	job = fake_prober_job(a.prober, fake_prober_jobs(a.prober) - 1);
	ck_assert_uint_ge(job->id, PROBER_LETTER_FIRST);
	ck_assert_uint_eq(job->target.port, 2525);
	snprintf(token, PROBER_LETTER, "%s", job->letter);
	ev.id = job->id;
	ev.reach = accepted ? REACH_DONE : REACH_TEMPORARY;
	snprintf(ev.text, sizeof(ev.text), accepted ? "250 queued" : "550 who?");
	json_decref(last);
	last = NULL;
	fake_prober_say(a.prober, &ev);
	wait_for_end();
}

static void
give(const char *token, char request[160])
{
	snprintf(request, 160, "{\"cmd\":\"delist\",\"address\":\"192.0.2.7\",\"token\":\"%s\"}",
		token);
}

START_TEST(a_mailed_token_proves_control)
{
	char token[PROBER_LETTER], record[64], request[160];
	json_t *answer;

	relapse(3, HOST_LISTED);
	prove_by_dns(record); /* its token is no secret, and no mailed one */
	give(record + strlen("orbl-verify="), request);
	assert_refused(request, "not the token");
	mail(token, true);
	ck_assert_ptr_nonnull(strstr(text(last, "message"), "has accepted the mail"));
	ck_assert(json_is_false(json_object_get(last, "proved")));
	give("00000000000000000000000000000000", request);
	assert_refused(request, "not the token");
	give(record + strlen("orbl-verify="), request);
	assert_refused(request, "not the token");
	give("", request);
	assert_refused(request, "not the token");
	assert_refused(delist, "relapse 3");
	give(token, request);
	answer = ask(request);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_str_eq(text(answer, "state"), "queued");
	json_decref(answer);
}
END_TEST

START_TEST(a_token_of_before_the_relapse_is_none)
{
	char token[PROBER_LETTER], request[160];
	json_t *answer;

	relapse(1, HOST_LISTED);
	mail(token, true);
	now_s += 3600;
	relapse(2, HOST_LISTED);
	give(token, request);
	assert_refused(request, "listed again since then");
	now_s += DAY;
	mail(token, true);
	give(token, request);
	answer = ask(request);
	ck_assert_str_eq(text(answer, "state"), "queued");
	json_decref(answer);
}
END_TEST

START_TEST(one_mail_a_day)
{
	char token[PROBER_LETTER], again[PROBER_LETTER];
	size_t jobs;

	relapse(3, HOST_LISTED);
	mail(token, false);
	ck_assert_ptr_nonnull(strstr(text(last, "message"), "550 who?"));
	mail(again, true); /* what was not accepted was none */
	ck_assert_str_eq(token, again);
	jobs = fake_prober_jobs(a.prober);
	assert_refused(by_mail, "within the last 24 hours");
	now_s += DAY - 1;
	assert_refused(by_mail, "within the last 24 hours");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), jobs);
	now_s += 1;
	mail(again, true);
	ck_assert_str_eq(token, again);
}
END_TEST

START_TEST(a_token_is_good_for_a_week)
{
	char token[PROBER_LETTER], request[160];

	relapse(1, HOST_LISTED);
	mail(token, true);
	give(token, request);
	now_s += CONTROL_PROOF_S;
	assert_refused(request, "more than 7 days old");
}
END_TEST

START_TEST(nobody_else_gets_mail)
{
	assert_refused(by_dns, "is not listed");
	assert_refused(by_mail, "is not listed");
	assert_refused("{\"cmd\":\"prove\",\"address\":\"192.0.2.7\",\"how\":\"phone\"}",
		"dns or mail");
	analyzer_list(&a, "192.0.2.66", CATEGORY_RELAY, now_s, now_s + DAY);
	assert_refused("{\"cmd\":\"prove\",\"address\":\"192.0.2.66\",\"how\":\"mail\"}",
		"opted out");
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
}
END_TEST

START_TEST(who_need_not_wait_gets_no_mail)
{
	json_t *answer;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = ask(by_mail);
	ck_assert(json_is_false(json_object_get(answer, "needed")));
	ck_assert_ptr_nonnull(strstr(text(answer, "message"), "No proof is needed"));
	json_decref(answer);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
}
END_TEST

START_TEST(so_many_proofs_are_under_way)
{
	char request[96];
	json_t *answer;
	unsigned full = 0;

	for (int i = 1; i <= 20; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%d", i);
		analyzer_list(&a, address, CATEGORY_RELAY, now_s, now_s + DAY);
		snprintf(request, sizeof(request), "{\"cmd\":\"prove\",\"address\":\"%s\"}",
			address);
		answer = ask(request);
		full += json_is_false(json_object_get(answer, "ok"));
		json_decref(answer);
	}
	ck_assert_uint_eq(full, 4);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const tests[] = {a_record_proves_control_and_ends_the_lockout,
		a_proof_of_before_the_relapse_is_none, a_resolver_that_fails_proves_nothing,
		a_mailed_token_proves_control, a_token_of_before_the_relapse_is_none,
		one_mail_a_day, a_token_is_good_for_a_week, nobody_else_gets_mail,
		who_need_not_wait_gets_no_mail, so_many_proofs_are_under_way};
	Suite *s = suite_create("prove");
	TCase *t = tcase_create("prove");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < ORBL_COUNT(tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
