#include <string.h>

#include "cmd_policy.h"
#include "relay_audit.h"

enum { SHOWN_CASES = 3, SOURCE_MAX = 640 };

/* --- groups of cases --------------------------------------------------------- */

/* Decided alike, by the same line. */
static bool
is_same_group(const struct relay_audit_case *a, const struct relay_audit_case *b)
{
	return a->outlook == b->outlook && policy_is_same(&a->decision, &b->decision);
}

static bool
is_first_of_group(const struct relay_audit *a, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_same_group(&a->cases[j], &a->cases[i]))
			return false;
	return true;
}

static size_t
count_group(const struct relay_audit *a, size_t first)
{
	size_t count = 0;

	for (size_t i = first; i < a->count; i++)
		count += is_same_group(&a->cases[first], &a->cases[i]);
	return count;
}

/* --- text ------------------------------------------------------------------------ */

static void
print_case(const struct relay_audit_case *c)
{
	printf("  %-17s MAIL FROM:%s RCPT TO:%s\n", c->row->id, c->mail_from, c->rcpt_to);
}

static const char *
plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Names of the cases of a group from the skipped ones on. */
static void
print_names(const struct relay_audit *a, size_t first, size_t skip)
{
	struct policy_names names = {.used = 0};

	for (size_t i = first; i < a->count; i++) {
		if (!is_same_group(&a->cases[first], &a->cases[i]))
			continue;
		if (skip != 0)
			skip--;
		else
			policy_names_add(&names, a->cases[i].row->id);
	}
	policy_print_text("and ", names.text, 2);
}

static void
print_hole(const struct relay_audit *a, size_t first, const char *file, bool all)
{
	const struct relay_audit_case *c = &a->cases[first];
	size_t count = count_group(a, first), shown = 0;
	char source[SOURCE_MAX];

	policy_format_source(&c->decision, file, source, sizeof(source));
	printf("\nHOLE: %zu test%s %s: %s\n", count, plural(count),
		c->outlook == RELAY_OUTLOOK_RELAYED ? "relayed" : "accepted, then bounced", source);
	for (size_t i = first; i < a->count; i++)
		if (is_same_group(c, &a->cases[i]) && (all || shown < SHOWN_CASES)) {
			print_case(&a->cases[i]);
			shown++;
		}
	if (shown < count)
		print_names(a, first, shown);
	policy_print_text("Change: ", relay_audit_remedy(&c->decision), 2);
}

static void
print_group(const struct relay_audit *a, size_t first, const char *file, bool all)
{
	const struct relay_audit_case *c = &a->cases[first];
	size_t count = count_group(a, first);
	char source[SOURCE_MAX];

	policy_format_source(&c->decision, file, source, sizeof(source));
	printf("\n%zu test%s %s: %s\n", count, plural(count), relay_outlook_name(c->outlook),
		source);
	for (size_t i = first; all && i < a->count; i++)
		if (is_same_group(c, &a->cases[i]))
			print_case(&a->cases[i]);
}

/* Of one restriction with one table. */
static bool
is_same_table(const struct relay_forgery *a, const struct relay_forgery *b)
{
	return strcmp(a->decision.rule, b->decision.rule) == 0 &&
		strcmp(a->decision.list, b->decision.list) == 0;
}

static bool
is_first_forgery(const struct relay_audit *a, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_same_table(&a->forgeries[j], &a->forgeries[i]))
			return false;
	return true;
}

static void
print_forgery(const struct relay_forgery *f, const char *file)
{
	char source[SOURCE_MAX];

	policy_format_source(&f->decision, file, source, sizeof(source));
	printf("  relays for %s\n    %s\n", f->who, source);
}

