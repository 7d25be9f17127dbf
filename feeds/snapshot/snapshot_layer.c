#include <orbl/snapshot_layer.h>

#include "snapshot_find.h"
#include "snapshot_image.h"
#include "snapshot_key.h"

/* --- classes --- */

uint32_t
snapshot_view_a(const struct snapshot_view *v, size_t i)
{
	return format_get32(snapshot_image_row(v->snapshot, SECTION_CODES, v->a_first + i, 4));
}

struct text
snapshot_view_txt(const struct snapshot_view *v, size_t i)
{
	const struct snapshot *s = v->snapshot;

	return snapshot_image_text(s,
		snapshot_image_row(s, SECTION_REFS, v->txt_first + i, REF_SIZE));
}

struct snapshot_record
snapshot_view_record(const struct snapshot_view *v, size_t i)
{
	const uint8_t *row = snapshot_image_row(v->snapshot, SECTION_RECORDS, v->record_first + i,
		RECORD_SIZE);

	return (struct snapshot_record){.type = (uint16_t)format_get32(row + RECORD_TYPE),
		.ttl_s = format_get32(row + RECORD_TTL),
		.rdata = snapshot_image_text(v->snapshot, row + RECORD_RDATA)};
}

/* --- one address --- */

static inline const uint8_t *
last128(const uint8_t *p, size_t count, struct snapshot_key a)
{
	while (count > 1) {
		size_t half = count / 2;
		const uint8_t *middle = p + 16 * half;

		p = snapshot_key_compare(snapshot_key_get(middle), a) <= 0 ? middle : p;
		count -= half;
	}
	return p;
}

static uint32_t
find6(const struct snapshot_set *set, struct snapshot_key a)
{
	const uint8_t *p;
	size_t i;

	if (set->ranges6 == 0)
		return 0;
	p = last128(set->low6, set->ranges6, a);
	i = (size_t)(p - set->low6) / 16;
	if (snapshot_key_compare(snapshot_key_get(p), a) > 0 ||
		snapshot_key_compare(snapshot_key_get(set->high6 + 16 * i), a) < 0)
		return 0;
	return find_id_at(set, &set->ids6, i);
}

bool
snapshot_layer_find4(const struct snapshot_layer *l, uint32_t a, struct snapshot_view *out)
{
	return find_in_layer4(l, a, out);
}

static __attribute__((noinline)) bool
find_in_layer6(const struct snapshot_layer *l, struct snapshot_key key, struct snapshot_view *out)
{
	const struct snapshot_set *set = l->delta != NULL ? l->delta : l->set;
	uint32_t id;

	while ((id = find6(set, key)) == 0 && set != l->set)
		set = l->set;
	if (id == 0)
		return false;
	find_view(set->snapshot, id, out);
	return out->action != SNAPSHOT_REMOVED;
}

bool
snapshot_layer_find(const struct snapshot_layer *l, const struct addr *a, struct snapshot_view *out)
{
	if (a->family == 4)
		return snapshot_layer_find4(l, addr_ipv4(a), out);
	return a->family == 6 && find_in_layer6(l, snapshot_key_get(a->b), out);
}

enum snapshot_name_kind
snapshot_layer_find_name(const struct snapshot_layer *l, const struct snapshot_name *name,
	struct snapshot_view *out, size_t *matched)
{
	enum snapshot_name_kind kind;
	uint32_t id;

	if (!l->set->has_names)
		return SNAPSHOT_NAME_NONE;
	kind = snapshot_names_find(&l->set->names, name, &id, matched);
	if (kind == SNAPSHOT_NAME_LISTED)
		find_view(l->set->snapshot, id, out);
	return kind;
}

bool
snapshot_layer_has_name(const struct snapshot_layer *l, const struct snapshot_name *name)
{
	return l->set->has_names && snapshot_names_has(&l->set->names, name);
}

bool
snapshot_next_name(const struct snapshot_set *set, size_t *at, struct snapshot_walked *out)
{
	while (set->has_names && *at < set->names.node_count)
		if (snapshot_names_read(&set->names, (uint32_t)(*at)++, out))
			return true;
	return false;
}

bool
snapshot_set_has_records(const struct snapshot_set *set)
{
	uint32_t id = set->has_names ? snapshot_names_first(&set->names) : 0;
	struct snapshot_view v;

	if (id == 0)
		return false;
	find_view(set->snapshot, id, &v);
	return v.record_count != 0;
}

bool
snapshot_set_ends_between(const struct snapshot_set *set, int64_t from_s, int64_t to_s)
{
	for (uint32_t id = 1; id <= set->class_count; id++) {
		int64_t end_s = (int64_t)format_get64(
			find_class_row(set->snapshot, id) + CLASS_EXPIRES);

		if (end_s > from_s && end_s <= to_s)
			return true;
	}
	return false;
}

