/* rbldnsd_oracle_rules_data.c - rules about data: how files are read and what they list. */
#include "rbldnsd_oracle_change.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Files that are read otherwise. */
bool
rule_read_otherwise(struct change *c)
{
	if (c->zone == NULL || strcmp(c->zone->rule, c->rule) != 0)
		return false;
	change_ask_instead(c, c->q);
	return !wire_equal(c->theirs, c->expected);
}

/* "AAAA ADDRESS" as data. */
static size_t
read_aaaa(const char *text, uint8_t out[TEXT_MAX])
{
	char address[64];

	return sscanf(text, "AAAA %63s", address) == 1 && inet_pton(AF_INET6, address, out) == 1 ?
		16 :
		0;
}

/* "CAA FLAGS TAG "VALUE"" as data (RFC 8659 section 4.1). */
static size_t
read_caa(const char *text, uint8_t out[TEXT_MAX])
{
	char tag[16], v[256];
	unsigned flags;

	if (sscanf(text, "CAA %u %15s \"%255[^\"]\"", &flags, tag, v) != 3)
		return 0;
	out[0] = (uint8_t)flags;
	out[1] = (uint8_t)strlen(tag);
	memcpy(out + 2, tag, out[1]);
	memcpy(out + 2 + out[1], v, strlen(v));
	return 2 + out[1] + strlen(v);
}

/* AAAA and CAA in generic data, which rbldnsd rejects; READ has them as TXT. */
bool
rule_generic_types(struct change *c)
{
	struct question q = *c->q;
	size_t kept = 0;

	if (c->zone == NULL || strcmp(c->zone->rule, c->rule) != 0 || change_is_label(c, "_status"))
		return false;
	if (q.type == TYPE_AAAA || q.type == TYPE_CAA)
		q.type = TYPE_TXT;
	if (change_client(c) != CLIENT_PLAIN)
		q.client = 0;
	change_ask_instead(c, &q);
	for (size_t i = 0; i < c->expected->count; i++) {
		struct record *r = &c->expected->records[i];
		uint8_t data[TEXT_MAX];
		char text[512] = "";
		size_t len;

		if (r->type == TYPE_TXT && r->len < sizeof(text)) {
			memcpy(text, r->data, r->len);
			text[r->len] = 0;
			r->type = text[0] == 'A' ? TYPE_AAAA : TYPE_CAA;
			len = r->type == TYPE_CAA ? read_caa(text, data) : read_aaaa(text, data);
			wire_set_data(c->expected, r, data, len);
			if (!change_wants(c, r->type))
				continue;
		}
		c->expected->records[kept++] = *r;
	}
	c->expected->count = kept;
	if (kept == 0 && c->expected->rcode == RCODE_OK)
		change_add_soa(c, SECTION_AUTHORITY);
	change_equal_ttls(c);
	wire_sort(c->expected);
	return !wire_equal(c->theirs, c->expected);
}

/* For clients that get no data, or are told that all is listed, rbldnsd loses most records of
 * generic data, which they should get as usual. */
bool
rule_acl_generic(struct change *c)
{
	bool is_meta = c->q->type == TYPE_SOA || c->q->type == TYPE_NS || c->q->type == TYPE_ANY;

	if (change_client(c) == CLIENT_PLAIN || (change_is_apex(c) && is_meta) ||
		c->zone->rule[0] != '\0' || c->expected->rcode > RCODE_NXDOMAIN ||
		(!c->zone->has_meta && strcmp(c->zone->types, "generic") != 0) ||
		!change_ask_part(c, c->zone->has_meta ? "meta" : ""))
		return false;
	return change_take_other(c);
}

