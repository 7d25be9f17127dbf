/* rbldnsd_oracle_change.c - tools of the rules. */
#include "rbldnsd_oracle_change.h"

#include <string.h>

/* --- what a name is ------------------------------------------------------------------ */

bool
change_is_apex(const struct change *c)
{
	return c->zone != NULL && c->q->len == c->zone->len;
}

/* Is it `start`, followed by the subzone, or the origin? */
static bool
is_entry(const struct change *c, const struct question *start)
{
	return c->zone != NULL && c->q->len - c->base_len == start->len &&
		memcmp(c->name, start->name, start->len) == 0;
}

bool
change_is_label(const struct change *c, const char *label)
{
	struct question q = {.len = 0};

	names_text(label, &q);
	return is_entry(c, &q);
}

void
change_map_ip4(uint32_t address, uint8_t out[16])
{
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	for (size_t i = 0; i < 4; i++)
		out[12 + i] = (uint8_t)(address >> 8 * (3 - i));
}

/* In either form. */
bool
change_is_address(const struct change *c, uint32_t address)
{
	struct question q4 = {.len = 0}, q6 = {.len = 0};
	uint8_t mapped[16];

	change_map_ip4(address, mapped);
	names_ip4(address, 0, &q4);
	names_ip6(mapped, 0, &q6);
	return is_entry(c, &q4) || is_entry(c, &q6);
}

/* 32 nibbles, in ::ffff:0:0/96. */
bool
change_is_mapped(const struct change *c)
{
	static const char prefix[] = "\1f\1f\1f\1f";

	if (c->zone == NULL || c->q->len - c->base_len != 64 ||
		memcmp(c->name + 16, prefix, 8) != 0)
		return false;
	for (size_t i = 24; i < 64; i += 2)
		if (c->name[i] != 1 || c->name[i + 1] != '0')
			return false;
	return true;
}

/* 2002:7f00:1::/48 (RFC 3056) */
bool
change_is_6to4_of_loopback(const struct change *c)
{
	static const char prefix[] = "\0011\0010\0010\0010\0010\0010\1f\0017\0012\0010\0010\0012";

	return c->zone != NULL && c->q->len - c->base_len == 64 &&
		memcmp(c->name + 40, prefix, 24) == 0;
}

bool
change_has_type(const struct zone *z, const char *type)
{
	return strstr(z->types, type) != NULL;
}

/* --- replies ---------------------------------------------------------------------------- */

bool
change_is_negative(const struct reply *r)
{
	return (r->rcode == RCODE_OK || r->rcode == RCODE_NXDOMAIN) &&
		wire_section(r, SECTION_ANSWER) == 0;
}

const struct record *
change_first_answer(const struct reply *r)
{
	return r->count > 0 && r->records[0].section == SECTION_ANSWER ? &r->records[0] : NULL;
}

bool
change_wants(const struct change *c, uint16_t type)
{
	return c->q->type == type || c->q->type == TYPE_ANY;
}

enum client_kind
change_client(const struct change *c)
{
	if (c->zone == NULL)
		return CLIENT_PLAIN;
	return c->rules->kinds[change_has_type(c->zone, "acl")][c->q->client];
}

void
change_ask_instead(struct change *c, const struct question *q)
{
	struct question whole = *q;

	whole.edns = true; /* so that nothing is left out */
	whole.udp_size = PACKET_MAX;
	ask_one(c->rules->ask, READ, &whole, &c->rules->other);
	wire_copy(c->expected, &c->rules->other);
}

/* The zone's SOA as rbldnsd has it; NULL: it has none. */
const struct record *
change_their_soa(struct change *c)
{
	struct question q = {.class = 1, .type = TYPE_SOA};

	names_text(c->zone->origin, &q);
	q.name[q.len++] = 0;
	ask_one(c->rules->ask, READ, &q, &c->rules->other);
	return c->rules->other.count == 1 ? &c->rules->other.records[0] : NULL;
}

/* A part of the zone, as anybody gets it; false: nothing is listed there. */
bool
change_ask_part(struct change *c, const char *part)
{
	struct question q = *c->q;

	q.len -= c->base_len;
	names_text(c->sub, &q);
	names_text(part, &q);
	names_text(c->zone->origin, &q);
	q.name[q.len++] = 0;
	if (strcmp(part, "ip6") != 0)
		q.client = 0;
	if (q.len > WIRE_NAME_MAX)
		return false;
	q.edns = true;
	q.udp_size = PACKET_MAX;
	if (q.type >= TYPE_TSIG && q.type != TYPE_ANY)
		q.type = TYPE_HINFO;
	ask_one(c->rules->ask, READ, &q, &c->rules->other);
	return c->rules->other.got && c->rules->other.rcode == RCODE_OK;
}

