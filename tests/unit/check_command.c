#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { DAY = 86400 };

static struct analyzer a;
static int64_t now_s;

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a, "delist.requests_per_day = 2\nprobe.opt_out = {192.0.2.66}\n");
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
ask(const char *request)
{
	struct command_answer answer = run(request);

	ck_assert_ptr_nonnull(answer.object);
	ck_assert_ptr_null(answer.submission);
	ck_assert_uint_eq(answer.follow, 0);
	return answer.object;
}

static json_t *
ask_well(const char *request)
{
	json_t *answer = ask(request);

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s: %s", request,
		json_string_value(json_object_get(answer, "message")));
	return answer;
}

/* code is the name of the error; message a part of what is said. */
static void
assert_refused(const char *request, const char *code, const char *message)
{
	json_t *answer = ask(request);
	const char *said = json_string_value(json_object_get(answer, "message"));

	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_str_eq(json_string_value(json_object_get(answer, "error")), code);
	ck_assert_msg(strstr(said, message) != NULL, "%s: %s", request, said);
	json_decref(answer);
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

static size_t
count(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_array(json_object_get(object, key)), "no array %s", key);
	return json_array_size(json_object_get(object, key));
}

/* --- requests that are none ---------------------------------------------- */

static const struct {
	const char *request, *code, *message;
} wrong[] = {
	{"{}", "unsupported", "unknown command"},
	{"{\"cmd\":\"shutdown\"}", "unsupported", "unknown command"},
	{"{\"cmd\":\"\"}", "unsupported", "unknown command"},
	{"{\"cmd\":7}", "unsupported", "unknown command"},
	{"{\"cmd\":[\"list\"]}", "unsupported", "unknown command"},
	{"{\"cmd\":\"check\"}", "syntax", "\"\" is not an IPv4 or IPv6 address"},
	{"{\"cmd\":\"check\",\"address\":4}", "syntax", "\"\" is not"},
	{"{\"cmd\":\"check\",\"address\":\"192.0.2\"}", "syntax", "\"192.0.2\" is not"},
	{"{\"cmd\":\"check\",\"address\":\"192.0.2.1/24\"}", "syntax", "outside its mask"},
	{"{\"cmd\":\"explain\",\"address\":\"192.0.2.0/24\"}", "syntax", "is not an IPv4"},
	{"{\"cmd\":\"check\",\"address\":\"192.0.2.01\"}", "syntax", "is not an IPv4"},
	{"{\"cmd\":\"check\",\"address\":\"a\\nb\\u00e9\"}", "syntax", "\"a?b??\" is not"},
	{"{\"cmd\":\"explain\",\"address\":\"mail.example\"}", "syntax", "is not an IPv4"},
	{"{\"cmd\":\"delist\",\"address\":\"::1%lo\"}", "syntax", "is not an IPv4"},
	{"{\"cmd\":\"delist\",\"address\":\"192.0.2.1\"}", "not-found", "192.0.2.1 is not listed"},
	{"{\"cmd\":\"submit\"}", "syntax", "1 to 64 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"\"}", "syntax", "1 to 64 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\\nb\"}", "syntax", "1 to 64 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"m\\u00fcller\"}", "syntax", "1 to 64 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":"
	 "\"01234567890123456789012345678901234567890123456789012345678901234\"}",
		"syntax", "1 to 64 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"format\":\"nonsense\"}", "unsupported",
		"no log format of this name"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"local_domains\":\"b\"}", "syntax",
		"local_domains must be an array"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"local_domains\":[\"\"]}", "syntax",
		"1 to 255 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"local_domains\":[7]}", "syntax",
		"1 to 255 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"local_domains\":[\"a\\nb\"]}", "syntax",
		"1 to 255 printable"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"follow\":true}", "syntax", "must name a source"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"follow\":true,\"source\":\"\"}", "syntax",
		"must name a source"},
	{"{\"cmd\":\"submit\",\"reporter\":\"a\",\"follow\":true,\"source\":7}", "syntax",
		"must name a source"},
};

