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
	struct gate_client *entry;          /* where gate_admit has found it, or NULL */
	uint64_t network;
	struct gate_network_set *network_set; /* NULL: its network is not, or was not */
	bool is_exempt;
};

/* The slow ways. */
void gate_new_day(struct gate *g, int64_t day);
bool gate_is_exempt(const struct gate *g, const struct addr *client);
struct gate_client *gate_take_client(struct gate *g, struct gate_client_set *set, uint64_t id);
struct gate_network *gate_take_network(struct gate_network_set *set, uint64_t id);
bool gate_is_noted(const struct gate *g, const struct gate_ticket *t, uint64_t id);
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

/* An address before masks: IPv4 in network order, and a bit above it; the upper half of IPv6, where
 * two bits stand for the first three: 001 is what is global, 000 and 111 are special, and there is
 * nothing else. Never 0, which is a free entry. */
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
	half = be64toh(half);
	return (half & ~(GATE_ID_PROVEN | GATE_ID_CLASS)) |
		(half >> 61 == 1                ? UINT64_C(1) :
				half >> 61 == 0 ? UINT64_C(2) :
						  UINT64_C(3))
		<< 61;
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

/* The worker's own: no lock is needed to add. */
static inline void
gate_count_entry(struct gate_client *entry)
{
	uint32_t count = atomic_load_explicit(&entry->count, memory_order_relaxed);

	atomic_store_explicit(&entry->count, count + (count != UINT32_MAX), memory_order_relaxed);
}

static inline bool
gate_is_full(const struct gate *g, const struct gate_client *entry)
{
	return entry != NULL &&
		atomic_load_explicit(&entry->count, memory_order_relaxed) >= g->quota;
}

/* Is the entry, which may be NULL, marked with this id? */
static inline bool
gate_is_marked(const struct gate *g, const struct gate_client *entry, uint64_t id)
{
	uint32_t over = entry != NULL ? atomic_load_explicit(&entry->over, memory_order_relaxed) :
					0;

	return over != 0 &&
		over == gate_tag(g, id, atomic_load_explicit(&g->day, memory_order_relaxed));
}

/* Both ids of a client are in its set. */
static inline void
gate_ask_client(const struct gate *g, struct gate_ticket *t, struct answer_context *c)
{
	uint64_t id = t->client, proven_id = id | GATE_ID_PROVEN;
	struct gate_client *plain = gate_find_client(t->client_set, id);
	struct gate_client *proven = gate_find_client(t->client_set, proven_id);

	t->client = c->transport == ANSWER_UDP ? id : proven_id;
	t->entry = c->transport == ANSWER_UDP ? plain : proven;
	c->is_doubted = gate_is_full(g, plain) || gate_is_marked(g, plain, id);
	c->is_over = gate_is_full(g, proven) || gate_is_marked(g, proven, proven_id) ||
		gate_is_marked(g, plain, proven_id);
	if (t->entry == NULL) {
		c->is_doubted |= gate_is_noted(g, t, id);
		c->is_over |= gate_is_noted(g, t, proven_id);
	}
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

/* What is known of the query's client and transport: sets is_limited, is_dropped, is_over,
 * is_doubted and is_exempt. Takes of the rate. */
static inline void
gate_admit(struct gate *g, struct gate_ticket *t, struct answer_context *c)
{
	c->is_limited = c->is_dropped = c->is_over = c->is_doubted = false;
	c->is_exempt = t->is_exempt;
	if (t->client_set != NULL)
		gate_ask_client(g, t, c);
	if (t->network_set == NULL)
		return;
	if (c->transport != ANSWER_UDP) {
		t->network_set = NULL;
	} else if (!gate_count_network(g, t)) {
		t->network_set = NULL;
		gate_limit(g, c);
	}
}

static inline void
gate_count_client(struct gate *g, const struct gate_ticket *t)
{
	struct gate_client *entry = t->entry;

	if (entry == NULL)
		entry = gate_take_client(g, t->client_set, t->client);
	if (entry != NULL)
		gate_count_entry(entry);
}

/* After the answer, before another query is admitted: counts what was asked of our zones. A query
 * with a key is the key's, not the client's; an address that is proved takes nothing of the rate.
 * keys: of the zones that answered. */
static inline void
gate_settle(struct gate *g, const struct gate_ticket *t, struct key_table *keys,
	const struct answer_outcome *outcome)
{
	if (outcome->is_special)
		gate_settle_special(g, t, keys, outcome);
	else if (outcome->zone != NULL && t->client_set != NULL)
		gate_count_client(g, t);
}

#endif
