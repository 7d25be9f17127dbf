#include "zone_records.h"

#include <stdlib.h>
#include <string.h>

#include "zone_diff.h"
#include "zone_touch.h"
#include "zone_walk.h"

enum { STEPS = 512 }; /* of one call */

/* One version. */
struct side {
	struct zone_version version;
	struct zone_owner owner;
};

struct zone_records {
	struct zone_walk walk;
	bool is_difference, is_local;
	bool has_name; /* ours.owner has the name whose records come */
	bool is_counted;
	size_t type; /* next of the name */
	uint64_t names;
	struct side ours, *theirs; /* theirs: NULL without; behind this */
};

static struct zone_records *
make(size_t sides)
{
	/* Replies are written before they are read. */
	struct zone_records *r = malloc(sizeof(*r) + (sides - 1) * sizeof(struct side));

	if (r == NULL)
		return NULL;
	r->is_difference = sides > 1;
	r->is_local = r->has_name = r->is_counted = false;
	r->type = 0;
	r->names = 0;
	r->theirs = sides > 1 ? (struct side *)(r + 1) : NULL;
	return r;
}

static void
init_side(struct side *s, const struct zone_set *zones, const struct zone *zone)
{
	zone_version_init(&s->version, zones, zone);
	zone_owner_init(&s->owner, &s->version);
}

struct zone_records *
zone_records_new(const struct zone_set *zones, const struct zone *zone)
{
	struct zone_records *r = make(1);

	if (r == NULL)
		return NULL;
	init_side(&r->ours, zones, zone);
	zone_walk_init(&r->walk, &r->ours.version, NULL);
	return r;
}

struct zone_records *
zone_diff_new(const struct zone_set *zones, const struct zone *zone,
	const struct zone_set *other_zones, const struct zone *other)
{
	struct zone_records *r = make(2);

	if (r == NULL)
		return NULL;
	init_side(&r->ours, zones, zone);
	init_side(r->theirs, other_zones, other);
	r->is_local = zone_touch_is_all(&r->ours.version, &r->theirs->version);
	zone_walk_init(&r->walk, &r->ours.version, r->is_local ? &r->theirs->version : NULL);
	return r;
}

void
zone_records_free(struct zone_records *r)
{
	free(r);
}

/* --- what to give ------------------------------------------------------- */

/* Does the name come here, or in another part? */
static bool
is_expected(const struct zone_records *r)
{
	enum zone_owner_part part = r->ours.owner.part, expected = r->walk.expected;

	if (part == expected)
		return part != ZONE_OWNER_NONE;
	/* A name that an address has, too, and that comes in no other part then. */
	return r->is_local && part == ZONE_OWNER_NAME &&
		(expected == ZONE_OWNER_IPV4 || expected == ZONE_OWNER_IPV6);
}

static bool
next_name(struct zone_records *r)
{
	struct zone_owner *o = &r->ours.owner;

	zone_owner_find(o, r->walk.owner, r->walk.owner_len);
	if (!is_expected(r))
		return false;
	if (r->is_difference)
		zone_owner_find(&r->theirs->owner, r->walk.owner, r->walk.owner_len);
	r->type = 0;
	r->is_counted = false;
	o->record_count = o->next = 0;
	return true;
}

/* The next record of the name. */
static bool
next_record(struct zone_records *r, struct zone_record *out)
{
	struct zone_owner *o = &r->ours.owner;

	for (;;) {
		while (zone_owner_next(o, out)) {
			if (r->is_difference && zone_owner_has(&r->theirs->owner, out))
				continue;
			r->names += !r->is_counted;
			r->is_counted = true;
			return true;
		}
		if (r->type == o->type_count)
			return false;
		if (r->is_difference && o->types[r->type] == TYPE_SOA) {
			r->type++;
			continue;
		}
		if (r->is_difference)
			zone_owner_write(&r->theirs->owner, o->types[r->type]);
		zone_owner_write(o, o->types[r->type++]);
	}
}

enum zone_records_got
zone_records_next(struct zone_records *r, struct zone_record *out)
{
	for (size_t i = 0; i < STEPS; i++) {
		if (r->has_name && next_record(r, out))
			return ZONE_RECORDS_ONE;
		r->has_name = false;
		switch (zone_walk_next(&r->walk)) {
		case ZONE_WALK_END: return ZONE_RECORDS_END;
		case ZONE_WALK_NOTHING: break;
		case ZONE_WALK_NAME: r->has_name = next_name(r); break;
		}
	}
	return ZONE_RECORDS_AGAIN;
}

bool
zone_diff_is_local(const struct zone_records *d)
{
	return d->is_local;
}

size_t
zone_diff_touched(const struct zone_records *d)
{
	return zone_touch_entries(&d->ours.version) +
		(d->theirs != NULL ? zone_touch_entries(&d->theirs->version) : 0);
}

uint64_t
zone_diff_steps(const struct zone_records *d)
{
	return d->walk.steps;
}

uint64_t
zone_diff_names(const struct zone_records *d)
{
	return d->names;
}
