#include "evtx_chunk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <orbl/cursor.h>

#include "binxml.h"
#include "binxml_value.h"

enum {
	RECORD_HEAD = 24,
	RECORD_MIN = RECORD_HEAD + 4, /* and the size again */
	FLAG_NO_CRC32 = 4,
	CHUNK_WORK = 8 << 20, /* for all records; real chunks take a tenth of it at most */
	REASON = 160
};

static const uint8_t magic[8] = "ElfChnk";
static const uint8_t record_magic[4] = {0x2a, 0x2a, 0, 0};

struct walk {
	const struct evtx_chunk *chunk;
	struct binxml_chunk binxml;
	bool is_trusted;      /* the header is whole */
	bool is_doubtful;     /* a checksum is wrong, or cannot be checked */
	uint64_t first, last; /* numbers of records, if it is */
	size_t free;          /* where it says that nothing more comes, else the end */
	uint64_t number;      /* of the record before; 0 none yet */
};

struct record {
	size_t at, size;
	uint64_t number;
	uint64_t filetime;
	const char *problem; /* readable, but this is wrong about it; NULL: nothing */
};

static void tell(const struct walk *w, uint64_t number, const char *format, ...) ORBL_PRINTF(3, 4);

static void
tell(const struct walk *w, uint64_t number, const char *format, ...)
{
	const struct evtx_chunk *c = w->chunk;
	char reason[REASON], text[REASON - 60];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(reason, sizeof(reason), "chunk %" PRIu64 " at byte %" PRIu64 ": %s",
		c->index, c->at, text);
	c->sink->trouble(number, reason, c->sink->context);
}

static struct cursor
cursor_at(const struct walk *w, size_t at)
{
	struct cursor c;

	cursor_init(&c, w->chunk->bytes, w->chunk->len);
	(void)cursor_bytes(&c, at);
	return c;
}

static uint32_t
u32_at(const struct walk *w, size_t at)
{
	struct cursor c = cursor_at(w, at);

	return cursor_u32le(&c);
}

bool
evtx_chunk_has_magic(const uint8_t *bytes, size_t len)
{
	return len >= sizeof(magic) && memcmp(bytes, magic, sizeof(magic)) == 0;
}

static uint32_t
crc_of(const struct walk *w, uint32_t crc, size_t from, size_t to)
{
	return (uint32_t)crc32(crc, w->chunk->bytes + from, (uInt)(to - from));
}

static void
check_records_sum(struct walk *w, uint32_t wanted)
{
	w->is_doubtful = w->free > w->chunk->len ||
		crc_of(w, 0, EVTX_CHUNK_HEADER, w->free) != wanted;
	if (w->is_doubtful && w->free <= w->chunk->len)
		tell(w, 0, "the checksum of its records is wrong");
}

/* Some writers say that there are none, others leave both empty. */
static bool
has_sums(const struct walk *w)
{
	return (u32_at(w, 120) & FLAG_NO_CRC32) == 0 && (u32_at(w, 52) != 0 || u32_at(w, 124) != 0);
}

static void
read_header(struct walk *w)
{
	struct cursor c = cursor_at(w, 24);
	uint32_t sum;

	w->free = w->chunk->len;
	w->is_doubtful = true;
	if (!evtx_chunk_has_magic(w->chunk->bytes, w->chunk->len)) {
		tell(w, 0, "it does not start as a chunk does; looking for records in it");
		return;
	}
	if (has_sums(w) &&
		crc_of(w, crc_of(w, 0, 0, 120), 128, EVTX_CHUNK_HEADER) != u32_at(w, 124)) {
		tell(w, 0, "the checksum of its header is wrong");
		return;
	}
	w->first = cursor_u64le(&c);
	w->last = cursor_u64le(&c);
	(void)cursor_u64le(&c); /* header size, last record */
	w->free = cursor_u32le(&c);
	sum = cursor_u32le(&c);
	if (w->free < EVTX_CHUNK_HEADER || w->free > EVTX_CHUNK) {
		w->free = w->chunk->len;
		return;
	}
	w->is_trusted = true;
	w->is_doubtful = false;
	if (has_sums(w))
		check_records_sum(w, sum);
}

static bool
has_signature(const struct walk *w, size_t at)
{
	return w->chunk->len >= 4 && at <= w->chunk->len - 4 &&
		memcmp(w->chunk->bytes + at, record_magic, sizeof(record_magic)) == 0;
}

/* The next signature from at on, or the end of what is used. */
static size_t
find_signature(const struct walk *w, size_t at)
{
	while (at < w->free && at < w->chunk->len) {
		const uint8_t *p = memchr(w->chunk->bytes + at, record_magic[0],
			w->chunk->len - at);

		if (p == NULL)
			break;
		at = (size_t)(p - w->chunk->bytes);
		if (has_signature(w, at))
			return at;
		at++;
	}
	return w->free < w->chunk->len ? w->free : w->chunk->len;
}

/* Size and its copy at the record's end. */
static bool
has_size(const struct walk *w, size_t at, size_t size)
{
	return size >= RECORD_MIN && size <= w->chunk->len - at && u32_at(w, at + size - 4) == size;
}

