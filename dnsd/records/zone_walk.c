#include "zone_walk.h"

#include <string.h>

#include "zone_touch.h"

enum { IPV4_BITS = 32, IPV6_BITS = 128, LAST_OCTET = 24 };

const struct zone *
zone_version_find(const struct zone_version *of, const uint8_t *origin, size_t len)
{
	for (size_t i = 0; i < zone_set_count(of->zones); i++) {
		const struct zone *z = zone_set_get(of->zones, i);

		if (zone_version_has(of, z) && z->origin_len == len &&
			memcmp(z->origin, origin, len) == 0)
			return z;
	}
	return NULL;
}

/* --- owners ------------------------------------------------------------- */

/* A name below the zone's origin; false: it is too long. */
static bool
put_owner(struct zone_walk *w, const uint8_t *labels, size_t len)
{
	const struct zone *z = w->zone;

	if (len + z->origin_len > WIRE_NAME_MAX)
		return false;
	memcpy(w->owner, labels, len);
	memcpy(w->owner + len, z->origin, z->origin_len);
	w->owner_len = len + z->origin_len;
	return true;
}

static size_t
put_octet(uint8_t *at, unsigned octet)
{
	size_t len = octet >= 100 ? 3 : octet >= 10 ? 2 : 1;

	at[0] = (uint8_t)len;
	for (size_t i = len; i != 0; i--, octet /= 10)
		at[i] = (uint8_t)('0' + octet % 10);
	return len + 1;
}

static size_t
put_star(uint8_t *at)
{
	at[0] = 1;
	at[1] = '*';
	return 2;
}

/* An address, or the wildcard of its first bits. */
static bool
put_address(struct zone_walk *w, const struct addr *a, unsigned bits)
{
	uint8_t labels[2 * (IPV6_BITS / 4 + 1)];
	size_t len = bits == (a->family == 4 ? IPV4_BITS : IPV6_BITS) ? 0 : put_star(labels);

	if (a->family == 4)
		for (size_t i = bits / 8; i-- != 0;)
			len += put_octet(labels + len, a->b[i]);
	else
		for (size_t i = bits / 4; i-- != 0;) {
			labels[len++] = 1;
			labels[len++] =
				(uint8_t) "0123456789abcdef"[a->b[i / 2] >> (i % 2 == 0 ? 4 : 0) &
					0xf];
		}
	return put_owner(w, labels, len);
}

static bool
put_label(struct zone_walk *w, const char *label)
{
	uint8_t wire[WIRE_NAME_LABEL_MAX + 1];
	size_t len = strlen(label);

	wire[0] = (uint8_t)len;
	memcpy(wire + 1, label, len);
	return put_owner(w, wire, len + 1);
}

/* --- phases ------------------------------------------------------------- */

static void
begin_phase(struct zone_walk *w, enum zone_walk_phase phase)
{
	w->phase = phase;
	w->index = w->node = 0;
	w->is_wildcard_due = w->is_last = w->has_cell = false;
	w->next = (struct addr){.family = phase == ZONE_WALK_IPV6 ? 6 : 4};
	w->part = (struct zone_walk_part){.at = w->next, .last = zone_block_last(&w->next, 0)};
	w->part.is_over = w->other != NULL; /* until a delta touches something */
}

/* The zone itself comes first, then those within it. */
static bool
next_zone(struct zone_walk *w)
{
	const struct zone_set *zones = w->version->zones;

	if (w->zone == NULL) {
		w->zone = w->version->zone;
	} else {
		while (w->member < zone_set_count(zones) &&
			(zone_set_get(zones, w->member) == w->version->zone ||
				!zone_version_has(w->version, zone_set_get(zones, w->member))))
			w->member++;
		if (w->member == zone_set_count(zones))
			return false;
		w->zone = zone_set_get(zones, w->member++);
	}
	w->other_zone = w->other == NULL ?
		NULL :
		zone_version_find(w->other, w->zone->origin, w->zone->origin_len);
	begin_phase(w, ZONE_WALK_ORIGIN);
	return true;
}

void
zone_walk_init(struct zone_walk *w, const struct zone_version *version,
	const struct zone_version *other)
{
	*w = (struct zone_walk){.version = version, .other = other};
	next_zone(w);
}

static enum zone_walk_got
end_phase(struct zone_walk *w)
{
	if (w->phase + 1 < ZONE_WALK_PHASES)
		begin_phase(w, w->phase + 1);
	else if (!next_zone(w))
		return ZONE_WALK_END;
	return ZONE_WALK_NOTHING;
}

static enum zone_walk_got
give(bool has_name)
{
	return has_name ? ZONE_WALK_NAME : ZONE_WALK_NOTHING;
}

