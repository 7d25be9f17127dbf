#include "zone_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_data.h"

/* Classes of hosts that were met before: most have one of a few. */
enum { SEEN = 1024, SEEN_ITEMS = 3, LOOPBACK = 127 };

struct seen {
	size_t count; /* of items; 0: free */
	uint32_t data[SEEN_ITEMS], ttl_s[SEEN_ITEMS], id;
};

struct import_write {
	struct zone_import *z;
	struct snapshot_builder *b;
	struct import_sets sets;
	struct snapshot_zone_draft zone;
	struct import_class *class;
	uint8_t *kinds; /* of names */
	struct seen seen[SEEN];
};

/* --- what there is ------------------------------------------------------------- */

static size_t
run_length(const struct import_list *list, size_t i)
{
	size_t run = 1;

	while (i + run < list->count && list->items[i + run].owner == list->items[i].owner)
		run++;
	return run;
}

static const uint8_t *
name_at(const struct zone_import *z, uint32_t name)
{
	size_t len;

	return byte_pool_get(&z->names, name, &len);
}

static bool
is_underscored(const uint8_t *relative)
{
	return relative[0] != 0 && relative[1] == '_';
}

/* A name with an A record in 127/8 is listed, but for those that say something of the list. */
static enum import_kind
kind_of(const struct zone_import *z, const struct import_item *items, size_t count)
{
	const uint8_t *name = name_at(z, items[0].owner);
	struct import_name what = {.kind = IMPORT_RECORDS};

	if (!z->names_only)
		import_name_read(name, &what);
	if (what.kind != IMPORT_RECORDS || name[0] == 0 || is_underscored(name))
		return what.kind;
	return import_data_is_listed(z, items, count) ? IMPORT_LISTED : IMPORT_RECORDS;
}

/* Of the zone itself, which are no data. */
static bool
is_ns(const struct zone_import *z, const struct import_item *item)
{
	return import_data_get(z, item->data).type == TYPE_NS && name_at(z, item->owner)[0] == 0;
}

static bool
has_ns_alone(const struct zone_import *z, const struct import_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_ns(z, &items[i]))
			return false;
	return true;
}

