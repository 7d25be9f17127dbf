/* dump_entries.h - what a layer lists now, range by range, and ranges as CIDR prefixes.
 *
 *	set + delta over it -> ranges that are disjoint, in their order -> prefixes
 *
 * Without entries that have ended, without 127.0.0.1, without IPv6 that stands for IPv4.
 */
#ifndef DNSD_DUMP_ENTRIES_H
#define DNSD_DUMP_ENTRIES_H

#include <orbl/snapshot_layer.h>

struct dump_entries {
	struct snapshot_layer layer;
	uint8_t family;
	int64_t now_s;
	struct addr hidden, hidden_last; /* what is left out */
	struct snapshot_walk at, delta_at;
	struct snapshot_range next, delta_next; /* not yet given */
	bool has_next, has_delta_next;
	struct snapshot_range rest; /* behind an address that is left out */
	bool has_rest;
};

void dump_entries_begin(struct dump_entries *d, const struct snapshot_layer *layer, uint8_t family,
	int64_t now_s);
bool dump_entries_next(struct dump_entries *d, struct snapshot_range *out);

/* Cut the first prefix off a range, which low <= high is; false: there is none. */
bool dump_entries_prefix(struct snapshot_range *r, struct prefix *out);

#endif
