#include "snapshot_image.h"

#include <stdlib.h>

/* Cut the next array out of *rest. On failure *rest becomes too short for all that follow. */
static const uint8_t *
take_array(struct section_bytes *rest, bool *ok, uint64_t count, size_t element)
{
	const uint8_t *p = rest->p;
	uint64_t size = format_pad(count * element);

	if (size > rest->len) {
		*ok = false;
		return p;
	}
	rest->p += size;
	rest->len -= (size_t)size;
	return p;
}

/* The class ids of a part, which has count elements. */
static struct snapshot_ids
take_ids(const struct snapshot_set *set, const uint8_t *part, struct section_bytes *rest, bool *ok)
{
	struct snapshot_ids ids = {.size = format_get32(part + PART_ID_SIZE),
		.only = format_get32(part + PART_ID)};
	uint32_t count = format_get32(part + PART_COUNT);

	if (ids.size > 4 || ids.size == 3 || (ids.size != 0 && ids.only != 0) ||
		ids.only > set->class_count || (ids.size == 0 && (count != 0) != (ids.only != 0)))
		*ok = false;
	ids.p = take_array(rest, ok, count, ids.size);
	return ids;
}

static bool
buckets_ascend(const struct snapshot_set *set)
{
	uint32_t last = 0;

	for (size_t i = 0; i <= BUCKETS; i++) {
		uint32_t start = format_get32(set->bucket + 4 * i);

		if (start < last || (i == 0 && start != 0))
			return false;
		last = start;
	}
	return last == set->hosts;
}

static bool
place_addresses(struct snapshot_set *set, const uint8_t *row, struct section_bytes *rest)
{
	const uint8_t *hosts = row + SET_PARTS, *v4 = hosts + PART_SIZE, *v6 = v4 + PART_SIZE;
	bool ok = true;

	set->hosts = format_get32(hosts + PART_COUNT);
	set->ranges4 = format_get32(v4 + PART_COUNT);
	set->ranges6 = format_get32(v6 + PART_COUNT);
	set->bucket = take_array(rest, &ok, set->has_buckets ? BUCKETS + 1 : 0, 4);
	set->host = take_array(rest, &ok, set->hosts, set->has_buckets ? 2 : 4);
	set->host_ids = take_ids(set, hosts, rest, &ok);
	set->low4 = take_array(rest, &ok, set->ranges4, 4);
	set->high4 = take_array(rest, &ok, set->ranges4, 4);
	set->ids4 = take_ids(set, v4, rest, &ok);
	set->low6 = take_array(rest, &ok, set->ranges6, 16);
	set->high6 = take_array(rest, &ok, set->ranges6, 16);
	set->ids6 = take_ids(set, v6, rest, &ok);
	return ok && rest->len == 0 && (!set->has_buckets || buckets_ascend(set));
}

static bool
place_names(struct snapshot_set *set, const uint8_t *row, const struct section_bytes *blob)
{
	for (size_t i = SET_PARTS; i < SET_SIZE; i++)
		if (row[i] != 0)
			return false;
	return snapshot_names_open(&set->names, blob->p, blob->len, set->class_count);
}

/* *rest: the data behind the sets before this one. */
static bool
place_set(const struct snapshot *s, struct snapshot_set *set, const uint8_t *row,
	struct section_bytes *rest)
{
	uint64_t offset = (uint64_t)(rest->p - s->sections[SECTION_DATA].p);
	uint64_t len = format_get64(row + SET_LENGTH);
	uint32_t kind = format_get32(row + SET_KIND);
	struct section_bytes own = {rest->p, (size_t)len};

	if (format_get64(row + SET_OFFSET) != offset || len > rest->len || len % 8 != 0 ||
		kind > SET_KIND_NAMES || format_get32(row + SET_RESERVED) != 0)
		return false;
	rest->p += len;
	rest->len -= (size_t)len;
	set->snapshot = s;
	set->class_count = (uint32_t)snapshot_image_classes(s);
	set->has_names = kind == SET_KIND_NAMES;
	set->has_buckets = kind == SET_KIND_BUCKETS;
	return set->has_names ? place_names(set, row, &own) : place_addresses(set, row, &own);
}

enum err
snapshot_image_place_sets(struct snapshot *s, const char *name, struct error *e)
{
	struct section_bytes rest = s->sections[SECTION_DATA];
	size_t count = s->sections[SECTION_SETS].len / SET_SIZE;

	if (count > SNAPSHOT_SETS_MAX)
		return error_set(e, ERR_CORRUPT, "%s: too many sets; " SNAPSHOT_REMEDY, name);
	s->sets = calloc(count + 1, sizeof(*s->sets));
	if (s->sets == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", name);
	for (; s->set_count < count; s->set_count++)
		if (!place_set(s, &s->sets[s->set_count],
			    snapshot_image_row(s, SECTION_SETS, s->set_count, SET_SIZE), &rest))
			return error_set(e, ERR_CORRUPT, "%s: set %zu is wrong; " SNAPSHOT_REMEDY,
				name, s->set_count);
	if (rest.len != 0)
		return error_set(e, ERR_CORRUPT, "%s: data that belong to no set; " SNAPSHOT_REMEDY,
			name);
	return OK;
}

bool
snapshot_set_has_names(const struct snapshot_set *set)
{
	return set->has_names;
}

size_t
snapshot_set_entries(const struct snapshot_set *set)
{
	return set->has_names ? set->names.entries : set->hosts + set->ranges4 + set->ranges6;
}

size_t
snapshot_set_index(const struct snapshot_set *set)
{
	return (size_t)(set - set->snapshot->sets);
}

const struct snapshot_set *
snapshot_set_at(const struct snapshot *s, size_t index)
{
	return &s->sets[index];
}

size_t
snapshot_set_count(const struct snapshot *s)
{
	return s->set_count;
}
