#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "dns_packet.h"
#include "list_fixture.h"
#include "zone.h"

static struct snapshot *list;
static struct zone_set *zones;

static void
set_up(void)
{
	struct list_fixture f = {.origin = "dnsbl.test", .lines = "192.0.2.1 relay\n", .serial = 9};

	list = list_fixture_open(&f);
	zones = zone_set_new();
}

static void
tear_down(void)
{
	zone_set_free(zones);
	snapshot_close(list);
}

static struct query_name
name_of(const char *text)
{
	uint8_t packet[512];
	struct dns_query question = {.name = text, .type = 1};
	struct query q;

	ck_assert_int_eq(query_parse(packet, dns_query_write(&question, packet), &q), QUERY_ANSWER);
	return q.name;
}

/* Which zone, and how many labels below it; "-" none. */
static const char *
found(const char *text)
{
	static char out[WIRE_NAME_TEXT + 16];
	struct query_name n = name_of(text);
	char origin[WIRE_NAME_TEXT];
	size_t below = 99;
	const struct zone *z = zone_set_find(zones, &n, &below);

	if (z == NULL)
		return "-";
	snprintf(out, sizeof(out), "%s %zu", wire_name_format(z->origin, origin), below);
	return out;
}

static void
finish(void)
{
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

START_TEST(finds_the_longest_origin)
{
	ck_assert_int_eq(zone_set_add(zones, TEXT("dnsbl.test"), list, true, NULL), OK);
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("test"), NULL), OK);
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("a.b.c.dnsbl.test"), NULL), OK);
	finish();
	ck_assert_str_eq(found("dnsbl.test"), "dnsbl.test 0");
	ck_assert_str_eq(found("DNSBL.Test"), "dnsbl.test 0");
	ck_assert_str_eq(found("1.2.3.4.dnsbl.test"), "dnsbl.test 4");
	ck_assert_str_eq(found("1.2.3.4.ReLays.dnsbl.test"), "relays.dnsbl.test 4");
	ck_assert_str_eq(found("relay.dnsbl.test"), "dnsbl.test 1");
	ck_assert_str_eq(found("xrelays.dnsbl.test"), "dnsbl.test 1");
	ck_assert_str_eq(found("xdnsbl.test"), "test 1");
	ck_assert_str_eq(found("b.c.dnsbl.test"), "dnsbl.test 2");
	ck_assert_str_eq(found("x.a.b.c.dnsbl.test"), "a.b.c.dnsbl.test 1");
	ck_assert_str_eq(found("dnsbl.test.org"), "-");
	ck_assert_str_eq(found("tes"), "-");
	ck_assert_str_eq(found(""), "-");
}
END_TEST

START_TEST(finds_the_root_zone)
{
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("."), NULL), OK);
	finish();
	ck_assert_str_eq(found(""), ". 0");
	ck_assert_str_eq(found("a.b"), ". 2");
}
END_TEST

START_TEST(finds_nothing_in_an_empty_set)
{
	finish();
	ck_assert_str_eq(found("dnsbl.test"), "-");
	ck_assert_str_eq(found(""), "-");
}
END_TEST

START_TEST(finds_each_of_many)
{
	char name[64], wanted[80];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "z%d.test", i);
		ck_assert_int_eq(zone_set_add_missing(zones, text_of(name), NULL), OK);
	}
	finish();
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "1.2.z%d.test", i);
		snprintf(wanted, sizeof(wanted), "z%d.test 2", i);
		ck_assert_str_eq(found(name), wanted);
	}
	ck_assert_str_eq(found("z500.test"), "-");
}
END_TEST

START_TEST(knows_names_above_zones)
{
	struct query_name n;

	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("test"), NULL), OK);
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("a.b.c.test"), NULL), OK);
	finish();
	n = name_of("c.test");
	ck_assert(zone_set_has_below(zones, &n));
	n = name_of("b.C.test");
	ck_assert(zone_set_has_below(zones, &n));
	n = name_of("x.c.test");
	ck_assert(!zone_set_has_below(zones, &n));
	n = name_of("a.b.c.test");
	ck_assert(!zone_set_has_below(zones, &n));
}
END_TEST

