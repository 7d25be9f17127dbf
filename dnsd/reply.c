#include "reply.h"

#include <string.h>

#include <orbl/snapshot.h>

enum {
	POINTER = 0xc000,
	TYPE_OPT = 41,
	OPT_SIZE = 11,
	OPTION_EDE = 15,
	EDE_SIZE = 6,
	TXT_STRING_MAX = 255,
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAGS_REPEATED = 0x7900, /* opcode and RD */
	EDNS_DO = 0x8000,
};

void
reply_begin(struct reply *r, const struct query *q, uint16_t udp_size, uint8_t *out, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->query = q;
	r->udp_size = udp_size;
	r->ede = EDE_NONE;
	writer_init(&r->w, out, q->edns ? size - OPT_SIZE - EDE_SIZE : size);
	r->w.at += QUERY_HEADER_SIZE;
	writer_bytes(&r->w, q->question, q->question_len);
}

static void
write_opt(struct reply *r)
{
	bool has_ede = r->ede != EDE_NONE;

	writer_u8(&r->w, 0);
	writer_u16be(&r->w, TYPE_OPT);
	writer_u16be(&r->w, r->udp_size);
	writer_u8(&r->w, (uint8_t)(r->rcode >> 4));
	writer_u8(&r->w, 0); /* version */
	/* RFC 3225 section 3: DO is copied. */
	writer_u16be(&r->w, r->query->dnssec_ok ? EDNS_DO : 0);
	writer_u16be(&r->w, has_ede ? EDE_SIZE : 0);
	if (has_ede) {
		writer_u16be(&r->w, OPTION_EDE);
		writer_u16be(&r->w, 2);
		writer_u16be(&r->w, (uint16_t)r->ede);
	}
}

static void
write_header(const struct reply *r, bool truncated)
{
	const struct query *q = r->query;
	struct writer w;

	writer_init(&w, r->w.start, QUERY_HEADER_SIZE);
	writer_u16be(&w, q->id);
	writer_u16be(&w,
		(uint16_t)(FLAG_QR | (q->flags & FLAGS_REPEATED) |
			(r->authoritative ? FLAG_AA : 0) | (truncated ? FLAG_TC : 0) |
			(r->rcode & 0xf)));
	writer_u16be(&w, q->question_len != 0);
	writer_u16be(&w, r->counts[REPLY_ANSWER]);
	writer_u16be(&w, r->counts[REPLY_AUTHORITY]);
	writer_u16be(&w, q->edns);
}

size_t
reply_end(struct reply *r, bool may_truncate)
{
	bool truncated = may_truncate && r->overflow;

	if (truncated) {
		r->w.at = r->w.start + QUERY_HEADER_SIZE + r->query->question_len;
		memset(r->counts, 0, sizeof(r->counts));
	}
	if (r->query->edns) {
		r->w.end += OPT_SIZE + EDE_SIZE;
		write_opt(r);
	}
	write_header(r, truncated);
	return writer_length(&r->w);
}

/* --- records ------------------------------------------------------------ */

/* A record being written; where it began, to take it back whole when it does not fit. */
struct record {
	struct writer before;
	uint8_t *length_at;
};

static struct record
begin_record(struct reply *r, size_t owner_at, uint16_t type, uint32_t ttl_s)
{
	struct record record = {.before = r->w};

	writer_u16be(&r->w, (uint16_t)(POINTER | owner_at));
	writer_u16be(&r->w, type);
	writer_u16be(&r->w, CLASS_IN);
	writer_u32be(&r->w, ttl_s);
	record.length_at = r->w.at;
	writer_u16be(&r->w, 0);
	return record;
}

static void
end_record(struct reply *r, enum reply_section section, const struct record *record)
{
	struct writer length;

	if (writer_failed(&r->w)) {
		r->w = record->before;
		r->overflow = true;
		return;
	}
	writer_init(&length, record->length_at, 2);
	writer_u16be(&length, (uint16_t)(r->w.at - record->length_at - 2));
	r->counts[section]++;
}

void
reply_a(struct reply *r, uint32_t ttl_s, uint32_t address)
{
	struct record record = begin_record(r, QUERY_HEADER_SIZE, TYPE_A, ttl_s);

	writer_u32be(&r->w, address);
	end_record(r, REPLY_ANSWER, &record);
}

/* The character-strings of one TXT record (RFC 1035 section 3.3.14); the open one's length
 * byte is filled in as it grows. */
struct strings {
	struct writer *w;
	uint8_t *length; /* of the open string; NULL: none is open */
};

static void
add_bytes(struct strings *s, const char *bytes, size_t len)
{
	while (len != 0 && !writer_failed(s->w)) {
		size_t n = len;

		if (s->length == NULL || *s->length == TXT_STRING_MAX) {
			s->length = s->w->at;
			writer_u8(s->w, 0);
			if (writer_failed(s->w))
				return;
		}
		if (n > (size_t)(TXT_STRING_MAX - *s->length))
			n = (size_t)(TXT_STRING_MAX - *s->length);
		writer_bytes(s->w, bytes, n);
		*s->length = (uint8_t)(*s->length + n);
		bytes += n;
		len -= n;
	}
}

void
reply_txt(struct reply *r, uint32_t ttl_s, struct text template, struct text address)
{
	struct record record = begin_record(r, QUERY_HEADER_SIZE, TYPE_TXT, ttl_s);
	struct strings strings = {.w = &r->w};

	while (template.len != 0) {
		const char *mark = memchr(template.p, SNAPSHOT_ADDRESS_MARK, template.len);
		size_t plain = mark != NULL ? (size_t)(mark - template.p) : template.len;

		add_bytes(&strings, template.p, plain);
		if (mark != NULL)
			add_bytes(&strings, address.p, address.len);
		template = text_from(template, plain + (mark != NULL));
	}
	if (strings.length == NULL)
		writer_u8(&r->w, 0); /* a TXT record has at least one string, be it empty */
	end_record(r, REPLY_ANSWER, &record);
}

void
reply_set_origin(struct reply *r, const struct zone *z)
{
	r->origin_at = (uint16_t)(QUERY_HEADER_SIZE + r->query->name.len - z->origin_len);
}

static void
write_name(struct reply *r, const struct zone_name *n)
{
	writer_bytes(&r->w, n->labels, n->len);
	if (n->in_origin)
		writer_u16be(&r->w, (uint16_t)(POINTER | (r->origin_at + n->origin_at)));
}

void
reply_soa(struct reply *r, enum reply_section section, uint32_t ttl_s, const struct zone *z)
{
	struct record record = begin_record(r, r->origin_at, TYPE_SOA, ttl_s);

	write_name(r, &z->mname);
	write_name(r, &z->rname);
	writer_u32be(&r->w, z->serial);
	writer_u32be(&r->w, z->refresh_s);
	writer_u32be(&r->w, z->retry_s);
	writer_u32be(&r->w, z->expire_s);
	writer_u32be(&r->w, z->minimum_s);
	end_record(r, section, &record);
}

void
reply_ns(struct reply *r, uint32_t ttl_s, const struct zone_name *name)
{
	struct record record = begin_record(r, r->origin_at, TYPE_NS, ttl_s);

	write_name(r, name);
	end_record(r, REPLY_ANSWER, &record);
}
