/* id_index.h - ids by the hash of what they stand for, which the caller keeps and compares.
 *
 * Open addressing; at least a quarter of the slots is free, so that every search meets one.
 */
#ifndef FEEDS_SNAPSHOT_ID_INDEX_H
#define FEEDS_SNAPSHOT_ID_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as zeros. */
struct id_index {
	struct id_slot {
		uint32_t hash, id_plus_1; /* 0: free */
	} * slots;
	size_t room, count; /* room is a power of 2 */
};

/* The next id with this hash, or UINT32_MAX. Start with *at = hash. */
uint32_t id_index_next(const struct id_index *index, uint32_t hash, size_t *at);
bool id_index_add(struct id_index *index, uint32_t hash, uint32_t id); /* false: out of memory */
void id_index_reset(struct id_index *index);                           /* releases */

#endif
