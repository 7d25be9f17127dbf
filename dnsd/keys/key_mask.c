#include "key_mask.h"

#include <stdbool.h>
#include <string.h>

#include <orbl/query_key.h>

enum {
	HEADER = 12,
	POINTER = 0xc0,
	LIKE_KEY = QUERY_KEY_LEN - 1, /* characters of base32 in a label */
	CUT_KEY = 8,                  /* of a key at the end of a message */
};

static bool
is_base32(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '2' && c <= '7');
}

static bool
may_be_key(const uint8_t *label, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += is_base32(label[i]);
	return count >= LIKE_KEY;
}

size_t
key_mask_name(const uint8_t *wire, size_t len, uint8_t out[WIRE_NAME_MAX])
{
	size_t at = 0, to = 0;

	while (at < len && wire[at] != 0 && at + 1u + wire[at] < len) {
		size_t label = 1u + wire[at];

		if (may_be_key(wire + at + 1, wire[at])) {
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
key_mask_text(char *name)
{
	char *to = name;

	for (const char *at = name; *at != '\0';) {
		size_t len = strcspn(at, ".");

		if (may_be_key((const uint8_t *)at, len)) {
			*to++ = '*';
		} else {
			memmove(to, at, len);
			to += len;
		}
		at += len;
		if (*at == '.')
			*to++ = *at++;
	}
	*to = '\0';
}

static void
mask_question(uint8_t *message, size_t len)
{
	size_t at = HEADER;

	while (at < len && message[at] != 0 && message[at] < POINTER && at + message[at] < len) {
		if (may_be_key(message + at + 1, message[at]))
			memset(message + at + 1, '*', message[at]);
		at += 1u + message[at];
	}
}

static void
mask_anywhere(uint8_t *message, size_t len)
{
	for (size_t at = HEADER; at < len; at++) {
		size_t run = 0;

		if (message[at] != QUERY_KEY_LEN)
			continue;
		while (run < QUERY_KEY_LEN && at + 1 + run < len &&
			is_base32(message[at + 1 + run]))
			run++;
		if (run == QUERY_KEY_LEN || (run >= CUT_KEY && at + 1 + run == len))
			memset(message + at + 1, '*', run);
	}
}

void
key_mask_message(uint8_t *message, size_t len)
{
	if (len <= HEADER)
		return;
	if ((message[4] | message[5]) != 0)
		mask_question(message, len);
	mask_anywhere(message, len);
}
