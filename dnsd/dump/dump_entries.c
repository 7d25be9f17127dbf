#include "dump_entries.h"

#include <string.h>

#include "big_endian.h"

enum { NEVER_LISTED = 0x7f000001 }; /* RFC 5782 section 5 */

/* --- addresses as numbers ---------------------------------------------------------- */

static unsigned
bytes_of(const struct addr *a)
{
	return a->family == 4 ? 4 : 16;
}

static struct addr
address_after(struct addr a)
{
	for (unsigned i = bytes_of(&a); i-- > 0;)
		if (++a.b[i] != 0)
			break;
	return a;
}

static struct addr
address_before(struct addr a)
{
	for (unsigned i = bytes_of(&a); i-- > 0;)
		if (a.b[i]-- != 0)
			break;
	return a;
}

/* Of one family. Called for each entry, several times. */
static inline bool
is_below(const struct addr *a, const struct addr *b)
{
	return a->family == 4 ? big_endian_u32(a->b) < big_endian_u32(b->b) :
				memcmp(a->b, b->b, sizeof(a->b)) < 0;
}

/* --- a set and its delta ------------------------------------------------------------ */

/* Of the family; the other one is passed over at the start (IPv4), or never reached (IPv6). */
static bool
fetch(const struct dump_entries *d, const struct snapshot_set *set, struct snapshot_walk *at,
	struct snapshot_range *out)
{
	return set != NULL && snapshot_next_range(set, at, out) && out->low.family == d->family;
}

void
dump_entries_begin(struct dump_entries *d, const struct snapshot_layer *layer, uint8_t family,
	int64_t now_s)
{
	*d = (struct dump_entries){.layer = *layer, .family = family, .now_s = now_s};
	if (family == 4) {
		d->hidden = d->hidden_last = addr_from_ipv4(NEVER_LISTED);
	} else {
		/* ::ffff:0:0/96; rbldnsd answers these from IPv4 data. */
		d->hidden = (struct addr){.family = 6, .b = {[10] = 0xff, [11] = 0xff}};
		d->hidden_last = d->hidden;
		memset(d->hidden_last.b + 12, 0xff, 4);
	}
	if (family == 6)
		d->at.host = d->at.range4 = d->delta_at.host = d->delta_at.range4 = SIZE_MAX;
	if (layer->delta == NULL)
		return;
	d->has_next = fetch(d, layer->set, &d->at, &d->next);
	d->has_delta_next = fetch(d, layer->delta, &d->delta_at, &d->delta_next);
}

static bool
give_next(struct dump_entries *d, struct snapshot_range *out)
{
	*out = d->next;
	d->has_next = fetch(d, d->layer.set, &d->at, &d->next);
	return true;
}

static bool
give_delta(struct dump_entries *d, struct snapshot_range *out)
{
	*out = d->delta_next;
	d->has_delta_next = fetch(d, d->layer.delta, &d->delta_at, &d->delta_next);
	return true;
}

/* What is next of either; the delta's takes the place of what lies below it. */
static bool
next_of_both(struct dump_entries *d, struct snapshot_range *out)
{
	struct snapshot_range *base = &d->next;
	const struct snapshot_range *over = &d->delta_next;

	while (d->has_next) {
		if (!d->has_delta_next || is_below(&base->high, &over->low))
			return give_next(d, out);
		if (is_below(&over->high, &base->low))
			return give_delta(d, out);
		if (is_below(&base->low, &over->low)) {
			*out = *base;
			out->high = address_before(over->low);
			base->low = over->low;
			return true;
		}
		if (is_below(&over->high, &base->high))
			base->low = address_after(over->high);
		else
			d->has_next = fetch(d, d->layer.set, &d->at, base);
	}
	return d->has_delta_next && give_delta(d, out);
}

static bool
is_listed(const struct dump_entries *d, const struct snapshot_range *r)
{
	const struct snapshot_view *v = &r->view;

	return v->action == SNAPSHOT_LISTED && (v->expires_s == 0 || v->expires_s > d->now_s) &&
		!is_below(&r->high, &r->low);
}

/* Cut out of r what is not to be given; true: something is left, perhaps in d->rest too. */
static bool
cut(struct dump_entries *d, struct snapshot_range *r)
{
	if (is_below(&r->high, &d->hidden) || is_below(&d->hidden_last, &r->low))
		return true;
	d->has_rest = is_below(&d->hidden_last, &r->high);
	if (d->has_rest) {
		d->rest = *r;
		d->rest.low = address_after(d->hidden_last);
	}
	if (is_below(&r->low, &d->hidden)) {
		r->high = address_before(d->hidden);
		return true;
	}
	*r = d->rest;
	if (!d->has_rest)
		return false;
	d->has_rest = false;
	return true;
}

bool
dump_entries_next(struct dump_entries *d, struct snapshot_range *out)
{
	if (d->has_rest) {
		*out = d->rest;
		d->has_rest = false;
		return true;
	}
	while (d->layer.delta == NULL ? fetch(d, d->layer.set, &d->at, out) : next_of_both(d, out))
		if (is_listed(d, out) && cut(d, out))
			return true;
	return false;
}

/* --- prefixes ----------------------------------------------------------------------- */

static void
set_low_bits(struct addr *a, unsigned from)
{
	unsigned bytes = bytes_of(a);

	if (from % 8 != 0)
		a->b[from / 8] |= (uint8_t)(0xff >> from % 8);
	for (unsigned i = (from + 7) / 8; i < bytes; i++)
		a->b[i] = 0xff;
}

/* The network of so many bits at an address begins there, and ends where? False: elsewhere. */
static bool
network_end(const struct addr *a, unsigned bits, struct addr *end)
{
	unsigned bytes = bytes_of(a);

	if (bits % 8 != 0 && (a->b[bits / 8] & (0xff >> bits % 8)) != 0)
		return false;
	for (unsigned i = (bits + 7) / 8; i < bytes; i++)
		if (a->b[i] != 0)
			return false;
	*end = *a;
	set_low_bits(end, bits);
	return true;
}

bool
dump_entries_prefix(struct snapshot_range *r, struct prefix *out)
{
	unsigned bits = bytes_of(&r->low) * 8;
	struct addr end = r->low, wider;

	if (is_below(&r->high, &r->low))
		return false;
	while (bits > 0 && network_end(&r->low, bits - 1, &wider) && !is_below(&r->high, &wider)) {
		end = wider;
		bits--;
	}
	*out = (struct prefix){r->low, (uint8_t)bits};
	if (is_below(&end, &r->high)) {
		r->low = address_after(end);
	} else { /* nothing is left: an empty range */
		r->low = (struct addr){.family = end.family, .b = {1}};
		r->high = (struct addr){.family = end.family};
	}
	return true;
}
