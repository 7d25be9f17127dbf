#include "nominate_fixture.h"

#define SUSPECT_ROWS "FROM listing WHERE category = 2"

/* Three reporters, 40 points each. */
static void
make_suspect(void)
{
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) " SUSPECT_ROWS), 1);
	ck_assert(nominate.changed);
	nominate.changed = false;
}

static enum err
on_decision(const struct store_decision *d, void *context)
{
	struct score_inputs in;
	struct score_result *r = malloc(sizeof(*r));
	char *again;

	ck_assert_ptr_nonnull(r);
	ck_ok(score_record_parse(d->inputs, &in, trouble()));
	ck_assert_int_eq(in.now_s, d->time_s);
	score_record_decide(&in, r);
	again = score_record_result(d->kind, r);
	ck_assert_str_eq(again, d->result);
	++*(int *)context;
	score_record_reset(&in);
	free(again);
	free(r);
	return OK;
}

/* Each decision of the host is decided again as it was; how many there are. */
static int
replayed(const char *host)
{
	struct addr addr = fixture_address(host);
	int count = 0;

	ck_ok(store_decisions_of(store, &addr, 100, on_decision, &count, trouble()));
	return count;
}

/* --- a probe ---------------------------------------------------------------------- */

START_TEST(two_reporters_nominate)
{
	deny("mx1", HOST, NOW, 2);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM decision"), 0);
	deny("mx2", HOST, NOW - HOUR, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE cause = 0"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'nominate'"), 1);
	ck_assert_int_eq(number("SELECT state FROM host"), HOST_NOMINATED);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	ck_assert(!nominate.changed);
}
END_TEST

