#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay_postfix_rules.h"

enum { NAMES_TOLD = 16 };

void
relay_postfix_unjudge(struct relay_postfix *pf, const char *file, unsigned line, const char *fmt,
	...)
{
	struct relay_unjudged *u = &pf->unjudged[pf->unjudged_count];
	va_list ap;

	if (pf->unjudged_count == RELAY_POSTFIX_UNJUDGED)
		return;
	va_start(ap, fmt);
	vsnprintf(u->what, sizeof(u->what), fmt, ap);
	va_end(ap);
	u->file = file;
	u->line = line;
	pf->unjudged_count++;
}

/* --- names of clients -------------------------------------------------------- */

/* An address or the front of one has no letters but the hexadecimal digits of groups. */
bool
relay_postfix_is_client_name(const struct relay_table_entry *e)
{
	struct text key = text_upto(text_of(e->text), e->key_len);
	bool groups = text_find_byte(key, ':') != SIZE_MAX;

	for (size_t i = 0; i < key.len; i++)
		if (!groups && strchr("0123456789./", key.p[i]) == NULL)
			return strspn(key.p, "0123456789abcdef") != 4 || key.len != 4;
	return false;
}

bool
relay_postfix_is_common_name(const struct relay_table_entry *e)
{
	struct text key = text_upto(text_of(e->text), e->key_len);

	if (text_has_prefix(key, TEXT(".")))
		key = text_from(key, 1);
	return relay_postfix_is_client_name(e) && text_find_byte(key, '.') == SIZE_MAX;
}

void
relay_postfix_warn_of_names(struct relay_table *t, const struct relay_source *source)
{
	struct relay_source own = *source;
	size_t names = 0;

	if (t->kind != RELAY_TABLE_KEYS || t->names_told)
		return;
	t->names_told = true;
	if (t->file != NULL)
		own.name = t->file;
	for (size_t i = 0; i < t->count; i++)
		if (relay_postfix_is_client_name(&t->entries[i]) && names++ < NAMES_TOLD)
			relay_model_warn(&own, t->entries[i].line,
				"'%.*s' is a host name: names of clients are not looked up, so no "
				"client matches it here; write the address",
				(int)t->entries[i].key_len, t->entries[i].text);
	if (names > NAMES_TOLD)
		relay_model_warn(&own, 1, "%zu more host names", names - NAMES_TOLD);
}

/* --- all of it ------------------------------------------------------------------ */

static bool
may_permit(const struct relay_table_entry *e)
{
	enum relay_action a = relay_access_action(relay_table_value(e));

	return a == ACTION_PERMIT || a == ACTION_RESTRICTIONS;
}

/* Common names are asked for by the audit. */
static void
find_names(struct relay_postfix *pf, const struct relay_table *t)
{
	const struct relay_table_entry *first = NULL;
	size_t count = 0;

	for (size_t i = 0; t->kind == RELAY_TABLE_KEYS && i < t->count; i++) {
		const struct relay_table_entry *e = &t->entries[i];

		if (!relay_postfix_is_client_name(e) || relay_postfix_is_common_name(e) ||
			!may_permit(e))
			continue;
		first = first != NULL ? first : e;
		count++;
	}
	if (first != NULL)
		relay_postfix_unjudge(pf, t->file, first->line,
			"%.60s: names of clients that may relay: %zu, the first is %.*s", t->name,
			count, first->key_len < 60 ? (int)first->key_len : 60, first->text);
}

static void
find_in_rule(struct relay_postfix *pf, const struct relay_rule *rule)
{
	if (rule->row->kind == MAY_PERMIT)
		relay_postfix_unjudge(pf, NULL, rule->line, "%s: whom it permits is not known",
			rule->row->name);
	if (rule->table != NULL && rule->table->kind == RELAY_TABLE_UNREAD)
		relay_postfix_unjudge(pf, NULL, rule->line, "%s %.60s is not read", rule->row->name,
			rule->table->name);
	if (rule->table != NULL && rule->row->ask == relay_ask_access_client)
		find_names(pf, rule->table);
}

/* Nothing behind the guard can let a stranger relay. True: a class may be asked. */
static bool
find_in_rules(struct relay_postfix *pf, const struct relay_rules *list)
{
	bool classes = false, warned = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct relay_rule *r = &list->items[i];

		if (r->row->guards && !warned)
			return classes;
		warned = r->row->ask == relay_ask_warn_if_reject;
		classes = classes || r->row->ask == relay_ask_class ||
			(r->table != NULL && r->table->kind != RELAY_TABLE_UNREAD);
		find_in_rule(pf, r);
	}
	return classes;
}

static void
find_in_patterns(struct relay_postfix *pf, const struct relay_patterns *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_pattern *p = &list->items[i];

		if (p->table != NULL && p->table->kind == RELAY_TABLE_UNREAD)
			relay_postfix_unjudge(pf, p->file, p->line, "%.60s of %s is not read",
				p->table->name, list->name);
	}
}

void
relay_postfix_find_unjudged(struct relay_postfix *pf)
{
	enum relay_stage guard = pf->stages[STAGE_RELAY].guards ? STAGE_RELAY : STAGE_RECIPIENT;
	bool classes = find_in_rules(pf, &pf->stages[guard]);

	for (size_t i = 0; classes && i < pf->class_count; i++)
		(void)find_in_rules(pf, &pf->classes[i]);
	for (size_t i = 0; i < DOMAINS_COUNT; i++)
		find_in_patterns(pf, &pf->domains[i]);
	find_in_patterns(pf, &pf->mynetworks);
}
