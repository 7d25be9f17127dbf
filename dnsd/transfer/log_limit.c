#include "log_limit.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orbl/log.h>

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
	if (l->in_second == LOG_LIMIT_PER_SECOND) {
		l->dropped++;
		return false;
	}
	l->in_second++;
	return true;
}

void
log_limit_notice(struct log_limit *l, int64_t now_ms, const char *fmt, ...)
{
	size_t oldest = 0, i = 0;
	uint64_t line, repeated = 0;
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	line = hash(text);
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
		log_notice("%s (and %llu times before)", text, (unsigned long long)repeated);
	else
		log_notice("%s", text);
	if (l->dropped != 0 && l->in_second == 1) {
		log_notice("%llu more lines about other servers' requests were not logged",
			(unsigned long long)l->dropped);
		l->dropped = 0;
	}
}
