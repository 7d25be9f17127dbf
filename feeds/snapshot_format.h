/* snapshot_format.h - the bytes of a snapshot file (docs/snapshot-format.md).
 *
 *	header | texts | refs | codes | classes | zones | sets | data | trailer
 *
 * Every number is little-endian and of fixed width, every section starts at a multiple of 8,
 * and each begins where the one before ended, so that a file has exactly one layout and no
 * byte in it goes unread. Numbers are put together from bytes: compilers make one load of
 * it, and it is right on any byte order and alignment.
 */
#ifndef FEEDS_SNAPSHOT_FORMAT_H
#define FEEDS_SNAPSHOT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_MAGIC     "ORBLSNAP"
#define SNAPSHOT_END_MAGIC "SNAPEND\n"

enum { SNAPSHOT_VERSION = 1, SNAPSHOT_MAGIC_SIZE = 8 };

/* Offsets in the header. */
enum {
	HEADER_VERSION = 8,
	HEADER_FLAGS = 12,
	HEADER_LENGTH = 16,
	HEADER_CREATED = 24,
	HEADER_SERIAL = 32,
	HEADER_SECTION_COUNT = 36,
	HEADER_SECTIONS = 40, /* offset u64, length u64 of each */
	SECTION_ROW_SIZE = 16,
};

enum section {
	SECTION_TEXTS, /* bytes of all names and templates */
	SECTION_REFS,  /* where a text is: offset u32, length u32 */
	SECTION_CODES, /* A records, u32 */
	SECTION_CLASSES,
	SECTION_ZONES,
	SECTION_SETS,
	SECTION_DATA, /* the arrays of the sets */
	SECTION_COUNT
};

enum {
	HEADER_SIZE = HEADER_SECTIONS + SECTION_COUNT * SECTION_ROW_SIZE,
	TRAILER_SIZE = 16, /* XXH3-64 of all bytes before it, SNAPSHOT_END_MAGIC */
};

/* Class row. */
enum {
	CLASS_EXPIRES = 0,
	CLASS_TTL = 8,
	CLASS_A_FIRST = 12,   /* in SECTION_CODES */
	CLASS_TXT_FIRST = 16, /* in SECTION_REFS */
	CLASS_A_COUNT = 20,
	CLASS_TXT_COUNT = 22,
	CLASS_SIZE = 24,
};

/* Zone row, all u32. Texts are indexes into SECTION_REFS. */
enum {
	ZONE_NAME = 0,
	ZONE_MNAME = 4,
	ZONE_RNAME = 8,
	ZONE_NS_FIRST = 12,
	ZONE_NS_COUNT = 16,
	ZONE_SET = 20,
	ZONE_SOA_TTL = 24,
	ZONE_REFRESH = 28,
	ZONE_RETRY = 32,
	ZONE_EXPIRE = 36,
	ZONE_MINIMUM = 40,
	ZONE_NS_TTL = 44,
	ZONE_TTL = 48,
	ZONE_RESERVED = 52,
	ZONE_SIZE = 56,
};

/* Set row. Its arrays lie in SECTION_DATA from SET_OFFSET on, in this order, each padded
 * to 8: [bucket starts,] hosts, their classes, IPv4 lows, highs, classes, IPv6 lows, highs,
 * classes. */
enum {
	SET_OFFSET = 0, /* u64 */
	SET_FLAGS = 8,
	SET_HOSTS = 12,
	SET_RANGES4 = 16,
	SET_RANGES6 = 20,
	SET_SIZE = 24,
};
enum { SET_FLAG_BUCKETS = 1 }; /* the hosts are a two-level table */

enum {
	BUCKETS = 65536,
	BUCKETS_SIZE = (BUCKETS + 1) * 4,
	/* From here on 256 KiB of bucket starts cost less than the two bytes a host they save. */
	BUCKETS_FROM = 2 * BUCKETS,
};

enum { NAME_MAX_BYTES = 255 };

static inline uint64_t
format_pad(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

static inline uint16_t
format_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
format_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
format_get64(const uint8_t *p)
{
	return format_get32(p) | (uint64_t)format_get32(p + 4) << 32;
}

#endif
