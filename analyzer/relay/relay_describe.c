#include "relay_describe.h"

#include <stdio.h>

#include "relay_describe_part.h"
#include "relay_model.h"

enum { VALUE_MAX = 512 };

struct describe {
	const struct relay_policy *policy;
	const struct relay_telling *telling;
};

static void
tell(const struct describe *d, const struct relay_item *item)
{
	d->telling->fn(item, d->telling->context);
}

/* --- Exchange IMS: settings and lists --------------------------------------- */

static void
format_flags(const struct relay_policy *p, char *out, size_t size)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{RELAY_FLAG_DENY, "deny list"},
		{RELAY_FLAG_ALLOW, "allow list"},
		{RELAY_FLAG_LOCAL_IP, "local-IP list"},
		{RELAY_FLAG_AUTH, "authenticated clients"},
	};
	size_t used = (size_t)snprintf(out, size, "%u", p->flags);
	const char *between = " (";

	for (size_t i = 0; i < ORBL_COUNT(flags); i++) {
		if ((p->flags & flags[i].flag) == 0)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s", between, flags[i].name);
		between = ", ";
	}
	if (between[0] == ',')
		snprintf(out + used, size - used, ")");
}

static void
describe_settings(const struct describe *d)
{
	static const char *const versions[] = {
		[RELAY_VERSION_4_0] = "4.0",
		[RELAY_VERSION_5_0] = "5.0",
		[RELAY_VERSION_5_5] = "5.5",
	};
	const struct relay_policy *p = d->policy;
	const unsigned *lines = p->setting_lines;
	char flags[VALUE_MAX] = "absent";
	bool fix_counts = p->version == RELAY_VERSION_5_5;
	bool pop3_counts = p->version == RELAY_VERSION_5_0;

	if (p->flags_set)
		format_flags(p, flags, sizeof(flags));
	const struct relay_item items[] = {
		{.name = "RelayFlags", .value = flags, .line = lines[RELAY_SETTING_FLAGS]},
		{.name = "routing",
			.value = p->do_not_reroute ? "do not reroute" : "reroute",
			.line = lines[RELAY_SETTING_ROUTING]},
		{.name = "version",
			.value = versions[p->version],
			.line = lines[RELAY_SETTING_VERSION]},
		{.name = "fix of MS99-027",
			.value = p->unfixed_encapsulation ? "no" : "yes",
			.note = fix_counts ? NULL : "only of version 5.5",
			.line = lines[RELAY_SETTING_ENCAPSULATED_FIX]},
		{.name = "POP3/IMAP4",
			.value = p->no_pop3_imap4 ? "off" : "on",
			.note = pop3_counts ? NULL : "only of version 5.0",
			.line = lines[RELAY_SETTING_POP3_IMAP4]},
		{.name = "IP forwarding",
			.value = p->ip_forwarding ? "on" : "off",
			.line = lines[RELAY_SETTING_IP_FORWARDING]},
	};

	for (size_t i = 0; i < ORBL_COUNT(items); i++)
		tell(d, &items[i]);
}

/* How many addresses match, as 2^n for a mask of ones and zeros in any order. */
static void
format_reach(const struct relay_line *l, char *out, size_t size)
{
	uint64_t count = 1;

	for (uint32_t hosts = ~l->mask; hosts != 0; hosts &= hosts - 1)
		count *= 2;
	if ((l->net & ~l->mask) != 0)
		snprintf(out, size, "never matches: the net has bits outside its mask");
	else if (count == 1)
		snprintf(out, size, "one address");
	else
		snprintf(out, size, "%llu addresses", (unsigned long long)count);
}

static void
describe_list(const struct describe *d, enum relay_list_kind kind)
{
	const struct relay_list *list = &d->policy->lists[kind];
	char reach[80];

	for (size_t i = 0; i < list->count; i++) {
		const struct relay_line *l = &list->lines[i];

		format_reach(l, reach, sizeof(reach));
		tell(d,
			&(struct relay_item){.kind = RELAY_ITEM_ENTRY,
				.name = relay_model_list_name(kind),
				.value = l->text,
				.note = reach,
				.line = l->line});
	}
}

