/* pipeline.h - from evidence to listing: read this first.
 *
 *	submission.c   log bytes -> denials -> evidence in the store    (acknowledged here)
 *	nominate.c     hosts with news: score.c -> decision.c -> probe queued in the store, or
 *	               listed as a suspect
 *	probe_queue.c  the queue -> opted out? too many? -> prober process -> events -> verdict
 *	outcome.c      verdict -> decision.c -> list.c: listing or delisting in the store, and the
 *	               probes that follow: a second opinion, a retry, a confirmation
 *	host.c         all of these: the host's state, in the same transaction
 *	publish.c      listings -> snapshot file -> dnsd told
 *
 * Every step reads its input from the store and leaves its output there, so that an
 * analyzer killed at any moment goes on where it was: start-up is recovery. One event loop,
 * one thread. Only the callbacks of event loops read the clock; the rest gets now_s.
 */
#ifndef ANALYZER_PIPELINE_H
#define ANALYZER_PIPELINE_H

#include <stdbool.h>

#include <event2/event.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "audit.h"
#include "desk.h"
#include "list.h"
#include "prober.h"
#include "probe_queue.h"
#include "publish.h"
#include "purger.h"
#include "reporters.h"
#include "score.h"

struct pipeline;

struct pipeline_parts { /* all kept until pipeline_free */
	const struct conf *conf;
	struct store *store;
	struct prober *prober;
	const struct reporters *reporters;
	struct event_base *base;
	struct audit *audit; /* NULL: the audit log has no copy */
};

/* Told of progress: probe id, one printable line, and whether the probe is done. */
typedef void pipeline_observer_fn(uint64_t probe, const char *text, bool done, void *context);

enum err pipeline_new(const struct pipeline_parts *parts, struct pipeline **out,
	struct error *e) ORBL_NODISCARD;
void pipeline_free(struct pipeline *p); /* NULL ok */
void pipeline_observe(struct pipeline *p, pipeline_observer_fn *fn, void *context);

/* There may be something to do: new evidence, a new request. Returns at once. */
void pipeline_wake(struct pipeline *p);
bool pipeline_has_failed(const struct pipeline *p); /* the prober was lost: restart */
struct probe_queue_state pipeline_probes(const struct pipeline *p);
/* Lookups, letters and notices; what is waited for there is observed, too. */
struct desk *pipeline_desk(const struct pipeline *p);
/* Purges, which are observed, too; while one runs no host is nominated, or listed by evidence. */
struct purger *pipeline_purger(const struct pipeline *p);
/* Score of a host from the evidence in the store. */
enum err pipeline_score(struct pipeline *p, const struct addr *host, int64_t now_s,
	struct score *out, struct error *e) ORBL_NODISCARD;
/* For a command that lists or delists (list.h), in a transaction of its own; then, when that is
 * committed, pipeline_list_changed publishes it. */
struct lister pipeline_lister(struct pipeline *p, int64_t now_s);
/* Listings, orders or the retirement have changed: publish at once; when that fails, housekeeping
 * tries again. */
void pipeline_list_changed(struct pipeline *p);
/* Publish because somebody asks (publish_ordered), and what is held (publish_hold). */
enum err pipeline_publish(struct pipeline *p, const struct publish_order *order, uint32_t *serial,
	struct error *e) ORBL_NODISCARD;
const struct publish_hold *pipeline_publish_hold(const struct pipeline *p); /* lent */
/* As what DNS lists an address (publish_in_service). */
uint32_t pipeline_in_dns(const struct pipeline *p, const struct addr *a, int64_t now_s);
/* May the host be probed on request? ERR_REFUSED with the reason when not. */
enum err
pipeline_may_probe(struct pipeline *p, const struct addr *host, struct error *e) ORBL_NODISCARD;

const struct guard *pipeline_guard(const struct pipeline *p); /* lent */
const struct geo *pipeline_geo(const struct pipeline *p);     /* lent */

#endif
