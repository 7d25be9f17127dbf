#include "binxml_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/cursor.h>

#include "utf16.h"
#include "utf8.h"

enum { TEXT_MAX = 512, SID_PARTS_MAX = 15 };

/* Between 1601 and 1970. */
static const uint64_t filetime_epoch = UINT64_C(116444736000000000);

void
binxml_value_utf16(struct event_build *b, const uint8_t *p, size_t units)
{
	char *room = event_build_room(b, units * UTF16_GROWTH);

	if (room != NULL)
		event_build_filled(b, utf16_to_utf8(p, units, room));
}

static bool
add_utf16(struct event_build *b, struct cursor *c)
{
	binxml_value_utf16(b, c->at, cursor_left(c) / 2);
	return true;
}

static bool
add_ansi(struct event_build *b, struct cursor *c)
{
	size_t len = 0, count = cursor_left(c);
	char *room = event_build_room(b, count * UTF16_GROWTH);

	if (room == NULL)
		return true;
	for (size_t i = 0; i < count; i++)
		if (c->at[i] != 0)
			len += utf8_put(c->at[i] < 0x80 ? c->at[i] : UTF8_REPLACEMENT, room + len);
	event_build_filled(b, len);
	return true;
}

static void
add_printed(struct event_build *b, const char *text)
{
	event_build_text(b, text_of(text));
}

static void
add_unsigned(struct event_build *b, uint64_t v, bool hex)
{
	char text[32];

	if (hex)
		(void)snprintf(text, sizeof(text), "0x%" PRIx64, v);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	add_printed(b, text);
}

static void
add_signed(struct event_build *b, int64_t v)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	add_printed(b, text);
}

static bool
add_i8(struct event_build *b, struct cursor *c)
{
	add_signed(b, (int8_t)cursor_u8(c));
	return true;
}

static bool
add_u8(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u8(c), false);
	return true;
}

static bool
add_i16(struct event_build *b, struct cursor *c)
{
	add_signed(b, (int16_t)cursor_u16le(c));
	return true;
}

static bool
add_u16(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u16le(c), false);
	return true;
}

static bool
add_i32(struct event_build *b, struct cursor *c)
{
	add_signed(b, (int32_t)cursor_u32le(c));
	return true;
}

static bool
add_u32(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u32le(c), false);
	return true;
}

static bool
add_i64(struct event_build *b, struct cursor *c)
{
	add_signed(b, (int64_t)cursor_u64le(c));
	return true;
}

static bool
add_u64(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u64le(c), false);
	return true;
}

static bool
add_hex32(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u32le(c), true);
	return true;
}

static bool
add_hex64(struct event_build *b, struct cursor *c)
{
	add_unsigned(b, cursor_u64le(c), true);
	return true;
}

/* Of the machine that wrote it. */
static bool
add_size(struct event_build *b, struct cursor *c)
{
	return cursor_left(c) >= 8 ? add_hex64(b, c) : add_hex32(b, c);
}

static bool
add_float(struct event_build *b, struct cursor *c)
{
	uint32_t bits = cursor_u32le(c);
	char text[64];
	float v;

	memcpy(&v, &bits, sizeof(v));
	(void)snprintf(text, sizeof(text), "%g", (double)v);
	add_printed(b, text);
	return true;
}

static bool
add_double(struct event_build *b, struct cursor *c)
{
	uint64_t bits = cursor_u64le(c);
	char text[64];
	double v;

	memcpy(&v, &bits, sizeof(v));
	(void)snprintf(text, sizeof(text), "%g", v);
	add_printed(b, text);
	return true;
}

static bool
add_bool(struct event_build *b, struct cursor *c)
{
	add_printed(b, cursor_u32le(c) != 0 ? "true" : "false");
	return true;
}

static bool
add_binary(struct event_build *b, struct cursor *c)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t count = cursor_left(c);
	char *room = event_build_room(b, 2 * count);

	if (room == NULL)
		return true;
	for (size_t i = 0; i < count; i++) {
		room[2 * i] = digits[c->at[i] >> 4];
		room[2 * i + 1] = digits[c->at[i] & 15];
	}
	event_build_filled(b, 2 * count);
	return true;
}

static bool
add_guid(struct event_build *b, struct cursor *c)
{
	uint32_t first = cursor_u32le(c);
	unsigned second = cursor_u16le(c), third = cursor_u16le(c);
	const uint8_t *rest = cursor_bytes(c, 8);
	char text[64];

	if (rest == NULL)
		return false;
	(void)snprintf(text, sizeof(text),
		"{%08" PRIX32 "-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", first, second, third,
		rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
	add_printed(b, text);
	return true;
}

bool
binxml_value_filetime(uint64_t filetime, struct stamp *out)
{
	uint64_t ticks = filetime - filetime_epoch;

	return filetime >= filetime_epoch &&
		stamp_from_epoch((int64_t)(ticks / 10000000), (int32_t)(ticks % 10000000 / 10),
			out);
}

static bool
add_filetime(struct event_build *b, struct cursor *c)
{
	uint64_t filetime = cursor_u64le(c);
	struct stamp s = {0};
	char text[64];

	if (!binxml_value_filetime(filetime, &s)) {
		add_unsigned(b, filetime, true);
		return true;
	}
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%07uZ", s.year, s.month,
		s.day, s.hour, s.minute, s.second, (unsigned)(filetime % 10000000));
	add_printed(b, text);
	return true;
}

