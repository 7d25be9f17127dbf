/* addresses.h - the addresses that the benchmarks list and ask for: all of IPv4 in a fixed order
 * that looks like chance, so that each program knows the same list from its length alone.
 *
 *	0 .. count - 1           listed, an eighth in each category, in this order
 *	ADDRESSES_UNLISTED ..    not listed
 *	ADDRESSES_CHANGED ..     not listed until a benchmark changes the list
 */
#ifndef BENCH_ADDRESSES_H
#define BENCH_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#define ADDRESSES_UNLISTED 0x80000000U
#define ADDRESSES_CHANGED  0xc0000000U

enum {
	ADDRESSES_CATEGORIES = 8,
	ADDRESSES_COUNT_MAX = 1 << 28,
	ADDRESSES_NAME = 300, /* buffer size of a name, with the NUL */
};

struct addresses_category {
	uint32_t code; /* host order */
	const char *text;
};

/* The i-th address; no two are the same, none is in 0/8 or 127/8. i < 254 * 2^24. */
uint32_t addresses_at(uint32_t i);
const struct addresses_category *addresses_category(size_t i); /* i < ADDRESSES_CATEGORIES */
/* Which one position i of a list of count has. */
const struct addresses_category *addresses_category_of(uint32_t i, uint32_t count);
/* The name to ask for, as in "2.0.0.127.bl.example". Returns out. */
const char *addresses_name(uint32_t a, const char *origin, char out[ADDRESSES_NAME]);
/* Dotted quad. Returns out. */
const char *addresses_quad(uint32_t a, char out[ADDRESSES_NAME]);

#endif
