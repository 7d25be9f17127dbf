#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/text.h>

#include "client.h"
#include "cmd.h"
#include "long_call.h"
#include "stamp.h"

static const char usage[] =
	"usage: orbl purge --reporter NAME --reason TEXT [--with-proved] [--since TIME]\n"
	"                  [--until TIME] [--dry-run] [-c FILE] [--json]\n"
	"       orbl purge [--category NAME] [--asn NUMBER] [--since TIME] [--until TIME]\n"
	"                  --reason TEXT [--force] [--dry-run] [-c FILE] [--json]\n"
	"\n"
	"Take out what should never have come in, and print a notice for the list's page.\n"
	"\n"
	"Of a reporter: its evidence that was received in this time goes; probes that waited\n"
	"for it alone are not made, suspects that it alone made are taken off. What tests\n"
	"have proved stays. Without a reporter: listings that were made in this time, of this\n"
	"category or AS, however they came about.\n"
	"\n"
	"A large purge goes in steps, and says on a terminal how far it has come. Interrupted\n"
	"(Ctrl-C), it is broken off: what has gone is gone, the same again takes the rest.\n"
	"\n"
	"      --reporter NAME  whose evidence\n"
	"      --with-proved    also listings whose test would not have been made without it\n"
	"      --category NAME  such as relay-output; orbl list shows them\n"
	"      --asn NUMBER     of the listed network\n"
	"      --since TIME     from then on: 2026-11-21T19:00:00Z or 2026-11-21, or so long\n"
	"                       ago: 90m, 12h, 3d, 2w\n"
	"      --until TIME     and before then\n"
	"      --reason TEXT    why; kept in the audit log, and part of the notice\n"
	"      --force          without a reporter: also what tests have proved, and more than\n"
	"                       publish.max_change percent of all listings\n"
	"      --dry-run        change nothing, say what would go; needs no reason\n"
	"  -j, --json           print one JSON object\n"
	"  -c, --config FILE    read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 done; 1 refused; 2 trouble.\n";

struct options {
	struct client client; /* first: take gets it */
	const char *reason, *category, *asn, *since, *until;
	bool with_proved, is_dry, force;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct options *o = (struct options *)client;

	switch (letter) {
	case 'R': o->reason = value; break;
	case 'C': o->category = value; break;
	case 'A': o->asn = value; break;
	case 'S': o->since = value; break;
	case 'U': o->until = value; break;
	case 'P': o->with_proved = true; break;
	case 'D': o->is_dry = true; break;
	case 'F': o->force = true; break;
	}
}

/* "3d": so long before now. */
static bool
time_ago(struct text t, int64_t now_s, int64_t *out)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
	const char *unit = t.len > 1 ? strchr(units, t.p[t.len - 1]) : NULL;
	uint64_t n;

	if (unit == NULL || text_to_u64(text_upto(t, t.len - 1), 1000000, &n) != OK)
		return false;
	*out = now_s - (int64_t)n * seconds[unit - units];
	return *out > 0;
}

static bool
time_stamp(const char *text, int64_t *out)
{
	char whole[64];
	struct text rest;
	struct stamp_clock clock;
	struct stamp stamp;

	snprintf(whole, sizeof(whole), "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
	rest = text_of(whole);
	stamp_clock_init(&clock, 0);
	return stamp_take_rfc3339(&rest, &stamp) && rest.len == 0 &&
		stamp_to_epoch(&stamp, &clock, out) && *out > 0;
}

/* True: it is in the request, or not asked for. */
static bool
set_time(json_t *request, const char *key, const char *text)
{
	int64_t t;

	if (text == NULL)
		return true;
	if (!time_ago(text_of(text), (int64_t)time(NULL), &t) && !time_stamp(text, &t))
		return false;
	return json_object_set_new(request, key, json_integer((json_int_t)t)) == 0;
}

static void
set_text(json_t *request, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(request, key, json_string(text));
}

/* The whole list is not purged. */
static bool
names_something(const struct options *o)
{
	return o->client.reporter != NULL || o->category != NULL || o->asn != NULL ||
		o->since != NULL || o->until != NULL;
}

/* NULL: what is wrong was said. */
static json_t *
request_of(const struct options *o)
{
	json_t *request = json_pack("{s:s, s:s, s:b, s:b, s:b}", "cmd", "purge", "reason",
		o->reason != NULL ? o->reason : "", "dry_run", (int)o->is_dry, "with_proved",
		(int)o->with_proved, "force", (int)o->force);
	const char *wrong = NULL;
	uint64_t asn = 0;

	if (request == NULL) {
		client_trouble(&o->client, "the reason is not UTF-8 text");
		return NULL;
	}
	set_text(request, "reporter", o->client.reporter);
	set_text(request, "category", o->category);
	if (!set_time(request, "since", o->since) || !set_time(request, "until", o->until))
		wrong = "--since and --until take a time such as 2026-11-21T19:00:00Z, or 3d for "
			"three days ago";
	else if (o->asn != NULL && text_to_u64(text_of(o->asn), UINT32_MAX, &asn) != OK)
		wrong = "--asn takes the number of an AS";
	else if (o->client.reporter == NULL && o->with_proved)
		wrong = "--with-proved goes with --reporter";
	else if (o->client.reporter != NULL && o->force)
		wrong = "--force goes without --reporter";
	else if (!names_something(o))
		wrong = "name a reporter, or of which listings: a category, an AS or a time";
	if (wrong != NULL) {
		client_trouble(&o->client, wrong);
		json_decref(request);
		return NULL;
	}
	if (o->asn != NULL)
		json_object_set_new(request, "asn", json_integer((json_int_t)asn));
	return request;
}

static void
print_items(const json_t *answer)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(answer, "goes"), i, item) {
		const char *what = client_text(item, "what"),
			   *subject = client_text(item, "subject");

		if (strcmp(what, "probe") == 0)
			printf("  %s: its probe\n", subject);
		else
			printf("  %s: listed as %s\n", subject, client_text(item, "category"));
	}
	if (client_number(answer, "goes_more") != 0)
		printf("  and %lld more\n", client_number(answer, "goes_more"));
}

