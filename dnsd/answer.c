#include "answer.h"

#include <string.h>

#include "dnsbl_name.h"
#include "reply.h"

enum { NEVER_LISTED = 0x7f000001 }; /* 127.0.0.1, RFC 5782 section 5 */

/* A question about a name in one of our zones. */
struct answer {
	struct reply reply;
	const struct zone *zone;
	const struct zone_set *zones;
	int64_t now_s;
	struct addr address;          /* of a listed name */
	const struct zone_test *test; /* answers instead of class when not NULL */
	uint32_t ttl_s;
	struct snapshot_class class;
};

/* --- answers by type ---------------------------------------------------- */

static void
answer_a(struct answer *a)
{
	if (a->test != NULL)
		reply_a(&a->reply, a->ttl_s, a->test->address);
	else
		for (size_t i = 0; i < a->class.a_count; i++)
			reply_a(&a->reply, a->ttl_s, a->class.a[i]);
}

static void
answer_txt(struct answer *a)
{
	char address[ADDR_TEXT];
	struct text t;

	if (a->test != NULL) {
		t = (struct text){a->test->txt, a->test->txt_len};
		reply_txt(&a->reply, a->ttl_s, t, TEXT_NONE);
		return;
	}
	t = text_of(addr_format(&a->address, address));
	for (size_t i = 0; i < a->class.txt_count; i++)
		reply_txt(&a->reply, a->ttl_s, a->class.txt[i], t);
}

/* RFC 8482 section 4.1: one RRset of those there are. */
static void
answer_any(struct answer *a)
{
	if (a->test != NULL || a->class.a_count != 0)
		answer_a(a);
	else
		answer_txt(a);
}

static void
answer_soa(struct answer *a)
{
	reply_soa(&a->reply, REPLY_ANSWER, a->zone->soa_ttl_s, a->zone);
}

static void
answer_ns(struct answer *a)
{
	for (size_t i = 0; i < a->zone->ns_count; i++)
		reply_ns(&a->reply, a->zone->ns_ttl_s, &a->zone->ns[i]);
}

static void
answer_refused(struct answer *a)
{
	a->reply.rcode = RCODE_REFUSED;
	a->reply.authoritative = false;
}

/* Types that are not here, or have no function for the kind of name, have no data. */
static const struct answer_type {
	uint16_t type;
	void (*at_apex)(struct answer *);
	void (*at_listed)(struct answer *);
} types[] = {
	{TYPE_A, NULL, answer_a},
	{TYPE_TXT, NULL, answer_txt},
	{TYPE_NS, answer_ns, NULL},
	{TYPE_SOA, answer_soa, NULL},
	{TYPE_ANY, answer_soa, answer_any},
	{TYPE_AXFR, answer_refused, answer_refused},
	{TYPE_IXFR, answer_refused, answer_refused},
};

static const struct answer_type *
find_type(uint16_t type)
{
	static const struct answer_type none;

	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (types[i].type == type)
			return &types[i];
	return &none;
}

/* --- does the name exist? ------------------------------------------------ */

static const struct zone_test *
find_test(const struct zone *z, const struct addr *a)
{
	for (size_t i = 0; a->family == 4 && i < z->test_count; i++)
		if (z->tests[i].address == addr_ipv4(a))
			return &z->tests[i];
	return NULL;
}

/* Does the data list the address now? Fills class and ttl_s. */
static bool
find_class(struct answer *a, const struct addr *address)
{
	uint16_t id = snapshot_find(a->zone->set, address);

	if (id == SNAPSHOT_NOT_LISTED || !snapshot_class(a->zone->snapshot, id, &a->class))
		return false;
	a->ttl_s = a->class.ttl_s != 0 ? a->class.ttl_s : a->zone->ttl_s;
	if (a->class.expires_s == 0)
		return true;
	if (a->class.expires_s <= a->now_s)
		return false;
	/* No cache may keep a listing longer than the list does. */
	if (a->class.expires_s - a->now_s < (int64_t)a->ttl_s)
		a->ttl_s = (uint32_t)(a->class.expires_s - a->now_s);
	return true;
}

/* The test addresses stand above all data (RFC 5782 section 5), except that data that list one
 * with records of their own may answer. */
static bool
find_address(struct answer *a, const struct addr *address)
{
	const struct zone_test *test = find_test(a->zone, address);

	if (address->family == 4 && addr_ipv4(address) == NEVER_LISTED)
		return false;
	a->address = *address;
	if (find_class(a, address) && (test == NULL || a->class.a_count != 0))
		return true;
	a->test = test;
	a->ttl_s = a->zone->ttl_s;
	return test != NULL;
}

static bool
has_test_below(const struct zone *z, const struct dnsbl_name *n)
{
	for (size_t i = 0; i < z->test_count; i++) {
		struct addr test = addr_from_ipv4(z->tests[i].address);

		if (prefix_has_addr(&n->ipv4, &test) ||
			(n->ipv6.addr.family == 6 && dnsbl_name_has_mapped(&n->ipv6, &test)))
			return true;
	}
	return false;
}

