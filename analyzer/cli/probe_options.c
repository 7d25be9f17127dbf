#include "probe_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/conf.h>
#include <orbl/control.h>

#include "etiquette.h"
#include "opt_out.h"
#include "probe_case.h"
#include "prober_setup.h"

enum {
	WAIT_S = 20, /* somebody is looking on: shorter than the daemon's */
	WAIT_MAX_S = 3 * 24 * 3600,
	ORDERS_TIMEOUT_MS = 5000,
};

const char *
probe_options_usage(void)
{
	return "usage: orbl probe [OPTION]... TARGET...\n"
	       "       orbl probe --cases help\n"
	       "\n"
	       "Test whether a mail server relays mail for strangers: try the known forms of\n"
	       "addresses and see whether a test message comes back to our own collector. No "
	       "daemon\n"
	       "is needed. TARGET is ADDRESS or ADDRESS:PORT, an IPv6 address with a port in\n"
	       "brackets; probe.port, 25, unless given. Probe only hosts that were reported to "
	       "you,\n"
	       "or whose operator asked you to.\n"
	       "\n"
	       "  -c, --config FILE          read FILE instead of the installed orbl.conf\n"
	       "      --collector ADDR:PORT  where test messages come back (collector.listen); "
	       "mail\n"
	       "                             for the collector's domain must lead there\n"
	       "      --collector-domain NAME   its mail domain (collector.domain)\n"
	       "      --helo NAME            our own name (probe.helo)\n"
	       "      --source ADDR          our own address (probe.source)\n"
	       "      --second-source ADDR   another one, from which a target that was not proved\n"
	       "                             open is probed once more (probe.second_source)\n"
	       "      --allow PREFIX         a private or reserved network that may be probed "
	       "now;\n"
	       "                             may be given again\n"
	       "      --cases LIST           only these tests, as in P01,P11-pct-host; \"help\" "
	       "lists\n"
	       "                             all of them\n"
	       "      --all                  make every test; do not stop at the first proof\n"
	       "      --no-starttls          no STARTTLS, even where a server insists on it\n"
	       "      --wait SECONDS         for messages to come back after the last test (20)\n"
	       "      --retry-after SECONDS  pause after a temporary refusal (probe.retry_after)\n"
	       "      --dry-run              print what would be sent, and connect to nobody\n"
	       "      --json                 print one JSON object a line and target\n"
	       "  -h, --help                 print this text\n"
	       "\n"
	       "The last line of a target says open, open-multihop, bounces, accepts, closed,\n"
	       "untestable, unreachable, undecided or discriminates, and why. Only open and\n"
	       "open-multihop are proofs: the message came back, from the tested address or from\n"
	       "another one. What has opted out (probe.opt_out, probe.opt_out_file; where the\n"
	       "analyzer runs also orbl operator opt-out) is never probed. Of several targets a "
	       "table of verdicts comes last.\n"
	       "\n"
	       "Exit status: 0 when every target is closed; 1 when one is open, open-multihop or\n"
	       "bounces; else 2: a target without such an answer, one that may not be probed, "
	       "and\n"
	       "other trouble.\n";
}

/* --- command line ------------------------------------------------------- */

enum option_code { OPT_ALLOW = 256, OPT_ALL, OPT_JSON, OPT_DRY_RUN, OPT_NO_STARTTLS, OPT_TEXT };

/* Options that are a text are in this order from OPT_TEXT on. */
static const size_t text_options[] = {
	offsetof(struct probe_options, collector),
	offsetof(struct probe_options, domain),
	offsetof(struct probe_options, helo),
	offsetof(struct probe_options, source),
	offsetof(struct probe_options, cases),
	offsetof(struct probe_options, wait),
	offsetof(struct probe_options, retry_after),
	offsetof(struct probe_options, second_source),
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"allow", required_argument, NULL, OPT_ALLOW},
	{"all", no_argument, NULL, OPT_ALL},
	{"json", no_argument, NULL, OPT_JSON},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"no-starttls", no_argument, NULL, OPT_NO_STARTTLS},
	{"collector", required_argument, NULL, OPT_TEXT},
	{"collector-domain", required_argument, NULL, OPT_TEXT + 1},
	{"helo", required_argument, NULL, OPT_TEXT + 2},
	{"source", required_argument, NULL, OPT_TEXT + 3},
	{"cases", required_argument, NULL, OPT_TEXT + 4},
	{"wait", required_argument, NULL, OPT_TEXT + 5},
	{"retry-after", required_argument, NULL, OPT_TEXT + 6},
	{"second-source", required_argument, NULL, OPT_TEXT + 7},
	{NULL, 0, NULL, 0},
};

