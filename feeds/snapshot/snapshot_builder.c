#include <orbl/snapshot_builder.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "snapshot_draft.h"

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
		sweep_set_reset(&b->sets[i].ranges);
		names_draft_free(b->sets[i].names);
		free(b->sets[i].blob);
	}
	snapshot_pool_reset(&b->pool);
	free(b);
}

enum err
snapshot_builder_class(struct snapshot_builder *b, const struct snapshot_class *c, uint32_t *id,
	struct error *e)
{
	return snapshot_pool_class(&b->pool, c, id, e);
}

enum err
snapshot_builder_class_reserve(struct snapshot_builder *b, uint32_t *id, struct error *e)
{
	return snapshot_pool_reserve(&b->pool, id, e);
}

enum err
snapshot_builder_class_define(struct snapshot_builder *b, uint32_t id,
	const struct snapshot_class *c, struct error *e)
{
	return snapshot_pool_define(&b->pool, id, c, e);
}

enum err
snapshot_builder_set(struct snapshot_builder *b, size_t *set, struct error *e)
{
	if (b->set_count == SNAPSHOT_SETS_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d sets", SNAPSHOT_SETS_MAX);
	*set = b->set_count++;
	b->sets[*set] = (struct set_draft){.ranges = {.v4.family = 4, .v6.family = 6}};
	return OK;
}

/* --- zones --- */

static enum err
add_name(struct snapshot_builder *b, struct text name, uint8_t *field, struct error *e)
{
	char lower[NAME_MAX_BYTES];
	uint32_t ref = 0;
	enum err err;

	if (name.len > sizeof(lower))
		return error_set(e, ERR_RANGE, "snapshot: domain name longer than %d bytes",
			NAME_MAX_BYTES);
	for (size_t i = 0; i < name.len; i++)
		lower[i] = (char)tolower((unsigned char)name.p[i]);
	err = snapshot_pool_ref(&b->pool, (struct text){lower, name.len}, &ref, e);
	format_put32(field, ref);
	return err;
}

static enum err
add_policy(struct snapshot_builder *b, struct text policy, uint8_t *field, struct error *e)
{
	uint32_t ref = 0;
	enum err err;

	if (policy.len > SNAPSHOT_TXT_MAX)
		return error_set(e, ERR_RANGE, "snapshot: policy longer than %d bytes",
			SNAPSHOT_TXT_MAX);
	err = snapshot_pool_ref(&b->pool, policy, &ref, e);
	format_put32(field, ref);
	return err;
}

static bool
has_zone(const struct snapshot_builder *b, const uint8_t *row)
{
	const struct snapshot_pool_ref *refs = b->pool.refs;
	uint32_t name = format_get32(row + ZONE_NAME);

	for (size_t i = 0; i < b->zone_count; i++) {
		uint32_t other = format_get32(b->zones[i] + ZONE_NAME);

		/* Texts are interned: the same name is the same place. */
		if (refs[other].offset == refs[name].offset && refs[other].len == refs[name].len)
			return true;
	}
	return false;
}

static enum err
add_apex(struct snapshot_builder *b, const struct snapshot_apex *apex, uint8_t *row,
	struct error *e)
{
	enum err err = add_name(b, apex->mname, row + ZONE_MNAME, e);
	uint8_t unused[4];

	if (err == OK)
		err = add_name(b, apex->rname, row + ZONE_RNAME, e);
	format_put32(row + ZONE_SOA_TTL, apex->soa_ttl_s);
	format_put32(row + ZONE_SERIAL, apex->serial);
	format_put32(row + ZONE_REFRESH, apex->refresh_s);
	format_put32(row + ZONE_RETRY, apex->retry_s);
	format_put32(row + ZONE_EXPIRE, apex->expire_s);
	format_put32(row + ZONE_MINIMUM, apex->minimum_s);
	format_put32(row + ZONE_NS_FIRST, (uint32_t)b->pool.ref_count);
	format_put32(row + ZONE_NS_COUNT, (uint32_t)apex->ns_count);
	format_put32(row + ZONE_NS_TTL, apex->ns_ttl_s);
	format_put32(row + ZONE_TTL, apex->ttl_s);
	for (size_t i = 0; i < apex->ns_count && err == OK; i++)
		err = add_name(b, apex->ns[i], unused, e);
	return err;
}

static bool
zone_is_in_bounds(const struct snapshot_builder *b, const struct snapshot_zone_draft *zone)
{
	if (zone->apex.ns_count > SNAPSHOT_NS_MAX || zone->set_count > SNAPSHOT_ZONE_SETS_MAX ||
		(zone->has_acl && zone->acl >= b->set_count))
		return false;
	for (size_t i = 0; i < zone->set_count; i++)
		if (zone->sets[i] >= b->set_count)
			return false;
	return true;
}

enum err
snapshot_builder_zone(struct snapshot_builder *b, const struct snapshot_zone_draft *zone,
	struct error *e)
{
	uint8_t *row = b->zones[b->zone_count % SNAPSHOT_ZONES_MAX];
	uint32_t flags = (zone->is_within ? ZONE_FLAG_WITHIN : 0) |
		(zone->apex.has_soa ? ZONE_FLAG_SOA : 0);
	enum err err;

	if (b->zone_count == SNAPSHOT_ZONES_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d zones", SNAPSHOT_ZONES_MAX);
	if (!zone_is_in_bounds(b, zone))
		return error_set(e, ERR_RANGE,
			"snapshot: zone \"%.*s\" has a set that is not there, more than %d sets, "
			"or more than %d name servers",
			TEXT_ARG(text_upto(zone->name, NAME_MAX_BYTES)), SNAPSHOT_ZONE_SETS_MAX,
			SNAPSHOT_NS_MAX);
	format_put64(row + ZONE_EXPIRES, (uint64_t)zone->expires_s);
	format_put32(row + ZONE_FLAGS, flags);
	format_put32(row + ZONE_ACL, zone->has_acl ? (uint32_t)zone->acl + 1 : 0);
	err = add_name(b, zone->name, row + ZONE_NAME, e);
	if (err == OK && has_zone(b, row))
		return error_set(e, ERR_REFUSED, "snapshot: zone \"%.*s\" is there already",
			TEXT_ARG(zone->name));
	if (err == OK)
		err = add_policy(b, zone->policy, row + ZONE_POLICY, e);
	if (err == OK)
		err = add_apex(b, &zone->apex, row, e);
	if (err != OK)
		return err;
	format_put32(row + ZONE_SET_FIRST, (uint32_t)b->layer_count);
	format_put32(row + ZONE_SET_COUNT, (uint32_t)zone->set_count);
	for (size_t i = 0; i < zone->set_count; i++)
		b->layers[b->layer_count++] = (uint32_t)zone->sets[i];
	b->zone_count++;
	return OK;
}

/* --- entries --- */

enum { ENTRIES_MAX = INT32_MAX }; /* of each kind in a set: the disjoint ones are counted in u32 */

static enum err
refuse_entry(const struct snapshot_builder *b, size_t set, uint32_t class_id, struct error *e)
{
	if (set >= b->set_count || class_id > b->pool.class_count)
		return error_set(e, ERR_RANGE, "snapshot: no set %zu or no class %" PRIu32, set,
			class_id);
	return error_set(e, ERR_REFUSED, "snapshot: set %zu would have names and addresses", set);
}

static bool
may_add_address(const struct snapshot_builder *b, size_t set, uint32_t class_id)
{
	return set < b->set_count && class_id <= b->pool.class_count && b->sets[set].names == NULL;
}

static enum err
no_room(size_t count, struct error *e)
{
	if (count >= ENTRIES_MAX)
		return error_set(e, ERR_FULL, "snapshot: more than %d ranges in a set",
			ENTRIES_MAX);
	return error_set(e, ERR_MEMORY, "snapshot: out of memory");
}

enum err
snapshot_builder_add4(struct snapshot_builder *b, size_t set, uint32_t address, uint32_t class_id,
	struct error *e)
{
	struct span_hosts *hosts;

	if (!may_add_address(b, set, class_id))
		return refuse_entry(b, set, class_id, e);
	hosts = &b->sets[set].ranges.hosts;
	if (hosts->count >= ENTRIES_MAX ||
		!span_hosts_add(hosts, (uint64_t)address << 32 | class_id))
		return no_room(hosts->count, e);
	return OK;
}

enum err
snapshot_builder_add(struct snapshot_builder *b, size_t set, const struct addr *low,
	const struct addr *high, uint8_t rank, uint32_t class_id, struct error *e)
{
	struct span span = {.class_id = class_id, .rank = rank};
	char low_text[ADDR_TEXT], high_text[ADDR_TEXT];
	struct span_list *list;

	if ((low->family != 4 && low->family != 6) || low->family != high->family ||
		addr_compare(low, high) > 0)
		return error_set(e, ERR_RANGE, "snapshot: %s-%s is not a range of addresses",
			addr_format(low, low_text), addr_format(high, high_text));
	if (!may_add_address(b, set, class_id))
		return refuse_entry(b, set, class_id, e);
	if (rank == SPAN_HOST_RANK && low->family == 4 && addr_equal(low, high))
		return snapshot_builder_add4(b, set, addr_ipv4(low), class_id, e);
	span.low = snapshot_key_of(low);
	span.high = snapshot_key_of(high);
	list = low->family == 4 ? &b->sets[set].ranges.v4 : &b->sets[set].ranges.v6;
	if (list->count >= ENTRIES_MAX || !span_list_add(list, &span))
		return no_room(list->count, e);
	return OK;
}

enum err
snapshot_builder_add_name(struct snapshot_builder *b, size_t set, const uint8_t *wire, bool below,
	uint32_t class_id, struct error *e)
{
	const struct sweep_set *ranges;

	if (set >= b->set_count || class_id > b->pool.class_count)
		return refuse_entry(b, set, class_id, e);
	ranges = &b->sets[set].ranges;
	if (ranges->hosts.count + ranges->v4.count + ranges->v6.count != 0)
		return refuse_entry(b, set, class_id, e);
	if (b->sets[set].names == NULL)
		b->sets[set].names = names_draft_new();
	if (b->sets[set].names == NULL)
		return error_set(e, ERR_MEMORY, "snapshot: out of memory");
	return names_draft_add(b->sets[set].names, wire, below, class_id, e);
}

/* --- freezing --- */

enum err
snapshot_builder_notice(struct snapshot_builder *b, struct text notice, struct error *e)
{
	uint32_t ref = 0;
	enum err err;

	if (notice.len > SNAPSHOT_NOTICE_MAX)
		return error_set(e, ERR_RANGE, "snapshot: notice longer than %d bytes",
			SNAPSHOT_NOTICE_MAX);
	b->notice = 0;
	if (notice.len == 0)
		return OK;
	err = snapshot_pool_ref(&b->pool, notice, &ref, e);
	if (err == OK)
		b->notice = ref + 1;
	return err;
}

void
snapshot_builder_delta_of(struct snapshot_builder *b, const struct snapshot *base)
{
	b->base = (struct draft_base){.checksum = snapshot_checksum(base),
		.serial = snapshot_serial(base),
		.set_count = snapshot_set_count(base),
		.zone_count = snapshot_zone_count(base)};
}

static enum err
check_whole(const struct snapshot_builder *b, struct error *e)
{
	if (b->pool.reserved_count != 0)
		return error_set(e, ERR_REFUSED, "snapshot: %zu reserved classes are not defined",
			b->pool.reserved_count);
	if (b->base.checksum != 0 &&
		(b->set_count != b->base.set_count || b->zone_count != b->base.zone_count))
		return error_set(e, ERR_REFUSED,
			"snapshot: a delta has the sets and zones of its base");
	for (size_t i = 0; i < b->pool.class_count && b->base.checksum == 0; i++)
		if (b->pool.classes[i].action == SNAPSHOT_REMOVED)
			return error_set(e, ERR_REFUSED, "snapshot: only a delta removes entries");
	return OK;
}

/* The fewest bytes that hold the highest id, or none when all are the same. */
static struct draft_part
part_of(size_t count, uint32_t lowest, uint32_t highest)
{
	if (count == 0 || lowest == highest)
		return (struct draft_part){count, 0, count != 0 ? lowest : 0};
	return (struct draft_part){count,
		highest <= UINT8_MAX          ? 1 :
			highest <= UINT16_MAX ? 2 :
						4,
		0};
}

static struct draft_part
measure_hosts(const struct span_hosts *hosts)
{
	uint32_t lowest = UINT32_MAX, highest = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		uint32_t id = span_host_class(hosts->items[i]);

		lowest = id < lowest ? id : lowest;
		highest = id > highest ? id : highest;
	}
	return part_of(hosts->count, lowest, highest);
}

static struct draft_part
measure_list(const struct span_list *list)
{
	uint32_t lowest = UINT32_MAX, highest = 0;

	for (size_t i = 0; i < list->count; i++) {
		uint32_t id = span_list_get(list, i).class_id;

		lowest = id < lowest ? id : lowest;
		highest = id > highest ? id : highest;
	}
	return part_of(list->count, lowest, highest);
}

static enum err
freeze_set(struct snapshot_builder *b, struct set_draft *set, struct error *e)
{
	enum err err;

	if (set->names != NULL)
		return names_draft_freeze(set->names, &b->pool, &set->blob, &set->blob_len, e);
	err = sweep_set_freeze(&set->ranges, &b->pool, e);
	set->hosts = measure_hosts(&set->ranges.hosts);
	set->v4 = measure_list(&set->ranges.v4);
	set->v6 = measure_list(&set->ranges.v6);
	if (err == OK && set->hosts.count > UINT32_MAX)
		err = no_room(set->hosts.count, e);
	return err;
}

enum err
snapshot_builder_write(struct snapshot_builder *b, int fd, uint32_t serial, int64_t created_s,
	struct error *e)
{
	enum err err = check_whole(b, e);

	for (size_t i = 0; i < b->set_count && err == OK; i++)
		err = freeze_set(b, &b->sets[i], e);
	return err == OK ? snapshot_writer_write(b, fd, serial, created_s, e) : err;
}
