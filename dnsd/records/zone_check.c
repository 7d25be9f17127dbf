/* Can a zone be said in records? */
#include <string.h>

#include <stdlib.h>

#include "zone_owner.h"
#include "zone_walk.h"

struct check {
	struct zone_version version;
	struct zone_owner *owner;
	const struct zone *zone; /* the one looked at */
	uint64_t names, expand;
	struct error *e;
};

/* --- networks ----------------------------------------------------------- */

/* How many names the addresses of a range become, beside wildcards. */
static uint64_t
count_names(const struct check *c, const struct snapshot_range *r)
{
	uint64_t low = addr_ipv4(&r->low), high = addr_ipv4(&r->high), names = 0;

	if (zone_block_has_mark(&r->view))
		return high - low + 1;
	while (low <= high && c->names + names <= c->expand) {
		uint64_t end = low | 0xff;

		if (end > high)
			end = high;
		if (!zone_block_is_wild4(&c->version, c->zone, (uint32_t)low))
			names += end - low + 1;
		low = end + 1;
	}
	return names;
}

static enum err
check_set(struct check *c, const struct snapshot_set *set)
{
	struct snapshot_walk walk = {.host = SIZE_MAX};
	char low[ADDR_TEXT], high[ADDR_TEXT], name[WIRE_NAME_TEXT];
	struct snapshot_range r;

	while (set != NULL && snapshot_next_range(set, &walk, &r) && r.low.family == 4) {
		if (r.view.action == SNAPSHOT_REMOVED ||
			!zone_block_lasts(&r.view, c->version.created_s))
			continue;
		c->names += count_names(c, &r);
		if (c->names > c->expand)
			return error_set(c->e, ERR_REFUSED,
				"zone %s: with %s to %s its networks are more than %llu names, as "
				"no wildcard says the same; raise transfer.expand, or leave the "
				"address out of its text",
				wire_name_format(c->zone->origin, name), addr_format(&r.low, low),
				addr_format(&r.high, high), (unsigned long long)c->expand);
	}
	return OK;
}

static enum err
check_networks(struct check *c)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < c->zone->layer_count; i++) {
		const struct zone_layer *l = &c->zone->layers[i];

		if (l->has_names)
			continue;
		err = check_set(c, l->layer.set);
		if (err == OK)
			err = check_set(c, l->layer.delta);
	}
	return err;
}

/* --- names -------------------------------------------------------------- */

static enum err
refuse(const struct check *c, const struct snapshot_walked *w, const char *why)
{
	char name[WIRE_NAME_TEXT], zone[WIRE_NAME_TEXT];

	return error_set(c->e, ERR_REFUSED, "zone %s: no record says what its data say of %s: %s",
		wire_name_format(c->zone->origin, zone), wire_name_format(w->wire, name), why);
}

/* Has the name, from its i-th label on, records; or what is below it? */
static bool
find(struct check *c, const struct snapshot_walked *w, size_t i, bool below)
{
	uint8_t owner[2 + 2 * WIRE_NAME_MAX];
	size_t at = 0, from = i < w->labels ? w->label_at[i] : w->len - 1;

	if (below) {
		owner[at++] = 1;
		owner[at++] = '*';
	}
	memcpy(owner + at, w->wire + from, w->len - 1 - from);
	at += w->len - 1 - from;
	memcpy(owner + at, c->zone->origin, c->zone->origin_len);
	at += c->zone->origin_len;
	if (at > WIRE_NAME_MAX)
		return false;
	zone_owner_find(c->owner, owner, at);
	return c->owner->type_count != 0;
}

/* Is nothing at the name, but something below? */
static bool
is_above(const struct check *c, const struct snapshot_walked *w)
{
	struct snapshot_name n = {w->wire, w->label_at, w->labels};
	struct snapshot_view v;
	size_t matched;

	for (size_t i = 0; i < c->zone->layer_count; i++)
		if (snapshot_layer_find_name(&c->zone->layers[i].layer, &n, &v, &matched) ==
			SNAPSHOT_NAME_EMPTY)
			return true;
	return false;
}

/* A wildcard at the name, read as a part of an address. */
static bool
is_part_of_address(const struct check *c)
{
	const struct dnsbl_name *n = &c->owner->answer.address;

	return n->ipv4_bits < 32 || n->ipv6_bits < 128;
}

