/* dump_values.h - what the entries of a layer are answered with, as data sets of rbldnsd(8),
 * of which each has one A record and one TXT for an entry.
 *
 *	entries -> values (A..., TXT..., TTL) -> lines (A, TXT) -> sections, by A and TTL
 *
 * An entry with several A records has a line in several sections. Memory is for the different
 * values, not for the entries.
 */
#ifndef DNSD_DUMP_VALUES_H
#define DNSD_DUMP_VALUES_H

#include "dump_entries.h"

enum { DUMP_SECTIONS_MAX = 60 };

struct dump_line {
	uint32_t a;
	struct text txt; /* lent by the snapshot; none: len 0 */
	uint8_t section;
};

struct dump_value {
	/* What it is known by. */
	const struct snapshot *snapshot;
	uint32_t a_first, txt_first, a_count, txt_count, ttl_s;
	uint64_t entries, prefixes, parts; /* parts: of prefixes, at octets, as ip4set has them */
	size_t line_first, line_count;     /* 0: it has no A record */
};

struct dump_section {
	uint32_t a, ttl_s;
	unsigned nth; /* of those with this A and TTL: an entry has several TXT */
	uint64_t prefixes, parts;
	struct text txt; /* the one of most entries */
};

struct dump_values {
	uint32_t ttl_s; /* of classes without one */
	size_t count, room, slot_count, line_count, line_room, last, section_count;
	struct dump_value *values;
	size_t *slots; /* index + 1 in values; 0: free */
	struct dump_line *lines;
	uint64_t left_out; /* entries without an A record */
	struct dump_section sections[DUMP_SECTIONS_MAX];
};

/* Of one family of a layer. Free with dump_values_free in any case. ERR_FULL: there would be more
 * sections. */
enum err dump_values_read(struct dump_values *v, const struct snapshot_layer *layer,
	uint32_t layer_ttl_s, uint8_t family, int64_t now_s, struct error *e) ORBL_NODISCARD;
void dump_values_free(struct dump_values *v);
/* The line that an entry with this answer has in a section; NULL: none. */
const struct dump_line *
dump_values_line(struct dump_values *v, const struct snapshot_view *view, size_t section);

#endif
