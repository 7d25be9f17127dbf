/* rbldnsd_oracle_rules.c - what orbl-dnsd does differently: a table of named rules.
 *
 * A rule changes the reply of rbldnsd into the one that is due; what all rules make of it has
 * to be the reply of orbl-dnsd, record for record. Names of rules are those of the paragraphs in
 * docs/rbldnsd-differences.md.
 */
#include "rbldnsd_oracle_change.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order they apply. */
static const struct {
	const char *name;
	bool (*apply)(struct change *);
} table[] = {
	{"a-outside-127", rule_read_otherwise},
	{"crlf", rule_read_otherwise},
	{"control-characters", rule_read_otherwise},
	{"long-line", rule_read_otherwise},
	{"ttl-31-bit", rule_read_otherwise},
	{"no-entries", rule_read_otherwise},
	{"generic-types", rule_generic_types},
	{"truncation", rule_truncation},
	{"unknown-types", rule_unknown_types},
	{"refuse-first", rule_refuse_first},
	{"transfers", rule_transfers},
	{"leading-zeros", rule_leading_zeros},
	{"acl-generic", rule_acl_generic},
	{"acl-template", rule_acl_template},
	{"mapped-ipv6", rule_mapped_ipv6},
	{"never-listed", rule_never_listed},
	{"test-point", rule_test_point},
	{"ent", rule_ent},
	{"soa-always", rule_soa_always},
	{"negative-ttl", rule_negative_ttl},
	{"ds-parent", rule_ds_parent},
	{"status", rule_status},
	{"ipv6-text", rule_ipv6_text},
	{"long-txt", rule_long_txt},
	{"any-minimal", rule_any_minimal},
};

enum { TABLE_SIZE = sizeof(table) / sizeof(table[0]) };

/* Compare what a client is told of a listed address with what anybody is. */
static enum client_kind
client_kind(struct rules *r, const struct zone *z, unsigned client)
{
	for (size_t i = 0; i < z->point_count; i++) {
		struct question q = {.class = 1, .type = TYPE_A};

		if (z->points[i].kind != POINT_IP4)
			continue;
		names_ip4(z->points[i].low, 0, &q);
		names_text(z->origin, &q);
		q.name[q.len++] = 0;
		ask_one(r->ask, THEIRS, &q, &r->other);
		if (r->other.rcode != RCODE_OK)
			continue;
		q.client = client;
		ask_one(r->ask, THEIRS, &q, &r->theirs);
		if (r->theirs.rcode == RCODE_REFUSED || wire_equal(&r->other, &r->theirs))
			return CLIENT_PLAIN;
		return r->theirs.rcode == RCODE_NXDOMAIN ? CLIENT_EMPTY : CLIENT_LISTED;
	}
	return CLIENT_PLAIN;
}

struct rules *
rules_new(const struct plan *p, struct ask *a, const struct zone *acl_zone,
	const bool ignored[2][CLIENTS])
{
	struct rules *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->plan = p;
	r->ask = a;
	r->exists = exists_new(p, a);
	for (unsigned c = 0; c < CLIENTS && acl_zone != NULL; c++) {
		if (!ignored[0][c])
			r->kinds[0][c] = client_kind(r, &p->zones[0], c);
		if (!ignored[1][c])
			r->kinds[1][c] = client_kind(r, acl_zone, c);
	}
	return r;
}

void
rules_free(struct rules *r)
{
	if (r != NULL)
		exists_free(r->exists);
	free(r);
}

static void
place(struct change *c)
{
	uint8_t wire[NAME_MAX_WIRE];

	for (size_t i = 0; i < c->q->len; i++)
		c->name[i] = (uint8_t)tolower(c->q->name[i]);
	c->zone = plan_zone(c->rules->plan, c->q->name, c->q->len);
	if (c->zone == NULL)
		return;
	c->sub = plan_sub(c->zone, c->q->name, c->q->len);
	snprintf(c->base, sizeof(c->base), "%s%s%s", c->sub, c->sub[0] != '\0' ? "." : "",
		c->zone->origin);
	for (char *s = c->base; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
	c->base_len = wire_name(c->base, wire);
}

/* A reply that was cut for UDP is asked for again, whole. */
static void
get_whole(struct change *c)
{
	struct question q = *c->q;

	q.edns = true;
	q.udp_size = PACKET_MAX;
	if (c->ours->flags & FLAG_TC) {
		ask_tcp(c->rules->ask, OURS, c->q, &c->rules->ours);
		c->ours = &c->rules->ours;
		c->was_cut = true;
	}
	if (c->theirs->rcode == RCODE_OK && !(c->theirs->flags & FLAG_AA)) {
		ask_one(c->rules->ask, THEIRS, &q, &c->rules->theirs);
		c->theirs = &c->rules->theirs;
		c->was_cut = true;
	}
}

/* RFC 6891: who asks with EDNS gets EDNS, which rbldnsd uses for long replies only. */
static bool
edns_is_right(struct rules *r, const struct change *c)
{
	if (c->ours->got && c->ours->edns != c->q->edns)
		return false;
	r->edns += c->q->edns && !c->theirs->edns;
	return true;
}

bool
rules_explain(struct rules *r, const struct question *q, const struct reply *theirs,
	const struct reply *ours)
{
	struct change c = {.rules = r,
		.q = q,
		.expected = &r->expected,
		.theirs = theirs,
		.ours = ours};
	bool applied[RULES_MAX] = {false};

	wire_copy(c.expected, theirs);
	if (!edns_is_right(r, &c))
		return false;
	get_whole(&c);
	if (wire_equal(c.theirs, c.ours) && c.theirs->rcode != RCODE_NXDOMAIN && !c.was_cut)
		return true;
	place(&c);
	wire_copy(c.expected, c.theirs);
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		c.rule = table[i].name;
		applied[i] = table[i].apply(&c);
	}
	if (!wire_equal(c.expected, c.ours))
		return false;
	for (size_t i = 0; i < TABLE_SIZE; i++)
		r->counts[i] += applied[i];
	return true;
}

const struct reply *
rules_due(const struct rules *r)
{
	return &r->expected;
}

const char *
rules_name(size_t i)
{
	if (i == TABLE_SIZE)
		return "edns";
	return i < TABLE_SIZE ? table[i].name : NULL;
}

unsigned long
rules_count(const struct rules *r, size_t i)
{
	return i < TABLE_SIZE ? r->counts[i] : r->edns;
}
