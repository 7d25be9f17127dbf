#include "list.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_alarm.h>
#include <orbl/store_listing.h>

#include "host.h"
#include "store_fixture.h"

#define BIT(category) (UINT32_C(1) << (category))

static struct conf *conf;
static struct store *store;
static struct guard *guard;
static struct lister lister;

static void
set_up(void)
{
	scratch_enter();
	scratch_write("safe", "203.0.113.0/24 a large provider\n", 32);
	conf = fixture_conf("listing.lifetime = 1000\nlisting.max_lifetime = 6000\n"
			    "listing.relapse_window = 100000\nlisting.notice_output = 100\n"
			    "listing.notice_bouncer = 200\nlisting.exempt = {198.51.100.0/24}\n"
			    "listing.safe_lists = {safe}\n"
			    "probe.allow = {192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, "
			    "2001:db8::/32}\n");
	store = open_store();
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
	lister = (struct lister){.store = store,
		.guard = guard,
		.rules = list_rules_of(conf),
		.now_s = NOW};
}

static void
tear_down(void)
{
	guard_free(guard);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

static struct list_made
make(const char *prefix, enum category category)
{
	const struct list_request r = {.prefix = fixture_prefix(prefix),
		.category = category,
		.reason = "it came back"};
	struct list_made made;

	lister.changed = false;
	ck_ok(list_make(&lister, &r, &made, trouble()));
	ck_assert(made.listed == lister.changed);
	ck_assert(made.listed == (made.why[0] == '\0'));
	return made;
}

struct row {
	size_t count;
	struct store_listing last;
	char author[32], reason[64];
};

static enum err
on_row(const struct store_listing *l, void *context)
{
	struct row *r = context;

	r->count++;
	r->last = *l;
	snprintf(r->author, sizeof(r->author), "%s", l->author);
	snprintf(r->reason, sizeof(r->reason), "%s", l->reason);
	return OK;
}

static struct row
rows(const char *prefix)
{
	struct row r = {.count = 0};
	struct prefix p = fixture_prefix(prefix != NULL ? prefix : "0.0.0.0/0");

	ck_ok(store_listings(store, prefix != NULL ? &p : NULL, on_row, &r, trouble()));
	return r;
}

static int64_t
audits(const char *action, const char *subject, const char *detail)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n,
		"SELECT count(*) FROM audit WHERE action = ? AND host = ? AND detail LIKE ?", "ttt",
		action, subject, detail));
	return n;
}

/* --- rules ------------------------------------------------------------------------ */

START_TEST(a_host_is_listed_by_its_prefix)
{
	struct addr v4 = fixture_address("192.0.2.1"), v6 = fixture_address("2001:db8:1:2:3::4");
	static const struct {
		uint8_t len;
		const char *prefix;
	} rows[] = {{64, "2001:db8:1:2::/64"}, {80, "2001:db8:1:2:3::/80"},
		{126, "2001:db8:1:2:3::4/126"}, {127, "2001:db8:1:2:3::4/127"},
		{125, "2001:db8:1:2:3::/125"}, {128, "2001:db8:1:2:3::4"}};
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct prefix p;

		lister.rules.ipv6_prefix = rows[i].len;
		p = list_prefix(&lister.rules, &v6);
		ck_assert_str_eq(prefix_format(&p, text), rows[i].prefix);
		p = list_prefix(&lister.rules, &v4);
		ck_assert_str_eq(prefix_format(&p, text), "192.0.2.1");
	}
}
END_TEST

START_TEST(each_relapse_doubles_the_time_up_to_a_ceiling)
{
	static const int64_t lives[] = {1000, 2000, 4000, 6000, 6000};
	struct list_rules r = lister.rules;

	for (unsigned i = 0; i < ORBL_COUNT(lives); i++)
		ck_assert_int_eq(list_lifetime(&r, CATEGORY_RELAY, i), lives[i]);
	ck_assert_int_eq(list_lifetime(&r, CATEGORY_RELAY_INPUT, UINT32_MAX), 6000);
	ck_assert_int_eq(list_lifetime(&r, CATEGORY_BOUNCER, 3), 1000); /* of relays alone */
	r.max_lifetime_s = 10; /* shorter than the time itself: that holds */
	ck_assert_int_eq(list_lifetime(&r, CATEGORY_RELAY, 5), 1000);
	r.lifetime_s = r.max_lifetime_s = INT64_MAX / 2 + 1;
	ck_assert_int_eq(list_lifetime(&r, CATEGORY_RELAY, 30), INT64_MAX / 2 + 1);
}
END_TEST

/* --- onto the list ------------------------------------------------------------------ */