static enum err
add_allowed(struct probe_options *o, const char *argument, struct error *e)
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
take_option(struct probe_options *o, int code, const char *argument, struct error *e)
{
	switch (code) {
	case 'c': o->file = argument; return OK;
	case 'h': o->help = true; return OK;
	case OPT_ALLOW: return add_allowed(o, argument, e);
	case OPT_ALL: o->all = true; return OK;
	case OPT_JSON: o->json = true; return OK;
	case OPT_DRY_RUN: o->dry_run = true; return OK;
	case OPT_NO_STARTTLS: o->no_starttls = true; return OK;
	default: break;
	}
	if (code < OPT_TEXT)
		return error_set(e, ERR_SYNTAX, "see orbl probe --help");
	memcpy((char *)o + text_options[code - OPT_TEXT], &argument, sizeof(argument));
	return OK;
}

enum err
probe_options_read(int argc, char **argv, struct probe_options *o, struct error *e)
{
	enum err err = OK;
	int code;

	optind = 0; /* the words before may have been scanned */
	while (err == OK && (code = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1)
		err = take_option(o, code, optarg, e);
	o->list_cases = o->cases != NULL && strcmp(o->cases, "help") == 0;
	if (err == OK && !o->help && !o->list_cases && optind == argc)
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
set_addresses(const struct probe_options *o, struct prober_conf *conf, struct error *e)
{
	if (o->collector != NULL && endpoint_parse(text_of(o->collector), &conf->collector) != OK)
		return error_set(e, ERR_SYNTAX, "--collector: \"%s\" is not ADDR:PORT",
			o->collector);
	if (o->source != NULL && addr_parse(text_of(o->source), &conf->source) != OK)
		return error_set(e, ERR_SYNTAX, "--source: \"%s\" is not an address", o->source);
	if (o->second_source != NULL &&
		addr_parse(text_of(o->second_source), &conf->second_source) != OK)
		return error_set(e, ERR_SYNTAX, "--second-source: \"%s\" is not an address",
			o->second_source);
	if (conf->allow_count + o->allow_count > PROBER_ALLOW_MAX)
		return error_set(e, ERR_FULL, "--allow and probe.allow: at most %d networks",
			PROBER_ALLOW_MAX);
	memcpy(conf->allow + conf->allow_count, o->allow, o->allow_count * sizeof(o->allow[0]));
	conf->allow_count += o->allow_count;
	return OK;
}

static enum err
apply_options(const struct probe_options *o, struct prober_conf *conf, struct error *e)
{
	enum err err = set_addresses(o, conf, e);

	conf->all = o->all;
	if (o->no_starttls)
		conf->starttls = false;
	conf->wait_s = WAIT_S;
	if (err == OK)
		err = set_text(conf->collector_domain, sizeof(conf->collector_domain), o->domain,
			"--collector-domain", e);
	if (err == OK)
		err = set_text(conf->helo, sizeof(conf->helo), o->helo, "--helo", e);
	if (err == OK && o->cases != NULL && !o->list_cases)
		err = probe_case_parse_list(text_of(o->cases), &conf->cases, e);
	if (err == OK)
		err = set_seconds(&conf->wait_s, o->wait, "--wait", e);
	if (err == OK)
		err = set_seconds(&conf->retry_after_s, o->retry_after, "--retry-after", e);
	return err;
}

static enum err
read_opt_out(struct probe_setup *s, const struct conf *conf, struct error *e)
{
	const struct conf_list *list = &conf->probe.opt_out;

	s->opt_out = calloc(list->count + 1, sizeof(*s->opt_out));
	if (s->opt_out == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		if (prefix_parse(text_of(list->items[i]), &s->opt_out[i]) != OK)
			return error_set(e, ERR_SYNTAX, "probe.opt_out: \"%s\" is not a network",
				list->items[i]);
	s->opt_out_count = list->count;
	return opt_out_read(conf->probe.opt_out_file, &s->opt_out, &s->opt_out_count, e);
}

static enum err
add_orders(struct probe_setup *s, const json_t *orders, struct error *e)
{
	size_t room = s->opt_out_count + json_array_size(orders) + 1, i;
	struct prefix *bigger = realloc(s->opt_out, room * sizeof(*bigger));
	const json_t *order;

	if (bigger == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	s->opt_out = bigger;
	json_array_foreach (orders, i, order) {
		const char *action = json_string_value(json_object_get(order, "action")),
			   *prefix = json_string_value(json_object_get(order, "prefix"));

		if (action != NULL && prefix != NULL && strcmp(action, "opt-out") == 0 &&
			prefix_parse(text_of(prefix), &s->opt_out[s->opt_out_count]) == OK)
			s->opt_out_count++;
	}
	return OK;
}

/* Who has opted out by orbl operator, the analyzer knows, when there is one. */
static enum err
read_orders(struct probe_setup *s, const char *socket, struct error *e)
{
	json_t *request, *answer = NULL;
	struct error why = {.code = OK};
	enum err err = OK;

	if (access(socket, F_OK) != 0)
		return OK;
	request = json_pack("{s:s, s:s}", "cmd", "operator", "action", "show");
	if (request == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (control_call(socket, request, ORDERS_TIMEOUT_MS, &answer, &why) == OK)
		err = add_orders(s, json_object_get(answer, "orders"), e);
	else
		fprintf(stderr, "orbl probe: who has opted out by orbl operator is not known: %s\n",
			why.text);
	json_decref(request);
	json_decref(answer);
	return err;
}

enum err
probe_options_setup(const struct probe_options *o, struct probe_setup *out, struct error *e)
{
	struct conf *conf = NULL;
	enum err err;

	*out = (struct probe_setup){.port = 0};
	err = conf_load(conf_path(o->file), &conf, e);
	if (err != OK)
		return err;
	out->port = (uint16_t)conf->probe.port;
	err = prober_setup(conf, &out->conf, e);
	if (err == OK)
		err = apply_options(o, &out->conf, e);
	if (err == OK)
		err = read_opt_out(out, conf, e);
	if (err == OK)
		err = read_orders(out, conf->control_socket, e);
	conf_free(conf);
	return err;
}

enum err
probe_options_check_sources(const struct probe_options *o, const struct prober_conf *conf,
	struct error *e)
{
	const struct {
		const char *value;
		struct text in_conf;
		const char *option;
	} names[] = {
		{o->source, TEXT("probe.source:"), "--source:"},
		{o->second_source, TEXT("probe.second_source:"), "--second-source:"},
	};
	struct error why;

	if (prober_check_sources(conf, &why) == OK)
		return OK;
	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		if (names[i].value != NULL && text_has_prefix(text_of(why.text), names[i].in_conf))
			return error_set(e, why.code, "%s%s", names[i].option,
				why.text + names[i].in_conf.len);
	return error_set(e, why.code, "%s", why.text);
}

void
probe_setup_reset(struct probe_setup *s)
{
	free(s->opt_out);
	s->opt_out = NULL;
	s->opt_out_count = 0;
}

/* --- targets ------------------------------------------------------------ */

/* IPv6 addresses have letters, too, but colons, and none from g on. */
static bool
is_name(const char *argument)
{
	static const char hex[] = "abcdefABCDEF",
			  others[] = "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ";

	return strpbrk(argument, others) != NULL ||
		(strpbrk(argument, hex) != NULL && strchr(argument, ':') == NULL);
}

static enum err
parse_target(const struct probe_setup *s, const char *argument, struct endpoint *out,
	struct error *e)
{
	if (endpoint_parse(text_of(argument), out) == OK) {
		if (out->port == 0)
			out->port = s->port;
		return OK;
	}
	if (is_name(argument))
		return error_set(e, ERR_SYNTAX,
			"\"%s\" is a name, and none is looked up here: give the ADDRESS of the "
			"host to test, as in 192.0.2.25 or 192.0.2.25:25",
			argument);
	return error_set(e, ERR_SYNTAX, "\"%s\" is not ADDRESS or ADDRESS:PORT", argument);
}

enum err
probe_setup_target(const struct probe_setup *s, const char *argument, struct endpoint *out,
	struct error *e)
{
	struct etiquette_rules rules = {.allow_count = s->conf.allow_count,
		.allow = s->conf.allow,
		.opt_out_count = s->opt_out_count,
		.opt_out = s->opt_out};
	struct etiquette_question question = {.now_s = (int64_t)time(NULL)};
	char why[ETIQUETTE_WHY];
	enum err err = parse_target(s, argument, out, e);

	if (err != OK)
		return err;
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