/* --- prefixes --- */

struct run {
	struct snapshot_key low, high;
	uint32_t id;
};

static void
run4(const struct snapshot_set *set, size_t i, struct run *out)
{
	out->low = (struct snapshot_key){0, format_get32(set->low4 + 4 * i)};
	out->high = (struct snapshot_key){0, format_get32(set->high4 + 4 * i)};
	out->id = find_id_at(set, &set->ids4, i);
}

static void
run6(const struct snapshot_set *set, size_t i, struct run *out)
{
	out->low = snapshot_key_get(set->low6 + 16 * i);
	out->high = snapshot_key_get(set->high6 + 16 * i);
	out->id = find_id_at(set, &set->ids6, i);
}

/* How many hosts are below a. */
static size_t
hosts_below(const struct snapshot_set *set, uint64_t a)
{
	size_t start = 0, count = set->hosts, i;
	uint32_t last = (uint32_t)(a - 1);

	if (a == 0)
		return 0;
	if (set->has_buckets) {
		start = format_get32(find_bucket(set, last));
		count = format_get32(find_bucket(set, last) + 4) - start;
		i = start + find_last16(set->host + 2 * start, count, (uint16_t)last);
		return count == 0 ? start :
				    i + (format_get16(set->host + 2 * i) <= (last & 0xffff));
	}
	i = find_last32(set->host, count, last);
	return count == 0 ? 0 : i + (format_get32(set->host + 4 * i) <= last);
}

