/* The evidence of a reporter, and what rested on it. */
#include "purge_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_decision.h>
#include <orbl/store_probe.h>

#include "host.h"
#include "score_record.h"

enum { DECISIONS_ASKED = 200, GATHERS = 20 /* in one go */ };

static struct store *
store_of(const struct purge *p)
{
	return p->lister->store;
}

/* Is it still nominated, without what has gone? */
static enum err
cancel(struct purge *p, const struct store_purge_host *h, const struct score_result *result,
	struct error *e)
{
	const struct host_news news = {.host = h->host,
		.kind = HOST_NOT_PROBED,
		.now_s = p->lister->now_s};
	char address[ADDR_TEXT], why[300];
	enum err err;

	if (result->nominate.kind == DECISION_PROBE)
		return OK;
	p->counts.cancelled++;
	purge_part_tell(p, "probe", addr_format(&h->host, address), NULL);
	if (p->is_dry)
		return OK;
	snprintf(why, sizeof(why), "the evidence for it was purged: %.200s", p->reason);
	err = store_probe_finish(store_of(p), h->probe, NULL, why, NULL, p->lister->now_s, e);
	return err == OK ? host_event_if_may(store_of(p), &news, NULL, NULL, e) : err;
}

static enum err
end_suspect(struct purge *p, const struct store_purge_host *h, const struct score_inputs *in,
	const struct score_result *result, struct error *e)
{
	struct list_ending ending = purge_part_ending(p, 1U << CATEGORY_SUSPECT);
	char address[ADDR_TEXT];

	if (in->is_operators || result->suspect.kind != SUSPECT_END)
		return OK;
	ending.event = HOST_EVENT_COUNT;
	p->counts.suspects++;
	purge_part_tell(p, "suspect", addr_format(&h->host, address),
		category_row(CATEGORY_SUSPECT)->name);
	return p->is_dry ? OK : list_end_of_host(p->lister, &h->host, &ending, NULL, e);
}

static enum err
look_again(struct purge *p, enum store_purge_part part, const struct store_purge_host *h,
	struct error *e)
{
	struct score_inputs in;
	struct score_result result;
	enum err err = nominate_look(&p->run->nominate, &h->host, p->run->begun_s, &in, &result, e);

	if (err == OK)
		err = part == STORE_PURGE_QUEUED ? cancel(p, h, &result, e) :
						   end_suspect(p, h, &in, &result, e);
	score_record_reset(&in);
	return err;
}

static enum err
walk_hosts(struct purge *p, enum store_purge_part part, struct error *e)
{
	struct store_purge_host hosts[PURGE_SLICE_HOSTS];
	size_t count = 0;
	enum err err = store_purge_hosts(store_of(p), &p->run->slice, part, hosts,
		ORBL_COUNT(hosts), &count, e);

	for (size_t i = 0; err == OK && i < count; i++)
		err = look_again(p, part, &hosts[i], e);
	return err;
}

/* --- what was proved ------------------------------------------------------- */

struct provocation {
	struct purge *purge;
	struct error *e;
	const struct store_provoked *provoked;
	bool is_known;  /* what it was nominated on is kept */
	bool is_needed; /* without what has gone it would not have been nominated */
};

/* Without the facts that came in the window. */
static enum err
decide_without(struct provocation *v, struct score_inputs *in, struct error *e)
{
	const char *reporter = v->purge->run->reporter;
	struct score_result result;
	size_t kept = 0;
	bool gone;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < in->facts.count; i++) {
		const struct score_fact *f = &in->facts.items[i];

		gone = strcmp(f->reporter, reporter) == 0;
		if (gone)
			err = store_purge_has(store_of(v->purge), f->submission, &gone, e);
		if (err == OK && !gone)
			in->facts.items[kept++] = *f;
	}
	if (err != OK)
		return err;
	v->is_known = true;
	v->is_needed = false;
	if (kept == in->facts.count)
		return OK;
	in->facts.count = kept;
	score_record_decide(in, &result);
	v->is_needed = result.nominate.kind != DECISION_PROBE;
	return OK;
}

static enum err
on_decision(const struct store_decision *d, void *context)
{
	struct provocation *v = context;
	struct score_inputs in;
	struct error e = {.code = OK};
	enum err err = OK;

	if (v->is_known || d->probe != v->provoked->probe ||
		strcmp(d->kind, STORE_DECISION_NOMINATE) != 0)
		return OK;
	if (score_record_parse(d->inputs, &in, &e) == OK)
		err = decide_without(v, &in, v->e);
	score_record_reset(&in);
	return err;
}

/* The decision is gone: by the points of all that this reporter gave. */
static enum err
guess_without(struct provocation *v, struct error *e)
{
	const struct conf *c = v->purge->conf;
	uint64_t others = 0;
	double points = 0;
	enum err err = store_purge_others(store_of(v->purge), v->provoked->probe,
		v->purge->run->reporter, &points, &others, e);

	v->is_needed = points < (double)c->score.threshold ||
		others < (uint64_t)c->score.min_reporters;
	return err;
}

