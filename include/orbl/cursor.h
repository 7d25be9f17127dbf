/* cursor.h - the one bounded reader for binary bytes.
 *
 * Carries a sticky failure: after the first read that does not fit, every further one does
 * nothing and yields 0. Check cursor_failed() once, at the end.
 */
#ifndef ORBL_CURSOR_H
#define ORBL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *start, *at, *end; /* borrows */
	bool failed;
};

static inline void
cursor_init(struct cursor *c, const void *bytes, size_t len)
{
	c->start = c->at = bytes;
	c->end = c->start + len;
	c->failed = bytes == NULL && len != 0;
}

static inline bool
cursor_failed(const struct cursor *c)
{
	return c->failed;
}

static inline size_t
cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline size_t
cursor_offset(const struct cursor *c)
{
	return (size_t)(c->at - c->start);
}

/* The next len bytes, lent, or NULL when there are fewer. */
static inline const uint8_t *
cursor_bytes(struct cursor *c, size_t len)
{
	if (c->failed || cursor_left(c) < len) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	return c->at - len;
}

static inline uint8_t
cursor_u8(struct cursor *c)
{
	const uint8_t *b = cursor_bytes(c, 1);
	return b != NULL ? b[0] : 0;
}

static inline uint16_t
cursor_u16be(struct cursor *c)
{
	const uint8_t *b = cursor_bytes(c, 2);
	return b != NULL ? (uint16_t)((unsigned)b[0] << 8 | b[1]) : 0;
}

static inline uint32_t
cursor_u32be(struct cursor *c)
{
	const uint8_t *b = cursor_bytes(c, 4);
	if (b == NULL)
		return 0;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint16_t
cursor_u16le(struct cursor *c)
{
	const uint8_t *b = cursor_bytes(c, 2);
	return b != NULL ? (uint16_t)((unsigned)b[1] << 8 | b[0]) : 0;
}

static inline uint32_t
cursor_u32le(struct cursor *c)
{
	const uint8_t *b = cursor_bytes(c, 4);
	if (b == NULL)
		return 0;
	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static inline uint64_t
cursor_u64le(struct cursor *c)
{
	uint64_t low = cursor_u32le(c);
	return (uint64_t)cursor_u32le(c) << 32 | low;
}

#endif
