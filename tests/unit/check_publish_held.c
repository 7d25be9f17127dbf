/* A list that differs too much from the one in service is held. */
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <orbl/store_alarm.h>
#include <orbl/store_audit.h>
#include <orbl/store_publish.h>

#include "publish_fixture.h"

static void
unlist_hosts(unsigned from, unsigned to)
{
	size_t removed;

	put_hosts(from, to, NOW);
	ck_ok(store_listing_expire(store, NOW, &removed, trouble()));
	ck_assert_uint_eq(removed, to - from);
}

static void
ck_held(enum blast blast, bool is_partial)
{
	const struct publish_hold *h = publish_hold(publisher);

	ck_assert_str_eq(blast_name(h->blast), blast_name(blast));
	ck_assert_int_eq(h->is_partial, is_partial);
	ck_assert_str_ne(h->why, "");
	ck_assert_int_eq(h->since_s, NOW);
}

struct alarms {
	size_t count;
	char kind[16], subject[64], text[512];
};

static enum err
on_alarm(const struct store_alarm *a, void *context)
{
	struct alarms *alarms = context;

	alarms->count++;
	snprintf(alarms->kind, sizeof(alarms->kind), "%s", a->kind);
	snprintf(alarms->subject, sizeof(alarms->subject), "%s", a->subject);
	snprintf(alarms->text, sizeof(alarms->text), "%s", a->text);
	return OK;
}

static struct alarms
alarms(void)
{
	struct alarms a = {.count = 0};

	ck_ok(store_alarms(store, 10, on_alarm, &a, trouble()));
	return a;
}

/* --- too much that is new --------------------------------------------------------- */

/* As a delta, or after a restart whole. */
static const bool whole[] = {false, true};

START_TEST(many_additions_wait_and_removals_do_not)
{
	put_hosts(1, 6, NOW + LIFE);
	publish();
	put_hosts(100, 121, NOW + LIFE);
	unlist_hosts(1, 2);
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	ck_assert_uint_eq(categories("192.0.2.1"), 0);
	ck_assert_uint_eq(categories("192.0.2.2"), RELAY);
	ck_assert_uint_eq(categories("192.0.2.100"), 0);
	ck_assert_uint_eq(served_size(), 4);
	ck_assert_uint_eq(alarms().count, 1);
	ck_assert_str_eq(alarms().kind, "held");
	ck_assert_ptr_nonnull(strstr(alarms().text, "only removals are published"));
	/* Another removal while it is held. */
	unlist_hosts(2, 3);
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	ck_assert_uint_eq(served_size(), 3);
	publish_by_force();
	ck_assert_uint_eq(served_size(), 24);
	ck_assert_uint_eq(categories("192.0.2.120"), RELAY);
	ck_assert_uint_eq(alarms().count, 0);
	/* It is what is in service now. */
	put_hosts(130, 131, NOW + LIFE);
	publish();
	ck_assert_uint_eq(served_size(), 25);
	ck_assert_int_eq(access("orbl.snapshot.delta", F_OK), 0);
}
END_TEST

START_TEST(another_category_is_held_as_an_addition)
{
	put_hosts(1, 31, NOW + LIFE);
	publish_by_force();
	for (unsigned i = 1; i < 31; i++) {
		char prefix[PREFIX_TEXT];

		snprintf(prefix, sizeof(prefix), "192.0.2.%u", i);
		put_listing((struct store_listing){.category = CATEGORY_BOUNCER}, prefix);
	}
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	ck_assert_uint_eq(categories("192.0.2.9"), RELAY);
	publish_by_force();
	ck_assert_uint_eq(categories("192.0.2.9"), RELAY | 1U << CATEGORY_BOUNCER);
}
END_TEST

START_TEST(a_few_additions_pass)
{
	publish();
	put_hosts(1, 21, NOW + LIFE);
	publish();
	ck_assert_uint_eq(served_size(), 20);
}
END_TEST