/* Is the name, a part of an address, below the wildcard of a network? It would hide that. */
static bool
is_in_network(const struct check *c)
{
	const struct dnsbl_name *n = &c->owner->answer.address;
	struct zone_cell cell;

	if (n->ipv6_bits <= ZONE_BLOCK_IPV6_MIN || n->ipv6_bits > ZONE_BLOCK_IPV6_MAX)
		return false;
	zone_block_cell(&c->version, c->zone, &n->ipv6, &cell);
	return cell.is_listed &&
		zone_block_is_whole6(&c->version, c->zone, &n->ipv6, n->ipv6_bits - 4u);
}

/* Most names need no look at what they are answered with. */
static bool
is_plain(const struct check *c, const struct snapshot_walked *w)
{
	const uint8_t *last;

	if (w->labels == 0 || w->is_excluded || (w->wire[0] == 1 && w->wire[1] == '*'))
		return false;
	last = w->wire + w->label_at[w->labels - 1];
	return !c->zone->has_addresses || (last[0] > 1 && (last[1] < '0' || last[1] > '9'));
}

static enum err
check_name(struct check *c, const struct snapshot_walked *w)
{
	bool has_below;

	if (is_plain(c, w))
		return OK;
	has_below = find(c, w, 0, true);
	if (w->labels == 0)
		return !has_below ? OK : refuse(c, w, "everything is listed");
	if (w->wire[0] == 1 && w->wire[1] == '*')
		return refuse(c, w, "in a transfer it would be a wildcard");
	if (c->zone->has_addresses && has_below && is_part_of_address(c))
		return refuse(c, w, "it is a part of addresses, and all below is listed");
	if (c->zone->has_addresses && is_in_network(c))
		return refuse(c, w, "it lies in an IPv6 network that is listed");
	if (!w->is_excluded || has_below || find(c, w, 0, false) || is_above(c, w))
		return OK;
	if (find(c, w, 1, true))
		return refuse(c, w, "it is excluded from what is listed around it");
	return OK;
}

static enum err
check_names(struct check *c)
{
	struct snapshot_walked w;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < c->zone->layer_count; i++) {
		size_t at = 0;

		while (err == OK && snapshot_next_name(c->zone->layers[i].layer.set, &at, &w))
			err = check_name(c, &w);
	}
	return err;
}

/* --- zones below -------------------------------------------------------- */

/* Names between the zone and one below exist for that one alone: is one of them listed? */
static enum err
check_gap(struct check *c, const struct zone *below)
{
	struct snapshot_walked w = {.len = 0};
	size_t len = (size_t)(below->origin_len - c->zone->origin_len);

	memcpy(w.wire, below->origin, len);
	w.wire[len] = 0;
	w.len = len + 1;
	for (size_t at = 0; at < len; at += w.wire[at] + 1u)
		w.label_at[w.labels++] = (uint8_t)at;
	for (size_t i = 1; i < w.labels; i++) {
		struct snapshot_name n = {w.wire, w.label_at + i, w.labels - i};
		struct snapshot_view v;
		size_t matched;

		for (size_t k = 0; k < c->zone->layer_count; k++)
			if (snapshot_layer_find_name(&c->zone->layers[k].layer, &n, &v, &matched) ==
					SNAPSHOT_NAME_LISTED &&
				!snapshot_layer_has_name(&c->zone->layers[k].layer, &n))
				return refuse(c, &w, "a zone lies where all names are listed");
	}
	return OK;
}

static enum err
check_zone(struct check *c, const struct zone *z)
{
	enum err err;

	c->zone = z;
	err = check_networks(c);
	if (err == OK && z->has_names)
		err = check_names(c);
	for (size_t i = 0; err == OK && z->has_names && i < zone_set_count(c->version.zones); i++) {
		const struct zone *below = zone_set_get(c->version.zones, i);

		if (below->parent == z)
			err = check_gap(c, below);
	}
	return err;
}

static enum err
check_zones(struct check *c)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < zone_set_count(c->version.zones); i++) {
		const struct zone *z = zone_set_get(c->version.zones, i);

		if (!zone_version_has(&c->version, z))
			continue;
		if (!z->is_ready)
			return error_set(c->e, ERR_NOT_FOUND, "the zone's data are not loaded");
		err = check_zone(c, z);
	}
	return err;
}

enum err
zone_records_check(const struct zone_set *zones, const struct zone *zone, uint64_t expand,
	struct error *e)
{
	struct check c = {.expand = expand, .e = e};
	enum err err;

	if (zone == NULL || zone->apex != zone)
		return error_set(e, ERR_NOT_FOUND, "no zone with an SOA of its own");
	c.owner = malloc(sizeof(*c.owner));
	if (c.owner == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a transfer");
	zone_version_init(&c.version, zones, zone);
	zone_owner_init(c.owner, &c.version);
	err = check_zones(&c);
	free(c.owner);
	return err;
}