static enum zone_walk_got
step_origin(struct zone_walk *w)
{
	w->expected = ZONE_OWNER_ORIGIN;
	if (w->index++ != 0)
		return end_phase(w);
	return give(put_owner(w, w->zone->origin, 0));
}

/* Zones with an SOA of their own, once for all that are within this one. */
static enum zone_walk_got
step_zones(struct zone_walk *w)
{
	const struct zone_set *zones = w->version->zones;
	const struct zone *z;

	w->expected = ZONE_OWNER_DELEGATION;
	if (w->zone != w->version->zone || w->index == zone_set_count(zones))
		return end_phase(w);
	z = zone_set_get(zones, w->index++);
	if (z->apex != z || z->parent == NULL || !zone_version_has(w->version, z->parent))
		return ZONE_WALK_NOTHING;
	memcpy(w->owner, z->origin, z->origin_len);
	w->owner_len = z->origin_len;
	return ZONE_WALK_NAME;
}

/* ::ffff:a.b.c.d */
static struct addr
map_ipv4(uint32_t ipv4)
{
	struct addr a = addr_from_ipv4(ipv4);

	a.family = 6;
	memcpy(a.b + 12, a.b, 4);
	memset(a.b, 0, 10);
	memset(a.b + 10, 0xff, 2);
	return a;
}

static enum zone_walk_got
step_built_in(struct zone_walk *w)
{
	static const char *const labels[] = {"test", "_status", "_codes"};
	const struct zone *z = w->zone;
	size_t i = w->index++;
	struct addr a;

	w->expected = ZONE_OWNER_BUILT_IN;
	if (i < z->test_count) {
		a = addr_from_ipv4(z->tests[i].address);
		return give(put_address(w, &a, IPV4_BITS));
	}
	i -= z->test_count;
	if (i < z->test_count) {
		a = map_ipv4(z->tests[i].address);
		return give(put_address(w, &a, IPV6_BITS));
	}
	i -= z->test_count;
	return i < ORBL_COUNT(labels) ? give(put_label(w, labels[i])) : end_phase(w);
}

/* --- addresses ---------------------------------------------------------- */

/* Of two versions the part is where they may differ: what a block in either covers. */
static void
begin_part(struct zone_walk *w, const struct addr *first, const struct addr *last)
{
	const struct zone *ours = w->zone, *theirs = w->other_zone;
	struct zone_walk_part *p = &w->part;
	uint32_t address;
	bool is_ours, is_theirs;
	unsigned bits, other_bits;

	*p = (struct zone_walk_part){.at = *first, .last = *last};
	if (first->family == 4) {
		address = addr_ipv4(first);
		is_ours = zone_block_is_wild4(w->version, ours, address);
		is_theirs = zone_block_is_wild4(w->other, theirs, address);
		p->each = ours->has_names;
		p->is_wildcard = is_ours;
		p->skips_hosts = is_ours && !p->each;
		if (is_ours || is_theirs) {
			p->at = zone_block_first(first, ZONE_BLOCK_IPV4);
			p->last = zone_block_last(first, ZONE_BLOCK_IPV4);
		} else if (addr_ipv4(last) > (address | 0xff)) {
			p->last = zone_block_last(first, ZONE_BLOCK_IPV4);
		}
		return;
	}
	bits = zone_block_bits6(w->version, ours, first);
	other_bits = zone_block_bits6(w->other, theirs, first);
	p->has_single = ours->has_names && addr_equal(first, last) && bits != IPV6_BITS;
	p->single = *first;
	if (other_bits < bits)
		bits = other_bits;
	p->at = zone_block_first(first, bits);
	p->last = zone_block_last(first, bits);
}

/* The next part that an entry of a delta touches. */
static enum zone_walk_got
next_part(struct zone_walk *w)
{
	struct addr first, last;

	if (w->other == NULL || w->is_last ||
		!zone_touch_next(w->zone, w->other_zone, &w->next, &first, &last))
		return end_phase(w);
	begin_part(w, &first, &last);
	w->has_cell = false;
	w->is_last = !zone_block_after(&w->part.last, &w->next);
	return ZONE_WALK_NOTHING;
}

static void
skip_to(struct zone_walk *w, const struct addr *last)
{
	struct zone_walk_part *p = &w->part;

	p->is_over = addr_compare(last, &p->last) >= 0 || !zone_block_after(last, &p->at);
}

static const struct zone_cell *
cell_here(struct zone_walk *w)
{
	if (!w->has_cell || addr_compare(&w->cell.last, &w->part.at) < 0) {
		zone_block_cell(w->version, w->zone, &w->part.at, &w->cell);
		w->has_cell = true;
	}
	return &w->cell;
}

