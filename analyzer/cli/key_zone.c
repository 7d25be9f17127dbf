#include "key_zone.h"

#include <stdio.h>
#include <strings.h>

enum { NAMES_SHOWN = 512 };

static struct text
without_dot(struct text name)
{
	if (name.len != 0 && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

/* The i-th zone, by name; of length 0 for an access control list of all zones. False: no more. */
static bool
get_zone(const struct conf *conf, size_t i, struct text *out)
{
	const struct conf_list *list = &conf->dnsd.zones;
	struct text rest;

	if (list->count == 0) {
		*out = without_dot(text_of(conf->zone.name));
		return i == 0;
	}
	if (i >= list->count)
		return false;
	rest = text_of(list->items[i]);
	*out = without_dot(text_trim(text_cut(&rest, '=')));
	return true;
}

/* Is it the zone, or below it? */
static bool
is_within(struct text name, struct text zone)
{
	size_t above;

	name = without_dot(name);
	zone = without_dot(zone);
	if (name.len < zone.len)
		return false;
	above = name.len - zone.len;
	return strncasecmp(name.p + above, zone.p, zone.len) == 0 &&
		(above == 0 || name.p[above - 1] == '.');
}

/* Of those served, the first within the name; false: none is. */
static bool
find_within(const struct conf *conf, struct text name, struct text *out)
{
	for (size_t i = 0; get_zone(conf, i, out); i++)
		if (out->len != 0 && is_within(*out, name))
			return true;
	return false;
}

static bool
is_served(const struct conf *conf, struct text name)
{
	struct text zone;

	if (find_within(conf, name, &zone))
		return true;
	for (size_t i = 0; get_zone(conf, i, &zone); i++)
		if (zone.len != 0 && is_within(name, zone))
			return true;
	return false;
}

/* Those that find no room are left out. */
static const char *
list_zones(const struct conf *conf, char out[NAMES_SHOWN])
{
	struct text zone;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; get_zone(conf, i, &zone); i++)
		if (zone.len != 0 && used + zone.len + 3 < NAMES_SHOWN)
			used += (size_t)snprintf(out + used, NAMES_SHOWN - used, "%s%.*s",
				used != 0 ? ", " : "", TEXT_ARG(zone));
	return out;
}

enum err
key_zone_check(const struct conf *conf, const struct query_key *k, struct error *e)
{
	char names[NAMES_SHOWN];

	for (size_t i = 0; i < k->zone_count; i++)
		if (!is_served(conf, k->zones[i]))
			return error_set(e, ERR_NOT_FOUND,
				"--zone %.*s is not served, and no key was made; dnsd.zones has: "
				"%s",
				TEXT_ARG(text_upto(k->zones[i], 100)), list_zones(conf, names));
	return OK;
}

struct text
key_zone_to_try(const struct conf *conf, const struct query_key *k)
{
	struct text zone = TEXT_NONE;

	if (k->zone_count == 0) {
		for (size_t i = 0; get_zone(conf, i, &zone); i++)
			if (zone.len != 0)
				return zone;
		return without_dot(text_of(conf->zone.name));
	}
	return find_within(conf, k->zones[0], &zone) ? zone : k->zones[0];
}
