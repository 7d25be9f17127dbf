#include "answer_long.h"

#include <stdio.h>
#include <string.h>

#include "answer_chaos.h"
#include "answer_data.h"

/* --- who asks ----------------------------------------------------------- */

/* Of several lists the sternest action counts (rbldnsd(8), "acl Dataset"). */
static unsigned
sternness(enum snapshot_action action)
{
	switch (action) {
	case SNAPSHOT_IGNORE: return 4;
	case SNAPSHOT_REFUSE: return 3;
	case SNAPSHOT_EMPTY: return 2;
	case SNAPSHOT_LISTED: return 1;
	case SNAPSHOT_REMOVED:
	case SNAPSHOT_PASS: break;
	}
	return 0;
}

static void
ask_acls(struct answer *a, const struct zone_acls *acls)
{
	const struct answer_context *c = a->context;
	struct snapshot_view v;
	uint32_t ttl_s;

	for (size_t i = 0; c->client.family != 0 && i < acls->count; i++)
		if (snapshot_layer_find(&acls->acls[i], &c->client, &v) &&
			answer_data_lasts(&v, ANSWER_ACL_TTL_S, c->now_s, &ttl_s)) {
			a->passes |= v.action == SNAPSHOT_PASS;
			if (sternness(v.action) <= sternness(a->client))
				continue;
			a->client = v.action;
			a->client_view = v;
			a->client_ttl_s = ttl_s;
		}
	a->passes &= a->client == SNAPSHOT_PASS;
}

static inline void
look_up_client(struct answer *a, const struct zone_acls *acls)
{
	if (acls->count != 0)
		ask_acls(a, acls);
}

/* --- what is asked ------------------------------------------------------ */

/* The label before the origin may be a key: then the name is read without it. */
static void
take_key(struct answer *a, const struct query *q)
{
	const struct key_table *keys = zone_set_keys(a->zones);
	const uint8_t *label;

	if (a->below == 0 || (keys == NULL && !zone_set_awaits_keys(a->zones)))
		return;
	label = q->name.wire + q->name.label_at[a->below - 1];
	if (!key_table_is_key(label))
		return;
	a->has_key = true;
	a->below--;
	a->key_verdict = KEY_UNREAD;
	if (keys != NULL)
		a->key_verdict = key_table_find(keys, label, a->zone->origin, a->zone->origin_len,
			&a->key);
}

static void
find_zone(struct answer *a, const struct query *q)
{
	if (q->class != CLASS_IN)
		return;
	a->zone = zone_set_find(a->zones, &q->name, &a->below);
	if (a->zone == NULL)
		return;
	/* Whose list may ignore a client that the other list refuses. */
	look_up_client(a, &a->zone->acls);
	take_key(a, q);
}

/* --- a name in a zone --------------------------------------------------- */

static void
fail(struct reply *r, enum reply_rcode rcode, enum reply_ede ede)
{
	r->rcode = rcode;
	r->ede = ede;
	r->ede_text = r->ede_url = TEXT_NONE;
}

static void
refuse(struct answer *a, const char *why)
{
	fail(&a->reply, RCODE_REFUSED, EDE_PROHIBITED);
	a->reply.ede_text = text_of(why);
	a->reply.ede_url = a->context->config->url;
}

/* What the codes of other lists mean: too many queries, and no leave to ask. */
enum { CODE_NO_LEAVE = 0x7ffffffe, CODE_OVER = 0x7fffffff };

/* In place of a refusal: no listing, but clients that look at codes can show why there is none. */
static bool
answer_error_code(struct answer *a, uint32_t code, const char *why)
{
	const struct answer_config *config = a->context->config;
	struct reply *r = &a->reply;
	char string[256];

	if (!config->error_codes || a->below == 0 || !answer_data_is_entry(a))
		return false;
	switch (r->query->type) {
	case TYPE_A:
	case TYPE_ANY: reply_a(r, ANSWER_ERROR_TTL_S, code); break;
	case TYPE_TXT:
		snprintf(string, sizeof(string), "Error: %s%s%.*s", why,
			config->url.len != 0 ? "; see " : "", TEXT_ARG(config->url));
		reply_txt(r, ANSWER_ERROR_TTL_S, text_of(string), TEXT_NONE);
		break;
	default: return false;
	}
	r->authoritative = true;
	return true;
}

