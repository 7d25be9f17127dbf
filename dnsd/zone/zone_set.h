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

/* The last eight bytes overlap those before. */
static inline bool
zone_set_is_origin(const struct zone *z, const uint8_t *wire, size_t len)
{
	uint8_t padded[sizeof(uint64_t)] = {0};

	if (len < sizeof(padded)) {
		memcpy(padded, wire, len);
		return zone_set_is_same(z, padded, 0);
	}
	for (size_t at = 0; at + sizeof(padded) < len; at += sizeof(padded))
		if (!zone_set_is_same(z, wire, at))
			return false;
	return zone_set_is_same(z, wire, len - sizeof(padded));
}

/* The zone with the origin that these bytes, at least eight, begin with, or NULL. An origin of less
 * than eight bytes may not be found. */
static inline const struct zone *
zone_set_find_here(const struct zone_set *s, const uint8_t *wire, size_t len)
{
	const struct zone_slot *slot;
	uint64_t head = zone_set_head(wire, sizeof(head));

	slot = &s->slots[zone_set_hash(head) & s->slot_mask];
	/* The root's 0 is part of an origin, so that it ends here too. */
	while (slot->zone != NULL) {
		if (slot->head == head && slot->zone->origin_len <= len &&
			zone_set_is_origin(slot->zone, wire, slot->zone->origin_len))
			break;
		slot++;
	}
	return slot->zone;
}

/* Does the zone lie below this name (lower case)? */
bool zone_set_is_below(const struct zone *inner, const uint8_t *name, size_t len);

#endif
