#include "probe_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

#include "host.h"
#include "outcome_proof.h"
#include "probe_rate.h"
#include "probe_rules.h"
#include "running_probes.h"

enum {
	PAGE = 64,       /* queued probes looked at together */
	SCAN_MAX = 1024, /* of one cause, in one go */
	TOKENS_KEPT_S = 24 * 3600,
	OURS_AGAIN_S = 60, /* after a trouble of ours */
	PLACES = 4,        /* for each session: most probes rest or wait most of their time */
};

struct probe_queue {
	struct probe_queue_parts parts;
	struct probe_rules rules;
	struct probe_rate rate;
	struct running_probes runs;
	size_t max;       /* sessions at once; an earlier run may have left more */
	size_t active;    /* of those under way, that may have one */
	uint64_t arrived; /* sequence of the last arrival that is not acknowledged; 0: none */
	uint64_t checked; /* generation of the opt-out list that all probes under way have passed */
	struct store_place places[2 * CAUSE_COUNT];
	struct probe_queue_state state;
};

const char *
probe_queue_brake_name(enum probe_queue_brake b)
{
	static const char *const names[] = {
		[PROBE_QUEUE_FREE] = "nothing",
		[PROBE_QUEUE_SESSIONS] = "sessions",
		[PROBE_QUEUE_MINUTE] = "per_minute",
		[PROBE_QUEUE_NETWORK] = "per_network",
		[PROBE_QUEUE_OPT_OUT] = "opt_out_file",
	};

	return (size_t)b < ORBL_COUNT(names) ? names[b] : "unknown";
}

struct probe_queue_state
probe_queue_state(const struct probe_queue *q)
{
	struct probe_queue_state state = q->state;

	state.running = q->runs.count;
	state.stopped = !probe_rules_allow_probes(&q->rules);
	state.opt_out_trouble = opt_out_trouble(q->rules.opt_out);
	return state;
}

/* --- events back ---------------------------------------------------------------- */

static void
settle(struct probe_queue *q)
{
	bool stored = running_probes_store(&q->runs);

	prober_ack(q->parts.prober, q->arrived, stored);
	q->arrived = 0;
}

/* Acknowledged in their order: what came before it is settled first. */
static void
take_late(struct probe_queue *q, const struct prober_event *ev)
{
	settle(q);
	prober_ack(q->parts.prober, ev->sequence, q->parts.late(ev, q->parts.context));
}

static void
take_event(struct probe_queue *q, const struct prober_event *ev)
{
	struct probe_under_way *r = running_probes_find(&q->runs, ev->id);
	char line[PROBER_TEXT + 4];

	if (r == NULL) {
		if (ev->kind == PROBER_ARRIVAL)
			take_late(q, ev);
		else if (ev->id >= PROBER_LETTER_FIRST)
			q->parts.letter(ev, q->parts.context);
		return;
	}
	running_probes_take(&q->runs, r, ev);
	if (ev->sequence != 0)
		q->arrived = ev->sequence;
	if (ev->kind == PROBER_DIALOGUE) {
		snprintf(line, sizeof(line), "%c %s", ev->direction, ev->text);
		q->parts.said(&r->probe, line, q->parts.context);
	}
}

enum err
probe_queue_read(struct probe_queue *q, struct error *e)
{
	struct prober_event event;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < RUNNING_PROBES_BATCH; i++) {
		err = prober_next(q->parts.prober, &event, e);
		if (err == OK)
			take_event(q, &event);
	}
	settle(q);
	return err == ERR_TIMEOUT ? OK : err;
}

static void
forget(struct probe_queue *q, struct probe_under_way *r)
{
	if (r->rated)
		probe_rate_end(&q->rate, &r->probe.host);
	running_probes_remove(&q->runs, r);
}

static bool
failed_by_us(const struct probe_under_way *r)
{
	return r->place == PROBE_ENDED && r->reach == REACH_OURS && r->progress.accepted == 0 &&
		r->progress.arrived == 0;
}

