#include "server.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <orbl/log.h>

#include "control_socket.h"
#include "reload.h"
#include "status.h"
#include "workers.h"
#include "zone_table.h"

enum {
	RECLAIM_MS = 20, /* how often workers are asked whether an old list can go */
	POLL_SIGNAL = CONTROL_POLLS,
	POLL_LOADER,
	POLLS,
};

struct server {
	const struct server_options *options;
	int signals; /* signalfd */
	bool stop, reclaiming;
	int64_t started_s, next_check_ms;
	struct loader *loader;
	struct live *live;
	struct reload *reload;
	struct control_socket *control;
	struct answer_config answer;
	struct workers *workers;
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
	struct worker_stats stats;

	workers_stats(s->workers, &stats);
	for (size_t i = 0; i < s->options->endpoint_count; i++) {
		char text[ENDPOINT_TEXT];

		json_array_append_new(listen,
			json_string(endpoint_format(&s->options->endpoints[i], text)));
	}
	return json_pack("{s:b, s:i, s:I, s:i, s:o, s:o, s:o}", "ok", 1, "pid", (int)getpid(),
		"started", (json_int_t)s->started_s, "workers", (int)s->options->workers, "listen",
		listen, "statistics", status_statistics(&stats), "zones",
		status_zones(s->reload, wall_clock_s()));
}

static json_t *
run_reload(struct server *s)
{
	reload_request(s->reload, false, wall_clock_s());
	s->reclaiming = true;
	return reload_is_busy(s->reload) ? NULL : status_reload(s->reload, wall_clock_s());
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
log_statistics(const struct server *s)
{
	struct worker_stats stats;
	char line[STATUS_LINE];

	workers_stats(s->workers, &stats);
	log_notice("statistics: %s", status_statistics_line(&stats, line));
}

static void
read_signal(struct server *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		log_notice("loading all zones again, asked by SIGHUP");
		reload_request(s->reload, true, wall_clock_s());
		s->reclaiming = true;
		break;
	case SIGUSR1:
	case SIGUSR2: log_statistics(s); break;
	default: s->stop = true; break;
	}
}

static void
read_loader(struct server *s)
{
	json_t *answer;

	reload_loaded(s->reload, wall_clock_s());
	s->reclaiming = true;
	if (reload_is_busy(s->reload))
		return;
	answer = status_reload(s->reload, wall_clock_s());
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
	if (s->reclaiming)
		workers_wake(s->workers);
}

static void
serve_once(struct server *s)
{
	struct pollfd polls[POLLS];

	control_socket_prepare(s->control, polls);
	polls[POLL_SIGNAL] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	polls[POLL_LOADER] = (struct pollfd){.fd = loader_fd(s->loader), .events = POLLIN};
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

static enum err
open_signals(struct server *s, struct error *e)
{
	/* rbldnsd writes statistics on SIGUSR1 and SIGUSR2, and starts them anew on the latter. */
	static const int watched[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < ORBL_COUNT(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? OK : error_errno(e, "cannot watch for signals");
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

static bool
is_named_before(const struct feed_zone *zones, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(zones[k].origin, zones[i].origin) == 0)
			return true;
	return false;
}

static void
log_ready(const struct server *s)
{
	const struct server_options *o = s->options;
	const char *before = "; zones: ";
	char line[900], text[ENDPOINT_TEXT];
	size_t len = 0;

	for (size_t i = 0; i < o->endpoint_count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i != 0 ? ", " : "",
			endpoint_format(&o->endpoints[i], text));
	for (size_t i = 0; i < o->zone_count && len < sizeof(line); i++)
		if (!is_named_before(o->zones, i) && o->zones[i].origin[0] != '\0') {
			len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", before,
				o->zones[i].origin);
			before = ", ";
		}
	log_notice("ready on %s", line);
}

static enum err
read_answer_config(const struct server_options *o, struct answer_config *out, struct error *e)
{
	out->udp_size = o->udp_size;
	out->amplification = o->amplification;
	out->identity = text_of(o->identity);
	out->version = text_of(o->version);
	return cookie_secrets_load(o->cookie_secret, &out->cookies, e);
}

static enum err
open_zones(struct server *s, struct error *e)
{
	const struct server_options *o = s->options;
	struct reload_options options = {
		.zone_count = o->zone_count,
		.zones = o->zones,
		.max_age_s = o->max_age_s,
		.amplification = o->amplification,
	};

	s->loader = loader_new("/proc/self/exe", &o->feed);
	s->live = live_new(o->workers);
	if (s->loader == NULL || s->live == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	options.loader = s->loader;
	options.live = s->live;
	return reload_new(&options, &s->reload, e);
}

static enum err
open_server(struct server *s, struct error *e)
{
	const struct server_options *o = s->options;
	struct control_handler handler = {run_command, s};
	enum err err = open_signals(s, e);

	if (err == OK)
		err = read_answer_config(o, &s->answer, e);
	if (err == OK)
		err = open_zones(s, e);
	if (err == OK)
		err = workers_open(o, s->live, &s->answer, &s->workers, e);
	if (err == OK)
		err = control_socket_open(o->control_path, o->control_mode, &handler, &s->control,
			e);
	return err;
}

static void
close_server(struct server *s)
{
	control_socket_close(s->control);
	workers_close(s->workers);
	live_free(s->live);
	reload_free(s->reload);
	loader_free(s->loader);
	if (s->signals >= 0)
		close(s->signals);
}

enum err
server_check(const struct server_options *o, struct error *e)
{
	struct answer_config answer;
	enum err err = read_answer_config(o, &answer, e);

	return err == OK ? zone_table_check(o->zones, o->zone_count, e) : err;
}

enum err
server_run(const struct server_options *options, struct error *e)
{
	struct server s = {.options = options, .signals = -1, .started_s = wall_clock_s()};
	enum err err;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	err = open_server(&s, e);
	if (err == OK) {
		load_first(&s);
		live_begin(s.live);
		err = workers_start(s.workers, e);
	}
	if (err == OK && !s.stop) {
		log_ready(&s);
		while (!s.stop)
			serve_once(&s);
		log_notice("ending, asked by a signal");
	}
	close_server(&s);
	return err;
}
