#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot_file.h"
#include "snapshot_format.h"

/* --- notice --- */

/* A file of before there were notices has zeros there, as one without has. */
START_TEST(test_notice)
{
	static const char *const notices[] = {"", "audit=2026-11-21:7:abcd retire=2027-01-01"};
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(notices); i++) {
		size_t set;
		struct snapshot_builder *b = snapshot_file_builder(&set);
		struct snapshot_file f;
		struct snapshot *s;

		ck_assert_int_eq(snapshot_builder_notice(b, TEXT("before"), &e), OK);
		ck_assert_int_eq(snapshot_builder_notice(b, text_of(notices[i]), &e), OK);
		f = snapshot_file_freeze(b);
		ck_assert_int_eq(format_get32(f.bytes + HEADER_NOTICE) != 0, i != 0);
		s = snapshot_file_open(&f);
		snapshot_file_assert_text(snapshot_notice(s), notices[i]);
		snapshot_close(s);
		free(f.bytes);
	}
}
END_TEST

/* One that was made by a release that knew of no notices. */
START_TEST(test_file_of_before)
{
	char path[4096];
	struct snapshot *s;
	struct error e;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/snapshot/addresses",
		getenv("top_srcdir"));
	ck_assert_int_eq(snapshot_open(path, &s, &e), OK);
	ck_assert_uint_eq(snapshot_notice(s).len, 0);
	ck_assert_uint_ne(snapshot_entries(s), 0);
	snapshot_close(s);
}
END_TEST

START_TEST(test_notice_is_bounded)
{
	char long_one[SNAPSHOT_NOTICE_MAX + 2];
	struct snapshot_builder *b = snapshot_builder_new();
	struct error e;

	memset(long_one, 'x', sizeof(long_one));
	long_one[SNAPSHOT_NOTICE_MAX + 1] = '\0';
	ck_assert_int_eq(snapshot_builder_notice(b, text_of(long_one), &e), ERR_RANGE);
	long_one[SNAPSHOT_NOTICE_MAX] = '\0';
	ck_assert_int_eq(snapshot_builder_notice(b, text_of(long_one), &e), OK);
	snapshot_builder_free(b);
}
END_TEST

/* --- overlaps --- */

/* The class of 192.0.2.1. */
static struct snapshot_view
view_of(const struct snapshot *s)
{
	struct snapshot_layer l = snapshot_file_layer(s);
	struct snapshot_view v;

	ck_assert(snapshot_layer_find4(&l, 0xc0000201, &v));
	return v;
}

START_TEST(test_merge_equal_ranks)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, "one", 600, 100);
	uint32_t two = snapshot_file_class(b, 0x7f000003, "two", 300, 200);
	uint32_t three = snapshot_file_class(b, 0x7f000002, "two", 0, 50);
	struct snapshot_view v;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, two);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.0", "192.0.2.1", 32, three);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	v = view_of(s);
	ck_assert_uint_eq(v.a_count, 2);
	ck_assert_uint_eq(snapshot_view_a(&v, 0), 0x7f000002);
	ck_assert_uint_eq(snapshot_view_a(&v, 1), 0x7f000003);
	ck_assert_uint_eq(v.txt_count, 2);
	snapshot_file_assert_text(snapshot_view_txt(&v, 0), "one");
	snapshot_file_assert_text(snapshot_view_txt(&v, 1), "two");
	ck_assert_uint_eq(v.ttl_s, 300);
	ck_assert_int_eq(v.expires_s, 200);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_merge_never_is_latest)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 200);
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, two);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_int_eq(view_of(s).expires_s, 0);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* Records of the same type and rdata are one, with the shortest TTL; the action is that of the
 * lowest class. */
