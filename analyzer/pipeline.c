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

#include "decision.h"
#include "etiquette.h"
#include "outcome.h"
#include "probe/probe_result.h"
#include "publish.h"

enum {
	EVALUATE_BATCH = 200, /* hosts scored before the loop sees to other events */
	FACTS_MAX = 10000,    /* of one host, newest first */
	HOUSEKEEPING_S = 5,
	PRUNE_EVERY_S = 3600,
};

struct running { /* a probe that the prober has */
	uint64_t id;
	struct addr host;
	enum store_cause cause;
	struct probe_result *result;
};

struct pipeline {
	struct pipeline_parts parts;
	struct score_rules score_rules;
	struct decision_rules decision_rules;
	struct etiquette_rules etiquette;
	struct prefix *prefixes; /* of the etiquette, owned */
	struct event *prober_event, *work_event, *housekeeping_event;
	struct running *running; /* conf probe.sessions of them */
	size_t running_count, running_max;
	struct publisher *publisher;
	bool publish_needed, failed;
	int64_t pruned_s;
	pipeline_observer_fn *observer;
	void *observer_context;
};

static int64_t
now(void)
{
	return (int64_t)time(NULL);
}

void
pipeline_wake(struct pipeline *p)
{
	const struct timeval at_once = {0};

	event_add(p->work_event, &at_once);
}

static void
observe(struct pipeline *p, uint64_t probe, const char *text, bool done)
{
	if (p->observer != NULL)
		p->observer(probe, text, done, p->observer_context);
}

/* --- evidence -> score -> decision --------------------------------------- */

struct scoring {
	struct pipeline *p;
	struct score *score;
};

static enum err
on_fact(const struct store_fact *f, void *context)
{
	struct scoring *s = context;
	struct score_fact fact = {
		.reporter = f->reporter,
		.kind = f->kind,
		.time_s = f->hour_s,
		.count = f->count,
		.trust = reporters_trust(s->p->parts.reporters, f->reporter),
	};

	score_add(s->score, &fact);
	return OK;
}

enum err
pipeline_score(struct pipeline *p, const struct addr *host, int64_t now_s, struct score *out,
	struct error *e)
{
	struct scoring s = {.p = p, .score = out};
	enum err err;

	score_init(out, &p->score_rules, now_s);
	err = store_facts(p->parts.store, host, now_s - p->score_rules.max_age_s, FACTS_MAX,
		on_fact, &s, e);
	score_finish(out);
	return err;
}

static enum err
on_last_probe(const struct store_probe *probe, void *context)
{
	int64_t *last_s = context;

	/* A request is its own provocation and does not count (RFC 6471 section 3.6). */
	if (probe->cause == CAUSE_NOMINATION && probe->queued_s > *last_s)
		*last_s = probe->queued_s;
	return OK;
}

static enum etiquette_answer
ask_etiquette(struct pipeline *p, const struct addr *host, bool automated, int64_t last_s,
	char why[ETIQUETTE_WHY])
{
	const struct etiquette_question question = {
		.addr = *host,
		.automated = automated,
		.last_probe_s = last_s,
		.now_s = now(),
	};

	return etiquette_check(&p->etiquette, &question, why);
}

enum err
pipeline_may_probe(struct pipeline *p, const struct addr *host, struct error *e)
{
	char why[ETIQUETTE_WHY];

	if (ask_etiquette(p, host, false, 0, why) == ETIQUETTE_PROBE)
		return OK;
	return error_set(e, ERR_REFUSED, "%s", why);
}

/* A host with new evidence: queue a probe, or leave it. */
static enum err
evaluate(struct pipeline *p, const struct addr *host, struct error *e)
{
	char why[ETIQUETTE_WHY], address[ADDR_TEXT];
	struct decision decision;
	int64_t last_s = 0;
	uint64_t probe;
	struct score score;
	enum err err = pipeline_score(p, host, now(), &score, e);

	if (err == OK)
		err = store_probes_of(p->parts.store, host, 100, on_last_probe, &last_s, e);
	if (err != OK)
		return err;
	decision = decision_nominate(&p->decision_rules, &score);
	addr_format(host, address);
	if (decision.kind != DECISION_PROBE) {
		log_debug("%s: not probed: %s", address, decision.reason);
	} else if (ask_etiquette(p, host, true, last_s, why) != ETIQUETTE_PROBE) {
		log_info("%s: not probed: %s", address, why);
	} else {
		err = store_probe_queue(p->parts.store, host, CAUSE_NOMINATION, now(), &probe, e);
		if (err == OK) {
			log_info("%s: probe %" PRIu64 ": %s", address, probe, decision.reason);
			err = store_audit_add(p->parts.store, now(), "nominate", address,
				decision.reason, e);
		}
	}
	return err == OK ? store_host_evaluated(p->parts.store, host, e) : err;
}

