#include "running_probes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>

#include "host.h"
#include "probe_record.h"

enum {
	RECORDS_MAX = 2000, /* of one probe, but for the answers of its cases */
	QUIET_S = 60,
};

/* --- the list ----------------------------------------------------------------- */

struct probe_under_way *
running_probes_find(struct running_probes *runs, uint64_t id)
{
	for (size_t i = 0; i < runs->count; i++)
		if (runs->list[i].probe.id == id)
			return &runs->list[i];
	return NULL;
}

struct probe_under_way *
running_probes_add(struct running_probes *runs, const struct store_probe *probe)
{
	const struct endpoint target = {probe->host, runs->port};
	struct probe_under_way *r;

	if (runs->count == runs->room)
		return NULL;
	r = &runs->list[runs->count];
	*r = (struct probe_under_way){.probe = *probe};
	r->probe.verdict = r->probe.pair_verdict = r->probe.reason = r->probe.result = NULL;
	r->result = probe_result_new(probe->id, &target);
	if (r->result == NULL)
		return NULL;
	probe_result_set_source(r->result, &runs->sources[probe->second_source],
		probe->second_source);
	runs->count++;
	return r;
}

void
running_probes_remove(struct running_probes *runs, struct probe_under_way *r)
{
	probe_result_free(r->result);
	*r = runs->list[--runs->count];
}

static size_t
count_chosen(const struct running_probes *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->count; i++)
		n += runs->list[i].place == PROBE_CHOSEN;
	return n;
}

static enum err
write_start(struct running_probes *runs, const struct store_probe *p, int64_t now_s,
	struct error *e)
{
	const struct host_news news = {.host = p->host, .kind = HOST_PROBE_STARTED, .now_s = now_s};
	enum err err = store_probe_start(runs->store, p->id, now_s, e);

	return err == OK ? host_event_if_may(runs->store, &news, NULL, NULL, e) : err;
}

static enum err
write_chosen(struct running_probes *runs, int64_t now_s, struct error *e)
{
	enum err err = store_begin(runs->store, e);

	for (size_t i = 0; err == OK && i < runs->count; i++)
		if (runs->list[i].place == PROBE_CHOSEN)
			err = write_start(runs, &runs->list[i].probe, now_s, e);
	if (err == OK)
		return store_commit(runs->store, e);
	store_rollback(runs->store);
	return err;
}

enum err
running_probes_commit(struct running_probes *runs, int64_t now_s, struct error *e)
{
	enum err err = count_chosen(runs) != 0 ? write_chosen(runs, now_s, e) : OK;

	for (size_t i = 0; err == OK && i < runs->count; i++)
		if (runs->list[i].place == PROBE_CHOSEN) {
			runs->list[i].probe.started_s = now_s;
			runs->list[i].place = PROBE_READY;
		}
	return err;
}

/* --- events ------------------------------------------------------------------- */

static void
keep_record(struct running_probes *runs, struct probe_under_way *r, const struct prober_event *ev)
{
	/* Of each case there are only so many; arrivals: collector_seen.h. */
	bool must = ev->kind == PROBER_CASE || ev->kind == PROBER_DONE ||
		ev->kind == PROBER_ARRIVAL;
	char *text;

	if (r->records >= RECORDS_MAX && !must)
		return;
	if (runs->record_count == RUNNING_PROBES_BATCH)
		runs->record_lost = !running_probes_store(runs);
	text = probe_record_format(ev);
	if (text == NULL) {
		runs->record_lost = true;
		return;
	}
	runs->durable = runs->durable || ev->kind == PROBER_ARRIVAL;
	runs->records[runs->record_count++] = (struct probe_record_waiting){r->probe.id,
		r->records++, text};
}

/* DONE is told to the result only at the very end. */
static void
apply(struct probe_under_way *r, const struct prober_event *ev)
{
	probe_progress_apply(&r->progress, ev);
	if (ev->kind != PROBER_DONE) {
		(void)probe_result_apply(r->result, ev);
		return;
	}
	r->place = PROBE_ENDED;
	r->reach = ev->reach;
	snprintf(r->ended, sizeof(r->ended), "%s", ev->text);
}

void
running_probes_take(struct running_probes *runs, struct probe_under_way *r,
	const struct prober_event *ev)
{
	struct prober_event copy = *ev;
	int64_t time_s = ev->time_us / 1000000;

	r->heard_s = time_s > r->heard_s ? time_s : r->heard_s;
	if (ev->kind == PROBER_DONE && r->resumed)
		copy.reach = probe_progress_reach(&r->before, ev->reach);
	keep_record(runs, r, &copy);
	apply(r, &copy);
}

static enum err
add_records(struct running_probes *runs, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < runs->record_count; i++)
		err = store_probe_event_add(runs->store, runs->records[i].probe,
			runs->records[i].number, runs->records[i].text, e);
	return err;
}

/* Lazily but for arrivals: this is for a death of ours. When the machine dies, a case may be asked
 * again; but a message that was taken with 250 is not sent again. */
