#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

static enum err
try_bytes(const uint8_t *bytes, size_t len, struct error *e)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);
	struct snapshot *s;
	enum err err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	err = snapshot_open_bytes(copy, len, "damaged", &s, e);
	if (err == OK)
		snapshot_close(s);
	else
		ck_assert_ptr_null(s);
	free(copy);
	return err;
}

/* As snapshot_file_small, and a third class with a record. */
static struct snapshot_file
damage_fixture(void)
{
	size_t sets[3];
	struct snapshot_builder *b = snapshot_file_builder(&sets[0]);
	uint32_t one = snapshot_file_class(b, 0x7f000002, "text \001", 0, 0), three;
	struct snapshot_class c = {.record_count = 1,
		.records = {{28, 0, TEXT("0123456789abcdef")}}};
	struct snapshot_zone_draft zone;
	struct error e;

	snapshot_file_class(b, 0x7f000003, NULL, 300, 5000);
	ck_assert_int_eq(snapshot_builder_class(b, &c, &three, &e), OK);
	snapshot_file_range(b, sets[0], "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, sets[0], "192.0.2.16", "192.0.2.31", 28, three);
	snapshot_file_range(b, sets[0], "2001:db8::", "2001:db8::ffff", 112, one);
	ck_assert_int_eq(snapshot_builder_set(b, &sets[1], &e), OK);
	snapshot_file_range(b, sets[1], "192.0.2.7", "192.0.2.7", 32, three);
	ck_assert_int_eq(snapshot_builder_set(b, &sets[2], &e), OK);
	ck_assert_int_eq(snapshot_builder_add_name(b, sets[2], (const uint8_t *)"\3foo\3bar", false,
				 one, &e),
		OK);
	zone = snapshot_file_zone(sets[1]);
	zone.name = TEXT("x");
	zone.sets[zone.set_count++] = sets[2];
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
	return snapshot_file_freeze(b);
}

START_TEST(test_cut_everywhere)
{
	struct snapshot_file f = damage_fixture();
	struct error e;

	for (size_t len = 0; len < f.len; len++)
		ck_assert_msg(try_bytes(f.bytes, len, &e) == ERR_CORRUPT, "opened when cut at %zu",
			len);
	free(f.bytes);
}
END_TEST

START_TEST(test_flipped_everywhere)
{
	struct snapshot_file f = damage_fixture();
	struct error e;

	for (size_t i = 0; i < f.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			enum err err;

			f.bytes[i] ^= (uint8_t)(1u << bit);
			err = try_bytes(f.bytes, f.len, &e);
			ck_assert_msg(err == ERR_CORRUPT || err == ERR_UNSUPPORTED,
				"opened with bit %u of byte %zu flipped", bit, i);
			ck_assert_ptr_nonnull(strstr(e.text, "damaged: "));
			f.bytes[i] ^= (uint8_t)(1u << bit);
		}
	ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), OK);
	free(f.bytes);
}
END_TEST

START_TEST(test_longer)
{
	struct snapshot_file f = damage_fixture();
	uint8_t *longer = calloc(1, f.len + 8);
	struct error e;

	memcpy(longer, f.bytes, f.len);
	ck_assert_int_eq(try_bytes(longer, f.len + 8, &e), ERR_CORRUPT);
	free(longer);
	free(f.bytes);
}
END_TEST

