#include "byte_pool.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

void
byte_pool_init(struct byte_pool *p)
{
	*p = (struct byte_pool){.bytes = NULL};
	randombytes_buf(p->key, sizeof(p->key));
}

void
byte_pool_free(struct byte_pool *p)
{
	free(p->bytes);
	free(p->entries);
	free(p->slots);
	*p = (struct byte_pool){.bytes = NULL};
}

static uint32_t
hash_of(const struct byte_pool *p, const void *bytes, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint32_t hash;

	_Static_assert(crypto_shorthash_KEYBYTES == BYTE_POOL_KEY, "the key of SipHash");
	crypto_shorthash(out, bytes, len, p->key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

/* Where it is, or would be. */
static size_t
find_slot(const struct byte_pool *p, uint32_t hash, const void *bytes, size_t len)
{
	size_t mask = p->slot_count - 1, slot = hash & mask;

	for (; p->slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct byte_pool_entry *e = &p->entries[p->slots[slot] - 1];

		if (e->hash == hash && e->len == len && memcmp(p->bytes + e->at, bytes, len) == 0)
			break;
	}
	return slot;
}

uint32_t
byte_pool_find(const struct byte_pool *p, const void *bytes, size_t len)
{
	if (p->count == 0)
		return BYTE_POOL_NONE;
	/* 0, a free slot, becomes BYTE_POOL_NONE. */
	return p->slots[find_slot(p, hash_of(p, bytes, len), bytes, len)] - 1;
}

static bool
grow_slots(struct byte_pool *p)
{
	size_t count = p->slot_count != 0 ? p->slot_count * 2 : 64;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		size_t slot = p->entries[i].hash & (count - 1);

		while (slots[slot] != 0)
			slot = (slot + 1) & (count - 1);
		slots[slot] = (uint32_t)i + 1;
	}
	free(p->slots);
	p->slots = slots;
	p->slot_count = count;
	return true;
}

static bool
grow_array(void **array, size_t *room, size_t wanted, size_t size)
{
	size_t bigger = *room != 0 ? *room : 64;
	void *grown;

	if (wanted <= *room)
		return true;
	while (bigger < wanted)
		bigger += bigger / 2;
	grown = realloc(*array, bigger * size);
	if (grown == NULL)
		return false;
	*array = grown;
	*room = bigger;
	return true;
}

static bool
make_room(struct byte_pool *p, size_t len)
{
	void *bytes = p->bytes, *entries = p->entries;
	bool ok;

	if (len > UINT32_MAX - p->used || p->count >= INT32_MAX)
		return false;
	ok = grow_array(&bytes, &p->room, p->used + len, 1);
	p->bytes = bytes;
	ok = ok && grow_array(&entries, &p->entry_room, p->count + 1, sizeof(*p->entries));
	p->entries = entries;
	return ok && (p->count * 2 < p->slot_count || grow_slots(p));
}

uint32_t
byte_pool_add(struct byte_pool *p, const void *bytes, size_t len)
{
	uint32_t hash = hash_of(p, bytes, len);
	size_t slot;

	if (p->slot_count != 0) {
		slot = find_slot(p, hash, bytes, len);
		if (p->slots[slot] != 0)
			return p->slots[slot] - 1;
	}
	if (!make_room(p, len))
		return BYTE_POOL_NONE;
	slot = find_slot(p, hash, bytes, len);
	memcpy(p->bytes + p->used, bytes, len);
	p->entries[p->count] = (struct byte_pool_entry){(uint32_t)p->used, (uint32_t)len, hash};
	p->used += len;
	p->slots[slot] = (uint32_t)++p->count;
	return (uint32_t)p->count - 1;
}
