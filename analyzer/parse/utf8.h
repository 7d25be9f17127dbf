/* utf8.h - writing UTF-8 (RFC 3629). */
#ifndef ANALYZER_PARSE_UTF8_H
#define ANALYZER_PARSE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xfffd, UTF8_MAX = 4 };

/* code <= 0x10ffff and no surrogate. Returns the bytes written, at most UTF8_MAX. */
static inline size_t
utf8_put(uint32_t code, char *out)
{
	size_t n = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0x00, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i != 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(first[n] | code);
	return n + 1;
}

#endif