START_TEST(a_wrong_request_is_told_so)
{
	assert_refused(wrong[_i].request, wrong[_i].code, wrong[_i].message);
}
END_TEST

/* --- check, list, explain, status ---------------------------------------- */

START_TEST(check_says_what_is_listed)
{
	json_t *answer = ask_well("{\"cmd\":\"check\",\"address\":\"192.0.2.7\"}"), *listing;
	uint64_t probe;

	ck_assert(json_is_false(json_object_get(answer, "listed")));
	ck_assert_uint_eq(count(answer, "listings"), 0);
	json_decref(answer);
	probe = analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY_INPUT, 1900000000,
		now_s + DAY * 9999);
	analyzer_list(&a, "192.0.2.7", CATEGORY_BOUNCER, 1, now_s); /* has just expired */
	answer = ask_well("{\"cmd\":\"check\",\"address\":\"::ffff:192.0.2.7\"}");
	ck_assert(json_is_true(json_object_get(answer, "listed")));
	ck_assert_str_eq(text(answer, "address"), "192.0.2.7");
	ck_assert_uint_eq(count(answer, "listings"), 1);
	listing = json_array_get(json_object_get(answer, "listings"), 0);
	ck_assert_str_eq(text(listing, "prefix"), "192.0.2.7");
	ck_assert_str_eq(text(listing, "category"), "relay-input");
	ck_assert_str_eq(text(listing, "code"), "127.0.0.3");
	ck_assert_str_eq(text(listing, "zone"), "relays");
	ck_assert_str_eq(text(listing, "since"), "2030-03-17T17:46:40Z");
	ck_assert_str_eq(text(listing, "reason"), "it came back");
	ck_assert_int_eq(number(listing, "probe"), (json_int_t)probe);
	json_decref(answer);
}
END_TEST

START_TEST(check_of_ipv6_looks_at_its_64)
{
	json_t *answer;

	analyzer_list(&a, "2001:db8::25", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = ask_well("{\"cmd\":\"check\",\"address\":\"2001:db8::ffff\"}");
	ck_assert(json_is_true(json_object_get(answer, "listed")));
	json_decref(answer);
	answer = ask_well("{\"cmd\":\"check\",\"address\":\"2001:db8:0:1::25\"}");
	ck_assert(json_is_false(json_object_get(answer, "listed")));
	json_decref(answer);
}
END_TEST

static void
put_listing(const char *prefix, enum category category, int64_t effective_s, const char *author)
{
	const struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = now_s,
		.expires_s = now_s + DAY,
		.effective_s = effective_s,
		.reason = "r",
		.author = author};

	ck_ok(store_listing_put(a.store, &l, trouble()));
}

static size_t
listed_at(const char *address)
{
	char request[96];
	json_t *answer;
	size_t n;

	snprintf(request, sizeof(request), "{\"cmd\":\"check\",\"address\":\"%s\"}", address);
	answer = ask_well(request);
	n = count(answer, "listings");
	ck_assert_int_eq(json_is_true(json_object_get(answer, "listed")), n != 0);
	json_decref(answer);
	return n;
}

START_TEST(who_lies_in_a_listed_prefix_is_listed)
{
	put_listing("20.9.0.0/25", CATEGORY_SUSPECT, 0, "root");
	put_listing("2001:db8::/48", CATEGORY_SUSPECT, 0, "root");
	analyzer_list(&a, "20.9.0.5", CATEGORY_RELAY, now_s, now_s + DAY);
	ck_assert_uint_eq(listed_at("20.9.0.4"), 1);
	ck_assert_uint_eq(listed_at("20.9.0.5"), 2);
	ck_assert_uint_eq(listed_at("20.9.0.128"), 0);
	ck_assert_uint_eq(listed_at("20.9.0.0/24"), 2);
	ck_assert_uint_eq(listed_at("20.9.0.0/30"), 1);
	ck_assert_uint_eq(listed_at("20.9.0.128/25"), 0);
	ck_assert_uint_eq(listed_at("2001:db8:0:77::1"), 1);
	ck_assert_uint_eq(listed_at("2001:db8:1::1"), 0);
	assert_refused("{\"cmd\":\"delist\",\"address\":\"20.9.0.4\"}", "refused",
		"20.9.0.0/25 is listed as suspect by order of root until");
}
END_TEST

