/* snapshot_repair.h - make the frame of fuzzed snapshots right, so that what lies behind the
 * checksum is reached. */
#ifndef TESTS_SNAPSHOT_REPAIR_H
#define TESTS_SNAPSHOT_REPAIR_H

#include <string.h>

#include <xxhash.h>

#include "snapshot_format.h"

/* Returns the length, which becomes a multiple of 8 by dropping bytes in front of the trailer;
 * 0 when there are too few bytes. */
static inline size_t
snapshot_repair(uint8_t *bytes, size_t size)
{
	if (size < HEADER_SIZE + TRAILER_SIZE)
		return 0;
	size -= size % 8;
	memcpy(bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
	format_put32(bytes + HEADER_VERSION, SNAPSHOT_VERSION);
	format_put32(bytes + HEADER_FLAGS, 0);
	format_put64(bytes + HEADER_LENGTH, size);
	memcpy(bytes + size - 8, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC_SIZE);
	format_put64(bytes + size - TRAILER_SIZE, XXH3_64bits(bytes, size - TRAILER_SIZE));
	return size;
}

#endif
