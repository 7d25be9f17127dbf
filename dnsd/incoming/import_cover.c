#include "zone_import_parts.h"

#include <string.h>

/* What RFC 4592 section 2.2.1 takes out of a wildcard: each name that is there, if only as an
 * ancestor of another one, and, unless it has a wildcard of its own, all below it.
 *
 *	*.192   5.2.0.192      0.192, 2.0.192 and 5.2.0.192 are there: 192/8 without 192.0/16
 *
 * Each name is walked down from the origin. A wildcard of a kind is in force below where it was
 * seen, and what it says is taken back at each further name on the way. To exclude twice is to
 * exclude once. */

enum { KINDS = 4 };

static const enum import_kind wild_kinds[KINDS] = {IMPORT_WILD4, IMPORT_WILD6, IMPORT_LISTED,
	IMPORT_RECORDS};

struct cover {
	const struct zone_import *z;
	const uint8_t *kinds;
	struct snapshot_builder *b;
	const struct import_sets *sets;
};

static enum import_kind
kind_of(const struct cover *c, const uint8_t *name, size_t len)
{
	uint32_t number = byte_pool_find(&c->z->names, name, len);

	return number != BYTE_POOL_NONE ? (enum import_kind)c->kinds[number] : IMPORT_GONE;
}

/* Of the wildcard below this name, as a bit of wild_kinds; 0: there is none. */
static unsigned
wildcard_of(const struct cover *c, const uint8_t *name, size_t len)
{
	uint8_t wildcard[WIRE_NAME_MAX + 2] = {1, '*'};
	enum import_kind kind;

	if (len > WIRE_NAME_MAX - 2)
		return 0;
	memcpy(wildcard + 2, name, len);
	kind = kind_of(c, wildcard, len + 2);
	for (unsigned i = 0; i < KINDS; i++)
		if (wild_kinds[i] == kind)
			return 1u << i;
	return 0;
}

static enum err
exclude_range(const struct cover *c, const struct addr *low, unsigned bits, struct error *e)
{
	struct addr high = *low;

	for (unsigned bit = bits; bit < (low->family == 4 ? 32u : 128u); bit++)
		high.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return snapshot_builder_add(c->b, c->sets->wild, low, &high, (uint8_t)bits,
		SNAPSHOT_NOT_LISTED, e);
}

static enum err
exclude_name(const struct cover *c, size_t set, enum import_kind kind, bool below,
	const uint8_t *name, size_t len, struct error *e)
{
	enum err err = OK;

	if (kind_of(c, name, len) != kind)
		err = snapshot_builder_add_name(c->b, set, name, false, SNAPSHOT_NOT_LISTED, e);
	if (err == OK && below)
		err = snapshot_builder_add_name(c->b, set, name, true, SNAPSHOT_NOT_LISTED, e);
	return err;
}

/* A name, from wildcards in force; own: those it has itself. */
static enum err
exclude(const struct cover *c, unsigned in_force, unsigned own, const uint8_t *name, size_t len,
	size_t labels, struct error *e)
{
	unsigned ranges = in_force & ~own;
	struct addr address;
	uint32_t address4;
	enum err err = OK;

	if ((ranges & 1) != 0 && import_name_octets(name, labels, &address4)) {
		address = addr_from_ipv4(address4);
		err = exclude_range(c, &address, (unsigned)labels * 8, e);
	}
	if (err == OK && (ranges & 2) != 0 && import_name_nibbles(name, labels, &address))
		err = exclude_range(c, &address, (unsigned)labels * 4, e);
	if (err == OK && (in_force & 4) != 0)
		err = exclude_name(c, c->sets->listed, IMPORT_LISTED, (own & 4) == 0, name, len, e);
	if (err == OK && (in_force & 8) != 0)
		err = exclude_name(c, c->sets->records, IMPORT_RECORDS, (own & 8) == 0, name, len,
			e);
	return err;
}

/* Down from the origin; the last `known` labels were walked with another name. */
static enum err
walk_name(const struct cover *c, const uint8_t *name, size_t len, size_t known, struct error *e)
{
	uint8_t label_at[WIRE_NAME_LABELS_MAX + 1];
	size_t labels = 0, at = 0;
	unsigned in_force;
	enum err err = OK;

	for (; name[at] != 0; at += name[at] + 1u)
		label_at[labels++] = (uint8_t)at;
	in_force = wildcard_of(c, name + at, 1);
	for (size_t depth = 1; err == OK && depth <= labels; depth++) {
		size_t from = label_at[labels - depth];
		unsigned own;

		if (name[from] == 1 && name[from + 1] == '*')
			return OK; /* what a wildcard has below it is matched by none */
		own = wildcard_of(c, name + from, len - from);
		if (depth > known && in_force != 0)
			err = exclude(c, in_force, own, name + from, len - from, depth, e);
		in_force |= own;
	}
	return err;
}

/* Hosts come in order, so that most share their first octets with the one before. */
static enum err
walk_hosts(const struct cover *c, struct error *e)
{
	const struct import_list *hosts = &c->z->hosts;
	uint8_t name[WIRE_NAME_MAX];
	enum err err = OK;

	for (size_t i = 0; err == OK && i < hosts->count; i++) {
		uint32_t address = hosts->items[i].owner, differ = UINT32_MAX;
		size_t known = 0;

		if (i != 0)
			differ = address ^ hosts->items[i - 1].owner;
		if (differ == 0)
			continue;
		while (known < 4 && differ >> (24 - 8 * known) == 0)
			known++;
		err = walk_name(c, name, import_name_of_host(address, name), known, e);
	}
	return err;
}

static bool
has_wildcards(const struct cover *c)
{
	for (size_t i = 0; i < c->z->names.count; i++) {
		size_t len;
		const uint8_t *name = byte_pool_get(&c->z->names, (uint32_t)i, &len);

		if (c->kinds[i] != IMPORT_GONE && name[0] == 1 && name[1] == '*')
			return true;
	}
	return false;
}

enum err
import_cover_write(const struct zone_import *z, const uint8_t *kinds, struct snapshot_builder *b,
	const struct import_sets *sets, struct error *e)
{
	struct cover c = {z, kinds, b, sets};
	enum err err = OK;

	if (!has_wildcards(&c))
		return OK;
	for (size_t i = 0; err == OK && i < z->names.count; i++) {
		size_t len;
		const uint8_t *name = byte_pool_get(&z->names, (uint32_t)i, &len);

		if (kinds[i] != IMPORT_GONE)
			err = walk_name(&c, name, len, 0, e);
	}
	return err == OK ? walk_hosts(&c, e) : err;
}