/* A steady stream is judged by what a day of it comes to. */
START_TEST(many_small_steps_are_a_large_one)
{
	put_hosts(1, 6, NOW + LIFE);
	publish();
	for (unsigned i = 0; i < 10; i++) {
		put_hosts(10 + 2 * i, 12 + 2 * i, NOW + LIFE);
		publish();
	}
	put_hosts(50, 51, NOW + LIFE);
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	ck_assert_ptr_nonnull(strstr(publish_hold(publisher)->why, "20 added of 5 within a day"));
	ck_assert_uint_eq(served_size(), 25);
	/* Who is to be removed does not wait for them, nor what is renewed. */
	unlist_hosts(1, 2);
	put_hosts(2, 6, NOW + LIFE + DAY);
	ck_ok(publish_at(NOW));
	ck_assert_uint_eq(served_size(), 24);
	ck_ok(publish_at(NOW + 22 * 3600));
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SHARE);
	ck_ok(publish_at(NOW + DAY));
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SMALL);
	ck_assert_uint_eq(served_size(), 25);
}
END_TEST

START_TEST(what_is_forced_is_the_new_measure)
{
	put_hosts(1, 6, NOW + LIFE);
	publish();
	put_hosts(10, 30, NOW + LIFE);
	publish();
	put_hosts(30, 31, NOW + LIFE);
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	publish_by_force();
	put_hosts(31, 51, NOW + LIFE);
	publish();
	ck_assert_uint_eq(served_size(), 46);
	put_hosts(51, 52, NOW + LIFE);
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
}
END_TEST

START_TEST(renewed_often_is_no_change)
{
	put_hosts(1, 101, NOW + LIFE);
	publish();
	for (unsigned i = 0; i < 10; i++) {
		put_hosts(1, 101, NOW + LIFE + (i + 1) * 3600);
		publish();
	}
	put_hosts(101, 121, NOW + LIFE);
	publish();
	ck_assert_uint_eq(served_size(), 120);
}
END_TEST

START_TEST(a_first_list_surprises_nobody)
{
	put_hosts(1, 200, NOW + LIFE);
	publish();
	ck_assert_uint_eq(served_size(), 199);
}
END_TEST

START_TEST(renewing_all_is_no_change)
{
	put_hosts(1, 100, NOW + LIFE);
	publish();
	put_hosts(1, 100, NOW + LIFE + DAY);
	if (whole[_i])
		restart();
	publish();
	ck_assert_uint_eq(served_size(), 99);
}
END_TEST

/* --- popular, wide ------------------------------------------------------------------ */

START_TEST(what_is_popular_is_held_until_forced)
{
	static const char *const popular[] = {"192.0.2.201", "2001:db8:ffff:1::/64"};

	put("192.0.2.1");
	publish();
	for (size_t i = 0; i < ORBL_COUNT(popular); i++) {
		put(popular[i]);
		put(i == 0 ? "192.0.2.2" : "192.0.2.3");
		if (whole[_i])
			restart();
		ck_ok(publish_at(NOW));
		ck_held(BLAST_POPULAR, true);
		ck_assert_ptr_nonnull(strstr(publish_hold(publisher)->why, popular[i]));
		publish_by_force();
	}
	ck_assert_uint_eq(categories("192.0.2.201"), RELAY);
	ck_assert_uint_eq(categories("192.0.2.3"), RELAY);
	/* What was forced once is in service, and no news. */
	put("192.0.2.4");
	publish();
	restart();
	publish();
}
END_TEST

/* It is news when mail is refused for it, though it was in service as something else. */
START_TEST(what_is_popular_is_held_again_as_a_relay)
{
	static const enum category relays[] = {CATEGORY_RELAY, CATEGORY_RELAY_INPUT};

	put_listing((struct store_listing){.category = CATEGORY_UNTESTABLE}, "192.0.2.201");
	publish_by_force();
	if (whole[_i])
		restart();
	put_listing((struct store_listing){.category = CATEGORY_BOUNCER}, "192.0.2.201");
	publish();
	for (size_t i = 0; i < ORBL_COUNT(relays); i++) {
		put_listing((struct store_listing){.category = relays[i]}, "192.0.2.201");
		ck_ok(publish_at(NOW));
		ck_held(BLAST_POPULAR, true);
		ck_assert_uint_eq(categories("192.0.2.201") & 1U << relays[i], 0);
		publish_by_force();
		ck_assert_uint_ne(categories("192.0.2.201") & 1U << relays[i], 0);
	}
}
END_TEST

