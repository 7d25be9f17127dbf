#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_host.h>
#include <orbl/store_order.h>

#include "analyzer_fixture.h"
#include "host_state.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { PLAIN = 1, DAY = 86400 };

static struct analyzer a;
static int64_t now_s;
static json_t *answer; /* of the last question */

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a,
		"probe.helo = tester.example\nprobe.source = 127.0.0.9\n"
		"score.suspect_at = 0\n");
	now_s = (int64_t)time(NULL);
	answer = NULL;
}

static void
tear_down(void)
{
	json_decref(answer);
	analyzer_close(&a);
	scratch_leave();
}

static const json_t *
ask(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);

	ck_assert_msg(json != NULL, "%s", request);
	json_decref(answer);
	answer = command_run(&a.context, &(struct command_request){json, "somebody", now_s}).object;
	json_decref(json);
	ck_assert_ptr_nonnull(answer);
	return answer;
}

static const json_t *
explain(const char *host)
{
	char request[128];

	snprintf(request, sizeof(request), "{\"cmd\":\"explain\",\"address\":\"%s\"}", host);
	ask(request);
	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s",
		json_string_value(json_object_get(answer, "message")));
	return answer;
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

static const json_t *
item(const char *array, size_t i)
{
	const json_t *found = json_array_get(json_object_get(answer, array), i);

	ck_assert_msg(found != NULL, "%s has no item %zu", array, i);
	return found;
}

/* A sentence of "next" has these words. */
static void
assert_next(const char *words)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach (json_object_get(answer, "next"), i, sentence)
		if (strstr(json_string_value(sentence), words) != NULL)
			return;
	ck_abort_msg("nothing says \"%s\": %s", words,
		json_dumps(json_object_get(answer, "next"), 0));
}

static void
put_host(const char *host, enum host_state state, unsigned relapses)
{
	struct store_host h = {.host = fixture_address(host),
		.state = state,
		.since_s = now_s,
		.relapses = relapses,
		.listed_s = now_s};

	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_host_put(a.store, &h, trouble()));
	ck_ok(store_commit(a.store, trouble()));
}

static void
say(const struct prober_event *ev)
{
	fake_prober_say(a.prober, ev);
	analyzer_turn(&a);
}

/* 192.0.2.7 by two reporters, tested and found open. */
static void
list_by_test(void)
{
	uint64_t id;

	analyzer_add_denial(&a, "mx1", "192.0.2.7");
	analyzer_add_denial(&a, "mx2", "192.0.2.7");
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
	id = fake_prober_job(a.prober, 0)->id;
	say(&(struct prober_event){.kind = PROBER_CASE,
		.id = id,
		.case_index = PLAIN,
		.answer = PROBER_ANSWER_ACCEPTED});
	say(&(struct prober_event){.kind = PROBER_ARRIVAL,
		.id = id,
		.case_index = PLAIN,
		.peer = {.addr = fixture_address("192.0.2.7")}});
	say(&(struct prober_event){.kind = PROBER_DONE, .id = id, .reach = REACH_DONE});
}

/* --- the chain ------------------------------------------------------------------------ */

