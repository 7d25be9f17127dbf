/* fuzz_dns_query.c - any packet through the whole reply function, with zones of every kind of data.
 *
 * The first four bytes of the input choose transport and bounds, the length of the identity, the
 * client with what the gate says of it, and the time; the rest is the packet. With bit 6 of the
 * first one a server cookie at its end is made a valid one; with bit 7 it is asked of lists alone.
 */
#include <assert.h>
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = DATA_FIXTURE_NOW, CONTEXT_SIZE = 4 };

/* Of data[2], divided by the number of clients. */
enum { LIMITED = 1, DROPPED = 2, OVER = 4, EXEMPT = 8 };

#define KEY "abcdefghijklmnopqrstuvwxyz"

static const char lines[] = "192.0.2.99 relay\n"
			    "198.51.100.0/24 relay\n"
			    "10.16.0.0/12 suspect 1700000100\n"
			    "127.0.0.0/8 relay\n"
			    "203.0.113.8 relay\n"
			    "203.0.113.8 bouncer\n"
			    "2001:db8::1 relay\n"
			    "2001:db8:1::/50 relay-output\n";

static const char *const clients[] = {"192.0.2.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5",
	"10.0.0.6", "10.0.1.2", "10.0.1.3", "10.0.2.4", "10.0.2.5", "2001:db8:ac1::1", "::"};

static void
add(struct zone_set *zones, const char *origin, const struct zone_source *source)
{
	if (zone_set_add(zones, text_of(origin), source, NULL) != OK)
		abort();
}

/* The same list in several zones: all clients may ask, so that some go the short way; one has two
 * sources, and one has a zone below whose name looks like an address. */
static void
add_lists(struct zone_set *zones, bool several)
{
	struct list_fixture f = {.origin = "dnsbl.test", .lines = lines, .serial = 42};
	struct zone_source source = {.is_list = true, .max_age_s = 1000}, none = {.is_list = true};

	source.snapshot = list_fixture_open(&f);
	add(zones, "dnsbl.test", &source);
	add(zones, "only.test", &source);
	add(zones, "later.test", &none);
	if (!several)
		return;
	add(zones, "twice.test", &source);
	f.lines = "192.0.2.99 relay\n203.0.113.7 bouncer\n";
	source.snapshot = list_fixture_open(&f);
	add(zones, "twice.test", &source);
	add(zones, "above.test", &source);
	add(zones, "2.0.192.above.test", &source);
}

/* The key KEY, another that is revoked, and one for one zone whose quota is used up. */
static struct key_table *
open_keys(void)
{
	static const char *const rows[][2] = {{KEY, "alice - ACTIVE 2026-01-01"},
		{"bbbbbbbbbbbbbbbbbbbbbbbbbb", "bob - REVOKED 2026-01-01"},
		{"cccccccccccccccccccccccccc", "carol 1 ACTIVE 2026-01-01 dnsbl.test"}};
	char text[1024], hash[QUERY_KEY_HASH_TEXT];
	uint8_t bytes[QUERY_KEY_HASH];
	struct key_table *t;
	size_t len = 0;
	int fd;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		query_key_hash(rows[i][0], bytes);
		query_key_hash_format(bytes, hash);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n", hash,
			rows[i][1]);
	}
	if (key_table_compile((struct text){text, len}, "keys", &fd, NULL) != OK ||
		key_table_open_fd(fd, 1, 0, &t, NULL) != OK)
		abort();
	close(fd);
	key_table_sum(t, 1);
	for (uint32_t slot = 1; slot <= ORBL_COUNT(rows); slot++)
		key_table_use(t, 0, slot);
	key_table_sum(t, 1);
	return t;
}

static const struct zone_set *
open_zones(bool several)
{
	static char *keys_only_items[] = {"only.test"};
	static const struct conf_list keys_only = {1, keys_only_items};
	static struct zone_set *both[2];
	struct key_table *keys;

	if (both[several] == NULL) {
		both[several] = several ? zone_set_new() : data_fixture_open();
		add_lists(both[several], several);
		keys = open_keys();
		if (zone_set_use_keys(both[several], keys, &keys_only, NULL) != OK)
			abort();
		key_table_release(keys);
		if (zone_set_finish(both[several], NULL) != OK)
			abort();
	}
	return both[several];
}

static unsigned
u16_at(const uint8_t *b)
{
	return (unsigned)b[0] << 8 | b[1];
}

static uint8_t out[ANSWER_MAX + 1];

static bool
reply_is_cut(void)
{
	return (out[2] & 0x02) != 0;
}

/* --- what holds for whatever was asked ---------------------------------- */

