#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include <orbl/conf.h>

#include "etiquette.h"
#include "probe_case.h"
#include "probe_result.h"
#include "prober_setup.h"

enum {
	EXIT_CLOSED = 0,
	EXIT_OPEN = 1,
	EXIT_TROUBLE = 2,
	WAIT_S = 20, /* somebody is looking on: shorter than the daemon's */
	WAIT_MAX_S = 3 * 24 * 3600,
	DEFAULT_PORT = 25,
	TARGETS_MAX = 10000,
};

static const char usage[] =
	"usage: orbl probe [OPTION]... TARGET...\n"
	"\n"
	"Test whether a mail server relays mail for strangers: try the known forms of addresses\n"
	"and see whether a test message comes back to our own collector. No daemon is needed.\n"
	"TARGET is ADDRESS or ADDRESS:PORT, an IPv6 address with a port in brackets; port 25\n"
	"unless given. Probe only hosts that were reported to you, or whose operator asked\n"
	"you to.\n"
	"\n"
	"  -c, --config FILE          read FILE instead of the installed orbl.conf\n"
	"      --collector ADDR:PORT  where test messages come back (collector.listen); mail for\n"
	"                             the collector's domain must lead there\n"
	"      --collector-domain NAME   its mail domain (collector.domain)\n"
	"      --helo NAME            our own name (probe.helo)\n"
	"      --source ADDR          our own address (probe.source)\n"
	"      --allow PREFIX         a private or reserved network that may be probed now; may\n"
	"                             be given again\n"
	"      --cases LIST           only these tests, as in P01,P11-pct-host\n"
	"      --all                  make every test; do not stop at the first proof\n"
	"      --wait SECONDS         for messages to come back after the last test (20)\n"
	"      --retry-after SECONDS  pause after a temporary refusal (probe.retry_after)\n"
	"      --json                 print one JSON object a line and target\n"
	"  -h, --help                 print this text\n"
	"\n"
	"The last line of a target says open, open-multihop, bounces, accepts, closed,\n"
	"untestable, unreachable or undecided, and why. Only open and open-multihop are proofs:\n"
	"the message came back, from the tested address or from another one.\n"
	"\n"
	"Exit status: 0 when every target got a verdict and none is open; 1 when one is open or\n"
	"open-multihop; 2 when a target could not be probed, or on other trouble.\n";

struct target {
	struct endpoint endpoint;
	struct probe_result *result;
	bool submitted, finished;
	size_t printed; /* lines of the transcript */
};

struct options {
	const char *file, *collector, *domain, *helo, *source, *cases, *wait, *retry_after;
	struct prefix allow[PROBER_ALLOW_MAX];
	size_t allow_count;
	bool all, json, help;
};

struct run { /* of the command */
	struct options options;
	struct prober_conf conf;
	struct prefix *opt_out;
	size_t opt_out_count;
	struct prober *prober;
	struct target *targets;
	size_t count, finished;
	bool open, trouble;
};

static enum err
complain(const struct error *e)
{
	fprintf(stderr, "orbl probe: %s\n", e->text);
	return e->code;
}

/* --- command line ------------------------------------------------------- */

enum option_code { OPT_ALLOW = 256, OPT_ALL, OPT_JSON, OPT_TEXT };

/* Options that are a text are in this order from OPT_TEXT on. */
static const size_t text_options[] = {
	offsetof(struct options, collector),
	offsetof(struct options, domain),
	offsetof(struct options, helo),
	offsetof(struct options, source),
	offsetof(struct options, cases),
	offsetof(struct options, wait),
	offsetof(struct options, retry_after),
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"allow", required_argument, NULL, OPT_ALLOW},
	{"all", no_argument, NULL, OPT_ALL},
	{"json", no_argument, NULL, OPT_JSON},
	{"collector", required_argument, NULL, OPT_TEXT},
	{"collector-domain", required_argument, NULL, OPT_TEXT + 1},
	{"helo", required_argument, NULL, OPT_TEXT + 2},
	{"source", required_argument, NULL, OPT_TEXT + 3},
	{"cases", required_argument, NULL, OPT_TEXT + 4},
	{"wait", required_argument, NULL, OPT_TEXT + 5},
	{"retry-after", required_argument, NULL, OPT_TEXT + 6},
	{NULL, 0, NULL, 0},
};

static enum err
add_allowed(struct options *o, const char *argument, struct error *e)
{
	if (o->allow_count == PROBER_ALLOW_MAX)
		return error_set(e, ERR_FULL, "--allow: at most %d networks", PROBER_ALLOW_MAX);
	if (prefix_parse(text_of(argument), &o->allow[o->allow_count]) != OK)
		return error_set(e, ERR_SYNTAX,
			"--allow: \"%s\" is not a network such as 10.1.0.0/16", argument);
	o->allow_count++;
	return OK;
}

