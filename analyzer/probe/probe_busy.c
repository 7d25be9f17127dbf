#include "probe_busy.h"

#include <stdint.h>
#include <stdlib.h>

struct slot {
	struct addr addr;
	uint32_t generation;
};

struct probe_busy {
	size_t max, count, mask;
	uint32_t generation; /* slots of others are empty */
	struct slot slots[];
};

struct probe_busy *
probe_busy_new(size_t max)
{
	struct probe_busy *b;
	size_t size = 16;

	while (size < 2 * max)
		size *= 2;
	b = calloc(1, sizeof(*b) + size * sizeof(b->slots[0]));
	if (b == NULL)
		return NULL;
	b->max = max;
	b->mask = size - 1;
	b->generation = 1;
	return b;
}

void
probe_busy_free(struct probe_busy *b)
{
	free(b);
}

void
probe_busy_forget(struct probe_busy *b)
{
	b->count = 0;
	if (++b->generation != 0)
		return;
	for (size_t i = 0; i <= b->mask; i++)
		b->slots[i].generation = 0;
	b->generation = 1;
}

/* FNV-1a, with its upper half folded in: addresses of a network differ in their last byte. */
static size_t
hash_address(const struct addr *a)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(a->b); i++)
		h = (h ^ a->b[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

bool
probe_busy_add(struct probe_busy *b, const struct addr *a)
{
	size_t i = hash_address(a) & b->mask;

	while (b->slots[i].generation == b->generation) {
		if (addr_equal(&b->slots[i].addr, a))
			return false;
		i = (i + 1) & b->mask;
	}
	if (b->count == b->max)
		return false;
	b->slots[i] = (struct slot){*a, b->generation};
	b->count++;
	return true;
}
