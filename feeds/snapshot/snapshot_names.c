#include "snapshot_names.h"

#include <string.h>

#include <xxhash.h>

#include "snapshot_format.h"

uint64_t
snapshot_names_hash(uint64_t parent_hash, const uint8_t *label)
{
	return XXH3_64bits_withSeed(label, 1 + (size_t)label[0], parent_hash);
}

bool
snapshot_names_open(struct snapshot_names *n, const uint8_t *blob, size_t len, uint32_t class_count)
{
	uint64_t buckets, nodes, labels, left = len;

	if (len < NAMES_HEADER_SIZE || class_count >= NAMES_EXCLUDED)
		return false;
	n->class_count = class_count;
	n->seed = format_get64(blob + NAMES_SEED);
	n->node_count = format_get32(blob + NAMES_NODES);
	n->bucket_count = format_get32(blob + NAMES_BUCKETS);
	n->label_bytes = format_get32(blob + NAMES_LABEL_BYTES);
	n->entries = format_get32(blob + NAMES_ENTRIES);
	left -= NAMES_HEADER_SIZE;
	buckets = format_pad(((uint64_t)n->bucket_count + 1) * NAMES_BUCKET_SIZE);
	nodes = format_pad((uint64_t)n->node_count * NAMES_NODE_SIZE);
	labels = format_pad(n->label_bytes);
	/* None of the three is above 2^37: the sum cannot wrap. */
	if (n->node_count == 0 || n->bucket_count == 0 || n->entries > n->node_count ||
		buckets + nodes + labels != left)
		return false;
	n->buckets = blob + NAMES_HEADER_SIZE;
	n->nodes = n->buckets + buckets;
	n->labels = n->nodes + nodes;
	return true;
}

static uint32_t
node_field(const struct snapshot_names *n, uint32_t node, size_t field)
{
	return format_get32(n->nodes + (size_t)node * NAMES_NODE_SIZE + field);
}

/* What an entry says, with an id that is no class read as no entry. */
static uint32_t
entry_class(const struct snapshot_names *n, uint32_t value)
{
	return value <= n->class_count || value == NAMES_EXCLUDED ? value : 0;
}

static bool
is_listed(uint32_t class_id)
{
	return class_id != 0 && class_id != NAMES_EXCLUDED;
}

static bool
label_equals(const struct snapshot_names *n, uint32_t offset, const uint8_t *label)
{
	size_t len = 1 + (size_t)label[0];

	return offset <= n->label_bytes && len <= n->label_bytes - offset &&
		memcmp(n->labels + offset, label, len) == 0;
}

/* The node of a label below parent; 0, the origin, which is below nothing: there is none. */
static uint32_t
find_child(const struct snapshot_names *n, uint32_t parent, uint64_t hash, const uint8_t *label)
{
	size_t bucket = snapshot_names_bucket(hash, n->bucket_count);
	uint32_t at = format_get32(n->buckets + bucket * NAMES_BUCKET_SIZE);
	uint32_t end = format_get32(n->buckets + (bucket + 1) * NAMES_BUCKET_SIZE);

	if (end > n->node_count || at >= end)
		return 0;
	if (end - at > NAMES_RUN_MAX)
		end = at + NAMES_RUN_MAX;
	for (; at < end; at++)
		if (node_field(n, at, NAMES_NODE_TAG) == (uint32_t)hash &&
			node_field(n, at, NAMES_NODE_PARENT) == parent &&
			label_equals(n, node_field(n, at, NAMES_NODE_LABEL), label))
			return at;
	return 0;
}

/* The entry that answers, so far: of all below the longest name around. */
struct match {
	uint32_t class_id;
	size_t labels;
};

/* What a name is that has a node. */
static enum snapshot_name_kind
judge_node(const struct snapshot_names *n, uint32_t node, size_t labels, struct match *m)
{
	uint32_t exact = node_field(n, node, NAMES_NODE_EXACT);
	uint32_t own = entry_class(n, exact & ~NAMES_ALIVE);
	bool covered = is_listed(m->class_id);

	if (own != 0)
		*m = (struct match){own, labels};
	if (is_listed(m->class_id))
		return SNAPSHOT_NAME_LISTED;
	if ((exact & NAMES_ALIVE) != 0)
		return SNAPSHOT_NAME_EMPTY;
	/* Excluded alone: what is below it is still listed. */
	if (covered && entry_class(n, node_field(n, node, NAMES_NODE_BELOW)) == 0)
		return SNAPSHOT_NAME_EMPTY;
	return SNAPSHOT_NAME_NONE;
}

enum snapshot_name_kind
snapshot_names_find(const struct snapshot_names *n, const struct snapshot_name *name,
	uint32_t *class_id, size_t *matched)
{
	enum snapshot_name_kind kind = SNAPSHOT_NAME_NONE;
	struct match m = {0, 0};
	uint64_t hash = n->seed;
	uint32_t node = 0, below;
	size_t depth = 0;

	for (; depth < name->labels; depth++) {
		const uint8_t *label = name->wire + name->label_at[name->labels - 1 - depth];

		below = entry_class(n, node_field(n, node, NAMES_NODE_BELOW));
		if (below != 0)
			m = (struct match){below, depth};
		hash = snapshot_names_hash(hash, label);
		node = find_child(n, node, hash, label);
		if (node == 0)
			break;
	}
	if (depth == name->labels)
		kind = judge_node(n, node, depth, &m);
	else if (is_listed(m.class_id))
		kind = SNAPSHOT_NAME_LISTED;
	if (kind == SNAPSHOT_NAME_LISTED) {
		*class_id = m.class_id;
		*matched = m.labels;
	}
	return kind;
}

bool
snapshot_names_has(const struct snapshot_names *n, const struct snapshot_name *name)
{
	uint64_t hash = n->seed;
	uint32_t node = 0;

	for (size_t i = name->labels; i-- != 0;) {
		const uint8_t *label = name->wire + name->label_at[i];

		hash = snapshot_names_hash(hash, label);
		node = find_child(n, node, hash, label);
		if (node == 0)
			return false;
	}
	return true;
}

bool
snapshot_names_read(const struct snapshot_names *n, uint32_t node, struct snapshot_walked *out)
{
	out->len = out->labels = 0;
	out->is_excluded = (node_field(n, node, NAMES_NODE_EXACT) & ~NAMES_ALIVE) ==
			NAMES_EXCLUDED ||
		node_field(n, node, NAMES_NODE_BELOW) == NAMES_EXCLUDED;
	while (node != 0) {
		uint32_t offset = node_field(n, node, NAMES_NODE_LABEL);
		size_t len = offset < n->label_bytes ? 1 + (size_t)n->labels[offset] : 0;

		if (len < 2 || len > 64 || len > n->label_bytes - offset ||
			out->len + len >= NAME_MAX_BYTES)
			return false;
		memcpy(out->wire + out->len, n->labels + offset, len);
		out->label_at[out->labels++] = (uint8_t)out->len;
		out->len += len;
		node = node_field(n, node, NAMES_NODE_PARENT);
		if (node >= n->node_count)
			return false;
	}
	out->wire[out->len++] = 0;
	return true;
}

uint32_t
snapshot_names_first(const struct snapshot_names *n)
{
	for (uint32_t node = 0; node < n->node_count; node++) {
		uint32_t own = entry_class(n, node_field(n, node, NAMES_NODE_EXACT) & ~NAMES_ALIVE);
		uint32_t below = entry_class(n, node_field(n, node, NAMES_NODE_BELOW));

		if (is_listed(own))
			return own;
		if (is_listed(below))
			return below;
	}
	return 0;
}
