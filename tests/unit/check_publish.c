#include "publish.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/snapshot_builder.h>
#include <orbl/snapshot_layer.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000200, LIFE = 30 * 86400, STEP = 600 }; /* NOW is a multiple of STEP */

static const char snapshot_file[] = "orbl.snapshot", delta_file[] = "orbl.snapshot.delta";
static struct store *store;
static struct conf *conf;
static struct publisher *publisher;

static void
set_up(void)
{
	scratch_enter();
	conf = fixture_conf("publish.max_change_floor = 1000000\n");
	ck_ok(store_open("orbl.db", &store, trouble()));
	ck_ok(publish_new(store, conf, &publisher, trouble()));
}

/* As the next run of the analyzer. */
static void
restart(void)
{
	publish_free(publisher);
	ck_ok(publish_new(store, conf, &publisher, trouble()));
}

static void
tear_down(void)
{
	publish_free(publisher);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

static void
put(const char *prefix, enum category category, int64_t expires_s)
{
	struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = NOW,
		.expires_s = expires_s,
		.probe = 1,
		.reason = "it came back"};

	ck_ok(store_listing_put(store, &l, trouble()));
}

/* What dnsd finds: the whole list, and what has changed since (NULL: nothing). */
struct list {
	struct snapshot *base, *delta;
};

static struct list
open_list(void)
{
	struct list l = {NULL, NULL};

	ck_ok(snapshot_open(snapshot_file, &l.base, trouble()));
	if (access(delta_file, F_OK) != 0)
		return l;
	ck_ok(snapshot_open(delta_file, &l.delta, trouble()));
	ck_ok(snapshot_check_delta(l.base, l.delta, trouble()));
	return l;
}

static void
close_list(struct list l)
{
	snapshot_close(l.delta);
	snapshot_close(l.base);
}

static struct list
publish(void)
{
	const struct snapshot *newest;
	struct list l;
	uint32_t serial;

	ck_ok(publish_list(publisher, NOW, &serial, trouble()));
	l = open_list();
	newest = l.delta != NULL ? l.delta : l.base;
	ck_assert_uint_eq(snapshot_serial(newest), serial);
	ck_assert_int_eq(snapshot_created_s(newest), NOW);
	return l;
}

static bool
find(struct list l, const char *zone, const char *host, struct snapshot_view *view)
{
	struct addr a = fixture_address(host);
	struct snapshot_layer layer = {.delta = NULL};
	struct snapshot_zone z;

	for (size_t i = 0; i < snapshot_zone_count(l.base); i++) {
		snapshot_zone(l.base, i, &z);
		if (!text_equal(z.name, text_of(zone)))
			continue;
		ck_assert_uint_eq(z.set_count, 1);
		layer.set = z.sets[0];
		if (l.delta != NULL)
			layer.delta = snapshot_set_at(l.delta, snapshot_set_index(z.sets[0]));
		return snapshot_layer_find(&layer, &a, view);
	}
	ck_abort_msg("there is no zone %s", zone);
}

/* What host is answered with in a zone: the last octets of its A records, as in "2,7"; "" is not
 * listed. */
static const char *
codes(struct list s, const char *zone, const char *host, char out[64])
{
	struct snapshot_view class;
	size_t n = 0;

	out[0] = '\0';
	if (!find(s, zone, host, &class))
		return out;
	for (size_t i = 0; i < class.a_count; i++) {
		ck_assert_uint_eq(snapshot_view_a(&class, i) >> 8, 0x7f0000);
		n += (size_t)snprintf(out + n, 64 - n, "%s%u", n != 0 ? "," : "",
			snapshot_view_a(&class, i) & 0xff);
	}
	return out;
}

static void
assert_codes(struct list s, const char *host, const char *const wanted[SUBZONE_COUNT])
{
	char got[64];

	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		codes(s, subzone_row(i)->name, host, got);
		ck_assert_msg(strcmp(got, wanted[i]) == 0, "%s in zone \"%s\": %s, not %s", host,
			subzone_row(i)->name, got, wanted[i]);
	}
}

