/* zone_records.h - the records of a zone as a secondary must have them, one after the other.
 *
 *	SOA, NS | delegations | for the zone, then each zone within it:
 *	  its origin, test points, _status, _codes | IPv4 | IPv6 | names
 *
 * A zone here is one with an SOA of its own; those within it are part of it. The order is fixed,
 * and so is the content for a version: a TTL is the class's or the zone's and not shortened by
 * what is left, an entry whose end is not behind the version's creation is left out.
 *
 * What a secondary answers of these records is what we answer (RFC 4592), with these exceptions:
 * IPv6 names that stand for IPv4 addresses (mapped ones, but for the test points, and 6to4) are
 * not there unless the data list them as IPv6; below a wildcard names that are no whole address
 * are listed too; and a TXT record for an IPv6 network names the network, not the address.
 */
#ifndef DNSD_ZONE_RECORDS_H
#define DNSD_ZONE_RECORDS_H

#include "zone.h"

struct zone_record {
	const uint8_t *owner; /* wire form, lower case, ends in the zone's origin */
	size_t owner_len;     /* with the root's 0 */
	uint16_t type;
	uint32_t ttl_s;
	struct text rdata; /* names in it are not compressed */
};

/* Can the zone be said in records? ERR_REFUSED: no; the message names the entry: networks that
 * become more than expand names (transfer.expand), an entry or exclusion that no record says.
 * ERR_NOT_FOUND: it is not ready, or no zone of its own. O(ranges + names), not hosts. */
enum err zone_records_check(const struct zone_set *zones, const struct zone *zone, uint64_t expand,
	struct error *e) ORBL_NODISCARD;

struct zone_records;

/* Of a zone for which the check was OK. Borrows both. NULL: out of memory. */
struct zone_records *zone_records_new(const struct zone_set *zones, const struct zone *zone);
void zone_records_free(struct zone_records *r); /* NULL ok */

enum zone_records_got {
	ZONE_RECORDS_ONE,
	ZONE_RECORDS_AGAIN, /* nothing found in many steps: call again, now or later */
	ZONE_RECORDS_END,
};
/* What *out lends is good until the next call. Bounded work. The SOA comes first, and once. */
enum zone_records_got zone_records_next(struct zone_records *r, struct zone_record *out);

/* The SOA alone, as it comes first; into bytes, which *out lends. */
enum { ZONE_RECORDS_SOA_MAX = 2 * WIRE_NAME_MAX + 20 };
void zone_records_soa(const struct zone *zone, uint8_t bytes[ZONE_RECORDS_SOA_MAX],
	struct zone_record *out);

#endif
