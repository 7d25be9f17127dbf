#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "names_draft.h"
#include "snapshot_format.h"

enum { SEEDS = 64 }; /* tried until no bucket is longer than NAMES_RUN_MAX */

static enum err
no_memory(struct error *e)
{
	return error_set(e, ERR_MEMORY, "snapshot: out of memory");
}

/* --- merging the entries of a name --- */

static int
compare_entries(const void *a, const void *b)
{
	const struct names_entry *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->below != y->below)
		return x->below ? 1 : -1;
	return x->class_id < y->class_id ? -1 : x->class_id > y->class_id;
}

static bool
is_same_place(const struct names_entry *a, const struct names_entry *b)
{
	return a->node == b->node && a->below == b->below;
}

/* The class of a run of entries in order; the exclusion, 0, would be the first. */
static enum err
merge_run(const struct names_entry *run, size_t count, struct snapshot_pool *pool, uint32_t *id,
	struct error *e)
{
	uint32_t ids[SNAPSHOT_RECORDS_MAX];
	size_t n = 0;
	enum err err;

	*id = NAMES_EXCLUDED;
	if (run[0].class_id == SNAPSHOT_NOT_LISTED)
		return OK;
	for (size_t i = 0; i < count && n < SNAPSHOT_RECORDS_MAX; i++)
		if (n == 0 || ids[n - 1] != run[i].class_id)
			ids[n++] = run[i].class_id;
	err = snapshot_pool_merge(pool, ids, n, id, e);
	if (err == OK && *id >= NAMES_EXCLUDED)
		err = error_set(e, ERR_FULL, "snapshot: too many classes for names");
	return err;
}

static enum err
merge_entries(struct names_draft *d, struct snapshot_pool *pool, struct error *e)
{
	const struct names_entry *entries = d->entries;
	size_t run;
	enum err err = OK;

	for (size_t i = 1; i < d->entry_count; i++)
		if (compare_entries(&entries[i - 1], &entries[i]) > 0) {
			qsort(d->entries, d->entry_count, sizeof(*entries), compare_entries);
			break;
		}
	for (size_t i = 0; i < d->entry_count && err == OK; i += run) {
		struct names_node *node = &d->nodes[entries[i].node];

		run = 1;
		while (i + run < d->entry_count && is_same_place(&entries[i], &entries[i + run]))
			run++;
		err = merge_run(&entries[i], run, pool,
			entries[i].below ? &node->below : &node->exact, e);
	}
	return err;
}

/* Children come after their parents: one walk backwards reaches every ancestor. */
static uint32_t
mark_alive(struct names_draft *d)
{
	uint32_t entries = 0;

	for (size_t i = d->node_count; i-- != 0;) {
		struct names_node *node = &d->nodes[i];
		uint32_t exact = node->exact & ~NAMES_ALIVE;

		entries += exact != 0 || node->below != 0;
		if ((exact != 0 && exact != NAMES_EXCLUDED) ||
			(node->below != 0 && node->below != NAMES_EXCLUDED))
			node->exact |= NAMES_ALIVE;
		if ((node->exact & NAMES_ALIVE) != 0)
			d->nodes[node->parent].exact |= NAMES_ALIVE;
	}
	return entries;
}

/* --- the blob --- */

struct blob {
	uint8_t *bytes, *buckets, *nodes;
	size_t len;
	uint32_t node_count, bucket_count;
};

static void
put32(uint8_t *p, uint32_t n)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

static void
hash_nodes(const struct names_draft *d, uint64_t seed, uint64_t *hashes)
{
	hashes[0] = seed;
	for (size_t i = 1; i < d->node_count; i++)
		hashes[i] = snapshot_names_hash(hashes[d->nodes[i].parent],
			d->labels + d->nodes[i].label);
}

/* Make starts[i] where bucket i begins. False: one is too long. */
static bool
place_buckets(const uint64_t *hashes, size_t count, uint32_t *starts, uint32_t buckets)
{
	uint32_t at = 1, size;

	memset(starts, 0, ((size_t)buckets + 1) * sizeof(*starts));
	for (size_t i = 1; i < count; i++)
		starts[snapshot_names_bucket(hashes[i], buckets)]++;
	for (uint32_t i = 0; i <= buckets; i++) {
		size = starts[i];
		if (size > NAMES_RUN_MAX)
			return false;
		starts[i] = at;
		at += size;
	}
	return true;
}

