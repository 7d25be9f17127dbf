#include "utf16.h"

#include <stdbool.h>

#include "utf8.h"

static uint32_t
unit_at(const uint8_t *p, size_t i)
{
	return (uint32_t)p[2 * i + 1] << 8 | p[2 * i];
}

static bool
is_half(uint32_t unit, uint32_t first)
{
	return (unit & 0xfc00) == first;
}

size_t
utf16_to_utf8(const uint8_t *p, size_t units, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < units; i++) {
		uint32_t code = unit_at(p, i);

		if (code == 0)
			continue;
		if (is_half(code, 0xd800) && i + 1 < units && is_half(unit_at(p, i + 1), 0xdc00)) {
			i++;
			code = 0x10000 + ((code & 0x3ff) << 10) + (unit_at(p, i) & 0x3ff);
		} else if ((code & 0xf800) == 0xd800) {
			code = UTF8_REPLACEMENT;
		}
		len += utf8_put(code, out + len);
	}
	return len;
}
