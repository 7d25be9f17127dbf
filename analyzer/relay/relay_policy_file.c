#include <string.h>

#include "relay_model.h"

struct line {
	struct relay_policy *policy;
	const struct relay_source *source;
	const struct setting *setting;
	struct text value;
	unsigned number;
};

/* One row a setting; docs/relay-policy.md has a line for each. */
struct setting {
	const char *name;
	bool repeatable;
	enum err (*take)(const struct line *l);
};

static enum err take_flags(const struct line *l);
static enum err take_deny(const struct line *l);
static enum err take_allow(const struct line *l);
static enum err take_local_ip(const struct line *l);
static enum err take_ip_forwarding(const struct line *l);
static enum err take_local_domain(const struct line *l);
static enum err take_routing(const struct line *l);
static enum err take_version(const struct line *l);
static enum err take_encapsulated_fix(const struct line *l);
static enum err take_pop3_imap4(const struct line *l);

static const struct setting settings[] = {
	{"relay_flags", false, take_flags},
	{"relay_deny", true, take_deny},
	{"relay_allow", true, take_allow},
	{"relay_local_ip", true, take_local_ip},
	{"ip_forwarding", false, take_ip_forwarding},
	{"local_domain", true, take_local_domain},
	{"routing", false, take_routing},
	{"version", false, take_version},
	{"encapsulated_fix", false, take_encapsulated_fix},
	{"pop3_imap4", false, take_pop3_imap4},
};

enum { SETTING_COUNT = ORBL_COUNT(settings), SHOWN = 80, NAMES_TEXT = 256, WORD_MAX = 4 };

/* The value's place among at most WORD_MAX words, NULL-terminated when fewer. */
static enum err
take_word(const struct line *l, const char *const words[WORD_MAX], size_t *out)
{
	char shown[SHOWN], names[NAMES_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; i < WORD_MAX && words[i] != NULL; i++) {
		if (text_equal(l->value, text_of(words[i]))) {
			*out = i;
			return OK;
		}
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			i == 0 ? "" : ", ", words[i]);
	}
	text_printable(l->value, shown, sizeof(shown));
	return relay_model_refuse(l->source, ERR_SYNTAX, l->number,
		"%s cannot be '%s'; write one of: %s", l->setting->name, shown, names);
}

static enum err
take_switch(const struct line *l, enum relay_setting_kind kind, const char *off, const char *on,
	bool *out)
{
	const char *const words[WORD_MAX] = {off, on};
	size_t i = 0;
	enum err err = take_word(l, words, &i);

	l->policy->setting_lines[kind] = l->number;
	*out = i == 1;
	return err;
}

/* A value not set differs from 0: it leaves the server as it was installed. */
static enum err
take_flags(const struct line *l)
{
	uint64_t flags;
	char shown[SHOWN];

	l->policy->setting_lines[RELAY_SETTING_FLAGS] = l->number;
	if (text_equal(l->value, TEXT("absent")))
		return OK;
	if (text_to_u64(l->value, UINT32_MAX, &flags) != OK) {
		text_printable(l->value, shown, sizeof(shown));
		return relay_model_refuse(l->source, ERR_SYNTAX, l->number,
			"relay_flags cannot be "
			"'%s'; write the sum of 1 deny, 2 allow, 4 local IP, 8 authenticated, or "
			"absent",
			shown);
	}
	relay_model_set_flags(l->policy, (uint32_t)flags, l->number, l->source);
	return OK;
}

static enum err
take_deny(const struct line *l)
{
	return relay_model_add_line(l->policy, RELAY_LIST_DENY, l->value, l->number, l->source);
}

static enum err
take_allow(const struct line *l)
{
	return relay_model_add_line(l->policy, RELAY_LIST_ALLOW, l->value, l->number, l->source);
}

static enum err
take_local_ip(const struct line *l)
{
	return relay_model_add_line(l->policy, RELAY_LIST_LOCAL_IP, l->value, l->number, l->source);
}

