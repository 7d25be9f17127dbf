/* journal_line.h - an entry of systemd's journal as a log line, whatever form it was exported in.
 *
 * Its line is made anew, so that it is the same in every form, one export or another:
 *
 *	2026-11-21T19:00:56.051238Z mx postfix/smtpd[2201]: message
 */
#ifndef ANALYZER_PARSE_JOURNAL_LINE_H
#define ANALYZER_PARSE_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "log_line.h"

enum journal_field {
	JOURNAL_MESSAGE,
	JOURNAL_TIME, /* microseconds since 1970 */
	JOURNAL_HOST,
	JOURNAL_IDENTIFIER,
	JOURNAL_COMM, /* of an entry without identifier */
	JOURNAL_SYSLOG_PID,
	JOURNAL_PID,       /* of an entry without SYSLOG_PID */
	JOURNAL_CONTAINER, /* the message is a line that a container printed */
	JOURNAL_FIELD_COUNT
};

enum { JOURNAL_LINE_MORE = 64 }; /* bytes that a line has beside the fields */

/* JOURNAL_FIELD_COUNT: none of these. */
enum journal_field journal_field_find(struct text name);

/* fields: p NULL when the entry lacks one. room: bytes for all fields and JOURNAL_LINE_MORE. out
 * lends from room. False when the entry has no time. */
bool
journal_line_make(const struct text fields[JOURNAL_FIELD_COUNT], char *room, struct log_line *out);

#endif
