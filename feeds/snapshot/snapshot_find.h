/* snapshot_find.h - from an IPv4 address to its class in a set, for who looks up one address
 * (snapshot_layer.c) or many (snapshot_layer_many.c).
 */
#ifndef FEEDS_SNAPSHOT_FIND_H
#define FEEDS_SNAPSHOT_FIND_H

#include "snapshot_image.h"

/* --- classes --- */

static inline const uint8_t *
find_class_row(const struct snapshot *s, uint32_t id)
{
	return snapshot_image_row(s, SECTION_CLASSES, id - 1, CLASS_SIZE);
}

static inline void
find_view(const struct snapshot *s, uint32_t id, struct snapshot_view *out)
{
	const uint8_t *row = find_class_row(s, id);

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

/* An id that the snapshot does not have is the same as none. */
static inline uint32_t
find_id_at(const struct snapshot_set *set, const struct snapshot_ids *ids, size_t i)
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

/* Of count numbers, one at least, which is the last that is not above a; the first when all are. */
static inline size_t
find_last16(const uint8_t *p, size_t count, uint16_t a)
{
	size_t last = 0;

	for (size_t half = count / 2; half != 0; half = count / 2) {
		size_t middle = last + half;

		last = format_get16(p + 2 * middle) <= a ? middle : last;
		count -= half;
	}
	return last;
}

static inline size_t
find_last32(const uint8_t *p, size_t count, uint32_t a)
{
	size_t last = 0;

	for (size_t half = count / 2; half != 0; half = count / 2) {
		size_t middle = last + half;

		last = format_get32(p + 4 * middle) <= a ? middle : last;
		count -= half;
	}
	return last;
}

/* --- one address: its class, or 0 --- */

static inline const uint8_t *
find_bucket(const struct snapshot_set *set, uint32_t a)
{
	return set->bucket + (size_t)(a >> 16) * 4;
}

static inline uint32_t
find_in_bucket(const struct snapshot_set *set, uint32_t a)
{
	const uint8_t *bucket = find_bucket(set, a);
	size_t start = format_get32(bucket), end = format_get32(bucket + 4), i;

	if (start == end)
		return 0;
	i = start + find_last16(set->host + 2 * start, end - start, (uint16_t)a);
	if (format_get16(set->host + 2 * i) != (uint16_t)a)
		return 0;
	return find_id_at(set, &set->host_ids, i);
}

static inline uint32_t
find_host4(const struct snapshot_set *set, uint32_t a)
{
	size_t i = find_last32(set->host, set->hosts, a);

	if (set->hosts == 0 || format_get32(set->host + 4 * i) != a)
		return 0;
	return find_id_at(set, &set->host_ids, i);
}

static inline uint32_t
find_in_ranges4(const struct snapshot_set *set, uint32_t a)
{
	size_t i = find_last32(set->low4, set->ranges4, a);

	if (format_get32(set->low4 + 4 * i) > a || format_get32(set->high4 + 4 * i) < a)
		return 0;
	return find_id_at(set, &set->ids4, i);
}

static inline uint32_t
find_id4(const struct snapshot_set *set, uint32_t a)
{
	uint32_t id = set->has_buckets ? find_in_bucket(set, a) : find_host4(set, a);

	return id == 0 && set->ranges4 != 0 ? find_in_ranges4(set, a) : id;
}

/* --- and what it is answered with --- */

/* out is written when there is an entry. */
static inline bool
find_in_layer4(const struct snapshot_layer *l, uint32_t a, struct snapshot_view *out)
{
	const struct snapshot_set *set = l->delta != NULL ? l->delta : l->set;
	uint32_t id;

	while ((id = find_id4(set, a)) == 0 && set != l->set)
		set = l->set;
	if (id == 0 || find_class_row(set->snapshot, id)[CLASS_ACTION] == SNAPSHOT_REMOVED)
		return false;
	find_view(set->snapshot, id, out);
	return true;
}

#endif
