#include "housekeeping.h"

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_evidence.h>
#include <orbl/store_host.h>
#include <orbl/store_notice.h>
#include <orbl/store_probe.h>
#include <orbl/store_reporter.h>

#include "host.h"
#include "list_expire.h"

enum {
	PRUNE_EVERY_S = 3600,
	BOUND_EVERY_S = 60,
	RETESTS_EVERY_S = 60,
	EXPIRE_BATCH = 1000,
	HOSTS_BATCH = 10000,
	NOTICES_BATCH = 10000,
	ALARMS_KEPT_S = 30 * 86400,
};
static const int64_t GIB = INT64_C(1) << 30;

/* --- listings ---------------------------------------------------------------- */

static void
expire(struct lister *l)
{
	struct list_expired expired;
	struct error e = {.code = OK};

	if (list_expire(l, EXPIRE_BATCH, &expired, &e) != OK)
		log_error("listings cannot be expired: %s", e.text);
	else if (expired.ended != 0)
		log_info("%zu listings expired", expired.ended);
}

static void
take_effect(struct lister *l)
{
	struct error e = {.code = OK};
	size_t count;

	if (list_take_effect(l, &count, &e) != OK)
		log_error("listings whose notice is over are not published: %s", e.text);
	else if (count != 0)
		log_info("the notice of %zu listings is over", count);
}

/* --- what is old --------------------------------------------------------------- */

static enum err
prune_reporters(struct housekeeping *h, int64_t now_s, struct error *e)
{
	enum err err = store_begin(h->store, e);

	if (err == OK)
		err = store_reporters_prune(h->store, now_s, e);
	if (err == OK)
		return store_commit(h->store, e);
	store_rollback(h->store);
	return err;
}

/* Of a host that could still relapse something is to be known. */
static enum err
prune_hosts(struct housekeeping *h, int64_t now_s, struct error *e)
{
	const struct conf *c = h->conf;
	int64_t kept_s = c->listing.relapse_window_s > c->score.max_age_s ?
		c->listing.relapse_window_s :
		c->score.max_age_s;

	return store_host_prune(h->store, 1U << HOST_SEEN | 1U << HOST_CLEARED, now_s - kept_s,
		HOSTS_BATCH, e);
}

static void
prune(struct housekeeping *h, int64_t now_s)
{
	struct error e = {.code = OK};

	if (now_s - h->pruned_s <= PRUNE_EVERY_S)
		return;
	h->pruned_s = now_s;
	if (store_evidence_prune(h->store, now_s - h->conf->score.max_age_s, &e) != OK ||
		prune_reporters(h, now_s, &e) != OK || prune_hosts(h, now_s, &e) != OK ||
		store_alarms_prune(h->store, now_s - ALARMS_KEPT_S, NULL, &e) != OK ||
		store_notices_prune(h->store, now_s - h->conf->notify.keep_s, NOTICES_BATCH, NULL,
			&e) != OK)
		log_error("what is old cannot be removed: %s", e.text);
}

static void
bound(struct housekeeping *h, int64_t now_s)
{
	const struct conf *c = h->conf;
	const struct store_bounds bounds = {
		.now_s = now_s,
		.per_host = c->evidence.per_host,
		.total = c->evidence.total,
		.probes = c->evidence.probes,
		.result_bytes = c->evidence.probe_bytes * GIB,
	};
	struct store_bounded gone = {.more = false};
	struct error e = {.code = OK};

	if (now_s - h->bounded_s < BOUND_EVERY_S)
		return;
	h->bounded_s = now_s;
	if (store_bound(h->store, &bounds, &gone, &e) != OK)
		log_error("what is too much cannot be removed: %s", e.text);
	else if (gone.evidence != 0 || gone.results != 0)
		log_notice("%zu hours of evidence and %zu results of probes are removed, as there "
			   "are more than are kept",
			gone.evidence, gone.results);
	if (gone.more)
		h->bounded_s = 0;
}

/* --- retests ------------------------------------------------------------------- */

struct retesting {
	struct housekeeping *h;
	int64_t now_s;
	struct error *e;
};

static enum err
on_retest(const struct addr *host, void *context)
{
	struct retesting *r = context;
	const struct host_news news = {.host = *host, .kind = HOST_RETEST_DUE, .now_s = r->now_s};

	return host_event_if_may(r->h->store, &news, NULL, NULL, r->e);
}

/* Of listings that are going to end. Not in the first half of their life, whatever is set: a
 * renewed listing would ask for the next probe at once. */
static enum err
queue_retests(struct housekeeping *h, int64_t now_s, size_t *queued, struct error *e)
{
	const struct conf *c = h->conf;
	struct store_retests r = {now_s, c->probe.retest_before_s, c->probe.interval_s};
	struct retesting retesting = {h, now_s, e};
	enum err err;

	if (r.window_s > c->listing.lifetime_s / 2)
		r.window_s = c->listing.lifetime_s / 2;
	err = store_begin(h->store, e);
	if (err == OK)
		err = store_probe_queue_retests(h->store, &r, queued, on_retest, &retesting, e);
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
	struct lister lister = {.store = h->store, .rules = list_rules_of(h->conf), .now_s = now_s};

	expire(&lister);
	take_effect(&lister);
	prune(h, now_s);
	bound(h, now_s);
	retest(h, now_s);
	return lister.changed;
}
