#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/snapshot.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* --- against a model that looks at each address alone --- */

enum { UNIVERSE = 400, MODEL_RANGES = 60, MODEL_CLASSES = 12 };

struct model_range {
	uint32_t low, high;
	uint8_t rank;
	uint16_t class_id;
};

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

/* The ids that answer address i, ascending; 0: it is not listed. */
static size_t
model_find(const struct model_range *ranges, size_t count, uint32_t i, uint16_t ids[MODEL_CLASSES])
{
	bool active[MODEL_CLASSES + 1] = {false};
	size_t n = 0;
	int top = -1;

	for (size_t k = 0; k < count; k++)
		if (ranges[k].low <= i && i <= ranges[k].high && ranges[k].rank > top)
			top = ranges[k].rank;
	for (size_t k = 0; k < count; k++)
		if (ranges[k].low <= i && i <= ranges[k].high && ranges[k].rank == top)
			active[ranges[k].class_id] = true;
	for (uint16_t id = 1; id <= MODEL_CLASSES && !active[0]; id++)
		if (active[id])
			ids[n++] = id;
	return n;
}

/* Class i has the A 127.0.0.i, so that merged ones tell what they are made of. */
static void
assert_answer(const struct snapshot *s, const struct addr *a, const uint16_t *ids, size_t count)
{
	uint16_t id = snapshot_find(snapshot_file_set(s), a);
	struct snapshot_class c;
	char text[ADDR_TEXT];

	if (count == 0) {
		ck_assert_msg(id == SNAPSHOT_NOT_LISTED, "%s is listed", addr_format(a, text));
		return;
	}
	ck_assert_msg(snapshot_class(s, id, &c), "%s is not listed", addr_format(a, text));
	ck_assert_uint_eq(c.a_count, count);
	for (size_t k = 0; k < count; k++)
		ck_assert_uint_eq(c.a[k], 0x7f000000u + ids[k]);
}

static void
assert_walk(const struct snapshot *s)
{
	struct snapshot_range range, last = {.class_id = 0};
	struct snapshot_walk walk = {0};
	size_t n = 0;

	/* ck_assert writes to a file each time: not in long loops. */
	for (; snapshot_next_range(snapshot_file_set(s), &walk, &range); n++, last = range) {
		if (addr_compare(&range.low, &range.high) > 0 ||
			snapshot_find(snapshot_file_set(s), &range.low) != range.class_id ||
			snapshot_find(snapshot_file_set(s), &range.high) != range.class_id ||
			(n != 0 && addr_compare(&last.high, &range.low) >= 0))
			ck_abort_msg("range %zu is wrong", n);
	}
	ck_assert_uint_eq(n, snapshot_entries(s));
}

static void
assert_intersections(const struct snapshot *s, uint8_t family, const bool *listed)
{
	uint8_t bits = family == 4 ? 32 : 128;

	for (uint8_t host_bits = 0; host_bits <= 9; host_bits++)
		for (uint32_t i = 0; i < UNIVERSE; i++) {
			struct prefix p = {model_address(family, i), (uint8_t)(bits - host_bits)};
			bool wanted = false;

			for (uint32_t k = 0; k < UNIVERSE; k++) {
				struct addr a = model_address(family, k);

				wanted = wanted || (listed[k] && prefix_has_addr(&p, &a));
			}
			ck_assert_int_eq(snapshot_intersects(snapshot_file_set(s), &p), wanted);
		}
}

