/* snapshot_image.h - the inside of an open snapshot.
 *
 * The pointers lie in the checked bytes of the file, for as many elements as the counts say.
 * Rows and bucket starts were checked at open, so they are read as they are. What the arrays
 * of addresses and class ids hold was not, as that would cost more than the checksum does:
 * contents out of order give wrong answers, never a read out of bounds.
 */
#ifndef FEEDS_SNAPSHOT_IMAGE_H
#define FEEDS_SNAPSHOT_IMAGE_H

#include <orbl/snapshot_layer.h>

#include "snapshot_format.h"
#include "snapshot_names.h"

struct section_bytes {
	const uint8_t *p;
	size_t len;
};

/* The class ids of an array. */
struct snapshot_ids {
	const uint8_t *p;
	uint32_t size; /* bytes of each: 1, 2 or 4; 0: all have the class only */
	uint32_t only;
};

struct snapshot_set {
	bool has_names, has_buckets;
	uint32_t class_count; /* of the snapshot: the highest id */
	size_t hosts, ranges4, ranges6;
	const uint8_t *bucket; /* u32, BUCKETS + 1: they ascend, the last is hosts */
	const uint8_t *host;   /* u16 low halves if has_buckets, else u32 */
	const uint8_t *low4, *high4, *low6, *high6;
	struct snapshot_ids host_ids, ids4, ids6;
	const struct snapshot *snapshot;
	struct snapshot_names names; /* if has_names; the rest is empty then */
};

struct snapshot {
	const uint8_t *bytes; /* borrowed, or our mapping */
	size_t len;
	bool is_mapped;
	struct section_bytes sections[SECTION_COUNT];
	size_t set_count;
	struct snapshot_set *sets;
};

#define SNAPSHOT_REMEDY "publish or compile it again, or put the previous file back"

static inline const uint8_t *
snapshot_image_row(const struct snapshot *s, enum section section, size_t i, size_t row_size)
{
	return s->sections[section].p + i * row_size;
}

/* The text that a ref, or a field of the same form, names. */
static inline struct text
snapshot_image_text(const struct snapshot *s, const uint8_t *ref)
{
	return (struct text){(const char *)s->sections[SECTION_TEXTS].p +
			format_get32(ref + REF_OFFSET),
		format_get32(ref + REF_LEN)};
}

/* Place the sets of the checked sections. */
enum err
snapshot_image_place_sets(struct snapshot *s, const char *name, struct error *e) ORBL_NODISCARD;

/* The classes of an open snapshot have ids from 1 to this. */
static inline size_t
snapshot_image_classes(const struct snapshot *s)
{
	return s->sections[SECTION_CLASSES].len / CLASS_SIZE;
}

#endif
