/* blast_radius.h - is a new list so different from the one in service that somebody should look
 * before the world's mail depends on it?
 *
 * Lists have harmed by listing everybody after a slip, and by listing nobody. Counted are IPv4
 * addresses, and for IPv6 networks of /64. Pure.
 */
#ifndef ANALYZER_BLAST_RADIUS_H
#define ANALYZER_BLAST_RADIUS_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>

enum {
	BLAST_WIDE_IPV4 = 24, /* a prefix that is shorter is no listing of a host */
	BLAST_WIDE_IPV6 = 48,
	BLAST_FEW = 10, /* that so many are removed, and no others are left, is no accident */
	BLAST_WHY = 420,
};

struct blast_rules {
	uint64_t max_change; /* percent of what was in service a day ago */
	uint64_t floor;      /* so many changes, or fewer, are never too many for their share */
};

/* Of those that are new: how many, and the first. */
struct blast_new {
	uint64_t count;
	struct prefix first;
};

/* What was published before in the last day, and counts with it. */
struct blast_window {
	bool is_open;            /* false: nothing was */
	uint64_t before;         /* what the list had at its start */
	uint64_t added, removed; /* recoded is counted as added, narrowed as removed */
};

struct blast_change {
	bool has_before; /* some list is in service */
	uint64_t before; /* what it lists */
	uint64_t added, removed;
	uint64_t recoded;  /* listed before, but now for something else, too */
	uint64_t narrowed; /* for less than before */
	struct blast_window window;
	struct blast_new wide, popular;
};

enum blast {
	BLAST_SMALL,
	BLAST_POPULAR, /* something new is in publish.popular */
	BLAST_WIDE,    /* a wide prefix is new, and no operator ordered it */
	BLAST_EMPTY,   /* nothing would be left */
	BLAST_SHARE    /* with what the last day has changed, too much of it is another */
};

/* why gets one sentence, "" for BLAST_SMALL. */
enum blast
blast_judge(const struct blast_rules *rules, const struct blast_change *c, char why[BLAST_WHY]);
const char *blast_name(enum blast b); /* "popular" */
bool blast_is_wide(const struct prefix *p);
uint64_t blast_size(const struct prefix *p);
/* Addresses of a range, of one family, in the same measure; a network that it touches counts. */
uint64_t blast_range_size(const struct addr *low, const struct addr *high);
uint64_t blast_sum(uint64_t a, uint64_t b); /* UINT64_MAX rather than around */

#endif
