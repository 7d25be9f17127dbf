/* gate_worker.h - a worker's gate (gate.h): what each query passes, in as few steps as can be. */
#ifndef DNSD_GATE_WORKER_H
#define DNSD_GATE_WORKER_H

#include <endian.h>
#include <string.h>

#include "answer.h"
#include "gate_table.h"

/* Where a query is counted. */
struct gate_ticket {
	uint64_t client;
	struct gate_client_set *client_set; /* NULL: its client is not counted */
	uint64_t network;
	struct gate_network_set *network_set; /* NULL: its network is not, or was not */
	bool is_exempt;
};

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
	g->latest_ns = g->now_ns + g->tolerance_ns;
	if (day != atomic_load_explicit(&g->day, memory_order_relaxed))
		gate_new_day(g, day);
}

/* An address before masks: IPv4 in network order, and a bit above it; the upper half of IPv6, with
 * the highest bit, which no global address has. Never 0, which is a free entry. */
static inline uint64_t
gate_id(const struct addr *a)
{
	uint32_t word;
	uint64_t half;

	if (a->family == 4) {
		memcpy(&word, a->b, sizeof(word));
		return GATE_ID_IPV4 | word;
	}
	memcpy(&half, a->b, sizeof(half));
	return GATE_ID_IPV6 | be64toh(half);
}

static inline struct gate_ticket
gate_prepare(const struct gate *g, const struct addr *client)
{
	struct gate_ticket t = {.client_set = NULL};
	const struct gate_masks *masks = &g->masks[client->family == 4];
	uint64_t id = gate_id(client);

	t.is_exempt = g->exempt_count != 0 && gate_is_exempt(g, client);
	if (client->family == 0 || t.is_exempt)
		return t;
	if (g->clients != NULL) {
		t.client = id & masks->client;
		t.client_set = &g->clients[(t.client * g->multiplier) >> g->shift];
		__builtin_prefetch(t.client_set, 1);
	}
	if (g->networks != NULL) {
		t.network = id & masks->network;
		t.network_set = &g->networks[(t.network * g->multiplier) >> g->shift];
		__builtin_prefetch(t.network_set, 1);
	}
	return t;
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

/* True: it is over. */
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

/* False: above the rate, and nothing was taken. */
static inline bool
gate_count_network(const struct gate *g, const struct gate_ticket *t)
{
	struct gate_network *entry = gate_find_network(t->network_set, t->network);
	int64_t full_ns;

	if (entry == NULL)
		entry = gate_take_network(t->network_set, t->network);
	full_ns = entry->full_ns;
	if (full_ns > g->latest_ns)
		return false;
	entry->full_ns = (full_ns > g->now_ns ? full_ns : g->now_ns) + g->interval_ns;
	return true;
}

/* Counts the query of the context's client and transport; sets is_limited, is_dropped, is_over and
 * is_exempt. */
static inline void
gate_admit(struct gate *g, struct gate_ticket *t, struct answer_context *c)
{
	c->is_limited = c->is_dropped = false;
	c->is_exempt = t->is_exempt;
	c->is_over = t->client_set != NULL && gate_count_client(g, t);
	if (t->network_set == NULL)
		return;
	if (c->transport != ANSWER_UDP) {
		t->network_set = NULL;
	} else if (!gate_count_network(g, t)) {
		t->network_set = NULL;
		gate_limit(g, c);
	}
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
