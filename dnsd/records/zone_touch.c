#include "zone_touch.h"

#include <string.h>

#include "zone_walk.h"

/* --- what is touched next ----------------------------------------------- */

/* Of the deltas of a zone: the entry that is first behind from, if it is before *first. */
static bool
look(const struct zone *z, const struct addr *from, struct addr *first, struct addr *last,
	bool found)
{
	for (size_t i = 0; i < z->layer_count; i++) {
		struct snapshot_layer delta = {.set = z->layers[i].layer.delta};
		struct snapshot_stretch s;
		struct addr begin = *from;

		if (delta.set == NULL)
			continue;
		snapshot_layer_stretch(&delta, from, &s);
		if (!s.has_entry) {
			if (!zone_block_after(&s.last, &begin))
				continue;
			snapshot_layer_stretch(&delta, &begin, &s);
			if (!s.has_entry)
				continue;
		}
		if (!found || addr_compare(&begin, first) < 0) {
			*first = begin;
			*last = s.last;
		}
		found = true;
	}
	return found;
}

bool
zone_touch_next(const struct zone *a, const struct zone *b, const struct addr *from,
	struct addr *first, struct addr *last)
{
	bool found = look(a, from, first, last, false);

	return look(b, from, first, last, found);
}

size_t
zone_touch_entries(const struct zone_version *of)
{
	size_t count = 0;

	for (size_t i = 0; i < zone_set_count(of->zones); i++) {
		const struct zone *z = zone_set_get(of->zones, i);

		for (size_t k = 0; zone_version_has(of, z) && k < z->layer_count; k++)
			if (z->layers[k].layer.delta != NULL)
				count += snapshot_set_entries(z->layers[k].layer.delta);
	}
	return count;
}

/* --- is that all? ------------------------------------------------------- */

/* A delta over more than one IPv6 address may be over a name that says one of them. */
static bool
has_network6(const struct zone *z)
{
	for (size_t i = 0; i < z->layer_count; i++) {
		struct snapshot_walk walk = {.host = SIZE_MAX, .range4 = SIZE_MAX};
		struct snapshot_range r;

		if (z->layers[i].layer.delta == NULL)
			continue;
		while (snapshot_next_range(z->layers[i].layer.delta, &walk, &r))
			if (!addr_equal(&r.low, &r.high))
				return true;
	}
	return false;
}

/* Does an entry of a base end between the two versions? */
static bool
has_ended(const struct zone_version *a, const struct zone_version *b, const struct zone_layer *l)
{
	int64_t from = a->created_s < b->created_s ? a->created_s : b->created_s;
	int64_t to = a->created_s < b->created_s ? b->created_s : a->created_s;

	return from != to && snapshot_set_ends_between(l->layer.set, from, to);
}

static bool
are_layers_alike(const struct zone_version *of_a, const struct zone *a,
	const struct zone_version *of_b, const struct zone *b)
{
	if (a->layer_count != b->layer_count || a->is_within != b->is_within ||
		a->lists_names != b->lists_names)
		return false;
	for (size_t i = 0; i < a->layer_count; i++) {
		const struct zone_layer *x = &a->layers[i], *y = &b->layers[i];

		if (x->layer.set != y->layer.set || x->ttl_s != y->ttl_s ||
			x->is_list != y->is_list || has_ended(of_a, of_b, x))
			return false;
	}
	return !a->has_names || (!has_network6(a) && !has_network6(b));
}

bool
zone_touch_is_all(const struct zone_version *a, const struct zone_version *b)
{
	if (zone_set_count(a->zones) != zone_set_count(b->zones) ||
		a->has_address_zones != b->has_address_zones)
		return false;
	for (size_t i = 0; i < zone_set_count(a->zones); i++) {
		const struct zone *x = zone_set_get(a->zones, i), *y = zone_set_get(b->zones, i);

		if (x->origin_len != y->origin_len ||
			memcmp(x->origin, y->origin, x->origin_len) != 0 ||
			zone_version_has(a, x) != zone_version_has(b, y))
			return false;
		if (zone_version_has(a, x) && !are_layers_alike(a, x, b, y))
			return false;
	}
	return true;
}
