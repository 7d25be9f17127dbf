#include "nominate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_audit.h>
#include <orbl/store_decision.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_nomination.h>
#include <orbl/store_probe.h>

#include "host.h"
#include "list.h"

enum {
	EVALUATE_BATCH = 200, /* hosts scored before the loop sees to other events */
	EVALUATE_MS = 50,     /* or the time that it takes, if that is less */
	FACTS_READ = 10000,   /* of one host, newest first */
	FACTS_MAX = 2000,     /* of these, that count */
	SHARE_MAX = 200,      /* of one reporter */
	SHARES_MAX = 128,     /* reporters of one host; more do not count */
	SUSPECTS_EVERY_S = 20,
	HELD_EVERY_S = 3600,
	PROBES_ASKED = 100,
};

enum err
nominate_init(struct nominate *n, struct error *e)
{
	struct score_inputs in;

	score_record_init(&in, n->conf, 0);
	n->rules = in.score;
	n->weights = weights_new(n->store, n->conf, n->geo);
	n->suspects_s = 0;
	n->changed = false;
	return n->weights != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

void
nominate_reset(struct nominate *n)
{
	weights_free(n->weights);
	n->weights = NULL;
}

/* --- what the evidence says --------------------------------------------------- */

struct share {
	char reporter[SCORE_NAME];
	size_t facts;
};

struct gathering {
	const struct nominate *n;
	struct score_inputs *in;
	struct error *e;
	size_t share_count;
	struct share shares[SHARES_MAX];
};

/* NULL: there are too many reporters. */
static struct share *
share_of(struct gathering *g, const char *reporter)
{
	for (size_t i = 0; i < g->share_count; i++)
		if (strcmp(g->shares[i].reporter, reporter) == 0)
			return &g->shares[i];
	if (g->share_count == SHARES_MAX || strlen(reporter) >= SCORE_NAME)
		return NULL;
	snprintf(g->shares[g->share_count].reporter, SCORE_NAME, "%s", reporter);
	return &g->shares[g->share_count++];
}

/* What is decided is kept with its facts, so that these are bounded: the newest of each reporter,
 * whose points have reached the cap long before. */
static bool
has_its_share(struct gathering *g, const char *reporter)
{
	struct share *share;

	if (g->in->facts.count >= FACTS_MAX)
		return true;
	share = share_of(g, reporter);
	return share == NULL || share->facts++ >= SHARE_MAX;
}

static enum err
on_fact(const struct store_fact *f, void *context)
{
	struct gathering *g = context;
	struct score_fact fact = {
		.reporter = f->reporter,
		.kind = f->kind,
		.time_s = f->hour_s,
		.count = f->count,
		.domains = f->domains,
		.rule = f->rule,
		.submission = f->submission,
	};
	const struct weight *weight;
	enum err err;

	if (has_its_share(g, f->reporter))
		return OK;
	err = weights_of(g->n->weights, f->reporter, g->in->now_s, &weight, g->e);
	if (err != OK || weight->trust == 0)
		return err;
	fact.key = weight->key;
	fact.trust = weight->trust;
	if (f->hash != NULL)
		memcpy(fact.hash, f->hash, SCORE_HASH);
	return facts_add(&g->in->facts, &fact, g->e);
}

static enum err
on_proof(const struct store_listing *l, void *context)
{
	struct score_inputs *in = context;

	if (l->category == CATEGORY_SUSPECT)
		in->listed_until_s = l->expires_s;
	return OK;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct score_inputs *in = context;

	if (l->category == CATEGORY_SUSPECT && l->author != NULL && l->author[0] != '\0')
		in->is_operators = true;
	return OK;
}

static enum err
look_at_listing(const struct nominate *n, const struct addr *host, struct score_inputs *in,
	struct error *e)
{
	struct list_rules rules = list_rules_of(n->conf);
	struct prefix prefix = list_prefix(&rules, host);
	enum err err = store_proofs_of(n->store, host, on_proof, in, e);

	return err == OK ? store_listings(n->store, &prefix, on_listing, in, e) : err;
}

static enum err
gather(const struct nominate *n, const struct addr *host, int64_t now_s, struct score_inputs *in,
	struct error *e)
{
	struct gathering g = {.n = n, .in = in, .e = e};

	score_record_init(in, n->conf, now_s);
	return store_facts(n->store, host, now_s - in->score.max_age_s, FACTS_READ, on_fact, &g, e);
}

enum err
nominate_look(const struct nominate *n, const struct addr *host, int64_t now_s,
	struct score_inputs *in, struct score_result *out, struct error *e)
{
	enum err err = gather(n, host, now_s, in, e);

	if (err == OK)
		err = look_at_listing(n, host, in, e);
	if (err == OK)
		score_record_decide(in, out);
	return err;
}

enum err
nominate_score(const struct nominate *n, const struct addr *host, int64_t now_s, struct score *out,
	struct error *e)
{
	struct score_inputs in;
	enum err err = gather(n, host, now_s, &in, e);

	if (err == OK)
		score_compute(out, &n->rules, in.facts.items, in.facts.count, now_s);
	score_record_reset(&in);
	return err;
}

/* --- what follows from it ----------------------------------------------------- */

struct evaluation {
	struct nominate *n;
	const struct etiquette_rules *etiquette;
	struct addr host;
	int64_t now_s;
	struct list_rules lists;
	struct score_inputs in;
	struct score_result result;
	char address[ADDR_TEXT];
};

static enum err
tell_host(struct evaluation *ev, enum host_event_kind kind, bool *refused, struct error *e)
{
	const struct host_news news = {.host = ev->host, .kind = kind, .now_s = ev->now_s};

	return host_event_if_may(ev->n->store, &news, NULL, refused, e);
}

/* Somebody whom all know to be good is denied by many: they are wrong, or he is in trouble. */
static enum err
raise_alarm(struct evaluation *ev, const char *why, struct error *e)
{
	const struct score *s = &ev->result.score;
	char text[GUARD_WHY + 100];
	bool is_first;
	enum err err;

	snprintf(text, sizeof(text), "%s; its score is %.1f, from %zu independent reporters", why,
		s->points, s->independent);
	err = store_alarm_raise(ev->n->store, "safe", ev->address, text, ev->now_s, &is_first, e);
	if (err == OK && is_first)
		log_warning("%s: neither listed nor probed: %s", ev->address, text);
	return err;
}

static enum err
check_safe(struct evaluation *ev, bool *is_safe, struct error *e)
{
	bool is_asked = ev->result.nominate.kind == DECISION_PROBE ||
		ev->result.suspect.kind == SUSPECT_LIST;
	struct prefix prefix = list_prefix(&ev->lists, &ev->host);
	char why[GUARD_WHY];

	*is_safe = is_asked && ev->n->guard != NULL &&
		guard_check(ev->n->guard, &prefix, why) == GUARD_SAFE;
	return *is_safe ? raise_alarm(ev, why, e) : OK;
}

static enum err
list_suspect(struct evaluation *ev, struct lister *lister, bool *done, struct error *e)
{
	const struct suspect_decision *d = &ev->result.suspect;
	const struct list_request request = {
		.prefix = list_prefix(&ev->lists, &ev->host),
		.category = CATEGORY_SUSPECT,
		.tested = ev->host,
		.expires_s = d->expires_s,
		.reason = d->reason,
	};
	struct list_made made;
	enum err err = list_make(lister, &request, &made, e);

	*done = err == OK && made.listed;
	if (err == OK && !made.listed)
		log_debug("%s: not listed as a suspect: %s", ev->address, made.why);
	return err;
}

static enum err
end_suspect(struct evaluation *ev, struct lister *lister, struct error *e)
{
	const struct list_ending ending = {
		.categories = 1U << CATEGORY_SUSPECT,
		.action = "expire",
		.reason = ev->result.suspect.reason,
		.event = HOST_EVENT_COUNT,
	};

	return list_end_of_host(lister, &ev->host, &ending, NULL, e);
}

static enum err
apply_suspect(struct evaluation *ev, struct error *e)
{
	enum suspect_kind kind = ev->result.suspect.kind;
	struct lister lister = {
		.store = ev->n->store,
		.guard = ev->n->guard,
		.geo = ev->n->geo,
		.rules = ev->lists,
		.now_s = ev->now_s,
	};
	bool done = kind == SUSPECT_END;
	enum err err = OK;

	if (ev->in.is_operators || kind == SUSPECT_NONE || kind == SUSPECT_KEEP ||
		(kind == SUSPECT_LIST && ev->n->suspects_held))
		return OK;
	err = done ? end_suspect(ev, &lister, e) : list_suspect(ev, &lister, &done, e);
	ev->n->changed = ev->n->changed || lister.changed;
	if (err != OK || !done)
		return err;
	return score_record_add(ev->n->store, &ev->host, STORE_DECISION_SUSPECT, 0, &ev->in,
		&ev->result, e);
}

static enum err
keep_nomination(struct evaluation *ev, uint64_t probe, struct error *e)
{
	const struct score *s = &ev->result.score;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < s->reporters; i++) {
		const struct store_nomination n = {
			.probe = probe,
			.reporter = s->terms[i].reporter,
			.points = s->terms[i].points,
		};

		err = store_nomination_add(ev->n->store, &n, e);
	}
	return err == OK ? score_record_add(ev->n->store, &ev->host, STORE_DECISION_NOMINATE, probe,
				   &ev->in, &ev->result, e) :
			   err;
}