/* False when nothing is left to evaluate. */
static bool
evaluate_batch(struct pipeline *p)
{
	struct addr hosts[EVALUATE_BATCH];
	struct error e = {.code = OK};
	size_t count = 0;
	enum err err = store_begin(p->parts.store, &e);

	if (err == OK)
		err = store_hosts_pending(p->parts.store, hosts, EVALUATE_BATCH, &count, &e);
	for (size_t i = 0; err == OK && i < count; i++)
		err = evaluate(p, &hosts[i], &e);
	if (err == OK)
		err = store_commit(p->parts.store, &e);
	else
		store_rollback(p->parts.store);
	if (err != OK)
		log_error("evidence waits to be evaluated: %s", e.text);
	return err == OK && count == EVALUATE_BATCH;
}

/* --- probe queue -> prober ------------------------------------------------ */

static struct running *
running_by_id(struct pipeline *p, uint64_t id)
{
	for (size_t i = 0; i < p->running_count; i++)
		if (p->running[i].id == id)
			return &p->running[i];
	return NULL;
}

static enum err
on_waiting(const struct store_probe *probe, void *context)
{
	struct pipeline *p = context;
	struct prober_job job = {.id = probe->id, .now_s = now()};
	struct error e = {.code = OK};
	struct running *r;

	if (p->running_count == p->running_max || running_by_id(p, probe->id) != NULL)
		return OK;
	job.target = (struct endpoint){probe->host, (uint16_t)p->parts.conf->probe.port};
	r = &p->running[p->running_count];
	*r = (struct running){.id = probe->id, .host = probe->host, .cause = probe->cause};
	r->result = probe_result_new(job.id, &job.target);
	if (r->result == NULL)
		return ERR_MEMORY;
	if (prober_submit(p->parts.prober, &job, &e) != OK) {
		probe_result_free(r->result);
		return ERR_FULL; /* again at the next event */
	}
	p->running_count++;
	return OK;
}

static void
start_probes(struct pipeline *p)
{
	struct error e = {.code = OK};
	enum err err;

	if (p->running_count == p->running_max)
		return;
	/* At most running_max of those waiting are running already. */
	err = store_probes_waiting(p->parts.store, 2 * p->running_max, on_waiting, p, &e);
	if (err != OK && err != ERR_FULL)
		log_error("probes cannot be started: %s", e.code != OK ? e.text : err_name(err));
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
	return (struct outcome){p->parts.store, now(), p->parts.conf->listing_lifetime_s, false};
}

static void
finish(struct pipeline *p, struct running *r)
{
	enum verdict verdict = probe_result_verdict(r->result);
	struct outcome outcome = new_outcome(p);
	struct running done = *r;
	char text[640], address[ADDR_TEXT];
	struct error e = {.code = OK};

	snprintf(text, sizeof(text), "%s: %s: %s", addr_format(&done.host, address),
		verdict_name(verdict), probe_result_reason(done.result));
	log_info("probe %" PRIu64 ": %s", done.id, text);
	/* A result that cannot be stored (disk full) is kept, and tried again by housekeeping:
	 * a host is not probed again for our troubles. */
	if (outcome_finish(&outcome, done.id, &done.host, done.result, &e) != OK) {
		log_error("probe %" PRIu64 ": its result waits to be stored: %s", done.id, e.text);
		return;
	}
	*r = p->running[--p->running_count];
	probe_result_free(done.result);
	p->publish_needed = p->publish_needed || outcome.changed;
	publish(p); /* before the observer, so that who asked finds DNS changed */
	observe(p, done.id, text, true);
}

static void
take_late(struct pipeline *p, const struct prober_event *event)
{
	struct outcome outcome = new_outcome(p);
	struct error e = {.code = OK};

	if (outcome_arrived_late(&outcome, event, &e) != OK)
		log_warning("a late token of probe %" PRIu64 " is not counted: %s", event->id,
			e.text);
	p->publish_needed = p->publish_needed || outcome.changed;
	publish(p);
}

/* --- the event loop's side ------------------------------------------------ */

static void
take_event(struct pipeline *p, const struct prober_event *event)
{
	struct running *r = running_by_id(p, event->id);
	char line[PROBER_TEXT + 4];

	if (r == NULL) {
		if (event->kind == PROBER_ARRIVAL)
			take_late(p, event);
		return;
	}
	probe_result_apply(r->result, event);
	if (event->kind == PROBER_DIALOGUE) {
		snprintf(line, sizeof(line), "%c %s", event->direction, event->text);
		observe(p, event->id, line, false);
	}
	if (probe_result_is_done(r->result))
		finish(p, r);
}

