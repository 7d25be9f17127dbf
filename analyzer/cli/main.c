/* orbl - submit logs, look hosts up, have them tested and removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/conf.h>

#include "cmd.h"

enum { EXIT_TROUBLE = 2 };

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"submit", cmd_submit, "give logs to the analyzer"},
	{"parse", cmd_parse, "print the relay denials in logs, without the analyzer"},
	{"check", cmd_check, "is an address listed?"},
	{"explain", cmd_explain, "why: log lines, score, probes, listings"},
	{"replay", cmd_replay, "decide again what was decided, and name what differs"},
	{"list", cmd_list, "all listings"},
	{"status", cmd_status, "how the analyzer is doing"},
	{"probe", cmd_probe, "test hosts for open relaying, without the analyzer"},
	{"delist", cmd_delist, "have a listed host retested, and removed when it is closed"},
	{"policy-page", cmd_policy_page, "the listing policy, for the list's web page"},
	{"operator", cmd_operator, "what the operator orders: list, exempt, opt out, lock"},
	{"publish", cmd_publish, "publish the list now, also what is held"},
	{"report", cmd_report, "listings counted by network, country, category or reporter"},
	{"dnsd", cmd_dnsd, "what orbl-dnsd is doing: status, counters, zones, reload, keys"},
	{"zone", cmd_zone, "the end of the list, step by step"},
	{"audit", cmd_audit, "export and check the log of all that was done"},
	{"policy", cmd_policy, "show, ask and audit a relay policy, compare it with a probe"},
	{"snippet", cmd_snippet, "configuration for mail servers and filters that use the list"},
	{"reporter", cmd_reporter, "who submits logs: trust, quota, keys, faults, revocation"},
	{"purge", cmd_purge, "take out what a reporter has brought in, or listings of one cause"},
};

static void
usage(FILE *out)
{
	fputs("usage: orbl COMMAND [OPTION...] [OPERAND...]\n\n", out);
	for (size_t i = 0; i < ORBL_COUNT(commands); i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
	fputs("\norbl COMMAND --help says more; -V or --version prints the version.\n", out);
}

/* A file opened later must not become a standard stream that the caller had closed. Use of
 * such a stream fails, as it should: it is open in the wrong direction. */
static bool
keep_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", flags) != fd)
			return false;
	}
	return true;
}

static int
run_command(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	static char label[32]; /* getopt's messages begin with it */

	for (size_t i = 0; i < ORBL_COUNT(commands); i++)
		if (strcmp(name, commands[i].name) == 0) {
			snprintf(label, sizeof(label), "orbl %s", name);
			argv[1] = label;
			return commands[i].run(argc - 1, argv + 1);
		}
	if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
		conf_print_version("orbl", stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (name[0] != '\0')
		fprintf(stderr, "orbl: there is no command \"%s\"\n", name);
	usage(stderr);
	return EXIT_TROUBLE;
}

int
main(int argc, char **argv)
{
	int status;

	if (!keep_standard_streams() || sodium_init() < 0)
		return EXIT_TROUBLE;
	status = run_command(argc, argv);
	/* A verdict that nobody could read is none. */
	if (status != EXIT_TROUBLE && (fflush(stdout) != 0 || ferror(stdout))) {
		fprintf(stderr, "orbl: standard output: %s\n", strerror(errno));
		return EXIT_TROUBLE;
	}
	return status;
}
