/* Delisting as its requester sees it: tickets, lock-outs, proofs of control. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_delisting.h>
#include <orbl/store_host.h>

#include "analyzer_fixture.h"
#include "control_proof.h"
#include "host_state.h"
#include "resolver_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { DAY = 86400 };

static struct analyzer a;
static struct resolver_fixture resolver;
static int64_t now_s;
static json_t *last; /* what an observer was told the end is */
static uint64_t waits_for;

/* As the server does. */
static void
observe(uint64_t id, const char *text, bool done, void *context)
{
	(void)text;
	(void)context;
	if (id != waits_for || !done)
		return;
	json_decref(last);
	last = command_followed(&a.context, id, now_s);
}

static void
set_up(void)
{
	char lines[512], where[ENDPOINT_TEXT];

	scratch_enter();
	resolver_fixture_open(&resolver, "127.0.6.55");
	snprintf(lines, sizeof(lines),
		"delist.requests_per_day = 3\nprobe.opt_out = {192.0.2.66}\nzone.ttl = 5m\n"
		"delist.resolver = \"%s\"\nprobe.helo = relay-test.example\nprobe.port = 2525\n",
		endpoint_format(&resolver.where, where));
	for (char *c = strstr(lines, "resolver ="); *c != '\n'; c++)
		if (*c == ':')
			*c = '@';
	analyzer_open(&a, lines);
	resolver_fixture_serve(&resolver, a.base);
	pipeline_observe(a.pipeline, observe, NULL);
	now_s = (int64_t)time(NULL);
	last = NULL;
	waits_for = 0;
}

static void
tear_down(void)
{
	json_decref(last);
	resolver_fixture_close(&resolver);
	analyzer_close(&a);
	scratch_leave();
}

static json_t *
ask(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);
	struct command_answer answer;

	ck_assert_msg(json != NULL, "%s", request);
	answer = command_run(&a.context, &(struct command_request){json, "somebody", now_s});
	json_decref(json);
	waits_for = answer.follow;
	return answer.object;
}

static const char *
text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	ck_assert_msg(s != NULL, "no text %s", key);
	return s;
}

static json_int_t
number(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(object, key)), "no number %s", key);
	return json_integer_value(json_object_get(object, key));
}

static void
assert_refused(const char *request, const char *message)
{
	json_t *answer = ask(request);

	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_msg(strstr(text(answer, "message"), message) != NULL, "%s",
		text(answer, "message"));
	json_decref(answer);
}

static const char delist[] = "{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}";

static json_t *
ticket(json_int_t request)
{
	char line[64];

	snprintf(line, sizeof(line), "{\"cmd\":\"ticket\",\"request\":%lld}", (long long)request);
	return ask(line);
}

static json_int_t
take_request(void)
{
	json_t *answer = ask(delist);
	json_int_t id;

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s",
		json_string_value(json_object_get(answer, "message")));
	id = number(answer, "request");
	json_decref(answer);
	return id;
}

#define TOKEN28 "abcdefghijklmnopqrstuvwxyz23"
static const char result[] = "{\"source_address\":\"192.0.2.250\",\"cases\":[{\"case\":\"P01-"
			     "plain\",\"mail_from\":\"<a@b>\""
			     ",\"rcpt_to\":\"<" TOKEN28
			     "@d>\",\"rcpt_reply\":\"250 ok\",\"data_reply\":\"\",\"answer\":"
			     "\"accepted\",\"arrived\":true}]}";

static void
finish(json_int_t request, const char *verdict, const char *state)
{
	json_t *t = ticket(request);
	uint64_t probe = (uint64_t)number(t, "probe");

	ck_ok(store_probe_finish(a.store, probe, verdict, "why " TOKEN28, result, now_s + 9,
		trouble()));
	ck_ok(store_delisting_finish(a.store, probe, state, "why", now_s + 9, trouble()));
	json_decref(t);
}

/* --- tickets ------------------------------------------------------------------- */