static enum err
queue_probe(struct evaluation *ev, struct error *e)
{
	const char *reason = ev->result.nominate.reason;
	uint64_t probe;
	bool refused;
	enum err err = tell_host(ev, HOST_QUEUED, &refused, e);

	if (err != OK || refused)
		return err;
	err = store_probe_queue(ev->n->store, &ev->host, CAUSE_NOMINATION, ev->now_s, &probe, e);
	if (err == OK)
		err = keep_nomination(ev, probe, e);
	if (err != OK)
		return err;
	log_info("%s: probe %" PRIu64 ": %s", ev->address, probe, reason);
	return store_audit_add(ev->n->store,
		&(struct store_audit){.time_s = ev->now_s,
			.action = "nominate",
			.subject = ev->address,
			.detail = reason},
		e);
}

struct probes {
	int64_t now_s;
	int64_t last_s; /* started, or queued */
	bool one_is_due;
	bool fruitful; /* one of those so far, the newest first */
	unsigned fruitless;
};

/* By evidence: what an owner asks for, or a listing needs, is no judgement of it. */
static void
count_fruitless(const struct store_probe *probe, struct probes *p)
{
	if (probe->verdict == NULL || probe->second_source || probe->cause != CAUSE_NOMINATION)
		return;
	if (strcmp(probe->verdict, verdict_name(VERDICT_CLOSED)) != 0 &&
		strcmp(probe->verdict, verdict_name(VERDICT_UNREACHABLE)) != 0)
		p->fruitful = true;
	p->fruitless += !p->fruitful;
}

