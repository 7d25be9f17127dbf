/* Delisting as its requester sees it: tickets and lock-outs. */
#include "ticket_fixture.h"

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

static Suite *
suite(void)
{
	const TTest *const tests[] = {a_ticket_follows_its_request,
		a_refusal_names_the_case_and_the_way_out, the_untestable_are_told_whom_to_let_in,
		a_success_says_when_everybody_sees_it, what_is_held_is_not_promised,
		a_success_tells_of_the_retest, who_asks_meanwhile_gets_the_same_ticket,
		a_wrong_number_has_no_ticket, a_relapsed_host_is_locked_out, a_locked_host_stays};
	Suite *s = suite_create("ticket");
	TCase *t = tcase_create("ticket");

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
