#include "snapshot_pool.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "grow.h"

/* A class while it is put together; texts are already in uniques. */
struct draft {
	uint32_t ttl_s;
	int64_t expires_s;
	size_t a_count, txt_count;
	uint32_t a[SNAPSHOT_RECORDS_MAX];
	struct snapshot_pool_ref txt[SNAPSHOT_RECORDS_MAX];
};

static enum err
no_memory(struct error *e)
{
	return error_set(e, ERR_MEMORY, "snapshot: out of memory");
}

void
snapshot_pool_reset(struct snapshot_pool *p)
{
	free(p->texts);
	free(p->uniques);
	free(p->refs);
	free(p->codes);
	free(p->classes);
	free(p->text_index.slots);
	free(p->class_index.slots);
	*p = (struct snapshot_pool){0};
}

/* --- index --- */

/* Next id with this hash, or UINT32_MAX. Start with *at = hash. */
static uint32_t
next_candidate(const struct snapshot_pool_index *index, uint64_t hash, uint64_t *at)
{
	const struct snapshot_pool_slot *slot;

	if (index->room == 0)
		return UINT32_MAX;
	for (;;) {
		slot = &index->slots[(*at)++ & (index->room - 1)];
		if (slot->id_plus_1 == 0)
			return UINT32_MAX;
		if (slot->hash == hash)
			return slot->id_plus_1 - 1;
	}
}

static void
put_slot(struct snapshot_pool_index *index, struct snapshot_pool_slot value)
{
	uint64_t at = value.hash;

	while (index->slots[at & (index->room - 1)].id_plus_1 != 0)
		at++;
	index->slots[at & (index->room - 1)] = value;
}

/* Keeps at least half of the slots free, so that every search meets a free one. */
static bool
add_to_index(struct snapshot_pool_index *index, uint64_t hash, uint32_t id)
{
	struct snapshot_pool_index bigger = {.room = index->room != 0 ? 2 * index->room : 64};

	if (2 * (index->count + 1) > index->room) {
		bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
		if (bigger.slots == NULL)
			return false;
		for (size_t i = 0; i < index->room; i++)
			if (index->slots[i].id_plus_1 != 0)
				put_slot(&bigger, index->slots[i]);
		bigger.count = index->count;
		free(index->slots);
		*index = bigger;
	}
	put_slot(index, (struct snapshot_pool_slot){hash, id + 1});
	index->count++;
	return true;
}

/* --- texts --- */

static bool
find_text(const struct snapshot_pool *p, struct text t, uint64_t hash,
	struct snapshot_pool_ref *out)
{
	uint64_t at = hash;
	uint32_t id;

	while ((id = next_candidate(&p->text_index, hash, &at)) != UINT32_MAX) {
		*out = p->uniques[id];
		if (out->len == t.len && memcmp(p->texts + out->offset, t.p, t.len) == 0)
			return true;
	}
	return false;
}

static enum err
intern_text(struct snapshot_pool *p, struct text t, struct snapshot_pool_ref *out, struct error *e)
{
	struct text key = t.p != NULL ? t : TEXT("");
	uint64_t hash = XXH3_64bits(key.p, key.len);
	void *grown;

	if (find_text(p, key, hash, out))
		return OK;
	if (key.len > UINT32_MAX - p->text_bytes)
		return error_set(e, ERR_FULL, "snapshot: more than 4 GiB of texts");
	grown = grow(p->texts, &p->text_room, p->text_bytes + key.len, 1);
	if (grown == NULL)
		return no_memory(e);
	p->texts = grown;
	grown = grow(p->uniques, &p->unique_room, p->unique_count + 1, sizeof(*p->uniques));
	if (grown == NULL)
		return no_memory(e);
	p->uniques = grown;
	if (!add_to_index(&p->text_index, hash, (uint32_t)p->unique_count))
		return no_memory(e);
	*out = (struct snapshot_pool_ref){(uint32_t)p->text_bytes, (uint32_t)key.len};
	p->uniques[p->unique_count++] = *out;
	memcpy(p->texts + p->text_bytes, key.p, key.len);
	p->text_bytes += key.len;
	return OK;
}

static bool
append_refs(struct snapshot_pool *p, const struct snapshot_pool_ref *refs, size_t count)
{
	void *grown = grow(p->refs, &p->ref_room, p->ref_count + count, sizeof(*p->refs));

	if (grown == NULL)
		return false;
	p->refs = grown;
	memcpy(p->refs + p->ref_count, refs, count * sizeof(*refs));
	p->ref_count += count;
	return true;
}

enum err
snapshot_pool_ref(struct snapshot_pool *p, struct text t, uint32_t *ref, struct error *e)
{
	struct snapshot_pool_ref unique;
	enum err err = intern_text(p, t, &unique, e);

	*ref = (uint32_t)p->ref_count;
	if (err == OK && !append_refs(p, &unique, 1))
		err = no_memory(e);
	return err;
}

/* --- classes --- */

static uint64_t
hash_draft(const struct draft *d)
{
	uint64_t numbers[4] = {d->ttl_s, (uint64_t)d->expires_s, 0, 0};

	numbers[2] = XXH3_64bits(d->a, d->a_count * sizeof(d->a[0]));
	numbers[3] = XXH3_64bits(d->txt, d->txt_count * sizeof(d->txt[0]));
	return XXH3_64bits(numbers, sizeof(numbers));
}

/* The same text has the same ref, so refs are compared instead of bytes. */
static bool
class_equals(const struct snapshot_pool *p, size_t i, const struct draft *d)
{
	const struct snapshot_pool_class *c = &p->classes[i];

	return c->ttl_s == d->ttl_s && c->expires_s == d->expires_s && c->a_count == d->a_count &&
		c->txt_count == d->txt_count &&
		memcmp(p->codes + c->a_first, d->a, d->a_count * sizeof(d->a[0])) == 0 &&
		memcmp(p->refs + c->txt_first, d->txt, d->txt_count * sizeof(d->txt[0])) == 0;
}