START_TEST(what_rests_on_no_probe_is_not_tested)
{
	json_t *answer;

	put_listing("192.0.2.7", CATEGORY_SUSPECT, 0, NULL);
	assert_refused("{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}", "refused",
		"for log evidence until");
	assert_refused("{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}", "refused", "write to ");
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = ask_well("{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}");
	ck_assert_uint_eq(count(answer, "listings"), 2);
	json_decref(answer);
}
END_TEST

/* The text of why_not of the only listing; "": it is published. */
static void
ck_why_not(const char *words)
{
	json_t *answer = ask_well("{\"cmd\":\"list\"}"), *l;

	ck_assert_uint_eq(count(answer, "listings"), 1);
	l = json_array_get(json_object_get(answer, "listings"), 0);
	ck_assert_int_eq(json_is_true(json_object_get(l, "published")), words[0] == '\0');
	if (words[0] == '\0')
		ck_assert(json_is_null(json_object_get(l, "why_not")));
	else
		ck_assert_msg(strstr(text(l, "why_not"), words) != NULL, "%s", text(l, "why_not"));
	json_decref(answer);
}

START_TEST(a_listing_tells_whether_dns_has_it)
{
	put_listing("20.9.0.5", CATEGORY_SUSPECT, 0, NULL);
	ck_why_not("next publication");
	pipeline_list_changed(a.pipeline);
	ck_why_not("");
	ck_ok(store_listing_end(a.store, &(struct prefix){fixture_address("20.9.0.5"), 32},
		CATEGORY_ALL_MASK, NULL, trouble()));
	put_listing("20.9.0.6", CATEGORY_BOUNCER, now_s + DAY / 2, NULL);
	pipeline_list_changed(a.pipeline);
	ck_why_not("the end of its notice");
	ck_ok(store_listing_end(a.store, &(struct prefix){fixture_address("20.9.0.6"), 32},
		CATEGORY_ALL_MASK, NULL, trouble()));
	put_listing("10.1.1.1", CATEGORY_SUSPECT, 0, NULL);
	pipeline_list_changed(a.pipeline);
	ck_why_not("reserved network");
	ck_ok(store_listing_end(a.store, &(struct prefix){fixture_address("10.1.1.1"), 32},
		CATEGORY_ALL_MASK, NULL, trouble()));
	put_listing("20.9.0.0/20", CATEGORY_SUSPECT, 0, NULL);
	pipeline_list_changed(a.pipeline);
	ck_why_not("held by a safety stop: 20.9.0.0/20 is new");
}
END_TEST

START_TEST(list_gives_all_that_have_not_expired)
{
	json_t *answer = ask_well("{\"cmd\":\"list\"}");

	ck_assert_uint_eq(count(answer, "listings"), 0);
	json_decref(answer);
	analyzer_list(&a, "192.0.2.1", CATEGORY_RELAY, now_s, now_s + 1);
	analyzer_list(&a, "192.0.2.2", CATEGORY_RELAY, now_s, now_s);
	analyzer_list(&a, "2001:db8::25", CATEGORY_BOUNCER, now_s, now_s + DAY);
	answer = ask_well("{\"cmd\":\"list\"}");
	ck_assert_uint_eq(count(answer, "listings"), 2);
	json_decref(answer);
}
END_TEST