/* What is this client told of an address that is never in the data? */
static bool
ask_unlisted(struct change *c, bool is_ipv6)
{
	struct question q = *c->q;

	q.len = 0;
	if (is_ipv6)
		names_ip6((const uint8_t[16]){9, 9}, 0, &q);
	else
		names_ip4(0x09090909, 0, &q);
	names_text(c->base, &q);
	q.name[q.len++] = 0;
	if (q.type >= TYPE_TSIG && q.type != TYPE_ANY)
		q.type = TYPE_HINFO;
	ask_one(c->rules->ask, READ, &q, &c->rules->other);
	return c->rules->other.rcode == RCODE_OK;
}

/* To who is told that everything is listed any address is, of whatever family the data are. */
bool
rule_acl_template(struct change *c)
{
	uint8_t low6[16], high6[16];
	uint32_t low, high;
	size_t labels = 0;
	bool is4, is6;

	if (change_client(c) != CLIENT_LISTED || c->expected->rcode != RCODE_NXDOMAIN)
		return false;
	for (size_t at = 0; at < c->q->len - c->base_len; at += c->name[at] + 1u)
		labels++;
	is4 = labels == 4 && names_partial_ip4(c->name, 3, &low, &high);
	is6 = labels == 32 && names_partial_ip6(c->name, 31, low6, high6);
	if ((is4 && ask_unlisted(c, true)) || (is6 && ask_unlisted(c, false)))
		return change_take_other(c);
	is4 = names_partial_ip4(c->name, labels, &low, &high);
	is6 = names_partial_ip6(c->name, labels, low6, high6);
	if ((!is4 && !is6) || (!ask_unlisted(c, false) && !ask_unlisted(c, true)))
		return false;
	c->expected->rcode = RCODE_OK;
	return true;
}

/* 099 is no octet, though to rbldnsd it is. */
bool
rule_leading_zeros(struct change *c)
{
	struct question q = {.len = 0};
	size_t labels = 0, end = c->q->len - c->base_len;
	bool has_zero = false;

	if (c->zone == NULL || c->expected->rcode != RCODE_OK)
		return false;
	for (size_t at = 0; at < end; at += c->name[at] + 1u, labels++)
		has_zero |= c->name[at] > 1 && c->name[at] < 4 && c->name[at + 1] == '0';
	if (!has_zero || labels != 4)
		return false;
	q = *c->q; /* no name that is an address */
	q.len = 0;
	names_text("no", &q);
	memcpy(q.name + q.len, c->q->name + c->q->name[0] + 1, c->q->len - c->q->name[0] - 1u);
	q.len += c->q->len - c->q->name[0] - 1u;
	if (q.type >= TYPE_TSIG && q.type != TYPE_ANY)
		q.type = TYPE_HINFO;
	ask_one(c->rules->ask, READ, &q, &c->rules->other);
	return change_take_other(c);
}

/* rbldnsd looks ::ffff:a.b.c.d up as IPv4 only, where a zone has IPv4 data. */
bool
rule_mapped_ipv6(struct change *c)
{
	bool any = false;

	if (!change_is_mapped(c) || !c->zone->has_twin || change_has_type(c->zone, "acl") ||
		c->expected->rcode == RCODE_REFUSED || !change_ask_part(c, "ip6"))
		return false;
	if (c->expected->rcode == RCODE_NXDOMAIN) {
		c->expected->rcode = RCODE_OK;
		any = true;
	}
	for (size_t i = 0; i < c->rules->other.count; i++) {
		const struct record *r = &c->rules->other.records[i];

		if (r->section != SECTION_ANSWER)
			continue;
		change_set_positive(c);
		change_add_answer(c, r->type, r->ttl, r->data, r->len);
		any = true;
	}
	return any && !wire_equal(c->expected, c->theirs);
}

static bool
is_name_of_list(const struct change *c, const char *label)
{
	return plan_lists_names(c->zone, c->sub) && change_is_label(c, label);
}