START_TEST(it_is_kept_whose_evidence_it_was)
{
	deny("mx1", HOST, NOW, 16);
	deny("mx2", HOST, NOW, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination WHERE probe = 1"), 2);
	ck_assert_int_eq(number("SELECT points FROM nomination JOIN reporter r ON r.id = reporter"
				" WHERE r.name = 'mx1'"),
		20);
	ck_assert_int_eq(number("SELECT probe FROM decision WHERE kind = 'nominate'"), 1);
	ck_assert_int_eq(replayed(HOST), 1);
}
END_TEST

START_TEST(a_flood_of_a_new_reporter_does_nothing)
{
	start_again("score.new_trust = 25\nscore.min_reporters = 1\nscore.threshold = 15\n");
	for (int i = 0; i < 200; i++)
		deny("mx1", HOST, NOW - i * HOUR, 100);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	run("INSERT INTO probe (id, host, cause, queued_s, finished_s)"
	    " VALUES (0, '192.0.2.9', 0, 1900000000, 1900000000)");
	run("INSERT INTO nomination SELECT 0, id, 1 FROM reporter");
	run("UPDATE probe SET verdict = 'open'");
	deny("mx1", HOST, NOW, 1); /* one that was right before has 40 percent */
	look(NOW + WEIGHTS_KEPT_S);
	ck_assert_int_eq(number("SELECT count(*) FROM probe WHERE host = '" HOST "'"), 1);
}
END_TEST

START_TEST(reporters_of_one_network_are_one)
{
	start_again("score.min_reporters = 2\nscore.distinct = network\n"
		    "reporter mx1 {\n address = 198.51.100.1\n}\n"
		    "reporter mx2 {\n address = 198.51.100.2\n}\n"
		    "reporter mx3 {\n address = 203.0.113.2\n}\n");
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	deny("mx3", HOST, NOW, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM nomination"), 3);
}
END_TEST

START_TEST(a_locked_host_is_let_alone)
{
	run("INSERT INTO host (host, state, since_s) VALUES ('" HOST "', 7, 1)");
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
}
END_TEST

START_TEST(nothing_is_probed_twice_in_a_day)
{
	deny("mx1", HOST, NOW, 16);
	deny("mx2", HOST, NOW, 16);
	look(NOW);
	run("UPDATE probe SET finished_s = started_s, verdict = 'closed'");
	for (int i = 1; i < 24; i++) {
		deny("mx1", HOST, NOW + i * HOUR, 16);
		look(NOW + i * HOUR);
	}
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'nominate'"), 1);
}
END_TEST

/* Denied each day, and found closed each time: days 0, 1, 3 and 7; after a verdict that leaves it
 * open the next day again. */
START_TEST(what_is_always_closed_is_probed_less_often)
{
	static const int wanted[] = {1, 2, 2, 3, 3, 3, 3, 4, 5};

	for (int day = 0; day < 9; day++) {
		deny("mx1", HOST, NOW + day * DAY, 64);
		deny("mx2", HOST, NOW + day * DAY, 64);
		look(NOW + day * DAY);
		ck_assert_int_eq(number("SELECT count(*) FROM probe"), wanted[day]);
		run(day < 7 ? "UPDATE probe SET finished_s = queued_s, verdict = 'closed'" :
			      "UPDATE probe SET finished_s = queued_s, verdict = 'accepts'");
	}
}
END_TEST

START_TEST(a_listed_relay_is_not_probed_by_evidence)
{
	const struct store_listing l = {.prefix = fixture_prefix(HOST),
		.category = CATEGORY_RELAY,
		.tested = fixture_address(HOST),
		.since_s = NOW,
		.expires_s = NOW + 30 * DAY,
		.reason = "open"};

	ck_ok(store_listing_put(store, &l, trouble()));
	deny("mx1", HOST, NOW, 64);
	deny("mx2", HOST, NOW, 64);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	run("DELETE FROM proof; DELETE FROM listing");
	deny("mx1", HOST, NOW + HOUR, 64);
	look(NOW + HOUR);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
}
END_TEST

/* A probe that is far off, such as that after a delisting, is not waited for. */
START_TEST(a_probe_to_come_is_made_now)
{
	struct addr host = fixture_address(HOST);
	struct store_probe later = {.host = host,
		.cause = CAUSE_EXPIRY,
		.queued_s = NOW - 2 * DAY,
		.not_before_s = NOW + DAY};
	uint64_t id;

	ck_ok(store_probe_add(store, &later, &id, trouble()));
	deny("mx1", HOST, NOW, 16);
	deny("mx2", HOST, NOW, 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT not_before_s FROM probe"), NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM decision"), 1);
	deny("mx1", HOST, NOW + DAY, 16);
	look(NOW + DAY); /* it waits for its turn */
	ck_assert_int_eq(number("SELECT count(*) FROM decision"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
}
END_TEST

/* --- suspects --------------------------------------------------------------------- */

START_TEST(many_reporters_list_a_suspect)
{
	make_suspect();
	ck_assert_int_eq(number("SELECT expires_s = (SELECT json_extract(result, '$.expires')"
				" FROM decision WHERE kind = 'suspect') " SUSPECT_ROWS),
		1);
	ck_assert_int_eq(number("SELECT reason = 'score 120.0 from 3 independent reporters:"
				" mx1, mx2, mx3' " SUSPECT_ROWS),
		1);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'list'"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 1); /* as nothing else */
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
	ck_assert_int_eq(replayed(HOST), 2);
}
END_TEST

START_TEST(a_suspect_ends_when_its_score_has_fallen)
{
	int64_t end_s;
	size_t removed;

	make_suspect();
	end_s = number("SELECT expires_s " SUSPECT_ROWS);
	ck_assert_int_lt(end_s, NOW + 30 * DAY);
	for (int64_t t = NOW + DAY; t < end_s; t += DAY)
		look(t);
	look(end_s - 30); /* once more before its end */
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
	ck_assert_int_eq(number("SELECT expires_s " SUSPECT_ROWS), end_s);
	ck_ok(store_listing_expire(store, end_s - 1, &removed, trouble()));
	ck_assert_uint_eq(removed, 0);
	ck_ok(store_listing_expire(store, end_s, &removed, trouble()));
	ck_assert_uint_eq(removed, 1);
	look(end_s);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'suspect'"), 1);
}
END_TEST

START_TEST(a_suspect_is_looked_at_before_it_ends)
{
	start_again(SUSPECTS "listing.lifetime = 1d\n");
	make_suspect();
	ck_assert_int_eq(number("SELECT expires_s " SUSPECT_ROWS), NOW + DAY);
	look(NOW + DAY - SUSPECT_LOOK_S);
	ck_assert_int_eq(number("SELECT expires_s " SUSPECT_ROWS), NOW + 2 * DAY - SUSPECT_LOOK_S);
	ck_assert_int_eq(number("SELECT since_s " SUSPECT_ROWS), NOW);
	ck_assert_int_eq(replayed(HOST), 3);
}
END_TEST

START_TEST(an_analyzer_that_slept_looks_at_its_suspects)
{
	start_again(SUSPECTS "listing.lifetime = 1d\n");
	make_suspect();
	start_again(SUSPECTS "listing.lifetime = 1d\n");
	look(NOW + 2 * DAY);
	ck_assert_int_eq(number("SELECT expires_s " SUSPECT_ROWS), NOW + 3 * DAY);
	start_again("score.suspect_at = 0\n");
	look(NOW + 2 * DAY);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert(nominate.changed);
}
END_TEST

START_TEST(new_evidence_does_not_fill_the_store)
{
	make_suspect();
	for (int i = 1; i <= 48; i++) {
		deny("mx1", HOST, NOW + i * HOUR, 100);
		deny("mx2", HOST, NOW + i * HOUR, 100);
		deny("mx3", HOST, NOW + i * HOUR, 100);
		look(NOW + i * HOUR);
	}
	/* Each doubling makes it last a half-life longer: some at first, then one a day. */
	ck_assert_int_le(number("SELECT count(*) FROM decision WHERE kind = 'suspect'"), 10);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'nominate'"), 1);
	ck_assert_int_ge(number("SELECT expires_s " SUSPECT_ROWS), NOW + 15 * DAY);
}
END_TEST

START_TEST(a_suspect_ends_with_its_reporter)
{
	uint64_t hosts;

	make_suspect();
	ck_ok(store_begin(store, trouble()));
	ck_ok(store_reporter_revoke(store, "mx3", NOW, NOW, &hosts, trouble()));
	ck_ok(store_commit(store, trouble()));
	ck_assert_uint_eq(hosts, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert(nominate.changed);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'suspect'"
				" AND json_extract(result, '$.decision') = 'end'"),
		1);
	ck_assert_int_eq(number("SELECT count(*) FROM audit WHERE action = 'expire'"), 1);
	ck_assert_int_eq(replayed(HOST), 3);
}
END_TEST

START_TEST(an_operators_suspect_is_let_alone)
{
	struct lister lister = {.store = store, .rules = list_rules_of(conf), .now_s = NOW};
	struct list_request request = {.prefix = fixture_prefix(HOST),
		.category = CATEGORY_SUSPECT,
		.expires_s = NOW + 9 * DAY,
		.reason = "seen in the act",
		.author = "anna"};
	uint64_t hosts;

	ck_ok(store_begin(store, trouble()));
	ck_ok(list_make(&lister, &request, NULL, trouble()));
	ck_ok(store_commit(store, trouble()));
	deny("mx1", HOST, NOW, 1);
	look(NOW);
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	ck_ok(store_begin(store, trouble()));
	ck_ok(store_reporter_revoke(store, "mx3", NOW, NOW, &hosts, trouble()));
	ck_ok(store_commit(store, trouble()));
	look(NOW);
	ck_assert_int_eq(number("SELECT expires_s " SUSPECT_ROWS), NOW + 9 * DAY);
	ck_assert_int_eq(number("SELECT author = 'anna' " SUSPECT_ROWS), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'suspect'"), 0);
}
END_TEST

/* After a restore, until the operator has seen to what is lost. */
START_TEST(suspects_are_held)
{
	ck_ok(store_suspects_hold(store, true, trouble()));
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) " SUSPECT_ROWS), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM alarm WHERE kind = 'restored'"
				" AND text LIKE '%orbl publish --force%'"),
		1);
	ck_ok(store_suspects_hold(store, false, trouble()));
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) " SUSPECT_ROWS), 1);
}
END_TEST

