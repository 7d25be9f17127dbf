#include "parse_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event_map.h"
#include "reader.h"
#include "stamp.h"

static const char usage[] =
	"usage: orbl parse [option ...] FILE...\n"
	"       orbl parse [option ...] --journal[=PATH] [FIELD=VALUE...]\n"
	"\n"
	"Read logs of mail servers and print each relay attempt that a server denied. Nothing\n"
	"is sent anywhere and no daemon is needed. FILE may be compressed (gzip, zstd, xz), a\n"
	"directory (all files in it) or -, standard input.\n"
	"\n"
	"  -s, --summary   print one line a host (address, tab, number of denials) instead of\n"
	"                  one JSON object a denial\n"
	"  -j, --json      with --summary: one JSON object a host, with ip and denials\n"
	"  -t, --totals    end with a JSON object whose member totals has what was counted\n"
	"      --format NAME\n"
	"                  read this format instead of finding it out; help lists the names\n"
	"      --local-domain NAME\n"
	"                  a domain of the server, for formats that say the same of an unknown\n"
	"                  user as of a denied relay attempt; can be given several times\n"
	"      --event ROW SOURCE:ID:FIELD=PLACE,... says which Windows event is a denial and\n"
	"                  what its strings are, as in MSExchangeIMC:2027:ip=1,recipient=4; can\n"
	"                  be given several times\n"
	"      --journal[=PATH]\n"
	"                  read the systemd journal of this machine, or the one in directory or\n"
	"                  file PATH: entries that match FIELD=VALUE; default:\n"
	"                  SYSLOG_FACILITY=2, mail\n"
	"  -n, --now TIME  time stamps without a year (\"Nov 21 19:00:56\") get the latest year\n"
	"                  that is not more than a day after TIME (RFC 3339); default: now\n"
	"  -h, --help      print this text\n"
	"\n"
	"A time stamp without a zone is local time (TZ), where the format does not say UTC.\n"
	"\n"
	"Each object has the keys file, line (or record: an event's number), time, ip, host,\n"
	"helo, sender, recipient, account, code, reply, server, kind and count; null is what\n"
	"the log does not say. kind is relay-denied (5xx), relay-denied-temporary (4xx),\n"
	"relay-denied-probable (the log does not tell it from another refusal) or\n"
	"relay-denied-authenticated (the client had logged in). Totals and the first lines that\n"
	"were not understood go to standard error.\n"
	"\n"
	"Exit status: 0 when at least one line was understood or there was none; 2 when a\n"
	"file could not be read, no line was of use, the output could not be written or the\n"
	"command line is wrong.\n";

enum { OPTION_FORMAT = 256, OPTION_LOCAL_DOMAIN, OPTION_EVENT, OPTION_JOURNAL };

static int
complain(const char *option, const char *value, const char *what)
{
	char printable[200];

	(void)text_printable(text_of(value), printable, sizeof(printable));
	(void)fprintf(stderr, "orbl parse: %s %s: %s\n", option, printable, what);
	return PARSE_TROUBLE;
}

static int
set_now(const char *argument, struct parse_options *out)
{
	struct text rest = text_of(argument);
	struct stamp_clock clock;
	struct stamp stamp;

	stamp_clock_init(&clock, 0);
	if (stamp_take_rfc3339(&rest, &stamp) && rest.len == 0 &&
		stamp_to_epoch(&stamp, &clock, &out->now_s))
		return -1;
	return complain("--now", argument, "not a time such as 2026-11-21T19:00:00Z");
}

static int
list_formats(void)
{
	const char *name, *help;

	for (size_t i = 0; reader_format(i, &name, &help); i++)
		(void)printf("%-15s %s\n", name, help);
	return fflush(stdout) != 0 || ferror(stdout) ? PARSE_TROUBLE : EXIT_SUCCESS;
}

static int
set_format(const char *argument, struct parse_options *out)
{
	if (strcmp(argument, "help") == 0)
		return list_formats();
	if (!reader_has_format(argument))
		return complain("--format", argument,
			"no such format; orbl parse --format help lists them");
	out->format = argument;
	return -1;
}

static int
add_local_domain(const char *argument, struct parse_options *out)
{
	struct text name = text_of(argument), *grown;

	if (name.len == 0 || text_find_byte(name, '@') != SIZE_MAX ||
		text_find_byte(name, ' ') != SIZE_MAX)
		return complain("--local-domain", argument, "not a domain such as example.org");
	grown = realloc(out->local_domains, (out->local_domain_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return complain("--local-domain", argument, "out of memory");
	out->local_domains = grown;
	out->local_domains[out->local_domain_count++] = name;
	return -1;
}

static int
add_event(const char *argument, struct parse_options *out)
{
	struct error e;

	if (out->events == NULL)
		out->events = event_map_new();
	if (out->events == NULL)
		return complain("--event", argument, "out of memory");
	return event_map_add(out->events, argument, &e) == OK ?
		-1 :
		complain("--event", argument, e.text);
}

/* Returns -1 to go on. */
static int
set_option(int option, const char *argument, struct parse_options *out)
{
	switch (option) {
	case 's': out->summary = true; return -1;
	case 'j': out->json = true; return -1;
	case 't': out->totals = true; return -1;
	case 'n': return set_now(argument, out);
	case 'h': return fputs(usage, stdout) < 0 ? PARSE_TROUBLE : EXIT_SUCCESS;
	case OPTION_FORMAT: return set_format(argument, out);
	case OPTION_LOCAL_DOMAIN: return add_local_domain(argument, out);
	case OPTION_EVENT: return add_event(argument, out);
	case OPTION_JOURNAL:
		out->is_journal = true;
		out->journal_path = argument;
		return -1;
	default: (void)fputs("orbl parse: try orbl parse --help\n", stderr); return PARSE_TROUBLE;
	}
}

static int
check(const struct parse_options *o)
{
	const char *wrong = NULL;

	if (o->operand_count == 0 && !o->is_journal)
		wrong = "no FILE given (- is standard input); try orbl parse --help";
	else if (o->totals && o->summary && !o->json)
		wrong = "--totals is JSON: it goes with --summary --json, or without --summary";
	else if (o->is_journal && o->format != NULL && strcmp(o->format, "journal-export") != 0)
		wrong = "--journal has a format of its own: leave out --format";
	if (wrong == NULL)
		return -1;
	(void)fprintf(stderr, "orbl parse: %s\n", wrong);
	return PARSE_TROUBLE;
}

int
parse_options_read(int argc, char **argv, struct parse_options *out)
{
	static const struct option options[] = {
		{"summary", no_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"totals", no_argument, NULL, 't'},
		{"format", required_argument, NULL, OPTION_FORMAT},
		{"local-domain", required_argument, NULL, OPTION_LOCAL_DOMAIN},
		{"event", required_argument, NULL, OPTION_EVENT},
		{"journal", optional_argument, NULL, OPTION_JOURNAL},
		{"now", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option, status = -1;

	*out = (struct parse_options){.now_s = (int64_t)time(NULL)};
	optind = 0; /* the caller has used getopt */
	while (status < 0 && (option = getopt_long(argc, argv, "sjtn:h", options, NULL)) != -1)
		status = set_option(option, optarg, out);
	if (status >= 0)
		return status;
	out->operand_count = argc - optind;
	out->operands = argv + optind;
	return check(out);
}

void
parse_options_reset(struct parse_options *o)
{
	free(o->local_domains);
	event_map_free(o->events);
	*o = (struct parse_options){0};
}
