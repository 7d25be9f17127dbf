#include "twins.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { FIRST_SIZE = 1024, ENTRIES_MAX = 2000000, OF_THIS_FILE = 1 };

struct twins {
	uint64_t *slots; /* hashes, open addressing; 0: free. The lowest bit: OF_THIS_FILE */
	size_t size;     /* a power of two, at least twice of what is used */
	size_t used;
	bool is_full;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* nobody shall make two texts look alike */
};

struct twins *
twins_new(void)
{
	struct twins *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->size = FIRST_SIZE;
	t->slots = calloc(t->size, sizeof(*t->slots));
	if (t->slots == NULL) {
		free(t);
		return NULL;
	}
	crypto_shorthash_keygen(t->key);
	return t;
}

void
twins_free(struct twins *t)
{
	if (t == NULL)
		return;
	free(t->slots);
	free(t);
}

void
twins_next_file(struct twins *t)
{
	for (size_t i = 0; i < t->size; i++)
		t->slots[i] &= ~(uint64_t)OF_THIS_FILE;
}

bool
twins_is_full(const struct twins *t)
{
	return t->is_full;
}

/* The slot that holds it, or is free for it. */
static uint64_t *
find(uint64_t *slots, size_t size, uint64_t hash)
{
	size_t i = (size_t)(hash >> 1) & (size - 1);

	while (slots[i] != 0 && (slots[i] | OF_THIS_FILE) != (hash | OF_THIS_FILE))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool
grow(struct twins *t)
{
	size_t size = t->size * 2;
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i] != 0)
			*find(slots, size, t->slots[i]) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

static void
add(struct twins *t, uint64_t hash)
{
	if (t->used == ENTRIES_MAX || (t->used == t->size / 2 && !grow(t))) {
		t->is_full = true;
		return;
	}
	*find(t->slots, t->size, hash) = hash | OF_THIS_FILE;
	t->used++;
}

bool
twins_seen(struct twins *t, struct text identity)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	const uint64_t *slot;
	uint64_t hash;

	(void)crypto_shorthash(bytes, (const unsigned char *)identity.p, identity.len, t->key);
	memcpy(&hash, bytes, sizeof(hash));
	if (hash >> 1 == 0)
		hash = 2; /* a free slot is 0 in all bits but the lowest */
	slot = find(t->slots, t->size, hash);
	if (*slot != 0)
		return (*slot & OF_THIS_FILE) == 0;
	add(t, hash);
	return false;
}
