/* The commands that look: check, explain, list, status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"

static const char check_usage[] =
	"usage: orbl check [-c FILE] [--json] ADDRESS\n"
	"\n"
	"Is this address listed? Exit status: 0 not listed, 1 listed, 2 trouble.\n";
static const char explain_usage[] =
	"usage: orbl explain [-c FILE] [--json] ADDRESS\n"
	"\n"
	"All that is known of an address: the log lines, the score they give, the probes with\n"
	"what was said, the listings and delisting requests.\n"
	"Exit status: 0 not listed, 1 listed, 2 trouble.\n";
static const char list_usage[] = "usage: orbl list [-c FILE] [--json]\n"
				 "\n"
				 "All listings, one a line.\n";
static const char status_usage[] = "usage: orbl status [-c FILE] [--json]\n"
				   "\n"
				   "How the analyzer is doing.\n";

/* Ask about the one operand; NULL when there was trouble, which is told and in *status. */
static json_t *
ask(struct client *c, int argc, char **argv, bool with_address, int *status)
{
	struct error e = {.code = OK};
	json_t *answer = NULL, *request;

	client_options(c, argc, argv, "cj");
	*status = c->status;
	if (c->done)
		return NULL;
	if (argc - optind != (with_address ? 1 : 0)) {
		*status = client_trouble(c,
			with_address ? "name one address; see --help" :
				       "takes no operand; see --help");
		return NULL;
	}
	request = with_address ?
		json_pack("{s:s, s:s}", "cmd", c->command, "address", argv[optind]) :
		json_pack("{s:s}", "cmd", c->command);
	if (request == NULL)
		error_set(&e, ERR_SYNTAX, "the address is not UTF-8 text");
	else if (client_call(c, request, &answer, &e) == OK)
		return answer;
	*status = client_trouble(c, e.text);
	return NULL;
}

static void
print_listing(const json_t *l)
{
	printf("%-24s %-13s %-10s until %s: %s (probe %lld)\n", client_text(l, "prefix"),
		client_text(l, "category"), client_text(l, "code"), client_text(l, "expires"),
		client_text(l, "reason"), client_number(l, "probe"));
}

static void
print_check(const json_t *answer)
{
	const json_t *listings = json_object_get(answer, "listings"), *l;
	size_t i;

	if (json_array_size(listings) == 0)
		printf("%s is not listed\n", client_text(answer, "address"));
	json_array_foreach (listings, i, l)
		print_listing(l);
}

/* Ask about one address and print the answer; the exit status says whether it is listed. */
static int
look_up(struct client *c, int argc, char **argv, void (*print)(const json_t *answer))
{
	int status;
	json_t *answer = ask(c, argc, argv, true, &status);

	if (answer == NULL)
		return status;
	status = json_is_true(json_object_get(answer, "listed")) ? EXIT_YES : EXIT_SUCCESS;
	if (c->json)
		client_print_json(answer);
	else
		print(answer);
	json_decref(answer);
	return status;
}

int
cmd_check(int argc, char **argv)
{
	struct client c = {.command = "check", .usage = check_usage};

	return look_up(&c, argc, argv, print_check);
}

/* --- explain -------------------------------------------------------------- */

static void
print_evidence(const json_t *answer)
{
	const json_t *evidence = json_object_get(answer, "evidence"), *f;
	size_t i;

	printf("\nLog evidence, the newest first:\n");
	if (json_array_size(evidence) == 0)
		printf("  none\n");
	json_array_foreach (evidence, i, f)
		printf("  %s  %lld %s by %s, the first at %s:%lld%s%s\n    %s\n",
			client_text(f, "hour"), client_number(f, "denials"), client_text(f, "kind"),
			client_text(f, "reporter"), client_text(f, "file"),
			client_number(f, "line"),
			json_is_string(json_object_get(f, "rule")) ? ", its relay policy: " : "",
			json_is_string(json_object_get(f, "rule")) ? client_text(f, "rule") : "",
			client_text(f, "text"));
}

static void
print_score(const json_t *answer)
{
	const json_t *score = json_object_get(answer, "score"), *t;
	size_t i;

	printf("\nScore: %.1f points (threshold %lld) from %lld reporters (%lld needed): %s\n",
		json_real_value(json_object_get(score, "points")),
		client_number(score, "threshold"), client_number(score, "reporters"),
		client_number(score, "min_reporters"), client_text(score, "decision"));
	json_array_foreach (json_object_get(score, "terms"), i, t)
		printf("  %6.1f  %s, %lld denials\n", json_real_value(json_object_get(t, "points")),
			client_text(t, "reporter"), client_number(t, "denials"));
}

/* What has become of it so far. */
static void
print_state(const json_t *p)
{
	long long tries = client_number(p, "tries");

	if (json_is_string(json_object_get(p, "verdict")))
		printf("%s: %s: %s", client_text(p, "finished"), client_text(p, "verdict"),
			client_text(p, "reason"));
	else if (json_is_string(json_object_get(p, "finished")))
		printf("%s: not made: %s", client_text(p, "finished"), client_text(p, "reason"));
	else if (json_is_string(json_object_get(p, "started")))
		printf("under way since %s", client_text(p, "started"));
	else
		printf("waits, due %s", client_text(p, "not_before"));
	if (json_is_null(json_object_get(p, "finished")) && tries != 0)
		printf(", try %lld", tries + 1);
	putchar('\n');
}