static enum err
take_ip_forwarding(const struct line *l)
{
	return take_switch(l, RELAY_SETTING_IP_FORWARDING, "off", "on", &l->policy->ip_forwarding);
}

static enum err
take_local_domain(const struct line *l)
{
	return relay_model_add_domain(l->policy, l->value, l->number, l->source);
}

static enum err
take_routing(const struct line *l)
{
	return take_switch(l, RELAY_SETTING_ROUTING, "reroute", "do-not-reroute",
		&l->policy->do_not_reroute);
}

static enum err
take_version(const struct line *l)
{
	static const char *const words[WORD_MAX] = {
		[RELAY_VERSION_4_0] = "4.0",
		[RELAY_VERSION_5_0] = "5.0",
		[RELAY_VERSION_5_5] = "5.5",
	};
	size_t i = RELAY_VERSION_5_5;
	enum err err = take_word(l, words, &i);

	l->policy->setting_lines[RELAY_SETTING_VERSION] = l->number;
	l->policy->version = (enum relay_version)i;
	return err;
}

static enum err
take_encapsulated_fix(const struct line *l)
{
	return take_switch(l, RELAY_SETTING_ENCAPSULATED_FIX, "yes", "no",
		&l->policy->unfixed_encapsulation);
}

static enum err
take_pop3_imap4(const struct line *l)
{
	return take_switch(l, RELAY_SETTING_POP3_IMAP4, "on", "off", &l->policy->no_pop3_imap4);
}

static const struct setting *
find_setting(struct text name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (text_equal(name, text_of(settings[i].name)))
			return &settings[i];
	return NULL;
}

static enum err
refuse_name(const struct line *l, struct text name)
{
	char shown[SHOWN], names[NAMES_TEXT] = "";
	size_t used = 0;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			i == 0 ? "" : ", ", settings[i].name);
	text_printable(name, shown, sizeof(shown));
	return relay_model_refuse(l->source, ERR_SYNTAX, l->number,
		"unknown setting '%s'; the settings are: %s", shown, names);
}

/* first[] has the line on which each setting stood first, 0 not yet. */
static enum err
take_line(struct line *l, struct text text, unsigned first[SETTING_COUNT])
{
	bool has_value = text_find_byte(text, '=') != SIZE_MAX;
	struct text name = text_trim(text_cut(&text, '='));
	char shown[SHOWN];
	unsigned *seen;

	l->value = text_trim(text);
	l->setting = find_setting(name);
	if (l->setting == NULL)
		return refuse_name(l, name);
	text_printable(name, shown, sizeof(shown));
	if (!has_value || l->value.len == 0)
		return relay_model_refuse(l->source, ERR_SYNTAX, l->number,
			"%s has no value; write %s = VALUE, or leave the line out", shown, shown);
	seen = &first[l->setting - settings];
	if (*seen != 0 && !l->setting->repeatable)
		return relay_model_refuse(l->source, ERR_SYNTAX, l->number,
			"%s is set again, first on line %u; keep one of them", shown, *seen);
	if (*seen == 0)
		*seen = l->number;
	return l->setting->take(l);
}

enum err
relay_policy_file_parse(struct text bytes, struct relay_policy *p,
	const struct relay_source *source)
{
	struct line l = {.policy = p, .source = source};
	unsigned first[SETTING_COUNT] = {0};
	struct text text;
	enum err err = OK;

	while (err == OK && text_next_line(&bytes, &text)) {
		l.number++;
		text = text_trim(text_cut(&text, '#'));
		if (text.len != 0)
			err = take_line(&l, text, first);
	}
	/* Taken for a server as installed it would permit all, by a slip. */
	if (err == OK && l.setting == NULL)
		return relay_model_refuse(source, ERR_SYNTAX, 1,
			"there is no setting in this file; write at least one, relay_flags = "
			"absent for a server as it was installed");
	return err;
}
