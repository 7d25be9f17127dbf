#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relay_describe.h"
#include "relay_describe_part.h"
#include "relay_postfix.h"

enum { NAME_MAX_SHOWN = 256 };

static const enum relay_stage stages_relay_first[STAGE_COUNT] = {STAGE_CLIENT, STAGE_HELO,
	STAGE_SENDER, STAGE_RELAY, STAGE_RECIPIENT};
static const enum relay_stage stages_recipient_first[STAGE_COUNT] = {STAGE_CLIENT, STAGE_HELO,
	STAGE_SENDER, STAGE_RECIPIENT, STAGE_RELAY};

/* Restrictions that the model judges; it passes over others, which ask DNS or other servers. */
static const struct {
	const char *word, *answer, *when;
} judged[] = {
	{"check_client_access", "table", "what the table says of the client"},
	{"check_helo_access", "table", "what the table says of the name after HELO"},
	{"check_recipient_access", "table", "what the table says of the recipient"},
	{"check_relay_domains", "deny", "the recipient is of no domain of this server"},
	{"check_sender_access", "table", "what the table says of the sender"},
	{"defer", "deny", "always"},
	{"defer_if_permit", "deny", "no rule after it does"},
	{"defer_unauth_destination", "deny", "the recipient is of no domain of this server"},
	{"permit", "permit", "always"},
	{"permit_auth_destination", "permit", "the recipient is of a domain of this server"},
	{"permit_mynetworks", "permit", "the client is in mynetworks"},
	{"permit_sasl_authenticated", "permit", "the client has authenticated itself"},
	{"reject", "deny", "always"},
	{"reject_unauth_destination", "deny", "the recipient is of no domain of this server"},
	{"warn_if_reject", "warn", "the next rule denies nothing"},
};

/* --- settings and lists ------------------------------------------------------- */

static void
describe_settings(const struct relay_policy *p, const struct relay_telling *t)
{
	struct relay_setting s;

	for (size_t i = 0; relay_policy_setting(p, i, &s); i++)
		t->fn(&(struct relay_item){.kind = RELAY_ITEM_SETTING,
			      .name = s.name,
			      .value = s.value,
			      .line = s.line},
			t->context);
}

static void
describe_patterns(const struct relay_patterns *list, const struct relay_telling *t)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_pattern *item = &list->items[i];

		t->fn(&(struct relay_item){.kind = RELAY_ITEM_ENTRY,
			      .name = list->name,
			      .value = item->text,
			      .note = item->negated ? "not these" : NULL,
			      .file = item->file,
			      .line = item->line},
			t->context);
	}
}

static void
describe_tables(const struct relay_postfix *pf, const struct relay_telling *t)
{
	char note[NAME_MAX_SHOWN];

	for (size_t i = 0; i < pf->table_count; i++) {
		const struct relay_table *table = pf->tables[i];

		if (table->kind == RELAY_TABLE_UNREAD)
			snprintf(note, sizeof(note), "not read: taken for empty");
		else
			snprintf(note, sizeof(note), "entries%s%.200s: %zu",
				table->file != NULL ? " of " : "",
				table->file != NULL ? table->file : "", table->count);
		t->fn(&(struct relay_item){.kind = RELAY_ITEM_ENTRY,
			      .name = "tables",
			      .value = table->name,
			      .note = note},
			t->context);
	}
}

/* --- rules ---------------------------------------------------------------------- */

static void
describe_rule(const struct relay_rules *list, const struct relay_rule *rule,
	const struct relay_telling *t)
{
	const char *answer = "-",
		   *when = "not judged: it does not ask about relaying, or asks "
			   "what is not known here";
	char name[NAME_MAX_SHOWN];

	for (size_t i = 0; i < ORBL_COUNT(judged); i++)
		if (strcasecmp(rule->word, judged[i].word) == 0) {
			answer = judged[i].answer;
			when = judged[i].when;
		}
	if (rule->table != NULL) {
		snprintf(name, sizeof(name), "%s, %.60s %.100s", list->name, rule->word,
			strcmp(rule->word, rule->table->name) == 0 ? "" : rule->table->name);
		answer = "table";
	} else {
		snprintf(name, sizeof(name), "%s, %.100s", list->name, rule->word);
	}
	t->fn(&(struct relay_item){.kind = RELAY_ITEM_RULE,
		      .name = name,
		      .value = answer,
		      .note = when,
		      .line = rule->line},
		t->context);
}

static void
describe_list(const struct relay_rules *list, const struct relay_telling *t)
{
	for (size_t i = 0; i < list->count; i++)
		describe_rule(list, &list->items[i], t);
}

static void
describe_rules(const struct relay_postfix *pf, const struct relay_telling *t)
{
	const enum relay_stage *order = pf->relay_first ? stages_relay_first :
							  stages_recipient_first;

	if (!pf->stages[STAGE_RELAY].guards && !pf->stages[STAGE_RECIPIENT].guards) {
		t->fn(&(struct relay_item){.kind = RELAY_ITEM_RULE,
			      .name = "no reject_unauth_destination",
			      .value = "deny",
			      .note = "always: smtpd does not serve without"},
			t->context);
		return;
	}
	for (size_t i = 0; i < STAGE_COUNT; i++)
		describe_list(&pf->stages[order[i]], t);
	for (size_t i = 0; i < pf->class_count; i++)
		describe_list(&pf->classes[i], t);
}

void
relay_describe_postfix(const struct relay_policy *p, const struct relay_telling *t)
{
	const struct relay_postfix *pf = p->postfix;

	describe_settings(p, t);
	for (size_t i = 0; i < DOMAINS_COUNT; i++)
		describe_patterns(&pf->domains[i], t);
	describe_patterns(&pf->mynetworks, t);
	describe_tables(pf, t);
	describe_rules(pf, t);
}

/* --- names -------------------------------------------------------------------------- */

static bool
is_name(const struct relay_pattern *item)
{
	return item->table == NULL && item->net.addr.family == 0 && !item->negated &&
		item->text[0] != '.' && strchr(item->text, '.') != NULL &&
		strchr(item->text, '[') == NULL;
}

const char *
relay_describe_postfix_domain(const struct relay_policy *p, size_t i)
{
	const struct relay_postfix *pf = p->postfix;

	for (size_t d = 0; d < DOMAINS_COUNT; d++)
		for (size_t k = 0; k < pf->domains[d].count; k++)
			if (is_name(&pf->domains[d].items[k]) && i-- == 0)
				return pf->domains[d].items[k].text;
	return NULL;
}

const char *
relay_describe_postfix_host(const struct relay_policy *p)
{
	return p->postfix->values[PARAMETER_MYHOSTNAME].shown;
}
