#include "zone_import.h"

#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "dnsbl_name.h"
#include "import_data.h"

enum { IPV4_LABELS = 4, IPV6_LABELS = 32, LOOPBACK = 127 };

struct zone_import *
zone_import_new(const uint8_t *origin, const struct zone_import_limits *limits)
{
	struct zone_import *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return NULL;
	z->origin_labels = wire_name_labels(origin);
	while (origin[z->origin_len] != 0)
		z->origin_len += origin[z->origin_len] + 1u;
	z->origin_len++;
	memcpy(z->origin, origin, z->origin_len);
	z->limits = *limits;
	byte_pool_init(&z->names);
	byte_pool_init(&z->data);
	return z;
}

void
zone_import_free(struct zone_import *z)
{
	if (z == NULL)
		return;
	byte_pool_free(&z->names);
	byte_pool_free(&z->data);
	free(z->hosts.items);
	free(z->named.items);
	free(z->host_changes.items);
	free(z->named_changes.items);
	free(z);
}

size_t
zone_import_count(const struct zone_import *z)
{
	return z->hosts.count + z->named.count;
}

bool
zone_import_is_signed(const struct zone_import *z)
{
	return z->is_signed;
}

bool
zone_import_has_delegations(const struct zone_import *z)
{
	return z->has_delegations;
}

bool
zone_import_has_odd_codes(const struct zone_import *z)
{
	return z->has_odd_codes;
}

/* --- names ------------------------------------------------------------------ */

bool
import_name_octets(const uint8_t *wire, size_t labels, uint32_t *address)
{
	uint32_t a = 0;

	if (labels > IPV4_LABELS)
		return false;
	for (size_t i = 0; i < labels; i++, wire += wire[0] + 1) {
		unsigned octet = dnsbl_name_octet(wire);

		if (octet > 255)
			return false;
		a |= octet << 8 * (IPV4_LABELS - labels + i);
	}
	*address = a;
	return true;
}

bool
import_name_nibbles(const uint8_t *wire, size_t labels, struct addr *address)
{
	*address = (struct addr){.family = 6};
	if (labels > IPV6_LABELS)
		return false;
	for (size_t i = labels; i-- != 0; wire += 2) {
		unsigned c = wire[1], digit = c - '0', nibble = digit < 10 ? digit : c - 'a' + 10;

		if (wire[0] != 1 || nibble > 15 || (digit >= 10 && c < 'a'))
			return false;
		address->b[i / 2] |= (uint8_t)(i % 2 == 0 ? nibble << 4 : nibble);
	}
	return true;
}

/* Up to three labels of digits are read as octets, as everyone who writes such a wildcard means
 * them; an IPv6 network as large as that, 2000::/12 say, no list has. */
static bool
read_wildcard(const uint8_t *wire, size_t labels, struct import_name *out)
{
	uint32_t address;

	if (labels != 0 && labels < IPV4_LABELS && import_name_octets(wire, labels, &address)) {
		out->kind = IMPORT_WILD4;
		out->bits = (unsigned)labels * 8;
		out->address = addr_from_ipv4(address);
		return true;
	}
	if (labels == 0 || labels >= IPV6_LABELS ||
		!import_name_nibbles(wire, labels, &out->address))
		return false;
	out->kind = IMPORT_WILD6;
	out->bits = (unsigned)labels * 4;
	return true;
}

void
import_name_read(const uint8_t *relative, struct import_name *out)
{
	size_t labels = wire_name_labels(relative);
	uint32_t address;

	out->kind = IMPORT_RECORDS;
	out->bits = 0;
	if (labels == IPV4_LABELS && import_name_octets(relative, labels, &address)) {
		out->kind = IMPORT_HOST4;
		out->bits = 32;
		out->address = addr_from_ipv4(address);
	} else if (labels == IPV6_LABELS && import_name_nibbles(relative, labels, &out->address)) {
		out->kind = IMPORT_HOST6;
		out->bits = 128;
	} else if (relative[0] == 1 && relative[1] == '*') {
		read_wildcard(relative + 2, labels - 1, out);
	}
}

size_t
import_name_of_host(uint32_t address, uint8_t out[WIRE_NAME_MAX])
{
	size_t at = 0;

	for (int i = 0; i < IPV4_LABELS; i++, address >>= 8) {
		unsigned octet = address & 0xff;
		size_t digits = octet >= 100 ? 3 : octet >= 10 ? 2 : 1;

		out[at] = (uint8_t)digits;
		for (size_t k = digits; k != 0; k--, octet /= 10)
			out[at + k] = (uint8_t)('0' + octet % 10);
		at += digits + 1;
	}
	out[at] = 0;
	return at + 1;
}