static void
check_reply(const uint8_t *packet, size_t len, const struct dns_reply *r, const uint8_t *bytes)
{
	assert(len >= 12 && (packet[2] & 0x80) == 0);
	assert(r->flags & 0x8000);
	assert(r->id == u16_at(packet));
	assert((r->flags & 0x7900) == (u16_at(packet + 2) & 0x7900));
	assert((r->flags & 0x00f0) == 0);
	assert(r->rcode <= RCODE_REFUSED || r->rcode == RCODE_BADVERS);
	assert(r->additionals == 0);
	assert(!r->edns || u16_at(packet + 10) != 0);
	assert(r->cookie == NULL || r->cookie_len == 24);
	if (r->has_question) {
		size_t at = 12;

		while (bytes[at] != 0)
			at += bytes[at] + 1u;
		assert(len >= at + 5 && memcmp(bytes + 12, packet + 12, at + 5 - 12) == 0);
	} else {
		assert(r->rcode == RCODE_FORMERR || r->rcode == RCODE_NOTIMP ||
			r->rcode == RCODE_BADVERS || u16_at(packet + 4) == 0);
	}
	assert(!r->tc || r->answers + r->authorities == 0);
	assert(r->aa || r->answers + r->authorities == 0);
	assert(r->rcode == RCODE_NOERROR || r->answers == 0);
}

static const char *
behind_key(const char *name)
{
	return strncasecmp(name, KEY ".", sizeof(KEY)) == 0 ? name + sizeof(KEY) : name;
}

/* 127.0.0.1, plain or as ::ffff:7f00:1, and "invalid" of zones with names. */
static bool
is_never_listed(const char *name)
{
	static const char *const never[] = {"1.0.0.127.",
		"1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.", "invalid."};
	static const char *const origins[] = {"data.test", "in.data.test", "v6.test", "acl.test",
		"delta.test", "dnsbl.test", "suspects.dnsbl.test", "all.dnsbl.test", "only.test"};

	for (size_t i = 0; i < ORBL_COUNT(never); i++)
		for (size_t j = 0; j < ORBL_COUNT(origins); j++)
			if (strncasecmp(name, never[i], strlen(never[i])) == 0 &&
				strcasecmp(behind_key(name + strlen(never[i])), origins[j]) == 0)
				return true;
	return false;
}

static bool
is_repeated(const struct dns_reply *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (r->records[j].len == r->records[i].len &&
			memcmp(r->records[j].data, r->records[i].data, r->records[i].len) == 0)
			return true;
	return false;
}

static void
check_records(const struct dns_reply *r)
{
	for (size_t i = 0; i < r->answers + r->authorities; i++) {
		const struct dns_record *record = &r->records[i];

		assert(record->class == r->class && record->ttl <= INT32_MAX);
		if (i >= r->answers) {
			assert(record->type == TYPE_SOA && r->authorities == 1);
			continue;
		}
		assert(record->type == r->type || r->type == TYPE_ANY);
		assert(record->type == r->records[0].type && record->ttl == r->records[0].ttl);
		assert(strcmp(record->owner, r->name) == 0);
		assert(!is_repeated(r, i));
		/* Only generic records say anything else: they are of 10/8 here. */
		if (record->type == TYPE_A)
			assert(record->len == 4 &&
				(record->data[0] == 127 || record->data[0] == 10));
	}
	/* No answer and no error: then the SOA says for how long. */
	if (r->aa && r->answers == 0 && !r->tc && r->has_question)
		assert(r->authorities == 1);
	if (is_never_listed(r->name))
		assert(r->answers == 0);
}

/* The test point of a list, for whoever may ask. */
static void
check_test_point(const struct dns_reply *r, const struct answer_context *c)
{
	if (strcasecmp(r->name, "2.0.0.127.dnsbl.test") != 0 || r->class != 1 || r->type != TYPE_A)
		return;
	if (r->rcode == RCODE_NOERROR && !r->tc)
		assert(r->answers != 0);
	assert(r->rcode != RCODE_NXDOMAIN);
	assert((r->rcode == RCODE_SERVFAIL) ==
		(!(c->is_limited && r->tc) && c->now_s >= NOW + 1000 && r->rcode != RCODE_REFUSED &&
			r->rcode != RCODE_FORMERR && r->rcode != RCODE_NOTIMP &&
			r->rcode != RCODE_BADVERS));
}

/* --- contexts ----------------------------------------------------------- */

