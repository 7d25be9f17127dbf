#include "gate.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "gate_inside.h"

enum {
	CLIENT_CHANCE = 16,  /* queries that halve the chance to lose one */
	CHANCE_HALVINGS = 8, /* ... and no further, or a day's first comers kept the others out */
	NANOSECONDS = 1000000000,
};

/* --- the slow ways of a worker ------------------------------------------- */

static void
count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

void
gate_new_day(struct gate *g, int64_t day)
{
	for (size_t i = 0; g->clients != NULL && i < g->sets; i++)
		for (size_t k = 0; k < GATE_WAYS; k++) {
			struct gate_client *entry = &g->clients[i].each[k];

			atomic_store_explicit(&entry->count, 0, memory_order_relaxed);
			atomic_store_explicit(&entry->id, 0, memory_order_relaxed);
			atomic_store_explicit(&entry->over, 0, memory_order_relaxed);
		}
	/* Last: whoever sees the day, sees nothing of the one before. */
	atomic_store_explicit(&g->day, day, memory_order_release);
}

bool
gate_is_exempt(const struct gate *g, const struct addr *client)
{
	uint64_t half[2];

	memcpy(half, client->b, sizeof(half));
	for (size_t i = 0; i < g->exempt_count; i++) {
		const struct gate_exempt *x = &g->exempt[i];

		if (x->family == client->family && (half[0] & x->mask[0]) == x->value[0] &&
			(half[1] & x->mask[1]) == x->value[1])
			return true;
	}
	return false;
}

