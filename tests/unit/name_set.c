#include "name_set.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

void
name_set_name(const char *text, struct name_set_name *out)
{
	uint8_t *p = out->wire;
	size_t len;

	out->labels = 0;
	for (; *text != '\0'; text += len + (text[len] == '.')) {
		len = strcspn(text, ".");
		out->label_at[out->labels++] = (uint8_t)(p - out->wire);
		*p++ = (uint8_t)len;
		memcpy(p, text, len);
		p += len;
	}
	*p = 0;
}

void
name_set_start(struct name_set *f)
{
	struct snapshot_class class = {.a_count = 1};
	struct error e;
	uint32_t id;

	memset(f, 0, sizeof(*f));
	f->draft = names_draft_new();
	ck_assert_ptr_nonnull(f->draft);
	for (uint32_t i = 1; i <= NAME_SET_CLASSES; i++) {
		class.a[0] = 0x7f000000 + i;
		ck_assert_int_eq(snapshot_pool_class(&f->pool, &class, &id, &e), OK);
		ck_assert_uint_eq(id, i);
	}
}

void
name_set_add(struct name_set *f, const char *text, bool below, uint32_t class_id)
{
	struct name_set_name name;
	struct error e;

	name_set_name(text, &name);
	ck_assert_int_eq(names_draft_add(f->draft, name.wire, below, class_id, &e), OK);
}

void
name_set_freeze(struct name_set *f)
{
	struct error e;

	ck_assert_int_eq(names_draft_freeze(f->draft, &f->pool, &f->blob, &f->len, &e), OK);
	ck_assert_uint_eq(f->len % 8, 0);
	ck_assert(snapshot_names_open(&f->names, f->blob, f->len, (uint32_t)f->pool.class_count));
}

void
name_set_end(struct name_set *f)
{
	names_draft_free(f->draft);
	free(f->blob);
	snapshot_pool_reset(&f->pool);
}

enum snapshot_name_kind
name_set_find(const struct name_set *f, const struct name_set_name *name, uint32_t *class_id,
	size_t *matched)
{
	struct snapshot_name query = {name->wire, name->label_at, name->labels};

	return snapshot_names_find(&f->names, &query, class_id, matched);
}

uint32_t
name_set_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}
