#include "purge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_reporter.h>

#include "analyzer_fixture.h"
#include "nominate.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

#define HOST "192.0.2.1"

enum { NOW = 1900000800, HOUR = 3600, DAY = 86400 };

static struct conf *conf;
static struct store *store;
static struct nominate nominate;
static struct prefix allowed;
static struct etiquette_rules etiquette;
static char told[2000]; /* what of whom, as text */

static void
set_up(void)
{
	scratch_enter();
	log_open("check", LOG_LEVEL_ERROR);
	conf = fixture_conf("score.min_reporters = 2\nscore.suspect_at = 60\n"
			    "score.suspect_until = 30\nscore.suspect_reporters = 2\n");
	ck_ok(store_open(conf->store_path, &store, trouble()));
	nominate = (struct nominate){.conf = conf, .store = store};
	ck_ok(nominate_init(&nominate, trouble()));
	allowed = fixture_prefix("192.0.2.0/24");
	etiquette = (struct etiquette_rules){.allow_count = 1,
		.allow = &allowed,
		.interval_s = DAY};
}

static void
tear_down(void)
{
	nominate_reset(&nominate);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

/* Denials in one hour, received then. */
static void
deny(const char *reporter, const char *host, int64_t time_s, uint32_t count)
{
	static unsigned lines;
	struct store_denial d = {.host = fixture_address(host),
		.time_s = time_s,
		.said_s = time_s,
		.count = count,
		.line = 1};
	struct store_submission sub = {.lines = 1};
	char raw[64];

	ck_ok(store_submission_begin(store, reporter, "mail.log", time_s, &d.submission,
		trouble()));
	snprintf(raw, sizeof(raw), "denial %u", lines++);
	d.raw = text_of(raw);
	sub.id = d.submission;
	ck_ok(store_begin(store, trouble()));
	ck_ok(store_denials_add(store, &d, 1, NULL, trouble()));
	ck_ok(store_submission_count(store, &sub, trouble()));
	ck_ok(store_commit(store, trouble()));
}

static void
look(int64_t now_s)
{
	ck_assert(!nominate_batch(&nominate, &etiquette, now_s));
}

static int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, sql, ""));
	return n;
}

static void
on_item(const struct purge_item *item, void *context)
{
	size_t len = strlen(told);

	(void)context;
	snprintf(told + len, sizeof(told) - len, "%s %s %s\n", item->what, item->subject,
		item->category != NULL ? item->category : "-");
}

static struct lister lister;

static struct purge
purge_of(bool is_dry)
{
	lister = (struct lister){.store = store, .rules = list_rules_of(conf), .now_s = NOW + DAY};
	told[0] = '\0';
	return (struct purge){.conf = conf,
		.lister = &lister,
		.reason = "its logs were forged",
		.author = "operator",
		.is_dry = is_dry,
		.tell = on_item};
}

static struct purge_counts
purge_mx1(bool is_dry, bool with_proved, int64_t since_s, int64_t until_s)
{
	const struct store_window w = {"mx1", since_s, until_s};
	struct purge p = purge_of(is_dry);

	ck_ok(purge_reporter(&p, &w, with_proved, trouble()));
	return p.counts;
}

/* --- the evidence of a reporter -------------------------------------------- */

START_TEST(evidence_goes_and_hosts_are_looked_at)
{
	struct purge_counts n;

	deny("mx1", HOST, NOW, 3);
	deny("mx1", "192.0.2.2", NOW, 2);
	deny("mx2", HOST, NOW, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	n = purge_mx1(false, false, 0, 0);
	ck_assert_uint_eq(n.evidence.denials, 5);
	ck_assert_uint_eq(n.evidence.hosts, 2);
	ck_assert_uint_eq(n.evidence.submissions, 2);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'purge'"
				" AND author = 'operator' AND detail LIKE '%its logs were forged'"),
		1);
	/* Its lines are known: they cannot come in again. */
	ck_assert_int_eq(number("SELECT count(*) FROM seen"), 3);
	n = purge_mx1(false, false, 0, 0);
	ck_assert_uint_eq(n.evidence.denials, 0);
}
END_TEST

