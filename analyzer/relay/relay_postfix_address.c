#include "relay_postfix.h"

#include <string.h>

/* How trivial-rewrite of Postfix takes an address apart: it removes local domains from its end
 * until a domain is left that is not local, or none; what looks like a route in the rest
 * (user%host, host!user, "user@host") becomes an address again, as the switches allow.
 *
 * Each turn removes a domain, but may add one: $myorigin and $mydomain; the number of turns is
 * bounded as Postfix bounds it.
 */
enum { TURNS_EXTRA = 100 };

struct work {
	const struct relay_postfix *pf;
	const struct addr *local;
	char s[RECIPIENT_MAX];
	size_t len;
	char domain[RECIPIENT_MAX]; /* the local one that was removed last */
	bool fits, has_domain;
	struct relay_match match;
};

static struct text
all_of(const struct work *w)
{
	return (struct text){w->s, w->len};
}

static void
append(struct work *w, struct text t)
{
	if (w->len + t.len >= sizeof(w->s)) {
		w->fits = false;
		return;
	}
	memcpy(w->s + w->len, t.p, t.len);
	w->len += t.len;
}

static void
keep_from(struct work *w, size_t offset)
{
	memmove(w->s, w->s + offset, w->len - offset);
	w->len -= offset;
}

/* The address as it is meant: quotes and backslashes of RFC 5321 section 4.1.2 are no part of
 * it. */
static void
unquote(struct work *w, struct text path)
{
	bool quoted = false;

	for (size_t i = 0; i < path.len && w->fits; i++) {
		if (path.p[i] == '\\' && i + 1 < path.len)
			i++;
		else if (path.p[i] == '"') {
			quoted = !quoted;
			continue;
		}
		append(w, text_upto(text_from(path, i), 1));
	}
}

static void
strip_route(struct work *w)
{
	struct text rest = recipient_strip_route(all_of(w));

	if (rest.len != 0 && rest.len != w->len)
		keep_from(w, w->len - rest.len);
}

/* One dot, not of several and not alone. */
static void
strip_dot(struct work *w)
{
	bool ends = w->len > 1 && w->s[w->len - 1] == '.';

	if (ends && w->s[w->len - 2] != '.' && w->s[w->len - 2] != '@')
		w->len--;
}

static bool
has(const struct work *w, char c)
{
	return text_find_byte(all_of(w), c) != SIZE_MAX;
}

/* An address that has no '@' gets one; the first way that applies. */
static void
give_domain(struct work *w, bool routes)
{
	char swapped[RECIPIENT_MAX];
	size_t bang = text_find_byte(all_of(w), '!'), percent = text_rfind(all_of(w), TEXT("%"));

	if (routes && w->pf->swap_bangpath && bang != SIZE_MAX) {
		size_t user = w->len - bang - 1;

		memcpy(swapped, w->s + bang + 1, user);
		swapped[user] = '@';
		memcpy(swapped + user + 1, w->s, bang);
		memcpy(w->s, swapped, w->len);
	} else if (routes && w->pf->percent_hack && percent != SIZE_MAX) {
		w->s[percent] = '@';
	} else if (w->pf->append_at_myorigin) {
		append(w, TEXT("@"));
		append(w, text_of(w->pf->values[PARAMETER_MYORIGIN].shown));
	}
}

/* RFC 822: atoms and dots. Anything else is put in quotes before it is looked at. */
static bool
is_dot_string(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] <= ' ' || t.p[i] > '~' || strchr("()<>@,;:\\\"[]", t.p[i]) != NULL)
			return false;
		if (t.p[i] == '.' && (i == 0 || i + 1 == t.len || t.p[i + 1] == '.'))
			return false;
	}
	return t.len != 0;
}

/* opened: what is left was in quotes, and they count no more. */
static void
rewrite(struct work *w, bool opened)
{
	size_t at;

	strip_route(w);
	if (!has(w, '@'))
		give_domain(w, opened || is_dot_string(all_of(w)));
	at = text_rfind(all_of(w), TEXT("@"));
	if (w->pf->append_dot_mydomain && at != SIZE_MAX && at + 1 < w->len &&
		w->s[at + 1] != '[' && text_find_byte(text_from(all_of(w), at), '.') == SIZE_MAX) {
		append(w, TEXT("."));
		append(w, text_of(w->pf->values[PARAMETER_MYDOMAIN].shown));
	}
	strip_dot(w);
}

/* In inet_interfaces a word that is no address (all, $myhostname) stands for those of the machine,
 * of which two are known: loopback, and that which the client is connected to. */
static bool
is_of_machine(const struct work *w, const struct addr *a)
{
	static const struct addr loopback4 = {4, {127, 0, 0, 1}}, loopback6 = {6, {[15] = 1}};

	return addr_equal(a, &loopback4) || addr_equal(a, &loopback6) ||
		(w->local != NULL && addr_equal(a, w->local));
}

static bool
is_interface(const struct work *w, enum relay_parameter list, const struct addr *a,
	struct relay_match *out)
{
	const struct relay_value *v = &w->pf->values[list];
	struct relay_words words = relay_words_of(v->text, 0);

