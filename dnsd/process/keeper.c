#include "keeper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/log.h>
#include <orbl/manager.h>

#include "channel.h"
#include "give.h"
#include "message.h"
#include "received.h"
#include "status.h"

int64_t
keeper_wall_clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

/* --- the query process ------------------------------------------------------------ */

/* There is nothing left to keep. */
static enum err
lose_query_process(struct keeper *k, const struct error *why, struct error *e)
{
	char how[CHILD_END];

	if (k->query.pid != 0)
		error_set(&k->why, ERR_IO, "the query process is lost: %s, and %s", why->text,
			child_end(&k->query, how));
	k->is_broken = k->stop = true;
	return error_set(e, k->why.code, "%s", k->why.text);
}

/* Waits for its word that what was sent is in service. */
static enum err
await(struct keeper *k, enum err sent, struct error *e)
{
	struct error why = *e;
	bool alive = false;
	enum err err = sent != OK ? sent : give_wait(k->query.channel, &alive, &why);

	if (!alive)
		return lose_query_process(k, &why, e);
	return err == OK ? OK : error_set(e, err, "%s", why.text);
}

enum err
keeper_publish(void *context, size_t source, const struct source_data *data, bool same_snapshot,
	struct error *e)
{
	struct keeper *k = context;
	struct error why = {.code = OK};
	enum err err;

	if (k->query.pid == 0)
		return lose_query_process(k, &why, e);
	err = await(k, give_data(k->query.channel, source, data, same_snapshot, true, &why), &why);
	if (err != OK)
		return error_set(e, err, "%s", why.text);
	keeper_transfer_owe(k->transfer, source, same_snapshot);
	return OK;
}

/* --- what does not come from zone files ------------------------------------------- */

static enum err
publish_keys(void *context, int fd, struct error *e)
{
	struct keeper *k = context;
	struct message m = {.kind = MESSAGE_KEYS};
	struct channel_fds fds = {.count = 1, .fd = {fd}};
	struct error why = {.code = OK};
	enum err err;

	if (k->query.pid == 0)
		return lose_query_process(k, &why, e);
	err = await(k, channel_send(k->query.channel, &m, sizeof(m), &fds, true, &why), &why);
	return err == OK ? OK : error_set(e, err, "%s", why.text);
}

enum err
keeper_load_keys(struct keeper *k, bool all, struct error *e)
{
	const struct keeper_keys_publisher publisher = {publish_keys, k};

	return keeper_keys_load(&k->keys, &publisher, all, e);
}

enum err
keeper_receive(void *context, size_t index, int fd, struct error *e)
{
	struct keeper *k = context;
	int64_t now_s = keeper_wall_clock_s();
	struct reload_status status;
	enum err err;

	reload_status(k->reload, index, now_s, &status);
	err = received_store(&status.zone->source, status.snapshot, fd, e);
	if (err != OK)
		return err;
	reload_request(k->reload, false, now_s);
	reload_status(k->reload, index, now_s, &status);
	return status.error[0] == '\0' ? OK : error_set(e, ERR_REFUSED, "%s", status.error);
}

/* --- the first answer ---------------------------------------------------------------- */

static enum err
start_answering(struct keeper *k, struct error *e)
{
	struct error why = {.code = OK};
	enum err err = await(k, give_start(k->query.channel, true, &why), &why);

	return err == OK ? OK : error_set(e, err, "%s", why.text);
}

/* It says nothing unless it was asked, so that this is its end. */
static void
read_query_process(struct keeper *k)
{
	struct error why = {.code = OK}, e;
	bool alive;

	if (give_wait(k->query.channel, &alive, &why) == OK)
		error_set(&why, ERR_CORRUPT, "it says what it was not asked");
	lose_query_process(k, &why, &e);
}

/* --- what happens ------------------------------------------------------------------- */

static void
log_statistics(const struct keeper *k)
{
	char line[STATUS_LINE];

	log_notice("statistics: %s", status_statistics_line(k->stats, line));
}

/* What of it fails is in the log, and in the status. */
static void
load_again(struct keeper *k, bool all)
{
	struct error e = {.code = OK};

	keeper_load_keys(k, all, &e);
	(void)!keeper_transfer_load_tls(k->transfer, keeper_wall_clock_s(), &e);
	reload_request(k->reload, all, keeper_wall_clock_s());
	status_tell(k->reload, k->stats, keeper_wall_clock_s());
}

/* All zones, asked by SIGHUP. */
static void
reload_all(struct keeper *k)
{
	char state[64];

	log_notice("loading all zones again, asked by SIGHUP");
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)clock_monotonic_ms() * 1000);
	manager_tell(k->notify, state);
	k->reloading = true;
	load_again(k, true);
	keeper_observer_reopen(k->observer);
}