static bool
reserve_class(struct snapshot_pool *p, const struct draft *d)
{
	void *grown = grow(p->codes, &p->code_room, p->code_count + d->a_count, sizeof(*p->codes));

	if (grown == NULL)
		return false;
	p->codes = grown;
	grown = grow(p->refs, &p->ref_room, p->ref_count + d->txt_count, sizeof(*p->refs));
	if (grown == NULL)
		return false;
	p->refs = grown;
	grown = grow(p->classes, &p->class_room, p->class_count + 1, sizeof(*p->classes));
	if (grown == NULL)
		return false;
	p->classes = grown;
	return true;
}

static enum err
append_class(struct snapshot_pool *p, const struct draft *d, uint64_t hash, struct error *e)
{
	if (p->class_count == SNAPSHOT_CLASSES_MAX)
		return error_set(e, ERR_FULL,
			"snapshot: more than %d different values (A, TXT, "
			"TTL and expiry together)",
			SNAPSHOT_CLASSES_MAX);
	if (!reserve_class(p, d) || !add_to_index(&p->class_index, hash, (uint32_t)p->class_count))
		return no_memory(e);
	p->classes[p->class_count++] = (struct snapshot_pool_class){
		.ttl_s = d->ttl_s,
		.expires_s = d->expires_s,
		.a_first = (uint32_t)p->code_count,
		.a_count = (uint16_t)d->a_count,
		.txt_first = (uint32_t)p->ref_count,
		.txt_count = (uint16_t)d->txt_count,
	};
	memcpy(p->codes + p->code_count, d->a, d->a_count * sizeof(d->a[0]));
	p->code_count += d->a_count;
	memcpy(p->refs + p->ref_count, d->txt, d->txt_count * sizeof(d->txt[0]));
	p->ref_count += d->txt_count;
	return OK;
}

static enum err
intern_draft(struct snapshot_pool *p, const struct draft *d, uint16_t *id, struct error *e)
{
	uint64_t hash = hash_draft(d), at = hash;
	uint32_t candidate;
	enum err err;

	while ((candidate = next_candidate(&p->class_index, hash, &at)) != UINT32_MAX)
		if (class_equals(p, candidate, d)) {
			*id = (uint16_t)(candidate + 1);
			return OK;
		}
	err = append_class(p, d, hash, e);
	if (err == OK)
		*id = (uint16_t)p->class_count;
	return err;
}

enum err
snapshot_pool_class(struct snapshot_pool *p, const struct snapshot_class *c, uint16_t *id,
	struct error *e)
{
	struct draft d;
	enum err err = OK;

	*id = SNAPSHOT_NOT_LISTED;
	if (c->a_count > SNAPSHOT_RECORDS_MAX || c->txt_count > SNAPSHOT_RECORDS_MAX)
		return error_set(e, ERR_RANGE,
			"snapshot: more than %d A or TXT records for one "
			"address",
			SNAPSHOT_RECORDS_MAX);
	d.ttl_s = c->ttl_s;
	d.expires_s = c->expires_s;
	d.a_count = c->a_count;
	d.txt_count = c->txt_count;
	for (size_t i = 0; i < c->a_count; i++) {
		if (c->a[i] >> 24 != 127) /* RFC 5782 section 2.1 */
			return error_set(e, ERR_RANGE, "snapshot: A record outside 127.0.0.0/8");
		d.a[i] = c->a[i];
	}
	for (size_t i = 0; i < c->txt_count && err == OK; i++) {
		if (c->txt[i].len > SNAPSHOT_TXT_MAX)
			return error_set(e, ERR_RANGE, "snapshot: TXT longer than %d bytes",
				SNAPSHOT_TXT_MAX);
		err = intern_text(p, c->txt[i], &d.txt[i], e);
	}
	return err == OK ? intern_draft(p, &d, id, e) : err;
}

/* --- merging --- */

static void
merge_codes(struct draft *d, const uint32_t *codes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < d->a_count && d->a[k] != codes[i])
			k++;
		if (k == d->a_count && k < SNAPSHOT_RECORDS_MAX)
			d->a[d->a_count++] = codes[i];
	}
}

static void
merge_texts(struct draft *d, const struct snapshot_pool_ref *refs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < d->txt_count && memcmp(&d->txt[k], &refs[i], sizeof(refs[i])) != 0)
			k++;
		if (k == d->txt_count && k < SNAPSHOT_RECORDS_MAX)
			d->txt[d->txt_count++] = refs[i];
	}
}

static void
merge_times(struct draft *d, const struct snapshot_pool_class *c)
{
	if (c->ttl_s != 0 && (d->ttl_s == 0 || c->ttl_s < d->ttl_s))
		d->ttl_s = c->ttl_s;
	if (d->expires_s != 0 && (c->expires_s == 0 || c->expires_s > d->expires_s))
		d->expires_s = c->expires_s;
}

enum err
snapshot_pool_merge(struct snapshot_pool *p, const uint16_t *ids, size_t count, uint16_t *id,
	struct error *e)
{
	struct draft d;

	if (count == 1) {
		*id = ids[0];
		return OK;
	}
	d.ttl_s = 0;
	d.expires_s = p->classes[ids[0] - 1].expires_s;
	d.a_count = d.txt_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct snapshot_pool_class *c = &p->classes[ids[i] - 1];

		merge_codes(&d, p->codes + c->a_first, c->a_count);
		merge_texts(&d, p->refs + c->txt_first, c->txt_count);
		merge_times(&d, c);
	}
	return intern_draft(p, &d, id, e);
}