static uint32_t
host_address(const struct snapshot_set *set, size_t i)
{
	size_t low = 0, high = BUCKETS - 1;

	if (!set->has_buckets)
		return format_get32(set->host + 4 * i);
	while (low < high) { /* the first bucket that ends behind i */
		size_t middle = low + (high - low) / 2;

		if (format_get32(set->bucket + 4 * middle + 4) <= i)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low << 16 | format_get16(set->host + 2 * i);
}

/* The first range that does not end below a, or the number of ranges. */
static size_t
first_range4(const struct snapshot_set *set, uint32_t a)
{
	size_t i = find_last32(set->low4, set->ranges4, a);

	return set->ranges4 == 0 ? 0 : i + (format_get32(set->high4 + 4 * i) < a);
}

static size_t
first_range6(const struct snapshot_set *set, struct snapshot_key a)
{
	const uint8_t *p = last128(set->low6, set->ranges6, a);
	size_t i = (size_t)(p - set->low6) / 16;

	return set->ranges6 == 0 ?
		0 :
		i + (snapshot_key_compare(snapshot_key_get(set->high6 + 16 * i), a) < 0);
}

/* Has the set anything from low to high? */
static bool
intersects(const struct snapshot_set *set, uint8_t family, struct snapshot_key low,
	struct snapshot_key high)
{
	size_t i;

	if (family == 6) {
		i = first_range6(set, low);
		return i < set->ranges6 &&
			snapshot_key_compare(snapshot_key_get(set->low6 + 16 * i), high) <= 0;
	}
	if (hosts_below(set, high.lower + 1) > hosts_below(set, low.lower))
		return true;
	i = first_range4(set, (uint32_t)low.lower);
	return i < set->ranges4 && format_get32(set->low4 + 4 * i) <= high.lower;
}

static bool
next_run4(const struct snapshot_set *set, uint32_t at, struct run *out)
{
	size_t i = first_range4(set, at), host = hosts_below(set, at);
	bool has_range = i < set->ranges4;

	if (has_range)
		run4(set, i, out);
	if (host < set->hosts) {
		struct snapshot_key a = {0, host_address(set, host)};

		if (!has_range || a.lower < out->low.lower)
			*out = (struct run){a, a, find_id_at(set, &set->host_ids, host)};
	}
	return has_range || host < set->hosts;
}

static bool
next_run6(const struct snapshot_set *set, struct snapshot_key at, struct run *out)
{
	size_t i = first_range6(set, at);

	if (i < set->ranges6)
		run6(set, i, out);
	return i < set->ranges6;
}

/* The first entry that does not end below a place. */
static bool
next_run(const struct snapshot_set *set, uint8_t family, struct snapshot_key at, struct run *out)
{
	bool found = family == 6 ? next_run6(set, at, out) :
				   next_run4(set, (uint32_t)at.lower, out);

	/* Arrays out of order must not send a search back. */
	return found && snapshot_key_compare(out->high, at) >= 0;
}

/* Walks over what the delta has in between, for as long as nothing is listed there. */
static bool
layer_intersects(const struct snapshot_layer *l, uint8_t family, struct snapshot_key low,
	struct snapshot_key high)
{
	struct run run = {.id = 0};

	while (next_run(l->delta, family, low, &run) && snapshot_key_compare(run.low, high) <= 0) {
		if (run.id == 0 ||
			find_class_row(l->delta->snapshot, run.id)[CLASS_ACTION] !=
				SNAPSHOT_REMOVED)
			return true;
		if (snapshot_key_compare(low, run.low) < 0 &&
			intersects(l->set, family, low, snapshot_key_before(run.low)))
			return true;
		if (snapshot_key_compare(run.high, high) >= 0)
			return false;
		low = snapshot_key_after(run.high);
	}
	return intersects(l->set, family, low, high);
}

bool
snapshot_layer_intersects(const struct snapshot_layer *l, const struct prefix *p)
{
	uint8_t family = p->addr.family, bits = family == 4 ? 32 : 128, host_bits;
	struct snapshot_key low, high, mask = {0, 0};

	if ((family != 4 && family != 6) || p->len > bits)
		return false;
	host_bits = (uint8_t)(bits - p->len);
	if (host_bits > 64)
		mask.upper = UINT64_MAX >> (128 - host_bits);
	if (host_bits != 0)
		mask.lower = host_bits < 64 ? UINT64_MAX >> (64 - host_bits) : UINT64_MAX;
	low = high = snapshot_key_of(&p->addr);
	low.upper &= ~mask.upper;
	low.lower &= ~mask.lower;
	high.upper |= mask.upper;
	high.lower |= mask.lower;
	return l->delta != NULL ? layer_intersects(l, family, low, high) :
				  intersects(l->set, family, low, high);
}

/* --- stretches --- */

struct stretch {
	struct snapshot_key last;
	uint32_t id;
};

static struct stretch
stretch_of(const struct snapshot_set *set, uint8_t family, struct snapshot_key at)
{
	struct stretch s = {{UINT64_MAX, UINT64_MAX}, 0};
	struct run run;

	if (family == 4)
		s.last = (struct snapshot_key){0, UINT32_MAX};
	if (!next_run(set, family, at, &run))
		return s;
	if (snapshot_key_compare(run.low, at) > 0)
		s.last = snapshot_key_before(run.low);
	else
		s = (struct stretch){run.high, run.id};
	return s;
}

void
snapshot_layer_stretch(const struct snapshot_layer *l, const struct addr *a,
	struct snapshot_stretch *out)
{
	struct snapshot_key at = snapshot_key_of(a);
	const struct snapshot_set *set = l->delta;
	struct stretch s = {.id = 0}, below;

	if (set != NULL)
		s = stretch_of(set, a->family, at);
	if (s.id == 0) {
		below = stretch_of(l->set, a->family, at);
		if (set == NULL || snapshot_key_compare(below.last, s.last) < 0)
			s.last = below.last;
		s.id = below.id;
		set = l->set;
	}
	out->last = snapshot_key_addr(a->family, s.last);
	out->has_entry = s.id != 0;
	if (out->has_entry)
		find_view(set->snapshot, s.id, &out->view);
	out->is_listed = out->has_entry && out->view.action != SNAPSHOT_REMOVED;
}

/* --- walk --- */

static bool
walk4(const struct snapshot_set *set, struct snapshot_walk *w, struct run *out)
{
	bool has_range = w->range4 < set->ranges4, has_host = w->host < set->hosts;
	struct snapshot_key host = {0, 0};

	if (has_range)
		run4(set, w->range4, out);
	if (has_host && set->has_buckets) {
		while (format_get32(set->bucket + 4 * (size_t)w->upper + 4) <= w->host)
			w->upper++;
		host.lower = w->upper << 16 | format_get16(set->host + 2 * w->host);
	} else if (has_host) {
		host.lower = format_get32(set->host + 4 * w->host);
	}
	if (has_host && (!has_range || host.lower < out->low.lower))
		*out = (struct run){host, host, find_id_at(set, &set->host_ids, w->host++)};
	else
		w->range4 += has_range;
	return has_host || has_range;
}

static bool
walk6(const struct snapshot_set *set, struct snapshot_walk *w, struct run *out)
{
	if (w->range6 >= set->ranges6)
		return false;
	run6(set, w->range6++, out);
	return true;
}

bool
snapshot_next_range(const struct snapshot_set *set, struct snapshot_walk *walk,
	struct snapshot_range *out)
{
	struct run run;
	uint8_t family;

	do {
		family = walk4(set, walk, &run) ? 4 : 6;
		if (family == 6 && !walk6(set, walk, &run))
			return false;
	} while (run.id == 0);
	out->low = snapshot_key_addr(family, run.low);
	out->high = snapshot_key_addr(family, run.high);
	find_view(set->snapshot, run.id, &out->view);
	return true;
}
