#include <stdlib.h>
#include <string.h>

#include "gate.h"

enum err
gate_options_read(const struct conf *conf, size_t workers, struct gate_options *out,
	struct prefix **exempt, struct error *e)
{
	const struct conf_list *list = &conf->access.exempt;
	enum err err = OK;

	*exempt = calloc(list->count != 0 ? list->count : 1, sizeof(**exempt));
	if (*exempt == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for options");
	for (size_t i = 0; err == OK && i < list->count; i++)
		err = prefix_parse(text_of(list->items[i]), &(*exempt)[i]);
	if (err != OK)
		return error_set(e, err, "access.exempt has something that is no prefix");
	*out = (struct gate_options){
		.workers = workers,
		.quota = (uint64_t)conf->access.quota,
		.warn_at = (unsigned)conf->access.warn_at,
		.client_ipv4 = (unsigned)conf->access.prefix_ipv4,
		.client_ipv6 = (unsigned)conf->access.prefix_ipv6,
		.clients = (size_t)conf->access.clients,
		.rate = (uint64_t)conf->rrl.rate,
		.slip = (unsigned)conf->rrl.slip,
		.network_ipv4 = (unsigned)conf->rrl.prefix_ipv4,
		.network_ipv6 = (unsigned)conf->rrl.prefix_ipv6,
		.has_keys = conf->access.keys[0] != '\0',
		.exempt_count = list->count,
		.exempt = *exempt,
	};
	return OK;
}

static bool
is_served(const char *name, const struct feed_zone *zones, size_t count)
{
	struct text wanted = text_of(name);

	if (wanted.len != 0 && wanted.p[wanted.len - 1] == '.')
		wanted.len--;
	for (size_t i = 0; i < count; i++) {
		struct text origin = text_of(zones[i].origin);

		/* An access control list for all zones is none. */
		if (origin.len == 0)
			continue;
		/* The zone, or one that a source of it gives below it. */
		if (text_equal_nocase(wanted, origin) ||
			(wanted.len > origin.len + 1 &&
				wanted.p[wanted.len - origin.len - 1] == '.' &&
				text_equal_nocase(text_from(wanted, wanted.len - origin.len),
					origin)))
			return true;
	}
	return false;
}

enum err
access_check(const struct conf *conf, const struct feed_zone *zones, size_t count, struct error *e)
{
	const struct conf_list *list = &conf->access.keys_only;

	if (list->count != 0 && conf->access.keys[0] == '\0')
		return error_set(e, ERR_RANGE,
			"access.keys_only needs access.keys, a file of keys: name one, and have a "
			"key made by orbl dnsd key add");
	for (size_t i = 0; i < list->count; i++)
		if (!is_served(list->items[i], zones, count))
			return error_set(e, ERR_RANGE,
				"access.keys_only: zone %s is none of dnsd.zones; correct the name",
				list->items[i]);
	return OK;
}
