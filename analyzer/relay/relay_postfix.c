#include "relay_postfix.h"

#include <stdlib.h>
#include <string.h>

#include "relay_postfix_rules.h"

#define STYLE_DEFAULT                                                                              \
	"debug_peer_list, fast_flush_domains, mynetworks, permit_mx_backup_networks, "             \
	"qmqpd_authorized_clients, relay_domains, smtpd_access_maps"

/* With the defaults of Postfix 3.7 (postconf(5)); those of myhostname and mydomain, and of
 * mynetworks, are the machine's and stand for what is not known of it. */
static const struct {
	const char *name;
	const char *text;
} parameters[PARAMETER_COUNT] = {
	[PARAMETER_COMPATIBILITY] = {"compatibility_level", "0"},
	[PARAMETER_CONFIG_DIRECTORY] = {"config_directory", "/etc/postfix"},
	[PARAMETER_MYHOSTNAME] = {"myhostname", "localhost.$mydomain"},
	[PARAMETER_MYDOMAIN] = {"mydomain", "localdomain"},
	[PARAMETER_MYORIGIN] = {"myorigin", "$myhostname"},
	[PARAMETER_INET_INTERFACES] = {"inet_interfaces", "all"},
	[PARAMETER_PROXY_INTERFACES] = {"proxy_interfaces", ""},
	[PARAMETER_MYDESTINATION] = {"mydestination",
		"$myhostname, localhost.$mydomain, localhost"},
	[PARAMETER_VIRTUAL_ALIAS_MAPS] = {"virtual_alias_maps", "$virtual_maps"},
	[PARAMETER_VIRTUAL_ALIAS_DOMAINS] = {"virtual_alias_domains", "$virtual_alias_maps"},
	[PARAMETER_VIRTUAL_MAILBOX_MAPS] = {"virtual_mailbox_maps", ""},
	[PARAMETER_VIRTUAL_MAILBOX_DOMAINS] = {"virtual_mailbox_domains", "$virtual_mailbox_maps"},
	[PARAMETER_RELAY_DOMAINS] = {"relay_domains",
		"${{$compatibility_level} <level {2} ? {$mydestination} : {}}"},
	[PARAMETER_PARENT_STYLE] = {"parent_domain_matches_subdomains", STYLE_DEFAULT},
	[PARAMETER_MYNETWORKS_STYLE] = {"mynetworks_style",
		"${{$compatibility_level} <level {2} ? {subnet} : {host}}"},
	[PARAMETER_MYNETWORKS] = {"mynetworks", "127.0.0.0/8 [::1]/128"},
	[PARAMETER_PERCENT_HACK] = {"allow_percent_hack", "yes"},
	[PARAMETER_SWAP_BANGPATH] = {"swap_bangpath", "yes"},
	[PARAMETER_UNTRUSTED_ROUTING] = {"allow_untrusted_routing", "no"},
	[PARAMETER_RESOLVE_DEQUOTED] = {"resolve_dequoted_address", "yes"},
	[PARAMETER_APPEND_AT_MYORIGIN] = {"append_at_myorigin", "yes"},
	[PARAMETER_APPEND_DOT_MYDOMAIN] = {"append_dot_mydomain",
		"${{$compatibility_level} <level {1} ? {yes} : {no}}"},
	[PARAMETER_RECIPIENT_DELIMITER] = {"recipient_delimiter", ""},
	[PARAMETER_NULL_ACCESS_KEY] = {"smtpd_null_access_lookup_key", "<>"},
	[PARAMETER_RELAY_FIRST] = {"smtpd_relay_before_recipient_restrictions",
		"${{$compatibility_level} <level {3.6} ? {no} : {yes}}"},
	[PARAMETER_RESTRICTION_CLASSES] = {"smtpd_restriction_classes", ""},
	[PARAMETER_CLIENT_RESTRICTIONS] = {"smtpd_client_restrictions", ""},
	[PARAMETER_HELO_RESTRICTIONS] = {"smtpd_helo_restrictions", ""},
	[PARAMETER_SENDER_RESTRICTIONS] = {"smtpd_sender_restrictions", ""},
	[PARAMETER_RELAY_RESTRICTIONS] = {"smtpd_relay_restrictions",
		"${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, "
		"permit_sasl_authenticated, defer_unauth_destination}}"},
	[PARAMETER_RECIPIENT_RESTRICTIONS] = {"smtpd_recipient_restrictions", ""},
};

