#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/conf.h>
#include <orbl/text.h>

#include "client.h"
#include "cmd.h"
#include "reporter_key.h"

static const char usage[] =
	"usage: orbl reporter list [-c FILE] [--json]\n"
	"       orbl reporter show NAME [-c FILE] [--json]\n"
	"       orbl reporter key NAME [--json]\n"
	"       orbl reporter revoke|restore NAME --reason TEXT [-c FILE] [--json]\n"
	"\n"
	"Who submits logs: how far each is believed, and what is amiss with its server.\n"
	"\n"
	"  list     all: trust (what it has of what it can have), its nominations that probes\n"
	"           confirmed and refuted, denials today of its quota, AS, faults\n"
	"  show     one, with its last days and its faults, and what to do about them\n"
	"  key      make a key: printed once, with the line for orbl.conf\n"
	"  revoke   nothing that it has said or says counts, until restore\n"
	"  restore  it counts again\n"
	"\n"
	"      --reason TEXT  why; kept in the audit log\n"
	"  -j, --json         print one JSON object, list one for each\n"
	"  -c, --config FILE  read FILE instead of the installed orbl.conf\n"
	"\n"
	"Exit status: 0 done; 1 refused; 2 trouble.\n";

struct options {
	struct client client; /* first: take gets it */
	const char *reason, *name;
};

static void
take(struct client *client, int letter, const char *value)
{
	struct options *o = (struct options *)client;

	if (letter == 'R')
		o->reason = value;
}

/* --- list and show --------------------------------------------------------- */

static const char *
quota_text(const json_t *r, char out[64])
{
	if (client_number(r, "quota") == 0)
		snprintf(out, 64, "%lld", client_number(r, "today"));
	else
		snprintf(out, 64, "%lld of %lld", client_number(r, "today"),
			client_number(r, "quota"));
	return out;
}

static const char *
as_text(const json_t *r, char out[32])
{
	if (client_number(r, "asn") == 0)
		return "-";
	snprintf(out, 32, "AS%lld", client_number(r, "asn"));
	return out;
}

static const char *
state_text(const json_t *r)
{
	if (json_is_string(json_object_get(r, "revoked")))
		return "  revoked";
	if (!json_is_string(json_object_get(r, "last")))
		return "  never heard";
	return json_is_true(json_object_get(r, "key")) ? "  with key" : "";
}

static void
print_row(const json_t *r)
{
	char quota[64], as[32], trust[64], record[64];

	snprintf(trust, sizeof(trust), "%lld of %lld %%", client_number(r, "trust"),
		client_number(r, "ceiling"));
	snprintf(record, sizeof(record), "%lld/%lld", client_number(r, "confirmed"),
		client_number(r, "refuted"));
	printf("%-20s %-12s %-9s %-18s %-11s %6lld%s\n", client_text(r, "reporter"), trust, record,
		quota_text(r, quota), as_text(r, as), client_number(r, "faults"), state_text(r));
}

static int
print_list(const struct client *c, json_t *answer)
{
	json_t *reporters = json_object_get(answer, "reporters"), *r;
	size_t i;

	if (!c->json)
		printf("%-20s %-12s %-9s %-18s %-11s %6s\n", "reporter", "trust", "confirmed",
			"denials today", "AS", "faults");
	json_array_foreach (reporters, i, r)
		if (c->json)
			client_print_json(r);
		else
			print_row(r);
	return EXIT_SUCCESS;
}

static void
print_days(const json_t *answer)
{
	const json_t *d;
	size_t i;

	json_array_foreach (json_object_get(answer, "days"), i, d)
		printf("  %.10s  %lld denials, %lld over quota, %lld to its own domains\n",
			client_text(d, "day"), client_number(d, "denials"),
			client_number(d, "over_quota"), client_number(d, "own_domain"));
}

static void
print_faults(const json_t *answer)
{
	const json_t *faults = json_object_get(answer, "fault_list"), *f;
	size_t i;

	if (json_array_size(faults) != 0)
		printf("\nFaults, the newest first:\n");
	json_array_foreach (faults, i, f)
		printf("  %s\n    %s to %s, %lld denials, first at %s\n", client_text(f, "remedy"),
			client_text(f, "first"), client_text(f, "last"),
			client_number(f, "denials"), client_text(f, "example"));
}

