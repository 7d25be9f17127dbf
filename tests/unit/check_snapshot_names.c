#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "name_set.h"

static void
assert_listed(const struct name_set *f, const char *text, uint32_t class_id, size_t matched)
{
	size_t found_matched = 0;
	uint32_t found_id = 0;
	struct name_set_name name;

	name_set_name(text, &name);
	ck_assert_msg(name_set_find(f, &name, &found_id, &found_matched) == SNAPSHOT_NAME_LISTED,
		"\"%s\" is not listed", text);
	ck_assert_msg(found_id == class_id, "\"%s\" has class %u", text, found_id);
	ck_assert_msg(found_matched == matched, "\"%s\" matched %zu", text, found_matched);
}

static void
assert_kind(const struct name_set *f, const char *text, enum snapshot_name_kind kind)
{
	size_t matched;
	uint32_t id;
	struct name_set_name name;

	name_set_name(text, &name);
	ck_assert_msg(name_set_find(f, &name, &id, &matched) == kind, "\"%s\" is not %d", text,
		(int)kind);
}

/* --- what the entries mean --- */

START_TEST(test_empty)
{
	struct name_set f;

	name_set_start(&f);
	ck_assert_uint_eq(names_draft_count(f.draft), 0);
	name_set_freeze(&f);
	ck_assert_uint_eq(f.names.entries, 0);
	assert_kind(&f, "", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "com", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

START_TEST(test_exact)
{
	struct name_set f;

	name_set_start(&f);
	name_set_add(&f, "example.com", false, 1);
	name_set_add(&f, "a.b.c.example.org", false, 2);
	name_set_freeze(&f);
	ck_assert_uint_eq(f.names.entries, 2);
	assert_listed(&f, "example.com", 1, 2);
	assert_listed(&f, "a.b.c.example.org", 2, 5);
	assert_kind(&f, "", SNAPSHOT_NAME_EMPTY);
	assert_kind(&f, "com", SNAPSHOT_NAME_EMPTY);
	assert_kind(&f, "c.example.org", SNAPSHOT_NAME_EMPTY);
	assert_kind(&f, "www.example.com", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "xample.com", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "example.co", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "b", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "b.example.org", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

START_TEST(test_below)
{
	struct name_set f;

	name_set_start(&f);
	name_set_add(&f, "example.com", true, 1);
	name_set_add(&f, "a.example.com", true, 2);
	name_set_add(&f, "b.a.example.com", false, 3);
	name_set_freeze(&f);
	assert_kind(&f, "example.com", SNAPSHOT_NAME_EMPTY);
	assert_listed(&f, "x.example.com", 1, 2);
	assert_listed(&f, "z.y.x.example.com", 1, 2);
	assert_listed(&f, "a.example.com", 1, 2); /* its own entry is for what is below */
	assert_listed(&f, "c.a.example.com", 2, 3);
	assert_listed(&f, "b.a.example.com", 3, 4);
	assert_listed(&f, "c.b.a.example.com", 2, 3);
	name_set_end(&f);
}
END_TEST

START_TEST(test_exclusions)
{
	struct name_set f;

	name_set_start(&f);
	name_set_add(&f, "com", true, 1);
	name_set_add(&f, "one.com", false, 0);
	name_set_add(&f, "all.com", false, 0);
	name_set_add(&f, "all.com", true, 0);
	name_set_add(&f, "in.all.com", false, 2);
	name_set_add(&f, "org", false, 0);
	name_set_add(&f, "org", true, 0);
	name_set_freeze(&f);
	ck_assert_uint_eq(f.names.entries, 5);
	assert_kind(&f, "one.com", SNAPSHOT_NAME_EMPTY);
	assert_listed(&f, "x.one.com", 1, 1);
	assert_kind(&f, "all.com", SNAPSHOT_NAME_EMPTY);
	assert_kind(&f, "x.all.com", SNAPSHOT_NAME_NONE);
	assert_listed(&f, "in.all.com", 2, 3);
	assert_kind(&f, "x.in.all.com", SNAPSHOT_NAME_NONE);
	/* An exclusion alone does not make a name. */
	assert_kind(&f, "org", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "x.org", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

START_TEST(test_origin)
{
	struct name_set f;

	name_set_start(&f);
	name_set_add(&f, "", false, 1);
	name_set_freeze(&f);
	assert_listed(&f, "", 1, 0);
	assert_kind(&f, "com", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
	name_set_start(&f);
	name_set_add(&f, "", true, 2);
	name_set_add(&f, "a", false, 0);
	name_set_freeze(&f);
	assert_kind(&f, "", SNAPSHOT_NAME_EMPTY);
	assert_listed(&f, "com", 2, 0);
	assert_listed(&f, "x.y.z", 2, 0);
	assert_kind(&f, "a", SNAPSHOT_NAME_EMPTY);
	name_set_end(&f);
}
END_TEST

START_TEST(test_same_name_again)
{
	static const uint32_t both[] = {2, 5};
	struct name_set f;
	struct error e;
	uint32_t id;

	name_set_start(&f);
	name_set_add(&f, "twice.com", false, 5);
	name_set_add(&f, "gone.com", false, 1);
	name_set_add(&f, "same.com", false, 3);
	name_set_add(&f, "twice.com", false, 2);
	name_set_add(&f, "same.com", false, 3);
	name_set_add(&f, "gone.com", false, 0);
	name_set_add(&f, "twice.com", false, 5);
	name_set_add(&f, "many.com", true, 1);
	ck_assert_uint_eq(names_draft_count(f.draft), 8);
	name_set_freeze(&f);
	ck_assert_uint_eq(f.names.entries, 4);
	ck_assert_int_eq(snapshot_pool_merge(&f.pool, both, 2, &id, &e), OK);
	ck_assert_uint_gt(id, NAME_SET_CLASSES);
	assert_listed(&f, "twice.com", id, 2);
	assert_listed(&f, "same.com", 3, 2);
	assert_kind(&f, "gone.com", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

/* --- names at their limits --- */

START_TEST(test_longest)
{
	struct name_set f;
	struct error e;
	struct name_set_name name = {.labels = 127};
	size_t matched;
	uint32_t id;

	name_set_start(&f);
	for (size_t i = 0; i < 127; i++) {
		name.label_at[i] = (uint8_t)(2 * i);
		name.wire[2 * i] = 1;
		name.wire[2 * i + 1] = 'a';
	}
	ck_assert_int_eq(names_draft_add(f.draft, name.wire, true, 4, &e), OK);
	name.wire[252] = 2; /* one byte too many */
	memcpy(name.wire + 253, "ab", 3);
	ck_assert_int_eq(names_draft_add(f.draft, name.wire, true, 4, &e), ERR_RANGE);
	memset(name.wire, 'a', 65);
	name.wire[0] = 64; /* no label */
	name.wire[65] = 0;
	ck_assert_int_eq(names_draft_add(f.draft, name.wire, true, 4, &e), ERR_RANGE);
	ck_assert_int_eq(names_draft_add(f.draft, (const uint8_t *)"\001a", false, 0x7fffffff, &e),
		ERR_FULL);
	name_set_freeze(&f);
	for (size_t i = 0; i < 127; i++) {
		name.wire[2 * i] = 1;
		name.wire[2 * i + 1] = 'a';
	}
	name.wire[254] = 0;
	ck_assert_int_eq(name_set_find(&f, &name, &id, &matched), SNAPSHOT_NAME_EMPTY);
	/* All 127 labels are the same one. */
	ck_assert_uint_eq(f.names.label_bytes, 2);
	name_set_end(&f);
}
END_TEST

/* Bytes that mean something elsewhere: dots, zeros, capitals are a label's like any other. */
START_TEST(test_any_bytes)
{
	static const uint8_t odd[] = "\003a.b\002\000\377\001\052";
	struct snapshot_name query = {odd, (const uint8_t *)"\000\004\007", 3};
	struct name_set f;
	struct error e;
	size_t matched = 0;
	uint32_t id = 0;

	name_set_start(&f);
	ck_assert_int_eq(names_draft_add(f.draft, odd, false, 6, &e), OK);
	name_set_freeze(&f);
	ck_assert_int_eq(snapshot_names_find(&f.names, &query, &id, &matched),
		SNAPSHOT_NAME_LISTED);
	ck_assert_uint_eq(id, 6);
	assert_kind(&f, "a.b", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "*", SNAPSHOT_NAME_EMPTY);
	name_set_end(&f);
}
END_TEST

/* --- blobs of somebody else --- */

static void
small_fixture(struct name_set *f)
{
	name_set_start(f);
	name_set_add(f, "a.b.c", false, 1);
	name_set_add(f, "b.c", true, 2);
	name_set_add(f, "x.c", false, 0);
	name_set_freeze(f);
}

START_TEST(test_wrong_bounds)
{
	struct snapshot_names n;
	struct name_set f;
	uint8_t *longer;

	small_fixture(&f);
	for (size_t len = 0; len < f.len; len++) {
		uint8_t *cut = malloc(len != 0 ? len : 1);

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, f.blob, len);
		if (snapshot_names_open(&n, cut, len, NAME_SET_CLASSES))
			ck_abort_msg("opened with %zu bytes of %zu", len, f.len);
		free(cut);
	}
	longer = calloc(1, f.len + 8);
	ck_assert_ptr_nonnull(longer);
	memcpy(longer, f.blob, f.len);
	ck_assert(!snapshot_names_open(&n, longer, f.len + 8, NAME_SET_CLASSES));
	free(longer);
	ck_assert(!snapshot_names_open(&n, f.blob, f.len, 0x7fffffff));
	for (size_t field = NAMES_NODES; field <= NAMES_ENTRIES; field += 4) {
		f.blob[field + 3] = 0xff;
		ck_assert_msg(!snapshot_names_open(&n, f.blob, f.len, NAME_SET_CLASSES),
			"field %zu", field);
		f.blob[field + 3] = 0;
	}
	memset(f.blob + NAMES_NODES, 0xff, 16);
	ck_assert(!snapshot_names_open(&n, f.blob, f.len, NAME_SET_CLASSES));
	memset(f.blob + NAMES_NODES, 0, 16);
	ck_assert(!snapshot_names_open(&n, f.blob, f.len, NAME_SET_CLASSES));
	name_set_end(&f);
}
END_TEST

/* Any answer will do that comes without a read out of bounds, with a class that there is. */
START_TEST(test_wrong_contents)
{
	static const char *const queries[] = {"", "c", "b.c", "a.b.c", "x.c", "z.a.b.c", "q"};
	struct name_set f;
	struct name_set_name name;
	size_t matched;
	uint32_t seed = 99, id;

	small_fixture(&f);
	for (size_t run = 0; run < 20000; run++) {
		size_t at = NAMES_HEADER_SIZE +
			name_set_random(&seed) % (f.len - NAMES_HEADER_SIZE);
		uint8_t was = f.blob[at];

		f.blob[at] = (uint8_t)name_set_random(&seed);
		for (size_t i = 0; i < ORBL_COUNT(queries); i++) {
			name_set_name(queries[i], &name);
			if (name_set_find(&f, &name, &id, &matched) == SNAPSHOT_NAME_LISTED &&
				(id == 0 || id > f.pool.class_count || matched > name.labels))
				ck_abort_msg("class %u of %zu labels", id, matched);
		}
		if (run % 4 != 0)
			f.blob[at] = was;
	}
	name_set_end(&f);
}
END_TEST

/* A node is that of its parent and label only, whatever the hash says. */
START_TEST(test_wrong_parent)
{
	struct name_set f;

	small_fixture(&f);
	for (size_t i = 1; i < f.names.node_count; i++)
		f.blob[(size_t)(f.names.nodes - f.blob) + i * NAMES_NODE_SIZE + NAMES_NODE_PARENT +
			1] = 1;
	assert_kind(&f, "c", SNAPSHOT_NAME_NONE);
	assert_kind(&f, "a.b.c", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

START_TEST(test_class_out_of_bounds)
{
	struct name_set f;

	small_fixture(&f);
	assert_listed(&f, "a.b.c", 1, 3);
	ck_assert(snapshot_names_open(&f.names, f.blob, f.len, 0));
	assert_kind(&f, "q.q.b.c", SNAPSHOT_NAME_NONE);
	ck_assert(snapshot_names_open(&f.names, f.blob, f.len, 1));
	assert_listed(&f, "a.b.c", 1, 3);
	assert_kind(&f, "q.b.c", SNAPSHOT_NAME_NONE);
	name_set_end(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_names");
	TCase *meaning = tcase_create("meaning"), *limits = tcase_create("limits");
	TCase *hostile = tcase_create("hostile");

	tcase_add_test(meaning, test_empty);
	tcase_add_test(meaning, test_exact);
	tcase_add_test(meaning, test_below);
	tcase_add_test(meaning, test_exclusions);
	tcase_add_test(meaning, test_origin);
	tcase_add_test(meaning, test_same_name_again);
	tcase_add_test(limits, test_longest);
	tcase_add_test(limits, test_any_bytes);
	tcase_add_test(hostile, test_wrong_bounds);
	tcase_add_test(hostile, test_wrong_contents);
	tcase_add_test(hostile, test_wrong_parent);
	tcase_add_test(hostile, test_class_out_of_bounds);
	tcase_set_timeout(hostile, 60);
	suite_add_tcase(s, meaning);
	suite_add_tcase(s, limits);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
