#include "snapshot_pool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "grow.h"

/* A class while it is put together; texts are already in uniques. */
struct draft {
	uint32_t ttl_s;
	int64_t expires_s;
	uint8_t action;
	size_t a_count, txt_count, record_count;
	uint32_t a[SNAPSHOT_RECORDS_MAX];
	struct snapshot_pool_ref txt[SNAPSHOT_RECORDS_MAX];
	struct snapshot_pool_record records[SNAPSHOT_RECORDS_MAX];
};

enum { ACTION_RESERVED = UINT8_MAX }; /* of a class that is not defined yet */

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
	free(p->records);
	free(p->classes);
	id_index_reset(&p->text_index);
	id_index_reset(&p->class_index);
	*p = (struct snapshot_pool){0};
}

/* --- texts --- */

static bool
find_text(const struct snapshot_pool *p, struct text t, uint32_t hash,
	struct snapshot_pool_ref *out)
{
	size_t at = hash;
	uint32_t id;

	while ((id = id_index_next(&p->text_index, hash, &at)) != UINT32_MAX) {
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
	uint32_t hash = (uint32_t)XXH3_64bits(key.p, key.len);
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
	if (!id_index_add(&p->text_index, hash, (uint32_t)p->unique_count))
		return no_memory(e);
	*out = (struct snapshot_pool_ref){(uint32_t)p->text_bytes, (uint32_t)key.len};
	p->uniques[p->unique_count++] = *out;
	memcpy(p->texts + p->text_bytes, key.p, key.len);
	p->text_bytes += key.len;
	return OK;
}

enum err
snapshot_pool_ref(struct snapshot_pool *p, struct text t, uint32_t *ref, struct error *e)
{
	struct snapshot_pool_ref unique;
	enum err err = intern_text(p, t, &unique, e);
	void *grown;

	if (err != OK)
		return err;
	grown = grow(p->refs, &p->ref_room, p->ref_count + 1, sizeof(*p->refs));
	if (grown == NULL || p->ref_count == UINT32_MAX)
		return no_memory(e);
	p->refs = grown;
	*ref = (uint32_t)p->ref_count;
	p->refs[p->ref_count++] = unique;
	return OK;
}

/* --- classes --- */

static uint32_t
hash_draft(const struct draft *d)
{
	uint64_t numbers[6] = {d->ttl_s, (uint64_t)d->expires_s, d->action};

	numbers[3] = XXH3_64bits(d->a, d->a_count * sizeof(d->a[0]));
	numbers[4] = XXH3_64bits(d->txt, d->txt_count * sizeof(d->txt[0]));
	numbers[5] = XXH3_64bits(d->records, d->record_count * sizeof(d->records[0]));
	return (uint32_t)XXH3_64bits(numbers, sizeof(numbers));
}

/* The same text has the same ref, so refs are compared instead of bytes. */
static bool
class_equals(const struct snapshot_pool *p, size_t i, const struct draft *d)
{
	const struct snapshot_pool_class *c = &p->classes[i];

	return c->ttl_s == d->ttl_s && c->expires_s == d->expires_s && c->action == d->action &&
		c->a_count == d->a_count && c->txt_count == d->txt_count &&
		c->record_count == d->record_count &&
		memcmp(p->codes + c->a_first, d->a, d->a_count * sizeof(d->a[0])) == 0 &&
		memcmp(p->refs + c->txt_first, d->txt, d->txt_count * sizeof(d->txt[0])) == 0 &&
		memcmp(p->records + c->record_first, d->records,
			d->record_count * sizeof(d->records[0])) == 0;
}

static bool
reserve_records(struct snapshot_pool *p, const struct draft *d)
{
	void *grown = grow(p->codes, &p->code_room, p->code_count + d->a_count, sizeof(*p->codes));

	if (grown == NULL)
		return false;
	p->codes = grown;
	grown = grow(p->refs, &p->ref_room, p->ref_count + d->txt_count, sizeof(*p->refs));
	if (grown == NULL)
		return false;
	p->refs = grown;
	grown = grow(p->records, &p->record_room, p->record_count + d->record_count,
		sizeof(*p->records));
	if (grown == NULL)
		return false;
	p->records = grown;
	return p->code_count + d->a_count <= UINT32_MAX &&
		p->ref_count + d->txt_count <= UINT32_MAX &&
		p->record_count + d->record_count <= UINT32_MAX;
}

/* Where a run is that was put behind count items of some size, or is there already as their
 * end: there may be millions of classes with the same A record and each its own text. */
static uint32_t
put_run(void *items, size_t *count, const void *run, size_t n, size_t size)
{
	char *end = (char *)items + *count * size;

	if (n <= *count && memcmp(end - n * size, run, n * size) == 0)
		return (uint32_t)(*count - n);
	memcpy(end, run, n * size);
	*count += n;
	return (uint32_t)(*count - n);
}

static enum err
fill_class(struct snapshot_pool *p, struct snapshot_pool_class *c, const struct draft *d,
	struct error *e)
{
	if (!reserve_records(p, d))
		return no_memory(e);
	*c = (struct snapshot_pool_class){
		.expires_s = d->expires_s,
		.ttl_s = d->ttl_s,
		.a_first = put_run(p->codes, &p->code_count, d->a, d->a_count, sizeof(*d->a)),
		.txt_first = put_run(p->refs, &p->ref_count, d->txt, d->txt_count, sizeof(*d->txt)),
		.record_first = put_run(p->records, &p->record_count, d->records, d->record_count,
			sizeof(*d->records)),
		.a_count = (uint8_t)d->a_count,
		.txt_count = (uint8_t)d->txt_count,
		.record_count = (uint8_t)d->record_count,
		.action = d->action,
	};
	return OK;
}

/* Room for one class more. */
static enum err
grow_classes(struct snapshot_pool *p, struct error *e)
{
	void *grown = grow(p->classes, &p->class_room, p->class_count + 1, sizeof(*p->classes));

	if (grown == NULL)
		return no_memory(e);
	p->classes = grown;
	if (p->class_count == SNAPSHOT_CLASSES_MAX)
		return error_set(e, ERR_FULL,
			"snapshot: more than %d different values (all records, "
			"TTL and expiry together)",
			SNAPSHOT_CLASSES_MAX);
	return OK;
}

static enum err
intern_draft(struct snapshot_pool *p, const struct draft *d, uint32_t *id, struct error *e)
{
	uint32_t hash = hash_draft(d), candidate;
	size_t at = hash;
	enum err err;

	while ((candidate = id_index_next(&p->class_index, hash, &at)) != UINT32_MAX)
		if (class_equals(p, candidate, d)) {
			*id = candidate + 1;
			return OK;
		}
	err = grow_classes(p, e);
	if (err == OK)
		err = fill_class(p, &p->classes[p->class_count], d, e);
	if (err == OK && !id_index_add(&p->class_index, hash, (uint32_t)p->class_count))
		err = no_memory(e);
	if (err == OK)
		*id = (uint32_t)++p->class_count;
	return err;
}

static enum err
draft_records(struct snapshot_pool *p, const struct snapshot_class *c, struct draft *d,
	struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; i < c->record_count && err == OK; i++) {
		const struct snapshot_record *r = &c->records[i];

		if (r->rdata.len > SNAPSHOT_RDATA_MAX)
			return error_set(e, ERR_RANGE, "snapshot: record longer than %d bytes",
				SNAPSHOT_RDATA_MAX);
		d->records[i].type = r->type;
		d->records[i].ttl_s = r->ttl_s;
		err = intern_text(p, r->rdata, &d->records[i].rdata, e);
	}
	return err;
}

