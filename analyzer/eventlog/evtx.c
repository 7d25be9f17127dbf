#include "evtx.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <orbl/cursor.h>

#include "evtx_chunk.h"

enum { FILE_HEADER = 4096, FLAG_NO_CRC32 = 4, MAGIC_MIN = 5 };

static const uint8_t magic[8] = "ElfFile";

struct evtx {
	struct container_sink sink;
	enum err failed;
	bool has_header; /* it is behind us, or the file starts with a chunk */
	uint64_t at;     /* of the file: where bytes starts */
	uint64_t chunks;
	unsigned expected; /* chunks, as the header has it; a log that is in use may have more */
	size_t len;
	uint8_t bytes[EVTX_CHUNK];
	struct event_build build;
};

/* Fields that are the same in every log. One of them may be damaged, but only a part of the first:
 * logs of text start otherwise, whatever clients have put behind. */
static bool
is_header(const uint8_t *p, size_t len)
{
	struct cursor c;
	unsigned wrong = 0, same = 0;

	cursor_init(&c, p, len);
	if (len < 44)
		return false;
	for (size_t i = 0; i < sizeof(magic); i++)
		same += p[i] == magic[i];
	if (same < MAGIC_MIN)
		return false;
	wrong += same != sizeof(magic);
	(void)cursor_bytes(&c, 32);
	wrong += cursor_u32le(&c) != 128; /* bytes of the header that are used */
	(void)cursor_u16le(&c);
	wrong += cursor_u16le(&c) != 3; /* version 3.x */
	wrong += cursor_u16le(&c) != FILE_HEADER;
	return wrong <= 1;
}

bool
evtx_knows(struct text head)
{
	const uint8_t *p = (const uint8_t *)head.p;

	return text_has_prefix(head, (struct text){(const char *)magic, sizeof(magic)}) ||
		is_header(p, head.len) || evtx_chunk_has_magic(p, head.len);
}

void *
evtx_open(const struct container_sink *sink)
{
	struct evtx *x = calloc(1, sizeof(*x));

	if (x != NULL)
		x->sink = *sink;
	return x;
}

void
evtx_close(void *context)
{
	free(context);
}

static void
tell(struct evtx *x, const char *reason)
{
	x->sink.trouble(0, reason, x->sink.context);
}

static void
read_header(struct evtx *x)
{
	struct cursor c;
	uint32_t flags, sum;

	cursor_init(&c, x->bytes, x->len);
	(void)cursor_bytes(&c, 42);
	x->expected = cursor_u16le(&c);
	(void)cursor_bytes(&c, 76);
	flags = cursor_u32le(&c);
	sum = cursor_u32le(&c);
	if (is_header(x->bytes, x->len) &&
		((flags & FLAG_NO_CRC32) != 0 || (uint32_t)crc32(0, x->bytes, 120) == sum))
		return;
	x->expected = 0;
	if (!is_header(x->bytes, x->len))
		tell(x, "the file's header is not that of an event log; looking for chunks");
	else
		tell(x, "the checksum of the file's header is wrong");
}

/* len bytes at the front are done. */
static void
drop(struct evtx *x, size_t len)
{
	memmove(x->bytes, x->bytes + len, x->len - len);
	x->len -= len;
	x->at += len;
}

static enum err
read_chunk(struct evtx *x, size_t len)
{
	struct evtx_chunk chunk = {x->bytes, len, x->chunks++, x->at, &x->sink, &x->build};

	return evtx_chunk_read(&chunk);
}

/* In a file that has lost or gained bytes chunks start anywhere. */
static size_t
next_magic(const struct evtx *x)
{
	static const char chunk[] = "ElfChnk"; /* with its NUL */
	struct text bytes = {(const char *)x->bytes, x->len};
	size_t at;

	if (evtx_chunk_has_magic(x->bytes, x->len))
		return x->len;
	at = text_find(bytes, (struct text){chunk, sizeof(chunk)});
	return at != SIZE_MAX ? at : x->len;
}

/* The buffer is full: the header, or a chunk. */
static enum err
read_full(struct evtx *x)
{
	size_t len = x->len;
	enum err failed = OK;

	if (x->has_header) {
		len = next_magic(x);
		failed = read_chunk(x, len);
	} else if (!evtx_chunk_has_magic(x->bytes, x->len)) {
		read_header(x);
	} else {
		len = 0;
	}
	x->has_header = true;
	drop(x, len);
	return failed;
}

enum err
evtx_feed(void *context, const void *bytes, size_t len)
{
	struct evtx *x = context;
	const uint8_t *at = bytes;

	while (x->failed == OK && len != 0) {
		size_t size = x->has_header ? EVTX_CHUNK : FILE_HEADER;
		size_t n = size - x->len < len ? size - x->len : len;

		memcpy(x->bytes + x->len, at, n);
		x->len += n;
		at += n;
		len -= n;
		if (x->len == size)
			x->failed = read_full(x);
	}
	return x->failed;
}

enum err
evtx_finish(void *context)
{
	struct evtx *x = context;

	while (x->failed == OK && x->len != 0) {
		size_t len = next_magic(x);

		if (!x->has_header) {
			tell(x, "the file ends in its header");
			len = x->len;
		} else {
			x->failed = read_chunk(x, len);
		}
		drop(x, len);
	}
	if (x->failed == OK && x->chunks < x->expected)
		tell(x, "the file has fewer chunks than its header says; it is cut short");
	return x->failed;
}