/* It says nothing of the host, and is not one of its tries. */
static bool
requeue(struct probe_queue *q, const struct probe_under_way *r, int64_t now_s)
{
	struct error e = {.code = OK};
	char host[ADDR_TEXT];

	log_error("probe %" PRIu64 " of %s failed by our own fault, it is made later: %s",
		r->probe.id, addr_format(&r->probe.host, host), r->ended);
	if (store_probe_requeue(q->parts.store, r->probe.id, now_s + OURS_AGAIN_S, &e) == OK)
		return true;
	log_error("probe %" PRIu64 " cannot be queued again: %s", r->probe.id, e.text);
	return false;
}

/* True: it is over, in one way or the other. */
static bool
end_one(struct probe_queue *q, struct probe_under_way *r, int64_t now_s, probe_queue_end_fn *fn,
	void *context)
{
	if (r->cancelled && r->place == PROBE_ENDED) {
		q->parts.refused(&r->probe, r->why, q->parts.context);
		return true;
	}
	if (failed_by_us(r))
		return requeue(q, r, now_s);
	return running_probes_end(&q->runs, r, now_s) && fn(&r->probe, r->result, context);
}

size_t
probe_queue_end(struct probe_queue *q, int64_t now_s, probe_queue_end_fn *fn, void *context)
{
	size_t forgotten = 0;

	if (!probe_rules_allow_probes(&q->rules))
		return 0;
	for (size_t i = q->runs.count; i-- != 0;) {
		struct probe_under_way *r = &q->runs.list[i];

		if (!end_one(q, r, now_s, fn, context))
			continue;
		forget(q, r);
		forgotten++;
	}
	return forgotten;
}

/* --- giving to the prober ----------------------------------------------------- */

static void
submit(struct probe_queue *q, struct probe_under_way *r, int64_t now_ms)
{
	struct prober_job job = {.id = r->probe.id, .now_s = now_ms / 1000};
	struct error e = {.code = OK};

	/* Greylisting goes by the tokens: those of a probe that goes on are those it began with. */
	if (r->probe.started_s != 0 && job.now_s - r->probe.started_s < TOKENS_KEPT_S)
		job.now_s = r->probe.started_s;
	job.target = (struct endpoint){r->probe.host, q->runs.port};
	job.from_second_source = r->probe.second_source;
	job.cases = running_probes_cases(&q->runs, r);
	/* Without it there is no way off the list, and none on it is false. */
	if (outcome_proof_host_name(q->parts.store, &r->probe.host, job.host_name, &e) != OK ||
		outcome_proof_cases(q->parts.store, &r->probe.host, &job.first, &e) != OK)
		log_warning("probe %llu: %s", (unsigned long long)r->probe.id, e.text);
	if (prober_submit(q->parts.prober, &job, &e) != OK)
		return; /* again at the next event */
	r->place = PROBE_ASKED;
	r->heard_s = now_ms / 1000;
}

static bool
pass_rate(struct probe_queue *q, const struct addr *host, int64_t now_ms)
{
	enum probe_rate_answer answer = probe_rate_ask(&q->rate, host, now_ms);

	if (answer == PROBE_RATE_MINUTE)
		q->state.brake = PROBE_QUEUE_MINUTE;
	if (answer == PROBE_RATE_NETWORK) {
		q->state.passed_over++;
		q->state.brake = PROBE_QUEUE_NETWORK;
	}
	if (answer == PROBE_RATE_OK)
		probe_rate_begin(&q->rate, host, now_ms);
	return answer == PROBE_RATE_OK;
}

/* False: the others, too, must wait. */
static bool
submit_ready(struct probe_queue *q, int64_t now_ms)
{
	for (size_t i = 0; i < q->runs.count; i++) {
		struct probe_under_way *r = &q->runs.list[i];

		if (r->place != PROBE_READY)
			continue;
		if (!r->rated)
			r->rated = pass_rate(q, &r->probe.host, now_ms);
		if (r->rated)
			submit(q, r, now_ms);
		else if (q->state.brake == PROBE_QUEUE_MINUTE)
			return false;
	}
	return true;
}

bool
probe_queue_is_ready(const struct probe_queue *q)
{
	for (size_t i = 0; i < q->runs.count; i++)
		if (q->runs.list[i].place == PROBE_READY)
			return true;
	return false;
}

/* --- choosing ----------------------------------------------------------------- */

struct page {
	size_t count;
	struct store_probe probes[PAGE];
};

