#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "answer_long.h"
#include "dns_packet.h"
#include "list_fixture.h"
#include "reply.h"
#include "zone_fixture.h"

enum { NOW = 1700000000 };

/* 250 bytes in wire form: four octets more are too many for a name. */
#define SIXTY       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
#define LONG_ORIGIN SIXTY SIXTY SIXTY SIXTY "bbbb"

static struct snapshot *first, *second, *acl, *big;
static struct zone_set *zones;
static struct answer_config config;
static struct answer_context context;
static struct dns_reply reply;

static void
add(const char *origin, const struct snapshot *s, int64_t max_age_s)
{
	struct zone_source source = {.snapshot = s, .max_age_s = max_age_s};

	ck_assert_int_eq(zone_set_add(zones, text_of(origin), &source, NULL), OK);
}

static struct snapshot *
make_acl(void)
{
	struct snapshot_class c = {.action = SNAPSHOT_REFUSE};
	struct zone_fixture f = zone_fixture_new();

	zone_fixture_zone(&f, "", false);
	zone_fixture_acl(&f);
	zone_fixture_add(&f, "10.0.0.0/8", &c);
	return zone_fixture_open(&f);
}

/* A TTL with the highest bit set (RFC 2181 section 8). */
static struct snapshot *
make_big(void)
{
	struct snapshot_class c = {.ttl_s = 0xffffffff, .a_count = 1, .a = {0x7f000002}};
	struct zone_fixture f = zone_fixture_new();

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "192.0.2.77", &c);
	return zone_fixture_open(&f);
}