/* What is in front of the origin, with the root's 0. False: it is not in the zone. */
static bool
make_relative(const struct zone_import *z, const uint8_t *owner, uint8_t out[WIRE_NAME_MAX],
	size_t *out_len)
{
	size_t labels = wire_name_labels(owner), at = 0, len = 0;
	uint8_t lower[WIRE_NAME_MAX];

	if (labels < z->origin_labels)
		return false;
	while (owner[len] != 0)
		len += owner[len] + 1u;
	memcpy(lower, owner, ++len);
	wire_name_lower(lower, len);
	for (size_t i = labels; i > z->origin_labels; i--)
		at += lower[at] + 1u;
	if (len - at != z->origin_len || memcmp(lower + at, z->origin, z->origin_len) != 0)
		return false;
	memcpy(out, lower, at);
	out[at] = 0;
	*out_len = at + 1;
	return true;
}

/* --- which records ------------------------------------------------------------ */

/* Those of DNSSEC say nothing without the others, and we do not sign negative answers. */
static bool
is_signature(uint16_t type)
{
	return type == TYPE_RRSIG || (type >= TYPE_NSEC && type <= TYPE_NSEC3PARAM) ||
		type == TYPE_CDS || type == TYPE_CDNSKEY;
}

static const char *
why_not(uint16_t type)
{
	if (type == TYPE_CNAME || type == TYPE_DNAME)
		return "is a CNAME or DNAME";
	if (type == TYPE_SOA)
		return "is a second SOA";
	if (type == 0 || type == TYPE_OPT || (type >= 128 && type <= TYPE_ANY))
		return "has a type that no record has";
	return NULL;
}

/* *skips: it is left out. */
static enum err
check_type(struct zone_import *z, const struct zone_import_record *r, bool is_origin, bool *skips,
	struct error *e)
{
	const char *why = why_not(r->type);
	char name[WIRE_NAME_TEXT];

	*skips = is_signature(r->type);
	z->is_signed |= *skips;
	z->has_delegations |= r->type == TYPE_NS && !is_origin;
	if (why != NULL)
		return error_set(e, ERR_UNSUPPORTED,
			"the record of type %u at %.300s %s, which we do not serve",
			(unsigned)r->type, wire_name_format(r->owner, name), why);
	return OK;
}

static bool
is_origin_wildcard(const uint8_t *relative)
{
	return relative[0] == 1 && relative[1] == '*' && relative[2] == 0;
}

static enum err
keep_name(struct zone_import *z, const uint8_t *relative, size_t len, uint32_t *name,
	struct error *e)
{
	*name = byte_pool_add(&z->names, relative, len);
	return *name != BYTE_POOL_NONE ? OK :
					 error_set(e, ERR_MEMORY, "out of memory for its records");
}

/* A record as an item; *list says of which list, NULL: it is left out. */
static enum err
make_item(struct zone_import *z, const struct zone_import_record *r, struct import_item *item,
	struct import_list **list, struct error *e)
{
	char subject[ADDR_TEXT] = "", name[WIRE_NAME_TEXT];
	uint8_t relative[WIRE_NAME_MAX];
	struct import_name what;
	bool skips;
	enum err err;
	size_t len;

	*list = NULL;
	if (!make_relative(z, r->owner, relative, &len))
		return error_set(e, ERR_RANGE, "a record of %.300s is not in the zone",
			wire_name_format(r->owner, name));
	err = check_type(z, r, len == 1, &skips, e);
	if (err != OK || skips)
		return err;
	import_name_read(relative, &what);
	z->has_odd_codes |= r->type == TYPE_A && r->rdata_len == 4 && r->rdata[0] != LOOPBACK &&
		(what.kind != IMPORT_RECORDS || is_origin_wildcard(relative));
	if (!z->names_only && (what.kind == IMPORT_HOST4 || what.kind == IMPORT_HOST6))
		addr_format(&what.address, subject);
	err = import_data_keep(z, r, text_of(subject), &item->data, e);
	if (err != OK)
		return err;
	item->ttl_s = r->ttl_s <= INT32_MAX ? r->ttl_s : 0; /* RFC 2181 section 8 */
	*list = &z->named;
	if (z->names_only || what.kind != IMPORT_HOST4)
		return keep_name(z, relative, len, &item->owner, e);
	*list = &z->hosts;
	item->owner = addr_ipv4(&what.address);
	return OK;
}

bool
zone_import_grow(void **array, size_t *room, size_t wanted, size_t size)
{
	size_t bigger = *room != 0 ? *room : 64;
	void *grown;

	if (wanted <= *room)
		return true;
	while (bigger < wanted)
		bigger += bigger / 2;
	grown = realloc(*array, bigger * size);
	if (grown == NULL)
		return false;
	*array = grown;
	*room = bigger;
	return true;
}

