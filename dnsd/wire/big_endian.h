/* big_endian.h - numbers as DNS packets have them, where the bounds were checked before. */
#ifndef DNSD_BIG_ENDIAN_H
#define DNSD_BIG_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
big_endian_u16(const uint8_t *b)
{
	uint16_t v;

	memcpy(&v, b, sizeof(v));
	return be16toh(v);
}

static inline uint32_t
big_endian_u32(const uint8_t *b)
{
	uint32_t v;

	memcpy(&v, b, sizeof(v));
	return be32toh(v);
}

static inline uint64_t
big_endian_u64(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b, sizeof(v));
	return be64toh(v);
}

static inline void
big_endian_put16(uint8_t *b, unsigned v)
{
	uint16_t swapped = htobe16((uint16_t)v);

	memcpy(b, &swapped, sizeof(swapped));
}

static inline void
big_endian_put32(uint8_t *b, uint32_t v)
{
	v = htobe32(v);
	memcpy(b, &v, sizeof(v));
}

static inline void
big_endian_put64(uint8_t *b, uint64_t v)
{
	v = htobe64(v);
	memcpy(b, &v, sizeof(v));
}

#endif
