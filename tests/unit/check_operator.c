#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_order.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { DAY = 86400 };

#define BIT(category) (UINT32_C(1) << (category))
/* The category, in quotes, follows. */
#define LIST "\"action\": \"list\", \"reason\": \"r\", \"category\": "

static struct analyzer a;
static int64_t now_s;

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a,
		"probe.source = \"2001:db8:1::5\"\nlisting.exempt = {192.0.2.200}\n"
		"listing.max_lifetime = 90d\n");
	now_s = (int64_t)time(NULL);
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

/* Keys and values as JSON, without the braces; a new reference. */
static json_t *
ask(const char *cmd, const char *members)
{
	char text[1024];
	struct command_answer answer;
	json_t *request;

	snprintf(text, sizeof(text), "{\"cmd\": \"%s\", %s}", cmd, members);
	request = json_loads(text, 0, NULL);
	ck_assert_msg(request != NULL, "%s", text);
	answer = command_run(&a.context, &(struct command_request){request, "alice", now_s});
	json_decref(request);
	ck_assert_ptr_nonnull(answer.object);
	ck_assert_uint_eq(answer.follow, 0);
	return answer.object;
}

static json_t *
order_well(const char *members)
{
	json_t *answer = ask("operator", members);

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s: %s", members,
		json_string_value(json_object_get(answer, "message")));
	return answer;
}

static void
order(const char *members)
{
	json_decref(order_well(members));
}

/* It is refused with this code and words. */
static void
refused(const char *cmd, const char *members, enum err code, const char *words)
{
	json_t *answer = ask(cmd, members);
	const char *message = json_string_value(json_object_get(answer, "message"));

	ck_assert_msg(json_is_false(json_object_get(answer, "ok")), "%s", members);
	ck_assert_str_eq(json_string_value(json_object_get(answer, "error")), err_name(code));
	ck_assert_msg(strstr(message, words) != NULL, "%s: %s", members, message);
	json_decref(answer);
}

static void
order_refused(const char *members, enum err code, const char *words)
{
	refused("operator", members, code, words);
}

static uint64_t
probe(const char *host, const char *verdict)
{
	struct addr addr = fixture_address(host);
	uint64_t id;

	ck_ok(store_probe_queue(a.store, &addr, CAUSE_NOMINATION, now_s, &id, trouble()));
	ck_ok(store_probe_finish(a.store, id, verdict, "said so", "{}", now_s, trouble()));
	return id;
}

struct seen {
	size_t count;
	char author[64], reason[128];
	int64_t expires_s;
};

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct seen *seen = context;

	seen->count++;
	snprintf(seen->author, sizeof(seen->author), "%s", l->author);
	snprintf(seen->reason, sizeof(seen->reason), "%s", l->reason);
	seen->expires_s = l->expires_s;
	return OK;
}

static struct seen
listings(const char *prefix)
{
	struct prefix p;
	struct seen seen = {0};

	if (prefix != NULL)
		p = fixture_prefix(prefix);
	ck_ok(store_listings(a.store, prefix != NULL ? &p : NULL, on_listing, &seen, trouble()));
	return seen;
}

/* --- list ----------------------------------------------------------------- */

START_TEST(a_listing_has_an_author)
{
	struct seen seen;

	order("\"action\": \"list\", \"prefix\": \"192.0.2.1\", \"category\": \"suspect\","
	      "\"reason\": \" abuse desk, ticket 7 \", \"for_s\": 3600");
	seen = listings("192.0.2.1");
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_str_eq(seen.author, "alice");
	ck_assert_str_eq(seen.reason, "abuse desk, ticket 7");
	ck_assert_int_eq(seen.expires_s, now_s + 3600);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_SUSPECT));
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	json_t *answer = order_well(
		"\"action\": \"list\", \"prefix\": \"192.0.2.1\","
		"\"category\": \"bouncer\", \"reason\": \"x\", \"dry_run\": true");

	ck_assert_int_eq(json_integer_value(json_object_get(answer, "count")), 1);
	json_decref(answer);
	order("\"action\": \"exempt\", \"prefix\": \"192.0.2.2\", \"reason\": \"x\","
	      "\"dry_run\": true");
	order("\"action\": \"lock\", \"prefix\": \"192.0.2.3\", \"reason\": \"x\","
	      "\"dry_run\": true");
	ck_assert_uint_eq(listings(NULL).count, 0);
	answer = order_well("\"action\": \"show\"");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "orders")), 0);
	json_decref(answer);
	analyzer_list(&a, "192.0.2.4", CATEGORY_RELAY, now_s, now_s + DAY);
	order("\"action\": \"delist\", \"prefix\": \"192.0.2.0/24\", \"reason\": \"x\","
	      "\"dry_run\": true");
	ck_assert_uint_eq(listings(NULL).count, 1);
}
END_TEST