START_TEST(a_wide_prefix_is_an_operators)
{
	struct store_listing wide = {.category = CATEGORY_SUSPECT};

	reopen_with("probe.allow = {198.18.0.0/15}\npublish.max_change_floor = 100000\n");
	publish();
	put_listing(wide, "198.18.4.0/23");
	ck_ok(publish_at(NOW));
	ck_held(BLAST_WIDE, true);
	ck_assert_uint_eq(served_size(), 0);
	wide.author = "alice";
	put_listing(wide, "198.18.4.0/23");
	publish();
	ck_assert_uint_eq(served_size(), 512);
}
END_TEST

START_TEST(a_popular_file_must_be_good)
{
	struct publisher *p;
	struct error e;

	scratch_write("popular", "nonsense\n", 9);
	ck_assert_int_ne(publish_new(store, conf, &p, &e), OK);
	ck_assert_ptr_nonnull(strstr(e.text, "publish.popular: popular:1"));
	ck_assert_ptr_null(p);
	/* While it runs the list of before stays in force. */
	put("192.0.2.202");
	ck_ok(publish_at(NOW));
	ck_held(BLAST_POPULAR, true);
}
END_TEST

/* --- too little ----------------------------------------------------------------------- */

START_TEST(mass_removal_is_held_as_a_whole)
{
	put_hosts(1, 101, NOW + LIFE);
	publish();
	unlist_hosts(1, 61);
	put("192.0.2.150");
	if (whole[_i])
		restart();
	ck_assert_int_eq(publish_at(NOW), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "orbl publish --force"));
	ck_held(BLAST_SHARE, false);
	ck_assert_uint_eq(served_size(), 100);
	ck_assert_uint_eq(categories("192.0.2.150"), 0);
	/* Not looked at again at once; but when somebody asks. */
	put_hosts(1, 61, NOW + LIFE);
	ck_assert_int_eq(publish_at(NOW + 59), ERR_REFUSED);
	ck_ok(publish_at(NOW + 60));
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SMALL);
	ck_assert_uint_eq(served_size(), 101);
	unlist_hosts(1, 61);
	ck_assert_int_eq(publish_at(NOW), ERR_REFUSED);
	publish_by_force();
	ck_assert_uint_eq(served_size(), 41);
}
END_TEST

/* Nothing is written, so what is in service grows old. */
START_TEST(a_hold_that_ends_service_is_told)
{
	reopen_with("publish.max_change_floor = 20\ndnsd.max_age = 2d\n");
	put_hosts(1, 101, NOW + LIFE);
	publish();
	unlist_hosts(1, 61);
	ck_assert_int_eq(publish_at(NOW + 60), ERR_REFUSED);
	ck_assert_int_eq(publish_hold(publisher)->ends_s, NOW + 2 * DAY);
	ck_assert_ptr_nonnull(strstr(alarms().text, "until 2030-03-19T"));
	ck_assert_ptr_nonnull(strstr(alarms().text, "dnsd.max_age"));
	put_hosts(1, 61, NOW + LIFE);
	unlist_hosts(1, 2);
	put_hosts(110, 141, NOW + LIFE);
	ck_ok(publish_at(NOW + 120));
	ck_assert(publish_hold(publisher)->is_partial);
	ck_assert_int_eq(publish_hold(publisher)->ends_s, 0);
}
END_TEST

START_TEST(an_empty_list_is_held_but_for_a_few)
{
	put_hosts(1, 12, NOW + LIFE);
	publish();
	unlist_hosts(1, 12);
	if (whole[_i])
		restart();
	ck_assert_int_eq(publish_at(NOW), ERR_REFUSED);
	ck_held(BLAST_EMPTY, false);
	ck_assert_uint_eq(served_size(), 11);
	put_hosts(1, 2, NOW + LIFE);
	restart();
	publish();
	unlist_hosts(1, 2);
	publish();
	ck_assert_uint_eq(served_size(), 0);
}
END_TEST

/* Listings that end by themselves are not in service any more, whether or not we published. */
START_TEST(what_expires_is_no_removal)
{
	size_t removed;

	put_hosts(1, 101, NOW + DAY);
	put_hosts(101, 106, NOW + LIFE);
	publish();
	ck_ok(store_listing_expire(store, NOW + DAY, &removed, trouble()));
	ck_assert_uint_eq(removed, 100);
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW + DAY));
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SMALL);
	ck_assert_uint_eq(served_size(), 5);
}
END_TEST

