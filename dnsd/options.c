#include "options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_DNS = 53, LONG_LISTEN = 256, LONG_ZONE, LONG_WORKERS, LONG_CONTROL };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, 'T'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{"listen", required_argument, NULL, LONG_LISTEN},
	{"zone", required_argument, NULL, LONG_ZONE},
	{"workers", required_argument, NULL, LONG_WORKERS},
	{"control", required_argument, NULL, LONG_CONTROL},
	{NULL, 0, NULL, 0},
};

void
options_print_usage(FILE *out)
{
	fputs("usage: orbl-dnsd [-c FILE] [-T] [-V] [-h] [--listen ADDR@PORT]...\n"
	      "                 [--zone NAME=SOURCE]... [--workers N] [--control PATH]\n"
	      "\n"
	      "  -c, --config FILE       read this orbl.conf\n"
	      "  -T, --check             check the configuration, print it, and end\n"
	      "  -V, --version           print version and build, and end\n"
	      "  -h, --help              print this, and end\n"
	      "      --listen ADDR@PORT  answer here, UDP and TCP (dnsd.listen)\n"
	      "      --zone NAME=SOURCE  serve this zone (dnsd.zones); SOURCE is\n"
	      "                          snapshot:FILE or rbldnsd:ip4set:FILE. Without -c no\n"
	      "                          configuration file is read then.\n"
	      "      --workers N         threads that answer (dnsd.workers)\n"
	      "      --control PATH      control socket (dnsd.control_socket)\n"
	      "\n"
	      "SIGHUP reloads the zones, SIGTERM ends. See orbl-dnsd(8).\n",
		out);
}

/* What the command line gives, kept until the configuration is read. Lends from argv. */
struct arguments {
	const char *conf_path, *workers, *control;
	size_t listen_count, zone_count;
	const char **listen, **zones; /* argc of them */
};

static enum err
read_arguments(int argc, char **argv, struct arguments *a, enum options_action *action,
	struct error *e)
{
	int c;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:TVh", long_options, NULL)) != -1) {
		switch (c) {
		case 'c': a->conf_path = optarg; break;
		case 'T': *action = OPTIONS_CHECK; break;
		case 'V': *action = OPTIONS_VERSION; return OK;
		case 'h': *action = OPTIONS_HELP; return OK;
		case LONG_LISTEN: a->listen[a->listen_count++] = optarg; break;
		case LONG_ZONE: a->zones[a->zone_count++] = optarg; break;
		case LONG_WORKERS: a->workers = optarg; break;
		case LONG_CONTROL: a->control = optarg; break;
		case ':':
			return error_set(e, ERR_UNSUPPORTED, "option %s needs a value",
				argv[optind - 1]);
		default:
			return error_set(e, ERR_UNSUPPORTED, "there is no option %s; -h names them",
				argv[optind - 1]);
		}
	}
	if (optind < argc)
		return error_set(e, ERR_UNSUPPORTED, "\"%s\" is not an option; -h names them",
			argv[optind]);
	return OK;
}

/* --- the command line over the configuration -------------------------------- */

static enum err
replace_text(char **at, const char *value, struct error *e)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	free(*at);
	*at = copy;
	return OK;
}