START_TEST(a_dry_run_takes_nothing_back)
{
	order("\"action\": \"exempt\", \"prefix\": \"192.0.2.2\", \"reason\": \"x\"");
	order("\"action\": \"lock\", \"prefix\": \"192.0.2.3\", \"reason\": \"x\"");
	order("\"action\": \"unexempt\", \"prefix\": \"192.0.2.2\", \"reason\": \"x\","
	      "\"dry_run\": true");
	order("\"action\": \"unlock\", \"prefix\": \"192.0.2.3\", \"reason\": \"x\","
	      "\"dry_run\": true");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.2\"", ERR_REFUSED, "exempt");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.3\"", ERR_REFUSED, "locked");
	order("\"action\": \"lock\", \"prefix\": \"192.0.2.4\", \"reason\": \"x\","
	      "\"dry_run\": true");
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.4\"");
}
END_TEST

START_TEST(an_open_relay_needs_its_proof)
{
	char text[256];
	uint64_t open = probe("192.0.2.1", "open"), closed = probe("192.0.2.2", "closed"),
		 multihop = probe("192.0.2.3", "open-multihop");

	order_refused(LIST "\"relay\", \"prefix\": \"192.0.2.1\"", ERR_REFUSED, "--proof");
	order_refused(LIST "\"relay\", \"prefix\": \"192.0.2.1\", \"proof\": 99", ERR_REFUSED,
		"there is no probe 99");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.9\", \"proof\": %d",
		(int)open);
	order_refused(text, ERR_REFUSED, "was of 192.0.2.1");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.0/28\", \"proof\": %d",
		(int)open);
	order_refused(text, ERR_REFUSED, "was of 192.0.2.1");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.2\", \"proof\": %d",
		(int)closed);
	order_refused(text, ERR_REFUSED, "found 192.0.2.2 closed");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.3\", \"proof\": %d",
		(int)multihop);
	order_refused(text, ERR_REFUSED, "needs open");
	ck_assert_uint_eq(listings(NULL).count, 0);
	snprintf(text, sizeof(text),
		LIST "\"relay-input\", \"prefix\": \"192.0.2.3\", \"proof\": %d", (int)multihop);
	order(text);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.3"), BIT(CATEGORY_RELAY_INPUT));
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.1\", \"proof\": %d",
		(int)open);
	order(text);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.1"), BIT(CATEGORY_RELAY));
	snprintf(text, sizeof(text), LIST "\"suspect\", \"prefix\": \"192.0.2.1\", \"proof\": %d",
		(int)open);
	order_refused(text, ERR_REFUSED, "rests on no proof");
}
END_TEST

START_TEST(a_proof_that_was_overtaken)
{
	char text[256];
	uint64_t open = probe("192.0.2.1", "open");

	probe("192.0.2.1", "closed");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.1\", \"proof\": %d",
		(int)open);
	order_refused(text, ERR_REFUSED, "closed since");
	open = probe("192.0.2.2", "open");
	probe("192.0.2.2", "bounces");
	for (size_t i = 0; i < 30; i++) /* which say nothing of it */
		probe("192.0.2.2", i % 2 == 0 ? "undecided" : "accepts");
	snprintf(text, sizeof(text), LIST "\"relay\", \"prefix\": \"192.0.2.2\", \"proof\": %d",
		(int)open);
	order_refused(text, ERR_REFUSED, "bounces since");
	ck_assert_uint_eq(listings(NULL).count, 0);
}
END_TEST

START_TEST(who_is_guarded_is_not_listed)
{
	order_refused(LIST "\"suspect\", \"prefix\": \"10.0.0.1\"", ERR_REFUSED, "reserved");
	order_refused(LIST "\"suspect\", \"prefix\": \"2001:db8:1::5\"", ERR_REFUSED, "our own");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.200\"", ERR_REFUSED, "exempt");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.200\", \"dry_run\": true",
		ERR_REFUSED, "exempt");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.0/24\", \"force\": true",
		ERR_REFUSED, "exempt");
	ck_assert_uint_eq(listings(NULL).count, 0);
}
END_TEST