/* Nor is it what others are compared with: 21 are too many beside 5. */
START_TEST(what_has_expired_is_not_in_service)
{
	size_t removed;

	put_hosts(1, 101, NOW + DAY);
	put_hosts(101, 106, NOW + LIFE);
	publish();
	ck_ok(store_listing_expire(store, NOW + DAY, &removed, trouble()));
	put_hosts(110, 131, NOW + LIFE);
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW + DAY));
	ck_assert_str_eq(blast_name(publish_hold(publisher)->blast), "share");
	ck_assert_ptr_nonnull(strstr(publish_hold(publisher)->why, "of 5 addresses in service"));
}
END_TEST

/* Steps of removals, too. */
START_TEST(a_list_is_not_emptied_by_steps)
{
	put_hosts(1, 101, NOW + LIFE);
	publish();
	unlist_hosts(1, 11);
	publish();
	unlist_hosts(11, 21);
	publish();
	unlist_hosts(21, 22);
	if (whole[_i])
		restart();
	ck_assert_int_eq(publish_at(NOW), ERR_REFUSED);
	ck_held(BLAST_SHARE, false);
	ck_assert_uint_eq(served_size(), 80);
}
END_TEST

/* --- permits ----------------------------------------------------------------------------- */

static size_t
permits_recorded(void)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	size_t n;

	ck_assert_int_eq(sqlite3_open_v2("orbl.db", &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
				 "SELECT count(*) FROM audit WHERE action = 'permit'"
				 " AND detail LIKE '%held would be: %'",
				 -1, &st, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = (size_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static enum store_permit
permit_left(void)
{
	enum store_permit p;

	ck_ok(store_publish_permitted(store, &p, trouble()));
	return p;
}

START_TEST(force_lists_suspects_again)
{
	bool held = false;

	ck_ok(store_suspects_hold(store, true, trouble()));
	ck_ok(store_alarm_raise(store, STORE_ALARM_RESTORED, "suspects", "x", NOW, NULL,
		trouble()));
	publish();
	ck_ok(store_suspects_held(store, &held, trouble()));
	ck_assert(held);
	publish_by_force();
	ck_ok(store_suspects_held(store, &held, trouble()));
	ck_assert(!held);
	ck_assert_uint_eq(alarms().count, 0);
}
END_TEST

START_TEST(who_has_the_permit_is_not_held)
{
	static const enum store_permit permits[] = {STORE_PERMIT_REMOVALS, STORE_PERMIT_ALL};

	put_hosts(1, 101, NOW + LIFE);
	publish();
	unlist_hosts(1, 101);
	ck_assert_int_eq(publish_at(NOW), ERR_REFUSED);
	ck_ok(store_publish_permit(store, permits[_i], trouble()));
	restart();
	publish();
	ck_assert_uint_eq(served_size(), 0);
	ck_assert_uint_eq(permits_recorded(), 1);
	put_hosts(1, 101, NOW + LIFE);
	ck_ok(publish_at(NOW)); /* it was for one time */
	ck_held(BLAST_SHARE, true);
}
END_TEST

START_TEST(a_permit_to_remove_adds_nothing)
{
	put_hosts(1, 101, NOW + LIFE);
	publish();
	unlist_hosts(1, 61);
	put_hosts(110, 131, NOW + LIFE);
	ck_ok(store_publish_permit(store, STORE_PERMIT_REMOVALS, trouble()));
	if (whole[_i])
		restart();
	ck_ok(publish_at(NOW));
	ck_held(BLAST_SHARE, true);
	ck_assert_uint_eq(served_size(), 40);
	ck_assert_uint_eq(permits_recorded(), 1);
	ck_assert_int_eq(permit_left(), STORE_PERMIT_NONE);
	ck_ok(publish_at(NOW));
	ck_assert_uint_eq(served_size(), 40);
}
END_TEST

START_TEST(a_permit_to_add_is_for_any_number)
{
	put_hosts(1, 6, NOW + LIFE);
	publish();
	put_hosts(10, 101, NOW + LIFE);
	ck_ok(store_publish_permit(store, STORE_PERMIT_ALL, trouble()));
	ck_ok(store_publish_permit(store, STORE_PERMIT_REMOVALS, trouble()));
	publish();
	ck_assert_uint_eq(served_size(), 96);
	ck_assert_uint_eq(permits_recorded(), 1);
}
END_TEST

/* Nobody who gives a permit has seen it. It is used up all the same, with the next try. */
START_TEST(no_permit_is_for_what_is_popular)
{
	static const enum store_permit permits[] = {STORE_PERMIT_REMOVALS, STORE_PERMIT_ALL};

	put("192.0.2.1");
	publish();
	put("192.0.2.201");
	ck_ok(publish_at(NOW));
	ck_held(BLAST_POPULAR, true);
	ck_ok(store_publish_permit(store, permits[_i], trouble()));
	ck_ok(publish_at(NOW));
	ck_held(BLAST_POPULAR, true);
	ck_assert_uint_eq(categories("192.0.2.201"), 0);
	ck_assert_int_eq(permit_left(), STORE_PERMIT_NONE);
	ck_assert_uint_eq(permits_recorded(), 0);
	/* So it is by what is asked for, which has a record of its own. */
	ck_ok(store_publish_permit(store, permits[_i], trouble()));
	publish_by_force();
	ck_assert_int_eq(permit_left(), STORE_PERMIT_NONE);
	ck_assert_uint_eq(permits_recorded(), 0);
}
END_TEST

START_TEST(a_permit_nobody_needs_is_used_up)
{
	put("192.0.2.1");
	publish();
	ck_ok(store_publish_permit(store, STORE_PERMIT_ALL, trouble()));
	put("192.0.2.2");
	publish();
	ck_assert_int_eq(permit_left(), STORE_PERMIT_NONE);
	ck_assert_uint_eq(permits_recorded(), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish_held");
	TCase *more = tcase_create("more"), *less = tcase_create("less"),
	      *permit = tcase_create("permit");

	tcase_add_checked_fixture(more, set_up, tear_down);
	tcase_add_loop_test(more, many_additions_wait_and_removals_do_not, 0, 2);
	tcase_add_loop_test(more, another_category_is_held_as_an_addition, 0, 2);
	tcase_add_test(more, a_few_additions_pass);
	tcase_add_loop_test(more, many_small_steps_are_a_large_one, 0, 2);
	tcase_add_test(more, what_is_forced_is_the_new_measure);
	tcase_add_test(more, a_first_list_surprises_nobody);
	tcase_add_test(more, renewed_often_is_no_change);
	tcase_add_loop_test(more, renewing_all_is_no_change, 0, 2);
	tcase_add_loop_test(more, what_is_popular_is_held_until_forced, 0, 2);
	tcase_add_loop_test(more, what_is_popular_is_held_again_as_a_relay, 0, 2);
	tcase_add_test(more, a_wide_prefix_is_an_operators);
	tcase_add_test(more, a_popular_file_must_be_good);
	tcase_add_checked_fixture(less, set_up, tear_down);
	tcase_add_loop_test(less, mass_removal_is_held_as_a_whole, 0, 2);
	tcase_add_test(less, force_lists_suspects_again);
	tcase_add_test(less, a_hold_that_ends_service_is_told);
	tcase_add_loop_test(less, an_empty_list_is_held_but_for_a_few, 0, 2);
	tcase_add_loop_test(less, what_expires_is_no_removal, 0, 2);
	tcase_add_loop_test(less, what_has_expired_is_not_in_service, 0, 2);
	tcase_add_loop_test(less, a_list_is_not_emptied_by_steps, 0, 2);
	tcase_add_checked_fixture(permit, set_up, tear_down);
	tcase_add_loop_test(permit, who_has_the_permit_is_not_held, 0, 2);
	tcase_add_loop_test(permit, a_permit_to_remove_adds_nothing, 0, 2);
	tcase_add_test(permit, a_permit_to_add_is_for_any_number);
	tcase_add_loop_test(permit, no_permit_is_for_what_is_popular, 0, 2);
	tcase_add_test(permit, a_permit_nobody_needs_is_used_up);
	suite_add_tcase(s, more);
	suite_add_tcase(s, less);
	suite_add_tcase(s, permit);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
