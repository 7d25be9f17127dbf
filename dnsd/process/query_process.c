#include "query_process.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <orbl/clock.h>
#include <orbl/log.h>

#include "channel.h"
#include "gate.h"
#include "live.h"
#include "message.h"
#include "rights.h"
#include "workers.h"
#include "zone_table.h"

enum {
	RECLAIM_MS = 20, /* how often workers are asked whether an old set can go */
	SUM_MS = 1000,   /* how often what the gates count is summed */
};

/* What of a source is in service. */
struct loaded {
	struct snapshot *snapshot, *delta;
};

struct query_main {
	const struct query_process *process;
	struct sandbox sandbox;
	int keeper;
	bool started, reclaiming;
	struct zone_table table;
	struct loaded *loaded; /* one a source */
	struct zone_table_data *data;
	struct live *live;
	struct gates *gates; /* NULL: nobody is counted */
	int64_t sum_ms;      /* when they are to be summed */
	struct workers *workers;
};

/* --- a set of zones --------------------------------------------------------------- */

static enum err
build(struct query_main *q, struct zone_set **out, struct error *e)
{
	enum err err;

	for (size_t i = 0; i < q->table.source_count; i++)
		q->data[i] = (struct zone_table_data){q->loaded[i].snapshot, q->loaded[i].delta};
	err = zone_table_build(&q->table, q->data, false, out, e);
	if (err == OK)
		stats_find_rows(q->process->stats, *out);
	return err;
}

static enum err
publish(struct query_main *q, const struct loaded *retired, struct error *e)
{
	struct zone_set *zones;
	enum err err = build(q, &zones, e);

	if (err != OK)
		return err;
	live_publish(q->live, zones, retired->snapshot, retired->delta);
	zone_table_accept(&q->table);
	q->reclaiming = true;
	return OK;
}

/* --- data of a source --------------------------------------------------------------- */

static void
close_loaded(const struct loaded *l, const struct loaded *kept)
{
	if (l->snapshot != kept->snapshot)
		snapshot_close(l->snapshot);
	if (l->delta != kept->delta)
		snapshot_close(l->delta);
}

static enum err
open_data(const struct query_main *q, const struct message *m, const struct channel_fds *fds,
	struct loaded *out, struct error *e)
{
	const struct loaded *old = &q->loaded[m->index];
	const char *name = q->table.sources[m->index]->paths;
	size_t used = 0;
	enum err err = OK;

	*out = (struct loaded){.snapshot = m->same_snapshot ? old->snapshot : NULL};
	if (fds->count != (m->has_snapshot != 0) + (size_t)(m->has_delta != 0) ||
		(m->same_snapshot && out->snapshot == NULL))
		return error_set(e, ERR_CORRUPT, "%s: the keeper sent what is no list", name);
	if (m->has_snapshot && used++ == 0 && !m->same_snapshot)
		err = snapshot_open_fd(fds->fd[0], name, &out->snapshot, e);
	if (err == OK && m->has_delta)
		err = snapshot_open_fd(fds->fd[used], name, &out->delta, e);
	if (err == OK && out->delta != NULL)
		err = snapshot_check_delta(out->snapshot, out->delta, e);
	if (err != OK)
		close_loaded(out, old);
	return err;
}

static enum err
take(struct query_main *q, const struct message *m, const struct channel_fds *fds, struct error *e)
{
	struct loaded old, next, retired;
	enum err err;

	if (m->index >= q->table.source_count)
		return error_set(e, ERR_CORRUPT, "there is no source %u", (unsigned)m->index);
	err = open_data(q, m, fds, &next, e);
	if (err != OK)
		return err;
	old = q->loaded[m->index];
	q->loaded[m->index] = next;
	if (!q->started) {
		close_loaded(&old, &next);
		return OK;
	}
	retired = (struct loaded){old.snapshot != next.snapshot ? old.snapshot : NULL,
		old.delta != next.delta ? old.delta : NULL};
	err = publish(q, &retired, e);
	if (err == OK)
		return OK;
	q->loaded[m->index] = old;
	close_loaded(&next, &old);
	return err;
}

/* --- keys (keys/keys.h) -------------------------------------------------------------- */

static enum err
take_keys(struct query_main *q, const struct message *m, const struct channel_fds *fds,
	struct error *e)
{
	const struct server_options *o = q->process->server;
	struct key_table *old = q->table.keys, *next;
	enum err err;

	(void)m;
	if (fds->count != 1)
		return error_set(e, ERR_CORRUPT, "the keeper sent no table of keys");
	err = key_table_open_fd(fds->fd[0], o->workers, (uint64_t)o->conf->access.key_quota, &next,
		e);
	if (err != OK)
		return err;
	if (old != NULL)
		key_table_inherit(next, old);
	q->table.keys = next;
	if (q->started)
		err = publish(q, &(struct loaded){NULL, NULL}, e);
	if (err != OK)
		q->table.keys = old;
	key_table_release(err == OK ? old : next);
	return err;
}

/* The first set is made of all that came until now, and then there are threads. */
static enum err
start(struct query_main *q, const struct message *m, const struct channel_fds *fds, struct error *e)
{
	enum err err = publish(q, &(struct loaded){NULL, NULL}, e);

	(void)m;
	(void)fds;
	if (err != OK)
		return err;
	q->started = true;
	live_begin(q->live);
	err = workers_start(q->workers, e);
	return err == OK ? sandbox_seal(&q->sandbox, e) : err;
}

/* --- messages ------------------------------------------------------------------------- */