static bool
add_systemtime(struct event_build *b, struct cursor *c)
{
	unsigned part[8]; /* year, month, day of the week, day, hour, minute, second, ms */
	char text[96];

	for (size_t i = 0; i < ORBL_COUNT(part); i++)
		part[i] = cursor_u16le(c);
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", part[0], part[1],
		part[3], part[4], part[5], part[6], part[7]);
	add_printed(b, text);
	return true;
}

/* [MS-DTYP] 2.4.2.2: revision, count of sub-authorities, a 48-bit authority, the others. */
static bool
add_sid(struct event_build *b, struct cursor *c)
{
	unsigned revision = cursor_u8(c), count = cursor_u8(c);
	uint64_t authority = 0;
	char text[TEXT_MAX];
	int len;

	for (int i = 0; i < 6; i++)
		authority = authority << 8 | cursor_u8(c);
	if (count > SID_PARTS_MAX || cursor_left(c) < 4 * (size_t)count)
		return false;
	len = snprintf(text, sizeof(text), "S-%u-%" PRIu64, revision, authority);
	for (unsigned i = 0; i < count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "-%" PRIu32,
			cursor_u32le(c));
	add_printed(b, text);
	return true;
}

struct type_row {
	uint8_t type;
	uint8_t size; /* at least so many bytes, and in an array just so many; 0: any */
	bool (*add)(struct event_build *b, struct cursor *c);
};

static const struct type_row types[] = {
	{BINXML_STRING, 0, add_utf16}, {BINXML_ANSI, 0, add_ansi}, {0x03, 1, add_i8},
	{0x04, 1, add_u8}, {0x05, 2, add_i16}, {0x06, 2, add_u16}, {0x07, 4, add_i32},
	{0x08, 4, add_u32}, {0x09, 8, add_i64}, {0x0a, 8, add_u64}, {0x0b, 4, add_float},
	{0x0c, 8, add_double}, {0x0d, 4, add_bool}, {0x0e, 0, add_binary}, {0x0f, 16, add_guid},
	{0x10, 4, add_size}, {0x11, 8, add_filetime}, {0x12, 16, add_systemtime},
	{0x13, 8, add_sid}, {0x14, 4, add_hex32}, {0x15, 8, add_hex64},
	{0x20, 4, add_size},  /* a handle */
	{0x23, 0, add_utf16}, /* XML as text */
};

static const struct type_row *
find_type(uint8_t type)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}

/* Each item ends with NUL; what follows the last NUL is one more. */
static void
add_strings(struct event_build *b, uint8_t type, struct cursor *c)
{
	size_t width = type == BINXML_ANSI ? 1 : 2;
	bool first = true;

	while (cursor_left(c) >= width && b->problem == NULL) {
		size_t units = 0, left = cursor_left(c) / width;
		struct cursor item;

		while (units < left &&
			(c->at[units * width] != 0 ||
				(width == 2 && c->at[units * width + 1] != 0)))
			units++;
		if (!first)
			event_build_again(b);
		first = false;
		cursor_init(&item, c->at, units * width);
		(void)(type == BINXML_ANSI ? add_ansi(b, &item) : add_utf16(b, &item));
		(void)cursor_bytes(c, units * width + (units < left ? width : 0));
	}
}

static bool
add_numbers(struct event_build *b, const struct type_row *row, struct cursor *c)
{
	for (bool first = true; cursor_left(c) >= row->size && b->problem == NULL; first = false) {
		size_t size = row->size;
		struct cursor item;

		if (row->type == 0x13) /* a SID is as long as it says */
			size += 4 * (size_t)c->at[1];
		if (size > cursor_left(c))
			return false;
		if (!first)
			event_build_again(b);
		cursor_init(&item, cursor_bytes(c, size), size);
		if (!row->add(b, &item))
			return false;
	}
	return cursor_left(c) == 0;
}

bool
binxml_value_add(struct event_build *b, uint8_t type, const uint8_t *p, size_t len)
{
	uint8_t base = (uint8_t)(type & ~BINXML_ARRAY);
	const struct type_row *row = find_type(base);
	struct cursor c;

	cursor_init(&c, p, len);
	if (base != BINXML_NULL && row == NULL)
		return false;
	if (base == BINXML_NULL || len == 0)
		return true;
	if (len < row->size)
		return false;
	if (!b->wants)
		return true;
	if ((type & BINXML_ARRAY) == 0)
		return row->add(b, &c);
	if (base == BINXML_STRING || base == BINXML_ANSI)
		add_strings(b, base, &c);
	else if (row->size == 0)
		return row->add(b, &c);
	else
		return add_numbers(b, row, &c);
	return true;
}