START_TEST(only_what_was_received_in_the_window_goes)
{
	static const struct {
		int64_t since_s, until_s, left;
	} cases[] = {
		{NOW - 2 * HOUR, NOW, 5},        /* 2 */
		{NOW - 2 * HOUR + 1800, NOW, 5}, /* hours are whole */
		{NOW - HOUR, 0, 3},              /* 4 */
		{0, NOW - HOUR, 4},              /* 1 and 2 */
		{NOW + HOUR, 0, 7},
	};

	deny("mx1", HOST, NOW - 3 * HOUR, 1);
	deny("mx1", HOST, NOW - 2 * HOUR, 2);
	deny("mx1", HOST, NOW, 4);
	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		int64_t left = 7 -
			(int64_t)purge_mx1(true, false, cases[i].since_s, cases[i].until_s)
				.evidence.denials;

		ck_assert_msg(left == cases[i].left, "case %zu: %lld are left", i, (long long)left);
	}
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 7);
}
END_TEST

START_TEST(a_reporter_that_is_unknown_is_told_so)
{
	const struct store_window w = {"mx9", 0, 0};
	struct purge p = purge_of(false);

	ck_assert_int_eq(purge_reporter(&p, &w, false, trouble()), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "mx9"));
	ck_ok(store_begin(store, trouble())); /* nothing is left open */
	store_rollback(store);
}
END_TEST

#define WAITING "SELECT count(*) FROM probe WHERE finished_s = 0"

START_TEST(a_probe_that_waited_for_it_alone_is_not_made)
{
	deny("mx1", HOST, NOW, 8);
	deny("mx2", HOST, NOW, 8);
	deny("mx1", "192.0.2.2", NOW, 8); /* has others enough */
	deny("mx2", "192.0.2.2", NOW, 8);
	deny("mx3", "192.0.2.2", NOW, 8);
	look(NOW);
	ck_assert_int_eq(number(WAITING), 2);
	ck_assert_uint_eq(purge_mx1(true, false, 0, 0).cancelled, 1);
	ck_assert_int_eq(number(WAITING), 2); /* it was a dry run */
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'purge'"), 0);
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).cancelled, 1);
	ck_assert_str_eq(told, "probe 192.0.2.1 -\n");
	ck_assert_int_eq(number(WAITING), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE host = '192.0.2.1'"
				" AND verdict IS NULL AND finished_s <> 0"
				" AND reason LIKE '%purged: its logs were forged'"),
		1);
	ck_assert_int_eq(number("SELECT state FROM host WHERE host = '192.0.2.1'"), HOST_SEEN);
	ck_assert_int_eq(number("SELECT state FROM host WHERE host = '192.0.2.2'"), HOST_NOMINATED);
}
END_TEST

START_TEST(a_probe_under_way_is_let_go_on)
{
	deny("mx1", HOST, NOW, 8);
	deny("mx2", HOST, NOW, 8);
	look(NOW);
	ck_ok(store_probe_start(store, 1, NOW, trouble()));
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).cancelled, 0);
	ck_assert_int_eq(number(WAITING), 1);
}
END_TEST

#define SUSPECTS "SELECT count(*) FROM listing WHERE category = 2"

START_TEST(a_suspect_that_falls_ends_at_once)
{
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	for (int i = 0; i < 3; i++)
		deny(i == 0 ? "mx1" : i == 1 ? "mx2" : "mx3", "192.0.2.2", NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number(SUSPECTS), 2);
	ck_assert_uint_eq(purge_mx1(true, false, 0, 0).suspects, 1);
	ck_assert(!lister.changed);
	ck_assert_int_eq(number(SUSPECTS), 2);
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).suspects, 1);
	ck_assert(lister.changed);
	ck_assert_ptr_nonnull(strstr(told, "suspect 192.0.2.1 suspect\n"));
	ck_assert_int_eq(number(SUSPECTS), 1);
	/* By which it is taken off again after a restore. */
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'purge'"
				" AND host = '192.0.2.1'"
				" AND detail = 'suspect: its logs were forged'"),
		1);
}
END_TEST

