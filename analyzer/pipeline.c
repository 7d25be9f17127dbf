#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "etiquette.h"
#include "housekeeping.h"
#include "nominate.h"
#include "outcome.h"
#include "publish.h"

enum {
	HOUSEKEEPING_S = 5,
};

struct pipeline {
	struct pipeline_parts parts;
	struct nominate nominate;
	struct probe_queue *queue;
	struct event *prober_event, *work_event, *housekeeping_event;
	struct publisher *publisher;
	uint8_t second_family; /* of probe.second_source, 0: none */
	bool publish_needed, failed;
	struct housekeeping housekeeping;
	pipeline_observer_fn *observer;
	void *observer_context;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
now(void)
{
	return now_ms() / 1000;
}

void
pipeline_wake(struct pipeline *p)
{
	const struct timeval at_once = {0};

	event_add(p->work_event, &at_once);
}

/* Who waits for one of a pair waits for both. */
static void
observe(struct pipeline *p, const struct store_probe *probe, const char *text, bool done)
{
	if (p->observer == NULL)
		return;
	p->observer(probe->id, text, done, p->observer_context);
	if (probe->parent != 0)
		p->observer(probe->parent, text, done, p->observer_context);
}

enum err
pipeline_score(struct pipeline *p, const struct addr *host, int64_t now_s, struct score *out,
	struct error *e)
{
	return nominate_score(&p->nominate, host, now_s, out, e);
}

enum err
pipeline_may_probe(struct pipeline *p, const struct addr *host, struct error *e)
{
	const struct etiquette_question question = {.addr = *host, .now_s = now()};
	char why[ETIQUETTE_WHY];

	if (etiquette_check(probe_queue_etiquette(p->queue, question.now_s), &question, why) ==
		ETIQUETTE_PROBE)
		return OK;
	return error_set(e, ERR_REFUSED, "%s", why);
}

/* --- verdict -> listing -> snapshot --------------------------------------- */

static void
publish(struct pipeline *p)
{
	struct error e = {.code = OK};
	uint32_t serial;

	if (!p->publish_needed)
		return;
	if (publish_list(p->publisher, now(), &serial, &e) != OK) {
		log_error("the list is not published, the old one stays in service: %s", e.text);
		return; /* publish_needed stays: housekeeping tries again */
	}
	p->publish_needed = false;
	log_info("%s: serial %u published", p->parts.conf->zone.snapshot, serial);
	publish_tell(p->parts.base, p->parts.conf->dnsd.control_socket, serial);
}

static struct outcome
new_outcome(const struct pipeline *p)
{
	const struct conf *c = p->parts.conf;

	return (struct outcome){
		.store = p->parts.store,
		.now_s = now(),
		.lifetime_s = c->listing.lifetime_s,
		.second_family = p->second_family,
		.retry = {c->probe.backoff_s, c->probe.interval_s},
	};
}

static void
publish_outcome(struct pipeline *p, const struct outcome *outcome)
{
	p->publish_needed = p->publish_needed || outcome->changed;
	publish(p); /* before the observer, so that who asked finds DNS changed */
}

static void
tell_end(struct pipeline *p, const struct store_probe *probe, const struct outcome *outcome,
	const char *reason)
{
	char text[700], address[ADDR_TEXT];

	snprintf(text, sizeof(text), "%s: %s: %s%s", addr_format(&probe->host, address),
		verdict_name(outcome->verdict), reason,
		outcome->second != 0 ? "; a second opinion is asked for" : "");
	log_info("probe %" PRIu64 ": %s", probe->id, text);
	observe(p, probe, text, outcome->second == 0);
}

/* A result that cannot be stored (disk full) is kept, and tried again by housekeeping: a host is
 * not probed again for our troubles. */
static bool
on_end(const struct store_probe *probe, const struct probe_result *result, void *context)
{
	struct pipeline *p = context;
	struct outcome outcome = new_outcome(p);
	struct error e = {.code = OK};

	if (outcome_finish(&outcome, probe, result, &e) != OK) {
		log_error("probe %" PRIu64 ": its result waits to be stored: %s", probe->id,
			e.text);
		return false;
	}
	publish_outcome(p, &outcome);
	tell_end(p, probe, &outcome, probe_result_reason(result));
	return true;
}

static void
on_refused(const struct store_probe *probe, const char *why, void *context)
{
	struct pipeline *p = context;
	struct outcome outcome = new_outcome(p);
	struct error e = {.code = OK};

	if (outcome_cancel(&outcome, probe, why, &e) != OK) {
		log_error("probe %" PRIu64 " cannot be given up: %s", probe->id, e.text);
		return;
	}
	publish_outcome(p, &outcome);
	tell_end(p, probe, &outcome, why);
}

/* Of a probe that nobody knows there is nothing to store. */
static bool
on_late(const struct prober_event *event, void *context)
{
	struct pipeline *p = context;
	struct outcome outcome = new_outcome(p);
	struct error e = {.code = OK};
	enum err err = outcome_arrived_late(&outcome, event, &e);

	if (err != OK)
		log_warning("a late token of probe %" PRIu64 " is not counted: %s", event->id,
			e.text);
	publish_outcome(p, &outcome);
	return err == OK || err == ERR_NOT_FOUND;
}

static void
on_said(const struct store_probe *probe, const char *line, void *context)
{
	observe(context, probe, line, false);
}

/* --- the event loop's side ------------------------------------------------ */

static void
on_prober(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	struct error e = {.code = OK};
	enum err err = probe_queue_read(p->queue, &e);

	(void)fd;
	(void)what;
	if (probe_queue_end(p->queue, now(), on_end, p) != 0 || probe_queue_is_ready(p->queue))
		pipeline_wake(p);
	if (err == OK)
		return;
	/* Without a prober nothing can be proved. The service manager starts us anew, and the
	 * queue is in the store. */
	log_error("the prober is gone: %s; ending, restart orbl-analyzer", e.text);
	p->failed = true;
	event_base_loopbreak(p->parts.base);
}

static void
wake_later(struct pipeline *p, int64_t wait_ms)
{
	const struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000),
		.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};

	if (!event_pending(p->work_event, EV_TIMEOUT, NULL))
		event_add(p->work_event, &wait);
}

