#include "reporters.h"

#include <stdlib.h>
#include <string.h>

#include "event_map.h"
#include "reporter_key.h"

/* Of one that has no section: as in orbl.conf(5). */
enum { QUOTA_DEFAULT = 1000000 };

struct reporter {
	struct relay_policy *policy; /* NULL: none */
	struct event_map *events;    /* NULL: the built-in rows */
	struct text *local_domains;
	struct prefix *from;
	size_t from_count;
};

struct reporters {
	const struct conf *conf;
	struct reporter items[]; /* as conf->reporters */
};

static enum err
load_events(const struct conf_reporter *conf, struct reporter *r, struct error *e)
{
	struct error reason = {.code = OK};

	if (conf->events.count == 0)
		return OK;
	r->events = event_map_new();
	if (r->events == NULL)
		return error_set(e, ERR_MEMORY, "reporters: out of memory");
	for (size_t i = 0; i < conf->events.count; i++)
		if (event_map_add(r->events, conf->events.items[i], &reason) != OK)
			return error_set(e, reason.code, "reporter %s: events: %s", conf->name,
				reason.text);
	return OK;
}

static enum err
load_lists(const struct conf_reporter *conf, struct reporter *r, struct error *e)
{
	r->local_domains = calloc(conf->local_domains.count + 1, sizeof(r->local_domains[0]));
	r->from = calloc(conf->syslog_from.count + 1, sizeof(r->from[0]));
	if (r->local_domains == NULL || r->from == NULL)
		return error_set(e, ERR_MEMORY, "reporters: out of memory");
	for (size_t i = 0; i < conf->local_domains.count; i++)
		r->local_domains[i] = text_of(conf->local_domains.items[i]);
	for (; r->from_count < conf->syslog_from.count; r->from_count++)
		if (prefix_parse(text_of(conf->syslog_from.items[r->from_count]),
			    &r->from[r->from_count]) != OK)
			return error_set(e, ERR_SYNTAX, "reporter %s: syslog_from: %s", conf->name,
				conf->syslog_from.items[r->from_count]);
	return OK;
}

static bool
has_prefix(const struct reporter *r, const struct prefix *p)
{
	for (size_t i = 0; i < r->from_count; i++)
		if (r->from[i].len == p->len && addr_equal(&r->from[i].addr, &p->addr))
			return true;
	return false;
}

/* A message must have one reporter. */
static enum err
check_prefixes(const struct reporters *r, size_t last, struct error *e)
{
	const struct reporter *item = &r->items[last];
	char text[PREFIX_TEXT];

	for (size_t k = 0; k < last; k++)
		for (size_t i = 0; i < item->from_count; i++)
			if (has_prefix(&r->items[k], &item->from[i]))
				return error_set(e, ERR_REFUSED,
					"reporters %s and %s both have %s in syslog_from; "
					"give it to one of them",
					r->conf->reporters[k].name, r->conf->reporters[last].name,
					prefix_format(&item->from[i], text));
	return OK;
}

/* A key itself in its place would never fit. */
static enum err
check_hash(const struct conf_reporter *conf, struct error *e)
{
	if (conf->key[0] == '\0' || reporter_key_is_hash(conf->key))
		return OK;
	return error_set(e, ERR_SYNTAX,
		"reporter %s: key: not the hash of a key, which has 64 hexadecimal digits; "
		"orbl reporter key %s makes one",
		conf->name, conf->name);
}

static enum err
load_reporter(struct reporters *r, size_t i, struct error *e)
{
	const struct conf_reporter *conf = &r->conf->reporters[i];
	enum err err = check_hash(conf, e);

	if (err == OK && conf->relay_policy[0] != '\0')
		err = relay_policy_read(conf->relay_policy, &r->items[i].policy, stderr, e);
	if (err == OK)
		err = load_events(conf, &r->items[i], e);
	if (err == OK)
		err = load_lists(conf, &r->items[i], e);
	return err == OK ? check_prefixes(r, i, e) : err;
}

