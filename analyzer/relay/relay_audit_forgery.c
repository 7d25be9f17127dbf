#include <stdio.h>
#include <string.h>

#include "relay_audit.h"
#include "relay_postfix_rules.h"

/* What a table says of a sender, of the name after HELO, or of a client's name by DNS, anybody may
 * bring about: each of its keys that permits is one more question. */
#define ANY_DOMAIN "elsewhere.invalid"

enum { TEXT_SIZE = 300, QUESTIONS_MAX = 64 };

struct work {
	const struct relay_policy *policy;
	struct relay_audit *audit;
	const struct relay_table *asked[RELAY_POSTFIX_TABLES * 2];
	const struct relay_restriction *asked_by[RELAY_POSTFIX_TABLES * 2];
	size_t asked_count, questions;
};

/* --- what to say so that a key is found ------------------------------------------ */

static struct text
key_of(const struct relay_table *t, const struct relay_table_entry *e)
{
	return t->kind == RELAY_TABLE_STATIC ? TEXT(ANY_DOMAIN) :
					       text_upto(text_of(e->text), e->key_len);
}

/* A name that has this key, or is below it. */
static void
name_for(struct text key, const char *below, char out[TEXT_SIZE])
{
	snprintf(out, TEXT_SIZE, "%s%.*s", text_has_prefix(key, TEXT(".")) ? "host" : below,
		key.len < 250 ? (int)key.len : 250, key.p);
}

static void
sender_for(struct text key, char out[TEXT_SIZE])
{
	char domain[TEXT_SIZE];
	size_t at = text_find_byte(key, '@');

	if (at != SIZE_MAX && at + 1 == key.len)
		snprintf(out, TEXT_SIZE, "%.*s" ANY_DOMAIN, key.len < 200 ? (int)key.len : 200,
			key.p);
	else if (at != SIZE_MAX)
		name_for(key, "", out);
	else if (text_equal(key, TEXT("<>")))
		out[0] = '\0';
	else {
		name_for(key, "", domain);
		snprintf(out, TEXT_SIZE, "x@%.260s", domain);
	}
}

/* --- one key ---------------------------------------------------------------------- */

static void
say(struct relay_request *request, const struct relay_rule *rule, const struct relay_table_entry *e,
	char said[TEXT_SIZE], char who[RELAY_WHO])
{
	struct text key = key_of(rule->table, e);

	if (rule->row->ask == relay_ask_access_sender) {
		sender_for(key, said);
		request->sender = text_of(said);
		snprintf(who, RELAY_WHO, "anyone who says MAIL FROM:<%.280s>", said);
	} else if (rule->row->ask == relay_ask_access_helo) {
		name_for(key, "", said);
		request->helo = text_of(said);
		snprintf(who, RELAY_WHO, "anyone who says HELO %.280s", said);
	} else if (text_equal(key, TEXT("unknown"))) {
		request->client_name = TEXT("unknown");
		snprintf(who, RELAY_WHO, "any client without a name in DNS");
	} else {
		name_for(key, "host.any.", said);
		request->client_name = text_of(said);
		snprintf(who, RELAY_WHO, "any client with a name such as %.250s", said);
	}
}

static void
ask_entry(struct work *w, const struct relay_rule *rule, const struct relay_table_entry *e)
{
	struct relay_audit *a = w->audit;
	struct relay_forgery *f = &a->forgeries[a->forgery_count];
	struct relay_request request = {.client = a->client, .local = a->local};
	char said[TEXT_SIZE];
	struct relay_decision without;

	if (relay_audit_relays(w->policy, request, &without))
		return;
	say(&request, rule, e, said, f->who);
	if (relay_audit_relays(w->policy, request, &f->decision) && f->decision.entry == e->text &&
		!relay_audit_has_hole(a, e->text, f->decision.line))
		a->forgery_count++;
}

static bool
is_asked_for(const struct relay_rule *rule, const struct relay_table_entry *e)
{
	enum relay_action action = relay_access_action(relay_table_value(e));

	if (action != ACTION_PERMIT && action != ACTION_RESTRICTIONS)
		return false;
	return rule->row->ask != relay_ask_access_client || relay_postfix_is_common_name(e);
}

/* --- all tables -------------------------------------------------------------------- */

static bool
is_first(struct work *w, const struct relay_rule *rule)
{
	for (size_t i = 0; i < w->asked_count; i++)
		if (w->asked[i] == rule->table && w->asked_by[i] == rule->row)
			return false;
	if (w->asked_count == ORBL_COUNT(w->asked))
		return false;
	w->asked[w->asked_count] = rule->table;
	w->asked_by[w->asked_count++] = rule->row;
	return true;
}

static void
tell_of_limit(struct work *w, const struct relay_rule *rule)
{
	struct relay_unjudged *u = &w->audit->not_judged[w->audit->not_judged_count];

	if (w->questions++ != QUESTIONS_MAX || w->audit->not_judged_count == RELAY_NOT_JUDGED_MAX)
		return;
	snprintf(u->what, sizeof(u->what),
		"%.80s: more than %d keys that permit; the first are asked", rule->table->name,
		QUESTIONS_MAX);
	u->file = NULL;
	u->line = rule->line;
	w->audit->not_judged_count++;
}

static void
ask_rule(struct work *w, const struct relay_rule *rule)
{
	const struct relay_table *t = rule->table;
	bool forgeable = rule->row->ask == relay_ask_access_sender ||
		rule->row->ask == relay_ask_access_helo ||
		rule->row->ask == relay_ask_access_client;

	if (!forgeable || t == NULL || !is_first(w, rule) ||
		(t->kind != RELAY_TABLE_KEYS && t->kind != RELAY_TABLE_STATIC))
		return;
	for (size_t i = 0; i < t->count; i++) {
		if (!is_asked_for(rule, &t->entries[i]))
			continue;
		if (w->questions < QUESTIONS_MAX) {
			w->questions++;
			ask_entry(w, rule, &t->entries[i]);
		} else {
			tell_of_limit(w, rule);
		}
	}
}

static void
ask_rules(struct work *w, const struct relay_rules *list)
{
	for (size_t i = 0; i < list->count; i++)
		ask_rule(w, &list->items[i]);
}

void
relay_audit_find_forgeries(const struct relay_policy *p, struct relay_audit *a)
{
	struct work w = {.policy = p, .audit = a};

	if (p->dialect != RELAY_DIALECT_POSTFIX)
		return;
	for (size_t i = 0; i < STAGE_COUNT; i++)
		ask_rules(&w, &p->postfix->stages[i]);
	for (size_t i = 0; i < p->postfix->class_count; i++)
		ask_rules(&w, &p->postfix->classes[i]);
}
