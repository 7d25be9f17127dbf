#include "pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/clock.h>
#include <orbl/log.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "etiquette.h"
#include "geo.h"
#include "guard.h"
#include "housekeeping.h"
#include "nominate.h"
#include "outcome.h"

enum {
	HOUSEKEEPING_S = 5,
};

struct pipeline {
	struct pipeline_parts parts;
	struct guard *guard;
	struct geo *geo;
	struct nominate nominate;
	struct probe_queue *queue;
	struct event *prober_event, *work_event, *housekeeping_event;
	struct publisher *publisher;
	struct desk *desk;
	struct purger *purger;
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

/* order NULL: as there is news. */
static enum err
publish_now(struct pipeline *p, const struct publish_order *order, uint32_t *serial,
	struct error *e)
{
	enum err err;

	/* First what was done, then what comes of it: a store from a backup must find it. But a
	 * removal does not wait for a disk that is full. */
	audit_keep(p->parts.audit, now());
	err = order != NULL ? publish_ordered(p->publisher, order, now(), serial, e) :
			      publish_list(p->publisher, now(), serial, e);
	if (err != OK)
		return err;
	p->publish_needed = false;
	if (*serial == 0)
		return OK;
	log_info("%s: serial %u published", p->parts.conf->zone.snapshot, *serial);
	publish_tell(p->parts.base, p->parts.conf->dnsd.control_socket, *serial);
	/* And that it was published: by that a store from a backup knows that nothing is missing.
	 */
	audit_keep(p->parts.audit, now());
	return OK;
}

/* What fails stays needed: housekeeping tries again. What is held has been told of. */
static void
publish(struct pipeline *p)
{
	struct error e = {.code = OK};
	uint32_t serial;
	enum err err;

	if (!p->publish_needed)
		return;
	err = publish_now(p, NULL, &serial, &e);
	if (err != OK && err != ERR_REFUSED)
		log_error("the list is not published, the old one stays in service: %s", e.text);
}

enum err
pipeline_publish(struct pipeline *p, const struct publish_order *order, uint32_t *serial,
	struct error *e)
{
	guard_refresh(p->guard, now());
	return publish_now(p, order, serial, e);
}

const struct publish_hold *
pipeline_publish_hold(const struct pipeline *p)
{
	return publish_hold(p->publisher);
}

uint32_t
pipeline_in_dns(const struct pipeline *p, const struct addr *a, int64_t now_s)
{
	return publish_in_service(p->publisher, a, now_s);
}

const struct guard *
pipeline_guard(const struct pipeline *p)
{
	return p->guard;
}

const struct geo *
pipeline_geo(const struct pipeline *p)
{
	return p->geo;
}

static struct outcome
new_outcome(const struct pipeline *p)
{
	const struct conf *c = p->parts.conf;

	return (struct outcome){
		.store = p->parts.store,
		.now_s = now(),
		.rules = list_rules_of(c),
		.guard = p->guard,
		.geo = p->geo,
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

static void
on_letter(const struct prober_event *ev, void *context)
{
	struct pipeline *p = context;

	desk_letter(p->desk, ev);
}

static void
on_desk(uint64_t id, const char *text, bool done, void *context)
{
	struct pipeline *p = context;

	if (p->observer != NULL)
		p->observer(id, text, done, p->observer_context);
}

struct desk *
pipeline_desk(const struct pipeline *p)
{
	return p->desk;
}

/* --- who lists besides ------------------------------------------------------ */

struct lister
pipeline_lister(struct pipeline *p, int64_t now_s)
{
	guard_refresh(p->guard, now_s);
	return (struct lister){.store = p->parts.store,
		.guard = p->guard,
		.geo = p->geo,
		.rules = list_rules_of(p->parts.conf),
		.now_s = now_s};
}

void
pipeline_list_changed(struct pipeline *p)
{
	guard_refresh(p->guard, now());
	p->publish_needed = true;
	publish(p);
	pipeline_wake(p);
}

/* --- purges --------------------------------------------------------------- */

static struct lister
purging_lister(void *context, int64_t now_s, bool *permits)
{
	struct pipeline *p = context;

	*permits = publish_hold(p->publisher)->blast == BLAST_SMALL;
	return pipeline_lister(p, now_s);
}

/* The copy of the audit log keeps up, so that it is not much at the end. */
static void
on_purge_slice(void *context, int64_t now_s)
{
	struct pipeline *p = context;

	audit_keep(p->parts.audit, now_s);
}

/* The hosts wait for a look. */
static void
on_purge_over(void *context, bool changed)
{
	struct pipeline *p = context;

	pipeline_wake(p);
	if (changed)
		pipeline_list_changed(p);
}

struct purger *
pipeline_purger(const struct pipeline *p)
{
	return p->purger;
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
	bool more = !purger_is_busy(p->purger) &&
		nominate_batch(&p->nominate, probe_queue_etiquette(p->queue, now()), now());
	int64_t wait_ms = probe_queue_start(p->queue, now_ms());

	(void)fd;
	(void)what;
	p->publish_needed = p->publish_needed || p->nominate.changed;
	if (p->nominate.changed)
		publish(p);
	p->nominate.changed = false;
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
	audit_keep(p->parts.audit, now_s);
	guard_refresh(p->guard, now_s);
	geo_refresh(p->geo, now_s);
	p->publish_needed = housekeeping_run(&p->housekeeping, now_s) || p->publish_needed;
	(void)probe_queue_end(p->queue, now_s, on_end, p);
	desk_run(p->desk, now_s);
	p->publish_needed = p->publish_needed || publish_is_due(p->publisher, now_s);
	publish(p);
	pipeline_wake(p);
}

/* --- making and ending ---------------------------------------------------- */

static enum err
make_rules(struct pipeline *p, struct error *e)
{
	const struct conf *c = p->parts.conf;
	struct addr second;
	enum err err;

	if (addr_parse(text_of(c->probe.second_source), &second) == OK)
		p->second_family = second.family;
	err = guard_new(c, p->parts.store, now(), &p->guard, e);
	if (err != OK)
		return err;
	p->geo = geo_new(c->geo.asn, c->geo.country);
	if (p->geo == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->housekeeping = (struct housekeeping){.store = p->parts.store, .conf = c};
	p->nominate = (struct nominate){.conf = c,
		.clock_ms = clock_monotonic_ms,
		.store = p->parts.store,
		.guard = p->guard,
		.geo = p->geo};
	return nominate_init(&p->nominate, e);
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
		.letter = on_letter,
		.refused = on_refused,
		.context = p,
	};

	return probe_queue_new(&parts, now_ms(), &p->queue, e);
}

static enum err
make_desk(struct pipeline *p, struct error *e)
{
	const struct desk_parts parts = {
		.conf = p->parts.conf,
		.store = p->parts.store,
		.prober = p->parts.prober,
		.base = p->parts.base,
		.tell = on_desk,
		.context = p,
	};

	return desk_new(&parts, &p->desk, e);
}

static enum err
make_purger(struct pipeline *p, struct error *e)
{
	const struct purger_parts parts = {
		.conf = p->parts.conf,
		.base = p->parts.base,
		.lister = purging_lister,
		.sliced = on_purge_slice,
		.over = on_purge_over,
		.tell = on_desk,
		.context = p,
	};

	p->purger = purger_new(&parts);
	if (p->purger == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	return purge_recover(p->parts.store, now(), e);
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
	err = make_rules(p, e);
	if (err == OK)
		err = make_queue(p, e);
	if (err == OK)
		err = make_desk(p, e);
	if (err == OK)
		err = make_purger(p, e);
	if (err == OK)
		err = publish_new(parts->store, parts->conf, &p->publisher, e);
	if (err == OK)
		publish_set_guard(p->publisher, p->guard);
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
	desk_free(p->desk);
	purger_free(p->purger);
	probe_queue_free(p->queue);
	nominate_reset(&p->nominate);
	guard_free(p->guard);
	geo_free(p->geo);
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
