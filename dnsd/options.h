/* options.h - command line and configuration of orbl-dnsd, made into struct server_options. */
#ifndef DNSD_OPTIONS_H
#define DNSD_OPTIONS_H

#include <stdio.h>

#include "arguments.h"
#include "dump.h"
#include "server.h"

struct options {
	enum arguments_action action;
	struct conf *conf; /* with what the command line gave */
	struct endpoint *endpoints;
	struct feed_zone *zones;
	struct server_options server; /* lends from the above */
	const char **dump_zones;
	struct dump_options dump; /* lends from that, and from argv */
};

/* Read arguments and configuration. On error e has one sentence; ERR_UNSUPPORTED is a wrong
 * command line. Free with options_free in any case. */
enum err options_read(int argc, char **argv, struct options *out, struct error *e) ORBL_NODISCARD;
void options_free(struct options *o);
void options_print_usage(FILE *out);

#endif
