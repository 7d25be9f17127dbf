#include "live.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { CACHE_LINE = 64 };

#define NOT_BEGUN UINT64_MAX /* has seen all there will ever be */

struct reader {
	_Alignas(CACHE_LINE) _Atomic uint64_t seen; /* epoch */
};

struct retired {
	struct retired *next;
	uint64_t epoch; /* free once every reader has seen this */
	struct zone_set *zones;
	struct snapshot *snapshot, *delta;
};

struct live {
	_Atomic(struct zone_set *) zones;
	_Atomic uint64_t epoch;
	size_t reader_count;
	struct reader *readers;
	struct retired *retired;
};

struct live *
live_new(size_t readers)
{
	struct live *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->reader_count = readers;
	l->readers = aligned_alloc(CACHE_LINE, (readers != 0 ? readers : 1) * sizeof(*l->readers));
	if (l->readers == NULL) {
		free(l);
		return NULL;
	}
	for (size_t i = 0; i < readers; i++)
		atomic_init(&l->readers[i].seen, NOT_BEGUN);
	return l;
}

void
live_begin(struct live *l)
{
	for (size_t i = 0; i < l->reader_count; i++)
		atomic_store(&l->readers[i].seen, atomic_load(&l->epoch));
}

static void
free_retired(struct retired *r)
{
	zone_set_free(r->zones);
	snapshot_close(r->snapshot);
	snapshot_close(r->delta);
	free(r);
}

void
live_free(struct live *l)
{
	if (l == NULL)
		return;
	while (l->retired != NULL) {
		struct retired *next = l->retired->next;

		free_retired(l->retired);
		l->retired = next;
	}
	zone_set_free(atomic_load(&l->zones));
	free(l->readers);
	free(l);
}

/* The epoch is read before the pointer: whoever has seen epoch E can only read the pointer
 * that was stored before E, or a newer one. */
const struct zone_set *
live_zones(struct live *l, size_t i)
{
	uint64_t epoch = atomic_load_explicit(&l->epoch, memory_order_acquire);

	atomic_store_explicit(&l->readers[i].seen, epoch, memory_order_release);
	return atomic_load_explicit(&l->zones, memory_order_acquire);
}

void
live_publish(struct live *l, struct zone_set *zones, struct snapshot *snapshot,
	struct snapshot *delta)
{
	struct zone_set *old = atomic_exchange(&l->zones, zones);
	uint64_t epoch = atomic_fetch_add(&l->epoch, 1) + 1;
	struct retired *r;

	if (old == NULL && snapshot == NULL && delta == NULL)
		return;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return; /* the old set is never freed, which is better than too early */
	r->epoch = epoch;
	r->zones = old;
	r->snapshot = snapshot;
	r->delta = delta;
	r->next = l->retired;
	l->retired = r;
}

static uint64_t
oldest_seen(const struct live *l)
{
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < l->reader_count; i++) {
		uint64_t seen = atomic_load_explicit(&l->readers[i].seen, memory_order_acquire);

		if (seen < oldest)
			oldest = seen;
	}
	return oldest;
}

bool
live_reclaim(struct live *l)
{
	uint64_t oldest = oldest_seen(l);

	for (struct retired **at = &l->retired; *at != NULL;) {
		struct retired *r = *at;

		if (r->epoch > oldest) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		free_retired(r);
	}
	return l->retired != NULL;
}
