#include "answer.h"

#include <string.h>

#include "answer_data.h"
#include "answer_long.h"
#include "big_endian.h"
#include "octet_label.h"
#include "zone_set.h"

/* The short way, for the commonest question: A or TXT of an IPv4 address, in a zone that has
 * addresses alone. It gives the reply that the long way would give, byte for byte, in half of the
 * time, as it knows where in such a packet things are. What has anything else in it goes the long
 * way. */

enum {
	LABELS = 4,
	LOOPBACK = 127,  /* where test points are */
	LABEL_MAX = 4,   /* bytes of an octet's label with its length */
	NIBBLES_LEN = 8, /* of four labels of one byte each, an IPv6 prefix too */
	PACKET_MIN = QUERY_HEADER_SIZE + LABELS * LABEL_MAX + 8,
	FLAGS_PLAIN = 0xf8, /* QR and opcode: must be 0 */
};

/* One question, no other records but perhaps one additional. */
static inline bool
has_plain_header(const uint8_t *packet)
{
	uint64_t counts;

	memcpy(&counts, packet + 4, sizeof(counts));
	return (packet[2] & FLAGS_PLAIN) == 0 &&
		(counts & ~htobe64(1)) == htobe64((uint64_t)1 << 48);
}

/* One label more; false: it is no octet. */
static inline bool
take_octet(const uint8_t **label, unsigned shift, uint32_t *address)
{
	unsigned octet = octet_label_take(label);

	*address |= octet << shift;
	return octet <= 255;
}

/* The four labels at the name's beginning. Returns the offset behind them, 0: not an address. */
static inline size_t
read_address(const uint8_t *name, uint32_t *address)
{
	const uint8_t *at = name;
	uint32_t read = 0;

	if (!take_octet(&at, 0, &read) || !take_octet(&at, 8, &read) ||
		!take_octet(&at, 16, &read) || !take_octet(&at, 24, &read))
		return 0;
	*address = read;
	return (size_t)(at - name);
}

/* OPT of version 0 without options, which is all that is behind the question. */
static inline bool
read_plain_opt(const uint8_t *opt, size_t len, struct query *q)
{
	/* the root's 0, type, size, 8 bits of RCODE, version, half of the flags */
	const uint64_t mask = 0xffffff000000ff00, wanted = (uint64_t)TYPE_OPT << 40;
	uint64_t head;
	uint16_t size;

	if (len != REPLY_OPT_SIZE)
		return false;
	head = big_endian_u64(opt);
	if ((head & mask) != wanted || big_endian_u16(opt + 9) != 0)
		return false;
	size = (uint16_t)(head >> 24);
	q->edns = true;
	q->dnssec_ok = (head & 0x80) != 0;
	q->udp_size = size > QUERY_UDP_SIZE_MIN ? size : QUERY_UDP_SIZE_MIN;
	return true;
}

/* What follows the name. */
static inline bool
read_rest(const uint8_t *packet, size_t len, struct query *q)
{
	size_t end = QUERY_HEADER_SIZE + q->name.len + 4u;
	uint32_t type_class;

	if (len < end)
		return false;
	type_class = big_endian_u32(packet + end - 4);
	if (type_class != (TYPE_A << 16 | CLASS_IN) && type_class != (TYPE_TXT << 16 | CLASS_IN))
		return false;
	q->type = (uint16_t)(type_class >> 16);
	q->question_len = q->name.len + 4u;
	q->edns = false;
	q->udp_size = QUERY_UDP_SIZE_MIN;
	if (packet[11] == 0)
		return len == end;
	return read_plain_opt(packet + end, len - end, q);
}

/* What is asked, and where; false: it goes the long way. */
static inline bool
read_query(const struct zone_set *zones, struct answer_reading *r)
{
	const uint8_t *packet = r->packet, *name = packet + QUERY_HEADER_SIZE;
	struct query *q = &r->query;
	const struct zone *z;
	size_t len = r->len, at;

	if (len < PACKET_MIN || !has_plain_header(packet))
		return false;
	at = read_address(name, &r->address);
	if (at <= NIBBLES_LEN || r->address >> 24 == LOOPBACK)
		return false;
	r->zone = z = zone_set_find_here(zones, name + at, len - QUERY_HEADER_SIZE - at);
	if (z == NULL || !z->is_plain)
		return false;
	q->id = big_endian_u16(packet);
	q->flags = big_endian_u16(packet + 2);
	q->question = name;
	q->name.len = (uint8_t)(at + z->origin_len);
	r->is_listed = false;
	return at + z->origin_len <= WIRE_NAME_MAX && read_rest(packet, len, q);
}

/* In one layer of each zone. */
struct searches {
	struct answer_reading *whose[ANSWER_BATCH];
	struct snapshot_search each[ANSWER_BATCH];
};

static inline void
prepare_search(struct searches *s, size_t i, struct answer_reading *r, size_t layer)
{
	s->whose[i] = r;
	s->each[i].layer = &r->zone->layers[layer].layer;
	s->each[i].view = &r->view;
	s->each[i].address = r->address;
}

/* A layer has the address. */
static inline void
take_found(struct answer_reading *r, const struct zone_layer *l, int64_t now_s)
{
	/* Other records may be A records, too: not for the short way. */
	if (r->is_listed || r->view.record_count != 0)
		r->zone = NULL;
	else
		r->is_listed = answer_data_lasts(&r->view, l->ttl_s, now_s, &r->ttl_s);
}

