#include "publish.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include <orbl/control.h>
#include <orbl/file.h>
#include <orbl/snapshot.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000200, LIFE = 30 * 86400, STEP = 600 }; /* NOW is a multiple of STEP */

static const char snapshot_file[] = "orbl.snapshot";
static struct store *store;
static struct conf *conf;

static void
set_up(void)
{
	scratch_enter();
	conf = fixture_conf(NULL);
	ck_ok(store_open("orbl.db", &store, trouble()));
}

static void
tear_down(void)
{
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

static struct snapshot *
publish(void)
{
	struct snapshot *s;
	uint32_t serial;

	ck_ok(publish_snapshot(store, conf, NOW, &serial, trouble()));
	ck_ok(snapshot_open(snapshot_file, &s, trouble()));
	ck_assert_uint_eq(snapshot_serial(s), serial);
	ck_assert_int_eq(snapshot_created_s(s), NOW);
	return s;
}

static bool
find(const struct snapshot *s, const char *zone, const char *host, struct snapshot_class *class)
{
	struct addr a = fixture_address(host);
	struct snapshot_zone z;
	uint16_t id;

	for (size_t i = 0; i < snapshot_zone_count(s); i++) {
		snapshot_zone(s, i, &z);
		if (!text_equal(z.name, text_of(zone)))
			continue;
		id = snapshot_find(z.set, &a);
		ck_assert(id == SNAPSHOT_NOT_LISTED || snapshot_class(s, id, class));
		return id != SNAPSHOT_NOT_LISTED;
	}
	ck_abort_msg("there is no zone %s", zone);
}

/* What host is answered with in a zone: the last octets of its A records, as in "2,7"; "" is not
 * listed. */
static const char *
codes(const struct snapshot *s, const char *zone, const char *host, char out[64])
{
	struct snapshot_class class;
	size_t n = 0;

	out[0] = '\0';
	if (!find(s, zone, host, &class))
		return out;
	for (size_t i = 0; i < class.a_count; i++) {
		ck_assert_uint_eq(class.a[i] >> 8, 0x7f0000);
		n += (size_t)snprintf(out + n, 64 - n, "%s%u", n != 0 ? "," : "",
			class.a[i] & 0xff);
	}
	return out;
}

static void
assert_codes(const struct snapshot *s, const char *host, const char *const wanted[SUBZONE_COUNT])
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
	struct snapshot *s;
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
	ck_assert_uint_eq(snapshot_zone_count(s), SUBZONE_COUNT);
	for (size_t i = 0; i < ORBL_COUNT(table); i++)
		assert_codes(s, table[i].host, table[i].codes);
	snapshot_close(s);
}
END_TEST

START_TEST(an_empty_list_is_a_zone_all_the_same)
{
	struct snapshot *s = publish();
	struct snapshot_zone z;

	ck_assert_uint_eq(snapshot_entries(s), 0);
	ck_assert_uint_eq(snapshot_zone_count(s), SUBZONE_COUNT);
	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		snapshot_zone(s, i, &z);
		ck_assert(text_equal(z.apex.mname, TEXT("ns1.example")));
		ck_assert_uint_eq(z.apex.ns_count, 2);
		ck_assert(text_equal(z.apex.ns[1], TEXT("ns2.example")));
		ck_assert_uint_eq(z.apex.ttl_s, 300);
		ck_assert_uint_eq(z.apex.minimum_s, 150);
		ck_assert_uint_eq(z.apex.refresh_s, 600);
		ck_assert_uint_eq(z.apex.expire_s, 2 * 86400);
	}
	snapshot_close(s);
}
END_TEST

/* RFC 5782 section 2.3: TXT records are not matched to A records, so there is one. */
START_TEST(one_txt_record_explains_all_codes)
{
	struct snapshot_class class;
	struct snapshot *s;

	put("192.0.2.9", CATEGORY_BOUNCER, NOW + LIFE);
	put("192.0.2.9", CATEGORY_RELAY, NOW + LIFE);
	s = publish();
	ck_assert(find(s, "all", "192.0.2.9", &class));
	ck_assert_uint_eq(class.txt_count, 1);
	ck_assert_msg(text_equal(class.txt[0],
			      TEXT("[2,7] open relay, proved: our test message "
				   "came back from this address; accepts mail for strangers and "
				   "bounces it to a "
				   "sender that can be forged; see "
				   "https://dnsbl.example/\001?a=\001")),
		"%.*s", TEXT_ARG(class.txt[0]));
	ck_assert(find(s, "bouncers", "192.0.2.9", &class));
	ck_assert_uint_eq(class.txt_count, 1);
	ck_assert(text_has_prefix(class.txt[0], TEXT("[7] accepts mail")));
	snapshot_close(s);
}
END_TEST

START_TEST(expiry_is_rounded_down)
{
	struct snapshot_class class;
	struct snapshot *s;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE + STEP - 1);
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE + STEP);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE);
	ck_assert(find(s, "", "192.0.2.2", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE + STEP);
	snapshot_close(s);
}
END_TEST

/* A list with a short life would have none left after ten minutes are taken off. */
START_TEST(a_short_life_is_not_rounded_away)
{
	struct snapshot_class class;
	struct snapshot *s;

	conf->listing_lifetime_s = 60;
	put("192.0.2.1", CATEGORY_RELAY, NOW + 59);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + 59);
	snapshot_close(s);
}
END_TEST