static bool
is_privileged(const struct answer *a)
{
	return a->passes || a->context->is_exempt;
}

/* Names that a resolver asks on its way to a name with a key, and that list nothing: an origin, and
 * what is above the origin of another zone (RFC 9156). */
static bool
is_on_the_way(const struct answer *a)
{
	return a->below == 0 ||
		(a->zone->has_gaps && zone_set_has_below(a->zones, &a->reply.query->name));
}

/* Why the name is refused without a look at the data: a sentence's part; NULL: it is not. */
static const char *
refusal(const struct answer *a, struct answer_outcome *outcome)
{
	bool is_over = a->has_key ? a->key_verdict == KEY_OVER : a->context->is_over;
	const char *why = NULL;

	if (!a->has_key && (is_privileged(a) || is_on_the_way(a)))
		return NULL;
	if (!a->has_key && a->zone->needs_key)
		why = "key needed";
	else if (a->has_key && a->key_verdict == KEY_UNKNOWN)
		why = "unknown key";
	else if (a->has_key && a->key_verdict == KEY_REVOKED)
		why = "revoked key";
	else if (a->has_key && a->key_verdict == KEY_ELSEWHERE)
		why = "key of another zone";
	outcome->is_keyless = why != NULL;
	if (why != NULL || !is_over || is_privileged(a))
		return why;
	outcome->is_over = true;
	return "over quota";
}

/* Over quota, if it is the client that asked all that: over TCP it will be known. */
static bool
is_doubted(const struct answer *a)
{
	const struct answer_context *c = a->context;

	return c->is_doubted && c->transport == ANSWER_UDP && !a->is_proven && !a->has_key &&
		!is_privileged(a) && !is_on_the_way(a);
}

/* RFC 2308 sections 2.1, 2.2: without an answer, the SOA says for how long. */
static void
answer_negative(struct answer *a, const struct zone *z)
{
	reply_piece(&a->reply, REPLY_AUTHORITY, &z->apex->soa, z->apex->origin_len);
}

/* What only a zone's own origin has. False: as for any other name. */
static bool
answer_apex(struct answer *a, uint16_t type)
{
	const struct zone *z = a->zone, *parent = z->parent;

	switch (type) {
	case TYPE_SOA:
	case TYPE_ANY: /* RFC 8482 section 4.1 */
		reply_piece_ttl(&a->reply, REPLY_ANSWER, &z->soa, z->origin_len, z->soa_ttl_s);
		return true;
	case TYPE_NS:
		if (z->ns.count == 0)
			return false;
		reply_piece(&a->reply, REPLY_ANSWER, &z->ns, z->origin_len);
		return true;
	case TYPE_DS: /* RFC 4035 section 3.1.4.1: the parent's */
		if (parent == NULL || !parent->is_ready || zone_is_stale(parent, a->context->now_s))
			return false;
		answer_negative(a, parent);
		return true;
	default: return false;
	}
}

static void
answer_name(struct answer *a)
{
	uint16_t type = a->reply.query->type;

	if (a->below == 0 && a->has_key) { /* an empty non-terminal */
		answer_negative(a, a->zone);
		return;
	}
	if (a->below == 0 && !a->zone->is_within && answer_apex(a, type))
		return;
	switch (answer_data_find(a)) {
	case ANSWER_NONE: a->reply.rcode = RCODE_NXDOMAIN; break;
	case ANSWER_LISTED: answer_data_write(a, type); break;
	case ANSWER_EMPTY: break;
	}
	if (a->reply.counts[REPLY_ANSWER] == 0 && !a->reply.overflow)
		answer_negative(a, a->zone);
}

