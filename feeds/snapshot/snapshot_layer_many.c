#include <orbl/snapshot_layer.h>

#include "snapshot_find.h"

/* As functions gcc takes these for ones without effect, and leaves out their calls. */
#define FETCH __attribute__((always_inline)) static inline void

FETCH
fetch_bucket(const struct snapshot_set *set, uint32_t a)
{
	if (set->has_buckets)
		__builtin_prefetch(find_bucket(set, a));
}

/* All of a bucket of a few lines; else where the search begins, and where it ends when addresses
 * are spread evenly; and the class that is there. */
FETCH
fetch_hosts(const struct snapshot_set *set, uint32_t a)
{
	const struct snapshot_ids *ids = &set->host_ids;
	const uint8_t *first;
	size_t start, count, near;

	if (!set->has_buckets)
		return;
	start = format_get32(find_bucket(set, a));
	count = format_get32(find_bucket(set, a) + 4) - start;
	if (count == 0)
		return;
	first = set->host + 2 * start;
	near = count * (uint16_t)a >> 16;
	__builtin_prefetch(first + 2 * (count <= 64 ? 0 : count / 2));
	__builtin_prefetch(first + 2 * (count <= 64 ? count - 1 : near));
	if (ids->size != 0)
		__builtin_prefetch(ids->p + ids->size * (start + near));
}

void
snapshot_layer_find_many4(struct snapshot_search *searches, size_t count)
{
	const struct snapshot_search *end = searches + count;

	for (const struct snapshot_search *s = searches; s != end; s++) {
		fetch_bucket(s->layer->set, s->address);
		if (s->layer->delta != NULL)
			fetch_bucket(s->layer->delta, s->address);
	}
	for (const struct snapshot_search *s = searches; s != end; s++) {
		fetch_hosts(s->layer->set, s->address);
		if (s->layer->delta != NULL)
			fetch_hosts(s->layer->delta, s->address);
	}
	for (struct snapshot_search *s = searches; s != end; s++)
		s->is_found = find_in_layer4(s->layer, s->address, s->view);
}
