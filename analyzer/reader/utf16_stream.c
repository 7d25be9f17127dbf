#include "utf16_stream.h"

#include "utf8.h"

static char *
put(char *at, uint32_t code)
{
	return at + utf8_put(code, at);
}

static char *
put_unit(struct utf16_stream *u, char *at, uint16_t unit)
{
	bool is_low = unit >= 0xdc00 && unit <= 0xdfff;

	if (u->high != 0 && is_low) {
		uint32_t code = 0x10000 + ((uint32_t)(u->high - 0xd800) << 10) + (unit - 0xdc00u);

		u->high = 0;
		return put(at, code);
	}
	if (u->high != 0)
		at = put(at, UTF8_REPLACEMENT);
	u->high = 0;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		u->high = unit;
		return at;
	}
	return put(at, is_low ? UTF8_REPLACEMENT : unit);
}

size_t
utf16_stream_feed(struct utf16_stream *u, const void *in, size_t len, char *out)
{
	const uint8_t *b = in;
	char *at = out;

	for (size_t i = 0; i < len; i++) {
		uint8_t first = u->byte;

		if (!u->has_byte) {
			u->byte = b[i];
			u->has_byte = true;
			continue;
		}
		u->has_byte = false;
		at = put_unit(u, at, (uint16_t)(u->is_big ? first << 8 | b[i] : b[i] << 8 | first));
	}
	return (size_t)(at - out);
}

size_t
utf16_stream_finish(struct utf16_stream *u, char *out)
{
	char *at = out;

	if (u->high != 0)
		at = put(at, UTF8_REPLACEMENT);
	if (u->has_byte)
		at = put(at, UTF8_REPLACEMENT);
	*u = (struct utf16_stream){.is_big = u->is_big};
	return (size_t)(at - out);
}
