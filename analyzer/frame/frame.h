/* frame.h - takes off a line what a syslog daemon, journald or a container runtime put around it.
 *
 *	syslog       syslog_line.h, and in front of it outer.h
 *	journald     journal_json.h
 *	Docker       {"log":"...\n","stream":"stdout","time":"..."}, of its json-file driver
 *	Kubernetes   2026-11-21T19:00:56.051238112Z stdout F message
 *	others       shipped_json.h
 *
 * A line inside Docker's may have a syslog frame of its own; then that counts.
 */
#ifndef ANALYZER_PARSE_FRAME_H
#define ANALYZER_PARSE_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "log_line.h"
#include "quick.h"

enum frame_result {
	FRAME_TAKEN,
	FRAME_MISSING, /* *reason says what the line lacks; out is the line as FRAME_NONE */
	FRAME_PART,    /* of a longer line; it comes with its last part */
	FRAME_BAD      /* *reason */
};

struct frames;

/* Memory for lines of line_max bytes. NULL: out of memory. */
struct frames *frames_new(size_t line_max);
void frames_free(struct frames *f); /* NULL ok */
/* The line in the same syslog frame as the last one taken, see quick.h. */
bool frames_glance(const struct frames *f, struct text line, struct glance *out);
void frames_fill(const struct frames *f, const struct glance *g, struct log_line *out);
/* out lends from the line and from f, until the next call. */
enum frame_result
frames_take(struct frames *f, struct text line, struct log_line *out, const char **reason);
/* Another reading of s, as frames_take gave it, for when no dialect knows it: a frame that lines
 * of other logs look like, or that a line without a tag has by chance only. */
bool frames_take_weak(struct frames *f, const struct log_line *s, struct log_line *out);

#endif