enum err
reporters_load(const struct conf *conf, struct reporters **out, struct error *e)
{
	struct reporters *r = calloc(1, sizeof(*r) + conf->reporter_count * sizeof(r->items[0]));
	enum err err = OK;

	*out = NULL;
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "reporters: out of memory");
	r->conf = conf;
	for (size_t i = 0; err == OK && i < conf->reporter_count; i++)
		err = load_reporter(r, i, e);
	if (err != OK) {
		reporters_free(r);
		return err;
	}
	*out = r;
	return OK;
}

void
reporters_free(struct reporters *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->conf->reporter_count; i++) {
		relay_policy_free(r->items[i].policy);
		event_map_free(r->items[i].events);
		free(r->items[i].local_domains);
		free(r->items[i].from);
	}
	free(r);
}

/* NULL when there is no such section. */
static const struct reporter *
find(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? &r->items[reporter - r->conf->reporters] : NULL;
}

const struct relay_policy *
reporters_relay_policy(const struct reporters *r, const char *name)
{
	const struct reporter *reporter = find(r, name);

	return reporter != NULL ? reporter->policy : NULL;
}

const char *
reporters_policy_file(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? reporter->relay_policy : "";
}

int64_t
reporters_trust(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? reporter->trust : 100;
}

int64_t
reporters_quota(const struct reporters *r, const char *name)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	return reporter != NULL ? reporter->quota : QUOTA_DEFAULT;
}

static bool
has_keys(const struct reporters *r)
{
	for (size_t i = 0; i < r->conf->reporter_count; i++)
		if (r->conf->reporters[i].key[0] != '\0')
			return true;
	return false;
}

/* A key would be worth nothing if whoever has none could take another name. */
static enum err
check_name(const struct reporters *r, const char *name, struct error *e)
{
	if (!has_keys(r))
		return OK;
	return error_set(e, ERR_REFUSED,
		"reporter %s has no section in orbl.conf, and as others have a key, nothing is "
		"taken under a name without one; add reporter \"%s\" { ... }",
		name, name);
}

enum err
reporters_check_key(const struct reporters *r, const char *name, const char *key, struct error *e)
{
	const struct conf_reporter *reporter = conf_reporter(r->conf, name);

	if (reporter == NULL)
		return check_name(r, name, e);
	if (reporter->key[0] == '\0' || reporter_key_fits(key, reporter->key))
		return OK;
	if (key == NULL || *key == '\0')
		return error_set(e, ERR_REFUSED,
			"reporter %s has a key, without which nothing is taken from it; "
			"use orbl submit --key-file FILE",
			name);
	return error_set(e, ERR_REFUSED, "this is not the key of reporter %s", name);
}

const struct event_map *
reporters_events(const struct reporters *r, const char *name)
{
	const struct reporter *reporter = find(r, name);

	return reporter != NULL ? reporter->events : NULL;
}

const struct text *
reporters_local_domains(const struct reporters *r, const char *name, size_t *count)
{
	const struct conf_reporter *conf = conf_reporter(r->conf, name);

	*count = conf != NULL ? conf->local_domains.count : 0;
	return conf != NULL ? r->items[conf - r->conf->reporters].local_domains : NULL;
}

const char *
reporters_by_address(const struct reporters *r, const struct addr *a)
{
	const char *name = NULL;
	int longest = -1;

	for (size_t k = 0; k < r->conf->reporter_count; k++)
		for (size_t i = 0; i < r->items[k].from_count; i++) {
			const struct prefix *p = &r->items[k].from[i];

			if (p->len > longest && prefix_has_addr(p, a)) {
				longest = p->len;
				name = r->conf->reporters[k].name;
			}
		}
	return name;
}

bool
reporters_have_addresses(const struct reporters *r)
{
	for (size_t i = 0; i < r->conf->reporter_count; i++)
		if (r->items[i].from_count != 0)
			return true;
	return false;
}
