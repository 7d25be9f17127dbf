/* orbl-analyzer - reads logs, scores hosts, has them probed and keeps the list. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <sodium.h>

#include <orbl/conf.h>
#include <orbl/control.h>
#include <orbl/log.h>
#include <orbl/manager.h>
#include <orbl/store.h>

#include "audit.h"
#include "pipeline.h"
#include "prober.h"
#include "prober_setup.h"
#include "reporters.h"
#include "server.h"
#include "start_check.h"
#include "syslog_receiver.h"

struct analyzer {
	struct conf *conf;
	struct store *store;
	struct audit *audit;
	bool restored; /* --restored: the listings are not to be believed */
	struct prober *prober;
	struct reporters *reporters;
	struct event_base *base;
	struct event *terminate, *interrupt;
	struct pipeline *pipeline;
	struct command_context context;
	struct server *server;
	struct syslog_receiver *syslog;
	int control_fd;
};

static void
usage(FILE *out)
{
	fputs("usage: orbl-analyzer [-c FILE] [--restored | -T | -V | -h]\n"
	      "  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	      "  --restored         the store comes from a backup: end every listing until it is\n"
	      "                     found true again\n"
	      "  -T, --test         check the configuration, print the effective values\n"
	      "  -V, --version      print version and how it was built\n"
	      "  -h, --help         print this\n"
	      "Runs in the foreground until SIGTERM or SIGINT. See orbl-analyzer(8).\n",
		out);
}

static void
on_signal(evutil_socket_t signal_number, short what, void *context)
{
	struct analyzer *a = context;

	(void)what;
	log_notice("ending on signal %d", (int)signal_number);
	event_base_loopbreak(a->base);
}

static enum err
start_syslog(struct analyzer *a, struct error *e)
{
	const struct syslog_parts parts = {a->conf, a->store, a->reporters, a->pipeline, a->base};

	return syslog_receiver_new(&parts, &a->syslog, e);
}

static enum err
start_loop(struct analyzer *a, struct error *e)
{
	struct pipeline_parts parts;
	enum err err;

	a->base = event_base_new();
	if (a->base == NULL)
		return error_set(e, ERR_MEMORY, "cannot make an event loop");
	a->terminate = evsignal_new(a->base, SIGTERM, on_signal, a);
	a->interrupt = evsignal_new(a->base, SIGINT, on_signal, a);
	if (a->terminate == NULL || a->interrupt == NULL || event_add(a->terminate, NULL) != 0 ||
		event_add(a->interrupt, NULL) != 0)
		return error_set(e, ERR_MEMORY, "cannot wait for signals");
	parts = (struct pipeline_parts){a->conf, a->store, a->prober, a->reporters, a->base,
		a->audit};
	err = pipeline_new(&parts, &a->pipeline, e);
	if (err != OK)
		return err;
	err = start_syslog(a, e);
	if (err != OK)
		return err;
	a->context = (struct command_context){a->conf, a->store, a->reporters, a->pipeline,
		(int64_t)time(NULL), a->syslog};
	err = server_new(a->base, a->control_fd, &a->context, &a->server, e);
	if (err == OK)
		a->control_fd = -1; /* the server's now */
	return err;
}

/* The store is opened for the key alone and closed again: the prober must be forked while we
 * hold nothing it could reach. */
static enum err
start_prober(struct analyzer *a, struct error *e)
{
	struct prober_conf conf;
	struct store *store = NULL;
	enum err err = prober_setup(a->conf, &conf, e);

	if (err == OK)
		err = prober_check_sources(&conf, e);
	if (err == OK)
		err = store_open(a->conf->store_path, &store, e);
	if (err == OK)
		err = store_secret(store, "token", conf.key, sizeof(conf.key), randombytes_buf, e);
	store_close(store);
	if (err == OK)
		err = prober_start(&conf, &a->prober, e);
	sodium_memzero(conf.key, sizeof(conf.key));
	return err;
}

