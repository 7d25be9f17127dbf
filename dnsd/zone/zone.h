/* zone.h - the zones served, all of them in one immutable set.
 *
 *	zone_set ---> hash of origins ---> zone ---> layers (sets in mapped snapshots)
 *	                                        \--> pieces of replies, rendered at load
 *
 * A set is built when something was loaded, published whole (live.h) and never changed
 * after that: any number of threads read it without a lock. It borrows its snapshots.
 */
#ifndef DNSD_ZONE_H
#define DNSD_ZONE_H

#include <stdbool.h>

#include <orbl/conf.h>
#include <orbl/listing.h>
#include <orbl/snapshot_layer.h>

#include "keys.h"
#include "query.h"
#include "zone_piece.h"

/* A test address (RFC 5782 section 5); its A record is the address itself. */
struct zone_test {
	uint32_t address; /* host order */
	struct zone_piece txt;
};

enum {
	ZONE_TESTS_MAX = CATEGORY_COUNT + 1,
	ZONE_LAYERS_MAX = 64,
	ZONE_ACLS_MAX = 8,
	ZONE_TEST_LISTED = 0x7f000002, /* 127.0.0.2 */
};

struct zone_layer {
	struct snapshot_layer layer;
	uint32_t ttl_s;              /* of classes without a TTL of their own */
	bool has_names, has_records; /* has_records: names that have records, but are not listed */
	bool is_list; /* of our own list, whose addresses are what they are: no 6to4 */
};

/* Of access control lists, in the order they are asked. */
struct zone_acls {
	size_t count;
	struct snapshot_layer acls[ZONE_ACLS_MAX];
};

struct zone {
	uint8_t origin[WIRE_NAME_MAX]; /* lower case */
	uint8_t fold[WIRE_NAME_MAX];   /* the bit that makes a letter of it a small one */
	uint8_t origin_len, origin_labels;
	uint16_t stats_row; /* observe/stats.h */
	bool is_ready;      /* else every answer is SERVFAIL */
	bool is_within;
	bool is_bare;  /* without test entries and _status */
	bool is_plain; /* ready, with addresses alone; and what a name's first four labels say is
	                * an address, not a name in a zone below */
	bool has_addresses, has_names; /* some layer has */
	bool lists_names;              /* ... names that are listed */
	bool has_gaps;   /* a zone lies two labels or more below, and no other around that */
	bool needs_key;  /* a name without a key is refused */
	int64_t stale_s; /* from then on every answer is SERVFAIL; 0: never */
	const struct zone *apex;   /* whose SOA and NS are this zone's: itself, or its base */
	const struct zone *parent; /* the zone around it, NULL: not ours */
	size_t layer_count;
	struct zone_layer layers[ZONE_LAYERS_MAX];
	struct zone_acls acls;

	uint32_t serial, ttl_s, soa_ttl_s, negative_ttl_s;
	int64_t created_s;   /* of the newest source */
	size_t data_sources; /* those that are not lists of clients alone */
	bool is_counted;     /* a source has serials that are counted, not times */
	size_t entries;
	struct text policy;    /* lent by a snapshot */
	struct text notice;    /* likewise, by its newest delta */
	struct text mname;     /* likewise; "": its SOA is made up */
	struct zone_piece soa; /* with negative_ttl_s */
	struct zone_piece ns, status, codes;
	size_t test_count;
	struct zone_test tests[ZONE_TESTS_MAX];
};

struct zone_set;

struct zone_set *zone_set_new(void);    /* NULL: out of memory */
void zone_set_free(struct zone_set *s); /* NULL ok; the snapshots stay open */

/* One source of a zone, as loaded. */
struct zone_source {
	const struct snapshot *snapshot; /* NULL: not loaded yet; the zone answers SERVFAIL */
	const struct snapshot *delta;    /* NULL: none; else snapshot_check_delta was OK */
	bool is_list;      /* our own list: a test address for each code, and _codes */
	bool is_received;  /* by transfer: its addresses are what they are, too */
	bool is_bare;      /* records alone, for other servers: no test entries, no _status */
	int64_t max_age_s; /* older data are answered with SERVFAIL; 0: never */
};

/* Add each zone of a source, at <its name>.<origin>. Sources of one origin add up: the layers
 * answer in the order of their sources, SOA and NS are the first ones given; one that is not
 * loaded makes the whole zone not ready. Origin "" takes the source's access control list for
 * all zones. e tells what cannot be served; the zones before it stay. */
enum err zone_set_add(struct zone_set *s, struct text origin, const struct zone_source *source,
	struct error *e) ORBL_NODISCARD;
/* Names may have a key of this table, which the set holds; those in the zones of these names, and
 * in zones below them, must have one. keys may be NULL: then no key is good. Before the set is
 * finished. */
enum err zone_set_use_keys(struct zone_set *s, struct key_table *keys,
	const struct conf_list *keys_only, struct error *e) ORBL_NODISCARD;
/* Names have keys, whose table could not be read yet: no name with one is answered, until a set has
 * the table. */
void zone_set_await_keys(struct zone_set *s);
struct key_table *zone_set_keys(const struct zone_set *s); /* lent; NULL: there is no table */
bool zone_set_awaits_keys(const struct zone_set *s);
/* After the last one was added, once, before the first zone_set_find. */
enum err zone_set_finish(struct zone_set *s, struct error *e) ORBL_NODISCARD;

/* The zone with the longest origin that the name is in, or NULL; *below is the number of
 * labels below the origin. O(labels). */
const struct zone *
zone_set_find(const struct zone_set *s, const struct query_name *name, size_t *below);
/* Does a zone lie below this name, so that it is an empty non-terminal (RFC 8020)? */
bool zone_set_has_below(const struct zone_set *s, const struct query_name *name);

/* The access control lists of all zones. */
const struct zone_acls *zone_set_acls(const struct zone_set *s);
static inline bool
zone_is_stale(const struct zone *z, int64_t now_s)
{
	return z->stale_s != 0 && z->stale_s <= now_s;
}

/* Would a negative reply to the shortest query for an address, without EDNS, be more than so
 * many times as long (answer.h), so that each is asked again over TCP? Its SOA is too long. */
bool zone_negative_is_long(const struct zone *z, uint16_t amplification);

size_t zone_set_count(const struct zone_set *s);
const struct zone *zone_set_get(const struct zone_set *s, size_t i); /* i < count */

#endif
