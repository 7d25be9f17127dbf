/* What was decided is decided again: orbl replay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"

static const char usage[] =
	"usage: orbl replay [-c FILE] [--json] ADDRESS\n"
	"       orbl replay [-c FILE] [--json] --all\n"
	"\n"
	"Everything that was decided about an address, or about all, is decided again from what "
	"was\n"
	"kept: log lines, rules, trust, the dialogues of probes. What does not come out as it was\n"
	"then is named. Exit status: 0 all is as it was, 1 something is not, 2 trouble.\n";

enum { LETTER_ALL = 'A' };

static const struct option more[] = {
	{"all", no_argument, NULL, LETTER_ALL},
	{NULL, 0, NULL, 0},
};

struct totals {
	json_int_t decisions, probes, facts, facts_gone, results_gone, found;
	json_t *differences; /* with --json */
};

struct replay_client {
	struct client client; /* first */
	bool all;
};

static void
take(struct client *c, int letter, const char *value)
{
	(void)letter;
	(void)value;
	((struct replay_client *)c)->all = true;
}

static void
print_difference(const json_t *d)
{
	const char *what = client_text(d, "what"), *kind = client_text(d, "kind");

	printf("%s, %s %lld%s%s of %s: %s\n", client_text(d, "address"),
		strcmp(what, "evidence") == 0 ? "evidence of decision" : what,
		client_number(d, "id"), kind[0] != '\0' ? ", " : "", kind, client_text(d, "time"),
		client_text(d, "text"));
}

static void
add(const struct client *c, struct totals *t, const json_t *answer)
{
	const json_t *d;
	size_t i;

	t->decisions += client_number(answer, "decisions");
	t->probes += client_number(answer, "probes");
	t->facts += client_number(answer, "facts");
	t->facts_gone += client_number(answer, "facts_gone");
	t->results_gone += client_number(answer, "results_gone");
	t->found += client_number(answer, "differences_found");
	if (c->json)
		json_array_extend(t->differences, json_object_get(answer, "differences"));
	else
		json_array_foreach (json_object_get(answer, "differences"), i, d)
			print_difference(d);
}

static const char *
plural(json_int_t n)
{
	return n == 1 ? "" : "s";
}

static void
print_totals(const struct totals *t)
{
	printf("%lld decision%s on %lld fact%s and %lld probe%s made again: ", t->decisions,
		plural(t->decisions), t->facts, plural(t->facts), t->probes, plural(t->probes));
	if (t->found == 0)
		printf("all is as it was\n");
	else
		printf("%lld difference%s\n", t->found, plural(t->found));
	if (t->facts_gone != 0 || t->results_gone != 0)
		printf("Not kept any more: the log lines of %lld fact%s, %lld dialogue%s.\n",
			t->facts_gone, plural(t->facts_gone), t->results_gone,
			plural(t->results_gone));
}

static void
print_json(const struct totals *t)
{
	json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "decisions", t->decisions,
		"probes", t->probes, "facts", t->facts, "facts_gone", t->facts_gone, "results_gone",
		t->results_gone, "differences_found", t->found, "differences", t->differences);

	client_print_json(json);
	json_decref(json);
}

/* With address NULL all, a part after the other. */
static enum err
ask(const struct client *c, const char *address, struct totals *t, struct error *e)
{
	json_int_t after = 0;
	json_t *answer, *request;
	enum err err = OK;

	for (bool goes_on = true; err == OK && goes_on;) {
		request = address != NULL ?
			json_pack("{s:s, s:s}", "cmd", "replay", "address", address) :
			json_pack("{s:s, s:I}", "cmd", "replay", "after", after);
		if (request == NULL)
			return error_set(e, ERR_SYNTAX, "the address is not UTF-8 text");
		err = client_call(c, request, &answer, e);
		if (err != OK)
			return err;
		add(c, t, answer);
		goes_on = json_is_integer(json_object_get(answer, "next"));
		after = client_number(answer, "next");
		json_decref(answer);
	}
	return err;
}

int
cmd_replay(int argc, char **argv)
{
	struct replay_client r = {
		.client = {.command = "replay", .usage = usage, .more = more, .take = take},
	};
	const struct client *c = &r.client;
	struct totals t = {.decisions = 0};
	struct error e = {.code = OK};
	enum err err;

	client_options(&r.client, argc, argv, "cjA");
	if (c->done)
		return c->status;
	if (argc - optind != (r.all ? 0 : 1))
		return client_trouble(c, "name one address, or --all; see --help");
	t.differences = json_array();
	err = ask(c, r.all ? NULL : argv[optind], &t, &e);
	if (err == OK && c->json)
		print_json(&t);
	else if (err == OK)
		print_totals(&t);
	json_decref(t.differences);
	if (err != OK)
		return client_failure(c, &e, NULL);
	return t.found != 0 ? EXIT_YES : EXIT_SUCCESS;
}
