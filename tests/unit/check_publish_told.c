/* What is left out of the list that is published, and what is told with it. */
#include <string.h>
#include <unistd.h>

#include <orbl/snapshot_layer.h>
#include <orbl/store_alarm.h>
#include <orbl/store_order.h>

#include "publish_fixture.h"
#include "retire.h"

/* --- not yet, never, no more ----------------------------------------------------------- */

START_TEST(notice_is_kept)
{
	const struct store_listing later = {.category = CATEGORY_BOUNCER,
		.effective_s = NOW + 7 * DAY};

	put("192.0.2.1");
	put_listing(later, "192.0.2.1");
	put_listing(later, "192.0.2.2");
	publish();
	ck_assert_uint_eq(categories("192.0.2.1"), RELAY);
	ck_assert_uint_eq(categories("192.0.2.2"), 0);
	ck_ok(publish_at(NOW + 7 * DAY - 1));
	ck_assert_uint_eq(categories("192.0.2.2"), 0);
	restart();
	ck_ok(publish_at(NOW + 7 * DAY));
	ck_assert_uint_eq(categories("192.0.2.1"), RELAY | 1U << CATEGORY_BOUNCER);
	ck_assert_uint_eq(categories("192.0.2.2"), 1U << CATEGORY_BOUNCER);
}
END_TEST

static void
exempt(const char *prefix, bool on)
{
	const struct store_order order = {.prefix = fixture_prefix(prefix),
		.action = "exempt",
		.since_s = NOW,
		.author = "alice",
		.reason = "ours"};
	size_t ended;

	ck_ok(store_begin(store, trouble()));
	if (on)
		ck_ok(store_order_put(store, &order, trouble()));
	else
		ck_ok(store_order_end(store, &order.prefix, "exempt", &ended, trouble()));
	ck_ok(store_commit(store, trouble()));
	guard_refresh(guard, NOW);
}

static enum err
on_alarm(const struct store_alarm *alarm, void *context)
{
	size_t *count = context;

	*count += strcmp(alarm->kind, "guarded") == 0;
	return OK;
}

static size_t
guarded_alarms(void)
{
	size_t count = 0;

	ck_ok(store_alarms(store, 10, on_alarm, &count, trouble()));
	return count;
}

START_TEST(what_is_guarded_now_is_left_out)
{
	put_hosts(1, 5, NOW + LIFE);
	publish();
	ck_assert(!publish_is_due(publisher, NOW));
	exempt("192.0.2.2/31", true);
	ck_assert(publish_is_due(publisher, NOW));
	publish();
	ck_assert(!publish_is_due(publisher, NOW));
	ck_assert_uint_eq(served_size(), 2);
	ck_assert_uint_eq(categories("192.0.2.2"), 0);
	ck_assert_uint_eq(categories("192.0.2.4"), RELAY);
	ck_assert_uint_eq(guarded_alarms(), 2);
	put("192.0.2.3"); /* renewed, as a delta */
	publish();
	ck_assert_int_eq(access("orbl.snapshot.delta", F_OK), 0);
	ck_assert_uint_eq(categories("192.0.2.3"), 0);
	exempt("192.0.2.2/31", false);
	publish();
	ck_assert_uint_eq(served_size(), 4);
}
END_TEST

static void
retire(enum retire_stage stage)
{
	const struct retirement r = {.stage = stage,
		.announced_s = NOW,
		.since_s = NOW,
		.at_s = NOW + 30 * DAY};

	ck_ok(store_begin(store, trouble()));
	ck_ok(retire_save(store, &r, trouble()));
	ck_ok(store_commit(store, trouble()));
}

static void
ck_apex(uint32_t ttl_s, const char *notice)
{
	struct in_service s = served();
	const struct snapshot *newest = s.delta != NULL ? s.delta : s.base;
	struct text told = snapshot_notice(newest);
	struct snapshot_zone zone;

	snapshot_zone(newest, 0, &zone);
	ck_assert_uint_eq(zone.apex.ttl_s, ttl_s);
	ck_assert_msg(text_has_suffix(told, text_of(notice)), "%.*s", TEXT_ARG(told));
	ck_assert_int_eq(told.len == 0, notice[0] == '\0');
	in_service_close(&s);
}