START_TEST(test_merge_records)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class first = {.action = SNAPSHOT_EMPTY,
		.record_count = 2,
		.records = {{15, 0, TEXT("mx")}, {16, 300, TEXT("txt")}}};
	struct snapshot_class second = {.action = SNAPSHOT_REFUSE,
		.record_count = 3,
		.records = {{16, 60, TEXT("txt")}, {15, 0, TEXT("txt")}, {15, 9, TEXT("mx")}}};
	struct snapshot_record r;
	struct snapshot_view v;
	struct snapshot_file f;
	struct snapshot *s;
	uint32_t one, two;
	struct error e;

	ck_assert_int_eq(snapshot_builder_class(b, &first, &one, &e), OK);
	ck_assert_int_eq(snapshot_builder_class(b, &second, &two, &e), OK);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, two);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	v = view_of(s);
	ck_assert_int_eq(v.action, SNAPSHOT_EMPTY);
	ck_assert_uint_eq(v.record_count, 3);
	r = snapshot_view_record(&v, 0);
	ck_assert_uint_eq(r.type, 15);
	ck_assert_uint_eq(r.ttl_s, 9);
	snapshot_file_assert_text(r.rdata, "mx");
	r = snapshot_view_record(&v, 1);
	ck_assert_uint_eq(r.type, 16);
	ck_assert_uint_eq(r.ttl_s, 60);
	r = snapshot_view_record(&v, 2);
	ck_assert_uint_eq(r.type, 15);
	snapshot_file_assert_text(r.rdata, "txt");
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_exclusions)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_layer l;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.0", "192.0.2.255", 24, one);
	snapshot_file_range(b, set, "192.0.2.8", "192.0.2.15", 29, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.9", "192.0.2.9", 32, one);
	snapshot_file_range(b, set, "192.0.2.32", "192.0.2.47", 24, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.64", "192.0.2.79", 8, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.90", "192.0.2.90", 32, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.90", "192.0.2.90", 32, one);
	snapshot_file_range(b, set, "192.0.2.92", "192.0.2.92", 32, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.3.5", "192.0.3.5", 32, SNAPSHOT_NOT_LISTED);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.7"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.8"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.9"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.10"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.33"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.70"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.90"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.91"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.92"), 0);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.93"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.3.5"), 0);
	ck_assert(!snapshot_file_intersects(l, "192.0.2.10/31"));
	ck_assert(!snapshot_file_intersects(l, "192.0.2.32/28"));
	ck_assert(!snapshot_file_intersects(l, "192.0.3.0/24"));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* A host has rank 32: ranges of any rank may lie over it, below it or beside it. */
START_TEST(test_ranks_around_hosts)
{
	static const struct {
		uint8_t rank;
		size_t a_count;
		uint32_t a;
	} rows[] = {{0, 1, 0x7f000002}, {31, 1, 0x7f000002}, {32, 2, 0x7f000002},
		{33, 1, 0x7f000003}, {255, 1, 0x7f000003}};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		size_t set;
		struct snapshot_builder *b = snapshot_file_builder(&set);
		uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
		uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
		struct snapshot_view v;
		struct snapshot_file f;
		struct snapshot *s;

		snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
		snapshot_file_range(b, set, "192.0.2.0", "192.0.2.1", rows[i].rank, two);
		f = snapshot_file_freeze(b);
		s = snapshot_file_open(&f);
		v = view_of(s);
		ck_assert_uint_eq(v.a_count, rows[i].a_count);
		ck_assert_uint_eq(snapshot_view_a(&v, 0), rows[i].a);
		ck_assert_uint_eq(snapshot_file_find(snapshot_file_layer(s), "192.0.2.0"),
			0x7f000003);
		snapshot_close(s);
		free(f.bytes);
	}
}
END_TEST

/* IPv6 segments whose ends carry from one half of the address into the other. */
START_TEST(test_carry)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint32_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint32_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	struct snapshot_range range, last = {.low.family = 0};
	struct snapshot_walk walk = {0};
	struct snapshot_layer l;
	struct snapshot_file f;
	struct snapshot *s;

	snapshot_file_range(b, set, "::", "0:0:0:2::", 0, one);
	snapshot_file_range(b, set, "::5", "::ffff:ffff:ffff:ffff", 64, two);
	snapshot_file_range(b, set, "0:0:0:2::", "0:0:0:2::", 128, two);
	snapshot_file_range(b, set, "0:0:0:4::", "0:0:0:4:ffff:ffff:ffff:ffff", 64, one);
	snapshot_file_range(b, set, "0:0:0:5::", "0:0:0:5:ffff:ffff:ffff:ffff", 64, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(snapshot_file_find(l, "::4"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "::ffff:ffff:ffff:ffff"), 0x7f000003);
	ck_assert_uint_eq(snapshot_file_find(l, "0:0:0:1::"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "0:0:0:1:ffff:ffff:ffff:ffff"), 0x7f000002);
	ck_assert_uint_eq(snapshot_file_find(l, "0:0:0:2::"), 0x7f000003);
	ck_assert_uint_eq(snapshot_file_find(l, "0:0:0:2::1"), 0);
	ck_assert_uint_eq(snapshot_entries(s), 5);
	for (; snapshot_next_range(l.set, &walk, &range); last = range)
		ck_assert_int_lt(addr_compare(&last.high, &range.low), 0);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_merge_is_bounded)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_view v;
	struct snapshot *s;
	struct snapshot_file f;
	char text[16];

	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		snapshot_file_range(b, set, i % 2 ? "192.0.2.0" : "192.0.2.1", "192.0.2.1", 32,
			snapshot_file_class(b, 0x7f000000 + i, text, 0, 0));
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	v = view_of(s);
	ck_assert_uint_eq(v.a_count, SNAPSHOT_RECORDS_MAX);
	ck_assert_uint_eq(v.txt_count, SNAPSHOT_RECORDS_MAX);
	snapshot_file_assert_text(snapshot_view_txt(&v, 63), "text 63");
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* A file made to overlap itself everywhere: each range is in all before it, and has a rank and
 * a class of its own. To look at all that is active at each step would take hours. */
