#include "prefix_set.h"

#include <stdlib.h>

bool
prefix_holds(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_has_addr(outer, &inner->addr);
}

static int
compare(const void *a, const void *b)
{
	const struct prefix_item *x = a, *y = b;
	int order = addr_compare(&x->prefix.addr, &y->prefix.addr);

	if (order == 0)
		order = (x->prefix.len > y->prefix.len) - (x->prefix.len < y->prefix.len);
	return order != 0 ? order : (x->tag > y->tag) - (x->tag < y->tag);
}

void
prefix_set_make(struct prefix_set *set, struct prefix_item *items, size_t count)
{
	size_t kept = 0;

	if (count != 0)
		qsort(items, count, sizeof(*items), compare);
	/* Prefixes overlap only as one within the other, and the outer one comes first. */
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !prefix_holds(&items[kept - 1].prefix, &items[i].prefix))
			items[kept++] = items[i];
	*set = (struct prefix_set){kept, items};
}

void
prefix_set_free(struct prefix_set *set)
{
	free(set->items);
	*set = (struct prefix_set){0, NULL};
}

const struct prefix_item *
prefix_set_find(const struct prefix_set *set, const struct prefix *p)
{
	size_t low = 0, high = set->count, middle;

	while (low < high) { /* the first behind p's own address */
		middle = low + (high - low) / 2;
		if (addr_compare(&set->items[middle].prefix.addr, &p->addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low != 0 &&
		(prefix_holds(&set->items[low - 1].prefix, p) ||
			prefix_holds(p, &set->items[low - 1].prefix)))
		return &set->items[low - 1];
	if (low < set->count && prefix_holds(p, &set->items[low].prefix))
		return &set->items[low];
	return NULL;
}
