#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* --- against a model that looks at each address alone --- */

enum { UNIVERSE = 400, MODEL_RANGES = 60, MODEL_CLASSES = 12, MODEL_REMOVED = MODEL_CLASSES };

struct model_range {
	uint32_t low, high;
	uint8_t rank;
	uint32_t class_id;
};

/* One set. Class i has the A 127.0.0.i, so that merged ones tell what they are made of. */
struct model {
	uint8_t family;
	bool is_delta; /* the last class removes */
	size_t count;
	struct model_range ranges[MODEL_RANGES];
};

/* What the model says of an address: nothing, an exclusion or the classes, ascending. */
struct model_answer {
	bool is_covered; /* by something that is not excluded */
	size_t count;
	uint32_t ids[MODEL_CLASSES];
};

/* The universe is the end of all addresses. */
static struct addr
model_address(uint8_t family, uint32_t i)
{
	struct addr a = {.family = 6};

	if (family == 4)
		return addr_from_ipv4(0xffffffff - (UNIVERSE - 1) + i);
	memset(a.b, 0xff, sizeof(a.b));
	i += 0x10000 - UNIVERSE;
	a.b[14] = (uint8_t)(i >> 8);
	a.b[15] = (uint8_t)i;
	return a;
}

static struct model_answer
model_find(const struct model *m, uint32_t i)
{
	bool active[MODEL_CLASSES + 1] = {false};
	struct model_answer answer = {.count = 0};
	int top = -1;

	for (size_t k = 0; k < m->count; k++)
		if (m->ranges[k].low <= i && i <= m->ranges[k].high && m->ranges[k].rank > top)
			top = m->ranges[k].rank;
	for (size_t k = 0; k < m->count; k++)
		if (m->ranges[k].low <= i && i <= m->ranges[k].high && m->ranges[k].rank == top)
			active[m->ranges[k].class_id] = true;
	for (uint32_t id = 1; id <= MODEL_CLASSES && !active[0]; id++)
		if (active[id])
			answer.ids[answer.count++] = id;
	answer.is_covered = answer.count != 0;
	return answer;
}

/* A merged entry of a delta has the action of its lowest class. */
static struct model_answer
model_find_layer(const struct model *base, const struct model *delta, uint32_t i)
{
	struct model_answer answer = {.count = 0};

	if (delta != NULL)
		answer = model_find(delta, i);
	if (!answer.is_covered)
		return model_find(base, i);
	if (answer.ids[0] == MODEL_REMOVED)
		answer.count = 0;
	return answer;
}

static void
model_fill(struct model *m, uint8_t family, bool is_delta, uint32_t *seed)
{
	static const uint8_t ranks[] = {8, 31, 32, 40};

	m->family = family;
	m->is_delta = is_delta;
	m->count = 1 + snapshot_file_random(seed) % MODEL_RANGES;
	for (size_t k = 0; k < m->count; k++) {
		struct model_range *r = &m->ranges[k];
		uint32_t longest = snapshot_file_random(seed) % 4 == 0 ? UNIVERSE / 2 : 3;

		r->low = snapshot_file_random(seed) % UNIVERSE;
		r->high = r->low + snapshot_file_random(seed) % longest;
		r->high = r->high < UNIVERSE ? r->high : UNIVERSE - 1;
		r->rank = ranks[snapshot_file_random(seed) % 4];
		r->class_id = snapshot_file_random(seed) % (MODEL_CLASSES + 1);
		if (is_delta && snapshot_file_random(seed) % 2 == 0)
			r->class_id = MODEL_REMOVED;
	}
}

static struct snapshot_file
model_freeze(const struct model *m, const struct snapshot *base)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct error e;

	for (uint32_t id = 1; id <= MODEL_CLASSES; id++) {
		struct snapshot_class c = {.a_count = 1, .a = {0x7f000000 + id}};
		uint32_t got;

		if (m->is_delta && id == MODEL_REMOVED)
			c.action = SNAPSHOT_REMOVED;
		ck_assert_int_eq(snapshot_builder_class(b, &c, &got, &e), OK);
		ck_assert_uint_eq(got, id);
	}
	for (size_t k = 0; k < m->count; k++) {
		const struct model_range *r = &m->ranges[k];
		struct addr low = model_address(m->family, r->low);
		struct addr high = model_address(m->family, r->high);

		if (snapshot_builder_add(b, set, &low, &high, r->rank, r->class_id, &e) != OK)
			ck_abort_msg("%s", e.text);
	}
	if (base != NULL)
		snapshot_builder_delta_of(b, base);
	return snapshot_file_freeze(b);
}