/* A size that is wrong in one of its two places: a record or the end follows where the other says
 * so. */
static bool
mend_size(const struct walk *w, struct record *r)
{
	size_t size = u32_at(w, r->at + 4), next;

	if (size >= RECORD_MIN && size <= w->chunk->len - r->at &&
		(has_signature(w, r->at + size) || (w->is_trusted && r->at + size == w->free))) {
		r->size = size;
		return true;
	}
	next = find_signature(w, r->at + RECORD_MIN);
	r->size = next - r->at;
	return r->size >= RECORD_MIN && u32_at(w, next - 4) == r->size;
}

/* Is there a record? in_turn: this is where the one before ends, so that a part of it may be
 * wrong. */
static bool
look(const struct walk *w, size_t at, bool in_turn, struct record *r)
{
	struct cursor c = cursor_at(w, at);

	memset(r, 0, sizeof(*r));
	r->at = at;
	if (w->chunk->len < RECORD_MIN || at > w->chunk->len - RECORD_MIN)
		return false;
	(void)cursor_u32le(&c);
	r->size = cursor_u32le(&c);
	r->number = cursor_u64le(&c);
	r->filetime = cursor_u64le(&c);
	if (has_size(w, at, r->size)) {
		if (!has_signature(w, at))
			r->problem = "its signature is wrong";
		return r->problem == NULL || in_turn;
	}
	r->problem = "its size is wrong";
	return in_turn && has_signature(w, at) && mend_size(w, r);
}

/* What an earlier use of the chunk left looks as good as what was written last, but its numbers
 * are lower. */
static bool
is_live(const struct walk *w, const struct record *r, bool in_turn)
{
	if (r->at >= w->free)
		return r->problem == NULL && w->number != 0 && r->number == w->number + 1;
	if (in_turn && w->is_trusted)
		return true;
	if (w->is_trusted)
		return r->number >= w->first && r->number <= w->last && r->number > w->number;
	return w->number == 0 || (r->number > w->number && r->number - w->number < EVTX_CHUNK);
}

static enum err
give(struct walk *w, const struct record *r)
{
	const struct evtx_chunk *c = w->chunk;
	struct stamp stamp = {0};
	const char *problem;

	if (r->problem != NULL)
		tell(w, r->number, "record at %zu: %s", r->at, r->problem);
	(void)binxml_value_filetime(r->filetime, &stamp);
	event_build_begin(c->build, r->number, false, &stamp);
	problem = binxml_read(&w->binxml, r->at + RECORD_HEAD, r->at + r->size - 4, c->build);
	if (problem == NULL)
		problem = event_build_finish(c->build);
	c->build->record.doubtful = w->is_doubtful || r->problem != NULL;
	if (problem == NULL)
		return c->sink->event(&c->build->record, c->sink->context);
	tell(w, r->number, "record at %zu: %s", r->at, problem);
	return OK;
}

/* at: where the damage starts. Returns where a record is, or the end. */
static size_t
find_next(const struct walk *w, size_t at, struct record *r)
{
	size_t end = w->free < w->chunk->len ? w->free : w->chunk->len;

	for (size_t next = find_signature(w, at); next < end; next = find_signature(w, next + 1))
		if (look(w, next, false, r) && is_live(w, r, false))
			return next;
	return end;
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* Nothing at at, where a record should be. False: nor is there behind it. */
static bool
recover(const struct walk *w, size_t at, struct record *r)
{
	size_t next = find_next(w, at + 1, r);
	bool found = next < w->free && next < w->chunk->len;

	if (found || w->is_trusted ||
		(w->number == 0 && !is_zero(w->chunk->bytes + at, w->chunk->len - at)))
		tell(w, 0, "no record can be read from %zu to %zu", at, next);
	return found;
}

static enum err
read_records(struct walk *w)
{
	size_t at = EVTX_CHUNK_HEADER;
	enum err failed = OK;
	struct record r;

	while (failed == OK && at < w->chunk->len) {
		bool is_record = look(w, at, true, &r) && is_live(w, &r, true);

		if (!is_record && (at >= w->free || !recover(w, at, &r)))
			break;
		if (!w->is_trusted || (r.number >= w->first && r.number <= w->last))
			w->number = r.number;
		at = r.at + r.size;
		failed = give(w, &r);
	}
	return failed;
}

enum err
evtx_chunk_read(const struct evtx_chunk *chunk)
{
	struct walk w = {.chunk = chunk,
		.binxml = {chunk->bytes, chunk->len, CHUNK_WORK},
		.free = 0};
	enum err failed;

	if (is_zero(chunk->bytes, chunk->len))
		return OK; /* room that was set aside */
	if (chunk->len < EVTX_CHUNK_HEADER) {
		tell(&w, 0, "it is cut short");
		return OK;
	}
	read_header(&w);
	failed = read_records(&w);
	if (chunk->len < EVTX_CHUNK && failed == OK)
		tell(&w, 0, "it is cut short");
	return failed;
}