/* RFC 5782 section 5: 127.0.0.1 is not listed, nor is INVALID in a list of names. */
bool
rule_never_listed(struct change *c)
{
	if (c->zone == NULL || c->expected->rcode != RCODE_OK)
		return false;
	if (change_is_6to4_of_loopback(c)) { /* as IPv6 it may well be */
		if (change_client(c) == CLIENT_LISTED)
			return false;
		if (c->zone->has_twin && change_ask_part(c, "ip6"))
			return change_take_other(c);
		if (!change_has_type(c->zone, "ip4") && !change_has_type(c->zone, "combined"))
			return false;
	} else if (!change_is_address(c, 0x7f000001) && !is_name_of_list(c, "invalid")) {
		return false;
	}
	change_set_negative(c, RCODE_NXDOMAIN);
	return true;
}

/* ... and 127.0.0.2 is, and so is TEST. */
bool
rule_test_point(struct change *c)
{
	static const uint8_t a[4] = {127, 0, 0, 2};
	char text[512];
	uint32_t ttl = c->ours->count > 0 ? c->ours->records[0].ttl : 0;
	int n;

	if (c->zone == NULL || !change_is_negative(c->expected) ||
		c->expected->rcode != RCODE_NXDOMAIN)
		return false;
	if (!change_is_address(c, 0x7f000002) && !is_name_of_list(c, "test"))
		return false;
	if (change_wants(c, TYPE_A)) {
		change_set_positive(c);
		change_add_answer(c, TYPE_A, ttl, a, sizeof(a));
	} else if (change_wants(c, TYPE_TXT)) {
		change_set_positive(c);
		n = snprintf(text, sizeof(text), "[2] test entry of %s", c->base);
		change_add_answer(c, TYPE_TXT, ttl, (const uint8_t *)text, (size_t)n);
	}
	c->expected->rcode = RCODE_OK;
	return true;
}

/* All of `from` become `to`. */
static size_t
replace(const uint8_t *in, size_t len, const char *from, const char *to, uint8_t out[TEXT_MAX])
{
	size_t from_len = strlen(from), to_len = strlen(to), n = 0;

	for (size_t i = 0; i < len && n + to_len < TEXT_MAX;) {
		if (len - i >= from_len && memcmp(in + i, from, from_len) == 0) {
			memcpy(out + n, to, to_len);
			n += to_len;
			i += from_len;
		} else {
			out[n++] = in[i++];
		}
	}
	return n;
}

/* RFC 5952 section 5: an IPv4-mapped address is written as such. */
bool
rule_ipv6_text(struct change *c)
{
	char from[32], to[32];
	uint8_t text[TEXT_MAX];
	uint32_t v4 = 0;
	bool changed = false;

	if (!change_is_mapped(c))
		return false;
	for (size_t i = 0; i < 8; i++) {
		unsigned digit = c->name[2 * i + 1];

		v4 |= (digit <= '9' ? digit - '0' : digit - 'a' + 10) << 4 * i;
	}
	snprintf(from, sizeof(from), "::ffff:%x:%x", v4 >> 16, v4 & 0xffff);
	snprintf(to, sizeof(to), "::ffff:%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255,
		v4 & 255);
	for (size_t i = 0; i < c->expected->count; i++) {
		struct record *r = &c->expected->records[i];
		size_t n;

		if (r->type != TYPE_TXT)
			continue;
		n = replace(r->data, r->len, from, to, text);
		changed |= n != r->len;
		wire_set_data(c->expected, r, text, n);
	}
	wire_sort(c->expected);
	return changed;
}

/* rbldnsd cuts a template at 255 bytes and a text at 254. */
bool
rule_long_txt(struct change *c)
{
	bool changed = false;

	for (size_t i = 0; i < c->expected->count; i++) {
		struct record *r = &c->expected->records[i];

		for (size_t k = 0; k < c->ours->count && r->type == TYPE_TXT; k++) {
			const struct record *o = &c->ours->records[k];

			if (o->type != TYPE_TXT || r->len < TXT_CUT || o->len <= r->len ||
				o->len > TEXT_MAX || memcmp(o->data, r->data, r->len) != 0)
				continue;
			wire_set_data(c->expected, r, o->data, o->len);
			changed = true;
		}
	}
	wire_sort(c->expected);
	return changed;
}