static void
on_prober(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	struct prober_event event;
	struct error e = {.code = OK};
	enum err err;

	(void)fd;
	(void)what;
	while ((err = prober_next(p->parts.prober, &event, &e)) == OK)
		take_event(p, &event);
	if (err != ERR_TIMEOUT) {
		/* Without a prober nothing can be proved. The service manager starts us anew,
		 * and the queue is in the store. */
		log_error("the prober is gone: %s; ending, restart orbl-analyzer", e.text);
		p->failed = true;
		event_base_loopbreak(p->parts.base);
		return;
	}
	pipeline_wake(p);
}

static void
on_work(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	bool more = evaluate_batch(p);

	(void)fd;
	(void)what;
	start_probes(p);
	if (more)
		pipeline_wake(p);
}

static void
on_housekeeping(evutil_socket_t fd, short what, void *context)
{
	struct pipeline *p = context;
	struct error e = {.code = OK};
	size_t expired = 0;
	int64_t now_s = now();

	(void)fd;
	(void)what;
	if (store_listing_expire(p->parts.store, now_s, &expired, &e) != OK)
		log_error("listings cannot be expired: %s", e.text);
	if (expired != 0)
		log_info("%zu listings expired", expired);
	p->publish_needed = p->publish_needed || expired != 0 ||
		publish_is_due(p->publisher, now_s);
	if (now_s - p->pruned_s > PRUNE_EVERY_S) {
		if (store_evidence_prune(p->parts.store, now_s - p->score_rules.max_age_s, &e) !=
			OK)
			log_error("old evidence cannot be removed: %s", e.text);
		p->pruned_s = now_s;
	}
	for (size_t i = p->running_count; i-- != 0;)
		if (probe_result_is_done(p->running[i].result))
			finish(p, &p->running[i]);
	publish(p);
	pipeline_wake(p);
}

/* --- making and ending ---------------------------------------------------- */

static bool
read_prefixes(const struct conf_list *list, struct prefix *out)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_parse(text_of(list->items[i]), &out[i]) != OK)
			return false;
	return true;
}

static enum err
set_rules(struct pipeline *p, struct error *e)
{
	const struct conf *c = p->parts.conf;

	p->score_rules = (struct score_rules){
		.half_life_s = c->score.half_life_s,
		.max_age_s = c->score.max_age_s,
		.denial_points = (double)c->score.denial_points,
		.reporter_cap = (double)c->score.reporter_cap,
	};
	p->decision_rules = (struct decision_rules){
		.threshold = (double)c->score.threshold,
		.min_reporters = (size_t)c->score.min_reporters,
	};
	p->prefixes = calloc(c->probe.allow.count + c->probe.opt_out.count + 1,
		sizeof(*p->prefixes));
	if (p->prefixes == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (!read_prefixes(&c->probe.allow, p->prefixes) ||
		!read_prefixes(&c->probe.opt_out, p->prefixes + c->probe.allow.count))
		return error_set(e, ERR_SYNTAX, "probe.allow or probe.opt_out has a bad prefix");
	p->etiquette = (struct etiquette_rules){
		.allow_count = c->probe.allow.count,
		.allow = p->prefixes,
		.opt_out_count = c->probe.opt_out.count,
		.opt_out = p->prefixes + c->probe.allow.count,
		.interval_s = c->probe.interval_s,
	};
	return OK;
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
	p->running_max = (size_t)parts->conf->probe.sessions;
	p->running = calloc(p->running_max, sizeof(*p->running));
	err = p->running == NULL ? error_set(e, ERR_MEMORY, "out of memory") : set_rules(p, e);
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
	for (size_t i = 0; i < p->running_count; i++)
		probe_result_free(p->running[i].result);
	if (p->prober_event != NULL)
		event_free(p->prober_event);
	if (p->work_event != NULL)
		event_free(p->work_event);
	if (p->housekeeping_event != NULL)
		event_free(p->housekeeping_event);
	publish_free(p->publisher);
	free(p->running);
	free(p->prefixes);
	free(p);
}

void
pipeline_observe(struct pipeline *p, pipeline_observer_fn *fn, void *context)
{
	p->observer = fn;
	p->observer_context = context;
}

size_t
pipeline_running(const struct pipeline *p)
{
	return p->running_count;
}

bool
pipeline_has_failed(const struct pipeline *p)
{
	return p->failed;
}
