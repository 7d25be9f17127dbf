/* tai_line.h - lines that multilog, or tai64nlocal behind it, has put its time in front of.
 *
 *	@4000000067a1b2c30a1b2c3c MESSAGE            TAI64N
 *	2026-11-20 10:00:00.000000500 MESSAGE        tai64nlocal: local time
 *	1157520813.485077 MESSAGE                    splogger, inside a syslog line
 */
#ifndef ANALYZER_PARSE_TAI_LINE_H
#define ANALYZER_PARSE_TAI_LINE_H

#include "log_line.h"

struct tai_line {
	struct stamp stamp; /* month 0: the frame's */
	struct text message;
};

/* False when there is no such stamp; out is the line's message without a time then. */
bool tai_line_parse(const struct log_line *s, struct tai_line *out);

#endif
