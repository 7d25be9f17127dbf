#include "query.h"

#include <string.h>

#include <orbl/cursor.h>

enum {
	FLAG_QR = 0x8000,
	OPCODE_SHIFT = 11,
	OPCODE_MASK = 0xf,
	TYPE_OPT = 41,
	EDNS_DO = 0x8000,
	POINTER = 0xc0,
};

/* The question's name. A pointer there could only point at the header or at itself. */
static bool
read_name(struct cursor *c, struct query_name *out)
{
	const uint8_t *start = c->at;
	size_t offset = 0;

	out->labels = 0;
	for (;;) {
		uint8_t len = cursor_u8(c);

		if (cursor_failed(c) || len > WIRE_NAME_LABEL_MAX ||
			offset + len + 1u > WIRE_NAME_MAX)
			return false;
		if (len == 0)
			break;
		/* The root needs a byte too: a name that fills all 255 without it is too long. */
		if (offset + len + 2u > WIRE_NAME_MAX || cursor_bytes(c, len) == NULL)
			return false;
		out->label_at[out->labels++] = (uint8_t)offset;
		offset += len + 1u;
	}
	out->len = (uint8_t)(offset + 1);
	memcpy(out->wire, start, out->len);
	wire_name_lower(out->wire, out->len);
	return true;
}

static bool
read_question(struct cursor *c, struct query *q)
{
	const uint8_t *start = c->at;

	if (!read_name(c, &q->name))
		return false;
	q->type = cursor_u16be(c);
	q->class = cursor_u16be(c);
	if (cursor_failed(c))
		return false;
	q->question = start;
	q->question_len = (size_t)(c->at - start);
	return true;
}

/* Steps over an owner name; tells whether it is the root. A pointer ends a name and is not
 * followed. */
static bool
skip_name(struct cursor *c, bool *is_root)
{
	uint8_t len = cursor_u8(c);

	*is_root = len == 0;
	while (len != 0) {
		if ((len & POINTER) == POINTER) {
			cursor_u8(c);
			return !cursor_failed(c);
		}
		if (len > WIRE_NAME_LABEL_MAX || cursor_bytes(c, len) == NULL)
			return false;
		len = cursor_u8(c);
	}
	return !cursor_failed(c);
}

/* Options are stepped over to see that their lengths add up; unknown ones are ignored
 * (RFC 6891 section 6.1.2), and none is known yet. */
static bool
read_options(const uint8_t *bytes, size_t len)
{
	struct cursor c;

	cursor_init(&c, bytes, len);
	while (!cursor_failed(&c) && cursor_left(&c) != 0) {
		cursor_u16be(&c);
		cursor_bytes(&c, cursor_u16be(&c));
	}
	return !cursor_failed(&c);
}

struct record {
	bool at_root;
	uint16_t type, class, len;
	uint32_t ttl;
	const uint8_t *data;
};

static bool
read_record(struct cursor *c, struct record *r)
{
	if (!skip_name(c, &r->at_root))
		return false;
	r->type = cursor_u16be(c);
	r->class = cursor_u16be(c);
	r->ttl = cursor_u32be(c);
	r->len = cursor_u16be(c);
	r->data = cursor_bytes(c, r->len);
	return !cursor_failed(c);
}

static bool
read_opt(const struct record *r, struct query *q)
{
	if (q->edns || !r->at_root || !read_options(r->data, r->len))
		return false;
	q->edns = true;
	q->edns_version = (uint8_t)(r->ttl >> 16);
	q->dnssec_ok = (r->ttl & EDNS_DO) != 0;
	q->udp_size = r->class > QUERY_UDP_SIZE_MIN ? r->class : QUERY_UDP_SIZE_MIN;
	return true;
}

/* Trailing bytes are refused, as BIND and Knot do: a length that does not add up is the
 * commonest sign of a packet that is something else. */
static bool
read_records(struct cursor *c, unsigned others, unsigned additional, struct query *q)
{
	if (others + additional > QUERY_RECORDS_MAX)
		return false;
	for (unsigned i = 0; i < others + additional; i++) {
		struct record r;

		if (!read_record(c, &r))
			return false;
		if (r.type == TYPE_OPT && (i < others || !read_opt(&r, q)))
			return false;
	}
	return cursor_left(c) == 0;
}

enum query_verdict
query_parse(const uint8_t *packet, size_t len, struct query *q)
{
	unsigned questions, others, additional;
	bool well_formed;
	struct cursor c;

	if (len < QUERY_HEADER_SIZE)
		return QUERY_DROP;
	cursor_init(&c, packet, len);
	q->id = cursor_u16be(&c);
	q->flags = cursor_u16be(&c);
	if (q->flags & FLAG_QR)
		return QUERY_DROP;
	questions = cursor_u16be(&c);
	others = cursor_u16be(&c);
	others += cursor_u16be(&c);
	additional = cursor_u16be(&c);
	q->question_len = 0;
	q->edns = q->dnssec_ok = false;
	q->edns_version = 0;
	q->udp_size = QUERY_UDP_SIZE_MIN;
	well_formed = questions <= 1 && (questions == 0 || read_question(&c, q)) &&
		read_records(&c, others, additional, q);
	/* RFC 8906 section 3.1.4: an unknown opcode is NOTIMP before anything else is judged. */
	if ((q->flags >> OPCODE_SHIFT & OPCODE_MASK) != 0)
		return QUERY_NOTIMP;
	if (!well_formed || questions != 1)
		return QUERY_FORMERR;
	return q->edns_version != 0 ? QUERY_BADVERS : QUERY_ANSWER;
}