static void
answer_zone(struct answer *a, struct answer_outcome *outcome)
{
	const struct zone *z = a->zone;
	uint16_t type = a->reply.query->type;
	const char *why;

	if (a->client == SNAPSHOT_REFUSE) {
		fail(&a->reply, RCODE_REFUSED, EDE_PROHIBITED);
		return;
	}
	why = refusal(a, outcome);
	if (why != NULL && answer_error_code(a, outcome->is_over ? CODE_OVER : CODE_NO_LEAVE, why))
		return;
	if (why != NULL)
		refuse(a, why);
	else if (is_doubted(a))
		a->reply.overflow = true;
	else if (!z->is_ready || a->key_verdict == KEY_UNREAD)
		fail(&a->reply, RCODE_SERVFAIL, EDE_NOT_READY);
	else if (zone_is_stale(z, a->context->now_s))
		fail(&a->reply, RCODE_SERVFAIL, EDE_INVALID_DATA);
	else if (type == TYPE_AXFR || type == TYPE_IXFR)
		fail(&a->reply, RCODE_REFUSED, EDE_NONE);
	else {
		a->reply.authoritative = true;
		answer_name(a);
	}
}

static void
answer_question(struct answer *a, struct answer_outcome *outcome)
{
	const struct query *q = a->reply.query;

	if (a->zone != NULL)
		answer_zone(a, outcome);
	else if (a->client == SNAPSHOT_REFUSE)
		fail(&a->reply, RCODE_REFUSED, EDE_PROHIBITED);
	else if (q->class == CLASS_CH && answer_chaos_write(&a->reply, a->context->config))
		a->reply.authoritative = true;
	else if (q->class != CLASS_IN)
		fail(&a->reply, RCODE_REFUSED, EDE_NONE);
	else
		fail(&a->reply, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
}

/* --- the packet --------------------------------------------------------- */

/* Is there a cookie that is to be answered? */
static bool
has_cookie(const struct answer_context *c, const struct query *q, enum query_verdict verdict)
{
	return q->cookie_len != 0 && c->config->cookies.count != 0 &&
		(verdict == QUERY_ANSWER || verdict == QUERY_COOKIE);
}

/* Does a cookie of ours prove the client's address? */
static bool
is_proven(const struct answer_context *c, const struct query *q)
{
	return q->cookie_len > COOKIE_CLIENT_SIZE &&
		cookie_is_valid(&c->config->cookies, &c->client, q->cookie,
			q->cookie + COOKIE_CLIENT_SIZE, q->cookie_len - COOKIE_CLIENT_SIZE,
			c->now_s);
}

/* A cookie that is valid and young is given back as it is (RFC 9018 section 4.3). */
static void
give_cookie(struct answer *a)
{
	const struct answer_context *c = a->context;
	const struct query *q = a->reply.query;
	uint8_t *cookie = reply_cookie(&a->reply);

	if (cookie == NULL)
		return;
	memcpy(cookie, q->cookie, COOKIE_CLIENT_SIZE);
	if (a->is_proven && cookie_is_young(q->cookie + COOKIE_CLIENT_SIZE, c->now_s))
		memcpy(cookie + COOKIE_CLIENT_SIZE, q->cookie + COOKIE_CLIENT_SIZE,
			COOKIE_SERVER_SIZE);
	else
		cookie_make(&c->config->cookies, &c->client, q->cookie, c->now_s,
			cookie + COOKIE_CLIENT_SIZE);
}

static void
answer_verdict(struct answer *a, enum query_verdict verdict, struct answer_outcome *outcome)
{
	switch (verdict) {
	case QUERY_ANSWER: answer_question(a, outcome); break;
	case QUERY_FORMERR: fail(&a->reply, RCODE_FORMERR, EDE_NONE); break;
	case QUERY_NOTIFY:
	case QUERY_NOTIMP: fail(&a->reply, RCODE_NOTIMP, EDE_NONE); break;
	case QUERY_BADVERS: fail(&a->reply, RCODE_BADVERS, EDE_NONE); break;
	case QUERY_COOKIE:
	case QUERY_DROP: break;
	}
}

/* Above the rate of its network, and nothing shows that it is the client that asks. */
static bool
is_limited(const struct answer *a)
{
	const struct answer_context *c = a->context;

	return c->is_limited && c->transport == ANSWER_UDP && !a->is_proven && !is_privileged(a);
}

/* What is no question then gets no reply at all. */
static bool
may_slip(const struct answer_context *c, enum query_verdict verdict)
{
	return !c->is_dropped && (verdict == QUERY_ANSWER || verdict == QUERY_COOKIE);
}

/* AXFR is a matter of TCP (RFC 5936 section 4.2). */
static bool
is_for_transfers(const struct answer *a, const struct query *q, enum query_verdict verdict)
{
	const struct answer_context *c = a->context;

	if (!c->config->hands_over || (verdict != QUERY_ANSWER && verdict != QUERY_NOTIFY) ||
		is_limited(a))
		return false;
	return verdict == QUERY_NOTIFY || q->tsig ||
		(q->class == CLASS_IN &&
			(q->type == TYPE_IXFR ||
				(q->type == TYPE_AXFR && c->transport == ANSWER_TCP)));
}

static void
tell_outcome(const struct answer *a, struct answer_outcome *o)
{
	o->zone = a->zone;
	o->is_proven = a->is_proven;
	o->passes = a->passes;
	o->key = a->key;
	o->is_special = o->is_proven || o->passes || o->is_limited || o->is_over || o->is_keyless ||
		o->key != KEY_NONE;
}

/* The reply to a client that may ask; size: of out. */
static size_t
write_reply(struct answer *a, const struct query *q, enum query_verdict verdict, uint8_t *out,
	size_t size, struct answer_outcome *outcome)
{
	const struct answer_config *config = a->context->config;

	if (!reply_begin(&a->reply, q, config->udp_size, out, size))
		return 0;
	if (has_cookie(a->context, q, verdict))
		give_cookie(a);
	if (q->wants_nsid)
		a->reply.nsid = text_upto(config->identity, ANSWER_IDENTITY_MAX);
	if (outcome->is_limited)
		a->reply.overflow = true;
	else
		answer_verdict(a, verdict, outcome);
	tell_outcome(a, outcome);
	return reply_end(&a->reply, a->context->transport == ANSWER_UDP);
}

size_t
answer_long(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size, struct answer_outcome *outcome)
{
	struct answer_match matches[ANSWER_MATCHES_MAX]; /* written before they are read */
	enum query_verdict verdict;
	struct query q;
	struct answer a; /* only what is said here has a value yet */
	size_t limit;

	*outcome = (struct answer_outcome){.zone = NULL};
	verdict = query_parse(packet, len, &q);
	if (verdict == QUERY_DROP)
		return 0;
	a.context = c;
	a.matches = matches;
	a.zones = zones;
	a.zone = NULL;
	a.client = SNAPSHOT_PASS;
	a.passes = a.has_key = false;
	a.key = KEY_NONE;
	a.key_verdict = KEY_GOOD;
	look_up_client(&a, zone_set_acls(zones));
	if (a.client == SNAPSHOT_IGNORE)
		return 0;
	a.is_proven = has_cookie(c, &q, verdict) && is_proven(c, &q);
	outcome->hand_over = is_for_transfers(&a, &q, verdict);
	if (outcome->hand_over) {
		/* For the counters; an access list of the zone is not asked, nor is a key. */
		if (q.class == CLASS_IN)
			outcome->zone = zone_set_find(zones, &q.name, &a.below);
		return 0;
	}
	if (verdict == QUERY_ANSWER)
		find_zone(&a, &q);
	outcome->is_limited = is_limited(&a);
	outcome->is_dropped = outcome->is_limited && !may_slip(c, verdict);
	tell_outcome(&a, outcome);
	if (outcome->is_dropped || a.client == SNAPSHOT_IGNORE)
		return 0;
	limit = answer_data_limit(c, &q, len, a.is_proven);
	return write_reply(&a, &q, verdict, out, limit < size ? limit : size, outcome);
}
