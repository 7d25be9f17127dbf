/* fuzz_frame.c - the short ways of taking a line's frame off agree with the long one.
 *
 * Each line of the input is taken in the wake of those before it, as a reader does, and alone.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "frame.h"
#include "outer.h"
#include "postfix.h"
#include "syslog_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 5000 };

static void
assert_readable(struct text t)
{
	unsigned sum = 0;

	assert(t.p != NULL || t.len == 0);
	assert(t.len <= LINE_MAX_BYTES + 64);
	for (size_t i = 0; i < t.len; i++)
		sum += (unsigned char)t.p[i];
	assert(sum <= 255 * t.len);
}

static void
assert_same(const struct log_line *a, const struct log_line *b)
{
	assert(a->frame == b->frame && a->count == b->count && a->tag_cut == b->tag_cut &&
		a->repeats_last == b->repeats_last);
	assert(a->stamp.year == b->stamp.year && a->stamp.month == b->stamp.month &&
		a->stamp.day == b->stamp.day && a->stamp.hour == b->stamp.hour &&
		a->stamp.minute == b->stamp.minute && a->stamp.second == b->stamp.second &&
		a->stamp.us == b->stamp.us && a->stamp.offset_s == b->stamp.offset_s &&
		a->stamp.is_local == b->stamp.is_local);
	assert(text_equal(a->host, b->host) && text_equal(a->tag, b->tag) &&
		text_equal(a->pid, b->pid) && text_equal(a->message, b->message) &&
		text_equal(a->raw, b->raw));
	assert((a->pid.p == NULL) == (b->pid.p == NULL));
}

/* What a glance says of a line whose tag is a tag. */
static void
assert_glance(const struct frames *f, struct text line, const struct log_line *alone)
{
	struct log_line s;
	struct glance g;

	if (!frames_glance(f, line, &g) || text_find_byte(g.tag, ' ') != SIZE_MAX ||
		text_find_byte(g.tag, '[') != SIZE_MAX)
		return;
	frames_fill(f, &g, &s);
	assert_same(&s, alone);
}

/* Passes the line to its dialect, too, so that its tag is known from then on. */
static void
assert_idle(struct dialects *d, const struct frames *f, struct text line, const struct log_line *s)
{
	enum dialect_glance seen = GLANCE_NEW_TAG;
	enum parse_result result;
	struct denial out;
	struct glance g;
	struct log_line filled;
	bool known;

	if (frames_glance(f, line, &g))
		seen = dialect_glance(d, g.tag, g.message);
	if (seen != GLANCE_NEW_TAG) {
		frames_fill(f, &g, &filled);
		assert_same(&filled, s);
	}
	result = dialect_parse(d, s, &out, &known);
	assert(seen != GLANCE_IDLE || result == PARSE_SKIP);
}

/* Another reading of the line: only where nothing certain is known of it. */
static void
assert_weak(struct frames *f, const struct log_line *s)
{
	struct log_line other;

	if (!frames_take_weak(f, s, &other))
		return;
	assert(s->tag.len == 0 && s->frame != FRAME_5424 && s->frame != FRAME_JOURNAL);
	assert((other.frame == FRAME_NONE) == (s->frame == FRAME_DOCKER) && other.count != 0);
	assert_readable(other.host);
	assert_readable(other.tag);
	assert_readable(other.pid);
	assert_readable(other.message);
	assert_readable(other.raw);
}

static void
take(struct frames *f, struct dialects *d, struct text line)
{
	struct log_line s, alone;
	const char *reason, *why = NULL;
	bool framed = syslog_line_parse(line, &alone, &why) == OK;
	enum frame_result result;

	if (framed) {
		assert_glance(f, line, &alone);
		assert_idle(d, f, line, &alone);
	}
	result = frames_take(f, line, &s, &reason);
	if (result == FRAME_PART)
		return;
	if (result != FRAME_TAKEN)
		assert(reason != NULL);
	if (result == FRAME_BAD)
		return;
	assert(s.count != 0);
	assert_readable(s.host);
	assert_readable(s.tag);
	assert_readable(s.pid);
	assert_readable(s.message);
	assert_readable(s.raw);
	if (result == FRAME_MISSING)
		assert(!framed && s.frame == FRAME_NONE && text_equal(s.message, line));
	else if (framed && !outer_is_stamp(&alone) &&
		!(text_equal(alone.host, TEXT("stdout")) || text_equal(alone.host, TEXT("stderr"))))
		assert_same(&s, &alone);
	assert_weak(f, &s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parse_state state;
	struct text rest = {(const char *)data, size};
	struct dialects *d = dialects_new("postfix", &state);
	struct frames *f = frames_new(LINE_MAX_BYTES);

	assert(f != NULL && d != NULL);
	while (rest.len != 0) {
		struct text line = text_cut(&rest, '\n');

		if (line.len != 0 && line.len <= LINE_MAX_BYTES)
			take(f, d, line);
	}
	frames_free(f);
	dialects_free(d);
	return 0;
}
