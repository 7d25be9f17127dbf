#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"
#include "follow.h"
#include "input.h"
#include "submit.h"

static const char usage[] =
	"usage: orbl submit [-c FILE] [-r NAME] [--json] [--format NAME]\n"
	"                   [--local-domain NAME]... [--key-file FILE] FILE...\n"
	"       orbl submit [OPTION...] --follow [--verbose] FILE...\n"
	"       orbl submit [OPTION...] [--follow] --journal[=PATH] [FIELD=VALUE...]\n"
	"\n"
	"Give logs to the analyzer, which stores the relay denials in them before it\n"
	"acknowledges. FILE may be compressed, a directory, or -, standard input. The same\n"
	"line submitted twice counts once.\n"
	"\n"
	"  -f, --follow            go on with what is appended, across rotation, until\n"
	"                          SIGTERM or SIGINT; at the next start where it was\n"
	"  -r, --reporter NAME     whose logs these are; default: this host's name\n"
	"      --key-file FILE     the key of this reporter, where orbl.conf asks for one;\n"
	"                          nobody else may read the file\n"
	"      --format NAME       what they are, see orbl parse --help; default: found out\n"
	"      --local-domain NAME recipients there are no relaying, where the log does not\n"
	"                          tell an unknown user from a denial\n"
	"      --journal[=PATH]    the systemd journal, this host's or at PATH; entries that\n"
	"                          match FIELD=VALUE, default SYSLOG_FACILITY=2 (mail)\n"
	"  -j, --json              print one JSON object a file, or a part that is followed\n"
	"  -v, --verbose           with --follow: tell of each part that has denials\n"
	"  -c, --config FILE       read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 all acknowledged; 2 trouble, or a file without one usable line.\n";

struct walk {
	const struct submit *submit;
	int status;
};

static enum err
on_file(const char *name, void *context)
{
	struct walk *w = context;
	int one = submit_file(w->submit, name);

	w->status = one != EXIT_SUCCESS ? one : w->status;
	return OK;
}

static int
submit_files(const struct submit *s, char **names, size_t count)
{
	struct walk w = {s, EXIT_SUCCESS};
	struct error e = {.code = OK};

	for (size_t i = 0; i < count; i++)
		if (input_walk(names[i], on_file, &w, &e) != OK)
			w.status = client_trouble(&s->client, e.text);
	return w.status;
}

static int
submit(struct submit *s, char **names, size_t count)
{
	if (s->domain_count > SUBMIT_DOMAINS_MAX)
		return client_trouble(&s->client,
			"more than 256 domains; name them in orbl.conf, as reporters are");
	if (s->has_journal) {
		s->journal.matches = (const char *const *)names;
		s->journal.match_count = count;
	} else if (count == 0) {
		return client_trouble(&s->client,
			"name the log files to submit, or - for standard input");
	}
	if (s->follows)
		return follow(s, names, count);
	return s->has_journal ? submit_journal(s) : submit_files(s, names, count);
}

static void
take_option(struct client *c, int letter, const char *value)
{
	struct submit *s = (struct submit *)c;

	switch (letter) {
	case 'f': s->follows = true; break;
	case 'v': s->verbose = true; break;
	case 'K': s->key_file = value; break;
	case 'F': s->format = value; break;
	case 'L':
		if (s->domain_count < SUBMIT_DOMAINS_MAX)
			s->domains[s->domain_count] = value;
		s->domain_count++;
		break;
	case 'J':
		s->has_journal = true;
		s->journal.path = value;
		break;
	}
}

int
cmd_submit(int argc, char **argv)
{
	static const struct option more[] = {
		{"follow", no_argument, NULL, 'f'},
		{"verbose", no_argument, NULL, 'v'},
		{"key-file", required_argument, NULL, 'K'},
		{"format", required_argument, NULL, 'F'},
		{"local-domain", required_argument, NULL, 'L'},
		{"journal", optional_argument, NULL, 'J'},
		{0},
	};
	struct submit s = {.client = {.command = "submit", .usage = usage}};
	struct error e = {.code = OK};
	char host[64] = "", *path = NULL;
	int status;

	s.client.more = more;
	s.client.take = take_option;
	client_options(&s.client, argc, argv, "cjrfvKFLJ");
	if (s.client.done)
		return s.client.status;
	if (s.client.reporter == NULL && gethostname(host, sizeof(host) - 1) == 0)
		s.client.reporter = host;
	if ((s.key_file != NULL && reporter_key_read(s.key_file, s.key, &e) != OK) ||
		client_socket(&s.client, &path, &e) != OK)
		return client_trouble(&s.client, e.text);
	s.socket = path;
	status = submit(&s, argv + optind, (size_t)(argc - optind));
	free(path);
	return status;
}