/* Is the name an empty non-terminal? Entries past their expiry still count here until the
 * next snapshot: an ancestor's NODATA denies no name, an NXDOMAIN could (RFC 8020). */
static bool
is_empty_non_terminal(const struct answer *a, const struct dnsbl_name *n)
{
	bool ipv4 = n->ipv4.addr.family != 0 && n->ipv4.len < 32;
	bool ipv6 = n->ipv6.addr.family != 0 && n->ipv6.len < 128;

	if (!ipv4 && !ipv6)
		return false;
	return (ipv4 && snapshot_intersects(a->zone->set, &n->ipv4)) ||
		(ipv6 && snapshot_intersects(a->zone->set, &n->ipv6)) || has_test_below(a->zone, n);
}

enum name_kind { NAME_NONE, NAME_EMPTY, NAME_LISTED };

static enum name_kind
find_name(struct answer *a, const struct query_name *name, size_t below)
{
	struct dnsbl_name n;

	if (dnsbl_name_parse(name, below, &n)) {
		if (n.ipv4.addr.family != 0 && n.ipv4.len == 32 && find_address(a, &n.ipv4.addr))
			return NAME_LISTED;
		if (n.ipv6.addr.family != 0 && n.ipv6.len == 128 && find_address(a, &n.ipv6.addr))
			return NAME_LISTED;
		if (is_empty_non_terminal(a, &n))
			return NAME_EMPTY;
	}
	return zone_set_has_below(a->zones, name) ? NAME_EMPTY : NAME_NONE;
}

/* --- the reply ------------------------------------------------------------ */

static void
answer_name(struct answer *a, size_t below)
{
	const struct query *q = a->reply.query;
	const struct answer_type *type = find_type(q->type);
	enum name_kind kind;

	if (below == 0) {
		if (type->at_apex != NULL)
			type->at_apex(a);
	} else {
		kind = find_name(a, &q->name, below);
		if (kind == NAME_LISTED && type->at_listed != NULL)
			type->at_listed(a);
		else if (kind == NAME_NONE)
			a->reply.rcode = RCODE_NXDOMAIN;
	}
	/* RFC 2308 sections 2.1, 2.2: without an answer, the SOA says for how long. */
	if (a->reply.counts[REPLY_ANSWER] == 0 && !a->reply.overflow &&
		a->reply.rcode != RCODE_REFUSED)
		reply_soa(&a->reply, REPLY_AUTHORITY, a->zone->negative_ttl_s, a->zone);
}

static void
fail(struct reply *r, enum reply_rcode rcode, enum reply_ede ede)
{
	r->rcode = rcode;
	r->ede = ede;
}

static void
answer_query(struct answer *a)
{
	const struct query *q = a->reply.query;
	size_t below;

	if (q->class != CLASS_IN) {
		fail(&a->reply, RCODE_REFUSED, EDE_NONE);
		return;
	}
	a->zone = zone_set_find(a->zones, &q->name, &below);
	if (a->zone == NULL) {
		fail(&a->reply, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
		return;
	}
	if (a->zone->snapshot == NULL) {
		fail(&a->reply, RCODE_SERVFAIL, EDE_NOT_READY);
		return;
	}
	a->reply.authoritative = true;
	reply_set_origin(&a->reply, a->zone);
	answer_name(a, below);
}

static size_t
reply_limit(const struct answer_context *c, const struct query *q, size_t size)
{
	size_t limit = ANSWER_MAX;

	if (c->transport == ANSWER_UDP)
		limit = q->udp_size < c->udp_size ? q->udp_size : c->udp_size;
	return limit < size ? limit : size;
}

size_t
answer_packet(const struct zone_set *zones, const struct answer_context *c, const uint8_t *packet,
	size_t len, uint8_t *out, size_t size)
{
	enum query_verdict verdict;
	struct query q;
	struct answer a; /* class is large and written before it is read */

	verdict = query_parse(packet, len, &q);
	if (verdict == QUERY_DROP)
		return 0;
	a.zones = zones;
	a.zone = NULL;
	a.test = NULL;
	a.now_s = c->now_s;
	reply_begin(&a.reply, &q, c->udp_size, out, reply_limit(c, &q, size));
	if (verdict == QUERY_ANSWER)
		answer_query(&a);
	else if (verdict == QUERY_FORMERR)
		fail(&a.reply, RCODE_FORMERR, EDE_NONE);
	else if (verdict == QUERY_NOTIMP)
		fail(&a.reply, RCODE_NOTIMP, EDE_NONE);
	else
		fail(&a.reply, RCODE_BADVERS, EDE_NONE);
	return reply_end(&a.reply, c->transport == ANSWER_UDP);
}
