/* zone_import_parts.h - what a zone_import is made of.
 *
 *	zone_import.c        records in, changes
 *	import_data.c        data of records: kept, and as a class has them
 *	zone_import_write.c  the snapshot
 *	import_cover.c       what wildcards do not reach
 *	zone_import_read.c   the way back
 */
#ifndef DNSD_ZONE_IMPORT_PARTS_H
#define DNSD_ZONE_IMPORT_PARTS_H

#include <orbl/snapshot_builder.h>

#include "byte_pool.h"
#include "query.h"
#include "zone_import.h"

enum {
	TYPE_CNAME = 5,
	TYPE_DNAME = 39,
	TYPE_RRSIG = 46,
	TYPE_NSEC = 47,
	TYPE_DNSKEY = 48,
	TYPE_NSEC3 = 50,
	TYPE_NSEC3PARAM = 51,
	TYPE_CDS = 59,
	TYPE_CDNSKEY = 60,
};

/* A record: owner is an IPv4 address, or a number in `names`; data one in `data`. */
struct import_item {
	uint32_t owner, data, ttl_s;
};

struct import_list {
	struct import_item *items;
	size_t count, room;
	bool is_sorted; /* by owner and data, each once */
};

struct import_change {
	struct import_item item;
	uint32_t order; /* in which it was told; the lowest bit: removes */
};

struct import_changes {
	struct import_change *items;
	size_t count, room;
};

struct zone_import {
	uint8_t origin[WIRE_NAME_MAX];
	size_t origin_len, origin_labels;
	struct zone_import_limits limits;
	struct byte_pool names; /* relative to the origin, with the root's 0 */
	struct byte_pool data;  /* import_data.h */
	struct import_list hosts, named;
	struct import_changes host_changes, named_changes;
	bool names_only; /* no `hosts`, no templates: a wildcard lies at the origin */
	bool is_signed, has_delegations, has_odd_codes, has_soa;
	struct zone_import_soa soa;
	uint8_t mname[WIRE_NAME_MAX], rname[WIRE_NAME_MAX];
};

/* What a name below the origin stands for. */
enum import_kind {
	IMPORT_GONE, /* it has no records (any more) */
	IMPORT_HOST4,
	IMPORT_HOST6,
	IMPORT_WILD4,
	IMPORT_WILD6,
	IMPORT_LISTED,  /* a name with an A record in 127/8 */
	IMPORT_RECORDS, /* a name with others */
};

struct import_name {
	enum import_kind kind; /* of a name that is no address: IMPORT_RECORDS */
	unsigned bits;         /* of the address: 32, 128; fewer: of a wildcard */
	struct addr address;
};

/* relative: in lower case. */
void import_name_read(const uint8_t *relative, struct import_name *out);
/* The address that these labels say, without a wildcard's, up to the root: octets, or nibbles.
 * False: another name, or more labels than an address has. */
bool import_name_octets(const uint8_t *wire, size_t labels, uint32_t *address);
bool import_name_nibbles(const uint8_t *wire, size_t labels, struct addr *address);
/* The relative name of an IPv4 address; returns its length. */
size_t import_name_of_host(uint32_t address, uint8_t out[WIRE_NAME_MAX]);

bool zone_import_grow(void **array, size_t *room, size_t wanted, size_t size);
void zone_import_sort(struct import_list *list);
/* All of hosts become names: a wildcard at the origin was seen. */
enum err zone_import_to_names(struct zone_import *z, struct error *e) ORBL_NODISCARD;

/* Exclusions of the sets, one a kind of wildcard, SIZE_MAX: there is none. kinds: of each of
 * names. */
struct import_sets {
	size_t hosts, wild, listed, records;
};
enum err import_cover_write(const struct zone_import *z, const uint8_t *kinds,
	struct snapshot_builder *b, const struct import_sets *sets, struct error *e) ORBL_NODISCARD;

#endif
