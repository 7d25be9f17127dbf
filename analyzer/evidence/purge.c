#include "purge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_audit.h>
#include <orbl/store_decision.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>
#include <orbl/store_publish.h>

#include "host.h"
#include "nominate.h"
#include "score_record.h"

enum {
	BATCH = 200,
	DECISIONS_ASKED = 200,
	WINDOW_TEXT = 96,
	RELAYS = 1 << CATEGORY_RELAY | 1 << CATEGORY_RELAY_INPUT,
};

static void
tell(const struct purge *p, const char *what, const char *subject, const char *category)
{
	if (p->tell != NULL)
		p->tell(&(struct purge_item){what, subject, category}, p->context);
}

static struct store *
store_of(const struct purge *p)
{
	return p->lister->store;
}

/* What was done stays, or what would have been done was found out. */
static enum err
end_transaction(struct purge *p, enum err err, struct error *e)
{
	if (err == OK && !p->is_dry)
		return store_commit(store_of(p), e);
	store_rollback(store_of(p));
	return err;
}

static enum err
audit(const struct purge *p, const char *subject, const char *what, struct error *e)
{
	char detail[800];
	enum err err;

	if (p->is_dry)
		return OK;
	/* What goes by order is no mistake to be held back; but what is held already has not been
	 * looked at by asking for this. */
	if (p->permits && p->lister->changed) {
		err = store_publish_permit(store_of(p), STORE_PERMIT_REMOVALS, e);
		if (err != OK)
			return err;
	}
	snprintf(detail, sizeof(detail), "%s: %s", what, p->reason);
	log_notice("purge of %s by %s: %s", subject, p->author, detail);
	return store_audit_add(store_of(p),
		&(struct store_audit){.time_s = p->lister->now_s,
			.author = p->author,
			.action = "purge",
			.subject = subject,
			.detail = detail},
		e);
}

static void
say_time(const char *word, int64_t t, char out[WINDOW_TEXT / 2])
{
	time_t seconds = (time_t)t;
	struct tm tm;
	char stamp[32];

	out[0] = '\0';
	if (t == 0 || gmtime_r(&seconds, &tm) == NULL)
		return;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(out, WINDOW_TEXT / 2, ", %s %s", word, stamp);
}

/* ", since 2026-11-21T19:00:00Z, before 2026-11-22T00:00:00Z"; "": at any time. */
static void
say_window(int64_t since_s, int64_t until_s, char out[WINDOW_TEXT])
{
	char since[WINDOW_TEXT / 2], until[WINDOW_TEXT / 2];

	say_time("since", since_s, since);
	say_time("before", until_s, until);
	snprintf(out, WINDOW_TEXT, "%s%s", since, until);
}

static struct list_ending
ending_of(const struct purge *p, uint32_t categories)
{
	return (struct list_ending){
		.categories = categories,
		.action = "purge",
		.reason = p->reason,
		.author = p->author,
		.event = HOST_PURGED,
	};
}

/* --- what rested on the evidence of a reporter ----------------------------- */

struct work {
	struct purge *purge;
	const struct store_window *window;
	struct nominate nominate;
	struct error *e;
};

/* Is it still nominated, without what has gone? */
static enum err
cancel(struct work *w, const struct store_purge_host *h, const struct score_result *result,
	struct error *e)
{
	const struct purge *p = w->purge;
	const struct host_news news = {.host = h->host,
		.kind = HOST_NOT_PROBED,
		.now_s = p->lister->now_s};
	char address[ADDR_TEXT], why[300];
	enum err err;

	if (result->nominate.kind == DECISION_PROBE)
		return OK;
	w->purge->counts.cancelled++;
	tell(p, "probe", addr_format(&h->host, address), NULL);
	if (p->is_dry)
		return OK;
	snprintf(why, sizeof(why), "the evidence for it was purged: %.200s", p->reason);
	err = store_probe_finish(store_of(p), h->probe, NULL, why, NULL, p->lister->now_s, e);
	return err == OK ? host_event_if_may(store_of(p), &news, NULL, NULL, e) : err;
}

