/* AXFR and IXFR of versions that are kept, message by message. */
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "dns_packet.h"
#include "outgoing.h"
#include "unit.h"
#include "wire_name.h"
#include "zone_diff.h"
#include "zone_fixture.h"

enum { HOSTS = 20000, HISTORY = 3, EXPAND = 1000 };

static struct feed_zone feed = {.origin = "out.test",
	.source = {.kind = FEED_SNAPSHOT, .paths = "x"}};
static struct zone_table table;
static struct generations *kept;
static struct snapshot *base; /* not the one that was taken */

/* --- versions ----------------------------------------------------------- */

static struct snapshot_class
class_of(uint32_t a)
{
	return (struct snapshot_class){.ttl_s = 300,
		.a_count = 1,
		.a = {a},
		.txt_count = 1,
		.txt = {TEXT("see \001")}};
}

static void
begin_zone(struct zone_fixture *f, uint32_t serial)
{
	f->serial = serial;
	zone_fixture_zone(f, "", false);
	zone_fixture_soa(f, "ns.out.test", "ns.out.test");
	f->zone.apex.serial = serial;
	zone_fixture_set(f);
}

/* So many hosts, some of them without the last one. */
static struct snapshot *
make_base(uint32_t serial, uint32_t hosts)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = class_of(0x7f000002);
	struct error e;
	uint32_t id;

	begin_zone(&f, serial);
	ck_assert_int_eq(snapshot_builder_class(f.builder, &c, &id, &e), OK);
	for (uint32_t i = 0; i < hosts; i++)
		if (snapshot_builder_add4(f.builder, f.set, 0x0a000000 + 7 * i, id, &e) != OK)
			ck_abort_msg("%s", e.text);
	return zone_fixture_open(&f);
}

static struct snapshot *
make_delta(uint32_t serial, const char *added, const char *removed)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot_class c = class_of(0x7f000003), gone = {.action = SNAPSHOT_REMOVED};

	f.base = base;
	begin_zone(&f, serial);
	zone_fixture_add(&f, added, &c);
	if (removed != NULL)
		zone_fixture_add(&f, removed, &gone);
	return zone_fixture_open(&f);
}

static void
take(struct snapshot *snapshot, struct snapshot *delta)
{
	struct error e;

	if (generations_take(kept, 0, snapshot, delta, &e) != OK)
		ck_abort_msg("%s", e.text);
}

static void
set_up(void)
{
	struct error e;

	ck_assert_int_eq(zone_table_init(&table, &feed, 1, 0, &e), OK);
	kept = generations_new(&table, HISTORY);
	base = make_base(10, HOSTS);
	take(make_base(10, HOSTS), NULL);
	take(make_base(10, HOSTS), make_delta(11, "192.0.2.1", NULL));
	take(make_base(10, HOSTS), make_delta(12, "192.0.2.1", "10.0.0.7"));
	take(make_base(10, HOSTS), make_delta(13, "192.0.2.0/24", "10.0.0.7"));
}

static void
tear_down(void)
{
	generations_free(kept);
	snapshot_close(base);
	zone_table_free(&table);
}

/* --- transfers ---------------------------------------------------------- */

static size_t
write_query(uint8_t *packet, uint16_t type, const uint32_t *serial, bool edns)
{
	struct dns_query q = {.name = "Out.Test", .type = type, .id = 77, .edns = false};
	size_t len = dns_query_write(&q, packet);

	if (serial != NULL) {
		static const uint8_t soa[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};

		memcpy(packet + len, soa, sizeof(soa));
		big_endian_put32(packet + len + sizeof(soa), *serial);
		memset(packet + len + sizeof(soa) + 4, 0, 16);
		len += sizeof(soa) + 20;
		big_endian_put16(packet + 8, 1);
	}
	if (edns) {
		static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0};

		memcpy(packet + len, opt, sizeof(opt));
		len += sizeof(opt);
		big_endian_put16(packet + 10, 1);
	}
	return len;
}

struct got {
	enum outgoing_kind kind;
	size_t messages, records, longest, serials;
	uint32_t serial[8]; /* of the SOA records, in their order */
	size_t between[8];  /* records behind each SOA */
	bool has_opt;
};

static void
read_message(const uint8_t *message, size_t len, struct got *g)
{
	size_t at;
	char name[DNS_NAME_TEXT];

	ck_assert_uint_eq(big_endian_u16(message), 77);
	ck_assert_uint_eq(big_endian_u16(message + 2), 0x8400);
	ck_assert_uint_eq(big_endian_u16(message + 4), 1);
	at = dns_name_read(message, len, 12, name);
	ck_assert_str_eq(name, "Out.Test");
	at += 4;
	for (unsigned i = 0; i < big_endian_u16(message + 6); i++) {
		at = dns_name_read(message, len, at, name);
		if (at == 0 || at + 10 > len)
			ck_abort_msg("record %u is malformed", i);
		if (big_endian_u16(message + at) == TYPE_SOA) {
			size_t end = at + 10 + big_endian_u16(message + at + 8);

			ck_assert_uint_lt(g->serials, 8);
			g->serial[g->serials++] = big_endian_u32(message + end - 20);
		} else if (g->serials != 0) {
			g->between[g->serials - 1]++;
		}
		at += 10u + big_endian_u16(message + at + 8);
		g->records++;
	}
	if (big_endian_u16(message + 10) != 0) {
		ck_assert_uint_eq(g->messages, 0);
		g->has_opt = true;
		at += 11;
	}
	ck_assert_uint_eq(at, len);
	g->messages++;
	g->longest = len > g->longest ? len : g->longest;
}

