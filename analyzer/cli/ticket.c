#include "ticket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

static bool
is_state(const json_t *ticket, const char *state)
{
	return strcmp(client_text(ticket, "state"), state) == 0;
}

static bool
has(const json_t *object, const char *key)
{
	return json_is_string(json_object_get(object, key));
}

static void
print_progress(const json_t *t)
{
	if (is_state(t, "testing")) {
		printf("The test is under way since %s, probe %lld, %lld cases have their "
		       "answer.\n",
			client_text(t, "started"), client_number(t, "probe"),
			client_number(t, "cases_answered"));
		if (client_text(t, "last")[0] != '\0')
			printf("Last said: %s\n", client_text(t, "last"));
		return;
	}
	printf("The test is queued as probe %lld, due %s.\n", client_number(t, "probe"),
		client_text(t, "due"));
	if (strcmp(client_text(t, "waits_for"), "opt_out_file") == 0)
		printf("It waits until probe.opt_out_file can be read: without that nobody is "
		       "probed.\n");
}

static void
print_case(const json_t *c)
{
	if (!json_is_object(c))
		return;
	printf("  case   %s\n  MAIL   %s\n  RCPT   %s\n", client_text(c, "case"),
		client_text(c, "mail_from"), client_text(c, "rcpt_to"));
	if (client_text(c, "reply")[0] != '\0')
		printf("  reply  %s\n", client_text(c, "reply"));
}

void
ticket_print_grounds(const json_t *l)
{
	json_int_t probe = client_number(l, "probe");

	if (has(l, "author"))
		printf(" (by %s)", client_text(l, "author"));
	else if (probe == 0)
		printf(" (by log evidence)");
	if (probe != 0)
		printf(" (probe %lld)", probe);
	if (has(l, "why_not"))
		printf("; NOT in DNS: %s", client_text(l, "why_not"));
}

/* What it is listed for now: again, or for something else. */
static void
print_listings(const json_t *t)
{
	const json_t *l;
	size_t i;

	json_array_foreach (json_object_get(t, "listings"), i, l) {
		printf("%s is %s as %s since %s, until %s: %s", client_text(t, "address"),
			strcmp(client_text(l, "since"), client_text(t, "finished")) < 0 ?
				"still listed" :
				"listed again",
			client_text(l, "category"), client_text(l, "since"),
			client_text(l, "expires"), client_text(l, "reason"));
		ticket_print_grounds(l);
		putchar('\n');
	}
	if (i != 0)
		printf("See why: orbl explain %s\n", client_text(t, "address"));
}

static void
print_delisted(const json_t *t)
{
	bool listed = json_array_size(json_object_get(t, "listings")) != 0;

	if (!listed)
		printf("%s is not listed any more.\n", client_text(t, "address"));
	print_listings(t);
	if (has(t, "why_still"))
		printf("It is STILL in DNS for what has ended: %s.\n", client_text(t, "why_still"));
	if (has(t, "visible_by") && !listed)
		printf("Resolvers that remember the old answer have forgotten it by %s.\n",
			client_text(t, "visible_by"));
	if (has(t, "retest"))
		printf("It is tested once more at %s: if it is open then, it is listed again, and "
		       "has to wait before it can ask.\n",
			client_text(t, "retest"));
}

static void
print_refused(const json_t *t)
{
	const json_t *l;
	size_t i;

	printf("%s stays listed: %s: %s\n", client_text(t, "address"), client_text(t, "verdict"),
		client_text(t, "reason"));
	print_case(json_object_get(t, "case"));
	printf("%s\n", client_text(t, "advice"));
	json_array_foreach (json_object_get(t, "listings"), i, l)
		printf("Listed as %s until %s.\n", client_text(l, "category"),
			client_text(l, "expires"));
	if (has(t, "next_request"))
		printf("The next request is taken at %s.\n", client_text(t, "next_request"));
	printf("See what was said: orbl explain %s\n", client_text(t, "address"));
}

void
ticket_print(const json_t *t)
{
	printf("request %lld of %s for %s: %s%s%s\n", client_number(t, "request"),
		client_text(t, "requested"), client_text(t, "address"), client_text(t, "state"),
		has(t, "finished") ? " at " : "",
		has(t, "finished") ? client_text(t, "finished") : "");
	if (is_state(t, "delisted"))
		print_delisted(t);
	else if (is_state(t, "refused"))
		print_refused(t);
	else
		print_progress(t);
}

int
ticket_status(const json_t *t)
{
	return is_state(t, "refused") ? EXIT_YES : EXIT_SUCCESS;
}
