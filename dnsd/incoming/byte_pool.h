/* byte_pool.h - different strings of bytes, each kept once and known by a number.
 *
 * Numbers count from 0 in the order of adding. Who chooses the strings cannot make them collide:
 * the hash has a key by chance.
 */
#ifndef DNSD_BYTE_POOL_H
#define DNSD_BYTE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BYTE_POOL_KEY = 16 };
#define BYTE_POOL_NONE UINT32_MAX

struct byte_pool_entry {
	uint32_t at, len, hash;
};

struct byte_pool {
	uint8_t key[BYTE_POOL_KEY];
	uint8_t *bytes;
	size_t used, room, count, entry_room;
	struct byte_pool_entry *entries;
	uint32_t *slots; /* number + 1; 0: free */
	size_t slot_count;
};

void byte_pool_init(struct byte_pool *p);
void byte_pool_free(struct byte_pool *p);
/* BYTE_POOL_NONE: it is not there. */
uint32_t byte_pool_find(const struct byte_pool *p, const void *bytes, size_t len);
/* BYTE_POOL_NONE: out of memory, or of numbers. */
uint32_t byte_pool_add(struct byte_pool *p, const void *bytes, size_t len);
/* Lent until the next add. */
static inline const uint8_t *
byte_pool_get(const struct byte_pool *p, uint32_t number, size_t *len)
{
	*len = p->entries[number].len;
	return p->bytes + p->entries[number].at;
}

#endif
