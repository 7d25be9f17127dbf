#include "in_service.h"

#include <string.h>
#include <unistd.h>

#include <orbl/listing.h>

#include "blast_radius.h"

enum { RANGE_MAX = 1 << 20 };

/* The set of the zone that serves every category; NULL: this is no list of ours. */
static const struct snapshot_set *
set_of_all(const struct snapshot *s)
{
	struct snapshot_zone zone;

	for (size_t i = 0; i < snapshot_zone_count(s); i++) {
		snapshot_zone(s, i, &zone);
		for (size_t k = 0; k < SUBZONE_COUNT; k++)
			if (subzone_row(k)->categories == CATEGORY_ALL_MASK &&
				zone.set_count == 1 && !snapshot_set_has_names(zone.sets[0]) &&
				text_equal(zone.name, text_of(subzone_row(k)->name)))
				return zone.sets[0];
	}
	return NULL;
}

static struct snapshot_layer
layer_of(const struct in_service *s)
{
	struct snapshot_layer layer = {.set = s->all};

	if (s->delta != NULL)
		layer.delta = snapshot_set_at(s->delta, snapshot_set_index(s->all));
	return layer;
}

enum err
in_service_take_delta(struct in_service *s, const char *delta_path, struct error *e)
{
	struct snapshot *delta;
	enum err err = snapshot_open(delta_path, &delta, e);

	if (err != OK)
		return err;
	err = snapshot_check_delta(s->base, delta, e);
	if (err != OK) {
		snapshot_close(delta);
		return err;
	}
	snapshot_close(s->delta);
	s->delta = delta;
	return OK;
}

enum err
in_service_take_base(struct in_service *s, const char *path, struct error *e)
{
	const struct snapshot_set *all;
	struct snapshot *base;
	enum err err = snapshot_open(path, &base, e);

	if (err != OK)
		return err;
	all = set_of_all(base);
	if (all == NULL) {
		snapshot_close(base);
		return error_set(e, ERR_UNSUPPORTED, "%s: has other zones than a list of ours",
			path);
	}
	in_service_close(s);
	s->base = base;
	s->all = all;
	return OK;
}

void
in_service_open(struct in_service *s, const char *path, const char *delta_path, struct error *e)
{
	struct error ignored;

	memset(s, 0, sizeof(*s));
	e->code = OK;
	if (access(path, F_OK) != 0 || in_service_take_base(s, path, e) != OK)
		return;
	/* One of another base, or damaged: dnsd does not use it either. */
	if (access(delta_path, F_OK) == 0)
		(void)!in_service_take_delta(s, delta_path, &ignored);
}

void
in_service_close(struct in_service *s)
{
	snapshot_close(s->delta);
	snapshot_close(s->base);
	memset(s, 0, sizeof(*s));
}

static bool
is_over(const struct snapshot_view *v, int64_t now_s)
{
	return v->expires_s != 0 && v->expires_s <= now_s;
}

static uint32_t
categories_of(const struct snapshot_view *v)
{
	uint32_t categories = 0;

	for (size_t i = 0; i < v->a_count; i++)
		for (enum category c = 0; c < CATEGORY_COUNT; c++)
			if (category_row(c)->code == snapshot_view_a(v, i))
				categories |= 1U << c;
	return categories;
}

struct in_service_entry
in_service_find(const struct in_service *s, const struct addr *a, int64_t now_s)
{
	struct in_service_entry entry = {.is_there = false};
	struct snapshot_layer layer;
	struct snapshot_view view;

	if (s->base == NULL)
		return entry;
	layer = layer_of(s);
	entry.is_there = snapshot_layer_find(&layer, a, &view);
	if (entry.is_there && !is_over(&view, now_s))
		entry.categories = categories_of(&view);
	return entry;
}

static uint64_t
size_of_set(const struct snapshot_set *set, int64_t now_s)
{
	struct snapshot_walk walk = {.host = 0};
	struct snapshot_range range;
	uint64_t n = 0;

	while (snapshot_next_range(set, &walk, &range))
		if (range.view.action != SNAPSHOT_REMOVED && !is_over(&range.view, now_s))
			n = blast_sum(n, blast_range_size(&range.low, &range.high));
	return n;
}

/* The first address of the next network behind that of a. */
static struct addr
next_network(const struct addr *a)
{
	struct addr next = *a;

	if (a->family == 4)
		return addr_from_ipv4(addr_ipv4(a) + 1);
	memset(next.b + 8, 0, 8);
	for (unsigned i = 8; i-- > 0;)
		if (++next.b[i] != 0)
			break;
	return next;
}

/* What of the base lies under the delta, which has single hosts alone. */
static uint64_t
size_under(const struct in_service *s, const struct snapshot_set *delta, int64_t now_s)
{
	const struct in_service below = {.base = s->base, .all = s->all};
	struct snapshot_walk walk = {.host = 0};
	struct snapshot_range range;
	uint64_t n = 0;

	while (snapshot_next_range(delta, &walk, &range)) {
		uint64_t left = blast_range_size(&range.low, &range.high);
		struct addr a = range.low;

		if (left > RANGE_MAX) /* no delta of ours */
			left = 1;
		for (; left != 0; left--, a = next_network(&a))
			n += in_service_find(&below, &a, now_s).categories != 0;
	}
	return n;
}

uint64_t
in_service_size(const struct in_service *s, int64_t now_s)
{
	struct snapshot_layer layer;
	uint64_t under, n;

	if (s->base == NULL)
		return 0;
	layer = layer_of(s);
	n = size_of_set(s->all, now_s);
	if (layer.delta == NULL)
		return n;
	under = size_under(s, layer.delta, now_s);
	return blast_sum(n > under ? n - under : 0, size_of_set(layer.delta, now_s));
}