/* Returns how many searches there are in the next layer. */
static inline size_t
search_layer(struct searches *s, size_t count, size_t layer, int64_t now_s)
{
	size_t next = 0;

	snapshot_layer_find_many4(s->each, count);
	for (size_t i = 0; i < count; i++) {
		struct answer_reading *r = s->whose[i];

		if (s->each[i].is_found)
			take_found(r, &r->zone->layers[layer], now_s);
		if (r->zone != NULL && layer + 1 < r->zone->layer_count)
			prepare_search(s, next++, r, layer + 1);
	}
	return next;
}

void
answer_read(const struct zone_set *zones, int64_t now_s, struct answer_reading *readings,
	size_t count)
{
	struct searches searches;
	size_t left = 0;

	for (struct answer_reading *r = readings; r != readings + count; r++) {
		if (read_query(zones, r))
			prepare_search(&searches, left++, r, 0);
		else
			r->zone = NULL;
	}
	for (size_t layer = 0; left != 0; layer++)
		left = search_layer(&searches, left, layer, now_s);
}

/* --- who asks ----------------------------------------------------------- */

enum acl_word { ACL_NOTHING, ACL_PASSES, ACL_OTHER };

static enum acl_word
ask_acls(const struct answer_context *c, const struct zone_acls *acls, enum acl_word word)
{
	struct snapshot_view v;

	for (size_t i = 0; i < acls->count; i++) {
		if (!snapshot_layer_find(&acls->acls[i], &c->client, &v))
			continue;
		if (v.action != SNAPSHOT_PASS || v.expires_s != 0)
			return ACL_OTHER;
		word = ACL_PASSES;
	}
	return word;
}

/* What the lists say of the client; ACL_OTHER: the long way decides. */
static __attribute__((noinline)) enum acl_word
ask_all_acls(const struct answer_context *c, const struct zone_set *zones, const struct zone *z)
{
	enum acl_word word = ask_acls(c, &zones->acls, ACL_NOTHING);

	return word != ACL_OTHER ? ask_acls(c, &z->acls, word) : word;
}

static inline enum acl_word
find_client(const struct answer_context *c, const struct zone_set *zones, const struct zone *z)
{
	return zones->acls.count == 0 && z->acls.count == 0 ? ACL_NOTHING :
							      ask_all_acls(c, zones, z);
}

/* --- replies ------------------------------------------------------------ */

static inline void
write_negative(struct reply *r, const struct zone *z)
{
	if (r->counts[REPLY_ANSWER] == 0 && !r->overflow)
		reply_piece(r, REPLY_AUTHORITY, &z->apex->soa, z->apex->origin_len);
}

static inline size_t
reply_with_a(const struct answer_context *c, const struct answer_reading *reading, uint8_t *out,
	size_t size)
{
	struct reply r; /* in registers, as long as no other function is told where it is */

	if (!reply_begin(&r, &reading->query, c->config->udp_size, out, size))
		return 0;
	r.authoritative = true;
	if (!reading->is_listed)
		r.rcode = RCODE_NXDOMAIN;
	for (size_t i = 0; reading->is_listed && i < reading->view.a_count; i++)
		reply_a(&r, reading->ttl_s, snapshot_view_a(&reading->view, i));
	write_negative(&r, reading->zone);
	return reply_end_plain(&r, c->transport == ANSWER_UDP);
}

static __attribute__((noinline)) size_t
reply_with_txt(const struct answer_context *c, const struct answer_reading *reading, uint8_t *out,
	size_t size)
{
	struct answer_match match = {.view = reading->view,
		.subject = SUBJECT_IPV4,
		.ttl_s = reading->ttl_s,
		.ipv4 = reading->address};
	struct answer a; /* only what is written here has a value, as answer_data_find leaves it */

	if (!reply_begin(&a.reply, &reading->query, c->config->udp_size, out, size))
		return 0;
	a.reply.authoritative = true;
	a.context = c;
	a.zone = reading->zone;
	a.below = LABELS;
	a.test = NULL;
	a.piece = NULL;
	a.match_count = 1;
	a.matches = &match;
	answer_data_write(&a, TYPE_TXT);
	write_negative(&a.reply, reading->zone);
	return reply_end_plain(&a.reply, c->transport == ANSWER_UDP);
}

size_t
answer_write(const struct zone_set *zones, const struct answer_context *c,
	const struct answer_reading *reading, uint8_t *out, size_t size,
	struct answer_outcome *outcome)
{
	const struct zone *z = reading->zone;
	enum acl_word word;
	size_t limit;

	if (z == NULL || c->is_limited || c->is_over || c->is_doubted ||
		zone_is_stale(z, c->now_s) || (word = find_client(c, zones, z)) == ACL_OTHER)
		return answer_long(zones, c, reading->packet, reading->len, out, size, outcome);
	*outcome = (struct answer_outcome){.zone = z,
		.is_special = word == ACL_PASSES,
		.passes = word == ACL_PASSES};
	limit = answer_data_limit(c, &reading->query, reading->len, false);
	if (limit < size)
		size = limit;
	if (reading->is_listed && reading->query.type == TYPE_TXT)
		return reply_with_txt(c, reading, out, size);
	return reply_with_a(c, reading, out, size);
}

size_t
answer_packet(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size)
{
	struct answer_reading r = {.packet = packet, .len = len};
	struct answer_outcome outcome;

	answer_read(zones, c->now_s, &r, 1);
	return answer_write(zones, c, &r, out, size, &outcome);
}