static void
assert_answer(struct snapshot_layer l, const struct addr *a, const struct model_answer *wanted)
{
	struct snapshot_view v;
	char text[ADDR_TEXT];

	/* ck_assert writes to a file each time: not in long loops. */
	if (snapshot_layer_find(&l, a, &v) != (wanted->count != 0))
		ck_abort_msg("%s is listed or not", addr_format(a, text));
	if (wanted->count == 0)
		return;
	if (v.a_count != wanted->count)
		ck_abort_msg("%s has %u codes", addr_format(a, text), v.a_count);
	for (size_t k = 0; k < wanted->count; k++)
		if (snapshot_view_a(&v, k) != 0x7f000000u + wanted->ids[k])
			ck_abort_msg("%s has a wrong code %zu", addr_format(a, text), k);
}

static void
assert_walk(const struct snapshot *s)
{
	const struct snapshot_set *set = snapshot_set_at(s, 0);
	struct snapshot_layer l = {.set = set};
	struct snapshot_range range, last = {.low.family = 0};
	struct snapshot_walk walk = {0};
	size_t n = 0;

	for (; snapshot_next_range(set, &walk, &range); n++, last = range) {
		uint32_t a = range.view.action == SNAPSHOT_REMOVED ?
			0 :
			snapshot_view_a(&range.view, 0);

		if (addr_compare(&range.low, &range.high) > 0 ||
			snapshot_file_find_addr(l, &range.low) != a ||
			snapshot_file_find_addr(l, &range.high) != a ||
			(n != 0 && addr_compare(&last.high, &range.low) >= 0))
			ck_abort_msg("range %zu is wrong", n);
	}
	ck_assert_uint_eq(n, snapshot_entries(s));
}

/* All prefixes in the universe, and those around it. */
static void
assert_intersections(struct snapshot_layer l, uint8_t family, const bool *listed)
{
	uint8_t bits = family == 4 ? 32 : 128;
	size_t before[UNIVERSE + 1] = {0}; /* listed ones */
	uint32_t size, end = 0x10000;

	for (uint32_t k = 0; k < UNIVERSE; k++)
		before[k + 1] = before[k] + listed[k];
	for (uint8_t host_bits = 0; host_bits <= 16; host_bits++) {
		size = UINT32_C(1) << host_bits;
		for (uint32_t low = end - size; low + size + UNIVERSE > end; low -= size) {
			uint32_t first = low > end - UNIVERSE ? low - (end - UNIVERSE) : 0;
			struct prefix p = {model_address(family, low - (end - UNIVERSE)),
				(uint8_t)(bits - host_bits)};
			bool wanted = before[low + size - (end - UNIVERSE)] != before[first];

			if (snapshot_layer_intersects(&l, &p) != wanted)
				ck_abort_msg("/%u at %u", p.len, low);
			if (low < size)
				break;
		}
	}
	for (uint8_t len = 0; len < bits - 16; len++) {
		struct prefix p = {model_address(family, 0), len};

		if (snapshot_layer_intersects(&l, &p) != (before[UNIVERSE] != 0))
			ck_abort_msg("/%u", p.len);
	}
}

