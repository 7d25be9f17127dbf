/* Why an address is listed, or is not: the chain from log lines to what is published. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmd.h"
#include "ticket.h"

static const char usage[] =
	"usage: orbl explain [-c FILE] [--json] ADDRESS\n"
	"\n"
	"All that is known of an address, in the order in which it came about: the log lines, the\n"
	"points that they give and how, what was decided, the probes with what was said and the\n"
	"message that came back, the listings, delisting requests, what the audit log has of it;\n"
	"and what to do next.\n"
	"Exit status: 0 not listed, 1 listed, 2 trouble.\n";

static bool
has(const json_t *object, const char *key)
{
	return json_is_string(json_object_get(object, key));
}

static double
real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* "1 denial", "12 denials" */
static void
print_count(const json_t *object, const char *key, const char *one)
{
	json_int_t n = client_number(object, key);

	printf("%lld %s%s", n, one, n == 1 ? "" : "s");
}

/* Each item, under a title; nothing when there is none and if_none is NULL. */
static void
print_all(const json_t *answer, const char *key, const char *title, const char *if_none,
	void (*print)(const json_t *item))
{
	const json_t *array = json_object_get(answer, key), *item;
	size_t i;

	if (json_array_size(array) == 0 && if_none == NULL)
		return;
	printf("\n%s:\n", title);
	if (json_array_size(array) == 0)
		printf("  %s\n", if_none);
	json_array_foreach (array, i, item)
		print(item);
}

/* --- the host --------------------------------------------------------------------- */

static void
print_host(const json_t *answer)
{
	const json_t *h = json_object_get(answer, "host");
	json_int_t relapses = client_number(h, "relapses");

	printf("%s is %slisted", client_text(answer, "address"),
		json_is_true(json_object_get(answer, "listed")) ? "" : "not ");
	if (has(h, "since"))
		printf("; state %s since %s", client_text(h, "state"), client_text(h, "since"));
	if (relapses != 0)
		printf("; %lld relapse%s", relapses, relapses == 1 ? "" : "s");
	if (has(h, "removed"))
		printf("; taken off last at %s", client_text(h, "removed"));
	if (has(answer, "why_still"))
		printf("; STILL in DNS for what has ended: %s", client_text(answer, "why_still"));
	putchar('\n');
}

static void
print_order(const json_t *o)
{
	printf("  %s %s since %s%s%s, by %s: %s\n", client_text(o, "order"),
		client_text(o, "prefix"), client_text(o, "since"), has(o, "until") ? " until " : "",
		has(o, "until") ? client_text(o, "until") : "", client_text(o, "author"),
		client_text(o, "reason"));
}

/* --- evidence ---------------------------------------------------------------------- */

/* They are estimated; a denial is of one. */
static json_int_t
domains_of(const json_t *object)
{
	json_int_t domains = client_number(object, "domains");
	json_int_t denials = client_number(object, "denials");

	return domains < denials ? domains : denials;
}

static void
print_fact(const json_t *f)
{
	printf("  in the hour from %s  %lld %s by %s", client_text(f, "hour"),
		client_number(f, "denials"), client_text(f, "kind"), client_text(f, "reporter"));
	if (domains_of(f) > 1)
		printf(" to about %lld domains", domains_of(f));
	printf(", the first at %s:%lld", client_text(f, "file"), client_number(f, "line"));
	if (has(f, "rule"))
		printf(", its relay policy: %s", client_text(f, "rule"));
	printf("\n    %s\n", client_text(f, "text"));
	if (has(f, "hash"))
		printf("    line hash %s\n", client_text(f, "hash"));
}

/* How the points come about: "mx1: 3 facts, 12 denials, 4 domains, 2 days: 13.1 points x 1.75 =
 * 22.9 x trust 57 % = 13.1" */
static void
print_term(const json_t *t, double cap)
{
	double product = real(t, "sum") * real(t, "diversity");

	printf("    %s: ", client_text(t, "reporter"));
	print_count(t, "facts", "fact");
	printf(", ");
	print_count(t, "denials", "denial");
	printf(", ");
	if (domains_of(t) > 1)
		printf("about %lld domains", domains_of(t));
	else
		print_count(t, "domains", "domain");
	printf(", ");
	print_count(t, "days", "day");
	printf(": %.1f points x %.2f = %.1f", real(t, "sum"), real(t, "diversity"), product);
	if (product > cap)
		printf(", at most %.0f,", cap);
	printf(" x trust %lld %% = %.1f", client_number(t, "trust"), real(t, "points"));
	if (json_is_true(json_object_get(t, "is_new")))
		printf(" (new: no host it named was found open yet; score.new_trust)");
	if (strcmp(client_text(t, "key"), client_text(t, "reporter")) != 0)
		printf("; one with all of %s", client_text(t, "key"));
	putchar('\n');
}

