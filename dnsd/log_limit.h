/* log_limit.h - log lines that strangers can cause: each once a minute, and few a second. */
#ifndef DNSD_LOG_LIMIT_H
#define DNSD_LOG_LIMIT_H

#include <stdint.h>

#include <orbl/compiler.h>

enum { LOG_LIMIT_LINES = 64, LOG_LIMIT_MS = 60000, LOG_LIMIT_PER_SECOND = 10 };

struct log_limit {
	struct {
		uint64_t line; /* hash */
		int64_t since_ms;
		uint64_t repeated;
	} lines[LOG_LIMIT_LINES];
	int64_t second_ms;
	unsigned in_second;
	uint64_t dropped;
};

/* A line, unless the same line was there within a minute: how often it came is added to it when
 * it is next shown. */
void log_limit_notice(struct log_limit *l, int64_t now_ms, const char *fmt, ...) ORBL_PRINTF(3, 4);
void log_limit_warning(struct log_limit *l, int64_t now_ms, const char *fmt, ...) ORBL_PRINTF(3, 4);

#endif
