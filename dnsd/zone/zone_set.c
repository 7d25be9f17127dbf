#include "zone_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone_render.h"

enum { TTL_S = 2100 }; /* rbldnsd's, for data that have none */

struct zone_set *
zone_set_new(void)
{
	return calloc(1, sizeof(struct zone_set));
}

static void
free_zone(struct zone *z)
{
	zone_piece_free(&z->soa);
	zone_piece_free(&z->ns);
	zone_piece_free(&z->status);
	zone_piece_free(&z->codes);
	for (size_t i = 0; i < z->test_count; i++)
		zone_piece_free(&z->tests[i].txt);
	free(z);
}

void
zone_set_free(struct zone_set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		free_zone(s->zones[i]);
	free(s->zones);
	free(s->members);
	free(s->slots);
	key_table_release(s->keys);
	free(s);
}

/* --- building ----------------------------------------------------------- */

/* Room for one element more. */
static void *
grow(void *array, size_t count, size_t *room, size_t size, struct error *e)
{
	size_t wanted = *room == 0 ? 8 : *room * 2;
	void *grown;

	if (count < *room)
		return array;
	grown = realloc(array, wanted * size);
	if (grown == NULL)
		error_set(e, ERR_MEMORY, "out of memory for the table of zones");
	else
		*room = wanted;
	return grown;
}

static enum err
read_origin(struct text relative, struct text origin, struct zone *z, struct error *e)
{
	char name[WIRE_NAME_TEXT];
	size_t len;

	if (origin.len == 1 && origin.p[0] == '.')
		origin = TEXT_NONE;
	len = (size_t)snprintf(name, sizeof(name), "%.*s%s%.*s", TEXT_ARG(relative),
		relative.len != 0 && origin.len != 0 ? "." : "", TEXT_ARG(origin));
	if (len >= sizeof(name) || wire_name_parse(text_of(name), z->origin, &len) != OK)
		return error_set(e, ERR_SYNTAX, "\"%s\" is not a domain name for a zone", name);
	wire_name_lower(z->origin, len);
	z->origin_len = (uint8_t)len;
	z->origin_labels = (uint8_t)wire_name_labels(z->origin);
	for (size_t i = 0; i < len; i++)
		z->fold[i] = z->origin[i] >= 'a' && z->origin[i] <= 'z' ? 0x20 : 0;
	return OK;
}

static struct zone *
find_same(const struct zone_set *s, const struct zone *z)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->zones[i]->origin_len == z->origin_len &&
			memcmp(s->zones[i]->origin, z->origin, z->origin_len) == 0)
			return s->zones[i];
	return NULL;
}

static enum err
append_zone(struct zone_set *s, struct zone *z, struct error *e)
{
	void *grown = grow(s->zones, s->count, &s->room, sizeof(struct zone *), e);

	if (grown == NULL)
		return ERR_MEMORY;
	s->zones = grown;
	s->zones[s->count++] = z;
	return OK;
}

/* The zone of this name, made if there is none. */
static enum err
get_zone(struct zone_set *s, struct text relative, struct text origin, struct zone **out,
	struct error *e)
{
	struct zone *z = calloc(1, sizeof(*z)), *same;
	enum err err;

	if (z == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a zone");
	z->is_ready = z->is_within = true;
	err = read_origin(relative, origin, z, e);
	same = err == OK ? find_same(s, z) : NULL;
	if (err == OK && same == NULL)
		err = append_zone(s, z, e);
	if (err != OK || same != NULL)
		free(z);
	*out = same != NULL ? same : z;
	return err;
}

static struct snapshot_layer
make_layer(const struct zone_source *source, const struct snapshot_set *set)
{
	struct snapshot_layer l = {.set = set};

	if (source->delta != NULL && !snapshot_set_has_names(set))
		l.delta = snapshot_set_at(source->delta, snapshot_set_index(set));
	return l;
}

static enum err
add_acl(struct zone_acls *acls, const struct zone_source *source, const struct snapshot_set *acl,
	struct error *e)
{
	if (acls->count == ZONE_ACLS_MAX)
		return error_set(e, ERR_FULL, "more than %d access control lists of one zone",
			ZONE_ACLS_MAX);
	acls->acls[acls->count++] = make_layer(source, acl);
	return OK;
}

static enum err
add_global_acls(struct zone_set *s, const struct zone_source *source, struct error *e)
{
	enum err err = OK;

	if (source->snapshot == NULL) {
		s->is_acl_missing = true;
		return OK;
	}
	for (size_t i = 0; err == OK && i < snapshot_zone_count(source->snapshot); i++) {
		struct snapshot_zone data;

		snapshot_zone(source->snapshot, i, &data);
		if (data.acl != NULL)
			err = add_acl(&s->acls, source, data.acl, e);
	}
	return err;
}

static uint64_t
upper_half(const struct addr *a)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | a->b[i];
	return n;
}

