#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cmd.h"
#include "relay_policy.h"

enum { EXIT_RELAYED = 0, EXIT_NOT_RELAYED = 1, EXIT_TROUBLE = 2 };

static int policy_check(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{"check", policy_check},
};

static const char help[] =
	"usage: orbl policy check FILE --client ADDR [--local ADDR] [--rcpt MAILBOX] [--auth] "
	"[--json]\n"
	"\n"
	"Ask a relay policy whether a client may relay, and why. FILE is a registry export of\n"
	"an Exchange IMS (.reg) or orbl's own form (docs/relay-policy.md).\n"
	"\n"
	"  --client ADDR   address of the client\n"
	"  --local ADDR    address of the server that the client is connected to\n"
	"  --rcpt MAILBOX  recipient; without it, one that is not local\n"
	"  --auth          the client has authenticated itself\n"
	"  --json          print a JSON object\n"
	"\n"
	"Exit status: 0 relayed, or the recipient is local; 1 denied, or accepted and then\n"
	"bounced; 2 trouble.\n";

static const char *const meanings[] = {
	[RELAY_PERMIT] = "relayed",
	[RELAY_DENY] = "550 relaying prohibited",
	[RELAY_THEN_BOUNCE] = "250, then a bounce to the sender",
	[RELAY_LOCAL] = "250, the recipient is local",
};

struct arguments {
	struct relay_request request;
	const char *file;
	bool json, help;
};

static enum err
take_address(const char *option, const char *value, struct addr *out, struct error *e)
{
	if (addr_parse(text_of(value), out) == OK)
		return OK;
	return error_set(e, ERR_SYNTAX, "--%s: '%s' is no address; write one such as 192.0.2.1",
		option, value);
}

static enum err
take_option(int option, struct arguments *out, struct error *e)
{
	switch (option) {
	case 'c': return take_address("client", optarg, &out->request.client, e);
	case 'l': return take_address("local", optarg, &out->request.local, e);
	case 'r': out->request.recipient = text_of(optarg); return OK;
	case 'a': out->request.authenticated = true; return OK;
	case 'j': out->json = true; return OK;
	case 'h': out->help = true; return OK;
	default:
		return error_set(e, ERR_SYNTAX,
			"unknown or incomplete option; see "
			"'orbl policy --help'");
	}
}

static enum err
parse_arguments(int argc, char **argv, struct arguments *out, struct error *e)
{
	static const struct option options[] = {
		{"client", required_argument, NULL, 'c'},
		{"local", required_argument, NULL, 'l'},
		{"rcpt", required_argument, NULL, 'r'},
		{"auth", no_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	enum err err = OK;
	int option;

	optind = 0; /* this program may have parsed other arguments before; 0 starts anew */
	opterr = 0;
	while (err == OK && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		err = take_option(option, out, e);
	if (err != OK || out->help)
		return err;
	if (argc - optind != 1)
		return error_set(e, ERR_SYNTAX, "one FILE is needed; see 'orbl policy --help'");
	if (out->request.client.family == 0)
		return error_set(e, ERR_SYNTAX, "--client is needed; see 'orbl policy --help'");
	out->file = argv[optind];
	return OK;
}

static void
print_json(const struct relay_decision *d)
{
	json_t *line = d->line != 0 ? json_integer(d->line) : json_null();
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o}", "verdict",
		relay_answer_name(d->answer), "meaning", meanings[d->answer], "rule", d->rule,
		"list", d->list, "entry", d->entry, "line", line);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void
print_text(const struct relay_decision *d, const char *file)
{
	printf("verdict  %s (%s)\n", relay_answer_name(d->answer), meanings[d->answer]);
	printf("rule     %s\n", d->rule);
	if (d->list != NULL)
		printf("list     %s: %s\nline     %s:%u\n", d->list, d->entry, file, d->line);
}

static int
fail(const struct error *e)
{
	fprintf(stderr, "orbl policy: %s\n", e->text);
	return EXIT_TROUBLE;
}

static int
policy_check(int argc, char **argv)
{
	struct arguments a = {.file = NULL};
	struct relay_policy *policy;
	struct relay_decision d;
	struct error e;

	if (parse_arguments(argc, argv, &a, &e) != OK)
		return fail(&e);
	if (a.help) {
		fputs(help, stdout);
		return EXIT_RELAYED;
	}
	if (relay_policy_read(a.file, &policy, stderr, &e) != OK)
		return fail(&e);
	d = relay_policy_decide(policy, &a.request);
	if (a.json)
		print_json(&d);
	else
		print_text(&d, a.file);
	relay_policy_free(policy);
	return d.answer == RELAY_PERMIT || d.answer == RELAY_LOCAL ? EXIT_RELAYED :
								     EXIT_NOT_RELAYED;
}

int
cmd_policy(int argc, char **argv)
{
	struct error e;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return EXIT_RELAYED;
	}
	for (size_t i = 0; argc >= 2 && i < ORBL_COUNT(subcommands); i++)
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommands[i].run(argc - 1, argv + 1);
	error_set(&e, ERR_SYNTAX, "the only subcommand is check; see 'orbl policy --help'");
	return fail(&e);
}
