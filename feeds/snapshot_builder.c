#include <orbl/snapshot.h>

#include <ctype.h>
#include <stdlib.h>

#include "snapshot_builder.h"

struct snapshot_builder *
snapshot_builder_new(void)
{
	return calloc(1, sizeof(struct snapshot_builder));
}

void
snapshot_builder_free(struct snapshot_builder *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->set_count; i++) {
		span_list_reset(&b->sets[i].v4);
		span_list_reset(&b->sets[i].v6);
	}
	snapshot_pool_reset(&b->pool);
	free(b);
}

enum err
snapshot_builder_class(struct snapshot_builder *b, const struct snapshot_class *c, uint16_t *id,
	struct error *e)
{
	return snapshot_pool_class(&b->pool, c, id, e);
}

enum err
snapshot_builder_set(struct snapshot_builder *b, size_t *set, struct error *e)
{
	if (b->set_count == SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d sets", SNAPSHOT_ZONES_MAX);
	*set = b->set_count++;
	b->sets[*set] = (struct set_draft){.v4.family = 4, .v6.family = 6};
	return OK;
}

/* --- zones --- */

static enum err
add_name(struct snapshot_builder *b, struct text name, uint32_t *ref, struct error *e)
{
	char lower[NAME_MAX_BYTES];

	if (name.len > sizeof(lower))
		return error_set(e, ERR_RANGE, "snapshot: domain name longer than %d bytes",
			NAME_MAX_BYTES);
	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.p[i]);
	return snapshot_pool_ref(&b->pool, (struct text){lower, name.len}, ref, e);
}

static bool
has_zone(const struct snapshot_builder *b, uint32_t name_ref)
{
	const struct snapshot_pool_ref *refs = b->pool.refs;

	for (size_t i = 0; i < b->zone_count; i++) {
		uint32_t other = b->zones[i].fields[ZONE_NAME / 4];

		/* Texts are interned: the same name is the same place. */
		if (refs[other].offset == refs[name_ref].offset &&
			refs[other].len == refs[name_ref].len)
			return true;
	}
	return false;
}

static enum err
add_apex_names(struct snapshot_builder *b, const struct snapshot_apex *apex, uint32_t *f,
	struct error *e)
{
	enum err err = add_name(b, apex->mname, &f[ZONE_MNAME / 4], e);
	uint32_t ref;

	if (err == OK)
		err = add_name(b, apex->rname, &f[ZONE_RNAME / 4], e);
	f[ZONE_NS_FIRST / 4] = (uint32_t)b->pool.ref_count;
	f[ZONE_NS_COUNT / 4] = (uint32_t)apex->ns_count;
	for (size_t i = 0; i < apex->ns_count && err == OK; i++)
		err = add_name(b, apex->ns[i], &ref, e);
	return err;
}

enum err
snapshot_builder_zone(struct snapshot_builder *b, struct text name, size_t set,
	const struct snapshot_apex *apex, struct error *e)
{
	uint32_t *f = b->zones[b->zone_count % SNAPSHOT_ZONES_MAX].fields;
	enum err err;

	if (b->zone_count == SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d zones", SNAPSHOT_ZONES_MAX);
	if (set >= b->set_count || apex->ns_count > SNAPSHOT_NS_MAX)
		return error_set(e, ERR_RANGE,
			"snapshot: zone \"%.*s\" has no such set, or more "
			"than %d name servers",
			TEXT_ARG(text_upto(name, NAME_MAX_BYTES)), SNAPSHOT_NS_MAX);
	f[ZONE_SET / 4] = (uint32_t)set;
	f[ZONE_SOA_TTL / 4] = apex->soa_ttl_s;
	f[ZONE_REFRESH / 4] = apex->refresh_s;
	f[ZONE_RETRY / 4] = apex->retry_s;
	f[ZONE_EXPIRE / 4] = apex->expire_s;
	f[ZONE_MINIMUM / 4] = apex->minimum_s;
	f[ZONE_NS_TTL / 4] = apex->ns_ttl_s;
	f[ZONE_TTL / 4] = apex->ttl_s;
	err = add_name(b, name, &f[ZONE_NAME / 4], e);
	if (err == OK && has_zone(b, f[ZONE_NAME / 4]))
		return error_set(e, ERR_REFUSED, "snapshot: zone \"%.*s\" is there already",
			TEXT_ARG(name));
	if (err == OK)
		err = add_apex_names(b, apex, f, e);
	if (err == OK)
		b->zone_count++;
	return err;
}

/* --- ranges --- */

static struct span_key
key_of(const struct addr *a)
{
	struct span_key k = {0, 0};

	if (a->family == 4)
		return (struct span_key){0, addr_ipv4(a)};
	for (size_t i = 0; i < 8; i++) {
		k.upper = k.upper << 8 | a->b[i];
		k.lower = k.lower << 8 | a->b[8 + i];
	}
	return k;
}

enum err
snapshot_builder_add(struct snapshot_builder *b, size_t set, const struct addr *low,
	const struct addr *high, uint8_t rank, uint16_t class_id, struct error *e)
{
	struct span span = {.class_id = class_id, .rank = rank};
	char low_text[ADDR_TEXT], high_text[ADDR_TEXT];
	struct span_list *list;

	if ((low->family != 4 && low->family != 6) || low->family != high->family ||
		addr_compare(low, high) > 0)
		return error_set(e, ERR_RANGE, "snapshot: %s-%s is not a range of addresses",
			addr_format(low, low_text), addr_format(high, high_text));
	if (set >= b->set_count || class_id > b->pool.class_count)
		return error_set(e, ERR_RANGE, "snapshot: no set %zu or no class %u", set,
			class_id);
	span.low = key_of(low);
	span.high = key_of(high);
	list = low->family == 4 ? &b->sets[set].v4 : &b->sets[set].v6;
	if (list->count == UINT32_MAX / 2) /* so that the disjoint ones can be counted in u32 */
		return error_set(e, ERR_FULL, "snapshot: more than %u ranges in a set",
			UINT32_MAX / 2);
	if (!span_list_add(list, span))
		return error_set(e, ERR_MEMORY, "snapshot: out of memory");
	return OK;
}

/* --- freezing --- */

static enum err
freeze_list(struct snapshot_builder *b, struct span_list *list, struct error *e)
{
	struct span_list out = {.family = list->family};
	enum err err = snapshot_sweep(list, &b->pool, &out, e);

	span_list_reset(list);
	*list = out;
	return err;
}

static enum err
freeze(struct snapshot_builder *b, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; i < b->set_count && err == OK; i++) {
		struct set_draft *set = &b->sets[i];

		err = freeze_list(b, &set->v4, e);
		if (err == OK)
			err = freeze_list(b, &set->v6, e);
		for (size_t k = 0; k < set->v4.count; k++)
			set->hosts += set->v4.items.v4[k].low == set->v4.items.v4[k].high;
	}
	return err;
}

enum err
snapshot_builder_write(struct snapshot_builder *b, int fd, uint32_t serial, int64_t created_s,
	struct error *e)
{
	enum err err = freeze(b, e);

	return err == OK ? snapshot_writer_write(b, fd, serial, created_s, e) : err;
}
