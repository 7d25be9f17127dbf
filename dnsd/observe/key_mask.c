#include "key_mask.h"

#include <stdbool.h>
#include <string.h>

#include <orbl/query_key.h>

enum { HEADER = 12, POINTER = 0xc0 };

static bool
is_key(const uint8_t *label)
{
	return query_key_is_key((struct text){(const char *)label + 1, label[0]});
}

size_t
key_mask_name(const uint8_t *wire, size_t len, uint8_t out[WIRE_NAME_MAX])
{
	size_t at = 0, to = 0;

	while (at < len && wire[at] != 0 && at + 1u + wire[at] < len) {
		size_t label = 1u + wire[at];

		if (is_key(wire + at)) {
			out[to++] = 1;
			out[to++] = '*';
		} else {
			memcpy(out + to, wire + at, label);
			to += label;
		}
		at += label;
	}
	out[to++] = 0;
	return to;
}

void
key_mask_message(uint8_t *message, size_t len)
{
	size_t at = HEADER;

	if (len < HEADER || (message[4] | message[5]) == 0)
		return;
	while (at < len && message[at] != 0 && message[at] < POINTER && at + message[at] < len) {
		if (is_key(message + at))
			memset(message + at + 1, '*', message[at]);
		at += 1u + message[at];
	}
}
