/* zone_touch.h - where two versions of a zone can differ: what the deltas of either touch.
 */
#ifndef DNSD_ZONE_TOUCH_H
#define DNSD_ZONE_TOUCH_H

#include "zone_block.h"

/* Do the two differ only in what their deltas say, and in what is built in? Then the rest of their
 * data is the same, entry by entry. O(entries of the deltas + classes of the bases). */
bool zone_touch_is_all(const struct zone_version *a, const struct zone_version *b);
/* Addresses from *from on that entries of a delta touch, of either version of a zone; false: there
 * are no more of the family. */
bool zone_touch_next(const struct zone *a, const struct zone *b, const struct addr *from,
	struct addr *first, struct addr *last);
/* Entries of the deltas. */
size_t zone_touch_entries(const struct zone_version *of);

#endif
