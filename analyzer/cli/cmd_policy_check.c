#include <string.h>

#include "cmd_policy.h"

static const char *const meanings[] = {
	[RELAY_PERMIT] = "relayed",
	[RELAY_DENY] = "550 relaying prohibited",
	[RELAY_THEN_BOUNCE] = "250, then a bounce to the sender",
	[RELAY_LOCAL] = "250, the recipient is local",
};

static void
print_json(const struct relay_decision *d)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o}", "verdict",
		relay_answer_name(d->answer), "meaning", meanings[d->answer], "rule", d->rule,
		"list", d->list, "entry", d->entry, "line", policy_line_json(d->line));

	if (d->file != NULL)
		json_object_set_new(object, "file", json_string(d->file));
	policy_print_json(object);
}

static void
print_text(const struct relay_decision *d, const char *file)
{
	printf("verdict  %s (%s)\n", relay_answer_name(d->answer), meanings[d->answer]);
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
	struct relay_policy *policy;
	struct relay_decision d;

	if (o->client.family == 0) {
		error_set(e, ERR_SYNTAX, "--client is needed; see 'orbl policy check --help'");
		return POLICY_TROUBLE;
	}
	if (o->sender != NULL)
		request.sender = take_path(o->sender);
	if (relay_policy_read(o->file, &policy, stderr, e) != OK)
		return POLICY_TROUBLE;
	d = relay_policy_decide(policy, &request);
	if (o->json)
		print_json(&d);
	else
		print_text(&d, o->file);
	relay_policy_free(policy);
	return d.answer == RELAY_PERMIT || d.answer == RELAY_LOCAL ? POLICY_YES : POLICY_NO;
}