static enum err
take_option(struct options *o, int code, const char *argument, struct error *e)
{
	switch (code) {
	case 'c': o->file = argument; return OK;
	case 'h': o->help = true; return OK;
	case OPT_ALLOW: return add_allowed(o, argument, e);
	case OPT_ALL: o->all = true; return OK;
	case OPT_JSON: o->json = true; return OK;
	default: break;
	}
	if (code < OPT_TEXT)
		return error_set(e, ERR_SYNTAX, "see orbl probe --help");
	memcpy((char *)o + text_options[code - OPT_TEXT], &argument, sizeof(argument));
	return OK;
}

static enum err
read_options(int argc, char **argv, struct options *o, struct error *e)
{
	enum err err = OK;
	int code;

	optind = 0; /* the words before may have been scanned */
	while (err == OK && (code = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1)
		err = take_option(o, code, optarg, e);
	if (err == OK && !o->help && optind == argc)
		return error_set(e, ERR_SYNTAX, "name a TARGET; see orbl probe --help");
	return err;
}

/* --- configuration ------------------------------------------------------ */

static enum err
set_text(char *out, size_t size, const char *value, const char *option, struct error *e)
{
	if (value == NULL)
		return OK;
	if (strlen(value) >= size)
		return error_set(e, ERR_RANGE, "%s: too long", option);
	snprintf(out, size, "%s", value);
	return OK;
}

static enum err
set_seconds(uint32_t *out, const char *value, const char *option, struct error *e)
{
	uint64_t n;

	if (value == NULL)
		return OK;
	if (text_to_u64(text_of(value), WAIT_MAX_S, &n) != OK)
		return error_set(e, ERR_SYNTAX, "%s: \"%s\" is not a number of seconds up to %d",
			option, value, WAIT_MAX_S);
	*out = (uint32_t)n;
	return OK;
}

static enum err
set_addresses(const struct options *o, struct prober_conf *conf, struct error *e)
{
	if (o->collector != NULL && endpoint_parse(text_of(o->collector), &conf->collector) != OK)
		return error_set(e, ERR_SYNTAX, "--collector: \"%s\" is not ADDR:PORT",
			o->collector);
	if (o->source != NULL && addr_parse(text_of(o->source), &conf->source) != OK)
		return error_set(e, ERR_SYNTAX, "--source: \"%s\" is not an address", o->source);
	if (conf->allow_count + o->allow_count > PROBER_ALLOW_MAX)
		return error_set(e, ERR_FULL, "--allow and probe.allow: at most %d networks",
			PROBER_ALLOW_MAX);
	memcpy(conf->allow + conf->allow_count, o->allow, o->allow_count * sizeof(o->allow[0]));
	conf->allow_count += o->allow_count;
	return OK;
}

static enum err
apply_options(const struct options *o, struct prober_conf *conf, struct error *e)
{
	enum err err = set_addresses(o, conf, e);

	conf->all = o->all;
	conf->wait_s = WAIT_S;
	if (err == OK)
		err = set_text(conf->collector_domain, sizeof(conf->collector_domain), o->domain,
			"--collector-domain", e);
	if (err == OK)
		err = set_text(conf->helo, sizeof(conf->helo), o->helo, "--helo", e);
	if (err == OK && o->cases != NULL)
		err = probe_case_parse_list(text_of(o->cases), &conf->cases, e);
	if (err == OK)
		err = set_seconds(&conf->wait_s, o->wait, "--wait", e);
	if (err == OK)
		err = set_seconds(&conf->retry_after_s, o->retry_after, "--retry-after", e);
	return err;
}

static enum err
read_opt_out(struct run *run, const struct conf_list *list, struct error *e)
{
	run->opt_out = calloc(list->count + 1, sizeof(*run->opt_out));
	if (run->opt_out == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		if (prefix_parse(text_of(list->items[i]), &run->opt_out[i]) != OK)
			return error_set(e, ERR_SYNTAX, "probe.opt_out: \"%s\" is not a network",
				list->items[i]);
	run->opt_out_count = list->count;
	return OK;
}

static enum err
configure(struct run *run, struct error *e)
{
	struct conf *conf = NULL;
	enum err err = conf_load(conf_path(run->options.file), &conf, e);

	if (err != OK)
		return err;
	err = prober_setup(conf, &run->conf, e);
	if (err == OK)
		err = apply_options(&run->options, &run->conf, e);
	if (err == OK)
		err = read_opt_out(run, &conf->probe.opt_out, e);
	conf_free(conf);
	return err;
}

/* --- targets ------------------------------------------------------------ */

static enum err
check_target(const struct run *run, const char *argument, struct endpoint *out, struct error *e)
{
	struct etiquette_rules rules = {.allow_count = run->conf.allow_count,
		.allow = run->conf.allow,
		.opt_out_count = run->opt_out_count,
		.opt_out = run->opt_out};
	struct etiquette_question question = {.now_s = (int64_t)time(NULL)};
	char why[ETIQUETTE_WHY];

	if (endpoint_parse(text_of(argument), out) != OK)
		return error_set(e, ERR_SYNTAX, "\"%s\" is not ADDRESS or ADDRESS:PORT", argument);
	if (out->port == 0)
		out->port = DEFAULT_PORT;
	question.addr = out->addr;
	switch (etiquette_check(&rules, &question, why)) {
	case ETIQUETTE_PROBE: return OK;
	case ETIQUETTE_RESERVED:
		return error_set(e, ERR_REFUSED, "%s; to probe it all the same use --allow PREFIX",
			why);
	case ETIQUETTE_OPTED_OUT:
	case ETIQUETTE_TOO_SOON: break;
	}
	return error_set(e, ERR_REFUSED, "%s", why);
}

static enum err
add_target(struct run *run, const char *argument, struct error *e)
{
	struct target *t = &run->targets[run->count];
	enum err err = check_target(run, argument, &t->endpoint, e);

	if (err != OK)
		return err;
	t->result = probe_result_new(run->count + 1, &t->endpoint);
	if (t->result == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	run->count++;
	return OK;
}

/* A target that may not be probed is trouble, but not for the others. */
static enum err
read_targets(struct run *run, char **arguments, size_t count, struct error *e)
{
	if (count > TARGETS_MAX)
		return error_set(e, ERR_FULL, "at most %d targets", TARGETS_MAX);
	run->targets = calloc(count, sizeof(*run->targets));
	if (run->targets == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (add_target(run, arguments[i], e) != OK) {
			complain(e);
			run->trouble = true;
		}
	return OK;
}

static enum err
submit_targets(struct run *run, struct error *e)
{
	for (size_t i = 0; i < run->count; i++) {
		struct prober_job job = {.id = i + 1,
			.target = run->targets[i].endpoint,
			.now_s = (int64_t)time(NULL)};
		enum err err;

		if (run->targets[i].submitted)
			continue;
		err = prober_submit(run->prober, &job, e);
		if (err == ERR_FULL)
			return OK; /* again after the next event */
		if (err != OK)
			return err;
		run->targets[i].submitted = true;
	}
	return OK;
}

/* --- output ------------------------------------------------------------- */

static void
print_transcript(struct target *t)
{
	const char *line;

	while ((line = probe_result_line(t->result, t->printed)) != NULL) {
		puts(line);
		t->printed++;
	}
}

static void
print_json(const struct target *t)
{
	json_t *json = probe_result_json(t->result);

	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

static void
finish_target(struct run *run, struct target *t)
{
	enum verdict verdict = probe_result_verdict(t->result);
	char name[ENDPOINT_TEXT];

	t->finished = true;
	run->finished++;
	if (verdict == VERDICT_OPEN || verdict == VERDICT_OPEN_MULTIHOP)
		run->open = true;
	if (run->options.json) {
		print_json(t);
	} else {
		print_transcript(t);
		printf("%s: %s: %s\n", endpoint_format(&t->endpoint, name), verdict_name(verdict),
			probe_result_reason(t->result));
	}
	fflush(stdout);
}

/* The dialogue of a single target is shown as it goes, those of several one after the other. */
static void
take_event(struct run *run, const struct prober_event *ev)
{
	struct target *t;

	if (ev->id == 0 || ev->id > run->count)
		return;
	t = &run->targets[ev->id - 1];
	if (t->finished)
		return;
	probe_result_apply(t->result, ev);
	if (run->count == 1 && !run->options.json) {
		print_transcript(t);
		fflush(stdout);
	}
	if (probe_result_is_done(t->result))
		finish_target(run, t);
}

/* --- the run ------------------------------------------------------------ */

static enum err
take_events(struct run *run, struct error *e)
{
	struct pollfd pfd = {.fd = prober_fd(run->prober), .events = POLLIN};
	struct prober_event ev;
	enum err err;

	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		return error_errno(e, "poll");
	while ((err = prober_next(run->prober, &ev, e)) == OK)
		take_event(run, &ev);
	return err == ERR_TIMEOUT ? OK : err;
}

static enum err
probe_targets(struct run *run, struct error *e)
{
	enum err err;

	if (run->count == 0)
		return OK;
	randombytes_buf(run->conf.key, sizeof(run->conf.key));
	err = prober_start(&run->conf, &run->prober, e);
	while (err == OK && run->finished < run->count) {
		err = submit_targets(run, e);
		if (err == OK)
			err = take_events(run, e);
	}
	return err;
}

static void
free_run(struct run *run)
{
	prober_stop(run->prober);
	for (size_t i = 0; i < run->count; i++)
		probe_result_free(run->targets[i].result);
	free(run->targets);
	free(run->opt_out);
}

int
cmd_probe(int argc, char **argv)
{
	struct run run = {.open = false};
	struct error e = {.code = OK};
	enum err err = read_options(argc, argv, &run.options, &e);

	if (err == OK && run.options.help) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (err == OK && sodium_init() < 0)
		err = error_set(&e, ERR_IO, "libsodium does not start");
	if (err == OK)
		err = configure(&run, &e);
	if (err == OK)
		err = read_targets(&run, argv + optind, (size_t)(argc - optind), &e);
	if (err == OK)
		err = probe_targets(&run, &e);
	if (err != OK)
		complain(&e);
	free_run(&run);
	if (err != OK || run.trouble)
		return EXIT_TROUBLE;
	return run.open ? EXIT_OPEN : EXIT_CLOSED;
}