static enum err
draft_class(struct snapshot_pool *p, const struct snapshot_class *c, struct draft *d,
	struct error *e)
{
	enum err err = OK;

	if (c->a_count > SNAPSHOT_RECORDS_MAX || c->txt_count > SNAPSHOT_RECORDS_MAX ||
		c->record_count > SNAPSHOT_RECORDS_MAX || c->action > SNAPSHOT_PASS)
		return error_set(e, ERR_RANGE,
			"snapshot: more than %d A, TXT or other records for one entry, or no such "
			"action",
			SNAPSHOT_RECORDS_MAX);
	d->ttl_s = c->ttl_s;
	d->expires_s = c->expires_s;
	d->action = (uint8_t)c->action;
	d->a_count = c->a_count;
	d->txt_count = c->txt_count;
	d->record_count = c->record_count;
	for (size_t i = 0; i < c->a_count; i++) {
		if (c->a[i] >> 24 != 127) /* RFC 5782 section 2.1 */
			return error_set(e, ERR_RANGE, "snapshot: A record outside 127.0.0.0/8");
		d->a[i] = c->a[i];
	}
	for (size_t i = 0; i < c->txt_count && err == OK; i++) {
		if (c->txt[i].len > SNAPSHOT_TXT_MAX)
			return error_set(e, ERR_RANGE, "snapshot: TXT longer than %d bytes",
				SNAPSHOT_TXT_MAX);
		err = intern_text(p, c->txt[i], &d->txt[i], e);
	}
	return err == OK ? draft_records(p, c, d, e) : err;
}

