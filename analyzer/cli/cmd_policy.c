#include "cmd_policy.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum { OPTIONS_MAX = 16, INPUT_MAX = 16 << 20 };

static const char overview[] =
	"usage: orbl policy show FILE [--json]\n"
	"       orbl policy check FILE --client ADDR [OPTION]...\n"
	"       orbl policy audit FILE [OPTION]...\n"
	"       orbl policy compare FILE RESULT [OPTION]...\n"
	"\n"
	"Ask a relay policy whom its server lets relay. FILE is a registry export of an Exchange\n"
	"IMS (.reg), the main.cf of a Postfix, or has orbl's own form (docs/relay-policy.md);\n"
	"- is the standard input.\n"
	"\n"
	"  show     the policy as it was understood\n"
	"  check    may this client relay to this recipient, and why\n"
	"  audit    which relay tests it would fail, and what to change\n"
	"  compare  what it predicts beside what orbl probe found\n"
	"\n"
	"'orbl policy SUBCOMMAND --help' names the options.\n";

static const char show_help[] =
	"usage: orbl policy show FILE [--json]\n"
	"\n"
	"Print a relay policy as it was understood: each setting and each line of a list with\n"
	"its place in the file, the rules in effect in their order, and what is odd about it.\n"
	"\n"
	"  --json          print a JSON object\n"
	"\n"
	"Exit status: 0 printed; 2 trouble.\n";

static const char check_help[] =
	"usage: orbl policy check FILE --client ADDR [--local ADDR] [--rcpt MAILBOX]\n"
	"                         [--from MAILBOX] [--helo NAME] [--auth] [--json]\n"
	"\n"
	"Ask a relay policy whether a client may relay, and why.\n"
	"\n"
	"  --client ADDR   address of the client\n"
	"  --local ADDR    address of the server that the client is connected to\n"
	"  --rcpt MAILBOX  recipient; without it, one that is not local\n"
	"  --from MAILBOX  sender; '' or '<>' is the null sender; without it, not known\n"
	"  --helo NAME     name that the client gives itself; without it, not known\n"
	"  --auth          the client has authenticated itself\n"
	"  --json          print a JSON object\n"
	"\n"
	"Exit status: 0 relayed, or the recipient is local; 1 denied, or accepted and then\n"
	"bounced; 2 trouble.\n";

static const char audit_help[] =
	"usage: orbl policy audit FILE [--client ADDR] [--local ADDR] [--name HOST]\n"
	"                         [--domain NAME] [--all] [--json]\n"
	"\n"
	"Ask a relay policy what the server would do with each relay test of orbl probe when a\n"
	"stranger made it, and which recommendations of RFC 2505 it does not meet. No packet is\n"
	"sent. What is a hole comes first, with what to change.\n"
	"\n"
	"  --client ADDR   address of the stranger; without it, many are tried\n"
	"  --local ADDR    address of the server that he is connected to\n"
	"  --name HOST     what the server calls itself\n"
	"  --domain NAME   its mail domain; without both, each local domain of the policy\n"
	"  --all           print each test and each recommendation\n"
	"  --json          print a JSON object\n"
	"\n"
	"Exit status: 0 no hole in what could be judged; 1 a test is relayed, or accepted and\n"
	"then bounced, or somebody relays by what anybody can say; 2 trouble.\n";

static const char compare_help[] =
	"usage: orbl policy compare FILE RESULT [--target ADDR] [--client ADDR] [--local ADDR]\n"
	"                           [--all] [--json]\n"
	"\n"
	"Set what a relay policy predicts beside what a probe of its server found. RESULT is what\n"
	"'orbl probe --all --json' printed, - is the standard input. A difference is a server\n"
	"that no longer does what its policy says, or a fault of orbl.\n"
	"\n"
	"  --target ADDR   of several targets the one at ADDR or ADDR:PORT\n"
	"  --client ADDR   where the probe came from, when RESULT does not say\n"
	"  --local ADDR    address of the server; without it, the target's\n"
	"  --all           print each test\n"
	"  --json          print a JSON object\n"
	"\n"
	"Exit status: 0 all that could be compared is equal; 1 a test differs; 2 trouble, or\n"
	"nothing could be compared.\n";

static const struct subcommand {
	const char *name, *help;
	const char *options; /* letters of those that it takes */
	int operands;
	int (*run)(const struct policy_options *o, struct error *e);
} subcommands[] = {
	{"show", show_help, "jh", 1, policy_show},
	{"check", check_help, "clrfeajh", 1, policy_check},
	{"audit", audit_help, "clndAjh", 1, policy_audit},
	{"compare", compare_help, "tclAjh", 2, policy_compare},
};