static int64_t
orders(const char *detail)
{
	int64_t n;

	ck_ok(store_number(a.store, trouble(), &n,
		"SELECT count(*) FROM audit WHERE action = 'order' AND detail LIKE ?", "t",
		detail));
	return n;
}

START_TEST(a_wide_order_is_forced)
{
	order_refused(LIST "\"suspect\", \"prefix\": \"1.2.0.0/23\"", ERR_REFUSED,
		"wider than a /24");
	order_refused(LIST "\"suspect\", \"prefix\": \"2a00::/47\"", ERR_REFUSED,
		"wider than a /48");
	order_refused("\"action\": \"exempt\", \"prefix\": \"0.0.0.0/0\", \"reason\": \"r\"",
		ERR_REFUSED, "--force");
	order(LIST "\"suspect\", \"prefix\": \"1.2.0.0/23\", \"force\": true");
	order(LIST "\"suspect\", \"prefix\": \"1.2.8.0/24\"");
	order(LIST "\"suspect\", \"prefix\": \"2a00::/48\"");
	ck_assert_uint_eq(listings(NULL).count, 3);
	ck_assert_int_eq(orders("list, until %, suspect, forced: r"), 1);
	ck_assert_int_eq(orders("list, until %, suspect: r"), 2);
	order("\"action\": \"exempt\", \"prefix\": \"1.2.0.0/23\", \"reason\": \"r\", "
	      "\"force\": true");
	ck_assert_int_eq(orders("exempt, until 0, forced: r"), 1);
	order("\"action\": \"delist\", \"prefix\": \"2a00::/48\", \"reason\": \"r\"");
	ck_assert_int_eq(orders("delist, until 0: r"), 1);
}
END_TEST

/* Who has one address of a /64 has them all. */
START_TEST(an_ipv6_host_is_its_network)
{
	order(LIST "\"suspect\", \"prefix\": \"2001:db8::77\"");
	ck_assert_uint_eq(listings("2001:db8::/64").count, 1);
	order("\"action\": \"delist\", \"prefix\": \"2001:db8::99\", \"reason\": \"r\"");
	ck_assert_uint_eq(listings(NULL).count, 0);
}
END_TEST

static const struct {
	const char *members;
	enum err code;
	const char *words;
} bad[] = {
	{"\"action\": \"steal\", \"prefix\": \"1.2.3.4\"", ERR_SYNTAX, "no such order"},
	{"\"prefix\": \"1.2.3.4\"", ERR_SYNTAX, "no such order"},
	{"\"action\": 7", ERR_SYNTAX, "no such order"},
	{LIST "\"suspect\"", ERR_SYNTAX, "neither an address"},
	{LIST "\"suspect\", \"prefix\": \"1.2.3.4/24\"", ERR_SYNTAX, "outside its mask"},
	{LIST "\"suspect\", \"prefix\": \"\\u001b[2J\"", ERR_SYNTAX, "?[2J"},
	{LIST "\"spam\", \"prefix\": \"1.2.3.4\"", ERR_SYNTAX, "no category"},
	{"\"action\": \"list\", \"reason\": \"r\", \"prefix\": \"1.2.3.4\"", ERR_SYNTAX,
		"--category"},
	{"\"action\": \"list\", \"category\": \"suspect\", \"prefix\": \"1.2.3.4\"", ERR_SYNTAX,
		"give a reason"},
	{"\"action\": \"exempt\", \"reason\": \" \\t \", \"prefix\": \"1.2.3.4\"", ERR_SYNTAX,
		"give a reason"},
	{LIST "\"suspect\", \"prefix\": \"1.2.3.4\", \"for_s\": -1", ERR_RANGE, "last"},
	{LIST "\"suspect\", \"prefix\": \"1.2.3.4\", \"for_s\": \"1\"", ERR_RANGE, "last"},
	{LIST "\"suspect\", \"prefix\": \"1.2.3.4\", \"for_s\": 9223372036854775807", ERR_RANGE,
		"last"},
	{LIST "\"suspect\", \"prefix\": \"1.2.3.4\", \"for_s\": 99999999", ERR_RANGE,
		"listing.max_lifetime, 90d"},
	{LIST "\"relay\", \"prefix\": \"1.2.3.4\", \"proof\": -1", ERR_RANGE, "number of a probe"},
	{"\"action\": \"delist\", \"prefix\": \"1.2.3.4\", \"reason\": \"r\"", ERR_NOT_FOUND,
		"1.2.3.4 is not listed"},
	{"\"action\": \"delist\", \"prefix\": \"1.2.3.4\", \"reason\": \"r\", \"for_s\": 5",
		ERR_SYNTAX, "no duration"},
	{"\"action\": \"exempt\", \"prefix\": \"1.2.3.4\", \"reason\": \"r\","
	 "\"category\": \"suspect\"",
		ERR_SYNTAX, "all categories"},
	{"\"action\": \"unexempt\", \"prefix\": \"1.2.3.4\", \"reason\": \"r\"", ERR_NOT_FOUND,
		"no order"},
	{"\"action\": \"opt-in\", \"prefix\": \"1.2.3.4\", \"reason\": \"r\"", ERR_NOT_FOUND,
		"no order"},
	{"\"action\": \"lock\", \"prefix\": \"1.2.3.0/24\", \"reason\": \"r\"", ERR_REFUSED,
		"one by one"},
};