static void
compare_with_model(uint8_t family, bool has_delta, uint32_t seed)
{
	struct model base, delta;
	struct snapshot_file base_file, delta_file = {.bytes = NULL};
	struct snapshot *base_snapshot, *delta_snapshot = NULL;
	struct snapshot_layer l;
	bool listed[UNIVERSE];
	struct error e;

	model_fill(&base, family, false, &seed);
	base_file = model_freeze(&base, NULL);
	base_snapshot = snapshot_file_open(&base_file);
	assert_walk(base_snapshot);
	l = snapshot_file_layer(base_snapshot);
	if (has_delta) {
		model_fill(&delta, family, true, &seed);
		delta_file = model_freeze(&delta, base_snapshot);
		delta_snapshot = snapshot_file_open(&delta_file);
		ck_assert_int_eq(snapshot_check_delta(base_snapshot, delta_snapshot, &e), OK);
		assert_walk(delta_snapshot);
		l.delta = snapshot_set_at(delta_snapshot, 0);
	}
	for (uint32_t i = 0; i < UNIVERSE; i++) {
		struct model_answer wanted = model_find_layer(&base, has_delta ? &delta : NULL, i);
		struct addr a = model_address(family, i);

		listed[i] = wanted.count != 0;
		assert_answer(l, &a, &wanted);
	}
	assert_intersections(l, family, listed);
	snapshot_close(base_snapshot);
	snapshot_close(delta_snapshot);
	free(base_file.bytes);
	free(delta_file.bytes);
}

/* _i: bit 0 IPv6, bit 1 delta. */
START_TEST(test_model)
{
	for (uint32_t seed = 1; seed <= 200; seed++)
		compare_with_model(_i & 1 ? 6 : 4, (_i & 2) != 0, seed * 2654435761u | 1);
}
END_TEST

/* --- many hosts: the two-level table --- */

enum { MANY = 200000, SPACE = 1 << 20 };

static const uint32_t many_start = 0x0a000000 - SPACE / 2;

static struct snapshot_file
freeze_many(uint32_t seed, bool *listed)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	struct error e;

	for (size_t k = 0; k < MANY; k++) {
		uint32_t i = snapshot_file_random(&seed) % SPACE & ~1u,
			 len = k % 1000 == 0 ? 300 : 1;
		struct addr low = addr_from_ipv4(many_start + i), high;

		high = addr_from_ipv4(many_start + (i + len < SPACE ? i + len - 1 : SPACE - 1));
		if (snapshot_builder_add(b, set, &low, &high, len == 1 ? 32 : 24,
			    len == 1 ? one : two, &e) != OK)
			ck_abort_msg("%s", e.text);
		for (uint32_t j = i; j < i + len && j < SPACE; j++)
			listed[j] = true;
	}
	return snapshot_file_freeze(b);
}

/* Removes most of what is there: a delta with buckets, too. */
static struct snapshot_file
freeze_removals(const struct snapshot *base, bool *listed)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c = {.action = SNAPSHOT_REMOVED};
	uint32_t id, seed = 5;
	struct error e;

	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	for (uint32_t i = 0; i < SPACE; i += 2) {
		if (snapshot_file_random(&seed) % 16 == 0)
			continue;
		if (snapshot_builder_add4(b, set, many_start + i, id, &e) != OK)
			ck_abort_msg("%s", e.text);
		listed[i] = false;
	}
	snapshot_builder_delta_of(b, base);
	return snapshot_file_freeze(b);
}

