/* zone_import.h - the records of a zone from a primary, kept small, and the snapshot made of them.
 *
 *	AXFR: add, add ...                     \
 *	IXFR: remove ..., add ..., apply        } -> zone_import_write -> snapshot
 *	a snapshot made here: zone_import_read /
 *
 * A record of an IPv4 address takes 12 bytes besides its data, which are kept once; a TXT that has
 * the address in it becomes a template, so that few data are many records' (snapshot.h). Records of
 * signatures are left out: signed answers are not what we give. A delegation is answered as any
 * record is, without a referral. What cannot be answered as the primary does, such as a CNAME, is
 * refused.
 *
 * In the snapshot the first set has single addresses, the second one, only where there are any,
 * wildcards of addresses as ranges, with what RFC 4592 takes out of them as exclusions; then come
 * names that are listed (with an A record in 127/8), then names with other records. A zone with a
 * wildcard at its origin has names alone, as that wildcard stops at each address. Only names that
 * are addresses match a wildcard of addresses: "x.2.0.192" is not matched by "*.2.0.192".
 *
 * Without wildcards of addresses the snapshot has each record that was given, so that they can be
 * read back, for an IXFR after a restart.
 */
#ifndef DNSD_ZONE_IMPORT_H
#define DNSD_ZONE_IMPORT_H

#include <stdbool.h>

#include <orbl/snapshot.h>

struct zone_import;

struct zone_import_limits {
	size_t records, bytes; /* bytes: of names and different data together */
};

/* SOA, with names in wire form and lower case. */
struct zone_import_soa {
	uint32_t ttl_s, serial, refresh_s, retry_s, expire_s, minimum_s;
	const uint8_t *mname, *rname; /* lent */
};

/* Of class IN; names in wire form, whole; all are lent. */
struct zone_import_record {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl_s;
	const uint8_t *rdata; /* names in it not compressed */
	size_t rdata_len;
};

/* origin: wire form, lower case; copied. NULL: out of memory. */
struct zone_import *zone_import_new(const uint8_t *origin, const struct zone_import_limits *limits);
void zone_import_free(struct zone_import *z); /* NULL ok */

/* The record is not a SOA. ERR_RANGE outside the zone; ERR_FULL at a limit; ERR_UNSUPPORTED for
 * what we cannot answer. The same record twice is one; of different TTLs the lowest counts. */
enum err zone_import_add(struct zone_import *z, const struct zone_import_record *r,
	struct error *e) ORBL_NODISCARD;
/* The SOA of what is there, or will be after zone_import_apply; copied. */
enum err zone_import_set_soa(struct zone_import *z, const uint8_t *rdata, size_t len,
	uint32_t ttl_s, struct error *e) ORBL_NODISCARD;
size_t zone_import_count(const struct zone_import *z);   /* records, without the SOA */
bool zone_import_is_signed(const struct zone_import *z); /* signatures were left out */
bool zone_import_has_delegations(const struct zone_import *z);
/* An address, or a wildcard of all, has an A record outside 127.0.0.0/8. */
bool zone_import_has_odd_codes(const struct zone_import *z);
/* Has the zone addresses, besides test points in 127.0.0.0/8, and a wildcard at its origin that
 * lists all others? */
bool zone_import_lists_all(const struct zone_import *z);
/* NULL: not set yet. */
const struct zone_import_soa *zone_import_soa(const struct zone_import *z);

/* Changes are gathered in the order they are told, then applied all together or, with
 * ERR_REFUSED, not at all: what is removed has to be there, what is added must not. */
enum err zone_import_change(struct zone_import *z, const struct zone_import_record *r, bool removes,
	struct error *e) ORBL_NODISCARD;
enum err zone_import_apply(struct zone_import *z, struct error *e) ORBL_NODISCARD;
void zone_import_forget(struct zone_import *z); /* the changes that were gathered */

/* Write the snapshot of what is there. May be called again, after more changes. */
enum err zone_import_write(struct zone_import *z, int fd, int64_t created_s, int64_t expires_s,
	struct error *e) ORBL_NODISCARD;

/* Read SOA and all records of a snapshot that was made here. ERR_UNSUPPORTED: they cannot be told
 * from it. */
enum err
zone_import_read(struct zone_import *z, const struct snapshot *s, struct error *e) ORBL_NODISCARD;
/* A delta of base that changes nothing but when it expires. */
enum err zone_import_write_renewal(const struct snapshot *base, int fd, int64_t created_s,
	int64_t expires_s, struct error *e) ORBL_NODISCARD;

#endif
