/* gate_worker.h - a worker's gate (gate.h): what each query passes, in as few steps as can be. */
#ifndef DNSD_GATE_WORKER_H
#define DNSD_GATE_WORKER_H

#include <endian.h>
#include <stdatomic.h>
#include <string.h>

#include "answer.h"
#include "gate.h"

enum { GATE_WAYS = 4, GATE_LINE = 64, GATE_DAY_S = 86400 };

/* The worker writes id and count, the main thread over: the tag of who is over (gate_tag), so that
 * a mark that comes late is none of the entry's next client, nor of the next day. */
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

/* What the main thread sums up; the worker alone writes. */
struct gate_counts {
	_Atomic uint64_t uncounted, limited, dropped, refused_over, refused_key;
};

struct gate_exempt {
	uint64_t mask[2], value[2]; /* of an address in network order */
	uint8_t family;
};

struct gate {
	/* Of a query. */
	uint64_t multiplier;
	uint32_t client_ipv4, network_ipv4; /* masks in network order */
	uint64_t client_ipv6, network_ipv6; /* in host order */
	unsigned client_shift, network_shift;
	struct gate_client_set *clients;   /* NULL: no quota */
	struct gate_network_set *networks; /* NULL: no rate */
	uint32_t quota;
	int64_t now_ns, interval_ns, tolerance_ns;
	size_t exempt_count;
	/* Of fewer. */
	const struct gate_exempt *exempt;
	size_t index, sets;
	unsigned slip, slips;
	uint64_t random;
	_Alignas(GATE_LINE) _Atomic int64_t day; /* since the epoch; of the clients' counts */
	struct gate_counts counts;
};

/* Where a client is counted; sets only where the id is not 0. */
struct gate_ticket {
	uint64_t client, network; /* 0: it is not */
	struct gate_client_set *client_set;
	struct gate_network_set *network_set;
	bool is_exempt;
	bool has_taken; /* of the rate */
};

/* IPv4 in network order; IPv6 prefixes with the upper bit, which no global address has; 0: no
 * address. */
static inline void
gate_ids(const struct gate *g, const struct addr *a, struct gate_ticket *t)
{
	const uint64_t upper = UINT64_C(1) << 63;
	uint32_t word;
	uint64_t half;

	if (a->family == 4) {
		memcpy(&word, a->b, sizeof(word));
		t->client = word & g->client_ipv4;
		t->network = word & g->network_ipv4;
	} else {
		memcpy(&half, a->b, sizeof(half));
		half = be64toh(half);
		t->client = a->family == 6 ? (half & g->client_ipv6) | upper : 0;
		t->network = a->family == 6 ? (half & g->network_ipv6) | upper : 0;
	}
}

static inline uint32_t
gate_tag(const struct gate *g, uint64_t id, int64_t day)
{
	return ((uint32_t)((id * g->multiplier) >> 16) + (uint32_t)day * 0x9e3779b9u) | 1;
}

/* The slow ways. */
void gate_new_day(struct gate *g, int64_t day);
bool gate_is_exempt(const struct gate *g, const struct addr *client);
struct gate_client *gate_take_client(struct gate *g, struct gate_client_set *set, uint64_t id);
struct gate_network *gate_take_network(struct gate_network_set *set, uint64_t id);
void gate_limit(struct gate *g, struct answer_context *context);
void gate_settle_special(struct gate *g, const struct gate_ticket *t, struct key_table *keys,
	const struct answer_outcome *outcome);

/* The clocks of a batch. */
static inline void
gate_turn(struct gate *g, int64_t now_s, int64_t now_ms)
{
	int64_t day = now_s / GATE_DAY_S;

	g->now_ns = now_ms * 1000000;
	if (day != atomic_load_explicit(&g->day, memory_order_relaxed))
		gate_new_day(g, day);
}

static inline void
gate_prepare(const struct gate *g, const struct addr *client, struct gate_ticket *t)
{
	t->is_exempt = t->has_taken = false;
	gate_ids(g, client, t);
	if (g->exempt_count != 0 && gate_is_exempt(g, client)) {
		t->is_exempt = true;
		t->client = t->network = 0;
	}
	if (g->clients != NULL) {
		t->client_set = &g->clients[(t->client * g->multiplier) >> g->client_shift];
		__builtin_prefetch(t->client_set, 1);
	}
	if (g->networks != NULL) {
		t->network_set = &g->networks[(t->network * g->multiplier) >> g->network_shift];
		__builtin_prefetch(t->network_set, 1);
	}
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

static inline bool
gate_count_client(struct gate *g, const struct gate_ticket *t)
{
	struct gate_client *entry = gate_find_client(t->client_set, t->client);
	uint32_t over, count;

	if (entry == NULL)
		entry = gate_take_client(g, t->client_set, t->client);
	if (entry == NULL)
		return false; /* there is no room */
	count = atomic_load_explicit(&entry->count, memory_order_relaxed);
	over = atomic_load_explicit(&entry->over, memory_order_relaxed);
	/* The worker's own: no lock is needed to add. */
	atomic_store_explicit(&entry->count, count + 1, memory_order_relaxed);
	return count >= g->quota ||
		(over != 0 &&
			over ==
				gate_tag(g, t->client,
					atomic_load_explicit(&g->day, memory_order_relaxed)));
}

/* True: above the rate, and nothing was taken. */
static inline bool
gate_count_network(const struct gate *g, struct gate_ticket *t)
{
	struct gate_network *entry = gate_find_network(t->network_set, t->network);
	int64_t from_ns;

	if (entry == NULL)
		entry = gate_take_network(t->network_set, t->network);
	from_ns = entry->full_ns > g->now_ns ? entry->full_ns : g->now_ns;
	if (from_ns - g->now_ns > g->tolerance_ns)
		return true;
	entry->full_ns = from_ns + g->interval_ns;
	t->has_taken = true;
	return false;
}

/* Counts the query of the context's client and transport; sets is_limited, is_dropped, is_over and
 * is_exempt. */
static inline void
gate_admit(struct gate *g, struct gate_ticket *t, struct answer_context *c)
{
	c->is_limited = c->is_dropped = false;
	c->is_exempt = t->is_exempt;
	c->is_over = g->clients != NULL && t->client != 0 && gate_count_client(g, t);
	if (g->networks != NULL && t->network != 0 && c->transport == ANSWER_UDP &&
		gate_count_network(g, t))
		gate_limit(g, c);
}

/* After the answer: a query with a key is the key's, not the client's; an address that is proved
 * takes nothing of the rate. keys: of the zones that answered. */
static inline void
gate_settle(struct gate *g, const struct gate_ticket *t, struct key_table *keys,
	const struct answer_outcome *outcome)
{
	if (outcome->is_special)
		gate_settle_special(g, t, keys, outcome);
}

#endif
