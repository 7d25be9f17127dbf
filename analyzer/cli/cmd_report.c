/* Listings, counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl report [--by asn|country|category|reporter] [--rows N]\n"
	"\n"
	"How much is listed, and of whom, the most first. A reporter counts for what its log\n"
	"lines had probed; a listing may count for several.\n"
	"\n"
	"      --by KIND      what to count by; category, when it is not given\n"
	"      --rows N       so many rows, 1 to 1000; 50, when it is not given\n"
	"  -j, --json         print one JSON object\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n";

static const struct option more[] = {
	{"by", required_argument, NULL, 'b'},
	{"rows", required_argument, NULL, 'N'}, /* n is --no-wait */
	{0},
};

enum { ROWS_MAX = 1000 };

struct report_client {
	struct client client; /* first: take gets it */
	const char *by, *rows;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct report_client *r = (struct report_client *)client;

	switch (letter) {
	case 'b': r->by = value; break;
	case 'N': r->rows = value; break;
	default: break;
	}
}

static const char *
name_of(const json_t *answer, const json_t *row, char out[96])
{
	const char *name = client_text(row, "name");

	if (!json_is_string(json_object_get(row, "name")))
		return strcmp(client_text(answer, "by"), "reporter") == 0 ? "nobody" : "unknown";
	if (strcmp(client_text(answer, "by"), "asn") != 0)
		return name;
	snprintf(out, 96, "AS%s %s", name, client_text(row, "label"));
	return out;
}

static void
print_report(const json_t *answer)
{
	json_int_t others = client_number(answer, "others");
	const json_t *row;
	char name[96];
	size_t i;

	printf("%8s %8s  %s\n", "prefixes", "listings", client_text(answer, "by"));
	json_array_foreach (json_object_get(answer, "rows"), i, row)
		printf("%8lld %8lld  %s\n", client_number(row, "prefixes"),
			client_number(row, "listings"), name_of(answer, row, name));
	if (others > 0)
		printf("                   and %lld others; see --rows\n", (long long)others);
	printf("%8lld %8lld  in all\n", client_number(answer, "prefixes"),
		client_number(answer, "listings"));
}

int
cmd_report(int argc, char **argv)
{
	struct report_client r = {
		.client = {.command = "report", .usage = usage, .more = more, .take = take}};
	struct client *c = &r.client;
	struct error e = {.code = OK};
	json_t *request, *answer = NULL;
	uint64_t rows = 0;

	client_options(c, argc, argv, "cjbN");
	if (c->done)
		return c->status;
	if (argc != optind)
		return client_trouble(c, "takes no operand; see --help");
	if (r.rows != NULL && (text_to_u64(text_of(r.rows), ROWS_MAX, &rows) != OK || rows == 0))
		return client_trouble(c, "--rows is a number from 1 to 1000");
	request = json_pack("{s:s, s:s*}", "cmd", "report", "by", r.by);
	if (request == NULL)
		return client_trouble(c, "the option is not UTF-8 text");
	if (rows != 0)
		json_object_set_new(request, "rows", json_integer((json_int_t)rows));
	if (client_call(c, request, &answer, &e) != OK)
		return client_failure(c, &e, NULL);
	if (c->json)
		client_print_json(answer);
	else
		print_report(answer);
	json_decref(answer);
	return EXIT_SUCCESS;
}
