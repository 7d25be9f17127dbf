/* Names with a key in them, and clients that have used up what they may. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "answer.h"
#include "answer_long.h"
#include "data_fixture.h"
#include "dns_packet.h"
#include "list_fixture.h"
#include "reply.h"

enum { NOW = DATA_FIXTURE_NOW };

#define GOOD    "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ONE     "bbbbbbbbbbbbbbbbbbbbbbbbbb" /* for dnsbl.test alone */
#define REVOKED "cccccccccccccccccccccccccc"
#define UNKNOWN "dddddddddddddddddddddddddd"
#define FEW     "eeeeeeeeeeeeeeeeeeeeeeeeee" /* two queries a day */
#define V6      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
#define MAPPED  "0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

static const char lines[] = "192.0.2.99 relay\n"
			    "198.51.100.0/24 suspect\n"
			    "127.0.0.0/8 relay\n"
			    "2001:db8::1 relay\n";

static struct zone_set *zones;
static struct snapshot *list;
static struct key_table *keys;
static struct answer_config config;
static struct answer_context context;
static struct answer_outcome outcome;
static struct dns_reply reply;
static uint8_t out[ANSWER_MAX];

static char *keys_only_items[] = {"ONLY.test."};
static struct conf_list keys_only = {1, keys_only_items};

static struct key_table *
make_keys(void)
{
	static const struct {
		const char *key, *rest;
	} rows[] = {
		{GOOD, "alice - ACTIVE 2026-01-01"},
		{ONE, "bob - ACTIVE 2026-01-01 dnsbl.test"},
		{REVOKED, "carol - REVOKED 2026-01-01"},
		{FEW, "dave 2 ACTIVE 2026-01-01"},
	};
	char text[2048], hash[QUERY_KEY_HASH_TEXT];
	uint8_t bytes[QUERY_KEY_HASH];
	struct key_table *t;
	size_t len = 0;
	int fd;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		query_key_hash(rows[i].key, bytes);
		query_key_hash_format(bytes, hash);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n", hash,
			rows[i].rest);
	}
	ck_assert_int_eq(key_table_compile((struct text){text, len}, "keys", &fd, NULL), OK);
	ck_assert_int_eq(key_table_open_fd(fd, 1, 0, &t, NULL), OK);
	close(fd);
	return t;
}

static void
add(const char *origin, const struct snapshot *s)
{
	struct zone_source source = {.snapshot = s, .is_list = true};

	ck_assert_int_eq(zone_set_add(zones, text_of(origin), &source, NULL), OK);
}