START_TEST(explain_tells_everything)
{
	json_t *answer, *fact, *score, *probe, *request;

	analyzer_add_denial(&a, "mx1", "192.0.2.7");
	analyzer_add_denial(&a, "mx2", "192.0.2.7");
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	json_decref(ask_well("{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}"));
	answer = ask_well("{\"cmd\":\"explain\",\"address\":\"192.0.2.7\"}");
	ck_assert(json_is_true(json_object_get(answer, "listed")));
	ck_assert_uint_eq(count(answer, "listings"), 1);
	ck_assert_uint_eq(count(answer, "evidence"), 2);
	fact = json_array_get(json_object_get(answer, "evidence"), 0);
	ck_assert_str_eq(text(fact, "reporter"), "mx1");
	ck_assert_int_eq(number(fact, "denials"), 8);
	ck_assert_str_eq(text(fact, "file"), "mail.log");
	ck_assert_str_eq(text(fact, "text"), "denial of 192.0.2.7 in 1");
	ck_assert(json_is_null(json_object_get(fact, "rule")));
	score = json_object_get(answer, "score");
	ck_assert_uint_eq(count(score, "terms"), 2);
	ck_assert_double_gt(json_real_value(json_object_get(score, "points")), 34);
	ck_assert_int_eq(number(score, "threshold"), 10);
	ck_assert_ptr_nonnull(strstr(text(score, "decision"), "from 2 reporters"));
	ck_assert_uint_eq(count(answer, "probes"), 2);
	probe = json_array_get(json_object_get(answer, "probes"), 0);
	ck_assert_str_eq(text(probe, "cause"), "delisting request");
	ck_assert(json_is_null(json_object_get(probe, "verdict")));
	probe = json_array_get(json_object_get(answer, "probes"), 1);
	ck_assert_str_eq(text(probe, "verdict"), "open");
	ck_assert(json_is_object(json_object_get(probe, "result")));
	ck_assert_uint_eq(count(answer, "delistings"), 1);
	request = json_array_get(json_object_get(answer, "delistings"), 0);
	ck_assert_str_eq(text(request, "state"), "queued");
	json_decref(answer);
}
END_TEST

START_TEST(explain_of_a_stranger_is_empty)
{
	json_t *answer = ask_well("{\"cmd\":\"explain\",\"address\":\"2001:db8::1\"}");

	ck_assert(json_is_false(json_object_get(answer, "listed")));
	ck_assert_uint_eq(count(answer, "evidence"), 0);
	ck_assert_uint_eq(count(answer, "probes"), 0);
	ck_assert_double_eq(json_real_value(
				    json_object_get(json_object_get(answer, "score"), "points")),
		0);
	json_decref(answer);
}
END_TEST

START_TEST(status_counts)
{
	json_t *answer;

	analyzer_add_denial(&a, "mx1", "192.0.2.7");
	analyzer_list(&a, "192.0.2.8", CATEGORY_RELAY, now_s, now_s + DAY);
	analyzer_turn(&a); /* 192.0.2.7 is nominated, and its probe begins */
	now_s += 60;
	answer = ask_well("{\"cmd\":\"status\"}");
	ck_assert_str_eq(text(answer, "zone"), "dnsbl.example");
	ck_assert_int_eq(number(answer, "serial"), 1);
	ck_assert_int_eq(number(answer, "listings"), 1);
	ck_assert_int_eq(number(answer, "reporters"), 1);
	ck_assert_int_eq(number(answer, "submissions"), 1);
	ck_assert_int_eq(number(answer, "hosts"), 1);
	ck_assert_int_eq(number(answer, "probes_running"), 1);
	ck_assert_int_eq(number(answer, "probes_waiting"), 0);
	ck_assert_int_eq(number(answer, "probes_done"), 1);
	ck_assert_int_ge(number(answer, "uptime_s"), 60);
	json_decref(answer);
}
END_TEST

