#include "relay_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_describe.h"

enum {
	STRANGERS_MAX = 512,
	NAMES_MAX = 64, /* pairs of names that are tried */
};

/* The stranger's own domain: of no server, in no list but one that has everything. */
#define FOREIGN "elsewhere.invalid"

struct work {
	const struct relay_policy *policy;
	struct relay_audit *audit;
	size_t count;
	struct probe_names names[NAMES_MAX];
};

const char *
relay_outlook_name(enum relay_outlook o)
{
	static const char *const names[RELAY_OUTLOOK_COUNT] = {
		[RELAY_OUTLOOK_RELAYED] = "relayed",
		[RELAY_OUTLOOK_BOUNCED] = "bounced",
		[RELAY_OUTLOOK_LOCAL] = "local",
		[RELAY_OUTLOOK_DENIED] = "denied",
	};

	return names[o];
}

bool
relay_outlook_is_hole(enum relay_outlook o)
{
	return o == RELAY_OUTLOOK_RELAYED || o == RELAY_OUTLOOK_BOUNCED;
}

const char *
relay_met_name(enum relay_met m)
{
	static const char *const names[RELAY_MET_COUNT] = {
		[RELAY_MET_NO] = "not met",
		[RELAY_MET_UNKNOWN] = "not known",
		[RELAY_MET_YES] = "met",
	};

	return names[m];
}

/* --- one case ------------------------------------------------------------- */

static struct text
without_brackets(const char *path)
{
	struct text t = text_trim(text_of(path));

	if (t.len >= 2 && t.p[0] == '<' && t.p[t.len - 1] == '>')
		return text_upto(text_from(t, 1), t.len - 2);
	return t;
}

