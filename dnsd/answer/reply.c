#include "reply.h"

#include <string.h>

#include "big_endian.h"

enum {
	OPTION_HEAD = 4,
	OPTION_NSID = 3,
	OPTION_COOKIE = 10,
	OPTION_EDE = 15,
	EDE_SIZE = OPTION_HEAD + 2,
	EDE_TEXT_MAX = 200,
	COOKIE_SIZE = OPTION_HEAD + COOKIE_CLIENT_SIZE + COOKIE_SERVER_SIZE,
	RECORD_HEAD = 12, /* a pointer, type, class, TTL, length */
	STRING_MAX = 255,
};

uint8_t *
reply_cookie(struct reply *r)
{
	if (r->end - r->at < COOKIE_SIZE)
		return NULL;
	r->end -= COOKIE_SIZE;
	r->has_cookie = true;
	return r->cookie;
}

static void
add_option(struct reply *r, unsigned code, const void *data, size_t len)
{
	big_endian_put16(r->at, code);
	big_endian_put16(r->at + 2, (unsigned)len);
	memcpy(r->at + OPTION_HEAD, data, len);
	r->at += OPTION_HEAD + len;
}

/* RFC 8914 section 2: the code and a text, which is left out where it does not fit: first the
 * address of a page, then all of it, then the code, too. */
static void
add_ede(struct reply *r)
{
	static const char see[] = "; see ";
	size_t room = (size_t)(r->end - r->at), len = r->ede_text.len;
	struct text url = r->ede_url;
	uint8_t *at = r->at;

	if (room < EDE_SIZE)
		return;
	if (len == 0 || EDE_SIZE + len > room || len > EDE_TEXT_MAX)
		len = 0;
	if (len == 0 || url.len == 0 || EDE_SIZE + len + sizeof(see) - 1 + url.len > room ||
		url.len > EDE_TEXT_MAX)
		url = TEXT_NONE;
	big_endian_put16(at + OPTION_HEAD, (unsigned)r->ede);
	at += EDE_SIZE;
	if (len != 0)
		memcpy(at, r->ede_text.p, len);
	at += len;
	if (url.len != 0) {
		memcpy(at, see, sizeof(see) - 1);
		memcpy(at + sizeof(see) - 1, url.p, url.len);
		at += sizeof(see) - 1 + url.len;
	}
	big_endian_put16(r->at, OPTION_EDE);
	big_endian_put16(r->at + 2, (unsigned)(at - r->at - OPTION_HEAD));
	r->at = at;
}

/* Into OPT, the last record. The cookie's room was set aside, the others are left out where there
 * is none. */
static void
add_options(struct reply *r)
{
	uint8_t *begin = r->at;

	if (r->has_cookie) {
		r->end += COOKIE_SIZE;
		add_option(r, OPTION_COOKIE, r->cookie, sizeof(r->cookie));
	}
	if (r->ede != EDE_NONE)
		add_ede(r);
	if (r->nsid.len != 0 && (size_t)(r->end - r->at) >= OPTION_HEAD + r->nsid.len)
		add_option(r, OPTION_NSID, r->nsid.p, r->nsid.len);
	big_endian_put16(begin - 2, (unsigned)(r->at - begin));
}

size_t
reply_end(struct reply *r, bool may_truncate)
{
	reply_end_plain(r, may_truncate);
	if (r->query->edns)
		add_options(r);
	return (size_t)(r->at - r->out);
}

/* --- records ------------------------------------------------------------ */

/* A record of the question's name, without its data. NULL: it does not fit. A reply is never longer
 * than 65,535 bytes, so what fits has a length of 16 bits. */
static uint8_t *
begin_record(struct reply *r, uint16_t type, uint32_t ttl_s, size_t len)
{
	uint8_t *at = r->at;

	if ((size_t)(r->end - at) < RECORD_HEAD + len) {
		r->overflow = true;
		return NULL;
	}
	big_endian_put16(at, REPLY_POINTER | QUERY_HEADER_SIZE);
	big_endian_put16(at + 2, type);
	big_endian_put16(at + 4, CLASS_IN);
	big_endian_put32(at + 6, ttl_s);
	big_endian_put16(at + 10, (unsigned)len);
	r->at += RECORD_HEAD + len;
	r->counts[REPLY_ANSWER]++;
	return at + RECORD_HEAD;
}