static void
print_score(const json_t *answer)
{
	const json_t *score = json_object_get(answer, "score"), *t;
	double cap = real(score, "reporter_cap");
	size_t i;

	printf("\nScore, now: %.1f points from ", real(score, "points"));
	print_count(score, "independent", "independent reporter");
	printf("; a probe needs %lld from %lld", client_number(score, "threshold"),
		client_number(score, "min_reporters"));
	if (client_number(score, "suspect_at") != 0)
		printf(", an entry as suspect %lld from %lld", client_number(score, "suspect_at"),
			client_number(score, "suspect_reporters"));
	printf("\n  %s\n", client_text(score, "decision"));
	json_array_foreach (json_object_get(score, "terms"), i, t)
		print_term(t, cap);
}

/* --- decisions --------------------------------------------------------------------------- */

static void
print_scored(const json_t *d)
{
	const json_t *inputs = json_object_get(d, "inputs"), *t;
	const json_t *result = json_object_get(d, "result");
	double cap = real(json_object_get(inputs, "rules"), "reporter_cap");
	size_t i;

	printf("%s: %s, on ", client_text(result, "decision"), client_text(result, "reason"));
	print_count(inputs, "facts", "fact");
	putchar('\n');
	json_array_foreach (json_object_get(result, "terms"), i, t)
		print_term(t, cap);
}

static void
print_source(const json_t *inputs, const char *source)
{
	const json_t *probe = json_object_get(inputs, source);

	if (json_is_object(probe))
		printf("; probe %lld of the %s source: %s", client_number(probe, "probe"), source,
			has(probe, "verdict") ? client_text(probe, "verdict") : "not made");
}

static void
print_names(const json_t *array, const char *before)
{
	const json_t *name;
	size_t i;

	json_array_foreach (array, i, name)
		printf("%s%s", i == 0 ? before : ", ", json_string_value(name));
}

static void
print_verdict(const json_t *d)
{
	const json_t *inputs = json_object_get(d, "inputs");
	const json_t *result = json_object_get(d, "result");

	printf("%s: %s", client_text(result, "verdict"), client_text(result, "decision"));
	if (has(result, "category"))
		printf(" as %s", client_text(result, "category"));
	print_names(json_object_get(result, "ends"), ", what ends: ");
	print_names(json_object_get(inputs, "keeps"), ", not proved again: ");
	print_source(inputs, "first");
	print_source(inputs, "second");
	if (client_number(result, "retry_s") != 0)
		printf("; again after %lld s", client_number(result, "retry_s"));
	putchar('\n');
}

static void
print_decision(const json_t *d)
{
	printf("  decision %lld, %s, %s", client_number(d, "decision"), client_text(d, "time"),
		client_text(d, "kind"));
	if (json_is_integer(json_object_get(d, "probe")))
		printf(", probe %lld", client_number(d, "probe"));
	printf(": ");
	if (strcmp(client_text(d, "kind"), "verdict") == 0)
		print_verdict(d);
	else
		print_scored(d);
}

/* --- probes ----------------------------------------------------------------------------------- */

/* What has become of it so far. */
static void
print_state(const json_t *p)
{
	json_int_t tries = client_number(p, "tries");

	if (has(p, "verdict"))
		printf("%s: %s: %s", client_text(p, "finished"), client_text(p, "verdict"),
			client_text(p, "reason"));
	else if (has(p, "finished"))
		printf("%s: not made: %s", client_text(p, "finished"), client_text(p, "reason"));
	else if (has(p, "started"))
		printf("under way since %s", client_text(p, "started"));
	else
		printf("waits, due %s", client_text(p, "not_before"));
	if (json_is_null(json_object_get(p, "finished")) && tries != 0)
		printf(", try %lld", tries + 1);
	putchar('\n');
}

