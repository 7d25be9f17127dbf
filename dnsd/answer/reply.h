/* reply.h - writing one reply: header, question, records, OPT (RFC 1035 section 4, RFC 6891).
 *
 * The room for OPT is set aside first, so records can fill the rest. A record or piece that
 * does not fit is left out whole; over UDP reply_end then empties the reply and sets TC.
 * Owner names are pointers into the question, which is the only name in a reply that others
 * point to.
 */
#ifndef DNSD_REPLY_H
#define DNSD_REPLY_H

#include <stdbool.h>
#include <string.h>

#include <orbl/text.h>

#include "big_endian.h"
#include "cookie.h"
#include "query.h"
#include "zone.h"

enum reply_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, /* its upper bits are in OPT */
};

/* Extended DNS errors (RFC 8914 section 5.2). */
enum reply_ede {
	EDE_NONE = -1,
	EDE_NOT_READY = 14,
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_INVALID_DATA = 24,
};

enum reply_section { REPLY_ANSWER, REPLY_AUTHORITY, REPLY_SECTIONS };

struct reply {
	const struct query *query; /* borrows */
	uint8_t *out, *at, *end;
	uint16_t udp_size; /* ours, for OPT */
	uint16_t counts[REPLY_SECTIONS];
	enum reply_rcode rcode;
	enum reply_ede ede;
	struct text ede_text, ede_url; /* with an ede only; "": none */
	bool authoritative;
	bool overflow;    /* a record was left out */
	bool has_cookie;  /* set aside; in `cookie` */
	struct text nsid; /* "": none; left out where it does not fit */
	uint8_t cookie[COOKIE_CLIENT_SIZE + COOKIE_SERVER_SIZE];
};

enum {
	REPLY_FLAG_QR = 0x8000,
	REPLY_FLAG_AA = 0x0400,
	REPLY_FLAG_TC = 0x0200,
	REPLY_FLAGS_REPEATED = 0x7900, /* opcode and RD */
	REPLY_POINTER = 0xc000,
	REPLY_OPT_SIZE = 11,
	REPLY_EDNS_DO = 0x8000,
};

/* Each reply begins and ends, and most have an A record or an SOA; that is why these are here.
 * Inlined into one function they keep the whole reply in registers. */
#define REPLY_INLINE __attribute__((always_inline)) static inline

/* Begin a reply of at most size bytes in out. False: not even header, question and OPT fit. */
REPLY_INLINE bool
reply_begin(struct reply *r, const struct query *q, uint16_t udp_size, uint8_t *out, size_t size)
{
	size_t opt = q->edns ? REPLY_OPT_SIZE : 0;

	if (size < QUERY_HEADER_SIZE + q->question_len + opt)
		return false;
	r->query = q;
	r->udp_size = udp_size;
	r->counts[REPLY_ANSWER] = r->counts[REPLY_AUTHORITY] = 0;
	r->rcode = RCODE_NOERROR;
	r->ede = EDE_NONE;
	r->authoritative = r->overflow = r->has_cookie = false;
	r->nsid = TEXT_NONE;
	r->out = out;
	r->at = out + QUERY_HEADER_SIZE + q->question_len;
	r->end = out + size - opt;
	memcpy(out + QUERY_HEADER_SIZE, q->question, q->question_len);
	return true;
}

/* The upper bits of RCODE, version 0; RFC 3225 section 3: DO is copied. */
REPLY_INLINE void
reply_add_opt(struct reply *r)
{
	uint8_t *opt = r->at;

	r->end += REPLY_OPT_SIZE;
	r->at = opt + REPLY_OPT_SIZE;
	opt[0] = 0;
	big_endian_put16(opt + 1, TYPE_OPT);
	big_endian_put16(opt + 3, r->udp_size);
	big_endian_put32(opt + 5,
		(uint32_t)r->rcode >> 4 << 24 | (r->query->dnssec_ok ? REPLY_EDNS_DO : 0u));
	big_endian_put16(opt + 9, 0);
}

/* Write header and OPT, which has no options here. may_truncate: over UDP a reply with something
 * left out has TC set and no records; otherwise it has those that fitted. Returns the length. */
REPLY_INLINE size_t
reply_end_plain(struct reply *r, bool may_truncate)
{
	const struct query *q = r->query;
	uint8_t *header = r->out;
	unsigned flags = REPLY_FLAG_QR | (q->flags & REPLY_FLAGS_REPEATED) |
		((unsigned)r->rcode & 0xf) | (r->authoritative ? REPLY_FLAG_AA : 0u);

	if (may_truncate && r->overflow) {
		flags |= REPLY_FLAG_TC;
		r->at = header + QUERY_HEADER_SIZE + q->question_len;
		r->counts[REPLY_ANSWER] = r->counts[REPLY_AUTHORITY] = 0;
	}
	if (q->edns)
		reply_add_opt(r);
	big_endian_put32(header, (uint32_t)q->id << 16 | flags);
	big_endian_put32(header + 4,
		(uint32_t)(q->question_len != 0) << 16 | r->counts[REPLY_ANSWER]);
	big_endian_put32(header + 8, (uint32_t)r->counts[REPLY_AUTHORITY] << 16 | q->edns);
	return (size_t)(r->at - header);
}

/* The same, with cookie, extended error and identity as far as they are there. */
size_t reply_end(struct reply *r, bool may_truncate);

/* Set aside room for a cookie, before the first record; NULL: there is none for it. */
uint8_t *reply_cookie(struct reply *r);

/* Records of the question's name, in the answer section. */
REPLY_INLINE void
reply_a(struct reply *r, uint32_t ttl_s, uint32_t address)
{
	const uint64_t head = 0xc00c00010001; /* pointer to the question, A, IN */
	uint8_t *at = r->at;

	if (r->end - at < 16) {
		r->overflow = true;
		return;
	}
	big_endian_put64(at, head << 16 | ttl_s >> 16);
	big_endian_put64(at + 8, (uint64_t)ttl_s << 48 | (uint64_t)4 << 32 | address);
	r->at = at + 16;
	r->counts[REPLY_ANSWER]++;
}
/* Each SNAPSHOT_ADDRESS_MARK becomes subject; as many strings of 255 bytes as it needs. */
void reply_txt(struct reply *r, uint32_t ttl_s, struct text template, struct text subject);
void
reply_record(struct reply *r, uint16_t class, uint16_t type, uint32_t ttl_s, struct text rdata);
/* Take the last one back if an earlier one has the same data. */
void reply_drop_repeated(struct reply *r);
/* Records rendered for a zone of an origin of so many bytes, which the question's name is in. */
REPLY_INLINE void
reply_piece(struct reply *r, enum reply_section section, const struct zone_piece *p,
	size_t origin_len)
{
	size_t origin = REPLY_POINTER | (QUERY_HEADER_SIZE + r->query->name.len - origin_len);
	const struct zone_pointer *end = p->pointers + p->pointer_count;
	uint8_t *at = r->at;

	if (r->end - at < p->len) {
		r->overflow = true;
		return;
	}
	memcpy(at, p->bytes, p->len);
	for (const struct zone_pointer *each = p->pointers; each != end; each++)
		big_endian_put16(at + each->at, (unsigned)(origin + each->origin_at));
	r->at += p->len;
	r->counts[section] = (uint16_t)(r->counts[section] + p->count);
}
/* The TTL of the first record, instead of the piece's. */
void reply_piece_ttl(struct reply *r, enum reply_section section, const struct zone_piece *p,
	size_t origin_len, uint32_t ttl_s);

#endif
