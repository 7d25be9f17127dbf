/* eventlog_fixture.h - what a container makes of bytes, as text to compare. */
#ifndef TESTS_EVENTLOG_FIXTURE_H
#define TESTS_EVENTLOG_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "container.h"

enum { TRACE_TEXT = 65536, TRACE_EVENTS = 64 };

/* An event is a line: "NUMBER TIME SOURCE ID COMPUTER|NAME=VALUE|VALUE...#MESSAGE". */
struct event_trace {
	char text[TRACE_TEXT];
	size_t len;
	unsigned events, troubles;
	unsigned doubtful;              /* of the events */
	const char *line[TRACE_EVENTS]; /* into text, each ended by NUL */
	char trouble[256];              /* the last */
	unsigned stop_after;            /* events; then the sink fails. 0: never */
};

/* The file is fed in pieces of step bytes, each in memory of its own. Returns what the container
 * did, which is checked to be the same for all calls after a failure. */
enum err event_trace_run(struct event_trace *t, const char *format, const void *bytes, size_t len,
	size_t step);
bool event_trace_has(const struct event_trace *t, const char *line);
/* The same events in the same order. */
bool event_trace_equal(const struct event_trace *a, const struct event_trace *b);

#endif
