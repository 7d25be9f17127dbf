#include "stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit.h"

enum { NOON_S = 1795262400 }; /* 2026-11-21T12:00:00Z */

static void
set_zone(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

/* Seconds of a UTC time, by the C library. */
static int64_t
utc(const char *s)
{
	struct tm tm = {0};
	const char *end = strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm);

	ck_assert_msg(end != NULL && *end == '\0', "%s", s);
	return (int64_t)timegm(&tm);
}

typedef bool take_fn(struct text *rest, struct stamp *out);

static struct stamp
take(take_fn *fn, const char *s)
{
	struct text rest = text_of(s);
	struct stamp stamp;

	ck_assert_msg(fn(&rest, &stamp) && rest.len == 0, "%s", s);
	return stamp;
}

static void
assert_refused(take_fn *fn, const char *s)
{
	struct text rest = text_of(s);
	struct stamp stamp;

	ck_assert_msg(!fn(&rest, &stamp), "%s", s);
	ck_assert_msg(rest.p == s || rest.len == 0, "%s moved", s);
}

static int64_t
epoch_at(const struct stamp *s, int64_t now_s)
{
	struct stamp_clock clock;
	int64_t t = 0;

	stamp_clock_init(&clock, now_s);
	ck_assert(stamp_to_epoch(s, &clock, &t));
	return t;
}

static int64_t
bsd(const char *s, const char *now)
{
	struct stamp stamp = take(stamp_take_bsd, s);

	return epoch_at(&stamp, utc(now));
}

static int64_t
local(const char *s)
{
	struct stamp stamp = take(stamp_take_date_time, s);

	return epoch_at(&stamp, NOON_S);
}

START_TEST(date_times)
{
	struct stamp s = take(stamp_take_date_time, "2013-06-10 18:33:32");

	ck_assert(s.is_local && s.year == 2013 && s.month == 6 && s.day == 10 && s.hour == 18);
	s = take(stamp_take_date_time, "2013-06-10T18:33:32.051");
	ck_assert(s.is_local && s.us == 51000);
	s = take(stamp_take_date_time, "2013-06-10 18:33:32 +0130");
	ck_assert(!s.is_local && s.offset_s == 5400);
	s = take(stamp_take_date_time, "2013-06-10 18:33:32.5-01:30");
	ck_assert(!s.is_local && s.offset_s == -5400 && s.us == 500000);
	s = take(stamp_take_date_time, "2013-06-10 18:33:32Z");
	ck_assert(!s.is_local && s.offset_s == 0);
}
END_TEST

START_TEST(date_time_leaves)
{
	static const struct {
		const char *text, *left;
		bool is_local;
	} rows[] = {
		{"2013-06-10 18:33:32 H=x", " H=x", true},
		{"2013-06-10 18:33:32 +", " +", true},
		{"2013-06-10 18:33:32 -0100x", " -0100x", true},
		{"2013-06-10 18:33:32 Zulu", " Zulu", true},
		{"2013-06-10 18:33:32 +0100 [12]", " [12]", false},
		{"2013-06-10 18:33:32,5", ",5", true},
	};
	struct text rest = text_of(rows[_i].text);
	struct stamp s;

	ck_assert(stamp_take_date_time(&rest, &s));
	ck_assert(text_equal(rest, text_of(rows[_i].left)));
	ck_assert(s.is_local == rows[_i].is_local);
}
END_TEST

START_TEST(refused)
{
	static const char *const rows[] = {"", "2013-06-10", "2013-06-10 ", "2013-06-10 18:33",
		"2013-06-10 18:33:", "13-06-10 18:33:32", "2013-6-10 18:33:32",
		"2013-13-10 18:33:32", "2013-00-10 18:33:32", "2013-02-29 18:33:32",
		"1969-12-31 18:33:32", "2013-06-10 24:33:32", "2013-06-10 18:60:32",
		"2013-06-10 18:33:61", "2013-06-10 18:33:32.", "2013-06-10_18:33:32",
		"0000-06-10 18:33:32"};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		assert_refused(stamp_take_date_time, rows[i]);
		assert_refused(stamp_take_rfc3339, rows[i]);
		assert_refused(stamp_take_bsd, rows[i]);
	}
	assert_refused(stamp_take_rfc3339, "2013-06-10 18:33:32Z"); /* a blank for the T */
	assert_refused(stamp_take_rfc3339, "2013-06-10T18:33:32");  /* no zone */
}
END_TEST

