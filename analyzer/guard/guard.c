#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/listing.h>
#include <orbl/log.h>
#include <orbl/store_order.h>

#include "prefix_set.h"
#include "safe_list.h"

enum { LOOPBACK_IPV4 = 127, TEST_POINT_NEVER = 0x7f000001, SHOWN = 96 };

struct order { /* of exemption */
	char author[32], reason[SHOWN];
};

struct orders {
	struct prefix_item *items;
	struct order *texts;
	size_t count, room;
};

struct guard {
	const struct conf *conf;
	struct store *store;
	struct prefix_set reserved, allowed, points, own, exempt, ordered; /* tag of own: a name */
	struct order *orders;                                              /* tag of ordered */
	int64_t orders_version;
	uint64_t orders_generation;
	bool has_orders;
	struct safe_lists *safe;
};

/* --- what orbl.conf says ---------------------------------------------------------- */

static enum err
add(struct prefix_item **items, size_t *count, const struct prefix *p, uint32_t tag)
{
	struct prefix_item *more = realloc(*items, (*count + 1) * sizeof(*more));

	if (more == NULL)
		return ERR_MEMORY;
	more[(*count)++] = (struct prefix_item){*p, tag};
	*items = more;
	return OK;
}

static enum err
add_list(struct prefix_set *set, const struct conf_list *list)
{
	struct prefix_item *items = NULL;
	struct prefix p;
	size_t count = 0;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < list->count; i++) {
		err = prefix_parse(text_of(list->items[i]), &p);
		if (err == OK)
			err = add(&items, &count, &p, 0);
	}
	prefix_set_make(set, items, count);
	return err;
}

static enum err
add_reserved(struct prefix_set *set)
{
	struct prefix_item *items = NULL;
	struct prefix p;
	size_t count = 0;
	enum err err = OK;

	for (size_t i = 0; err == OK && addr_reserved_network(i, &p); i++)
		err = add(&items, &count, &p, 0);
	prefix_set_make(set, items, count);
	return err;
}

/* RFC 5782 section 5: served whatever the data say. */
static enum err
add_points(struct prefix_set *set)
{
	struct prefix p = {addr_from_ipv4(TEST_POINT_NEVER), 32};
	struct prefix_item *items = NULL;
	size_t count = 0;
	enum err err = add(&items, &count, &p, 0);

	for (enum category c = 0; err == OK && c < CATEGORY_COUNT; c++) {
		p.addr = addr_from_ipv4(category_row(c)->code);
		err = add(&items, &count, &p, 0);
	}
	prefix_set_make(set, items, count);
	return err;
}

/* --- our own addresses --- */

enum own { OWN_COLLECTOR, OWN_SOURCE, OWN_SECOND_SOURCE, OWN_DNSD };
static const char *const own_names[] = {
	[OWN_COLLECTOR] = "collector.listen",
	[OWN_SOURCE] = "probe.source",
	[OWN_SECOND_SOURCE] = "probe.second_source",
	[OWN_DNSD] = "dnsd.listen",
};

struct own_items {
	const struct guard *guard;
	struct prefix_item *items;
	size_t count;
};

static bool
is_loopback(const struct addr *a)
{
	static const struct addr loopback6 = {.family = 6, .b = {[15] = 1}};

	return (a->family == 4 && a->b[0] == LOOPBACK_IPV4) || addr_equal(a, &loopback6);
}

static bool
is_wildcard(const struct addr *a)
{
	static const struct addr any4 = {.family = 4}, any6 = {.family = 6};

	return addr_equal(a, &any4) || addr_equal(a, &any6);
}

/* A loopback address says nothing about who we are on the Internet, and where the loopback network
 * may be probed it is a laboratory. */
static enum err
add_own(struct own_items *own, const char *text, enum own name)
{
	struct prefix p;
	struct endpoint endpoint;

	if (text[0] == '\0' || endpoint_parse(text_of(text), &endpoint) != OK)
		return OK;
	p = (struct prefix){endpoint.addr, endpoint.addr.family == 4 ? 32 : 128};
	if (is_wildcard(&p.addr) ||
		(is_loopback(&p.addr) && prefix_set_find(&own->guard->allowed, &p) != NULL))
		return OK;
	return add(&own->items, &own->count, &p, name);
}

static enum err
add_own_addresses(struct guard *g)
{
	const struct conf *c = g->conf;
	struct own_items own = {.guard = g};
	enum err err = add_own(&own, c->collector.listen, OWN_COLLECTOR);

	if (err == OK)
		err = add_own(&own, c->probe.source, OWN_SOURCE);
	if (err == OK)
		err = add_own(&own, c->probe.second_source, OWN_SECOND_SOURCE);
	for (size_t i = 0; err == OK && i < c->dnsd.listen.count; i++)
		err = add_own(&own, c->dnsd.listen.items[i], OWN_DNSD);
	prefix_set_make(&g->own, own.items, own.count);
	return err;
}

static enum err
read_conf(struct guard *g, struct error *e)
{
	enum err err = add_list(&g->allowed, &g->conf->probe.allow);

	if (err == OK)
		err = add_list(&g->exempt, &g->conf->listing.exempt);
	if (err == OK)
		err = add_reserved(&g->reserved);
	if (err == OK)
		err = add_points(&g->points);
	if (err == OK)
		err = add_own_addresses(g);
	if (err == ERR_MEMORY)
		return error_set(e, err, "out of memory");
	return err == OK ? OK : error_set(e, err, "listing.exempt has what is no prefix");
}

/* --- what an operator has ordered --------------------------------------------------- */