static enum err
end_suspect(struct work *w, const struct store_purge_host *h, const struct score_inputs *in,
	const struct score_result *result, struct error *e)
{
	struct purge *p = w->purge;
	struct list_ending ending = ending_of(p, 1U << CATEGORY_SUSPECT);
	char address[ADDR_TEXT];

	if (in->is_operators || result->suspect.kind != SUSPECT_END)
		return OK;
	ending.event = HOST_EVENT_COUNT;
	p->counts.suspects++;
	tell(p, "suspect", addr_format(&h->host, address), category_row(CATEGORY_SUSPECT)->name);
	return p->is_dry ? OK : list_end_of_host(p->lister, &h->host, &ending, NULL, e);
}

static enum err
look_again(struct work *w, enum store_purge_part part, const struct store_purge_host *h,
	struct error *e)
{
	struct score_inputs in;
	struct score_result result;
	enum err err = nominate_look(&w->nominate, &h->host, w->purge->lister->now_s, &in, &result,
		e);

	if (err == OK)
		err = part == STORE_PURGE_QUEUED ? cancel(w, h, &result, e) :
						   end_suspect(w, h, &in, &result, e);
	score_record_reset(&in);
	return err;
}

static enum err
walk_hosts(struct work *w, enum store_purge_part part, struct error *e)
{
	struct store_purge_host hosts[BATCH];
	char after[ADDR_TEXT] = "";
	size_t count = 0;
	enum err err;

	do {
		err = store_purge_hosts(store_of(w->purge), part, after, hosts, BATCH, &count, e);
		for (size_t i = 0; err == OK && i < count; i++)
			err = look_again(w, part, &hosts[i], e);
		if (count != 0)
			addr_format(&hosts[count - 1].host, after);
	} while (err == OK && count == BATCH);
	return err;
}

/* --- what was proved ------------------------------------------------------- */

struct provocation {
	struct work *work;
	const struct store_provoked *provoked;
	bool is_known;  /* what it was nominated on is kept */
	bool is_needed; /* without what has gone it would not have been nominated */
};

/* Without the facts that came in the window. */
static enum err
decide_without(struct provocation *v, struct score_inputs *in, struct error *e)
{
	const struct store_window *window = v->work->window;
	struct score_result result;
	size_t kept = 0;
	bool gone;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < in->facts.count; i++) {
		const struct score_fact *f = &in->facts.items[i];

		gone = strcmp(f->reporter, window->reporter) == 0;
		if (gone)
			err = store_purge_has(store_of(v->work->purge), window, f->submission,
				&gone, e);
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
		err = decide_without(v, &in, v->work->e);
	score_record_reset(&in);
	return err;
}

/* The decision is gone: by the points of all that this reporter gave. */
static enum err
guess_without(struct provocation *v, struct error *e)
{
	const struct conf *c = v->work->purge->conf;
	uint64_t others = 0;
	double points = 0;
	enum err err = store_purge_others(store_of(v->work->purge), v->provoked->probe,
		v->work->window->reporter, &points, &others, e);

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
	size_t room = l->room == 0 ? 64 : l->room * 2;
	struct store_provoked *bigger;

	if (l->count == l->room) {
		bigger = realloc(l->items, room * sizeof(*bigger));
		if (bigger == NULL)
			return ERR_MEMORY;
		l->items = bigger;
		l->room = room;
	}
	l->items[l->count++] = *provoked;
	return OK;
}

static enum err
end_proved(struct work *w, const struct store_provoked *provoked, struct error *e)
{
	struct purge *p = w->purge;
	const struct list_ending ending = ending_of(p, 1U << provoked->category);
	struct provocation v = {.work = w, .provoked = provoked};
	char address[ADDR_TEXT];
	enum err err = store_decisions_of(store_of(p), &provoked->tested, DECISIONS_ASKED,
		on_decision, &v, e);

	if (err == OK && !v.is_known)
		err = guess_without(&v, e);
	if (err != OK || !v.is_needed)
		return err;
	p->counts.proved++;
	tell(p, "proved", addr_format(&provoked->tested, address),
		category_row(provoked->category)->name);
	return p->is_dry ? OK : list_end_of_host(p->lister, &provoked->tested, &ending, NULL, e);
}