START_TEST(a_listing_says_what_and_why)
{
	const struct list_request r = {.prefix = fixture_prefix("192.0.2.1"),
		.category = CATEGORY_SUSPECT,
		.reason = "sends as he likes",
		.author = "root",
		.expires_s = NOW + 77};
	struct list_made made;

	ck_ok(list_make(&lister, &r, &made, trouble()));
	ck_assert(made.listed && !made.renewed);
	ck_assert_int_eq(made.effective_s, 0);
	ck_assert_int_eq(made.expires_s, NOW + 77);
	ck_assert_str_eq(rows("192.0.2.1").author, "root");
	ck_assert_str_eq(rows("192.0.2.1").reason, "sends as he likes");
	ck_assert_int_eq(audits("list", "192.0.2.1", "suspect, probe 0: sends as he likes"), 1);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM audit WHERE author = 'root'"), 1);
	ck_assert_int_eq(store_count(store,
				 "SELECT count(*) FROM proof WHERE tested = '192.0.2.1'"),
		1);
	/* For a network nobody was tested. */
	make("192.0.2.128/25", CATEGORY_SUSPECT);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM proof WHERE tested = ''"), 1);
}
END_TEST

START_TEST(outputs_and_bouncers_have_notice)
{
	struct list_made made = make("192.0.2.1", CATEGORY_RELAY_OUTPUT);

	ck_assert_int_eq(made.effective_s, NOW + 100);
	ck_assert_int_eq(made.expires_s, NOW + 1000);
	ck_assert_int_eq(make("192.0.2.1", CATEGORY_BOUNCER).effective_s, NOW + 200);
	ck_assert_int_eq(make("192.0.2.1", CATEGORY_RELAY).effective_s, 0);
	ck_assert_int_eq(make("192.0.2.1", CATEGORY_UNTESTABLE).effective_s, 0);
	/* A renewal is no new notice. */
	lister.now_s = NOW + 60;
	made = make("192.0.2.1", CATEGORY_RELAY_OUTPUT);
	ck_assert(made.renewed);
	ck_assert_int_eq(made.since_s, NOW);
	ck_assert_int_eq(made.effective_s, NOW + 100);
	ck_assert_int_eq(made.expires_s, NOW + 1060);
	/* One that is over, but not yet cleared away, is. */
	lister.now_s = NOW + 1060;
	made = make("192.0.2.1", CATEGORY_RELAY_OUTPUT);
	ck_assert(!made.renewed);
	ck_assert_int_eq(made.since_s, NOW + 1060);
	ck_assert_int_eq(made.effective_s, NOW + 1160);
	ck_assert_uint_eq(rows("192.0.2.1").count, 4);
}
END_TEST

START_TEST(who_relapsed_is_listed_longer)
{
	struct store_host h = {fixture_address("192.0.2.1"), HOST_LISTED, NOW, 2, NOW, NOW - 1};

	ck_ok(store_host_put(store, &h, trouble()));
	ck_assert_int_eq(make("192.0.2.1", CATEGORY_RELAY).expires_s, NOW + 4000);
	ck_assert_int_eq(make("192.0.2.1", CATEGORY_UNTESTABLE).expires_s, NOW + 1000);
	ck_assert_int_eq(make("192.0.2.2", CATEGORY_RELAY).expires_s, NOW + 1000);
}
END_TEST

static enum err
on_alarm(const struct store_alarm *a, void *context)
{
	(void)context;
	ck_assert_str_eq(a->kind, "safe");
	ck_assert_str_eq(a->subject, "203.0.113.9");
	ck_assert_ptr_nonnull(strstr(a->text, "would be listed as relay: it came back"));
	return OK;
}

START_TEST(the_guard_is_asked)
{
	size_t ended;

	ck_assert_int_eq(make("198.51.100.7", CATEGORY_RELAY).guard, GUARD_EXEMPT);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM alarm"), 0);
	ck_assert_int_eq(make("203.0.113.9", CATEGORY_RELAY).guard, GUARD_SAFE);
	ck_assert_uint_eq(rows(NULL).count, 0);
	ck_ok(store_alarms(store, 9, on_alarm, NULL, trouble()));
	lister.now_s++;
	make("203.0.113.9", CATEGORY_RELAY);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM alarm WHERE last_s > since_s"),
		1);
	ck_ok(store_alarms_prune(store, NOW + 1, &ended, trouble()));
	ck_assert_uint_eq(ended, 0);
	ck_ok(store_alarm_end(store, "safe", "203.0.113.1", trouble()));
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM alarm"), 1);
	ck_ok(store_alarm_end(store, "safe", NULL, trouble()));
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM alarm"), 0);
}
END_TEST

