#include "syslog_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit.h"

enum { NOON_S = 1795262400 }; /* 2026-11-21T12:00:00Z */

static bool
same(struct text t, const char *s)
{
	return text_equal(t, text_of(s));
}

static struct log_line
parse(const char *s)
{
	struct log_line line;
	const char *reason = NULL;

	ck_assert_msg(syslog_line_parse(text_of(s), &line, &reason) == OK, "%s: %s", s, reason);
	return line;
}

static int64_t
epoch(const char *s)
{
	struct log_line line = parse(s);
	struct stamp_clock clock;
	int64_t t = 0;

	stamp_clock_init(&clock, NOON_S);
	ck_assert(stamp_to_epoch(&line.stamp, &clock, &t));
	return t;
}

static void
set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

START_TEST(bsd_parts)
{
	static const char *const lines[] = {
		"Nov  1 07:00:01 mx postfix/smtpd[2201]: hello there",
		"Nov 1 07:00:01 mx postfix/smtpd[2201]: hello there",
		"Nov 01 07:00:01 mx postfix/smtpd[2201]: hello there",
		"<22>Nov  1 07:00:01 mx postfix/smtpd[2201]: hello there",
		"Nov  1 07:00:01 <mail.info> mx postfix/smtpd[2201]: hello there",
		"Nov  1 07:00:01.25 mx postfix/smtpd[2201]: hello there",
		"Nov  1 07:00:01 mx postfix/smtpd[2201]:hello there",
	};
	struct log_line s = parse(lines[_i]);

	ck_assert_int_eq(s.stamp.year, 0);
	ck_assert_int_eq(s.stamp.month, 11);
	ck_assert_int_eq(s.stamp.day, 1);
	ck_assert_int_eq(s.stamp.second, 1);
	ck_assert(same(s.host, "mx"));
	ck_assert(same(s.tag, "postfix/smtpd"));
	ck_assert(same(s.pid, "2201"));
	ck_assert(same(s.message, "hello there"));
	ck_assert_uint_eq(s.count, 1);
	ck_assert(!s.repeats_last && !s.tag_cut);
}
END_TEST

START_TEST(iso_parts)
{
	struct log_line s = parse("2026-11-21T19:00:56.051238-03:30 mx.example postfix/smtpd: x");

	ck_assert_int_eq(s.stamp.year, 2026);
	ck_assert_int_eq(s.stamp.us, 51238);
	ck_assert_int_eq(s.stamp.offset_s, -12600);
	ck_assert(same(s.host, "mx.example"));
	ck_assert(same(s.tag, "postfix/smtpd"));
	ck_assert_ptr_null(s.pid.p);
	ck_assert_int_eq(parse("2026-11-21T19:00:56.1234567899Z a b: c").stamp.us, 123456);
	ck_assert_int_eq(parse("2026-11-21T19:00:56+0100 a b: c").stamp.offset_s, 3600);
}
END_TEST

START_TEST(no_tag)
{
	static const char *const messages[] = {"-- MARK --", "[12] x", "pid[1 x: y",
		"words and: colons", ": x", ""};
	char line[128];
	struct log_line s;

	(void)snprintf(line, sizeof(line), "Nov 21 07:00:01 mx %s", messages[_i]);
	s = parse(line);
	ck_assert_uint_eq(s.tag.len, 0);
	ck_assert_ptr_null(s.pid.p);
	ck_assert(same(s.message, messages[_i]));
}
END_TEST

START_TEST(rfc5424_parts)
{
	static const char *const lines[] = {
		"<22>1 2026-11-21T19:00:56.5+01:00 mx postfix 2201 - -  hello",
		"<22>1 2026-11-21T19:00:56.5+01:00 mx postfix 2201 ID47 - hello",
		"<22>1 2026-11-21T19:00:56.5+01:00 mx postfix 2201 - - \xef\xbb\xbfhello",
		"<22>1 2026-11-21T19:00:56.5+01:00 mx postfix 2201 - -  \xef\xbb\xbfhello",
		"<22>1 2026-11-21T19:00:56.5+01:00 mx postfix 2201 - [a b=\"] \\\" [\"][d] hello",
	};
	struct log_line s = parse(lines[_i]);

	ck_assert_int_eq(s.stamp.us, 500000);
	ck_assert(same(s.host, "mx"));
	ck_assert(same(s.tag, "postfix"));
	ck_assert(same(s.pid, "2201"));
	ck_assert(same(s.message, "hello"));
	ck_assert(s.tag_cut);
}
END_TEST

START_TEST(rfc5424_without_message)
{
	ck_assert_uint_eq(parse("<22>1 - mx app - - -").message.len, 0);
	ck_assert_int_eq(parse("<22>1 - mx app - - -").stamp.month, 0);
	ck_assert_uint_eq(parse("<22>1 - - - - - - x").host.len, 0);
	ck_assert_uint_eq(parse("<22>1 - - - - - - x").tag.len, 0);
	ck_assert_ptr_null(parse("<22>1 - - - - - - x").pid.p);
	ck_assert_uint_eq(parse("<0>1 2026-11-21T19:00:56Z - - - - [a]").message.len, 0);
}
END_TEST