static struct got
transfer(uint16_t type, const uint32_t *serial, bool is_udp, size_t size)
{
	static uint8_t message[65535];
	uint8_t packet[512];
	size_t len = write_query(packet, type, serial, true);
	struct outgoing_request rq = {.is_udp = is_udp, .expand = EXPAND, .now_s = 1};
	enum outgoing_got state;
	struct got g = {.kind = OUTGOING_AXFR};
	struct outgoing *o;
	uint32_t client;
	struct query q;
	struct error e;

	ck_assert_int_eq(query_parse(packet, len, &q), QUERY_ANSWER);
	ck_assert_int_eq(outgoing_client_serial(packet, len, &q, &client), serial != NULL);
	rq.query = &q;
	rq.serial = serial != NULL ? &client : NULL;
	ck_assert_int_eq(outgoing_begin(kept, &rq, &o, &e), OK);
	while ((state = outgoing_next(o, message, size, &len)) != OUTGOING_END) {
		ck_assert_int_ne(state, OUTGOING_FAILED);
		if (state == OUTGOING_MESSAGE)
			read_message(message, len, &g);
	}
	ck_assert_uint_eq(outgoing_records(o), g.records);
	g.kind = outgoing_kind(o);
	outgoing_free(o);
	return g;
}

START_TEST(test_axfr)
{
	struct got g = transfer(TYPE_AXFR, NULL, false, 65535);

	ck_assert_int_eq(g.kind, OUTGOING_AXFR);
	ck_assert_uint_gt(g.messages, 10);
	ck_assert_uint_le(g.longest, OUTGOING_MESSAGE_MAX);
	ck_assert_uint_eq(g.serials, 2);
	ck_assert_uint_eq(g.serial[0], 13);
	ck_assert_uint_eq(g.serial[1], 13);
	/* Test points, _status, _codes and NS besides. */
	ck_assert_uint_ge(g.between[0], 2 * (HOSTS - 1 + 256) + 2 * 2 + 1 + 1);
	ck_assert_uint_lt(g.between[0], 2 * (HOSTS - 1 + 256) + 100);
	ck_assert(g.has_opt);
}
END_TEST

START_TEST(test_ixfr)
{
	uint32_t serial = 11;
	struct got g = transfer(TYPE_IXFR, &serial, false, 65535);

	ck_assert_int_eq(g.kind, OUTGOING_IXFR);
	ck_assert_uint_eq(g.serials, 4);
	ck_assert_uint_eq(g.serial[0], 13);
	ck_assert_uint_eq(g.serial[1], 11);
	ck_assert_uint_eq(g.serial[2], 13);
	ck_assert_uint_eq(g.serial[3], 13);
	ck_assert_uint_eq(g.between[1], 2 + 1); /* 10.0.0.7, _status */
	ck_assert_uint_eq(g.between[2], 2 * 255 + 1);
}
END_TEST

START_TEST(test_ixfr_up_to_date)
{
	static const uint32_t serials[] = {13, 14, 13 + UINT32_C(0x7fffffff)};

	for (size_t i = 0; i < ORBL_COUNT(serials); i++) {
		struct got g = transfer(TYPE_IXFR, &serials[i], i % 2 == 0, 65535);

		ck_assert_int_eq(g.kind, OUTGOING_SOA);
		ck_assert_uint_eq(g.records, 1);
		ck_assert_uint_eq(g.serial[0], 13);
	}
}
END_TEST

START_TEST(test_ixfr_of_what_is_not_kept)
{
	uint32_t serial = 9;
	struct got g = transfer(TYPE_IXFR, &serial, false, 65535);

	ck_assert_int_eq(g.kind, OUTGOING_AXFR);
	ck_assert_uint_eq(g.serials, 2);
	g = transfer(TYPE_IXFR, &serial, true, 1232);
	ck_assert_int_eq(g.kind, OUTGOING_SOA);
	ck_assert_uint_eq(g.records, 1);
}
END_TEST