static void
print_forgeries(const struct relay_audit *a, const struct policy_options *o)
{
	for (size_t i = 0; i < a->forgery_count; i++) {
		size_t count = 0;

		if (!is_first_forgery(a, i))
			continue;
		printf("\nHOLE: forgeable: %s, %s\n", a->forgeries[i].decision.rule,
			a->forgeries[i].decision.list);
		for (size_t j = i; j < a->forgery_count; j++)
			if (is_same_table(&a->forgeries[i], &a->forgeries[j]) &&
				(count++ < SHOWN_CASES || o->all))
				print_forgery(&a->forgeries[j], o->file);
		if (count > SHOWN_CASES && !o->all)
			printf("  and %zu more (--all)\n", count - SHOWN_CASES);
		policy_print_text("Change: ", relay_audit_remedy(&a->forgeries[i].decision), 2);
	}
}

static void
print_not_judged(const struct relay_audit *a, const char *file)
{
	if (a->not_judged_count != 0)
		printf("\nNot judged: may let strangers relay, or not\n");
	for (size_t i = 0; i < a->not_judged_count; i++) {
		const struct relay_unjudged *u = &a->not_judged[i];

		printf("  %s:%u: %s\n", u->file != NULL ? u->file : file, u->line, u->what);
	}
}

static void
print_no_hole(const struct relay_audit *a, const char *file, const char *who)
{
	if (a->fatal)
		printf("%s: DOES NOT SERVE: smtpd ends with a fatal error, so all %zu relay tests "
		       "by %s are denied, as all mail is\n",
			file, a->count, who);
	else if (a->not_judged_count != 0)
		printf("%s: no hole in what could be judged; %zu thing%s not judged: none of %zu "
		       "relay tests by %s is relayed or bounced\n",
			file, a->not_judged_count, plural(a->not_judged_count), a->count, who);
	else
		printf("%s: no hole: none of %zu relay tests by %s is relayed or bounced\n", file,
			a->count, who);
}

static void
print_headline(const struct relay_audit *a, const char *file)
{
	size_t relayed = a->outlooks[RELAY_OUTLOOK_RELAYED];
	size_t bounced = a->outlooks[RELAY_OUTLOOK_BOUNCED];
	const char *who = a->strangers > 1 ? "a stranger" : "this client";

	if (relayed != 0)
		printf("%s: %s: %zu of %zu relay tests by %s are relayed\n", file,
			a->strangers > 1 ? "OPEN RELAY" : "RELAYED", relayed, a->count, who);
	else if (bounced != 0)
		printf("%s: BOUNCES: %zu of %zu relay tests by %s are accepted and then bounced\n",
			file, bounced, a->count, who);
	else if (a->forgery_count != 0)
		printf("%s: FORGEABLE: relays for whoever says what anybody can say: %zu entr%s\n",
			file, a->forgery_count, a->forgery_count == 1 ? "y" : "ies");
	else
		print_no_hole(a, file, who);
}

static void
print_setting(const struct relay_audit *a)
{
	char client[ADDR_TEXT], local[ADDR_TEXT];

	printf("Asked for a client at %s", addr_format(&a->client, client));
	if (a->strangers > 1)
		printf(" (%zu of %zu strangers fare as this one)", a->alike, a->strangers);
	if (a->local.family != 0)
		printf(",\nconnected to %s", addr_format(&a->local, local));
	printf(",\nof a server that calls itself %s, mail domain %s", a->host, a->domain);
	if (a->names > 1)
		printf(", and %zu other names", a->names - 1);
	printf(".\n");
	if (!a->knows_domains)
		policy_print_text("",
			"The policy names no local domain: what the server reads into addresses of "
			"its own domains is not seen here.",
			0);
}

/* Said above, with the hole. */
static bool
is_said(const struct relay_audit *a, const char *remedy)
{
	for (size_t i = 0; i < a->count; i++)
		if (relay_outlook_is_hole(a->cases[i].outlook) &&
			relay_audit_remedy(&a->cases[i].decision) == remedy)
			return true;
	return false;
}

static void
print_advice_in_full(const struct relay_audit *a, const struct relay_advice *r)
{
	char label[96];

	snprintf(label, sizeof(label), "%-9s  %-10s %s", relay_met_name(r->met), r->id, r->text);
	printf("  %s\n", label);
	policy_print_text("", r->why, 13);
	if (r->remedy != NULL && !is_said(a, r->remedy))
		policy_print_text(r->met == RELAY_MET_NO ? "Change: " : "", r->remedy, 13);
}