/* A wrong number under a right checksum: what only malice or a bug of ours writes. */
START_TEST(test_bad_numbers)
{
	static const struct {
		enum section section;
		size_t offset;
		uint32_t value;
		enum err wanted;
	} rows[] = {
		{SECTION_REFS, REF_LEN, 1u << 20, ERR_CORRUPT},
		{SECTION_REFS, REF_OFFSET, UINT32_MAX, ERR_CORRUPT},
		{SECTION_CODES, 0, 0x08080808, ERR_CORRUPT},
		{SECTION_RECORDS, RECORD_TYPE, 65536, ERR_CORRUPT},
		{SECTION_RECORDS, RECORD_RDATA + REF_OFFSET, 1000, ERR_CORRUPT},
		{SECTION_RECORDS, RECORD_RDATA + REF_LEN, SNAPSHOT_RDATA_MAX + 1, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_FIRST, 1000, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_TXT_FIRST, UINT32_MAX, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_RECORD_FIRST, 2, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, 65, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, 65 << 8, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, 65 << 16, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, SNAPSHOT_PASS << 24, OK},
		{SECTION_CLASSES, CLASS_A_COUNT, (SNAPSHOT_PASS + 1) << 24, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, SNAPSHOT_REMOVED << 24,
			ERR_CORRUPT}, /* no delta */
		{SECTION_ZONES, ZONE_NAME, 1u << 30, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_POLICY, 1u << 30, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_NS_COUNT, SNAPSHOT_NS_MAX + 1, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_NS_FIRST, UINT32_MAX, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_SET_FIRST, 4, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_SET_COUNT, 5, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_SET_COUNT, SNAPSHOT_ZONE_SETS_MAX + 1, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_ACL, 3, OK}, {SECTION_ZONES, ZONE_ACL, 4, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_FLAGS, 4, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_RNAME, UINT32_MAX, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_MNAME, UINT32_MAX, ERR_CORRUPT}, {SECTION_LAYERS, 0, 2, OK},
		{SECTION_LAYERS, 0, 3, ERR_CORRUPT}, {SECTION_SETS, SET_OFFSET, 8, ERR_CORRUPT},
		{SECTION_SETS, SET_LENGTH, 8, ERR_CORRUPT},
		{SECTION_SETS, SET_LENGTH, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_LENGTH + 4, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_KIND, SET_KIND_BUCKETS, ERR_CORRUPT},
		{SECTION_SETS, SET_KIND, SET_KIND_NAMES, ERR_CORRUPT},
		{SECTION_SETS, SET_KIND, 3, ERR_CORRUPT},
		{SECTION_SETS, SET_RESERVED, 1, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_COUNT, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_ID_SIZE, 3, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_ID_SIZE, 8, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_ID_SIZE, 1, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_ID, 0, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_ID, 3, OK},
		{SECTION_SETS, SET_PARTS + PART_ID, 4, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + PART_SIZE, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + 2 * PART_SIZE, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_PARTS + 2 * PART_SIZE, 0, ERR_CORRUPT},
		{SECTION_SETS, 2 * SET_SIZE + SET_PARTS, 1, ERR_CORRUPT}, /* of names */
		{SECTION_DATA, 0, UINT32_MAX, OK}, /* contents are not its business */
	};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct snapshot_file f = damage_fixture();

		format_put32(snapshot_file_section(&f, rows[i].section) + rows[i].offset,
			rows[i].value);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == rows[i].wanted, "row %zu", i);
		free(f.bytes);
	}
}
END_TEST

/* A set that is longer than what is in it. */
START_TEST(test_unread_bytes)
{
	struct snapshot_file f = damage_fixture();
	uint8_t *part = snapshot_file_section(&f, SECTION_SETS) + SET_PARTS + 2 * PART_SIZE;
	struct error e;

	ck_assert_uint_eq(format_get32(part + PART_COUNT), 1);
	format_put32(part + PART_COUNT, 0);
	format_put32(part + PART_ID, 0);
	snapshot_file_repair(&f);
	ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), ERR_CORRUPT);
	free(f.bytes);
}
END_TEST

