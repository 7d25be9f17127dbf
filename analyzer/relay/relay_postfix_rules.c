#include "relay_postfix_rules.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 10000 };

static const struct relay_restriction restrictions[] = {
	{"check_ccert_access", NULL, MAY_PERMIT, WORD, false},
	{"check_client_a_access", NULL, MAY_REJECT, WORD, false},
	{"check_client_access", relay_ask_access_client, ANSWERS, TABLE, false},
	{"check_client_mx_access", NULL, MAY_REJECT, WORD, false},
	{"check_client_ns_access", NULL, MAY_REJECT, WORD, false},
	{"check_etrn_access", NULL, MAY_REJECT, WORD, false},
	{"check_helo_a_access", NULL, MAY_REJECT, WORD, false},
	{"check_helo_access", relay_ask_access_helo, ANSWERS, TABLE, false},
	{"check_helo_mx_access", NULL, MAY_REJECT, WORD, false},
	{"check_helo_ns_access", NULL, MAY_REJECT, WORD, false},
	{"check_policy_service", NULL, MAY_PERMIT, WORD, false},
	{"check_recipient_a_access", NULL, MAY_REJECT, WORD, false},
	{"check_recipient_access", relay_ask_access_recipient, ANSWERS, TABLE, false},
	{"check_recipient_mx_access", NULL, MAY_REJECT, WORD, false},
	{"check_recipient_ns_access", NULL, MAY_REJECT, WORD, false},
	{"check_relay_domains", relay_ask_relay_domains, ANSWERS, NOTHING, true},
	{"check_reverse_client_hostname_a_access", NULL, MAY_REJECT, WORD, false},
	{"check_reverse_client_hostname_access", NULL, MAY_REJECT, WORD, false},
	{"check_reverse_client_hostname_mx_access", NULL, MAY_REJECT, WORD, false},
	{"check_reverse_client_hostname_ns_access", NULL, MAY_REJECT, WORD, false},
	{"check_sasl_access", NULL, MAY_PERMIT, WORD, false},
	{"check_sender_a_access", NULL, MAY_REJECT, WORD, false},
	{"check_sender_access", relay_ask_access_sender, ANSWERS, TABLE, false},
	{"check_sender_mx_access", NULL, MAY_REJECT, WORD, false},
	{"check_sender_ns_access", NULL, MAY_REJECT, WORD, false},
	{"defer", relay_ask_reject, ANSWERS, NOTHING, true},
	{"defer_if_permit", relay_ask_defer_if_permit, ANSWERS, NOTHING, true},
	{"defer_if_reject", NULL, MAY_REJECT, NOTHING, false},
	{"defer_unauth_destination", relay_ask_unauth_destination, ANSWERS, NOTHING, true},
	{"permit", relay_ask_permit, ANSWERS, NOTHING, false},
	{"permit_auth_destination", relay_ask_auth_destination, ANSWERS, NOTHING, false},
	{"permit_dnswl_client", NULL, MAY_PERMIT, WORD, false},
	{"permit_inet_interfaces", NULL, MAY_PERMIT, NOTHING, false},
	{"permit_mx_backup", NULL, MAY_PERMIT, NOTHING, false},
	{"permit_mynetworks", relay_ask_mynetworks, ANSWERS, NOTHING, false},
	{"permit_naked_ip_address", NULL, MAY_PERMIT, NOTHING, false},
	{"permit_rhswl_client", NULL, MAY_PERMIT, WORD, false},
	{"permit_sasl_authenticated", relay_ask_sasl, ANSWERS, NOTHING, false},
	{"permit_tls_all_clientcerts", NULL, MAY_PERMIT, NOTHING, false},
	{"permit_tls_clientcerts", NULL, MAY_PERMIT, NOTHING, false},
	{"reject", relay_ask_reject, ANSWERS, NOTHING, true},
	{"reject_authenticated_sender_login_mismatch", NULL, MAY_REJECT, NOTHING, false},
	{"reject_invalid_helo_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_invalid_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_known_sender_login_mismatch", NULL, MAY_REJECT, NOTHING, false},
	{"reject_maps_rbl", NULL, MAY_REJECT, NOTHING, false},
	{"reject_multi_recipient_bounce", NULL, MAY_REJECT, NOTHING, false},
	{"reject_non_fqdn_helo_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_non_fqdn_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_non_fqdn_recipient", NULL, MAY_REJECT, NOTHING, false},
	{"reject_non_fqdn_sender", NULL, MAY_REJECT, NOTHING, false},
	{"reject_plaintext_session", NULL, MAY_REJECT, NOTHING, false},
	{"reject_rbl", NULL, MAY_REJECT, WORD, false},
	{"reject_rbl_client", NULL, MAY_REJECT, WORD, false},
	{"reject_rhsbl_client", NULL, MAY_REJECT, WORD, false},
	{"reject_rhsbl_helo", NULL, MAY_REJECT, WORD, false},
	{"reject_rhsbl_recipient", NULL, MAY_REJECT, WORD, false},
	{"reject_rhsbl_reverse_client", NULL, MAY_REJECT, WORD, false},
	{"reject_rhsbl_sender", NULL, MAY_REJECT, WORD, false},
	{"reject_sender_login_mismatch", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unauth_destination", relay_ask_unauth_destination, ANSWERS, NOTHING, true},
	{"reject_unauth_pipelining", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unauthenticated_sender_login_mismatch", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_address", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_client", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_client_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_forward_client_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_helo_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_recipient_domain", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_reverse_client_hostname", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unknown_sender_domain", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unlisted_recipient", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unlisted_sender", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unverified_recipient", NULL, MAY_REJECT, NOTHING, false},
	{"reject_unverified_sender", NULL, MAY_REJECT, NOTHING, false},
	{"sleep", NULL, MAY_REJECT, WORD, false},
	{"warn_if_reject", relay_ask_warn_if_reject, ANSWERS, NOTHING, false},
};

/* Of a word that Postfix does not know it says 451, and of a class it asks its list. */
static const struct relay_restriction unknown = {"unknown restriction", relay_ask_unknown, ANSWERS,
	NOTHING, false};
static const struct relay_restriction class_row = {"restriction class", relay_ask_class, ANSWERS,
	NOTHING, false};

/* What a table alone means in each list. */
static const char *const stage_access[STAGE_COUNT] = {
	[STAGE_CLIENT] = "check_client_access",
	[STAGE_HELO] = "check_helo_access",
	[STAGE_SENDER] = "check_sender_access",
	[STAGE_RELAY] = "check_recipient_access",
	[STAGE_RECIPIENT] = "check_recipient_access",
};

/* --- reading --- */

static const struct relay_restriction *
find_row(struct text word)
{
	for (size_t i = 0; i < ORBL_COUNT(restrictions); i++)
		if (text_equal_nocase(word, text_of(restrictions[i].name)))
			return &restrictions[i];
	return NULL;
}

const struct relay_restriction *
relay_rules_unknown(void)
{
	return &unknown;
}

void
relay_rules_find(const struct relay_postfix *pf, struct text word, struct relay_rule *out)
{
	out->row = find_row(word);
	for (size_t i = 0; out->row == NULL && i < pf->class_count; i++)
		if (text_equal(word, text_of(pf->classes[i].name))) {
			out->row = &class_row;
			out->class_index = i;
		}
	if (out->row == NULL)
		out->row = &unknown;
}

static bool
is_table(struct text word)
{
	return text_find_byte(word, ':') != SIZE_MAX && word.p[0] != '{';
}

static enum err
add_rule(struct relay_rules *list, const struct relay_rule *rule, const struct relay_source *source)
{
	size_t wanted = list->room == 0 ? 8 : list->room * 2;
	struct relay_rule *items = list->items;

	if (list->count == RULES_MAX)
		return relay_model_refuse(source, ERR_FULL, rule->line,
			"%s has more than %d restrictions; use a table", list->name, RULES_MAX);
	if (list->count == list->room) {
		items = reallocarray(items, wanted, sizeof(*items));
		if (items == NULL)
			return error_set(source->error, ERR_MEMORY, "out of memory");
		list->items = items;
		list->room = wanted;
	}
	list->items[list->count++] = *rule;
	return OK;
}

static enum err
take_argument(struct relay_postfix *pf, struct relay_words *w, struct relay_rule *rule,
	const struct relay_source *source)
{
	const char *what = rule->row->argument == TABLE ? "a table, such as texthash:clients" :
							  "a name";

	if (rule->row->argument == NOTHING)
		return OK;
	if (!relay_words_next(w) ||
		(rule->row->argument == TABLE && w->word.p[0] != '{' && !is_table(w->word)))
		return relay_model_refuse(source, ERR_SYNTAX, rule->line,
			"%s is not followed by %s; write it behind", rule->row->name, what);
	if (rule->row->argument != TABLE)
		return OK;
	return relay_postfix_table(pf, w->word, w->line, source, &rule->table);
}

static void
warn_of(const struct relay_rule *rule, const struct relay_source *source)
{
	if (rule->row->kind == MAY_PERMIT)
		relay_model_warn(source, rule->line,
			"%s: whom it permits is not known here; judged as if it permitted nobody",
			rule->row->name);
	if (rule->row == &unknown)
		relay_model_warn(source, rule->line,
			"'%.60s' is no restriction: Postfix answers 451 to what gets there; "
			"correct the name",
			rule->word);
}

static void
warn_of_names(struct relay_postfix *pf, const struct relay_table *table,
	const struct relay_source *source)
{
	for (size_t i = 0; i < pf->table_count; i++)
		if (pf->tables[i] == table)
			relay_postfix_warn_of_names(pf->tables[i], source);
}

static enum err
read_rule(struct relay_postfix *pf, struct relay_words *w, const char *access,
	const struct relay_source *source, struct relay_rules *out)
{
	struct relay_rule rule = {.line = w->line};
	enum err err;

	rule.word = relay_postfix_keep_word(pf, w->word);
	if (rule.word == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	if (is_table(w->word)) {
		rule.row = find_row(text_of(access));
		err = relay_postfix_table(pf, w->word, w->line, source, &rule.table);
	} else {
		relay_rules_find(pf, w->word, &rule);
		err = take_argument(pf, w, &rule, source);
	}
	if (err != OK)
		return err;
	warn_of(&rule, source);
	if (rule.row->ask == relay_ask_access_client)
		warn_of_names(pf, rule.table, source);
	return add_rule(out, &rule, source);
}

static enum err
read_rules(struct relay_postfix *pf, struct relay_words w, const char *access,
	const struct relay_source *source, struct relay_rules *out)
{
	enum err err = OK;

	while (err == OK && relay_words_next(&w))
		err = read_rule(pf, &w, access, source, out);
	return err;
}

enum err
relay_rules_read(struct relay_postfix *pf, enum relay_parameter parameter, enum relay_stage stage,
	const struct relay_source *source)
{
	const struct relay_value *v = &pf->values[parameter];

	pf->stages[stage].name = relay_postfix_parameter_name(parameter);
	return read_rules(pf, relay_words_of(v->text, v->line), stage_access[stage], source,
		&pf->stages[stage]);
}

static enum err
read_class(struct relay_postfix *pf, struct relay_rules *class, const struct relay_source *source)
{
	const struct relay_assignment *a = relay_postfix_find(pf, text_of(class->name));
	char *text = NULL;
	enum err err;

	if (a == NULL)
		return relay_model_refuse(source, ERR_SYNTAX,
			pf->values[PARAMETER_RESTRICTION_CLASSES].line,
			"the restriction class %.80s is not defined; write %.80s = RESTRICTIONS",
			class->name, class->name);
	err = relay_postfix_expand(pf, a->name, a->value, a->line, source, &text);
	if (err != OK)
		return err;
	if (relay_postfix_keep(pf, text) == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	return read_rules(pf, relay_words_of(text, a->line), stage_access[STAGE_RECIPIENT], source,
		class);
}

enum err
relay_classes_read(struct relay_postfix *pf, const struct relay_source *source)
{
	const struct relay_value *v = &pf->values[PARAMETER_RESTRICTION_CLASSES];
	struct relay_words w = relay_words_of(v->text, v->line);
	enum err err = OK;

	while (relay_words_next(&w)) {
		char *name;

		if (pf->class_count == RELAY_POSTFIX_CLASSES)
			return relay_model_refuse(source, ERR_FULL, w.line,
				"more than %d restriction classes; leave out what does not decide "
				"about relaying",
				RELAY_POSTFIX_CLASSES);
		name = relay_postfix_keep_word(pf, w.word);
		if (name == NULL)
			return error_set(source->error, ERR_MEMORY, "out of memory");
		pf->classes[pf->class_count++].name = name;
	}
	for (size_t i = 0; err == OK && i < pf->class_count; i++)
		err = read_class(pf, &pf->classes[i], source);
	return err;
}

/* Postfix looks no further than a permit, and not at what warn_if_reject makes harmless. */
static bool
has_guard(const struct relay_postfix *pf, const struct relay_rules *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_rule *r = &list->items[i];

		if (r->row->ask == relay_ask_warn_if_reject)
			i++;
		else if (r->row->ask == relay_ask_permit)
			return false;
		else if (r->row->guards ||
			(r->row == &class_row && pf->classes[r->class_index].guards))
			return true;
	}
	return false;
}

static size_t
size_of(const struct relay_postfix *pf, const struct relay_rules *list)
{
	size_t size = list->count;

	for (size_t i = 0; i < list->count && size <= RELAY_POSTFIX_RULES; i++)
		if (list->items[i].row == &class_row)
			size += pf->classes[list->items[i].class_index].size;
	return size <= RELAY_POSTFIX_RULES ? size : RELAY_POSTFIX_RULES + 1;
}

enum err
relay_rules_limit(struct relay_postfix *pf, const struct relay_source *source)
{
	/* As in relay_rules_check; one that leads back to itself grows beyond the limit. */
	for (size_t round = 0; round <= RELAY_POSTFIX_RULES; round++) {
		bool grown = false;

		for (size_t i = 0; i < pf->class_count; i++) {
			size_t size = size_of(pf, &pf->classes[i]);

			grown = grown || size != pf->classes[i].size;
			pf->classes[i].size = size;
		}
		if (!grown)
			break;
	}
	for (size_t i = 0; i < STAGE_COUNT; i++)
		if (size_of(pf, &pf->stages[i]) > RELAY_POSTFIX_RULES)
			return relay_model_refuse(source, ERR_FULL, pf->stages[i].items[0].line,
				"%s has more than %d restrictions when its classes are written "
				"out, or a class leads back to itself; leave out what does not "
				"decide relaying",
				pf->stages[i].name, RELAY_POSTFIX_RULES);
	return OK;
}

/* Why the guard that stands there does not count; NULL: there is none. */
static const struct relay_rule *
find_lost_guard(const struct relay_rules *list, const struct relay_rule **by)
{
	const struct relay_rule *permit = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct relay_rule *r = &list->items[i];
		bool warned = i != 0 && list->items[i - 1].row->ask == relay_ask_warn_if_reject;

		*by = warned ? r - 1 : permit;
		if (r->row->guards && *by != NULL)
			return r;
		if (permit == NULL && r->row->ask == relay_ask_permit)
			permit = r;
	}
	return NULL;
}

static bool
warn_of_lost_guard(const struct relay_rules *list, const struct relay_source *source)
{
	const struct relay_rule *by, *guard = find_lost_guard(list, &by);

	if (guard == NULL)
		return false;
	if (by->row->ask == relay_ask_warn_if_reject)
		relay_model_warn(source, guard->line,
			"%s of %s is only warned of (warn_if_reject on line %u) and so does not "
			"count: smtpd does not serve with that; take warn_if_reject out",
			guard->row->name, list->name, by->line);
	else
		relay_model_warn(source, guard->line,
			"%s of %s stands behind permit (line %u) and so does not count: smtpd "
			"does not serve with that; write it in front, or take permit out",
			guard->row->name, list->name, by->line);
	return true;
}

static void
warn_of_no_guard(const struct relay_postfix *pf, const struct relay_source *source)
{
	bool relay = warn_of_lost_guard(&pf->stages[STAGE_RELAY], source);

	if (warn_of_lost_guard(&pf->stages[STAGE_RECIPIENT], source) || relay)
		return;
	relay_model_warn(source, pf->values[PARAMETER_RELAY_RESTRICTIONS].line,
		"neither smtpd_relay_restrictions nor smtpd_recipient_restrictions has "
		"reject_unauth_destination or the like: smtpd does not serve with that; "
		"write smtpd_relay_restrictions = permit_mynetworks "
		"permit_sasl_authenticated defer_unauth_destination");
}

void
relay_rules_check(struct relay_postfix *pf, const struct relay_source *source)
{
	/* What a class names is known after as many rounds as there are classes. */
	for (size_t round = 0; round < pf->class_count; round++)
		for (size_t i = 0; i < pf->class_count; i++)
			pf->classes[i].guards = has_guard(pf, &pf->classes[i]);
	for (size_t i = 0; i < STAGE_COUNT; i++)
		pf->stages[i].guards = has_guard(pf, &pf->stages[i]);
	if (!pf->stages[STAGE_RELAY].guards && !pf->stages[STAGE_RECIPIENT].guards)
		warn_of_no_guard(pf, source);
	relay_postfix_find_unjudged(pf);
}
