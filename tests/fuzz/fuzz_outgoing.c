/* Queries for transfers: bounded work, and every message is well formed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "dns_packet.h"
#include "outgoing.h"
#include "zone_fixture.h"

enum { MESSAGES_MAX = 200, TURNS_MAX = 10000, VERSIONS = 4 };

static struct snapshot *
make(const struct snapshot *base, uint32_t serial)
{
	static const char *const added[VERSIONS] = {"192.0.2.0/24", "192.0.2.1", "2001:db8::/45",
		"192.0.0.0/16"};
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = {.a_count = 1,
		.a = {0x7f000002},
		.txt_count = 1,
		.txt = {TEXT("see \001")}};

	f.base = base;
	f.serial = serial;
	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "ns.fuzz.test", "ns.fuzz.test");
	f.zone.apex.serial = serial;
	zone_fixture_set(&f);
	zone_fixture_add(&f, added[serial % VERSIONS], &c);
	zone_fixture_zone(&f, "in", true);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "10.0.0.1", &c);
	return zone_fixture_open(&f);
}

static struct generations *
open_generations(void)
{
	static struct feed_zone feed = {.origin = "fuzz.test",
		.source = {.kind = FEED_SNAPSHOT, .paths = "x"}};
	static struct zone_table table;
	struct generations *g;
	struct snapshot *base = make(NULL, 1);
	struct error e;

	if (zone_table_init(&table, &feed, 1, 0, &e) != OK)
		abort();
	g = generations_new(&table, VERSIONS);
	if (g == NULL || generations_take(g, 0, make(NULL, 1), NULL, &e) != OK)
		abort();
	for (uint32_t serial = 2; serial <= VERSIONS; serial++)
		if (generations_take(g, 0, make(NULL, 1), make(base, serial), &e) != OK)
			abort();
	snapshot_close(base);
	return g;
}

/* Returns the records. */
static size_t
check_message(const uint8_t *message, size_t len, const struct query *q)
{
	size_t records = big_endian_u16(message + 6), at;
	char name[DNS_NAME_TEXT];

	assert(big_endian_u16(message) == q->id && big_endian_u16(message + 4) == 1);
	assert((big_endian_u16(message + 2) & ~0x0100u) == 0x8400);
	at = dns_name_read(message, len, 12, name);
	assert(at != 0);
	at += 4;
	for (size_t i = 0; i < records + big_endian_u16(message + 10); i++) {
		at = dns_name_read(message, len, at, name);
		assert(at != 0 && at + 10 <= len);
		at += 10u + big_endian_u16(message + at + 8);
		assert(at <= len);
	}
	assert(at == len);
	return records;
}

static void
transfer(struct outgoing *o, const struct query *q, size_t size, bool is_udp)
{
	static uint8_t message[65535];
	size_t messages = 0, turns = 0, records = 0, len;
	enum outgoing_got got;

	while ((got = outgoing_next(o, message, size, &len)) != OUTGOING_END) {
		assert(++turns < TURNS_MAX);
		if (got == OUTGOING_FAILED)
			return;
		if (got != OUTGOING_MESSAGE)
			continue;
		assert(len <= size && ++messages < MESSAGES_MAX);
		records += check_message(message, len, q);
	}
	assert(messages == 1 || (messages != 0 && !is_udp));
	assert(records == outgoing_records(o));
	assert(outgoing_kind(o) != OUTGOING_SOA || records == 1);
	assert(outgoing_kind(o) != OUTGOING_IXFR || records >= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two bytes say how, the rest is the packet. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct generations *g;
	struct outgoing_request rq = {.expand = 1000, .now_s = 1};
	struct outgoing *o;
	uint32_t serial;
	struct query q;
	struct error e;

	if (g == NULL)
		g = open_generations();
	if (size < 2 || query_parse(data + 2, size - 2, &q) != QUERY_ANSWER)
		return 0;
	rq.query = &q;
	rq.is_udp = data[0] & 1;
	if (outgoing_client_serial(data + 2, size - 2, &q, &serial))
		rq.serial = &serial;
	if (rq.is_udp && rq.serial == NULL)
		return 0;
	if (outgoing_begin(g, &rq, &o, &e) != OK)
		return 0;
	transfer(o, &q, 300 + 257u * data[1], rq.is_udp);
	outgoing_free(o);
	return 0;
}
