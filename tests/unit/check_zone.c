#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "dns_packet.h"
#include "list_fixture.h"
#include "zone.h"
#include "zone_fixture.h"

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

/* The result borrows a buffer that the next call writes. */
static struct query_name
name_of(const char *text)
{
	static uint8_t packet[512];
	struct dns_query question = {.name = text, .type = 1};
	struct query q;

	ck_assert_int_eq(query_parse(packet, dns_query_write(&question, packet), &q), QUERY_ANSWER);
	return q.name;
}

static const struct zone *
find(const char *text, size_t *below)
{
	struct query_name n = name_of(text);

	return zone_set_find(zones, &n, below);
}

/* Which zone, and how many labels below it; "-" none. */
static const char *
found(const char *text)
{
	static char out[WIRE_NAME_TEXT + 16];
	char origin[WIRE_NAME_TEXT];
	size_t below = 99;
	const struct zone *z = find(text, &below);

	if (z == NULL)
		return "-";
	snprintf(out, sizeof(out), "%s %zu", wire_name_format(z->origin, origin), below);
	return out;
}

static enum err
add(const char *origin, const struct snapshot *s, bool is_list)
{
	struct zone_source source = {.snapshot = s, .is_list = is_list};

	return zone_set_add(zones, text_of(origin), &source, NULL);
}

static void
must_add(const char *origin, const struct snapshot *s, bool is_list)
{
	ck_assert_int_eq(add(origin, s, is_list), OK);
}