static struct text
lower_copy(struct text t, char *out, size_t size)
{
	size_t len = t.len < size ? t.len : 0;

	for (size_t i = 0; i < len; i++)
		out[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ? (char)(t.p[i] + ('a' - 'A')) : t.p[i];
	return (struct text){out, len};
}

/* Is a mailbox that the policy takes for local one of the tester's? */
static bool
is_foreign(const struct relay_policy *p, const struct relay_sent *sent, struct text path)
{
	char buffer[RECIPIENT_MAX], domain_bytes[512], foreign_bytes[512];
	struct text local_part, domain, foreign = text_of(sent->foreign);

	recipient_split(relay_policy_resolve(p, path, buffer), &local_part, &domain);
	if (strstr(sent->row->rcpt_to, "[$C]") != NULL)
		return true;
	if (domain.len != 0 && domain.p[domain.len - 1] == '.')
		domain.len--;
	return foreign.len != 0 &&
		text_has_suffix(lower_copy(domain, domain_bytes, sizeof(domain_bytes)),
			lower_copy(foreign, foreign_bytes, sizeof(foreign_bytes)));
}

enum relay_outlook
relay_audit_predict(const struct relay_policy *p, const struct relay_sent *sent,
	struct relay_decision *decision)
{
	static const enum relay_outlook outlooks[] = {
		[RELAY_PERMIT] = RELAY_OUTLOOK_RELAYED,
		[RELAY_DENY] = RELAY_OUTLOOK_DENIED,
		[RELAY_THEN_BOUNCE] = RELAY_OUTLOOK_BOUNCED,
		[RELAY_LOCAL] = RELAY_OUTLOOK_LOCAL,
		[RELAY_DUNNO] = RELAY_OUTLOOK_DENIED,
	};
	struct relay_request request = {
		.client = sent->client,
		.local = sent->local,
		.recipient = without_brackets(sent->rcpt_to),
		.sender = without_brackets(sent->mail_from),
	};

	*decision = relay_policy_decide(p, &request);
	if (decision->answer == RELAY_LOCAL && is_foreign(p, sent, request.recipient))
		return RELAY_OUTLOOK_RELAYED;
	return outlooks[decision->answer];
}

/* The letters of the case with these names; false: a letter stands for nothing. */
static bool
expand(const struct probe_case *row, const struct probe_names *names, struct relay_audit_case *out)
{
	out->row = row;
	return probe_case_expand(row->mail_from, names, out->mail_from, sizeof(out->mail_from)) ==
		OK &&
		probe_case_expand(row->rcpt_to, names, out->rcpt_to, sizeof(out->rcpt_to)) == OK;
}

static bool
ask_case(const struct work *w, const struct probe_case *row, const struct probe_names *names,
	const struct addr *client, struct relay_audit_case *out)
{
	struct relay_sent sent = {
		.row = row,
		.mail_from = out->mail_from,
		.rcpt_to = out->rcpt_to,
		.foreign = FOREIGN,
		.client = *client,
		.local = w->audit->local,
	};

	if (!expand(row, names, out))
		return false;
	out->outlook = relay_audit_predict(w->policy, &sent, &out->decision);
	return true;
}

static void
ask_names(struct work *w, const struct probe_case *row)
{
	struct relay_audit_case *worst = &w->audit->cases[w->audit->count], now;
	bool asked = false;

	for (size_t i = 0; i < w->count; i++) {
		if (!ask_case(w, row, &w->names[i], &w->audit->client, &now))
			continue;
		if (!asked || now.outlook < worst->outlook)
			*worst = now;
		asked = true;
	}
	if (!asked)
		return;
	w->audit->outlooks[worst->outlook]++;
	w->audit->count++;
}

/* --- names ---------------------------------------------------------------- */

/* False: it is no name, H and P are literals. */
static bool
take_name(struct probe_names *n, const char *name)
{
	probe_names_host(n, text_of(name));
	return n->h[0] != '[';
}

static enum err
add_names(struct work *w, const char *host, const char *domain, struct error *e)
{
	static const struct addr server = {4, {198, 51, 100, 25}}, tester = {4, {203, 0, 113, 25}};
	const struct addr *target = w->audit->local.family != 0 ? &w->audit->local : &server;
	struct probe_names *n = &w->names[w->count];
	enum err err = probe_names_init(n, FOREIGN, target, &tester, e);
	char parent[sizeof(n->p)];
	bool known;

	if (err != OK)
		return err;
	snprintf(n->u, sizeof(n->u), "user");
	snprintf(n->f, sizeof(n->f), "sender");
	known = domain == NULL || take_name(n, domain);
	memcpy(parent, n->h, sizeof(parent));
	if (!known || !take_name(n, host))
		return error_set(e, ERR_SYNTAX,
			"the server's name or domain is not a qualified name such as "
			"mail.example.org");
	if (domain != NULL)
		memcpy(n->p, parent, sizeof(parent));
	w->count++;
	return OK;
}

static enum err
add_mail_host(struct work *w, const char *domain, struct error *e)
{
	char host[260];

	snprintf(host, sizeof(host), "mail.%.250s", domain);
	return add_names(w, host, domain, e);
}

/* A local domain may be what the server calls itself, or the domain above that. */
static void
add_local_domains(struct work *w)
{
	const char *host = relay_describe_host(w->policy), *domain;
	struct error e;
	enum err err;

	if (host != NULL)
		(void)add_names(w, host, NULL, &e);
	for (size_t i = 0; (domain = relay_describe_domain(w->policy, i)) != NULL; i++) {
		if (w->count + 2 > NAMES_MAX)
			return;
		/* Not every local domain is such a name: localhost, literals. */
		err = host != NULL ? add_names(w, host, domain, &e) : add_mail_host(w, domain, &e);
		if (err != OK || add_names(w, domain, NULL, &e) != OK)
			continue;
	}
}

static enum err
choose_names(struct work *w, const struct relay_audit_question *q, struct error *e)
{
	enum err err = OK;

	w->audit->knows_domains = relay_describe_domain(w->policy, 0) != NULL;
	if (q->host != NULL)
		err = add_names(w, q->host, q->domain, e);
	else if (q->domain != NULL)
		err = add_mail_host(w, q->domain, e);
	else
		add_local_domains(w);
	if (err == OK && w->count == 0)
		err = add_mail_host(w, "server.invalid", e);
	if (err != OK)
		return err;
	w->audit->names = w->count;
	snprintf(w->audit->host, sizeof(w->audit->host), "%s", w->names[0].h);
	snprintf(w->audit->domain, sizeof(w->audit->domain), "%s", w->names[0].p);
	return OK;
}

/* --- strangers ------------------------------------------------------------ */

/* 192.0.2.1, and two of each /8 that hosts of the Internet use: they differ in every other bit, as
 * masks may have holes. */
static size_t
list_strangers(struct addr out[STRANGERS_MAX])
{
	size_t count = 0;

	out[count++] = addr_from_ipv4(0xc0000201);
	for (uint32_t i = 1; i < 224; i++) {
		struct addr a = addr_from_ipv4(i << 24 | 0x372b4d);
		struct addr b = addr_from_ipv4(i << 24 | (~UINT32_C(0x372b4d) & 0xffffff));

		if (addr_is_reserved(&a) || addr_is_reserved(&b))
			continue;
		out[count++] = a;
		out[count++] = b;
	}
	return count;
}

/* An IMS has no IPv6. These are of networks of all registries, no two of the same /16. */
static size_t
list_ipv6_strangers(struct addr *out)
{
	static const char *const texts[] = {"2001:4860:4a2b::4d", "2400:cb00:35d4::b2",
		"2404:6800:4a2b::4d", "2600:1f18:35d4::b2", "2607:f8b0:4a2b::4d",
		"2800:3f0:35d4::b2", "2a00:1450:4a2b::4d", "2a01:4f8:35d4::b2",
		"2c0f:fb50:4a2b::4d"};
	size_t count = 0;

	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		count += addr_parse(text_of(texts[i]), &out[count]) == OK;
	return count;
}

static void
choose_stranger(struct work *w)
{
	struct addr strangers[STRANGERS_MAX];
	enum relay_outlook outlooks[STRANGERS_MAX], worst = RELAY_OUTLOOK_DENIED;
	const struct probe_case *plain = probe_case_by_number(1);
	size_t count = list_strangers(strangers), alike[RELAY_OUTLOOK_COUNT] = {0}, chosen = 0;
	struct relay_audit_case asked;

	if (relay_policy_dialect(w->policy) == RELAY_DIALECT_POSTFIX)
		count += list_ipv6_strangers(strangers + count);
	for (size_t i = 0; i < count; i++) {
		if (!ask_case(w, plain, &w->names[0], &strangers[i], &asked))
			asked.outlook = RELAY_OUTLOOK_DENIED;
		outlooks[i] = asked.outlook;
		alike[asked.outlook]++;
	}
	/* A single /8 may well be an organisation's own; 192/8 has three of these. */
	for (size_t o = RELAY_OUTLOOK_COUNT; o-- > 0;)
		if (alike[o] > 3)
			worst = (enum relay_outlook)o;
	while (outlooks[chosen] != worst)
		chosen++;
	w->audit->client = strangers[chosen];
	w->audit->strangers = count;
	w->audit->alike = alike[worst];
}

/* --- audit ---------------------------------------------------------------- */

static enum err
fill(struct work *w, const struct relay_audit_question *q, struct error *e)
{
	enum err err;

	w->audit->local = q->local;
	err = choose_names(w, q, e);
	if (err != OK)
		return err;
	if (q->client.family == 0) {
		choose_stranger(w);
	} else {
		w->audit->client = q->client;
		w->audit->strangers = w->audit->alike = 1;
	}
	for (size_t i = 0; i < probe_case_count(); i++)
		ask_names(w, probe_case_row(i));
	w->audit->fatal = w->audit->count != 0 &&
		strcmp(w->audit->cases[0].decision.rule, RELAY_RULE_FATAL) == 0;
	while (relay_policy_unjudged(w->policy, w->audit->not_judged_count,
		&w->audit->not_judged[w->audit->not_judged_count]))
		w->audit->not_judged_count++;
	relay_audit_find_forgeries(w->policy, w->audit);
	if (q->client.family == 0)
		relay_audit_find_wide(w->policy, w->audit);
	relay_recommend(w->policy, w->audit);
	return OK;
}

enum err
relay_audit_new(const struct relay_policy *p, const struct relay_audit_question *q,
	struct relay_audit **out, struct error *e)
{
	struct work *w = calloc(1, sizeof(*w));
	enum err err;

	*out = calloc(1, sizeof(**out));
	if (w == NULL || *out == NULL) {
		err = error_set(e, ERR_MEMORY, "out of memory");
	} else {
		w->policy = p;
		w->audit = *out;
		err = fill(w, q, e);
	}
	free(w);
	if (err != OK) {
		relay_audit_free(*out);
		*out = NULL;
	}
	return err;
}

void
relay_audit_free(struct relay_audit *a)
{
	free(a);
}

size_t
relay_audit_holes(const struct relay_audit *a)
{
	return a->outlooks[RELAY_OUTLOOK_RELAYED] + a->outlooks[RELAY_OUTLOOK_BOUNCED] +
		a->forgery_count;
}

bool
relay_audit_has_hole(const struct relay_audit *a, const char *entry, unsigned line)
{
	for (size_t i = 0; i < a->count; i++)
		if (relay_outlook_is_hole(a->cases[i].outlook) &&
			a->cases[i].decision.entry == entry && a->cases[i].decision.line == line)
			return true;
	return false;
}

bool
relay_audit_relays(const struct relay_policy *p, struct relay_request request,
	struct relay_decision *decision)
{
	request.recipient = TEXT("user@" FOREIGN);
	*decision = relay_policy_decide(p, &request);
	return decision->answer == RELAY_PERMIT;
}
