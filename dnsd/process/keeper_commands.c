#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"
#include "status.h"

/* Those that may die without the others. */
static json_t *
describe_services(const struct keeper *k)
{
	const struct service *services[] = {keeper_transfer_service(k->transfer),
		keeper_observer_service(k->observer)};
	json_t *out = json_array();

	for (size_t i = 0; i < ORBL_COUNT(services); i++)
		if (services[i] != NULL)
			json_array_append_new(out,
				json_pack("{s:s, s:b, s:I}", "name", services[i]->name, "running",
					service_runs(services[i]), "ends",
					(json_int_t)services[i]->ends));
	return out;
}

static json_t *
run_status(struct keeper *k)
{
	json_t *listen = json_array();

	for (size_t i = 0; i < k->options->endpoint_count; i++) {
		char text[ENDPOINT_TEXT];

		json_array_append_new(listen,
			json_string(endpoint_format(&k->options->endpoints[i], text)));
	}
	return json_pack("{s:b, s:i, s:I, s:I, s:i, s:o, s:o, s:o, s:o}", "ok", 1, "pid",
		(int)getpid(), "started", (json_int_t)k->started_s, "now",
		(json_int_t)keeper_wall_clock_s(), "workers", (int)k->options->workers, "listen",
		listen, "processes", describe_services(k), "statistics",
		status_statistics(k->stats), "zones",
		status_zones(k->reload, keeper_wall_clock_s()));
}

static json_t *
run_reload(struct keeper *k)
{
	int64_t now_s = keeper_wall_clock_s();
	struct error e = {.code = OK};
	enum err err = keeper_load_keys(k, false, &e);

	if (err == OK)
		err = keeper_transfer_load_tls(k->transfer, now_s, &e);
	reload_request(k->reload, false, now_s);
	status_tell(k->reload, k->stats, now_s);
	if (err != OK)
		return control_socket_refusal(err, e.text);
	return reload_is_busy(k->reload) ? json_null() : status_reload(k->reload, now_s);
}

/* access.keys alone, whether it looks changed or not: orbl dnsd key has just written it. */
static json_t *
run_keys(struct keeper *k)
{
	struct error e = {.code = OK};
	enum err err = keeper_load_keys(k, true, &e);

	return err == OK ? json_pack("{s:b}", "ok", 1) : control_socket_refusal(err, e.text);
}

static json_t *
run_stats(struct keeper *k)
{
	return status_answer_stats(k->stats, k->access, k->started_s, keeper_wall_clock_s());
}

static json_t *
run_zones(struct keeper *k)
{
	return status_answer_zones(k->reload, keeper_transfer_status(k->transfer),
		keeper_wall_clock_s());
}

static const struct command {
	const char *name;
	json_t *(*run)(struct keeper *);
} commands[] = {
	{"keys", run_keys},
	{"reload", run_reload},
	{"stats", run_stats},
	{"status", run_status},
	{"zones", run_zones},
};

json_t *
keeper_command(void *context, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	for (size_t i = 0; name != NULL && i < ORBL_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(context);
	return control_socket_refusal(ERR_UNSUPPORTED,
		"there are the commands keys, reload, stats, status and zones");
}
