/* snapshot_key.h - an address of either family as a number. */
#ifndef FEEDS_SNAPSHOT_KEY_H
#define FEEDS_SNAPSHOT_KEY_H

#include <stdint.h>

#include <orbl/addr.h>

/* IPv4 has upper 0. */
struct snapshot_key {
	uint64_t upper, lower;
};

static inline int
snapshot_key_compare(struct snapshot_key a, struct snapshot_key b)
{
	if (a.upper != b.upper)
		return a.upper < b.upper ? -1 : 1;
	return a.lower < b.lower ? -1 : a.lower > b.lower;
}

static inline struct snapshot_key
snapshot_key_after(struct snapshot_key k)
{
	k.lower++;
	k.upper += k.lower == 0;
	return k;
}

static inline struct snapshot_key
snapshot_key_before(struct snapshot_key k)
{
	k.upper -= k.lower == 0;
	k.lower--;
	return k;
}

static inline uint64_t
snapshot_key_get_half(const uint8_t *p)
{
	return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
		(uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
		(uint64_t)p[6] << 8 | p[7];
}

/* 16 bytes in network order. */
static inline struct snapshot_key
snapshot_key_get(const uint8_t *p)
{
	return (struct snapshot_key){snapshot_key_get_half(p), snapshot_key_get_half(p + 8)};
}

static inline void
snapshot_key_put(uint8_t *p, struct snapshot_key k)
{
	for (unsigned i = 0; i < 8; i++) {
		p[i] = (uint8_t)(k.upper >> (56 - 8 * i));
		p[8 + i] = (uint8_t)(k.lower >> (56 - 8 * i));
	}
}

static inline struct snapshot_key
snapshot_key_of(const struct addr *a)
{
	return a->family == 4 ? (struct snapshot_key){0, addr_ipv4(a)} : snapshot_key_get(a->b);
}

static inline struct addr
snapshot_key_addr(uint8_t family, struct snapshot_key k)
{
	struct addr a = {.family = 6};

	if (family == 4)
		return addr_from_ipv4((uint32_t)k.lower);
	snapshot_key_put(a.b, k);
	return a;
}

#endif