static void
assert_many(struct snapshot_layer l, const bool *listed)
{
	for (uint32_t i = 0; i < SPACE; i++) {
		struct addr a = addr_from_ipv4(many_start + i);

		if ((snapshot_file_find_addr(l, &a) != 0) != listed[i])
			ck_abort_msg("wrong answer for address %u", i);
	}
	for (uint32_t i = 0; i < SPACE; i += 8) {
		struct prefix p = {addr_from_ipv4(many_start + i), 29};
		bool wanted = false;

		for (uint32_t k = i; k < i + 8; k++)
			wanted = wanted || listed[k];
		if (snapshot_layer_intersects(&l, &p) != wanted)
			ck_abort_msg("wrong intersection at %u", i);
	}
	ck_assert(snapshot_file_intersects(l, "8.0.0.0/6"));
	ck_assert(snapshot_file_intersects(l, "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(l, "128.0.0.0/1"));
	ck_assert(!snapshot_file_intersects(l, "255.255.0.0/16"));
	ck_assert(!snapshot_file_intersects(l, "0.0.0.0/16"));
}

static uint32_t
kind_of(const struct snapshot_file *f)
{
	return format_get32(snapshot_file_section(f, SECTION_SETS) + SET_KIND);
}

START_TEST(test_buckets)
{
	bool *listed = calloc(SPACE, sizeof(*listed));
	struct snapshot_file base_file, delta_file;
	struct snapshot *base, *delta;
	struct snapshot_layer l;
	uint32_t n = 0;

	ck_assert_ptr_nonnull(listed);
	base_file = freeze_many(4711, listed);
	ck_assert_uint_eq(kind_of(&base_file), SET_KIND_BUCKETS);
	base = snapshot_file_open(&base_file);
	l = snapshot_file_layer(base);
	for (uint32_t i = 0; i < SPACE; i++)
		n += listed[i];
	ck_assert_uint_gt(n, MANY / 2);
	assert_many(l, listed);
	assert_walk(base);
	delta_file = freeze_removals(base, listed);
	ck_assert_uint_eq(kind_of(&delta_file), SET_KIND_BUCKETS);
	delta = snapshot_file_open(&delta_file);
	l.delta = snapshot_set_at(delta, 0);
	assert_many(l, listed);
	assert_walk(delta);
	snapshot_close(base);
	snapshot_close(delta);
	free(base_file.bytes);
	free(delta_file.bytes);
	free(listed);
}
END_TEST

/* Every second bucket is empty; what is in the next one must not answer for it. */
START_TEST(test_empty_buckets)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_search searches[7];
	struct snapshot_view views[7];
	struct snapshot_layer l;
	struct snapshot_file f;
	struct snapshot *s;
	struct error e;

	for (uint32_t i = 0; i < BUCKETS; i++)
		if (snapshot_builder_add4(b, set, i / 2 << 17 | (5 + i % 2 * 4), one, &e) != OK)
			ck_abort_msg("%s", e.text);
	f = snapshot_file_freeze(b);
	ck_assert_uint_eq(kind_of(&f), SET_KIND_BUCKETS);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		for (uint32_t k = 0; k < 7; k++)
			searches[k] = (struct snapshot_search){.layer = &l,
				.view = &views[k],
				.address = i << 16 | (4 + k)};
		snapshot_layer_find_many4(searches, 7);
		for (uint32_t k = 0; k < 7; k++) {
			bool wanted = i % 2 == 0 && (k == 1 || k == 5);

			if (snapshot_layer_find4(&l, searches[k].address, &views[k]) != wanted ||
				searches[k].is_found != wanted)
				ck_abort_msg("bucket %u", i);
		}
	}
	ck_assert(!snapshot_file_intersects(l, "255.255.0.0/16"));
	ck_assert(snapshot_file_intersects(l, "255.254.0.0/16"));
	ck_assert(!snapshot_file_intersects(l, "255.254.0.6/31"));
	assert_walk(s);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* --- right checksum, wrong contents --- */

/* Many addresses, each found as it is alone. */
static void
ask_many(const struct snapshot_layer *l, uint32_t *seed)
{
	struct snapshot_search searches[100];
	struct snapshot_view views[100], alone;

	memset(views, 0, sizeof(views));
	for (size_t i = 0; i < 100; i++)
		searches[i] = (struct snapshot_search){.layer = l,
			.view = &views[i],
			.address = snapshot_file_random(seed) & 0x7fff};
	snapshot_layer_find_many4(searches, 100);
	for (size_t i = 0; i < 100; i++) {
		ck_assert(snapshot_layer_find4(l, searches[i].address, &alone) ==
			searches[i].is_found);
		/* who asks several layers has the view of another one there */
		ck_assert_ptr_eq(views[i].snapshot, searches[i].is_found ? alone.snapshot : NULL);
		ck_assert(!searches[i].is_found || views[i].a_first == alone.a_first);
	}
}

/* Any answer will do that comes without a read out of bounds, and every search and walk must
 * end. */
static void
ask_garbage(struct snapshot_layer l, size_t entries, uint32_t seed)
{
	struct snapshot_walk walk = {0};
	struct snapshot_range range;
	struct snapshot_view v;
	size_t n = 0;

	while (snapshot_next_range(l.set, &walk, &range))
		n++;
	ck_assert_uint_le(n, entries);
	for (size_t k = 0; k < 20000; k++) {
		struct addr a = addr_from_ipv4(snapshot_file_random(&seed));
		struct prefix p = {a, (uint8_t)(k % 33)};

		if (k % 2 != 0) {
			for (size_t i = 0; i < sizeof(a.b); i++)
				a.b[i] = (uint8_t)snapshot_file_random(&seed);
			a.family = 6;
			p = (struct prefix){a, (uint8_t)(k % 129)};
		}
		if (snapshot_layer_find(&l, &a, &v) &&
			(v.a_count != 1 || snapshot_view_a(&v, 0) >> 24 != 127))
			ck_abort_msg("class is none");
		snapshot_layer_intersects(&l, &p);
	}
	ask_many(&l, &seed);
}

/* More than 256 classes, so that garbage is a wrong id sometimes. */
static struct snapshot_file
freeze_for_garbage(uint32_t hosts, const struct snapshot *base)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t ids[300];
	struct error e;

	for (uint32_t i = 0; i < 300; i++) {
		struct snapshot_class c = {.a_count = 1, .a = {0x7f000000 + i}};

		if (base != NULL && i % 8 != 0)
			c.action = SNAPSHOT_REMOVED;
		ck_assert_int_eq(snapshot_builder_class(b, &c, &ids[i], &e), OK);
	}
	for (uint32_t i = 0; i < hosts; i++) {
		struct addr low = addr_from_ipv4(i * 16), high = addr_from_ipv4(i * 16 + 9);
		struct addr six = {.family = 6};

		memcpy(six.b, &i, sizeof(i));
		if (snapshot_builder_add4(b, set, i * 16 + 12, ids[i % 300], &e) != OK)
			ck_abort_msg("%s", e.text);
		if (i < 2000 &&
			(snapshot_builder_add(b, set, &low, &high, 24, ids[i % 290], &e) != OK ||
				snapshot_builder_add(b, set, &six, &six, 128, ids[i % 280], &e) !=
					OK))
			ck_abort_msg("%s", e.text);
	}
	if (base != NULL)
		snapshot_builder_delta_of(b, base);
	return snapshot_file_freeze(b);
}