START_TEST(test_nested)
{
	enum { DEPTH = 50000 };
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_layer l;
	struct snapshot_file f;
	struct snapshot *s;

	for (uint32_t i = 0; i < DEPTH; i++) {
		struct addr low = addr_from_ipv4(i), high = addr_from_ipv4(UINT32_MAX - i);
		struct snapshot_class c = {.a_count = 1, .a = {0x7f000000 + i}};
		struct error e;
		uint32_t id;

		if (snapshot_builder_class(b, &c, &id, &e) != OK ||
			snapshot_builder_add(b, set, &low, &high, (uint8_t)(i * 255ull / DEPTH), id,
				&e) != OK)
			ck_abort_msg("%s", e.text);
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(snapshot_file_find(l, "0.0.0.0"), 0x7f000000);
	ck_assert_uint_eq(snapshot_file_find(l, "255.255.255.255"), 0x7f000000);
	ck_assert_uint_eq(snapshot_file_find(l, "128.0.0.0"), 0x7f000000 + DEPTH - DEPTH / 255);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* --- classes --- */

START_TEST(test_interned)
{
	struct snapshot_builder *b = snapshot_builder_new();
	uint32_t id = snapshot_file_class(b, 0x7f000002, "a", 1, 2);

	ck_assert_uint_eq(snapshot_file_class(b, 0x7f000002, "a", 1, 2), id);
	ck_assert_uint_ne(snapshot_file_class(b, 0x7f000003, "a", 1, 2), id);
	ck_assert_uint_ne(snapshot_file_class(b, 0x7f000002, "b", 1, 2), id);
	ck_assert_uint_ne(snapshot_file_class(b, 0x7f000002, NULL, 1, 2), id);
	ck_assert_uint_ne(snapshot_file_class(b, 0x7f000002, "a", 2, 2), id);
	ck_assert_uint_ne(snapshot_file_class(b, 0x7f000002, "a", 1, 1), id);
	ck_assert_uint_eq(snapshot_file_class(b, 0x7f000002, "a", 1, 2), id);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_reserved)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c = {.a_count = 1, .a = {0x7f000009}};
	uint32_t late, early = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot_layer l;
	struct snapshot_file f;
	struct snapshot *s;
	struct error e;

	ck_assert_int_eq(snapshot_builder_class_reserve(b, &late, &e), OK);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, late);
	snapshot_file_range(b, set, "192.0.2.2", "192.0.2.2", 32, late);
	snapshot_file_range(b, set, "192.0.2.2", "192.0.2.2", 32, early);
	ck_assert_int_eq(snapshot_builder_write(b, -1, 1, 1, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_builder_class_define(b, early, &c, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_class_define(b, 0, &c, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_class_define(b, late + 1, &c, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_class_define(b, late, &c, &e), OK);
	ck_assert_int_eq(snapshot_builder_class_define(b, late, &c, &e), ERR_RANGE);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.1"), 0x7f000009);
	ck_assert_uint_eq(snapshot_file_find(l, "192.0.2.2"), 0x7f000002);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_many_classes)
{
	enum { MANY = 300000 };
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_layer l;
	struct snapshot_view v;
	struct snapshot *s;
	struct error e;
	struct snapshot_file f;
	char text[32];

	for (uint32_t i = 1; i <= MANY; i++) {
		snprintf(text, sizeof(text), "text of its own %u", i);
		if (snapshot_builder_add4(b, set, i * 256,
			    snapshot_file_class(b, 0x7f000002, text, 0, 0), &e) != OK)
			ck_abort_msg("%s", e.text);
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	l = snapshot_file_layer(s);
	ck_assert_uint_eq(format_get64(
				  f.bytes + HEADER_SECTIONS + SECTION_CODES * SECTION_ROW_SIZE + 8),
		4); /* the same A record once */
	for (uint32_t i = 1; i <= MANY; i += 997) {
		snprintf(text, sizeof(text), "text of its own %u", i);
		ck_assert(snapshot_layer_find4(&l, i * 256, &v));
		snapshot_file_assert_text(snapshot_view_txt(&v, 0), text);
	}
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* --- limits of the builder --- */

START_TEST(test_class_limits)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_class c = {.a_count = 1};
	char text[SNAPSHOT_RDATA_MAX + 1];
	uint32_t id, first;
	struct error e;

	c.a[0] = 0x08080808;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.a[0] = 0x7f000002;
	memset(text, 'x', sizeof(text));
	c.txt_count = 1;
	c.txt[0] = (struct text){text, SNAPSHOT_TXT_MAX + 1};
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.txt[0].len--;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &first, &e), OK);
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	ck_assert_uint_eq(id, first);
	c.a_count = SNAPSHOT_RECORDS_MAX + 1;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.a_count = 1;
	c.txt_count = SNAPSHOT_RECORDS_MAX + 1;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.txt_count = 0;
	c.record_count = SNAPSHOT_RECORDS_MAX + 1;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.record_count = 1;
	c.records[0].rdata = (struct text){text, SNAPSHOT_RDATA_MAX + 1};
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.records[0].rdata.len--;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	c.action = SNAPSHOT_PASS + 1;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	ck_assert_uint_eq(id, SNAPSHOT_NOT_LISTED);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_add_refuses)
{
	size_t set, names;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct addr one = snapshot_file_addr("192.0.2.1"), two = snapshot_file_addr("192.0.2.2"),
		    six = snapshot_file_addr("::1");
	const uint8_t *foo = (const uint8_t *)"\3foo";
	struct addr none = {.family = 0};
	struct error e;

	ck_assert_int_eq(snapshot_builder_add(b, set, &two, &one, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &one, &six, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &none, &none, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &one, &one, 32, 1, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set + 1, &one, &one, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add4(b, set, 1, 1, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add4(b, set + 1, 1, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add_name(b, set + 1, foo, false, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add_name(b, set, foo, false, 1, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_set(b, &names, &e), OK);
	ck_assert_int_eq(snapshot_builder_add_name(b, names, foo, false, 0, &e), OK);
	ck_assert_int_eq(snapshot_builder_add4(b, names, 1, 0, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_builder_add(b, names, &six, &six, 128, 0, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_builder_add(b, set, &six, &six, 128, 0, &e), OK);
	ck_assert_int_eq(snapshot_builder_add_name(b, set, foo, false, 0, &e), ERR_REFUSED);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_zone_limits)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_zone_draft zone = snapshot_file_zone(set);
	char name[SNAPSHOT_ZONES_MAX];
	struct error e;

	memset(name, 'a', sizeof(name));
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_REFUSED);
	zone.name = (struct text){name, 256};
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_RANGE);
	zone.name = TEXT("x");
	zone.sets[0] = set + 1;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_RANGE);
	zone.sets[0] = set;
	zone.has_acl = true;
	zone.acl = set + 1;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_RANGE);
	zone.has_acl = false;
	zone.set_count = SNAPSHOT_ZONE_SETS_MAX + 1;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_RANGE);
	zone.set_count = 1;
	zone.apex.ns_count = SNAPSHOT_NS_MAX + 1;
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_RANGE);
	zone.apex.ns_count = 0;
	for (size_t i = 1; i < SNAPSHOT_ZONES_MAX; i++) {
		zone.name = (struct text){name, i};
		zone.set_count = SNAPSHOT_ZONE_SETS_MAX;
		memset(zone.sets, 0, sizeof(zone.sets));
		ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), OK);
		ck_assert_int_eq(snapshot_builder_set(b, &set, &e), OK);
	}
	zone.name = TEXT("x");
	ck_assert_int_eq(snapshot_builder_zone(b, &zone, &e), ERR_FULL);
	ck_assert_int_eq(snapshot_builder_set(b, &set, &e), ERR_FULL);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_disk_full)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct error e;
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(snapshot_builder_write(b, fd, 1, 1, &e), ERR_FULL);
	close(fd);
	snapshot_builder_free(b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("snapshot_builder");
	TCase *overlap = tcase_create("overlap");
	TCase *classes = tcase_create("classes");
	TCase *limits = tcase_create("limits");

	tcase_add_test(overlap, test_merge_equal_ranks);
	tcase_add_test(overlap, test_merge_never_is_latest);
	tcase_add_test(overlap, test_merge_records);
	tcase_add_test(overlap, test_exclusions);
	tcase_add_test(overlap, test_ranks_around_hosts);
	tcase_add_test(overlap, test_carry);
	tcase_add_test(overlap, test_merge_is_bounded);
	tcase_add_test(overlap, test_nested);
	tcase_set_timeout(overlap, 120);
	suite_add_tcase(s, overlap);
	tcase_add_test(classes, test_interned);
	tcase_add_test(classes, test_reserved);
	tcase_add_test(classes, test_many_classes);
	tcase_set_timeout(classes, 120);
	suite_add_tcase(s, classes);
	tcase_add_test(limits, test_notice);
	tcase_add_test(limits, test_notice_is_bounded);
	tcase_add_test(limits, test_file_of_before);
	tcase_add_test(limits, test_class_limits);
	tcase_add_test(limits, test_add_refuses);
	tcase_add_test(limits, test_zone_limits);
	tcase_add_test(limits, test_disk_full);
	suite_add_tcase(s, limits);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
