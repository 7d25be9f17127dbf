/* tsig_record.h - the TSIG record at the end of a message, read and written (RFC 8945 section 4.2).
 */
#ifndef DNSD_TSIG_RECORD_H
#define DNSD_TSIG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire_name.h"

enum {
	TSIG_ERROR_BADSIG = 16,
	TSIG_ERROR_BADKEY = 17,
	TSIG_ERROR_BADTIME = 18,
	TSIG_ERROR_BADTRUNC = 22,
	TSIG_TIME_SIZE = 6,
};

struct tsig_record {
	uint8_t name[WIRE_NAME_MAX], algorithm[WIRE_NAME_MAX]; /* wire form, lower case */
	size_t name_len, algorithm_len;
	uint64_t time_s;
	uint16_t fudge_s, original_id, error;
	const uint8_t *mac, *other; /* borrows the packet */
	size_t mac_len, other_len;
	size_t start; /* where the record begins in the packet */
};

enum tsig_found { TSIG_FOUND_NONE, TSIG_FOUND, TSIG_FOUND_BAD };

/* Walks all records once. BAD: the packet cannot be read, has a TSIG that is not its last record,
 * or one that does not follow its grammar. */
enum tsig_found tsig_record_find(const uint8_t *packet, size_t len, struct tsig_record *out);
/* Behind len bytes of packet; counts it. Returns the new length, 0: no room. */
size_t tsig_record_append(uint8_t *packet, size_t len, size_t size, const struct tsig_record *r);
/* Time and fudge as they are signed; returns how many bytes. */
size_t tsig_record_write_time(uint8_t *out, uint64_t time_s, uint16_t fudge_s);

#endif
