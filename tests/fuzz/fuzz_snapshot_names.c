/* fuzz_snapshot_names.c - a set of names of anybody's bytes, and one made of anybody's names. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLASSES = 7, ENTRIES = 64 };

struct query {
	uint8_t wire[256], label_at[128];
	size_t labels;
};

/* Names from any bytes: each byte is the length of a label, up to 7, or an end. Returns the
 * bytes used. */
static size_t
take_name(const uint8_t *data, size_t size, struct query *q)
{
	size_t at = 0, out = 0;

	q->labels = 0;
	while (at < size && (data[at] & 7) != 0 && out < 200) {
		size_t len = data[at] & 7;

		at++;
		if (len > size - at)
			len = size - at;
		if (len == 0)
			break;
		q->label_at[q->labels++] = (uint8_t)out;
		q->wire[out++] = (uint8_t)len;
		memcpy(q->wire + out, data + at, len);
		out += len;
		at += len;
	}
	q->wire[out] = 0;
	return at < size ? at + 1 : at;
}

static enum snapshot_name_kind
find(const struct snapshot_names *n, const struct query *q, uint32_t *id, size_t *matched)
{
	struct snapshot_name name = {q->wire, q->label_at, q->labels};
	enum snapshot_name_kind kind = snapshot_names_find(n, &name, id, matched);

	if (kind == SNAPSHOT_NAME_LISTED) {
		assert(*id >= 1 && *id <= n->class_count);
		assert(*matched <= q->labels);
	}
	return kind;
}

static void
ask(const struct snapshot_names *n, const uint8_t *data, size_t size)
{
	struct query q;
	size_t matched, used;
	uint32_t id;

	for (size_t i = 0; i < ENTRIES && size != 0; i++) {
		used = take_name(data, size, &q);
		(void)find(n, &q, &id, &matched);
		data += used;
		size -= used;
	}
}

/* Any blob: what opens answers without a read out of its bounds. */
static void
read_blob(const uint8_t *data, size_t size)
{
	size_t len = size & ~(size_t)7;
	uint8_t *blob = malloc(len != 0 ? len : 1);
	struct snapshot_names n;

	if (blob == NULL)
		abort();
	memcpy(blob, data, len);
	if (snapshot_names_open(&n, blob, len, CLASSES)) {
		ask(&n, blob, len);
		ask(&n, n.labels, n.label_bytes);
	}
	free(blob);
}

struct entry {
	struct query name;
	bool below;
	uint32_t class_id;
};

/* Is the name of the entry in force for q, and how many labels has it? */
static bool
covers(const struct entry *e, const struct query *q, size_t *labels)
{
	size_t skip = q->labels - e->name.labels;

	*labels = e->name.labels;
	if (q->labels < e->name.labels || e->below != (skip != 0))
		return false;
	for (size_t i = 0; i < e->name.labels; i++) {
		const uint8_t *a = e->name.wire + e->name.label_at[i];
		const uint8_t *b = q->wire + q->label_at[i + skip];

		if (memcmp(a, b, 1 + (size_t)a[0]) != 0)
			return false;
	}
	return true;
}

/* Each name of the set, and one below it, against all entries one by one. */
static void
check_name(const struct snapshot_names *n, const struct entry *entries, size_t count,
	const struct query *q)
{
	size_t longest = 0, labels, matched = 0;
	bool any = false, excluded = false;
	enum snapshot_name_kind kind;
	uint32_t id = 0;

	for (size_t i = 0; i < count; i++) {
		if (!covers(&entries[i], q, &labels) || (any && labels < longest))
			continue;
		if (!any || labels > longest)
			excluded = false;
		any = true;
		longest = labels;
		excluded = excluded || entries[i].class_id == 0;
	}
	kind = find(n, q, &id, &matched);
	assert((kind == SNAPSHOT_NAME_LISTED) == (any && !excluded));
	assert(kind != SNAPSHOT_NAME_LISTED || matched == longest);
	/* What is listed makes every name above it exist. */
	for (struct query up = *q; kind != SNAPSHOT_NAME_NONE && up.labels != 0;) {
		up.labels--;
		memmove(up.label_at, up.label_at + 1, up.labels);
		assert(find(n, &up, &id, &matched) != SNAPSHOT_NAME_NONE);
	}
}

static void
check_set(const struct snapshot_names *n, const struct entry *entries, size_t count)
{
	struct query q;
	size_t len;

	for (size_t i = 0; i < count; i++) {
		q = entries[i].name;
		check_name(n, entries, count, &q);
		len = q.labels != 0 ? (size_t)q.label_at[q.labels - 1] : 0;
		len = q.labels != 0 ? len + 1 + q.wire[len] : 0;
		memmove(q.wire + 2, q.wire, len + 1);
		memcpy(q.wire, "\001x", 2);
		for (size_t k = q.labels; k-- != 0;)
			q.label_at[k + 1] = (uint8_t)(q.label_at[k] + 2);
		q.label_at[0] = 0;
		q.labels++;
		check_name(n, entries, count, &q);
	}
}

static void
make_classes(struct snapshot_pool *pool)
{
	struct snapshot_class class = {.a_count = 1};
	struct error e;
	uint32_t id;

	for (uint32_t i = 1; i <= CLASSES; i++) {
		class.a[0] = 0x7f000000 + i;
		if (snapshot_pool_class(pool, &class, &id, &e) != OK)
			abort();
	}
}

static void
make_set(const uint8_t *data, size_t size)
{
	static struct entry entries[ENTRIES];
	struct names_draft *d = names_draft_new();
	struct snapshot_pool pool = {0};
	struct snapshot_names n;
	struct error e;
	size_t count = 0, len, used;
	uint8_t *blob;

	if (d == NULL)
		abort();
	make_classes(&pool);
	for (; size != 0 && count < ENTRIES; count++) {
		struct entry *entry = &entries[count];

		entry->class_id = data[0] % (CLASSES + 1);
		entry->below = (data[0] & 8) != 0;
		used = 1 + take_name(data + 1, size - 1, &entry->name);
		data += used;
		size -= used;
		assert(names_draft_add(d, entry->name.wire, entry->below, entry->class_id, &e) ==
			OK);
	}
	assert(names_draft_freeze(d, &pool, &blob, &len, &e) == OK);
	assert(snapshot_names_open(&n, blob, len, (uint32_t)pool.class_count));
	assert(n.entries <= count);
	check_set(&n, entries, count);
	names_draft_free(d);
	free(blob);
	snapshot_pool_reset(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'b')
		read_blob(data + 1, size - 1);
	else
		make_set(data + 1, size - 1);
	return 0;
}