START_TEST(set_date)
{
	struct stamp s = {0};

	ck_assert(stamp_set_date(&s, 2024, 2, 29) && s.is_local);
	ck_assert(!stamp_set_date(&s, 2023, 2, 29));
	ck_assert(!stamp_set_date(&s, 2023, 4, 31));
	ck_assert(!stamp_set_date(&s, 2023, 1, 0));
	ck_assert(!stamp_set_date(&s, 1969, 1, 1));
	ck_assert(!stamp_set_date(&s, 10000, 1, 1));
	ck_assert_int_eq(s.day, 29); /* unchanged */
}
END_TEST

START_TEST(from_epoch)
{
	static const char *const rows[] = {"1970-01-01T00:00:00Z", "2026-11-21T12:00:00Z",
		"2000-02-29T23:59:59Z", "9999-12-31T23:59:59Z"};
	struct stamp s;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		ck_assert(stamp_from_epoch(utc(rows[i]), 7, &s));
		ck_assert(!s.is_local && s.us == 7);
		ck_assert_int_eq(epoch_at(&s, NOON_S), utc(rows[i]));
	}
	ck_assert(!stamp_from_epoch(-1, 0, &s));
	ck_assert(!stamp_from_epoch(INT64_MAX, 0, &s));
	ck_assert(!stamp_from_epoch(utc("9999-12-31T23:59:59Z") + 1, 0, &s));
}
END_TEST

START_TEST(years)
{
	static const struct {
		const char *stamp, *now, *wanted;
	} rows[] = {
		{"Nov 21 12:00:00", "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"},
		{"Nov 22 12:00:00", "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z"},
		{"Nov 22 12:00:01", "2026-11-21T12:00:00Z", "2025-11-22T12:00:01Z"},
		{"Dec 31 23:59:59", "2026-01-01T00:00:10Z", "2025-12-31T23:59:59Z"},
		{"Jan  1 00:00:05", "2025-12-31T23:59:50Z", "2026-01-01T00:00:05Z"},
		{"Jan  2 00:00:05", "2025-12-31T23:59:50Z", "2025-01-02T00:00:05Z"},
		{"Feb 29 00:00:00", "2026-11-21T12:00:00Z", "2024-02-29T00:00:00Z"},
		{"Feb 29 00:00:00", "2024-02-28T12:00:00Z", "2024-02-29T00:00:00Z"},
		{"Feb 29 00:00:00", "2024-02-27T12:00:00Z", "2020-02-29T00:00:00Z"},
		{"Feb 29 12:00:00", "2103-05-01T12:00:00Z", "2096-02-29T12:00:00Z"},
		{"Mar  1 12:00:00", "2100-02-28T13:00:00Z", "2100-03-01T12:00:00Z"},
		{"Dec 31 23:59:60", "2026-01-01T00:00:10Z", "2026-01-01T00:00:00Z"},
	};

	set_zone("UTC");
	ck_assert_int_eq(bsd(rows[_i].stamp, rows[_i].now), utc(rows[_i].wanted));
}
END_TEST

