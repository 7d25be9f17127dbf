/* measure.h - what a simulation came to: found how soon, listed how wrongly, probed how needlessly.
 */
#ifndef TESTS_SIM_MEASURE_H
#define TESTS_SIM_MEASURE_H

#include <stdio.h>

#include <orbl/store.h>

#include "world.h"

struct measure {
	uint64_t denials, forged;        /* facts told */
	uint64_t probes[SIM_KIND_COUNT]; /* of hosts of this kind */
	uint64_t false_relays;           /* listings in the relays zone that a closed host got */
	uint64_t false_suspects;         /* innocent hosts that were listed as suspects */
	uint64_t provider_listings;      /* of hosts on the safe list */
	uint64_t stale_days;             /* days that hosts were listed as relay while closed */
	uint64_t relays, found, told;    /* periods of open relaying; found; found or ever denied */
	uint64_t requests, removed;      /* delisting requests; that removed a listing */
	uint64_t relisted;               /* relapses found */
	size_t time_count, removal_count;
	int64_t *times;    /* from the first denial to the listing */
	int64_t *removals; /* from a request to the end of the listing */
};

void measure_begin(struct measure *m, const struct sim_world *w);
void measure_end(struct measure *m);
/* A listing as relay was made of this host at that time. */
void measure_listed(struct measure *m, struct sim_host *h, int64_t now_s);
void measure_removed(struct measure *m, struct sim_host *h, int64_t now_s);
/* Once a day: what stands on the list. */
enum err measure_day(struct measure *m, const struct sim_world *w, struct store *s, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
/* JSON, the same for the same seed. */
void measure_print(struct measure *m, const struct sim_world *w, FILE *out);

#endif