static enum err
check_count(const struct zone_import *z, struct error *e)
{
	size_t count = zone_import_count(z) + z->host_changes.count + z->named_changes.count;

	if (count < z->limits.records)
		return OK;
	return error_set(e, ERR_FULL, "it has more than %zu records, which is as many as we take",
		z->limits.records);
}

static enum err
append(struct import_list *list, const struct import_item *item, struct error *e)
{
	void *items = list->items;

	if (!zone_import_grow(&items, &list->room, list->count + 1, sizeof(*item)))
		return error_set(e, ERR_MEMORY, "out of memory for its records");
	list->items = items;
	list->items[list->count++] = *item;
	list->is_sorted = false;
	return OK;
}

enum err
zone_import_add(struct zone_import *z, const struct zone_import_record *r, struct error *e)
{
	struct import_list *list;
	struct import_item item;
	enum err err = check_count(z, e);

	if (err == OK)
		err = make_item(z, r, &item, &list, e);
	return err == OK && list != NULL ? append(list, &item, e) : err;
}

/* --- SOA ---------------------------------------------------------------------- */

static size_t
copy_name(const uint8_t *rdata, size_t len, uint8_t out[WIRE_NAME_MAX])
{
	size_t at = 0;

	while (at < len && rdata[at] != 0)
		at += rdata[at] + 1u;
	if (at >= len || at >= WIRE_NAME_MAX)
		return 0;
	memcpy(out, rdata, ++at);
	wire_name_lower(out, at);
	return at;
}

enum err
zone_import_set_soa(struct zone_import *z, const uint8_t *rdata, size_t len, uint32_t ttl_s,
	struct error *e)
{
	size_t mname = copy_name(rdata, len, z->mname), rname = 0;

	if (mname != 0)
		rname = copy_name(rdata + mname, len - mname, z->rname);
	if (rname == 0 || len - mname - rname != 20)
		return error_set(e, ERR_SYNTAX, "the SOA is malformed");
	rdata += mname + rname;
	z->soa = (struct zone_import_soa){.ttl_s = ttl_s,
		.serial = big_endian_u32(rdata),
		.refresh_s = big_endian_u32(rdata + 4),
		.retry_s = big_endian_u32(rdata + 8),
		.expire_s = big_endian_u32(rdata + 12),
		.minimum_s = big_endian_u32(rdata + 16),
		.mname = z->mname,
		.rname = z->rname};
	z->has_soa = true;
	return OK;
}

const struct zone_import_soa *
zone_import_soa(const struct zone_import *z)
{
	return z->has_soa ? &z->soa : NULL;
}

/* --- order ---------------------------------------------------------------------- */

static int
compare_items(const struct import_item *a, const struct import_item *b)
{
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return a->data < b->data ? -1 : a->data > b->data;
}

static int
compare_for_sort(const void *a, const void *b)
{
	const struct import_item *x = a, *y = b;
	int order = compare_items(x, y);

	return order != 0 ? order : x->ttl_s < y->ttl_s ? -1 : x->ttl_s > y->ttl_s;
}