enum err
snapshot_pool_class(struct snapshot_pool *p, const struct snapshot_class *c, uint32_t *id,
	struct error *e)
{
	struct draft d;
	enum err err = draft_class(p, c, &d, e);

	*id = SNAPSHOT_NOT_LISTED;
	return err == OK ? intern_draft(p, &d, id, e) : err;
}

enum err
snapshot_pool_reserve(struct snapshot_pool *p, uint32_t *id, struct error *e)
{
	enum err err = grow_classes(p, e);

	*id = SNAPSHOT_NOT_LISTED;
	if (err == OK) {
		p->classes[p->class_count] = (struct snapshot_pool_class){
			.action = ACTION_RESERVED};
		*id = (uint32_t)++p->class_count;
		p->reserved_count++;
	}
	return err;
}

enum err
snapshot_pool_define(struct snapshot_pool *p, uint32_t id, const struct snapshot_class *c,
	struct error *e)
{
	struct draft d;
	enum err err;

	if (id == SNAPSHOT_NOT_LISTED || id > p->class_count ||
		p->classes[id - 1].action != ACTION_RESERVED)
		return error_set(e, ERR_RANGE, "snapshot: class %" PRIu32 " is not a reserved one",
			id);
	err = draft_class(p, c, &d, e);
	if (err == OK)
		err = fill_class(p, &p->classes[id - 1], &d, e);
	if (err == OK)
		p->reserved_count--;
	return err;
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

/* Records of one type have one TTL, the shortest (RFC 2181 section 5.2), so the TTL is no part
 * of what makes two records the same. */
static void
merge_records(struct draft *d, const struct snapshot_pool_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct snapshot_pool_record r = records[i];
		size_t k = 0;

		while (k < d->record_count &&
			(d->records[k].type != r.type ||
				memcmp(&d->records[k].rdata, &r.rdata, sizeof(r.rdata)) != 0))
			k++;
		if (k == d->record_count && k < SNAPSHOT_RECORDS_MAX)
			d->records[d->record_count++] = r;
		else if (k < d->record_count && r.ttl_s != 0 &&
			(d->records[k].ttl_s == 0 || r.ttl_s < d->records[k].ttl_s))
			d->records[k].ttl_s = r.ttl_s;
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
snapshot_pool_merge(struct snapshot_pool *p, const uint32_t *ids, size_t count, uint32_t *id,
	struct error *e)
{
	const struct snapshot_pool_class *first = &p->classes[ids[0] - 1];
	struct draft d;

	if (count == 1) {
		*id = ids[0];
		return OK;
	}
	d.ttl_s = 0;
	d.expires_s = first->expires_s;
	d.action = first->action;
	d.a_count = d.txt_count = d.record_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct snapshot_pool_class *c = &p->classes[ids[i] - 1];

		merge_codes(&d, p->codes + c->a_first, c->a_count);
		merge_texts(&d, p->refs + c->txt_first, c->txt_count);
		merge_records(&d, p->records + c->record_first, c->record_count);
		merge_times(&d, c);
	}
	return intern_draft(p, &d, id, e);
}