START_TEST(each_zone_answers_its_categories)
{
	static const struct {
		const char *host;
		/* base, relays, suspects, outputs, untestable, bouncers, all */
		const char *codes[SUBZONE_COUNT];
	} table[] = {
		{"192.0.2.2", {"2", "2", "", "", "", "", "2"}},
		{"192.0.2.3", {"3", "3", "", "", "", "", "3"}},
		{"192.0.2.4", {"", "", "4", "", "", "", "4"}},
		{"192.0.2.5", {"", "", "", "5", "", "", "5"}},
		{"192.0.2.6", {"", "", "", "", "6", "", "6"}},
		{"192.0.2.7", {"", "", "", "", "", "7", "7"}},
		{"192.0.2.9", {"2", "2", "", "5", "6", "7", "2,5,6,7"}},
		{"192.0.2.1", {"", "", "", "", "", "", ""}},
		{"192.0.2.8", {"", "", "", "", "", "", ""}},
		{"192.0.2.10", {"", "", "", "", "", "", ""}},
		{"2001:db8:0:1::", {"3", "3", "", "", "", "", "3"}},
		{"2001:db8:0:1:ffff:ffff:ffff:ffff", {"3", "3", "", "", "", "", "3"}},
		{"2001:db8:0:2::", {"", "", "", "", "", "", ""}},
		{"2001:db8::ffff:ffff:ffff:ffff", {"", "", "", "", "", "", ""}},
	};
	struct list s;
	char host[32];

	for (enum category c = 0; c < CATEGORY_COUNT; c++) {
		snprintf(host, sizeof(host), "192.0.2.%d", (int)c + 2);
		put(host, c, NOW + LIFE);
	}
	put("192.0.2.9", CATEGORY_BOUNCER, NOW + LIFE);
	put("192.0.2.9", CATEGORY_RELAY, NOW + LIFE);
	put("192.0.2.9", CATEGORY_UNTESTABLE, NOW + LIFE);
	put("192.0.2.9", CATEGORY_RELAY_OUTPUT, NOW + LIFE);
	put("2001:db8:0:1::/64", CATEGORY_RELAY_INPUT, NOW + LIFE);
	s = publish();
	ck_assert_uint_eq(snapshot_zone_count(s.base), SUBZONE_COUNT);
	for (size_t i = 0; i < ORBL_COUNT(table); i++)
		assert_codes(s, table[i].host, table[i].codes);
	close_list(s);
}
END_TEST

START_TEST(an_empty_list_is_a_zone_all_the_same)
{
	struct list s = publish();
	struct snapshot_zone z;

	ck_assert_uint_eq(snapshot_entries(s.base), 0);
	ck_assert_uint_eq(snapshot_zone_count(s.base), SUBZONE_COUNT);
	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		snapshot_zone(s.base, i, &z);
		ck_assert(text_equal(z.apex.mname, TEXT("ns1.example")));
		ck_assert_uint_eq(z.apex.ns_count, 2);
		ck_assert(text_equal(z.apex.ns[1], TEXT("ns2.example")));
		ck_assert_uint_eq(z.apex.ttl_s, 300);
		ck_assert_uint_eq(z.apex.minimum_s, 150);
		ck_assert_uint_eq(z.apex.refresh_s, 600);
		ck_assert_uint_eq(z.apex.expire_s, 2 * 86400);
	}
	close_list(s);
}
END_TEST

/* RFC 5782 section 2.3: TXT records are not matched to A records, so there is one. */
START_TEST(one_txt_record_explains_all_codes)
{
	struct snapshot_view class;
	struct list s;

	put("192.0.2.9", CATEGORY_BOUNCER, NOW + LIFE);
	put("192.0.2.9", CATEGORY_RELAY, NOW + LIFE);
	s = publish();
	ck_assert(find(s, "all", "192.0.2.9", &class));
	ck_assert_uint_eq(class.txt_count, 1);
	ck_assert_msg(text_equal(snapshot_view_txt(&class, 0),
			      TEXT("[2,7] open relay, proved by a test message; "
				   "bounces the mail of strangers to forged senders; see "
				   "https://dnsbl.example/\001?a=\001")),
		"%.*s", TEXT_ARG(snapshot_view_txt(&class, 0)));
	ck_assert(find(s, "bouncers", "192.0.2.9", &class));
	ck_assert_uint_eq(class.txt_count, 1);
	ck_assert(text_has_prefix(snapshot_view_txt(&class, 0), TEXT("[7] bounces the mail")));
	close_list(s);
}
END_TEST

START_TEST(expiry_is_rounded_down)
{
	struct snapshot_view class;
	struct list s;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE + STEP - 1);
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE + STEP);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE);
	ck_assert(find(s, "", "192.0.2.2", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE + STEP);
	close_list(s);
}
END_TEST

/* A list with a short life would have none left after ten minutes are taken off. */
START_TEST(a_short_life_is_not_rounded_away)
{
	struct snapshot_view class;
	struct list s;

	conf->listing.lifetime_s = 60;
	put("192.0.2.1", CATEGORY_RELAY, NOW + 59);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + 59);
	close_list(s);
}
END_TEST