static enum err
find_kinds(struct import_write *w, struct error *e)
{
	const struct import_list *named = &w->z->named;
	size_t run;

	free(w->kinds);
	w->kinds = calloc(w->z->names.count + 1, 1);
	if (w->kinds == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for its names");
	for (size_t i = 0; i < named->count; i += run) {
		run = run_length(named, i);
		if (!has_ns_alone(w->z, &named->items[i], run))
			w->kinds[named->items[i].owner] = (uint8_t)kind_of(w->z, &named->items[i],
				run);
	}
	return OK;
}

static bool
has_kind(const struct import_write *w, enum import_kind kind)
{
	return memchr(w->kinds, (int)kind, w->z->names.count) != NULL;
}

/* Does a wildcard at the origin match addresses? */
static bool
needs_names_only(const struct import_write *w)
{
	static const uint8_t wildcard[] = {1, '*', 0};
	uint32_t name = byte_pool_find(&w->z->names, wildcard, sizeof(wildcard));

	return !w->z->names_only && name != BYTE_POOL_NONE && w->kinds[name] != IMPORT_GONE;
}

static enum err
look(struct import_write *w, struct error *e)
{
	enum err err;

	zone_import_sort(&w->z->hosts);
	zone_import_sort(&w->z->named);
	err = find_kinds(w, e);
	if (err != OK || !needs_names_only(w))
		return err;
	err = zone_import_to_names(w->z, e);
	zone_import_sort(&w->z->named);
	return err == OK ? find_kinds(w, e) : err;
}

/* --- what is refused --------------------------------------------------------------- */

static bool
is_origin_wildcard(const uint8_t *relative)
{
	return relative[0] == 1 && relative[1] == '*' && relative[2] == 0;
}

static bool
is_listed_address(const struct import_name *what)
{
	return what->kind != IMPORT_RECORDS &&
		(what->address.family != 4 || what->address.b[0] != LOOPBACK);
}

bool
zone_import_lists_all(const struct zone_import *z)
{
	bool has_wildcard = false, has_addresses = false;
	struct import_name what;
	size_t len;

	for (size_t i = 0; i < z->named.count; i++) {
		const struct import_item *item = &z->named.items[i];
		const uint8_t *name = byte_pool_get(&z->names, item->owner, &len);

		has_wildcard |= is_origin_wildcard(name) &&
			import_data_get(z, item->data).type == TYPE_A;
		import_name_read(name, &what);
		has_addresses |= is_listed_address(&what);
	}
	for (size_t i = 0; has_wildcard && !has_addresses && i < z->hosts.count; i++)
		has_addresses = z->hosts.items[i].owner >> 24 != LOOPBACK;
	return has_wildcard && has_addresses;
}

/* --- sets ------------------------------------------------------------------------ */

static enum err
add_set(struct import_write *w, bool is_wanted, size_t *set, struct error *e)
{
	enum err err;

	*set = SIZE_MAX;
	if (!is_wanted)
		return OK;
	err = snapshot_builder_set(w->b, set, e);
	if (err == OK)
		w->zone.sets[w->zone.set_count++] = *set;
	return err;
}

static enum err
add_sets(struct import_write *w, struct error *e)
{
	enum err err = add_set(w, true, &w->sets.hosts, e);

	if (err == OK)
		err = add_set(w, has_kind(w, IMPORT_WILD4) || has_kind(w, IMPORT_WILD6),
			&w->sets.wild, e);
	if (err == OK)
		err = add_set(w, has_kind(w, IMPORT_LISTED), &w->sets.listed, e);
	if (err == OK)
		err = add_set(w, has_kind(w, IMPORT_RECORDS), &w->sets.records, e);
	return err;
}

/* --- entries ----------------------------------------------------------------------- */

static enum err
make_class(struct import_write *w, const struct import_item *items, size_t count,
	const struct addr *subject, enum import_way way, uint32_t *id, struct error *e)
{
	char text[ADDR_TEXT] = "";
	enum err err;

	if (subject != NULL)
		addr_format(subject, text);
	err = import_data_class(w->z, items, count, text_of(text), way, w->class, e);
	return err == OK ? snapshot_builder_class(w->b, &w->class->class, id, e) : err;
}

static bool
is_seen(const struct seen *s, const struct import_item *items, size_t count)
{
	if (s->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (s->data[i] != items[i].data || s->ttl_s[i] != items[i].ttl_s)
			return false;
	return true;
}

/* Data whose class depends on the address, such as a text with another TTL, are made once an
 * address, but those of the same numbers and no text are the same. */
static bool
may_be_seen(const struct import_write *w, const struct import_item *items, size_t count)
{
	if (count > SEEN_ITEMS)
		return false;
	for (size_t i = 1; i < count; i++)
		if (items[i].ttl_s != items[0].ttl_s)
			return false;
	for (size_t i = 0; i < count; i++)
		if (import_data_get(w->z, items[i].data).type != TYPE_A &&
			import_data_get(w->z, items[i].data).form != IMPORT_TEXT)
			return false;
	return true;
}

static enum err
host_class(struct import_write *w, const struct import_item *items, size_t count, uint32_t *id,
	struct error *e)
{
	struct addr address = addr_from_ipv4(items[0].owner);
	uint32_t hash = items[0].data * 31 + items[count - 1].data;
	struct seen *s = &w->seen[(hash ^ hash >> 10) % SEEN];
	enum err err;

	if (is_seen(s, items, count)) {
		*id = s->id;
		return OK;
	}
	err = make_class(w, items, count, &address, IMPORT_AS_LISTING, id, e);
	if (err != OK || !may_be_seen(w, items, count))
		return err;
	*s = (struct seen){.count = count, .id = *id};
	for (size_t i = 0; i < count; i++) {
		s->data[i] = items[i].data;
		s->ttl_s[i] = items[i].ttl_s;
	}
	return OK;
}

static enum err
of_address(uint32_t address, enum err err, struct error *e)
{
	struct addr a = addr_from_ipv4(address);
	char text[ADDR_TEXT];
	struct error why = *e;

	return error_set(e, err, "%s: %s", addr_format(&a, text), why.text);
}

static enum err
add_hosts(struct import_write *w, struct error *e)
{
	const struct import_list *hosts = &w->z->hosts;
	enum err err = OK;
	size_t run;

	for (size_t i = 0; err == OK && i < hosts->count; i += run) {
		uint32_t id;

		run = run_length(hosts, i);
		err = host_class(w, &hosts->items[i], run, &id, e);
		if (err == OK)
			err = snapshot_builder_add4(w->b, w->sets.hosts, hosts->items[i].owner, id,
				e);
		else
			err = of_address(hosts->items[i].owner, err, e);
	}
	return err;
}

static enum err
add_range(struct import_write *w, size_t set, const struct import_name *what, uint32_t id,
	struct error *e)
{
	struct addr high = what->address;
	unsigned bits = high.family == 4 ? 32 : 128;

	for (unsigned bit = what->bits; bit < bits; bit++)
		high.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return snapshot_builder_add(w->b, set, &what->address, &high, (uint8_t)what->bits, id, e);
}

static enum err
add_domain(struct import_write *w, size_t set, const uint8_t *name, uint32_t id, struct error *e)
{
	bool below = name[0] == 1 && name[1] == '*';

	return snapshot_builder_add_name(w->b, set, name + 2 * below, below, id, e);
}

static enum err
add_name(struct import_write *w, const struct import_item *items, size_t count, struct error *e)
{
	const uint8_t *name = name_at(w->z, items[0].owner);
	enum import_kind kind = w->kinds[items[0].owner];
	enum import_way way = kind != IMPORT_RECORDS ? IMPORT_AS_LISTING :
		name[0] != 0                         ? IMPORT_AS_RECORDS :
						       IMPORT_AS_ORIGIN;
	struct import_name what;
	uint32_t id;
	enum err err;

	import_name_read(name, &what);
	err = make_class(w, items, count, kind == IMPORT_HOST6 ? &what.address : NULL, way, &id, e);
	if (err != OK)
		return err;
	switch (kind) {
	case IMPORT_HOST6: return add_range(w, w->sets.hosts, &what, id, e);
	case IMPORT_WILD4:
	case IMPORT_WILD6: return add_range(w, w->sets.wild, &what, id, e);
	case IMPORT_LISTED: return add_domain(w, w->sets.listed, name, id, e);
	case IMPORT_GONE:
	case IMPORT_HOST4:
	case IMPORT_RECORDS: break;
	}
	return add_domain(w, w->sets.records, name, id, e);
}

static enum err
of_name(const uint8_t *name, enum err err, struct error *e)
{
	char text[WIRE_NAME_TEXT];
	struct error why = *e;

	return error_set(e, err, "%.200s: %s", wire_name_format(name, text), why.text);
}

static enum err
add_names(struct import_write *w, struct error *e)
{
	const struct import_list *named = &w->z->named;
	enum err err = OK;
	size_t run;

	for (size_t i = 0; err == OK && i < named->count; i += run) {
		run = run_length(named, i);
		if (w->kinds[named->items[i].owner] != IMPORT_GONE)
			err = add_name(w, &named->items[i], run, e);
		if (err != OK)
			err = of_name(name_at(w->z, named->items[i].owner), err, e);
	}
	return err;
}

/* --- SOA, NS and the zone ------------------------------------------------------------ */

/* Names as the snapshot has them, in presentation form. */
struct apex_names {
	char soa[2][WIRE_NAME_TEXT], ns[SNAPSHOT_NS_MAX][WIRE_NAME_TEXT];
};

static enum err
add_ns(struct import_write *w, struct apex_names *names, struct error *e)
{
	const struct import_list *named = &w->z->named;
	struct snapshot_apex *apex = &w->zone.apex;

	apex->ns_ttl_s = UINT32_MAX;
	for (size_t i = 0; i < named->count; i++) {
		struct import_data d;
		char *text;

		if (!is_ns(w->z, &named->items[i]))
			continue;
		if (apex->ns_count == SNAPSHOT_NS_MAX)
			return error_set(e, ERR_UNSUPPORTED, "more than %d name servers",
				SNAPSHOT_NS_MAX);
		d = import_data_get(w->z, named->items[i].data);
		text = names->ns[apex->ns_count];
		wire_name_format((const uint8_t *)d.bytes.p, text);
		apex->ns[apex->ns_count++] = text_of(text);
		if (named->items[i].ttl_s < apex->ns_ttl_s)
			apex->ns_ttl_s = named->items[i].ttl_s;
	}
	return OK;
}

static enum err
add_zone(struct import_write *w, int64_t expires_s, struct error *e)
{
	const struct zone_import_soa *soa = &w->z->soa;
	struct snapshot_apex *apex = &w->zone.apex;
	struct apex_names names;
	enum err err;

	w->zone.name = TEXT("");
	w->zone.policy = TEXT("");
	w->zone.expires_s = expires_s;
	apex->has_soa = true;
	apex->mname = text_of(wire_name_format(soa->mname, names.soa[0]));
	apex->rname = text_of(wire_name_format(soa->rname, names.soa[1]));
	apex->soa_ttl_s = apex->ttl_s = soa->ttl_s;
	apex->serial = soa->serial;
	apex->refresh_s = soa->refresh_s;
	apex->retry_s = soa->retry_s;
	apex->expire_s = soa->expire_s;
	apex->minimum_s = soa->minimum_s;
	err = add_ns(w, &names, e);
	return err == OK ? snapshot_builder_zone(w->b, &w->zone, e) : err;
}

static enum err
write_snapshot(struct import_write *w, int fd, int64_t created_s, int64_t expires_s,
	struct error *e)
{
	enum err err = look(w, e);

	if (err == OK)
		err = add_sets(w, e);
	if (err == OK)
		err = add_hosts(w, e);
	if (err == OK)
		err = add_names(w, e);
	if (err == OK)
		err = import_cover_write(w->z, w->kinds, w->b, &w->sets, e);
	if (err == OK)
		err = add_zone(w, expires_s, e);
	return err == OK ? snapshot_builder_write(w->b, fd, w->z->soa.serial, created_s, e) : err;
}

enum err
zone_import_write(struct zone_import *z, int fd, int64_t created_s, int64_t expires_s,
	struct error *e)
{
	struct import_write *w = calloc(1, sizeof(*w));
	enum err err = ERR_MEMORY;

	if (!z->has_soa) {
		free(w);
		return error_set(e, ERR_REFUSED, "the zone has no SOA");
	}
	if (w != NULL) {
		w->z = z;
		w->b = snapshot_builder_new();
		w->class = calloc(1, sizeof(*w->class));
	}
	if (w != NULL && w->b != NULL && w->class != NULL)
		err = write_snapshot(w, fd, created_s, expires_s, e);
	else
		error_set(e, ERR_MEMORY, "out of memory for its snapshot");
	if (w != NULL) {
		snapshot_builder_free(w->b);
		free(w->class);
		free(w->kinds);
	}
	free(w);
	return err;
}

/* --- a delta that renews ---------------------------------------------------------------- */

enum err
zone_import_write_renewal(const struct snapshot *base, int fd, int64_t created_s, int64_t expires_s,
	struct error *e)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_zone zone;
	struct snapshot_zone_draft draft = {.set_count = 0};
	enum err err = OK;

	if (b == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a delta");
	snapshot_zone(base, 0, &zone);
	draft.name = zone.name;
	draft.policy = zone.policy;
	draft.apex = zone.apex;
	draft.expires_s = expires_s;
	for (size_t i = 0; err == OK && i < zone.set_count; i++)
		err = snapshot_builder_set(b, &draft.sets[draft.set_count++], e);
	if (err == OK)
		err = snapshot_builder_zone(b, &draft, e);
	snapshot_builder_delta_of(b, base);
	if (err == OK)
		err = snapshot_builder_write(b, fd, snapshot_serial(base), created_s, e);
	snapshot_builder_free(b);
	return err;
}