static void
set_up(void)
{
	struct list_fixture f = {.origin = "dnsbl.test", .lines = lines, .serial = 42};

	config = (struct answer_config){.udp_size = 1232, .url = TEXT("https://x.example/")};
	context = (struct answer_context){.config = &config,
		.now_s = NOW,
		.client = addr_from_ipv4(0xc0000201)};
	list = list_fixture_open(&f);
	zones = data_fixture_open();
	add("dnsbl.test", list);
	add("only.test", list);
	add("a.deep.only.test", list);
	add("later.test", NULL);
	keys = make_keys();
	ck_assert_int_eq(zone_set_use_keys(zones, keys, &keys_only, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
}

static void
tear_down(void)
{
	data_fixture_close(zones);
	key_table_release(keys);
	snapshot_close(list);
}

static const struct dns_reply *
ask_query(const struct dns_query *q)
{
	uint8_t packet[512], again[1232];
	size_t len = dns_query_write(q, packet), size, same;
	struct answer_outcome other;
	struct answer_reading r;

	answer_read(zones, packet, len, &r);
	size = answer_write(zones, &context, &r, packet, len, out, sizeof(again), &outcome);
	same = answer_long(zones, &context, packet, len, again, sizeof(again), &other);
	ck_assert_uint_eq(same, size);
	ck_assert_mem_eq(again, out, size);
	if (size == 0)
		return NULL;
	ck_assert(dns_reply_read(out, size, &reply));
	return &reply;
}

static const struct dns_reply *
ask(const char *name, uint16_t type)
{
	struct dns_query q = {.name = name, .type = type, .edns = true, .udp_size = 1232};

	return ask_query(&q);
}

/* REFUSED, error 18, and this text. */
static void
is_refused(const char *why)
{
	char text[256];

	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	ck_assert(!reply.aa && !reply.tc);
	ck_assert_uint_eq(reply.answers + reply.authorities, 0);
	ck_assert_int_eq(reply.ede, 18);
	snprintf(text, sizeof(text), "%.*s", (int)reply.ede_text_len, reply.ede_text);
	ck_assert_str_eq(text, why);
}

/* --- the same as without a key ------------------------------------------------ */

static const char *const origins[] = {"dnsbl.test", "relays.dnsbl.test", "suspects.dnsbl.test",
	"all.dnsbl.test", "data.test", "in.data.test", "v6.test", "delta.test", "acl.test",
	"addresses.test"};

static const char *const names[] = {"99.2.0.192", "98.2.0.192", "2.0.192", "192", "1.100.51.198",
	V6, "8.b.d.0.1.0.0.2", "2.0.0.127", "1.0.0.127", "3.0.0.127", "0.0.127", "127", "2." MAPPED,
	"1." MAPPED, MAPPED, "_status", "_codes", "test", "invalid", "nothing", "9.9.9.9.9",
	"a.example", "www.a.example", "example", "com", "example.com", "www", "x.wild.com",
	"wild.com", "both.com", "not.both.com", "x.both.com", "b.c.deep.com", "only.caa",
	"1.2.0.192", "4.2.0.192", "20.2.0.192", "30.2.0.192", "0.0.0.10", "1.2.3.10", "1.0.0.10",
	"0.10", "x", "*", "99.2.0.192.x", "relays"};

static const uint16_t types[] = {TYPE_A, TYPE_TXT, TYPE_ANY, TYPE_SOA, TYPE_NS, TYPE_DS, 28, 15};

static void
copy_reply(struct dns_reply *r, uint8_t *bytes)
{
	memcpy(bytes, out, reply.len);
	ck_assert(dns_reply_read(bytes, reply.len, r));
}

static void
compare(const char *name, const char *origin, uint16_t type)
{
	static struct dns_reply plain;
	static uint8_t bytes[ANSWER_MAX];
	char with[300], without[300];

	snprintf(without, sizeof(without), "%s.%s", name, origin);
	snprintf(with, sizeof(with), "%s.%s.%s", name, GOOD, origin);
	if (ask(without, type) == NULL) {
		ck_assert_ptr_null(ask(with, type));
		return;
	}
	copy_reply(&plain, bytes);
	ck_assert_ptr_nonnull(ask(with, type));
	ck_assert_msg(reply.rcode == plain.rcode && reply.aa == plain.aa && reply.tc == plain.tc &&
			reply.answers == plain.answers && reply.authorities == plain.authorities,
		"%s %u: rcode %u, with a key %u; %zu, %zu answers", without, (unsigned)type,
		plain.rcode, reply.rcode, plain.answers, reply.answers);
	for (size_t i = 0; i < reply.answers + reply.authorities; i++) {
		const struct dns_record *r = &reply.records[i], *p = &plain.records[i];

		ck_assert(r->type == p->type && r->ttl == p->ttl);
		ck_assert_str_eq(r->owner, i < reply.answers ? with : p->owner);
		if (r->type != TYPE_SOA) { /* which has pointers */
			ck_assert_uint_eq(r->len, p->len);
			ck_assert_mem_eq(r->data, p->data, r->len);
		}
	}
	ck_assert_uint_ne(outcome.key, KEY_NONE);
}

START_TEST(answers_as_without_a_key)
{
	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		for (size_t k = 0; k < ORBL_COUNT(types); k++) {
			/* A zone that lies below is not below a key. */
			if (strcmp(names[i], "relays") == 0 &&
				strcmp(origins[_i], "dnsbl.test") == 0)
				continue;
			compare(names[i], origins[_i], types[k]);
		}
}
END_TEST

START_TEST(answers_other_clients_as_without_a_key)
{
	static const char *const clients[] = {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5",
		"10.0.1.2", "10.0.1.3", "10.0.2.4"};

	for (size_t c = 0; c < ORBL_COUNT(clients); c++) {
		ck_assert_int_eq(addr_parse(text_of(clients[c]), &context.client), OK);
		for (size_t i = 0; i < ORBL_COUNT(names); i++)
			if (strcmp(names[i], "relays") != 0)
				compare(names[i], origins[_i], TYPE_A);
	}
}
END_TEST

START_TEST(ignores_case)
{
	ask("99.2.0.192.AAaaaaAAAAaaaaaAAAAAaaaaaa.dNsBl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert_str_eq(reply.records[0].owner, reply.name);
}
END_TEST

/* RFC 9156: what a resolver asks on its way down. */
START_TEST(lets_minimising_resolvers_pass)
{
	static const uint16_t asked[] = {TYPE_A, TYPE_NS, TYPE_SOA, TYPE_TXT, TYPE_DS, TYPE_ANY,
		28};
	static const char *const here[] = {GOOD ".dnsbl.test", GOOD ".relays.dnsbl.test",
		ONE ".dnsbl.test", ONE ".relays.dnsbl.test", GOOD ".only.test", GOOD ".data.test"};

	for (size_t i = 0; i < ORBL_COUNT(here); i++)
		for (size_t k = 0; k < ORBL_COUNT(asked); k++) {
			ask(here[i], asked[k]);
			ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
			ck_assert(reply.aa);
			ck_assert_uint_eq(reply.answers, 0);
			ck_assert_uint_eq(reply.authorities, 1);
			ck_assert_uint_eq(reply.records[0].type, TYPE_SOA);
		}
	ask("192." GOOD ".dnsbl.test", TYPE_NS);
	ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(reply.authorities, 1);
}
END_TEST

/* --- keys that are none -------------------------------------------------------- */

START_TEST(refuses_other_keys)
{
	ask("99.2.0.192." UNKNOWN ".dnsbl.test", TYPE_A);
	is_refused("unknown key; see https://x.example/");
	ck_assert(outcome.is_special && outcome.is_keyless);
	ck_assert_uint_eq(outcome.key, KEY_NONE);
	ask("99.2.0.192." REVOKED ".dnsbl.test", TYPE_TXT);
	is_refused("revoked key; see https://x.example/");
	ask(REVOKED ".dnsbl.test", TYPE_SOA);
	is_refused("revoked key; see https://x.example/");
	ask("2.0.0.127." ONE ".data.test", TYPE_A);
	is_refused("key of another zone; see https://x.example/");
	ask("2.0.0.127." ONE ".suspects.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	config.url = TEXT_NONE;
	ask("99.2.0.192." UNKNOWN ".dnsbl.test", TYPE_A);
	is_refused("unknown key");
}
END_TEST

START_TEST(takes_other_labels_as_names)
{
	static const char *const others[] = {"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaa.dnsbl.test",
		"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaaaa.dnsbl.test",
		"99.2.0.192.aaaaaaaaaaaaaaaaaaaaaaaaa1.dnsbl.test",
		"99.2.0.192." UNKNOWN ".x.dnsbl.test", UNKNOWN ".x.dnsbl.test",
		"relays." GOOD ".dnsbl.test", "99.2.0.192." GOOD "." GOOD ".dnsbl.test"};

	for (size_t i = 0; i < ORBL_COUNT(others); i++) {
		ask(others[i], TYPE_A);
		ck_assert_uint_eq(reply.rcode, RCODE_NXDOMAIN);
	}
	ask("99.2.0.192." GOOD ".other.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	ck_assert_int_eq(reply.ede, EDE_NOT_AUTHORITATIVE);
}
END_TEST

START_TEST(fails_as_without_a_key)
{
	ask("2.0.0.127." GOOD ".later.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_SERVFAIL);
	ck_assert_int_eq(reply.ede, EDE_NOT_READY);
	ask("2.0.0.127." GOOD ".dnsbl.test", TYPE_AXFR);
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
}
END_TEST

START_TEST(bounds_a_key)
{
	uint32_t slot;

	key_table_sum(keys, 1);
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	slot = outcome.key;
	key_table_use(keys, 0, slot);
	key_table_use(keys, 0, slot);
	key_table_sum(keys, 1);
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ck_assert(outcome.is_over);
	ck_assert_uint_eq(outcome.key, slot);
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	context.is_exempt = true;
	ask("99.2.0.192." FEW ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
}
END_TEST

/* --- zones for keys only -------------------------------------------------------- */

START_TEST(needs_keys)
{
	static const char *const refused[] = {"99.2.0.192.only.test", "2.0.0.127.only.test",
		"1.0.0.127.only.test", "_status.only.test", "x.only.test", "192.only.test",
		"99.2.0.192.relays.only.test", "99.2.0.192.a.deep.only.test"};

	for (size_t i = 0; i < ORBL_COUNT(refused); i++) {
		ask(refused[i], TYPE_A);
		is_refused("key needed; see https://x.example/");
		ck_assert(outcome.is_keyless);
	}
	ask("99.2.0.192." GOOD ".only.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert(!outcome.is_keyless && !outcome.is_over);
	ask("_status.dnsbl.test", TYPE_TXT);
	ck_assert(!outcome.is_keyless && !outcome.is_special);
	ask("99.2.0.192." GOOD ".relays.only.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	ask("1.0.0.127." GOOD ".only.test", TYPE_A);
	ck_assert_uint_eq(reply.rcode, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(shows_the_way_without_a_key)
{
	static const struct {
		const char *name;
		uint16_t type;
		size_t answers;
	} shown[] = {
		{"only.test", TYPE_SOA, 1},
		{"only.test", TYPE_NS, 2},
		{"only.test", TYPE_A, 0},
		{"relays.only.test", TYPE_A, 0},
		{"relays.only.test", TYPE_NS, 2},
		{"deep.only.test", TYPE_A, 0},
		{"a.deep.only.test", TYPE_SOA, 1},
	};

	for (size_t over = 0; over < 2; over++) {
		context.is_over = over != 0;
		ask(shown[_i].name, shown[_i].type);
		ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
		ck_assert_uint_eq(reply.answers, shown[_i].answers);
	}
}
END_TEST

START_TEST(needs_no_key_of_exempt_clients)
{
	context.is_exempt = true;
	ask("99.2.0.192.only.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	ask("99.2.0.192." UNKNOWN ".only.test", TYPE_A);
	is_refused("unknown key; see https://x.example/");
}
END_TEST

/* --- over quota, and above the rate --------------------------------------------- */

START_TEST(refuses_who_is_over)
{
	context.is_over = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ck_assert(outcome.is_special && outcome.is_over);
	ck_assert_ptr_nonnull(outcome.zone);
	ask("98.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
}
END_TEST

static void
is_sent_to_tcp(void)
{
	ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
	ck_assert_uint_ne(reply.flags & REPLY_FLAG_TC, 0);
	ck_assert_uint_eq(reply.answers, 0);
}

/* Over quota by what others may have forged: over TCP it is known who asks. */
START_TEST(sends_whom_it_doubts_to_tcp)
{
	context.is_doubted = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_sent_to_tcp();
	ck_assert(!outcome.is_over && !outcome.is_keyless);
	ck_assert_ptr_nonnull(outcome.zone);
	ask("98.2.0.192.dnsbl.test", TYPE_TXT);
	is_sent_to_tcp();
	ask("dnsbl.test", TYPE_SOA);
	ck_assert_uint_eq(reply.answers, 1);
	ask("99.2.0.192." GOOD ".dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	context.is_over = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	is_refused("over quota; see https://x.example/");
	context.is_over = false;
	context.is_exempt = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
	context.is_exempt = false;
	context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
}
END_TEST

/* The text goes first where there is no room, then the code. */
START_TEST(keeps_the_bounds)
{
	struct dns_query q = {.name = "99.2.0.192.dnsbl.test",
		.type = TYPE_A,
		.edns = true,
		.udp_size = 512};
	static char url[151];

	memset(url, 'u', sizeof(url) - 1);
	context.is_over = true;
	config.url = text_of(url);
	ask_query(&q);
	ck_assert_uint_eq(reply.ede_text_len, 10 + 6 + 150);
	config.amplification = 3;
	ask_query(&q);
	is_refused("over quota");
	ck_assert_uint_le(reply.len, 3 * 50);
	config.amplification = 1;
	ask_query(&q);
	ck_assert_int_eq(reply.ede, -1);
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
	q.edns = false;
	ask_query(&q);
	ck_assert_uint_eq(reply.rcode, RCODE_REFUSED);
}
END_TEST

static const struct dns_reply *
ask_with_cookie(const char *name, const uint8_t *cookie, size_t len)
{
	uint8_t option[28] = {0, 10, 0, (uint8_t)len};
	struct dns_query q = {.name = name,
		.type = TYPE_A,
		.edns = true,
		.udp_size = 1232,
		.options = option,
		.options_len = (uint16_t)(4 + len)};

	memcpy(option + 4, cookie, len);
	return ask_query(&q);
}

START_TEST(truncates_above_the_rate)
{
	uint8_t cookie[24] = "client..";

	config.cookies.count = 1;
	context.is_limited = true;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert(reply.tc);
	ck_assert_uint_eq(reply.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(reply.answers + reply.authorities, 0);
	ck_assert(outcome.is_special && outcome.is_limited && !outcome.is_dropped);
	ask("1.other.test", TYPE_A);
	ck_assert(reply.tc);
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 8);
	ck_assert(reply.tc);
	ck_assert_uint_eq(reply.cookie_len, 24);
	memcpy(cookie, reply.cookie, 24);
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24);
	ck_assert(!reply.tc);
	ck_assert_uint_eq(reply.answers, 1);
	ck_assert(outcome.is_special && outcome.is_proven && !outcome.is_limited);
	context.is_dropped = true;
	ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24);
	ck_assert_uint_eq(reply.answers, 1);
	cookie[23] ^= 1;
	ck_assert_ptr_null(ask_with_cookie("99.2.0.192.dnsbl.test", cookie, 24));
	ck_assert(outcome.is_special && outcome.is_dropped);
	ck_assert_ptr_null(ask("99.2.0.192.dnsbl.test", TYPE_A));
	context.transport = ANSWER_TCP;
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert_uint_eq(reply.answers, 1);
}
END_TEST

/* RFC 8906: even a reply that says what was wrong can be sent to somebody else. */
START_TEST(is_silent_about_nonsense_above_the_rate)
{
	struct dns_query q = {.name = "99.2.0.192.dnsbl.test", .type = TYPE_A, .flags = 0x2800};

	ask_query(&q);
	ck_assert_uint_eq(reply.rcode, RCODE_NOTIMP);
	context.is_limited = true;
	ck_assert_ptr_null(ask_query(&q));
	ck_assert(outcome.is_dropped);
}
END_TEST

/* An access list that says "pass" lifts all bounds; none of them says it of others. */
START_TEST(lets_pass_whom_a_list_lets_pass)
{
	ck_assert_int_eq(addr_parse(TEXT("10.0.0.6"), &context.client), OK);
	context.is_limited = context.is_dropped = context.is_over = true;
	ck_assert_ptr_nonnull(ask("99.2.0.192.acl.test", TYPE_A));
	ck_assert(outcome.passes);
	ck_assert(!reply.tc);
	ck_assert_uint_ne(reply.rcode, RCODE_REFUSED);
	ck_assert_ptr_null(ask("99.2.0.192.dnsbl.test", TYPE_A));
	context.is_limited = context.is_dropped = context.is_over = false;
	ask("99.2.0.192.addresses.test", TYPE_A);
	ck_assert(outcome.is_special && outcome.passes);
	ask("99.2.0.192.dnsbl.test", TYPE_A);
	ck_assert(!outcome.is_special);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("answer_keys");
	TCase *same = tcase_create("same"), *key = tcase_create("keys");
	TCase *bound = tcase_create("bounds");

	tcase_add_checked_fixture(same, set_up, tear_down);
	tcase_add_loop_test(same, answers_as_without_a_key, 0, ORBL_COUNT(origins));
	tcase_add_loop_test(same, answers_other_clients_as_without_a_key, 0, ORBL_COUNT(origins));
	tcase_add_test(same, ignores_case);
	tcase_add_test(same, lets_minimising_resolvers_pass);
	suite_add_tcase(s, same);
	tcase_add_checked_fixture(key, set_up, tear_down);
	tcase_add_test(key, refuses_other_keys);
	tcase_add_test(key, takes_other_labels_as_names);
	tcase_add_test(key, fails_as_without_a_key);
	tcase_add_test(key, bounds_a_key);
	tcase_add_test(key, needs_keys);
	tcase_add_loop_test(key, shows_the_way_without_a_key, 0, 7);
	tcase_add_test(key, needs_no_key_of_exempt_clients);
	suite_add_tcase(s, key);
	tcase_add_checked_fixture(bound, set_up, tear_down);
	tcase_add_test(bound, refuses_who_is_over);
	tcase_add_test(bound, sends_whom_it_doubts_to_tcp);
	tcase_add_test(bound, keeps_the_bounds);
	tcase_add_test(bound, truncates_above_the_rate);
	tcase_add_test(bound, is_silent_about_nonsense_above_the_rate);
	tcase_add_test(bound, lets_pass_whom_a_list_lets_pass);
	suite_add_tcase(s, bound);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
