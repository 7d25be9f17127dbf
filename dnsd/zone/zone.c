#include "zone.h"

#include <string.h>

#include "zone_set.h"

bool
zone_set_is_short_origin(const struct zone *z, const uint8_t *wire, size_t len)
{
	uint8_t padded[sizeof(uint64_t)] = {0};

	memcpy(padded, wire, len);
	return zone_set_is_same(z, padded, 0);
}

static const struct zone *
find_origin(const struct zone_set *s, const uint8_t *wire, size_t len)
{
	uint64_t head = zone_set_head(wire, len);
	uint32_t slot = zone_set_hash(head) & s->slot_mask;

	for (; s->slots[slot].zone != NULL; slot++) {
		const struct zone *z = s->slots[slot].zone;

		if (s->slots[slot].head == head && z->origin_len == len &&
			zone_set_is_origin(z, wire, len))
			return z;
	}
	return NULL;
}

bool
zone_set_is_below(const struct zone *inner, const uint8_t *name, size_t len)
{
	size_t at = 0;

	while (inner->origin_len - at > len)
		at += inner->origin[at] + 1u;
	return at != 0 && inner->origin_len - at == len &&
		memcmp(inner->origin + at, name, len) == 0;
}

const struct zone *
zone_set_find(const struct zone_set *s, const struct query_name *name, size_t *below)
{
	size_t first = name->labels > s->labels_max ? (size_t)(name->labels - s->labels_max) : 0;

	for (size_t i = first; i <= name->labels; i++) {
		size_t at = i < name->labels ? name->label_at[i] : name->len - 1u;
		const struct zone *z;

		if (!s->has_length[name->len - at])
			continue;
		z = find_origin(s, name->wire + at, name->len - at);
		if (z != NULL) {
			*below = i;
			return z;
		}
	}
	return NULL;
}

bool
zone_set_has_below(const struct zone_set *s, const struct query_name *name)
{
	uint8_t lower[WIRE_NAME_MAX];

	memcpy(lower, name->wire, name->len);
	wire_name_lower(lower, name->len);
	for (size_t i = 0; i < s->count; i++)
		if (zone_set_is_below(s->zones[i], lower, name->len))
			return true;
	return false;
}

const struct zone_acls *
zone_set_acls(const struct zone_set *s)
{
	return &s->acls;
}

struct key_table *
zone_set_keys(const struct zone_set *s)
{
	return s->keys;
}

bool
zone_set_awaits_keys(const struct zone_set *s)
{
	return s->awaits_keys;
}

bool
zone_negative_is_long(const struct zone *z, uint16_t amplification)
{
	/* "1.1.1.1", the origin, type and class */
	size_t query = QUERY_HEADER_SIZE + 8u + z->origin_len + 4u;

	return amplification != 0 && query + z->apex->soa.len > query * amplification;
}

size_t
zone_set_count(const struct zone_set *s)
{
	return s->count;
}

const struct zone *
zone_set_get(const struct zone_set *s, size_t i)
{
	return s->zones[i];
}