START_TEST(no_framing)
{
	static const char *const lines[] = {
		"",
		" ",
		"x",
		"Nov",
		"Nov 21",
		"Nov 21 07:00:01",
		"Nov 21 07:00:01 ",
		"Nov 21 07:00:01  mx x: y",
		"Nov   1 07:00:01 mx x: y",
		"nov 21 07:00:01 mx x: y",
		"Nov 0 07:00:01 mx x: y",
		"Nov 31 07:00:01 mx x: y",
		"Feb 30 07:00:01 mx x: y",
		"Nov 21 24:00:01 mx x: y",
		"Nov 21 07:60:01 mx x: y",
		"Nov 21 07:00:61 mx x: y",
		"Nov 21 7:00:01 mx x: y",
		"Nov 21 07:00:01. mx x: y",
		"<>Nov 21 07:00:01 mx x: y",
		"<192>Nov 21 07:00:01 mx x: y",
		"<22Nov 21 07:00:01 mx x: y",
		"Nov 21 07:00:01 <mail mx",
		"2023-02-29T07:00:01Z mx x: y",
		"1900-02-28T07:00:01Z mx x: y",
		"2026-13-01T07:00:01Z mx x: y",
		"2026-11-21T07:00:01 mx x: y",
		"2026-11-21T07:00:01+24:00 mx x: y",
		"2026-11-21T07:00:01+0 mx x: y",
		"2026-11-21 07:00:01Z mx x: y",
		"<22>1 2026-11-21T07:00:01Z",
		"<22>1 2026-11-21T07:00:01Z mx app 1 -",
		"<22>1 2026-11-21T07:00:01Z mx app 1 - [a",
		"<22>1 2026-11-21T07:00:01Z mx app 1 - [a]x",
		"<22>1 2026-11-21T07:00:01Z mx app 1 - [a=\"]\\",
		"<22>2 2026-11-21T07:00:01Z mx a 1 - - x",
		"<22>1 x mx app 1 - -",
	};
	struct log_line s;
	const char *reason = NULL;

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		ck_assert_msg(syslog_line_parse(text_of(lines[i]), &s, &reason) == ERR_SYNTAX, "%s",
			lines[i]);
		ck_assert_ptr_nonnull(reason);
	}
}
END_TEST

START_TEST(no_byte_beyond)
{
	static const char line[] = "<22>1 2026-11-21T19:00:56Z mx postfix 1 - [a b=\"c\"] x";
	struct log_line s;
	const char *reason;

	for (size_t n = 0; n < sizeof(line); n++) { /* the sanitizers watch the exact size */
		char *copy = malloc(n + 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, line, n);
		copy = realloc(copy, n != 0 ? n : 1);
		ck_assert_ptr_nonnull(copy);
		reason = NULL;
		ck_assert_int_eq(syslog_line_parse((struct text){copy, n}, &s, &reason) == OK,
			reason == NULL);
		free(copy);
	}
}
END_TEST

START_TEST(repeats)
{
	struct log_line s = parse("Nov 21 07:00:01 mx a/b[1]: message repeated 3 times: [ hi]]");

	ck_assert_uint_eq(s.count, 3);
	ck_assert(!s.repeats_last);
	ck_assert(same(s.message, "hi]"));
	s = parse("Nov 21 07:00:01 mx last message repeated 12 times");
	ck_assert_uint_eq(s.count, 12);
	ck_assert(s.repeats_last);
	s = parse("Nov 21 07:00:01 mx a[1]: last message repeated 4294967295 times");
	ck_assert_uint_eq(s.count, UINT32_MAX);
	ck_assert(s.repeats_last && same(s.tag, "a"));
}
END_TEST

START_TEST(no_repeats)
{
	static const char *const messages[] = {"message repeated 0 times: [ x]",
		"message repeated 4294967296 times: [ x]", "message repeated 2 times: [ x",
		"message repeated 2 times: [", "message repeated -2 times: [ x]",
		"message repeated  times: [ x]", "message repeated 2 times",
		"last message repeated 2 times.", "last message repeated x times",
		"my last message repeated 2 times"};
	char line[128];
	struct log_line s;

	(void)snprintf(line, sizeof(line), "Nov 21 07:00:01 mx a: %s", messages[_i]);
	s = parse(line);
	ck_assert_uint_eq(s.count, 1);
	ck_assert(!s.repeats_last);
	ck_assert(same(s.message, messages[_i]));
}
END_TEST

