#include <orbl/snapshot_layer.h>

#include "snapshot_image.h"
#include "snapshot_key.h"

/* --- classes --- */

static inline const uint8_t *
class_row(const struct snapshot *s, uint32_t id)
{
	return snapshot_image_row(s, SECTION_CLASSES, id - 1, CLASS_SIZE);
}

static inline void
view_class(const struct snapshot *s, uint32_t id, struct snapshot_view *out)
{
	const uint8_t *row = class_row(s, id);

	out->snapshot = s;
	out->expires_s = (int64_t)format_get64(row + CLASS_EXPIRES);
	out->ttl_s = format_get32(row + CLASS_TTL);
	out->action = row[CLASS_ACTION];
	out->a_count = row[CLASS_A_COUNT];
	out->txt_count = row[CLASS_TXT_COUNT];
	out->record_count = row[CLASS_RECORD_COUNT];
	out->a_first = format_get32(row + CLASS_A_FIRST);
	out->txt_first = format_get32(row + CLASS_TXT_FIRST);
	out->record_first = format_get32(row + CLASS_RECORD_FIRST);
}

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

/* An id that the snapshot does not have is the same as none. */
static inline uint32_t
id_at(const struct snapshot_set *set, const struct snapshot_ids *ids, size_t i)
{
	uint32_t id = ids->only;

	if (ids->size == 1)
		id = ids->p[i];
	else if (ids->size == 2)
		id = format_get16(ids->p + 2 * i);
	else if (ids->size == 4)
		id = format_get32(ids->p + 4 * i);
	return id <= set->class_count ? id : 0;
}

/* --- searches in ascending numbers; without branches on those of IPv4 --- */

/* Of count numbers, one at least, the last that is not above a; the first when all are. */
static inline const uint8_t *
last16(const uint8_t *p, size_t count, uint16_t a)
{
	while (count > 1) {
		size_t half = count / 2;
		const uint8_t *middle = p + 2 * half;

		p = format_get16(middle) <= a ? middle : p;
		count -= half;
	}
	return p;
}

static inline const uint8_t *
last32(const uint8_t *p, size_t count, uint32_t a)
{
	while (count > 1) {
		size_t half = count / 2;
		const uint8_t *middle = p + 4 * half;

		p = format_get32(middle) <= a ? middle : p;
		count -= half;
	}
	return p;
}

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

/* --- one address: its class, or 0 --- */

static inline uint32_t
find_in_bucket(const struct snapshot_set *set, uint32_t a)
{
	const uint8_t *bucket = set->bucket + (size_t)(a >> 16) * 4, *p;
	size_t start = format_get32(bucket), end = format_get32(bucket + 4);

	if (start == end)
		return 0;
	p = last16(set->host + 2 * start, end - start, (uint16_t)a);
	if (format_get16(p) != (uint16_t)a)
		return 0;
	return id_at(set, &set->host_ids, (size_t)(p - set->host) / 2);
}

static uint32_t
find_host(const struct snapshot_set *set, uint32_t a)
{
	const uint8_t *p;

	if (set->hosts == 0)
		return 0;
	p = last32(set->host, set->hosts, a);
	if (format_get32(p) != a)
		return 0;
	return id_at(set, &set->host_ids, (size_t)(p - set->host) / 4);
}

static uint32_t
find_range4(const struct snapshot_set *set, uint32_t a)
{
	const uint8_t *p = last32(set->low4, set->ranges4, a);
	size_t i = (size_t)(p - set->low4) / 4;

	if (format_get32(p) > a || format_get32(set->high4 + 4 * i) < a)
		return 0;
	return id_at(set, &set->ids4, i);
}

static inline uint32_t
find4(const struct snapshot_set *set, uint32_t a)
{
	uint32_t id = set->has_buckets ? find_in_bucket(set, a) : find_host(set, a);

	return id == 0 && set->ranges4 != 0 ? find_range4(set, a) : id;
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
	return id_at(set, &set->ids6, i);
}

bool
snapshot_layer_find4(const struct snapshot_layer *l, uint32_t a, struct snapshot_view *out)
{
	const struct snapshot_set *set = l->delta;
	uint32_t id = set != NULL ? find4(set, a) : 0;

	if (id == 0) {
		set = l->set;
		id = find4(set, a);
	}
	if (id == 0)
		return false;
	view_class(set->snapshot, id, out);
	return out->action != SNAPSHOT_REMOVED;
}

