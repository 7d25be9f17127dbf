#include "options.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT_DNS = 53 };

void
options_print_usage(FILE *out)
{
	fputs("usage: orbl-dnsd [-c FILE] [-T] [-V] [-h] [--listen ADDR@PORT]...\n"
	      "                 [--workers N] [--control PATH] [--zone NAME=SOURCE]...\n"
	      "                 [NAME:TYPE:FILE,FILE...]...\n"
	      "       orbl-dnsd -d | --dump bind|rbldnsd [--output DIRECTORY] [-c FILE]\n"
	      "                 [--zone NAME=SOURCE]... [NAME:TYPE:FILE,FILE...]... [ZONE]...\n"
	      "\n"
	      "  -c, --config FILE       read this orbl.conf\n"
	      "  -T, --check             check the configuration, print it, and end\n"
	      "  -V, --version           print version and build, and end\n"
	      "  -h, --help              print this, and end\n"
	      "      --listen ADDR@PORT  answer here, UDP and TCP (dnsd.listen)\n"
	      "      --zone NAME=SOURCE  serve this zone (dnsd.zones); SOURCE is\n"
	      "                          snapshot:FILE, transfer:FILE or\n"
	      "                          rbldnsd:TYPE:FILE,FILE... Without -c no configuration\n"
	      "                          file is read then.\n"
	      "      --workers N         threads that answer (dnsd.workers)\n"
	      "      --control PATH      control socket (dnsd.control_socket)\n"
	      "  NAME:TYPE:FILE,FILE...  as rbldnsd is told: --zone "
	      "NAME=rbldnsd:TYPE:FILE,FILE...\n"
	      "      --dump FORM         write the zones as files of BIND or of rbldnsd, and end\n"
	      "  -d                      the same as --dump bind\n"
	      "      --output DIRECTORY  one file a zone there, in place of standard output\n"
	      "\n"
	      "SIGHUP loads the zones again, SIGTERM ends. See orbl-dnsd(8).\n",
		out);
}

/* --- from the configuration to the server's options --------------------------------- */

static enum err
read_endpoint(const char *word, struct endpoint *out, struct error *e)
{
	enum err err = endpoint_parse(text_of(word), out);

	if (strchr(word, '%') != NULL || (err == OK && addr_is_link_local(&out->addr)))
		return error_set(e, ERR_RANGE,
			"\"%s\": a link-local address is one on each link and needs a scope, which "
			"is not supported; listen on another address, or on ::@%d for all",
			word, PORT_DNS);
	if (err != OK)
		return error_set(e, ERR_SYNTAX,
			"\"%s\" is not ADDR@PORT; write for example 127.0.0.1@5300 or ::1@5300",
			word);
	if (out->port == 0)
		out->port = PORT_DNS;
	return OK;
}

