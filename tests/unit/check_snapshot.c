#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* --- round trip --- */

START_TEST(test_roundtrip_header)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);

	ck_assert_uint_eq(snapshot_serial(s), 42);
	ck_assert_int_eq(snapshot_created_s(s), 1000);
	ck_assert_uint_eq(snapshot_entries(s), 5);
	ck_assert_uint_eq(snapshot_zone_count(s), 3);
	ck_assert_uint_eq(snapshot_set_count(s), 3);
	ck_assert_uint_eq(snapshot_base_checksum(s), 0);
	ck_assert_uint_eq(snapshot_checksum(s), format_get64(f.bytes + f.len - TRAILER_SIZE));
	ck_assert(!snapshot_set_has_names(snapshot_set_at(s, 0)));
	ck_assert(snapshot_set_has_names(snapshot_set_at(s, 2)));
	ck_assert_uint_eq(snapshot_set_index(snapshot_set_at(s, 2)), 2);
	ck_assert_uint_eq(snapshot_set_entries(snapshot_set_at(s, 0)), 3);
	ck_assert_uint_eq(snapshot_set_entries(snapshot_set_at(s, 2)), 1);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_zones)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_zone zone;

	snapshot_zone(s, 1, &zone);
	snapshot_file_assert_text(zone.name, "suspects");
	snapshot_file_assert_text(zone.policy, "https://dnsbl.test/Policy");
	ck_assert_int_eq(zone.expires_s, 7777);
	ck_assert(!zone.is_within);
	ck_assert_ptr_eq(zone.acl, snapshot_set_at(s, 0));
	ck_assert_uint_eq(zone.set_count, 2);
	ck_assert_ptr_eq(zone.sets[0], snapshot_set_at(s, 1));
	ck_assert_ptr_eq(zone.sets[1], snapshot_set_at(s, 2));
	ck_assert(zone.apex.has_soa);
	snapshot_file_assert_text(zone.apex.mname, "ns1.example.org");
	snapshot_file_assert_text(zone.apex.rname, "root.example.org");
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 1);
	ck_assert_uint_eq(zone.apex.serial, 9);
	ck_assert_uint_eq(zone.apex.refresh_s, 2);
	ck_assert_uint_eq(zone.apex.retry_s, 3);
	ck_assert_uint_eq(zone.apex.expire_s, 4);
	ck_assert_uint_eq(zone.apex.minimum_s, 5);
	ck_assert_uint_eq(zone.apex.ns_ttl_s, 6);
	ck_assert_uint_eq(zone.apex.ttl_s, 7);
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	snapshot_file_assert_text(zone.apex.ns[1], "ns2.example.org");
	snapshot_zone(s, 2, &zone);
	ck_assert(zone.is_within && !zone.apex.has_soa && zone.acl == NULL);
	ck_assert_int_eq(zone.expires_s, 0);
	ck_assert_uint_eq(zone.apex.ns_count, 0);
	ck_assert_uint_eq(zone.policy.len, 0);
	ck_assert_ptr_eq(zone.sets[0], snapshot_set_at(s, 0));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_view)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_layer l = snapshot_file_layer(s);
	struct snapshot_view v;

	ck_assert(snapshot_layer_find4(&l, 0xc0000201, &v));
	ck_assert_uint_eq(v.a_count, 1);
	ck_assert_uint_eq(snapshot_view_a(&v, 0), 0x7f000002);
	ck_assert_uint_eq(v.txt_count, 1);
	snapshot_file_assert_text(snapshot_view_txt(&v, 0), "open relay \001");
	ck_assert_uint_eq(v.record_count, 0);
	ck_assert_uint_eq(v.ttl_s, 0);
	ck_assert_int_eq(v.expires_s, 0);
	ck_assert_int_eq(v.action, SNAPSHOT_LISTED);
	ck_assert(snapshot_layer_find4(&l, 0xc000021f, &v));
	ck_assert_uint_eq(snapshot_view_a(&v, 0), 0x7f000003);
	ck_assert_uint_eq(v.txt_count, 0);
	ck_assert_uint_eq(v.ttl_s, 300);
	ck_assert_int_eq(v.expires_s, 5000);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_records)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c = {.action = SNAPSHOT_REFUSE,
		.record_count = 2,
		.records = {{28, 60, TEXT("0123456789abcdef")}, {15, 0, TEXT("\0\5\0")}}};
	struct snapshot_record r;
	struct snapshot_view v;
	struct snapshot_layer l;
	struct snapshot_file f;
	struct snapshot *s;
	struct error e;
	uint32_t id;

	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	snapshot_file_range(b, set, "2001:db8::1", "2001:db8::1", 128, id);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert(snapshot_layer_find(&l,
		&(struct addr){6, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"}, &v));
	ck_assert_int_eq(v.action, SNAPSHOT_REFUSE);
	ck_assert_uint_eq(v.record_count, 2);
	r = snapshot_view_record(&v, 0);
	ck_assert_uint_eq(r.type, 28);
	ck_assert_uint_eq(r.ttl_s, 60);
	snapshot_file_assert_text(r.rdata, "0123456789abcdef");
	r = snapshot_view_record(&v, 1);
	ck_assert_uint_eq(r.type, 15);
	ck_assert_uint_eq(r.rdata.len, 3);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_find)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_layer l = snapshot_file_layer(s);
	struct addr none = {.family = 0};

	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.0"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.2"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.15"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.16"), 0x7f000003);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.32"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.7"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "0.0.0.0"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "255.255.255.255"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "2001:db8::"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "2001:db8::ffff"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "2001:db8::1:0"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "::"), 0);
	ck_assert_uint_eq(snapshot_file_find_addr(l, &none), 0);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_roundtrip_intersects)
{
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_layer l = snapshot_file_layer(s);
	struct prefix absurd = {.addr = snapshot_file_addr("192.0.2.1"), .len = 33};

	ck_assert(snapshot_file_intersects(l, "0.0.0.0/0"));
	ck_assert(snapshot_file_intersects(l, "192.0.2.1"));
	ck_assert(snapshot_file_intersects(l, "192.0.2.0/30"));
	ck_assert(!snapshot_file_intersects(l, "192.0.2.2/31"));
	ck_assert(!snapshot_file_intersects(l, "192.0.2.8/29"));
	ck_assert(snapshot_file_intersects(l, "192.0.2.20/32"));
	ck_assert(!snapshot_file_intersects(l, "192.0.2.32/27"));
	ck_assert(!snapshot_file_intersects(l, "128.0.0.0/2"));
	ck_assert(snapshot_file_intersects(l, "::/0"));
	ck_assert(snapshot_file_intersects(l, "2001:db8::8000/113"));
	ck_assert(!snapshot_file_intersects(l, "2001:db8::1:0/112"));
	ck_assert(!snapshot_file_intersects(l, "8000::/1"));
	ck_assert(!snapshot_layer_intersects(&l, &absurd));
	absurd = (struct prefix){.addr = snapshot_file_addr("2001:db8::"), .len = 129};
	ck_assert(!snapshot_layer_intersects(&l, &absurd));
	absurd = (struct prefix){.len = 0};
	ck_assert(!snapshot_layer_intersects(&l, &absurd));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* A set of names has no addresses, one of addresses no names. */
START_TEST(test_kinds)
{
	static const uint8_t wire[] = "\3foo\3bar", label_at[] = {0, 4};
	struct snapshot_name foo = {wire, label_at, 2};
	struct snapshot_file f = snapshot_file_small();
	struct snapshot *s = snapshot_file_open(&f);
	struct snapshot_layer addresses = snapshot_file_layer(s);
	struct snapshot_layer names = {.set = snapshot_set_at(s, 2)};
	struct snapshot_walk walk = {0};
	struct snapshot_range range;
	struct snapshot_view v;
	size_t matched;

	ck_assert_int_eq(snapshot_layer_find_name(&names, &foo, &v, &matched),
		SNAPSHOT_NAME_LISTED);
	ck_assert_uint_eq(matched, 2);
	ck_assert_uint_eq(snapshot_view_a(&v, 0), 0x7f000002);
	ck_assert_int_eq(snapshot_layer_find_name(&addresses, &foo, &v, &matched),
		SNAPSHOT_NAME_NONE);
	ck_assert_uint_eq(snapshot_file_find(names, "192.0.2.1"), 0);
	ck_assert_uint_eq(snapshot_file_find(names, "2001:db8::"), 0);
	ck_assert(!snapshot_file_intersects(names, "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(names, "::/0"));
	ck_assert(!snapshot_next_range(names.set, &walk, &range));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_empty)
{
	struct snapshot_file f = snapshot_file_freeze(snapshot_builder_new());
	struct snapshot *s = snapshot_file_open(&f);

	ck_assert_uint_eq(snapshot_zone_count(s), 0);
	ck_assert_uint_eq(snapshot_set_count(s), 0);
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
	struct snapshot_layer l = snapshot_file_layer(s);
	struct snapshot_range range;

	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.1"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "::1"), 0);
	ck_assert(!snapshot_file_intersects(l, "0.0.0.0/0"));
	ck_assert(!snapshot_file_intersects(l, "::/0"));
	ck_assert(!snapshot_next_range(l.set, &walk, &range));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_whole_space)
{
	size_t set;
	struct snapshot_walk walk = {0};
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_range range;
	struct snapshot_layer l;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "0.0.0.0", "255.255.255.255", 0, one);
	snapshot_file_range(b, set, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, one);
	snapshot_file_range(b, set, "255.255.255.255", "255.255.255.255", 32, one);
	snapshot_file_range(b, set, "0.0.0.0", "0.0.0.0", 32, one);
	snapshot_file_range(b, set, "::ffff:ffff:ffff:ffff", "::1:0:0:0:0", 1, one); /* carries */
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(snapshot_entries(s), 2);
	ck_assert_uint_eq(snapshot_file_find(l, "0.0.0.0"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "255.255.255.255"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
		0x7f000002);
	ck_assert(snapshot_file_intersects(l, "255.255.255.255"));
	ck_assert(snapshot_next_range(l.set, &walk, &range));
	ck_assert_uint_eq(addr_ipv4(&range.high), UINT32_MAX);
	ck_assert(snapshot_next_range(l.set, &walk, &range));
	ck_assert_uint_eq(range.high.family, 6);
	ck_assert(!snapshot_next_range(l.set, &walk, &range));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* Neighbours of one class are one range, but up to three addresses stay hosts. */
START_TEST(test_joined)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	struct snapshot_walk walk = {0};
	struct snapshot_range range;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.0", "192.0.2.0", 32, one);
	snapshot_file_range(b, set, "192.0.2.2", "192.0.2.9", 24, one);
	snapshot_file_range(b, set, "192.0.2.10", "192.0.2.10", 32, two);
	snapshot_file_range(b, set, "192.0.2.12", "192.0.2.13", 31, two);
	snapshot_file_range(b, set, "192.0.2.14", "192.0.2.14", 32, two);
	snapshot_file_range(b, set, "192.0.2.16", "192.0.2.19", 30, two);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_uint_eq(snapshot_entries(s), 6);
	ck_assert(snapshot_next_range(snapshot_set_at(s, 0), &walk, &range));
	ck_assert_uint_eq(addr_ipv4(&range.low), 0xc0000200);
	ck_assert_uint_eq(addr_ipv4(&range.high), 0xc0000209);
	ck_assert_uint_eq(format_get32(snapshot_file_section(&f, SECTION_SETS) + SET_PARTS), 4);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* Class ids take as many bytes as the highest in their array needs, none if all are the same. */
START_TEST(test_id_sizes)
{
	static const struct {
		uint32_t classes, id_size;
	} rows[] = {{1, 0}, {2, 1}, {255, 1}, {256, 2}, {65535, 2}, {65536, 4}};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		size_t set;
		struct snapshot_builder *b = snapshot_file_builder(&set);
		uint32_t id = 0, base = 0x0a000000;
		struct snapshot_layer l;
		struct snapshot_file f;
		struct snapshot *s;
		struct error e;
		uint8_t *row;

		for (uint32_t k = 1; k <= rows[i].classes; k++) {
			struct snapshot_class c = {.a_count = 1, .a = {0x7f000000 + k}};

			if (snapshot_builder_class(b, &c, &id, &e) != OK || id != k ||
				snapshot_builder_add4(b, set, base + 2 * k, id, &e) != OK)
				ck_abort_msg("%s", e.text);
		}
		snapshot_file_range(b, set, "192.0.2.0", "192.0.2.255", 24, id);
		f = snapshot_file_freeze(b);
		s = snapshot_file_open(&f);
		l = snapshot_file_layer(s);
		row = snapshot_file_section(&f, SECTION_SETS) + SET_PARTS;
		ck_assert_uint_eq(format_get32(row + PART_ID_SIZE), rows[i].id_size);
		ck_assert_uint_eq(format_get32(row + PART_ID), rows[i].id_size == 0);
		ck_assert_uint_eq(format_get32(row + PART_SIZE + PART_ID_SIZE), 0);
		ck_assert_uint_eq(format_get32(row + PART_SIZE + PART_ID), id);
		for (uint32_t k = 1; k <= rows[i].classes; k++) {
			struct addr a = addr_from_ipv4(base + 2 * k);

			if (snapshot_file_find_addr(l, &a) != 0x7f000000 + k)
				ck_abort_msg("class %u of %u", k, rows[i].classes);
		}
		ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.9"), 0x7f000000 + id);
		snapshot_close(s);
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
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_layer(s), "192.0.2.1"), 0x7f000002);
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
	TCase *files = tcase_create("files");

	tcase_add_test(roundtrip, test_roundtrip_header);
	tcase_add_test(roundtrip, test_roundtrip_zones);
	tcase_add_test(roundtrip, test_roundtrip_view);
	tcase_add_test(roundtrip, test_roundtrip_records);
	tcase_add_test(roundtrip, test_roundtrip_find);
	tcase_add_test(roundtrip, test_roundtrip_intersects);
	tcase_add_test(roundtrip, test_kinds);
	tcase_add_test(roundtrip, test_empty);
	tcase_add_test(roundtrip, test_empty_set);
	tcase_add_test(roundtrip, test_whole_space);
	tcase_add_test(roundtrip, test_joined);
	tcase_add_test(roundtrip, test_id_sizes);
	suite_add_tcase(s, roundtrip);
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