/* --- what was proved ------------------------------------------------------- */

static void
finish_open(uint64_t probe, const char *host, enum category category)
{
	const struct list_request r = {.prefix = fixture_prefix(host),
		.category = category,
		.tested = fixture_address(host),
		.probe = probe,
		.reason = "it came back"};
	struct lister l = {.store = store, .rules = list_rules_of(conf), .now_s = NOW};

	ck_ok(store_begin(store, trouble()));
	ck_ok(store_probe_finish(store, probe, "open", "it came back", "{}", NOW, trouble()));
	ck_ok(list_make(&l, &r, NULL, trouble()));
	ck_ok(store_commit(store, trouble()));
}

/* Found open by probe 1, which mx1 and one more nominated. */
static void
make_open(void)
{
	deny("mx1", HOST, NOW, 8);
	deny("mx2", HOST, NOW, 8);
	look(NOW);
	finish_open(1, HOST, CATEGORY_RELAY);
}

#define RELAYS "SELECT count(*) FROM listing WHERE category = 0"

START_TEST(what_was_proved_stays)
{
	make_open();
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).proved, 0);
	ck_assert_int_eq(number(RELAYS), 1);
}
END_TEST

START_TEST(what_was_proved_goes_when_it_is_asked_for)
{
	make_open();
	ck_assert_uint_eq(purge_mx1(true, true, 0, 0).proved, 1);
	ck_assert_int_eq(number(RELAYS), 1);
	ck_assert_uint_eq(purge_mx1(false, true, 0, 0).proved, 1);
	ck_assert_str_eq(told, "proved 192.0.2.1 relay\n");
	ck_assert_int_eq(number(RELAYS), 0);
}
END_TEST

START_TEST(what_others_would_have_had_tested_too_stays)
{
	deny("mx1", HOST, NOW, 8);
	deny("mx2", HOST, NOW, 8);
	deny("mx3", HOST, NOW, 8);
	look(NOW);
	finish_open(1, HOST, CATEGORY_RELAY);
	ck_assert_uint_eq(purge_mx1(false, true, 0, 0).proved, 0);
	ck_assert_int_eq(number(RELAYS), 1);
}
END_TEST

START_TEST(what_was_nominated_before_the_window_stays)
{
	make_open();
	ck_assert_uint_eq(purge_mx1(false, true, NOW + HOUR, 0).proved, 0);
	ck_assert_int_eq(number(RELAYS), 1);
}
END_TEST

/* A retest before the listing's end has no other cause than the first test. */
START_TEST(a_retest_has_the_cause_of_the_test_before)
{
	uint64_t retest;

	make_open();
	ck_ok(store_probe_queue(store, &(struct addr){.family = 4, .b = {192, 0, 2, 1}},
		CAUSE_EXPIRY, NOW, &retest, trouble()));
	finish_open(retest, HOST, CATEGORY_RELAY);
	ck_assert_uint_eq(purge_mx1(false, true, 0, 0).proved, 1);
	ck_assert_int_eq(number(RELAYS), 0);
}
END_TEST

/* Others have nominated it since. */
START_TEST(a_later_nomination_counts)
{
	make_open();
	number("DELETE FROM proof"); /* it has expired */
	number("DELETE FROM listing");
	deny("mx2", HOST, NOW + 40 * DAY, 8);
	deny("mx3", HOST, NOW + 40 * DAY, 8);
	look(NOW + 40 * DAY);
	ck_assert_int_eq(number("SELECT max(id) FROM probe"), 2);
	finish_open(2, HOST, CATEGORY_RELAY);
	ck_assert_uint_eq(purge_mx1(false, true, 0, 0).proved, 0);
	ck_assert_int_eq(number(RELAYS), 1);
}
END_TEST

