/* log_limit.h - log lines that strangers can cause: each once a minute, and few a second.
 *
 * Who has a new name or address for each line gets LOG_LIMIT_PER_SECOND, which is a hundred
 * megabytes a day, unless per_minute says less.
 */
#ifndef DNSD_LOG_LIMIT_H
#define DNSD_LOG_LIMIT_H

#include <stdint.h>

#include <orbl/compiler.h>

enum {
	LOG_LIMIT_LINES = 64,
	LOG_LIMIT_MS = 60000,
	LOG_LIMIT_PER_SECOND = 10,
	LOG_LIMIT_PER_MINUTE = 60, /* of refusals */
};

struct log_limit {
	struct {
		uint64_t line; /* hash */
		int64_t since_ms;
		uint64_t repeated;
	} lines[LOG_LIMIT_LINES];
	unsigned per_minute; /* lines at most; 0: no bound but that of the seconds */
	int64_t second_ms, minute_ms;
	unsigned in_second, in_minute;
	uint64_t dropped;
};

/* A line, unless the same line was there within a minute: how often it came is added to it when
 * it is next shown. */
void log_limit_notice(struct log_limit *l, int64_t now_ms, const char *fmt, ...) ORBL_PRINTF(3, 4);
void log_limit_warning(struct log_limit *l, int64_t now_ms, const char *fmt, ...) ORBL_PRINTF(3, 4);

#endif
