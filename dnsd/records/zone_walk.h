/* zone_walk.h - the names of a zone that may have records, one after the other.
 *
 *	origin, zones below, built in | addresses: all, or near what deltas touch | names
 *
 * A name comes once for each part that may make it be there; zone_owner_find tells which one
 * does. With another version of the same base, only those addresses come that an entry of either
 * delta may have changed, and no names.
 */
#ifndef DNSD_ZONE_WALK_H
#define DNSD_ZONE_WALK_H

#include "zone_owner.h"

enum zone_walk_phase {
	ZONE_WALK_ORIGIN,
	ZONE_WALK_ZONES,
	ZONE_WALK_BUILT_IN,
	ZONE_WALK_IPV4,
	ZONE_WALK_IPV6,
	ZONE_WALK_NAMES,
	ZONE_WALK_PHASES
};

/* Addresses that are being walked. */
struct zone_walk_part {
	struct addr at, last;
	bool is_over;     /* at is behind the last one */
	bool each;        /* all of them, also those not listed */
	bool is_wildcard; /* the wildcard of IPv4 addresses comes first */
	bool skips_hosts; /* ... and alone */
	bool has_single;  /* `single` comes first */
	struct addr single;
};

struct zone_walk {
	const struct zone_version *version, *other; /* other: NULL for all */
	const struct zone *zone, *other_zone;       /* the one being walked */
	size_t member;                              /* next in the set of zones */
	enum zone_walk_phase phase;
	size_t index;     /* in the phase */
	struct addr next; /* where deltas are looked at next */
	bool is_last;     /* nothing is behind `next` */
	struct zone_walk_part part;
	struct zone_cell cell; /* of part.at, if has_cell */
	bool has_cell;
	size_t node;          /* of a set of names */
	bool is_wildcard_due; /* of the name that came last */
	uint64_t steps;       /* taken so far */
	enum zone_owner_part expected;
	size_t owner_len;
	uint8_t owner[WIRE_NAME_MAX + 1];
	struct snapshot_walked walked;
};

enum zone_walk_got { ZONE_WALK_NAME, ZONE_WALK_NOTHING, ZONE_WALK_END };

/* Keeps both. */
void zone_walk_init(struct zone_walk *w, const struct zone_version *version,
	const struct zone_version *other);
/* One step: a name in w->owner, or nothing yet. */
enum zone_walk_got zone_walk_next(struct zone_walk *w);

/* The zone of this origin in a version, itself or within it; NULL: there is none. */
const struct zone *
zone_version_find(const struct zone_version *of, const uint8_t *origin, size_t len);

#endif