static enum err
on_probe(const struct store_probe *probe, void *context)
{
	struct probes *p = context;
	int64_t then_s = probe->started_s != 0 ? probe->started_s : probe->queued_s;

	if (probe->finished_s == 0 && (probe->started_s != 0 || probe->not_before_s <= p->now_s))
		p->one_is_due = true;
	count_fruitless(probe, p);
	/* A request is its own provocation and does not count (RFC 6471 section 3.6). */
	if (probe->cause != CAUSE_DELISTING && then_s > p->last_s)
		p->last_s = then_s;
	return OK;
}

static enum err
on_relay(const struct store_listing *l, void *context)
{
	if (l->category == CATEGORY_RELAY || l->category == CATEGORY_RELAY_INPUT)
		*(bool *)context = true;
	return OK;
}

/* "" when it may be; one that is due already is not nominated once more, and one that is listed
 * as what the probe would find is probed before that ends (probe.retest_before). */
static enum err
ask_etiquette(struct evaluation *ev, char why[ETIQUETTE_WHY], struct error *e)
{
	struct etiquette_question question = {.addr = ev->host,
		.automated = true,
		.now_s = ev->now_s};
	struct probes probes = {.now_s = ev->now_s};
	bool is_listed = false;
	enum err err = store_probes_of(ev->n->store, &ev->host, PROBES_ASKED, on_probe, &probes, e);

	if (err == OK)
		err = store_proofs_of(ev->n->store, &ev->host, on_relay, &is_listed, e);
	question.last_probe_s = probes.last_s;
	question.fruitless = probes.fruitless;
	(void)etiquette_check(ev->etiquette, &question, why);
	if (why[0] == '\0' && probes.one_is_due)
		snprintf(why, ETIQUETTE_WHY, "a probe of it waits already");
	else if (why[0] == '\0' && is_listed)
		snprintf(why, ETIQUETTE_WHY, "it is listed, and is probed again before that ends");
	return err;
}

