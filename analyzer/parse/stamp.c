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

static bool
take_month(struct text *rest, struct stamp *out)
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

static bool
take_clock(struct text *rest, struct stamp *out)
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

bool
stamp_take_bsd(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int day;

	*out = (struct stamp){0};
	if (!take_month(&t, out) || !scan_byte(&t, ' '))
		return false;
	(void)scan_byte(&t, ' '); /* RFC 3164 section 4.1.2 pads the day; not every writer does */
	if (!scan_number(&t, 1, 2, &day) || day < 1 || day > month_days(0, out->month))
		return false;
	out->day = (int8_t)day;
	if (!scan_byte(&t, ' ') || !take_clock(&t, out))
		return false;
	*rest = t;
	return true;
}

static bool
take_offset(struct text *rest, struct stamp *out)
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
stamp_take_rfc3339(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int year, month, day;

	*out = (struct stamp){0};
	if (!scan_number(&t, 4, 4, &year) || !scan_byte(&t, '-') ||
		!scan_number(&t, 2, 2, &month) || !scan_byte(&t, '-') ||
		!scan_number(&t, 2, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	out->year = (int16_t)year;
	out->month = (int8_t)month;
	out->day = (int8_t)day;
	if ((!scan_byte(&t, 'T') && !scan_byte(&t, 't')) || !take_clock(&t, out) ||
		!take_offset(&t, out))
		return false;
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

static bool
local_minute(const struct stamp *s, int year, int64_t *out)
{
	struct tm tm = {
		.tm_year = year - 1900,
		.tm_mon = s->month - 1,
		.tm_mday = s->day,
		.tm_hour = s->hour,
		.tm_min = s->minute,
		.tm_isdst = -1,
	};
	time_t t = mktime(&tm);

	*out = (int64_t)t;
	return t != (time_t)-1;
}

/* The minute of a stamp without a year. *edge: some seconds of it belong to another year, as
 * now + 1 day lies in it. */
static bool
find_year(const struct stamp *s, int64_t now_s, int64_t *out, bool *edge)
{
	int64_t limit_s = now_s + DAY_S;
	time_t limit = (time_t)limit_s;
	struct tm tm;

	*edge = false;
	if (localtime_r(&limit, &tm) == NULL)
		return false;
	for (int year = tm.tm_year + 1900, i = 0; i <= YEARS_BACK; year--, i++) {
		if (s->day > month_days(year, s->month) || !local_minute(s, year, out))
			continue;
		if (*out <= limit_s && *out + 60 > limit_s)
			*edge = true;
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

static bool
bsd_to_epoch(const struct stamp *s, struct stamp_clock *clock, int64_t *out)
{
	uint32_t minute = (uint32_t)s->month << 24 | (uint32_t)s->day << 16 |
		(uint32_t)s->hour << 8 | (uint32_t)s->minute;
	bool edge;

	if (minute != clock->minute) {
		clock->minute = 0;
		if (!find_year(s, clock->now_s, &clock->minute_s, &edge))
			return false;
		if (!edge)
			clock->minute = minute;
	}
	*out = clock->minute_s + s->second;
	return true;
}

bool
stamp_to_epoch(const struct stamp *s, struct stamp_clock *clock, int64_t *out)
{
	if (s->month == 0)
		return false;
	if (s->year == 0)
		return bsd_to_epoch(s, clock, out);
	*out = days_of(s->year, s->month, s->day) * DAY_S + s->hour * 3600 + s->minute * 60 +
		s->second - s->offset_s;
	return true;
}