/* What is not met, and what is not known though there is a way to know. */
static bool
is_urgent(const struct relay_advice *r)
{
	return r->met == RELAY_MET_NO ||
		(r->met == RELAY_MET_UNKNOWN && !r->silent && r->remedy != NULL);
}

static void
print_advice_ids(const struct relay_audit *a, enum relay_met met)
{
	char ids[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < a->advice_count; i++)
		if (a->advice[i].met == met && !is_urgent(&a->advice[i]))
			used += (size_t)snprintf(ids + used, sizeof(ids) - used, "%s%s",
				used == 0 ? "" : ", ", a->advice[i].id);
	if (used != 0)
		printf("  %-9s  %s\n", relay_met_name(met), ids);
}

static void
print_recommendations(const struct relay_audit *a, bool all)
{
	printf("\nRecommendations of RFC 2505, by section:\n");
	for (size_t i = 0; i < a->advice_count; i++)
		if (all || is_urgent(&a->advice[i]))
			print_advice_in_full(a, &a->advice[i]);
	if (all)
		return;
	print_advice_ids(a, RELAY_MET_YES);
	print_advice_ids(a, RELAY_MET_UNKNOWN);
	printf("  (--all says why, and where to look)\n");
}

static const char *
format_wide(const struct relay_wide *w, char out[SOURCE_MAX])
{
	snprintf(out, SOURCE_MAX,
		"%.100s %.200s lets %s addresses relay; is a digit of the network or its mask "
		"lost?",
		w->list, w->entry, w->size);
	return out;
}

static void
print_warnings(const struct relay_audit *a, const char *warnings, const char *file)
{
	char text[SOURCE_MAX];

	if (warnings[0] == '\0' && a->wide_count == 0)
		return;
	printf("\nWarnings:\n");
	for (size_t i = 0; i < a->wide_count; i++)
		printf("  %s:%u: %s\n", a->wide[i].file != NULL ? a->wide[i].file : file,
			a->wide[i].line, format_wide(&a->wide[i], text));
	for (struct text rest = text_of(warnings), line; text_next_line(&rest, &line);)
		printf("  %.*s\n", TEXT_ARG(line));
}

static void
print_text(const struct relay_audit *a, const struct policy_file *f, const struct policy_options *o)
{
	print_headline(a, o->file);
	for (size_t i = 0; i < a->count; i++)
		if (relay_outlook_is_hole(a->cases[i].outlook) && is_first_of_group(a, i))
			print_hole(a, i, o->file, o->all);
	print_forgeries(a, o);
	print_not_judged(a, o->file);
	for (size_t i = 0; i < a->count; i++)
		if (!relay_outlook_is_hole(a->cases[i].outlook) && is_first_of_group(a, i))
			print_group(a, i, o->file, o->all);
	print_recommendations(a, o->all);
	print_warnings(a, f->warnings != NULL ? f->warnings : "", o->file);
	putchar('\n');
	print_setting(a);
}

/* --- JSON ---------------------------------------------------------------------------- */

static json_t *
cases_json(const struct relay_audit *a, const char *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->count; i++) {
		const struct relay_audit_case *c = &a->cases[i];
		const struct relay_decision *d = &c->decision;
		bool hole = relay_outlook_is_hole(c->outlook);

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s?, s:s?, s:s?, s:o, "
				  "s:s?}",
				"case", c->row->id, "finds", c->row->finds, "mail_from",
				c->mail_from, "rcpt_to", c->rcpt_to, "outcome",
				relay_outlook_name(c->outlook), "hole", hole, "verdict",
				relay_answer_name(d->answer), "rule", d->rule, "list", d->list,
				"entry", d->entry, "file",
				d->line == 0            ? NULL :
					d->file != NULL ? d->file :
							  file,
				"line", policy_line_json(d->line), "remedy",
				hole ? relay_audit_remedy(d) : NULL));
	}
	return array;
}

