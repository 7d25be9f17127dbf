/* snapshot_builder.h - making a snapshot (snapshot.h): classes, sets and zones are gathered in
 * any order, then frozen into an open file.
 */
#ifndef ORBL_SNAPSHOT_BUILDER_H
#define ORBL_SNAPSHOT_BUILDER_H

#include <orbl/snapshot.h>

/* What answers an entry; lent while it is added. */
struct snapshot_class {
	uint32_t ttl_s;    /* 0: the zone's */
	int64_t expires_s; /* epoch; 0: never */
	enum snapshot_action action;
	size_t a_count;
	uint32_t a[SNAPSHOT_RECORDS_MAX]; /* host order, 127/8 */
	size_t txt_count;
	struct text txt[SNAPSHOT_RECORDS_MAX]; /* templates */
	size_t record_count;
	struct snapshot_record records[SNAPSHOT_RECORDS_MAX];
};

enum { SNAPSHOT_NOT_LISTED = 0 }; /* class ids start at 1 */

struct snapshot_builder;

struct snapshot_builder *snapshot_builder_new(void); /* NULL: out of memory */
void snapshot_builder_free(struct snapshot_builder *b);

/* Intern a class; the texts are copied. ERR_FULL above SNAPSHOT_CLASSES_MAX, ERR_RANGE for an
 * A record outside 127/8 and above the other bounds. */
enum err snapshot_builder_class(struct snapshot_builder *b, const struct snapshot_class *c,
	uint32_t *id, struct error *e) ORBL_NODISCARD;
/* The same in two steps, for one whose content is known only when the file was read to its end:
 * an id now, what it stands for before the snapshot is written. It is not interned. */
enum err snapshot_builder_class_reserve(struct snapshot_builder *b, uint32_t *id,
	struct error *e) ORBL_NODISCARD;
enum err snapshot_builder_class_define(struct snapshot_builder *b, uint32_t id,
	const struct snapshot_class *c, struct error *e) ORBL_NODISCARD;

/* A new empty set; what is added first makes it one of addresses or of names, and ERR_REFUSED of
 * the other. */
enum err
snapshot_builder_set(struct snapshot_builder *b, size_t *set, struct error *e) ORBL_NODISCARD;

/* Add the range low..high (same family). Where ranges overlap the highest rank answers (for
 * "longest prefix wins" the rank is the prefix length); ranges of equal rank are merged: the
 * A, TXT and other records of all, in the order of their class ids, without repetition and no
 * more than SNAPSHOT_RECORDS_MAX (of as many classes); the shortest TTL (one of its own counts
 * before 0, the zone's); the latest expiry (0, never, is the latest); the action of the first.
 * A class of SNAPSHOT_NOT_LISTED excludes, and wins over equal ranks. */
enum err snapshot_builder_add(struct snapshot_builder *b, size_t set, const struct addr *low,
	const struct addr *high, uint8_t rank, uint32_t class_id, struct error *e) ORBL_NODISCARD;
/* The same for one IPv4 address at rank 32, the commonest there is. */
enum err snapshot_builder_add4(struct snapshot_builder *b, size_t set, uint32_t address,
	uint32_t class_id, struct error *e) ORBL_NODISCARD;
/* Add a name relative to the origin, in wire form and lower case, with the root's 0 (alone: the
 * origin itself): this name, or all below it. The same one twice is merged as ranges are. */
enum err snapshot_builder_add_name(struct snapshot_builder *b, size_t set, const uint8_t *wire,
	bool below, uint32_t class_id, struct error *e) ORBL_NODISCARD;

/* A zone; texts are copied, in lower case. ERR_REFUSED for a name twice. */
struct snapshot_zone_draft {
	struct text name;
	bool is_within;
	int64_t expires_s;
	struct text policy;
	struct snapshot_apex apex;
	bool has_acl;
	size_t acl; /* a set */
	size_t set_count;
	size_t sets[SNAPSHOT_ZONE_SETS_MAX];
};
enum err snapshot_builder_zone(struct snapshot_builder *b, const struct snapshot_zone_draft *zone,
	struct error *e) ORBL_NODISCARD;

/* What _status of each zone tells besides (snapshot_notice); copied. ERR_RANGE: longer than
 * SNAPSHOT_NOTICE_MAX. */
enum err snapshot_builder_notice(struct snapshot_builder *b, struct text notice,
	struct error *e) ORBL_NODISCARD;
/* What is frozen is a delta of base, which has as many sets and the same zones. */
void snapshot_builder_delta_of(struct snapshot_builder *b, const struct snapshot *base);
/* Freeze into an open file (which is not synced or renamed here: see file.h). Call once.
 * ERR_FULL when merging makes more than SNAPSHOT_CLASSES_MAX classes; ERR_REFUSED when a reserved
 * class is not defined, one removes without delta_of, or sets and zones are not as many as the
 * base's. */
enum err snapshot_builder_write(struct snapshot_builder *b, int fd, uint32_t serial,
	int64_t created_s, struct error *e) ORBL_NODISCARD;

#endif