/* Texts above their limit, though they lie inside the section. */
START_TEST(test_long_texts)
{
	static char long_text[SNAPSHOT_TXT_MAX + 1];
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_file f;
	struct error e;

	memset(long_text, 'x', SNAPSHOT_TXT_MAX);
	snapshot_file_class(b, 0x7f000002, long_text, 0, 0);
	long_text[0] = 'y';
	snapshot_file_class(b, 0x7f000002, long_text, 0, 0);
	f = snapshot_file_freeze(b);
	for (size_t ref = 0; ref < 7; ref++) { /* name, policy, mname, rname, ns, ns, TXT */
		uint8_t *len = snapshot_file_section(&f, SECTION_REFS) + REF_SIZE * ref + REF_LEN;
		uint32_t before = format_get32(len);
		bool is_name = ref != 1 && ref < 6;

		format_put32(len, is_name ? 256 : SNAPSHOT_TXT_MAX + 1);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == ERR_CORRUPT, "text %zu", ref);
		format_put32(len, before);
	}
	snapshot_file_repair(&f);
	ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), OK);
	free(f.bytes);
}
END_TEST

START_TEST(test_bad_buckets)
{
	static const struct {
		size_t bucket;
		uint32_t value;
		enum err wanted;
	} rows[] = {
		{0, 1, ERR_CORRUPT},
		{1, 0, OK}, /* other starts, but they ascend */
		{1, BUCKETS_FROM, ERR_CORRUPT},
		{0x0a00, BUCKETS_FROM + 1, ERR_CORRUPT},
		{BUCKETS, BUCKETS_FROM - 1, ERR_CORRUPT},
		{BUCKETS, BUCKETS_FROM + 1, ERR_CORRUPT},
	};
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_file f;
	struct error e;

	for (uint32_t i = 0; i < BUCKETS_FROM; i++)
		if (snapshot_builder_add4(b, set, 0x09ff0000 + 2 * i, one, &e) != OK)
			ck_abort_msg("%s", e.text);
	f = snapshot_file_freeze(b);
	ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), OK);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		uint8_t *start = snapshot_file_section(&f, SECTION_DATA) + 4 * rows[i].bucket;
		uint32_t before = format_get32(start);

		format_put32(start, rows[i].value);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == rows[i].wanted, "row %zu", i);
		format_put32(start, before);
	}
	free(f.bytes);
}
END_TEST

START_TEST(test_bad_header)
{
	static const struct {
		size_t offset;
		uint32_t value;
		enum err wanted;
	} rows[] = {
		{HEADER_VERSION, 1, ERR_UNSUPPORTED},
		{HEADER_VERSION, 3, ERR_UNSUPPORTED},
		{HEADER_FLAGS, 1, ERR_UNSUPPORTED},
		{HEADER_NOTICE, 1, OK},
		{HEADER_NOTICE, 1000, ERR_CORRUPT},
		{HEADER_NOTICE, UINT32_MAX, ERR_CORRUPT},
		{HEADER_SECTION_COUNT, SECTION_COUNT + 1, ERR_UNSUPPORTED},
		{HEADER_LENGTH, 0, ERR_CORRUPT},
		{HEADER_SECTIONS, 0, ERR_CORRUPT},
		{HEADER_SECTIONS + 8, UINT32_MAX, ERR_CORRUPT},
		{HEADER_SECTIONS + 12, UINT32_MAX, ERR_CORRUPT},
		{HEADER_SECTIONS + SECTION_DATA * SECTION_ROW_SIZE + 8, 0, ERR_CORRUPT},
		{HEADER_SECTIONS + SECTION_DATA * SECTION_ROW_SIZE + 8, 7, ERR_CORRUPT},
	};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct snapshot_file f = snapshot_file_small();

		format_put32(f.bytes + rows[i].offset, rows[i].value);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == rows[i].wanted, "row %zu", i);
		free(f.bytes);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_damage");
	TCase *damage = tcase_create("damage");

	tcase_add_test(damage, test_cut_everywhere);
	tcase_add_test(damage, test_flipped_everywhere);
	tcase_add_test(damage, test_longer);
	tcase_add_test(damage, test_bad_numbers);
	tcase_add_test(damage, test_unread_bytes);
	tcase_add_test(damage, test_long_texts);
	tcase_add_test(damage, test_bad_buckets);
	tcase_add_test(damage, test_bad_header);
	tcase_set_timeout(damage, 120);
	suite_add_tcase(s, damage);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
