/* wire_name.h - domain names between presentation and wire form (RFC 1035 sections 3.1, 5.1).
 *
 * A wire name is length bytes and labels, ended by the root's 0: at most 255 bytes, labels
 * of 1 to 63. Nothing here reads or writes a compression pointer.
 */
#ifndef DNSD_WIRE_NAME_H
#define DNSD_WIRE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum {
	WIRE_NAME_MAX = 255,
	WIRE_NAME_LABELS_MAX = 127,
	WIRE_NAME_LABEL_MAX = 63,
	WIRE_NAME_TEXT = 1024, /* any name in presentation form, with the NUL */
};

/* "dnsbl.example.com", with or without the last dot, with \. and \DDD escapes; "" and "."
 * are the root. *len counts the root's 0. Letters keep their case. */
enum err wire_name_parse(struct text t, uint8_t out[WIRE_NAME_MAX], size_t *len) ORBL_NODISCARD;
/* A well formed wire name for logs, without the last dot. Returns out. */
const char *wire_name_format(const uint8_t *wire, char out[WIRE_NAME_TEXT]);

/* Eight bytes, read in any byte order, in ASCII lower case: each query's name passes here. Per
 * byte, the upper bit of seven_bits + (0x80 - c) says whether it is c or more; a byte with its
 * own upper bit set is no letter. */
static inline uint64_t
wire_name_lower_eight(uint64_t bytes)
{
	const uint64_t each = 0x0101010101010101, upper = 0x80 * each;
	uint64_t seven_bits = bytes & ~upper;
	uint64_t from_a = seven_bits + (0x80 - 'A') * each;
	uint64_t beyond_z = seven_bits + (0x80 - 'Z' - 1) * each;

	return bytes | (from_a & ~beyond_z & ~bytes & upper) >> 2;
}

/* ASCII lower case. Length bytes are below 'A' and so stay as they are. */
void wire_name_lower(uint8_t *wire, size_t len);
/* Labels of a well formed name, without the root. */
size_t wire_name_labels(const uint8_t *wire);

#endif
