#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/snapshot.h>

#include "snapshot_file.h"

/* --- overlaps --- */

START_TEST(test_merge_equal_ranks)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, "one", 600, 100);
	uint16_t two = snapshot_file_class(b, 0x7f000003, "two", 300, 200);
	uint16_t three = snapshot_file_class(b, 0x7f000002, "two", 0, 50);
	struct snapshot_class c;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, two);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, three);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert(snapshot_class(s, snapshot_file_find(snapshot_file_set(s), "192.0.2.1"), &c));
	ck_assert_uint_eq(c.a_count, 2);
	ck_assert_uint_eq(c.a[0], 0x7f000002);
	ck_assert_uint_eq(c.a[1], 0x7f000003);
	ck_assert_uint_eq(c.txt_count, 2);
	snapshot_file_assert_text(c.txt[0], "one");
	snapshot_file_assert_text(c.txt[1], "two");
	ck_assert_uint_eq(c.ttl_s, 300);
	ck_assert_int_eq(c.expires_s, 200);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_merge_never_is_latest)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint16_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 200);
	struct snapshot_class c;
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, two);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert(snapshot_class(s, snapshot_file_find(snapshot_file_set(s), "192.0.2.1"), &c));
	ck_assert_int_eq(c.expires_s, 0);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_exclusions)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	struct snapshot *s;
	struct snapshot_file f;

	snapshot_file_range(b, set, "192.0.2.0", "192.0.2.255", 24, one);
	snapshot_file_range(b, set, "192.0.2.8", "192.0.2.15", 29, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.9", "192.0.2.9", 32, one);
	snapshot_file_range(b, set, "192.0.2.32", "192.0.2.47", 24, SNAPSHOT_NOT_LISTED);
	snapshot_file_range(b, set, "192.0.2.64", "192.0.2.79", 8, SNAPSHOT_NOT_LISTED);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.7"), one);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.8"),
		SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.9"), one);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.10"),
		SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.33"),
		SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_file_find(snapshot_file_set(s), "192.0.2.70"), one);
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "192.0.2.10/31"));
	ck_assert(!snapshot_file_intersects(snapshot_file_set(s), "192.0.2.32/28"));
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* IPv6 segments whose ends carry from one half of the address into the other. */
START_TEST(test_carry)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	uint16_t one = snapshot_file_class(b, 0x7f000002, NULL, 0, 0);
	uint16_t two = snapshot_file_class(b, 0x7f000003, NULL, 0, 0);
	const struct snapshot_set *got;
	struct snapshot_file f;
	struct snapshot *s;

	snapshot_file_range(b, set, "::", "0:0:0:2::", 0, one);
	snapshot_file_range(b, set, "::5", "::ffff:ffff:ffff:ffff", 64, two);
	snapshot_file_range(b, set, "0:0:0:2::", "0:0:0:2::", 128, two);
	snapshot_file_range(b, set, "0:0:0:4::", "0:0:0:4:ffff:ffff:ffff:ffff", 64, one);
	snapshot_file_range(b, set, "0:0:0:5::", "0:0:0:5:ffff:ffff:ffff:ffff", 64, one);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	got = snapshot_file_set(s);
	ck_assert_uint_eq(snapshot_file_find(got, "::4"), one);
	ck_assert_uint_eq(snapshot_file_find(got, "::ffff:ffff:ffff:ffff"), two);
	ck_assert_uint_eq(snapshot_file_find(got, "0:0:0:1::"), one);
	ck_assert_uint_eq(snapshot_file_find(got, "0:0:0:1:ffff:ffff:ffff:ffff"), one);
	ck_assert_uint_eq(snapshot_file_find(got, "0:0:0:2::"), two);
	ck_assert_uint_eq(snapshot_file_find(got, "0:0:0:2::1"), SNAPSHOT_NOT_LISTED);
	ck_assert_uint_eq(snapshot_entries(s), 5);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_merge_is_bounded)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c;
	struct snapshot *s;
	struct snapshot_file f;
	char text[16];

	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32,
			snapshot_file_class(b, 0x7f000000 + i, text, 0, 0));
	}
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert(snapshot_class(s, snapshot_file_find(snapshot_file_set(s), "192.0.2.1"), &c));
	ck_assert_uint_eq(c.a_count, SNAPSHOT_RECORDS_MAX);
	ck_assert_uint_eq(c.txt_count, SNAPSHOT_RECORDS_MAX);
	snapshot_file_assert_text(c.txt[63], "text 63");
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

