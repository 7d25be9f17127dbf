/* live.h - the zones being served: one pointer, swapped whole.
 *
 *	main thread                       each worker, between two batches
 *	live_publish: pointer, epoch++    live_zones: seen = epoch; read pointer
 *	live_reclaim: free what every worker has seen past
 *
 * A worker uses the set that live_zones returned until it calls live_zones again and never
 * longer, so that a set retired at epoch E is out of use once each worker has seen E. No
 * counter is shared between workers, and nothing on the query path is a lock or a
 * read-modify-write.
 */
#ifndef DNSD_LIVE_H
#define DNSD_LIVE_H

#include "zone.h"

struct live;

/* No zones yet. NULL: out of memory. */
struct live *live_new(size_t readers);
/* Frees the current set and what is retired. The readers have ended. NULL ok. */
void live_free(struct live *l);

/* Before the readers are started: until then none of them holds up live_reclaim, so that a start
 * with many zones does not keep each set on the way. Main thread only. */
void live_begin(struct live *l);
/* Reader i's quiescent point: what it was lent before may now go. Lends the current set. */
const struct zone_set *live_zones(struct live *l, size_t i);

/* --- main thread only --- */

/* Takes the set, and what the old one alone still uses: a snapshot and a delta to be closed, or
 * NULL. */
void live_publish(struct live *l, struct zone_set *zones, struct snapshot *retired,
	struct snapshot *retired_delta);
/* Frees retired sets that no reader uses. True when some remain: wake the readers (each needs
 * to pass its quiescent point) and call again. */
bool live_reclaim(struct live *l);

#endif