/* The arrays behind the bucket starts, as those are checked. */
static void
fill_garbage(const struct snapshot_file *f, uint32_t *seed)
{
	size_t data = (size_t)(snapshot_file_section(f, SECTION_DATA) - f->bytes);

	data += kind_of(f) == SET_KIND_BUCKETS ? format_pad(BUCKETS_SIZE) : 0;
	for (size_t i = data; i < f->len - TRAILER_SIZE; i++)
		f->bytes[i] = (uint8_t)snapshot_file_random(seed);
	snapshot_file_repair(f);
}

/* _i: bit 0 buckets, bit 1 a delta. */
START_TEST(test_garbage)
{
	uint32_t hosts = _i & 1 ? BUCKETS_FROM + 1000 : 5000, seed = 99;
	struct snapshot_file base_file = freeze_for_garbage(hosts, NULL), delta_file;
	struct snapshot *base = snapshot_file_open(&base_file), *delta = NULL;
	struct snapshot_layer l;

	delta_file = freeze_for_garbage(hosts, base);
	for (unsigned round = 0; round < 4; round++) {
		snapshot_close(base);
		fill_garbage(&base_file, &seed);
		fill_garbage(&delta_file, &seed);
		base = snapshot_file_open(&base_file);
		delta = snapshot_file_open(&delta_file);
		l = snapshot_file_layer(base);
		l.delta = _i & 2 ? snapshot_set_at(delta, 0) : NULL;
		ask_garbage(l, snapshot_entries(base), seed);
		snapshot_close(delta);
	}
	snapshot_close(base);
	free(base_file.bytes);
	free(delta_file.bytes);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_model");
	TCase *model = tcase_create("model");
	TCase *buckets = tcase_create("buckets");
	TCase *garbage = tcase_create("garbage");

	tcase_set_timeout(model, 120);
	tcase_add_loop_test(model, test_model, 0, 4);
	suite_add_tcase(s, model);
	tcase_set_timeout(buckets, 120);
	tcase_add_test(buckets, test_buckets);
	tcase_add_test(buckets, test_empty_buckets);
	suite_add_tcase(s, buckets);
	tcase_set_timeout(garbage, 120);
	tcase_add_loop_test(garbage, test_garbage, 0, 4);
	suite_add_tcase(s, garbage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