/* Of addresses, or of IPv6 networks of 64 bits: what a host is (RFC 5782 section 2.4). */
static size_t
count_hosts(const struct snapshot_range *r)
{
	uint64_t more = r->low.family == 4 ? addr_ipv4(&r->high) - addr_ipv4(&r->low) :
					     upper_half(&r->high) - upper_half(&r->low);

	return more < SIZE_MAX ? (size_t)more + 1 : SIZE_MAX;
}

/* How many hosts the delta adds or takes away. Those of the analyzer change single ones; of longer
 * ranges the first address tells. */
static void
count_changes(const struct snapshot_layer *l, size_t *count)
{
	struct snapshot_layer base = {.set = l->set};
	struct snapshot_walk walk = {.host = 0};
	struct snapshot_range range;
	struct snapshot_view v;

	while (snapshot_next_range(l->delta, &walk, &range)) {
		bool was = snapshot_layer_find(&base, &range.low, &v);
		bool is = range.view.action != SNAPSHOT_REMOVED;
		size_t hosts = count_hosts(&range);

		if (is && !was)
			*count += hosts;
		else if (was && !is)
			*count -= hosts < *count ? hosts : *count;
	}
}

/* For status: hosts, or names. */
static size_t
count_entries(const struct snapshot_layer *l)
{
	struct snapshot_walk ranges = {.host = SIZE_MAX}; /* single hosts are counted already */
	size_t count = snapshot_set_entries(l->set);
	struct snapshot_range range;

	if (snapshot_set_has_names(l->set))
		return count;
	while (snapshot_next_range(l->set, &ranges, &range)) {
		size_t more = count_hosts(&range) - 1;

		count = more < SIZE_MAX - count ? count + more : SIZE_MAX;
	}
	if (l->delta != NULL)
		count_changes(l, &count);
	return count;
}

static enum err
add_layers(struct zone *z, const struct zone_source *source, const struct snapshot_zone *data,
	uint32_t ttl_s, struct error *e)
{
	if (data->set_count > ZONE_LAYERS_MAX - z->layer_count)
		return error_set(e, ERR_FULL, "more than %d data sets of one zone",
			ZONE_LAYERS_MAX);
	for (size_t i = 0; i < data->set_count; i++) {
		struct zone_layer *l = &z->layers[z->layer_count++];

		l->layer = make_layer(source, data->sets[i]);
		l->ttl_s = ttl_s;
		l->is_list = source->is_list || source->is_received;
		l->has_names = snapshot_set_has_names(data->sets[i]);
		l->has_records = snapshot_set_has_records(data->sets[i]);
		z->has_names |= l->has_names;
		z->lists_names |= l->has_names && !l->has_records;
		z->has_addresses |= !l->has_names;
		z->entries += count_entries(&l->layer);
	}
	return data->acl != NULL ? add_acl(&z->acls, source, data->acl, e) : OK;
}

