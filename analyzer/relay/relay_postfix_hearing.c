#include "relay_postfix_rules.h"

#include <string.h>

/* A class that names itself, or names classes that do, must end. What main.cf itself has is less,
 * see RELAY_POSTFIX_RULES: only entries of tables can lead here. */
enum { FRAMES = 20, STEPS = 2 * RELAY_POSTFIX_RULES };

struct frame {
	const struct relay_rules *rules; /* NULL: the words of an entry's value */
	size_t at;
	struct relay_words words;
	struct relay_match from; /* that entry */
	bool warn_only;          /* under warn_if_reject */
};

struct relay_hearing {
	const struct relay_postfix *pf;
	const struct relay_request *request;
	struct relay_address recipient;
	struct frame frames[FRAMES];
	size_t depth;
	unsigned steps;
	bool warn_next;
	struct relay_decision deferred; /* of defer_if_permit; rule NULL: not */
};

/* How the end of a list is called when it decides. */
static const char *const stage_ends[STAGE_COUNT] = {
	[STAGE_CLIENT] = "end of smtpd_client_restrictions",
	[STAGE_HELO] = "end of smtpd_helo_restrictions",
	[STAGE_SENDER] = "end of smtpd_sender_restrictions",
	[STAGE_RELAY] = "end of smtpd_relay_restrictions",
	[STAGE_RECIPIENT] = "end of smtpd_recipient_restrictions",
};

/* --- the restrictions --- */

static void
tell(struct relay_decision *out, const struct relay_match *m)
{
	out->list = m->list;
	out->entry = m->entry;
	out->file = m->file;
	out->line = m->line;
}

enum relay_answer
relay_ask_mynetworks(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	struct relay_decision *out)
{
	struct relay_match m = {.list = NULL};

	if (!relay_patterns_match_addr(&h->pf->mynetworks, &h->request->client, &m))
		return RELAY_DUNNO;
	tell(out, &m);
	return RELAY_PERMIT;
}

enum relay_answer
relay_ask_sasl(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	return h->request->authenticated ? RELAY_PERMIT : RELAY_DUNNO;
}

enum relay_answer
relay_ask_permit(ORBL_UNUSED struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	return RELAY_PERMIT;
}

enum relay_answer
relay_ask_reject(ORBL_UNUSED struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	return RELAY_DENY;
}

enum relay_answer
relay_ask_unknown(ORBL_UNUSED struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	return RELAY_DENY;
}

enum relay_answer
relay_ask_auth_destination(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	struct relay_decision *out)
{
	if (!relay_address_is_authorized(h->pf, &h->recipient))
		return RELAY_DUNNO;
	if (h->recipient.match.list != NULL)
		tell(out, &h->recipient.match);
	return RELAY_PERMIT;
}

enum relay_answer
relay_ask_unauth_destination(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	return relay_address_is_authorized(h->pf, &h->recipient) ? RELAY_DUNNO : RELAY_DENY;
}

enum relay_answer
relay_ask_relay_domains(struct relay_hearing *h, const struct relay_rule *rule,
	struct relay_decision *out)
{
	enum relay_answer a = relay_ask_auth_destination(h, rule, out);

	return a == RELAY_DUNNO ? RELAY_DENY : a;
}

enum relay_answer
relay_ask_defer_if_permit(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	struct relay_decision *out)
{
	if (h->deferred.rule == NULL)
		h->deferred = *out;
	return RELAY_DUNNO;
}

enum relay_answer
relay_ask_warn_if_reject(struct relay_hearing *h, ORBL_UNUSED const struct relay_rule *rule,
	ORBL_UNUSED struct relay_decision *out)
{
	h->warn_next = true;
	return RELAY_DUNNO;
}

/* False when they are too many in each other. */
static bool
push(struct relay_hearing *h, const struct relay_rules *rules, struct text value, bool warn_only)
{
	if (h->depth == FRAMES)
		return false;
	h->frames[h->depth++] = (struct frame){.rules = rules,
		.words = {.rest = value},
		.warn_only = warn_only};
	return true;
}

enum relay_answer
relay_ask_class(struct relay_hearing *h, const struct relay_rule *rule, struct relay_decision *out)
{
	bool warn = h->frames[h->depth - 1].warn_only || h->warn_next;

	h->warn_next = false;
	if (push(h, &h->pf->classes[rule->class_index], TEXT_NONE, warn))
		return RELAY_DUNNO;
	out->rule = "restriction classes too deep";
	return RELAY_DENY;
}