START_TEST(the_chain_is_whole)
{
	const json_t *term, *decision, *fact;

	list_by_test();
	explain("192.0.2.7");
	fact = item("evidence", 1);
	ck_assert_str_eq(text(fact, "file"), "mail.log");
	ck_assert_int_eq(number(fact, "line"), 1);
	ck_assert_uint_eq(strlen(text(fact, "hash")), 32);
	term = json_array_get(json_object_get(json_object_get(answer, "score"), "terms"), 0);
	ck_assert_int_eq(number(term, "trust"), 100);
	ck_assert_int_eq(number(term, "denials"), 8);
	ck_assert_int_eq(number(term, "facts"), 1);
	ck_assert_double_eq_tol(json_real_value(json_object_get(term, "points")),
		json_real_value(json_object_get(term, "sum")) *
			json_real_value(json_object_get(term, "diversity")),
		1e-6);
	decision = item("decisions", 0);
	ck_assert_str_eq(text(decision, "kind"), "verdict");
	ck_assert_str_eq(text(json_object_get(decision, "result"), "category"), "relay");
	decision = item("decisions", 1);
	ck_assert_str_eq(text(decision, "kind"), "nominate");
	ck_assert_int_eq(number(decision, "probe"), number(item("probes", 0), "probe"));
	ck_assert_int_eq(number(json_object_get(decision, "inputs"), "facts"), 2);
	ck_assert_str_eq(text(item("probes", 0), "verdict"), "open");
	ck_assert_int_eq(number(item("listings", 0), "probe"), number(decision, "probe"));
	ck_assert_str_eq(text(json_object_get(answer, "host"), "state"), "listed");
	ck_assert_uint_ge(json_array_size(json_object_get(answer, "audit")), 3);
	ck_assert_int_gt(number(item("audit", 0), "seq"), number(item("audit", 1), "seq"));
	assert_next("Close the relay: P01-plain (a relay for everybody) came back");
	assert_next("orbl delist 192.0.2.7");
}
END_TEST

START_TEST(of_a_stranger_there_is_nothing)
{
	static const char *const empty[] = {"listings", "evidence", "decisions", "probes",
		"delistings", "orders", "audit"};

	explain("2001:db8::1");
	for (size_t i = 0; i < ORBL_COUNT(empty); i++)
		ck_assert_msg(json_is_array(json_object_get(answer, empty[i])) &&
				json_array_size(json_object_get(answer, empty[i])) == 0,
			"%s", empty[i]);
	ck_assert(json_is_null(json_object_get(json_object_get(answer, "host"), "since")));
	assert_next("Nothing needs to be done");
}
END_TEST

START_TEST(an_order_that_holds_the_host_is_told)
{
	const struct store_order orders[] = {
		{fixture_prefix("192.0.2.0/24"), "opt-out", now_s, now_s + DAY, "carol", "asked"},
		{fixture_prefix("198.51.100.0/24"), "exempt", now_s, 0, "carol", "friends"},
	};

	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_order_put(a.store, &orders[0], trouble()));
	ck_ok(store_order_put(a.store, &orders[1], trouble()));
	ck_ok(store_commit(a.store, trouble()));
	explain("192.0.2.7");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "orders")), 1);
	ck_assert_str_eq(text(item("orders", 0), "order"), "opt-out");
	ck_assert_str_eq(text(item("orders", 0), "author"), "carol");
	explain("198.51.100.1");
	ck_assert(json_is_null(json_object_get(item("orders", 0), "until")));
}
END_TEST

/* --- what to do --------------------------------------------------------------------------- */

static const struct {
	enum category category;
	const char *says;
} advices[] = {
	{CATEGORY_RELAY, "Close the relay: it came back"},
	{CATEGORY_RELAY_INPUT, "Close the relay: it came back"},
	{CATEGORY_SUSPECT, "The entry as suspect ends by itself"},
	{CATEGORY_RELAY_OUTPUT, "It delivers for 192.0.2.7: close that relay"},
	{CATEGORY_UNTESTABLE, "127.0.0.9"},
	{CATEGORY_BOUNCER, "orbl delist 192.0.2.7"},
};

START_TEST(each_category_has_its_advice)
{
	analyzer_list(&a, "192.0.2.7", advices[_i].category, now_s, now_s + DAY);
	explain("192.0.2.7");
	assert_next(advices[_i].says);
}
END_TEST

START_TEST(a_neighbour_is_sent_to_who_was_tested)
{
	analyzer_list(&a, "2001:db8::25", CATEGORY_RELAY, now_s, now_s + DAY);
	explain("2001:db8::26");
	ck_assert(json_is_true(json_object_get(answer, "listed")));
	assert_next("It is listed for what was found at 2001:db8::25");
}
END_TEST

