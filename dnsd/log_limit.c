#include "log_limit.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orbl/log.h>

enum { LINE = 1024 };

/* FNV-1a: lines are ours, but for a name in them; a collision hides one line. */
static uint64_t
hash(const char *line)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *line != '\0'; line++)
		h = (h ^ (uint8_t)*line) * 0x100000001b3;
	return h;
}

static bool
has_budget(struct log_limit *l, int64_t now_ms)
{
	if (now_ms - l->second_ms >= 1000) {
		l->second_ms = now_ms;
		l->in_second = 0;
	}
	if (now_ms - l->minute_ms >= 60000) {
		l->minute_ms = now_ms;
		l->in_minute = 0;
	}
	if (l->in_second == LOG_LIMIT_PER_SECOND ||
		(l->per_minute != 0 && l->in_minute == l->per_minute)) {
		l->dropped++;
		return false;
	}
	l->in_second++;
	l->in_minute++;
	return true;
}

static void
tell(enum log_level level, const char *text, const char *end)
{
	if (level == LOG_LEVEL_WARNING)
		log_warning("%s%s", text, end);
	else
		log_notice("%s%s", text, end);
}

static void
write_line(struct log_limit *l, int64_t now_ms, enum log_level level, const char *text)
{
	size_t oldest = 0, i = 0;
	uint64_t line = hash(text), repeated = 0;
	char before[64] = "";

	for (; i < LOG_LIMIT_LINES && l->lines[i].line != line; i++)
		if (l->lines[i].since_ms < l->lines[oldest].since_ms)
			oldest = i;
	if (i < LOG_LIMIT_LINES && now_ms - l->lines[i].since_ms < LOG_LIMIT_MS) {
		l->lines[i].repeated++;
		return;
	}
	if (!has_budget(l, now_ms))
		return;
	if (i < LOG_LIMIT_LINES)
		repeated = l->lines[i].repeated;
	else
		i = oldest;
	l->lines[i].line = line;
	l->lines[i].since_ms = now_ms;
	l->lines[i].repeated = 0;
	if (repeated != 0)
		snprintf(before, sizeof(before), " (and %llu times before)",
			(unsigned long long)repeated);
	tell(level, text, before);
	if (l->dropped != 0 && l->in_second == 1) {
		snprintf(before, sizeof(before), "%llu", (unsigned long long)l->dropped);
		tell(level, before, " more lines like these were not logged");
		l->dropped = 0;
	}
}

void
log_limit_notice(struct log_limit *l, int64_t now_ms, const char *fmt, ...)
{
	char text[LINE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	write_line(l, now_ms, LOG_LEVEL_NOTICE, text);
}

void
log_limit_warning(struct log_limit *l, int64_t now_ms, const char *fmt, ...)
{
	char text[LINE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	write_line(l, now_ms, LOG_LEVEL_WARNING, text);
}