static void
end_reload(struct keeper *k)
{
	if (!k->reloading || reload_is_busy(k->reload))
		return;
	k->reloading = false;
	manager_tell(k->notify, "READY=1");
}

static void
read_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	if (read(k->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP: reload_all(k); break;
	case SIGUSR1:
	case SIGUSR2: log_statistics(k); break;
	default: k->stop = true; break;
	}
}

static void
read_loader(struct keeper *k)
{
	json_t *answer;

	reload_loaded(k->reload, keeper_wall_clock_s());
	status_tell(k->reload, k->stats, keeper_wall_clock_s());
	if (reload_is_busy(k->reload))
		return;
	answer = status_reload(k->reload, keeper_wall_clock_s());
	control_socket_finish(k->control, answer);
	json_decref(answer);
}

static int64_t
sooner(int64_t left, int64_t other)
{
	return other >= 0 && other < left ? other : left;
}

static int
time_to_wait(const struct keeper *k)
{
	int64_t now_ms = clock_monotonic_ms(), left = k->next_check_ms - now_ms;

	left = sooner(left, keeper_transfer_wait_ms(k->transfer, now_ms));
	left = sooner(left, keeper_observer_wait_ms(k->observer, now_ms));
	left = sooner(left, statistics_file_tick(k->statistics, now_ms));
	return left > 0 ? (int)left : 0;
}

static void
do_timed_work(struct keeper *k)
{
	int64_t now_ms = clock_monotonic_ms();

	if (now_ms >= k->next_check_ms) {
		k->next_check_ms = now_ms + k->options->check_interval_s * 1000;
		load_again(k, false);
	}
	end_reload(k);
	keeper_transfer_tick(k->transfer, now_ms);
	keeper_observer_tick(k->observer, now_ms);
}

static void
serve_once(struct keeper *k)
{
	struct pollfd polls[KEEPER_POLLS];

	control_socket_prepare(k->control, polls);
	polls[KEEPER_SIGNALS] = (struct pollfd){.fd = k->signals, .events = POLLIN};
	polls[KEEPER_LOADER] = (struct pollfd){.fd = loader_fd(k->loader), .events = POLLIN};
	polls[KEEPER_QUERY] = (struct pollfd){.fd = k->query.channel, .events = POLLIN};
	polls[KEEPER_TRANSFER] = (struct pollfd){.fd = keeper_transfer_fd(k->transfer),
		.events = POLLIN};
	polls[KEEPER_OBSERVER] = (struct pollfd){.fd = keeper_observer_fd(k->observer),
		.events = POLLIN};
	if (poll(polls, KEEPER_POLLS, time_to_wait(k)) < 0)
		return;
	if (polls[KEEPER_SIGNALS].revents != 0)
		read_signal(k);
	if (polls[KEEPER_QUERY].revents != 0)
		read_query_process(k);
	if (k->stop)
		return;
	if (polls[KEEPER_LOADER].revents != 0)
		read_loader(k);
	if (polls[KEEPER_TRANSFER].revents != 0)
		keeper_transfer_read(k->transfer, clock_monotonic_ms());
	if (polls[KEEPER_OBSERVER].revents != 0)
		keeper_observer_read(k->observer, clock_monotonic_ms());
	control_socket_serve(k->control, polls);
	do_timed_work(k);
}

/* --- from the first load to the end ---------------------------------------------------- */

/* A query must not meet an empty list only because we have just started: load, then answer. */
static void
load_first(struct keeper *k)
{
	load_again(k, true);
	k->next_check_ms = clock_monotonic_ms() + k->options->check_interval_s * 1000;
	while (reload_is_busy(k->reload) && !k->stop)
		serve_once(k);
}

static bool
is_named_before(const struct feed_zone *zones, size_t i)
{
	for (size_t n = 0; n < i; n++)
		if (strcmp(zones[n].origin, zones[i].origin) == 0)
			return true;
	return false;
}

static void
log_ready(const struct keeper *k)
{
	const struct server_options *o = k->options;
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

enum err
keeper_run(struct keeper *k, struct error *e)
{
	enum err err = OK;

	load_first(k);
	if (!k->stop)
		err = start_answering(k, e);
	if (err == OK && !k->stop) {
		log_ready(k);
		manager_tell(k->notify, "READY=1");
		keeper_transfer_begin(k->transfer);
		while (!k->stop)
			serve_once(k);
		manager_tell(k->notify, "STOPPING=1");
	}
	if (k->is_broken)
		return error_set(e, k->why.code, "%s", k->why.text);
	if (err == OK)
		log_notice("ending, asked by a signal");
	return err;
}