START_TEST(a_probe_to_come_decides)
{
	struct addr host = fixture_address("192.0.2.7");
	uint64_t id;

	ck_ok(store_probe_queue(a.store, &host, CAUSE_DELISTING, now_s, &id, trouble()));
	explain("192.0.2.7");
	assert_next("is queued (delisting request), due 20");
	ck_ok(store_probe_start(a.store, id, now_s, trouble()));
	explain("192.0.2.7");
	assert_next("is under way (delisting request)");
}
END_TEST

START_TEST(a_lock_and_a_lock_out_are_told)
{
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	put_host("192.0.2.7", HOST_LISTED, 1);
	explain("192.0.2.7");
	assert_next("The next request is taken at 20");
	assert_next("(relapses: 1)");
	put_host("192.0.2.7", HOST_LOCKED, 0);
	explain("192.0.2.7");
	assert_next("An operator has locked this host");
}
END_TEST

START_TEST(who_is_locked_out_may_prove)
{
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	put_host("192.0.2.7", HOST_LISTED, 1);
	explain("192.0.2.7");
	assert_next("orbl delist --prove 192.0.2.7");
}
END_TEST

START_TEST(a_probe_that_is_not_made_decides_nothing)
{
	const struct store_order out = {fixture_prefix("192.0.2.0/24"), "opt-out", now_s, 0,
		"carol", "asked"};
	struct addr host = fixture_address("192.0.2.7");
	uint64_t id;

	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_order_put(a.store, &out, trouble()));
	ck_ok(store_commit(a.store, trouble()));
	ck_ok(store_probe_queue(a.store, &host, CAUSE_NOMINATION, now_s, &id, trouble()));
	explain("192.0.2.7");
	assert_next("is not going to be made: 192.0.2.7 has opted out");
}
END_TEST

START_TEST(an_order_is_ended_by_who_gave_it)
{
	const struct store_listing l = {.prefix = fixture_prefix("20.9.0.0/25"),
		.category = CATEGORY_UNTESTABLE,
		.since_s = now_s,
		.expires_s = now_s + DAY,
		.reason = "r",
		.author = "carol"};

	ck_ok(store_listing_put(a.store, &l, trouble()));
	explain("20.9.0.5");
	ck_assert(json_is_true(json_object_get(answer, "listed")));
	assert_next("20.9.0.0/25 is listed as untestable by order of carol until 20");
	assert_next("orbl operator delist 20.9.0.0/25");
}
END_TEST

/* 16 of 64 classes: about 18 domains, as when each denial had many recipients. */
START_TEST(a_denial_is_of_one_domain_and_a_new_reporter_is_told)
{
	const json_t *term;

	a.conf->score.new_trust = 25;
	analyzer_add_denial(&a, "mx1", "192.0.2.7");
	ck_ok(store_execute(a.store, "UPDATE evidence SET domains = 65535", trouble()));
	explain("192.0.2.7");
	ck_assert_int_eq(number(item("evidence", 0), "domains"), 8);
	term = json_array_get(json_object_get(json_object_get(answer, "score"), "terms"), 0);
	ck_assert_int_eq(number(term, "domains"), 8);
	ck_assert(json_is_true(json_object_get(term, "is_new")));
}
END_TEST

/* --- replay and the page --------------------------------------------------------------------- */

START_TEST(replay_answers)
{
	list_by_test();
	ask("{\"cmd\":\"replay\",\"address\":\"192.0.2.7\"}");
	ck_assert_int_ge(number(answer, "decisions"), 2);
	ck_assert_int_eq(number(answer, "probes"), 1);
	ck_assert_int_eq(number(answer, "differences_found"), 0);
	ck_assert(json_is_null(json_object_get(answer, "next")));
	ck_ok(store_execute(a.store, "UPDATE probe SET verdict = 'closed'", trouble()));
	ask("{\"cmd\":\"replay\",\"after\":0}");
	ck_assert_int_ge(number(answer, "differences_found"), 1);
	ck_assert_str_eq(text(item("differences", 0), "what"), "probe");
	ck_assert_str_eq(text(item("differences", 0), "address"), "192.0.2.7");
	ask("{\"cmd\":\"replay\",\"after\":999999}");
	ck_assert_int_eq(number(answer, "decisions"), 0);
	ask("{\"cmd\":\"replay\",\"address\":\"nobody\"}");
	ck_assert_str_eq(text(answer, "error"), "syntax");
	ask("{\"cmd\":\"replay\",\"address\":7}");
	ck_assert_str_eq(text(answer, "error"), "syntax");
}
END_TEST

