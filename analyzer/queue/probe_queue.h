/* probe_queue.h - from the queue in the store to the prober, and its events back.
 *
 *	store_probes_due -> opted out? -> probe_rate.c -> started_s committed -> prober
 *	prober -> events -> probe_result, and table probe_event, so that the next run goes on
 *	          with the cases that have no answer yet (probe_progress.c)
 *	an opt-out that comes later -> the prober is told to end it -> refused, as at the start
 *
 * What a probe that is over changes is not decided here: probe_queue_end hands it on. Nothing
 * here reads the clock.
 */
#ifndef ANALYZER_PROBE_QUEUE_H
#define ANALYZER_PROBE_QUEUE_H

#include <stdbool.h>

#include <orbl/conf.h>
#include <orbl/store_probe.h>

#include "etiquette.h"
#include "probe_result.h"
#include "prober.h"

struct probe_queue;

struct probe_queue_parts { /* all kept */
	const struct conf *conf;
	struct store *store;
	struct prober *prober;
	/* What is called back; none may start or end a probe, but for refused, which ends this. */
	void (*said)(const struct store_probe *p, const char *line, void *context);
	/* Of a probe long over; false: it could not be stored. */
	bool (*late)(const struct prober_event *arrival, void *context);
	/* Of no probe, but of a letter (prober.h). */
	void (*letter)(const struct prober_event *ev, void *context);
	void (*refused)(const struct store_probe *p, const char *why, void *context);
	void *context;
};

/* Probes that an earlier run had started are there again, as far as they had come. */
enum err probe_queue_new(const struct probe_queue_parts *parts, int64_t now_ms,
	struct probe_queue **out, struct error *e) ORBL_NODISCARD;
void probe_queue_free(struct probe_queue *q); /* NULL ok */

/* With the opt-out list as it is now; lent until the next call of this module. */
const struct etiquette_rules *probe_queue_etiquette(struct probe_queue *q, int64_t now_s);
/* Give the prober what may begin. Milliseconds until this is worth another call, -1: not before
 * something happens. */
int64_t probe_queue_start(struct probe_queue *q, int64_t now_ms);
/* Does something that was begun wait for room in the pipe? */
bool probe_queue_is_ready(const struct probe_queue *q);
/* Take the events that wait, at most a batch. ERR_IO: the prober is gone. */
enum err probe_queue_read(struct probe_queue *q, struct error *e) ORBL_NODISCARD;
/* Hand over each probe that is over; true: it is in the store and forgotten here, else it is
 * handed over again. Returns how many were forgotten. */
typedef bool
probe_queue_end_fn(const struct store_probe *p, const struct probe_result *result, void *context);
size_t probe_queue_end(struct probe_queue *q, int64_t now_s, probe_queue_end_fn *fn, void *context);

/* Why what is due does not begin. */
enum probe_queue_brake {
	PROBE_QUEUE_FREE, /* nothing is due */
	PROBE_QUEUE_SESSIONS,
	PROBE_QUEUE_MINUTE,
	PROBE_QUEUE_NETWORK,
	PROBE_QUEUE_OPT_OUT, /* who has opted out is not known */
};
const char *probe_queue_brake_name(enum probe_queue_brake b); /* "per_minute" */
struct probe_queue_state {
	size_t running;
	enum probe_queue_brake brake; /* of the last probe_queue_start */
	size_t passed_over;           /* then, for their networks */
	bool stopped;                 /* nothing is probed: who has opted out is not known */
	const char *opt_out_trouble;  /* why the list is not read, lent; "": it is */
};
struct probe_queue_state probe_queue_state(const struct probe_queue *q);

#endif
