#include "relay_postfix_rules.h"

#include <string.h>

/* access(5): which keys of a table are tried, and what its values mean. */

/* Everything else names restrictions; a number is handled apart. */
static const struct {
	const char *word;
	enum relay_action action;
} actions[] = {
	{"OK", ACTION_PERMIT},
	{"RELAY", ACTION_PERMIT},
	{"DISCARD", ACTION_PERMIT}, /* the client is told so; no mail goes anywhere */
	{"REJECT", ACTION_REJECT},
	{"DEFER", ACTION_REJECT},
	{"HANGUP", ACTION_REJECT},
	{"DEFER_IF_PERMIT", ACTION_DEFER_IF_PERMIT},
	{"DUNNO", ACTION_DUNNO},
	{"DEFER_IF_REJECT", ACTION_DUNNO},
	{"BCC", ACTION_DUNNO},
	{"FILTER", ACTION_DUNNO},
	{"HOLD", ACTION_DUNNO},
	{"INFO", ACTION_DUNNO},
	{"PREPEND", ACTION_DUNNO},
	{"REDIRECT", ACTION_DUNNO},
	{"WARN", ACTION_DUNNO},
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_number(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!is_digit(t.p[i]))
			return false;
	return t.len != 0;
}

enum relay_action
relay_access_action(struct text value)
{
	struct text rest = value, word = text_cut(&rest, ' ');

	for (size_t i = 0; i < ORBL_COUNT(actions); i++)
		if (text_equal_nocase(word, text_of(actions[i].word)))
			return actions[i].action;
	if (is_number(value))
		return ACTION_PERMIT;
	if (word.len == 3 && is_number(word) && (word.p[0] == '4' || word.p[0] == '5'))
		return ACTION_REJECT;
	return ACTION_RESTRICTIONS;
}

const struct relay_table_entry *
relay_access_find_name(const struct relay_postfix *pf, const struct relay_table *t,
	struct text name)
{
	const struct relay_table_entry *e = relay_table_find(t, name, false);
	struct addr a;

	if (addr_parse(name, &a) == OK)
		return e;
	while (e == NULL && name.len != 0) {
		size_t dot = text_find_byte(text_from(name, 1), '.');

		if (dot == SIZE_MAX)
			return NULL;
		name = text_from(name, dot + 1 + (pf->access_parents ? 1 : 0));
		e = relay_table_find(t, name, true);
	}
	return e;
}

/* The address, then what is left of it in front of each dot or colon. */
const struct relay_table_entry *
relay_access_find_client(const struct relay_table *t, const struct addr *client)
{
	char text[ADDR_TEXT];
	struct text key = text_of(addr_format(client, text));
	const struct relay_table_entry *e = relay_table_find(t, key, false);
	struct text separator = client->family == 6 ? TEXT(":") : TEXT(".");

	while (e == NULL) {
		size_t at = text_rfind(key, separator);

		if (at == SIZE_MAX)
			return NULL;
		key = text_upto(key, at);
		e = relay_table_find(t, key, true);
	}
	return e;
}

/* "user" of "user+extension"; all of it when there is none. */
static struct text
without_extension(const struct relay_postfix *pf, struct text local_part)
{
	const char *delimiters = pf->values[PARAMETER_RECIPIENT_DELIMITER].shown;

	for (size_t i = 1; i < local_part.len; i++)
		if (strchr(delimiters, local_part.p[i]) != NULL)
			return text_upto(local_part, i);
	return local_part;
}

static const struct relay_table_entry *
find_joined(const struct relay_table *t, struct text local_part, struct text domain, bool partial)
{
	char key[RECIPIENT_MAX + 1];

	if (local_part.len + 1 + domain.len >= sizeof(key))
		return NULL;
	if (local_part.len != 0)
		memcpy(key, local_part.p, local_part.len);
	key[local_part.len] = '@';
	if (domain.len != 0)
		memcpy(key + local_part.len + 1, domain.p, domain.len);
	return relay_table_find(t, (struct text){key, local_part.len + 1 + domain.len}, partial);
}

const struct relay_table_entry *
relay_access_find_address(const struct relay_postfix *pf, const struct relay_table *t,
	const char *address)
{
	struct text local_part, domain, user;
	const struct relay_table_entry *e;

	recipient_split(text_of(address), &local_part, &domain);
	user = without_extension(pf, local_part);
	e = find_joined(t, local_part, domain, false);
	if (e == NULL && user.len != local_part.len)
		e = find_joined(t, user, domain, true);
	/* Of the domain, all keys are parts of the address. */
	if (e == NULL && t->kind == RELAY_TABLE_KEYS)
		e = relay_access_find_name(pf, t, domain);
	if (e == NULL)
		e = find_joined(t, local_part, TEXT_NONE, true);
	if (e == NULL && user.len != local_part.len)
		e = find_joined(t, user, TEXT_NONE, true);
	return e;
}
