#include "prober_hold.h"

#include <stdlib.h>

struct prober_hold {
	uint64_t first, next; /* sequences held: first up to but not next */
	struct {
		struct collector_seen_key key;
		struct addr peer;
	} list[PROBER_HOLD_MAX]; /* a ring */
};

struct prober_hold *
prober_hold_new(void)
{
	struct prober_hold *h = calloc(1, sizeof(*h));

	if (h != NULL)
		h->first = h->next = 1;
	return h;
}

void
prober_hold_free(struct prober_hold *h)
{
	free(h);
}

static bool
is_same(const struct collector_seen_key *a, const struct collector_seen_key *b)
{
	return a->probe_id == b->probe_id && a->content == b->content &&
		a->case_index == b->case_index && a->kind == b->kind;
}

uint64_t
prober_hold_find(const struct prober_hold *h, const struct collector_seen_key *key,
	const struct addr *peer)
{
	for (uint64_t i = h->first; i != h->next; i++)
		if (is_same(&h->list[i % PROBER_HOLD_MAX].key, key) &&
			addr_equal(&h->list[i % PROBER_HOLD_MAX].peer, peer))
			return i;
	return 0;
}

uint64_t
prober_hold_add(struct prober_hold *h, const struct collector_seen_key *key,
	const struct addr *peer)
{
	if (h->next - h->first == PROBER_HOLD_MAX)
		return 0;
	h->list[h->next % PROBER_HOLD_MAX].key = *key;
	h->list[h->next % PROBER_HOLD_MAX].peer = *peer;
	return h->next++;
}

bool
prober_hold_settle(struct prober_hold *h, uint64_t upto, bool stored, struct collector_seen *seen)
{
	if (upto < h->first || upto >= h->next)
		return false;
	for (; h->first <= upto; h->first++)
		if (stored)
			collector_seen_keep(seen, &h->list[h->first % PROBER_HOLD_MAX].key,
				&h->list[h->first % PROBER_HOLD_MAX].peer);
	return true;
}
