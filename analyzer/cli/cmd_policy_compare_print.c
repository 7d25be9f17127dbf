#include "cmd_policy_compare.h"

enum { SOURCE_MAX = 640, SHOWN_CASES = 3 };

/* --- text ------------------------------------------------------------------------ */

/* Alike in what the policy says, by which line, and in what was found. */
static bool
is_same_group(const struct policy_compared *a, const struct policy_compared *b)
{
	return a->comparison.why == b->comparison.why && a->predicted == b->predicted &&
		a->found == b->found && policy_is_same(&a->decision, &b->decision);
}

static bool
is_first_of_group(const struct policy_compare *c, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (c->cases[j].found != RELAY_FOUND_NOTHING &&
			is_same_group(&c->cases[j], &c->cases[i]))
			return false;
	return true;
}

static void
print_addresses(const struct policy_compared *one)
{
	char sender[POLICY_SHOWN], recipient[POLICY_SHOWN], reply[POLICY_SHOWN];

	printf("  %-17s MAIL FROM:%s RCPT TO:%s\n", one->row->id,
		policy_printable(one->mail_from, sender),
		policy_printable(one->rcpt_to, recipient));
	printf("  %-17s %s\n", "", policy_printable(one->reply, reply));
}

static size_t
print_members(const struct policy_compare *c, size_t first)
{
	struct policy_names names = {.used = 0};
	size_t count = 0;

	for (size_t i = first; i < c->count; i++) {
		const struct policy_compared *one = &c->cases[i];

		if (one->found == RELAY_FOUND_NOTHING || !is_same_group(&c->cases[first], one))
			continue;
		if (count++ < SHOWN_CASES || c->options->all)
			print_addresses(one);
		else
			policy_names_add(&names, one->row->id);
	}
	if (names.used != 0)
		policy_print_text("and ", names.text, 2);
	return count;
}

static void
print_group(const struct policy_compare *c, size_t first)
{
	const struct policy_compared *one = &c->cases[first];
	char source[SOURCE_MAX];
	size_t count;

	policy_format_source(&one->decision, c->options->file, source, sizeof(source));
	printf("\n%s: %s\n",
		one->comparison.agreement == RELAY_AGREEMENT_DIFFERENT ? "DIFFERENT" :
									 "cannot tell",
		one->comparison.why);
	printf("  policy: %s (%s)\n  server: %s\n", relay_outlook_name(one->predicted), source,
		relay_found_name(one->found));
	count = print_members(c, first);
	printf("  %zu test%s\n", count, count == 1 ? "" : "s");
}

static void
print_groups(const struct policy_compare *c, enum relay_agreement agreement)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->cases[i].comparison.agreement == agreement && is_first_of_group(c, i))
			print_group(c, i);
}

static void
print_short(const struct policy_compared *one)
{
	printf("  %-12s %-17s policy %-8s server %s\n",
		relay_agreement_name(one->comparison.agreement), one->row->id,
		one->found == RELAY_FOUND_NOTHING ? "-" : relay_outlook_name(one->predicted),
		relay_found_name(one->found));
}

/* Networks of which servers believe that they are their own. */
static bool
is_private(const struct addr *a)
{
	static const char *const networks[] = {"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
		"169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7",
		"fe80::/10"};
	struct prefix p;

	for (size_t i = 0; i < ORBL_COUNT(networks); i++)
		if (prefix_parse(text_of(networks[i]), &p) == OK && prefix_has_addr(&p, a))
			return true;
	return false;
}

static bool
is_inside(const struct policy_compare *c)
{
	return c->whose == POLICY_CLIENT_PROBE &&
		(c->trusted || is_private(&c->client) || addr_equal(&c->client, &c->local));
}

static void
print_client(const struct policy_compare *c)
{
	char client[ADDR_TEXT], source[ADDR_TEXT];

	addr_format(&c->client, client);
	switch (c->whose) {
	case POLICY_CLIENT_GIVEN:
		printf("The policy was asked for a client at %s.\n", client);
		break;
	case POLICY_CLIENT_PROBE:
		if (is_inside(c))
			printf("Tested from inside (%s): predicted for that client. Others may get "
			       "other answers.\n",
				client);
		else
			printf("Tested from %s: the policy was asked for that client.\n", client);
		break;
	case POLICY_CLIENT_HIDDEN:
		printf("Tested from %s, which is not what a public server sees: the policy was "
		       "asked for\na stranger, %s. --client names another one.\n",
			addr_format(&c->source, source), client);
		break;
	case POLICY_CLIENT_UNKNOWN:
		printf("From where it was tested is not known: the policy was asked for a "
		       "stranger, %s.\n",
			client);
		break;
	}
}

