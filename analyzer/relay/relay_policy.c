#include "relay_policy.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/file.h>

#include "relay_model.h"
#include "relay_postfix_rules.h"

enum { FILE_MAX = 16 << 20 };

struct question {
	const struct relay_policy *policy;
	const struct relay_request *request;
	struct text domain; /* of the recipient, as the server resolves it */
	bool decapsulated;
};

/* A rule answers RELAY_DUNNO when it does not apply; one that looks into a list says there
 * which entry matched. */
struct rule {
	const char *name;
	enum relay_answer (*ask)(const struct question *q, struct relay_decision *out);
};

static enum relay_answer rule_local_domain(const struct question *, struct relay_decision *);
static enum relay_answer rule_version_4(const struct question *, struct relay_decision *);
static enum relay_answer rule_version_5_0(const struct question *, struct relay_decision *);
static enum relay_answer rule_encapsulated(const struct question *, struct relay_decision *);
static enum relay_answer rule_do_not_reroute(const struct question *, struct relay_decision *);
static enum relay_answer rule_not_set(const struct question *, struct relay_decision *);
static enum relay_answer rule_deny_list(const struct question *, struct relay_decision *);
static enum relay_answer rule_allow_list(const struct question *, struct relay_decision *);
static enum relay_answer rule_local_ip_list(const struct question *, struct relay_decision *);
static enum relay_answer rule_authenticated(const struct question *, struct relay_decision *);
static enum relay_answer rule_deny_list_only(const struct question *, struct relay_decision *);

/* The first that does not say dunno decides; the last six are those of Q193922, in its order. */
static const struct rule rules[] = {
	{"local domain", rule_local_domain},
	{"version below 5.0", rule_version_4},
	{"version 5.0 with POP3/IMAP4", rule_version_5_0},
	{"encapsulated address", rule_encapsulated},
	{"Do not reroute", rule_do_not_reroute},
	{"not set", rule_not_set},
	{"RelayDenyList", rule_deny_list},
	{"RelayAllowList", rule_allow_list},
	{"RelayLocalIPList", rule_local_ip_list},
	{"authenticated", rule_authenticated},
	{"RelayFlags exactly 1", rule_deny_list_only},
};
static const struct relay_decision otherwise = {.answer = RELAY_DENY, .rule = "default"};

/* How a policy is written down. The first whose sign the content has; the last has none. */
static const struct {
	bool (*is)(struct text bytes, const char *name);
	enum err (*parse)(struct text bytes, struct relay_policy *p, const struct relay_source *s);
} forms[] = {
	{relay_reg_is, relay_reg_parse},
	{relay_postfix_is, relay_postfix_parse},
	{NULL, relay_policy_file_parse},
};

static struct relay_decision ims_decide(const struct relay_policy *, const struct relay_request *);
static struct relay_decision
postfix_decide(const struct relay_policy *, const struct relay_request *);
static bool ims_is_local(const struct relay_policy *, struct text domain);
static bool postfix_is_local(const struct relay_policy *, struct text domain);
static struct text ims_resolve(const struct relay_policy *, struct text path, char *buffer);
static struct text postfix_resolve(const struct relay_policy *, struct text path, char *buffer);

static const struct {
	const char *name;
	struct relay_decision (*decide)(const struct relay_policy *, const struct relay_request *);
	bool (*is_local)(const struct relay_policy *, struct text domain);
	struct text (*resolve)(const struct relay_policy *, struct text path, char *buffer);
} dialects[] = {
	[RELAY_DIALECT_IMS] = {"ims", ims_decide, ims_is_local, ims_resolve},
	[RELAY_DIALECT_POSTFIX] = {"postfix", postfix_decide, postfix_is_local, postfix_resolve},
};

static const char *const answer_names[] = {
	[RELAY_PERMIT] = "permit",
	[RELAY_DENY] = "deny",
	[RELAY_THEN_BOUNCE] = "then-bounce",
	[RELAY_LOCAL] = "local",
	[RELAY_DUNNO] = "dunno",
};

static const struct relay_domain *
find_domain(const struct relay_policy *p, struct text domain)
{
	for (size_t i = 0; i < p->domain_count; i++)
		if (text_equal_nocase(domain, text_of(p->domains[i].name)))
			return &p->domains[i];
	return NULL;
}

static enum relay_answer
rule_local_domain(const struct question *q, struct relay_decision *out)
{
	const struct relay_domain *d = find_domain(q->policy, q->domain);

	if (d == NULL)
		return RELAY_DUNNO;
	out->list = "local_domain";
	out->entry = d->name;
	out->line = d->line;
	return RELAY_LOCAL;
}

