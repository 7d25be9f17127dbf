#include "workers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <orbl/log.h>

#include "gate.h"

enum { SPARE_FILES = 64 };

struct workers {
	size_t count;
	struct worker *each[]; /* as many as the options say */
};

/* Every connection needs a descriptor; an operator should not have to know. Returns how many
 * connections there may be: they must leave files for reloads and the control socket. */
static size_t
raise_file_limit(const struct server_options *o)
{
	rlim_t others = o->workers * (2 * o->endpoint_count + 2) + SPARE_FILES;
	rlim_t wanted = o->tcp_connections + others, connections;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return o->tcp_connections;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted)
		return o->tcp_connections;
	connections = limit.rlim_cur > others + o->workers ? limit.rlim_cur - others : o->workers;
	log_warning("only %ju files may be open, %ju are needed for dnsd.tcp_connections: "
		    "there are at most %ju connections at once; raise LimitNOFILE= or lower the "
		    "option",
		(uintmax_t)limit.rlim_cur, (uintmax_t)wanted, (uintmax_t)connections);
	return (size_t)connections;
}

static size_t
share(size_t all, size_t workers)
{
	return (all + workers - 1) / workers;
}

enum err
workers_open(const struct workers_options *options, struct workers **out, struct error *e)
{
	const struct server_options *o = options->server;
	const struct conf *conf = o->conf;
	struct worker_options each = {
		.live = options->live,
		.answer = options->answer,
		.observations = options->observations,
		.transfer = options->transfer,
		.log_every = conf->dnsd.query_log[0] != '\0' ?
			(uint32_t)conf->dnsd.query_log_sample :
			0,
		.tap_every = conf->dnsd.dnstap[0] != '\0' ? (uint32_t)conf->dnsd.dnstap_sample : 0,
		.listener_count = o->endpoint_count,
		.tcp_connections = share(raise_file_limit(o), o->workers),
		.tcp_client_connections = share(o->tcp_client_connections, o->workers),
		.tcp_idle_ms = o->tcp_idle_s * 1000,
	};
	struct workers *w = calloc(1, sizeof(*w) + o->workers * sizeof(w->each[0]));
	enum err err = OK;

	*out = NULL;
	if (w == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for workers");
	for (; err == OK && each.index < o->workers; each.index++) {
		each.stats = stats_worker(options->stats, each.index);
		each.gate = gates_of(options->gates, each.index);
		each.listeners = listeners_of(options->listeners, each.index);
		err = worker_new(&each, &w->each[w->count], e);
		w->count += err == OK;
	}
	if (err == OK)
		*out = w;
	else
		workers_close(w);
	return err;
}

enum err
workers_start(struct workers *w, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < w->count; i++)
		err = worker_start(w->each[i], e);
	return err;
}

void
workers_wake(struct workers *w)
{
	for (size_t i = 0; i < w->count; i++)
		worker_wake(w->each[i]);
}

void
workers_close(struct workers *w)
{
	for (size_t i = 0; w != NULL && i < w->count; i++)
		worker_free(w->each[i]);
	free(w);
}
