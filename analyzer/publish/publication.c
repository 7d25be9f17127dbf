#include "publication.h"

#include <stdio.h>
#include <string.h>

#include "publication_class.h"

/* --- zones ------------------------------------------------------------------ */

static struct snapshot_apex
apex_of(const struct publication *p)
{
	const struct conf *c = p->conf;
	uint32_t ttl_s = retire_ttl(p->retirement, (uint32_t)c->zone.ttl_s);
	struct snapshot_apex apex = {
		.has_soa = true,
		.mname = text_of(c->zone.ns.count != 0 ? c->zone.ns.items[0] : "."),
		.rname = text_of(c->zone.contact),
		.soa_ttl_s = ttl_s,
		.refresh_s = (uint32_t)c->zone.refresh_s,
		.retry_s = (uint32_t)c->zone.retry_s,
		.expire_s = (uint32_t)c->zone.expire_s,
		.minimum_s = retire_ttl(p->retirement, (uint32_t)c->zone.negative_ttl_s),
		.ns_ttl_s = ttl_s,
		.ttl_s = ttl_s,
	};

	for (; apex.ns_count < c->zone.ns.count && apex.ns_count < SNAPSHOT_NS_MAX; apex.ns_count++)
		apex.ns[apex.ns_count] = text_of(c->zone.ns.items[apex.ns_count]);
	return apex;
}

static enum err
add_zones(struct publication *p)
{
	struct snapshot_zone_draft zone = {.policy = text_of(p->conf->zone.policy),
		.set_count = 1,
		.apex = apex_of(p)};
	enum err err = OK;

	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		err = snapshot_builder_set(p->builder, &p->sets[i], p->e);
		zone.name = text_of(subzone_row(i)->name);
		zone.sets[0] = p->sets[i];
		if (err == OK)
			err = snapshot_builder_zone(p->builder, &zone, p->e);
	}
	return err;
}

enum err
publication_begin(struct publication *p, struct text notice)
{
	enum err err;

	p->change.has_before = p->in_service->base != NULL;
	p->builder = snapshot_builder_new();
	if (p->builder == NULL)
		return error_set(p->e, ERR_MEMORY, "%s: out of memory", p->conf->zone.snapshot);
	err = add_zones(p);
	return err == OK ? snapshot_builder_notice(p->builder, notice, p->e) : err;
}

void
publication_end(struct publication *p)
{
	snapshot_builder_free(p->builder);
	p->builder = NULL;
}

/* --- what is published of a prefix --------------------------------------------- */

static void
last_address(const struct prefix *p, struct addr *out)
{
	unsigned bits = p->addr.family == 4 ? 32 : 128;

	*out = p->addr;
	for (unsigned bit = p->len; bit < bits; bit++)
		out->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* Hosts are listed by prefixes of one length, of which no two overlap, so that one can change
 * without regard to others. */
static bool
is_of_one_host(const struct publication *p, const struct prefix *prefix)
{
	return prefix->len == (prefix->addr.family == 4 ? 32 : p->conf->listing.ipv6_prefix);
}

static bool
is_guarded(struct publication *p)
{
	char why[GUARD_WHY];
	enum guard_answer answer = p->guard == NULL ? GUARD_MAY_LIST :
						      guard_check(p->guard, &p->prefix, why);

	if (answer == GUARD_MAY_LIST)
		return false;
	if (p->guarded_count < PUBLICATION_GUARDED_MAX) {
		struct publication_guarded *g = &p->guarded[p->guarded_count];

		g->prefix = p->prefix;
		g->answer = answer;
		snprintf(g->why, sizeof(g->why), "%s", why);
	}
	p->guarded_count++;
	return true;
}

static void
count_new(struct blast_new *new, const struct prefix *prefix)
{
	if (new->count++ == 0)
		new->first = *prefix;
}

/* How what is published of the prefix differs from what is in service. As what mail is refused for
 * it is news of a popular network, even when it was in service as something else. */
static void
count_change(struct publication *p, uint32_t before)
{
	static const uint32_t refused = 1U << CATEGORY_RELAY | 1U << CATEGORY_RELAY_INPUT;
	uint64_t size = blast_size(&p->prefix);
	uint32_t gained = p->categories & ~before;

	if (before == 0 && p->categories != 0) {
		p->change.added = blast_sum(p->change.added, size);
		if (blast_is_wide(&p->prefix) && !p->was_ordered)
			count_new(&p->change.wide, &p->prefix);
	}
	if (gained != 0 && (before == 0 || (gained & refused) != 0) &&
		prefix_set_find(p->popular, &p->prefix) != NULL)
		count_new(&p->change.popular, &p->prefix);
	if (before != 0 && p->categories != 0) {
		p->kept = blast_sum(p->kept, size);
		if (gained != 0)
			p->change.recoded = blast_sum(p->change.recoded, size);
		else if (before != p->categories)
			p->change.narrowed = blast_sum(p->change.narrowed, size);
	}
}

/* Put the prefix into each zone that serves one of its categories. */
static enum err
add_to_zones(struct publication *p)
{
	struct addr last;
	uint32_t id;
	enum err err = OK;

	last_address(&p->prefix, &last);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++) {
		uint32_t served = p->categories & subzone_row(i)->categories;

		if (served == 0)
			continue;
		err = publication_class(p, served, &id);
		if (err == OK)
			err = snapshot_builder_add(p->builder, p->sets[i], &p->prefix.addr, &last,
				p->prefix.len, id, p->e);
	}
	return err;
}

