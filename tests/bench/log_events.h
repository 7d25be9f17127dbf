/* log_events.h - what mail servers log: one table an event, weighted by profile. */
#ifndef BENCH_LOG_EVENTS_H
#define BENCH_LOG_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

struct log_event {
	unsigned attack, usual;   /* how often, under many denials and under few */
	const char *const *lines; /* ends with NULL */
};

struct log_format {
	const char *name;
	const char *const *head; /* lines at the beginning; NULL: none */
	const struct log_event *events;
	size_t count;
};

const struct log_format *log_format_find(const char *name); /* NULL: unknown */

#endif
