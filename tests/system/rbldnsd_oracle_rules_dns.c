/* rbldnsd_oracle_rules_dns.c - rules about DNS: what names exist, and how it is said. */
#include "rbldnsd_oracle_change.h"

#include <stdio.h>
#include <string.h>

/* rbldnsd leaves out what does not fit, and says so by clearing AA; ours sets TC. Both have been
 * asked again by then (rules_explain). */
bool
rule_truncation(struct change *c)
{
	return c->was_cut;
}

/* Is the client in a list of this zone, or of all? 127.0.0.9 and 127.0.0.1 are in none. */
static bool
is_refused(struct change *c)
{
	struct question q = {.class = 1, .type = TYPE_SOA, .client = c->q->client};

	names_text(c->rules->plan->zones[0].origin, &q);
	q.name[q.len++] = 0;
	ask_one(c->rules->ask, THEIRS, &q, &c->rules->other);
	return c->rules->other.rcode == RCODE_REFUSED;
}

/* rbldnsd says of a zone that is not loaded that it is not, even to who may not know. */
bool
rule_refuse_first(struct change *c)
{
	if (c->zone == NULL || c->expected->rcode != RCODE_SERVFAIL || c->q->client == 0 ||
		!is_refused(c))
		return false;
	c->expected->rcode = RCODE_REFUSED;
	return true;
}

/* rbldnsd has no idea of types from 250 on; it is asked for one that it has none of. */
bool
rule_unknown_types(struct change *c)
{
	struct question q = *c->q;

	if (q.type < TYPE_TSIG || q.type == TYPE_ANY || c->expected->rcode != RCODE_NOTIMP)
		return false;
	q.type = TYPE_HINFO;
	change_ask_instead(c, &q);
	return true;
}

/* AXFR and IXFR are refused: there is nothing in them to find out about a name. */
bool
rule_transfers(struct change *c)
{
	if (c->zone == NULL || (c->q->type != TYPE_AXFR && c->q->type != TYPE_IXFR) ||
		(c->expected->rcode != RCODE_OK && c->expected->rcode != RCODE_NXDOMAIN))
		return false;
	c->expected->rcode = RCODE_REFUSED;
	c->expected->flags &= (uint16_t)~FLAG_AA;
	c->expected->count = 0;
	return true;
}

/* What lies below a name makes it exist (RFC 8020), and so do the test addresses. */
bool
rule_ent(struct change *c)
{
	struct question test = {.len = 0};
	uint8_t low6[16], high6[16], mapped[16];
	uint32_t low, high;
	size_t labels = 0, end;
	bool is_above;

	(void)test;
	if (c->zone == NULL || c->expected->rcode != RCODE_NXDOMAIN)
		return false;
	end = c->q->len - c->base_len;
	for (size_t at = 0; at < end; at += c->name[at] + 1u)
		labels++;
	change_map_ip4(0x7f000002, mapped);
	is_above = (names_partial_ip4(c->name, labels, &low, &high) && low <= 0x7f000002 &&
			   0x7f000002 <= high) ||
		(names_partial_ip6(c->name, labels, low6, high6) && memcmp(low6, mapped, 16) <= 0 &&
			memcmp(mapped, high6, 16) <= 0);
	if (!is_above && !exists_below(c->rules->exists, c->q, c->zone))
		return false;
	c->expected->rcode = RCODE_OK;
	return true;
}

static size_t
name_len(const uint8_t *wire)
{
	size_t at = 0;

	while (wire[at] != 0)
		at += wire[at] + 1u;
	return at + 1;
}

/* Without $SOA or $NS rbldnsd refuses to say, and nothing says how long to remember a no. */
bool
rule_soa_always(struct change *c)
{
	static const uint8_t localhost[] = "\x09localhost";
	bool has_soa = c->zone != NULL && c->zone->has_soa;
	const struct record *soa;

	if (c->zone == NULL)
		return false;
	if (change_is_apex(c) && c->expected->rcode == RCODE_REFUSED &&
		c->ours->rcode == RCODE_OK) {
		c->expected->rcode = RCODE_OK;
		c->expected->flags |= FLAG_AA;
		if (c->q->type == TYPE_NS && (soa = change_their_soa(c)) != NULL)
			change_add_answer(c, TYPE_NS, soa->ttl, soa->data, name_len(soa->data));
		else if (c->q->type == TYPE_NS)
			change_add_answer(c, TYPE_NS, MADE_UP_TTL, localhost, sizeof(localhost));
		else
			change_add_soa(c, SECTION_ANSWER);
		return true;
	}
	if (has_soa || !change_is_negative(c->expected) || c->expected->count != 0)
		return false;
	change_add_soa(c, SECTION_AUTHORITY);
	return true;
}

bool
rule_negative_ttl(struct change *c)
{
	struct record *r = &c->expected->records[0];
	uint32_t ttl;

	if (c->zone == NULL || !change_is_negative(c->expected) || c->expected->count != 1 ||
		r->type != TYPE_SOA)
		return false;
	ttl = r->ttl;
	c->expected->count = 0;
	change_add_soa(c, SECTION_AUTHORITY);
	return c->expected->records[0].ttl != ttl;
}

/* RFC 4035 section 3.1.4.1: DS is the parent's, where that is served too. */
bool
rule_ds_parent(struct change *c)
{
	struct zone *z = c->zone, *parent;

	if (!change_is_apex(c) || c->q->type != TYPE_DS || !change_is_negative(c->expected))
		return false;
	parent = plan_zone(c->rules->plan, z->wire + z->wire[0] + 1, z->len - z->wire[0] - 1u);
	if (parent == NULL)
		return false;
	c->expected->count = 0;
	c->zone = parent;
	change_add_soa(c, SECTION_AUTHORITY);
	c->zone = z;
	return true;
}

/* _status.ORIGIN has a TXT record, which no data of rbldnsd's give. */
bool
rule_status(struct change *c)
{
	const struct record *r = c->ours->records, *soa;
	char start[64];
	int n;

	if (!change_is_label(c, "_status") ||
		(c->expected->rcode != RCODE_NXDOMAIN &&
			!(c->expected->rcode == RCODE_OK && change_client(c) == CLIENT_LISTED)))
		return false;
	change_set_negative(c, RCODE_OK);
	if (!change_wants(c, TYPE_TXT))
		return true;
	soa = change_their_soa(c);
	n = snprintf(start, sizeof(start), "serial=%u generated=20",
		soa != NULL ? change_read_u32(soa->data + soa->len - SOA_NUMBERS) :
			      c->zone->serial);
	change_set_positive(c);
	if (c->ours->count == 1 && r->len > (size_t)n && memcmp(r->data, start, (size_t)n) == 0)
		change_add_answer(c, TYPE_TXT, r->ttl, r->data, r->len);
	return true;
}

/* RFC 8482: one set of the records that there are. */
bool
rule_any_minimal(struct change *c)
{
	const struct record *one = change_first_answer(c->ours);
	size_t count = 0;

	if (c->q->type != TYPE_ANY || c->expected->rcode != RCODE_OK || one == NULL ||
		change_first_answer(c->expected) == NULL || wire_equal(c->expected, c->ours))
		return false;
	for (size_t i = 0; i < c->expected->count; i++) { /* all of its type, and no others */
		const struct record *r = &c->expected->records[i];

		if (r->section == SECTION_ANSWER && r->type == one->type)
			c->expected->records[count++] = *r;
	}
	c->expected->count = count;
	return true;
}
