#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <orbl/log.h>

#include "control_socket.h"
#include "reload.h"
#include "status.h"
#include "worker.h"

enum {
	RECLAIM_MS = 20, /* how often workers are asked whether an old list can go */
	SPARE_FILES = 64,
	POLL_SIGNAL = CONTROL_POLLS,
	POLL_LOADER,
	POLLS,
};

struct server {
	const struct server_options *options;
	int signals; /* signalfd */
	bool stop, reclaiming;
	int64_t started_s, next_check_ms;
	struct loader *loader; /* NULL: no zone needs it, or it is gone */
	struct live *live;
	struct reload *reload;
	struct control_socket *control;
	size_t worker_count;
	struct worker **workers;
};

static int64_t
read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
wall_clock_s(void)
{
	return read_clock(CLOCK_REALTIME) / 1000;
}

/* --- commands --------------------------------------------------------------- */

static json_t *
run_status(struct server *s)
{
	json_t *listen = json_array();

	for (size_t i = 0; i < s->options->endpoint_count; i++) {
		char text[ENDPOINT_TEXT];

		json_array_append_new(listen,
			json_string(endpoint_format(&s->options->endpoints[i], text)));
	}
	return json_pack("{s:b, s:i, s:I, s:i, s:o, s:o}", "ok", 1, "pid", (int)getpid(), "started",
		(json_int_t)s->started_s, "workers", (int)s->worker_count, "listen", listen,
		"zones", status_zones(s->reload));
}

static json_t *
run_reload(struct server *s)
{
	reload_request(s->reload, true, wall_clock_s());
	s->reclaiming = true;
	return reload_is_busy(s->reload) ? NULL : status_reload(s->reload);
}

static const struct command {
	const char *name;
	json_t *(*run)(struct server *);
} commands[] = {
	{"reload", run_reload},
	{"status", run_status},
};

static json_t *
run_command(void *context, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	for (size_t i = 0; name != NULL && i < ORBL_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(context);
	return control_socket_refusal(ERR_UNSUPPORTED, "there are the commands reload and status");
}

/* --- the main thread's loop ---------------------------------------------------- */

static void
read_signal(struct server *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		log_notice("reloading, asked by SIGHUP");
		reload_request(s->reload, true, wall_clock_s());
		s->reclaiming = true;
	} else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
		s->stop = true;
	}
}

static void
read_loader(struct server *s)
{
	json_t *answer;

	if (!reload_loaded(s->reload, wall_clock_s()))
		s->loader = NULL; /* no longer polled; main still ends it */
	s->reclaiming = true;
	if (reload_is_busy(s->reload))
		return;
	answer = status_reload(s->reload);
	control_socket_finish(s->control, answer);
	json_decref(answer);
}

static int
time_to_wait(const struct server *s)
{
	int64_t left = s->next_check_ms - read_clock(CLOCK_MONOTONIC);

	if (s->reclaiming && left > RECLAIM_MS)
		left = RECLAIM_MS;
	return left > 0 ? (int)left : 0;
}

static void
do_timed_work(struct server *s)
{
	int64_t now_ms = read_clock(CLOCK_MONOTONIC);

	if (now_ms >= s->next_check_ms) {
		s->next_check_ms = now_ms + s->options->check_interval_s * 1000;
		reload_request(s->reload, false, wall_clock_s());
		s->reclaiming = true;
	}
	if (!s->reclaiming)
		return;
	s->reclaiming = live_reclaim(s->live);
	for (size_t i = 0; s->reclaiming && i < s->worker_count; i++)
		worker_wake(s->workers[i]);
}

static void
serve_once(struct server *s)
{
	struct pollfd polls[POLLS];

	control_socket_prepare(s->control, polls);
	polls[POLL_SIGNAL] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	polls[POLL_LOADER] = (struct pollfd){.fd = s->loader != NULL ? loader_fd(s->loader) : -1,
		.events = POLLIN};
	if (poll(polls, POLLS, time_to_wait(s)) < 0)
		return;
	if (polls[POLL_SIGNAL].revents != 0)
		read_signal(s);
	if (polls[POLL_LOADER].revents != 0)
		read_loader(s);
	control_socket_serve(s->control, polls);
	do_timed_work(s);
}

