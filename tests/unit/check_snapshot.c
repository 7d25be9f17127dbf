#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/snapshot.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* --- round trip --- */

START_TEST(test_roundtrip_header_and_zones)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_zone zone, again;

	ck_assert_uint_eq(snapshot_serial(s), 42);
	ck_assert_int_eq(snapshot_created_s(s), 1000);
	ck_assert_uint_eq(snapshot_entries(s), 4);
	ck_assert_uint_eq(snapshot_zone_count(s), 3);
	snapshot_zone(s, 1, &zone);
	snapshot_file_assert_text(zone.name, "suspects");
	snapshot_file_assert_text(zone.apex.mname, "ns1.example.org");
	snapshot_file_assert_text(zone.apex.rname, "root.example.org");
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 1);
	ck_assert_uint_eq(zone.apex.refresh_s, 2);
	ck_assert_uint_eq(zone.apex.retry_s, 3);
	ck_assert_uint_eq(zone.apex.expire_s, 4);
	ck_assert_uint_eq(zone.apex.minimum_s, 5);
	ck_assert_uint_eq(zone.apex.ns_ttl_s, 6);
	ck_assert_uint_eq(zone.apex.ttl_s, 7);
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	snapshot_file_assert_text(zone.apex.ns[1], "ns2.example.org");
	snapshot_zone(s, 0, &zone);
	snapshot_zone(s, 2, &again);
	snapshot_file_assert_text(zone.name, "");
	ck_assert_ptr_eq(zone.set, again.set);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_classes)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	const struct snapshot_set *set = snapshot_file_set(s);
	struct snapshot_class c;

	ck_assert(snapshot_class(s, snapshot_file_find(set, "192.0.2.1"), &c));
	ck_assert_uint_eq(c.a_count, 1);
	ck_assert_uint_eq(c.a[0], 0x7f000002);
	ck_assert_uint_eq(c.txt_count, 1);
	snapshot_file_assert_text(c.txt[0], "open relay \001");
	ck_assert_uint_eq(c.ttl_s, 0);
	ck_assert_int_eq(c.expires_s, 0);
	ck_assert(snapshot_class(s, snapshot_file_find(set, "192.0.2.31"), &c));
	ck_assert_uint_eq(c.a[0], 0x7f000003);
	ck_assert_uint_eq(c.txt_count, 0);
	ck_assert_uint_eq(c.ttl_s, 300);
	ck_assert_int_eq(c.expires_s, 5000);
	ck_assert(!snapshot_class(s, SNAPSHOT_NOT_LISTED, &c));
	ck_assert(!snapshot_class(s, 3, &c));
	ck_assert(!snapshot_class(s, UINT16_MAX, &c));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_find)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	const struct snapshot_set *set = snapshot_file_set(s);
	struct addr none = {.family = 0};

	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.0"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.2"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.15"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.16"), 2);
	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.32"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "192.0.2.7"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "0.0.0.0"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "255.255.255.255"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "2001:db8::"), 1);
	ck_assert_uint_eq(snapshot_file_find(set, "2001:db8::ffff"), 1);
	ck_assert_uint_eq(snapshot_file_find(set, "2001:db8::1:0"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(set, "::"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_find(set, &none), SNAPSHOT_NOT_LISTED);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_intersects)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	const struct snapshot_set *set = snapshot_file_set(s);
	struct prefix absurd = {.addr = snapshot_file_addr("192.0.2.1"), .len = 33};

	ck_assert(snapshot_file_intersects(set, "0.0.0.0/0"));
	ck_assert(snapshot_file_intersects(set, "192.0.2.1"));
	ck_assert(snapshot_file_intersects(set, "192.0.2.0/30"));
	ck_assert(!snapshot_file_intersects(set, "192.0.2.2/31"));
	ck_assert(!snapshot_file_intersects(set, "192.0.2.8/29"));
	ck_assert(snapshot_file_intersects(set, "192.0.2.20/32"));
	ck_assert(!snapshot_file_intersects(set, "192.0.2.32/27"));
	ck_assert(!snapshot_file_intersects(set, "128.0.0.0/2"));
	ck_assert(snapshot_file_intersects(set, "::/0"));
	ck_assert(snapshot_file_intersects(set, "2001:db8::8000/113"));
	ck_assert(!snapshot_file_intersects(set, "2001:db8::1:0/112"));
	ck_assert(!snapshot_file_intersects(set, "8000::/1"));
	ck_assert(!snapshot_intersects(set, &absurd));
	absurd = (struct prefix){.addr = snapshot_file_addr("2001:db8::"), .len = 129};
	ck_assert(!snapshot_intersects(set, &absurd));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_empty)
{
	struct snapshot_file f = snapshot_file_freeze(snapshot_builder_new());
	struct snapshot *s = snapshot_file_open(&f);

	ck_assert_uint_eq(snapshot_zone_count(s), 0);
	ck_assert_uint_eq(snapshot_entries(s), 0);
	ck_assert_uint_eq(f.len, HEADER_SIZE + TRAILER_SIZE);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_empty_set)
{
	size_t set;
	struct snapshot_walk walk = {0};
	struct snapshot_file f = snapshot_file_freeze(snapshot_file_builder(&set));
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_range range;

	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.1"),
		SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "::1"), SNAPSHOT_NOT_LISTED);
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "::/0"));
	ck_assert(!snapshot_next_range(snapshot_file_set(s), &walk, &range));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_whole_space)
{
	size_t set;
	struct snapshot_walk walk = {0};
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_range range;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "0.0.0.0", "255.255.255.255", 0, one);
	snapshot_file_range(b, set, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, one);
	snapshot_file_range(b, set, "255.255.255.255", "255.255.255.255", 32, one);
	snapshot_file_range(b, set, "::ffff:ffff:ffff:ffff", "::1:0:0:0:0", 1, one); /* carries */
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_uint_eq(snapshot_entries(s), 2);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "0.0.0.0"), one);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "255.255.255.255"), one);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s),
				  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
		one);
	ck_assert(snapshot_file_intersects(snapshot_file_set(s), "255.255.255.255"));
	ck_assert(snapshot_next_range(snapshot_file_set(s), &walk, &range));
	ck_assert_uint_eq(addr_ipv4(&range.high), UINT32_MAX);
	ck_assert(snapshot_next_range(snapshot_file_set(s), &walk, &range));
	ck_assert_uint_eq(range.high.family, 6);
	ck_assert(!snapshot_next_range(snapshot_file_set(s), &walk, &range));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_joined)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint16_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.0", "192.0.2.0", 32, one);
	snapshot_file_range(b, set, "192.0.2.2", "192.0.2.9", 24, one);
	snapshot_file_range(b, set, "192.0.2.10", "192.0.2.10", 32, two);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_uint_eq(snapshot_entries(s), 2);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* --- damage --- */

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

