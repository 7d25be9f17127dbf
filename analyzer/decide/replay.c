#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_decision.h>
#include <orbl/store_probe.h>

#include "probe_result_replay.h"
#include "replay_audit.h"
#include "replay_evidence.h"
#include "score_record.h"
#include "verdict_record.h"

enum { PROBES_MAX = 1000, VALUE_TEXT = 160 };

struct place { /* what a difference is about */
	struct replay *replay;
	struct replay_difference at;
	struct error *e;
	bool with_probes; /* those of a decision are looked at with it */
};

static void
tell(struct place *p, const char *text)
{
	p->at.text = text;
	p->replay->differences++;
	if (p->replay->fn != NULL)
		p->replay->fn(&p->at, p->replay->context);
}

static void
tell_changed(struct place *p, const char *what, const char *was, const char *is)
{
	char text[REPLAY_TEXT];

	snprintf(text, sizeof(text), "%s was %.200s, is %.200s", what, was, is);
	tell(p, text);
}

/* --- the result of a decision --------------------------------------------------------- */

static void
show_value(const json_t *value, char out[VALUE_TEXT])
{
	char *text = value != NULL ?
		json_dumps(value,
			JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(17)) :
		NULL;

	text_printable(text_of(text != NULL ? text : "missing"), out, VALUE_TEXT);
	free(text);
}

static void
compare_member(struct place *p, const char *name, const json_t *was, const json_t *is)
{
	char old[VALUE_TEXT], new[VALUE_TEXT], shown[64];

	if (was != NULL && is != NULL && json_equal(was, is))
		return;
	show_value(was, old);
	show_value(is, new);
	text_printable(text_of(name), shown, sizeof(shown));
	tell_changed(p, shown, old, new);
}

/* Each member that differs is named. */
static void
compare_results(struct place *p, const char *kept, const char *again)
{
	json_t *was = json_loads(kept, 0, NULL), *is = json_loads(again, 0, NULL), *value;
	const char *name;

	if (!json_is_object(was)) {
		tell(p, "what was decided cannot be read");
	} else {
		json_object_foreach (was, name, value)
			compare_member(p, name, value, json_object_get(is, name));
		json_object_foreach (is, name, value)
			if (json_object_get(was, name) == NULL)
				compare_member(p, name, NULL, value);
	}
	json_decref(was);
	json_decref(is);
}

static enum err
out_of_memory(struct place *p)
{
	return error_set(p->e, ERR_MEMORY, "out of memory");
}

/* --- evidence ----------------------------------------------------------------------------- */

static void
on_fact_differs(const char *text, void *context)
{
	struct place p = *(struct place *)context;

	p.at.what = "evidence";
	tell(&p, text);
}

static enum err
replay_facts(struct place *p, const struct score_inputs *in)
{
	struct replay_evidence x = {.fn = on_fact_differs, .context = p};
	enum err err = replay_evidence(p->replay->store, &p->at.host, &in->facts, &x, p->e);

	p->replay->facts += x.facts;
	p->replay->facts_gone += x.gone;
	return err;
}

static enum err
replay_score(struct place *p, const struct store_decision *d)
{
	struct error reason = {.code = OK};
	struct score_inputs in;
	struct score_result *out = NULL;
	char *again;
	enum err err = score_record_parse(d->inputs, &in, &reason);

	if (err == ERR_SYNTAX) {
		tell(p, reason.text);
		score_record_reset(&in);
		return OK;
	}
	if (err == OK)
		out = malloc(sizeof(*out));
	if (out == NULL) {
		score_record_reset(&in);
		return out_of_memory(p);
	}
	score_record_decide(&in, out);
	again = score_record_result(d->kind, out);
	if (in.now_s != d->time_s)
		tell(p, "it was decided as of another time than it is dated");
	if (again != NULL)
		compare_results(p, d->result, again);
	err = again != NULL ? replay_facts(p, &in) : out_of_memory(p);
	free(again);
	free(out);
	score_record_reset(&in);
	return err;
}

/* --- probes ----------------------------------------------------------------------------------- */

struct probed { /* what a probe's dialogue says, and what was written down of it */
	struct place place;
	bool has_verdict; /* the dialogue gives one */
	enum verdict verdict;
	bool came_late; /* and changed it */
};

