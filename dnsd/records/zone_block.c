#include "zone_block.h"

#include <string.h>

enum { ADDRESS_BITS_IPV4 = 32, ADDRESS_BITS_IPV6 = 128, NEVER_BITS = 120 };

/* Test points are in there, and what is never listed: each address is a cell of its own. */
static const struct addr never6 = {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 0}};

/* --- versions ----------------------------------------------------------- */

/* Does a label begin like an octet or a nibble? */
static bool
is_like_address(const uint8_t *label)
{
	return (label[1] >= '0' && label[1] <= '9') ||
		(label[0] == 1 && label[1] >= 'a' && label[1] <= 'f');
}

static bool
lies_at_address(const struct zone *z)
{
	const uint8_t *label = z->origin;

	for (size_t i = z->parent->origin_labels + 1u; i < z->origin_labels; i++)
		label += label[0] + 1;
	return is_like_address(label);
}

void
zone_version_init(struct zone_version *of, const struct zone_set *zones, const struct zone *zone)
{
	*of = (struct zone_version){.zones = zones, .zone = zone};
	for (size_t i = 0; i < zone_set_count(zones); i++) {
		const struct zone *z = zone_set_get(zones, i);

		if (z->apex == zone && z->created_s > of->created_s)
			of->created_s = z->created_s;
		if (z->parent != NULL && z->parent->apex == zone && lies_at_address(z))
			of->has_address_zones = true;
	}
}

/* --- addresses ---------------------------------------------------------- */

struct addr
zone_block_first(const struct addr *a, unsigned bits)
{
	struct addr first = *a;
	unsigned size = a->family == 4 ? ADDRESS_BITS_IPV4 : ADDRESS_BITS_IPV6;

	for (unsigned bit = bits; bit < size; bit += 4)
		first.b[bit / 8] &= bit % 8 == 0 ? 0x0f : 0xf0;
	return first;
}

struct addr
zone_block_last(const struct addr *a, unsigned bits)
{
	struct addr last = *a;
	unsigned size = a->family == 4 ? ADDRESS_BITS_IPV4 : ADDRESS_BITS_IPV6;

	for (unsigned bit = bits; bit < size; bit += 4)
		last.b[bit / 8] |= bit % 8 == 0 ? 0xf0 : 0x0f;
	return last;
}

bool
zone_block_after(const struct addr *a, struct addr *out)
{
	size_t i = a->family == 4 ? 4 : 16;

	*out = *a;
	while (i-- != 0)
		if (++out->b[i] != 0)
			return true;
	return false;
}

static struct addr
before(const struct addr *a)
{
	struct addr out = *a;
	size_t i = a->family == 4 ? 4 : 16;

	while (i-- != 0)
		if (out.b[i]-- != 0)
			break;
	return out;
}

/* --- cells -------------------------------------------------------------- */

static void
keep_apart(const struct addr *a, struct zone_cell *cell)
{
	struct addr last = zone_block_last(&never6, NEVER_BITS);

	if (addr_compare(a, &last) > 0 || addr_compare(&cell->last, &never6) < 0)
		return;
	cell->last = addr_compare(a, &never6) < 0 ? before(&never6) : *a;
}

void
zone_block_cell(const struct zone_version *of, const struct zone *z, const struct addr *a,
	struct zone_cell *out)
{
	struct snapshot_stretch s;

	out->is_listed = false;
	out->last = zone_block_last(a, 0);
	for (size_t i = 0; i < z->layer_count; i++) {
		if (z->layers[i].has_names)
			continue;
		snapshot_layer_stretch(&z->layers[i].layer, a, &s);
		if (addr_compare(&s.last, &out->last) < 0)
			out->last = s.last;
		out->is_listed |= s.is_listed && zone_block_lasts(&s.view, of->created_s);
	}
	if (a->family == 6)
		keep_apart(a, out);
}

/* --- blocks ------------------------------------------------------------- */

bool
zone_block_has_mark(const struct snapshot_view *v)
{
	for (size_t i = 0; i < v->txt_count; i++) {
		struct text t = snapshot_view_txt(v, i);

		if (memchr(t.p, SNAPSHOT_ADDRESS_MARK, t.len) != NULL)
			return true;
	}
	return false;
}

/* Do the texts name the address? Then each address has its own. */
static bool
is_marked(const struct zone_version *of, const struct zone *z, uint32_t address)
{
	struct snapshot_view v;

	for (size_t i = 0; i < z->layer_count; i++)
		if (!z->layers[i].has_names &&
			snapshot_layer_find4(&z->layers[i].layer, address, &v) &&
			zone_block_lasts(&v, of->created_s) && zone_block_has_mark(&v))
			return true;
	return false;
}

/* Would the wildcard's labels be nibbles too, and so be above IPv6 addresses (RFC 5782 section
 * 2.4)? */
static bool
is_nibbles(uint32_t address)
{
	return address >> 24 < 10 && (address >> 16 & 0xff) < 10 && (address >> 8 & 0xff) < 10;
}

bool
zone_block_is_wild4(const struct zone_version *of, const struct zone *z, uint32_t address)
{
	uint32_t low = address & 0xffffff00;
	struct addr first = addr_from_ipv4(low);
	struct zone_cell cell;

	if (is_nibbles(low) || low == (ZONE_BLOCK_NEVER & 0xffffff00) || of->has_address_zones)
		return false;
	zone_block_cell(of, z, &first, &cell);
	return cell.is_listed && addr_ipv4(&cell.last) >= (low | 0xff) && !is_marked(of, z, low);
}

bool
zone_block_is_whole6(const struct zone_version *of, const struct zone *z, const struct addr *a,
	unsigned bits)
{
	struct addr first = zone_block_first(a, bits), last = zone_block_last(a, bits);
	struct zone_cell cell;

	zone_block_cell(of, z, &first, &cell);
	return addr_compare(&cell.last, &last) >= 0;
}

unsigned
zone_block_bits6(const struct zone_version *of, const struct zone *z, const struct addr *a)
{
	for (unsigned bits = ZONE_BLOCK_IPV6_MIN; bits <= ZONE_BLOCK_IPV6_MAX; bits += 4)
		if (zone_block_is_whole6(of, z, a, bits))
			return bits;
	return ADDRESS_BITS_IPV6;
}