static enum relay_answer
ask_entry(struct relay_hearing *h, const struct relay_rule *rule, const struct relay_table_entry *e,
	struct relay_decision *out)
{
	bool warn = h->frames[h->depth - 1].warn_only || h->warn_next;

	if (e == NULL)
		return RELAY_DUNNO;
	*out = (struct relay_decision){.rule = rule->row->name,
		.list = rule->table->name,
		.entry = e->text,
		.file = rule->table->file,
		.line = e->line};
	switch (relay_access_action(relay_table_value(e))) {
	case ACTION_DUNNO: break;
	case ACTION_PERMIT: return RELAY_PERMIT;
	case ACTION_REJECT: return RELAY_DENY;
	case ACTION_DEFER_IF_PERMIT: return relay_ask_defer_if_permit(h, rule, out);
	case ACTION_RESTRICTIONS:
		/* A table has no place in a value: Postfix answers 451. */
		if (text_find_byte(relay_table_value(e), ':') != SIZE_MAX)
			return RELAY_DENY;
		h->warn_next = false;
		if (!push(h, NULL, relay_table_value(e), warn))
			return RELAY_DENY;
		h->frames[h->depth - 1].from = (struct relay_match){out->list, out->entry,
			out->file, out->line};
	}
	return RELAY_DUNNO;
}

enum relay_answer
relay_ask_access_client(struct relay_hearing *h, const struct relay_rule *rule,
	struct relay_decision *out)
{
	const struct relay_table_entry *e = NULL;

	if (h->request->client_name.p != NULL)
		e = relay_access_find_name(h->pf, rule->table, h->request->client_name);
	if (e == NULL && h->request->client.family != 0)
		e = relay_access_find_client(rule->table, &h->request->client);
	return ask_entry(h, rule, e, out);
}

enum relay_answer
relay_ask_access_helo(struct relay_hearing *h, const struct relay_rule *rule,
	struct relay_decision *out)
{
	if (h->request->helo.p == NULL)
		return RELAY_DUNNO;
	return ask_entry(h, rule, relay_access_find_name(h->pf, rule->table, h->request->helo),
		out);
}

enum relay_answer
relay_ask_access_sender(struct relay_hearing *h, const struct relay_rule *rule,
	struct relay_decision *out)
{
	struct relay_address sender;
	const struct relay_table_entry *e;

	if (h->request->sender.p == NULL)
		return RELAY_DUNNO;
	if (h->request->sender.len == 0)
		e = relay_table_find(rule->table,
			text_of(h->pf->values[PARAMETER_NULL_ACCESS_KEY].shown), false);
	else if (relay_address_resolve(h->pf, h->request->sender, &h->request->local, &sender))
		e = relay_access_find_address(h->pf, rule->table, sender.text);
	else
		e = NULL;
	return ask_entry(h, rule, e, out);
}

/* A permit is not for a recipient that may be a route. */
enum relay_answer
relay_ask_access_recipient(struct relay_hearing *h, const struct relay_rule *rule,
	struct relay_decision *out)
{
	enum relay_answer a;

	if (h->recipient.text[0] == '\0')
		return RELAY_DUNNO;
	a = ask_entry(h, rule, relay_access_find_address(h->pf, rule->table, h->recipient.text),
		out);
	if (a == RELAY_PERMIT && h->recipient.routed && !h->pf->untrusted_routing)
		return RELAY_DUNNO;
	return a;
}

/* --- the hearing --- */

/* The next rule of the innermost list; false at its end. */
static bool
next_rule(struct relay_hearing *h, struct relay_rule *out)
{
	struct frame *f = &h->frames[h->depth - 1];

	if (f->rules != NULL) {
		if (f->at == f->rules->count)
			return false;
		*out = f->rules->items[f->at++];
		return true;
	}
	if (!relay_words_next(&f->words))
		return false;
	*out = (struct relay_rule){.row = NULL};
	relay_rules_find(h->pf, f->words.word, out);
	if (out->row->argument == WORD)
		(void)relay_words_next(&f->words);
	/* A check without its table. */
	if (out->row->argument == TABLE)
		out->row = relay_rules_unknown();
	return true;
}

static enum relay_answer
ask_rule(struct relay_hearing *h, const struct relay_rule *rule, struct relay_decision *out)
{
	const struct frame *f = &h->frames[h->depth - 1];
	bool was_warned = h->warn_next, warn_only = f->warn_only || was_warned;
	enum relay_answer a;

	*out = (struct relay_decision){.rule = rule->row->name};
	if (f->rules != NULL)
		tell(out, &(struct relay_match){f->rules->name, rule->word, NULL, rule->line});
	else
		tell(out, &f->from);
	a = rule->row->ask != NULL ? rule->row->ask(h, rule, out) : RELAY_DUNNO;
	if (was_warned && rule->row->ask != relay_ask_warn_if_reject)
		h->warn_next = false;
	return a == RELAY_DENY && warn_only ? RELAY_DUNNO : a;
}

