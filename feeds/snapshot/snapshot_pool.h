/* snapshot_pool.h - texts and classes of a snapshot in the making, each kept once.
 *
 * The arrays are the sections of the file to be (snapshot_format.h), in memory order. The
 * struct is open for the writer to read; only the functions here change it.
 */
#ifndef FEEDS_SNAPSHOT_POOL_H
#define FEEDS_SNAPSHOT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/snapshot_builder.h>

#include "id_index.h"

struct snapshot_pool_ref {
	uint32_t offset, len; /* in texts */
};

struct snapshot_pool_record {
	uint32_t type, ttl_s;
	struct snapshot_pool_ref rdata;
};

struct snapshot_pool_class {
	int64_t expires_s;
	uint32_t ttl_s, a_first, txt_first, record_first;
	uint8_t a_count, txt_count, record_count, action;
};

struct snapshot_pool {
	char *texts;
	size_t text_bytes, text_room;
	struct snapshot_pool_ref *uniques; /* one a different text */
	size_t unique_count, unique_room;
	struct snapshot_pool_ref *refs; /* runs of them, one run a class or zone */
	size_t ref_count, ref_room;
	uint32_t *codes;
	size_t code_count, code_room;
	struct snapshot_pool_record *records;
	size_t record_count, record_room;
	struct snapshot_pool_class *classes; /* id 1 is classes[0] */
	size_t class_count, class_room, reserved_count;
	struct id_index text_index, class_index;
};

void snapshot_pool_reset(struct snapshot_pool *p); /* releases all; p is empty again */

/* Append a text to refs; *ref is its place there. */
enum err snapshot_pool_ref(struct snapshot_pool *p, struct text t, uint32_t *ref,
	struct error *e) ORBL_NODISCARD;
enum err snapshot_pool_class(struct snapshot_pool *p, const struct snapshot_class *c, uint32_t *id,
	struct error *e) ORBL_NODISCARD;
/* A class to be defined later; reserved_count of them are not yet. */
enum err
snapshot_pool_reserve(struct snapshot_pool *p, uint32_t *id, struct error *e) ORBL_NODISCARD;
enum err snapshot_pool_define(struct snapshot_pool *p, uint32_t id, const struct snapshot_class *c,
	struct error *e) ORBL_NODISCARD;
/* The class of an entry that has several, by the rules of snapshot_builder_add. The ids
 * ascend, all are defined; 1 <= count <= SNAPSHOT_RECORDS_MAX. */
enum err snapshot_pool_merge(struct snapshot_pool *p, const uint32_t *ids, size_t count,
	uint32_t *id, struct error *e) ORBL_NODISCARD;

#endif
