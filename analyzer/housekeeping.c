#include "housekeeping.h"

#include <orbl/log.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

enum { PRUNE_EVERY_S = 3600, RETESTS_EVERY_S = 60 };

static bool
expire(struct housekeeping *h, int64_t now_s)
{
	struct error e = {.code = OK};
	size_t expired = 0;

	if (store_listing_expire(h->store, now_s, &expired, &e) != OK)
		log_error("listings cannot be expired: %s", e.text);
	if (expired != 0)
		log_info("%zu listings expired", expired);
	return expired != 0;
}

static void
prune(struct housekeeping *h, int64_t now_s)
{
	struct error e = {.code = OK};

	if (now_s - h->pruned_s <= PRUNE_EVERY_S)
		return;
	if (store_evidence_prune(h->store, now_s - h->conf->score.max_age_s, &e) != OK)
		log_error("old evidence cannot be removed: %s", e.text);
	h->pruned_s = now_s;
}

/* Of listings that are going to end. Not in the first half of their life, whatever is set: a
 * renewed listing would ask for the next probe at once. */
static enum err
queue_retests(struct housekeeping *h, int64_t now_s, size_t *queued, struct error *e)
{
	const struct conf *c = h->conf;
	struct store_retests r = {now_s, c->probe.retest_before_s, c->probe.interval_s};
	enum err err;

	if (r.window_s > c->listing.lifetime_s / 2)
		r.window_s = c->listing.lifetime_s / 2;
	err = store_begin(h->store, e);
	if (err == OK)
		err = store_probe_queue_retests(h->store, &r, queued, e);
	if (err == OK)
		return store_commit(h->store, e);
	store_rollback(h->store);
	return err;
}

static void
retest(struct housekeeping *h, int64_t now_s)
{
	struct error e = {.code = OK};
	size_t queued = 0;

	if (now_s - h->retests_s < RETESTS_EVERY_S || h->conf->probe.retest_before_s == 0)
		return;
	h->retests_s = now_s;
	if (queue_retests(h, now_s, &queued, &e) != OK)
		log_error("no retests before listings end: %s", e.text);
	else if (queued != 0)
		log_info("%zu hosts are probed again before their listings end", queued);
}

bool
housekeeping_run(struct housekeeping *h, int64_t now_s)
{
	bool expired = expire(h, now_s);

	prune(h, now_s);
	retest(h, now_s);
	return expired;
}