static bool
is_wild4_here(struct zone_walk *w, const struct zone_cell *cell)
{
	uint32_t address = addr_ipv4(&w->part.at);

	return w->other == NULL && (address & 0xff) == 0 &&
		addr_ipv4(&cell->last) >= (address | 0xff) &&
		zone_block_is_wild4(w->version, w->zone, address);
}

static enum zone_walk_got
step_ipv4(struct zone_walk *w)
{
	struct zone_walk_part *p = &w->part;
	const struct zone_cell *cell;
	struct addr at = p->at, last;
	unsigned bits = IPV4_BITS;

	w->expected = ZONE_OWNER_IPV4;
	if (p->is_wildcard) {
		p->is_wildcard = false;
		p->is_over = p->skips_hosts;
		return give(put_address(w, &p->at, ZONE_BLOCK_IPV4));
	}
	if (p->is_over)
		return next_part(w);
	cell = cell_here(w);
	if (!cell->is_listed && !p->each) {
		last = cell->last;
		skip_to(w, &last);
		return ZONE_WALK_NOTHING;
	}
	if (is_wild4_here(w, cell))
		bits = ZONE_BLOCK_IPV4;
	last = zone_block_last(&at, bits);
	skip_to(w, &last);
	return give(put_address(w, &at, bits));
}

/* The largest block that begins at an address and ends with last or before. */
static unsigned
bits_of_block(const struct addr *at, const struct addr *last)
{
	unsigned bits = IPV6_BITS;

	for (unsigned wider = bits - 4; wider >= ZONE_BLOCK_IPV6_MIN; wider -= 4) {
		struct addr first = zone_block_first(at, wider), end = zone_block_last(at, wider);

		if (!addr_equal(&first, at) || addr_compare(&end, last) > 0)
			break;
		bits = wider;
	}
	return bits;
}

static enum zone_walk_got
step_ipv6(struct zone_walk *w)
{
	struct zone_walk_part *p = &w->part;
	const struct zone_cell *cell;
	struct addr at = p->at, last;
	unsigned bits;

	w->expected = ZONE_OWNER_IPV6;
	if (p->has_single) {
		p->has_single = false;
		return give(put_address(w, &p->single, IPV6_BITS));
	}
	if (p->is_over)
		return next_part(w);
	cell = cell_here(w);
	last = cell->last;
	if (!cell->is_listed) {
		skip_to(w, &last);
		return ZONE_WALK_NOTHING;
	}
	bits = bits_of_block(&at, addr_compare(&last, &p->last) > 0 ? &p->last : &last);
	last = zone_block_last(&at, bits);
	skip_to(w, &last);
	return give(put_address(w, &at, bits));
}

/* --- names -------------------------------------------------------------- */

/* Did an earlier set of names have it? */
static bool
was_walked(const struct zone_walk *w)
{
	struct snapshot_name n = {w->walked.wire, w->walked.label_at, w->walked.labels};

	for (size_t i = 0; i < w->index; i++)
		if (snapshot_layer_has_name(&w->zone->layers[i].layer, &n))
			return true;
	return false;
}

static enum zone_walk_got
step_names(struct zone_walk *w)
{
	const struct zone *z = w->zone;
	uint8_t labels[2 + WIRE_NAME_MAX + 1];

	w->expected = ZONE_OWNER_NAME;
	if (w->is_wildcard_due) {
		w->is_wildcard_due = false;
		put_star(labels);
		memcpy(labels + 2, w->walked.wire, w->walked.len);
		return give(put_owner(w, labels, 2 + w->walked.len - 1));
	}
	if (w->other != NULL || w->index == z->layer_count)
		return end_phase(w);
	if (!snapshot_next_name(z->layers[w->index].layer.set, &w->node, &w->walked)) {
		w->index++;
		w->node = 0;
		return ZONE_WALK_NOTHING;
	}
	if (was_walked(w))
		return ZONE_WALK_NOTHING;
	w->is_wildcard_due = true;
	/* The origin has had its turn. */
	return give(w->walked.labels != 0 && put_owner(w, w->walked.wire, w->walked.len - 1));
}

enum zone_walk_got
zone_walk_next(struct zone_walk *w)
{
	w->steps++;
	switch (w->phase) {
	case ZONE_WALK_ORIGIN: return step_origin(w);
	case ZONE_WALK_ZONES: return step_zones(w);
	case ZONE_WALK_BUILT_IN: return step_built_in(w);
	case ZONE_WALK_IPV4: return step_ipv4(w);
	case ZONE_WALK_IPV6: return step_ipv6(w);
	case ZONE_WALK_NAMES: return step_names(w);
	case ZONE_WALK_PHASES: break;
	}
	return ZONE_WALK_END;
}
