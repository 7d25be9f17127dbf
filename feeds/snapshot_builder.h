/* snapshot_builder.h - the inside of a builder, for the two files that work on it. */
#ifndef FEEDS_SNAPSHOT_BUILDER_H
#define FEEDS_SNAPSHOT_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/snapshot.h>

#include "snapshot_format.h"
#include "snapshot_pool.h"
#include "snapshot_sweep.h"

struct set_draft {
	struct span_list v4, v6; /* as added; frozen: disjoint, in order */
	size_t hosts;            /* frozen: single addresses of v4 */
};

struct zone_row {
	uint32_t fields[ZONE_SIZE / 4]; /* by ZONE_* / 4 */
};

struct snapshot_builder {
	struct snapshot_pool pool;
	size_t set_count, zone_count;
	struct set_draft sets[SNAPSHOT_ZONES_MAX];
	struct zone_row zones[SNAPSHOT_ZONES_MAX];
};

/* Write a frozen builder in the layout of snapshot_format.h. */
enum err snapshot_writer_write(const struct snapshot_builder *b, int fd, uint32_t serial,
	int64_t created_s, struct error *e) ORBL_NODISCARD;

#endif
