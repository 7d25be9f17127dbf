/* quick.h - lines of a log start alike: what one line had in front of its tag the next one needs
 * not have decoded again, when the two differ there in the digits of the seconds alone.
 *
 * Nothing is guessed: what these functions give is what syslog_line_parse would have given.
 */
#ifndef ANALYZER_PARSE_QUICK_H
#define ANALYZER_PARSE_QUICK_H

#include <stddef.h>
#include <stdint.h>

#include "log_line.h"

enum { QUICK_WORDS = 16, QUICK_HEAD = 8 * QUICK_WORDS };

struct quick {
	size_t len;    /* of the head, 0: none is known */
	size_t words;  /* of 8 bytes, that the head reaches into */
	size_t second; /* where its two digits are */
	size_t tail;   /* where the digits of the fraction end */
	size_t host_at, host_len;
	struct stamp stamp;
	uint64_t head[QUICK_WORDS];
	uint64_t same[QUICK_WORDS];   /* bits that must be the same */
	uint64_t digits[QUICK_WORDS]; /* bytes that must be digits */
};

/* s: what syslog_line_parse has made of a line. */
void quick_note(struct quick *q, const struct log_line *s);
/* False: the line has to be parsed; out is not touched. */
bool quick_take(const struct quick *q, struct text line, struct log_line *out);

/* What a glance at a line shows that is no "message repeated": all that syslog_line_parse would
 * find, if the tag is one that it has taken from another line. Other than such a one, the tag
 * here may hold anything but a colon. */
struct glance {
	struct text line, tag, pid, message;
};

/* False: the line has to be looked at more closely. */
bool quick_glance(const struct quick *q, struct text line, struct glance *out);
void quick_fill(const struct quick *q, const struct glance *g, struct log_line *out);

#endif
