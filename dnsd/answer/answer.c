#include "answer.h"

#include <string.h>

#include "answer_data.h"
#include "answer_long.h"
#include "big_endian.h"
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
	return (packet[2] & FLAGS_PLAIN) == 0 &&
		(big_endian_u64(packet + 4) & ~(uint64_t)1) == (uint64_t)1 << 48;
}

/* One label more; NULL: it is no octet. */
static inline const uint8_t *
take_octet(const uint8_t *label, unsigned shift, uint32_t *address)
{
	unsigned octet = dnsbl_name_octet(label);

	*address |= octet << shift;
	return octet <= 255 ? label + label[0] + 1 : NULL;
}

/* The four labels at the name's beginning. Returns the offset behind them, 0: not an address. */
static inline size_t
read_address(const uint8_t *name, uint32_t *address)
{
	const uint8_t *at = take_octet(name, 0, address);

	if (at != NULL)
		at = take_octet(at, 8, address);
	if (at != NULL)
		at = take_octet(at, 16, address);
	if (at != NULL)
		at = take_octet(at, 24, address);
	return at != NULL ? (size_t)(at - name) : 0;
}

/* OPT of version 0 without options, which is all that is behind the question. */
static bool
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
static bool
read_rest(const uint8_t *packet, size_t len, struct query *q)
{
	const uint8_t *tail = q->question + q->name.len;
	size_t end = QUERY_HEADER_SIZE + q->name.len + 4u;

	if (len < end)
		return false;
	q->type = big_endian_u16(tail);
	q->class = big_endian_u16(tail + 2);
	if (q->class != CLASS_IN || (q->type != TYPE_A && q->type != TYPE_TXT))
		return false;
	q->question_len = q->name.len + 4u;
	q->edns = false;
	q->udp_size = QUERY_UDP_SIZE_MIN;
	if (packet[11] == 0)
		return len == end;
	return read_plain_opt(packet + end, len - end, q);
}

/* What is asked, and where; false: it goes the long way. */
static inline bool
read_query(const struct zone_set *zones, const uint8_t *packet, size_t len,
	struct answer_reading *r)
{
	const uint8_t *name = packet + QUERY_HEADER_SIZE;
	struct query *q = &r->query;
	const struct zone *z;
	size_t at;

	if (len < PACKET_MIN || !has_plain_header(packet))
		return false;
	r->address = 0;
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
	return at + z->origin_len <= WIRE_NAME_MAX && read_rest(packet, len, q);
}

/* How many layers have the address, up to two; and what one of them says. */
static inline unsigned
find_address(const struct zone *z, uint32_t address, int64_t now_s, struct answer_match *out)
{
	const struct zone_layer *end = z->layers + z->layer_count;
	struct snapshot_view other, *v = &out->view;
	unsigned count = 0;
	uint32_t ttl_s;

	for (const struct zone_layer *l = z->layers; l != end; l++) {
		if (!snapshot_layer_find4(&l->layer, address, v) ||
			!answer_data_lasts(v, l->ttl_s, now_s, &ttl_s))
			continue;
		/* Other records may be A records, too: not for the short way. */
		count += 1u + (v->record_count != 0);
		if (count > 1)
			break;
		out->ttl_s = ttl_s;
		v = &other;
	}
	return count;
}

/* For this once as answer_data_find leaves it. */
static void
write_txt(struct answer *a, const struct answer_context *c, const struct zone *z,
	struct answer_match *m, uint32_t address)
{
	m->subject = SUBJECT_IPV4;
	m->ipv4 = address;
	a->context = c;
	a->zone = z;
	a->below = LABELS;
	a->test = NULL;
	a->piece = NULL;
	a->match_count = 1;
	a->matches = m;
	answer_data_write(a, TYPE_TXT);
}

static inline void
write_a(struct reply *r, const struct answer_match *m)
{
	for (size_t i = 0; i < m->view.a_count; i++)
		reply_a(r, m->ttl_s, snapshot_view_a(&m->view, i));
}

void
answer_read(const struct zone_set *zones, const uint8_t *packet, size_t len,
	struct answer_reading *r)
{
	if (!read_query(zones, packet, len, r)) {
		r->zone = NULL;
		return;
	}
	for (size_t i = 0; i < r->zone->layer_count; i++)
		snapshot_layer_fetch4(&r->zone->layers[i].layer, r->address);
}

void
answer_fetch(const struct answer_reading *r)
{
	for (size_t i = 0; r->zone != NULL && i < r->zone->layer_count; i++)
		snapshot_layer_fetch4_entries(&r->zone->layers[i].layer, r->address);
}

/* Is the client in none of the lists, or let pass, which is told? For others the long way
 * decides. */
static __attribute__((noinline)) bool
ask_acls(const struct answer_context *c, const struct zone_acls *acls, bool *passes)
{
	struct snapshot_view v;

	for (size_t i = 0; c->client.family != 0 && i < acls->count; i++)
		if (snapshot_layer_find(&acls->acls[i], &c->client, &v)) {
			if (v.action != SNAPSHOT_PASS || v.expires_s != 0)
				return false;
			*passes = true;
		}
	return true;
}

static inline bool
is_let_pass(const struct answer_context *c, const struct zone_acls *acls, bool *passes)
{
	return acls->count == 0 || ask_acls(c, acls, passes);
}

size_t
answer_write(const struct zone_set *zones, const struct answer_context *c,
	const struct answer_reading *reading, const uint8_t *packet, size_t len, uint8_t *out,
	size_t size, struct answer_outcome *outcome)
{
	const struct query *q = &reading->query;
	const struct zone *z = reading->zone;
	struct answer_match match;
	unsigned matches;
	struct answer a; /* only what is written here has a value */
	struct reply *r = &a.reply;
	bool passes = false;
	size_t limit;

	if (z == NULL || c->is_limited || c->is_over || c->is_doubted ||
		zone_is_stale(z, c->now_s) || !is_let_pass(c, zone_set_acls(zones), &passes) ||
		!is_let_pass(c, &z->acls, &passes))
		return answer_long(zones, c, packet, len, out, size, outcome);
	matches = find_address(z, reading->address, c->now_s, &match);
	if (matches > 1)
		return answer_long(zones, c, packet, len, out, size, outcome);
	*outcome = (struct answer_outcome){.zone = z, .is_special = passes, .passes = passes};
	limit = answer_data_limit(c, q, len, false);
	if (!reply_begin(r, q, c->config->udp_size, out, limit < size ? limit : size))
		return 0;
	r->authoritative = true;
	if (matches == 0)
		r->rcode = RCODE_NXDOMAIN;
	else if (q->type == TYPE_A)
		write_a(r, &match);
	else
		write_txt(&a, c, z, &match, reading->address);
	if (r->counts[REPLY_ANSWER] == 0 && !r->overflow)
		reply_piece(r, REPLY_AUTHORITY, &z->apex->soa, z->apex->origin_len);
	return reply_end(r, c->transport == ANSWER_UDP);
}

size_t
answer_packet(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size)
{
	struct answer_outcome outcome;
	struct answer_reading r;

	answer_read(zones, packet, len, &r);
	return answer_write(zones, c, &r, packet, len, out, size, &outcome);
}