START_TEST(a_ticket_follows_its_request)
{
	json_int_t id;
	json_t *t;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	t = ticket(id);
	ck_assert_str_eq(text(t, "state"), "queued");
	ck_assert_str_eq(text(t, "address"), "192.0.2.7");
	ck_assert_str_eq(text(t, "author"), "somebody");
	ck_assert_uint_eq(json_array_size(json_object_get(t, "listings")), 1);
	text(t, "due");
	json_decref(t);
	analyzer_turn(&a);
	t = ticket(id);
	ck_assert_str_eq(text(t, "state"), "testing");
	ck_assert_int_eq(number(t, "cases_answered"), 0);
	text(t, "started");
	json_decref(t);
}
END_TEST

START_TEST(a_refusal_names_the_case_and_the_way_out)
{
	json_int_t id;
	json_t *t, *c;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	finish(id, "open", "refused");
	t = ticket(id);
	c = json_object_get(t, "case");
	ck_assert_str_eq(text(t, "state"), "refused");
	ck_assert_str_eq(text(t, "verdict"), "open");
	ck_assert_str_eq(text(t, "reason"), "why TOKEN");
	ck_assert_str_eq(text(c, "case"), "P01-plain");
	ck_assert_str_eq(text(c, "mail_from"), "<a@b>");
	ck_assert_str_eq(text(c, "rcpt_to"), "<TOKEN@d>");
	ck_assert_str_eq(text(c, "reply"), "250 ok");
	ck_assert_ptr_nonnull(strstr(text(t, "advice"), "relays mail for strangers"));
	ck_assert_ptr_null(json_object_get(t, "visible_by"));
	ck_assert(json_is_null(json_object_get(t, "next_request")));
	json_decref(t);
}
END_TEST

START_TEST(the_untestable_are_told_whom_to_let_in)
{
	json_int_t id;
	json_t *t;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	finish(id, "untestable", "refused");
	t = ticket(id);
	ck_assert_ptr_nonnull(strstr(text(t, "advice"),
		"We come from 192.0.2.250, to port 2525, and greet with relay-test.example."));
	ck_assert_ptr_null(json_object_get(t, "case"));
	json_decref(t);
}
END_TEST

START_TEST(a_success_says_when_everybody_sees_it)
{
	char wanted[32];
	time_t by = (time_t)(now_s + 9 + 300);
	struct tm tm;
	json_int_t id;
	json_t *t;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	finish(id, "closed", "delisted");
	gmtime_r(&by, &tm);
	strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%SZ", &tm);
	t = ticket(id);
	ck_assert_str_eq(text(t, "state"), "delisted");
	ck_assert_str_eq(text(t, "visible_by"), wanted);
	json_decref(t);
}
END_TEST

START_TEST(what_is_held_is_not_promised)
{
	struct prefix p = {fixture_address("192.0.2.7"), 32};
	char host[32];
	json_int_t id;
	json_t *t;

	for (int i = 1; i <= 40; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		analyzer_list(&a, host, CATEGORY_RELAY, now_s, now_s + DAY);
	}
	pipeline_list_changed(a.pipeline);
	id = take_request();
	finish(id, "closed", "delisted");
	for (int i = 1; i <= 40; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		p.addr = fixture_address(host);
		ck_ok(store_listing_end(a.store, &p, CATEGORY_ALL_MASK, NULL, trouble()));
	}
	pipeline_list_changed(a.pipeline);
	t = ticket(id);
	ck_assert_ptr_null(json_object_get(t, "visible_by"));
	ck_assert_ptr_nonnull(strstr(text(t, "why_still"), "held by a safety stop"));
	json_decref(t);
}
END_TEST

START_TEST(a_success_tells_of_the_retest)
{
	struct addr host = fixture_address("192.0.2.7");
	const struct store_probe confirm = {.host = host,
		.cause = CAUSE_CONFIRM,
		.queued_s = now_s,
		.not_before_s = now_s + DAY};
	json_int_t id;
	uint64_t probe;
	json_t *t;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	finish(id, "closed", "delisted");
	t = ticket(id);
	ck_assert(json_is_null(json_object_get(t, "retest")));
	json_decref(t);
	ck_ok(store_probe_add(a.store, &confirm, &probe, trouble()));
	t = ticket(id);
	text(t, "retest");
	json_decref(t);
}
END_TEST

