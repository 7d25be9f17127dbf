#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "big_endian.h"
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

/* The pieces of a SOA's names: what is before the pointer into the origin, and where that is. */
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
		struct zone_fixture f = zone_fixture_new();
		const struct zone_piece *soa;
		struct snapshot *s;

		zone_fixture_zone(&f, "", false);
		zone_fixture_soa(&f, cases[i].name, NULL);
		s = zone_fixture_open(&f);
		zone_set_free(zones);
		zones = zone_set_new();
		must_add("a.example.org", s, false);
		finish();
		soa = &zone_set_get(zones, 0)->soa;
		ck_assert_uint_eq(soa->count, 1);
		ck_assert_uint_eq(soa->pointer_count, 1u + cases[i].in_origin);
		ck_assert_uint_eq(soa->pointers[0].at, 0);
		ck_assert_uint_eq(soa->pointers[0].origin_at, 0);
		if (cases[i].in_origin) {
			ck_assert_msg(soa->pointers[1].at == 12 + cases[i].len, "%s",
				cases[i].name);
			ck_assert_uint_eq(soa->pointers[1].origin_at, cases[i].at);
		}
		ck_assert_uint_eq(soa->len, 12 + cases[i].len + 2 * cases[i].in_origin + 24 + 20);
		ck_assert_uint_eq(big_endian_u16(soa->bytes + 10) + 12u, soa->len);
		zone_set_free(zones);
		zones = NULL;
		snapshot_close(s);
	}
}
END_TEST

START_TEST(keeps_a_serial_that_is_given)
{
	struct zone_fixture f = zone_fixture_new();
	const struct zone *z;
	struct snapshot *s;

	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "a.example", NULL);
	f.zone.apex.serial = 77;
	s = zone_fixture_open(&f);
	must_add("a.test", s, false);
	must_add("a.test", list, true); /* serial 9 */
	finish();
	z = zone_set_get(zones, 0);
	ck_assert_uint_eq(z->serial, 77);
	ck_assert_uint_eq(big_endian_u32(z->soa.bytes + z->soa.len - 20), 77);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

START_TEST(refuses_bad_names)
{
	struct zone_fixture f = zone_fixture_new(), g = zone_fixture_new();
	struct snapshot *s, *t;
	struct error e;
	struct zone_source source = {.snapshot = NULL};
	size_t below;

	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "a..b", NULL);
	source.snapshot = s = zone_fixture_open(&f);
	ck_assert_int_eq(zone_set_add(zones, TEXT("x.test"), &source, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "a..b"));
	zone_fixture_zone(&g, "", false);
	zone_fixture_soa(&g, "a.b", "c..d");
	source.snapshot = t = zone_fixture_open(&g);
	ck_assert_int_eq(zone_set_add(zones, TEXT("y.test"), &source, &e), ERR_SYNTAX);
	finish();
	ck_assert(!find("x.test", &below)->is_ready);
	ck_assert(!find("y.test", &below)->is_ready);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
	snapshot_close(t);
}
END_TEST

START_TEST(keeps_test_points_for_each_code)
{
	const struct zone *z;

	must_add("dnsbl.test", list, true);
	must_add("other.test", list, false);
	finish();
	for (size_t i = 0; i < SUBZONE_COUNT; i++) {
		size_t codes = (size_t)__builtin_popcount(subzone_row(i)->categories);
		bool has_relay = subzone_row(i)->categories & 1u << CATEGORY_RELAY;

		z = zone_set_get(zones, i);
		ck_assert_uint_eq(z->test_count, codes + !has_relay);
		ck_assert_uint_eq(z->codes.count, codes);
		z = zone_set_get(zones, SUBZONE_COUNT + i);
		ck_assert_uint_eq(z->test_count, 1);
		ck_assert_uint_eq(z->tests[0].address, 0x7f000002);
		ck_assert_uint_eq(z->codes.count, 0);
	}
}
END_TEST

/* The longest origin: hostmaster.ORIGIN would be too long. */
START_TEST(makes_up_an_apex)
{
	char origin[256];
	const struct zone *z;

	memset(origin, 'a', sizeof(origin));
	for (size_t i = 1; i < 253; i += 2)
		origin[i] = '.';
	origin[253] = '\0';
	must_add("x.test", NULL, false);
	must_add(origin, NULL, false);
	finish();
	z = zone_set_get(zones, 0);
	ck_assert_uint_eq(z->soa.len, 12 + 11 + 13 + 20); /* localhost, hostmaster + pointer */
	ck_assert_uint_eq(z->negative_ttl_s, 300);
	ck_assert_uint_eq(z->ns.count, 1);
	z = zone_set_get(zones, 1);
	ck_assert_uint_eq(z->origin_len, 255);
	ck_assert_uint_eq(z->soa.len, 12 + 11 + 2 + 20);
}
END_TEST

