/* gate_table.h - what a worker's gate (gate.h) is made of: tables, masks, clocks, counts. */
#ifndef DNSD_GATE_TABLE_H
#define DNSD_GATE_TABLE_H

#include <stdatomic.h>

#include "gate.h"

enum { GATE_WAYS = 4, GATE_LINE = 64, GATE_DAY_S = 86400 };

/* The worker writes id and count, the main thread over: the tag of who is over (gate_tag), so that
 * a mark that comes late is none of the entry's next client, nor of the next day. It is the entry's
 * own id or, stronger, that of the same client proved. */
struct gate_client {
	_Atomic uint64_t id; /* 0: free */
	_Atomic uint32_t count, over;
};

struct gate_client_set {
	_Alignas(GATE_LINE) struct gate_client each[GATE_WAYS];
};

struct gate_network {
	uint64_t id;     /* 0: free */
	int64_t full_ns; /* when its bucket is full; the past: it is */
};

struct gate_network_set {
	_Alignas(GATE_LINE) struct gate_network each[GATE_WAYS];
};

/* Who is over, so that one is over for whom there is no entry, or not yet: gate_mark, or 0. The
 * main thread writes, seldom; a worker reads when it finds no entry. */
struct gate_over_set {
	_Atomic uint64_t each[GATE_WAYS];
};

struct gate_overs {
	_Atomic int64_t day; /* the last on which one was over */
	struct gate_over_set sets[];
};

/* What the main thread sums up; the worker alone writes. */
struct gate_counts {
	_Atomic uint64_t uncounted, limited, dropped, refused_over, refused_key;
};

struct gate_exempt {
	uint64_t mask[2], value[2]; /* of an address in network order */
	uint8_t family;
};

/* Which of an address's bits are its id's (gate_id), and which mark the id as one. */
struct gate_masks {
	uint64_t client, network;
};

/* An id's highest bit: what its client asked with a proved address (gate.h). The two below: which
 * three bits of an IPv6 address they are for, or 0 for IPv4, which has a bit above its own. */
#define GATE_ID_PROVEN (UINT64_C(1) << 63)
#define GATE_ID_CLASS  (UINT64_C(3) << 61)
#define GATE_ID_IPV4   (UINT64_C(1) << 32)

struct gate {
	/* Of a query. */
	uint64_t multiplier;
	struct gate_masks masks[2]; /* IPv6, IPv4 */
	unsigned shift;             /* of a product, to the number of its set */
	uint32_t quota;
	size_t exempt_count;
	struct gate_client_set *clients;   /* NULL: no quota */
	const struct gate_overs *overs;    /* of all workers */
	struct gate_network_set *networks; /* NULL: no rate */
	int64_t now_ns, interval_ns;
	int64_t latest_ns; /* a bucket that is full later has nothing now */
	/* Of fewer. */
	const struct gate_exempt *exempt;
	int64_t tolerance_ns;
	size_t index, sets;
	unsigned slip;
	uint64_t random;
	_Alignas(GATE_LINE) _Atomic int64_t day; /* since the epoch; of the clients' counts */
	struct gate_counts counts;
};

static inline uint32_t
gate_tag(const struct gate *g, uint64_t id, int64_t day)
{
	/* The highest bit of an id is lost in the middle of a product. */
	return (((uint32_t)((id * g->multiplier) >> 16) ^ (uint32_t)(id >> 62 & 2)) +
		       (uint32_t)day * 0x9e3779b8u) |
		1;
}

/* Of an id and a day, and of no other; not 0. */
static inline uint64_t
gate_mark(uint64_t id, int64_t day)
{
	uint64_t mark = id ^ (uint64_t)day * UINT64_C(0x9e3779b97f4a7c15);

	return mark != 0 ? mark : 1;
}

/* NULL: it has none. */
static inline struct gate_client *
gate_find_client(struct gate_client_set *set, uint64_t id)
{
	for (size_t i = 0; i < GATE_WAYS; i++)
		if (atomic_load_explicit(&set->each[i].id, memory_order_relaxed) == id)
			return &set->each[i];
	return NULL;
}

static inline struct gate_network *
gate_find_network(struct gate_network_set *set, uint64_t id)
{
	for (size_t i = 0; i < GATE_WAYS; i++)
		if (set->each[i].id == id)
			return &set->each[i];
	return NULL;
}

#endif