struct provoked_list {
	size_t count, room;
	struct store_provoked *items;
};

static enum err
on_provoked(const struct store_provoked *provoked, void *context)
{
	struct provoked_list *l = context;
	struct store_provoked *items = purge_part_grow(l->items, l->count, &l->room,
		sizeof(*items));

	if (items == NULL)
		return ERR_MEMORY;
	l->items = items;
	l->items[l->count++] = *provoked;
	return OK;
}

static enum err
end_proved(struct purge *p, const struct store_provoked *provoked, struct error *e)
{
	const struct list_ending ending = purge_part_ending(p, 1U << provoked->category);
	struct provocation v = {.purge = p, .e = e, .provoked = provoked};
	char address[ADDR_TEXT];
	enum err err = store_decisions_of(store_of(p), &provoked->tested, DECISIONS_ASKED,
		on_decision, &v, e);

	if (err == OK && !v.is_known)
		err = guess_without(&v, e);
	if (err != OK || !v.is_needed)
		return err;
	p->counts.proved++;
	purge_part_tell(p, "proved", addr_format(&provoked->tested, address),
		category_row(provoked->category)->name);
	return p->is_dry ? OK : list_end_of_host(p->lister, &provoked->tested, &ending, NULL, e);
}

static enum err
walk_proved(struct purge *p, struct error *e)
{
	struct provoked_list list = {.count = 0};
	enum err err = store_purge_proved(store_of(p), &p->run->slice, p->run->reporter,
		on_provoked, &list, e);

	if (err == ERR_MEMORY)
		error_set(e, err, "out of memory");
	for (size_t i = 0; err == OK && i < list.count; i++)
		err = end_proved(p, &list.items[i], e);
	free(list.items);
	return err;
}

/* --- a slice ------------------------------------------------------------------ */

static enum err
gather(struct purge *p, bool *more, struct error *e)
{
	struct purge_run *run = p->run;
	enum err err = OK;

	for (int i = 0; err == OK && i < GATHERS && !run->place.is_done; i++)
		err = store_purge_gather(store_of(p), &run->window, &run->place, e);
	*more = !run->place.is_done;
	if (err == OK && !*more)
		err = store_purge_count(store_of(p), &p->all, &p->counts.evidence, e);
	return err;
}

static enum err
take_out(struct purge *p, size_t most, size_t *did, struct error *e)
{
	struct purge_run *run = p->run;
	enum err err = store_purge_next(store_of(p), most, &run->slice, e);

	*did = run->slice.count;
	if (err != OK || *did == 0)
		return err;
	err = store_purge_evidence(store_of(p), &run->slice, &p->counts.evidence, e);
	if (err == OK)
		err = walk_hosts(p, STORE_PURGE_QUEUED, e);
	if (err == OK)
		err = walk_hosts(p, STORE_PURGE_SUSPECTS, e);
	if (err == OK && run->with_proved)
		err = walk_proved(p, e);
	if (err == OK)
		err = store_purge_nominations(store_of(p), &run->slice, &run->window,
			&p->counts.nominations, e);
	return err == OK ? store_purge_alarms(store_of(p), &run->slice, e) : err;
}

static void
say(const struct purge *p, char out[PURGE_WHAT])
{
	const struct purge_counts *n = &p->counts;
	char window[PURGE_WINDOW_TEXT];

	purge_part_window(p->run->window.since_s, p->run->window.until_s, window);
	snprintf(out, PURGE_WHAT,
		"reporter%s, %" PRIu64 " denials of %" PRIu64 " hosts, %" PRIu64
		" probes cancelled, %" PRIu64 " suspects and %" PRIu64
		" proved hosts taken off, %" PRIu64 " nominations forgotten",
		window, n->evidence.denials, n->evidence.hosts, n->cancelled, n->suspects,
		n->proved, n->nominations);
}

/* The reporter is believed until the end as it was at the beginning, whatever of its record has
 * gone already. */
static enum err
fix_trust(struct purge_run *run, struct error *e)
{
	const struct weight *weight;

	return weights_of(run->nominate.weights, run->reporter, run->begun_s, &weight, e);
}

enum err
purge_begin_reporter(struct purge *p, const struct store_window *w, bool with_proved,
	struct error *e)
{
	static const struct purge_kind kind = {gather, take_out, say};
	enum err err = purge_part_begin(p, &kind, w->reporter, e);
	struct purge_run *run = p->run;

	if (err != OK)
		return err;
	snprintf(run->reporter, sizeof(run->reporter), "%s", w->reporter);
	run->window = *w;
	run->window.reporter = run->reporter;
	run->with_proved = with_proved;
	run->nominate = (struct nominate){.conf = p->conf,
		.store = store_of(p),
		.geo = p->lister->geo};
	err = nominate_init(&run->nominate, e);
	if (err == OK)
		err = store_purge_begin(store_of(p), w, &p->counts.evidence, e);
	return err == OK ? fix_trust(run, e) : err;
}
