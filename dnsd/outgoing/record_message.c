#include "record_message.h"

#include <string.h>

#include "big_endian.h"
#include "reply.h"

enum {
	POINTER = 0xc000,
	POINTER_REACH = 0x4000,
	RECORD_HEAD = 10, /* type, class, TTL, length */
	FLAG_RD = 0x0100,
	UDP_SIZE = 1232, /* what we take */
};

void
record_question_init(struct record_question *out, const struct query *q)
{
	*out = (struct record_question){.id = q->id,
		.flags = q->flags & FLAG_RD,
		.edns = q->edns,
		.dnssec_ok = q->dnssec_ok,
		.len = q->question_len};
	memcpy(out->bytes, q->question, q->question_len);
}

bool
record_message_begin(struct record_message *m, const struct record_question *q, bool with_opt,
	uint8_t *out, size_t size)
{
	size_t opt, name = q->len - 4;

	m->question = q;
	m->out = out;
	m->has_opt = with_opt && q->edns;
	opt = m->has_opt ? REPLY_OPT_SIZE : 0;
	m->at = QUERY_HEADER_SIZE + q->len;
	m->count = 0;
	if (size < m->at + opt)
		return false;
	m->size = size - opt;
	memcpy(out + QUERY_HEADER_SIZE, q->bytes, q->len);
	m->last_len = name;
	memcpy(m->last, q->bytes, name);
	wire_name_lower(m->last, name);
	for (size_t at = 0; at < name; at += m->last[at] + 1u)
		m->label_at[at] = (uint16_t)(QUERY_HEADER_SIZE + at);
	return true;
}

/* How many bytes of a name are before what it has in common with the last one. */
static size_t
own_part(const struct record_message *m, const uint8_t *name, size_t len)
{
	size_t own = 0, last = 0;

	for (;;) {
		size_t left = len - own, left_last = m->last_len - last;

		if (left == left_last && memcmp(name + own, m->last + last, left) == 0)
			return own;
		if (left >= left_last)
			own += name[own] + 1u;
		if (left <= left_last)
			last += m->last[last] + 1u;
	}
}

/* The common part was written where the last name has it. */
static void
add_name(struct record_message *m, const struct zone_record *r, size_t own)
{
	size_t shared = r->owner_len - own, last = m->last_len - shared;
	uint16_t tail[WIRE_NAME_MAX];
	unsigned target = m->label_at[last];

	memcpy(tail, m->label_at + last, shared * sizeof(tail[0]));
	memcpy(m->label_at + own, tail, shared * sizeof(tail[0]));
	memcpy(m->out + m->at, r->owner, own);
	for (size_t at = 0; at < own; at += r->owner[at] + 1u)
		m->label_at[at] = (uint16_t)(m->at + at);
	memcpy(m->last, r->owner, r->owner_len);
	m->last_len = r->owner_len;
	m->at += own;
	if (shared == 1) { /* the root */
		m->out[m->at++] = 0;
		return;
	}
	big_endian_put16(m->out + m->at, POINTER | target);
	m->at += 2;
}

bool
record_message_add(struct record_message *m, const struct zone_record *r)
{
	size_t own = own_part(m, r->owner, r->owner_len);
	uint8_t *head;

	if (m->at >= POINTER_REACH || m->size - m->at < own + 2 + RECORD_HEAD + r->rdata.len ||
		m->count == UINT16_MAX)
		return false;
	add_name(m, r, own);
	head = m->out + m->at;
	big_endian_put16(head, r->type);
	big_endian_put16(head + 2, CLASS_IN);
	big_endian_put32(head + 4, r->ttl_s);
	big_endian_put16(head + 8, (unsigned)r->rdata.len);
	if (r->rdata.len != 0)
		memcpy(head + RECORD_HEAD, r->rdata.p, r->rdata.len);
	m->at += RECORD_HEAD + r->rdata.len;
	m->count++;
	return true;
}

static void
add_opt(struct record_message *m)
{
	uint8_t *opt = m->out + m->at;

	opt[0] = 0;
	big_endian_put16(opt + 1, TYPE_OPT);
	big_endian_put16(opt + 3, UDP_SIZE);
	big_endian_put32(opt + 5, m->question->dnssec_ok ? REPLY_EDNS_DO : 0u);
	big_endian_put16(opt + 9, 0);
	m->at += REPLY_OPT_SIZE;
}

size_t
record_message_end(struct record_message *m)
{
	if (m->has_opt)
		add_opt(m);
	big_endian_put16(m->out, m->question->id);
	big_endian_put16(m->out + 2, REPLY_FLAG_QR | REPLY_FLAG_AA | m->question->flags);
	big_endian_put16(m->out + 4, 1);
	big_endian_put16(m->out + 6, m->count);
	big_endian_put16(m->out + 8, 0);
	big_endian_put16(m->out + 10, m->has_opt);
	return m->at;
}
