#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/manager.h>
#include <orbl/sandbox.h>

#include "access_report.h"
#include "keeper.h"
#include "rights.h"

enum { SPARE_FILES = 128 };

static enum err
open_signals(struct keeper *k, struct error *e)
{
	/* rbldnsd writes statistics on SIGUSR1 and SIGUSR2, and starts them anew on the latter. */
	static const int watched[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < ORBL_COUNT(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals >= 0 ? OK : error_errno(e, "cannot watch for signals");
}

static enum err
read_answer_config(const struct server_options *o, struct answer_config *out, struct error *e)
{
	out->hands_over = keeper_transfer_is_wanted(o->conf);
	out->url = text_of(o->conf->access.url);
	out->error_codes = o->conf->access.error_codes != 0;
	out->udp_size = o->udp_size;
	out->amplification = o->amplification;
	out->identity = text_of(o->identity);
	out->version = text_of(o->version);
	return cookie_secrets_load(o->cookie_secret, &out->cookies, e);
}

static enum err
open_sockets(struct keeper *k, struct error *e)
{
	const struct server_options *o = k->options;
	struct control_handler handler = {keeper_command, k};
	struct activation *passed;
	enum err err = activation_read(o->endpoints, o->endpoint_count + o->tls_endpoint_count,
		&passed, e);

	if (err == OK)
		err = listeners_open(o, passed, &k->listeners, e);
	activation_free(passed);
	if (err == OK)
		err = control_socket_open(o->control_path, o->control_mode, &handler, &k->control,
			e);
	return err;
}

static enum err
open_zones(struct keeper *k, struct error *e)
{
	const struct server_options *o = k->options;
	struct reload_options options = {
		.zone_count = o->zone_count,
		.zones = o->zones,
		.max_age_s = o->max_age_s,
		.amplification = o->amplification,
		.publisher = {keeper_publish, k},
	};

	/* Of each source two files stay open, for processes that need them later. */
	sandbox_raise_descriptors(2 * o->zone_count + 2 * o->workers * o->endpoint_count +
		SPARE_FILES +
		(keeper_transfer_is_wanted(o->conf) ? (size_t)o->conf->transfer.connections : 0));
	k->loader = loader_new("/proc/self/exe", &o->feed);
	k->stats = stats_new(o->workers, STATS_ZONES);
	k->access = access_shared_new();
	if (k->loader == NULL || k->stats == NULL || k->access == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	options.loader = k->loader;
	options.stats = k->stats;
	return reload_new(&options, &k->reload, e);
}

static enum err
start_services(struct keeper *k, struct error *e)
{
	struct keeper_transfer_options transfer = {
		.server = k->options,
		.answer = &k->answer,
		.listeners = k->listeners,
		.reload = k->reload,
		.receive = keeper_receive,
		.context = k,
	};
	struct keeper_observer_options observer = {
		.server = k->options,
		.stats = k->stats,
		.access = k->access,
		.started_s = k->started_s,
	};
	enum err err = OK;

	if (k->answer.hands_over)
		err = keeper_transfer_open(&transfer, &k->transfer, e);
	observer.transfers = keeper_transfer_status(k->transfer);
	observer.transfer = k->transfer;
	return err == OK ? keeper_observer_open(&observer, &k->observer, e) : err;
}

static int
run_query_process(void *context, int keeper)
{
	struct keeper *k = context;

	keeper_transfer_forget(k->transfer, false);
	return query_process_run(&k->query_process, keeper);
}

/* Before rights are given up. */
static enum err
start_query_process(struct keeper *k, struct error *e)
{
	k->query_process = (struct query_process){
		.server = k->options,
		.answer = &k->answer,
		.listeners = k->listeners,
		.stats = k->stats,
		.observations = keeper_observer_channel(k->observer),
		.access = k->access,
	};
	keeper_transfer_channels(k->transfer, k->query_process.transfer);
	k->query.title = "orbl-query";
	return child_start(&k->query, run_query_process, k, e);
}

/* What is opened anew now and then, with the rights that are left. */
static enum err
open_files(struct keeper *k, struct error *e)
{
	const struct conf *conf = k->options->conf;
	struct statistics_file_options options = {
		.path = conf->dnsd.statistics_file,
		.interval_s = conf->dnsd.statistics_interval_s,
		.zone_count = k->options->zone_count,
		.zones = k->options->zones,
		.stats = k->stats,
	};
	enum err err = statistics_file_open(&options, clock_monotonic_ms(), &k->statistics, e);

	return err == OK ? keeper_observer_open_files(k->observer, e) : err;
}

enum err
keeper_open(struct keeper *k, const struct server_options *options, struct error *e)
{
	enum err err;

	*k = (struct keeper){
		.options = options,
		.signals = -1,
		.started_s = keeper_wall_clock_s(),
		.notify = manager_open(),
		.query = {.channel = -1},
		.keys = {.path = options->conf->access.keys},
	};
	err = open_signals(k, e);
	if (err == OK)
		err = read_answer_config(options, &k->answer, e);
	if (err == OK)
		err = open_zones(k, e);
	if (err == OK)
		err = open_sockets(k, e);
	if (err == OK)
		err = start_services(k, e);
	if (err == OK)
		err = start_query_process(k, e);
	if (err == OK)
		err = keeper_transfer_start(k->transfer, e);
	if (err == OK)
		err = rights_leave_keeper(options, e);
	return err == OK ? open_files(k, e) : err;
}

void
keeper_close(struct keeper *k)
{
	char how[CHILD_END];

	control_socket_close(k->control);
	statistics_file_close(k->statistics);
	child_end(&k->query, how);
	keeper_transfer_close(k->transfer);
	keeper_observer_close(k->observer);
	access_shared_free(k->access);
	listeners_close(k->listeners);
	reload_free(k->reload);
	loader_free(k->loader);
	stats_free(k->stats);
	if (k->notify >= 0)
		close(k->notify);
	if (k->signals >= 0)
		close(k->signals);
}
