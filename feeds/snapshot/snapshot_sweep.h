/* snapshot_sweep.h - overlapping ranges in any order become disjoint ones in address order.
 *
 *	10 Mio. added -> sort -> sweep where ranges are, else pass -> disjoint, joined
 *
 * The sweep visits each address where something begins or ends once. What is active there is
 * kept in order, so that a file made to overlap itself everywhere costs O(n log n) as any
 * other. Hosts are never active: each is a place of its own.
 */
#ifndef FEEDS_SNAPSHOT_SWEEP_H
#define FEEDS_SNAPSHOT_SWEEP_H

#include <orbl/err.h>

#include "snapshot_pool.h"
#include "snapshot_span.h"

/* The ranges of a set: as added in any order, single IPv4 addresses of SPAN_HOST_RANK apart; or
 * swept, then IPv4 ranges of at most HOSTS_RUN_MAX addresses are hosts. */
struct sweep_set {
	struct span_hosts hosts;
	struct span_list v4, v6;
};

void sweep_set_reset(struct sweep_set *set); /* releases */

/* Replace what was added by what answers. Merged classes are added to pool. */
enum err
sweep_set_freeze(struct sweep_set *set, struct snapshot_pool *pool, struct error *e) ORBL_NODISCARD;

#endif