START_TEST(test_udp)
{
	uint32_t serial = 11;
	struct got g;

	g = transfer(TYPE_IXFR, &serial, true, 1232); /* 256 names do not fit */
	ck_assert_int_eq(g.kind, OUTGOING_SOA);
	ck_assert_uint_eq(g.messages, 1);
	ck_assert_uint_eq(g.records, 1);
	take(make_base(10, HOSTS), make_delta(14, "192.0.2.7", NULL));
	g = transfer(TYPE_IXFR, &serial, true, 1232);
	ck_assert_int_eq(g.kind, OUTGOING_IXFR);
	ck_assert_uint_eq(g.messages, 1);
	ck_assert_uint_eq(g.serials, 4);
	ck_assert_uint_eq(g.between[1], 2 + 1); /* 192.0.2.1, _status */
	ck_assert_uint_eq(g.between[2], 3);
}
END_TEST

/* Another base: all of it is looked at, and little is told. */
START_TEST(test_another_base)
{
	uint32_t serial = 13;
	struct got g;

	take(make_base(20, HOSTS + 3), NULL);
	g = transfer(TYPE_IXFR, &serial, false, 65535);
	ck_assert_int_eq(g.kind, OUTGOING_IXFR);
	ck_assert_uint_eq(g.between[1], 2 * 256 + 1);
	ck_assert_uint_eq(g.between[2], 2 * 4 + 1);
	take(make_base(21, 5), NULL);
	g = transfer(TYPE_IXFR, &serial, false, 65535);
	ck_assert_int_eq(g.kind, OUTGOING_AXFR);
}
END_TEST

START_TEST(test_history_is_bounded)
{
	const struct zone *z = generation_zone(generations_newest(kept),
		(const uint8_t *)"\3out\4test", 10);

	ck_assert_ptr_nonnull(generations_find_serial(kept, z->origin, z->origin_len, 10));
	take(make_base(10, HOSTS), make_delta(14, "192.0.2.7", NULL));
	ck_assert_ptr_null(generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10, 10));
	ck_assert_ptr_nonnull(
		generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10, 11));
	take(make_base(15, 5), NULL);
	ck_assert_ptr_nonnull(
		generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10, 14));
	take(make_base(16, 6), NULL);
	ck_assert_ptr_null(generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10, 14));
	ck_assert_ptr_nonnull(
		generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10, 15));
}
END_TEST

/* A difference of two versions of a base does not depend on how large that is. */
START_TEST(test_difference_is_local)
{
	struct generation *old = generations_find_serial(kept, (const uint8_t *)"\3out\4test", 10,
				  11),
			  *new = generations_newest(kept);
	struct zone_records *d = zone_diff_new(generation_zones(old),
		generation_zone(old, (const uint8_t *)"\3out\4test", 10), generation_zones(new),
		generation_zone(new, (const uint8_t *)"\3out\4test", 10));
	struct zone_record r;

	ck_assert(zone_diff_is_local(d));
	ck_assert_uint_eq(zone_diff_touched(d), 1 + 2);
	while (zone_records_next(d, &r) != ZONE_RECORDS_END)
		;
	ck_assert_uint_lt(zone_diff_steps(d), 100);
	zone_records_free(d);
}
END_TEST

START_TEST(test_refusals)
{
	struct outgoing_request rq = {.expand = EXPAND, .now_s = 1};
	uint8_t packet[512];
	size_t len = write_query(packet, TYPE_AXFR, NULL, false);
	struct outgoing *o;
	struct query q;
	struct error e;

	ck_assert_int_eq(query_parse(packet, len, &q), QUERY_ANSWER);
	rq.query = &q;
	take(make_base(10, HOSTS), make_delta(15, "172.16.0.0/16", NULL));
	ck_assert_int_eq(outgoing_begin(kept, &rq, &o, &e), ERR_REFUSED);
	ck_assert_msg(strstr(e.text, "172.16.0.0 to 172.16.255.255") != NULL, "%s", e.text);
	packet[13] = 'x';
	ck_assert_int_eq(query_parse(packet, len, &q), QUERY_ANSWER);
	ck_assert_int_eq(outgoing_begin(kept, &rq, &o, &e), ERR_NOT_FOUND);
	packet[13] = 'O';
	take(NULL, NULL);
	ck_assert_int_eq(query_parse(packet, len, &q), QUERY_ANSWER);
	ck_assert_int_eq(outgoing_begin(kept, &rq, &o, &e), ERR_TIMEOUT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outgoing");
	TCase *messages = tcase_create("messages"), *versions = tcase_create("versions");

	tcase_set_timeout(messages, 60);
	tcase_add_checked_fixture(messages, set_up, tear_down);
	tcase_add_test(messages, test_axfr);
	tcase_add_test(messages, test_ixfr);
	tcase_add_test(messages, test_ixfr_up_to_date);
	tcase_add_test(messages, test_ixfr_of_what_is_not_kept);
	tcase_add_test(messages, test_udp);
	tcase_add_test(messages, test_another_base);
	tcase_add_test(messages, test_refusals);
	suite_add_tcase(suite, messages);
	tcase_set_timeout(versions, 60);
	tcase_add_checked_fixture(versions, set_up, tear_down);
	tcase_add_test(versions, test_history_is_bounded);
	tcase_add_test(versions, test_difference_is_local);
	suite_add_tcase(suite, versions);
	return unit_run(suite);
}