static void
describe_domains(const struct describe *d)
{
	for (size_t i = 0; i < d->policy->domain_count; i++)
		tell(d,
			&(struct relay_item){.kind = RELAY_ITEM_ENTRY,
				.name = "local domains",
				.value = d->policy->domains[i].name,
				.line = d->policy->domains[i].line});
}

/* --- Exchange IMS: rules ------------------------------------------------------ */

static bool
has_flag(const struct relay_policy *p, enum relay_flag flag)
{
	return (p->flags & (uint32_t)flag) != 0;
}

static bool
has_domains(const struct relay_policy *p)
{
	return p->domain_count != 0;
}

static bool
is_version_4(const struct relay_policy *p)
{
	return p->version == RELAY_VERSION_4_0;
}

static bool
is_version_5_0_open(const struct relay_policy *p)
{
	return p->version == RELAY_VERSION_5_0 && !p->no_pop3_imap4;
}

static bool
has_encapsulation_hole(const struct relay_policy *p)
{
	return p->version == RELAY_VERSION_5_5 && p->unfixed_encapsulation && has_domains(p);
}

static bool
does_not_reroute(const struct relay_policy *p)
{
	return p->do_not_reroute;
}

static bool
has_no_flags(const struct relay_policy *p)
{
	return !p->flags_set;
}

static bool
uses_deny_list(const struct relay_policy *p)
{
	return has_flag(p, RELAY_FLAG_DENY) && p->lists[RELAY_LIST_DENY].count != 0;
}

static bool
uses_allow_list(const struct relay_policy *p)
{
	return has_flag(p, RELAY_FLAG_ALLOW) && p->lists[RELAY_LIST_ALLOW].count != 0;
}

static bool
uses_local_ip_list(const struct relay_policy *p)
{
	return has_flag(p, RELAY_FLAG_LOCAL_IP) && !p->ip_forwarding &&
		p->lists[RELAY_LIST_LOCAL_IP].count != 0;
}

static bool
uses_authentication(const struct relay_policy *p)
{
	return has_flag(p, RELAY_FLAG_AUTH);
}

static bool
has_deny_flag_only(const struct relay_policy *p)
{
	return p->flags_set && p->flags == RELAY_FLAG_DENY;
}

/* As the rules of relay_policy.c, those in effect. One that always applies is the last. */
static const struct {
	const char *name;
	enum relay_answer answer;
	bool always;
	bool (*in_effect)(const struct relay_policy *p);
	const char *when;
} rules[] = {
	{"local domain", RELAY_LOCAL, false, has_domains, "the recipient is of a local domain"},
	{"version below 5.0", RELAY_PERMIT, true, is_version_4, "always: it cannot be secured"},
	{"version 5.0 with POP3/IMAP4", RELAY_PERMIT, true, is_version_5_0_open,
		"always: it cannot be secured"},
	{"encapsulated address", RELAY_PERMIT, false, has_encapsulation_hole,
		"the recipient is an IMCEASMTP address of a local domain"},
	{"Do not reroute", RELAY_THEN_BOUNCE, true, does_not_reroute, "always"},
	{"not set", RELAY_PERMIT, true, has_no_flags, "always: there is no RelayFlags"},
	{"RelayDenyList", RELAY_DENY, false, uses_deny_list, "the client is in the list"},
	{"RelayAllowList", RELAY_PERMIT, false, uses_allow_list, "the client is in the list"},
	{"RelayLocalIPList", RELAY_PERMIT, false, uses_local_ip_list,
		"the client is connected to an address in the list"},
	{"authenticated", RELAY_PERMIT, false, uses_authentication,
		"the client has authenticated itself"},
	{"RelayFlags exactly 1", RELAY_PERMIT, true, has_deny_flag_only,
		"always: there is a deny list only"},
	{"default", RELAY_DENY, true, NULL, "no rule before this one applies"},
};