START_TEST(tells_a_long_negative)
{
	struct zone_fixture f = zone_fixture_new();
	char mname[251];
	struct snapshot *s;

	memset(mname, 'm', sizeof(mname));
	for (size_t i = 60; i < 250; i += 61)
		mname[i] = '.';
	mname[250] = '\0';
	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, mname, NULL);
	s = zone_fixture_open(&f);
	must_add("a.test", s, false);
	must_add("b.test", NULL, false);
	finish();
	ck_assert(zone_negative_is_long(zone_set_get(zones, 0), 3));
	ck_assert(!zone_negative_is_long(zone_set_get(zones, 0), 0));
	ck_assert(!zone_negative_is_long(zone_set_get(zones, 0), 100));
	ck_assert(!zone_negative_is_long(zone_set_get(zones, 1), 3));
	ck_assert(zone_negative_is_long(zone_set_get(zones, 1), 1));
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(s);
}
END_TEST

START_TEST(bounds_pieces)
{
	static const uint8_t origin[] = "\1a";
	static struct zone_draft d;
	struct zone_piece p = {.count = 0};

	zone_draft_init(&d, origin, sizeof(origin));
	for (size_t i = 0; i < ZONE_PIECE_POINTERS_MAX; i++)
		zone_draft_name(&d, origin, sizeof(origin));
	ck_assert_int_eq(zone_draft_finish(&d, &p, NULL), OK);
	ck_assert_uint_eq(p.pointer_count, ZONE_PIECE_POINTERS_MAX);
	zone_draft_name(&d, origin, sizeof(origin));
	ck_assert_int_eq(zone_draft_finish(&d, &p, NULL), ERR_FULL);
	zone_draft_init(&d, origin, sizeof(origin));
	for (size_t i = 0; i < ZONE_PIECE_MAX / 4; i++)
		zone_draft_u32(&d, 1);
	ck_assert_int_eq(zone_draft_finish(&d, &p, NULL), OK);
	ck_assert_uint_eq(p.len, ZONE_PIECE_MAX);
	zone_draft_begin(&d, false, TYPE_TXT, 1);
	zone_draft_end(&d);
	ck_assert_int_eq(zone_draft_finish(&d, &p, NULL), ERR_FULL);
	zone_piece_free(&p);
	ck_assert_uint_eq(p.count, 0);
}
END_TEST

/* The text of _status, its strings joined, without when it was made. */
static const char *
status_of(const struct zone *z)
{
	static char text[1024];
	const uint8_t *rdata = z->status.bytes + 12, *end = z->status.bytes + z->status.len;
	size_t n = 0;

	ck_assert_uint_eq(z->status.count, 1);
	for (; rdata < end; rdata += 1 + rdata[0]) {
		memcpy(text + n, rdata + 1, rdata[0]);
		n += rdata[0];
	}
	text[n] = '\0';
	return strstr(text, "listed=");
}

START_TEST(tells_the_notice_of_the_newest_source)
{
	static const char audit[] =
		"audit=2026-11-21:1234:"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char notice[SNAPSHOT_NOTICE_MAX + 1], wanted[1024];
	struct list_fixture f = {.origin = "a.test", .lines = "192.0.2.1 relay\n", .serial = 9};
	struct snapshot *old, *new;
	struct zone_source source = {.is_list = true};

	must_add("dnsbl.test", list, true);
	snprintf(notice, sizeof(notice), "%s retire=2027-03-01", audit);
	f.notice = audit;
	old = list_fixture_open(&f);
	f.notice = notice;
	new = list_fixture_open(&f);
	source.snapshot = old;
	ck_assert_int_eq(zone_set_add(zones, TEXT("old.test"), &source, NULL), OK);
	source.delta = new;
	ck_assert_int_eq(zone_set_add(zones, TEXT("new.test"), &source, NULL), OK);
	finish();
	ck_assert_str_eq(status_of(find("dnsbl.test", &(size_t){0})),
		"listed=1 policy=https://dnsbl.test/policy");
	snprintf(wanted, sizeof(wanted), "listed=1 policy=https://dnsbl.test/policy %s", audit);
	ck_assert_str_eq(status_of(find("all.old.test", &(size_t){0})), wanted);
	ck_assert_str_eq(strstr(status_of(find("new.test", &(size_t){0})), "audit="), notice);
	zone_set_free(zones);
	zones = NULL;
	snapshot_close(old);
	snapshot_close(new);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone_render");
	TCase *built = tcase_create("built in");

	tcase_add_checked_fixture(built, set_up, tear_down);
	tcase_add_test(built, renders_names_against_the_origin);
	tcase_add_test(built, keeps_a_serial_that_is_given);
	tcase_add_test(built, refuses_bad_names);
	tcase_add_test(built, keeps_test_points_for_each_code);
	tcase_add_test(built, makes_up_an_apex);
	tcase_add_test(built, tells_a_long_negative);
	tcase_add_test(built, tells_the_notice_of_the_newest_source);
	tcase_add_test(built, bounds_pieces);
	suite_add_tcase(s, built);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