START_TEST(test_cut_everywhere)
{
	struct snapshot_file f = snapshot_file_small();
	struct error e;

	for (size_t len = 0; len < f.len; len++)
		ck_assert_msg(try_bytes(f.bytes, len, &e) == ERR_CORRUPT, "opened when cut at %zu",
			len);
	free(f.bytes);
}
END_TEST

START_TEST(test_flipped_everywhere)
{
	struct snapshot_file f = snapshot_file_small();
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
	struct snapshot_file f = snapshot_file_small();
	uint8_t *longer = calloc(1, f.len + 8);
	struct error e;

	memcpy(longer, f.bytes, f.len);
	ck_assert_int_eq(try_bytes(longer, f.len + 8, &e), ERR_CORRUPT);
	free(longer);
	free(f.bytes);
}
END_TEST

static uint8_t *
section(const struct snapshot_file *f, enum section i)
{
	return f->bytes + format_get64(f->bytes + HEADER_SECTIONS + i * SECTION_ROW_SIZE);
}

/* A wrong number under a right checksum: what only malice or a bug of ours writes. */
START_TEST(test_bad_numbers)
{
	static const struct {
		enum section section;
		size_t offset;
		uint32_t value;
		enum err wanted;
	} rows[] = {
		{SECTION_REFS, 4, 1u << 20, ERR_CORRUPT},
		{SECTION_REFS, 0, UINT32_MAX, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_FIRST, 1000, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_TXT_FIRST, UINT32_MAX, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, 65, ERR_CORRUPT},
		{SECTION_CLASSES, CLASS_A_COUNT, 65 << 16, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_NAME, 1u << 30, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_NS_COUNT, 17, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_NS_FIRST, UINT32_MAX, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_SET, 2, ERR_CORRUPT},
		{SECTION_ZONES, ZONE_RNAME, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_OFFSET, 8, ERR_CORRUPT},
		{SECTION_SETS, SET_FLAGS, SET_FLAG_BUCKETS, ERR_CORRUPT},
		{SECTION_SETS, SET_FLAGS, 2, ERR_CORRUPT},
		{SECTION_SETS, SET_HOSTS, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_RANGES4, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_RANGES6, UINT32_MAX, ERR_CORRUPT},
		{SECTION_SETS, SET_RANGES6, 0, ERR_CORRUPT},
		{SECTION_DATA, 0, UINT32_MAX, OK}, /* contents are not its business */
	};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct snapshot_file f = snapshot_file_small();

		snapshot_file_put32(section(&f, rows[i].section) + rows[i].offset, rows[i].value);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == rows[i].wanted, "row %zu", i);
		free(f.bytes);
	}
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
	for (size_t ref = 0; ref < 6; ref++) { /* name, mname, rname, ns, ns, TXT */
		uint8_t *len = section(&f, SECTION_REFS) + 8 * ref + 4;
		uint32_t before = format_get32(len);

		snapshot_file_put32(len, ref < 5 ? 256 : SNAPSHOT_TXT_MAX + 1);
		snapshot_file_repair(&f);
		ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), ERR_CORRUPT);
		snapshot_file_put32(len, before);
	}
	snapshot_file_repair(&f);
	ck_assert_int_eq(try_bytes(f.bytes, f.len, &e), OK);
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
		{HEADER_VERSION, 2, ERR_UNSUPPORTED},
		{HEADER_FLAGS, 1, ERR_UNSUPPORTED},
		{HEADER_SECTION_COUNT, 8, ERR_UNSUPPORTED},
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

		snapshot_file_put32(f.bytes + rows[i].offset, rows[i].value);
		snapshot_file_repair(&f);
		ck_assert_msg(try_bytes(f.bytes, f.len, &e) == rows[i].wanted, "row %zu", i);
		free(f.bytes);
	}
}
END_TEST

