#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name_set.h"
#include "snapshot_format.h"

/* --- against a model that knows nothing of trees --- */

/* All names of labels a to d down to DEPTH; d is in no entry. Name i is below (i - 1) / 4. */
enum { FAN = 4, DEPTH = 6, ENTRY_NAMES = 341, NAMES = 5461, MODEL_ENTRIES = 40 };

struct model {
	uint32_t exact[NAMES], below[NAMES]; /* as bits: class ids, 0 the exclusion */
	bool listed[NAMES], inside[NAMES];   /* inside: something listed strictly below */
};

static void
model_name(size_t i, struct name_set_name *out)
{
	uint8_t *p = out->wire;

	for (out->labels = 0; i != 0; i = (i - 1) / FAN) {
		out->label_at[out->labels++] = (uint8_t)(p - out->wire);
		*p++ = 1;
		*p++ = (uint8_t)('a' + (i - 1) % FAN);
	}
	*p = 0;
}

static bool
model_may_have_entry(size_t i)
{
	for (; i != 0; i = (i - 1) / FAN)
		if ((i - 1) % FAN == FAN - 1)
			return false;
	return true;
}

/* The entry that answers a name, as bits. */
static uint32_t
model_find(const struct model *m, size_t i, size_t *matched)
{
	uint32_t bits = m->exact[i];
	struct name_set_name name;

	model_name(i, &name);
	*matched = name.labels;
	while (bits == 0 && i != 0) {
		i = (i - 1) / FAN;
		bits = m->below[i];
		--*matched;
	}
	return (bits & 1) != 0 ? 0 : bits;
}

static void
model_fill(struct model *m, struct name_set *f, uint32_t *seed)
{
	size_t count = name_set_random(seed) % MODEL_ENTRIES, matched;
	struct error e;
	struct name_set_name name;

	memset(m, 0, sizeof(*m));
	while (count-- != 0) {
		size_t i = name_set_random(seed) % (name_set_random(seed) % 2 ? ENTRY_NAMES : 21);
		uint32_t id = name_set_random(seed) % (NAME_SET_CLASSES + 1);
		bool below = name_set_random(seed) % 3 == 0;

		if (!model_may_have_entry(i))
			continue;
		model_name(i, &name);
		if (names_draft_add(f->draft, name.wire, below, id, &e) != OK)
			ck_abort_msg("%s", e.text);
		*(below ? &m->below[i] : &m->exact[i]) |= UINT32_C(1) << id;
	}
	for (size_t i = NAMES; i-- != 0;) {
		m->listed[i] = model_find(m, i, &matched) != 0;
		if (i != 0 && (m->listed[i] || m->inside[i]))
			m->inside[(i - 1) / FAN] = true;
	}
}

static uint32_t
model_class(struct name_set *f, uint32_t bits)
{
	uint32_t ids[NAME_SET_CLASSES], id;
	struct error e;
	size_t n = 0;

	for (uint32_t i = 1; i <= NAME_SET_CLASSES; i++)
		if ((bits >> i & 1) != 0)
			ids[n++] = i;
	if (snapshot_pool_merge(&f->pool, ids, n, &id, &e) != OK)
		ck_abort_msg("%s", e.text);
	return id;
}

START_TEST(test_model)
{
	struct model *m = malloc(sizeof(*m));
	enum snapshot_name_kind kind, wanted;
	size_t matched, wanted_matched;
	struct name_set f;
	struct name_set_name name;
	uint32_t seed, id, bits;

	ck_assert_ptr_nonnull(m);
	for (uint32_t run = 1; run <= 300; run++) {
		seed = run * 2654435761u;
		name_set_start(&f);
		model_fill(m, &f, &seed);
		name_set_freeze(&f);
		/* Not the last row: what is below that the model does not know. */
		for (size_t i = 0; i < (NAMES - 1) / FAN; i++) {
			bits = model_find(m, i, &wanted_matched);
			wanted = bits != 0   ? SNAPSHOT_NAME_LISTED :
				m->inside[i] ? SNAPSHOT_NAME_EMPTY :
					       SNAPSHOT_NAME_NONE;
			model_name(i, &name);
			kind = name_set_find(&f, &name, &id, &matched);
			if (kind != wanted)
				ck_abort_msg("run %u, name %zu: %d, not %d", run, i, (int)kind,
					(int)wanted);
			if (bits != 0 && (id != model_class(&f, bits) || matched != wanted_matched))
				ck_abort_msg("run %u, name %zu: wrong entry", run, i);
		}
		name_set_end(&f);
	}
	free(m);
}
END_TEST

/* --- many --- */

enum { MANY = 200000 };

static void
many_name(uint32_t i, struct name_set_name *out)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%x.%s", i % 7 == 0 ? "www.host" : "d", i * 2654435761u,
		i % 3 != 0 ? "com" : "example.net");
	name_set_name(text, out);
}

START_TEST(test_many)
{
	struct name_set f;
	struct error e;
	struct name_set_name name;
	size_t matched, longest = 0;
	uint32_t id, last = 1, end;

	name_set_start(&f);
	for (uint32_t i = 0; i < MANY; i++) {
		many_name(i, &name);
		if (names_draft_add(f.draft, name.wire, false, 1 + i % NAME_SET_CLASSES, &e) != OK)
			ck_abort_msg("%s", e.text);
	}
	name_set_freeze(&f);
	ck_assert_uint_eq(f.names.entries, MANY);
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		enum snapshot_name_kind kind;

		many_name(i, &name);
		kind = name_set_find(&f, &name, &id, &matched);
		if (i < MANY ? kind != SNAPSHOT_NAME_LISTED || id != 1 + i % NAME_SET_CLASSES :
			       kind != SNAPSHOT_NAME_NONE)
			ck_abort_msg("name %u is %d", i, (int)kind);
	}
	for (uint32_t i = 0; i < f.names.bucket_count; i++, last = end) {
		end = format_get32(f.names.buckets + 4 * (size_t)(i + 1));
		longest = end - last > longest ? end - last : longest;
	}
	ck_assert_uint_le(longest, NAMES_RUN_MAX);
	ck_assert_uint_eq(last, f.names.node_count);
	ck_assert_uint_le(f.len, 22 * (size_t)f.names.node_count + f.names.label_bytes);
	name_set_end(&f);
}
END_TEST

/* The same names make the same bytes. */
START_TEST(test_same_bytes)
{
	struct name_set f, g;

	name_set_start(&f);
	name_set_start(&g);
	for (size_t i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "a%zu.b%zu", i, i % 7);
		name_set_add(&f, text, i % 5 == 0, 1 + i % NAME_SET_CLASSES);
		name_set_add(&g, text, i % 5 == 0, 1 + i % NAME_SET_CLASSES);
	}
	name_set_freeze(&f);
	name_set_freeze(&g);
	ck_assert_uint_eq(f.len, g.len);
	ck_assert_mem_eq(f.blob, g.blob, f.len);
	name_set_end(&f);
	name_set_end(&g);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_names_model");
	TCase *model = tcase_create("model");

	tcase_add_test(model, test_model);
	tcase_add_test(model, test_many);
	tcase_add_test(model, test_same_bytes);
	tcase_set_timeout(model, 60);
	suite_add_tcase(s, model);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