/* "1 listing", "2 listings" */
static void
print_count(const json_t *answer, const char *key, const char *one, const char *many)
{
	json_int_t n = client_number(answer, key);

	printf("%lld %s", n, n == 1 ? one : many);
}

static void
print_reporter(const json_t *answer)
{
	print_count(answer, "denials", "denial of ", "denials of ");
	print_count(answer, "hosts", "host in ", "hosts in ");
	print_count(answer, "submissions", "submission; ", "submissions; ");
	print_count(answer, "probes", "probe, ", "probes, ");
	print_count(answer, "suspects", "suspect, ", "suspects, ");
	printf("%lld proved; ", client_number(answer, "proved"));
	print_count(answer, "nominations", "nomination forgotten\n", "nominations forgotten\n");
}

static void
print_answer(const struct options *o, const json_t *answer)
{
	printf("%s: ", o->is_dry ? "would go" : "gone");
	if (o->client.reporter != NULL)
		print_reporter(answer);
	else
		print_count(answer, "listings", "listing\n", "listings\n");
	print_items(answer);
	if (o->is_dry && json_is_string(json_object_get(answer, "needs_force")))
		printf("This needs --force: %s\n", client_text(answer, "needs_force"));
	if (json_is_object(json_object_get(answer, "held")))
		printf("The list is held, so this may not be published: see orbl status\n");
	if (!o->is_dry && json_is_string(json_object_get(answer, "notice")))
		printf("\nNotice for the list's page:\n\n%s\n", client_text(answer, "notice"));
}

static int
ask(const struct options *o)
{
	struct error e = {.code = OK};
	json_t *answer = NULL, *request = request_of(o);
	int status;

	if (request == NULL)
		return EXIT_TROUBLE;
	if (long_call(&o->client, request,
		    o->is_dry ? "nothing was changed" :
				"what has gone is gone, the same again takes the rest",
		    &answer, &e) != OK) {
		status = client_failure(&o->client, &e, NULL);
		return e.code == ERR_REFUSED ? EXIT_YES : status;
	}
	if (o->client.json)
		client_print_json(answer);
	else
		print_answer(o, answer);
	json_decref(answer);
	return EXIT_SUCCESS;
}

int
cmd_purge(int argc, char **argv)
{
	static const struct option more[] = {
		{"reason", required_argument, NULL, 'R'},
		{"category", required_argument, NULL, 'C'},
		{"asn", required_argument, NULL, 'A'},
		{"since", required_argument, NULL, 'S'},
		{"until", required_argument, NULL, 'U'},
		{"with-proved", no_argument, NULL, 'P'},
		{"dry-run", no_argument, NULL, 'D'},
		{"force", no_argument, NULL, 'F'},
		{0},
	};
	struct options o = {
		.client = {.command = "purge", .usage = usage, .more = more, .take = take},
	};

	client_options(&o.client, argc, argv, "cjrRCASUPDF");
	if (o.client.done)
		return o.client.status;
	if (optind != argc)
		return client_trouble(&o.client, "takes no operand; see --help");
	if (o.reason == NULL && !o.is_dry)
		return client_trouble(&o.client, "give a reason with --reason TEXT");
	return ask(&o);
}