START_TEST(without_the_decision_the_points_tell)
{
	make_open();
	number("DELETE FROM decision");
	ck_assert_uint_eq(purge_mx1(true, true, 0, 0).proved, 1);
	number("INSERT INTO reporter (name, since_s) VALUES ('mx3', 1)");
	number("INSERT INTO nomination VALUES (1, (SELECT id FROM reporter WHERE name = 'mx3'), "
	       "9)");
	ck_assert_uint_eq(purge_mx1(true, true, 0, 0).proved, 0);
}
END_TEST

#define RECORDS "SELECT count(*) FROM reporter_host WHERE state = 1 AND reporter = " MX1
#define MX1     "(SELECT id FROM reporter WHERE name = 'mx1')"

START_TEST(what_it_nominated_confirms_it_no_more)
{
	make_open();
	ck_assert_int_eq(number(RECORDS), 1);
	ck_assert_uint_eq(purge_mx1(true, false, 0, 0).nominations, 1);
	ck_assert_uint_eq(purge_mx1(false, false, NOW + HOUR, 0).nominations, 0);
	ck_assert_int_eq(number(RECORDS), 1);
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).nominations, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM reporter_host WHERE reporter = " MX1), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM reporter_host WHERE state = 1"), 1);
	/* Whose it was is known for as long as it is listed. */
	ck_assert_uint_eq(purge_mx1(false, true, 0, 0).proved, 1);
	ck_assert_int_eq(number(RELAYS), 0);
}
END_TEST

START_TEST(a_nomination_that_refuted_is_forgotten)
{
	deny("mx1", HOST, NOW, 8);
	deny("mx2", HOST, NOW, 8);
	look(NOW);
	ck_ok(store_probe_finish(store, 1, "closed", "x", "{}", NOW, trouble()));
	ck_assert_int_eq(number("SELECT count(*) FROM reporter_host WHERE state = 2"), 2);
	ck_assert_uint_eq(purge_mx1(false, false, 0, 0).nominations, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM reporter_host WHERE state = 2"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination WHERE reporter = " MX1), 0);
}
END_TEST

/* Before the window it was right of the same host. */
START_TEST(a_record_is_made_of_what_is_left)
{
	deny("mx1", HOST, NOW - 2 * DAY, 8);
	deny("mx2", HOST, NOW - 2 * DAY, 8);
	look(NOW - 2 * DAY);
	ck_ok(store_probe_finish(store, 1, "open", "x", "{}", NOW - 2 * DAY, trouble()));
	deny("mx1", HOST, NOW, 8);
	look(NOW);
	ck_ok(store_probe_finish(store, 2, "closed", "x", "{}", NOW, trouble()));
	ck_assert_int_eq(number("SELECT state FROM reporter_host WHERE reporter = " MX1), 2);
	/* The second one rests on older evidence, too. */
	ck_assert_uint_eq(purge_mx1(false, false, NOW - HOUR, 0).nominations, 0);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination"), 4);
	number("DELETE FROM evidence");
	ck_assert_uint_eq(purge_mx1(false, false, NOW - HOUR, 0).nominations, 1);
	ck_assert_int_eq(number(RECORDS), 1);
	ck_assert_int_eq(number("SELECT last FROM reporter_host WHERE reporter = " MX1), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination"), 3);
}
END_TEST

#define ALARMS "SELECT count(*) FROM alarm WHERE kind = 'safe'"

START_TEST(alarms_end_with_the_evidence)
{
	deny("mx1", HOST, NOW, 1);
	deny("mx1", "192.0.2.2", NOW, 1);
	deny("mx2", "192.0.2.2", NOW, 1);
	ck_ok(store_alarm_raise(store, "safe", HOST, "x", NOW, NULL, trouble()));
	ck_ok(store_alarm_raise(store, "safe", "192.0.2.2", "x", NOW, NULL, trouble()));
	ck_ok(store_alarm_raise(store, "safe", "192.0.2.3", "x", NOW, NULL, trouble()));
	purge_mx1(true, false, 0, 0);
	ck_assert_int_eq(number(ALARMS), 3);
	purge_mx1(false, false, 0, 0);
	ck_assert_int_eq(number(ALARMS " AND subject = '" HOST "'"), 0);
	ck_assert_int_eq(number(ALARMS), 2);
}
END_TEST

/* --- listings of a cause --------------------------------------------------- */

static void
list_as(const char *prefix, enum category category, int64_t since_s, uint32_t asn)
{
	const struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = since_s,
		.expires_s = NOW + 99 * DAY,
		.reason = "x",
		.asn = asn};

	ck_ok(store_listing_put(store, &l, trouble()));
}

