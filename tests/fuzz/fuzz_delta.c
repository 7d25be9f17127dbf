/* fuzz_delta.c - a base and a delta over it, both with frames made right: the length of the
 * base (2 bytes), the base, the delta. Answers are compared with those found by walking both
 * when their arrays are in order. */
#include <assert.h>
#include <stdlib.h>

#include <orbl/snapshot_layer.h>

#include "snapshot_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANGES_MAX = 64 };

struct ranges {
	size_t count;
	struct snapshot_range items[RANGES_MAX];
};

/* All ranges of a set, or false if they are out of order, or too many to compare. */
static bool
walk_set(const struct snapshot_set *set, struct ranges *out)
{
	struct snapshot_walk walk = {0};

	out->count = 0;
	if (snapshot_set_has_names(set) || snapshot_set_entries(set) > RANGES_MAX)
		return false;
	while (snapshot_next_range(set, &walk, &out->items[out->count])) {
		const struct snapshot_range *r = &out->items[out->count];

		if (addr_compare(&r->low, &r->high) > 0 ||
			(out->count != 0 && addr_compare(&r[-1].high, &r->low) >= 0))
			return false;
		if (++out->count == RANGES_MAX)
			break;
	}
	return out->count == snapshot_set_entries(set);
}

static const struct snapshot_range *
range_of(const struct ranges *ranges, const struct addr *a)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (addr_compare(&ranges->items[i].low, a) <= 0 &&
			addr_compare(a, &ranges->items[i].high) <= 0)
			return &ranges->items[i];
	return NULL;
}

/* What lists an address, or NULL. */
static const struct snapshot_range *
listed_by(const struct ranges *base, const struct ranges *delta, const struct addr *a)
{
	const struct snapshot_range *r = range_of(delta, a);

	if (r == NULL)
		r = range_of(base, a);
	return r == NULL || r->view.action == SNAPSHOT_REMOVED ? NULL : r;
}

static struct addr
next_address(struct addr a)
{
	for (size_t i = a.family == 4 ? 4 : 16; i-- != 0;)
		if (++a.b[i] != 0)
			break;
	return a;
}

/* What is listed changes only where a range begins or behind one. */
static bool
lists_in(const struct ranges *base, const struct ranges *delta, const struct prefix *p)
{
	const struct ranges *both[2] = {base, delta};
	struct prefix first = *p;

	for (unsigned bit = p->len; bit < (p->addr.family == 4 ? 32u : 128u); bit++)
		first.addr.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	if (listed_by(base, delta, &first.addr) != NULL)
		return true;
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < both[i]->count; k++) {
			struct addr low = both[i]->items[k].low;
			struct addr behind = next_address(both[i]->items[k].high);

			if ((prefix_has_addr(&first, &low) && listed_by(base, delta, &low)) ||
				(prefix_has_addr(&first, &behind) &&
					listed_by(base, delta, &behind)))
				return true;
		}
	return false;
}

static void
compare(const struct snapshot_layer *l, const struct ranges *base, const struct ranges *delta,
	const struct addr *a)
{
	const struct snapshot_range *wanted = listed_by(base, delta, a);
	struct prefix p = {.addr = *a};
	struct snapshot_view v;

	assert(snapshot_layer_find(l, a, &v) == (wanted != NULL));
	if (wanted != NULL)
		assert(v.snapshot == wanted->view.snapshot && v.a_first == wanted->view.a_first &&
			v.action != SNAPSHOT_REMOVED);
	for (unsigned len = 0; len <= (a->family == 4 ? 32 : 128); len++) {
		p.len = (uint8_t)len;
		assert(snapshot_layer_intersects(l, &p) == lists_in(base, delta, &p));
	}
}

static void
use_layer(const struct snapshot_layer *l)
{
	struct ranges base, delta;
	bool in_order = walk_set(l->set, &base);

	in_order = walk_set(l->delta, &delta) && in_order;
	for (size_t i = 0; i < base.count + delta.count; i++) {
		const struct snapshot_range *r = i < base.count ? &base.items[i] :
								  &delta.items[i - base.count];
		struct addr around[3] = {r->low, r->high, next_address(r->high)};
		struct snapshot_view v;

		for (size_t k = 0; k < 3; k++) {
			struct prefix p = {around[k], 20};

			if (in_order)
				compare(l, &base, &delta, &around[k]);
			if (snapshot_layer_find(l, &around[k], &v))
				assert(v.action != SNAPSHOT_REMOVED &&
					v.a_count <= SNAPSHOT_RECORDS_MAX);
			snapshot_layer_intersects(l, &p);
		}
	}
}

static void
use_pair(const struct snapshot *base, const struct snapshot *delta)
{
	struct error e;

	assert(snapshot_check_delta(delta, base, &e) != OK);
	if (snapshot_check_delta(base, delta, &e) != OK)
		return;
	assert(snapshot_set_count(base) == snapshot_set_count(delta));
	for (size_t i = 0; i < snapshot_set_count(base) && i < 8; i++) {
		struct snapshot_layer l = {snapshot_set_at(base, i), snapshot_set_at(delta, i)};

		assert(!snapshot_set_has_names(l.delta));
		use_layer(&l);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t base_len = size < 2 ? 0 : format_get16(data), delta_len;
	struct snapshot *base = NULL, *delta = NULL;
	uint8_t *base_bytes = NULL, *delta_bytes = NULL;
	struct error e;

	if (size < 2 || base_len > size - 2)
		return 0;
	delta_len = size - 2 - base_len;
	base_bytes = malloc(base_len + 1);
	delta_bytes = malloc(delta_len + 1);
	if (base_bytes != NULL && delta_bytes != NULL) {
		memcpy(base_bytes, data + 2, base_len);
		memcpy(delta_bytes, data + 2 + base_len, delta_len);
		base_len = snapshot_repair(base_bytes, base_len);
		if (base_len != 0 && delta_len >= HEADER_SIZE)
			memcpy(delta_bytes + HEADER_BASE_CHECKSUM,
				base_bytes + base_len - TRAILER_SIZE, 8);
		delta_len = snapshot_repair(delta_bytes, delta_len);
	}
	if (base_bytes != NULL && delta_bytes != NULL &&
		snapshot_open_bytes(base_bytes, base_len, "base", &base, &e) == OK &&
		snapshot_open_bytes(delta_bytes, delta_len, "delta", &delta, &e) == OK)
		use_pair(base, delta);
	snapshot_close(base);
	snapshot_close(delta);
	free(base_bytes);
	free(delta_bytes);
	return 0;
}
