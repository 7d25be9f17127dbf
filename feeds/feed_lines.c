#include "feed_lines.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

void
feed_lines_init(struct feed_lines *l, FILE *warnings)
{
	l->warnings = warnings;
	l->total = 0;
	l->rejected = 0;
	l->first = (struct error){.code = OK};
	l->in = NULL;
}

enum err
feed_lines_open(struct feed_lines *l, int fd, const char *name, struct error *e)
{
	l->name = name;
	l->number = 0;
	l->told = 0;
	l->failed = OK;
	l->at_end = false;
	l->at = l->end = 0;
	l->in = gzdopen(fd, "rb");
	if (l->in != NULL)
		return OK;
	close(fd);
	return error_set(e, ERR_MEMORY, "%s: out of memory", name);
}

/* zlib says why it reads no further; at a good end it has nothing to say. */
static void
note_failure(struct feed_lines *l)
{
	int code, errno_of_read = errno;
	const char *why = gzerror(l->in, &code);

	if (code == Z_OK || code == Z_STREAM_END)
		return;
	errno = errno_of_read;
	if (code == Z_ERRNO)
		l->failed = error_errno(&l->failure, "%s:%lu: cannot read further", l->name,
			l->number + 1);
	else if (code == Z_BUF_ERROR)
		l->failed = error_set(&l->failure, ERR_CORRUPT,
			"%s: the compressed file is cut (it ends after line %lu); "
			"make or copy it again",
			l->name, l->number);
	else
		l->failed = error_set(&l->failure, ERR_CORRUPT,
			"%s: the compressed file is damaged behind line %lu (%s); "
			"make or copy it again",
			l->name, l->number, why);
}

/* Read more behind the bytes that are left, which move to the front. False at the end of the
 * file, or when the buffer is full. */
static bool
fill(struct feed_lines *l)
{
	int got;

	memmove(l->buffer, l->buffer + l->at, l->end - l->at);
	l->end -= l->at;
	l->at = 0;
	if (l->end == sizeof(l->buffer) || l->at_end)
		return false;
	errno = 0;
	got = gzread(l->in, l->buffer + l->end, (unsigned)(sizeof(l->buffer) - l->end));
	if (got <= 0) {
		l->at_end = true;
		note_failure(l);
		return false;
	}
	l->end += (size_t)got;
	return true;
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
	if (lf == NULL && (l->at == l->end || l->failed != OK))
		return false;
	*line = (struct text){l->buffer + l->at,
		lf != NULL ? (size_t)(lf - l->buffer) - l->at : l->end - l->at};
	l->at += line->len + (lf != NULL);
	l->number++;
	if (lf == NULL && l->end == sizeof(l->buffer))
		skip_rest_of_line(l);
	else if (lf == NULL && l->warnings != NULL) /* however much was told before */
		fprintf(l->warnings,
			"%s:%lu: the last line does not end in a newline; is the file whole?\n",
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

struct text
feed_lines_peek(struct feed_lines *l)
{
	/* A line that is there in part alone is not worth a look. */
	if (l->end - l->at < 64)
		fill(l);
	return (struct text){l->buffer + l->at, l->end - l->at};
}

void
feed_lines_skip(struct feed_lines *l, size_t bytes, size_t lines)
{
	l->at += bytes;
	l->number += lines;
}

/* --- what is wrong --- */

static void
warn_text(struct feed_lines *l, const char *reason)
{
	l->told++;
	if (l->warnings != NULL && l->told <= FEED_WARNINGS_MAX)
		fprintf(l->warnings, "%s:%lu: %s\n", l->name, l->number, reason);
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
	warn_text(l, reason);
}

void
feed_lines_warn(struct feed_lines *l, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	warn_text(l, reason);
}

enum err
feed_lines_fail(const struct feed_lines *l, struct error *e, enum err code, const char *fmt, ...)
{
	char reason[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return error_set(e, code, "%s:%lu: %s", l->name, l->number, reason);
}

enum err
feed_lines_close(struct feed_lines *l, struct error *e)
{
	gzclose_r(l->in);
	l->in = NULL;
	l->total += l->number;
	if (l->failed != OK)
		return error_set(e, l->failed, "%s", l->failure.text);
	if (l->warnings != NULL && l->told > FEED_WARNINGS_MAX)
		fprintf(l->warnings, "%s: %zu warnings in all, the first %d are above\n", l->name,
			l->told, FEED_WARNINGS_MAX);
	return OK;
}