START_TEST(two_hosts_of_a_prefix_are_one_suspect)
{
	static const char *const hosts[] = {"2001:db8::1", "2001:db8::2"};

	for (size_t i = 0; i < 2; i++)
		for (size_t m = 0; m < 3; m++)
			deny(m == 0            ? "mx1" :
					m == 1 ? "mx2" :
						 "mx3",
				hosts[i], NOW - (int64_t)i * DAY, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) " SUSPECT_ROWS), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM proof WHERE category = 2"), 2);
	ck_assert_int_eq(
		number("SELECT expires_s = (SELECT max(expires_s) FROM proof) " SUSPECT_ROWS), 1);
	run("DELETE FROM evidence WHERE host = '2001:db8::1'");
	run("INSERT INTO pending VALUES ('2001:db8::1')");
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) " SUSPECT_ROWS), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM proof WHERE category = 2"), 1);
}
END_TEST

/* --- who is not listed ------------------------------------------------------------- */

START_TEST(a_safe_host_raises_an_alarm)
{
	scratch_write("safe.txt", "192.0.2.0/28 good people\n", 25);
	start_again(SUSPECTS "listing.safe_lists = {\"safe.txt\"}\n");
	deny("mx1", HOST, NOW, 1);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM alarm"), 0); /* one is not many */
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	look(NOW + HOUR);
	ck_assert_int_eq(number("SELECT count(*) FROM alarm WHERE subject = '" HOST "'"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM probe"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM decision"), 0);
}
END_TEST

