/* snapshot_draft.h - the inside of a builder, for the two files that work on it. */
#ifndef FEEDS_SNAPSHOT_DRAFT_H
#define FEEDS_SNAPSHOT_DRAFT_H

#include <orbl/snapshot_builder.h>

#include "snapshot_format.h"
#include "snapshot_names.h"
#include "snapshot_pool.h"
#include "snapshot_sweep.h"

/* The frozen arrays of a set: how long, and how many bytes a class id takes. */
struct draft_part {
	size_t count;
	uint32_t id_size, only; /* as PART_ID_SIZE, PART_ID */
};

struct set_draft {
	struct sweep_set ranges;
	struct names_draft *names; /* NULL: addresses, or nothing yet */
	uint8_t *blob;             /* the names, frozen */
	size_t blob_len;
	struct draft_part hosts, v4, v6; /* of the ranges, frozen */
};

/* What a delta knows of its base; checksum 0: this is whole. */
struct draft_base {
	uint64_t checksum;
	uint32_t serial;
	size_t set_count, zone_count;
};

struct snapshot_builder {
	struct snapshot_pool pool;
	struct draft_base base;
	uint32_t notice; /* as HEADER_NOTICE */
	size_t set_count, zone_count, layer_count;
	struct set_draft sets[SNAPSHOT_SETS_MAX];
	uint8_t zones[SNAPSHOT_ZONES_MAX][ZONE_SIZE];
	uint32_t layers[SNAPSHOT_ZONES_MAX * SNAPSHOT_ZONE_SETS_MAX];
};

/* Write a builder whose sets are frozen in the layout of snapshot_format.h. */
enum err snapshot_writer_write(const struct snapshot_builder *b, int fd, uint32_t serial,
	int64_t created_s, struct error *e) ORBL_NODISCARD;

#endif