static const struct {
	enum relay_parameter parameter;
	size_t offset;
} switches[] = {
	{PARAMETER_PERCENT_HACK, offsetof(struct relay_postfix, percent_hack)},
	{PARAMETER_SWAP_BANGPATH, offsetof(struct relay_postfix, swap_bangpath)},
	{PARAMETER_UNTRUSTED_ROUTING, offsetof(struct relay_postfix, untrusted_routing)},
	{PARAMETER_RESOLVE_DEQUOTED, offsetof(struct relay_postfix, resolve_dequoted)},
	{PARAMETER_APPEND_AT_MYORIGIN, offsetof(struct relay_postfix, append_at_myorigin)},
	{PARAMETER_APPEND_DOT_MYDOMAIN, offsetof(struct relay_postfix, append_dot_mydomain)},
	{PARAMETER_RELAY_FIRST, offsetof(struct relay_postfix, relay_first)},
};

static const struct {
	enum relay_domain_list list;
	enum relay_parameter parameter;
} domain_lists[DOMAINS_COUNT] = {
	{DOMAINS_LOCAL, PARAMETER_MYDESTINATION},
	{DOMAINS_ALIAS, PARAMETER_VIRTUAL_ALIAS_DOMAINS},
	{DOMAINS_MAILBOX, PARAMETER_VIRTUAL_MAILBOX_DOMAINS},
	{DOMAINS_RELAY, PARAMETER_RELAY_DOMAINS},
};

static const struct {
	enum relay_stage stage;
	enum relay_parameter parameter;
} stages[STAGE_COUNT] = {
	{STAGE_CLIENT, PARAMETER_CLIENT_RESTRICTIONS},
	{STAGE_HELO, PARAMETER_HELO_RESTRICTIONS},
	{STAGE_SENDER, PARAMETER_SENDER_RESTRICTIONS},
	{STAGE_RELAY, PARAMETER_RELAY_RESTRICTIONS},
	{STAGE_RECIPIENT, PARAMETER_RECIPIENT_RESTRICTIONS},
};

const char *
relay_postfix_parameter_name(enum relay_parameter p)
{
	return parameters[p].name;
}

const char *
relay_postfix_get(const struct relay_postfix *pf, enum relay_parameter p)
{
	return pf->values[p].text;
}

const char *
relay_postfix_default(struct text name)
{
	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		if (text_equal(name, text_of(parameters[i].name)))
			return parameters[i].text;
	return NULL;
}

char *
relay_postfix_keep(struct relay_postfix *pf, char *text)
{
	size_t wanted = pf->kept_room == 0 ? 64 : pf->kept_room * 2;
	char **kept = pf->kept;

	if (text != NULL && pf->kept_count == pf->kept_room) {
		kept = reallocarray(kept, wanted, sizeof(*kept));
		if (kept == NULL) {
			free(text);
			return NULL;
		}
		pf->kept = kept;
		pf->kept_room = wanted;
	}
	if (text != NULL)
		pf->kept[pf->kept_count++] = text;
	return text;
}