static void
compare_with_model(uint8_t family, uint32_t seed)
{
	static const uint8_t ranks[] = {8, 16, 24, 32};
	struct model_range ranges[MODEL_RANGES];
	bool listed[UNIVERSE];
	size_t set, count = 1 + snapshot_file_random(&seed) % MODEL_RANGES;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t ids[MODEL_CLASSES];
	struct snapshot *s;
	struct error e;
	struct snapshot_file f;

	for (uint32_t id = 1; id <= MODEL_CLASSES; id++)
		ck_assert_uint_eq(snapshot_file_class(b, 0x7f000000 + id, NULL, 0, 0), id);
	for (size_t k = 0; k < count; k++) {
		struct model_range *r = &ranges[k];
		struct addr low, high;

		r->low = snapshot_file_random(&seed) % UNIVERSE;
		r->high = r->low +
			snapshot_file_random(&seed) %
				(snapshot_file_random(&seed) % 2 ? 3 : UNIVERSE);
		r->high = r->high < UNIVERSE ? r->high : UNIVERSE - 1;
		r->rank = ranks[snapshot_file_random(&seed) % 4];
		r->class_id = (uint16_t)(snapshot_file_random(&seed) % (MODEL_CLASSES + 1));
		low = model_address(family, r->low);
		high = model_address(family, r->high);
		ck_assert_int_eq(snapshot_builder_add(b, set, &low, &high, r->rank, r->class_id,
					 &e),
			OK);
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	for (uint32_t i = 0; i < UNIVERSE; i++) {
		struct addr a = model_address(family, i);
		size_t n = model_find(ranges, count, i, ids);

		listed[i] = n != 0;
		assert_answer(s, &a, ids, n);
	}
	assert_walk(s);
	if (seed % 16 == 0)
		assert_intersections(s, family, listed);
	snapshot_close(s);
	free(f.bytes);
}

START_TEST(test_model_ipv4)
{
	for (uint32_t seed = 1; seed <= 80; seed++)
		compare_with_model(4, seed * 2654435761u | 1);
}
END_TEST

START_TEST(test_model_ipv6)
{
	for (uint32_t seed = 1; seed <= 80; seed++)
		compare_with_model(6, seed * 2246822519u | 1);
}
END_TEST

/* --- many hosts: the two-level table --- */

enum { MANY = 200000, SPACE = 1 << 20 };

START_TEST(test_buckets)
{
	uint32_t seed = 4711, start = 0x0a000000 - SPACE / 2, n = 0;
	bool *listed = calloc(SPACE, sizeof(*listed));
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint16_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	struct snapshot *s;
	struct error e;
	struct snapshot_file f;

	ck_assert_ptr_nonnull(listed);
	for (size_t k = 0; k < MANY; k++) {
		uint32_t i = snapshot_file_random(&seed) % SPACE & ~1u,
			 len = k % 1000 == 0 ? 300 : 1;
		struct addr low = addr_from_ipv4(start + i), high;

		high = addr_from_ipv4(start + (i + len < SPACE ? i + len - 1 : SPACE - 1));
		if (snapshot_builder_add(b, set, &low, &high, len == 1 ? 32 : 24,
			    len == 1 ? one : two, &e) != OK)
			ck_abort_msg("%s", e.text);
		for (uint32_t j = i; j < i + len && j < SPACE; j++)
			listed[j] = true;
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_uint_eq(format_get32(f.bytes +
				  format_get64(f.bytes + HEADER_SECTIONS +
					  SECTION_SETS * SECTION_ROW_SIZE) +
				  SET_FLAGS),
		SET_FLAG_BUCKETS);
	for (uint32_t i = 0; i < SPACE; i++) {
		struct addr a = addr_from_ipv4(start + i);

		if ((snapshot_find(snapshot_file_set(s), &a) != SNAPSHOT_NOT_LISTED) != listed[i])
			ck_abort_msg("wrong answer for address %u", i);
		n += listed[i];
	}
	for (uint32_t i = 0; i < SPACE; i += 4) {
		struct prefix p = {addr_from_ipv4(start + i), 30};
		bool wanted = listed[i] || listed[i + 1] || listed[i + 2] || listed[i + 3];

		if (snapshot_intersects(snapshot_file_set(s), &p) != wanted)
			ck_abort_msg("wrong intersection at %u", i);
	}
	ck_assert(snapshot_file_intersects(snapshot_file_set(s), "8.0.0.0/6"));
	ck_assert(snapshot_file_intersects(snapshot_file_set(s), "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "128.0.0.0/1"));
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "255.255.0.0/16"));
	ck_assert_uint_gt(n, MANY / 2);
	assert_walk(s);
	snapshot_close(s);
	free(f.bytes);
	free(listed);
}
END_TEST

/* --- right checksum, wrong contents --- */

/* Every number of the arrays is random: any answer will do that comes without a read out of
 * bounds, and the walk must end. */
static void
ask_garbage(const struct snapshot *s, uint32_t seed)
{
	struct snapshot_range range;
	struct snapshot_class class;
	struct snapshot_walk walk = {0};
	size_t n = 0;

	while (snapshot_next_range(snapshot_file_set(s), &walk, &range))
		n++;
	ck_assert_uint_eq(n, snapshot_entries(s));
	for (size_t k = 0; k < 20000; k++) {
		struct addr a = addr_from_ipv4(snapshot_file_random(&seed));
		struct prefix p = {a, (uint8_t)(k % 33)};
		uint16_t id = snapshot_find(snapshot_file_set(s), &a);

		if (id != SNAPSHOT_NOT_LISTED && !snapshot_class(s, id, &class))
			ck_abort_msg("class %u is none", id);
		snapshot_intersects(snapshot_file_set(s), &p);
	}
}

START_TEST(test_garbage)
{
	uint32_t seed = 99;
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_file f;
	struct snapshot *s;
	struct error e;
	size_t data;

	for (uint32_t i = 0; i < BUCKETS_FROM + 1000; i++) {
		struct addr low = addr_from_ipv4(i * 16),
			    high = addr_from_ipv4(i * 16 + (i < 1000));

		if (snapshot_builder_add(b, set, &low, &high, 32, one, &e) != OK)
			ck_abort_msg("%s", e.text);
	}
	f = snapshot_file_freeze(b);
	data = (size_t)format_get64(f.bytes + HEADER_SECTIONS + SECTION_DATA * SECTION_ROW_SIZE);
	for (unsigned round = 0; round < 4; round++) {
		/* Some rounds leave the bucket starts small, so that they are taken as they are. */
		for (size_t i = data; i < f.len - TRAILER_SIZE; i++)
			f.bytes[i] = i % 4 > round || i > data + BUCKETS_SIZE ?
				(uint8_t)snapshot_file_random(&seed) :
				0;
		snapshot_file_repair(&f);
		s = snapshot_file_open(&f);
		ask_garbage(s, seed);
		snapshot_close(s);
	}
	free(f.bytes);
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
	tcase_add_test(model, test_model_ipv4);
	tcase_add_test(model, test_model_ipv6);
	suite_add_tcase(s, model);
	tcase_set_timeout(buckets, 120);
	tcase_add_test(buckets, test_buckets);
	suite_add_tcase(s, buckets);
	tcase_set_timeout(garbage, 120);
	tcase_add_test(garbage, test_garbage);
	suite_add_tcase(s, garbage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
