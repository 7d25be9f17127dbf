/* snapshot_sweep.h - overlapping ranges in any order become disjoint ones in address order.
 *
 *	10 Mio. ranges added -> sort by low end -> sweep -> disjoint, joined where they can be
 *
 * The sweep visits each address where something begins or ends once. What is active there
 * is counted by rank and class, so that a file made to overlap itself everywhere costs
 * O(n log n) as any other.
 */
#ifndef FEEDS_SNAPSHOT_SWEEP_H
#define FEEDS_SNAPSHOT_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

#include "snapshot_pool.h"

/* An address as a number; IPv4 has upper 0. */
struct span_key {
	uint64_t upper, lower;
};

struct span {
	struct span_key low, high; /* both included */
	uint16_t class_id;
	uint8_t rank;
};

/* Ranges of one family: packed, as there may be ten million. */
struct span_list {
	uint8_t family;
	size_t count, room;
	union {
		struct span_packed4 {
			uint32_t low, high;
			uint16_t class_id;
			uint8_t rank;
		} * v4;
		struct span_packed6 {
			struct span_key low, high;
			uint16_t class_id;
			uint8_t rank;
		} * v6;
	} items;
};

struct span span_list_get(const struct span_list *list, size_t i); /* i < count */
bool span_list_add(struct span_list *list, struct span span);      /* false: out of memory */
void span_list_reset(struct span_list *list);                      /* releases; the family stays */

/* Sweep in, which is sorted on the way, to out, which is empty and of the same family.
 * Merged classes are added to pool. */
enum err snapshot_sweep(struct span_list *in, struct snapshot_pool *pool, struct span_list *out,
	struct error *e) ORBL_NODISCARD;

#endif