static enum err
walk_proved(struct work *w, struct error *e)
{
	struct provoked_list list = {.count = 0};
	enum err err = store_purge_proved(store_of(w->purge), w->window->reporter, on_provoked,
		&list, e);

	if (err == ERR_MEMORY)
		error_set(e, err, "out of memory");
	for (size_t i = 0; err == OK && i < list.count; i++)
		err = end_proved(w, &list.items[i], e);
	free(list.items);
	return err;
}

static enum err
purge_evidence(struct work *w, bool with_proved, struct error *e)
{
	struct purge_counts *counts = &w->purge->counts;
	char window[WINDOW_TEXT], what[400];
	enum err err = store_purge_evidence(store_of(w->purge), w->window, &counts->evidence, e);

	if (err == OK)
		err = walk_hosts(w, STORE_PURGE_QUEUED, e);
	if (err == OK)
		err = walk_hosts(w, STORE_PURGE_SUSPECTS, e);
	if (err == OK && with_proved)
		err = walk_proved(w, e);
	if (err == OK)
		err = store_purge_nominations(store_of(w->purge), w->window, &counts->nominations,
			e);
	if (err == OK)
		err = store_purge_alarms(store_of(w->purge), e);
	if (err != OK)
		return err;
	say_window(w->window->since_s, w->window->until_s, window);
	snprintf(what, sizeof(what),
		"reporter%s, %" PRIu64 " denials of %" PRIu64 " hosts, %" PRIu64
		" probes cancelled, %" PRIu64 " suspects and %" PRIu64
		" proved hosts taken off, %" PRIu64 " nominations forgotten",
		window, counts->evidence.denials, counts->evidence.hosts, counts->cancelled,
		counts->suspects, counts->proved, counts->nominations);
	return audit(w->purge, w->window->reporter, what, e);
}

enum err
purge_reporter(struct purge *p, const struct store_window *window, bool with_proved,
	struct error *e)
{
	struct work w = {
		.purge = p,
		.window = window,
		.nominate = {.conf = p->conf, .store = store_of(p), .geo = p->lister->geo},
		.e = e,
	};
	enum err err = nominate_init(&w.nominate, e);

	p->counts = (struct purge_counts){.cancelled = 0};
	if (err == OK)
		err = store_begin(store_of(p), e);
	if (err == OK)
		err = end_transaction(p, purge_evidence(&w, with_proved, e), e);
	nominate_reset(&w.nominate);
	return err;
}

/* --- listings of a cause --------------------------------------------------- */

struct caused {
	const struct purge_cause *cause;
	uint64_t all, proved; /* listings there are; of those of the cause */
	size_t count, room;
	struct {
		struct prefix prefix;
		enum category category;
	} * items;
};

static bool
is_of_cause(const struct purge_cause *c, const struct store_listing *l)
{
	return (c->categories == 0 || (c->categories & 1U << l->category) != 0) &&
		l->since_s >= c->since_s && (c->until_s == 0 || l->since_s < c->until_s) &&
		(c->asn == 0 || l->asn == c->asn);
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct caused *c = context;
	size_t room = c->room == 0 ? 64 : c->room * 2;
	void *bigger;

	c->all++;
	if (!is_of_cause(c->cause, l))
		return OK;
	c->proved += (RELAYS & 1 << l->category) != 0;
	if (c->count == c->room) {
		bigger = realloc(c->items, room * sizeof(c->items[0]));
		if (bigger == NULL)
			return ERR_MEMORY;
		c->items = bigger;
		c->room = room;
	}
	c->items[c->count].prefix = l->prefix;
	c->items[c->count++].category = l->category;
	return OK;
}

