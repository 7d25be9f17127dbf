/* zone.h - the zones served, all of them in one immutable set.
 *
 *	zone_set ---> hash of origins ---> zone ---> snapshot_set (mapped file)
 *	                                        \--> SOA and NS in wire form, test points
 *
 * A set is built when something was loaded, published whole (live.h) and never changed
 * after that: any number of threads read it without a lock. It borrows its snapshots.
 */
#ifndef DNSD_ZONE_H
#define DNSD_ZONE_H

#include <stdbool.h>

#include <orbl/listing.h>
#include <orbl/snapshot.h>

#include "query.h"

/* A name in RDATA: its own labels, then a pointer into the origin as the question spells
 * it, or the root. */
struct zone_name {
	uint8_t len;
	bool in_origin;
	uint8_t origin_at;             /* offset within the origin where the rest of the name is */
	uint8_t labels[WIRE_NAME_MAX]; /* with the root's 0 unless in_origin */
};

/* A test address (RFC 5782 section 5); its A record is the address itself. */
struct zone_test {
	uint32_t address; /* host order */
	uint8_t txt_len;
	char txt[255];
};

enum { ZONE_TESTS_MAX = CATEGORY_COUNT + 1 };

struct zone {
	uint8_t origin[WIRE_NAME_MAX]; /* lower case */
	uint8_t origin_len, origin_labels;
	const struct snapshot *snapshot; /* NULL: not ready, every answer is SERVFAIL */
	const struct snapshot_set *set;
	uint32_t ttl_s, negative_ttl_s, soa_ttl_s, ns_ttl_s;
	uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
	struct zone_name mname, rname;
	size_t ns_count;
	struct zone_name ns[SNAPSHOT_NS_MAX];
	size_t test_count;
	struct zone_test tests[ZONE_TESTS_MAX];
};

struct zone_set;

struct zone_set *zone_set_new(void);    /* NULL: out of memory */
void zone_set_free(struct zone_set *s); /* NULL ok; the snapshots stay open */

/* Add each zone of a snapshot, at <its name>.<origin>. is_list: the snapshot is our own list, so
 * that each zone has a test address for each of its codes (listing.h). ERR_REFUSED when an
 * origin is taken: e names it, the zones before it stay. */
enum err zone_set_add(struct zone_set *s, struct text origin, const struct snapshot *snapshot,
	bool is_list, struct error *e) ORBL_NODISCARD;
/* Add a zone that has no data yet. */
enum err
zone_set_add_missing(struct zone_set *s, struct text origin, struct error *e) ORBL_NODISCARD;
/* After the last one was added, once, before the first zone_set_find. */
enum err zone_set_finish(struct zone_set *s, struct error *e) ORBL_NODISCARD;

/* The zone with the longest origin that the name is in, or NULL; *below is the number of
 * labels below the origin. O(labels). */
const struct zone *
zone_set_find(const struct zone_set *s, const struct query_name *name, size_t *below);
/* Does a zone lie below this name, so that it is an empty non-terminal (RFC 8020)? */
bool zone_set_has_below(const struct zone_set *s, const struct query_name *name);

size_t zone_set_count(const struct zone_set *s);
const struct zone *zone_set_get(const struct zone_set *s, size_t i); /* i < count */

#endif