bool
snapshot_layer_find(const struct snapshot_layer *l, const struct addr *a, struct snapshot_view *out)
{
	const struct snapshot_set *set = l->delta;
	struct snapshot_key key;
	uint32_t id;

	if (a->family == 4)
		return snapshot_layer_find4(l, addr_ipv4(a), out);
	if (a->family != 6)
		return false;
	key = snapshot_key_get(a->b);
	id = set != NULL ? find6(set, key) : 0;
	if (id == 0) {
		set = l->set;
		id = find6(set, key);
	}
	if (id == 0)
		return false;
	view_class(set->snapshot, id, out);
	return out->action != SNAPSHOT_REMOVED;
}

static inline const uint8_t *
bucket_of(const struct snapshot_set *set, uint32_t a)
{
	return set->bucket + (size_t)(a >> 16) * 4;
}

void
snapshot_layer_fetch4(const struct snapshot_layer *l, uint32_t a)
{
	if (l->set->has_buckets)
		__builtin_prefetch(bucket_of(l->set, a));
	if (l->delta != NULL && l->delta->has_buckets)
		__builtin_prefetch(bucket_of(l->delta, a));
}

/* All of a bucket of a few lines; else where the search begins, and where it ends when addresses
 * are spread evenly; and the class that is there. As a function gcc takes it for one without
 * effect, and leaves out its calls. */
__attribute__((always_inline)) static inline void
fetch_hosts(const struct snapshot_set *set, uint32_t a)
{
	const struct snapshot_ids *ids = &set->host_ids;
	const uint8_t *first;
	size_t start, count, near;

	if (!set->has_buckets)
		return;
	start = format_get32(bucket_of(set, a));
	count = format_get32(bucket_of(set, a) + 4) - start;
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
snapshot_layer_fetch4_entries(const struct snapshot_layer *l, uint32_t a)
{
	fetch_hosts(l->set, a);
	if (l->delta != NULL)
		fetch_hosts(l->delta, a);
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
		view_class(l->set->snapshot, id, out);
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
	view_class(set->snapshot, id, &v);
	return v.record_count != 0;
}

bool
snapshot_set_ends_between(const struct snapshot_set *set, int64_t from_s, int64_t to_s)
{
	for (uint32_t id = 1; id <= set->class_count; id++) {
		int64_t end_s = (int64_t)format_get64(class_row(set->snapshot, id) + CLASS_EXPIRES);

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
	out->id = id_at(set, &set->ids4, i);
}

static void
run6(const struct snapshot_set *set, size_t i, struct run *out)
{
	out->low = snapshot_key_get(set->low6 + 16 * i);
	out->high = snapshot_key_get(set->high6 + 16 * i);
	out->id = id_at(set, &set->ids6, i);
}

/* How many hosts are below a. */
static size_t
hosts_below(const struct snapshot_set *set, uint64_t a)
{
	size_t start = 0, count = set->hosts;
	uint32_t last = (uint32_t)(a - 1);
	const uint8_t *p;

	if (a == 0)
		return 0;
	if (set->has_buckets) {
		start = format_get32(set->bucket + (size_t)(last >> 16) * 4);
		count = format_get32(set->bucket + (size_t)(last >> 16) * 4 + 4) - start;
		p = last16(set->host + 2 * start, count, (uint16_t)last);
		return count == 0 ?
			start :
			(size_t)(p - set->host) / 2 + (format_get16(p) <= (last & 0xffff));
	}
	p = last32(set->host, count, last);
	return count == 0 ? 0 : (size_t)(p - set->host) / 4 + (format_get32(p) <= last);
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
	const uint8_t *p = last32(set->low4, set->ranges4, a);
	size_t i = (size_t)(p - set->low4) / 4;

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
			*out = (struct run){a, a, id_at(set, &set->host_ids, host)};
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
			class_row(l->delta->snapshot, run.id)[CLASS_ACTION] != SNAPSHOT_REMOVED)
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
		view_class(set->snapshot, s.id, &out->view);
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
		*out = (struct run){host, host, id_at(set, &set->host_ids, w->host++)};
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
	view_class(set->snapshot, run.id, &out->view);
	return true;
}
