#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "journal_json.h"
#include "journal_line.h"
#include "json_scan.h"
#include "outer.h"
#include "scan.h"
#include "shipped_json.h"
#include "syslog_line.h"

static const char other_json[] = "a JSON object that is no entry of a known log";
static const char too_long[] = "the parts of the line are longer together than a line may be";

enum { STREAMS = 2 }; /* of a container: standard output and error */

struct joined { /* parts of a line so far */
	bool is_open, overlong;
	size_t len;
	char *bytes; /* line_max, NULL until there are parts */
};

struct frames {
	size_t line_max;
	struct quick quick;
	struct joined joined[STREAMS];
	char *line; /* texts of JSON, one after the other */
	char *made; /* line made of them */
};

struct frames *
frames_new(size_t line_max)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->line_max = line_max;
	f->line = malloc(line_max + 1);
	f->made = malloc(line_max + JOURNAL_LINE_MORE);
	if (f->line == NULL || f->made == NULL) {
		frames_free(f);
		return NULL;
	}
	return f;
}

void
frames_free(struct frames *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < STREAMS; i++)
		free(f->joined[i].bytes);
	free(f->made);
	free(f->line);
	free(f);
}

/* --- a container's line ----------------------------------------------------- */

static bool
add_part(struct frames *f, struct joined *j, struct text part)
{
	if (j->bytes == NULL)
		j->bytes = malloc(f->line_max + 1);
	if (j->bytes == NULL || part.len > f->line_max - j->len)
		j->overlong = true;
	if (j->overlong)
		return false;
	if (part.len != 0)
		memcpy(j->bytes + j->len, part.p, part.len);
	j->len += part.len;
	return true;
}

struct part { /* of a container's line, or all of it */
	struct text raw, text;
	struct stamp stamp;
	size_t stream;
	bool is_last;
};

static enum frame_result
take_part(struct frames *f, const struct part *p, struct log_line *out, const char **reason)
{
	struct joined *j = &f->joined[p->stream];
	struct text whole;
	bool fits;

	if (!j->is_open && p->is_last) {
		outer_unwrap(p->raw, p->text, &p->stamp, out);
		return FRAME_TAKEN;
	}
	if (!j->is_open)
		*j = (struct joined){.is_open = true, .bytes = j->bytes};
	fits = add_part(f, j, p->text);
	if (!p->is_last)
		return FRAME_PART;
	j->is_open = false;
	*reason = too_long;
	if (!fits)
		return FRAME_BAD;
	whole = (struct text){j->bytes, j->len};
	outer_unwrap(whole, whole, &p->stamp, out);
	return FRAME_TAKEN;
}

struct docker { /* members of a line, as they stand there; p NULL: there is none */
	struct text log, time, stream;
};

static bool
scan_docker(struct text rest, struct docker *out)
{
	struct json_member m;

	*out = (struct docker){TEXT_NONE, TEXT_NONE, TEXT_NONE};
	while (json_scan_member(&rest, &m)) {
		if (text_equal(m.name, TEXT("log")))
			out->log = m.value;
		else if (text_equal(m.name, TEXT("time")))
			out->time = m.value;
		else if (text_equal(m.name, TEXT("stream")))
			out->stream = m.value;
	}
	return json_scan_close(&rest) && rest.len == 0 && out->log.p != NULL && out->time.p != NULL;
}

static enum frame_result
take_docker(struct frames *f, const struct docker *d, struct log_line *out, const char **reason)
{
	struct part part = {.raw = out->raw,
		.stream = text_equal(d->stream, TEXT("\"stderr\"")) ? 1 : 0};
	struct text time = text_from(d->time, 1);

	if (!stamp_take_rfc3339(&time, &part.stamp) || !text_equal(time, TEXT("\"")) ||
		!json_scan_string(d->log, f->line, &part.text))
		return FRAME_MISSING;
	part.is_last = text_has_suffix(part.text, TEXT("\n"));
	part.text.len -= part.is_last ? 1 : 0;
	return take_part(f, &part, out, reason);
}

/* "stdout F " or "stdout P " behind the time stamp: the form that Kubernetes wants of runtimes;
 * P is a part. */
