#include "snapshot_span.h"

#include <string.h>

#include "grow.h"

enum { RADIX = 256 };

/* --- sorting by the upper half of a number, the order of equal ones stays --- */

static bool
is_sorted(const uint64_t *items, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (items[i - 1] >> 32 > items[i] >> 32)
			return false;
	return true;
}

/* starts[d] becomes where the items of digit d end. */
static void
radix_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift, size_t starts[RADIX])
{
	size_t start = 0;

	for (size_t i = 0; i < RADIX; i++)
		starts[i] = 0;
	for (size_t i = 0; i < count; i++)
		starts[from[i] >> shift & (RADIX - 1)]++;
	for (size_t i = 0; i < RADIX; i++) {
		size_t next = start + starts[i];

		starts[i] = start;
		start = next;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* By the highest digit first: of many items what is left to sort fits into the cache. */
static void
sort_upper(uint64_t *items, uint64_t *scratch, size_t count)
{
	size_t ends[RADIX], starts[RADIX], start = 0;

	if (is_sorted(items, count))
		return;
	radix_pass(items, scratch, count, 56, ends);
	for (size_t i = 0; i < RADIX; start = ends[i++]) {
		radix_pass(scratch + start, items + start, ends[i] - start, 32, starts);
		radix_pass(items + start, scratch + start, ends[i] - start, 40, starts);
		radix_pass(scratch + start, items + start, ends[i] - start, 48, starts);
	}
}

/* --- hosts --- */

bool
span_hosts_append(struct span_hosts *hosts, const uint64_t *more, size_t count)
{
	uint64_t *grown;

	grown = grow(hosts->items, &hosts->room, hosts->count + count, sizeof(*grown));
	if (grown == NULL)
		return false;
	hosts->items = grown;
	memcpy(hosts->items + hosts->count, more, count * sizeof(*more));
	hosts->count += count;
	return true;
}

bool
span_hosts_sort(struct span_hosts *hosts, struct span_hosts *scratch)
{
	scratch->items = grow(NULL, &scratch->room, hosts->count, sizeof(*scratch->items));
	if (scratch->items != NULL)
		sort_upper(hosts->items, scratch->items, hosts->count);
	return scratch->items != NULL;
}

void
span_hosts_reset(struct span_hosts *hosts)
{
	free(hosts->items);
	*hosts = (struct span_hosts){0};
}

/* --- lists --- */

struct span
span_list_get(const struct span_list *list, size_t i)
{
	const struct span_packed4 *v4;
	const struct span_packed6 *v6;

	if (list->family == 4) {
		v4 = &list->items.v4[i];
		return (struct span){{0, v4->low}, {0, v4->high}, v4->class_id, v4->rank};
	}
	v6 = &list->items.v6[i];
	return (struct span){v6->low, v6->high, v6->class_id, v6->rank};
}

bool
span_list_add(struct span_list *list, const struct span *s)
{
	size_t size = list->family == 4 ? sizeof(*list->items.v4) : sizeof(*list->items.v6);
	void *grown = list->family == 4 ? (void *)list->items.v4 : (void *)list->items.v6;

	grown = grow(grown, &list->room, list->count + 1, size);
	if (grown == NULL)
		return false;
	if (list->family == 4) {
		list->items.v4 = grown;
		list->items.v4[list->count++] = (struct span_packed4){(uint32_t)s->low.lower,
			(uint32_t)s->high.lower, s->class_id, s->rank};
	} else {
		list->items.v6 = grown;
		list->items.v6[list->count++] = (struct span_packed6){s->low, s->high, s->class_id,
			s->rank};
	}
	return true;
}

void
span_list_reset(struct span_list *list)
{
	if (list->family == 4)
		free(list->items.v4);
	else
		free(list->items.v6);
	*list = (struct span_list){.family = list->family};
}

/* Sorts low << 32 | index, then moves each range once. */
static bool
sort4(struct span_list *list)
{
	uint64_t *order = malloc(list->count * sizeof(*order));
	uint64_t *scratch = malloc(list->count * sizeof(*scratch));
	struct span_packed4 *from = list->items.v4, *to = malloc(list->count * sizeof(*to));
	bool ok = order != NULL && scratch != NULL && to != NULL;

	for (size_t i = 0; ok && i < list->count; i++)
		order[i] = (uint64_t)from[i].low << 32 | i;
	if (ok) {
		sort_upper(order, scratch, list->count);
		for (size_t i = 0; i < list->count; i++)
			to[i] = from[(uint32_t)order[i]];
		list->items.v4 = to;
		list->room = list->count;
		to = from;
	}
	free(order);
	free(scratch);
	free(to);
	return ok;
}

static int
compare_packed6(const void *a, const void *b)
{
	const struct span_packed6 *x = a, *y = b;

	return snapshot_key_compare(x->low, y->low);
}

bool
span_list_sort(struct span_list *list)
{
	size_t i = 1;

	while (i < list->count &&
		snapshot_key_compare(span_list_get(list, i - 1).low, span_list_get(list, i).low) <=
			0)
		i++;
	if (i >= list->count)
		return true;
	if (list->family == 4)
		return sort4(list);
	qsort(list->items.v6, list->count, sizeof(*list->items.v6), compare_packed6);
	return true;
}