START_TEST(time_with_offset)
{
	ck_assert_int_eq(epoch("2026-11-21T12:00:00Z a b: c"), NOON_S);
	ck_assert_int_eq(epoch("2026-11-21T13:00:00+01:00 a b: c"), NOON_S);
	ck_assert_int_eq(epoch("2026-11-21T08:30:00-03:30 a b: c"), NOON_S);
	ck_assert_int_eq(epoch("1970-01-01T00:00:00Z a b: c"), 0);
	ck_assert_int_eq(epoch("2000-02-29T00:00:00Z a b: c"), 951782400);
	ck_assert_int_eq(epoch("2100-03-01T00:00:00Z a b: c"), 4107542400);
	ck_assert_int_eq(epoch("9999-12-31T23:59:59Z a b: c"), 253402300799);
}
END_TEST

/* The day of the year that every month starts with, against the C library. */
START_TEST(time_agrees_with_timegm)
{
	struct stamp_clock clock;

	stamp_clock_init(&clock, NOON_S);
	for (int day = 0; day < 366 * 40; day += 13) {
		time_t t = (time_t)day * 86400;
		struct stamp s;
		struct tm tm;
		int64_t got;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		s = (struct stamp){.year = (int16_t)(tm.tm_year + 1900),
			.month = (int8_t)(tm.tm_mon + 1),
			.day = (int8_t)tm.tm_mday};
		ck_assert(stamp_to_epoch(&s, &clock, &got));
		ck_assert_int_eq(got, t);
	}
}
END_TEST

START_TEST(year_of_bsd)
{
	set_zone("UTC");
	ck_assert_int_eq(epoch("Nov 21 12:00:00 a b: c"), NOON_S);
	ck_assert_int_eq(epoch("Nov 22 12:00:00 a b: c"), NOON_S + 86400);
	ck_assert_int_eq(epoch("Nov 22 12:00:01 a b: c"), NOON_S + 86401 - 365 * 86400);
	ck_assert_int_eq(epoch("Dec 31 23:59:59 a b: c"), 1767225599);
	ck_assert_int_eq(epoch("Feb 29 00:00:00 a b: c"), 1709164800); /* 2024 */
}
END_TEST

START_TEST(year_at_new_year)
{
	struct log_line s = parse("Jan  1 00:00:05 a b: c");
	struct stamp_clock clock;
	int64_t t;

	set_zone("UTC");
	stamp_clock_init(&clock, 1798761590); /* 2026-12-31T23:59:50Z */
	ck_assert(stamp_to_epoch(&s.stamp, &clock, &t));
	ck_assert_int_eq(t, 1798761605);
}
END_TEST

/* The clock remembers a minute; seconds in it may lie on both sides of now + 1 day. */
START_TEST(year_within_a_minute)
{
	struct stamp_clock clock;
	struct log_line s;
	int64_t t;

	set_zone("UTC");
	stamp_clock_init(&clock, NOON_S + 30);
	s = parse("Nov 22 12:00:29 a b: c");
	ck_assert(stamp_to_epoch(&s.stamp, &clock, &t));
	ck_assert_int_eq(t, NOON_S + 86429);
	s = parse("Nov 22 12:00:31 a b: c");
	ck_assert(stamp_to_epoch(&s.stamp, &clock, &t));
	ck_assert_int_eq(t, NOON_S + 86431 - 365 * 86400);
	s = parse("Nov 22 12:00:30 a b: c");
	ck_assert(stamp_to_epoch(&s.stamp, &clock, &t));
	ck_assert_int_eq(t, NOON_S + 86430);
}
END_TEST

START_TEST(local_time)
{
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	ck_assert_int_eq(epoch("Nov 21 13:00:00 a b: c"), NOON_S);
	ck_assert_int_eq(epoch("Jul  1 14:00:00 a b: c"), 1782907200); /* summer time */
	set_zone("UTC");
}
END_TEST

START_TEST(no_time)
{
	struct stamp_clock clock;
	struct stamp s = {0};
	int64_t t;

	stamp_clock_init(&clock, NOON_S);
	ck_assert(!stamp_to_epoch(&s, &clock, &t));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("syslog_line");
	TCase *frames = tcase_create("frames"), *repeated = tcase_create("repeated"),
	      *times = tcase_create("times");

	tcase_add_loop_test(frames, bsd_parts, 0, 7);
	tcase_add_test(frames, iso_parts);
	tcase_add_loop_test(frames, no_tag, 0, 6);
	tcase_add_loop_test(frames, rfc5424_parts, 0, 5);
	tcase_add_test(frames, rfc5424_without_message);
	tcase_add_test(frames, no_framing);
	tcase_add_test(frames, no_byte_beyond);
	suite_add_tcase(s, frames);
	tcase_add_test(repeated, repeats);
	tcase_add_loop_test(repeated, no_repeats, 0, 10);
	suite_add_tcase(s, repeated);
	tcase_add_test(times, time_with_offset);
	tcase_add_test(times, time_agrees_with_timegm);
	tcase_add_test(times, year_of_bsd);
	tcase_add_test(times, year_at_new_year);
	tcase_add_test(times, year_within_a_minute);
	tcase_add_test(times, local_time);
	tcase_add_test(times, no_time);
	suite_add_tcase(s, times);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