START_TEST(what_has_expired_is_left_out)
{
	struct list s;

	put("192.0.2.1", CATEGORY_RELAY, NOW);
	put("192.0.2.2", CATEGORY_RELAY, NOW - LIFE);
	put("192.0.2.3", CATEGORY_RELAY, NOW + STEP);
	s = publish();
	assert_codes(s, "192.0.2.1", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(s, "192.0.2.2", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(s, "192.0.2.3", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(s);
}
END_TEST

START_TEST(a_category_ends_without_taking_another_zone_along)
{
	struct snapshot_view class;
	struct list s;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	put("192.0.2.1", CATEGORY_UNTESTABLE, NOW + STEP);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE);
	ck_assert(find(s, "untestable", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + STEP);
	ck_assert(find(s, "all", "192.0.2.1", &class)); /* never late */
	ck_assert_int_eq(class.expires_s, NOW + STEP);
	close_list(s);
}
END_TEST

START_TEST(the_file_before_is_kept)
{
	struct list l;
	char got[64];

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	close_list(publish());
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	restart(); /* so that the next one is whole again */
	l = publish();
	ck_assert_ptr_null(l.delta);
	ck_assert_uint_eq(snapshot_serial(l.base), 2);
	close_list(l);
	l = (struct list){NULL, NULL};
	ck_ok(snapshot_open("orbl.snapshot.prev", &l.base, trouble()));
	ck_assert_uint_eq(snapshot_serial(l.base), 1);
	ck_assert_str_eq(codes(l, "", "192.0.2.1", got), "2");
	ck_assert_str_eq(codes(l, "", "192.0.2.2", got), "");
	close_list(l);
}
END_TEST

/* --- deltas ---------------------------------------------------------------- */

static void
unlist(const char *prefix, enum category category)
{
	size_t removed;

	put(prefix, category, NOW);
	ck_ok(store_listing_expire(store, NOW, &removed, trouble()));
	ck_assert_uint_eq(removed, 1);
}

START_TEST(a_change_is_a_delta)
{
	struct list l;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	l = publish();
	ck_assert_ptr_null(l.delta);
	close_list(l);
	put("192.0.2.3", CATEGORY_BOUNCER, NOW + LIFE);
	put("192.0.2.1", CATEGORY_UNTESTABLE, NOW + LIFE);
	put("2001:db8::/64", CATEGORY_RELAY, NOW + LIFE);
	unlist("192.0.2.2", CATEGORY_RELAY);
	l = publish();
	ck_assert_ptr_nonnull(l.delta);
	ck_assert_uint_eq(snapshot_serial(l.base), 1);
	ck_assert_uint_eq(snapshot_serial(l.delta), 2);
	assert_codes(l, "192.0.2.1", (const char *const[]){"2", "2", "", "", "6", "", "2,6"});
	assert_codes(l, "192.0.2.2", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(l, "192.0.2.3", (const char *const[]){"", "", "", "", "", "7", "7"});
	assert_codes(l, "2001:db8::9", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
	/* And each delta says all that has changed since the base. */
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	unlist("192.0.2.3", CATEGORY_BOUNCER);
	l = publish();
	assert_codes(l, "192.0.2.1", (const char *const[]){"2", "2", "", "", "6", "", "2,6"});
	assert_codes(l, "192.0.2.2", (const char *const[]){"2", "2", "", "", "", "", "2"});
	assert_codes(l, "192.0.2.3", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(l, "2001:db8::9", (const char *const[]){"2", "2", "", "", "", "", "2"});
	ck_assert_int_ne(access("orbl.snapshot.delta.prev", F_OK), 0);
	close_list(l);
}
END_TEST

START_TEST(nothing_changed_is_a_delta_of_nothing)
{
	struct list l;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	close_list(publish());
	ck_assert(!publish_is_due(publisher, NOW + conf->zone.heartbeat_s - 1));
	ck_assert(publish_is_due(publisher, NOW + conf->zone.heartbeat_s));
	l = publish();
	ck_assert_ptr_nonnull(l.delta);
	ck_assert_uint_eq(snapshot_entries(l.delta), 0);
	assert_codes(l, "192.0.2.1", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
}
END_TEST

START_TEST(the_next_run_begins_with_a_whole_list)
{
	struct list l;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	close_list(publish());
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	close_list(publish());
	restart();
	l = publish();
	ck_assert_ptr_null(l.delta);
	ck_assert_uint_eq(snapshot_serial(l.base), 3);
	assert_codes(l, "192.0.2.2", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
}
END_TEST

START_TEST(many_changes_are_a_whole_list)
{
	char prefix[32];
	struct list l;

	close_list(publish());
	ck_ok(store_begin(store, trouble()));
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(prefix, sizeof(prefix), "198.18.%u.%u", i / 250, i % 250);
		put(prefix, CATEGORY_RELAY, NOW + LIFE);
	}
	ck_ok(store_commit(store, trouble()));
	l = publish();
	ck_assert_ptr_null(l.delta);
	assert_codes(l, "198.18.19.249", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	l = publish();
	ck_assert_ptr_nonnull(l.delta);
	assert_codes(l, "198.18.19.249", (const char *const[]){"2", "2", "", "", "", "", "2"});
	assert_codes(l, "192.0.2.2", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
}
END_TEST

/* A delta looks at one prefix by itself, which is wrong where prefixes overlap. */
START_TEST(overlapping_prefixes_are_published_whole)
{
	static const char *const wide[] = {"198.51.100.0/24", "2001:db8:1::/48"};
	struct list l;

	for (size_t i = 0; i < ORBL_COUNT(wide); i++) {
		close_list(publish());
		put(wide[i], CATEGORY_RELAY, NOW + LIFE);
		l = publish();
		ck_assert_ptr_null(l.delta);
		close_list(l);
		put("198.51.100.7", CATEGORY_BOUNCER, NOW + LIFE);
		unlist("198.51.100.7", CATEGORY_BOUNCER);
		l = publish();
		ck_assert_ptr_null(l.delta);
		assert_codes(l, "198.51.100.7",
			(const char *const[]){"2", "2", "", "", "", "", "2"});
		close_list(l);
	}
}
END_TEST

/* Somebody put another file there, or an older one back: deltas would not fit it. */
START_TEST(a_delta_is_of_the_base_that_the_store_knows)
{
	struct list l;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	close_list(publish());
	ck_ok(store_published_whole(store, 12345, trouble()));
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	l = publish();
	ck_assert_ptr_null(l.delta);
	assert_codes(l, "192.0.2.2", (const char *const[]){"2", "2", "", "", "", "", "2"});
	close_list(l);
}
END_TEST

/* What dnsd finds is still the first list, and nothing lies about. */
static void
assert_unchanged(void)
{
	struct list l = open_list();
	char got[64];

	ck_assert_uint_eq(snapshot_serial(l.base), 1);
	ck_assert_ptr_null(l.delta);
	ck_assert_str_eq(codes(l, "", "192.0.2.1", got), "");
	close_list(l);
	ck_assert_int_ne(access("orbl.snapshot.new", F_OK), 0);
	ck_assert_int_ne(access("orbl.snapshot.delta.new", F_OK), 0);
}

/* A delta, or after a restart the whole list. */
static const bool both[] = {false, true};

START_TEST(a_write_that_fails_leaves_the_old_file)
{
	struct rlimit limit;
	uint32_t serial;

	close_list(publish());
	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	/* No file may grow: of the store only what is in its files already is written. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	if (both[_i])
		restart();
	limit.rlim_cur = 400;
	ck_ok(store_next_serial(store, &serial, trouble())); /* the log has room now */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_ne(publish_list(publisher, NOW, &serial, trouble()), OK);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_unchanged();
	close_list(publish()); /* and again, when there is room */
}
END_TEST

START_TEST(a_directory_in_the_way_leaves_the_old_file)
{
	const char *way = both[_i] ? "orbl.snapshot.new" : "orbl.snapshot.delta.new";
	uint32_t serial;

	close_list(publish());
	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	if (both[_i])
		restart();
	ck_assert_int_eq(mkdir(way, 0700), 0);
	ck_assert_int_ne(publish_list(publisher, NOW, &serial, trouble()), OK);
	ck_assert_ptr_nonnull(strstr(trouble()->text, way));
	ck_assert_int_eq(rmdir(way), 0);
	assert_unchanged();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish");
	TCase *content = tcase_create("content"), *file = tcase_create("file"),
	      *delta = tcase_create("delta");

	tcase_add_checked_fixture(content, set_up, tear_down);
	tcase_add_test(content, each_zone_answers_its_categories);
	tcase_add_test(content, an_empty_list_is_a_zone_all_the_same);
	tcase_add_test(content, one_txt_record_explains_all_codes);
	tcase_add_test(content, expiry_is_rounded_down);
	tcase_add_test(content, a_short_life_is_not_rounded_away);
	tcase_add_test(content, what_has_expired_is_left_out);
	tcase_add_test(content, a_category_ends_without_taking_another_zone_along);
	tcase_add_checked_fixture(file, set_up, tear_down);
	tcase_add_test(file, the_file_before_is_kept);
	tcase_add_loop_test(file, a_write_that_fails_leaves_the_old_file, 0, 2);
	tcase_add_loop_test(file, a_directory_in_the_way_leaves_the_old_file, 0, 2);
	tcase_add_checked_fixture(delta, set_up, tear_down);
	tcase_add_test(delta, a_change_is_a_delta);
	tcase_add_test(delta, nothing_changed_is_a_delta_of_nothing);
	tcase_add_test(delta, the_next_run_begins_with_a_whole_list);
	tcase_add_test(delta, many_changes_are_a_whole_list);
	tcase_add_test(delta, overlapping_prefixes_are_published_whole);
	tcase_add_test(delta, a_delta_is_of_the_base_that_the_store_knows);
	suite_add_tcase(s, content);
	suite_add_tcase(s, file);
	suite_add_tcase(s, delta);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