static void
choose(const uint8_t *data, struct answer_config *config, struct answer_context *c)
{
	static const uint16_t amplifications[] = {0, 1, 2, 3, 3, 3, 10, 65535};
	static const char identity[255];
	size_t client = data[2] % ORBL_COUNT(clients), gate = data[2] / ORBL_COUNT(clients);

	*config = (struct answer_config){.udp_size = data[0] & 2 ? 512 : 1232,
		.amplification = amplifications[data[0] >> 2 & 7],
		.identity = {identity, data[1]},
		.version = {identity, data[1] / 2},
		.url = {identity, data[1] / 3},
		.cookies = {data[0] >> 5 & 1, {{1, 2, 3}}}};
	*c = (struct answer_context){.config = config,
		.transport = data[0] & 1 ? ANSWER_TCP : ANSWER_UDP,
		.now_s = NOW + 8 * (int64_t)data[3],
		.is_limited = gate & LIMITED,
		.is_dropped = (gate & LIMITED) && (gate & DROPPED),
		.is_over = gate & OVER,
		.is_doubted = !(gate & LIMITED) && (gate & DROPPED),
		.is_exempt = gate & EXEMPT};
	if (client + 1 < ORBL_COUNT(clients) &&
		addr_parse(text_of(clients[client]), &c->client) != OK)
		abort();
}

/* Make the cookie of a packet whose OPT is last and has nothing else a valid one. */
static bool
prove(uint8_t *packet, size_t len, const struct answer_context *c)
{
	uint8_t *option;

	if (len < 12 + 5 + 11 + 28 || c->config->cookies.count == 0)
		return false;
	option = packet + len - 28;
	if (u16_at(option) != 10 || u16_at(option + 2) != 24 || u16_at(option - 2) != 28)
		return false;
	cookie_make(&c->config->cookies, &c->client, option + 4, c->now_s, option + 12);
	return true;
}

static size_t
hard_limit(const struct answer_context *c, size_t len, bool proven)
{
	size_t limit = c->config->udp_size, amplification = c->config->amplification;

	if (c->transport == ANSWER_TCP)
		return ANSWER_MAX;
	if (amplification == 0 || proven || amplification * len > limit)
		return limit;
	return amplification * len;
}

/* What the gate said is heeded, and nothing is forgotten of what it is to be told. */
static void
check_outcome(const struct answer_context *c, const struct answer_outcome *o, size_t got,
	bool proven)
{
	bool limited = c->is_limited && c->transport == ANSWER_UDP;

	assert(o->is_special ==
		(o->is_proven || o->passes || o->is_limited || o->is_over || o->is_keyless ||
			o->key != KEY_NONE));
	assert(!o->is_limited || limited);
	assert(!o->is_dropped || (o->is_limited && got == 0));
	if (limited && !proven && !o->is_proven && !o->passes && !c->is_exempt && got != 0)
		assert(o->is_limited && reply_is_cut());
	if (c->is_doubted && c->transport == ANSWER_UDP && !proven && !o->is_proven && !o->passes &&
		!c->is_exempt && got != 0)
		assert((out[3] & 0x0f) != RCODE_NOERROR || reply_is_cut() || (out[2] & 0x04) ||
			o->zone == NULL);
	if (o->is_over || o->is_keyless)
		assert(got == 0 || (out[3] & 0x0f) == RCODE_REFUSED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[ANSWER_MAX];
	static struct dns_reply reply;
	struct answer_config config;
	struct answer_context context;
	struct answer_outcome outcome;
	const struct zone_set *zones;
	size_t len, room, got;
	uint8_t *packet;
	bool proven;

	if (size < CONTEXT_SIZE)
		return 0;
	choose(data, &config, &context);
	len = size - CONTEXT_SIZE;
	packet = malloc(len != 0 ? len : 1); /* of its own, so that one byte too far is seen */
	if (packet == NULL)
		abort();
	memcpy(packet, data + CONTEXT_SIZE, len);
	proven = data[0] & 64 && prove(packet, len, &context);
	room = context.transport == ANSWER_TCP ? ANSWER_MAX : config.udp_size;
	out[room] = 0xa5;
	zones = open_zones(data[0] & 128);
	got = answer_packet(zones, &context, packet, len, out, room);
	assert(out[room] == 0xa5);
	/* The short way and the long way are one. */
	assert(answer_long(zones, &context, packet, len, again, room, &outcome) == got);
	assert(memcmp(out, again, got) == 0);
	check_outcome(&context, &outcome, got, proven);
	if (got != 0) {
		assert(got <= hard_limit(&context, len, proven));
		assert(dns_reply_read(out, got, &reply));
		check_reply(packet, len, &reply, out);
		check_records(&reply);
		check_test_point(&reply, &context);
	} else {
		/* Silence is for what is no query, and for clients that are ignored. */
		assert(len < 12 || packet[2] & 0x80 || outcome.is_dropped ||
			data[2] % ORBL_COUNT(clients) == 1 || data[2] % ORBL_COUNT(clients) == 6);
	}
	free(packet);
	return 0;
}