static void
finish(void)
{
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

START_TEST(finds_the_longest_origin)
{
	must_add("dnsbl.test", list, true);
	must_add("test", NULL, false);
	must_add("a.b.c.dnsbl.test", NULL, false);
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

/* Every byte of an origin counts, wherever it lies in the words it is compared in; case does
 * not, for letters only: what differs by the same bit in others makes another name. */
START_TEST(compares_every_byte)
{
	char origin[64], other[64];

	for (size_t len = 1; len <= 40; len++) {
		memset(origin, 'm', len);
		memcpy(origin + len, ".[x", 4);
		zone_set_free(zones);
		zones = zone_set_new();
		must_add(origin, NULL, false);
		finish();
		for (size_t i = 0; i < len + 3; i++) {
			memcpy(other, origin, sizeof(other));
			other[i] = (char)(other[i] ^ 0x20);
			if (origin[i] == '.')
				continue;
			ck_assert_int_eq(strcmp(found(other), "-") == 0, origin[i] == '[');
			memcpy(other, origin, sizeof(other));
			other[i]++;
			ck_assert_str_eq(found(other), "-");
		}
	}
}
END_TEST

START_TEST(finds_the_root_zone)
{
	must_add(".", list, false);
	finish();
	ck_assert_str_eq(found(""), ". 0");
	ck_assert_str_eq(found("a.b"), ". 2");
	ck_assert_str_eq(found("x.all"), "all 1");
}
END_TEST

START_TEST(finds_nothing_in_an_empty_set)
{
	finish();
	ck_assert_str_eq(found("dnsbl.test"), "-");
	ck_assert_str_eq(found(""), "-");
	ck_assert_uint_eq(zone_set_acls(zones)->count, 0);
}
END_TEST

START_TEST(finds_each_of_many)
{
	char name[64], wanted[80];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "z%d.test", i);
		must_add(name, NULL, false);
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

	must_add("test", NULL, false);
	must_add("a.b.c.test", NULL, false);
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

START_TEST(refuses_bad_origins)
{
	char deep[300];

	memset(deep, 'a', sizeof(deep));
	for (size_t i = 1; i < sizeof(deep); i += 2)
		deep[i] = '.';
	deep[299] = '\0';
	ck_assert_int_eq(add("a..b", NULL, false), ERR_SYNTAX);
	ck_assert_int_eq(add(deep, NULL, false), ERR_SYNTAX);
	/* The origin fits, "untestable." below it does not: the others stay. */
	deep[251] = '\0';
	ck_assert_int_eq(add(deep, list, true), ERR_SYNTAX);
	finish();
	ck_assert_uint_ge(zone_set_count(zones), 1);
}
END_TEST

/* --- sources ------------------------------------------------------------ */

START_TEST(adds_sources_up)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = {.a_count = 1, .a = {0x7f000009}};
	struct snapshot *s;
	const struct zone *z;
	size_t below;

	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "second.example.net", "second.example.net");
	zone_fixture_set(&f);
	zone_fixture_add(&f, "192.0.2.5", &c);
	zone_fixture_add(&f, "192.0.2.99", &c);
	zone_fixture_set(&f);
	s = zone_fixture_open(&f);
	must_add("dnsbl.test", list, true);
	must_add("DNSBL.test", s, false);
	must_add("new.test", s, false);
	finish();
	ck_assert_uint_eq(zone_set_count(zones), SUBZONE_COUNT + 1);
	z = find("dnsbl.test", &below);
	ck_assert_uint_eq(z->layer_count, 3);
	ck_assert(z->is_ready && z->layers[0].is_list && !z->layers[1].is_list);
	ck_assert_uint_eq(z->entries, 3);
	ck_assert_uint_eq(z->ns.count, 2); /* of the first source */
	ck_assert_int_eq((int64_t)z->serial,
		z->created_s); /* not the count 9, which a file cannot raise */
	ck_assert_int_eq(z->layers[0].ttl_s, LIST_FIXTURE_TTL);
	ck_assert_int_eq(z->layers[1].ttl_s, 2100);
	z = find("new.test", &below);
	ck_assert_uint_eq(z->ns.count, 1);
	ck_assert_uint_eq(z->serial, ZONE_FIXTURE_SERIAL);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

/* A zone of which a source is missing would deny what that one lists. */
START_TEST(waits_for_all_sources)
{
	size_t below;

	must_add("dnsbl.test", NULL, false);
	must_add("dnsbl.test", list, true);
	must_add("x.dnsbl.test", list, true);
	must_add("late.test", list, true);
	must_add("late.test", NULL, false);
	finish();
	ck_assert(!find("dnsbl.test", &below)->is_ready);
	ck_assert(!find("relays.dnsbl.test", &below)->is_ready);
	ck_assert(find("x.dnsbl.test", &below)->is_ready);
	ck_assert(find("relays.x.dnsbl.test", &below)->is_ready);
	ck_assert(!find("late.test", &below)->is_ready);
	ck_assert(!find("all.late.test", &below)->is_ready);
}
END_TEST

START_TEST(waits_for_the_acl_of_all_zones)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = {.action = SNAPSHOT_REFUSE};
	struct snapshot *s;
	size_t below;

	zone_fixture_zone(&f, "", false);
	zone_fixture_acl(&f);
	zone_fixture_add(&f, "192.0.2.0/24", &c);
	s = zone_fixture_open(&f);
	must_add("", NULL, false);
	must_add("dnsbl.test", list, true);
	finish();
	ck_assert(!find("dnsbl.test", &below)->is_ready);
	zone_set_free(zones);
	zones = zone_set_new();
	must_add("", s, false);
	must_add("dnsbl.test", list, true);
	finish();
	ck_assert(find("dnsbl.test", &below)->is_ready);
	ck_assert_uint_eq(zone_set_acls(zones)->count, 1);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

START_TEST(bounds_layers_and_acls)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = {.action = SNAPSHOT_REFUSE};
	struct snapshot *s;
	struct error e;
	size_t below;
	struct zone_source source = {.snapshot = NULL};

	zone_fixture_zone(&f, "", false);
	zone_fixture_acl(&f);
	zone_fixture_add(&f, "192.0.2.0/24", &c);
	s = zone_fixture_open(&f);
	source.snapshot = s;
	for (int i = 0; i < ZONE_ACLS_MAX; i++) {
		must_add("", s, false);
		must_add("acl.test", s, false);
	}
	ck_assert_int_eq(zone_set_add(zones, TEXT(""), &source, &e), ERR_FULL);
	ck_assert_int_eq(zone_set_add(zones, TEXT("acl.test"), &source, &e), ERR_FULL);
	for (int i = 0; i < ZONE_LAYERS_MAX; i++)
		must_add("dnsbl.test", list, true);
	ck_assert_int_eq(add("dnsbl.test", list, true), ERR_FULL);
	finish();
	/* Half of the data would be a wrong answer. */
	ck_assert(!find("dnsbl.test", &below)->is_ready);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

START_TEST(knows_how_old_data_are)
{
	struct zone_source source = {.snapshot = list, .max_age_s = 100};
	struct zone_fixture f = zone_fixture_new();
	struct snapshot *s;
	const struct zone *z;
	size_t below;

	zone_fixture_zone(&f, "", false);
	f.zone.expires_s = ZONE_FIXTURE_CREATED + 60;
	f.zone.policy = TEXT("https://x.test/");
	f.created_s = ZONE_FIXTURE_CREATED + 1;
	s = zone_fixture_open(&f);
	ck_assert_int_eq(zone_set_add(zones, TEXT("a.test"), &source, NULL), OK);
	must_add("b.test", s, false);
	must_add("both.test", s, false);
	ck_assert_int_eq(zone_set_add(zones, TEXT("both.test"), &source, NULL), OK);
	source.snapshot = s;
	source.max_age_s = 10;
	ck_assert_int_eq(zone_set_add(zones, TEXT("c.test"), &source, NULL), OK);
	must_add("never.test", list, false);
	finish();
	ck_assert_int_eq(find("a.test", &below)->stale_s, 1700000100);
	ck_assert_int_eq(find("b.test", &below)->stale_s, 1700000060);
	ck_assert_int_eq(find("both.test", &below)->stale_s, 1700000060);
	ck_assert_int_eq(find("c.test", &below)->stale_s, 1700000011);
	z = find("both.test", &below);
	ck_assert_int_eq(z->created_s, ZONE_FIXTURE_CREATED + 1);
	ck_assert_int_eq(find("never.test", &below)->stale_s, 0);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

START_TEST(takes_a_delta_for_the_newer)
{
	struct zone_fixture f = zone_fixture_new(), d = zone_fixture_new();
	struct snapshot_class c = {.a_count = 1, .a = {0x7f000009}},
			      gone = {.action = SNAPSHOT_REMOVED};
	struct zone_source source = {.max_age_s = 1000};
	struct snapshot *s, *delta;
	const struct zone *z;
	size_t below;

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "192.0.2.1", &c);
	zone_fixture_add(&f, "192.0.2.9", &c);
	zone_fixture_add(&f, "192.0.2.11", &c);
	source.snapshot = s = zone_fixture_open(&f);
	d.base = s;
	d.serial = 8;
	d.created_s += 500;
	zone_fixture_zone(&d, "", false);
	d.zone.expires_s = d.created_s + 2000;
	zone_fixture_set(&d);
	zone_fixture_add(&d, "192.0.2.1", &gone);
	zone_fixture_add(&d, "192.0.2.9", &c);
	zone_fixture_add(&d, "192.0.2.13", &c);
	zone_fixture_add(&d, "192.0.2.15", &c);
	zone_fixture_add(&d, "192.0.2.17", &gone);
	source.delta = delta = zone_fixture_open(&d);
	ck_assert_int_eq(zone_set_add(zones, TEXT("d.test"), &source, NULL), OK);
	finish();
	z = find("d.test", &below);
	ck_assert_uint_eq(z->serial, 8);
	ck_assert_int_eq(z->created_s, ZONE_FIXTURE_CREATED + 500);
	ck_assert_int_eq(z->stale_s, ZONE_FIXTURE_CREATED + 1500);
	ck_assert_uint_eq(z->entries, 4);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(delta);
	snapshot_close(s);
}
END_TEST

/* Within a base zone: its SOA and NS; on its own as soon as one source says so. */
START_TEST(relates_zones)
{
	struct zone_fixture f = zone_fixture_new();
	const struct zone *base, *within, *cut;
	struct snapshot *s;
	size_t below;

	zone_fixture_zone(&f, "", false);
	zone_fixture_zone(&f, "a.in", true);
	zone_fixture_zone(&f, "cut", false);
	zone_fixture_zone(&f, "also", true);
	s = zone_fixture_open(&f);
	must_add("c.test", s, false);
	must_add("also.c.test", list, false);
	must_add("test", NULL, false);
	finish();
	base = find("c.test", &below);
	within = find("a.in.c.test", &below);
	cut = find("cut.c.test", &below);
	ck_assert_ptr_eq(base->apex, base);
	ck_assert_ptr_eq(within->apex, base);
	ck_assert_ptr_eq(within->parent, base);
	ck_assert(within->is_within && !cut->is_within);
	ck_assert_ptr_eq(cut->apex, cut);
	ck_assert_ptr_eq(base->parent, find("test", &below));
	ck_assert_ptr_null(find("test", &below)->parent);
	ck_assert(!find("also.c.test", &below)->is_within);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone");
	TCase *lookup = tcase_create("find"), *sources = tcase_create("sources");

	tcase_add_checked_fixture(lookup, set_up, tear_down);
	tcase_add_test(lookup, finds_the_longest_origin);
	tcase_add_test(lookup, compares_every_byte);
	tcase_add_test(lookup, finds_the_root_zone);
	tcase_add_test(lookup, finds_nothing_in_an_empty_set);
	tcase_add_test(lookup, finds_each_of_many);
	tcase_add_test(lookup, knows_names_above_zones);
	tcase_add_test(lookup, refuses_bad_origins);
	tcase_add_checked_fixture(sources, set_up, tear_down);
	tcase_add_test(sources, adds_sources_up);
	tcase_add_test(sources, waits_for_all_sources);
	tcase_add_test(sources, waits_for_the_acl_of_all_zones);
	tcase_add_test(sources, bounds_layers_and_acls);
	tcase_add_test(sources, knows_how_old_data_are);
	tcase_add_test(sources, takes_a_delta_for_the_newer);
	tcase_add_test(sources, relates_zones);
	suite_add_tcase(s, lookup);
	suite_add_tcase(s, sources);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
