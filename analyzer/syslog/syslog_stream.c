#include "syslog_stream.h"

#include <stdlib.h>
#include <string.h>

#include "scan.h"

enum { DIGITS_MAX = 7 };

void
syslog_stream_init(struct syslog_stream *s, size_t message_max)
{
	*s = (struct syslog_stream){.message_max = message_max};
}

void
syslog_stream_reset(struct syslog_stream *s)
{
	free(s->message);
	syslog_stream_init(s, s->message_max);
}

bool
syslog_stream_is_inside(const struct syslog_stream *s)
{
	return s->state != SYSLOG_START;
}

static bool
is_end(char c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

size_t
syslog_stream_line(char *bytes, size_t len)
{
	while (len != 0 && is_end(bytes[len - 1]))
		len--;
	if (len == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (is_end(bytes[i]))
			bytes[i] = ' ';
	bytes[len] = '\n';
	return len + 1;
}

static enum err
keep(struct syslog_stream *s, const char *bytes, size_t len)
{
	if (s->message == NULL)
		s->message = malloc(s->message_max + 1);
	if (s->message == NULL)
		return ERR_MEMORY;
	if (len > s->message_max - s->len)
		s->overlong = true;
	if (s->overlong)
		return OK;
	memcpy(s->message + s->len, bytes, len);
	s->len += len;
	return OK;
}

static enum err
end_message(struct syslog_stream *s, syslog_message_fn *fn, void *context)
{
	size_t len = s->overlong ? 0 : syslog_stream_line(s->message, s->len);

	s->passed += s->overlong;
	s->overlong = false;
	s->len = 0;
	s->state = SYSLOG_START;
	return len != 0 ? fn((struct text){s->message, len}, context) : OK;
}

/* RFC 6587 section 3.4.1: MSG-LEN is NONZERO-DIGIT *DIGIT, then a blank. */
static enum err
end_count(struct syslog_stream *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		n = n * 10 + (size_t)(s->message[i] - '0');
	s->left = n;
	s->len = 0;
	s->overlong = n > s->message_max;
	s->state = SYSLOG_COUNTED;
	return OK;
}

/* One byte between messages, or of a count. */
static enum err
take_byte(struct syslog_stream *s, char c)
{
	if (s->state == SYSLOG_START && (is_end(c) || c == ' '))
		return OK;
	if (s->state == SYSLOG_COUNT && c == ' ')
		return end_count(s);
	if (s->state == SYSLOG_START)
		s->state = c >= '1' && c <= '9' ? SYSLOG_COUNT : SYSLOG_LINE;
	else if (!scan_is_digit(c))
		s->state = SYSLOG_LINE; /* a line that starts with a number */
	else if (s->len == DIGITS_MAX)
		s->state = SYSLOG_BROKEN;
	return s->state == SYSLOG_BROKEN ? ERR_SYNTAX : keep(s, &c, 1);
}

/* How much of it belongs to the line; *ends: with its end, which is not counted. */
static size_t
line_part(const char *at, size_t len, bool *ends)
{
	const char *lf = memchr(at, '\n', len), *nul;
	size_t n = lf != NULL ? (size_t)(lf - at) : len;

	nul = memchr(at, '\0', n);
	*ends = lf != NULL || nul != NULL;
	return nul != NULL ? (size_t)(nul - at) : n;
}

static enum err
take_line(struct syslog_stream *s, const char **at, size_t *len, syslog_message_fn *fn,
	void *context)
{
	bool ends;
	size_t n = line_part(*at, *len, &ends);
	enum err err = keep(s, *at, n);

	*at += n + ends;
	*len -= n + ends;
	return err == OK && ends ? end_message(s, fn, context) : err;
}

static enum err
take_counted(struct syslog_stream *s, const char **at, size_t *len, syslog_message_fn *fn,
	void *context)
{
	size_t n = s->left < *len ? s->left : *len;
	enum err err = s->overlong ? OK : keep(s, *at, n);

	s->left -= n;
	*at += n;
	*len -= n;
	return err == OK && s->left == 0 ? end_message(s, fn, context) : err;
}

enum err
syslog_stream_feed(struct syslog_stream *s, const void *bytes, size_t len, syslog_message_fn *fn,
	void *context)
{
	const char *at = bytes;
	enum err err = OK;

	while (err == OK && len != 0) {
		switch (s->state) {
		case SYSLOG_LINE: err = take_line(s, &at, &len, fn, context); break;
		case SYSLOG_COUNTED: err = take_counted(s, &at, &len, fn, context); break;
		case SYSLOG_BROKEN: err = ERR_SYNTAX; break;
		default:
			err = take_byte(s, *at);
			at++;
			len--;
		}
	}
	return err;
}
