/* snapshot.h - the list frozen into one immutable, checksummed file.
 *
 *	writer (analyzer, loader of rbldnsd files)      reader (dnsd)
 *	snapshot_builder.h -> file_replace_* -> PATH -> snapshot_open -> snapshot_layer.h
 *
 * A snapshot holds data sets and the zones that serve them (a zone is a name relative to the
 * origin that dnsd is told; it has one set or several, and a set may be in several zones).
 * There are two kinds of sets. Addresses: disjoint ranges, IPv4 and IPv6. Names: single ones,
 * and all below one. Each entry points to a class: what it is answered with. Layout:
 * docs/snapshot-format.md.
 *
 * A delta is a snapshot that says what has changed since another one, its base: its sets
 * stand over the base's, and an entry of action SNAPSHOT_REMOVED takes away. Only sets of
 * addresses change that way. A layer is a set with its delta, if it has one.
 *
 * The reader trusts nothing: snapshot_open refuses a file whose magic, version, length, section
 * bounds, checksum or rows are wrong, and each index that it does not check is checked where it is
 * used. A snapshot never changes once open; any number of threads may read it.
 */
#ifndef ORBL_SNAPSHOT_H
#define ORBL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/text.h>

/* In a TXT template this byte stands for the queried address, or the name that matched (RFC 5782
 * section 2.1 wants it in the URL); everything else is literal. */
#define SNAPSHOT_ADDRESS_MARK '\001'

enum {
	SNAPSHOT_RECORDS_MAX = 64, /* A records, TXT records, or others, of one class */
	SNAPSHOT_TXT_MAX = 2048,   /* bytes of one template */
	SNAPSHOT_RDATA_MAX = 2560, /* of another record: a TXT of so many bytes in strings fits */
	SNAPSHOT_CLASSES_MAX = INT32_MAX - 1,
	SNAPSHOT_ZONES_MAX = 256,
	SNAPSHOT_SETS_MAX = 256,
	SNAPSHOT_ZONE_SETS_MAX = 64,
	SNAPSHOT_NS_MAX = 32,
	SNAPSHOT_NOTICE_MAX = 255,
};

/* What an entry does. Those from SNAPSHOT_IGNORE on stand in an access control list, whose
 * addresses are the clients' (rbldnsd(8), "acl Dataset"); SNAPSHOT_LISTED there means that
 * everything is listed for that client. */
enum snapshot_action {
	SNAPSHOT_LISTED,
	SNAPSHOT_REMOVED, /* in a delta */
	SNAPSHOT_IGNORE,
	SNAPSHOT_REFUSE,
	SNAPSHOT_EMPTY,
	SNAPSHOT_PASS,
};

/* A record as it is, of any type; rdata is in wire form, names in it not compressed. */
struct snapshot_record {
	uint16_t type;
	uint32_t ttl_s; /* 0: the class's */
	struct text rdata;
};

/* SOA, NS and default TTL of a zone; names in presentation form, absolute or relative to the root,
 * at most 255 bytes each. */
struct snapshot_apex {
	bool has_soa; /* else the SOA is the server's to make up */
	struct text mname, rname;
	uint32_t soa_ttl_s, serial, refresh_s, retry_s, expire_s,
		minimum_s; /* serial 0: the file's */
	size_t ns_count;   /* 0: the server's to make up */
	uint32_t ns_ttl_s, ttl_s;
	struct text ns[SNAPSHOT_NS_MAX];
};

/* --- files --- */

struct snapshot;
struct snapshot_set;

/* Map and verify a file. The result keeps the mapping, not the descriptor. On error *out
 * is NULL and e says which check failed and what to do. O(file size) for the checksum. */
enum err snapshot_open(const char *path, struct snapshot **out, struct error *e) ORBL_NODISCARD;
enum err
snapshot_open_fd(int fd, const char *name, struct snapshot **out, struct error *e) ORBL_NODISCARD;
/* The same on bytes in memory, 8-byte aligned, which the snapshot borrows until closed. */
enum err snapshot_open_bytes(const void *bytes, size_t len, const char *name, struct snapshot **out,
	struct error *e) ORBL_NODISCARD;
void snapshot_close(struct snapshot *s); /* NULL ok */

uint32_t snapshot_serial(const struct snapshot *s);
int64_t snapshot_created_s(const struct snapshot *s);
uint64_t snapshot_checksum(const struct snapshot *s); /* what a delta knows its base by */
size_t snapshot_entries(const struct snapshot *s);    /* of all sets, for status */
/* What its maker tells the world in _status, such as "audit=..."; "": nothing. Lent. */
struct text snapshot_notice(const struct snapshot *s);

/* Zero for a snapshot that is whole. */
uint64_t snapshot_base_checksum(const struct snapshot *delta);
/* Is delta one of base, with the same zones and sets? ERR_REFUSED when it is of another. */
enum err snapshot_check_delta(const struct snapshot *base, const struct snapshot *delta,
	struct error *e) ORBL_NODISCARD;

/* Zones in file order. Texts and sets are lent. */
struct snapshot_zone {
	struct text name;   /* relative to the origin, lower case; "" is the base zone */
	bool is_within;     /* a name in the base zone, with SOA and NS of that: no zone cut */
	int64_t expires_s;  /* epoch; 0: never. From then on there is no answer but SERVFAIL. */
	struct text policy; /* URL of the listing policy, or "" */
	struct snapshot_apex apex;
	const struct snapshot_set *acl; /* NULL: none */
	size_t set_count;
	const struct snapshot_set *sets[SNAPSHOT_ZONE_SETS_MAX]; /* in the order they answer */
};
size_t snapshot_zone_count(const struct snapshot *s);
void snapshot_zone(const struct snapshot *s, size_t i, struct snapshot_zone *out); /* i < count */

#endif