/* The seed comes from all the labels: who has but a few of them put in cannot know it. */
static bool
find_seed(const struct names_draft *d, uint64_t *hashes, uint32_t *starts, uint32_t buckets)
{
	uint64_t seed = XXH3_64bits(d->labels != NULL ? d->labels : (const uint8_t *)"",
		d->label_bytes);

	for (size_t i = 0; i < SEEDS; i++) {
		hash_nodes(d, seed + i, hashes);
		if (place_buckets(hashes, d->node_count, starts, buckets))
			return true;
	}
	return false;
}

static bool
make_blob(const struct names_draft *d, uint32_t entries, uint64_t seed, struct blob *b)
{
	uint64_t buckets = format_pad(((uint64_t)b->bucket_count + 1) * NAMES_BUCKET_SIZE);
	uint64_t nodes = format_pad((uint64_t)b->node_count * NAMES_NODE_SIZE);
	uint64_t labels = format_pad(d->label_bytes);

	b->len = NAMES_HEADER_SIZE + buckets + nodes + labels;
	b->bytes = calloc(1, b->len);
	if (b->bytes == NULL)
		return false;
	put32(b->bytes + NAMES_SEED, (uint32_t)seed);
	put32(b->bytes + NAMES_SEED + 4, (uint32_t)(seed >> 32));
	put32(b->bytes + NAMES_NODES, b->node_count);
	put32(b->bytes + NAMES_BUCKETS, b->bucket_count);
	put32(b->bytes + NAMES_LABEL_BYTES, (uint32_t)d->label_bytes);
	put32(b->bytes + NAMES_ENTRIES, entries);
	b->buckets = b->bytes + NAMES_HEADER_SIZE;
	b->nodes = b->buckets + buckets;
	if (d->label_bytes != 0)
		memcpy(b->nodes + nodes, d->labels, d->label_bytes);
	return true;
}

/* Write the buckets and the nodes; starts and the draft's parents are used up. */
static void
fill_blob(struct names_draft *d, const struct blob *b, const uint64_t *hashes, uint32_t *starts)
{
	for (size_t i = 0; i <= b->bucket_count; i++)
		put32(b->buckets + i * NAMES_BUCKET_SIZE, starts[i]);
	for (size_t i = 0; i < d->node_count; i++) {
		struct names_node *node = &d->nodes[i];
		uint32_t place = i == 0 ?
			0 :
			starts[snapshot_names_bucket(hashes[i], b->bucket_count)]++;
		uint8_t *at = b->nodes + (size_t)place * NAMES_NODE_SIZE;

		put32(at + NAMES_NODE_TAG, (uint32_t)hashes[i]);
		/* Of the parent, which came before, this is the place by now. */
		put32(at + NAMES_NODE_PARENT, d->nodes[node->parent].parent);
		put32(at + NAMES_NODE_LABEL, node->label);
		put32(at + NAMES_NODE_EXACT, node->exact);
		put32(at + NAMES_NODE_BELOW, node->below);
		node->parent = place;
	}
}

static enum err
write_blob(struct names_draft *d, uint32_t entries, struct blob *b, struct error *e)
{
	uint64_t *hashes = malloc(d->node_count * sizeof(*hashes));
	uint32_t *starts;
	enum err err = OK;

	b->node_count = (uint32_t)d->node_count;
	b->bucket_count = b->node_count / NAMES_BUCKET_NODES + 1;
	starts = malloc(((size_t)b->bucket_count + 1) * sizeof(*starts));
	if (hashes == NULL || starts == NULL)
		err = no_memory(e);
	else if (!find_seed(d, hashes, starts, b->bucket_count))
		err = error_set(e, ERR_FULL, "snapshot: names that no hash tells apart");
	else if (!make_blob(d, entries, hashes[0], b))
		err = no_memory(e);
	else
		fill_blob(d, b, hashes, starts);
	free(hashes);
	free(starts);
	return err;
}

/* What is no longer needed; a set may be large. */
static void
free_indexes(struct names_draft *d)
{
	id_index_reset(&d->node_index);
	id_index_reset(&d->label_index);
}

static void
free_entries(struct names_draft *d)
{
	free(d->entries);
	d->entries = NULL;
	d->entry_count = d->entry_room = 0;
}

enum err
names_draft_freeze(struct names_draft *d, struct snapshot_pool *pool, uint8_t **blob, size_t *len,
	struct error *e)
{
	struct blob b = {.bytes = NULL};
	enum err err;

	free_indexes(d);
	err = merge_entries(d, pool, e);
	free_entries(d);
	if (err == OK)
		err = write_blob(d, mark_alive(d), &b, e);
	*blob = b.bytes;
	*len = b.len;
	return err;
}
