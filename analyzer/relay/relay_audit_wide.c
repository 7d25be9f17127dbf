#include <stdio.h>
#include <string.h>

#include "relay_audit.h"
#include "relay_postfix_rules.h"

/* A network of more addresses than these is more than most sites have. */
enum { IPV4_BITS = 16, IPV6_BITS = 96, TRIES = 16 };

struct work {
	const struct relay_policy *policy;
	struct relay_audit *audit;
};

struct range {
	struct addr net;
	uint32_t mask; /* of IPv4 */
	unsigned bits; /* that are free */
	const char *list, *entry, *file;
	unsigned line;
};

static void
format_size(unsigned bits, char *out, size_t size)
{
	unsigned long long n = bits < 64 ? 1ULL << bits : 0;

	if (bits > 32)
		snprintf(out, size, "2^%u", bits);
	else if (n >= 1000000000)
		snprintf(out, size, "%llu,%03llu,%03llu,%03llu", n / 1000000000, n / 1000000 % 1000,
			n / 1000 % 1000, n % 1000);
	else if (n >= 1000000)
		snprintf(out, size, "%llu,%03llu,%03llu", n / 1000000, n / 1000 % 1000, n % 1000);
	else
		snprintf(out, size, "%llu,%03llu", n / 1000, n % 1000);
}

/* One of its addresses; several are tried, as parts of it may be private or negated. */
static struct addr
pick(const struct range *r, unsigned try)
{
	struct addr a = r->net;

	if (a.family == 4)
		return addr_from_ipv4(
			addr_ipv4(&r->net) | ((UINT32_C(0x25372b4d) * (try * 2 + 1)) & ~r->mask));
	for (unsigned bit = 128 - r->bits; bit < 128; bit++)
		if ((0x9d >> (bit + try) % 8 & 1) != 0)
			a.b[bit / 8] = (uint8_t)(a.b[bit / 8] | 0x80 >> bit % 8);
	return a;
}

static bool
lets_strangers(const struct work *w, const struct range *r)
{
	struct relay_decision d;

	for (unsigned try = 0; try < TRIES; try++) {
		struct relay_request request = {.client = pick(r, try), .local = w->audit->local};

		if (!addr_is_reserved(&request.client) &&
			relay_audit_relays(w->policy, request, &d) && d.entry == r->entry &&
			d.line == r->line)
			return true;
	}
	return false;
}

static void
judge(struct work *w, const struct range *r)
{
	struct relay_wide *out = &w->audit->wide[w->audit->wide_count];

	if (w->audit->wide_count == RELAY_WIDE_MAX ||
		r->bits <= (unsigned)(r->net.family == 4 ? IPV4_BITS : IPV6_BITS) ||
		relay_audit_has_hole(w->audit, r->entry, r->line) || !lets_strangers(w, r))
		return;
	*out = (struct relay_wide){.list = r->list,
		.entry = r->entry,
		.file = r->file,
		.line = r->line};
	format_size(r->bits, out->size, sizeof(out->size));
	w->audit->wide_count++;
}

static void
judge_net(struct work *w, const struct prefix *net, struct range *r)
{
	r->net = net->addr;
	if (net->addr.family == 0)
		return;
	r->bits = (net->addr.family == 4 ? 32U : 128U) - net->len;
	r->mask = r->bits >= 32 ? 0 : ~UINT32_C(0) << r->bits;
	judge(w, r);
}

/* Of keys only a first number, as "198", is so much. */
static void
judge_key(struct work *w, struct text key, struct range *r)
{
	uint64_t octet;

	if (text_to_u64(key, 255, &octet) != OK || octet == 0)
		return;
	r->net = addr_from_ipv4((uint32_t)octet << 24);
	r->mask = UINT32_C(0xff000000);
	r->bits = 24;
	judge(w, r);
}

static void
judge_table(struct work *w, const struct relay_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct relay_table_entry *e = &t->entries[i];
		struct range r = {.list = t->name,
			.entry = e->text,
			.file = t->file,
			.line = e->line};

		if (t->kind == RELAY_TABLE_CIDR && e->step == RELAY_CIDR_NET && !e->negated)
			judge_net(w, &e->net, &r);
		else if (t->kind == RELAY_TABLE_KEYS && e->key_len <= 3)
			judge_key(w, text_upto(text_of(e->text), e->key_len), &r);
	}
}

static void
judge_postfix(struct work *w, const struct relay_postfix *pf)
{
	for (size_t i = 0; i < pf->mynetworks.count; i++) {
		const struct relay_pattern *p = &pf->mynetworks.items[i];
		struct range r = {.list = pf->mynetworks.name,
			.entry = p->text,
			.file = p->file,
			.line = p->line};

		if (!p->negated)
			judge_net(w, &p->net, &r);
	}
	for (size_t i = 0; i < pf->table_count; i++)
		judge_table(w, pf->tables[i]);
}

static unsigned
count_free(uint32_t mask)
{
	unsigned bits = 0;

	for (uint32_t rest = ~mask; rest != 0; rest &= rest - 1)
		bits++;
	return bits;
}

static void
judge_ims(struct work *w)
{
	const struct relay_list *list = &w->policy->lists[RELAY_LIST_ALLOW];

	for (size_t i = 0; i < list->count; i++) {
		const struct relay_line *l = &list->lines[i];
		struct range r = {.net = addr_from_ipv4(l->net),
			.mask = l->mask,
			.bits = count_free(l->mask),
			.list = relay_model_list_name(RELAY_LIST_ALLOW),
			.entry = l->text,
			.line = l->line};

		judge(w, &r);
	}
}

void
relay_audit_find_wide(const struct relay_policy *p, struct relay_audit *a)
{
	struct work w = {.policy = p, .audit = a};

	if (p->dialect == RELAY_DIALECT_POSTFIX)
		judge_postfix(&w, p->postfix);
	else
		judge_ims(&w);
}
