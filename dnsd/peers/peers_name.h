/* peers_name.h - names of zones and keys as peers.h has them: presentation form, lower case,
 * without the last dot; the root is "". */
#ifndef DNSD_PEERS_NAME_H
#define DNSD_PEERS_NAME_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire_name.h"

enum { PEERS_NAME_TEXT = 256 };

/* Of a wire name, whatever its case. False: its escapes are too long for a name that somebody
 * typed. */
static inline bool
peers_name_of(const uint8_t *wire, size_t len, char out[PEERS_NAME_TEXT])
{
	uint8_t lower[WIRE_NAME_MAX];
	char text[WIRE_NAME_TEXT];

	memcpy(lower, wire, len);
	wire_name_lower(lower, len);
	wire_name_format(lower, text);
	if (strcmp(text, ".") == 0)
		text[0] = '\0';
	return snprintf(out, PEERS_NAME_TEXT, "%s", text) < PEERS_NAME_TEXT;
}

static inline bool
peers_name_read(struct text t, char out[PEERS_NAME_TEXT])
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	return wire_name_parse(t, wire, &len) == OK && peers_name_of(wire, len, out);
}

/* Is inner the zone or below it? */
static inline bool
peers_name_is_in(const char *inner, const char *zone)
{
	size_t n = strlen(inner), z = strlen(zone);

	if (n < z || strcmp(inner + (n - z), zone) != 0)
		return false;
	return n == z || z == 0 || inner[n - z - 1] == '.';
}

#endif