/* --- what is due -------------------------------------------------------------------------- */

uint32_t
change_read_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* mname, rname, and five numbers. */
static size_t
made_up_soa(const struct change *c, uint8_t out[2 * NAME_MAX_WIRE])
{
	static const uint8_t names[] = "\x09localhost\0\x0ahostmaster";
	const uint32_t numbers[5] = {c->zone->serial, 7200, 1800, 1209600, MADE_UP_MINIMUM};
	size_t at = sizeof(names) - 1;

	memcpy(out, names, at);
	memcpy(out + at, c->zone->wire, c->zone->len);
	at += c->zone->len;
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 4; k++)
			out[at++] = (uint8_t)(numbers[i] >> 8 * (3 - k));
	return at;
}

/* RFC 2308 section 5: a no lasts no longer than the SOA itself. */
void
change_add_soa(struct change *c, enum section section)
{
	const struct record *soa = change_their_soa(c);
	uint8_t data[3 * NAME_MAX_WIRE];
	uint32_t ttl = MADE_UP_TTL, minimum = MADE_UP_MINIMUM;
	size_t len;

	if (soa == NULL) {
		len = made_up_soa(c, data);
	} else {
		len = soa->len;
		memcpy(data, soa->data, len);
		ttl = soa->ttl;
		minimum = change_read_u32(data + len - 4);
	}
	if (section == SECTION_AUTHORITY && minimum < ttl)
		ttl = minimum;
	wire_add(c->expected, section, c->zone->wire, c->zone->len, TYPE_SOA, ttl, data, len);
}

void
change_set_negative(struct change *c, unsigned rcode)
{
	c->expected->count = 0;
	c->expected->rcode = rcode;
	c->expected->flags |= FLAG_AA;
	change_add_soa(c, SECTION_AUTHORITY);
}

void
change_set_positive(struct change *c)
{
	if (change_is_negative(c->expected))
		c->expected->count = 0;
	c->expected->rcode = RCODE_OK;
	c->expected->flags |= FLAG_AA;
}

/* A record of the name that is asked for, once; all of its type get the lowest TTL. */
void
change_add_answer(struct change *c, uint16_t type, uint32_t ttl, const uint8_t *data, size_t len)
{
	struct reply *e = c->expected;
	bool is_there = false;

	for (size_t i = 0; i < e->count; i++) {
		struct record *r = &e->records[i];

		if (r->section != SECTION_ANSWER || r->type != type)
			continue;
		if (r->ttl < ttl)
			ttl = r->ttl;
		is_there |= r->len == len && memcmp(r->data, data, len) == 0;
	}
	for (size_t i = 0; i < e->count; i++)
		if (e->records[i].section == SECTION_ANSWER && e->records[i].type == type)
			e->records[i].ttl = ttl;
	if (!is_there)
		wire_add(e, SECTION_ANSWER, c->name, c->q->len, type, ttl, data, len);
}

/* What was asked for last, instead of all. */
bool
change_take_other(struct change *c)
{
	c->expected->count = 0;
	c->expected->rcode = c->rules->other.rcode;
	c->expected->flags |= FLAG_AA;
	for (size_t i = 0; i < c->rules->other.count; i++) {
		const struct record *r = &c->rules->other.records[i];

		if (r->section == SECTION_ANSWER)
			change_add_answer(c, r->type, r->ttl, r->data, r->len);
	}
	if (c->expected->count == 0)
		change_add_soa(c, SECTION_AUTHORITY);
	return !wire_equal(c->theirs, c->expected);
}

/* RFC 2181 section 5.2: the lowest of a type holds for all of it. */
void
change_equal_ttls(struct change *c)
{
	struct reply *e = c->expected;

	for (size_t i = 0; i < e->count; i++)
		for (size_t k = 0; k < e->count; k++)
			if (e->records[k].type == e->records[i].type &&
				e->records[k].ttl < e->records[i].ttl)
				e->records[i].ttl = e->records[k].ttl;
}