/* meta and its file: the delta's, where there is one, for it is the newer. */
static void
add_age(struct zone *z, const struct zone_source *source, const struct snapshot *file,
	const struct snapshot_zone *meta)
{
	int64_t created_s = snapshot_created_s(file), stale_s = meta->expires_s;
	uint32_t serial;

	if (source->max_age_s != 0 && (stale_s == 0 || created_s + source->max_age_s < stale_s))
		stale_s = created_s + source->max_age_s;
	if (stale_s != 0 && (z->stale_s == 0 || stale_s < z->stale_s))
		z->stale_s = stale_s;
	/* For an SOA that has none: when the newest data changed. Lists of clients are no data. */
	serial = meta->apex.serial != 0 ? (uint32_t)created_s : snapshot_serial(file);
	if (meta->acl == NULL || meta->set_count != 0) {
		z->serial = serial > z->serial ? serial : z->serial;
		z->data_sources++;
		z->is_counted |= source->is_list;
	}
	if (created_s > z->created_s)
		z->created_s = created_s;
}

static enum err
add_data(struct zone *z, const struct zone_source *source, size_t i, struct snapshot_zone *meta,
	struct error *e)
{
	const struct snapshot *file = source->delta != NULL ? source->delta : source->snapshot;
	struct snapshot_zone data;
	enum err err = OK;
	uint32_t ttl_s;

	snapshot_zone(source->snapshot, i, &data);
	snapshot_zone(file, i, meta);
	ttl_s = meta->apex.ttl_s != 0 ? zone_render_ttl(meta->apex.ttl_s) : TTL_S;
	if (z->ttl_s == 0)
		z->ttl_s = ttl_s;
	z->is_within &= meta->is_within;
	add_age(z, source, file, meta);
	if (!meta->is_within && meta->apex.has_soa && z->soa.count == 0) {
		err = zone_render_soa(z, &meta->apex, e);
		if (err == OK)
			z->mname = meta->apex.mname;
	}
	if (err == OK && !meta->is_within && meta->apex.ns_count != 0 && z->ns.count == 0)
		err = zone_render_ns(z, &meta->apex, e);
	if (err == OK)
		err = add_layers(z, source, &data, ttl_s, e);
	if (err == OK && source->is_list && z->codes.count == 0)
		err = zone_render_list(z, data.name, e);
	return err;
}

static enum err
add_member(struct zone_set *s, struct zone *z, struct zone *root, struct error *e)
{
	void *grown = grow(s->members, s->member_count, &s->member_room, sizeof(*s->members), e);

	if (grown == NULL)
		return ERR_MEMORY;
	s->members = grown;
	s->members[s->member_count++] = (struct zone_member){z, root};
	return OK;
}

static enum err
add_zone(struct zone_set *s, struct zone *root, struct text origin,
	const struct zone_source *source, size_t i, struct error *e)
{
	struct snapshot_zone meta;
	struct zone *z;
	enum err err;

	snapshot_zone(source->snapshot, i, &meta);
	err = get_zone(s, meta.name, origin, &z, e);
	if (err == OK)
		err = add_member(s, z, root, e);
	if (err != OK)
		return err;
	err = add_data(z, source, i, &meta, e);
	if (err != OK)
		z->is_ready = false; /* half of the data would be a wrong answer */
	if (z->policy.len == 0)
		z->policy = meta.policy;
	if (z->notice.len == 0)
		z->notice = snapshot_notice(
			source->delta != NULL ? source->delta : source->snapshot);
	return err;
}

enum err
zone_set_add(struct zone_set *s, struct text origin, const struct zone_source *source,
	struct error *e)
{
	struct zone *root;
	enum err err;

	if (origin.len == 0)
		return add_global_acls(s, source, e);
	err = get_zone(s, TEXT_NONE, origin, &root, e);
	if (err != OK)
		return err;
	root->is_within = false;
	root->is_bare |= source->is_bare;
	if (source->snapshot == NULL) {
		root->is_ready = false;
		return OK;
	}
	for (size_t i = 0; err == OK && i < snapshot_zone_count(source->snapshot); i++)
		err = add_zone(s, root, origin, source, i, e);
	return err;
}

/* --- keys --------------------------------------------------------------- */

enum err
zone_set_use_keys(struct zone_set *s, struct key_table *keys, const struct conf_list *keys_only,
	struct error *e)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	for (size_t i = 0; keys_only != NULL && i < keys_only->count; i++)
		if (wire_name_parse(text_of(keys_only->items[i]), wire, &len) != OK)
			return error_set(e, ERR_SYNTAX,
				"access.keys_only: \"%s\" is no zone's name", keys_only->items[i]);
	key_table_release(s->keys);
	s->keys = key_table_hold(keys);
	s->awaits_keys = false;
	s->keys_only = keys_only;
	return OK;
}