static bool
make_room(struct orders *o)
{
	size_t room = o->room == 0 ? 16 : 2 * o->room;
	struct prefix_item *items;
	struct order *texts;

	if (o->count < o->room)
		return true;
	items = realloc(o->items, room * sizeof(*items));
	if (items == NULL)
		return false;
	o->items = items;
	texts = realloc(o->texts, room * sizeof(*texts));
	if (texts == NULL)
		return false;
	o->texts = texts;
	o->room = room;
	return true;
}

static enum err
on_order(const struct store_order *order, void *context)
{
	struct orders *o = context;
	struct order *text;

	if (strcmp(order->action, "exempt") != 0)
		return OK;
	if (!make_room(o))
		return ERR_MEMORY;
	o->items[o->count] = (struct prefix_item){order->prefix, (uint32_t)o->count};
	text = &o->texts[o->count++];
	text_printable(text_of(order->author), text->author, sizeof(text->author));
	text_printable(text_of(order->reason), text->reason, sizeof(text->reason));
	return OK;
}

static enum err
read_orders(struct guard *g, int64_t now_s, struct error *e)
{
	struct orders o = {.items = NULL};
	int64_t version;
	enum err err;

	if (g->store == NULL)
		return OK;
	err = store_orders_version(g->store, now_s, &version, e);
	if (err != OK || (g->has_orders && version == g->orders_version))
		return err;
	err = store_orders(g->store, now_s, on_order, &o, e);
	if (err != OK) {
		free(o.items);
		free(o.texts);
		return err == ERR_MEMORY ? error_set(e, err, "out of memory") : err;
	}
	prefix_set_free(&g->ordered);
	free(g->orders);
	prefix_set_make(&g->ordered, o.items, o.count);
	g->orders = o.texts;
	g->orders_version = version;
	g->orders_generation++;
	g->has_orders = true;
	return OK;
}

/* --- interface ------------------------------------------------------------------------ */

enum err
guard_new(const struct conf *conf, struct store *store, int64_t now_s, struct guard **out,
	struct error *e)
{
	struct guard *g = calloc(1, sizeof(*g));
	enum err err;

	*out = NULL;
	if (g == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	g->conf = conf;
	g->store = store;
	err = read_conf(g, e);
	if (err == OK)
		err = read_orders(g, now_s, e);
	if (err == OK)
		err = safe_lists_open(&conf->listing.safe_lists, store, now_s, &g->safe, e);
	if (err != OK) {
		guard_free(g);
		return err;
	}
	*out = g;
	return OK;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	prefix_set_free(&g->reserved);
	prefix_set_free(&g->allowed);
	prefix_set_free(&g->points);
	prefix_set_free(&g->own);
	prefix_set_free(&g->exempt);
	prefix_set_free(&g->ordered);
	free(g->orders);
	safe_lists_close(g->safe);
	free(g);
}

void
guard_refresh(struct guard *g, int64_t now_s)
{
	struct error e = {.code = OK};

	safe_lists_refresh(g->safe, now_s);
	if (read_orders(g, now_s, &e) != OK)
		log_error("an operator's orders cannot be read, those of before hold: %s", e.text);
}

/* --- the question --- */

static enum guard_answer
say(enum guard_answer answer, char why[GUARD_WHY], const struct prefix_item *found,
	const char *text)
{
	char prefix[PREFIX_TEXT];

	snprintf(why, GUARD_WHY, "%s %.*s", prefix_format(&found->prefix, prefix),
		GUARD_WHY - PREFIX_TEXT, text);
	return answer;
}

static enum guard_answer
check_reserved(const struct guard *g, const struct prefix *p, char why[GUARD_WHY])
{
	const struct prefix_item *found = prefix_set_find(&g->points, p), *allowed;

	if (found != NULL)
		return say(GUARD_RESERVED, why, found, "is a test point of the list itself");
	found = prefix_set_find(&g->reserved, p);
	if (found == NULL)
		return GUARD_MAY_LIST;
	allowed = prefix_set_find(&g->allowed, p);
	if (allowed != NULL && prefix_holds(&allowed->prefix, p))
		return GUARD_MAY_LIST;
	return say(GUARD_RESERVED, why, found, "is a private or reserved network");
}

static enum guard_answer
check_exempt(const struct guard *g, const struct prefix *p, char why[GUARD_WHY])
{
	const struct prefix_item *found = prefix_set_find(&g->exempt, p);
	char text[GUARD_WHY];

	if (found != NULL)
		return say(GUARD_EXEMPT, why, found, "is exempt by listing.exempt");
	found = prefix_set_find(&g->ordered, p);
	if (found == NULL)
		return GUARD_MAY_LIST;
	snprintf(text, sizeof(text), "is exempt by order of %s: %s", g->orders[found->tag].author,
		g->orders[found->tag].reason);
	return say(GUARD_EXEMPT, why, found, text);
}

enum guard_answer
guard_check(const struct guard *g, const struct prefix *p, char why[GUARD_WHY])
{
	const struct prefix_item *own;
	char text[GUARD_WHY];
	enum guard_answer answer;

	why[0] = '\0';
	answer = check_reserved(g, p, why);
	if (answer != GUARD_MAY_LIST)
		return answer;
	own = prefix_set_find(&g->own, p);
	if (own != NULL) {
		snprintf(text, sizeof(text), "is our own (%s)", own_names[own->tag]);
		return say(GUARD_OWN, why, own, text);
	}
	answer = check_exempt(g, p, why);
	if (answer != GUARD_MAY_LIST)
		return answer;
	return safe_lists_has(g->safe, p, why, GUARD_WHY) ? GUARD_SAFE : GUARD_MAY_LIST;
}

uint64_t
guard_generation(const struct guard *g)
{
	return g->orders_generation + safe_lists_generation(g->safe);
}
