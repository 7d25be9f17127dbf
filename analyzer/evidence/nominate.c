#include "nominate.h"

#include <inttypes.h>

#include <orbl/log.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

enum {
	EVALUATE_BATCH = 200, /* hosts scored before the loop sees to other events */
	FACTS_MAX = 10000,    /* of one host, newest first */
};

struct scoring {
	const struct nominate *n;
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
		.rule = f->rule,
		.trust = reporters_trust(s->n->reporters, f->reporter),
	};

	score_add(s->score, &fact);
	return OK;
}

enum err
nominate_score(const struct nominate *n, const struct addr *host, int64_t now_s, struct score *out,
	struct error *e)
{
	struct scoring s = {.n = n, .score = out};
	enum err err;

	score_init(out, &n->score, now_s);
	err = store_facts(n->store, host, now_s - n->score.max_age_s, FACTS_MAX, on_fact, &s, e);
	score_finish(out);
	return err;
}

static enum err
on_last_probe(const struct store_probe *probe, void *context)
{
	int64_t *last_s = context;

	int64_t then_s = probe->started_s != 0 ? probe->started_s : probe->queued_s;

	/* A request is its own provocation and does not count (RFC 6471 section 3.6). */
	if (probe->cause != CAUSE_DELISTING && then_s > *last_s)
		*last_s = then_s;
	return OK;
}

/* A host with new evidence: queue a probe, or leave it. */
static enum err
queue_probe(const struct nominate *n, const struct addr *host, const char *reason, int64_t now_s,
	struct error *e)
{
	char address[ADDR_TEXT];
	uint64_t probe;
	enum err err = store_probe_queue(n->store, host, CAUSE_NOMINATION, now_s, &probe, e);

	if (err != OK)
		return err;
	addr_format(host, address);
	log_info("%s: probe %" PRIu64 ": %s", address, probe, reason);
	return store_audit_add(n->store,
		&(struct store_audit){.time_s = now_s,
			.action = "nominate",
			.subject = address,
			.detail = reason},
		e);
}

static enum err
evaluate(const struct nominate *n, const struct etiquette_rules *etiquette, const struct addr *host,
	int64_t now_s, struct error *e)
{
	struct etiquette_question question = {.addr = *host, .automated = true, .now_s = now_s};
	char why[ETIQUETTE_WHY], address[ADDR_TEXT];
	struct decision decision;
	struct score score;
	enum err err = nominate_score(n, host, now_s, &score, e);

	if (err == OK)
		err = store_probes_of(n->store, host, 100, on_last_probe, &question.last_probe_s,
			e);
	if (err != OK)
		return err;
	decision = decision_nominate(&n->decision, &score);
	addr_format(host, address);
	if (decision.kind != DECISION_PROBE)
		log_debug("%s: not probed: %s", address, decision.reason);
	else if (etiquette_check(etiquette, &question, why) != ETIQUETTE_PROBE)
		log_info("%s: not probed: %s", address, why);
	else
		err = queue_probe(n, host, decision.reason, now_s, e);
	return err == OK ? store_host_evaluated(n->store, host, e) : err;
}

bool
nominate_batch(const struct nominate *n, const struct etiquette_rules *etiquette, int64_t now_s)
{
	struct addr hosts[EVALUATE_BATCH];
	struct error e = {.code = OK};
	size_t count = 0;
	enum err err = store_begin(n->store, &e);

	if (err == OK)
		err = store_hosts_pending(n->store, hosts, EVALUATE_BATCH, &count, &e);
	for (size_t i = 0; err == OK && i < count; i++)
		err = evaluate(n, etiquette, &hosts[i], now_s, &e);
	if (err == OK)
		err = store_commit(n->store, &e);
	else
		store_rollback(n->store);
	if (err != OK)
		log_error("evidence waits to be evaluated: %s", e.text);
	return err == OK && count == EVALUATE_BATCH;
}
