#include "query.h"

#include <orbl/cursor.h>

#include "big_endian.h"
#include "cookie.h"

enum {
	FLAG_QR = 0x8000,
	OPCODE_SHIFT = 11,
	OPCODE_MASK = 0xf,
	OPCODE_NOTIFY = 4,
	EDNS_DO = 0x8000,
	OPTION_NSID = 3,
	OPTION_COOKIE = 10,
	POINTER = 0xc0,
	QUESTION_TAIL = 4, /* type and class */
	RECORD_HEAD = 10,  /* type, class, TTL, length */
	OPTION_HEAD = 4,
};

/* The question's name. A pointer there could only point at the header or at itself. The
 * limit counts the root's byte. */
static bool
read_name(struct cursor *c, struct query_name *out)
{
	const uint8_t *wire = c->at;
	size_t limit = cursor_left(c), at = 0, labels = 0;

	if (limit > WIRE_NAME_MAX)
		limit = WIRE_NAME_MAX;
	for (;;) {
		uint8_t len;

		if (at >= limit)
			return false;
		len = wire[at];
		if (len == 0)
			break;
		if (len > WIRE_NAME_LABEL_MAX)
			return false;
		out->label_at[labels++] = (uint8_t)at;
		at += len + 1u;
	}
	out->wire = wire;
	out->labels = (uint8_t)labels;
	out->len = (uint8_t)(at + 1);
	c->at = wire + at + 1;
	return true;
}

static bool
read_question(struct cursor *c, struct query *q)
{
	const uint8_t *start = c->at, *tail;

	if (!read_name(c, &q->name))
		return false;
	tail = cursor_bytes(c, QUESTION_TAIL);
	if (tail == NULL)
		return false;
	q->type = big_endian_u16(tail);
	q->class = big_endian_u16(tail + 2);
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

/* RFC 7873 section 5.2.2 has the lengths; section 5.2: of several cookies the first one counts. */
static bool
read_cookie(const uint8_t *data, size_t len, struct query *q)
{
	if (q->cookie_len != 0)
		return true;
	if (len != COOKIE_CLIENT_SIZE &&
		(len < COOKIE_CLIENT_SIZE + COOKIE_SERVER_MIN || len > COOKIE_OPTION_MAX))
		return false;
	q->cookie = data;
	q->cookie_len = (uint8_t)len;
	return true;
}

/* Options we do not know are stepped over (RFC 6891 section 6.1.2). */
static bool
read_options(const uint8_t *bytes, size_t len, struct query *q)
{
	struct cursor c;

	cursor_init(&c, bytes, len);
	while (cursor_left(&c) != 0) {
		const uint8_t *head = cursor_bytes(&c, OPTION_HEAD), *data;
		size_t size;

		if (head == NULL)
			return false;
		size = big_endian_u16(head + 2);
		data = cursor_bytes(&c, size);
		if (data == NULL)
			return false;
		if (big_endian_u16(head) == OPTION_NSID)
			q->wants_nsid = true;
		else if (big_endian_u16(head) == OPTION_COOKIE && !read_cookie(data, size, q))
			return false;
	}
	return true;
}

struct record {
	bool at_root;
	const uint8_t *head, *data;
	size_t len;
};

static bool
read_record(struct cursor *c, struct record *r)
{
	if (!skip_name(c, &r->at_root))
		return false;
	r->head = cursor_bytes(c, RECORD_HEAD);
	if (r->head == NULL)
		return false;
	r->len = big_endian_u16(r->head + 8);
	r->data = cursor_bytes(c, r->len);
	return r->data != NULL;
}

static bool
read_opt(const struct record *r, struct query *q)
{
	uint16_t size = big_endian_u16(r->head + 2);

	if (q->edns || !r->at_root)
		return false;
	q->edns = true;
	q->edns_version = r->head[5];
	q->dnssec_ok = (big_endian_u16(r->head + 6) & EDNS_DO) != 0;
	q->udp_size = size > QUERY_UDP_SIZE_MIN ? size : QUERY_UDP_SIZE_MIN;
	return read_options(r->data, r->len, q);
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
		if (big_endian_u16(r.head) == TYPE_OPT && (i < others || !read_opt(&r, q)))
			return false;
		q->tsig = i >= others && big_endian_u16(r.head) == TYPE_TSIG;
	}
	return cursor_left(c) == 0;
}

enum query_verdict
query_parse(const uint8_t *packet, size_t len, struct query *q)
{
	unsigned questions, others, opcode;
	const uint8_t *header;
	bool well_formed;
	struct cursor c;

	cursor_init(&c, packet, len);
	header = cursor_bytes(&c, QUERY_HEADER_SIZE);
	if (header == NULL)
		return QUERY_DROP;
	q->id = big_endian_u16(header);
	q->flags = big_endian_u16(header + 2);
	if (q->flags & FLAG_QR)
		return QUERY_DROP;
	questions = big_endian_u16(header + 4);
	others = (unsigned)big_endian_u16(header + 6) + big_endian_u16(header + 8);
	q->question = c.at;
	q->question_len = 0;
	q->edns = q->dnssec_ok = q->wants_nsid = q->tsig = false;
	q->edns_version = q->cookie_len = 0;
	q->udp_size = QUERY_UDP_SIZE_MIN;
	well_formed = questions <= 1 && (questions == 0 || read_question(&c, q)) &&
		read_records(&c, others, big_endian_u16(header + 10), q);
	/* RFC 8906 section 3.1.4: an unknown opcode is NOTIMP before anything else is judged. */
	opcode = q->flags >> OPCODE_SHIFT & OPCODE_MASK;
	if (opcode != 0)
		return opcode == OPCODE_NOTIFY && well_formed && questions == 1 ? QUERY_NOTIFY :
										  QUERY_NOTIMP;
	if (!well_formed || (questions == 0 && q->cookie_len == 0))
		return QUERY_FORMERR;
	if (q->edns_version != 0)
		return QUERY_BADVERS;
	return questions == 0 ? QUERY_COOKIE : QUERY_ANSWER;
}