void
policy_compare_print_text(const struct policy_compare *c)
{
	const size_t *n = c->agreements;
	char target[POLICY_SHOWN], verdict[POLICY_SHOWN], reason[POLICY_SHOWN];

	printf("%s and %s: %s: %zu of %zu tests that were asked\n", c->options->file,
		policy_printable(policy_compare_text(c->result, "target"), target),
		n[RELAY_AGREEMENT_DIFFERENT] != 0     ? "DIFFERENT" :
			n[RELAY_AGREEMENT_EQUAL] != 0 ? "equal" :
							"nothing to compare",
		n[RELAY_AGREEMENT_DIFFERENT] != 0 ? n[RELAY_AGREEMENT_DIFFERENT] :
						    n[RELAY_AGREEMENT_EQUAL],
		c->count - n[RELAY_AGREEMENT_NOT_ASKED]);
	print_groups(c, RELAY_AGREEMENT_DIFFERENT);
	print_groups(c, RELAY_AGREEMENT_UNKNOWN);
	putchar('\n');
	for (size_t i = 0; c->options->all && i < c->count; i++)
		print_short(&c->cases[i]);
	if (c->options->all)
		putchar('\n');
	printf("%zu different, %zu cannot tell, %zu equal, %zu not asked\n",
		n[RELAY_AGREEMENT_DIFFERENT], n[RELAY_AGREEMENT_UNKNOWN], n[RELAY_AGREEMENT_EQUAL],
		n[RELAY_AGREEMENT_NOT_ASKED]);
	printf("The probe says: %s: %s\n",
		policy_printable(policy_compare_text(c->result, "verdict"), verdict),
		policy_printable(policy_compare_text(c->result, "reason"), reason));
	print_client(c);
}

/* --- JSON ---------------------------------------------------------------------------- */

static json_t *
predicted_json(const struct policy_compare *c, const struct policy_compared *one)
{
	const struct relay_decision *d = &one->decision;

	if (one->found == RELAY_FOUND_NOTHING)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}", "outcome",
		relay_outlook_name(one->predicted), "verdict", relay_answer_name(d->answer), "rule",
		d->rule, "list", d->list, "entry", d->entry, "file",
		d->line == 0            ? NULL :
			d->file != NULL ? d->file :
					  c->options->file,
		"line", policy_line_json(d->line));
}

static json_t *
cases_json(const struct policy_compare *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->count; i++) {
		const struct policy_compared *one = &c->cases[i];

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:s, s:s?}", "case",
				one->row->id, "comparison",
				relay_agreement_name(one->comparison.agreement), "why",
				one->comparison.why, "mail_from", one->mail_from, "rcpt_to",
				one->rcpt_to, "predicted", predicted_json(c, one), "found",
				relay_found_name(one->found), "reply", one->reply));
	}
	return array;
}

void
policy_compare_print_json(const struct policy_compare *c)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < RELAY_AGREEMENT_COUNT; i++)
		json_object_set_new(counts, relay_agreement_name((enum relay_agreement)i),
			json_integer((json_int_t)c->agreements[i]));
	policy_print_json(json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:b, s:o, s:o, s:o}",
		"file", c->options->file, "dialect",
		relay_dialect_name(relay_policy_dialect(c->policy.policy)), "target",
		policy_compare_text(c->result, "target"), "verdict",
		policy_compare_text(c->result, "verdict"), "client",
		policy_address_json(&c->client), "inside", is_inside(c), "local",
		policy_address_json(&c->local), "different",
		c->agreements[RELAY_AGREEMENT_DIFFERENT] != 0, "counts", counts, "cases",
		cases_json(c), "warnings",
		policy_warnings_json(c->policy.warnings, c->options->file)));
}