static void
print_lines(const json_t *lines, const char *indent)
{
	const json_t *line;
	size_t i;

	json_array_foreach (lines, i, line)
		printf("%s%s\n", indent, json_string_value(line));
}

/* The proof. */
static void
print_message(const json_t *c)
{
	if (!json_is_true(json_object_get(c, "arrived")))
		return;
	printf("    %s came back from %s", client_text(c, "case"), client_text(c, "output"));
	if (has(c, "arrived_at"))
		printf(" at %s", client_text(c, "arrived_at"));
	printf(", MAIL FROM:%s RCPT TO:%s\n", client_text(c, "mail_from"),
		client_text(c, "rcpt_to"));
	print_lines(json_object_get(c, "headers"), "      ");
}

static void
print_probe(const json_t *p)
{
	const json_t *result = json_object_get(p, "result"), *c;
	size_t i;

	printf("  probe %lld (%s%s), ", client_number(p, "probe"), client_text(p, "cause"),
		strcmp(client_text(p, "source"), "second") == 0 ? ", second source" : "");
	print_state(p);
	if (has(p, "pair_verdict"))
		printf("    with probe %lld from the first source: %s\n", client_number(p, "first"),
			client_text(p, "pair_verdict"));
	print_lines(json_object_get(result, "transcript"), "    ");
	json_array_foreach (json_object_get(result, "cases"), i, c)
		print_message(c);
}

/* --- listings and what follows ------------------------------------------------------------------
 */

static void
print_owner(const json_t *l)
{
	bool has_asn = json_is_integer(json_object_get(l, "asn"));

	if (has_asn)
		printf("    AS%lld %s", client_number(l, "asn"),
			has(l, "as_org") ? client_text(l, "as_org") : "");
	if (has(l, "country"))
		printf("%s%s", has_asn ? ", " : "    ", client_text(l, "country"));
	if (has_asn || has(l, "country"))
		putchar('\n');
}

static void
print_listing(const json_t *l)
{
	printf("  %s as %s, %s in %s, since %s", client_text(l, "prefix"),
		client_text(l, "category"), client_text(l, "code"), client_text(l, "zone"),
		client_text(l, "since"));
	if (has(l, "effective"))
		printf(", in DNS from %s", client_text(l, "effective"));
	printf(", until %s\n    %s", client_text(l, "expires"), client_text(l, "reason"));
	ticket_print_grounds(l);
	putchar('\n');
	print_owner(l);
}

static void
print_delisting(const json_t *d)
{
	printf("  request %lld, %s: %s%s%s\n", client_number(d, "request"),
		client_text(d, "requested"), client_text(d, "state"), has(d, "reason") ? ": " : "",
		has(d, "reason") ? client_text(d, "reason") : "");
}

static void
print_record(const json_t *r)
{
	printf("  %lld  %s  %s %s%s%s: %s\n", client_number(r, "seq"), client_text(r, "time"),
		client_text(r, "action"), client_text(r, "subject"),
		client_text(r, "author")[0] != '\0' ? " by " : "", client_text(r, "author"),
		client_text(r, "detail"));
}

static void
print_next(const json_t *sentence)
{
	printf("  - %s\n", json_string_value(sentence));
}

static void
print_explanation(const json_t *answer)
{
	print_host(answer);
	print_all(answer, "listings", "Listings", NULL, print_listing);
	print_all(answer, "orders", "Orders of an operator", NULL, print_order);
	print_all(answer, "evidence", "Log evidence, the newest first", "none", print_fact);
	print_score(answer);
	print_all(answer, "decisions", "Decisions, the newest first", NULL, print_decision);
	print_all(answer, "probes", "Probes, the newest first", "none", print_probe);
	print_all(answer, "delistings", "Delisting requests, the newest first", NULL,
		print_delisting);
	print_all(answer, "audit", "Audit log, the newest first", NULL, print_record);
	print_all(answer, "next", "What to do", NULL, print_next);
}

int
cmd_explain(int argc, char **argv)
{
	struct client c = {.command = "explain", .usage = usage};
	int status;
	json_t *answer = client_ask(&c, argc, argv, true, &status);

	if (answer == NULL)
		return status;
	status = json_is_true(json_object_get(answer, "listed")) ? EXIT_YES : EXIT_SUCCESS;
	if (c.json)
		client_print_json(answer);
	else
		print_explanation(answer);
	json_decref(answer);
	return status;
}
