/* What orbl-dnsd is doing, over its control socket. */
#include "cmd_dnsd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/conf.h>

#include "client.h"
#include "cmd.h"

enum { ASK_TIMEOUT_MS = 30000, RELOAD_TIMEOUT_MS = 600000 };

static const char usage[] =
	"usage: orbl dnsd status|stats|zones|reload [-c FILE] [--json]\n"
	"       orbl dnsd key ...\n"
	"\n"
	"  status  what the server is doing, in a few lines\n"
	"  stats   queries and replies by zone, latency, who uses how much\n"
	"  zones   each zone with its data, and what its primaries and secondaries have\n"
	"  reload  load what has changed, and wait for it\n"
	"  key     query keys; see orbl dnsd key --help\n"
	"\n"
	"  -j, --json         print the answer as one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0; 1 not all could be loaded; 2 trouble.\n";

static const struct subcommand {
	const char *name;
	int timeout_ms;
	void (*print)(const json_t *answer);
} subcommands[] = {
	{"reload", RELOAD_TIMEOUT_MS, cmd_dnsd_print_zones},
	{"stats", ASK_TIMEOUT_MS, cmd_dnsd_print_stats},
	{"status", ASK_TIMEOUT_MS, cmd_dnsd_print_status},
	{"zones", ASK_TIMEOUT_MS, cmd_dnsd_print_zones},
};

static const char *
why_not(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? "there is no such socket" : strerror(errno);
	return access(path, R_OK | W_OK) != 0 ? strerror(errno) : "nobody answers there";
}

static enum err
connect_to(const struct client *c, struct control **out, struct error *e)
{
	struct conf *conf = NULL;
	struct error why = {.code = OK};
	enum err err = conf_load(conf_path(c->config), &conf, e);

	*out = NULL;
	if (err != OK)
		return err;
	if (conf->dnsd.control_socket[0] == '\0')
		err = error_set(e, ERR_NOT_FOUND,
			"dnsd.control_socket is empty: orbl-dnsd cannot be asked");
	else if (control_connect(conf->dnsd.control_socket, out, &why) != OK)
		err = error_set(e, ERR_IO,
			"%s: %s; is orbl-dnsd running, is dnsd.control_socket the same for both, "
			"and may you use it (control.mode)?",
			conf->dnsd.control_socket, why_not(conf->dnsd.control_socket));
	conf_free(conf);
	return err;
}

/* The answer to a reload that failed has the zones all the same. */
static enum err
ask(const struct client *c, const struct subcommand *sub, json_t **answer, struct error *e)
{
	json_t *request = json_pack("{s:s}", "cmd", sub->name);
	struct control *control;
	enum err err = connect_to(c, &control, e);

	*answer = NULL;
	if (err == OK)
		err = control_send(control, request, e);
	if (err == OK)
		err = control_receive(control, sub->timeout_ms, answer, e);
	control_close(control);
	json_decref(request);
	return err;
}

static int
print_answer(const struct client *c, const struct subcommand *sub, json_t *answer)
{
	struct error e = {.code = OK};
	bool has_failed = control_check_answer(answer, &e) != OK;

	if (has_failed && json_object_get(answer, "zones") == NULL)
		return client_failure(c, &e, NULL);
	if (c->json)
		client_print_json(answer);
	else
		sub->print(answer);
	if (!has_failed)
		return EXIT_SUCCESS;
	fflush(stdout);
	fprintf(stderr, "orbl %s: zone %s: %s\n", c->command, client_text(answer, "zone"), e.text);
	return EXIT_YES;
}

static int
run(const struct subcommand *sub, int argc, char **argv)
{
	char label[32];
	struct client c = {.command = label, .usage = usage};
	struct error e = {.code = OK};
	json_t *answer;
	int status;

	snprintf(label, sizeof(label), "dnsd %s", sub->name);
	client_options(&c, argc, argv, "cj");
	if (c.done)
		return c.status;
	if (optind != argc)
		return client_trouble(&c, "takes no operand; see --help");
	if (ask(&c, sub, &answer, &e) != OK) {
		json_decref(answer);
		return client_failure(&c, &e, NULL);
	}
	status = print_answer(&c, sub, answer);
	json_decref(answer);
	return status;
}

/* Options may stand before the subcommand, too: put it first. */
static void
move_subcommand(int argc, char **argv)
{
	int at = 1;
	char *name;

	while (at < argc && argv[at][0] == '-')
		at += strcmp(argv[at], "-c") == 0 || strcmp(argv[at], "--config") == 0 ? 2 : 1;
	if (at >= argc)
		return;
	name = argv[at];
	memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(*argv));
	argv[1] = name;
}

int
cmd_dnsd(int argc, char **argv)
{
	const char *name;

	move_subcommand(argc, argv);
	name = argc > 1 ? argv[1] : "";
	if (strcmp(name, "key") == 0)
		return cmd_dnsd_key(argc - 1, argv + 1);
	for (size_t i = 0; i < ORBL_COUNT(subcommands); i++)
		if (strcmp(subcommands[i].name, name) == 0)
			return run(&subcommands[i], argc - 1, argv + 1);
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (name[0] != '\0' && name[0] != '-')
		fprintf(stderr, "orbl dnsd: there is no \"%s\"\n", name);
	fputs(usage, stderr);
	return EXIT_TROUBLE;
}