void
reply_record(struct reply *r, uint16_t class, uint16_t type, uint32_t ttl_s, struct text rdata)
{
	uint8_t *data = begin_record(r, type, ttl_s, rdata.len);

	if (data == NULL)
		return;
	big_endian_put16(data - RECORD_HEAD + 4, class);
	if (rdata.len != 0)
		memcpy(data, rdata.p, rdata.len);
}

/* The character-strings of one TXT record (RFC 1035 section 3.3.14): bytes with a length before
 * each STRING_MAX of them. */
struct strings {
	uint8_t *at, *length; /* length: of the open string */
};

static void
add_bytes(struct strings *s, const char *bytes, size_t len)
{
	while (len != 0) {
		size_t room = STRING_MAX - *s->length, n = len < room ? len : room;

		if (room == 0) {
			s->length = s->at++;
			*s->length = 0;
			continue;
		}
		memcpy(s->at, bytes, n);
		s->at += n;
		*s->length = (uint8_t)(*s->length + n);
		bytes += n;
		len -= n;
	}
}

/* Up to the next mark, or the end; *rest is what follows. True: there is a mark in between. */
static bool
cut_template(struct text *rest, struct text *plain)
{
	const char *mark = memchr(rest->p, SNAPSHOT_ADDRESS_MARK, rest->len);

	*plain = *rest;
	if (mark == NULL) {
		rest->len = 0;
		return false;
	}
	plain->len = (size_t)(mark - rest->p);
	rest->p = mark + 1;
	rest->len -= plain->len + 1;
	return true;
}

static size_t
text_length(struct text template, struct text subject)
{
	struct text plain;
	size_t len = 0;

	while (template.len != 0) {
		if (cut_template(&template, &plain))
			len += subject.len;
		len += plain.len;
	}
	return len;
}

void
reply_txt(struct reply *r, uint32_t ttl_s, struct text template, struct text subject)
{
	size_t len = text_length(template, subject);
	/* A TXT record has at least one string, be it empty. */
	size_t strings = len == 0 ? 1 : (len + STRING_MAX - 1) / STRING_MAX;
	uint8_t *data = begin_record(r, TYPE_TXT, ttl_s, len + strings);
	struct text plain;
	struct strings s;

	if (data == NULL)
		return;
	s = (struct strings){data + 1, data};
	*data = 0;
	while (template.len != 0) {
		bool has_mark = cut_template(&template, &plain);

		add_bytes(&s, plain.p, plain.len);
		if (has_mark)
			add_bytes(&s, subject.p, subject.len);
	}
}

void
reply_drop_repeated(struct reply *r)
{
	const uint8_t *at = r->out + QUERY_HEADER_SIZE + r->query->question_len, *last = at;
	size_t len;

	if (r->counts[REPLY_ANSWER] < 2)
		return;
	for (unsigned i = 1; i < r->counts[REPLY_ANSWER]; i++)
		last += RECORD_HEAD + big_endian_u16(last + 10);
	len = 2u + big_endian_u16(last + 10);
	for (; at != last; at += RECORD_HEAD + big_endian_u16(at + 10))
		if (memcmp(at + 10, last + 10, 2) == 0 && memcmp(at + 10, last + 10, len) == 0) {
			r->at = r->out + (last - r->out);
			r->counts[REPLY_ANSWER]--;
			return;
		}
}

void
reply_piece_ttl(struct reply *r, enum reply_section section, const struct zone_piece *p,
	size_t origin_len, uint32_t ttl_s)
{
	uint8_t *at = r->at;

	reply_piece(r, section, p, origin_len);
	if (r->at != at)
		big_endian_put32(at + ZONE_PIECE_TTL_AT, ttl_s);
}