static enum err
apply_nomination(struct evaluation *ev, struct error *e)
{
	char why[ETIQUETTE_WHY];
	enum err err;

	if (ev->result.nominate.kind != DECISION_PROBE) {
		log_debug("%s: not probed: %s", ev->address, ev->result.nominate.reason);
		return OK;
	}
	err = ask_etiquette(ev, why, e);
	if (err != OK)
		return err;
	if (why[0] == '\0')
		return queue_probe(ev, e);
	log_info("%s: not probed: %s", ev->address, why);
	return OK;
}

static enum err
apply(struct evaluation *ev, struct error *e)
{
	bool refused = false, is_safe = false;
	enum err err = OK;

	if (ev->in.facts.count != 0)
		err = tell_host(ev, HOST_EVIDENCE, &refused, e);
	if (err == OK && !refused)
		err = check_safe(ev, &is_safe, e);
	if (err != OK || refused || is_safe)
		return err;
	err = apply_suspect(ev, e);
	return err == OK ? apply_nomination(ev, e) : err;
}

static enum err
evaluate(struct nominate *n, const struct etiquette_rules *etiquette, const struct addr *host,
	int64_t now_s, struct error *e)
{
	struct evaluation ev = {.n = n,
		.etiquette = etiquette,
		.host = *host,
		.now_s = now_s,
		.lists = list_rules_of(n->conf)};
	enum err err;

	addr_format(host, ev.address);
	err = nominate_look(n, host, now_s, &ev.in, &ev.result, e);
	if (err == OK)
		err = apply(&ev, e);
	score_record_reset(&ev.in);
	return err == OK ? store_host_evaluated(n->store, host, e) : err;
}

/* Those of whom an earlier process listed, at first: the rules may be others now. */
static enum err
wake_suspects(struct nominate *n, int64_t now_s, struct error *e)
{
	int64_t before_s = n->suspects_s != 0 ? now_s + SUSPECT_LOOK_S : INT64_MAX;

	if (n->suspects_s != 0 && now_s >= n->suspects_s &&
		now_s - n->suspects_s < SUSPECTS_EVERY_S)
		return OK;
	n->suspects_s = now_s;
	return store_suspects_pending(n->store, before_s, e);
}

/* store_audit.h */
static enum err
look_whether_held(struct nominate *n, int64_t now_s, struct error *e)
{
	enum err err = store_suspects_held(n->store, &n->suspects_held, e);

	if (err != OK || !n->suspects_held)
		return err;
	if (n->held_s != 0 && now_s >= n->held_s && now_s - n->held_s < HELD_EVERY_S)
		return OK;
	n->held_s = now_s;
	return store_alarm_raise(n->store, STORE_ALARM_RESTORED, "suspects",
		"the store comes from a backup: orders and revocations made since are lost; give "
		"them again, then `orbl publish --force --reason ...`: until then no suspect is "
		"listed",
		now_s, NULL, e);
}

/* At least one host of a batch is looked at, however long that takes. */
static enum err
evaluate_some(struct nominate *n, const struct etiquette_rules *etiquette, int64_t now_s,
	bool *more, struct error *e)
{
	struct addr hosts[EVALUATE_BATCH];
	int64_t begun_ms = n->clock_ms != NULL ? n->clock_ms() : 0;
	size_t count = 0;
	enum err err = store_hosts_pending(n->store, hosts, EVALUATE_BATCH, &count, e);

	*more = count == EVALUATE_BATCH;
	for (size_t i = 0; err == OK && i < count; i++) {
		err = evaluate(n, etiquette, &hosts[i], now_s, e);
		if (i + 1 < count && n->clock_ms != NULL &&
			n->clock_ms() - begun_ms >= EVALUATE_MS) {
			*more = true;
			break;
		}
	}
	return err;
}

bool
nominate_batch(struct nominate *n, const struct etiquette_rules *etiquette, int64_t now_s)
{
	struct error e = {.code = OK};
	bool more = false;
	enum err err = store_begin(n->store, &e);

	if (err == OK)
		err = look_whether_held(n, now_s, &e);
	if (err == OK)
		err = wake_suspects(n, now_s, &e);
	if (err == OK)
		err = evaluate_some(n, etiquette, now_s, &more, &e);
	if (err == OK)
		err = store_commit(n->store, &e);
	else
		store_rollback(n->store);
	if (err != OK)
		log_error("evidence waits to be evaluated: %s", e.text);
	return err == OK && more;
}
