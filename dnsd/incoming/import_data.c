#include "import_data.h"

#include <string.h>

#include "big_endian.h"

enum {
	STRING_MAX = 255,
	LOOPBACK = 127,
	CLASS_ITEMS_MAX = 3 * SNAPSHOT_RECORDS_MAX + SNAPSHOT_NS_MAX,
};

/* --- keeping -------------------------------------------------------------- */

/* The strings of a TXT joined, if they are filled as we fill them: all but the last have 255
 * bytes, which is not empty unless it is the only one. */
static bool
join_strings(const uint8_t *rdata, size_t len, uint8_t out[SNAPSHOT_TXT_MAX], size_t *joined)
{
	size_t at = 0;

	*joined = 0;
	while (at < len) {
		size_t n = rdata[at], next = at + 1 + n;

		if (next > len || *joined + n > SNAPSHOT_TXT_MAX ||
			(n != STRING_MAX && next < len) || (n == 0 && at != 0))
			return false;
		memcpy(out + *joined, rdata + at + 1, n);
		*joined += n;
		at = next;
	}
	return len != 0 && memchr(out, SNAPSHOT_ADDRESS_MARK, *joined) == NULL;
}

static bool
is_txt(const uint8_t *rdata, size_t len)
{
	size_t at = 0;

	while (at < len)
		at += 1 + (size_t)rdata[at];
	return len != 0 && at == len;
}

/* Each place of the subject becomes a mark. What is made of it again is the same text, whatever
 * stands around the places. Returns the length. */
static size_t
mark_subject(uint8_t *text, size_t len, struct text subject)
{
	size_t from = 0, to = 0;

	if (subject.len == 0)
		return len;
	while (from < len) {
		if (len - from >= subject.len && memcmp(text + from, subject.p, subject.len) == 0) {
			text[to++] = (uint8_t)SNAPSHOT_ADDRESS_MARK;
			from += subject.len;
		} else {
			text[to++] = text[from++];
		}
	}
	return to;
}

static enum err
keep(struct zone_import *z, const uint8_t *bytes, size_t len, uint32_t *data, struct error *e)
{
	*data = byte_pool_add(&z->data, bytes, len);
	if (*data == BYTE_POOL_NONE)
		return error_set(e, ERR_MEMORY, "out of memory for its records");
	if (z->data.used + z->names.used > z->limits.bytes)
		return error_set(e, ERR_FULL,
			"its names and data take more than %zu bytes, which is as much as we keep",
			z->limits.bytes);
	return OK;
}

enum err
import_data_keep(struct zone_import *z, const struct zone_import_record *r, struct text subject,
	uint32_t *data, struct error *e)
{
	uint8_t kept[IMPORT_DATA_MAX];
	size_t len = r->rdata_len;

	if (len > SNAPSHOT_RDATA_MAX)
		return error_set(e, ERR_UNSUPPORTED,
			"the data of a record have %zu bytes; we answer with at most %d", len,
			SNAPSHOT_RDATA_MAX);
	if ((r->type == TYPE_A && len != 4) || (r->type == TYPE_TXT && !is_txt(r->rdata, len)))
		return error_set(e, ERR_SYNTAX, "the data of a record of type %u are malformed",
			(unsigned)r->type);
	big_endian_put16(kept, r->type);
	kept[2] = IMPORT_RAW;
	if (r->type == TYPE_TXT && join_strings(r->rdata, len, kept + IMPORT_DATA_HEAD, &len)) {
		kept[2] = IMPORT_TEXT;
		len = mark_subject(kept + IMPORT_DATA_HEAD, len, subject);
	} else if (r->rdata_len != 0) {
		len = r->rdata_len;
		memcpy(kept + IMPORT_DATA_HEAD, r->rdata, len);
	}
	return keep(z, kept, IMPORT_DATA_HEAD + len, data, e);
}

/* --- reading -------------------------------------------------------------- */

struct import_data
import_data_get(const struct zone_import *z, uint32_t data)
{
	size_t len;
	const uint8_t *b = byte_pool_get(&z->data, data, &len);

	return (struct import_data){big_endian_u16(b), (enum import_form)b[2],
		{(const char *)b + IMPORT_DATA_HEAD, len - IMPORT_DATA_HEAD}};
}

/* A text that is written as strings. */
struct strings {
	uint8_t *out;
	size_t at, string; /* string: where the open one begins */
	bool failed;
};

static void
put_byte(struct strings *s, char c)
{
	if (s->at - s->string > STRING_MAX) {
		s->string = s->at;
		s->at++;
	}
	if (s->at >= SNAPSHOT_RDATA_MAX) {
		s->failed = true;
		return;
	}
	s->out[s->at++] = (uint8_t)c;
	s->out[s->string] = (uint8_t)(s->at - s->string - 1);
}

