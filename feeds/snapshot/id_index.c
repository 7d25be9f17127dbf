#include "id_index.h"

#include <stdlib.h>

uint32_t
id_index_next(const struct id_index *index, uint32_t hash, size_t *at)
{
	const struct id_slot *slot;

	if (index->room == 0)
		return UINT32_MAX;
	for (;;) {
		slot = &index->slots[(*at)++ & (index->room - 1)];
		if (slot->id_plus_1 == 0)
			return UINT32_MAX;
		if (slot->hash == hash)
			return slot->id_plus_1 - 1;
	}
}

static void
put(struct id_index *index, struct id_slot value)
{
	size_t at = value.hash;

	while (index->slots[at & (index->room - 1)].id_plus_1 != 0)
		at++;
	index->slots[at & (index->room - 1)] = value;
}

bool
id_index_add(struct id_index *index, uint32_t hash, uint32_t id)
{
	struct id_index bigger = {.room = index->room != 0 ? 2 * index->room : 64};

	if (index->count + 1 > index->room / 4 * 3) {
		bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
		if (bigger.slots == NULL)
			return false;
		for (size_t i = 0; i < index->room; i++)
			if (index->slots[i].id_plus_1 != 0)
				put(&bigger, index->slots[i]);
		bigger.count = index->count;
		free(index->slots);
		*index = bigger;
	}
	put(index, (struct id_slot){hash, id + 1});
	index->count++;
	return true;
}

void
id_index_reset(struct id_index *index)
{
	free(index->slots);
	*index = (struct id_index){.slots = NULL};
}