START_TEST(an_exempt_host_is_no_suspect)
{
	start_again(SUSPECTS "listing.exempt = {192.0.2.0/24}\n");
	deny("mx1", HOST, NOW, 1 << 16);
	deny("mx2", HOST, NOW, 1 << 16);
	deny("mx3", HOST, NOW, 1 << 16);
	look(NOW);
	ck_assert_int_eq(number("SELECT count(*) FROM listing"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM decision WHERE kind = 'suspect'"), 0);
	ck_assert(!nominate.changed);
}
END_TEST

START_TEST(many_hosts_come_in_batches)
{
	int batches = 1;

	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 450)"
	    " INSERT INTO pending SELECT '192.' || (i / 250) || '.2.' || (i % 250) FROM n");
	while (nominate_batch(&nominate, &etiquette, NOW))
		batches++;
	ck_assert_int_eq(batches, 3);
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
}
END_TEST

static int64_t ticks_ms;

static int64_t
tick(void)
{
	return ticks_ms += 20;
}

START_TEST(a_batch_ends_when_its_time_is_over)
{
	run("INSERT INTO pending VALUES ('192.0.2.1'), ('192.0.2.2'), ('192.0.2.3'),"
	    " ('192.0.2.4')");
	nominate.clock_ms = tick;
	ck_assert(nominate_batch(&nominate, &etiquette, NOW));
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 1);
	ck_assert(!nominate_batch(&nominate, &etiquette, NOW));
	ck_assert_int_eq(number("SELECT count(*) FROM pending"), 0);
}
END_TEST

/* A backlog of a month and of all kinds: the newest of each reporter count, and are kept. */
START_TEST(what_is_decided_on_is_bounded)
{
	struct addr host = fixture_address(HOST);
	struct score_result result;
	struct score_inputs in;
	size_t evils = 0;

	deny("mx1", HOST, NOW - 25 * DAY, 1);
	deny("evil", HOST, NOW, 1);
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 700)"
	    " INSERT INTO evidence (host, hour_s, submission, kind, count, line, raw)"
	    " SELECT '" HOST "', hour_s - 3600 * i, submission, column1, 1, 1, 'x' FROM evidence,"
	    " n, (VALUES (0), (1), (2)) WHERE hour_s = (SELECT max(hour_s) FROM evidence)");
	ck_ok(nominate_look(&nominate, &host, NOW, &in, &result, trouble()));
	for (size_t i = 0; i < in.facts.count; i++)
		evils += strcmp(in.facts.items[i].reporter, "evil") == 0;
	ck_assert_uint_eq(evils, 200);
	ck_assert_uint_eq(in.facts.count, 201);
	ck_assert_int_eq(in.facts.items[0].time_s, NOW - NOW % HOUR);
	score_record_reset(&in);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("nominate");
	TCase *probe = tcase_create("probe"), *suspect = tcase_create("suspect"),
	      *none = tcase_create("none");

	tcase_add_checked_fixture(probe, set_up, tear_down);
	tcase_add_test(probe, two_reporters_nominate);
	tcase_add_test(probe, it_is_kept_whose_evidence_it_was);
	tcase_add_test(probe, a_flood_of_a_new_reporter_does_nothing);
	tcase_add_test(probe, reporters_of_one_network_are_one);
	tcase_add_test(probe, a_locked_host_is_let_alone);
	tcase_add_test(probe, nothing_is_probed_twice_in_a_day);
	tcase_add_test(probe, a_probe_to_come_is_made_now);
	tcase_add_test(probe, what_is_always_closed_is_probed_less_often);
	tcase_add_test(probe, a_listed_relay_is_not_probed_by_evidence);
	tcase_add_checked_fixture(suspect, set_up, tear_down);
	tcase_add_test(suspect, many_reporters_list_a_suspect);
	tcase_add_test(suspect, a_suspect_ends_when_its_score_has_fallen);
	tcase_add_test(suspect, a_suspect_is_looked_at_before_it_ends);
	tcase_add_test(suspect, an_analyzer_that_slept_looks_at_its_suspects);
	tcase_add_test(suspect, new_evidence_does_not_fill_the_store);
	tcase_add_test(suspect, a_suspect_ends_with_its_reporter);
	tcase_add_test(suspect, an_operators_suspect_is_let_alone);
	tcase_add_test(suspect, suspects_are_held);
	tcase_add_test(suspect, two_hosts_of_a_prefix_are_one_suspect);
	tcase_add_checked_fixture(none, set_up, tear_down);
	tcase_add_test(none, a_safe_host_raises_an_alarm);
	tcase_add_test(none, an_exempt_host_is_no_suspect);
	tcase_add_test(none, many_hosts_come_in_batches);
	tcase_add_test(none, a_batch_ends_when_its_time_is_over);
	tcase_add_test(none, what_is_decided_on_is_bounded);
	suite_add_tcase(s, probe);
	suite_add_tcase(s, suspect);
	suite_add_tcase(s, none);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