static void
on_work(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	bool more = nominate_batch(&p->nominate, probe_queue_etiquette(p->queue, now()), now());
	int64_t wait_ms = probe_queue_start(p->queue, now_ms());

	(void)fd;
	(void)what;
	if (more)
		pipeline_wake(p);
	else if (wait_ms >= 0)
		wake_later(p, wait_ms + 1);
}

static void
on_housekeeping(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	int64_t now_s = now();

	(void)fd;
	(void)what;
	p->publish_needed = housekeeping_run(&p->housekeeping, now_s) || p->publish_needed;
	(void)probe_queue_end(p->queue, now_s, on_end, p);
	p->publish_needed = p->publish_needed || publish_is_due(p->publisher, now_s);
	publish(p);
	pipeline_wake(p);
}

/* --- making and ending ---------------------------------------------------- */

static void
set_rules(struct pipeline *p)
{
	const struct conf *c = p->parts.conf;
	struct addr second;

	p->nominate.score = (struct score_rules){
		.half_life_s = c->score.half_life_s,
		.max_age_s = c->score.max_age_s,
		.denial_points = (double)c->score.denial_points,
		.reporter_cap = (double)c->score.reporter_cap,
	};
	p->nominate.decision = (struct decision_rules){
		.threshold = (double)c->score.threshold,
		.min_reporters = (size_t)c->score.min_reporters,
	};
	if (addr_parse(text_of(c->probe.second_source), &second) == OK)
		p->second_family = second.family;
}

static enum err
make_queue(struct pipeline *p, struct error *e)
{
	const struct probe_queue_parts parts = {
		.conf = p->parts.conf,
		.store = p->parts.store,
		.prober = p->parts.prober,
		.said = on_said,
		.late = on_late,
		.refused = on_refused,
		.context = p,
	};

	return probe_queue_new(&parts, now_ms(), &p->queue, e);
}

static bool
add_events(struct pipeline *p)
{
	const struct timeval period = {.tv_sec = HOUSEKEEPING_S};

	p->prober_event = event_new(p->parts.base, prober_fd(p->parts.prober), EV_READ | EV_PERSIST,
		on_prober, p);
	p->work_event = evtimer_new(p->parts.base, on_work, p);
	p->housekeeping_event = event_new(p->parts.base, -1, EV_PERSIST, on_housekeeping, p);
	return p->prober_event != NULL && p->work_event != NULL && p->housekeeping_event != NULL &&
		event_add(p->prober_event, NULL) == 0 &&
		event_add(p->housekeeping_event, &period) == 0;
}

enum err
pipeline_new(const struct pipeline_parts *parts, struct pipeline **out, struct error *e)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	enum err err;

	*out = NULL;
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->parts = *parts;
	set_rules(p);
	p->housekeeping.store = p->nominate.store = parts->store;
	p->housekeeping.conf = parts->conf;
	p->nominate.reporters = parts->reporters;
	err = make_queue(p, e);
	if (err == OK)
		err = publish_new(parts->store, parts->conf, &p->publisher, e);
	if (err == OK && !add_events(p))
		err = error_set(e, ERR_MEMORY, "cannot make events");
	if (err != OK) {
		pipeline_free(p);
		return err;
	}
	/* A first snapshot, so that dnsd has a zone, and whatever an earlier run left to do. */
	p->publish_needed = true;
	publish(p);
	pipeline_wake(p);
	*out = p;
	return OK;
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	if (p->prober_event != NULL)
		event_free(p->prober_event);
	if (p->work_event != NULL)
		event_free(p->work_event);
	if (p->housekeeping_event != NULL)
		event_free(p->housekeeping_event);
	publish_free(p->publisher);
	probe_queue_free(p->queue);
	free(p);
}

void
pipeline_observe(struct pipeline *p, pipeline_observer_fn *fn, void *context)
{
	p->observer = fn;
	p->observer_context = context;
}

struct probe_queue_state
pipeline_probes(const struct pipeline *p)
{
	return probe_queue_state(p->queue);
}

bool
pipeline_has_failed(const struct pipeline *p)
{
	return p->failed;
}
