/* zone_diff.h - what one version of a zone has and another has not.
 *
 *	old without new: what IXFR deletes        new without old: what it adds
 *
 * Of versions of one base only what their deltas touch is looked at (zone_touch.h), of others
 * all of the first one. SOA records are not told.
 */
#ifndef DNSD_ZONE_DIFF_H
#define DNSD_ZONE_DIFF_H

#include "zone_records.h"

/* The records of `zone` that the other version does not have, name, type, TTL and data, in the
 * order of zone_records. For both the check was OK. Borrows all. NULL: out of memory. */
struct zone_records *zone_diff_new(const struct zone_set *zones, const struct zone *zone,
	const struct zone_set *other_zones, const struct zone *other);
/* Is it found in time that does not depend on the size of the zone? */
bool zone_diff_is_local(const struct zone_records *d);
/* An upper bound of the names that differ, if it is. */
size_t zone_diff_touched(const struct zone_records *d);
uint64_t zone_diff_steps(const struct zone_records *d); /* names and gaps looked at, so far */
uint64_t zone_diff_names(const struct zone_records *d); /* that differed, so far */

#endif