/* Index of the rule that always applies. */
static size_t
describe_rules(const struct describe *d)
{
	size_t i;

	for (i = 0;; i++) {
		if (rules[i].in_effect != NULL && !rules[i].in_effect(d->policy))
			continue;
		tell(d,
			&(struct relay_item){.kind = RELAY_ITEM_RULE,
				.name = rules[i].name,
				.value = relay_answer_name(rules[i].answer),
				.note = rules[i].when});
		if (rules[i].always)
			return i;
	}
}

/* --- Exchange IMS: what is odd ------------------------------------------------- */

static void
warn(const struct describe *d, unsigned line, const char *text)
{
	tell(d, &(struct relay_item){.kind = RELAY_ITEM_WARNING, .value = text, .line = line});
}

/* Lists without RelayFlags were told of by relay_model_check. */
static void
warn_of_unused_list(const struct describe *d, enum relay_list_kind kind, enum relay_flag flag)
{
	const struct relay_list *list = &d->policy->lists[kind];
	const char *name = relay_model_list_name(kind);
	char text[160];

	if (!d->policy->flags_set || list->count == 0 || has_flag(d->policy, flag))
		return;
	snprintf(text, sizeof(text), "%s has no effect: RelayFlags %u has not bit %d", name,
		d->policy->flags, (int)flag);
	warn(d, list->line, text);
}

static void
describe_oddities(const struct describe *d, size_t last_rule)
{
	const struct relay_policy *p = d->policy;

	warn_of_unused_list(d, RELAY_LIST_DENY, RELAY_FLAG_DENY);
	warn_of_unused_list(d, RELAY_LIST_ALLOW, RELAY_FLAG_ALLOW);
	warn_of_unused_list(d, RELAY_LIST_LOCAL_IP, RELAY_FLAG_LOCAL_IP);
	if (has_flag(p, RELAY_FLAG_LOCAL_IP) && p->ip_forwarding)
		warn(d, p->lists[RELAY_LIST_LOCAL_IP].line,
			"RelayLocalIPList has no effect: the server forwards IP packets");
	if (p->flags_set && rules[last_rule].answer != RELAY_DENY && p->flags != RELAY_FLAG_DENY)
		warn(d, p->setting_lines[RELAY_SETTING_FLAGS],
			"RelayFlags has no effect: a rule before it always applies");
	if (p->domain_count == 0)
		warn(d, 0,
			"no local domain is known: every recipient counts as one of another "
			"server");
}

static void
describe_ims(const struct relay_policy *p, const struct relay_telling *t)
{
	const struct describe d = {p, t};

	describe_settings(&d);
	describe_list(&d, RELAY_LIST_DENY);
	describe_list(&d, RELAY_LIST_ALLOW);
	describe_list(&d, RELAY_LIST_LOCAL_IP);
	describe_domains(&d);
	describe_oddities(&d, describe_rules(&d));
}

static const char *
ims_domain(const struct relay_policy *p, size_t i)
{
	return i < p->domain_count ? p->domains[i].name : NULL;
}

static const char *
ims_host(ORBL_UNUSED const struct relay_policy *p)
{
	return NULL;
}

/* --- dialects -------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*describe)(const struct relay_policy *p, const struct relay_telling *t);
	const char *(*domain)(const struct relay_policy *p, size_t i);
	const char *(*host)(const struct relay_policy *p);
} dialects[] = {
	[RELAY_DIALECT_IMS] = {"an Exchange Internet Mail Service", describe_ims, ims_domain,
		ims_host},
	[RELAY_DIALECT_POSTFIX] = {"a Postfix server", relay_describe_postfix,
		relay_describe_postfix_domain, relay_describe_postfix_host},
};

void
relay_describe(const struct relay_policy *p, relay_item_fn *fn, void *context)
{
	const struct relay_telling telling = {fn, context};

	dialects[p->dialect].describe(p, &telling);
}

const char *
relay_describe_dialect(const struct relay_policy *p)
{
	return dialects[p->dialect].name;
}

const char *
relay_describe_domain(const struct relay_policy *p, size_t i)
{
	return dialects[p->dialect].domain(p, i);
}

const char *
relay_describe_host(const struct relay_policy *p)
{
	return dialects[p->dialect].host(p);
}
