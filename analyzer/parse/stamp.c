#include "stamp.h"

#include <string.h>
#include <time.h>

#include "scan.h"

enum {
	DAY_S = 86400,
	YEARS_BACK = 8 /* the longest run of years without a 29 February (1896 to 1904) */
};

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Of a year not given, the longest that month can be. */
static int
month_days(int year, int month)
{
	static const int8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && year != 0 && !is_leap(year) ? 28 : days[month - 1];
}

bool
stamp_take_month(struct text *rest, struct stamp *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (rest->len < 3)
		return false;
	for (size_t i = 0; i < 12; i++) {
		if (memcmp(rest->p, names + 3 * i, 3) != 0)
			continue;
		out->month = (int8_t)(i + 1);
		scan_skip(rest, 3);
		return true;
	}
	return false;
}

/* "." and digits: more than six are cut, RFC 3339 sets no limit. */
static bool
take_fraction(struct text *rest, struct stamp *out)
{
	int32_t unit = 100000;

	out->us = 0;
	if (!scan_byte(rest, '.'))
		return true;
	if (rest->len == 0 || !scan_is_digit(rest->p[0]))
		return false;
	while (rest->len != 0 && scan_is_digit(rest->p[0])) {
		out->us += unit * (rest->p[0] - '0');
		unit /= 10;
		scan_skip(rest, 1);
	}
	return true;
}

