/* stamp.h - time stamps of log lines.
 *
 * A BSD stamp ("Nov 21 19:00:56") has neither year nor zone. It is taken as local time of
 * the reader (TZ), in the latest year that does not put it more than a day ahead of now: a log
 * may be old, but not from the future; the day is for clocks that run ahead. 29 February is in
 * the latest leap year. RFC 3339 stamps say both and are taken as they are.
 *
 * Of a local hour that comes twice, when clocks are put back, the first one is meant. One that
 * is left out counts as if clocks had not been put forward yet: 02:30 is then 03:30. A leap
 * second, 23:59:60, is the first second of the next minute.
 */
#ifndef ANALYZER_PARSE_STAMP_H
#define ANALYZER_PARSE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/text.h>

struct stamp {
	int16_t year;  /* 0: not given, nor is the offset */
	int8_t month;  /* 1..12; 0: no time at all */
	bool is_local; /* the year is given, the offset is not: local time of the reader (TZ) */
	int8_t day, hour, minute, second;
	int32_t us;
	int32_t offset_s;
};

/* Take a stamp from the left of *rest, which moves only on success. Some writers put the year
 * into a BSD stamp: "Nov 21 2026 19:00:56". */
bool stamp_take_bsd(struct text *rest, struct stamp *out);
bool stamp_take_rfc3339(struct text *rest, struct stamp *out);
/* "2013-06-10 18:33:32", with a fraction, and " +0100" or "Z" perhaps; without a zone it is local
 * time, and a caller whose format means UTC clears is_local. */
bool stamp_take_date_time(struct text *rest, struct stamp *out);

/* For forms of one dialect only. */
bool stamp_take_month(struct text *rest, struct stamp *out);  /* "Jan"; sets month */
bool stamp_take_clock(struct text *rest, struct stamp *out);  /* "18:33:32[.051]" */
bool stamp_take_offset(struct text *rest, struct stamp *out); /* "Z", "+0100", "+01:00" */
/* Local time from now on. False, and *out unchanged, when there is no such day. */
bool stamp_set_date(struct stamp *out, int year, int month, int day);
/* UTC. False below 1970 and above 9999. */
bool stamp_from_epoch(int64_t s, int32_t us, struct stamp *out);

/* Remembers the last day of local time, as zones are slow and lines come in bunches. */
struct stamp_clock {
	int64_t now_s;
	uint64_t day;  /* packed year, month, day, on which no clock is changed; 0 none */
	int64_t day_s; /* its start */
};

void stamp_clock_init(struct stamp_clock *clock, int64_t now_s);
/* False when no year fits or the stamp has no time. */
bool stamp_to_epoch(const struct stamp *s, struct stamp_clock *clock, int64_t *out);

#endif