/* A word in braces may go over several lines. */
char *
relay_postfix_keep_word(struct relay_postfix *pf, struct text word)
{
	char *copy = strndup(word.p, word.len);

	for (char *c = copy; c != NULL && *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	return relay_postfix_keep(pf, copy);
}

/* --- values --- */

/* For messages and lists: in one line, single blanks. */
static char *
copy_shown(const char *text)
{
	char *copy = malloc(strlen(text) + 1);
	size_t len = 0;

	for (; copy != NULL && *text != '\0'; text++) {
		bool blank = *text == ' ' || *text == '\n';

		if (!blank)
			copy[len++] = *text;
		else if (len != 0 && copy[len - 1] != ' ')
			copy[len++] = ' ';
	}
	if (copy != NULL) {
		len -= len != 0 && copy[len - 1] == ' ';
		copy[len] = '\0';
	}
	return copy;
}

static enum err
expand_value(struct relay_postfix *pf, enum relay_parameter p, const struct relay_source *source)
{
	const struct relay_assignment *a = relay_postfix_find(pf, text_of(parameters[p].name));
	struct relay_value *v = &pf->values[p];
	enum err err;

	v->line = a != NULL ? a->line : 0;
	err = relay_postfix_expand(pf, parameters[p].name,
		a != NULL ? a->value : parameters[p].text, v->line, source, &v->text);
	if (err != OK)
		return err;
	v->shown = copy_shown(v->text);
	return v->shown != NULL ? OK : error_set(source->error, ERR_MEMORY, "out of memory");
}

/* What Postfix takes from its machine when main.cf does not say it, as far as it can be told. */
static enum err
complete_names(struct relay_postfix *pf, const struct relay_source *source)
{
	const struct relay_assignment *host = relay_postfix_find(pf, TEXT("myhostname"));
	const struct relay_assignment *domain = relay_postfix_find(pf, TEXT("mydomain"));
	const char *dot;
	char *expanded = NULL, *name, *value;
	enum err err;

	if (host == NULL)
		relay_model_warn(source, 1,
			"myhostname is not set: Postfix takes the machine's name, which is not "
			"known here; write myhostname = NAME as 'postconf myhostname' shows it");
	if (domain != NULL || host == NULL)
		return OK;
	err = relay_postfix_expand(pf, "myhostname", host->value, host->line, source, &expanded);
	if (err != OK)
		return err;
	dot = strchr(expanded, '.');
	value = strdup(dot != NULL ? dot + 1 : "localdomain");
	free(expanded);
	name = strdup("mydomain");
	value = relay_postfix_keep(pf, value);
	name = relay_postfix_keep(pf, name);
	if (name == NULL || value == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	err = relay_assignments_add(pf, (struct relay_assignment){name, value, host->line}, source);
	relay_assignments_sort(pf);
	return err;
}

static enum err
take_switches(struct relay_postfix *pf, const struct relay_source *source)
{
	for (size_t i = 0; i < ORBL_COUNT(switches); i++) {
		const struct relay_value *v = &pf->values[switches[i].parameter];
		bool *out = (bool *)((char *)pf + switches[i].offset);

		*out = text_equal_nocase(text_of(v->shown), TEXT("yes"));
		if (!*out && !text_equal_nocase(text_of(v->shown), TEXT("no")))
			return relay_model_refuse(source, ERR_SYNTAX, v->line,
				"%s cannot be '%.80s'; write yes or no",
				parameters[switches[i].parameter].name, v->shown);
	}
	return OK;
}

static bool
style_has(const struct relay_postfix *pf, const char *name)
{
	struct relay_words w = relay_words_of(pf->values[PARAMETER_PARENT_STYLE].text, 0);

	while (relay_words_next(&w))
		if (text_equal(w.word, text_of(name)))
			return true;
	return false;
}

/* myorigin = /etc/mailname, as Debian has it: the first line of the file. */
static void
check_origin(struct relay_postfix *pf, const struct relay_source *source)
{
	struct relay_value *v = &pf->values[PARAMETER_MYORIGIN];

	if (v->shown[0] == '/')
		relay_model_warn(source, v->line,
			"myorigin is the name in the file %.80s, which is not read: a recipient "
			"without a domain is taken for one of a domain of that name; write "
			"myorigin = NAME",
			v->shown);
}

static void
check_networks(struct relay_postfix *pf, const struct relay_source *source)
{
	if (pf->values[PARAMETER_MYNETWORKS].line == 0)
		relay_model_warn(source, pf->values[PARAMETER_MYNETWORKS_STYLE].line,
			"mynetworks is not set: Postfix makes it of the machine's interfaces "
			"(mynetworks_style %.40s), which are not known here; %s is taken; write "
			"mynetworks = NETWORKS as 'postconf mynetworks' shows them",
			pf->values[PARAMETER_MYNETWORKS_STYLE].shown,
			pf->values[PARAMETER_MYNETWORKS].shown);
}

static enum err
read_values(struct relay_postfix *pf, const struct relay_source *source)
{
	enum err err = complete_names(pf, source);

	for (size_t i = 0; err == OK && i < PARAMETER_COUNT; i++)
		err = expand_value(pf, (enum relay_parameter)i, source);
	if (err == OK)
		err = take_switches(pf, source);
	if (err != OK)
		return err;
	pf->folder.declared = text_of(pf->values[PARAMETER_CONFIG_DIRECTORY].shown);
	while (text_has_suffix(pf->folder.declared, TEXT("/")))
		pf->folder.declared.len--;
	check_origin(pf, source);
	check_networks(pf, source);
	return OK;
}

static enum err
read_lists(struct relay_postfix *pf, const struct relay_source *source)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < DOMAINS_COUNT; i++)
		err = relay_patterns_read(pf, domain_lists[i].parameter, false, source,
			&pf->domains[domain_lists[i].list]);
	pf->domains[DOMAINS_RELAY].parents = style_has(pf, "relay_domains");
	pf->access_parents = style_has(pf, "smtpd_access_maps");
	if (err == OK)
		err = relay_patterns_read(pf, PARAMETER_MYNETWORKS, true, source, &pf->mynetworks);
	if (err == OK)
		err = relay_classes_read(pf, source);
	for (size_t i = 0; err == OK && i < STAGE_COUNT; i++)
		err = relay_rules_read(pf, stages[i].parameter, stages[i].stage, source);
	if (err == OK)
		err = relay_rules_limit(pf, source);
	if (err == OK)
		relay_rules_check(pf, source);
	return err;
}