static void
lock(const char *host)
{
	const struct host_news news = {fixture_address(host), HOST_LOCK, NOW, 0, {0}};

	ck_ok(host_event(store, &news, NULL, trouble()));
}

START_TEST(a_locked_host_is_not_listed)
{
	const struct list_request output = {.prefix = fixture_prefix("192.0.2.9"),
		.category = CATEGORY_RELAY_OUTPUT,
		.tested = fixture_address("192.0.2.1"),
		.reason = "delivered"};
	struct list_made made;

	lock("192.0.2.1");
	ck_assert_str_eq(make("192.0.2.1", CATEGORY_SUSPECT).why,
		"192.0.2.1 is locked by an operator");
	ck_ok(list_make(&lister, &output, &made, trouble())); /* nor who delivers for it */
	ck_assert(!made.listed);
	lock("192.0.2.9");
	ck_assert(!make("192.0.2.9", CATEGORY_RELAY_OUTPUT).listed);
	ck_assert_uint_eq(rows(NULL).count, 0);
}
END_TEST

/* Two hosts of one /64, of which one relapsed: what the other renews does not shorten it. */
START_TEST(a_listing_lasts_as_long_as_the_longest_of_its_proofs)
{
	struct list_request r = {.prefix = fixture_prefix("2001:db8::/64"),
		.category = CATEGORY_RELAY,
		.tested = fixture_address("2001:db8::1"),
		.probe = 5,
		.expires_s = NOW + 4000,
		.reason = "one"};

	ck_ok(list_make(&lister, &r, NULL, trouble()));
	r.tested = fixture_address("2001:db8::2");
	r.probe = 6;
	r.expires_s = NOW + 1000;
	r.reason = "the other";
	ck_ok(list_make(&lister, &r, NULL, trouble()));
	ck_assert_int_eq(rows("2001:db8::/64").last.expires_s, NOW + 4000);
	ck_assert_uint_eq(rows("2001:db8::/64").last.probe, 5);
	ck_assert_str_eq(rows("2001:db8::/64").reason, "one");
	/* A shorter one of the same host is what holds now. */
	r.tested = fixture_address("2001:db8::1");
	r.probe = 7;
	r.expires_s = NOW + 500;
	ck_ok(list_make(&lister, &r, NULL, trouble()));
	ck_assert_int_eq(rows("2001:db8::/64").last.expires_s, NOW + 1000);
	ck_assert_str_eq(rows("2001:db8::/64").reason, "the other");
}
END_TEST

/* --- and off it ---------------------------------------------------------------------- */

static unsigned
state_of(const char *host)
{
	struct addr a = fixture_address(host);
	struct store_host h;

	ck_ok(store_host_get(store, &a, &h, trouble()));
	return h.state;
}

static void
list_open(const char *host, const char *output)
{
	struct addr a = fixture_address(host);
	const struct host_news news = {a, HOST_FOUND_OPEN, NOW, 0, {0}};
	struct list_request r = {.prefix = list_prefix(&lister.rules, &a),
		.category = CATEGORY_RELAY_INPUT,
		.tested = a,
		.probe = 1,
		.reason = "open"};

	ck_ok(host_event(store, &news, NULL, trouble()));
	ck_ok(list_make(&lister, &r, NULL, trouble()));
	r.prefix = fixture_prefix(output);
	r.category = CATEGORY_RELAY_OUTPUT;
	ck_ok(list_make(&lister, &r, NULL, trouble()));
}

static const struct list_ending by_verdict = {CATEGORY_ALL_MASK, "delist", "closed", NULL,
	HOST_EVENT_COUNT};
static const struct list_ending by_operator = {CATEGORY_ALL_MASK, "delist",
	"asked on the telephone", "root", HOST_OPERATOR_DELISTS};
static const struct list_ending by_purge = {BIT(CATEGORY_RELAY_INPUT), "purge", "a broken release",
	"root", HOST_PURGED};