static enum relay_answer
rule_version_4(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	return q->policy->version < RELAY_VERSION_5_0 ? RELAY_PERMIT : RELAY_DUNNO;
}

static enum relay_answer
rule_version_5_0(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	bool open = q->policy->version == RELAY_VERSION_5_0 && !q->policy->no_pop3_imap4;

	return open ? RELAY_PERMIT : RELAY_DUNNO;
}

/* MS99-027: with the fix, what was encapsulated meets the rules below like any address. */
static enum relay_answer
rule_encapsulated(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	bool hole = q->policy->version == RELAY_VERSION_5_5 && q->policy->unfixed_encapsulation;

	return q->decapsulated && hole ? RELAY_PERMIT : RELAY_DUNNO;
}

static enum relay_answer
rule_do_not_reroute(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	return q->policy->do_not_reroute ? RELAY_THEN_BOUNCE : RELAY_DUNNO;
}

static enum relay_answer
rule_not_set(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	return q->policy->flags_set ? RELAY_DUNNO : RELAY_PERMIT;
}

static bool
has_flag(const struct question *q, enum relay_flag flag)
{
	return (q->policy->flags & (uint32_t)flag) != 0;
}

/* The lists are of IPv4 only: an IPv6 address matches none. */
static enum relay_answer
ask_list(const struct question *q, enum relay_list_kind kind, const struct addr *a,
	enum relay_answer answer, struct relay_decision *out)
{
	const struct relay_list *list = &q->policy->lists[kind];

	if (a->family != 4)
		return RELAY_DUNNO;
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_line *l = &list->lines[i];

		if ((addr_ipv4(a) & l->mask) != l->net)
			continue;
		out->list = relay_model_list_name(kind);
		out->entry = l->text;
		out->line = l->line;
		return answer;
	}
	return RELAY_DUNNO;
}

static enum relay_answer
rule_deny_list(const struct question *q, struct relay_decision *out)
{
	if (!has_flag(q, RELAY_FLAG_DENY))
		return RELAY_DUNNO;
	return ask_list(q, RELAY_LIST_DENY, &q->request->client, RELAY_DENY, out);
}

static enum relay_answer
rule_allow_list(const struct question *q, struct relay_decision *out)
{
	if (!has_flag(q, RELAY_FLAG_ALLOW))
		return RELAY_DUNNO;
	return ask_list(q, RELAY_LIST_ALLOW, &q->request->client, RELAY_PERMIT, out);
}

static enum relay_answer
rule_local_ip_list(const struct question *q, struct relay_decision *out)
{
	if (!has_flag(q, RELAY_FLAG_LOCAL_IP) || q->policy->ip_forwarding)
		return RELAY_DUNNO;
	return ask_list(q, RELAY_LIST_LOCAL_IP, &q->request->local, RELAY_PERMIT, out);
}

static enum relay_answer
rule_authenticated(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	if (!has_flag(q, RELAY_FLAG_AUTH) || !q->request->authenticated)
		return RELAY_DUNNO;
	return RELAY_PERMIT;
}

static enum relay_answer
rule_deny_list_only(const struct question *q, ORBL_UNUSED struct relay_decision *out)
{
	return q->policy->flags == RELAY_FLAG_DENY ? RELAY_PERMIT : RELAY_DUNNO;
}

/* Ends: what is decoded is shorter than what it was in. */
static struct text
resolve(const struct relay_policy *p, struct text path, char buffer[RECIPIENT_MAX],
	bool *decapsulated)
{
	struct text mailbox = recipient_strip_route(path), local_part, domain;
	char decoded[RECIPIENT_MAX];

	*decapsulated = false;
	recipient_split(mailbox, &local_part, &domain);
	while (find_domain(p, domain) != NULL &&
		recipient_decapsulate(local_part, decoded, sizeof(decoded))) {
		*decapsulated = true;
		memcpy(buffer, decoded, strlen(decoded) + 1);
		mailbox = recipient_strip_route(text_of(buffer));
		recipient_split(mailbox, &local_part, &domain);
	}
	return mailbox;
}

static struct text
ims_resolve(const struct relay_policy *p, struct text path, char *buffer)
{
	bool decapsulated;

	return resolve(p, path, buffer, &decapsulated);
}

static bool
ims_is_local(const struct relay_policy *p, struct text domain)
{
	return find_domain(p, domain) != NULL;
}