static uint64_t
purge_of_cause(bool is_dry, uint32_t categories, int64_t since_s, int64_t until_s, uint32_t asn)
{
	const struct purge_cause cause = {categories, since_s, until_s, asn};
	struct purge p = purge_of(is_dry);

	p.force = true;
	ck_ok(purge_cause(&p, &cause, trouble()));
	return p.counts.listings;
}

START_TEST(listings_of_one_cause_end)
{
	list_as("192.0.2.1", CATEGORY_RELAY, NOW, 64500);
	list_as("192.0.2.1", CATEGORY_BOUNCER, NOW, 64500);
	list_as("192.0.2.2", CATEGORY_BOUNCER, NOW + 5, 64501);
	list_as("2001:db8::/64", CATEGORY_BOUNCER, NOW + 9, 64500);
	ck_assert_uint_eq(purge_of_cause(true, 1U << CATEGORY_BOUNCER, 0, 0, 0), 3);
	ck_assert_uint_eq(purge_of_cause(true, 0, NOW + 5, 0, 0), 2);
	ck_assert_uint_eq(purge_of_cause(true, 0, 0, NOW + 5, 0), 2);
	ck_assert_uint_eq(purge_of_cause(true, 0, 0, 0, 64500), 3);
	ck_assert_uint_eq(purge_of_cause(true, 1U << CATEGORY_RELAY, NOW + 1, 0, 0), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 4);
	ck_assert_uint_eq(purge_of_cause(false, 1U << CATEGORY_BOUNCER, NOW, NOW + 9, 64500), 1);
	ck_assert_str_eq(told, "listing 192.0.2.1 bouncer\n");
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 3);
	ck_assert_int_eq(number("SELECT count(*) FROM proof"), 3);
	ck_assert(lister.changed);
}
END_TEST

static enum err
purge_since(int64_t since_s, bool is_dry, bool force, const char *why)
{
	const struct purge_cause cause = {.since_s = since_s};
	struct purge p = purge_of(is_dry);
	enum err err;

	p.force = force;
	trouble()->text[0] = '\0';
	err = purge_cause(&p, &cause, trouble());
	ck_assert_str_eq(p.needs_force, why);
	if (err != OK)
		ck_assert_ptr_nonnull(strstr(trouble()->text, why));
	return err;
}