size_t
import_data_strings(struct text template, struct text subject, uint8_t out[SNAPSHOT_RDATA_MAX])
{
	struct strings s = {.out = out, .at = 1};

	out[0] = 0;
	for (size_t i = 0; i < template.len && !s.failed; i++) {
		if (template.p[i] != SNAPSHOT_ADDRESS_MARK) {
			put_byte(&s, template.p[i]);
			continue;
		}
		for (size_t k = 0; k < subject.len && !s.failed; k++)
			put_byte(&s, subject.p[k]);
	}
	return s.failed ? 0 : s.at;
}

size_t
import_data_wire(const struct import_data *d, struct text subject, uint8_t out[SNAPSHOT_RDATA_MAX])
{
	if (d->form == IMPORT_TEXT)
		return import_data_strings(d->bytes, subject, out);
	if (d->bytes.len != 0)
		memcpy(out, d->bytes.p, d->bytes.len);
	return d->bytes.len;
}

/* --- classes -------------------------------------------------------------- */

static bool
is_code(const struct import_data *d)
{
	return d->type == TYPE_A && (uint8_t)d->bytes.p[0] == LOOPBACK;
}

bool
import_data_is_listed(const struct zone_import *z, const struct import_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct import_data d = import_data_get(z, items[i].data);

		if (is_code(&d))
			return true;
	}
	return false;
}

/* RFC 2181 section 5.2: records of a type have one TTL; we take the lowest. One of 0 would be the
 * zone's default in a class, so it is 1. UINT32_MAX: there is no such record. */
static uint32_t
least_ttl(const struct zone_import *z, const struct import_item *items, size_t count, uint16_t type)
{
	uint32_t ttl_s = UINT32_MAX;

	for (size_t i = 0; i < count; i++)
		if (import_data_get(z, items[i].data).type == type && items[i].ttl_s < ttl_s)
			ttl_s = items[i].ttl_s;
	return ttl_s != 0 ? ttl_s : 1;
}

static bool
add_code(struct snapshot_class *c, const struct import_data *d)
{
	if (c->a_count == SNAPSHOT_RECORDS_MAX)
		return false;
	c->a[c->a_count++] = big_endian_u32((const uint8_t *)d->bytes.p);
	return true;
}

static bool
add_text(struct snapshot_class *c, const struct import_data *d)
{
	if (c->txt_count == SNAPSHOT_RECORDS_MAX)
		return false;
	c->txt[c->txt_count++] = d->bytes;
	return true;
}

static bool
add_record(struct import_class *out, const struct import_data *d, struct text subject,
	uint32_t ttl_s)
{
	struct snapshot_class *c = &out->class;
	struct snapshot_record *r = &c->records[c->record_count];
	uint8_t *room = out->room + out->used;

	if (c->record_count == SNAPSHOT_RECORDS_MAX)
		return false;
	*r = (struct snapshot_record){d->type, ttl_s, d->bytes};
	if (d->form == IMPORT_TEXT) {
		r->rdata = (struct text){(char *)room, import_data_wire(d, subject, room)};
		out->used += r->rdata.len;
		if (r->rdata.len == 0)
			return false;
	}
	c->record_count++;
	return true;
}

enum err
import_data_class(const struct zone_import *z, const struct import_item *items, size_t count,
	struct text subject, enum import_way way, struct import_class *out, struct error *e)
{
	struct snapshot_class *c = &out->class;
	size_t some = count < CLASS_ITEMS_MAX ? count : CLASS_ITEMS_MAX;
	uint32_t a_ttl_s = least_ttl(z, items, some, TYPE_A);
	uint32_t txt_ttl_s = least_ttl(z, items, some, TYPE_TXT);
	bool ok = count <= CLASS_ITEMS_MAX;

	c->a_count = c->txt_count = c->record_count = 0;
	c->expires_s = 0;
	c->action = SNAPSHOT_LISTED;
	c->ttl_s = a_ttl_s != UINT32_MAX ? a_ttl_s : txt_ttl_s != UINT32_MAX ? txt_ttl_s : 1;
	out->used = 0;
	for (size_t i = 0; ok && i < count; i++) {
		struct import_data d = import_data_get(z, items[i].data);

		if (d.type == TYPE_NS && way == IMPORT_AS_ORIGIN)
			continue;
		if (way == IMPORT_AS_LISTING && is_code(&d))
			ok = add_code(c, &d);
		else if (way == IMPORT_AS_LISTING && d.form == IMPORT_TEXT && txt_ttl_s == c->ttl_s)
			ok = add_text(c, &d);
		else
			ok = add_record(out, &d, subject, least_ttl(z, items, count, d.type));
	}
	if (!ok)
		return error_set(e, ERR_UNSUPPORTED,
			"more than %d A, TXT or other records of one name; we answer with no more",
			SNAPSHOT_RECORDS_MAX);
	return OK;
}
