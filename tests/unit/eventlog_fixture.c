#include "eventlog_fixture.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct event_trace *t, const char *format, ...) ORBL_PRINTF(2, 3);

static void
add(struct event_trace *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	t->len += (size_t)vsnprintf(t->text + t->len, TRACE_TEXT - t->len, format, arguments);
	va_end(arguments);
	ck_assert_uint_lt(t->len + 1, TRACE_TEXT);
}

static void
add_text(struct event_trace *t, struct text text)
{
	ck_assert_ptr_null(text.len != 0 ? memchr(text.p, '\0', text.len) : NULL);
	add(t, "%.*s", TEXT_ARG(text));
}

static enum err
take_event(const struct event_record *e, void *context)
{
	const struct stamp *s = &e->stamp;
	struct event_trace *t = context;

	ck_assert_uint_lt(t->events, TRACE_EVENTS);
	ck_assert_uint_le(e->string_count, EVENT_STRINGS_MAX);
	t->line[t->events++] = t->text + t->len;
	t->doubtful += e->doubtful ? 1 : 0;
	add(t, "%s%" PRIu64 " ", e->is_line ? "line " : "", e->number);
	if (s->month != 0)
		add(t, "%04d-%02d-%02dT%02d:%02d:%02d%s", s->year, s->month, s->day, s->hour,
			s->minute, s->second, s->is_local ? " local" : "Z");
	add(t, " %.*s %" PRIu32 " %.*s", TEXT_ARG(e->source), e->id, TEXT_ARG(e->computer));
	for (size_t i = 0; i < e->string_count; i++) {
		add(t, "|");
		add_text(t, e->strings[i].name);
		if (e->strings[i].name.p != NULL)
			add(t, "=");
		add_text(t, e->strings[i].value);
	}
	if (e->message.p != NULL)
		add(t, "#");
	add_text(t, e->message);
	t->text[++t->len] = '\0';
	return t->stop_after != 0 && t->events == t->stop_after ? ERR_FULL : OK;
}

static enum err
take_line(const struct log_line *s, uint64_t number, void *context)
{
	(void)s;
	(void)number;
	(void)context;
	ck_abort_msg("a line in an event log");
	return OK;
}

static void
take_trouble(uint64_t where, const char *reason, void *context)
{
	struct event_trace *t = context;

	(void)where;
	t->troubles++;
	for (const char *p = reason; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			ck_abort_msg("a reason that cannot be printed");
	(void)snprintf(t->trouble, sizeof(t->trouble), "%s", reason);
}

enum err
event_trace_run(struct event_trace *t, const char *format, const void *bytes, size_t len,
	size_t step)
{
	const struct container *row = container_find(format);
	struct container_sink sink = {t, take_line, take_event, take_trouble};
	enum err failed = OK;
	void *box;

	ck_assert_ptr_nonnull(row);
	box = row->open(&sink);
	memset(&sink, 0, sizeof(sink)); /* it is kept as a copy */
	ck_assert_ptr_nonnull(box);
	for (size_t at = 0; at < len && failed == OK; at += step) {
		size_t n = len - at < step ? len - at : step;
		char *copy = malloc(n);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, (const char *)bytes + at, n);
		failed = row->feed(box, copy, n);
		free(copy);
	}
	if (failed == OK)
		failed = row->finish(box);
	else
		ck_assert_int_eq(row->finish(box), (int)failed);
	row->close(box);
	return failed;
}

bool
event_trace_has(const struct event_trace *t, const char *line)
{
	for (unsigned i = 0; i < t->events; i++)
		if (strcmp(t->line[i], line) == 0)
			return true;
	return false;
}

bool
event_trace_equal(const struct event_trace *a, const struct event_trace *b)
{
	if (a->events != b->events)
		return false;
	for (unsigned i = 0; i < a->events; i++)
		if (strcmp(a->line[i], b->line[i]) != 0)
			return false;
	return true;
}
