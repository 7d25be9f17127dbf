#include "zone_piece.h"

#include <stdlib.h>
#include <string.h>

#include "big_endian.h"

enum { POINTER = 0xc000, STRING_MAX = 255 };

void
zone_draft_init(struct zone_draft *d, const uint8_t *origin, size_t origin_len)
{
	d->origin = origin;
	d->origin_len = origin_len;
	d->at = d->data_at = 0;
	d->count = d->pointer_count = 0;
	d->failed = false;
}

void
zone_draft_bytes(struct zone_draft *d, const void *bytes, size_t len)
{
	if (d->failed || sizeof(d->bytes) - d->at < len) {
		d->failed = true;
		return;
	}
	if (len != 0)
		memcpy(d->bytes + d->at, bytes, len);
	d->at += len;
}

static void
add_u16(struct zone_draft *d, unsigned v)
{
	uint8_t b[2];

	big_endian_put16(b, v);
	zone_draft_bytes(d, b, sizeof(b));
}

void
zone_draft_u32(struct zone_draft *d, uint32_t v)
{
	uint8_t b[4];

	big_endian_put32(b, v);
	zone_draft_bytes(d, b, sizeof(b));
}

static void
add_pointer(struct zone_draft *d, size_t origin_at)
{
	if (d->pointer_count == ORBL_COUNT(d->pointers)) {
		d->failed = true;
		return;
	}
	d->pointers[d->pointer_count++] = (struct zone_pointer){(uint16_t)d->at,
		(uint8_t)origin_at};
	add_u16(d, POINTER);
}

void
zone_draft_begin(struct zone_draft *d, bool of_origin, uint16_t type, uint32_t ttl_s)
{
	if (of_origin)
		add_pointer(d, 0);
	else
		add_u16(d, POINTER | QUERY_HEADER_SIZE);
	add_u16(d, type);
	add_u16(d, CLASS_IN);
	zone_draft_u32(d, ttl_s);
	add_u16(d, 0);
	d->data_at = d->at;
}

void
zone_draft_end(struct zone_draft *d)
{
	if (!d->failed)
		big_endian_put16(d->bytes + d->data_at - 2, (unsigned)(d->at - d->data_at));
	d->count++;
}

/* The longest tail of both: how much of the name is before it, and where the origin has it. */
static bool
find_common_tail(const struct zone_draft *d, const uint8_t *name, size_t len, size_t *own,
	size_t *at)
{
	uint8_t lower[WIRE_NAME_MAX];

	memcpy(lower, name, len);
	wire_name_lower(lower, len);
	for (*own = 0; lower[*own] != 0; *own += lower[*own] + 1u)
		for (*at = 0; d->origin[*at] != 0; *at += d->origin[*at] + 1u)
			if (len - *own == d->origin_len - *at &&
				memcmp(lower + *own, d->origin + *at, len - *own) == 0)
				return true;
	return false;
}

void
zone_draft_name(struct zone_draft *d, const uint8_t *wire, size_t len)
{
	size_t own, at;

	if (!find_common_tail(d, wire, len, &own, &at)) {
		zone_draft_bytes(d, wire, len);
		return;
	}
	zone_draft_bytes(d, wire, own);
	add_pointer(d, at);
}

void
zone_draft_text(struct zone_draft *d, struct text t)
{
	do {
		struct text part = text_upto(t, STRING_MAX);
		uint8_t len = (uint8_t)part.len;

		zone_draft_bytes(d, &len, 1);
		zone_draft_bytes(d, part.p, part.len);
		t = text_from(t, part.len);
	} while (t.len != 0);
}

enum err
zone_draft_finish(const struct zone_draft *d, struct zone_piece *out, struct error *e)
{
	size_t pointers = d->pointer_count * sizeof(*d->pointers);

	if (d->failed)
		return error_set(e, ERR_FULL, "records of the zone need more than %d bytes",
			ZONE_PIECE_MAX);
	zone_piece_free(out);
	out->pointers = malloc(pointers + d->at + 1);
	if (out->pointers == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a zone's records");
	out->bytes = (uint8_t *)out->pointers + pointers;
	memcpy(out->pointers, d->pointers, pointers);
	memcpy(out->bytes, d->bytes, d->at);
	out->len = (uint16_t)d->at;
	out->count = d->count;
	out->pointer_count = d->pointer_count;
	return OK;
}

void
zone_piece_free(struct zone_piece *p)
{
	free(p->pointers);
	memset(p, 0, sizeof(*p));
}