	*out = (struct relay_match){.list = relay_postfix_parameter_name(list),
		.entry = v->shown,
		.line = v->line};
	while (relay_words_next(&words)) {
		struct addr own;

		if (addr_parse(words.word, &own) == OK ?
				addr_equal(a, &own) :
				list == PARAMETER_INET_INTERFACES && is_of_machine(w, a))
			return true;
	}
	return false;
}

/* An address literal is local when it is one of the server's own. */
static bool
is_own_address(const struct work *w, struct text literal, struct relay_match *out)
{
	struct addr a;

	if (literal.len < 3 || literal.p[literal.len - 1] != ']')
		return false;
	literal = (struct text){literal.p + 1, literal.len - 2};
	if (text_equal_nocase(text_upto(literal, 5), TEXT("ipv6:")))
		literal = text_from(literal, 5);
	return addr_parse(literal, &a) == OK &&
		(is_interface(w, PARAMETER_INET_INTERFACES, &a, out) ||
			is_interface(w, PARAMETER_PROXY_INTERFACES, &a, out));
}

static bool
is_local(const struct work *w, struct text domain, struct relay_match *out)
{
	if (text_has_prefix(domain, TEXT("[")))
		return is_own_address(w, domain, out);
	return relay_patterns_match_name(&w->pf->domains[DOMAINS_LOCAL], domain, out);
}

/* Remove "@domain" from the end when it is local; false when it is not. */
static bool
strip_local(struct work *w)
{
	size_t at = text_rfind(all_of(w), TEXT("@"));
	struct text domain;

	if (at == SIZE_MAX)
		return true;
	domain = text_from(all_of(w), at + 1);
	if (domain.len != 0) {
		struct relay_match match;

		if (!is_local(w, domain, &match))
			return false;
		w->match = match;
	}
	memcpy(w->domain, domain.p, domain.len);
	w->domain[domain.len] = '\0';
	w->has_domain = true;
	w->len = at;
	return true;
}

/* What is no dot string was in quotes, or Postfix has put it there. */
static bool
has_route(const struct work *w)
{
	if (!w->pf->resolve_dequoted && !is_dot_string(all_of(w)))
		return false;
	return has(w, '@') || (w->pf->swap_bangpath && has(w, '!')) ||
		(w->pf->percent_hack && has(w, '%'));
}

/* True when what is left is not local. */
static bool
strip_domains(struct work *w)
{
	size_t turns = w->len + TURNS_EXTRA;

	while (turns-- != 0 && w->fits) {
		strip_dot(w);
		if (w->len != 0 && w->s[w->len - 1] == '@')
			w->len--;
		if (!strip_local(w))
			return true;
		if (w->len == 0 || !has_route(w))
			break;
		rewrite(w, true);
	}
	return false;
}

/* The whole address again. */
static void
complete(struct work *w)
{
	if (w->len == 0)
		append(w, TEXT("MAILER-DAEMON"));
	append(w, TEXT("@"));
	append(w,
		w->has_domain && w->domain[0] != '\0' ?
			text_of(w->domain) :
			text_of(w->pf->values[PARAMETER_MYHOSTNAME].shown));
}

static void
classify(const struct relay_postfix *pf, struct relay_address *out)
{
	static const enum relay_domain_list lists[] = {
		[CLASS_ALIAS] = DOMAINS_ALIAS,
		[CLASS_MAILBOX] = DOMAINS_MAILBOX,
		[CLASS_RELAY] = DOMAINS_RELAY,
	};
	struct text local_part, domain;

	recipient_split(text_of(out->text), &local_part, &domain);
	for (size_t i = CLASS_ALIAS; i <= CLASS_RELAY; i++)
		if (relay_patterns_match_name(&pf->domains[lists[i]], domain, &out->match)) {
			out->class = (enum relay_class)i;
			return;
		}
	out->class = CLASS_OTHER;
	out->match = (struct relay_match){.list = NULL};
}

bool
relay_address_resolve(const struct relay_postfix *pf, struct text path, const struct addr *local,
	struct relay_address *out)
{
	struct work w = {.pf = pf, .local = local, .fits = true};
	bool remote;

	*out = (struct relay_address){.class = CLASS_OTHER};
	unquote(&w, path);
	if (w.fits && w.len != 0)
		rewrite(&w, false);
	remote = w.fits && strip_domains(&w);
	if (w.fits && !remote)
		complete(&w);
	if (!w.fits || has(&w, '\0'))
		return false;
	memcpy(out->text, w.s, w.len);
	out->text[w.len] = '\0';
	/* The next host might read a route where this one reads none. */
	out->routed = strcspn(out->text, "@!%") != text_rfind(all_of(&w), TEXT("@"));
	out->match = w.match;
	if (remote)
		classify(pf, out);
	else
		out->class = CLASS_LOCAL;
	return true;
}

bool
relay_address_is_authorized(const struct relay_postfix *pf, const struct relay_address *a)
{
	return a->class != CLASS_OTHER && (pf->untrusted_routing || !a->routed);
}

bool
relay_postfix_is_local(const struct relay_postfix *pf, struct text domain)
{
	struct work w = {.pf = pf};
	struct relay_match match;

	if (domain.len == 0)
		return false;
	if (is_local(&w, domain, &match))
		return true;
	for (size_t i = 0; i < DOMAINS_COUNT; i++)
		if (relay_patterns_match_name(&pf->domains[i], domain, &match))
			return true;
	return false;
}
