/* The list, published because somebody says so. */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl publish [--force --reason TEXT]\n"
	"\n"
	"Publish the list now. One that differs too much from the list in service is held\n"
	"(publish.max_change, publish.popular in orbl.conf(5)): this tells why.\n"
	"\n"
	"      --force        publish what is held, too\n"
	"      --reason TEXT  why; it is kept in the audit log\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 all is published; 1 something is held; 2 trouble.\n";

static const struct option more[] = {
	{"force", no_argument, NULL, 'O'},
	{"reason", required_argument, NULL, 'R'},
	{0},
};

struct publish_client {
	struct client client; /* first: take gets it */
	const char *reason;
	bool force;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct publish_client *p = (struct publish_client *)client;

	switch (letter) {
	case 'O': p->force = true; break;
	case 'R': p->reason = value; break;
	default: break;
	}
}

static void
print_answer(const json_t *answer)
{
	const json_t *held = json_object_get(answer, "held");
	json_int_t serial = client_number(answer, "serial");

	if (serial != 0)
		printf("%s: serial %lld is published\n", client_text(answer, "zone"),
			(long long)serial);
	else if (!json_is_object(held))
		printf("%s: the list is gone, nothing is published\n", client_text(answer, "zone"));
	if (!json_is_object(held))
		return;
	printf("held since %s, %s: %s\n"
	       "look at it (orbl list, orbl report), then: orbl publish --force --reason TEXT\n",
		client_text(held, "since"),
		json_is_true(json_object_get(held, "removals_published")) ?
			"only removals are published" :
			"the old list stays in service",
		client_text(held, "why"));
}

int
cmd_publish(int argc, char **argv)
{
	struct publish_client p = {
		.client = {.command = "publish", .usage = usage, .more = more, .take = take}};
	struct client *c = &p.client;
	struct error e = {.code = OK};
	json_t *request, *answer = NULL;
	int status;

	client_options(c, argc, argv, "cjOR");
	if (c->done)
		return c->status;
	if (argc != optind)
		return client_trouble(c, "takes no operand; see --help");
	if (p.force && p.reason == NULL)
		return client_trouble(c, "--force needs --reason TEXT");
	request = json_pack("{s:s, s:b, s:s*}", "cmd", "publish", "force", (int)p.force, "reason",
		p.reason);
	if (request == NULL)
		return client_trouble(c, "the reason is not UTF-8 text");
	if (client_call(c, request, &answer, &e) != OK)
		return client_failure(c, &e, NULL);
	status = json_is_object(json_object_get(answer, "held")) ? EXIT_YES : EXIT_SUCCESS;
	if (c->json)
		client_print_json(answer);
	else
		print_answer(answer);
	json_decref(answer);
	return status;
}
