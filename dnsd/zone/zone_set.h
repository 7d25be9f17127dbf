/* zone_set.h - what a set of zones is made of; zone_set.c builds it, zone.c looks up in it. */
#ifndef DNSD_ZONE_SET_H
#define DNSD_ZONE_SET_H

#include <string.h>

#include "zone.h"

/* A zone's source was given for this origin. */
struct zone_member {
	struct zone *zone, *root; /* root: the zone at the origin */
};

/* Of the hash of origins. */
struct zone_slot {
	uint64_t head;           /* the first bytes */
	const struct zone *zone; /* NULL: free */
};

struct zone_set {
	size_t count, room, member_count, member_room;
	struct zone **zones;
	struct zone_member *members;
	struct zone_acls acls;
	bool is_acl_missing;
	struct key_table *keys;            /* held */
	bool awaits_keys;                  /* there is none yet */
	const struct conf_list *keys_only; /* until it is finished */
	uint8_t labels_max;
	uint32_t slot_mask;
	struct zone_slot *slots; /* the last one is free: a search ends without going round */
	bool has_length[WIRE_NAME_MAX + 1]; /* is there an origin of this length? */
};

/* The first bytes of an origin, which is where origins differ; without the bit that tells small
 * letters from others. */
static inline uint64_t
zone_set_head(const uint8_t *wire, size_t len)
{
	uint64_t head = 0;

	if (len >= sizeof(head))
		memcpy(&head, wire, sizeof(head));
	else
		memcpy(&head, wire, len);
	return head | 0x2020202020202020;
}

/* Origins are the operator's, so no one can choose them to collide. */
static inline uint32_t
zone_set_hash(uint64_t head)
{
	return (uint32_t)(head * 0x9e3779b97f4a7c15u >> 32);
}

/* Are these eight bytes, in any case, those of the origin? Only a letter has its bit folded: '@' is
 * not '`'. A length byte is no letter (RFC 1035 section 2.3.4). */
static inline bool
zone_set_is_same(const struct zone *z, const uint8_t *wire, size_t from)
{
	uint64_t ours, fold, theirs;

	memcpy(&ours, z->origin + from, sizeof(ours));
	memcpy(&fold, z->fold + from, sizeof(fold));
	memcpy(&theirs, wire + from, sizeof(theirs));
	return (theirs | fold) == ours;
}

bool zone_set_is_short_origin(const struct zone *z, const uint8_t *wire, size_t len);

/* The last eight bytes overlap those before. */
static inline bool
zone_set_is_origin(const struct zone *z, const uint8_t *wire, size_t len)
{
	const size_t step = sizeof(uint64_t);

	if (len < step)
		return zone_set_is_short_origin(z, wire, len);
	for (size_t at = 0; at + step < len; at += step)
		if (!zone_set_is_same(z, wire, at))
			return false;
	return zone_set_is_same(z, wire, len - step);
}

/* The zone with the origin that these bytes, at least eight, begin with, or NULL. An origin of less
 * than eight bytes may not be found. */
static inline const struct zone *
zone_set_find_here(const struct zone_set *s, const uint8_t *wire, size_t len)
{
	uint64_t head = zone_set_head(wire, sizeof(head));
	const struct zone_slot *slot = &s->slots[zone_set_hash(head) & s->slot_mask];
	const struct zone *z;

	/* The root's 0 is part of an origin, so that it ends here too. */
	for (; (z = slot->zone) != NULL; slot++)
		if (slot->head == head && z->origin_len <= len &&
			zone_set_is_origin(z, wire, z->origin_len))
			break;
	return z;
}

/* Does the zone lie below this name (lower case)? */
bool zone_set_is_below(const struct zone *inner, const uint8_t *name, size_t len);

#endif