static enum err
on_due(const struct store_probe *p, void *context)
{
	struct page *page = context;

	page->probes[page->count++] = *p;
	return OK;
}

/* One whose turn it is. "": it may begin; else why it is not made at all. */
static void
refusal(struct probe_queue *q, const struct store_probe *p, int64_t now_s, char why[ETIQUETTE_WHY])
{
	const struct etiquette_question question = {.addr = p->host, .now_s = now_s};
	struct error e = {.code = OK};
	bool locked = false;

	if (host_is_locked(q->parts.store, &p->host, &locked, &e) == OK && locked)
		snprintf(why, ETIQUETTE_WHY, "the host is locked by an operator");
	else if (p->second_source && q->rules.sources[1].family != p->host.family)
		snprintf(why, ETIQUETTE_WHY, "there is no second source any more");
	else
		(void)etiquette_check(&q->rules.etiquette, &question, why);
}

/* Probes that rest or wait for a message have a place, too, but not one that others need: hosts
 * that put everybody off for hours must not keep the queue waiting, and never a delisting request.
 * The prober talks to probe.sessions at once anyway. */
static size_t
room_for(const struct probe_queue *q, enum store_cause cause)
{
	return (cause == CAUSE_DELISTING ? PLACES + 1 : PLACES) * q->max;
}

static bool
has_room(const struct probe_queue *q, enum store_cause cause)
{
	size_t sessions = cause == CAUSE_DELISTING ? 2 * q->max : q->max;

	return q->active < sessions && q->runs.count < room_for(q, cause);
}

/* False: enough, nothing more may begin now. */
static bool
consider(struct probe_queue *q, const struct store_probe *p, int64_t now_ms)
{
	char why[ETIQUETTE_WHY];
	struct probe_under_way *r;

	refusal(q, p, now_ms / 1000, why);
	if (why[0] != '\0') {
		q->parts.refused(p, why, q->parts.context);
		return true;
	}
	if (!has_room(q, p->cause)) {
		q->state.brake = PROBE_QUEUE_SESSIONS;
		return false;
	}
	if (!pass_rate(q, &p->host, now_ms))
		return q->state.brake != PROBE_QUEUE_MINUTE;
	r = running_probes_add(&q->runs, p);
	if (r == NULL) {
		probe_rate_end(&q->rate, &p->host);
		return false;
	}
	r->rated = true;
	q->active++;
	return true;
}

/* Who opted out meanwhile is not asked on. What the prober has is told to it. */
static void
drop_refused(struct probe_queue *q, int64_t now_s)
{
	uint64_t generation = opt_out_generation(q->rules.opt_out);

	if (q->checked == generation)
		return;
	q->checked = generation;
	for (size_t i = q->runs.count; i-- != 0;) {
		struct probe_under_way *r = &q->runs.list[i];

		if (r->cancelled)
			continue;
		refusal(q, &r->probe, now_s, r->why);
		r->cancelled = r->why[0] != '\0' && r->place == PROBE_ASKED;
		if (r->why[0] == '\0' || r->cancelled)
			continue;
		q->parts.refused(&r->probe, r->why, q->parts.context);
		forget(q, r);
	}
}

/* When the pipe is full, with a later call. */
static void
tell_cancelled(struct probe_queue *q)
{
	struct error e = {.code = OK};

	for (size_t i = 0; i < q->runs.count; i++) {
		struct probe_under_way *r = &q->runs.list[i];

		if (r->cancelled && !r->cancel_told)
			r->cancel_told = prober_cancel(q->parts.prober, r->probe.id, &e) == OK;
	}
}

/* Those of one cause and source. Usually from the beginning; only when the beginning is crowded
 * with hosts of busy networks is the place kept, so that others get their turn. */
static bool
choose_of(struct probe_queue *q, struct store_place *place, int64_t now_ms)
{
	const struct store_place beginning = {place->second_source, place->cause, 0, 0};
	struct error e = {.code = OK};
	size_t seen = 0;
	struct page page;

	do {
		page.count = 0;
		if (store_probes_due(q->parts.store, place, now_ms / 1000, PAGE, on_due, &page,
			    &e) != OK) {
			log_error("probes cannot be started: %s", e.text);
			return false;
		}
		for (size_t i = 0; i < page.count; i++, seen++) {
			place->not_before_s = page.probes[i].not_before_s;
			place->id = page.probes[i].id;
			if (!consider(q, &page.probes[i], now_ms)) {
				*place = beginning;
				return false;
			}
		}
	} while (page.count == PAGE && seen < SCAN_MAX);
	if (page.count < PAGE)
		*place = beginning;
	return true;
}

