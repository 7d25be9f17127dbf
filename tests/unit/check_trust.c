#include "trust.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_nomination.h>

#include "analyzer_fixture.h"
#include "distinct.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"
#include "weights.h"

enum { NOW = 1900000000, DAY = 86400 };

static struct conf *conf;
static struct store *store;

static void
open_with(const char *lines)
{
	scratch_enter();
	conf = fixture_conf(lines);
	ck_ok(store_open(conf->store_path, &store, trouble()));
}

static void
set_up(void)
{
	open_with("score.new_trust = 25\nreporter half {\n trust = 50\n}\n");
}

static void
tear_down(void)
{
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

static void
run(const char *sql)
{
	ck_ok(store_execute(store, sql, trouble()));
}

static void
know(const char *reporter)
{
	int64_t id;

	ck_ok(store_submission_begin(store, reporter, "mail.log", NOW, &id, trouble()));
}

/* A probe of the host that these have nominated, with its verdict; NULL: none yet. */
static uint64_t
nominated(const char *host, const char *verdict, const char *reporter, int64_t now_s)
{
	struct addr addr = fixture_address(host);
	struct store_nomination n = {.reporter = reporter, .points = 12.5};

	ck_ok(store_probe_queue(store, &addr, CAUSE_NOMINATION, now_s, &n.probe, trouble()));
	if (reporter != NULL)
		ck_ok(store_nomination_add(store, &n, trouble()));
	if (verdict != NULL)
		ck_ok(store_probe_finish(store, n.probe, verdict, "so", "{}", now_s + 1,
			trouble()));
	return n.probe;
}

static struct trust
look(const char *reporter)
{
	struct trust t;

	ck_ok(trust_look(store, conf, reporter, NOW, &t, trouble()));
	return t;
}

/* --- the formula --------------------------------------------------------------- */

START_TEST(trust_begins_with_its_share)
{
	ck_assert_int_eq(trust_percent(100, 25, 0, 0), 25);
	ck_assert_int_eq(trust_percent(60, 25, 0, 0), 15);
	ck_assert_int_eq(trust_percent(100, 0, 0, 0), 0);
	ck_assert_int_eq(trust_percent(100, 100, 0, 0), 100);
	ck_assert_int_eq(trust_percent(0, 100, 50, 0), 0);
}
END_TEST

START_TEST(trust_is_earned_and_lost)
{
	ck_assert_int_eq(trust_percent(100, 25, 1, 0), 40);
	ck_assert_int_eq(trust_percent(100, 25, 4, 0), 63); /* 62.5 */
	ck_assert_int_eq(trust_percent(100, 25, 100, 0), 97);
	ck_assert_int_eq(trust_percent(100, 25, 0, 4), 20);
	ck_assert_int_eq(trust_percent(100, 25, 0, 400), 1);
	ck_assert_int_eq(trust_percent(100, 25, 10, 40), 46);
	ck_assert_int_eq(trust_percent(100, 25, UINT64_MAX, UINT64_MAX), 80);
}
END_TEST

START_TEST(trust_has_its_bounds)
{
	for (uint64_t c = 0; c < 40; c++)
		for (uint64_t r = 0; r < 40; r++)
			for (int64_t p = 0; p <= 100; p += 20) {
				int64_t t = trust_percent(80, p, c, r);

				ck_assert(t >= 0 && t <= 80);
				ck_assert_int_ge(trust_percent(80, p, c + 1, r), t);
				ck_assert_int_le(trust_percent(80, p, c, r + 1), t);
			}
}
END_TEST

/* --- the record ------------------------------------------------------------------ */

START_TEST(verdicts_confirm_and_refute)
{
	static const char *const neither[] = {"untestable", "unreachable", "undecided", "accepts",
		"bounces", "discriminates", NULL};
	char host[32];

	know("mx1");
	know("half");
	for (size_t i = 0; i < ORBL_COUNT(neither); i++) {
		snprintf(host, sizeof(host), "192.0.2.%zu", i + 1);
		nominated(host, neither[i], "mx1", NOW);
	}
	ck_assert_int_eq(look("mx1").percent, 25);
	nominated("192.0.2.101", "open", "mx1", NOW);
	nominated("192.0.2.102", "open-multihop", "mx1", NOW);
	nominated("192.0.2.103", "closed", "mx1", NOW);
	nominated("192.0.2.104", "open", "half", NOW);
	ck_assert_uint_eq(look("mx1").confirmed, 2);
	ck_assert_uint_eq(look("mx1").refuted, 1);
	ck_assert_int_eq(look("mx1").percent, 48);
	ck_assert_int_eq(look("half").percent, 20);
	ck_assert_int_eq(look("half").ceiling, 50);
	ck_assert_int_eq(look("stranger").percent, 25);
	ck_assert_uint_eq(look("stranger").confirmed, 0);
}
END_TEST

START_TEST(a_host_counts_once)
{
	know("mx1");
	for (int day = 20; day > 0; day--)
		nominated("192.0.2.1", "open", "mx1", NOW - day * DAY);
	ck_assert_uint_eq(look("mx1").confirmed, 1);
	nominated("192.0.2.1", "closed", "mx1", NOW - 60); /* by its last */
	ck_assert_uint_eq(look("mx1").confirmed, 0);
	ck_assert_uint_eq(look("mx1").refuted, 1);
	nominated("192.0.2.1", "unreachable", "mx1", NOW);
	ck_assert_uint_eq(look("mx1").refuted, 1);
}
END_TEST

START_TEST(what_is_in_the_list_confirms_nobody)
{
	know("mx1");
	know("parrot");
	nominated("192.0.2.1", "open", "mx1", NOW - 10 * DAY);
	nominated("192.0.2.1", "open", "parrot", NOW);
	ck_assert_uint_eq(look("mx1").confirmed, 1);
	ck_assert_uint_eq(look("parrot").confirmed, 0);
	ck_assert_int_eq(look("parrot").percent, 25);
}
END_TEST

START_TEST(a_pair_has_one_verdict)
{
	struct addr host = fixture_address("192.0.2.1");
	struct store_probe second = {.host = host, .cause = CAUSE_NOMINATION, .queued_s = NOW};

	know("mx1");
	second.parent = nominated("192.0.2.1", "closed", "mx1", NOW);
	ck_ok(store_probe_add(store, &second, &second.id, trouble()));
	ck_assert_uint_eq(look("mx1").refuted, 0); /* the other source has not probed yet */
	ck_ok(store_probe_finish(store, second.id, "open", "it came back", "{}", NOW, trouble()));
	ck_ok(store_probe_set_pair(store, second.id, "open", trouble()));
	ck_assert_uint_eq(look("mx1").confirmed, 1);
	ck_assert_uint_eq(look("mx1").refuted, 0);
}
END_TEST

START_TEST(old_probes_are_forgotten)
{
	know("mx1");
	nominated("192.0.2.1", "open", "mx1", NOW - TRUST_WINDOW_S);
	nominated("192.0.2.2", "open", "mx1", NOW - TRUST_WINDOW_S - 1);
	ck_assert_uint_eq(look("mx1").confirmed, 1);
}
END_TEST

START_TEST(a_retry_is_of_the_same_reporters)
{
	uint64_t first, retry;

	know("mx1");
	know("mx2");
	first = nominated("192.0.2.1", "undecided", "mx1", NOW);
	ck_ok(store_nomination_add(store,
		&(struct store_nomination){.probe = first, .reporter = "mx2", .points = 3},
		trouble()));
	retry = nominated("192.0.2.1", "open", NULL, NOW);
	ck_ok(store_nomination_copy(store, first, retry, trouble()));
	ck_ok(store_nomination_copy(store, first, retry, trouble()));
	ck_assert_uint_eq(look("mx1").confirmed, 1);
	ck_assert_uint_eq(look("mx2").confirmed, 1);
}
END_TEST

START_TEST(who_is_revoked_has_no_trust)
{
	know("mx1");
	nominated("192.0.2.1", "open", "mx1", NOW);
	run("UPDATE reporter SET revoked_s = 1");
	ck_assert_int_eq(look("mx1").percent, 0);
	ck_assert(look("mx1").is_revoked);
	ck_assert_int_eq(look("mx1").ceiling, 100);
}
END_TEST

struct told {
	size_t count;
	char text[256];
};

static enum err
on_nomination(const struct store_nomination *n, void *context)
{
	struct told *told = context;
	size_t len = strlen(told->text);

	told->count++;
	snprintf(told->text + len, sizeof(told->text) - len, "%d:%s:%.1f ", (int)n->probe,
		n->reporter, n->points);
	return told->count < 3 ? OK : ERR_FULL;
}

START_TEST(nominations_can_be_read)
{
	struct told of = {0}, by = {0}, cut = {0};
	uint64_t probe;

	know("b");
	know("a");
	probe = nominated("192.0.2.1", NULL, "b", NOW);
	ck_ok(store_nomination_add(store,
		&(struct store_nomination){.probe = probe, .reporter = "a", .points = 1},
		trouble()));
	ck_ok(store_nomination_add(store,
		&(struct store_nomination){.probe = probe, .reporter = "a", .points = 2},
		trouble()));
	nominated("192.0.2.2", NULL, "a", NOW);
	ck_ok(store_nominations_of(store, probe, on_nomination, &of, trouble()));
	ck_assert_str_eq(of.text, "1:a:2.0 1:b:12.5 ");
	ck_ok(store_nominations_by(store, "a", 10, on_nomination, &by, trouble()));
	ck_assert_str_eq(by.text, "2:a:12.5 1:a:2.0 ");
	cut.count = 2;
	ck_assert_int_eq(store_nominations_by(store, "a", 10, on_nomination, &cut, trouble()),
		ERR_FULL);
	ck_assert_str_eq(cut.text, "2:a:12.5 ");
}
END_TEST

/* --- who is independent ------------------------------------------------------------ */

static const char sections[] = "reporter mx1 {\n address = 192.0.2.1\n asn = 64500\n}\n"
			       "reporter mx2 {\n address = 192.0.2.200\n asn = 64501\n}\n"
			       "reporter mx3 {\n address = \"2001:db8:1:ffff::1\"\n}\n"
			       "reporter mx4 {\n}\n";
static const struct {
	const char *distinct, *reporter, *key;
} keys[] = {
	{"reporter", "mx1", "mx1"},
	{"reporter", "MX1", "mx1"},
	{"reporter", " mx1 ", "mx1"},
	{"reporter", "stranger", "unknown"},
	{"reporter", "another", "unknown"},
	{"network", "mx1", "192.0.2.0/24"},
	{"network", "mx2", "192.0.2.0/24"},
	{"network", "mx3", "2001:db8:1::/48"},
	{"network", "mx4", "unknown"},
	{"network", "stranger", "unknown"},
	{"asn", "mx1", "AS64500"},
	{"asn", "mx2", "AS64501"},
	{"asn", "mx3", "unknown"},
	{"asn", "mx4", "unknown"},
	{"asn", "stranger", "unknown"},
};

START_TEST(reporters_have_keys)
{
	char lines[1000], key[SCORE_KEY];
	struct conf *c;

	scratch_enter();
	snprintf(lines, sizeof(lines), "score.distinct = %s\n%s", keys[_i].distinct, sections);
	c = fixture_conf(lines);
	ck_assert_str_eq(distinct_key(c, NULL, keys[_i].reporter, key), keys[_i].key);
	conf_free(c);
	scratch_leave();
}
END_TEST

/* The simple start: nobody is described. */
START_TEST(without_sections_each_name_is_a_reporter)
{
	char key[SCORE_KEY];
	struct conf *c;

	scratch_enter();
	c = fixture_conf("");
	ck_assert_str_eq(distinct_key(c, NULL, "mx1", key), "mx1");
	ck_assert_str_eq(distinct_key(c, NULL, " MX1", key), "mx1");
	ck_assert_str_eq(distinct_key(c, NULL, "mx2", key), "mx2");
	conf_free(c);
	scratch_leave();
}
END_TEST

/* --- weights ------------------------------------------------------------------------ */

static int64_t
weight_at(struct weights *w, const char *reporter, int64_t now_s)
{
	const struct weight *weight;
	char key[SCORE_KEY];

	ck_ok(weights_of(w, reporter, now_s, &weight, trouble()));
	ck_assert_str_eq(weight->key, distinct_key(conf, NULL, reporter, key));
	return weight->trust;
}

START_TEST(weights_are_remembered_for_a_while)
{
	struct weights *w = weights_new(store, conf, NULL);

	know("mx1");
	ck_assert_int_eq(weight_at(w, "mx1", NOW), 25);
	nominated("192.0.2.1", "open", "mx1", NOW);
	ck_assert_int_eq(weight_at(w, "mx1", NOW + WEIGHTS_KEPT_S - 1), 25);
	ck_assert_int_eq(weight_at(w, "half", NOW), 13);
	ck_assert_int_eq(weight_at(w, "mx1", NOW + WEIGHTS_KEPT_S), 40);
	weights_free(w);
}
END_TEST

START_TEST(a_revocation_counts_at_once)
{
	struct weights *w = weights_new(store, conf, NULL);

	know("mx1");
	ck_assert_int_eq(weight_at(w, "mx1", NOW), 25);
	run("UPDATE reporter SET revoked_s = 1");
	ck_assert_int_eq(weight_at(w, "mx1", NOW), 0);
	run("UPDATE reporter SET revoked_s = 0");
	ck_assert_int_eq(weight_at(w, "mx1", NOW), 25);
	weights_free(w);
}
END_TEST

START_TEST(any_number_of_reporters_can_be_asked)
{
	struct weights *w = weights_new(store, conf, NULL);
	char name[16];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 400; i++) {
			snprintf(name, sizeof(name), "mx%d", i);
			ck_assert_int_eq(weight_at(w, name, NOW + i), 25);
		}
	weights_free(w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("trust");
	TCase *formula = tcase_create("formula"), *record = tcase_create("record");
	TCase *distinct = tcase_create("distinct"), *weights = tcase_create("weights");

	tcase_add_test(formula, trust_begins_with_its_share);
	tcase_add_test(formula, trust_is_earned_and_lost);
	tcase_add_test(formula, trust_has_its_bounds);
	tcase_add_checked_fixture(record, set_up, tear_down);
	tcase_add_test(record, verdicts_confirm_and_refute);
	tcase_add_test(record, a_host_counts_once);
	tcase_add_test(record, what_is_in_the_list_confirms_nobody);
	tcase_add_test(record, a_pair_has_one_verdict);
	tcase_add_test(record, old_probes_are_forgotten);
	tcase_add_test(record, a_retry_is_of_the_same_reporters);
	tcase_add_test(record, who_is_revoked_has_no_trust);
	tcase_add_test(record, nominations_can_be_read);
	tcase_add_loop_test(distinct, reporters_have_keys, 0, (int)ORBL_COUNT(keys));
	tcase_add_test(distinct, without_sections_each_name_is_a_reporter);
	tcase_add_checked_fixture(weights, set_up, tear_down);
	tcase_add_test(weights, weights_are_remembered_for_a_while);
	tcase_add_test(weights, a_revocation_counts_at_once);
	tcase_add_test(weights, any_number_of_reporters_can_be_asked);
	suite_add_tcase(s, formula);
	suite_add_tcase(s, record);
	suite_add_tcase(s, distinct);
	suite_add_tcase(s, weights);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