/* The clock remembers a minute; seconds in it may lie on both sides of now + 1 day. */
START_TEST(year_within_a_minute)
{
	static const struct {
		const char *stamp, *wanted;
	} rows[] = {{"Nov 22 12:00:29", "2026-11-22T12:00:29Z"},
		{"Nov 22 12:00:31", "2025-11-22T12:00:31Z"},
		{"Nov 22 12:00:30", "2026-11-22T12:00:30Z"},
		{"Nov 22 12:00:59", "2025-11-22T12:00:59Z"}};
	struct stamp_clock clock;

	set_zone("UTC");
	stamp_clock_init(&clock, NOON_S + 30);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct stamp s = take(stamp_take_bsd, rows[i].stamp);
		int64_t t;

		ck_assert(stamp_to_epoch(&s, &clock, &t));
		ck_assert_int_eq(t, utc(rows[i].wanted));
	}
}
END_TEST

static const struct zone_row {
	const char *zone, *local, *wanted;
} zone_rows[] = {
	{"Europe/Rome", "2026-01-15 12:00:00", "2026-01-15T11:00:00Z"},
	{"Europe/Rome", "2026-07-15 12:00:00", "2026-07-15T10:00:00Z"},
	{"Europe/Rome", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
	{"Europe/Rome", "2026-03-29 02:00:00", "2026-03-29T01:00:00Z"}, /* no such hour */
	{"Europe/Rome", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"},
	{"Europe/Rome", "2026-03-29 02:59:59", "2026-03-29T01:59:59Z"},
	{"Europe/Rome", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
	{"Europe/Rome", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
	{"Europe/Rome", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z"}, /* comes twice */
	{"Europe/Rome", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
	{"Europe/Rome", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
	{"America/New_York", "2026-03-08 01:59:59", "2026-03-08T06:59:59Z"},
	{"America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z"},
	{"America/New_York", "2026-03-08 03:00:00", "2026-03-08T07:00:00Z"},
	{"America/New_York", "2026-11-01 00:59:59", "2026-11-01T04:59:59Z"},
	{"America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"},
	{"America/New_York", "2026-11-01 02:00:00", "2026-11-01T07:00:00Z"},
	{"UTC", "2026-03-29 02:30:00", "2026-03-29T02:30:00Z"},
	{"UTC", "2026-10-25 02:30:00", "2026-10-25T02:30:00Z"},
	{"UTC", "1970-01-01 00:00:00", "1970-01-01T00:00:00Z"},
	/* Zones that move without summer time, and one whose winter time is the exception. */
	{"Europe/Moscow", "2014-10-26 01:30:00", "2014-10-25T21:30:00Z"},
	{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"},
	{"Europe/Dublin", "2026-10-25 01:30:00", "2026-10-25T00:30:00Z"},
	{"Asia/Kathmandu", "2026-11-21 12:00:00", "2026-11-21T06:15:00Z"},
};

START_TEST(zones)
{
	set_zone(zone_rows[_i].zone);
	ck_assert_int_eq(local(zone_rows[_i].local), utc(zone_rows[_i].wanted));
	set_zone("UTC");
}
END_TEST

/* The answer must not hang on what was asked before, as mktime's does. */
START_TEST(zones_in_any_order)
{
	set_zone("Europe/Rome");
	for (int i = 0; i < 4; i++) {
		(void)local(i % 2 == 0 ? "2026-07-15 12:00:00" : "2026-01-15 12:00:00");
		ck_assert_int_eq(local("2026-10-25 02:30:00"), utc("2026-10-25T00:30:00Z"));
	}
	set_zone("UTC");
}
END_TEST

/* The clock remembers a day; on one with a change of clocks it may not. */
START_TEST(day_of_a_change)
{
	static const char *const rows[][2] = {{"2026-03-28 23:00:00", "2026-03-28T22:00:00Z"},
		{"2026-03-29 01:00:00", "2026-03-29T00:00:00Z"},
		{"2026-03-29 04:00:00", "2026-03-29T02:00:00Z"},
		{"2026-03-29 01:00:00", "2026-03-29T00:00:00Z"},
		{"2026-03-30 04:00:00", "2026-03-30T02:00:00Z"},
		{"2026-03-30 01:00:00", "2026-03-29T23:00:00Z"},
		{"2026-07-15 01:00:00", "2026-07-14T23:00:00Z"},
		{"2026-07-15 23:59:59", "2026-07-15T21:59:59Z"}};
	struct stamp_clock clock;

	set_zone("Europe/Rome");
	stamp_clock_init(&clock, NOON_S);
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct stamp s = take(stamp_take_date_time, rows[i][0]);
		int64_t t;

		ck_assert(stamp_to_epoch(&s, &clock, &t));
		ck_assert_int_eq(t, utc(rows[i][1]));
	}
	set_zone("UTC");
}
END_TEST

START_TEST(bsd_in_zones)
{
	set_zone("Europe/Rome");
	ck_assert_int_eq(bsd("Nov 21 13:00:00", "2026-11-21T12:00:00Z"), NOON_S);
	ck_assert_int_eq(bsd("Jan  1 00:30:00", "2025-12-31T23:45:00Z"),
		utc("2025-12-31T23:30:00Z"));
	ck_assert_int_eq(bsd("Dec 31 23:30:00", "2025-12-31T23:45:00Z"),
		utc("2025-12-31T22:30:00Z"));
	ck_assert_int_eq(bsd("Oct 25 02:30:00", "2026-11-21T12:00:00Z"),
		utc("2026-10-25T00:30:00Z"));
	set_zone("America/New_York");
	ck_assert_int_eq(bsd("Dec 31 20:00:00", "2026-01-01T01:30:00Z"),
		utc("2026-01-01T01:00:00Z"));
	ck_assert_int_eq(bsd("Mar  8 02:30:00", "2026-11-21T12:00:00Z"),
		utc("2026-03-08T07:30:00Z"));
	set_zone("UTC");
}
END_TEST

/* Every minute of the year against the C library, where that has but one answer. */
START_TEST(agrees_with_localtime)
{
	static const char *const names[] = {"Europe/Rome", "America/New_York", "UTC"};
	int64_t start = utc("2025-01-01T00:00:00Z");
	struct stamp_clock clock;

	set_zone(names[_i]);
	stamp_clock_init(&clock, NOON_S);
	for (int64_t t = start; t < start + INT64_C(400) * 86400; t += 60 * 17) {
		time_t at = (time_t)t, earlier = at - 3600;
		struct tm tm, before;
		struct stamp s = {0};
		int64_t got;

		ck_assert_ptr_nonnull(localtime_r(&at, &tm));
		ck_assert_ptr_nonnull(localtime_r(&earlier, &before));
		if (tm.tm_hour == before.tm_hour) /* the second time */
			continue;
		ck_assert(stamp_set_date(&s, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
		s.hour = (int8_t)tm.tm_hour;
		s.minute = (int8_t)tm.tm_min;
		ck_assert(stamp_to_epoch(&s, &clock, &got));
		ck_assert_int_eq(got, t);
	}
	set_zone("UTC");
}
END_TEST

START_TEST(no_time)
{
	struct stamp s = {.year = 2026};
	struct stamp_clock clock;
	int64_t t;

	stamp_clock_init(&clock, NOON_S);
	ck_assert(!stamp_to_epoch(&s, &clock, &t));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stamp");
	TCase *forms = tcase_create("forms"), *times = tcase_create("times");

	tcase_add_test(forms, date_times);
	tcase_add_loop_test(forms, date_time_leaves, 0, 6);
	tcase_add_test(forms, refused);
	tcase_add_test(forms, set_date);
	tcase_add_test(forms, from_epoch);
	suite_add_tcase(s, forms);
	tcase_add_loop_test(times, years, 0, 12);
	tcase_add_test(times, year_within_a_minute);
	tcase_add_loop_test(times, zones, 0, (int)ORBL_COUNT(zone_rows));
	tcase_add_test(times, zones_in_any_order);
	tcase_add_test(times, day_of_a_change);
	tcase_add_test(times, bsd_in_zones);
	tcase_add_loop_test(times, agrees_with_localtime, 0, 3);
	tcase_add_test(times, no_time);
	suite_add_tcase(s, times);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
