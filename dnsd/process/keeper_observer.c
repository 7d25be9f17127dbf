#include "keeper_observer.h"

#include <stdlib.h>
#include <unistd.h>

#include <orbl/clock.h>
#include <orbl/log.h>

#include "keeper_transfer.h"
#include "observation.h"
#include "rights.h"

struct keeper_observer {
	const struct server_options *server;
	struct observer_files files;
	struct observer_options child;
	struct keeper_transfer *transfer; /* NULL ok */
	struct service service;
	int workers_end; /* of the channel of observations */
};

/* --- the child ------------------------------------------------------------------- */

static void
close_others(const struct keeper_observer *o, int keeper)
{
	int keep[OBSERVER_LISTEN_MAX + 3];
	size_t used = 0;

	keep[used++] = keeper;
	keep[used++] = o->child.observations;
	keep[used++] = o->files.log;
	for (size_t i = 0; i < o->files.metrics_count; i++)
		keep[used++] = o->files.metrics[i];
	sandbox_close_others(keep, used);
}

static int
run(void *context, int keeper)
{
	struct keeper_observer *o = context;
	const struct sandbox sandbox = rights_of_observer(o->server->conf);
	struct error e = {.code = OK};

	o->child.keeper = keeper;
	keeper_transfer_forget(o->transfer, true);
	close_others(o, keeper);
	if (sandbox_enter(&sandbox, &e) == OK)
		return observer_run(&o->child);
	log_error("observer: %s", e.text);
	return EXIT_FAILURE;
}

/* --- open and close ---------------------------------------------------------------- */

static enum err
open_all(struct keeper_observer *o, struct error *e)
{
	enum err err = observer_files_bind(&o->files, o->server->conf, e);

	if (err == OK)
		err = observation_channel(&o->workers_end, &o->child.observations, e);
	if (err != OK)
		return err;
	o->child.files = &o->files;
	o->service = (struct service){
		.name = "the observer",
		.run = run,
		.context = o,
		.child = {.title = "orbl-observer", .channel = -1},
	};
	return service_start(&o->service, clock_monotonic_ms(), e);
}

enum err
keeper_observer_open(const struct keeper_observer_options *options, struct keeper_observer **out,
	struct error *e)
{
	struct keeper_observer *o;
	enum err err;

	*out = NULL;
	if (!observer_is_wanted(options->server->conf))
		return OK;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the observer");
	o->server = options->server;
	o->transfer = options->transfer;
	o->files.log = o->workers_end = -1;
	o->child = (struct observer_options){
		.stats = options->stats,
		.transfers = options->transfers,
		.access = options->access,
		.observations = -1,
		.started_s = options->started_s,
	};
	err = open_all(o, e);
	if (err == OK)
		*out = o;
	else
		keeper_observer_close(o);
	return err;
}

enum err
keeper_observer_open_files(struct keeper_observer *o, struct error *e)
{
	enum err err = o != NULL ? observer_files_open(&o->files, e) : OK;

	if (err == OK && o != NULL)
		observer_files_reopen(&o->files, o->service.child.channel);
	return err;
}

void
keeper_observer_close(struct keeper_observer *o)
{
	if (o == NULL)
		return;
	service_stop(&o->service);
	observer_files_close(&o->files);
	if (o->workers_end >= 0)
		close(o->workers_end);
	if (o->child.observations >= 0)
		close(o->child.observations);
	free(o);
}

int
keeper_observer_channel(const struct keeper_observer *o)
{
	return o != NULL ? o->workers_end : -1;
}

const struct service *
keeper_observer_service(const struct keeper_observer *o)
{
	return o != NULL ? &o->service : NULL;
}

int
keeper_observer_fd(const struct keeper_observer *o)
{
	return o != NULL ? o->service.child.channel : -1;
}

/* --- what happens -------------------------------------------------------------------- */

void
keeper_observer_read(struct keeper_observer *o, int64_t now_ms)
{
	if (!observer_files_message(&o->files, o->service.child.channel))
		service_ended(&o->service, now_ms);
}

void
keeper_observer_reopen(struct keeper_observer *o)
{
	if (o != NULL)
		observer_files_reopen(&o->files, o->service.child.channel);
}

void
keeper_observer_tick(struct keeper_observer *o, int64_t now_ms)
{
	if (o != NULL)
		service_tick(&o->service, now_ms);
}

int64_t
keeper_observer_wait_ms(const struct keeper_observer *o, int64_t now_ms)
{
	return o != NULL ? service_wait_ms(&o->service, now_ms) : -1;
}
