/* The commands that look: check, list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"
#include "ticket.h"

static const char check_usage[] =
	"usage: orbl check [-c FILE] [--json] ADDRESS|PREFIX\n"
	"\n"
	"Is this address listed, or what of this prefix, by itself or with a wider one? Exit\n"
	"status: 0 not listed, 1 listed, 2 trouble.\n";
static const char list_usage[] = "usage: orbl list [-c FILE] [--json]\n"
				 "\n"
				 "All listings, one a line.\n";

static void
print_listing(const json_t *l)
{
	printf("%-24s %-13s %-10s until %s: %s", client_text(l, "prefix"),
		client_text(l, "category"), client_text(l, "code"), client_text(l, "expires"),
		client_text(l, "reason"));
	ticket_print_grounds(l);
	putchar('\n');
}

static void
print_check(const json_t *answer)
{
	const json_t *listings = json_object_get(answer, "listings"), *l;
	size_t i;

	if (json_array_size(listings) == 0)
		printf("%s is not listed\n", client_text(answer, "address"));
	if (json_is_string(json_object_get(answer, "why_still")))
		printf("%s is STILL in DNS for what has ended: %s\n",
			client_text(answer, "address"), client_text(answer, "why_still"));
	json_array_foreach (listings, i, l)
		print_listing(l);
}

int
cmd_check(int argc, char **argv)
{
	struct client c = {.command = "check", .usage = check_usage};
	int status;
	json_t *answer = client_ask(&c, argc, argv, true, &status);

	if (answer == NULL)
		return status;
	status = json_is_true(json_object_get(answer, "listed")) ? EXIT_YES : EXIT_SUCCESS;
	if (c.json)
		client_print_json(answer);
	else
		print_check(answer);
	json_decref(answer);
	return status;
}

/* True: there is another one. */
static bool
print_page(const struct client *c, const json_t *answer)
{
	json_t *l;
	size_t i;

	json_array_foreach (json_object_get(answer, "listings"), i, l)
		if (c->json)
			client_print_json(l);
		else
			print_listing(l);
	return json_is_string(json_object_get(answer, "next"));
}

int
cmd_list(int argc, char **argv)
{
	struct client c = {.command = "list", .usage = list_usage};
	int status;
	json_t *answer = client_ask(&c, argc, argv, false, &status);
	struct error e = {.code = OK};

	if (answer == NULL)
		return status;
	while (print_page(&c, answer)) {
		json_t *next = json_pack("{s:s, s:O}", "cmd", "list", "after",
			json_object_get(answer, "next"));

		json_decref(answer);
		answer = NULL;
		if (client_call(&c, next, &answer, &e) != OK)
			return client_failure(&c, &e, NULL);
	}
	json_decref(answer);
	return EXIT_SUCCESS;
}