START_TEST(refuses_an_origin_twice)
{
	struct error e;

	ck_assert_int_eq(zone_set_add(zones, TEXT("dnsbl.test"), list, true, NULL), OK);
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("Relays.DNSBL.test"), &e), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(e.text, "Relays.DNSBL.test"));
	ck_assert_uint_eq(zone_set_count(zones), SUBZONE_COUNT);
	ck_assert_int_eq(zone_set_add(zones, TEXT("dnsbl.test"), list, true, &e), ERR_REFUSED);
}
END_TEST

START_TEST(refuses_bad_origins)
{
	char deep[300];

	memset(deep, 'a', sizeof(deep));
	for (size_t i = 1; i < sizeof(deep); i += 2)
		deep[i] = '.';
	ck_assert_int_eq(zone_set_add_missing(zones, TEXT("a..b"), NULL), ERR_SYNTAX);
	ck_assert_int_eq(zone_set_add_missing(zones, (struct text){deep, 299}, NULL), ERR_SYNTAX);
	/* The origin fits, "untestable." below it does not. */
	ck_assert_int_eq(zone_set_add(zones, (struct text){deep, 251}, list, true, NULL),
		ERR_SYNTAX);
}
END_TEST

static struct zone_name
rendered(const char *mname)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_apex apex = {.mname = text_of(mname), .rname = TEXT("x.org"), .ttl_s = 1};
	struct snapshot *s;
	struct zone_name n;
	size_t set;

	ck_assert_int_eq(snapshot_builder_set(b, &set, NULL), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT(""), set, &apex, NULL), OK);
	s = list_fixture_freeze(b, 1);
	zone_set_free(zones);
	zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(zones, TEXT("a.example.org"), s, false, NULL), OK);
	n = zone_set_get(zones, 0)->mname;
	snapshot_close(s);
	return n;
}

/* What a name shares with the origin is said by a pointer into it. */
START_TEST(renders_names_against_the_origin)
{
	static const struct {
		const char *name;
		size_t len;
		bool in_origin;
		size_t at;
	} cases[] = {
		{"ns.a.example.org", 3, true, 0},
		{"A.Example.ORG", 0, true, 0},
		{"ns.example.org", 3, true, 2},
		{"ns.org", 3, true, 10},
		{"xa.example.org", 3, true, 2},
		{"ns.example.net", 16, false, 0},
		{"a.example.org.net", 19, false, 0},
		{".", 1, false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone_name n = rendered(cases[i].name);

		ck_assert_msg(n.len == cases[i].len, "%s: %d", cases[i].name, n.len);
		ck_assert_int_eq(n.in_origin, cases[i].in_origin);
		ck_assert_uint_eq(n.origin_at, cases[i].at);
	}
}
END_TEST

START_TEST(keeps_test_points_for_each_code)
{
	const struct zone *z;

	ck_assert_int_eq(zone_set_add(zones, TEXT("dnsbl.test"), list, true, NULL), OK);
	ck_assert_int_eq(zone_set_add(zones, TEXT("other.test"), list, false, NULL), OK);
	finish();
	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		size_t codes = (size_t)__builtin_popcount(subzone_row(i)->categories);
		bool has_relay = subzone_row(i)->categories & 1u << CATEGORY_RELAY;

		z = zone_set_get(zones, i);
		ck_assert_uint_eq(z->test_count, codes + !has_relay);
		z = zone_set_get(zones, SUBZONE_COUNT + i);
		ck_assert_uint_eq(z->test_count, 1);
		ck_assert_uint_eq(z->tests[0].address, 0x7f000002);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone");
	TCase *find = tcase_create("find"), *add = tcase_create("add");

	tcase_add_checked_fixture(find, set_up, tear_down);
	tcase_add_test(find, finds_the_longest_origin);
	tcase_add_test(find, finds_the_root_zone);
	tcase_add_test(find, finds_nothing_in_an_empty_set);
	tcase_add_test(find, finds_each_of_many);
	tcase_add_test(find, knows_names_above_zones);
	tcase_add_checked_fixture(add, set_up, tear_down);
	tcase_add_test(add, refuses_an_origin_twice);
	tcase_add_test(add, refuses_bad_origins);
	tcase_add_test(add, renders_names_against_the_origin);
	tcase_add_test(add, keeps_test_points_for_each_code);
	suite_add_tcase(s, find);
	suite_add_tcase(s, add);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
