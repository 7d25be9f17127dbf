/* writer.h - the one bounded writer for binary bytes, into the caller's buffer.
 *
 * Carries a sticky failure, as cursor.h: after the first write that does not fit, every
 * further one does nothing. Check writer_failed() once, at the end.
 */
#ifndef ORBL_WRITER_H
#define ORBL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *start, *at, *end;
	bool failed;
};

static inline void
writer_init(struct writer *w, void *buffer, size_t size)
{
	w->start = w->at = buffer;
	w->end = w->start + size;
	w->failed = false;
}

static inline bool
writer_failed(const struct writer *w)
{
	return w->failed;
}

static inline size_t
writer_length(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

static inline size_t
writer_left(const struct writer *w)
{
	return (size_t)(w->end - w->at);
}

static inline void
writer_bytes(struct writer *w, const void *bytes, size_t len)
{
	if (w->failed || writer_left(w) < len) {
		w->failed = true;
		return;
	}
	if (len != 0)
		memcpy(w->at, bytes, len);
	w->at += len;
}

static inline void
writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, &v, 1);
}

static inline void
writer_u16be(struct writer *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u32be(struct writer *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u16le(struct writer *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u32le(struct writer *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
	writer_bytes(w, b, sizeof(b));
}

static inline void
writer_u64le(struct writer *w, uint64_t v)
{
	writer_u32le(w, (uint32_t)v);
	writer_u32le(w, (uint32_t)(v >> 32));
}

#endif
