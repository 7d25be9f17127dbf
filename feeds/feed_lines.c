#include "feed_lines.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void
feed_lines_init(struct feed_lines *l, FILE *in, const char *name, FILE *warnings)
{
	rewind(in);
	l->in = in;
	l->name = name;
	l->warnings = warnings;
	l->number = 0;
	l->rejected = 0;
	l->first = (struct error){.code = OK};
	l->failed = false;
	l->failure = 0;
	l->at = l->end = 0;
}

/* Read more behind the bytes that are left, which move to the front. False at the end of the
 * file, or when the buffer is full. */
static bool
fill(struct feed_lines *l)
{
	size_t got;

	memmove(l->buffer, l->buffer + l->at, l->end - l->at);
	l->end -= l->at;
	l->at = 0;
	if (l->end == sizeof(l->buffer))
		return false;
	got = fread(l->buffer + l->end, 1, sizeof(l->buffer) - l->end, l->in);
	if (got == 0 && ferror(l->in) && !l->failed) {
		l->failed = true;
		l->failure = errno;
	}
	l->end += got;
	return got != 0;
}

static void
skip_rest_of_line(struct feed_lines *l)
{
	const char *lf;

	do {
		lf = memchr(l->buffer + l->at, '\n', l->end - l->at);
		l->at = lf != NULL ? (size_t)(lf - l->buffer) + 1 : l->end;
	} while (lf == NULL && fill(l));
}

/* A line of the buffer, or what is left at the end of the file. False: there is none. */
static bool
take_line(struct feed_lines *l, struct text *line)
{
	const char *lf;
	size_t searched = 0;

	for (;;) {
		lf = memchr(l->buffer + l->at + searched, '\n', l->end - l->at - searched);
		searched = l->end - l->at;
		if (lf != NULL || !fill(l))
			break;
	}
	if (lf == NULL && l->at == l->end)
		return false;
	*line = (struct text){l->buffer + l->at,
		lf != NULL ? (size_t)(lf - l->buffer) - l->at : l->end - l->at};
	l->at += line->len + (lf != NULL);
	l->number++;
	if (lf == NULL && l->end == sizeof(l->buffer))
		skip_rest_of_line(l);
	else if (lf == NULL && l->warnings != NULL)
		fprintf(l->warnings,
			"%s:%lu: the last line does not end in a newline; "
			"is the file whole?\n",
			l->name, l->number);
	return true;
}

bool
feed_lines_next(struct feed_lines *l, struct text *line)
{
	while (take_line(l, line)) {
		if (line->len > FEED_LINE_MAX) {
			feed_lines_reject(l, "line is longer than %d bytes", FEED_LINE_MAX);
			continue;
		}
		if (line->len != 0 && line->p[line->len - 1] == '\r')
			line->len--;
		return true;
	}
	return false;
}

void
feed_lines_reject(struct feed_lines *l, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (l->rejected++ == 0)
		error_set(&l->first, ERR_SYNTAX, "%s:%lu: %s", l->name, l->number, reason);
	if (l->warnings != NULL && l->rejected <= FEED_WARNINGS_MAX)
		fprintf(l->warnings, "%s:%lu: %s\n", l->name, l->number, reason);
}

enum err
feed_lines_finish(struct feed_lines *l, struct error *e)
{
	if (l->failed) {
		errno = l->failure;
		return error_errno(e, "%s:%lu: cannot read further", l->name, l->number + 1);
	}
	if (l->warnings != NULL && l->rejected > FEED_WARNINGS_MAX)
		fprintf(l->warnings, "%s: %zu lines rejected in all, the first %d are above\n",
			l->name, l->rejected, FEED_WARNINGS_MAX);
	return OK;
}