START_TEST(retires_step_by_step)
{
	uint32_t serial;

	put_hosts(1, 101, NOW + LIFE);
	publish();
	ck_apex(300, "");
	retire(RETIRE_ANNOUNCED);
	publish();
	ck_apex(300, "retire=2030-04-16");
	ck_assert_uint_eq(served_size(), 100);
	retire(RETIRE_EMPTY);
	publish(); /* that nothing is left is what was wanted */
	ck_apex(RETIRE_TTL_S, "retire=2030-04-16");
	ck_assert_uint_eq(served_size(), 0);
	put("192.0.2.200");
	publish();
	ck_assert_uint_eq(served_size(), 0);
	ck_assert(publish_is_due(publisher, NOW + conf->zone.heartbeat_s));
	retire(RETIRE_GONE);
	publish();
	ck_ok(publish_list(publisher, NOW, &serial, trouble()));
	ck_assert_uint_eq(serial, 0);
	ck_assert(!publish_is_due(publisher, NOW + conf->zone.heartbeat_s));
	retire(RETIRE_NOT);
	publish_by_force();
	ck_assert_uint_eq(served_size(), 101);
	ck_apex(300, "");
}
END_TEST

/* --- what is told ----------------------------------------------------------------------- */

START_TEST(tells_the_head_of_the_audit_log)
{
	struct store_audit audit = {.time_s = NOW - DAY, .action = "start", .detail = "yesterday"};
	struct in_service s;
	struct text told;

	ck_ok(store_begin(store, trouble()));
	ck_ok(store_audit_add(store, &audit, trouble()));
	ck_ok(store_commit(store, trouble()));
	put("192.0.2.1");
	publish();
	for (int i = 0; i < 2; i++) { /* whole, and delta */
		s = served();
		told = snapshot_notice(s.delta != NULL ? s.delta : s.base);
		ck_assert_int_eq(s.delta != NULL, i != 0);
		ck_assert_msg(text_has_prefix(told, TEXT("audit=2030-03-16:1:")), "%.*s",
			TEXT_ARG(told));
		in_service_close(&s);
		put("192.0.2.2");
		publish();
	}
}
END_TEST

static void
ck_text(const char *zone, const char *address, const char *wanted)
{
	struct in_service s = served();
	struct snapshot_layer layer = {.delta = NULL};
	struct addr a = fixture_address(address);
	struct snapshot_view view;
	struct snapshot_zone z;

	for (size_t i = 0; i < snapshot_zone_count(s.base); i++) {
		snapshot_zone(s.base, i, &z);
		if (text_equal(z.name, text_of(zone)))
			layer.set = z.sets[0];
	}
	ck_assert(snapshot_layer_find(&layer, &a, &view));
	ck_assert_uint_eq(view.txt_count, 1);
	ck_assert_msg(text_equal(snapshot_view_txt(&view, 0), text_of(wanted)), "%.*s",
		TEXT_ARG(snapshot_view_txt(&view, 0)));
	in_service_close(&s);
}

START_TEST(text_has_its_variables)
{
	reopen_with("publish.text = \"[$codes] until $until, AS$asn ($asorg, $cc) $$ $url\"\n");
	put_listing((struct store_listing){.category = CATEGORY_RELAY,
			    .asn = 64500,
			    .as_org = "Ex\001ample \xc3\xa9 Net",
			    .country = "SE"},
		"192.0.2.1");
	put("192.0.2.2");
	put_listing((struct store_listing){.category = CATEGORY_BOUNCER,
			    .expires_s = NOW + 2 * DAY},
		"192.0.2.2");
	publish();
	ck_text("", "192.0.2.1",
		"[2] until 2030-04-16T17:50Z, AS64500 (Ex?ample ?? Net, SE) $ "
		"https://dnsbl.example/\001?a=\001");
	ck_text("", "192.0.2.2",
		"[2] until 2030-04-16T17:50Z, ASunknown (unknown, unknown) $ "
		"https://dnsbl.example/\001?a=\001");
	ck_text("all", "192.0.2.2",
		"[2,7] until 2030-03-19T17:50Z, ASunknown (unknown, unknown) $ "
		"https://dnsbl.example/\001?a=\001");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish_told");
	TCase *left_out = tcase_create("left out"), *told = tcase_create("told");

	tcase_add_checked_fixture(left_out, set_up, tear_down);
	tcase_add_test(left_out, notice_is_kept);
	tcase_add_test(left_out, what_is_guarded_now_is_left_out);
	tcase_add_test(left_out, retires_step_by_step);
	tcase_add_checked_fixture(told, set_up, tear_down);
	tcase_add_test(told, tells_the_head_of_the_audit_log);
	tcase_add_test(told, text_has_its_variables);
	suite_add_tcase(s, left_out);
	suite_add_tcase(s, told);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
