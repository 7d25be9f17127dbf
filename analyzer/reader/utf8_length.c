#include "utf8_length.h"

#include <stdint.h>

size_t
utf8_length(struct text t)
{
	static const struct {
		uint8_t first_low, first_high, second_low, second_high;
		size_t len;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const uint8_t *b = (const uint8_t *)t.p;

	if (t.len == 0 || b[0] < 0x80)
		return t.len == 0 ? 0 : 1;
	for (size_t i = 0; i < ORBL_COUNT(forms); i++) {
		if (b[0] < forms[i].first_low || b[0] > forms[i].first_high)
			continue;
		if (t.len < forms[i].len || b[1] < forms[i].second_low ||
			b[1] > forms[i].second_high)
			return 0;
		for (size_t j = 2; j < forms[i].len; j++)
			if ((b[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}
