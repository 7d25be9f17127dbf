/* snapshot.h - the list frozen into one immutable, checksummed file.
 *
 *	writer (analyzer, loader of rbldnsd files)      reader (dnsd)
 *	snapshot_builder_* -> file_replace_* -> PATH -> snapshot_open -> snapshot_find
 *
 * A snapshot holds data sets and the zones that serve them (a zone is a name relative to
 * the origin that dnsd is told; two zones may share a set). A set holds disjoint address
 * ranges, IPv4 and IPv6, each pointing to a class: the A records, the TXT templates, TTL
 * and expiry its addresses are answered with. Layout: docs/snapshot-format.md.
 *
 * The reader trusts nothing: snapshot_open refuses a file whose magic, version, length,
 * section bounds or checksum is wrong, and every index read later is checked against its
 * bound. A snapshot never changes once open; any number of threads may read it.
 */
#ifndef ORBL_SNAPSHOT_H
#define ORBL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/text.h>

/* In a TXT template this byte stands for the queried address (RFC 5782 section 2.1 wants it in
 * the URL); everything else is literal. */
#define SNAPSHOT_ADDRESS_MARK '\001'

enum {
	SNAPSHOT_RECORDS_MAX = 64, /* A records, or TXT records, of one class */
	SNAPSHOT_TXT_MAX = 2048,   /* bytes of one template */
	SNAPSHOT_CLASSES_MAX = 65535,
	SNAPSHOT_ZONES_MAX = 64,
	SNAPSHOT_NS_MAX = 16,
};

/* What answers every address of a range. */
struct snapshot_class {
	uint32_t ttl_s;    /* 0: the zone's */
	int64_t expires_s; /* epoch; 0: never. From then on the range is not listed. */
	size_t a_count;
	uint32_t a[SNAPSHOT_RECORDS_MAX]; /* host order, 127/8 */
	size_t txt_count;
	struct text txt[SNAPSHOT_RECORDS_MAX]; /* templates; lent */
};

/* SOA, NS and default TTL of a zone; names in presentation form, absolute or relative to
 * the root, at most 255 bytes each. */
struct snapshot_apex {
	struct text mname, rname;
	uint32_t soa_ttl_s, refresh_s, retry_s, expire_s, minimum_s;
	uint32_t ns_ttl_s, ttl_s;
	size_t ns_count;
	struct text ns[SNAPSHOT_NS_MAX];
};

/* --- reader --- */

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
size_t snapshot_entries(const struct snapshot *s); /* ranges of all sets, for status */

/* Zones in file order. name and the apex texts are lent. */
struct snapshot_zone {
	struct text name; /* relative to the origin, lower case; "" is the base zone */
	const struct snapshot_set *set;
	struct snapshot_apex apex;
};
size_t snapshot_zone_count(const struct snapshot *s);
void snapshot_zone(const struct snapshot *s, size_t i, struct snapshot_zone *out); /* i < count */

enum { SNAPSHOT_NOT_LISTED = 0 }; /* class ids start at 1 */

/* Class of an address, or SNAPSHOT_NOT_LISTED. Expiry is the caller's to check. O(log n),
 * no allocation, no system call. */
uint16_t snapshot_find(const struct snapshot_set *set, const struct addr *a);
/* Does any listed address lie in p? This is what makes a name an empty non-terminal. O(log n). */
bool snapshot_intersects(const struct snapshot_set *set, const struct prefix *p);
/* Read a class. False when id is not one of this snapshot's. */
bool snapshot_class(const struct snapshot *s, uint16_t id, struct snapshot_class *out);

/* Walk the ranges of a set in address order, IPv4 first; start with a walk of zeros. */
struct snapshot_walk {
	size_t host, range4, range6; /* next of each */
	uint32_t upper;              /* upper half of that host */
};
struct snapshot_range {
	struct addr low, high; /* both included */
	uint16_t class_id;
};
bool snapshot_next_range(const struct snapshot_set *set, struct snapshot_walk *walk,
	struct snapshot_range *out);

/* --- builder --- */

struct snapshot_builder;

struct snapshot_builder *snapshot_builder_new(void); /* NULL: out of memory */
void snapshot_builder_free(struct snapshot_builder *b);

/* Intern a class; the texts are copied. ERR_FULL above SNAPSHOT_CLASSES_MAX, ERR_RANGE for an
 * A record outside 127/8 and above the other bounds. */
enum err snapshot_builder_class(struct snapshot_builder *b, const struct snapshot_class *c,
	uint16_t *id, struct error *e) ORBL_NODISCARD;
/* A new empty set. */
enum err
snapshot_builder_set(struct snapshot_builder *b, size_t *set, struct error *e) ORBL_NODISCARD;
/* A zone that serves a set; texts are copied, in lower case. ERR_REFUSED for a name twice. */
enum err snapshot_builder_zone(struct snapshot_builder *b, struct text name, size_t set,
	const struct snapshot_apex *apex, struct error *e) ORBL_NODISCARD;
/* Add the range low..high (same family). Where ranges overlap the highest rank answers (for
 * "longest prefix wins" the rank is the prefix length); ranges of equal rank are merged: the
 * A and TXT records of all, in the order of their class ids, without repetition and no more
 * than SNAPSHOT_RECORDS_MAX (of as many classes); the shortest TTL (one of its own counts
 * before 0, the zone's); the latest expiry (0, never, is the latest). A class of
 * SNAPSHOT_NOT_LISTED excludes, and wins over equal ranks. */
enum err snapshot_builder_add(struct snapshot_builder *b, size_t set, const struct addr *low,
	const struct addr *high, uint8_t rank, uint16_t class_id, struct error *e) ORBL_NODISCARD;
/* Freeze into an open file (which is not synced or renamed here: see file.h). Call once.
 * ERR_FULL when merging makes more than SNAPSHOT_CLASSES_MAX classes. */
enum err snapshot_builder_write(struct snapshot_builder *b, int fd, uint32_t serial,
	int64_t created_s, struct error *e) ORBL_NODISCARD;

#endif