START_TEST(what_has_expired_is_left_out)
{
	struct snapshot *s;

	put("192.0.2.1", CATEGORY_RELAY, NOW);
	put("192.0.2.2", CATEGORY_RELAY, NOW - LIFE);
	put("192.0.2.3", CATEGORY_RELAY, NOW + STEP);
	s = publish();
	assert_codes(s, "192.0.2.1", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(s, "192.0.2.2", (const char *const[]){"", "", "", "", "", "", ""});
	assert_codes(s, "192.0.2.3", (const char *const[]){"2", "2", "", "", "", "", "2"});
	snapshot_close(s);
}
END_TEST

START_TEST(a_category_ends_without_taking_another_zone_along)
{
	struct snapshot_class class;
	struct snapshot *s;

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	put("192.0.2.1", CATEGORY_UNTESTABLE, NOW + STEP);
	s = publish();
	ck_assert(find(s, "", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + LIFE);
	ck_assert(find(s, "untestable", "192.0.2.1", &class));
	ck_assert_int_eq(class.expires_s, NOW + STEP);
	ck_assert(find(s, "all", "192.0.2.1", &class)); /* never late */
	ck_assert_int_eq(class.expires_s, NOW + STEP);
	snapshot_close(s);
}
END_TEST

START_TEST(the_file_before_is_kept)
{
	struct snapshot *s;
	char got[64];

	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	snapshot_close(publish());
	put("192.0.2.2", CATEGORY_RELAY, NOW + LIFE);
	s = publish();
	ck_assert_uint_eq(snapshot_serial(s), 2);
	snapshot_close(s);
	ck_ok(snapshot_open("orbl.snapshot.prev", &s, trouble()));
	ck_assert_uint_eq(snapshot_serial(s), 1);
	ck_assert_str_eq(codes(s, "", "192.0.2.1", got), "2");
	ck_assert_str_eq(codes(s, "", "192.0.2.2", got), "");
	snapshot_close(s);
}
END_TEST

static void
assert_serial(uint32_t serial)
{
	struct snapshot *s;

	ck_ok(snapshot_open(snapshot_file, &s, trouble()));
	ck_assert_uint_eq(snapshot_serial(s), serial);
	snapshot_close(s);
	ck_assert_int_ne(access("orbl.snapshot.new", F_OK), 0);
}

START_TEST(a_write_that_fails_leaves_the_old_file)
{
	struct rlimit limit;
	uint32_t serial;

	snapshot_close(publish());
	put("192.0.2.1", CATEGORY_RELAY, NOW + LIFE);
	/* No file may grow: of the store only what is in its files already is written. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 400;
	ck_ok(store_next_serial(store, &serial, trouble())); /* the log has room now */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_ne(publish_snapshot(store, conf, NOW, &serial, trouble()), OK);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_serial(1);
	snapshot_close(publish()); /* and again, when there is room */
}
END_TEST

START_TEST(a_directory_in_the_way_leaves_the_old_file)
{
	uint32_t serial;

	snapshot_close(publish());
	ck_assert_int_eq(mkdir("orbl.snapshot.new", 0700), 0);
	ck_assert_int_ne(publish_snapshot(store, conf, NOW, &serial, trouble()), OK);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "orbl.snapshot.new"));
	ck_assert_int_eq(rmdir("orbl.snapshot.new"), 0);
	assert_serial(1);
}
END_TEST

/* --- telling dnsd -------------------------------------------------------- */

static void
turn(struct event_base *base)
{
	for (int i = 0; i < 4; i++)
		ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
}

START_TEST(dnsd_is_told_the_serial)
{
	static const char answer[] = "{\"ok\":true}\n";
	struct event_base *base = event_base_new();
	char request[128];
	int fd, client;
	ssize_t n;

	ck_ok(control_listen("dnsd.sock", 0600, &fd, trouble()));
	publish_tell(base, "dnsd.sock", 7);
	client = accept(fd, NULL, NULL);
	ck_assert_int_ge(client, 0);
	turn(base);
	n = read(client, request, sizeof(request) - 1);
	ck_assert_int_gt(n, 0);
	request[n] = '\0';
	ck_assert_str_eq(request, "{\"cmd\":\"reload\",\"serial\":7}\n");
	ck_assert_int_eq(write(client, answer, sizeof(answer) - 1), sizeof(answer) - 1);
	turn(base);
	ck_assert_int_eq(read(client, request, sizeof(request)), 0); /* it hung up */
	close(client);
	close(fd);
	event_base_free(base);
}
END_TEST

/* Nothing to see but that nothing is lost: the sanitizers look for leaks. */
START_TEST(a_dnsd_that_is_not_there_does_no_harm)
{
	struct event_base *base = event_base_new();
	char name[200];
	int fd, client;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	publish_tell(base, "", 1);
	publish_tell(base, name, 1);
	publish_tell(base, "missing.sock", 1);
	ck_ok(control_listen("dnsd.sock", 0600, &fd, trouble()));
	publish_tell(base, "dnsd.sock", 1);
	client = accept(fd, NULL, NULL);
	turn(base);
	close(client); /* without an answer */
	turn(base);
	publish_tell(base, "dnsd.sock", 1);
	client = accept(fd, NULL, NULL);
	ck_assert_int_eq(write(client, "nonsense\n", 9), 9);
	turn(base);
	close(client);
	close(fd);
	publish_tell(base, "dnsd.sock", 1); /* the socket of a dead one */
	turn(base);
	event_base_free(base);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish");
	TCase *content = tcase_create("content"), *file = tcase_create("file"),
	      *tell = tcase_create("tell");

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
	tcase_add_test(file, a_write_that_fails_leaves_the_old_file);
	tcase_add_test(file, a_directory_in_the_way_leaves_the_old_file);
	tcase_add_checked_fixture(tell, scratch_enter, scratch_leave);
	tcase_add_test(tell, dnsd_is_told_the_serial);
	tcase_add_test(tell, a_dnsd_that_is_not_there_does_no_harm);
	suite_add_tcase(s, content);
	suite_add_tcase(s, file);
	suite_add_tcase(s, tell);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