static int
print_show(const struct client *c, json_t *answer)
{
	char quota[64], as[32];

	if (c->json) {
		client_print_json(answer);
		return EXIT_SUCCESS;
	}
	printf("reporter     %s%s\n", client_text(answer, "reporter"),
		json_is_true(json_object_get(answer, "configured")) ? "" : ", not in orbl.conf");
	if (json_is_string(json_object_get(answer, "revoked")))
		printf("revoked      %s\n", client_text(answer, "revoked"));
	printf("trust        %lld of %lld %%, %lld nominations confirmed, %lld refuted\n",
		client_number(answer, "trust"), client_number(answer, "ceiling"),
		client_number(answer, "confirmed"), client_number(answer, "refuted"));
	printf("network      %s, %s\n", client_text(answer, "address"), as_text(answer, as));
	printf("key          %s\n", json_is_true(json_object_get(answer, "key")) ? "yes" : "none");
	printf("denials      %lld in all its logs, evidence or not, since %s, the last %s\n",
		client_number(answer, "denials"), client_text(answer, "since"),
		client_text(answer, "last"));
	printf("today        %s\n", quota_text(answer, quota));
	print_days(answer);
	print_faults(answer);
	return EXIT_SUCCESS;
}

static int
print_change(const struct client *c, json_t *answer)
{
	if (c->json)
		client_print_json(answer);
	else
		printf("%s %s, %lld hosts are looked at again\n", client_text(answer, "reporter"),
			json_is_true(json_object_get(answer, "revoked")) ?
				"is revoked: nothing that it says counts" :
				"counts again",
			client_number(answer, "hosts"));
	return EXIT_SUCCESS;
}

/* --- what is asked --------------------------------------------------------- */

static bool
is_reporter_name(const char *name)
{
	char copy[CONF_REPORTER_NAME_MAX + 1];
	size_t len = strlen(name);

	return len != 0 && len < sizeof(copy) &&
		text_printable(text_of(name), copy, sizeof(copy)) == len && strcmp(name, copy) == 0;
}

/* No analyzer is asked: the key is known here alone. */
static int
make_key(const struct options *o)
{
	char key[REPORTER_KEY], hash[REPORTER_KEY_HASH];
	const char *name = o->name;
	json_t *answer;

	if (!is_reporter_name(name))
		return client_trouble(&o->client,
			"the reporter's name must have 1 to 64 printable ASCII characters");
	reporter_key_make(key);
	reporter_key_hash(key, hash);
	if (o->client.json) {
		answer = json_pack("{s:s, s:s, s:s}", "reporter", name, "key", key, "hash", hash);
		client_print_json(answer);
		json_decref(answer);
		return EXIT_SUCCESS;
	}
	printf("The key of %s, which is shown this once. Put it into a file of its own\n"
	       "that nobody else may read, for orbl submit --key-file FILE:\n\n"
	       "%s\n\n"
	       "And this line into its section of orbl.conf, then start orbl-analyzer again:\n\n"
	       "key = \"%s\"\n",
		name, key, hash);
	return EXIT_SUCCESS;
}

static const struct action {
	const char *name;
	bool has_name, has_reason;
	int (*print)(const struct client *c, json_t *answer); /* NULL: make_key */
} actions[] = {
	{"list", false, false, print_list},
	{"show", true, false, print_show},
	{"key", true, false, NULL},
	{"revoke", true, true, print_change},
	{"restore", true, true, print_change},
};

static int
ask(const struct options *o, const struct action *action)
{
	const struct client *c = &o->client;
	struct error e = {.code = OK};
	json_t *answer = NULL,
	       *request = json_pack("{s:s, s:s}", "cmd", "reporter", "action", action->name);
	int status;

	if (request != NULL && action->has_name)
		json_object_set_new(request, "reporter", json_string(o->name));
	if (request != NULL && action->has_reason)
		json_object_set_new(request, "reason", json_string(o->reason));
	if (client_call(c, request, &answer, &e) != OK) {
		status = client_failure(c, &e, NULL);
		return e.code == ERR_REFUSED ? EXIT_YES : status;
	}
	status = action->print(c, answer);
	json_decref(answer);
	return status;
}

static int
run(struct options *o, int argc, char **argv)
{
	const char *name = optind < argc ? argv[optind] : "list";
	int operands = argc - optind - 1;

	for (size_t i = 0; i < ORBL_COUNT(actions); i++) {
		const struct action *a = &actions[i];

		if (strcmp(a->name, name) != 0)
			continue;
		if (operands > 0 ? operands != a->has_name : a->has_name)
			return client_trouble(&o->client,
				a->has_name ? "name one reporter; see --help" :
					      "takes no operand; see --help");
		o->name = a->has_name ? argv[optind + 1] : NULL;
		if (a->has_reason && o->reason == NULL)
			return client_trouble(&o->client, "give a reason with --reason TEXT");
		return a->print == NULL ? make_key(o) : ask(o, a);
	}
	return client_trouble(&o->client, "no such action; see --help");
}

int
cmd_reporter(int argc, char **argv)
{
	static const struct option more[] = {
		{"reason", required_argument, NULL, 'R'},
		{0},
	};
	struct options o = {
		.client = {.command = "reporter", .usage = usage, .more = more, .take = take},
	};

	client_options(&o.client, argc, argv, "cjR");
	return o.client.done ? o.client.status : run(&o, argc, argv);
}