START_TEST(a_bad_order)
{
	order_refused(bad[_i].members, bad[_i].code, bad[_i].words);
	ck_assert_uint_eq(listings(NULL).count, 0);
}
END_TEST

START_TEST(a_long_reason)
{
	char text[512], reason[301];

	memset(reason, 'x', sizeof(reason));
	reason[300] = '\0';
	snprintf(text, sizeof(text),
		"\"action\": \"opt-out\", \"prefix\": \"1.2.3.4\", \"reason\": \"%s\"", reason);
	order_refused(text, ERR_RANGE, "longer");
}
END_TEST

/* --- off it ------------------------------------------------------------------- */

START_TEST(delisting_by_category_and_prefix)
{
	analyzer_list(&a, "192.0.2.1", CATEGORY_RELAY, now_s, now_s + DAY);
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.1\"");
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.2\"");
	order("\"action\": \"delist\", \"prefix\": \"192.0.2.0/24\", \"reason\": \"r\","
	      "\"category\": \"suspect\"");
	ck_assert_uint_eq(listings(NULL).count, 1);
	order("\"action\": \"delist\", \"prefix\": \"192.0.2.1\", \"reason\": \"r\"");
	ck_assert_uint_eq(listings(NULL).count, 0);
}
END_TEST

START_TEST(exempt_ends_what_is_within_and_around)
{
	json_t *answer;

	analyzer_list(&a, "192.0.2.1", CATEGORY_RELAY, now_s, now_s + DAY);
	analyzer_list(&a, "192.0.2.129", CATEGORY_RELAY, now_s, now_s + DAY);
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.0/26\"");
	answer = order_well(
		"\"action\": \"exempt\", \"prefix\": \"192.0.2.0/30\", \"reason\": \"r\"");
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "count")), 2);
	json_decref(answer);
	ck_assert_uint_eq(listings(NULL).count, 1);
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.129"), BIT(CATEGORY_RELAY));
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.2\"", ERR_REFUSED,
		"exempt by order of alice: r");
	order("\"action\": \"unexempt\", \"prefix\": \"192.0.2.0/30\", \"reason\": \"r\"");
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.2\"");
}
END_TEST

/* Whether DNS has an address. */
static bool
is_in_dns(const char *address)
{
	struct addr addr = fixture_address(address);

	return pipeline_in_dns(a.pipeline, &addr, now_s) != 0;
}

#define WIDE LIST "\"suspect\", \"prefix\": \"20.9.0.0/25\""

START_TEST(what_ends_by_order_leaves_dns)
{
	json_t *answer;

	order(WIDE);
	ck_assert(is_in_dns("20.9.0.5"));
	order_refused("\"action\": \"delist\", \"prefix\": \"20.9.0.5\", \"reason\": \"r\"",
		ERR_NOT_FOUND, "orbl operator delist 20.9.0.0/25, or exempt 20.9.0.5");
	answer = order_well(
		"\"action\": \"delist\", \"prefix\": \"20.9.0.0/25\", \"reason\": \"r\"");
	ck_assert(json_is_null(json_object_get(answer, "why_still")));
	ck_assert(json_is_null(json_object_get(answer, "held")));
	json_decref(answer);
	ck_assert(!is_in_dns("20.9.0.5"));
}
END_TEST

START_TEST(what_ends_besides_is_held_and_said)
{
	json_t *answer;
	const char *why;

	order(WIDE);
	answer = order_well("\"action\": \"exempt\", \"prefix\": \"20.9.0.5\", \"reason\": \"r\"");
	why = json_string_value(json_object_get(answer, "why_still"));
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "nothing would be left"));
	json_decref(answer);
	ck_assert(is_in_dns("20.9.0.5"));
	answer = ask("check", "\"address\": \"20.9.0.5\"");
	ck_assert(json_is_false(json_object_get(answer, "listed")));
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(answer, "why_still")),
		"held by a safety stop"));
	json_decref(answer);
}
END_TEST