static enum err
replace_list(struct conf_list *list, const char *const *values, size_t count, struct error *e)
{
	char **items = calloc(count, sizeof(*items));

	for (size_t i = 0; items != NULL && i < count; i++)
		if (replace_text(&items[i], values[i], e) != OK) {
			while (i-- > 0)
				free(items[i]);
			free(items);
			items = NULL;
			break;
		}
	if (items == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = items;
	list->count = count;
	return OK;
}

static enum err
apply_arguments(const struct arguments *a, struct conf *conf, struct error *e)
{
	uint64_t workers;
	enum err err = OK;

	if (a->listen_count != 0)
		err = replace_list(&conf->dnsd.listen, a->listen, a->listen_count, e);
	if (err == OK && a->zone_count != 0)
		err = replace_list(&conf->dnsd.zones, a->zones, a->zone_count, e);
	/* A server of zones given by hand is often one of several, or nobody's in particular: the
	 * socket is made only where one was asked for. */
	if (err == OK && a->zone_count != 0 && a->conf_path == NULL)
		err = replace_text(&conf->dnsd.control_socket, "", e);
	if (err == OK && a->control != NULL)
		err = replace_text(&conf->dnsd.control_socket, a->control, e);
	if (err != OK || a->workers == NULL)
		return err;
	if (text_to_u64(text_of(a->workers), 64, &workers) != OK)
		return error_set(e, ERR_RANGE, "--workers \"%s\" is not a number from 0 to 64",
			a->workers);
	conf->dnsd.workers = (int64_t)workers;
	return OK;
}

/* --- the server's options ----------------------------------------------------- */

static enum err
read_endpoints(const struct conf *conf, struct options *out, struct error *e)
{
	const struct conf_list *list = &conf->dnsd.listen;

	if (list->count == 0)
		return error_set(e, ERR_RANGE,
			"no address to answer on; give dnsd.listen or "
			"--listen, such as 127.0.0.1@5300");
	out->endpoints = calloc(list->count, sizeof(*out->endpoints));
	if (out->endpoints == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	for (size_t i = 0; i < list->count; i++) {
		if (endpoint_parse(text_of(list->items[i]), &out->endpoints[i]) != OK)
			return error_set(e, ERR_SYNTAX,
				"\"%s\" is not ADDR@PORT; write for "
				"example 127.0.0.1@5300 or ::1@5300",
				list->items[i]);
		if (out->endpoints[i].port == 0)
			out->endpoints[i].port = PORT_DNS;
	}
	out->server.endpoints = out->endpoints;
	out->server.endpoint_count = list->count;
	return OK;
}

static enum err
read_zones(const struct conf *conf, struct options *out, struct error *e)
{
	const struct conf_list *list = &conf->dnsd.zones;
	char own[sizeof(out->zones->origin) + sizeof(out->zones->path) + 16];
	enum err err = OK;

	out->server.zone_count = list->count != 0 ? list->count : 1;
	out->zones = calloc(out->server.zone_count, sizeof(*out->zones));
	if (out->zones == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	out->server.zones = out->zones;
	for (size_t i = 0; err == OK && i < list->count; i++)
		err = feed_zone_parse(list->items[i], &out->zones[i], e);
	if (list->count == 0) {
		snprintf(own, sizeof(own), "%s=snapshot:%s", conf->zone.name, conf->zone.snapshot);
		err = feed_zone_parse(own, &out->zones[0], e);
	}
	return err;
}

static size_t
count_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (size_t)n : 1;
}

static enum err
make_server_options(const struct conf *conf, struct options *out, struct error *e)
{
	struct server_options *s = &out->server;
	enum err err = read_endpoints(conf, out, e);

	if (err == OK)
		err = read_zones(conf, out, e);
	s->workers = conf->dnsd.workers != 0 ? (size_t)conf->dnsd.workers : count_processors();
	s->control_path = conf->dnsd.control_socket;
	s->control_mode = (unsigned)conf->control_mode;
	s->udp_size = (uint16_t)conf->dnsd.udp_size;
	s->tcp_connections = (size_t)conf->dnsd.tcp_connections;
	s->tcp_idle_s = conf->dnsd.tcp_idle_s;
	s->check_interval_s = conf->dnsd.check_interval_s;
	return err;
}

enum err
options_read(int argc, char **argv, struct options *out, struct error *e)
{
	struct arguments a = {.conf_path = NULL};
	enum err err;

	memset(out, 0, sizeof(*out));
	a.listen = calloc((size_t)argc + 1, sizeof(*a.listen));
	a.zones = calloc((size_t)argc + 1, sizeof(*a.zones));
	if (a.listen == NULL || a.zones == NULL)
		err = error_set(e, ERR_MEMORY, "out of memory for options");
	else
		err = read_arguments(argc, argv, &a, &out->action, e);
	if (err == OK && (out->action == OPTIONS_RUN || out->action == OPTIONS_CHECK)) {
		const char *path = a.zone_count != 0 ? a.conf_path : conf_path(a.conf_path);

		err = conf_load(path, &out->conf, e);
		if (err == OK)
			err = apply_arguments(&a, out->conf, e);
		if (err == OK)
			err = make_server_options(out->conf, out, e);
	}
	free(a.listen);
	free(a.zones);
	return err;
}

void
options_free(struct options *o)
{
	conf_free(o->conf);
	free(o->endpoints);
	free(o->zones);
	memset(o, 0, sizeof(*o));
}