static struct relay_decision
ims_decide(const struct relay_policy *p, const struct relay_request *request)
{
	struct question q = {.policy = p, .request = request};
	char buffer[RECIPIENT_MAX];
	struct text mailbox, local_part;

	mailbox = resolve(p, request->recipient, buffer, &q.decapsulated);
	recipient_split(mailbox, &local_part, &q.domain);
	for (size_t i = 0; i < ORBL_COUNT(rules); i++) {
		struct relay_decision d = {.rule = rules[i].name};

		d.answer = rules[i].ask(&q, &d);
		if (d.answer != RELAY_DUNNO)
			return d;
	}
	return otherwise;
}

static struct relay_decision
postfix_decide(const struct relay_policy *p, const struct relay_request *request)
{
	return relay_postfix_decide(p->postfix, request);
}

static bool
postfix_is_local(const struct relay_policy *p, struct text domain)
{
	return relay_postfix_is_local(p->postfix, domain);
}

static struct text
postfix_resolve(const struct relay_policy *p, struct text path, char *buffer)
{
	struct relay_address a;

	if (!relay_address_resolve(p->postfix, path, NULL, &a))
		return path;
	memcpy(buffer, a.text, sizeof(a.text));
	return text_of(buffer);
}

struct relay_decision
relay_policy_decide(const struct relay_policy *p, const struct relay_request *request)
{
	return dialects[p->dialect].decide(p, request);
}

bool
relay_policy_is_local(const struct relay_policy *p, struct text domain)
{
	return dialects[p->dialect].is_local(p, domain);
}

struct text
relay_policy_resolve(const struct relay_policy *p, struct text path, char buffer[RECIPIENT_MAX])
{
	return dialects[p->dialect].resolve(p, path, buffer);
}

enum relay_dialect
relay_policy_dialect(const struct relay_policy *p)
{
	return p->dialect;
}

const char *
relay_dialect_name(enum relay_dialect d)
{
	return dialects[d].name;
}

bool
relay_policy_setting(const struct relay_policy *p, size_t i, struct relay_setting *out)
{
	return p->postfix != NULL && relay_postfix_setting(p->postfix, i, out);
}

bool
relay_policy_unjudged(const struct relay_policy *p, size_t i, struct relay_unjudged *out)
{
	if (p->postfix == NULL || i >= p->postfix->unjudged_count)
		return false;
	*out = p->postfix->unjudged[i];
	return true;
}

const char *
relay_answer_name(enum relay_answer a)
{
	return answer_names[a];
}

/* --- reading ---------------------------------------------------------------- */

/* Of UTF-16 only an export is taken, which has its mark. */
static enum err
check_encoding(struct text bytes, const struct relay_source *source)
{
	static const struct text export_marks[] = {{"\xff\xfeR\0", 4}, {"\xff\xfeW\0", 4}};
	bool marked = text_has_prefix(bytes, TEXT("\xff\xfe"));

	if (marked && !text_has_prefix(bytes, export_marks[0]) &&
		!text_has_prefix(bytes, export_marks[1]))
		return relay_model_refuse(source, ERR_UNSUPPORTED, 1,
			"UTF-16 that is no registry export; save the file as UTF-8");
	if (!marked && bytes.len >= 2 && (bytes.p[0] == '\0') != (bytes.p[1] == '\0'))
		return relay_model_refuse(source, ERR_UNSUPPORTED, 1,
			"UTF-16 without its mark; export the key again, or save the file as UTF-8");
	return OK;
}

enum err
relay_policy_parse(const void *bytes, size_t len, const char *name, struct relay_policy **out,
	FILE *warnings, struct error *e)
{
	struct relay_source source = {.name = name, .warnings = warnings, .error = e};
	struct relay_policy *p = relay_model_new();
	struct text all = {bytes, len};
	size_t form = 0;
	enum err err;

	*out = NULL;
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	if (text_has_prefix(all, TEXT("\xef\xbb\xbf")))
		all = text_from(all, 3);
	err = check_encoding(all, &source);
	while (forms[form].is != NULL && !forms[form].is(all, name))
		form++;
	if (err == OK)
		err = forms[form].parse(all, p, &source);
	if (err != OK) {
		relay_model_free(p);
		return err;
	}
	relay_model_check(p, &source);
	*out = p;
	return OK;
}

enum err
relay_policy_read(const char *path, struct relay_policy **out, FILE *warnings, struct error *e)
{
	size_t len = 0;
	char *bytes = NULL;
	enum err err = file_read(path, FILE_MAX, &bytes, &len, e);

	*out = NULL;
	if (err != OK)
		return err;
	err = relay_policy_parse(bytes, len, path, out, warnings, e);
	free(bytes);
	return err;
}

void
relay_policy_free(struct relay_policy *p)
{
	relay_model_free(p);
}