START_TEST(what_is_proved_or_much_is_forced)
{
	static const char proved[] =
		"1 of the 2 listings is proved by a test, and 2 of 10 listings "
		"are more than publish.max_change, 10 percent",
			  much[] = "2 of 10 listings are more than publish.max_change, 10 percent";
	char prefix[32];

	conf->publish.max_change = 10;
	for (int i = 0; i < 10; i++) {
		snprintf(prefix, sizeof(prefix), "192.0.2.%d", i);
		list_as(prefix, i == 8 ? CATEGORY_RELAY_INPUT : CATEGORY_BOUNCER, NOW + i, 0);
	}
	ck_assert_int_eq(purge_since(NOW + 9, false, false, ""), OK); /* one in ten */
	list_as("192.0.2.9", CATEGORY_BOUNCER, NOW + 9, 0);
	ck_assert_int_eq(purge_since(NOW + 8, false, false, proved), ERR_REFUSED);
	ck_assert_int_eq(purge_since(NOW + 8, true, false, proved), OK);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 10);
	number("UPDATE listing SET category = 5 WHERE prefix = '192.0.2.8'");
	ck_assert_int_eq(purge_since(NOW + 8, false, false, much), ERR_REFUSED);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 10);
	ck_assert_int_eq(purge_since(NOW + 8, false, true, much), OK);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 8);
}
END_TEST

START_TEST(the_record_is_for_people)
{
	struct purge_cause cause = {1U << CATEGORY_BOUNCER, NOW, NOW + DAY, 64500};
	struct purge p = purge_of(false);

	list_as("192.0.2.1", CATEGORY_BOUNCER, NOW, 64500);
	p.force = true;
	ck_ok(purge_cause(&p, &cause, trouble()));
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE host = 'listings' AND detail ="
				" 'bouncer, AS 64500, since 2030-03-17T18:00:00Z, before"
				" 2030-03-18T18:00:00Z: 1 listing, forced: its logs were forged'"),
		1);
	cause = (struct purge_cause){.until_s = NOW};
	ck_ok(purge_cause(&p, &cause, trouble()));
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE host = 'listings' AND detail ="
				" 'all categories, before 2030-03-17T18:00:00Z: 0 listings: its "
				"logs"
				" were forged'"),
		1);
}
END_TEST

START_TEST(the_whole_list_is_not_purged)
{
	const struct purge_cause cause = {0};
	struct purge p = purge_of(false);

	list_as("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	ck_assert_int_eq(purge_cause(&p, &cause, trouble()), ERR_REFUSED);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("purge");
	TCase *evidence = tcase_create("evidence"), *proved = tcase_create("proved"),
	      *causes = tcase_create("causes");

	tcase_add_checked_fixture(evidence, set_up, tear_down);
	tcase_add_checked_fixture(proved, set_up, tear_down);
	tcase_add_checked_fixture(causes, set_up, tear_down);
	tcase_add_test(evidence, evidence_goes_and_hosts_are_looked_at);
	tcase_add_test(evidence, only_what_was_received_in_the_window_goes);
	tcase_add_test(evidence, a_reporter_that_is_unknown_is_told_so);
	tcase_add_test(evidence, a_probe_that_waited_for_it_alone_is_not_made);
	tcase_add_test(evidence, a_probe_under_way_is_let_go_on);
	tcase_add_test(evidence, a_suspect_that_falls_ends_at_once);
	tcase_add_test(proved, what_was_proved_stays);
	tcase_add_test(proved, what_was_proved_goes_when_it_is_asked_for);
	tcase_add_test(proved, what_others_would_have_had_tested_too_stays);
	tcase_add_test(proved, what_was_nominated_before_the_window_stays);
	tcase_add_test(proved, a_retest_has_the_cause_of_the_test_before);
	tcase_add_test(proved, a_later_nomination_counts);
	tcase_add_test(proved, without_the_decision_the_points_tell);
	tcase_add_test(proved, what_it_nominated_confirms_it_no_more);
	tcase_add_test(proved, a_nomination_that_refuted_is_forgotten);
	tcase_add_test(proved, a_record_is_made_of_what_is_left);
	tcase_add_test(evidence, alarms_end_with_the_evidence);
	tcase_add_test(causes, what_is_proved_or_much_is_forced);
	tcase_add_test(causes, the_record_is_for_people);
	tcase_add_test(causes, listings_of_one_cause_end);
	tcase_add_test(causes, the_whole_list_is_not_purged);
	suite_add_tcase(s, evidence);
	suite_add_tcase(s, proved);
	suite_add_tcase(s, causes);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