/* That a host on a safe list is listed. Who has evidence left is looked at again. */
static enum err
end_alarm(const struct purge *p, const struct prefix *prefix, struct error *e)
{
	char text[PREFIX_TEXT];

	return p->is_dry ? OK :
			   store_alarm_end(store_of(p), "safe", prefix_format(prefix, text), e);
}

static enum err
end_caused(struct purge *p, const struct caused *c, struct error *e)
{
	char prefix[PREFIX_TEXT];
	enum err err = OK;

	for (size_t i = 0; err == OK && i < c->count; i++) {
		const struct list_ending ending = ending_of(p, 1U << c->items[i].category);

		p->counts.listings++;
		tell(p, "listing", prefix_format(&c->items[i].prefix, prefix),
			category_row(c->items[i].category)->name);
		if (!p->is_dry)
			err = list_end_prefix(p->lister, &c->items[i].prefix, &ending, NULL, e);
		if (err == OK)
			err = end_alarm(p, &c->items[i].prefix, e);
	}
	return err;
}

/* A slip of the pen must not end what tests have proved, nor most of the list. */
static enum err
check_force(struct purge *p, const struct caused *c, struct error *e)
{
	uint64_t percent = (uint64_t)p->conf->publish.max_change;
	size_t n = 0;

	p->needs_force[0] = '\0';
	if (c->proved != 0)
		n = (size_t)snprintf(p->needs_force, PURGE_WHY,
			"%" PRIu64 " of the %zu listings %s proved by a test", c->proved, c->count,
			c->proved == 1 ? "is" : "are");
	if (c->count > c->all / 100 * percent + c->all % 100 * percent / 100)
		snprintf(p->needs_force + n, PURGE_WHY - n,
			"%s%zu of %" PRIu64 " listings are more than publish.max_change, %" PRIu64
			" percent",
			n != 0 ? ", and " : "", c->count, c->all, percent);
	if (p->needs_force[0] == '\0' || p->force || p->is_dry)
		return OK;
	return error_set(e, ERR_REFUSED, "%s: add --force if that is meant", p->needs_force);
}

/* "bouncer, AS 64500, since ..." */
static void
say_cause(const struct purge_cause *cause, char *out, size_t size)
{
	char window[WINDOW_TEXT], as[24] = "";
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < CATEGORY_COUNT && n < size; i++)
		if ((cause->categories & 1U << i) != 0)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n != 0 ? ", " : "",
				category_row((enum category)i)->name);
	if (n == 0)
		n = (size_t)snprintf(out, size, "all categories");
	if (cause->asn != 0)
		snprintf(as, sizeof(as), ", AS %" PRIu32, cause->asn);
	say_window(cause->since_s, cause->until_s, window);
	if (n < size)
		snprintf(out + n, size - n, "%s%s", as, window);
}

static enum err
purge_listings(struct purge *p, const struct purge_cause *cause, struct error *e)
{
	struct caused c = {.cause = cause};
	char of[250], what[300];
	enum err err = store_listings(store_of(p), NULL, on_listing, &c, e);

	if (err == ERR_MEMORY)
		error_set(e, err, "out of memory");
	if (err == OK)
		err = check_force(p, &c, e);
	if (err == OK)
		err = end_caused(p, &c, e);
	free(c.items);
	if (err != OK)
		return err;
	say_cause(cause, of, sizeof(of));
	snprintf(what, sizeof(what), "%s: %" PRIu64 " %s%s", of, p->counts.listings,
		p->counts.listings == 1 ? "listing" : "listings",
		p->needs_force[0] != '\0' ? ", forced" : "");
	return audit(p, "listings", what, e);
}

enum err
purge_cause(struct purge *p, const struct purge_cause *cause, struct error *e)
{
	enum err err;

	p->counts = (struct purge_counts){.cancelled = 0};
	if (cause->categories == 0 && cause->since_s == 0 && cause->until_s == 0 && cause->asn == 0)
		return error_set(e, ERR_REFUSED,
			"of which listings? Name a category, an AS or a time: the whole list "
			"is not purged");
	err = store_begin(store_of(p), e);
	return err == OK ? end_transaction(p, purge_listings(p, cause, e), e) : err;
}
