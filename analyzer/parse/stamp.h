/* stamp.h - time stamps of log lines.
 *
 * A BSD stamp ("Nov 21 19:00:56") has neither year nor zone. It is taken as local time of
 * the reader (TZ), in the latest year that does not put it more than a day ahead of now: a log
 * may be old, but not from the future. RFC 3339 stamps say both.
 */
#ifndef ANALYZER_PARSE_STAMP_H
#define ANALYZER_PARSE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/text.h>

struct stamp {
	int16_t year; /* 0: not given, nor is the offset */
	int8_t month; /* 1..12; 0: no time at all */
	int8_t day, hour, minute, second;
	int32_t us;
	int32_t offset_s;
};

/* Take a stamp from the left of *rest, which moves only on success. */
bool stamp_take_bsd(struct text *rest, struct stamp *out);
bool stamp_take_rfc3339(struct text *rest, struct stamp *out);

/* Remembers the last minute converted, as mktime is slow and lines come in bunches. */
struct stamp_clock {
	int64_t now_s;
	uint32_t minute; /* packed month, day, hour, minute; 0 none */
	int64_t minute_s;
};

void stamp_clock_init(struct stamp_clock *clock, int64_t now_s);
/* False when no year fits or the stamp has no time. */
bool stamp_to_epoch(const struct stamp *s, struct stamp_clock *clock, int64_t *out);

#endif