START_TEST(who_asks_meanwhile_gets_the_same_ticket)
{
	json_int_t id;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	id = take_request();
	for (int i = 0; i < 9; i++)
		ck_assert_int_eq(take_request(), id);
	finish(id, "open", "refused");
	ck_assert_int_eq(take_request(), id + 1);
}
END_TEST

START_TEST(a_wrong_number_has_no_ticket)
{
	assert_refused("{\"cmd\":\"ticket\",\"request\":77}", "no delisting request 77");
	assert_refused("{\"cmd\":\"ticket\",\"request\":-1}", "no delisting request -1");
	assert_refused("{\"cmd\":\"ticket\",\"request\":\"1\"}", "must be the number");
	assert_refused("{\"cmd\":\"ticket\"}", "must be the number");
}
END_TEST

/* --- lock-outs ------------------------------------------------------------------ */

static void
relapse(unsigned relapses, unsigned state)
{
	struct store_host h = {.host = fixture_address("192.0.2.7"),
		.state = state,
		.since_s = now_s,
		.relapses = relapses,
		.listed_s = now_s,
		.removed_s = now_s - DAY};

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + 20 * DAY);
	ck_ok(store_host_put(a.store, &h, trouble()));
}

START_TEST(a_relapsed_host_is_locked_out)
{
	json_int_t id;
	json_t *t;

	relapse(2, HOST_LISTED);
	assert_refused(delist, "relapse 2");
	t = ask(delist);
	text(t, "next_request");
	json_decref(t);
	now_s += 2 * DAY - 1;
	assert_refused(delist, "48 hours after");
	now_s += 1;
	id = take_request();
	finish(id, "undecided", "refused");
	now_s -= DAY; /* as if it were asked for before */
	t = ticket(id);
	text(t, "next_request");
	ck_assert_ptr_nonnull(strstr(text(t, "advice"), "orbl delist --prove 192.0.2.7"));
	json_decref(t);
}
END_TEST

START_TEST(a_locked_host_stays)
{
	relapse(0, HOST_LOCKED);
	assert_refused(delist, "an operator has locked");
}
END_TEST

/* --- proofs of control ------------------------------------------------------------ */

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
	Suite *s = suite_create("ticket");
	TCase *t = tcase_create("tickets"), *p = tcase_create("proofs");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_ticket_follows_its_request);
	tcase_add_test(t, a_refusal_names_the_case_and_the_way_out);
	tcase_add_test(t, the_untestable_are_told_whom_to_let_in);
	tcase_add_test(t, a_success_says_when_everybody_sees_it);
	tcase_add_test(t, what_is_held_is_not_promised);
	tcase_add_test(t, a_success_tells_of_the_retest);
	tcase_add_test(t, who_asks_meanwhile_gets_the_same_ticket);
	tcase_add_test(t, a_wrong_number_has_no_ticket);
	tcase_add_test(t, a_relapsed_host_is_locked_out);
	tcase_add_test(t, a_locked_host_stays);
	tcase_add_checked_fixture(p, set_up, tear_down);
	tcase_add_test(p, a_record_proves_control_and_ends_the_lockout);
	tcase_add_test(p, a_proof_of_before_the_relapse_is_none);
	tcase_add_test(p, a_resolver_that_fails_proves_nothing);
	tcase_add_test(p, a_mailed_token_proves_control);
	tcase_add_test(p, a_token_of_before_the_relapse_is_none);
	tcase_add_test(p, one_mail_a_day);
	tcase_add_test(p, a_token_is_good_for_a_week);
	tcase_add_test(p, nobody_else_gets_mail);
	tcase_add_test(p, who_need_not_wait_gets_no_mail);
	tcase_add_test(p, so_many_proofs_are_under_way);
	suite_add_tcase(s, t);
	suite_add_tcase(s, p);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