/* --- start and end ----------------------------------------------------------------- */

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

static enum err
open_signals(struct server *s, struct error *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* rbldnsd writes statistics on these; scripts written for it must not end us. */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? OK : error_errno(e, "cannot watch for signals");
}

static enum err
open_workers(struct server *s, struct error *e)
{
	const struct server_options *o = s->options;
	size_t connections = raise_file_limit(o);
	enum err err = OK;

	for (size_t i = 0; err == OK && i < o->endpoint_count; i++)
		err = listener_check(&o->endpoints[i], e);
	s->workers = calloc(o->workers, sizeof(struct worker *));
	if (s->workers == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for workers");
	while (err == OK && s->worker_count < o->workers) {
		struct worker_options w = {
			.index = s->worker_count,
			.live = s->live,
			.endpoint_count = o->endpoint_count,
			.endpoints = o->endpoints,
			.udp_size = o->udp_size,
			.tcp_connections = (connections + o->workers - 1) / o->workers,
			.tcp_idle_ms = o->tcp_idle_s * 1000,
		};

		err = worker_new(&w, &s->workers[s->worker_count], e);
		s->worker_count += err == OK;
	}
	return err;
}

/* A query must not meet an empty list only because we have just started: load, then answer. */
static void
load_first(struct server *s)
{
	reload_request(s->reload, true, wall_clock_s());
	s->next_check_ms = read_clock(CLOCK_MONOTONIC) + s->options->check_interval_s * 1000;
	while (reload_is_busy(s->reload) && !s->stop)
		serve_once(s);
}

static void
log_ready(const struct server *s)
{
	char line[900], text[ENDPOINT_TEXT];
	size_t len = 0;

	for (size_t i = 0; i < s->options->endpoint_count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i != 0 ? ", " : "",
			endpoint_format(&s->options->endpoints[i], text));
	for (size_t i = 0; i < s->options->zone_count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s",
			i != 0 ? ", " : "; zones: ", s->options->zones[i].origin);
	log_notice("ready on %s", line);
}

static enum err
start_workers(struct server *s, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < s->worker_count; i++)
		err = worker_start(s->workers[i], e);
	return err;
}

static enum err
open_server(struct server *s, struct loader *loader, struct error *e)
{
	const struct server_options *o = s->options;
	struct control_handler handler = {run_command, s};
	enum err err;

	s->loader = loader;
	s->live = live_new(o->workers);
	if (s->live == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = open_signals(s, e);
	if (err == OK)
		err = reload_new(o->zones, o->zone_count, loader, s->live, &s->reload, e);
	if (err == OK)
		err = open_workers(s, e);
	if (err == OK)
		err = control_socket_open(o->control_path, o->control_mode, &handler, &s->control,
			e);
	return err;
}

static void
close_server(struct server *s)
{
	control_socket_close(s->control);
	for (size_t i = 0; i < s->worker_count; i++)
		worker_free(s->workers[i]);
	free(s->workers);
	live_free(s->live);
	reload_free(s->reload);
	if (s->signals >= 0)
		close(s->signals);
}

static bool
needs_loader(const struct server_options *o)
{
	for (size_t i = 0; i < o->zone_count; i++)
		if (o->zones[i].source != FEED_SNAPSHOT)
			return true;
	return false;
}

enum err
server_run(const struct server_options *options, struct error *e)
{
	struct server s = {.options = options, .signals = -1, .started_s = wall_clock_s()};
	struct loader *loader = NULL;
	enum err err = OK;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (needs_loader(options))
		err = loader_start(options->zones, options->zone_count, &loader, e);
	if (err == OK)
		err = open_server(&s, loader, e);
	if (err == OK) {
		load_first(&s);
		err = start_workers(&s, e);
	}
	if (err == OK && !s.stop) {
		log_ready(&s);
		while (!s.stop)
			serve_once(&s);
		log_notice("ending, asked by a signal");
	}
	close_server(&s);
	loader_stop(loader);
	return err;
}