void
zone_import_sort(struct import_list *list)
{
	size_t kept = 0;

	if (list->is_sorted)
		return;
	if (list->count != 0)
		qsort(list->items, list->count, sizeof(*list->items), compare_for_sort);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || compare_items(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
	list->is_sorted = true;
}

/* --- changes -------------------------------------------------------------------- */

enum err
zone_import_change(struct zone_import *z, const struct zone_import_record *r, bool removes,
	struct error *e)
{
	struct import_changes *changes;
	struct import_change change;
	struct import_list *list;
	enum err err = check_count(z, e);
	void *items;

	if (err == OK)
		err = make_item(z, r, &change.item, &list, e);
	if (err != OK || list == NULL)
		return err;
	changes = list == &z->hosts ? &z->host_changes : &z->named_changes;
	change.order = (uint32_t)changes->count * 2 + removes;
	items = changes->items;
	if (!zone_import_grow(&items, &changes->room, changes->count + 1, sizeof(change)))
		return error_set(e, ERR_MEMORY, "out of memory for changes");
	changes->items = items;
	changes->items[changes->count++] = change;
	return OK;
}

void
zone_import_forget(struct zone_import *z)
{
	z->host_changes.count = z->named_changes.count = 0;
}

static int
compare_changes(const void *a, const void *b)
{
	const struct import_change *x = a, *y = b;
	int order = compare_items(&x->item, &y->item);

	return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* The changes of one record, count of them, on what was there (NULL: nothing). False: they do not
 * go together. */
static bool
change_record(const struct import_change *changes, size_t count, const struct import_item *was,
	struct import_list *out)
{
	bool is_there = was != NULL;

	for (size_t i = 0; i < count; i++) {
		if ((changes[i].order & 1) != is_there)
			return false;
		is_there = !is_there;
	}
	if (is_there)
		out->items[out->count++] = changes[count - 1].item;
	return true;
}

static bool
merge(const struct import_list *list, const struct import_changes *changes, struct import_list *out)
{
	size_t at = 0, run;

	for (size_t i = 0; i < changes->count; i += run) {
		const struct import_change *c = &changes->items[i];
		const struct import_item *was = NULL;

		for (run = 1;
			i + run < changes->count && compare_items(&c->item, &c[run].item) == 0;)
			run++;
		while (at < list->count && compare_items(&list->items[at], &c->item) < 0)
			out->items[out->count++] = list->items[at++];
		if (at < list->count && compare_items(&list->items[at], &c->item) == 0)
			was = &list->items[at++];
		if (!change_record(c, run, was, out))
			return false;
	}
	while (at < list->count)
		out->items[out->count++] = list->items[at++];
	return true;
}

static enum err
apply_to(struct import_list *list, struct import_changes *changes, struct import_list *out,
	struct error *e)
{
	*out = (struct import_list){.is_sorted = true};
	out->room = list->count + changes->count + 1;
	out->items = malloc(out->room * sizeof(*out->items));
	if (out->items == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for changes");
	zone_import_sort(list);
	if (changes->count != 0)
		qsort(changes->items, changes->count, sizeof(*changes->items), compare_changes);
	if (!merge(list, changes, out))
		return error_set(e, ERR_REFUSED,
			"it removes a record that is not there, or adds one that is");
	return OK;
}

enum err
zone_import_apply(struct zone_import *z, struct error *e)
{
	struct import_list hosts = {.items = NULL}, named = {.items = NULL};
	enum err err = apply_to(&z->hosts, &z->host_changes, &hosts, e);

	if (err == OK)
		err = apply_to(&z->named, &z->named_changes, &named, e);
	zone_import_forget(z);
	if (err != OK) {
		free(hosts.items);
		free(named.items);
		return err;
	}
	free(z->hosts.items);
	free(z->named.items);
	z->hosts = hosts;
	z->named = named;
	return OK;
}

/* --- a wildcard at the origin ----------------------------------------------------- */

static enum err
host_to_name(struct zone_import *z, const struct import_item *host, struct error *e)
{
	struct import_data d = import_data_get(z, host->data);
	struct addr address = addr_from_ipv4(host->owner);
	uint8_t rdata[SNAPSHOT_RDATA_MAX], name[WIRE_NAME_MAX];
	struct zone_import_record r = {.type = d.type, .rdata = rdata};
	struct import_item item = {.ttl_s = host->ttl_s};
	char subject[ADDR_TEXT];
	enum err err;

	r.rdata_len = import_data_wire(&d, text_of(addr_format(&address, subject)), rdata);
	err = import_data_keep(z, &r, TEXT_NONE, &item.data, e);
	if (err == OK)
		err = keep_name(z, name, import_name_of_host(host->owner, name), &item.owner, e);
	return err == OK ? append(&z->named, &item, e) : err;
}

/* Those of IPv6 addresses are names already, but their texts may have marks. */
static enum err
unmark_name(struct zone_import *z, struct import_item *item, struct error *e)
{
	struct import_data d = import_data_get(z, item->data);
	uint8_t rdata[SNAPSHOT_RDATA_MAX];
	struct zone_import_record r = {.type = d.type, .rdata = rdata};
	char subject[ADDR_TEXT];
	struct import_name what;
	size_t len;

	if (d.form != IMPORT_TEXT || memchr(d.bytes.p, SNAPSHOT_ADDRESS_MARK, d.bytes.len) == NULL)
		return OK;
	import_name_read(byte_pool_get(&z->names, item->owner, &len), &what);
	r.rdata_len = import_data_wire(&d, text_of(addr_format(&what.address, subject)), rdata);
	return import_data_keep(z, &r, TEXT_NONE, &item->data, e);
}

enum err
zone_import_to_names(struct zone_import *z, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < z->named.count; i++)
		err = unmark_name(z, &z->named.items[i], e);
	for (size_t i = 0; err == OK && i < z->hosts.count; i++)
		err = host_to_name(z, &z->hosts.items[i], e);
	if (err != OK)
		return err;
	z->hosts.count = 0;
	z->named.is_sorted = false;
	z->names_only = true;
	return OK;
}