static const struct {
	enum message_kind kind;
	enum err (*run)(struct query_main *q, const struct message *m,
		const struct channel_fds *fds, struct error *e);
} handlers[] = {
	{MESSAGE_TAKE, take},
	{MESSAGE_KEYS, take_keys},
	{MESSAGE_START, start},
};

static enum err
handle(struct query_main *q, const struct message *m, const struct channel_fds *fds,
	struct error *e)
{
	for (size_t i = 0; i < ORBL_COUNT(handlers); i++)
		if (m->kind == (uint32_t)handlers[i].kind)
			return handlers[i].run(q, m, fds, e);
	return error_set(e, ERR_UNSUPPORTED, "message %u is none of the query process",
		(unsigned)m->kind);
}

/* False: there is no keeper any more. */
static bool
serve_keeper(struct query_main *q)
{
	struct message m, reply = {.kind = MESSAGE_TAKEN};
	struct error e = {.code = OK};
	struct channel_fds fds;
	size_t len;

	if (channel_receive(q->keeper, &m, sizeof(m), &len, &fds, &e) != OK || len != sizeof(m)) {
		if (e.code != OK || len != 0)
			log_error("query process: %s",
				e.code != OK ? e.text : "a message is too short");
		return false;
	}
	reply.index = m.index;
	reply.code = (uint32_t)handle(q, &m, &fds, &e);
	if (reply.code != OK)
		snprintf(reply.text, sizeof(reply.text), "%.*s", (int)sizeof(reply.text) - 1,
			e.text);
	channel_close_fds(&fds);
	return channel_send(q->keeper, &reply, sizeof(reply), NULL, true, NULL) == OK;
}

static int
time_to_wait(const struct query_main *q)
{
	int64_t left;

	if (q->gates == NULL)
		return q->reclaiming ? RECLAIM_MS : -1;
	left = q->sum_ms - clock_monotonic_ms();
	if (left < 0)
		left = 0;
	return q->reclaiming && left > RECLAIM_MS ? RECLAIM_MS : (int)left;
}

static void
do_timed_work(struct query_main *q)
{
	int64_t now_ms = clock_monotonic_ms();

	if (q->reclaiming)
		q->reclaiming = live_reclaim(q->live);
	if (q->reclaiming)
		workers_wake(q->workers);
	if (q->gates == NULL || now_ms < q->sum_ms)
		return;
	q->sum_ms = now_ms + SUM_MS;
	gates_sum(q->gates, q->table.keys, (int64_t)time(NULL));
}

static void
serve(struct query_main *q)
{
	struct pollfd polled = {.fd = q->keeper, .events = POLLIN};

	for (;;) {
		polled.revents = 0;
		poll(&polled, 1, time_to_wait(q));
		if (polled.revents != 0 && !serve_keeper(q))
			return;
		do_timed_work(q);
	}
}

/* --- start ------------------------------------------------------------------------------ */

static void
close_others(const struct query_process *p, int keeper)
{
	size_t count = p->server->workers * p->server->endpoint_count, used;
	int *keep = calloc(2 * count + 2 + HANDED_CHANNELS, sizeof(*keep));

	if (keep == NULL)
		return;
	used = listeners_list(p->listeners, keep);
	keep[used++] = keeper;
	keep[used++] = p->observations;
	for (size_t i = 0; i < HANDED_CHANNELS; i++)
		keep[used++] = p->transfer[i];
	sandbox_close_others(keep, used);
	free(keep);
}

static enum err
open_zones(struct query_main *q, struct error *e)
{
	const struct server_options *o = q->process->server;
	enum err err = zone_table_init(&q->table, o->zones, o->zone_count, o->max_age_s, e);
	size_t room = q->table.source_count + 1;

	if (err != OK)
		return err;
	q->loaded = calloc(room, sizeof(*q->loaded));
	q->data = calloc(room, sizeof(*q->data));
	q->live = live_new(o->workers);
	if (q->loaded == NULL || q->data == NULL || q->live == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for %zu zones", room);
	return OK;
}

static enum err
open_gates(struct query_main *q, struct error *e)
{
	const struct query_process *p = q->process;
	struct gate_options options;
	struct prefix *exempt;
	enum err err = gate_options_read(p->server->conf, p->server->workers, &options, &exempt, e);

	options.shared = p->access;
	if (err == OK)
		err = gates_new(&options, &q->gates, e);
	free(exempt);
	return err;
}

static enum err
open_all(struct query_main *q, struct error *e)
{
	const struct query_process *p = q->process;
	struct workers_options options = {
		.server = p->server,
		.answer = p->answer,
		.listeners = p->listeners,
		.stats = p->stats,
		.observations = p->observations,
		.transfer = p->transfer,
	};
	enum err err = open_zones(q, e);

	q->table.has_keys = p->server->conf->access.keys[0] != '\0';
	q->table.keys_only = &p->server->conf->access.keys_only;
	if (err == OK)
		err = open_gates(q, e);
	if (err != OK)
		return err;
	options.live = q->live;
	options.gates = q->gates;
	err = workers_open(&options, &q->workers, e);
	return err == OK ? sandbox_prepare(&q->sandbox, e) : err;
}

int
query_process_run(void *context, int keeper)
{
	const struct query_process *p = context;
	struct query_main q = {
		.process = p,
		.keeper = keeper,
		.sandbox = rights_of_query_process(p->server->conf),
	};
	struct error e = {.code = OK};

	close_others(p, keeper);
	if (open_all(&q, &e) != OK) {
		log_error("query process: %s", e.text);
		return EXIT_FAILURE;
	}
	serve(&q);
	return EXIT_SUCCESS;
}
