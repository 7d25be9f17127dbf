#include <string.h>

#include "cmd_policy.h"

static const char *const meanings[] = {
	[RELAY_PERMIT] = "relayed",
	[RELAY_DENY] = "550 relaying prohibited",
	[RELAY_THEN_BOUNCE] = "250, then a bounce to the sender",
	[RELAY_LOCAL] = "250, the recipient is local",
};

/* What a Postfix answers that denies, by its rule; codes that main.cf may set are the defaults. */
static const struct {
	const char *rule, *meaning;
} postfix_denials[] = {
	{"reject_unauth_destination", "554 Relay access denied"},
	{"check_relay_domains", "554 Relay access denied"},
	{"defer_unauth_destination", "454 Relay access denied"},
	{"reject", "554 Access denied"},
	{"defer", "450 Access denied"},
	{"defer_if_permit", "450 Service unavailable"},
	{"unknown restriction", "451 Server configuration error"},
	{RELAY_RULE_FATAL, "421: smtpd does not serve"},
};

static const char *
meaning_of(const struct relay_policy *p, const struct relay_decision *d)
{
	if (d->answer != RELAY_DENY || relay_policy_dialect(p) != RELAY_DIALECT_POSTFIX)
		return meanings[d->answer];
	for (size_t i = 0; i < ORBL_COUNT(postfix_denials); i++)
		if (strcmp(postfix_denials[i].rule, d->rule) == 0)
			return postfix_denials[i].meaning;
	return "refused as its entry says";
}

static void
print_json(const struct relay_decision *d, const char *meaning)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o}", "verdict",
		relay_answer_name(d->answer), "meaning", meaning, "rule", d->rule, "list", d->list,
		"entry", d->entry, "line", policy_line_json(d->line));

	if (d->file != NULL)
		json_object_set_new(object, "file", json_string(d->file));
	policy_print_json(object);
}

static void
print_text(const struct relay_decision *d, const char *meaning, const char *file)
{
	printf("verdict  %s (%s)\n", relay_answer_name(d->answer), meaning);
	printf("rule     %s\n", d->rule);
	if (d->list != NULL)
		printf("list     %s: %s\n", d->list, d->entry != NULL ? d->entry : "");
	if (d->line != 0)
		printf("line     %s:%u\n", d->file != NULL ? d->file : file, d->line);
}

/* A path is taken with its brackets, too, as a log has it. */
static struct text
take_path(const char *path)
{
	struct text t = text_of(path);

	if (t.len >= 2 && t.p[0] == '<' && t.p[t.len - 1] == '>')
		return text_upto(text_from(t, 1), t.len - 2);
	return t;
}

int
policy_check(const struct policy_options *o, struct error *e)
{
	struct relay_request request = {
		.client = o->client,
		.local = o->local,
		.authenticated = o->authenticated,
		.recipient = take_path(o->recipient),
		.helo = text_of(o->helo),
	};
	struct policy_file f;
	const char *meaning;
	struct relay_decision d;

	if (o->client.family == 0) {
		error_set(e, ERR_SYNTAX, "--client is needed; see 'orbl policy check --help'");
		return POLICY_TROUBLE;
	}
	if (o->sender != NULL)
		request.sender = take_path(o->sender);
	if (policy_file_read(o->file, &f, e) != OK)
		return POLICY_TROUBLE;
	fputs(f.warnings, stderr);
	d = relay_policy_decide(f.policy, &request);
	meaning = meaning_of(f.policy, &d);
	if (o->json)
		print_json(&d, meaning);
	else
		print_text(&d, meaning, o->file);
	policy_file_free(&f);
	return d.answer == RELAY_PERMIT || d.answer == RELAY_LOCAL ? POLICY_YES : POLICY_NO;
}