static bool
has_prefix(const char *s, const char *prefix)
{
	return s != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* It said that it was closed, but was not asked what had proved it open (outcome_proof.h). */
static bool
was_held_back(const struct store_probe *p, enum verdict again)
{
	return again == VERDICT_CLOSED &&
		strcmp(p->verdict, verdict_name(VERDICT_UNDECIDED)) == 0 &&
		has_prefix(p->reason, "the test that proved it");
}

static void
compare_verdict(struct probed *x, const struct store_probe *p)
{
	const char *again = verdict_name(x->verdict);

	x->came_late = has_prefix(p->reason, "the test message came back late");
	if (p->verdict == NULL)
		tell(&x->place, "it has a dialogue, but no verdict");
	else if (strcmp(p->verdict, again) != 0 && !was_held_back(p, x->verdict))
		tell_changed(&x->place, "verdict", p->verdict, again);
}

static void
replay_dialogue(struct probed *x, const struct store_probe *p, const json_t *json)
{
	struct error reason = {.code = OK};
	struct probe_result *result;
	enum err err = probe_result_replay(json, p->id, &result, &reason);

	if (err == ERR_NOT_FOUND) {
		x->place.replay->results_gone++;
		return;
	}
	if (err != OK) {
		tell(&x->place, reason.text);
		return;
	}
	x->verdict = probe_result_verdict(result);
	x->has_verdict = true;
	compare_verdict(x, p);
	probe_result_free(result);
}

static enum err
replay_probe(const struct store_probe *p, void *context)
{
	struct probed *x = context;
	bool same = true;
	json_t *json;
	enum err err;

	if (p->finished_s == 0 || (p->verdict == NULL && p->result == NULL))
		return OK;
	x->place.replay->probes++;
	x->place.at = (struct replay_difference){.host = p->host,
		.what = "probe",
		.kind = "",
		.id = p->id,
		.time_s = p->finished_s};
	if (p->result == NULL) {
		x->place.replay->results_gone++;
		return OK;
	}
	json = json_loads(p->result, 0, NULL);
	if (json_is_object(json))
		replay_dialogue(x, p, json);
	else
		tell(&x->place, "its result cannot be read");
	json_decref(json);
	err = replay_audit_probe(x->place.replay->store, p, &same, x->place.e);
	if (err == OK && !same)
		tell(&x->place, "the audit log has another result of it");
	return err;
}

/* --- verdicts -----------------------------------------------------------------------------------
 */

/* One that was not over then may be now; one whose message came late had another verdict before. */
static void
compare_source(struct place *p, const struct verdict_inputs *in, size_t i, const struct probed *x)
{
	char what[64];

	if (!x->has_verdict || x->came_late || !in->has_verdicts[i] ||
		in->verdicts[i] == x->verdict)
		return;
	snprintf(what, sizeof(what), "verdict of probe %" PRIu64, in->probes[i]);
	tell_changed(p, what, verdict_name(in->verdicts[i]), verdict_name(x->verdict));
}

static enum err
replay_sources(struct place *p, const struct verdict_inputs *in)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < ORBL_COUNT(in->probes); i++) {
		struct replay quiet = {.store = p->replay->store};
		struct probed x = {.place = *p};

		if (in->probes[i] == 0)
			continue;
		if (!p->with_probes)
			x.place.replay = &quiet;
		err = store_probe_get(p->replay->store, in->probes[i], replay_probe, &x, p->e);
		if (err == OK)
			compare_source(p, in, i, &x);
		if (err == ERR_NOT_FOUND) {
			p->replay->results_gone++;
			err = OK;
		}
	}
	return err;
}

static enum err
replay_verdict(struct place *p, const struct store_decision *d)
{
	struct error reason = {.code = OK};
	struct verdict_inputs in;
	struct verdict_result result;
	char *again;

	if (verdict_record_parse(d->inputs, &in, &reason) != OK) {
		tell(p, reason.text);
		return OK;
	}
	result = verdict_record_decide(&in);
	again = verdict_record_result(&result);
	if (again == NULL)
		return out_of_memory(p);
	compare_results(p, d->result, again);
	free(again);
	return replay_sources(p, &in);
}

/* --- decisions
 * ------------------------------------------------------------------------------------ */

static const struct {
	const char *kind;
	enum err (*replay)(struct place *p, const struct store_decision *d);
} kinds[] = {
	{STORE_DECISION_NOMINATE, replay_score},
	{STORE_DECISION_SUSPECT, replay_score},
	{STORE_DECISION_VERDICT, replay_verdict},
};

static enum err
replay_decision(struct place *p, const struct store_decision *d)
{
	for (size_t i = 0; i < ORBL_COUNT(kinds); i++)
		if (strcmp(kinds[i].kind, d->kind) == 0)
			return kinds[i].replay(p, d);
	tell(p, "a decision of this kind is not known");
	return OK;
}

static enum err
on_decision(const struct store_decision *d, void *context)
{
	struct place p = *(struct place *)context;
	bool same;
	enum err err;

	p.at = (struct replay_difference){.host = d->host,
		.what = "decision",
		.kind = d->kind,
		.id = d->id,
		.time_s = d->time_s};
	p.replay->decisions++;
	p.replay->last = d->id;
	err = replay_audit_decision(p.replay->store, d, &same, p.e);
	if (err == OK && !same)
		tell(&p, "the audit log has another content of it");
	return err == OK ? replay_decision(&p, d) : err;
}

static enum err
on_probe(const struct store_probe *probe, void *context)
{
	struct probed x = {.place = *(struct place *)context};

	return replay_probe(probe, &x);
}

enum err
replay_host(struct replay *r, const struct addr *host, size_t max, struct error *e)
{
	struct place p = {.replay = r, .e = e};
	enum err err = store_decisions_of(r->store, host, max, on_decision, &p, e);

	return err == OK ? store_probes_of(r->store, host, PROBES_MAX, on_probe, &p, e) : err;
}

enum err
replay_after(struct replay *r, uint64_t after, size_t max, bool *more, struct error *e)
{
	struct place p = {.replay = r, .e = e, .with_probes = true};
	uint64_t before = r->decisions;
	enum err err;

	r->last = after;
	err = store_decisions_after(r->store, after, max, on_decision, &p, e);
	*more = r->decisions - before == max;
	return err;
}