START_TEST(status_tells_what_the_queue_waits_for)
{
	struct addr later = fixture_address("192.0.2.9");
	const struct store_probe retry = {.host = later,
		.cause = CAUSE_BACKOFF,
		.queued_s = now_s,
		.not_before_s = now_s + DAY};
	const json_t *queue;
	char host[32];
	json_t *answer;
	uint64_t id;

	for (int i = 10; i < 16; i++) { /* of one network: four begin */
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		analyzer_add_denial(&a, "mx1", host);
	}
	ck_ok(store_probe_add(a.store, &retry, &id, trouble()));
	analyzer_turn(&a);
	now_s = (int64_t)time(NULL); /* the denials came in a second later, perhaps */
	answer = ask_well("{\"cmd\":\"status\"}");
	queue = json_object_get(answer, "probe_queue");
	ck_assert_int_eq(number(answer, "probes_running"), 4);
	ck_assert_int_eq(number(answer, "probes_waiting"), 2);
	ck_assert_int_eq(number(answer, "probes_held"), 2);
	ck_assert_int_eq(number(queue, "later"), 1);
	ck_assert_str_eq(text(queue, "waits_for"), "per_network");
	queue = json_object_get(queue, "due");
	ck_assert_uint_eq(json_object_size(queue), CAUSE_COUNT);
	ck_assert_int_eq(number(queue, "nomination"), 2);
	ck_assert_int_eq(number(queue, "delisting request"), 0);
	json_decref(answer);
}
END_TEST

/* --- submit -------------------------------------------------------------- */

START_TEST(submit_asks_for_a_body)
{
	struct command_answer answer = run("{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"file\":"
					   "\"/var/log/\\u001b[31mmail.log\"}");
	json_t *summary;

	ck_assert_ptr_null(answer.object);
	ck_assert_ptr_nonnull(answer.submission);
	ck_ok(submission_finish(answer.submission, &summary, trouble()));
	submission_free(answer.submission);
	json_decref(summary);
	answer = run("{\"cmd\":\"submit\",\"reporter\":"
		     "\"0123456789012345678901234567890123456789012345678901234567890123\"}");
	ck_assert_ptr_nonnull(answer.submission); /* 64 characters, and no file */
	submission_free(answer.submission);
}
END_TEST

/* --- delist -------------------------------------------------------------- */

static const char delist[] = "{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}";

START_TEST(delist_queues_a_retest)
{
	json_t *answer;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = ask_well(delist);
	ck_assert_str_eq(text(answer, "state"), "queued");
	ck_assert_int_eq(number(answer, "request"), 1);
	ck_assert_int_eq(number(answer, "probe"), 2);
	json_decref(answer);
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 1);
	ck_assert_uint_eq(fake_prober_job(a.prober, 0)->id, 2);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.7"), 1U << CATEGORY_RELAY);
}
END_TEST

START_TEST(delist_may_wait_for_the_result)
{
	struct command_answer answer;
	json_t *followed;

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = run("{\"cmd\":\"delist\",\"address\":\"192.0.2.7\",\"wait\":true}");
	ck_assert_uint_eq(answer.follow, 2);
	ck_assert_ptr_null(json_object_get(answer.object, "ok")); /* not the last object */
	json_decref(answer.object);
	ck_ok(store_probe_finish(a.store, 2, "closed", "all refused", NULL, now_s, trouble()));
	ck_ok(store_delisting_finish(a.store, 2, "delisted", "closed", now_s, trouble()));
	followed = command_followed(&a.context, 2, now_s);
	ck_assert(json_is_true(json_object_get(followed, "ok")));
	ck_assert_str_eq(text(followed, "address"), "192.0.2.7");
	ck_assert_str_eq(text(followed, "state"), "delisted");
	ck_assert_str_eq(text(followed, "verdict"), "closed");
	json_decref(followed);
	followed = command_followed(&a.context, 999, now_s);
	ck_assert_str_eq(text(followed, "error"), "not-found");
	json_decref(followed);
}
END_TEST

static void
ask_and_end(const char *verdict)
{
	json_t *answer = ask_well(delist);
	uint64_t probe = (uint64_t)number(answer, "probe");

	ck_ok(store_probe_finish(a.store, probe, verdict, "why", NULL, now_s, trouble()));
	ck_ok(store_delisting_finish(a.store, probe, "refused", "why", now_s, trouble()));
	json_decref(answer);
}