/* What was gathered of one prefix, and is not kept off the list. */
static enum err
finish_prefix(struct publication *p)
{
	uint32_t before;
	enum err err = OK;

	if (p->categories == 0)
		return OK;
	before = in_service_find(p->in_service, &p->prefix.addr, p->now_s).categories;
	if (is_guarded(p))
		p->categories = 0;
	if (p->only_removals)
		p->categories &= before;
	count_change(p, before);
	if (p->categories != 0)
		err = add_to_zones(p);
	p->categories = 0;
	return err;
}

/* --- listings --------------------------------------------------------------------- */

static void
start_prefix(struct publication *p, const struct prefix *prefix)
{
	p->prefix = *prefix;
	p->categories = 0;
	p->was_ordered = false;
	p->asn = 0;
	p->org[0] = p->country[0] = '\0';
}

static void
take_network(struct publication *p, const struct store_listing *l)
{
	if (p->asn == 0 && l->asn != 0) {
		p->asn = l->asn;
		text_printable(text_of(l->as_org), p->org, sizeof(p->org));
	}
	if (p->country[0] == '\0')
		text_printable(text_of(l->country), p->country, sizeof(p->country));
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct publication *p = context;
	enum err err = OK;

	if (l->expires_s <= p->now_s || l->effective_s > p->now_s || retire_is_empty(p->retirement))
		return OK;
	p->overlaps = p->overlaps || !is_of_one_host(p, &l->prefix);
	if (p->categories == 0 || l->prefix.len != p->prefix.len ||
		!addr_equal(&l->prefix.addr, &p->prefix.addr)) {
		err = finish_prefix(p);
		start_prefix(p, &l->prefix);
	}
	p->expires_s[l->category] = l->expires_s;
	p->categories |= 1U << l->category;
	p->was_ordered = p->was_ordered || (l->author != NULL && l->author[0] != '\0');
	take_network(p, l);
	return err;
}

enum err
publication_gather(struct publication *p)
{
	enum err err = store_listings(p->store, NULL, on_listing, p, p->e);
	uint64_t before;

	if (err == OK)
		err = finish_prefix(p);
	before = in_service_size(p->in_service, p->now_s);
	p->change.before = before;
	p->change.removed = before > p->kept ? before - p->kept : 0;
	return err;
}

/* Nothing is left of what the base says of the prefix, then what is listed now. */
enum err
publication_gather_prefix(struct publication *p, const struct prefix *prefix)
{
	static const struct snapshot_class removed = {.action = SNAPSHOT_REMOVED};
	struct in_service_entry before;
	struct addr last;
	uint64_t kept;
	uint32_t id;
	enum err err = snapshot_builder_class(p->builder, &removed, &id, p->e);

	p->overlaps = p->overlaps || !is_of_one_host(p, prefix);
	last_address(prefix, &last);
	for (size_t i = 0; err == OK && i < SUBZONE_COUNT; i++)
		err = snapshot_builder_add(p->builder, p->sets[i], &prefix->addr, &last, 0, id,
			p->e);
	before = in_service_find(p->in_service, &prefix->addr, p->now_s);
	kept = p->kept;
	if (err == OK)
		err = store_listings(p->store, prefix, on_listing, p, p->e);
	if (err == OK)
		err = finish_prefix(p);
	if (before.is_there && before.categories == 0)
		p->expired = blast_sum(p->expired, blast_size(prefix));
	if (before.categories != 0 && p->kept == kept)
		p->change.removed = blast_sum(p->change.removed, blast_size(prefix));
	return err;
}
