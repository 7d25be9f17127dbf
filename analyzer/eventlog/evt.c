#include "evt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/cursor.h>

#include "evt_record.h"

enum {
	HEADER = 48,
	END_RECORD = 40,
	WRAPPED = 2,   /* and neither dirty nor full: the header's flags */
	FILLER = 0x27, /* words between the last record and the file's end, if no head fits there */
	BUFFER = 2 * EVT_RECORD_MAX,
	REASON = 160
};

static const uint8_t signature[4] = {'L', 'f', 'L', 'e'};

struct window { /* bytes that can be looked at: EVT_RECORD_MAX of them, or the file's last */
	const uint8_t *p;
	size_t len;
};

struct evt {
	struct container_sink sink;
	enum err failed;
	bool has_header; /* it is behind us */
	bool seen_record;
	bool seen_end;     /* the end record */
	bool in_gap;       /* no record where the last one ended */
	bool gap_is_usual; /* behind the end record */
	bool wrap_is_used;
	uint64_t at; /* of the file: where start is */
	uint64_t gap_at;
	uint64_t file_size; /* of a circle, if the header can be believed; else 0 */
	size_t start, len;  /* of bytes: what is not done yet */
	size_t wrap_len;
	uint8_t wrap[EVT_RECORD_MAX]; /* what lies before the first record */
	uint8_t joined[EVT_RECORD_MAX];
	uint8_t bytes[BUFFER];
	char text[3 * EVT_RECORD_MAX];
	struct event_record record;
};

static uint32_t
u32_at(struct window w, size_t at)
{
	struct cursor c;

	cursor_init(&c, w.p, w.len);
	(void)cursor_bytes(&c, at);
	return cursor_u32le(&c);
}

/* One of its fixed words may be damaged. */
static bool
is_header(struct window w)
{
	unsigned wrong = 0;

	if (w.len < HEADER)
		return false;
	wrong += u32_at(w, 0) != HEADER;
	wrong += memcmp(w.p + 4, signature, sizeof(signature)) != 0;
	wrong += u32_at(w, 8) != 1;
	wrong += u32_at(w, 12) != 1;
	wrong += u32_at(w, 44) != HEADER;
	return wrong <= 1;
}

bool
evt_knows(struct text head)
{
	return is_header((struct window){(const uint8_t *)head.p, head.len});
}

void *
evt_open(const struct container_sink *sink)
{
	struct evt *x = calloc(1, sizeof(*x));

	if (x != NULL)
		x->sink = *sink;
	return x;
}

void
evt_close(void *context)
{
	free(context);
}

static void tell(struct evt *x, uint64_t number, const char *format, ...) ORBL_PRINTF(3, 4);

static void
tell(struct evt *x, uint64_t number, const char *format, ...)
{
	char reason[REASON];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	x->sink.trouble(number, reason, x->sink.context);
}

static bool
has_signature(struct window w, size_t at)
{
	return w.len >= 8 && at <= w.len - 8 &&
		memcmp(w.p + at + 4, signature, sizeof(signature)) == 0;
}

/* Its length, four words and the length again; one of the six may be damaged. */
static bool
is_end(struct window w, size_t at)
{
	unsigned wrong = 0;

	if (w.len < END_RECORD || at > w.len - END_RECORD)
		return false;
	wrong += u32_at(w, at) != END_RECORD;
	for (uint32_t i = 1; i <= 4; i++)
		wrong += u32_at(w, at + 4 * i) != i * 0x11111111;
	wrong += u32_at(w, at + END_RECORD - 4) != END_RECORD;
	return wrong <= 1;
}

static bool
has_length(struct window w, size_t length)
{
	return length >= EVT_RECORD_MIN && length <= w.len && length <= EVT_RECORD_MAX &&
		u32_at(w, length - 4) == length;
}

/* Where a record, or the end record, seems to start; from > 0. The window's length: nowhere. */
static size_t
find_start(struct window w, size_t from)
{
	for (size_t at = from + 4; at < w.len; at++)
		if ((w.p[at] == signature[0] && has_signature(w, at - 4)) ||
			(w.p[at] == 0x11 && is_end(w, at - 4)))
			return at - 4;
	return w.len;
}

/* A length that is wrong in one of its two places: the other leads to where a record starts. */
static size_t
mend_length(struct window w)
{
	size_t next = find_start(w, 4);

	if (next < EVT_RECORD_MIN || next > EVT_RECORD_MAX || next == w.len)
		return 0;
	return u32_at(w, 0) == next || u32_at(w, next - 4) == next ? next : 0;
}

/* Length of the record at the window's start, 0: none. in_turn: the one before ends here. */
static size_t
look(struct window w, bool in_turn, const char **problem)
{
	size_t length = w.len >= 8 ? u32_at(w, 0) : 0;

	*problem = NULL;
	if (has_signature(w, 0) && has_length(w, length))
		return length;
	if (!in_turn)
		return 0;
	*problem = "its signature is wrong";
	if (has_length(w, length))
		return length;
	*problem = "its length is wrong";
	return has_signature(w, 0) ? mend_length(w) : 0;
}

static enum err
give(struct evt *x, const uint8_t *p, size_t len, const char *problem)
{
	uint32_t number = u32_at((struct window){p, len}, 8);
	bool is_mended = problem != NULL;

	if (is_mended)
		tell(x, number, "record at byte %" PRIu64 ": %s", x->at, problem);
	problem = evt_record_read(p, len, x->text, &x->record);
	x->record.doubtful = is_mended;
	if (problem == NULL)
		return x->sink.event(&x->record, x->sink.context);
	tell(x, number, "record at byte %" PRIu64 ": %s", x->at, problem);
	return OK;
}

