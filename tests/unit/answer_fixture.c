#include "answer_fixture.h"

#include <check.h>
#include <string.h>
#include <strings.h>

#include "list_fixture.h"

static const char lines[] = "192.0.2.99 relay\n"
			    "198.51.100.0/24 relay\n"
			    "10.16.0.0/12 relay\n"
			    "203.0.113.7 suspect\n"
			    "203.0.113.8 relay\n"
			    "203.0.113.8 suspect\n"
			    "203.0.113.20 relay 1700000100\n" /* 100 s left */
			    "203.0.113.21 relay 1700000000\n" /* over */
			    "203.0.114.22 relay 1699999999\n"
			    "127.0.0.1 relay\n"
			    "127.0.0.9 relay\n"
			    "2001:db8::1 relay\n"
			    "2001:db8:1::/50 relay\n";

static struct snapshot *list, *wild;
static struct zone_set *zones;
static uint8_t out[ANSWER_MAX];
static struct dns_reply reply;
static struct answer_config config;
static struct answer_context context;

/* A snapshot of one zone that lists all of IPv4 and IPv6 with large records. */
static struct snapshot *
make_wild(void)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_zone_draft zone = {.set_count = 1};
	struct snapshot_apex apex = {.has_soa = true,
		.mname = TEXT("a.example"),
		.rname = TEXT("b.example"),
		.soa_ttl_s = 60,
		.minimum_s = 600,
		.ttl_s = 0xffffffff};
	struct snapshot_class class = {.a_count = SNAPSHOT_RECORDS_MAX, .txt_count = 40};
	struct addr low4 = addr_from_ipv4(0), high4 = addr_from_ipv4(0xffffffff);
	struct addr low6 = {.family = 6}, high6 = {.family = 6};
	static char txt[40][SNAPSHOT_TXT_MAX];
	uint32_t id;

	for (uint32_t i = 0; i < SNAPSHOT_RECORDS_MAX; i++)
		class.a[i] = 0x7f000100 + i;
	for (size_t i = 0; i < 40; i++) {
		memset(txt[i], 'a' + (int)(i % 26), sizeof(txt[i]));
		txt[i][5] = SNAPSHOT_ADDRESS_MARK;
		txt[i][0] = (char)('0' + i / 26);
		class.txt[i] = (struct text){txt[i], sizeof(txt[i])};
	}
	memset(high6.b, 0xff, 16);
	zone.apex = apex;
	ck_assert_int_eq(snapshot_builder_set(b, &zone.sets[0], NULL), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, NULL), OK);
	ck_assert_int_eq(snapshot_builder_class(b, &class, &id, NULL), OK);
	ck_assert_int_eq(snapshot_builder_add(b, zone.sets[0], &low4, &high4, 0, id, NULL), OK);
	ck_assert_int_eq(snapshot_builder_add(b, zone.sets[0], &low6, &high6, 0, id, NULL), OK);
	return list_fixture_freeze(b, 7);
}

static void
add(const char *origin, const struct snapshot *snapshot, bool is_list)
{
	struct zone_source source = {.snapshot = snapshot, .is_list = is_list};

	ck_assert_int_eq(zone_set_add(zones, text_of(origin), &source, NULL), OK);
}

