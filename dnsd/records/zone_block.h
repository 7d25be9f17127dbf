/* zone_block.h - which of a zone's addresses one wildcard says, and which need a name each.
 *
 *	cell     addresses side by side that have the same entries in each layer
 *	block    a /24, or an IPv6 network on a nibble boundary, /16 or longer, in one cell
 *
 * What an address becomes depends on its cell alone, so that two versions differ only where an
 * entry of theirs does.
 */
#ifndef DNSD_ZONE_BLOCK_H
#define DNSD_ZONE_BLOCK_H

#include "zone.h"

enum {
	ZONE_BLOCK_IPV4 = 24, /* a longer wildcard would list names of two octets */
	ZONE_BLOCK_IPV6_MIN = 16,
	ZONE_BLOCK_IPV6_MAX = 124,
	ZONE_BLOCK_NEVER = 0x7f000001, /* 127.0.0.1 */
};

/* A version of a zone. */
struct zone_version {
	const struct zone_set *zones;
	const struct zone *zone;
	int64_t created_s;      /* what ends before is not there */
	bool has_address_zones; /* a zone in it may lie where an address does, by its name */
};

void
zone_version_init(struct zone_version *of, const struct zone_set *zones, const struct zone *zone);
/* Is z the zone of the version, or within it? */
static inline bool
zone_version_has(const struct zone_version *of, const struct zone *z)
{
	return z->apex == of->zone;
}

struct zone_cell {
	struct addr last;
	bool is_listed;
};

void zone_block_cell(const struct zone_version *of, const struct zone *z, const struct addr *a,
	struct zone_cell *out);
/* Is the entry there in the version? */
static inline bool
zone_block_lasts(const struct snapshot_view *v, int64_t created_s)
{
	return v->expires_s == 0 || v->expires_s > created_s;
}

/* Does a text name the address? */
bool zone_block_has_mark(const struct snapshot_view *v);
/* Does a wildcard say what the /24 around an address has? */
bool zone_block_is_wild4(const struct zone_version *of, const struct zone *z, uint32_t address);
/* Is the network of so many bits around an address in one cell? */
bool zone_block_is_whole6(const struct zone_version *of, const struct zone *z, const struct addr *a,
	unsigned bits);
/* The bits of the largest such network, or 128. */
unsigned
zone_block_bits6(const struct zone_version *of, const struct zone *z, const struct addr *a);

/* --- addresses in blocks --- */

struct addr zone_block_first(const struct addr *a, unsigned bits);
struct addr zone_block_last(const struct addr *a, unsigned bits);
/* The address behind; false: there is none. */
bool zone_block_after(const struct addr *a, struct addr *out);

#endif
