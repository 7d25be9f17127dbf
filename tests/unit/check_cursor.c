#include <orbl/cursor.h>
#include <orbl/writer.h>

#include "unit.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xf8};

START_TEST(read_in_order)
{
	struct cursor c;

	cursor_init(&c, bytes, sizeof(bytes));
	ck_assert_uint_eq(cursor_u8(&c), 1);
	ck_assert_uint_eq(cursor_u16be(&c), 0x0203);
	ck_assert_uint_eq(cursor_offset(&c), 3);
	ck_assert_uint_eq(cursor_left(&c), 5);
	ck_assert_uint_eq(cursor_u32be(&c), 0x04050607);
	ck_assert_ptr_eq(cursor_bytes(&c, 1), bytes + 7);
	ck_assert_uint_eq(cursor_left(&c), 0);
	ck_assert(!cursor_failed(&c));
}
END_TEST

START_TEST(read_little_endian)
{
	struct cursor c;

	cursor_init(&c, bytes, sizeof(bytes));
	ck_assert_uint_eq(cursor_u64le(&c), 0xf807060504030201);
	cursor_init(&c, bytes + 4, 4);
	ck_assert_uint_eq(cursor_u32le(&c), 0xf8070605);
	cursor_init(&c, bytes + 6, 2);
	ck_assert_uint_eq(cursor_u16le(&c), 0xf807);
	cursor_init(&c, bytes + 7, 1);
	ck_assert_uint_eq(cursor_u8(&c), 0xf8);
}
END_TEST

START_TEST(read_failure_stays)
{
	struct cursor c;

	cursor_init(&c, bytes, 3);
	ck_assert_uint_eq(cursor_u32be(&c), 0);
	ck_assert(cursor_failed(&c));
	ck_assert_uint_eq(cursor_offset(&c), 0);
	ck_assert_uint_eq(cursor_u8(&c), 0); /* would fit, but must not be read any more */
	ck_assert_ptr_null(cursor_bytes(&c, 0));
	ck_assert_uint_eq(cursor_offset(&c), 0);
}
END_TEST

START_TEST(read_huge_length)
{
	struct cursor c;

	cursor_init(&c, bytes, sizeof(bytes));
	ck_assert_ptr_null(cursor_bytes(&c, SIZE_MAX));
	ck_assert(cursor_failed(&c));
}
END_TEST

START_TEST(read_half_a_u64)
{
	struct cursor c;

	cursor_init(&c, bytes, 7);
	ck_assert_uint_eq(cursor_u64le(&c) >> 32, 0);
	ck_assert(cursor_failed(&c));
}
END_TEST

START_TEST(read_nothing)
{
	struct cursor c;

	cursor_init(&c, bytes, 0);
	ck_assert_ptr_nonnull(cursor_bytes(&c, 0));
	ck_assert(!cursor_failed(&c));
	cursor_init(&c, NULL, 4);
	ck_assert(cursor_failed(&c));
	ck_assert_uint_eq(cursor_u8(&c), 0);
}
END_TEST

START_TEST(write_round_trip)
{
	uint8_t buffer[21 + 1] = {[21] = 0xaa};
	struct writer w;
	struct cursor c;

	writer_init(&w, buffer, 21);
	writer_u8(&w, 0xfe);
	writer_u16be(&w, 0xfedc);
	writer_u32be(&w, 0xfedcba98);
	writer_u16le(&w, 0xfedc);
	writer_u32le(&w, 0xfedcba98);
	writer_u64le(&w, 0xfedcba9876543210);
	ck_assert(!writer_failed(&w));
	ck_assert_uint_eq(writer_length(&w), 21);
	ck_assert_uint_eq(writer_left(&w), 0);
	cursor_init(&c, buffer, 21);
	ck_assert_uint_eq(cursor_u8(&c), 0xfe);
	ck_assert_uint_eq(cursor_u16be(&c), 0xfedc);
	ck_assert_uint_eq(cursor_u32be(&c), 0xfedcba98);
	ck_assert_uint_eq(cursor_u16le(&c), 0xfedc);
	ck_assert_uint_eq(cursor_u32le(&c), 0xfedcba98);
	ck_assert_uint_eq(cursor_u64le(&c), 0xfedcba9876543210);
	ck_assert(!cursor_failed(&c));
	writer_bytes(&w, NULL, 0);
	ck_assert(!writer_failed(&w));
	writer_u8(&w, 1);
	ck_assert(writer_failed(&w));
	ck_assert_uint_eq(buffer[21], 0xaa);
}
END_TEST

START_TEST(write_all_or_nothing)
{
	uint8_t buffer[4] = {9, 9, 9, 9};
	struct writer w;

	writer_init(&w, buffer, 3);
	writer_u32be(&w, 1);
	ck_assert(writer_failed(&w));
	ck_assert_uint_eq(writer_length(&w), 0);
	writer_u8(&w, 1); /* would fit */
	ck_assert_uint_eq(writer_length(&w), 0);
	ck_assert_uint_eq(buffer[0], 9);
	writer_init(&w, buffer, sizeof(buffer));
	writer_bytes(&w, bytes, SIZE_MAX);
	ck_assert(writer_failed(&w));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cursor");
	TCase *reading = tcase_create("reading"), *writing = tcase_create("writing");

	tcase_add_test(reading, read_in_order);
	tcase_add_test(reading, read_little_endian);
	tcase_add_test(reading, read_failure_stays);
	tcase_add_test(reading, read_huge_length);
	tcase_add_test(reading, read_half_a_u64);
	tcase_add_test(reading, read_nothing);
	suite_add_tcase(s, reading);
	tcase_add_test(writing, write_round_trip);
	tcase_add_test(writing, write_all_or_nothing);
	suite_add_tcase(s, writing);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