/* --- probes ---------------------------------------------------------------------- */

START_TEST(who_has_opted_out_is_not_probed)
{
	struct addr host = fixture_address("192.0.2.5");

	ck_ok(pipeline_may_probe(a.pipeline, &host, trouble()));
	analyzer_list(&a, "192.0.2.5", CATEGORY_RELAY, now_s, now_s + DAY);
	order("\"action\": \"opt-out\", \"prefix\": \"192.0.2.0/29\", \"reason\": \"asked\"");
	ck_assert_int_eq(pipeline_may_probe(a.pipeline, &host, trouble()), ERR_REFUSED);
	ck_assert_str_eq(trouble()->text, "192.0.2.5 has opted out of probes (192.0.2.0/29)");
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.5"), BIT(CATEGORY_RELAY));
	order("\"action\": \"opt-in\", \"prefix\": \"192.0.2.0/29\", \"reason\": \"asked\"");
	ck_ok(pipeline_may_probe(a.pipeline, &host, trouble()));
}
END_TEST

/* --- locks ---------------------------------------------------------------------------- */

START_TEST(a_locked_host_stays_as_it_is)
{
	analyzer_list(&a, "192.0.2.5", CATEGORY_RELAY, now_s, now_s + DAY);
	order("\"action\": \"lock\", \"prefix\": \"192.0.2.5\", \"reason\": \"in court\"");
	order("\"action\": \"lock\", \"prefix\": \"192.0.2.6\", \"reason\": \"in court\"");
	order_refused("\"action\": \"delist\", \"prefix\": \"192.0.2.5\", \"reason\": \"r\"",
		ERR_REFUSED, "locked by an operator");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.6\"", ERR_REFUSED, "locked");
	order_refused(LIST "\"suspect\", \"prefix\": \"192.0.2.6\", \"dry_run\": true", ERR_REFUSED,
		"locked");
	ck_assert_uint_eq(analyzer_listed(&a, "192.0.2.5"), BIT(CATEGORY_RELAY));
	order("\"action\": \"unlock\", \"prefix\": \"192.0.2.6\", \"reason\": \"r\"");
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.6\"");
}
END_TEST

/* --- show -------------------------------------------------------------------------------- */

START_TEST(all_orders_are_shown)
{
	json_t *answer;
	const json_t *row;

	order("\"action\": \"opt-out\", \"prefix\": \"192.0.2.0/29\", \"reason\": \"asked\"");
	order("\"action\": \"exempt\", \"prefix\": \"192.0.2.8/29\", \"reason\": \"ours\","
	      "\"for_s\": 60");
	order(LIST "\"suspect\", \"prefix\": \"192.0.2.1\"");
	analyzer_list(&a, "192.0.2.2", CATEGORY_RELAY, now_s, now_s + DAY);
	answer = order_well("\"action\": \"show\"");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "orders")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "listings")), 1);
	row = json_array_get(json_object_get(answer, "orders"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(row, "action")), "exempt");
	ck_assert_str_eq(json_string_value(json_object_get(row, "author")), "alice");
	ck_assert_str_eq(json_string_value(json_object_get(row, "reason")), "ours");
	json_decref(answer);
	now_s += 60;
	answer = order_well("\"action\": \"show\"");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "orders")), 1);
	json_decref(answer);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("operator");
	TCase *t = tcase_create("operator");
	const TTest *const tests[] = {a_listing_has_an_author, a_dry_run_changes_nothing,
		a_dry_run_takes_nothing_back, an_open_relay_needs_its_proof,
		a_proof_that_was_overtaken, who_is_guarded_is_not_listed, a_wide_order_is_forced,
		an_ipv6_host_is_its_network, a_long_reason, delisting_by_category_and_prefix,
		exempt_ends_what_is_within_and_around, what_ends_by_order_leaves_dns,
		what_ends_besides_is_held_and_said, who_has_opted_out_is_not_probed,
		a_locked_host_stays_as_it_is, all_orders_are_shown};

	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < ORBL_COUNT(tests); i++)
		tcase_add_test(t, tests[i]);
	tcase_add_loop_test(t, a_bad_order, 0, (int)ORBL_COUNT(bad));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
