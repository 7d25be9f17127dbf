#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl operator list PREFIX --category NAME --reason TEXT [--for TIME] [--proof "
	"PROBE]\n"
	"       orbl operator delist PREFIX --reason TEXT [--category NAME]\n"
	"       orbl operator exempt|opt-out PREFIX --reason TEXT [--for TIME]\n"
	"       orbl operator unexempt|opt-in PREFIX --reason TEXT\n"
	"       orbl operator lock|unlock ADDRESS --reason TEXT\n"
	"       orbl operator show\n"
	"\n"
	"What a person decides, with his name and his reason, which are kept. Nobody is listed as "
	"an\n"
	"open relay by order: that needs a probe that found it open.\n"
	"\n"
	"  list, delist       onto the list and off it\n"
	"  exempt, unexempt   never to be listed; its listings end at once\n"
	"  opt-out, opt-in    never to be probed\n"
	"  lock, unlock       nothing changes what is known of this host\n"
	"  show               all orders in force, and listings by order\n"
	"\n"
	"      --reason TEXT    why\n"
	"      --category NAME  relay, relay-input (these with --proof), suspect, relay-output,\n"
	"                       untestable or bouncer\n"
	"      --for TIME       for so long: a number and s, m, h or d\n"
	"      --proof PROBE    the number of the probe that found the host open\n"
	"      --force          the prefix is wider than a /24 or a /48, and that is meant\n"
	"      --dry-run        only say what would be done\n"
	"  -j, --json           print one JSON object\n"
	"  -c, --config FILE    read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 done; 1 refused; 2 trouble.\n";

static const struct option more[] = {
	{"reason", required_argument, NULL, 'R'},
	{"category", required_argument, NULL, 'C'},
	{"for", required_argument, NULL, 'F'},
	{"proof", required_argument, NULL, 'P'},
	{"force", no_argument, NULL, 'O'},
	{"dry-run", no_argument, NULL, 'D'},
	{0},
};

struct operator_client {
	struct client client; /* first: take gets it */
	const char *reason, *category, *duration, *proof;
	bool force, dry_run;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct operator_client *o = (struct operator_client *)client;

	switch (letter) {
	case 'R': o->reason = value; break;
	case 'C': o->category = value; break;
	case 'F': o->duration = value; break;
	case 'P': o->proof = value; break;
	case 'O': o->force = true; break;
	case 'D': o->dry_run = true; break;
	default: break;
	}
}

/* "90s", "15m", "24h", "7d". */
static enum err
parse_duration(const char *text, uint64_t *out)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	struct text t = text_of(text);
	char unit = t.len != 0 ? t.p[t.len - 1] : '\0';
	enum err err;

	for (size_t i = 0; i < ORBL_COUNT(units); i++) {
		if (units[i].unit != unit)
			continue;
		err = text_to_u64(text_upto(t, t.len - 1), INT32_MAX / units[i].seconds, out);
		*out *= units[i].seconds;
		return err == OK && *out == 0 ? ERR_RANGE : err;
	}
	return ERR_SYNTAX;
}

static void
set_text(json_t *request, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(request, key, json_string(value));
}

/* NULL: *trouble says why. */
static json_t *
make_request(const struct operator_client *o, const char *action, const char *prefix,
	const char **trouble)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "cmd", "operator", "action", action,
		"prefix", prefix);
	uint64_t seconds = 0, proof = 0;

	*trouble = NULL;
	if (request == NULL)
		*trouble = "the operands are not UTF-8 text";
	else if (o->duration != NULL && parse_duration(o->duration, &seconds) != OK)
		*trouble = "--for takes a time such as 90s, 15m, 24h or 7d";
	else if (o->proof != NULL && text_to_u64(text_of(o->proof), INT64_MAX, &proof) != OK)
		*trouble = "--proof takes the number of a probe; orbl explain shows it";
	if (*trouble != NULL) {
		json_decref(request);
		return NULL;
	}
	set_text(request, "reason", o->reason);
	set_text(request, "category", o->category);
	if (seconds != 0)
		json_object_set_new(request, "for_s", json_integer((json_int_t)seconds));
	if (o->proof != NULL)
		json_object_set_new(request, "proof", json_integer((json_int_t)proof));
	json_object_set_new(request, "force", json_boolean(o->force));
	json_object_set_new(request, "dry_run", json_boolean(o->dry_run));
	return request;
}

static void
print_listings(const json_t *answer)
{
	const json_t *listing;
	size_t i;

	json_array_foreach (json_object_get(answer, "listings"), i, listing)
		printf("  %-20s %-12s %s\n", client_text(listing, "prefix"),
			client_text(listing, "category"), client_text(listing, "reason"));
	if (i != (size_t)client_number(answer, "count"))
		printf("  and %lld more\n", client_number(answer, "count") - (json_int_t)i);
}

static void
print_order(const json_t *answer)
{
	bool dry_run = json_is_true(json_object_get(answer, "dry_run"));

	printf("%s: %s%s", client_text(answer, "prefix"), dry_run ? "not done, a dry run: " : "",
		client_text(answer, "done"));
	if (json_is_string(json_object_get(answer, "until")))
		printf(", until %s", client_text(answer, "until"));
	putchar('\n');
	print_listings(answer);
	if (json_is_string(json_object_get(answer, "why_still")))
		printf("STILL in DNS: %s; look at it, then: orbl publish --force --reason TEXT\n",
			client_text(answer, "why_still"));
	else if (json_is_object(json_object_get(answer, "held")))
		printf("The list is held, so this may not be published: see orbl status\n");
}

static void
print_row(const json_t *row, const char *what)
{
	printf("%-20s %-12s since %s until %-20s by %s: %s\n", client_text(row, "prefix"),
		client_text(row, what), client_text(row, "since"), client_text(row, "until"),
		client_text(row, "author"), client_text(row, "reason"));
}

static void
print_all(const json_t *answer)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(answer, "orders"), i, row)
		print_row(row, "action");
	json_array_foreach (json_object_get(answer, "listings"), i, row)
		print_row(row, "category");
}

static int
call(const struct client *c, json_t *request, bool is_show)
{
	struct error e = {.code = OK};
	json_t *answer = NULL;
	enum err err = client_call(c, request, &answer, &e);

	if (err == OK)
		err = control_check_answer(answer, &e);
	if (err == OK && c->json)
		client_print_json(answer);
	else if (err == OK && is_show)
		print_all(answer);
	else if (err == OK)
		print_order(answer);
	json_decref(answer);
	if (err == OK)
		return EXIT_SUCCESS;
	(void)client_failure(c, &e, NULL);
	return err == ERR_REFUSED || err == ERR_NOT_FOUND ? EXIT_YES : EXIT_TROUBLE;
}

int
cmd_operator(int argc, char **argv)
{
	struct operator_client o = {
		.client = {.command = "operator", .usage = usage, .more = more, .take = take}};
	struct client *c = &o.client;
	const char *trouble;
	json_t *request;

	client_options(c, argc, argv, "cjRCFPOD");
	if (c->done)
		return c->status;
	if (argc - optind == 1 && strcmp(argv[optind], "show") == 0)
		return call(c, json_pack("{s:s, s:s}", "cmd", "operator", "action", "show"), true);
	if (argc - optind != 2)
		return client_trouble(c, "name an action and one prefix; see --help");
	request = make_request(&o, argv[optind], argv[optind + 1], &trouble);
	if (request == NULL)
		return client_trouble(c, trouble);
	return call(c, request, false);
}