static void
set_up(void)
{
	struct list_fixture f = {.origin = "dnsbl.example.org", .serial = 5};

	f.lines = "192.0.2.1 relay\n192.0.2.9 relay 1700000050\n198.51.100.0/24 relay\n"
		  "192.0.2.10 relay 1700000000\n127.0.0.77 relay\n";
	first = list_fixture_open(&f);
	f.lines = "192.0.2.1 relay-input\n203.0.113.1 relay\n192.0.2.9 relay\n";
	second = list_fixture_open(&f);
	acl = make_acl();
	big = make_big();
	config = (struct answer_config){.udp_size = 1232, .amplification = 3};
	context = (struct answer_context){.config = &config,
		.now_s = NOW,
		.client = addr_from_ipv4(0x0a000001)};
	zones = zone_set_new();
	add("dnsbl.example.org", first, 0);
	add("twice.example.org", first, 0);
	add("twice.example.org", second, 0);
	add("above.example.org", first, 0);
	add("2.0.192.above.example.org", second, 0);
	add("closed.example.org", first, 0);
	add("closed.example.org", acl, 0);
	add("old.example.org", first, 100);
	add("late.example.org", NULL, 0);
	add("big.example.org", big, 0);
	add(LONG_ORIGIN, big, 0);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static void
tear_down(void)
{
	zone_set_free(zones);
	snapshot_close(first);
	snapshot_close(second);
	snapshot_close(acl);
	snapshot_close(big);
}

/* Both ways, on an exact copy, so that a sanitizer sees one byte too far. */
static size_t
both(const uint8_t *packet, size_t len)
{
	static uint8_t out[ANSWER_MAX], again[ANSWER_MAX];
	uint8_t *copy = malloc(len != 0 ? len : 1);
	struct answer_outcome outcome;
	size_t got;

	memcpy(copy, packet, len);
	got = answer_packet(zones, &context, copy, len, out, sizeof(out));
	ck_assert_uint_eq(answer_long(zones, &context, copy, len, again, sizeof(again), &outcome),
		got);
	ck_assert_mem_eq(out, again, got);
	free(copy);
	if (got != 0)
		ck_assert(dns_reply_read(out, got, &reply));
	return got;
}

static const struct {
	const char *name;
	unsigned rcode;
	size_t answers;
	uint32_t a, ttl; /* of the first one */
} cases[] = {
	{"1.2.0.192.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"1.2.0.192.DNSBL.Example.ORG", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"255.100.51.198.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"9.2.0.192.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 50},
	{"10.2.0.192.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"8.2.0.192.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"1.2.0.192.relays.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"1.2.0.192.suspects.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"77.0.0.127.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"2.0.0.127.dnsbl.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"1.0.0.127.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"0.0.0.0.dnsbl.example.org", RCODE_NOERROR, 0, 0, 0}, /* ::/16 has a test point */
	{"256.0.0.10.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"01.2.0.192.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"1.2.0.192.7.dnsbl.example.org", RCODE_NXDOMAIN, 0, 0, 0},
	{"1.2.0.192.twice.example.org", RCODE_NOERROR, 2, 0x7f000002, 300},
	{"9.2.0.192.twice.example.org", RCODE_NOERROR, 1, 0x7f000002, 50},
	{"1.113.0.203.twice.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"1.2.0.192.above.example.org", RCODE_NXDOMAIN, 0, 0, 0}, /* in the zone below */
	{"1.100.51.198.above.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"1.2.0.192.2.0.192.above.example.org", RCODE_NOERROR, 1, 0x7f000003, 300},
	{"1.2.0.192.closed.example.org", RCODE_REFUSED, 0, 0, 0},
	{"1.2.0.192.late.example.org", RCODE_SERVFAIL, 0, 0, 0},
	{"1.2.0.192.old.example.org", RCODE_NOERROR, 1, 0x7f000002, 300},
	{"77.2.0.192.big.example.org", RCODE_NOERROR, 1, 0x7f000002, INT32_MAX},
	{"1.2.0.192." LONG_ORIGIN, RCODE_FORMERR, 0, 0, 0},
	{"1.2.0.192.dnsbl.example.orh", RCODE_REFUSED, 0, 0, 0},
	{"1.2.0.192.dnsbl.example.org.x", RCODE_REFUSED, 0, 0, 0},
	{"1.2.0.192.dnsbl.examp.e.org", RCODE_REFUSED, 0, 0, 0},
};

START_TEST(answers_the_same)
{
	struct dns_query q = {.name = cases[_i].name, .type = TYPE_A, .udp_size = 1232};
	uint8_t packet[512];

	for (int edns = 0; edns < 2; edns++) {
		q.edns = edns;
		ck_assert_uint_ne(both(packet, dns_query_write(&q, packet)), 0);
		ck_assert_uint_eq(reply.rcode, cases[_i].rcode);
		ck_assert_uint_eq(reply.answers, cases[_i].answers);
		ck_assert_int_eq(reply.edns, edns && reply.has_question);
		if (reply.answers == 0)
			continue;
		ck_assert_uint_eq(reply.records[0].ttl, cases[_i].ttl);
		ck_assert_uint_eq(reply.records[0].data[3], cases[_i].a & 0xff);
	}
}
END_TEST

START_TEST(grows_old)
{
	struct dns_query q = {.name = "1.2.0.192.old.example.org", .type = TYPE_A};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	context.now_s = NOW + 99;
	both(packet, len);
	ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
	context.now_s = NOW + 100;
	both(packet, len);
	ck_assert_uint_eq(reply.rcode, RCODE_SERVFAIL);
	context.now_s = NOW;
}
END_TEST

/* Every packet one byte, or one bit, away from a common one. */
START_TEST(goes_the_long_way_in_doubt)
{
	static const char *const names[] = {"1.2.0.192.dnsbl.example.org",
		"98.100.51.198.dnsbl.example.org", "1.2.0.192.twice.example.org"};
	struct dns_query q = {.name = names[_i / 4],
		.type = _i % 2 ? TYPE_TXT : TYPE_A,
		.edns = _i % 4 >= 2,
		.udp_size = 1232};
	uint8_t packet[513];
	size_t len = dns_query_write(&q, packet);

	for (size_t cut = 0; cut < len; cut++)
		both(packet, cut);
	packet[len] = 0;
	both(packet, len + 1);
	ck_assert_uint_eq(reply.rcode, RCODE_FORMERR);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		both(packet, len);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(keeps_the_bounds)
{
	struct dns_query q = {.name = "1.100.51.198.dnsbl.example.org", .edns = true};
	uint8_t packet[512];

	for (uint16_t size = 0; size < 1500; size += 13)
		for (uint16_t bound = 0; bound < 5; bound++)
			for (int type = 0; type < 2; type++) {
				q.type = type ? TYPE_TXT : TYPE_A;
				q.udp_size = size;
				config.amplification = bound;
				both(packet, dns_query_write(&q, packet));
			}
	config.amplification = 3;
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_ways");
	TCase *ways = tcase_create("ways");

	tcase_add_unchecked_fixture(ways, set_up, tear_down);
	tcase_add_loop_test(ways, answers_the_same, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(ways, grows_old);
	tcase_add_loop_test(ways, goes_the_long_way_in_doubt, 0, 12);
	tcase_add_test(ways, keeps_the_bounds);
	suite_add_tcase(s, ways);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