/* --- files --- */

START_TEST(test_open_path)
{
	char path[] = "/tmp/check_snapshot.XXXXXX";
	int fd = mkstemp(path);
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s;
	struct error e;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, f.bytes, f.len), (ssize_t)f.len);
	ck_assert_int_eq(snapshot_open(path, &s, &e), OK);
	ck_assert_int_eq(unlink(path), 0);
	close(fd);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.1"), 1);
	snapshot_close(s);
	ck_assert_int_eq(snapshot_open(path, &s, &e), ERR_IO);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(snapshot_open("/", &s, &e), ERR_CORRUPT);
	ck_assert_int_eq(snapshot_open("/dev/zero", &s, &e), ERR_CORRUPT);
	ck_assert_int_eq(snapshot_open("/dev/null", &s, &e), ERR_CORRUPT);
	snapshot_close(NULL);
	free(f.bytes);
}
END_TEST

START_TEST(test_open_small_file)
{
	FILE *f = tmpfile();
	struct snapshot *s;
	struct error e;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(snapshot_open_fd(fileno(f), "empty", &s, &e), ERR_CORRUPT);
	fputs("<html>not found</html>", f);
	fflush(f);
	ck_assert_int_eq(snapshot_open_fd(fileno(f), "page", &s, &e), ERR_CORRUPT);
	ck_assert_int_eq(snapshot_open_bytes("", 0, "nothing", &s, &e), ERR_CORRUPT);
	fclose(f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot");
	TCase *roundtrip = tcase_create("roundtrip");
	TCase *damage = tcase_create("damage");
	TCase *files = tcase_create("files");

	tcase_add_test(roundtrip, test_roundtrip_header_and_zones);
	tcase_add_test(roundtrip, test_roundtrip_classes);
	tcase_add_test(roundtrip, test_roundtrip_find);
	tcase_add_test(roundtrip, test_roundtrip_intersects);
	tcase_add_test(roundtrip, test_empty);
	tcase_add_test(roundtrip, test_empty_set);
	tcase_add_test(roundtrip, test_whole_space);
	tcase_add_test(roundtrip, test_joined);
	suite_add_tcase(s, roundtrip);
	tcase_add_test(damage, test_cut_everywhere);
	tcase_add_test(damage, test_flipped_everywhere);
	tcase_add_test(damage, test_longer);
	tcase_add_test(damage, test_bad_numbers);
	tcase_add_test(damage, test_long_texts);
	tcase_add_test(damage, test_bad_header);
	suite_add_tcase(s, damage);
	tcase_add_test(files, test_open_path);
	tcase_add_test(files, test_open_small_file);
	suite_add_tcase(s, files);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