START_TEST(what_rests_on_a_host_ends_with_it)
{
	struct addr one = fixture_address("192.0.2.1"), two = fixture_address("192.0.2.2");
	size_t ended;

	list_open("192.0.2.1", "192.0.2.9");
	list_open("192.0.2.2", "192.0.2.9");
	lister.changed = false;
	ck_ok(list_end_of_host(&lister, &one, &by_verdict, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert(lister.changed);
	ck_assert_int_eq(audits("delist", "192.0.2.1", "relay-input: closed"), 1);
	ck_assert_int_eq(audits("delist", "192.0.2.9", "%"), 0); /* it delivers for two */
	ck_ok(list_end_of_host(&lister, &two, &by_verdict, &ended, trouble()));
	ck_assert_uint_eq(ended, 2);
	ck_assert_int_eq(audits("delist", "192.0.2.9", "relay-output: closed"), 1);
	ck_assert_uint_eq(rows(NULL).count, 0);
	ck_assert_int_eq(store_count(store, "SELECT count(*) FROM proof"), 0);
	lister.changed = false;
	ck_ok(list_end_of_host(&lister, &two, &by_verdict, &ended, trouble()));
	ck_assert_uint_eq(ended, 0);
	ck_assert(!lister.changed);
}
END_TEST

START_TEST(an_operator_ends_a_listing)
{
	struct prefix p = fixture_prefix("192.0.2.1"), output = fixture_prefix("192.0.2.9");
	size_t ended;

	list_open("192.0.2.1", "192.0.2.9");
	ck_ok(list_end_prefix(&lister, &output, &by_operator, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_LISTED); /* the input is as open as before */
	ck_ok(list_end_prefix(&lister, &p, &by_operator, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_CLEARED);
	ck_assert_int_eq(audits("delist", "192.0.2.1", "relay-input: asked on the telephone"), 1);
	list_open("192.0.2.1", "192.0.2.9");
	lock("192.0.2.1");
	ck_assert_int_eq(list_end_prefix(&lister, &p, &by_operator, NULL, trouble()), ERR_REFUSED);
}
END_TEST

START_TEST(a_network_is_purged)
{
	struct prefix net = fixture_prefix("192.0.2.0/25"), v6 = fixture_prefix("2001:db8::/32");
	size_t ended;

	list_open("192.0.2.1", "192.0.2.9");
	list_open("192.0.2.127", "192.0.2.9");
	list_open("192.0.2.128", "192.0.2.9");
	list_open("2001:db8::5", "2001:db8:9::/64");
	make("192.0.2.0/24", CATEGORY_RELAY_INPUT);
	lock("192.0.2.127");
	ck_ok(list_end_within(&lister, &net, &by_purge, &ended, trouble()));
	ck_assert_uint_eq(ended, 2); /* of this category */
	ck_assert_uint_eq(rows("192.0.2.1").count, 0);
	ck_assert_uint_eq(rows("192.0.2.128").count, 1);
	ck_assert_uint_eq(rows("192.0.2.9").count, 1);
	ck_assert_uint_eq(rows("192.0.2.0/24").count, 1); /* wider than what was named */
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_SEEN);
	ck_assert_uint_eq(state_of("192.0.2.127"), HOST_LOCKED);
	ck_assert_int_eq(audits("purge", "192.0.2.127", "relay-input: a broken release"), 1);
	ck_ok(list_end_within(&lister, &v6, &by_verdict, &ended, trouble()));
	ck_assert_uint_eq(ended, 2);
}
END_TEST

/* To be a suspect no more is not to be a relay no more. */
START_TEST(a_relay_stays_one_when_it_is_a_suspect_no_more)
{
	struct list_ending ending = by_operator;
	struct prefix p = fixture_prefix("192.0.2.1");
	size_t ended;

	list_open("192.0.2.1", "192.0.2.9");
	make("192.0.2.1", CATEGORY_SUSPECT);
	ending.categories = BIT(CATEGORY_SUSPECT);
	ck_ok(list_end_prefix(&lister, &p, &ending, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_LISTED);
	make("192.0.2.1", CATEGORY_SUSPECT);
	ck_ok(list_end_of_host(&lister, &p.addr, &ending, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_LISTED);
	ending = by_purge;
	ck_ok(list_end_of_host(&lister, &p.addr, &ending, &ended, trouble()));
	ck_assert_uint_eq(ended, 1);
	ck_assert_uint_eq(state_of("192.0.2.1"), HOST_SEEN);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const on[] = {a_host_is_listed_by_its_prefix,
		each_relapse_doubles_the_time_up_to_a_ceiling, a_listing_says_what_and_why,
		outputs_and_bouncers_have_notice, who_relapsed_is_listed_longer, the_guard_is_asked,
		a_locked_host_is_not_listed, a_listing_lasts_as_long_as_the_longest_of_its_proofs};
	const TTest *const off[] = {what_rests_on_a_host_ends_with_it, an_operator_ends_a_listing,
		a_network_is_purged, a_relay_stays_one_when_it_is_a_suspect_no_more};
	Suite *s = suite_create("list");
	TCase *t = tcase_create("on");

	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < ORBL_COUNT(on); i++)
		tcase_add_test(t, on[i]);
	suite_add_tcase(s, t);
	t = tcase_create("off");
	tcase_add_checked_fixture(t, set_up, tear_down);
	for (size_t i = 0; i < ORBL_COUNT(off); i++)
		tcase_add_test(t, off[i]);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
