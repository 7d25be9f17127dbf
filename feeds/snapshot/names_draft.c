#include "names_draft.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "grow.h"

enum { LABEL_BYTES_MAX = 63, WIRE_MAX = NAME_MAX_BYTES };

static enum err
no_memory(struct error *e)
{
	return error_set(e, ERR_MEMORY, "snapshot: out of memory");
}

struct names_draft *
names_draft_new(void)
{
	struct names_draft *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->nodes = grow(NULL, &d->node_room, 1, sizeof(*d->nodes));
	if (d == NULL || d->nodes == NULL) {
		free(d);
		return NULL;
	}
	d->nodes[d->node_count++] = (struct names_node){0};
	return d;
}

void
names_draft_free(struct names_draft *d)
{
	if (d == NULL)
		return;
	free(d->nodes);
	free(d->entries);
	free(d->labels);
	id_index_reset(&d->node_index);
	id_index_reset(&d->label_index);
	free(d);
}

size_t
names_draft_count(const struct names_draft *d)
{
	return d->entry_count;
}

/* --- adding --- */

static enum err
intern_label(struct names_draft *d, const uint8_t *label, uint32_t *offset, struct error *e)
{
	size_t len = 1 + (size_t)label[0], at;
	uint32_t hash = (uint32_t)XXH3_64bits(label, len), candidate;
	uint8_t *grown;

	at = hash;
	while ((candidate = id_index_next(&d->label_index, hash, &at)) != UINT32_MAX)
		if (memcmp(d->labels + candidate, label, len) == 0) {
			*offset = candidate;
			return OK;
		}
	if (len > INT32_MAX - d->label_bytes)
		return error_set(e, ERR_FULL, "snapshot: more than 2 GiB of labels");
	/* With room for the longest behind: a comparison may read that far. */
	grown = grow(d->labels, &d->label_room, d->label_bytes + len + LABEL_BYTES_MAX, 1);
	if (grown == NULL)
		return no_memory(e);
	d->labels = grown;
	memcpy(d->labels + d->label_bytes, label, len);
	memset(d->labels + d->label_bytes + len, 0, LABEL_BYTES_MAX);
	if (!id_index_add(&d->label_index, hash, (uint32_t)d->label_bytes))
		return no_memory(e);
	*offset = (uint32_t)d->label_bytes;
	d->label_bytes += len;
	return OK;
}

/* The node of a label below parent, made if there is none. */
static enum err
intern_node(struct names_draft *d, uint32_t parent, const uint8_t *label, uint32_t *node,
	struct error *e)
{
	uint32_t hash = (uint32_t)snapshot_names_hash(parent, label), candidate, offset = 0;
	size_t at = hash;
	struct names_node *grown;
	enum err err;

	while ((candidate = id_index_next(&d->node_index, hash, &at)) != UINT32_MAX)
		if (d->nodes[candidate].parent == parent &&
			memcmp(d->labels + d->nodes[candidate].label, label,
				1 + (size_t)label[0]) == 0) {
			*node = candidate;
			return OK;
		}
	if (d->node_count >= INT32_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d names", INT32_MAX);
	err = intern_label(d, label, &offset, e);
	if (err != OK)
		return err;
	grown = grow(d->nodes, &d->node_room, d->node_count + 1, sizeof(*d->nodes));
	if (grown == NULL)
		return no_memory(e);
	d->nodes = grown;
	if (!id_index_add(&d->node_index, hash, (uint32_t)d->node_count))
		return no_memory(e);
	*node = (uint32_t)d->node_count;
	d->nodes[d->node_count++] = (struct names_node){.parent = parent, .label = offset};
	return OK;
}

/* Where the labels of a name are, the leftmost first; *len counts the last 0. SIZE_MAX: it is
 * no name. */
static size_t
find_labels(const uint8_t *wire, uint8_t label_at[WIRE_MAX], size_t *len)
{
	size_t count = 0, at = 0;

	while (wire[at] != 0) {
		if (wire[at] > LABEL_BYTES_MAX || at + 1 + wire[at] >= WIRE_MAX)
			return SIZE_MAX;
		label_at[count++] = (uint8_t)at;
		at += 1 + (size_t)wire[at];
	}
	*len = at + 1;
	return count;
}

static enum err
find_node(struct names_draft *d, const uint8_t *wire, uint32_t *node, struct error *e)
{
	uint8_t label_at[WIRE_MAX];
	size_t len, labels = find_labels(wire, label_at, &len);
	enum err err;

	if (labels == SIZE_MAX)
		return error_set(e, ERR_RANGE, "snapshot: name or label too long");
	if (len != d->last_len || memcmp(wire, d->last, len) != 0) {
		d->last_len = 0;
		d->last_node = 0;
		while (labels-- != 0) {
			err = intern_node(d, d->last_node, wire + label_at[labels], &d->last_node,
				e);
			if (err != OK)
				return err;
		}
		d->last_len = len;
		memcpy(d->last, wire, len);
	}
	*node = d->last_node;
	return OK;
}

enum err
names_draft_add(struct names_draft *d, const uint8_t *wire, bool below, uint32_t class_id,
	struct error *e)
{
	struct names_entry *grown;
	uint32_t node;
	enum err err;

	if (class_id >= NAMES_EXCLUDED)
		return error_set(e, ERR_FULL, "snapshot: too many classes for names");
	err = find_node(d, wire, &node, e);
	if (err != OK)
		return err;
	grown = grow(d->entries, &d->entry_room, d->entry_count + 1, sizeof(*d->entries));
	if (grown == NULL)
		return no_memory(e);
	d->entries = grown;
	d->entries[d->entry_count++] = (struct names_entry){node, class_id, below};
	return OK;
}