START_TEST(delist_takes_so_many_requests_a_day)
{
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + 9 * DAY);
	ask_and_end("undecided");
	ask_and_end("undecided");
	assert_refused(delist, "refused", "had 2 delisting requests within 24 hours");
	now_s += DAY - 1;
	assert_refused(delist, "refused", "24 hours");
	now_s += 1;
	json_decref(ask_well(delist));
}
END_TEST

START_TEST(delist_does_not_probe_whom_etiquette_protects)
{
	analyzer_list(&a, "192.0.2.66", CATEGORY_RELAY, now_s, now_s + DAY);
	assert_refused("{\"cmd\":\"delist\",\"address\":\"192.0.2.66\"}", "refused", "opted out");
	analyzer_list(&a, "10.1.2.3", CATEGORY_RELAY, now_s, now_s + DAY);
	assert_refused("{\"cmd\":\"delist\",\"address\":\"10.1.2.3\"}", "refused", "reserved");
	analyzer_turn(&a);
	ck_assert_uint_eq(fake_prober_jobs(a.prober), 0);
}
END_TEST

START_TEST(an_expired_listing_needs_no_delisting)
{
	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s - DAY, now_s);
	assert_refused(delist, "not-found", "is not listed");
}
END_TEST

/* A closed host in the same /64, or an output, must not end what was proved of another. */
START_TEST(delist_tests_the_host_that_was_tested)
{
	struct store_listing output = {.prefix = fixture_prefix("192.0.2.9"),
		.category = CATEGORY_RELAY_OUTPUT,
		.since_s = now_s,
		.expires_s = now_s + DAY,
		.reason = "delivered"};

	analyzer_list(&a, "2001:db8::25", CATEGORY_RELAY, now_s, now_s + DAY);
	assert_refused("{\"cmd\":\"delist\",\"address\":\"2001:db8::99\"}", "refused",
		"2001:db8::99 is listed for what was found at 2001:db8::25: ask for 2001:db8::25");
	json_decref(ask_well("{\"cmd\":\"delist\",\"address\":\"2001:db8::25\"}"));
	output.probe = analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY_INPUT, now_s, now_s + DAY);
	ck_ok(store_listing_put(a.store, &output, trouble()));
	assert_refused("{\"cmd\":\"delist\",\"address\":\"192.0.2.9\"}", "refused",
		"ask for 192.0.2.7");
	json_decref(ask_well(delist));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("command");
	TCase *look = tcase_create("look"), *act = tcase_create("act");

	tcase_add_checked_fixture(look, set_up, tear_down);
	tcase_add_loop_test(look, a_wrong_request_is_told_so, 0, (int)ORBL_COUNT(wrong));
	tcase_add_test(look, check_says_what_is_listed);
	tcase_add_test(look, check_of_ipv6_looks_at_its_64);
	tcase_add_test(look, who_lies_in_a_listed_prefix_is_listed);
	tcase_add_test(look, what_rests_on_no_probe_is_not_tested);
	tcase_add_test(look, a_listing_tells_whether_dns_has_it);
	tcase_add_test(look, list_gives_all_that_have_not_expired);
	tcase_add_test(look, explain_tells_everything);
	tcase_add_test(look, explain_of_a_stranger_is_empty);
	tcase_add_test(look, status_counts);
	tcase_add_test(look, status_tells_what_the_queue_waits_for);
	tcase_add_checked_fixture(act, set_up, tear_down);
	tcase_add_test(act, submit_asks_for_a_body);
	tcase_add_test(act, delist_queues_a_retest);
	tcase_add_test(act, delist_may_wait_for_the_result);
	tcase_add_test(act, delist_takes_so_many_requests_a_day);
	tcase_add_test(act, delist_does_not_probe_whom_etiquette_protects);
	tcase_add_test(act, an_expired_listing_needs_no_delisting);
	tcase_add_test(act, delist_tests_the_host_that_was_tested);
	suite_add_tcase(s, look);
	suite_add_tcase(s, act);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
