#include "list_expire.h"

#include <inttypes.h>
#include <stdio.h>

#include <orbl/store_listing.h>

#include "host.h"

#define RELAYS (UINT32_C(1) << CATEGORY_RELAY | UINT32_C(1) << CATEGORY_RELAY_INPUT)

struct expiry {
	struct lister *lister;
	struct list_expired *out;
	struct error *e;
};

static enum err
on_tested(const struct addr *host, void *context)
{
	struct expiry *x = context;
	const struct host_news news = {.host = *host,
		.kind = HOST_EXPIRED,
		.now_s = x->lister->now_s};

	return host_event_if_may(x->lister->store, &news, NULL, NULL, x->e);
}

static enum err
on_expired(const struct store_listing *l, void *context)
{
	struct expiry *x = context;
	char prefix[PREFIX_TEXT], detail[128];

	x->out->ended++;
	snprintf(detail, sizeof(detail), "%s: the time of the listing is over",
		category_row(l->category)->name);
	return store_audit_add(x->lister->store,
		&(struct store_audit){.time_s = x->lister->now_s,
			.action = "expire",
			.subject = prefix_format(&l->prefix, prefix),
			.detail = detail},
		x->e);
}

static enum err
end_expired(struct lister *l, int64_t upto_s, struct list_expired *out, struct error *e)
{
	struct expiry x = {l, out, e};
	enum err err = store_tested_expired(l->store, upto_s, RELAYS, on_tested, &x, e);

	/* What an operator listed is in any category. */
	if (err == OK)
		err = store_tested_expired(l->store, upto_s, CATEGORY_ALL_MASK, on_tested, &x, e);
	if (err == OK)
		err = store_listings_expired(l->store, upto_s, on_expired, &x, e);
	return err == OK ? store_listing_expire(l->store, upto_s, NULL, e) : err;
}

static enum err
end_transaction(struct lister *l, enum err err, struct error *e)
{
	if (err == OK)
		return store_commit(l->store, e);
	store_rollback(l->store);
	return err;
}

enum err
list_expire(struct lister *l, size_t max, struct list_expired *out, struct error *e)
{
	int64_t upto_s;
	enum err err = store_proofs_horizon(l->store, l->now_s, max, &upto_s, e);

	*out = (struct list_expired){.ended = 0};
	if (err != OK || upto_s == 0)
		return err;
	err = store_begin(l->store, e);
	if (err == OK)
		err = end_expired(l, upto_s, out, e);
	err = end_transaction(l, err, e);
	l->changed = l->changed || (err == OK && out->ended != 0);
	out->more = err == OK && upto_s < l->now_s;
	return err;
}

enum err
list_take_effect(struct lister *l, size_t *count, struct error *e)
{
	enum err err = store_begin(l->store, e);

	*count = 0;
	if (err == OK)
		err = store_listings_due(l->store, l->now_s, count, e);
	err = end_transaction(l, err, e);
	l->changed = l->changed || (err == OK && *count != 0);
	return err;
}