static void
print_probe(const json_t *p)
{
	const json_t *result = json_object_get(p, "result"), *line;
	size_t i;

	printf("  probe %lld (%s%s), ", client_number(p, "probe"), client_text(p, "cause"),
		strcmp(client_text(p, "source"), "second") == 0 ? ", second source" : "");
	print_state(p);
	if (json_is_string(json_object_get(p, "pair_verdict")))
		printf("    with probe %lld from the first source: %s\n", client_number(p, "first"),
			client_text(p, "pair_verdict"));
	json_array_foreach (json_object_get(result, "transcript"), i, line)
		printf("    %s\n", json_string_value(line));
}

static void
print_explanation(const json_t *answer)
{
	const json_t *part;
	size_t i;

	print_check(answer);
	print_evidence(answer);
	print_score(answer);
	printf("\nProbes, the newest first:\n");
	if (json_array_size(json_object_get(answer, "probes")) == 0)
		printf("  none\n");
	json_array_foreach (json_object_get(answer, "probes"), i, part)
		print_probe(part);
	if (json_array_size(json_object_get(answer, "delistings")) != 0)
		printf("\nDelisting requests, the newest first:\n");
	json_array_foreach (json_object_get(answer, "delistings"), i, part)
		printf("  request %lld, %s: %s: %s\n", client_number(part, "request"),
			client_text(part, "requested"), client_text(part, "state"),
			client_text(part, "reason"));
}

int
cmd_explain(int argc, char **argv)
{
	struct client c = {.command = "explain", .usage = explain_usage};

	return look_up(&c, argc, argv, print_explanation);
}

int
cmd_list(int argc, char **argv)
{
	struct client c = {.command = "list", .usage = list_usage};
	int status;
	json_t *answer = ask(&c, argc, argv, false, &status), *l;
	size_t i;

	if (answer == NULL)
		return status;
	json_array_foreach (json_object_get(answer, "listings"), i, l)
		if (c.json)
			client_print_json(l);
		else
			print_listing(l);
	json_decref(answer);
	return EXIT_SUCCESS;
}

/* Only where an analyzer listens for syslog. */
static void
print_syslog(const json_t *s)
{
	json_int_t messages = client_number(s, "udp") + client_number(s, "tcp") +
		client_number(s, "tls");

	if (!json_is_object(s))
		return;
	printf("syslog       %lld messages, %lld senders now, %lld strangers turned away, "
	       "%lld overlong, %lld not stored\n",
		(long long)messages, client_number(s, "senders"), client_number(s, "strangers"),
		client_number(s, "overlong"), client_number(s, "lost"));
}

static void
print_opt_out(const json_t *queue)
{
	if (!json_is_string(json_object_get(queue, "opt_out_trouble")))
		return;
	printf("opt-out      %s; %s\n", client_text(queue, "opt_out_trouble"),
		json_is_true(json_object_get(queue, "stopped")) ?
			"nothing is probed before this is mended" :
			"the last list that could be read stays in force");
}

static void
print_brake(const json_t *queue, long long held)
{
	const char *brake = client_text(queue, "waits_for");

	if (strcmp(brake, "nothing") == 0)
		return;
	if (json_is_true(json_object_get(queue, "stopped")))
		printf("; all until probe.%s can be read", brake);
	else if (held != 0)
		printf("; %lld of them for probe.%s", held, brake);
	else
		printf("; for probe.%s", brake);
}

/* What waits, the most urgent first, and what for. */
static void
print_queue(const json_t *answer)
{
	json_t *queue = json_object_get(answer, "probe_queue"), *due, *count;
	const char *cause, *between = "";

	printf("probes       %lld running, %lld waiting, %lld later, %lld done\n",
		client_number(answer, "probes_running"), client_number(answer, "probes_waiting"),
		client_number(queue, "later"), client_number(answer, "probes_done"));
	print_opt_out(queue);
	if (client_number(answer, "probes_waiting") == 0)
		return;
	printf("waiting      ");
	due = json_object_get(queue, "due");
	json_object_foreach (due, cause, count) {
		if (json_integer_value(count) == 0)
			continue;
		printf("%s%lld for %s", between, json_integer_value(count), cause);
		between = ", ";
	}
	print_brake(queue, client_number(answer, "probes_held"));
	putchar('\n');
}

static void
print_status(const json_t *answer)
{
	printf("zone         %s, serial %lld, %lld listings, in %s\n"
	       "evidence     %lld hosts, from %lld submissions of %lld reporters\n",
		client_text(answer, "zone"), client_number(answer, "serial"),
		client_number(answer, "listings"), client_text(answer, "snapshot"),
		client_number(answer, "hosts"), client_number(answer, "submissions"),
		client_number(answer, "reporters"));
	print_queue(answer);
	printf("up           %lld s\n", client_number(answer, "uptime_s"));
	print_syslog(json_object_get(answer, "syslog"));
}

int
cmd_status(int argc, char **argv)
{
	struct client c = {.command = "status", .usage = status_usage};
	int status;
	json_t *answer = ask(&c, argc, argv, false, &status);

	if (answer == NULL)
		return status;
	if (c.json)
		client_print_json(answer);
	else
		print_status(answer);
	json_decref(answer);
	return EXIT_SUCCESS;
}
