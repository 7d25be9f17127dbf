#include "outer.h"

#include "scan.h"
#include "syslog_line.h"

enum { COLOUR_MAX = 12 }; /* "\\33[38;5;123m" */

/* "ESC [ digits and semicolons m", none of them or one. */
static void
skip_colour(struct text *rest)
{
	struct text t = *rest;

	if (!scan_literal(&t, TEXT("\033[")))
		return;
	for (size_t i = 0; i < COLOUR_MAX && t.len != 0; i++) {
		if (scan_byte(&t, 'm')) {
			*rest = t;
			return;
		}
		if (!scan_is_digit(t.p[0]) && t.p[0] != ';')
			return;
		scan_skip(&t, 1);
	}
}

static bool
is_name_byte(char c)
{
	return scan_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '/';
}

static bool
take_name(struct text *rest)
{
	size_t n = 0;

	while (n < rest->len && is_name_byte(rest->p[n]))
		n++;
	scan_skip(rest, n);
	return n != 0;
}

/* "NAME  | " */
static bool
take_service(struct text *rest)
{
	struct text t = *rest;

	skip_colour(&t);
	if (!take_name(&t) || !scan_byte(&t, ' '))
		return false;
	while (scan_byte(&t, ' '))
		continue;
	if (!scan_byte(&t, '|'))
		return false;
	skip_colour(&t);
	if (t.len != 0 && !scan_byte(&t, ' '))
		return false;
	skip_colour(&t);
	*rest = t;
	return true;
}

/* "[pod/NAME/CONTAINER] " */
static bool
take_pod(struct text *rest)
{
	struct text t = *rest;

	if (!scan_literal(&t, TEXT("[pod/")) || !take_name(&t) || !scan_literal(&t, TEXT("] ")))
		return false;
	*rest = t;
	return true;
}

bool
outer_take_name(struct text *rest)
{
	return take_service(rest) || take_pod(rest);
}

bool
outer_take_stamp(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	struct stamp stamp;

	if (!stamp_take_rfc3339(&t, &stamp) || !scan_byte(&t, ' ') || t.len < 2 || t.p[0] != '<' ||
		!scan_is_digit(t.p[1]))
		return false;
	*out = stamp;
	*rest = t;
	return true;
}

struct text
outer_rest(const struct log_line *s)
{
	return (struct text){s->host.p, (size_t)(s->message.p + s->message.len - s->host.p)};
}

/* Both tools write RFC 3339, and nothing in front of it. */
bool
outer_may_be_stamp(const struct log_line *s)
{
	return s->frame == FRAME_SYSLOG && s->host.len != 0 && s->stamp.year != 0 &&
		!s->stamp.is_local && s->count == 1 && !s->repeats_last;
}

/* "Nov" or "2026-..." */
bool
outer_may_start_stamp(struct text host)
{
	struct stamp stamp;
	int year;

	return (host.len == 3 && stamp_take_month(&host, &stamp)) ||
		(scan_number(&host, 4, 4, &year) && scan_byte(&host, '-'));
}

bool
outer_is_stamp(const struct log_line *s)
{
	struct stamp stamp;
	struct text rest;

	if (!outer_may_be_stamp(s))
		return false;
	rest = outer_rest(s);
	return stamp_take_bsd(&rest, &stamp) || stamp_take_date_time(&rest, &stamp);
}

void
outer_unwrap(struct text raw, struct text message, const struct stamp *stamp, struct log_line *out)
{
	const struct stamp first = *stamp;
	struct stamp outer = first;
	bool framed;
	const char *reason;

	if (message.len != 0 && message.p[message.len - 1] == '\r')
		message.len--;
	framed = syslog_line_parse(message, out, &reason) == OK;
	if (framed && outer_is_stamp(out)) {
		outer = out->stamp;
		message = outer_rest(out);
		framed = syslog_line_parse(message, out, &reason) == OK;
	}
	if (!framed)
		*out = (struct log_line){.frame = FRAME_DOCKER,
			.message = message,
			.stamp = outer,
			.count = 1};
	else if (out->stamp.year == 0 && outer.month != 0)
		out->stamp = outer;
	out->raw = raw;
}