/* All of a list: permit and deny end it, dunno is its end. */
static enum relay_answer
hear(struct relay_hearing *h, enum relay_stage stage, struct relay_decision *out)
{
	struct relay_rule rule;

	h->depth = 0;
	h->warn_next = false;
	(void)push(h, &h->pf->stages[stage], TEXT_NONE, false);
	while (h->depth != 0) {
		enum relay_answer a;

		if (!next_rule(h, &rule)) {
			h->depth--;
			h->warn_next = false;
			continue;
		}
		if (h->steps++ == STEPS) {
			*out = (struct relay_decision){.rule = "restrictions without end"};
			return RELAY_DENY;
		}
		a = ask_rule(h, &rule, out);
		if (a != RELAY_DUNNO)
			return a;
	}
	*out = (struct relay_decision){.rule = stage_ends[stage]};
	return RELAY_DUNNO;
}

/* What the next host may take for a route is relayed, even when the domain is one of ours. */
static bool
is_relayed_route(const struct relay_hearing *h)
{
	return h->recipient.routed && h->recipient.class != CLASS_LOCAL;
}

/* Accepted: which rule let it pass? For a recipient of the server's own its list; else what ended
 * the list that should have refused it. */
static struct relay_decision
explain(const struct relay_hearing *h, const struct relay_decision ends[STAGE_COUNT])
{
	struct relay_decision d = {.answer = RELAY_LOCAL, .rule = "local address"};

	if (relay_address_is_authorized(h->pf, &h->recipient) && is_relayed_route(h)) {
		const struct relay_value *v = &h->pf->values[PARAMETER_UNTRUSTED_ROUTING];

		d = (struct relay_decision){.answer = RELAY_PERMIT, .line = v->line};
		d.rule = d.list = relay_postfix_parameter_name(PARAMETER_UNTRUSTED_ROUTING);
		d.entry = v->shown;
		return d;
	}
	if (relay_address_is_authorized(h->pf, &h->recipient)) {
		if (h->recipient.match.list != NULL) {
			tell(&d, &h->recipient.match);
			d.rule = h->recipient.class == CLASS_RELAY ? "relay domain" :
								     "local domain";
		}
		return d;
	}
	d = ends[h->pf->stages[STAGE_RELAY].guards ? STAGE_RELAY : STAGE_RECIPIENT];
	d.answer = RELAY_PERMIT;
	return d;
}

static struct relay_decision
hear_all(struct relay_hearing *h)
{
	enum relay_stage order[STAGE_COUNT] = {STAGE_CLIENT, STAGE_HELO, STAGE_SENDER, STAGE_RELAY,
		STAGE_RECIPIENT};
	struct relay_decision ends[STAGE_COUNT];

	if (!h->pf->relay_first) {
		order[STAGE_RELAY] = STAGE_RECIPIENT;
		order[STAGE_RECIPIENT] = STAGE_RELAY;
	}
	for (size_t i = 0; i < STAGE_COUNT; i++) {
		struct relay_decision *end = &ends[order[i]];

		if (hear(h, order[i], end) == RELAY_DENY) {
			end->answer = RELAY_DENY;
			return *end;
		}
	}
	if (h->deferred.rule != NULL) {
		h->deferred.answer = RELAY_DENY;
		return h->deferred;
	}
	return explain(h, ends);
}

struct relay_decision
relay_postfix_decide(const struct relay_postfix *pf, const struct relay_request *request)
{
	struct relay_hearing h = {.pf = pf, .request = request};

	/* RFC 5321 section 4.5.1: without a domain, too. */
	if (text_equal_nocase(request->recipient, TEXT("postmaster")))
		return (struct relay_decision){.answer = RELAY_LOCAL, .rule = "postmaster"};
	if (!pf->stages[STAGE_RELAY].guards && !pf->stages[STAGE_RECIPIENT].guards)
		return (struct relay_decision){.answer = RELAY_DENY, .rule = RELAY_RULE_FATAL};
	h.recipient.class = CLASS_OTHER;
	if (request->recipient.len != 0)
		(void)relay_address_resolve(pf, request->recipient, &request->local, &h.recipient);
	return hear_all(&h);
}