static void
choose(struct probe_queue *q, int64_t now_ms)
{
	q->active = running_probes_count_active(&q->runs, now_ms / 1000);
	for (size_t i = 0; i < ORBL_COUNT(q->places); i++)
		if (!choose_of(q, &q->places[i], now_ms))
			return;
}

static void
start_chosen(struct probe_queue *q, int64_t now_ms)
{
	struct error e = {.code = OK};

	if (running_probes_commit(&q->runs, now_ms / 1000, &e) == OK)
		return;
	log_error("probes cannot be started: %s", e.text);
	for (size_t i = q->runs.count; i-- != 0;)
		if (q->runs.list[i].place == PROBE_CHOSEN)
			forget(q, &q->runs.list[i]);
}

const struct etiquette_rules *
probe_queue_etiquette(struct probe_queue *q, int64_t now_s)
{
	probe_rules_refresh(&q->rules, now_s);
	return &q->rules.etiquette;
}

int64_t
probe_queue_start(struct probe_queue *q, int64_t now_ms)
{
	probe_rules_refresh(&q->rules, now_ms / 1000);
	q->state = (struct probe_queue_state){.brake = PROBE_QUEUE_FREE};
	if (!probe_rules_allow_probes(&q->rules)) {
		q->state.brake = PROBE_QUEUE_OPT_OUT;
		return -1;
	}
	drop_refused(q, now_ms / 1000);
	tell_cancelled(q);
	if (submit_ready(q, now_ms)) {
		choose(q, now_ms);
		start_chosen(q, now_ms);
		(void)submit_ready(q, now_ms);
	}
	return q->state.brake == PROBE_QUEUE_MINUTE ? probe_rate_wait_ms(&q->rate, now_ms) : -1;
}

/* --- making and ending ---------------------------------------------------------- */

/* The second of a pair first, then by urgency. */
static void
set_places(struct probe_queue *q)
{
	for (size_t i = 0; i < ORBL_COUNT(q->places); i++)
		q->places[i] = (struct store_place){
			.second_source = i < CAUSE_COUNT,
			.cause = (enum store_cause)(CAUSE_COUNT - 1 - i % CAUSE_COUNT),
		};
}

static enum err
set_runs(struct probe_queue *q, int64_t now_ms, struct error *e)
{
	const struct conf *c = q->parts.conf;
	const struct probe_rate_rules rates = {(uint32_t)c->probe.per_minute,
		(uint32_t)c->probe.per_network};
	enum err err;

	q->max = (size_t)c->probe.sessions;
	q->runs.store = q->parts.store;
	q->runs.port = (uint16_t)c->probe.port;
	q->runs.wait_s = c->probe.wait_s;
	q->runs.wanted = q->rules.cases;
	memcpy(q->runs.sources, q->rules.sources, sizeof(q->runs.sources));
	err = running_probes_open(&q->runs, room_for(q, CAUSE_DELISTING), now_ms / 1000, e);
	if (err == OK && probe_rate_init(&q->rate, &rates, q->runs.room, now_ms) != OK)
		err = error_set(e, ERR_MEMORY, "out of memory");
	return err;
}

enum err
probe_queue_new(const struct probe_queue_parts *parts, int64_t now_ms, struct probe_queue **out,
	struct error *e)
{
	struct probe_queue *q = calloc(1, sizeof(*q));
	enum err err;

	*out = NULL;
	if (q == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	q->parts = *parts;
	set_places(q);
	err = probe_rules_open(&q->rules, parts->conf, parts->store, e);
	if (err == OK)
		err = set_runs(q, now_ms, e);
	if (err != OK)
		probe_queue_free(q);
	else
		*out = q;
	return err;
}

void
probe_queue_free(struct probe_queue *q)
{
	if (q == NULL)
		return;
	running_probes_close(&q->runs);
	probe_rate_free(&q->rate);
	probe_rules_close(&q->rules);
	free(q);
}