/* --- limits of the builder --- */

START_TEST(test_class_limits)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_class c = {.a_count = 1};
	char text[SNAPSHOT_TXT_MAX + 1];
	uint16_t id, first;
	struct error e;

	c.a[0] = 0x08080808;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_RANGE);
	c.a[0] = 0x7f000002;
	memset(text, 'x', sizeof(text));
	c.txt_count = 1;
	c.txt[0] = (struct text){text, sizeof(text)};
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
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_all_classes)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c = {.a_count = 1};
	struct snapshot *s;
	struct error e;
	struct snapshot_file f;
	uint16_t id;

	for (uint32_t i = 1; i <= SNAPSHOT_CLASSES_MAX; i++) {
		struct addr a = addr_from_ipv4(i * 256);

		c.a[0] = 0x7f000000 + i;
		ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
		ck_assert_uint_eq(id, i);
		ck_assert_int_eq(snapshot_builder_add(b, set, &a, &a, 32, id, &e), OK);
	}
	c.a[0] = 0x7f7f7f7f;
	ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), ERR_FULL);
	f = snapshot_file_freeze(b);
	s = snapshot_file_open(&f);
	ck_assert(snapshot_class(s, snapshot_file_find(snapshot_file_set(s), "0.255.255.0"), &c));
	ck_assert_uint_eq(c.a[0], 0x7f00ffff);
	snapshot_close(s);
	free(f.bytes);
}
END_TEST

START_TEST(test_merging_fills_classes)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_class c = {.a_count = 1};
	struct error e;
	uint16_t id;
	int fd = open("/dev/null", O_WRONLY);

	for (uint32_t i = 1; i <= SNAPSHOT_CLASSES_MAX; i++) {
		c.a[0] = 0x7f000000 + i;
		ck_assert_int_eq(snapshot_builder_class(b, &c, &id, &e), OK);
	}
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, 1);
	snapshot_file_range(b, set, "192.0.2.1", "192.0.2.1", 32, 2);
	ck_assert_int_eq(snapshot_builder_write(b, fd, 1, 1, &e), ERR_FULL);
	close(fd);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_add_refuses)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct addr one = snapshot_file_addr("192.0.2.1"), two = snapshot_file_addr("192.0.2.2"),
		    six = snapshot_file_addr("::1");
	struct addr none = {.family = 0};
	struct error e;

	ck_assert_int_eq(snapshot_builder_add(b, set, &two, &one, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &one, &six, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &none, &none, 32, 0, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set, &one, &one, 32, 1, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_add(b, set + 1, &one, &one, 32, 0, &e), ERR_RANGE);
	snapshot_builder_free(b);
}
END_TEST

START_TEST(test_zone_limits)
{
	size_t set;
	struct snapshot_builder *b = snapshot_file_builder(&set);
	struct snapshot_apex apex = snapshot_file_apex();
	char name[300];
	struct error e;

	memset(name, 'a', sizeof(name));
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT("x"), set + 1, &apex, &e), ERR_RANGE);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT(""), set, &apex, &e), ERR_REFUSED);
	ck_assert_int_eq(snapshot_builder_zone(b, (struct text){name, 256}, set, &apex, &e),
		ERR_RANGE);
	for (size_t i = 1; i < SNAPSHOT_ZONES_MAX; i++) {
		ck_assert_int_eq(snapshot_builder_zone(b, (struct text){name, i}, set, &apex, &e),
			OK);
		ck_assert_int_eq(snapshot_builder_set(b, &set, &e), OK);
	}
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT("x"), set, &apex, &e), ERR_FULL);
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
	TCase *limits = tcase_create("limits");

	tcase_add_test(overlap, test_merge_equal_ranks);
	tcase_add_test(overlap, test_merge_never_is_latest);
	tcase_add_test(overlap, test_exclusions);
	tcase_add_test(overlap, test_carry);
	tcase_add_test(overlap, test_merge_is_bounded);
	suite_add_tcase(s, overlap);
	tcase_set_timeout(limits, 120);
	tcase_add_test(limits, test_class_limits);
	tcase_add_test(limits, test_all_classes);
	tcase_add_test(limits, test_merging_fills_classes);
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
