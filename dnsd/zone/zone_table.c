#include "zone_table.h"

#include <stdlib.h>
#include <string.h>

static bool
is_acl(const struct feed_source *s)
{
	return strcmp(s->type, "acl") == 0;
}

const char *
zone_table_name(const struct feed_zone *zone)
{
	return zone->origin[0] != '\0' ? zone->origin : "(all)";
}

static bool
is_received(const struct feed_zone *zone)
{
	return zone->source.kind == FEED_TRANSFER;
}

static bool
is_catalog(const struct feed_zone *zone)
{
	return zone->source.kind == FEED_CATALOG;
}

/* The file of a zone that comes by transfer is that zone's alone. */
static enum err
check_file(const struct feed_zone *a, const struct feed_zone *b, struct error *e)
{
	if ((!is_received(a) && !is_received(b)) || !feed_source_is_snapshot(&a->source) ||
		!feed_source_is_snapshot(&b->source) ||
		strcmp(a->source.paths, b->source.paths) != 0)
		return OK;
	return error_set(e, ERR_REFUSED,
		"zones %s and %s have one file, %.200s, in which a transfer is kept; name another "
		"one",
		a->origin, b->origin, a->source.paths);
}

static enum err
check_pair(const struct feed_zone *a, const struct feed_zone *b, struct error *e)
{
	if (strcmp(a->origin, b->origin) != 0)
		return check_file(a, b, e);
	if (is_catalog(a) || is_catalog(b))
		return error_set(e, ERR_REFUSED,
			"zone %s is the catalog (transfer.catalog), and can have no other data; "
			"name the catalog otherwise",
			zone_table_name(a));
	if (feed_source_equal(&a->source, &b->source))
		return error_set(e, ERR_REFUSED, "zone %s: \"%s\" is given twice; remove one",
			zone_table_name(a), a->source.paths);
	if (a->source.kind == FEED_SNAPSHOT && b->source.kind == FEED_SNAPSHOT)
		return error_set(e, ERR_REFUSED,
			"zone %s has two snapshots, and can have one; give the other one a zone of "
			"its own",
			zone_table_name(a));
	if ((is_received(a) && !is_acl(&b->source)) || (is_received(b) && !is_acl(&a->source)))
		return error_set(e, ERR_REFUSED,
			"zone %s comes by transfer, and can have no other data; give those a zone "
			"of their own",
			zone_table_name(a));
	if (is_acl(&a->source) && is_acl(&b->source))
		return error_set(e, ERR_REFUSED,
			"zone %s has two access control lists; make one of them: "
			"rbldnsd:acl:FILE,FILE",
			zone_table_name(a));
	return OK;
}

enum err
zone_table_check(const struct feed_zone *zones, size_t count, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < count; i++)
		for (size_t k = 0; err == OK && k < i; k++)
			err = check_pair(&zones[k], &zones[i], e);
	return err;
}

static void
add_entry(struct zone_table *t, const struct feed_zone *zone)
{
	struct zone_table_entry *entry = &t->entries[t->entry_count++];
	size_t i = 0;

	while (i < t->source_count && !feed_source_equal(t->sources[i], &zone->source))
		i++;
	if (i == t->source_count)
		t->sources[t->source_count++] = &zone->source;
	entry->zone = zone;
	entry->source = i;
}

enum err
zone_table_init(struct zone_table *t, const struct feed_zone *zones, size_t count,
	int64_t max_age_s, struct error *e)
{
	size_t room = count != 0 ? count : 1;
	enum err err = zone_table_check(zones, count, e);

	*t = (struct zone_table){.max_age_s = max_age_s};
	if (err != OK)
		return err;
	t->entries = calloc(room, sizeof(*t->entries));
	t->sources = calloc(room, sizeof(*t->sources));
	if (t->entries == NULL || t->sources == NULL) {
		zone_table_free(t);
		return error_set(e, ERR_MEMORY, "out of memory for %zu zones", room);
	}
	for (size_t i = 0; i < count; i++)
		add_entry(t, &zones[i]);
	return OK;
}

void
zone_table_free(struct zone_table *t)
{
	free(t->entries);
	free(t->sources);
	*t = (struct zone_table){.entry_count = 0};
}

static enum err
add_zone(const struct zone_table *t, struct zone_table_entry *entry,
	const struct zone_table_data *data, bool strict, struct zone_set *zones, struct error *e)
{
	struct zone_source source = {
		.snapshot = data->snapshot,
		.delta = data->delta,
		.is_list = entry->zone->source.kind == FEED_SNAPSHOT,
		.is_received = is_received(entry->zone),
		.is_bare = is_catalog(entry->zone),
		.max_age_s = is_catalog(entry->zone) ? 0 : t->max_age_s,
	};
	struct text origin = text_of(entry->zone->origin);
	struct error why = {.code = OK};
	enum err err = zone_set_add(zones, origin, &source, &why);

	entry->may_be_served = err == OK && data->snapshot != NULL;
	entry->error = why;
	if (err == OK)
		return OK;
	if (strict || entry->is_served || err == ERR_MEMORY)
		return error_set(e, err, "zone %s: %s", zone_table_name(entry->zone), why.text);
	source.snapshot = source.delta = NULL;
	return zone_set_add(zones, origin, &source, e);
}

enum err
zone_table_build(struct zone_table *t, const struct zone_table_data *data, bool strict,
	struct zone_set **out, struct error *e)
{
	struct zone_set *zones = zone_set_new();
	enum err err = OK;

	*out = NULL;
	if (zones == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of zones");
	for (size_t i = 0; err == OK && i < t->entry_count; i++) {
		struct zone_table_entry *entry = &t->entries[i];

		err = add_zone(t, entry, &data[entry->source], strict, zones, e);
	}
	if (err == OK)
		err = zone_set_use_keys(zones, t->keys, t->keys_only, e);
	if (err == OK && t->has_keys)
		zone_set_await_keys(zones);
	if (err == OK)
		err = zone_set_finish(zones, e);
	if (err == OK)
		*out = zones;
	else
		zone_set_free(zones);
	return err;
}

void
zone_table_accept(struct zone_table *t)
{
	for (size_t i = 0; i < t->entry_count; i++)
		t->entries[i].is_served = t->entries[i].may_be_served;
}
