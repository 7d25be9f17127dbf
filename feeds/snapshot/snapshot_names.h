/* snapshot_names.h - a set of names: how it lies in a snapshot, and how it is made.
 *
 *	node = (parent node, label) -> class of the name itself, class of all below it
 *
 *	header | buckets | nodes, those of one bucket together | labels, each once
 *
 * Every ancestor of an entry has a node too, so a look-up goes down from the origin, one hash
 * bucket a label, and ends at the first label that has no node: nothing lies below. Ancestors
 * are what makes empty non-terminals exact.
 *
 * An entry for the name itself wins, else that for all below the longest name around it; an
 * exclusion among these is an end of the search. Of what is not listed it is told whether
 * something below it is.
 *
 * The set is one run of bytes ("blob"), a multiple of 8, that needs nothing around it but the
 * classes. The reader trusts nothing in it: every index is checked where it is used, and no
 * more than NAMES_RUN_MAX nodes are looked at for a label, whoever chose the labels.
 */
#ifndef FEEDS_SNAPSHOT_NAMES_H
#define FEEDS_SNAPSHOT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/snapshot_builder.h>
#include <orbl/snapshot_layer.h>

#include "snapshot_pool.h"

/* --- layout: little-endian, each array padded to 8 --- */

enum {
	NAMES_SEED = 0, /* u64 */
	NAMES_NODES = 8,
	NAMES_BUCKETS = 12,
	NAMES_LABEL_BYTES = 16,
	NAMES_ENTRIES = 20, /* nodes that have an entry */
	NAMES_HEADER_SIZE = 24,
};

/* A bucket is where its nodes begin, u32; there is one more, where the last one ends. Node 0 is
 * the origin, in no bucket. */
enum {
	NAMES_BUCKET_SIZE = 4,
	NAMES_BUCKET_NODES = 4, /* on average */
	NAMES_RUN_MAX = 48,     /* nodes of a bucket; the maker looks for a seed that keeps it */
};

/* All u32. */
enum {
	NAMES_NODE_TAG = 0, /* low half of the hash; the high half is the bucket's */
	NAMES_NODE_PARENT = 4,
	NAMES_NODE_LABEL = 8, /* offset of its length byte */
	NAMES_NODE_EXACT = 12,
	NAMES_NODE_BELOW = 16,
	NAMES_NODE_SIZE = 20,
};

/* NAMES_NODE_EXACT, _BELOW: 0 for no entry, this for an exclusion, else a class id. */
#define NAMES_EXCLUDED 0x7fffffffu
/* In NAMES_NODE_EXACT: something is listed at this node or below. */
#define NAMES_ALIVE 0x80000000u

/* Of a label with its length byte, below a parent; that of the origin is the seed. */
uint64_t snapshot_names_hash(uint64_t parent_hash, const uint8_t *label);
static inline uint32_t
snapshot_names_bucket(uint64_t hash, uint32_t buckets)
{
	return (uint32_t)((hash >> 32) * buckets >> 32);
}

/* --- reading --- */

struct snapshot_names {
	uint32_t class_count; /* of the snapshot: the highest id */
	uint32_t node_count, bucket_count, label_bytes;
	uint64_t seed;
	size_t entries; /* listed or excluded, without bare ancestors */
	const uint8_t *buckets, *nodes, *labels;
};

/* Place the arrays of a blob, which is borrowed. False: its bounds are wrong. */
bool snapshot_names_open(struct snapshot_names *n, const uint8_t *blob, size_t len,
	uint32_t class_count);
/* As snapshot_layer_find_name; *class_id and *matched are set when LISTED. */
enum snapshot_name_kind snapshot_names_find(const struct snapshot_names *n,
	const struct snapshot_name *name, uint32_t *class_id, size_t *matched);

/* Does the name have a node? */
bool snapshot_names_has(const struct snapshot_names *n, const struct snapshot_name *name);
/* The name of a node; false: its ancestors are no name. */
bool
snapshot_names_read(const struct snapshot_names *n, uint32_t node, struct snapshot_walked *out);

/* The class of the first entry that there is; 0: none. */
uint32_t snapshot_names_first(const struct snapshot_names *n);

/* --- making (names_draft.c, names_draft_freeze.c) --- */

struct names_draft;

struct names_draft *names_draft_new(void);             /* NULL: out of memory */
void names_draft_free(struct names_draft *d);          /* NULL ok */
size_t names_draft_count(const struct names_draft *d); /* of what was added */
/* wire: relative to the origin, lower case, with the root's 0. class_id 0 excludes. */
enum err names_draft_add(struct names_draft *d, const uint8_t *wire, bool below, uint32_t class_id,
	struct error *e) ORBL_NODISCARD;
/* Make the blob (malloc'd, the caller's). Entries of one name are merged (snapshot_pool_merge);
 * an exclusion wins. The draft is used up: only names_draft_free is left to do. */
enum err names_draft_freeze(struct names_draft *d, struct snapshot_pool *pool, uint8_t **blob,
	size_t *len, struct error *e) ORBL_NODISCARD;

#endif