static enum err
write_records(struct running_probes *runs, struct error *e)
{
	enum err err = runs->durable ? store_begin(runs->store, e) :
				       store_begin_lazily(runs->store, e);

	if (err == OK)
		err = add_records(runs, e);
	if (err == OK)
		return store_commit(runs->store, e);
	store_rollback(runs->store);
	return err;
}

bool
running_probes_store(struct running_probes *runs)
{
	bool stored = !runs->record_lost;
	struct error e = {.code = OK};

	if (runs->record_count != 0 && write_records(runs, &e) != OK) {
		log_warning("after a restart now, hosts would be asked again: %s", e.text);
		stored = false;
	}
	for (size_t i = 0; i < runs->record_count; i++)
		free(runs->records[i].text);
	runs->record_count = 0;
	runs->durable = runs->record_lost = false;
	return stored;
}

/* --- going on ------------------------------------------------------------------ */

static enum err
on_started(const struct store_probe *p, void *context)
{
	struct running_probes *runs = context;
	struct probe_under_way *r = running_probes_add(runs, p);

	if (r == NULL)
		return ERR_MEMORY;
	r->resumed = true;
	r->place = PROBE_READY;
	return OK;
}

static enum err
on_record(uint64_t number, const char *record, void *context)
{
	struct probe_under_way *r = context;
	struct prober_event ev;

	r->records = number + 1;
	if (probe_record_parse(record, r->probe.id, &ev) == OK)
		apply(r, &ev);
	else
		log_warning("probe %" PRIu64 ": its event %" PRIu64 " is not understood",
			r->probe.id, number);
	return OK;
}

static void
say_resumed(struct running_probes *runs, struct probe_under_way *r, int64_t now_s)
{
	struct prober_event note = {.kind = PROBER_DIALOGUE, .direction = '*'};

	note.id = r->probe.id;
	note.time_us = now_s * 1000000;
	snprintf(note.text, sizeof(note.text), "%s",
		r->place == PROBE_ENDED ?
			"the analyzer was started anew; every case was asked" :
			"the analyzer was started anew; on with the cases without an answer");
	running_probes_take(runs, r, &note);
}

static enum err
rebuild(struct running_probes *runs, struct probe_under_way *r, int64_t now_s, struct error *e)
{
	enum err err = store_probe_events(runs->store, r->probe.id, on_record, r, e);

	if (err != OK)
		return err;
	r->before = r->progress;
	if (r->place != PROBE_ENDED && probe_progress_left(&r->before, runs->wanted) == 0) {
		r->place = PROBE_ENDED;
		r->reach = REACH_DONE;
	}
	log_info("probe %" PRIu64 " is taken up again", r->probe.id);
	say_resumed(runs, r, now_s);
	return OK;
}

enum err
running_probes_open(struct running_probes *runs, size_t room, int64_t now_s, struct error *e)
{
	struct store_queue queue;
	enum err err = store_queue_count(runs->store, now_s, &queue, e);

	if (err != OK)
		return err;
	runs->room = queue.started > room ? queue.started : room;
	runs->list = calloc(runs->room, sizeof(*runs->list));
	if (runs->list == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = store_probes_started(runs->store, 0, runs->room, on_started, runs, e);
	if (err == ERR_MEMORY)
		return error_set(e, err, "out of memory");
	for (size_t i = 0; err == OK && i < runs->count; i++)
		err = rebuild(runs, &runs->list[i], now_s, e);
	(void)running_probes_store(runs);
	return err;
}

void
running_probes_close(struct running_probes *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		probe_result_free(runs->list[i].result);
	for (size_t i = 0; i < runs->record_count; i++)
		free(runs->records[i].text);
	free(runs->list);
	runs->list = NULL;
	runs->count = runs->record_count = 0;
}

static bool
is_active(const struct probe_under_way *r, int64_t now_s)
{
	return r->place == PROBE_CHOSEN || r->place == PROBE_READY ||
		(r->place == PROBE_ASKED && now_s - r->heard_s < QUIET_S);
}

size_t
running_probes_count_active(const struct running_probes *runs, int64_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->count; i++)
		n += is_active(&runs->list[i], now_s);
	return n;
}

uint64_t
running_probes_cases(const struct running_probes *runs, const struct probe_under_way *r)
{
	return r->before.answered != 0 ? probe_progress_left(&r->before, runs->wanted) : 0;
}

/* --- the end ------------------------------------------------------------------- */

bool
running_probes_end(const struct running_probes *runs, struct probe_under_way *r, int64_t now_s)
{
	struct prober_event done = {.kind = PROBER_DONE, .id = r->probe.id, .reach = r->reach};

	if (r->place != PROBE_ENDED)
		return false;
	if (r->resumed && now_s < probe_progress_wait_until(&r->progress, runs->wait_s))
		return false;
	if (!probe_result_is_done(r->result)) {
		memcpy(done.text, r->ended, sizeof(done.text));
		(void)probe_result_apply(r->result, &done);
	}
	return true;
}
