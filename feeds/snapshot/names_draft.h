/* names_draft.h - a set of names in the making: a tree of nodes, and the entries at them.
 *
 *	names_draft.c: names -> nodes, labels, entries      names_draft_freeze.c: those -> the blob
 */
#ifndef FEEDS_NAMES_DRAFT_H
#define FEEDS_NAMES_DRAFT_H

#include "id_index.h"
#include "snapshot_format.h"
#include "snapshot_names.h"

/* A parent comes before its children; that of the origin is the origin. */
struct names_node {
	uint32_t parent, label, exact, below; /* as in the blob, but parent */
};

struct names_entry {
	uint32_t node, class_id;
	bool below;
};

struct names_draft {
	struct names_node *nodes; /* the first is the origin */
	size_t node_count, node_room;
	struct names_entry *entries;
	size_t entry_count, entry_room;
	uint8_t *labels; /* length byte and bytes of each, once */
	size_t label_bytes, label_room;
	struct id_index node_index, label_index;
	uint32_t last_node; /* of the name added last: this and all below are often two entries */
	size_t last_len;
	uint8_t last[NAME_MAX_BYTES];
};

#endif