static enum err
read_endpoints(const struct conf *conf, struct options *out, struct error *e)
{
	const struct conf_list *list = &conf->dnsd.listen, *tls = &conf->transfer.tls_listen;
	enum err err = OK;

	if (list->count == 0)
		return error_set(e, ERR_RANGE,
			"no address to answer on; give dnsd.listen or "
			"--listen, such as 127.0.0.1@5300");
	out->endpoints = calloc(list->count + tls->count, sizeof(*out->endpoints));
	if (out->endpoints == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	for (size_t i = 0; err == OK && i < list->count; i++)
		err = read_endpoint(list->items[i], &out->endpoints[i], e);
	for (size_t i = 0; err == OK && i < tls->count; i++)
		err = read_endpoint(tls->items[i], &out->endpoints[list->count + i], e);
	out->server.endpoints = out->endpoints;
	out->server.endpoint_count = list->count;
	out->server.tls_endpoint_count = tls->count;
	return err;
}

static enum err
read_own_zone(const struct conf *conf, struct feed_zone *out, struct error *e)
{
	char *text;
	enum err err;

	if (asprintf(&text, "%s=snapshot:%s", conf->zone.name, conf->zone.snapshot) < 0)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	err = feed_zone_parse(text, out, e);
	free(text);
	return err;
}

/* One zone more, of all others. */
static void
add_catalog(const struct conf *conf, struct feed_zone *out)
{
	struct text name = text_of(conf->transfer.catalog);

	if (text_has_suffix(name, TEXT(".")))
		name.len--;
	*out = (struct feed_zone){.source = {.kind = FEED_CATALOG, .paths = "all zones"}};
	for (size_t i = 0; i < name.len && i < sizeof(out->origin) - 1; i++)
		out->origin[i] = (char)tolower((unsigned char)name.p[i]);
}

static enum err
read_zones(const struct conf *conf, struct options *out, struct error *e)
{
	const struct conf_list *list = &conf->dnsd.zones;
	enum err err = OK;

	out->server.zone_count = list->count != 0 ? list->count : 1;
	out->zones = calloc(out->server.zone_count + 1, sizeof(*out->zones));
	if (out->zones == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	out->server.zones = out->zones;
	if (list->count == 0)
		err = read_own_zone(conf, &out->zones[0], e);
	for (size_t i = 0; err == OK && i < list->count; i++)
		err = feed_zone_parse(list->items[i], &out->zones[i], e);
	if (err == OK && conf->transfer.catalog[0] != '\0')
		add_catalog(conf, &out->zones[out->server.zone_count++]);
	return err;
}

static enum err
read_feed_options(const struct conf *conf, struct feed_options *out, struct error *e)
{
	out->ttl_s = (uint32_t)conf->rbldnsd.ttl_s;
	out->ttl_min_s = (uint32_t)conf->rbldnsd.ttl_min_s;
	out->ttl_max_s = (uint32_t)conf->rbldnsd.ttl_max_s;
	out->host_bits = conf->rbldnsd.host_bits != 0;
	out->list_all = conf->rbldnsd.acl_list_all != 0;
	if (out->ttl_max_s != 0 && out->ttl_min_s > out->ttl_max_s)
		return error_set(e, ERR_RANGE,
			"rbldnsd.ttl_min is longer than rbldnsd.ttl_max; lower the one or raise "
			"the other");
	return OK;
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
	enum err err = out->action != ARGUMENTS_DUMP ? read_endpoints(conf, out, e) : OK;

	if (err == OK)
		err = read_zones(conf, out, e);
	if (err == OK)
		err = read_feed_options(conf, &s->feed, e);
	s->conf = conf;
	s->workers = conf->dnsd.workers != 0 ? (size_t)conf->dnsd.workers : count_processors();
	s->control_path = conf->dnsd.control_socket;
	s->control_mode = (unsigned)conf->control_mode;
	s->udp_size = (uint16_t)conf->dnsd.udp_size;
	s->amplification = (uint16_t)conf->dnsd.amplification;
	s->tcp_connections = (size_t)conf->dnsd.tcp_connections;
	s->tcp_client_connections = (size_t)conf->dnsd.tcp_client_connections;
	s->tcp_idle_s = conf->dnsd.tcp_idle_s;
	s->check_interval_s = conf->dnsd.check_interval_s;
	s->max_age_s = conf->dnsd.max_age_s;
	s->identity = conf->dnsd.identity;
	s->version = conf->dnsd.version;
	s->cookie_secret = conf->dnsd.cookie_secret;
	return err;
}

static enum err
read_configuration(const struct arguments *a, struct options *out, struct error *e)
{
	const char *path = a->zone_count != 0 ? a->conf_path : conf_path(a->conf_path);
	enum err err = conf_load(path, &out->conf, e);

	if (err == OK)
		err = arguments_apply(a, out->conf, e);
	if (err == OK)
		err = make_server_options(out->conf, out, e);
	return err;
}

static enum err
read_dump(struct arguments *a, struct options *out, struct error *e)
{
	out->dump_zones = a->words;
	a->words = NULL;
	out->dump = (struct dump_options){a->dump, a->output, a->word_count, out->dump_zones};
	return dump_check(&out->dump, e);
}

enum err
options_read(int argc, char **argv, struct options *out, struct error *e)
{
	struct arguments a;
	enum err err;

	memset(out, 0, sizeof(*out));
	err = arguments_read(argc, argv, &a, e);
	out->action = a.action;
	if (err == OK && a.action == ARGUMENTS_DUMP)
		err = read_dump(&a, out, e);
	if (err == OK && a.action != ARGUMENTS_VERSION && a.action != ARGUMENTS_HELP)
		err = read_configuration(&a, out, e);
	arguments_free(&a);
	return err;
}

void
options_free(struct options *o)
{
	conf_free(o->conf);
	free(o->endpoints);
	free(o->zones);
	free(o->dump_zones);
	memset(o, 0, sizeof(*o));
}