/* xorshift64*; the upper half of the product, whose bits are no sums of earlier ones. */
static uint32_t
next_random(struct gate *g)
{
	g->random ^= g->random >> 12;
	g->random ^= g->random << 25;
	g->random ^= g->random >> 27;
	return (uint32_t)(g->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static struct gate_client *
lightest_client(struct gate_client_set *set)
{
	struct gate_client *least = &set->each[0];

	for (size_t i = 0; i < GATE_WAYS; i++) {
		struct gate_client *entry = &set->each[i];

		if (atomic_load_explicit(&entry->id, memory_order_relaxed) == 0)
			return entry;
		if (atomic_load_explicit(&entry->count, memory_order_relaxed) <
			atomic_load_explicit(&least->count, memory_order_relaxed))
			least = entry;
	}
	return least;
}

static int64_t
day_of(const struct gate *g)
{
	return atomic_load_explicit(&g->day, memory_order_relaxed);
}

static bool
is_noted_in(const struct gate *g, size_t set, uint64_t id)
{
	uint64_t mark = gate_mark(id, day_of(g));

	if (atomic_load_explicit(&g->overs->day, memory_order_relaxed) != day_of(g))
		return false;
	for (size_t i = 0; i < GATE_WAYS; i++)
		if (atomic_load_explicit(&g->overs->sets[set].each[i], memory_order_relaxed) ==
			mark)
			return true;
	return false;
}

/* Is one over that has no entry here? */
bool
gate_is_noted(const struct gate *g, const struct gate_ticket *t, uint64_t id)
{
	return is_noted_in(g, (size_t)(t->client_set - g->clients), id);
}

static void
inherit_mark(const struct gate *g, size_t set, struct gate_client *entry, uint64_t id)
{
	uint64_t proven = id | GATE_ID_PROVEN;

	if (is_noted_in(g, set, proven))
		atomic_store_explicit(&entry->over, gate_tag(g, proven, day_of(g)),
			memory_order_relaxed);
	else if (is_noted_in(g, set, id))
		atomic_store_explicit(&entry->over, gate_tag(g, id, day_of(g)),
			memory_order_relaxed);
}

struct gate_client *
gate_take_client(struct gate *g, struct gate_client_set *set, uint64_t id)
{
	struct gate_client *entry = lightest_client(set);
	uint32_t n = atomic_load_explicit(&entry->count, memory_order_relaxed);
	uint32_t halvings = n / CLIENT_CHANCE < CHANCE_HALVINGS ? n / CLIENT_CHANCE :
								  CHANCE_HALVINGS;

	if (atomic_load_explicit(&entry->id, memory_order_relaxed) == 0)
		n = 0;
	else if ((next_random(g) & ((1u << halvings) - 1)) == 0)
		n -= n != 0;
	else
		n = n != 0 ? n : 1;
	if (n != 0) {
		atomic_store_explicit(&entry->count, n, memory_order_relaxed);
		count(&g->counts.uncounted);
		return NULL;
	}
	/* In this order: the main thread must not take the old count for the new client's. */
	atomic_store_explicit(&entry->count, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->over, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->id, id, memory_order_release);
	inherit_mark(g, (size_t)(set - g->clients), entry, id);
	return entry;
}

struct gate_network *
gate_take_network(struct gate_network_set *set, uint64_t id)
{
	struct gate_network *least = &set->each[0];

	for (size_t i = 1; i < GATE_WAYS; i++)
		if (set->each[i].full_ns < least->full_ns)
			least = &set->each[i];
	least->id = id; /* and goes on from there */
	return least;
}

void
gate_limit(struct gate *g, struct answer_context *c)
{
	c->is_limited = true;
	/* By chance: who knew which one slips would choose for whom. */
	c->is_dropped = g->slip == 0 || next_random(g) % g->slip != 0;
}

/* A cookie has proved what gate_admit could not know. */
static void
count_special(struct gate *g, const struct gate_ticket *t, const struct answer_outcome *o)
{
	struct gate_ticket proven = *t;

	if (o->is_proven && (t->client & GATE_ID_PROVEN) == 0) {
		proven.client |= GATE_ID_PROVEN;
		proven.entry = gate_find_client(t->client_set, proven.client);
	}
	gate_count_client(g, &proven);
}

static void
forgive_network(const struct gate *g, const struct gate_ticket *t)
{
	struct gate_network *entry = t->network_set != NULL ?
		gate_find_network(t->network_set, t->network) :
		NULL;

	if (entry != NULL)
		entry->full_ns -= g->interval_ns;
}

void
gate_settle_special(struct gate *g, const struct gate_ticket *t, struct key_table *keys,
	const struct answer_outcome *o)
{
	if (o->key != KEY_NONE && keys != NULL)
		key_table_use(keys, g->index, o->key);
	if (t->client_set != NULL && o->zone != NULL && o->key == KEY_NONE && !o->passes)
		count_special(g, t, o);
	if (o->is_proven || o->passes)
		forgive_network(g, t);
	if (o->is_dropped)
		count(&g->counts.dropped);
	else if (o->is_limited)
		count(&g->counts.limited);
	if (o->is_over)
		count(&g->counts.refused_over);
	if (o->is_keyless)
		count(&g->counts.refused_key);
}

/* --- making them ---------------------------------------------------------- */

static uint64_t
mask_ipv4(unsigned bits)
{
	return GATE_ID_IPV4 | (bits == 0 ? 0 : htobe32(UINT32_MAX << (32 - bits)));
}

static uint64_t
mask_ipv6(unsigned bits)
{
	return GATE_ID_CLASS | (bits == 0 ? 0 : UINT64_MAX << (bits < 64 ? 64 - bits : 0));
}

/* Sets of a table for so many, a power of two, two or more: the shift is below 64. */
static size_t
count_sets(size_t clients, unsigned *shift)
{
	size_t sets = 2;

	*shift = 63;
	while (sets * GATE_WAYS < clients) {
		sets *= 2;
		--*shift;
	}
	return sets;
}

static bool
make_tables(struct gate *g, const struct gate_options *o)
{
	g->sets = count_sets(o->clients, &g->shift);
	if (o->quota != 0) {
		g->clients = aligned_alloc(GATE_LINE, g->sets * sizeof(*g->clients));
		if (g->clients == NULL)
			return false;
		memset((void *)g->clients, 0, g->sets * sizeof(*g->clients));
	}
	if (o->rate != 0) {
		g->networks = aligned_alloc(GATE_LINE, g->sets * sizeof(*g->networks));
		if (g->networks == NULL)
			return false;
		memset(g->networks, 0, g->sets * sizeof(*g->networks));
	}
	return true;
}

static void
set_rate(struct gate *g, const struct gate_options *o)
{
	uint64_t interval;

	if (o->rate == 0)
		return;
	interval = (uint64_t)NANOSECONDS * o->workers / o->rate;
	g->interval_ns = interval != 0 ? (int64_t)interval : 1;
	/* A second's worth at once, or one reply. */
	g->tolerance_ns = g->interval_ns < NANOSECONDS ? NANOSECONDS - g->interval_ns : 0;
}

static struct gate *
gate_new(const struct gates *all, size_t index)
{
	const struct gate_options *o = &all->options;
	struct gate *g = aligned_alloc(GATE_LINE, sizeof(*g));

	if (g == NULL)
		return NULL;
	memset((void *)g, 0, sizeof(*g));
	g->index = index;
	g->multiplier = all->multiplier;
	g->masks[0] = (struct gate_masks){mask_ipv6(o->client_ipv6), mask_ipv6(o->network_ipv6)};
	g->masks[1] = (struct gate_masks){mask_ipv4(o->client_ipv4), mask_ipv4(o->network_ipv4)};
	g->quota = o->quota < UINT32_MAX ? (uint32_t)o->quota : UINT32_MAX;
	g->exempt_count = o->exempt_count;
	g->exempt = all->exempt;
	g->slip = o->slip;
	g->random = all->multiplier ^ (index + 1);
	g->random |= g->random == 0;
	set_rate(g, o);
	if (!make_tables(g, o)) {
		free((void *)g->clients);
		free(g);
		return NULL;
	}
	return g;
}

static void
mask_bytes(uint8_t *out, size_t bits)
{
	for (size_t i = 0; i < bits; i++)
		out[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static bool
copy_exempt(struct gates *g, const struct gate_options *o)
{
	g->exempt = calloc(o->exempt_count != 0 ? o->exempt_count : 1, sizeof(*g->exempt));
	if (g->exempt == NULL)
		return false;
	for (size_t i = 0; i < o->exempt_count; i++) {
		const struct prefix *p = &o->exempt[i];
		struct gate_exempt *x = &g->exempt[i];

		x->family = p->addr.family;
		mask_bytes((uint8_t *)x->mask, p->len);
		memcpy(x->value, p->addr.b, sizeof(x->value));
		x->value[0] &= x->mask[0];
		x->value[1] &= x->mask[1];
	}
	return true;
}

static bool
make_overs(struct gates *g)
{
	if (g->each[0]->clients != NULL)
		g->overs = calloc(1,
			sizeof(*g->overs) + g->each[0]->sets * sizeof(g->overs->sets[0]));
	return g->each[0]->clients == NULL || g->overs != NULL;
}

static bool
make_gates(struct gates *g)
{
	const struct gate_options *o = &g->options;

	g->each = calloc(o->workers, sizeof(struct gate *));
	if (g->each == NULL || !copy_exempt(g, o))
		return false;
	for (size_t i = 0; i < o->workers; i++) {
		g->each[i] = gate_new(g, i);
		if (g->each[i] == NULL || (i == 0 && !make_overs(g)))
			return false;
		g->each[i]->overs = g->overs;
	}
	return gates_sum_new(g);
}

enum err
gates_new(const struct gate_options *o, struct gates **out, struct error *e)
{
	struct gates *g;

	*out = NULL;
	if (o->quota == 0 && o->rate == 0 && !o->has_keys && o->exempt_count == 0)
		return OK;
	g = calloc(1, sizeof(*g));
	if (g != NULL) {
		g->options = *o;
		g->options.exempt = NULL;
		randombytes_buf(&g->multiplier, sizeof(g->multiplier));
		g->multiplier |= 1;
		g->options.exempt = o->exempt;
	}
	if (g == NULL || !make_gates(g)) {
		gates_free(g);
		return error_set(e, ERR_MEMORY,
			"out of memory for counting clients; lower access.clients or dnsd.workers");
	}
	g->options.exempt = NULL; /* copied */
	*out = g;
	return OK;
}

void
gates_free(struct gates *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; g->each != NULL && i < g->options.workers; i++)
		if (g->each[i] != NULL) {
			free((void *)g->each[i]->clients);
			free(g->each[i]->networks);
			free(g->each[i]);
		}
	gates_sum_free(g);
	free((void *)g->overs);
	free(g->each);
	free(g->exempt);
	free(g);
}

struct gate *
gates_of(struct gates *g, size_t worker)
{
	return g != NULL ? g->each[worker] : NULL;
}
