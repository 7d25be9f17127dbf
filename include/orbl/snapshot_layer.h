/* snapshot_layer.h - looking up in a snapshot's sets (snapshot.h).
 *
 *	layer (a set, and the delta's set over it) + address or name -> view of its class
 */
#ifndef ORBL_SNAPSHOT_LAYER_H
#define ORBL_SNAPSHOT_LAYER_H

#include <orbl/snapshot.h>

/* The class of an entry, read in place. */
struct snapshot_view {
	const struct snapshot *snapshot;
	int64_t expires_s; /* epoch; 0: never. From then on the entry is not there; the caller's
	                    * to check. */
	uint32_t ttl_s;    /* 0: the zone's */
	enum snapshot_action action;
	uint32_t a_count, txt_count, record_count;
	uint32_t a_first, txt_first, record_first; /* where they are; snapshot_view_* know */
};
uint32_t snapshot_view_a(const struct snapshot_view *v, size_t i); /* host order; i < a_count */
struct text snapshot_view_txt(const struct snapshot_view *v, size_t i); /* a template; lent */
struct snapshot_record snapshot_view_record(const struct snapshot_view *v, size_t i);

bool snapshot_set_has_names(const struct snapshot_set *set);
/* Names with records of any type, not ones that are listed: what its first entry has. */
bool snapshot_set_has_records(const struct snapshot_set *set);
size_t snapshot_set_entries(const struct snapshot_set *set);
/* May an entry end behind the one time and not behind the other? Looks at the classes of the whole
 * snapshot. */
bool snapshot_set_ends_between(const struct snapshot_set *set, int64_t from_s, int64_t to_s);
/* Which set of its snapshot it is: a delta's set with the same index stands over it. */
size_t snapshot_set_index(const struct snapshot_set *set);
size_t snapshot_set_count(const struct snapshot *s);
const struct snapshot_set *snapshot_set_at(const struct snapshot *s, size_t index); /* < count */

/* A set and the changes since it was frozen. */
struct snapshot_layer {
	const struct snapshot_set *set, *delta; /* delta: NULL without */
};

/* The entry of an address, without those removed. No allocation, no system call, O(log n). */
bool snapshot_layer_find4(const struct snapshot_layer *l, uint32_t a, struct snapshot_view *out);
bool snapshot_layer_find(const struct snapshot_layer *l, const struct addr *a,
	struct snapshot_view *out);
/* snapshot_layer_find4 of many. A list may be larger than the processor's caches, and then finding
 * is waiting for memory; these wait for theirs together. */
struct snapshot_search {
	const struct snapshot_layer *layer;
	struct snapshot_view *view; /* filled if found, left as it is if not */
	uint32_t address;
	bool is_found;
};
void snapshot_layer_find_many4(struct snapshot_search *searches, size_t count);
/* Does any listed address lie in p? This is what makes a name an empty non-terminal. O(log n)
 * for each removed range in p. */
bool snapshot_layer_intersects(const struct snapshot_layer *l, const struct prefix *p);

/* A queried name below the origin: wire form, lower case; label_at has the offset of each label's
 * length byte, the leftmost first. No labels: the origin itself. */
struct snapshot_name {
	const uint8_t *wire, *label_at;
	size_t labels;
};
enum snapshot_name_kind {
	SNAPSHOT_NAME_NONE,
	SNAPSHOT_NAME_EMPTY, /* nothing here, something below */
	SNAPSHOT_NAME_LISTED,
};
/* The entry of a name: its own, else that of all below the longest name around it. *matched is
 * how many of its last labels the entry has. O(labels). */
enum snapshot_name_kind snapshot_layer_find_name(const struct snapshot_layer *l,
	const struct snapshot_name *name, struct snapshot_view *out, size_t *matched);

/* Is the name an entry, or an ancestor of one? As it is added to a set: relative, wire form, lower
 * case. */
bool snapshot_layer_has_name(const struct snapshot_layer *l, const struct snapshot_name *name);
/* Walk all those names, the origin too, in an order of their own, which is that of the set for
 * ever; start with *at 0. */
struct snapshot_walked {
	uint8_t wire[256], label_at[128]; /* with the root's 0 */
	size_t len, labels;
	bool is_excluded; /* the name itself, or all below it */
};
bool snapshot_next_name(const struct snapshot_set *set, size_t *at, struct snapshot_walked *out);

/* What a layer has from an address on: the same entry, or none, up to the last one. */
struct snapshot_stretch {
	struct addr last;
	bool has_entry; /* one that takes away, too */
	bool is_listed;
	struct snapshot_view view; /* if has_entry */
};
/* O(log n). last is never below a. */
void snapshot_layer_stretch(const struct snapshot_layer *l, const struct addr *a,
	struct snapshot_stretch *out);

/* Walk the ranges of a set of addresses in their order, IPv4 first; start with a walk of zeros. */
struct snapshot_walk {
	size_t host, range4, range6; /* next of each */
	uint32_t upper;              /* upper half of that host */
};
struct snapshot_range {
	struct addr low, high; /* both included */
	struct snapshot_view view;
};
bool snapshot_next_range(const struct snapshot_set *set, struct snapshot_walk *walk,
	struct snapshot_range *out);

#endif
