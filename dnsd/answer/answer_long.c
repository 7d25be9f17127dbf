#include "answer_long.h"

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
			answer_data_lasts(&v, ANSWER_ACL_TTL_S, c->now_s, &ttl_s) &&
			sternness(v.action) > sternness(a->client)) {
			a->client = v.action;
			a->client_view = v;
			a->client_ttl_s = ttl_s;
		}
}

static inline void
look_up_client(struct answer *a, const struct zone_acls *acls)
{
	if (acls->count != 0)
		ask_acls(a, acls);
}

/* --- a name in a zone --------------------------------------------------- */

static void
fail(struct reply *r, enum reply_rcode rcode, enum reply_ede ede)
{
	r->rcode = rcode;
	r->ede = ede;
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

/* False: the client is not to hear of this. */
static bool
answer_zone(struct answer *a)
{
	const struct zone *z = a->zone;
	uint16_t type = a->reply.query->type;

	look_up_client(a, &z->acls);
	if (a->client == SNAPSHOT_IGNORE)
		return false;
	if (a->client == SNAPSHOT_REFUSE)
		fail(&a->reply, RCODE_REFUSED, EDE_PROHIBITED);
	else if (!z->is_ready)
		fail(&a->reply, RCODE_SERVFAIL, EDE_NOT_READY);
	else if (zone_is_stale(z, a->context->now_s))
		fail(&a->reply, RCODE_SERVFAIL, EDE_INVALID_DATA);
	else if (type == TYPE_AXFR || type == TYPE_IXFR)
		fail(&a->reply, RCODE_REFUSED, EDE_NONE);
	else {
		a->reply.authoritative = true;
		answer_name(a);
	}
	return true;
}

static bool
answer_question(struct answer *a)
{
	const struct query *q = a->reply.query;

	a->zone = q->class == CLASS_IN ? zone_set_find(a->zones, &q->name, &a->below) : NULL;
	if (a->zone != NULL) /* whose list may ignore a client that the other list refuses */
		return answer_zone(a);
	if (a->client == SNAPSHOT_REFUSE)
		fail(&a->reply, RCODE_REFUSED, EDE_PROHIBITED);
	else if (q->class == CLASS_CH && answer_chaos_write(&a->reply, a->context->config))
		a->reply.authoritative = true;
	else if (q->class != CLASS_IN)
		fail(&a->reply, RCODE_REFUSED, EDE_NONE);
	else
		fail(&a->reply, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
	return true;
}

/* --- the packet --------------------------------------------------------- */

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
give_cookie(struct answer *a, bool proven)
{
	const struct answer_context *c = a->context;
	const struct query *q = a->reply.query;
	uint8_t *cookie = reply_cookie(&a->reply);

	if (cookie == NULL)
		return;
	memcpy(cookie, q->cookie, COOKIE_CLIENT_SIZE);
	if (proven && cookie_is_young(q->cookie + COOKIE_CLIENT_SIZE, c->now_s))
		memcpy(cookie + COOKIE_CLIENT_SIZE, q->cookie + COOKIE_CLIENT_SIZE,
			COOKIE_SERVER_SIZE);
	else
		cookie_make(&c->config->cookies, &c->client, q->cookie, c->now_s,
			cookie + COOKIE_CLIENT_SIZE);
}

static bool
answer_verdict(struct answer *a, enum query_verdict verdict)
{
	switch (verdict) {
	case QUERY_ANSWER: return answer_question(a);
	case QUERY_FORMERR: fail(&a->reply, RCODE_FORMERR, EDE_NONE); break;
	case QUERY_NOTIFY:
	case QUERY_NOTIMP: fail(&a->reply, RCODE_NOTIMP, EDE_NONE); break;
	case QUERY_BADVERS: fail(&a->reply, RCODE_BADVERS, EDE_NONE); break;
	case QUERY_COOKIE:
	case QUERY_DROP: break;
	}
	return true;
}

/* AXFR is a matter of TCP (RFC 5936 section 4.2). */
static bool
is_for_transfers(const struct answer_context *c, const struct query *q, enum query_verdict verdict)
{
	if (!c->config->hands_over || (verdict != QUERY_ANSWER && verdict != QUERY_NOTIFY))
		return false;
	return verdict == QUERY_NOTIFY || q->tsig ||
		(q->class == CLASS_IN &&
			(q->type == TYPE_IXFR ||
				(q->type == TYPE_AXFR && c->transport == ANSWER_TCP)));
}

size_t
answer_long(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size, struct answer_outcome *outcome)
{
	struct answer_match matches[ANSWER_MATCHES_MAX]; /* written before they are read */
	enum query_verdict verdict;
	bool proven, has_cookie, is_answered;
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
	look_up_client(&a, zone_set_acls(zones));
	if (a.client == SNAPSHOT_IGNORE)
		return 0;
	outcome->hand_over = is_for_transfers(c, &q, verdict);
	if (outcome->hand_over)
		return 0;
	has_cookie = q.cookie_len != 0 && c->config->cookies.count != 0 &&
		(verdict == QUERY_ANSWER || verdict == QUERY_COOKIE);
	proven = has_cookie && is_proven(c, &q);
	limit = answer_data_limit(c, &q, len, proven);
	if (!reply_begin(&a.reply, &q, c->config->udp_size, out, limit < size ? limit : size))
		return 0;
	if (has_cookie)
		give_cookie(&a, proven);
	if (q.wants_nsid)
		a.reply.nsid = text_upto(c->config->identity, ANSWER_IDENTITY_MAX);
	is_answered = answer_verdict(&a, verdict);
	outcome->zone = a.zone;
	if (!is_answered)
		return 0;
	return reply_end(&a.reply, c->transport == ANSWER_UDP);
}
