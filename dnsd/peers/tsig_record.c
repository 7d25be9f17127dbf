#include "tsig_record.h"

#include <string.h>

#include <orbl/cursor.h>

#include "big_endian.h"
#include "query.h"

enum {
	CLASS_ANY = 255,
	POINTER = 0xc0,
	QUESTION_TAIL = 4,
	RECORD_HEAD = 10, /* type, class, TTL, length */
	ARCOUNT_AT = 10,
};

/* Steps over a name, without following pointers. */
static void
skip_name(struct cursor *c)
{
	uint8_t len = cursor_u8(c);

	while (len != 0 && !cursor_failed(c)) {
		if ((len & POINTER) == POINTER) {
			cursor_u8(c);
			return;
		}
		if (len > WIRE_NAME_LABEL_MAX)
			c->failed = true;
		else
			cursor_bytes(c, len);
		len = cursor_u8(c);
	}
}

/* A whole name, lower case. Pointers only lead back, each before the one it was found at; so there
 * is an end. */
static bool
read_name(const uint8_t *packet, size_t at, size_t end, uint8_t out[WIRE_NAME_MAX], size_t *len)
{
	size_t from = at, n = 0;

	while (at < end) {
		uint8_t label = packet[at];

		if (label == 0) {
			out[n] = 0;
			*len = n + 1;
			wire_name_lower(out, *len);
			return true;
		}
		if ((label & POINTER) == POINTER) {
			size_t to;

			if (at + 1 >= end)
				return false;
			to = (size_t)(label & ~POINTER) << 8 | packet[at + 1];
			if (to >= from || to < QUERY_HEADER_SIZE)
				return false;
			from = at = to;
			continue;
		}
		if (label > WIRE_NAME_LABEL_MAX || n + label + 2u > WIRE_NAME_MAX ||
			label >= end - at)
			return false;
		memcpy(out + n, packet + at, label + 1u);
		n += label + 1u;
		at += label + 1u;
	}
	return false;
}

/* RFC 3597 section 4: no pointers in the data of such a record. */
static bool
read_algorithm(struct cursor *c, struct tsig_record *out)
{
	size_t left = cursor_left(c);

	for (size_t at = 0; at < left && c->at[at] != 0; at += c->at[at] + 1u)
		if (c->at[at] > WIRE_NAME_LABEL_MAX)
			return false;
	if (!read_name(c->at, 0, left, out->algorithm, &out->algorithm_len))
		return false;
	return cursor_bytes(c, out->algorithm_len) != NULL;
}

static uint64_t
read_time(struct cursor *c)
{
	uint64_t upper = cursor_u16be(c);

	return upper << 32 | cursor_u32be(c);
}

static bool
read_data(const uint8_t *data, size_t len, struct tsig_record *out)
{
	struct cursor c;

	cursor_init(&c, data, len);
	if (!read_algorithm(&c, out))
		return false;
	out->time_s = read_time(&c);
	out->fudge_s = cursor_u16be(&c);
	out->mac_len = cursor_u16be(&c);
	out->mac = cursor_bytes(&c, out->mac_len);
	out->original_id = cursor_u16be(&c);
	out->error = cursor_u16be(&c);
	out->other_len = cursor_u16be(&c);
	out->other = cursor_bytes(&c, out->other_len);
	return !cursor_failed(&c) && cursor_left(&c) == 0;
}

enum tsig_found
tsig_record_find(const uint8_t *packet, size_t len, struct tsig_record *out)
{
	const uint8_t *header, *head = NULL, *data = NULL;
	uint32_t questions, records;
	struct cursor c;
	size_t start = 0;

	cursor_init(&c, packet, len);
	header = cursor_bytes(&c, QUERY_HEADER_SIZE);
	if (header == NULL)
		return TSIG_FOUND_BAD;
	questions = big_endian_u16(header + 4);
	records = (uint32_t)big_endian_u16(header + 6) + big_endian_u16(header + 8) +
		big_endian_u16(header + ARCOUNT_AT);
	for (uint32_t i = 0; i < questions && !cursor_failed(&c); i++) {
		skip_name(&c);
		cursor_bytes(&c, QUESTION_TAIL);
	}
	for (uint32_t i = 0; i < records && !cursor_failed(&c); i++) {
		/* RFC 8945 section 5.1: it is the last one, and there is one. */
		if (head != NULL && big_endian_u16(head) == TYPE_TSIG)
			return TSIG_FOUND_BAD;
		start = cursor_offset(&c);
		skip_name(&c);
		head = cursor_bytes(&c, RECORD_HEAD);
		data = head != NULL ? cursor_bytes(&c, big_endian_u16(head + 8)) : NULL;
	}
	if (cursor_failed(&c) || cursor_left(&c) != 0)
		return TSIG_FOUND_BAD;
	if (head == NULL || big_endian_u16(head) != TYPE_TSIG)
		return TSIG_FOUND_NONE;
	out->start = start;
	if (big_endian_u16(packet + ARCOUNT_AT) == 0 || big_endian_u16(head + 2) != CLASS_ANY ||
		big_endian_u32(head + 4) != 0 ||
		!read_name(packet, start, len, out->name, &out->name_len) ||
		!read_data(data, big_endian_u16(head + 8), out))
		return TSIG_FOUND_BAD;
	return TSIG_FOUND;
}

size_t
tsig_record_write_time(uint8_t *out, uint64_t time_s, uint16_t fudge_s)
{
	big_endian_put16(out, (unsigned)(time_s >> 32));
	big_endian_put32(out + 2, (uint32_t)time_s);
	big_endian_put16(out + TSIG_TIME_SIZE, fudge_s);
	return TSIG_TIME_SIZE + 2;
}

size_t
tsig_record_append(uint8_t *packet, size_t len, size_t size, const struct tsig_record *r)
{
	size_t data = r->algorithm_len + TSIG_TIME_SIZE + 10 + r->mac_len + r->other_len;
	uint8_t *at = packet + len;
	unsigned count;

	if (len < QUERY_HEADER_SIZE || size < len || size - len < r->name_len + RECORD_HEAD + data)
		return 0;
	count = big_endian_u16(packet + ARCOUNT_AT);
	if (count == UINT16_MAX)
		return 0;
	memcpy(at, r->name, r->name_len);
	at += r->name_len;
	big_endian_put16(at, TYPE_TSIG);
	big_endian_put16(at + 2, CLASS_ANY);
	big_endian_put32(at + 4, 0);
	big_endian_put16(at + 8, (unsigned)data);
	at += RECORD_HEAD;
	memcpy(at, r->algorithm, r->algorithm_len);
	at += r->algorithm_len;
	at += tsig_record_write_time(at, r->time_s, r->fudge_s);
	big_endian_put16(at, (unsigned)r->mac_len);
	if (r->mac_len != 0)
		memcpy(at + 2, r->mac, r->mac_len);
	at += 2 + r->mac_len;
	big_endian_put16(at, r->original_id);
	big_endian_put16(at + 2, r->error);
	big_endian_put16(at + 4, (unsigned)r->other_len);
	if (r->other_len != 0)
		memcpy(at + 6, r->other, r->other_len);
	at += 6 + r->other_len;
	big_endian_put16(packet + ARCOUNT_AT, count + 1);
	return (size_t)(at - packet);
}