static bool
is_container(const struct log_line *s)
{
	return s->host.len == 6 && s->tag.len == 0 && s->message.len >= 2 &&
		s->message.p[1] == ' ' && (s->message.p[0] == 'F' || s->message.p[0] == 'P') &&
		(text_equal(s->host, TEXT("stdout")) || text_equal(s->host, TEXT("stderr")));
}

static enum frame_result
take_inner(struct frames *f, struct log_line *out, const char **reason)
{
	const struct part part = {.raw = out->raw,
		.text = text_from(out->message, 2),
		.stamp = out->stamp,
		.stream = text_equal(out->host, TEXT("stderr")) ? 1 : 0,
		.is_last = out->message.p[0] == 'F'};

	return take_part(f, &part, out, reason);
}

/* --- all -------------------------------------------------------------------- */

/* A journal's names are of capitals and "_". */
static enum frame_result
take_json(struct frames *f, struct log_line *out, const char **reason)
{
	struct text rest = out->raw, first;
	struct json_member m;
	struct docker docker;

	*reason = other_json;
	if (!json_scan_open(&rest))
		return FRAME_MISSING;
	first = rest;
	if (!json_scan_member(&first, &m) || m.name.len == 0)
		return FRAME_MISSING;
	if (m.name.p[0] >= 'a')
		return scan_docker(rest, &docker) ? take_docker(f, &docker, out, reason) :
						    FRAME_MISSING;
	return journal_json_make(out->raw, f->line, f->made, out) ? FRAME_TAKEN : FRAME_MISSING;
}

/* journalctl -o json-seq (RFC 7464) and -o json-sse put something in front of each object. */
static struct text
find_object(struct text line)
{
	struct text t = line;

	if (line.len == 0 || line.p[0] == '{')
		return line;
	if (!scan_byte(&t, '\x1e') && !scan_literal(&t, TEXT("data: ")))
		return TEXT_NONE;
	return t.len != 0 && t.p[0] == '{' ? t : TEXT_NONE;
}

bool
frames_glance(const struct frames *f, struct text line, struct glance *out)
{
	return quick_glance(&f->quick, line, out);
}

void
frames_fill(const struct frames *f, const struct glance *g, struct log_line *out)
{
	quick_fill(&f->quick, g, out);
}

/* A line that has a syslog frame, or looks like it. */
static enum frame_result
take_syslog(struct frames *f, struct log_line *out, const char **reason)
{
	if (is_container(out))
		return take_inner(f, out, reason);
	if (!outer_may_start_stamp(out->host))
		quick_note(&f->quick, out);
	else if (outer_is_stamp(out))
		outer_unwrap(out->raw, outer_rest(out), &out->stamp, out);
	return FRAME_TAKEN;
}

enum frame_result
frames_take(struct frames *f, struct text line, struct log_line *out, const char **reason)
{
	const struct log_line none = {.raw = line, .message = line, .count = 1};
	enum frame_result result = FRAME_MISSING;
	struct text rest = line;
	struct stamp stamp = {0};

	*reason = NULL;
	if (quick_take(&f->quick, line, out))
		return is_container(out) ? take_inner(f, out, reason) : FRAME_TAKEN;
	if (syslog_line_parse(line, out, reason) == OK)
		return take_syslog(f, out, reason);
	if (outer_take_name(&rest) || outer_take_stamp(&rest, &stamp)) {
		outer_unwrap(line, rest, &stamp, out);
		return FRAME_TAKEN;
	}
	*out = none;
	out->raw = find_object(line);
	if (out->raw.len != 0 && out->raw.p[0] == '{')
		result = take_json(f, out, reason);
	if (result == FRAME_MISSING)
		*out = none;
	return result;
}

bool
frames_take_weak(struct frames *f, const struct log_line *s, struct log_line *out)
{
	if (s->frame == FRAME_NONE)
		return syslog_line_parse_weak(s->raw, out) ||
			shipped_json_take(s->raw, f->line, f->made, out);
	if (s->frame == FRAME_DOCKER) { /* a server's own file, shown by a container */
		*out = *s;
		out->frame = FRAME_NONE;
		return true;
	}
	if (s->frame != FRAME_SYSLOG || s->tag.len != 0 || !outer_may_be_stamp(s))
		return false;
	*out = (struct log_line){.frame = FRAME_DOCKER,
		.raw = s->raw,
		.stamp = s->stamp,
		.message = outer_rest(s),
		.count = 1};
	return true;
}
