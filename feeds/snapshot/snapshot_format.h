/* snapshot_format.h - the bytes of a snapshot file (docs/snapshot-format.md).
 *
 *	header | texts | refs | codes | records | classes | zones | layers | sets | data | trailer
 *
 * Every number is little-endian and of fixed width, every section starts at a multiple of 8,
 * and each begins where the one before ended, so that a file has exactly one layout and no
 * byte in it goes unread. Numbers are put together from bytes: compilers make one load or
 * store of it, and it is right on any byte order and alignment.
 */
#ifndef FEEDS_SNAPSHOT_FORMAT_H
#define FEEDS_SNAPSHOT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_MAGIC     "ORBLSNAP"
#define SNAPSHOT_END_MAGIC "SNAPEND\n"

enum { SNAPSHOT_VERSION = 2, SNAPSHOT_MAGIC_SIZE = 8 };

/* Offsets in the header. */
enum {
	HEADER_VERSION = 8,
	HEADER_FLAGS = 12,
	HEADER_LENGTH = 16,
	HEADER_CREATED = 24,
	HEADER_SERIAL = 32,
	HEADER_BASE_SERIAL = 36,
	HEADER_BASE_CHECKSUM = 40, /* 0: this is no delta */
	HEADER_SECTION_COUNT = 48,
	HEADER_NOTICE = 52,   /* ref + 1; 0: none, as in files of before there was one */
	HEADER_SECTIONS = 56, /* offset u64, length u64 of each */
	SECTION_ROW_SIZE = 16,
};

enum section {
	SECTION_TEXTS,   /* bytes of all names, templates and rdata */
	SECTION_REFS,    /* names and templates: where in texts */
	SECTION_CODES,   /* A records, u32 */
	SECTION_RECORDS, /* other records */
	SECTION_CLASSES,
	SECTION_ZONES,
	SECTION_LAYERS, /* sets of the zones, u32 */
	SECTION_SETS,
	SECTION_DATA, /* the arrays of the sets */
	SECTION_COUNT
};

enum {
	HEADER_SIZE = HEADER_SECTIONS + SECTION_COUNT * SECTION_ROW_SIZE,
	TRAILER_SIZE = 16, /* XXH3-64 of all bytes before it, SNAPSHOT_END_MAGIC */
};

/* A text: where it is in SECTION_TEXTS. */
enum { REF_OFFSET = 0, REF_LEN = 4, REF_SIZE = 8 };

enum {
	RECORD_TYPE = 0, /* u32, below 65536 */
	RECORD_TTL = 4,
	RECORD_RDATA = 8, /* offset, length as in a ref */
	RECORD_SIZE = 16,
};

/* Class row. Counts and action are one byte each. */
enum {
	CLASS_EXPIRES = 0,
	CLASS_TTL = 8,
	CLASS_A_FIRST = 12,      /* in SECTION_CODES */
	CLASS_TXT_FIRST = 16,    /* in SECTION_REFS */
	CLASS_RECORD_FIRST = 20, /* in SECTION_RECORDS */
	CLASS_A_COUNT = 24,
	CLASS_TXT_COUNT = 25,
	CLASS_RECORD_COUNT = 26,
	CLASS_ACTION = 27,
	CLASS_SIZE = 28,
};

/* Zone row, all u32 but the first. Texts are indexes into SECTION_REFS. */
enum {
	ZONE_EXPIRES = 0, /* i64 */
	ZONE_FLAGS = 8,
	ZONE_NAME = 12,
	ZONE_POLICY = 16,
	ZONE_SET_FIRST = 20, /* in SECTION_LAYERS */
	ZONE_SET_COUNT = 24,
	ZONE_ACL = 28, /* set + 1; 0: none */
	ZONE_MNAME = 32,
	ZONE_RNAME = 36,
	ZONE_SOA_TTL = 40,
	ZONE_SERIAL = 44,
	ZONE_REFRESH = 48,
	ZONE_RETRY = 52,
	ZONE_EXPIRE = 56,
	ZONE_MINIMUM = 60,
	ZONE_NS_FIRST = 64,
	ZONE_NS_COUNT = 68,
	ZONE_NS_TTL = 72,
	ZONE_TTL = 76,
	ZONE_SIZE = 80,
};
enum { ZONE_FLAG_WITHIN = 1, ZONE_FLAG_SOA = 2 };

/* Set row. What the set has lies in SECTION_DATA from SET_OFFSET on. Addresses: arrays in
 * this order, each padded to 8: [bucket starts,] hosts, their classes, IPv4 lows, highs,
 * classes, IPv6 lows, highs, classes. Names: one blob. */
enum {
	SET_OFFSET = 0, /* u64 */
	SET_LENGTH = 8, /* u64, a multiple of 8 */
	SET_KIND = 16,
	SET_RESERVED = 20,
	SET_PARTS = 24, /* hosts, IPv4 ranges, IPv6 ranges: one row each */
	PART_COUNT = 0,
	PART_ID_SIZE = 4, /* bytes of a class id: 0, 1, 2 or 4 */
	PART_ID = 8,      /* the class of all when PART_ID_SIZE is 0 */
	PART_SIZE = 12,
	SET_SIZE = SET_PARTS + 3 * PART_SIZE,
};
enum set_kind {
	SET_KIND_PLAIN,
	SET_KIND_BUCKETS, /* the hosts are a two-level table */
	SET_KIND_NAMES,
};

enum {
	BUCKETS = 65536,
	BUCKETS_SIZE = (BUCKETS + 1) * 4,
	/* From here on bucket starts cost 4 bytes a host at most, save 2, and most of the steps
	 * of a search. */
	BUCKETS_FROM = BUCKETS,
	/* So many IPv4 addresses of one class side by side are hosts still: they take less room
	 * than a range, and a set without ranges is searched once. */
	HOSTS_RUN_MAX = 3,
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

static inline void
format_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
format_put32(uint8_t *p, uint32_t v)
{
	format_put16(p, (uint16_t)v);
	format_put16(p + 2, (uint16_t)(v >> 16));
}

static inline void
format_put64(uint8_t *p, uint64_t v)
{
	format_put32(p, (uint32_t)v);
	format_put32(p + 4, (uint32_t)(v >> 32));
}

#endif
