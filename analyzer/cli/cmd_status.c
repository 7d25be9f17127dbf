/* How the analyzer is doing; or what has become of a delisting request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "client.h"
#include "cmd.h"
#include "ticket.h"

static const char usage[] =
	"usage: orbl status [-c FILE] [--json]\n"
	"       orbl status [-c FILE] [--json] REQUEST\n"
	"\n"
	"How the analyzer is doing; or what has become of a delisting request, by the number that\n"
	"orbl delist has told.\n"
	"Exit status: 0; of a request that was refused 1; 2 trouble.\n";

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

/* A list that is held has an alarm, too. */
static void
print_alarms(const json_t *answer)
{
	const json_t *alarm;
	size_t i;

	json_array_foreach (json_object_get(answer, "alarms"), i, alarm)
		printf("%-12s %s %s since %s: %s\n", i == 0 ? "alarms" : "",
			client_text(alarm, "kind"), client_text(alarm, "subject"),
			client_text(alarm, "since"), client_text(alarm, "text"));
}

/* Nothing, as long as the list is in service. */
static void
print_stage(const json_t *answer)
{
	if (json_is_string(json_object_get(answer, "retires")))
		printf("retirement   the list is %s, its end is told for %s; see orbl zone show\n",
			client_text(answer, "stage"), client_text(answer, "retires"));
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
	print_stage(answer);
	print_queue(answer);
	print_alarms(answer);
	printf("up           %lld s\n", client_number(answer, "uptime_s"));
	print_syslog(json_object_get(answer, "syslog"));
}

static int
show_status(struct client *c)
{
	struct error e = {.code = OK};
	json_t *answer;

	if (client_call(c, json_pack("{s:s}", "cmd", "status"), &answer, &e) != OK)
		return client_failure(c, &e, NULL);
	if (c->json)
		client_print_json(answer);
	else
		print_status(answer);
	json_decref(answer);
	return EXIT_SUCCESS;
}

static int
show_ticket(struct client *c, const char *number)
{
	struct error e = {.code = OK};
	json_t *answer;
	uint64_t id;
	int status;

	if (text_to_u64(text_of(number), INT64_MAX, &id) != OK)
		return client_trouble(c, "name a request by its number; see --help");
	if (client_call(c, json_pack("{s:s, s:I}", "cmd", "ticket", "request", (json_int_t)id),
		    &answer, &e) != OK)
		return client_failure(c, &e, NULL);
	status = ticket_status(answer);
	if (c->json)
		client_print_json(answer);
	else
		ticket_print(answer);
	json_decref(answer);
	return status;
}

int
cmd_status(int argc, char **argv)
{
	struct client c = {.command = "status", .usage = usage};

	client_options(&c, argc, argv, "cj");
	if (c.done)
		return c.status;
	if (argc - optind > 1)
		return client_trouble(&c, "name one request at most; see --help");
	return optind < argc ? show_ticket(&c, argv[optind]) : show_status(&c);
}