void
zone_set_await_keys(struct zone_set *s)
{
	s->awaits_keys = s->keys == NULL;
}

static bool
needs_key(const struct zone_set *s, const struct zone *z)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	for (size_t i = 0; s->keys_only != NULL && i < s->keys_only->count; i++) {
		if (wire_name_parse(text_of(s->keys_only->items[i]), wire, &len) != OK)
			return true; /* was checked */
		wire_name_lower(wire, len);
		if (z->origin_len == len ? memcmp(z->origin, wire, len) == 0 :
					   zone_set_is_below(z, wire, len))
			return true;
	}
	return false;
}

/* --- finishing ---------------------------------------------------------- */

/* Whose SOA and NS, and what lies around it. */
static void
relate(const struct zone_set *s, struct zone *z)
{
	struct zone *parent = NULL;

	for (size_t i = 0; i < s->member_count; i++)
		if (s->members[i].zone == z && z->is_within && z->apex == NULL)
			z->apex = s->members[i].root;
	if (z->apex == NULL)
		z->apex = z;
	for (size_t i = 0; i < s->count; i++) {
		struct zone *around = s->zones[i];

		if (!zone_set_is_below(z, around->origin, around->origin_len))
			continue;
		if (parent == NULL || parent->origin_len < around->origin_len)
			parent = around;
	}
	z->parent = parent;
	if (parent != NULL && z->origin[1] >= '0' && z->origin[1] <= '9')
		parent->is_plain = false;
	if (parent != NULL && z->origin_labels > parent->origin_labels + 1)
		parent->has_gaps = true;
}

static enum err
finish_zones(struct zone_set *s, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; i < s->member_count; i++)
		s->members[i].zone->is_ready &= s->members[i].root->is_ready;
	for (size_t i = 0; i < s->count; i++) {
		struct zone *z = s->zones[i];

		z->is_ready &= !s->is_acl_missing;
		z->needs_key = needs_key(s, z);
		z->is_plain = z->is_ready && z->has_addresses && !z->has_names && !z->needs_key;
	}
	for (size_t i = 0; err == OK && i < s->count; i++) {
		struct zone *z = s->zones[i];

		relate(s, z);
		if (z->apex == z)
			err = zone_render_missing(z, e);
		/* A count and a time do not compare: whichever source changes, its time is the
		 * newest. */
		if (z->is_counted && z->data_sources > 1)
			z->serial = (uint32_t)z->created_s;
		if (err == OK && z->apex == z)
			zone_render_serial(z);
		if (err == OK && !z->is_bare)
			err = zone_render_test(z, e);
	}
	for (size_t i = 0; err == OK && i < s->count; i++)
		err = s->zones[i]->is_bare ? OK : zone_render_status(s->zones[i], e);
	return err;
}

static void
add_slot(struct zone_set *s, const struct zone *z)
{
	uint64_t head = zone_set_head(z->origin, z->origin_len);
	uint32_t slot = zone_set_hash(head) & s->slot_mask;

	while (s->slots[slot].zone != NULL)
		slot++;
	s->slots[slot] = (struct zone_slot){head, z};
	s->has_length[z->origin_len] = true;
	if (z->origin_labels > s->labels_max)
		s->labels_max = z->origin_labels;
}

enum err
zone_set_finish(struct zone_set *s, struct error *e)
{
	uint32_t slots = 8;
	enum err err;

	if (s->count >= UINT16_MAX)
		return error_set(e, ERR_FULL, "more than %d zones", UINT16_MAX - 1);
	err = finish_zones(s, e);
	s->keys_only = NULL;
	if (err != OK)
		return err;
	while (slots < s->count * 4)
		slots *= 2;
	s->slots = calloc(slots + s->count + 1, sizeof(*s->slots));
	if (s->slots == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of zones");
	s->slot_mask = slots - 1;
	for (size_t i = 0; i < s->count; i++)
		add_slot(s, s->zones[i]);
	return OK;
}