static const struct option all_options[] = {
	{"client", required_argument, NULL, 'c'},
	{"local", required_argument, NULL, 'l'},
	{"rcpt", required_argument, NULL, 'r'},
	{"from", required_argument, NULL, 'f'},
	{"helo", required_argument, NULL, 'e'},
	{"auth", no_argument, NULL, 'a'},
	{"name", required_argument, NULL, 'n'},
	{"domain", required_argument, NULL, 'd'},
	{"target", required_argument, NULL, 't'},
	{"all", no_argument, NULL, 'A'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
};
_Static_assert(ORBL_COUNT(all_options) < OPTIONS_MAX, "there is room for the options and an end");

static enum err
take_address(const char *option, const char *value, struct addr *out, struct error *e)
{
	if (addr_parse(text_of(value), out) == OK)
		return OK;
	return error_set(e, ERR_SYNTAX, "--%s: '%s' is no address; write one such as 192.0.2.1",
		option, value);
}

static enum err
take_option(int option, struct policy_options *out, bool *help, struct error *e)
{
	switch (option) {
	case 'c': return take_address("client", optarg, &out->client, e);
	case 'l': return take_address("local", optarg, &out->local, e);
	case 'r': out->recipient = optarg; return OK;
	case 'f': out->sender = optarg; return OK;
	case 'e': out->helo = optarg; return OK;
	case 'a': out->authenticated = true; return OK;
	case 'n': out->host = optarg; return OK;
	case 'd': out->domain = optarg; return OK;
	case 't': out->target = optarg; return OK;
	case 'A': out->all = true; return OK;
	case 'j': out->json = true; return OK;
	case 'h': *help = true; return OK;
	default:
		return error_set(e, ERR_SYNTAX,
			"unknown or incomplete option; see 'orbl policy --help'");
	}
}

static enum err
take_operands(const struct subcommand *s, int argc, char **argv, struct policy_options *out,
	struct error *e)
{
	if (argc - optind != s->operands)
		return error_set(e, ERR_SYNTAX, "%s; see 'orbl policy %s --help'",
			s->operands == 1 ? "one FILE is needed" : "FILE and RESULT are needed",
			s->name);
	out->file = argv[optind];
	if (s->operands == 2)
		out->result = argv[optind + 1];
	if (s->operands == 2 && strcmp(out->file, "-") == 0 && strcmp(out->result, "-") == 0)
		return error_set(e, ERR_SYNTAX,
			"only one of FILE and RESULT can be standard input");
	return OK;
}

static enum err
parse_arguments(const struct subcommand *s, int argc, char **argv, struct policy_options *out,
	bool *help, struct error *e)
{
	struct option options[OPTIONS_MAX] = {{NULL, 0, NULL, 0}};
	size_t count = 0;
	enum err err = OK;
	int option;

	for (size_t i = 0; i < ORBL_COUNT(all_options); i++)
		if (strchr(s->options, all_options[i].val) != NULL)
			options[count++] = all_options[i];
	optind = 0; /* this program may have parsed other arguments before; 0 starts anew */
	opterr = 0;
	while (err == OK && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		err = take_option(option, out, help, e);
	if (err != OK || *help)
		return err;
	return take_operands(s, argc, argv, out, e);
}

/* Of standard input, tables are looked for in the current folder. */
static enum err
read_input(struct relay_policy **out, FILE *warnings, struct error *e)
{
	char *bytes = malloc(INPUT_MAX + 1);
	size_t len;
	enum err err;

	if (bytes == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	len = fread(bytes, 1, INPUT_MAX + 1, stdin);
	if (ferror(stdin) != 0)
		err = error_set(e, ERR_IO, "standard input cannot be read");
	else if (len > INPUT_MAX)
		err = error_set(e, ERR_FULL, "standard input has more than %d bytes", INPUT_MAX);
	else
		err = relay_policy_parse(bytes, len, "-", out, warnings, e);
	free(bytes);
	return err;
}

enum err
policy_file_read(const char *path, struct policy_file *out, struct error *e)
{
	size_t size;
	FILE *warnings;
	enum err err;

	*out = (struct policy_file){NULL, NULL};
	warnings = open_memstream(&out->warnings, &size);
	if (warnings == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = strcmp(path, "-") == 0 ? read_input(&out->policy, warnings, e) :
				       relay_policy_read(path, &out->policy, warnings, e);
	if (fclose(warnings) != 0 && err == OK)
		err = error_set(e, ERR_MEMORY, "out of memory");
	if (err != OK) {
		fputs(out->warnings != NULL ? out->warnings : "", stderr);
		policy_file_free(out);
	}
	return err;
}

void
policy_file_free(struct policy_file *f)
{
	relay_policy_free(f->policy);
	free(f->warnings);
	*f = (struct policy_file){NULL, NULL};
}

static int
fail(const struct error *e)
{
	fprintf(stderr, "orbl policy: %s\n", e->text);
	return POLICY_TROUBLE;
}

static int
run(const struct subcommand *s, int argc, char **argv)
{
	struct policy_options o = {.file = NULL};
	struct error e = {.code = OK};
	bool help = false;
	int status;

	if (parse_arguments(s, argc, argv, &o, &help, &e) != OK)
		return fail(&e);
	if (help) {
		fputs(s->help, stdout);
		return POLICY_YES;
	}
	status = s->run(&o, &e);
	return status == POLICY_TROUBLE ? fail(&e) : status;
}

int
cmd_policy(int argc, char **argv)
{
	struct error e;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(overview, stdout);
		return POLICY_YES;
	}
	for (size_t i = 0; argc >= 2 && i < ORBL_COUNT(subcommands); i++)
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return run(&subcommands[i], argc - 1, argv + 1);
	error_set(&e, ERR_SYNTAX,
		"name one of show, check, audit, compare; see 'orbl policy --help'");
	return fail(&e);
}
