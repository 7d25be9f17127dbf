/* pipeline.h - from evidence to listing: read this first.
 *
 *	submission.c   log bytes -> denials -> evidence in the store    (acknowledged here)
 *	pipeline.c     hosts with news: score.c -> decision.c -> probe queued in the store
 *	probe_queue.c  the queue -> opted out? too many? -> prober process -> events -> verdict
 *	outcome.c      verdict -> decision.c -> listing or delisting in the store, and the
 *	               probes that follow: a second opinion, a retry
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

#include "prober.h"
#include "probe_queue.h"
#include "reporters.h"
#include "score.h"

struct pipeline;

struct pipeline_parts { /* all kept until pipeline_free */
	const struct conf *conf;
	struct store *store;
	struct prober *prober;
	const struct reporters *reporters;
	struct event_base *base;
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
/* Score of a host from the evidence in the store. */
enum err pipeline_score(struct pipeline *p, const struct addr *host, int64_t now_s,
	struct score *out, struct error *e) ORBL_NODISCARD;
/* May the host be probed on request? ERR_REFUSED with the reason when not. */
enum err
pipeline_may_probe(struct pipeline *p, const struct addr *host, struct error *e) ORBL_NODISCARD;

#endif
