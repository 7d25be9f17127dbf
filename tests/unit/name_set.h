/* name_set.h - sets of names in tests: made, frozen, asked. */
#ifndef TESTS_NAME_SET_H
#define TESTS_NAME_SET_H

#include "snapshot_names.h"

enum { NAME_SET_CLASSES = 8 }; /* ids 1 to 8 */

struct name_set_name {
	uint8_t wire[256], label_at[128];
	size_t labels;
};

struct name_set {
	struct snapshot_pool pool;
	struct names_draft *draft;
	uint8_t *blob;
	size_t len;
	struct snapshot_names names;
};

/* "www.example"; "" is the origin. */
void name_set_name(const char *text, struct name_set_name *out);

void name_set_start(struct name_set *f);
void name_set_add(struct name_set *f, const char *text, bool below, uint32_t class_id);
void name_set_freeze(struct name_set *f);
void name_set_end(struct name_set *f);

enum snapshot_name_kind name_set_find(const struct name_set *f, const struct name_set_name *name,
	uint32_t *class_id, size_t *matched);

uint32_t name_set_random(uint32_t *seed);

#endif