void
answer_fixture_set_up(void)
{
	struct list_fixture f = {.origin = ORIGIN, .lines = lines, .serial = ANSWER_FIXTURE_SERIAL};
	struct zone_source old = {.max_age_s = ANSWER_FIXTURE_OLD_S};

	config = (struct answer_config){.udp_size = 1232,
		.identity = TEXT("ns1.example.net"),
		.version = TEXT("orbl 1.2.3")};
	context = (struct answer_context){.config = &config,
		.now_s = ANSWER_FIXTURE_NOW,
		.client = addr_from_ipv4(0xc0000201)};
	list = list_fixture_open(&f);
	old.snapshot = wild = make_wild();
	zones = zone_set_new();
	add(ORIGIN, list, true);
	add("Wild.Test", wild, false);
	add("a.deep.wild.test", wild, false);
	add("later.test", NULL, false);
	add("below.later.test", wild, false);
	add("below.old.test", wild, false);
	ck_assert_int_eq(zone_set_add(zones, TEXT("old.test"), &old, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

struct answer_config *
answer_fixture_config(void)
{
	return &config;
}

struct answer_context *
answer_fixture_context(void)
{
	return &context;
}

void
answer_fixture_tear_down(void)
{
	zone_set_free(zones);
	snapshot_close(list);
	snapshot_close(wild);
}

const struct zone_set *
answer_fixture_zones(void)
{
	return zones;
}

const struct dns_reply *
answer_ask_over(const struct dns_query *q, enum answer_transport transport)
{
	uint8_t packet[512], again[64];
	size_t len = dns_query_write(q, packet), size;

	context.transport = transport;
	size = answer_packet(zones, &context, packet, len, out, sizeof(out));
	ck_assert_uint_ge(size, 12);
	ck_assert(dns_reply_read(out, size, &reply));
	ck_assert_uint_eq(reply.id, q->id);
	ck_assert(reply.flags & 0x8000);
	ck_assert_uint_eq(reply.flags & 0x0100, q->flags & 0x0100);
	ck_assert_uint_eq(reply.flags & 0x00f0, 0); /* RA, Z, AD, CD */
	ck_assert_uint_eq(reply.additionals, 0);
	ck_assert_int_eq(reply.edns, q->edns);
	if (reply.has_question)
		ck_assert_mem_eq(out + 12, packet + 12,
			len - 12 - (q->edns ? 11u + q->options_len : 0));
	/* A reply is never answered. */
	ck_assert_uint_eq(answer_packet(zones, &context, out, size, again, 0), 0);
	return &reply;
}

const struct dns_reply *
answer_ask(const char *name, uint16_t type)
{
	struct dns_query q = {.name = name, .type = type, .id = 0xbeef, .flags = 0x0100};

	return answer_ask_over(&q, ANSWER_UDP);
}

uint32_t
answer_address(size_t i)
{
	const struct dns_record *r = &reply.records[i];

	ck_assert_uint_eq(r->type, TYPE_A);
	ck_assert_uint_eq(r->len, 4);
	return (uint32_t)r->data[0] << 24 | (uint32_t)r->data[1] << 16 | (uint32_t)r->data[2] << 8 |
		r->data[3];
}

static uint32_t
u32_at(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void
answer_is_soa(size_t i, uint32_t ttl, const char *owner)
{
	const struct dns_record *r = &reply.records[i];
	size_t at = (size_t)(r->data - out), behind;
	char name[DNS_NAME_TEXT];

	ck_assert_uint_eq(r->type, TYPE_SOA);
	ck_assert_str_eq(r->owner, owner);
	ck_assert_uint_eq(r->ttl, ttl);
	behind = dns_name_read(out, reply.len, at, name);
	ck_assert_uint_ne(behind, 0);
	ck_assert_int_eq(strcasecmp(name, "ns1." ORIGIN), 0);
	behind = dns_name_read(out, reply.len, behind, name);
	ck_assert_uint_ne(behind, 0);
	ck_assert_int_eq(strcasecmp(name, "hostmaster." ORIGIN), 0);
	ck_assert_uint_eq(behind + 20, at + r->len);
	ck_assert_uint_eq(u32_at(out + behind), ANSWER_FIXTURE_SERIAL);
	ck_assert_uint_eq(u32_at(out + behind + 4), 600);
	ck_assert_uint_eq(u32_at(out + behind + 8), 120);
	ck_assert_uint_eq(u32_at(out + behind + 12), 172800);
	ck_assert_uint_eq(u32_at(out + behind + 16), LIST_FIXTURE_MINIMUM);
}

void
answer_is_listed(uint32_t address, uint32_t ttl)
{
	ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
	ck_assert(reply.aa && !reply.tc);
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert_uint_eq(reply.authorities, 0);
	ck_assert_str_eq(reply.records[0].owner, reply.name);
	ck_assert_uint_eq(answer_address(0), address);
	ck_assert_uint_eq(reply.records[0].ttl, ttl);
}

void
answer_is_negative(enum reply_rcode rcode, const char *zone)
{
	ck_assert_uint_eq(reply.rcode, rcode);
	ck_assert(reply.aa && !reply.tc);
	ck_assert_uint_eq(reply.answers, 0);
	ck_assert_uint_eq(reply.authorities, 1);
	answer_is_soa(0, LIST_FIXTURE_MINIMUM, zone);
}

void
answer_is_txt(size_t i, const char *wanted)
{
	char text[4096];

	ck_assert_uint_eq(reply.records[i].type, TYPE_TXT);
	ck_assert_uint_ne(dns_txt_join(&reply.records[i], text, sizeof(text)), SIZE_MAX);
	ck_assert_str_eq(text, wanted);
}