static void
drop(struct evt *x, size_t len)
{
	x->start += len;
	x->len -= len;
	x->at += len;
}

static void
keep_for_wrap(struct evt *x, const uint8_t *p, size_t len)
{
	size_t room = sizeof(x->wrap) - x->wrap_len;

	if (len > room)
		len = room;
	memcpy(x->wrap + x->wrap_len, p, len);
	x->wrap_len += len;
}

static void
end_gap(struct evt *x)
{
	if (x->in_gap && !x->gap_is_usual && x->seen_record)
		tell(x, 0, "no record can be read from byte %" PRIu64 " to %" PRIu64, x->gap_at,
			x->at);
	x->in_gap = false;
	x->gap_is_usual = false;
	x->seen_record = true;
}

static void
pass_gap(struct evt *x, struct window w, bool is_last)
{
	size_t next = find_start(w, 1);

	if (!x->in_gap)
		x->gap_at = x->at;
	x->in_gap = true;
	if (next == w.len && !is_last)
		next = w.len - (END_RECORD - 1); /* what starts here may go on */
	if (!x->seen_record)
		keep_for_wrap(x, w.p, next);
	drop(x, next);
}

/* The file's last record, when it goes on behind the header. */
static bool
join(struct evt *x, struct window w, struct window *out)
{
	size_t length = w.len >= 4 ? u32_at(w, 0) : 0;

	if (length <= w.len || length > EVT_RECORD_MAX || length - w.len > x->wrap_len)
		return false;
	memcpy(x->joined, w.p, w.len);
	memcpy(x->joined + w.len, x->wrap, length - w.len);
	*out = (struct window){x->joined, length};
	return is_end(*out, 0) || (has_signature(*out, 0) && has_length(*out, length));
}

static enum err
read_joined(struct evt *x, struct window w, struct window joined)
{
	enum err failed = OK;

	end_gap(x);
	x->wrap_is_used = joined.len - w.len == x->wrap_len;
	if (is_end(joined, 0))
		x->seen_end = true;
	else
		failed = give(x, joined.p, joined.len, NULL);
	drop(x, w.len);
	return failed;
}

/* Goes on by one record, or by what is none. */
static enum err
step(struct evt *x, struct window w, bool is_last)
{
	const char *problem;
	struct window joined;
	enum err failed;
	size_t length;

	if (is_end(w, 0)) {
		end_gap(x);
		x->seen_end = x->gap_is_usual = true;
		drop(x, END_RECORD);
		return OK;
	}
	length = look(w, !x->in_gap && !x->gap_is_usual, &problem);
	if (length != 0) {
		end_gap(x);
		failed = give(x, w.p, length, problem);
		drop(x, length);
		return failed;
	}
	if (is_last && join(x, w, &joined))
		return read_joined(x, w, joined);
	if (!x->in_gap && w.len >= 4 && u32_at(w, 0) == FILLER)
		drop(x, 4);
	else
		pass_gap(x, w, is_last);
	return OK;
}

static void
read_header(struct evt *x, struct window w)
{
	if (!is_header(w))
		tell(x, 0, "the file's header is not that of an event log; looking for records");
	else if (u32_at(w, 36) == WRAPPED)
		x->file_size = u32_at(w, 32);
	x->has_header = true;
	drop(x, w.len < HEADER ? w.len : HEADER);
}

/* All that is there, but for what a record may need that is not complete yet. */
static enum err
read_bytes(struct evt *x, bool is_last)
{
	enum err failed = OK;

	while (failed == OK && x->len != 0 && (is_last || x->len >= EVT_RECORD_MAX)) {
		size_t len = x->len < EVT_RECORD_MAX ? x->len : EVT_RECORD_MAX;
		struct window w = {x->bytes + x->start, len};

		if (!x->has_header)
			read_header(x, w);
		else
			failed = step(x, w, is_last && len == x->len);
	}
	memmove(x->bytes, x->bytes + x->start, x->len);
	x->start = 0;
	return failed;
}

enum err
evt_feed(void *context, const void *bytes, size_t len)
{
	struct evt *x = context;
	const uint8_t *at = bytes;

	while (x->failed == OK && len != 0) {
		size_t n = sizeof(x->bytes) - x->len < len ? sizeof(x->bytes) - x->len : len;

		memcpy(x->bytes + x->len, at, n);
		x->len += n;
		at += n;
		len -= n;
		if (x->len == sizeof(x->bytes))
			x->failed = read_bytes(x, false);
	}
	return x->failed;
}

enum err
evt_finish(void *context)
{
	struct evt *x = context;

	if (x->failed == OK)
		x->failed = read_bytes(x, true);
	if (x->failed != OK)
		return x->failed;
	if (!x->has_header)
		tell(x, 0, "the file is empty");
	else if (x->in_gap && !x->gap_is_usual)
		tell(x, 0, "no record can be read from byte %" PRIu64 " to the end", x->gap_at);
	else if (!x->seen_end)
		tell(x, 0, "the log has no end record; it is cut short");
	else if (x->at < x->file_size)
		tell(x, 0, "the file is shorter than its header says; it is cut short");
	if (x->wrap_len != 0 && !x->wrap_is_used && x->seen_record)
		tell(x, 0, "no record can be read from byte %d to %" PRIu64, HEADER,
			(uint64_t)HEADER + x->wrap_len);
	return OK;
}