bool
stamp_take_clock(struct text *rest, struct stamp *out)
{
	int hour, minute, second;

	if (!scan_number(rest, 2, 2, &hour) || !scan_byte(rest, ':') ||
		!scan_number(rest, 2, 2, &minute) || !scan_byte(rest, ':') ||
		!scan_number(rest, 2, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60) /* 60: leap second */
		return false;
	out->hour = (int8_t)hour;
	out->minute = (int8_t)minute;
	out->second = (int8_t)second;
	return take_fraction(rest, out);
}

/* "2026 ", if it stands there. Month and day are known. */
static bool
take_year(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int year;

	if (!scan_number(&t, 4, 4, &year) || !scan_byte(&t, ' '))
		return true;
	*rest = t;
	return stamp_set_date(out, year, out->month, out->day);
}

bool
stamp_take_bsd(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int day;

	*out = (struct stamp){0};
	if (!stamp_take_month(&t, out) || !scan_byte(&t, ' '))
		return false;
	(void)scan_byte(&t, ' '); /* RFC 3164 section 4.1.2 pads the day; not every writer does */
	if (!scan_number(&t, 1, 2, &day) || day < 1 || day > month_days(0, out->month))
		return false;
	out->day = (int8_t)day;
	if (!scan_byte(&t, ' ') || !take_year(&t, out) || !stamp_take_clock(&t, out))
		return false;
	*rest = t;
	return true;
}

bool
stamp_take_offset(struct text *rest, struct stamp *out)
{
	int hours, minutes, sign = 1;

	if (scan_byte(rest, 'Z') || scan_byte(rest, 'z'))
		return true;
	if (scan_byte(rest, '-'))
		sign = -1;
	else if (!scan_byte(rest, '+'))
		return false;
	if (!scan_number(rest, 2, 2, &hours) || hours > 23)
		return false;
	(void)scan_byte(rest, ':'); /* ISO 8601 allows +hhmm */
	if (!scan_number(rest, 2, 2, &minutes) || minutes > 59)
		return false;
	out->offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
stamp_set_date(struct stamp *out, int year, int month, int day)
{
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
		day > month_days(year, month))
		return false;
	out->year = (int16_t)year;
	out->month = (int8_t)month;
	out->day = (int8_t)day;
	out->is_local = true;
	return true;
}

static bool
take_date(struct text *rest, struct stamp *out)
{
	int year, month, day;

	return scan_number(rest, 4, 4, &year) && scan_byte(rest, '-') &&
		scan_number(rest, 2, 2, &month) && scan_byte(rest, '-') &&
		scan_number(rest, 2, 2, &day) && stamp_set_date(out, year, month, day);
}

/* " +0100" or "Z" behind a local time, or nothing. */
static void
take_zone(struct text *rest, struct stamp *out)
{
	struct text t = *rest;

	(void)scan_byte(&t, ' ');
	if (t.len == 0 || (t.p[0] != '+' && t.p[0] != '-' && t.p[0] != 'Z') ||
		!stamp_take_offset(&t, out) || (t.len != 0 && scan_is_alnum(t.p[0])))
		return;
	out->is_local = false;
	*rest = t;
}

bool
stamp_take_date_time(struct text *rest, struct stamp *out)
{
	struct text t = *rest;

	*out = (struct stamp){0};
	if (!take_date(&t, out) || (!scan_byte(&t, ' ') && !scan_byte(&t, 'T')) ||
		!stamp_take_clock(&t, out)) {
		*out = (struct stamp){0};
		return false;
	}
	take_zone(&t, out);
	*rest = t;
	return true;
}

bool
stamp_take_rfc3339(struct text *rest, struct stamp *out)
{
	struct text t = *rest;

	*out = (struct stamp){0};
	if (!take_date(&t, out) || (!scan_byte(&t, 'T') && !scan_byte(&t, 't')) ||
		!stamp_take_clock(&t, out) || !stamp_take_offset(&t, out))
		return false;
	out->is_local = false;
	*rest = t;
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar, of a year that starts in March. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

static int64_t
minute_of_day(const struct stamp *s)
{
	return s->hour * 3600 + s->minute * 60;
}

/* How far local time is ahead of UTC at t. */
static bool
offset_at(int64_t t, int64_t *out)
{
	time_t at = (time_t)t;
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL)
		return false;
	*out = tm.tm_gmtoff;
	return true;
}

/* mktime answers for an hour that comes twice whichever it answered last. Here the offsets of
 * the days before and after are tried; an hour that comes twice is the first one, and one
 * that is left out goes on in the offset before. *steady: they are the same. */
static bool
local_minute(const struct stamp *s, int year, int64_t *out, bool *steady)
{
	int64_t t = days_of(year, s->month, s->day) * DAY_S + minute_of_day(s);
	int64_t before, after, there;

	if (!offset_at(t - 2 * DAY_S, &before) || !offset_at(t + 2 * DAY_S, &after))
		return false;
	*out = t - before;
	*steady = before == after;
	if (*steady || !offset_at(t - before, &there) || there == before)
		return true;
	if (offset_at(t - after, &there) && there == after)
		*out = t - after;
	return true;
}

bool
stamp_from_epoch(int64_t s, int32_t us, struct stamp *out)
{
	time_t t = (time_t)s;
	struct tm tm;

	*out = (struct stamp){0};
	if (s < 0 || gmtime_r(&t, &tm) == NULL ||
		!stamp_set_date(out, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday))
		return false;
	out->is_local = false;
	out->hour = (int8_t)tm.tm_hour;
	out->minute = (int8_t)tm.tm_min;
	out->second = (int8_t)tm.tm_sec;
	out->us = us;
	return true;
}

/* The minute of a stamp without a year. *steady: the whole day is of this year, and no clock
 * is changed in it. */
static bool
find_year(const struct stamp *s, int64_t now_s, int64_t *out, bool *steady)
{
	int64_t limit_s = now_s + DAY_S;
	time_t limit = (time_t)limit_s;
	bool near = false; /* now + 1 day lies in that day, or next to it */
	struct tm tm;

	if (localtime_r(&limit, &tm) == NULL)
		return false;
	for (int year = tm.tm_year + 1900, i = 0; i <= YEARS_BACK; year--, i++) {
		if (s->day > month_days(year, s->month) || !local_minute(s, year, out, steady))
			continue;
		near = near || (*out - DAY_S <= limit_s && *out + DAY_S > limit_s);
		*steady = *steady && !near;
		if (*out + s->second <= limit_s)
			return true;
	}
	return false;
}

void
stamp_clock_init(struct stamp_clock *clock, int64_t now_s)
{
	*clock = (struct stamp_clock){.now_s = now_s};
}

/* Of two stamps of the same day the second one is cheap. */
static bool
find_minute(const struct stamp *s, struct stamp_clock *clock, int64_t *out)
{
	uint64_t day = (uint64_t)s->year << 16 | (uint64_t)s->month << 8 | (uint64_t)s->day;
	bool steady;

	if (day == clock->day) {
		*out = clock->day_s + minute_of_day(s);
		return true;
	}
	clock->day = 0;
	if (s->year == 0 ? !find_year(s, clock->now_s, out, &steady) :
			   !local_minute(s, s->year, out, &steady))
		return false;
	if (steady) {
		clock->day = day;
		clock->day_s = *out - minute_of_day(s);
	}
	return true;
}

bool
stamp_to_epoch(const struct stamp *s, struct stamp_clock *clock, int64_t *out)
{
	if (s->month == 0)
		return false;
	if (s->year != 0 && !s->is_local) {
		*out = days_of(s->year, s->month, s->day) * DAY_S + s->hour * 3600 +
			s->minute * 60 + s->second - s->offset_s;
		return true;
	}
	if (!find_minute(s, clock, out))
		return false;
	*out += s->second;
	return true;
}
