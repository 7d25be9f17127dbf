/* main.c - orbl-dnsd, the authoritative server of DNS block lists. Read server.h first. */
#include <stdio.h>
#include <stdlib.h>

#include <orbl/log.h>

#include "loader.h"
#include "options.h"

enum { EXIT_USAGE = 2 };

static int
run(const struct options *o)
{
	struct error e = {.code = OK};

	log_open("orbl-dnsd", log_level_by_name(o->conf->log_level));
	if (server_run(&o->server, &e) == OK)
		return EXIT_SUCCESS;
	log_error("%s", e.text);
	return EXIT_FAILURE;
}

static int
dump(const struct options *o)
{
	log_open("orbl-dnsd", log_level_by_name(o->conf->log_level));
	return dump_run(&o->dump, &o->server) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct error e = {.code = OK};
	int status = EXIT_SUCCESS;
	enum err err;

	if (loader_is_child(argc, argv))
		return loader_serve();
	err = options_read(argc, argv, &o, &e);
	if (err != OK) {
		log_refusal("orbl-dnsd", e.text);
		status = err == ERR_UNSUPPORTED ? EXIT_USAGE : EXIT_FAILURE;
	} else if (o.action == ARGUMENTS_VERSION) {
		conf_print_version("orbl-dnsd", stdout);
	} else if (o.action == ARGUMENTS_HELP) {
		options_print_usage(stdout);
	} else if (o.action == ARGUMENTS_CHECK && server_check(&o.server, &e) != OK) {
		fprintf(stderr, "orbl-dnsd: %s\n", e.text);
		status = EXIT_FAILURE;
	} else if (o.action == ARGUMENTS_CHECK) {
		conf_print(o.conf, stdout);
	} else if (o.action == ARGUMENTS_DUMP) {
		status = dump(&o);
	} else {
		status = run(&o);
	}
	options_free(&o);
	return status;
}