static json_t *
forgeries_json(const struct relay_audit *a, const char *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->forgery_count; i++) {
		const struct relay_decision *d = &a->forgeries[i].decision;

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:o, s:s}", "who",
				a->forgeries[i].who, "rule", d->rule, "list", d->list, "entry",
				d->entry, "file", d->file != NULL ? d->file : file, "line",
				policy_line_json(d->line), "remedy", relay_audit_remedy(d)));
	}
	return array;
}

static json_t *
remark_json(const char *key, const char *text, const char *file, unsigned line)
{
	return json_pack("{s:s, s:s, s:o}", key, text, "file", file, "line",
		policy_line_json(line));
}

static json_t *
not_judged_json(const struct relay_audit *a, const char *file)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->not_judged_count; i++) {
		const struct relay_unjudged *u = &a->not_judged[i];

		json_array_append_new(array,
			remark_json("what", u->what, u->file != NULL ? u->file : file, u->line));
	}
	return array;
}

static json_t *
warnings_json(const struct relay_audit *a, const char *warnings, const char *file)
{
	json_t *array = json_array(), *read = policy_warnings_json(warnings, file);
	char text[SOURCE_MAX];

	for (size_t i = 0; i < a->wide_count; i++) {
		const struct relay_wide *w = &a->wide[i];

		json_array_append_new(array,
			remark_json("text", format_wide(w, text), w->file != NULL ? w->file : file,
				w->line));
	}
	json_array_extend(array, read);
	json_decref(read);
	return array;
}

static json_t *
recommendations_json(const struct relay_audit *a)
{
	json_t *array = json_array();

	for (size_t i = 0; i < a->advice_count; i++)
		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:s, s:s?}", "section", a->advice[i].id, "text",
				a->advice[i].text, "met", relay_met_name(a->advice[i].met), "why",
				a->advice[i].why, "remedy", a->advice[i].remedy));
	return array;
}

static void
print_json(const struct relay_audit *a, const struct policy_file *f, const struct policy_options *o)
{
	json_t *outcomes = json_object();

	for (size_t i = 0; i < RELAY_OUTLOOK_COUNT; i++)
		json_object_set_new(outcomes, relay_outlook_name((enum relay_outlook)i),
			json_integer((json_int_t)a->outlooks[i]));
	policy_print_json(json_pack("{s:s, s:s, s:b, s:o, s:o, s:s, s:s, s:{s:I, s:I}, s:I, s:o, "
				    "s:o, s:o, s:o, s:b, s:o, s:o}",
		"file", o->file, "dialect", relay_dialect_name(relay_policy_dialect(f->policy)),
		"hole", relay_audit_holes(a) != 0, "client", policy_address_json(&a->client),
		"local", policy_address_json(&a->local), "name", a->host, "domain", a->domain,
		"strangers", "tried", (json_int_t)a->strangers, "alike", (json_int_t)a->alike,
		"tests", (json_int_t)a->count, "outcomes", outcomes, "cases",
		cases_json(a, o->file), "recommendations", recommendations_json(a), "warnings",
		warnings_json(a, f->warnings, o->file), "fatal", a->fatal, "forgeable",
		forgeries_json(a, o->file), "not_judged", not_judged_json(a, o->file)));
}

int
policy_audit(const struct policy_options *o, struct error *e)
{
	const struct relay_audit_question q = {o->client, o->local, o->host, o->domain};
	struct policy_file f;
	struct relay_audit *a;
	int status = POLICY_TROUBLE;

	if (policy_file_read(o->file, &f, e) != OK)
		return POLICY_TROUBLE;
	if (relay_audit_new(f.policy, &q, &a, e) == OK) {
		status = relay_audit_holes(a) != 0 ? POLICY_NO : POLICY_YES;
		if (o->json)
			print_json(a, &f, o);
		else
			print_text(a, &f, o);
		relay_audit_free(a);
	}
	policy_file_free(&f);
	return status;
}