/* After the prober, which must not know the key. */
static enum err
start_audit(struct analyzer *a, struct error *e)
{
	int64_t now_s = (int64_t)time(NULL);
	enum err err = audit_open(a->conf, a->store, now_s, &a->audit, e);

	return err == OK && a->restored ? audit_distrust(a->store, now_s, e) : err;
}

static enum err
start(struct analyzer *a, struct error *e)
{
	enum err err = reporters_load(a->conf, &a->reporters, e);

	if (err == OK)
		err = start_prepare(a->conf, e);
	if (err == OK)
		err = start_prober(a, e);
	if (err == OK)
		err = control_listen(a->conf->control_socket, (unsigned)a->conf->control_mode,
			&a->control_fd, e);
	if (err == OK)
		err = store_open(a->conf->store_path, &a->store, e);
	if (err == OK)
		err = start_audit(a, e);
	return err == OK ? start_loop(a, e) : err;
}

static void
stop(struct analyzer *a)
{
	server_free(a->server);
	syslog_receiver_free(a->syslog);
	pipeline_free(a->pipeline);
	prober_stop(a->prober);
	if (a->store != NULL)
		audit_keep(a->audit, (int64_t)time(NULL));
	audit_close(a->audit);
	store_close(a->store);
	reporters_free(a->reporters);
	if (a->terminate != NULL)
		event_free(a->terminate);
	if (a->interrupt != NULL)
		event_free(a->interrupt);
	if (a->base != NULL)
		event_base_free(a->base);
	if (a->control_fd >= 0)
		close(a->control_fd);
}

/* Opened after the prober was forked, which is to have nothing of ours. */
static void
tell(const char *state)
{
	int manager = manager_open();

	manager_tell(manager, state);
	if (manager >= 0)
		close(manager);
}

static int
run(struct conf *conf, bool restored)
{
	struct analyzer a = {.conf = conf, .restored = restored, .control_fd = -1};
	struct error e = {.code = OK};
	char collector[ENDPOINT_TEXT];
	struct endpoint listens;
	enum err err = start(&a, &e);
	bool prober_lost = false;

	if (err != OK) {
		log_error("%s", e.text);
	} else {
		listens = prober_collector(a.prober);
		log_notice("ready: commands at %s, collector at %s, zone %s", conf->control_socket,
			endpoint_format(&listens, collector), conf->zone.name);
		tell("READY=1");
		prober_lost = event_base_dispatch(a.base) != 0 || pipeline_has_failed(a.pipeline);
		tell("STOPPING=1");
		unlink(conf->control_socket);
	}
	stop(&a);
	return err == OK && !prober_lost ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
test_conf(const struct conf *conf)
{
	struct error e = {.code = OK};

	conf_print(conf, stdout);
	if (start_check(conf, &e) == OK)
		return EXIT_SUCCESS;
	fflush(stdout);
	fprintf(stderr, "orbl-analyzer: %s\n", e.text);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"restored", no_argument, NULL, 'R'},
		{"test", no_argument, NULL, 'T'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *file = NULL;
	struct error e = {.code = OK};
	struct conf *conf;
	bool test = false, restored = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "c:TVh", options, NULL)) != -1)
		switch (c) {
		case 'c': file = optarg; break;
		case 'R': restored = true; break;
		case 'T': test = true; break;
		case 'V': conf_print_version("orbl-analyzer", stdout); return EXIT_SUCCESS;
		case 'h': usage(stdout); return EXIT_SUCCESS;
		default: usage(stderr); return EXIT_FAILURE;
		}
	if (optind != argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	if (sodium_init() < 0 || conf_load(conf_path(file), &conf, &e) != OK) {
		log_refusal("orbl-analyzer", e.text);
		return EXIT_FAILURE;
	}
	if (test) {
		status = test_conf(conf);
		conf_free(conf);
		return status;
	}
	signal(SIGPIPE, SIG_IGN);
	log_open("orbl-analyzer", log_level_by_name(conf->log_level));
	status = run(conf, restored);
	conf_free(conf);
	return status;
}