enum err
relay_postfix_table(struct relay_postfix *pf, struct text name, unsigned line,
	const struct relay_source *source, const struct relay_table **out)
{
	enum err err;

	for (size_t i = 0; i < pf->table_count; i++)
		if (text_equal(name, text_of(pf->tables[i]->name))) {
			*out = pf->tables[i];
			return OK;
		}
	if (pf->table_count == RELAY_POSTFIX_TABLES)
		return relay_model_refuse(source, ERR_FULL, line,
			"more than %d tables are named; leave out what does not decide about "
			"relaying",
			RELAY_POSTFIX_TABLES);
	err = relay_table_open(name, &pf->folder, line, source, &pf->tables[pf->table_count]);
	if (err == OK)
		*out = pf->tables[pf->table_count++];
	return err;
}

enum err
relay_postfix_parse(struct text bytes, struct relay_policy *p, const struct relay_source *source)
{
	struct relay_postfix *pf = calloc(1, sizeof(*pf));
	struct text path = text_of(source->name);
	size_t slash = text_rfind(path, TEXT("/"));
	enum err err;

	if (pf == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	p->dialect = RELAY_DIALECT_POSTFIX;
	p->postfix = pf;
	/* The name of the file need not outlive the reading. */
	if (slash != SIZE_MAX) {
		const char *here = relay_postfix_keep(pf, strndup(path.p, slash));

		if (here == NULL)
			return error_set(source->error, ERR_MEMORY, "out of memory");
		pf->folder.here = text_of(here);
	}
	err = relay_assignments_read(pf, bytes, source);
	if (err == OK)
		err = read_values(pf, source);
	return err == OK ? read_lists(pf, source) : err;
}

void
relay_postfix_free(struct relay_postfix *pf)
{
	if (pf == NULL)
		return;
	for (size_t i = 0; i < STAGE_COUNT; i++)
		free(pf->stages[i].items);
	for (size_t i = 0; i < pf->class_count; i++)
		free(pf->classes[i].items);
	for (size_t i = 0; i < DOMAINS_COUNT; i++)
		relay_patterns_free(&pf->domains[i]);
	relay_patterns_free(&pf->mynetworks);
	for (size_t i = 0; i < pf->table_count; i++)
		relay_table_free(pf->tables[i]);
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		free(pf->values[i].text);
		free(pf->values[i].shown);
	}
	for (size_t i = 0; i < pf->kept_count; i++)
		free(pf->kept[i]);
	free(pf->kept);
	free(pf->assignments);
	free(pf);
}

bool
relay_postfix_setting(const struct relay_postfix *pf, size_t i, struct relay_setting *out)
{
	if (i >= PARAMETER_COUNT)
		return false;
	*out = (struct relay_setting){
		.name = parameters[i].name,
		.value = pf->values[i].shown,
		.line = pf->values[i].line,
	};
	return true;
}
