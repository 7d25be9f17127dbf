#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl zone show\n"
	"       orbl zone retire --stage STAGE --reason TEXT [--at DAY] [--force]\n"
	"       orbl zone resume --reason TEXT\n"
	"\n"
	"The end of the list, in the steps of RFC 6471, section 3.4. At none of them anything is\n"
	"listed that was not listed before.\n"
	"\n"
	"  announce  all goes on; _status in the zone tells the day of the end (30 days from now,\n"
	"            when --at names none)\n"
	"  empty     on that day: nothing is listed any more, and answers are kept for a week\n"
	"  gone      nothing is published; put the records that are printed into the parent zone\n"
	"\n"
	"      --stage STAGE  announce, empty or gone\n"
	"      --at DAY       the day of the end, such as 2026-03-01\n"
	"      --reason TEXT  why; it is kept\n"
	"      --force        earlier than announced\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 done; 1 refused; 2 trouble.\n";

static const struct option more[] = {
	{"stage", required_argument, NULL, 'S'},
	{"at", required_argument, NULL, 'A'},
	{"reason", required_argument, NULL, 'R'},
	{"force", no_argument, NULL, 'O'},
	{0},
};

struct zone_client {
	struct client client; /* first: take gets it */
	const char *stage, *at, *reason;
	bool force;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct zone_client *z = (struct zone_client *)client;

	switch (letter) {
	case 'S': z->stage = value; break;
	case 'A': z->at = value; break;
	case 'R': z->reason = value; break;
	case 'O': z->force = true; break;
	default: break;
	}
}

static void
set_text(json_t *request, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(request, key, json_string(value));
}

static void
print_state(const json_t *answer)
{
	const char *stage = client_text(answer, "stage");
	const json_t *records = json_object_get(answer, "records");

	printf("zone       %s\nstage      %s\n", client_text(answer, "zone"), stage);
	if (json_is_true(json_object_get(json_object_get(answer, "held"), "removals_published")))
		puts("The list is held, but for what is removed; the stage is published");
	else if (json_is_object(json_object_get(answer, "held")))
		puts("The list is held, so this may not be published: see orbl status");
	if (strcmp(stage, "in service") == 0)
		return;
	printf("announced  %s\nsince      %s\nends       %s\nTTL        %lld s\n",
		client_text(answer, "announced"), client_text(answer, "since"),
		client_text(answer, "at"), client_number(answer, "ttl"));
	if (strcmp(stage, "gone") != 0 || !json_is_string(records))
		return;
	printf("\nPut these into the parent zone, in place of what is there for the list, and "
	       "keep\n"
	       "the domain registered: who gets it next could list the world.\n\n%s",
		json_string_value(records));
}

int
cmd_zone(int argc, char **argv)
{
	struct zone_client z = {
		.client = {.command = "zone", .usage = usage, .more = more, .take = take}};
	struct client *c = &z.client;
	struct error e = {.code = OK};
	json_t *request, *answer = NULL;
	enum err err;

	client_options(c, argc, argv, "cjSARO");
	if (c->done)
		return c->status;
	if (argc - optind != 1)
		return client_trouble(c, "show, retire or resume? See --help");
	request = json_pack("{s:s, s:s, s:b}", "cmd", "zone", "action", argv[optind], "force",
		(int)z.force);
	if (request == NULL)
		return client_trouble(c, "the operands are not UTF-8 text");
	set_text(request, "stage", z.stage);
	set_text(request, "at", z.at);
	set_text(request, "reason", z.reason);
	err = client_call(c, request, &answer, &e);
	if (err == OK)
		err = control_check_answer(answer, &e);
	if (err == OK && c->json)
		client_print_json(answer);
	else if (err == OK)
		print_state(answer);
	json_decref(answer);
	if (err == OK)
		return EXIT_SUCCESS;
	(void)client_failure(c, &e, NULL);
	return err == ERR_REFUSED ? EXIT_YES : EXIT_TROUBLE;
}