START_TEST(replay_goes_on_in_parts)
{
	json_int_t decisions = 0, parts = 0;
	char request[64], host[32];

	for (int i = 1; i <= 60; i++) { /* most wait for their turn: nominated all the same */
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		analyzer_add_denial(&a, "mx1", host);
	}
	pipeline_wake(a.pipeline);
	analyzer_turn(&a);
	ask("{\"cmd\":\"replay\"}");
	for (;; parts++) {
		decisions += number(answer, "decisions");
		if (json_is_null(json_object_get(answer, "next")))
			break;
		snprintf(request, sizeof(request), "{\"cmd\":\"replay\",\"after\":%lld}",
			(long long)number(answer, "next"));
		ask(request);
	}
	ck_assert_int_eq(decisions, 60);
	ck_assert_int_eq(parts, 1);
}
END_TEST

START_TEST(the_page_is_of_what_runs)
{
	ask("{\"cmd\":\"policy-page\"}");
	ck_assert_str_eq(text(answer, "format"), "markdown");
	ck_assert_ptr_nonnull(strstr(text(answer, "page"), "`dnsbl.example`"));
	ck_assert_ptr_nonnull(strstr(text(answer, "page"), "when it has 10 points"));
	ask("{\"cmd\":\"policy-page\",\"format\":\"html\"}");
	ck_assert_ptr_nonnull(strstr(text(answer, "page"), "<!DOCTYPE html>"));
	ask("{\"cmd\":\"policy-page\",\"format\":\"pdf\"}");
	ck_assert_str_eq(text(answer, "error"), "syntax");
}
END_TEST

START_TEST(the_page_says_that_the_list_ends)
{
	const struct store_retirement r = {1, now_s, now_s, INT64_C(1900000000)};

	ck_ok(store_begin(a.store, trouble()));
	ck_ok(store_retirement_put(a.store, &r, trouble()));
	ck_ok(store_commit(a.store, trouble()));
	ask("{\"cmd\":\"policy-page\"}");
	ck_assert_ptr_nonnull(strstr(text(answer, "page"), "**This list ends on 2030-03-17."));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("command_explain");
	TCase *c = tcase_create("explain"), *other = tcase_create("replay and page");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, the_chain_is_whole);
	tcase_add_test(c, of_a_stranger_there_is_nothing);
	tcase_add_test(c, an_order_that_holds_the_host_is_told);
	tcase_add_loop_test(c, each_category_has_its_advice, 0, (int)ORBL_COUNT(advices));
	tcase_add_test(c, a_neighbour_is_sent_to_who_was_tested);
	tcase_add_test(c, a_probe_to_come_decides);
	tcase_add_test(c, a_lock_and_a_lock_out_are_told);
	tcase_add_test(c, who_is_locked_out_may_prove);
	tcase_add_test(c, a_probe_that_is_not_made_decides_nothing);
	tcase_add_test(c, an_order_is_ended_by_who_gave_it);
	tcase_add_test(c, a_denial_is_of_one_domain_and_a_new_reporter_is_told);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(other, set_up, tear_down);
	tcase_add_test(other, replay_answers);
	tcase_add_test(other, replay_goes_on_in_parts);
	tcase_add_test(other, the_page_is_of_what_runs);
	tcase_add_test(other, the_page_says_that_the_list_ends);
	suite_add_tcase(s, other);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
