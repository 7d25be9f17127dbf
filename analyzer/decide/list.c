#include "list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_listing.h>

#include "host.h"

enum { DETAIL = 600 };

#define BIT(category) (UINT32_C(1) << (category))
#define RELAYS        (BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT))

/* --- rules ------------------------------------------------------------------ */

struct list_rules
list_rules_of(const struct conf *c)
{
	return (struct list_rules){
		.lifetime_s = c->listing.lifetime_s,
		.max_lifetime_s = c->listing.max_lifetime_s,
		.relapse_window_s = c->listing.relapse_window_s,
		.notice_output_s = c->listing.notice_output_s,
		.notice_bouncer_s = c->listing.notice_bouncer_s,
		.confirm_after_s = c->delist.confirm_after_s,
		.retest_s = c->probe.retest_before_s < c->listing.lifetime_s / 2 ?
			c->probe.retest_before_s :
			c->listing.lifetime_s / 2,
		.ipv6_prefix = (uint8_t)c->listing.ipv6_prefix,
	};
}

struct prefix
list_prefix(const struct list_rules *rules, const struct addr *host)
{
	struct prefix p = {.addr = *host, .len = host->family == 4 ? 32 : rules->ipv6_prefix};

	if (host->family != 6)
		return p;
	for (size_t bit = p.len; bit < 128; bit++)
		p.addr.b[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return p;
}

struct prefix
list_prefix_of(const struct conf *c, const struct addr *host)
{
	const struct list_rules rules = list_rules_of(c);

	return list_prefix(&rules, host);
}

int64_t
list_lifetime(const struct list_rules *rules, enum category category, unsigned relapses)
{
	int64_t life_s = rules->lifetime_s;

	if ((BIT(category) & RELAYS) == 0)
		return life_s;
	while (relapses-- != 0 && life_s < rules->max_lifetime_s)
		life_s = life_s > rules->max_lifetime_s / 2 ? rules->max_lifetime_s : 2 * life_s;
	return life_s;
}

int64_t
list_notice(const struct list_rules *rules, enum category category)
{
	return category == CATEGORY_RELAY_OUTPUT ? rules->notice_output_s :
		category == CATEGORY_BOUNCER     ? rules->notice_bouncer_s :
						   0;
}

/* --- onto the list ------------------------------------------------------------- */

static bool
is_of_one_host(const struct prefix *p)
{
	return p->len == (p->addr.family == 4 ? 32 : 128);
}

static enum err
raise_alarm(struct lister *l, const char *prefix, const char *why, struct error *e)
{
	bool first;
	enum err err = store_alarm_raise(l->store, "safe", prefix, why, l->now_s, &first, e);

	if (err == OK && first)
		log_warning("%s: %s", prefix, why);
	return err;
}

static enum err
ask_guard(struct lister *l, const struct list_request *r, struct list_made *made, struct error *e)
{
	char prefix[PREFIX_TEXT], text[DETAIL];

	if (l->guard == NULL)
		return OK;
	made->guard = guard_check(l->guard, &r->prefix, made->why);
	if (made->guard == GUARD_MAY_LIST)
		return OK;
	snprintf(text, sizeof(text), "would be listed as %s: %s; it is not, as %s",
		category_row(r->category)->name, r->reason, made->why);
	prefix_format(&r->prefix, prefix);
	if (made->guard == GUARD_SAFE)
		return raise_alarm(l, prefix, text, e);
	log_info("%s: %s", prefix, text);
	return OK;
}

static enum err
ask_one(struct lister *l, const struct addr *a, struct list_made *made, struct store_host *host,
	struct error *e)
{
	char address[ADDR_TEXT];
	struct prefix network = list_prefix(&l->rules, a);
	enum err err = host_look(l->store, a, &network.addr, host, e);

	if (err == OK && host->state == HOST_LOCKED)
		snprintf(made->why, sizeof(made->why), "%s is locked by an operator",
			addr_format(a, address));
	return err;
}

/* The host that is listed, and the one that was tested, of which *host is what is known: all 0 when
 * there is none. */
static enum err
ask_hosts(struct lister *l, const struct list_request *r, const struct addr *tested,
	struct list_made *made, struct store_host *host, struct error *e)
{
	enum err err = is_of_one_host(&r->prefix) ? ask_one(l, &r->prefix.addr, made, host, e) : OK;

	*host = (struct store_host){.host = *tested};
	return err == OK && tested->family != 0 ? ask_one(l, tested, made, host, e) : err;
}

struct found { /* the listing as it is, if there is one */
	enum category category;
	bool is_there;
	int64_t since_s, effective_s, expires_s;
};

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct found *f = context;

	if (l->category != f->category)
		return OK;
	f->is_there = true;
	f->since_s = l->since_s;
	f->effective_s = l->effective_s;
	f->expires_s = l->expires_s;
	return OK;
}

/* One that has expired and is still there is over: what follows is a new one, with a new notice. */
static enum err
find_listing(struct lister *l, const struct list_request *r, struct found *f, struct error *e)
{
	enum err err;

	*f = (struct found){.category = r->category};
	err = store_listings(l->store, &r->prefix, on_listing, f, e);
	if (err != OK || !f->is_there || f->expires_s > l->now_s)
		return err;
	*f = (struct found){.category = r->category};
	return store_listing_end(l->store, &r->prefix, BIT(r->category), NULL, e);
}

static void
set_times(const struct lister *l, const struct list_request *r, const struct store_host *host,
	const struct found *f, struct list_made *made)
{
	int64_t notice_s = list_notice(&l->rules, r->category);

	made->renewed = f->is_there;
	made->since_s = f->is_there ? f->since_s : l->now_s;
	made->effective_s = f->is_there ? f->effective_s : notice_s != 0 ? l->now_s + notice_s : 0;
	made->expires_s = r->expires_s != 0 ?
		r->expires_s :
		l->now_s + list_lifetime(&l->rules, r->category, host->relapses);
	if (r->not_after_s != 0 && r->not_after_s < made->expires_s)
		made->expires_s = r->not_after_s;
}

static enum err
audit(struct lister *l, const char *author, const char *action, const char *prefix,
	const char *detail, struct error *e)
{
	l->changed = true;
	return store_audit_add(l->store,
		&(struct store_audit){.time_s = l->now_s,
			.author = author,
			.action = action,
			.subject = prefix,
			.detail = detail},
		e);
}

static enum err
write_listing(struct lister *l, const struct list_request *r, const struct addr *tested,
	const struct list_made *made, struct error *e)
{
	char prefix[PREFIX_TEXT], detail[DETAIL];
	struct geo_info geo;
	struct store_listing listing = {
		.prefix = r->prefix,
		.category = r->category,
		.since_s = made->since_s,
		.expires_s = made->expires_s,
		.effective_s = made->effective_s,
		.probe = r->probe,
		.reason = r->reason,
		.author = r->author,
		.tested = *tested,
	};
	enum err err;

	geo_look(l->geo, &r->prefix.addr, &geo);
	listing.asn = geo.asn;
	listing.as_org = geo.org;
	listing.country = geo.country;
	err = store_listing_put(l->store, &listing, e);
	if (err != OK)
		return err;
	snprintf(detail, sizeof(detail), "%s, probe %" PRIu64 ": %s",
		category_row(r->category)->name, r->probe, r->reason);
	log_notice("%s: listed: %s", prefix_format(&r->prefix, prefix), detail);
	return audit(l, r->author, "list", prefix, detail, e);
}

enum err
list_make(struct lister *l, const struct list_request *r, struct list_made *out, struct error *e)
{
	struct list_made made = {.guard = GUARD_MAY_LIST};
	struct addr tested = r->tested;
	struct store_host host;
	struct found found;
	enum err err;

	if (tested.family == 0 && r->probe == 0 && is_of_one_host(&r->prefix))
		tested = r->prefix.addr;
	err = ask_guard(l, r, &made, e);
	if (err == OK && made.why[0] == '\0')
		err = ask_hosts(l, r, &tested, &made, &host, e);
	made.listed = err == OK && made.why[0] == '\0';
	if (made.listed)
		err = find_listing(l, r, &found, e);
	if (err == OK && made.listed) {
		set_times(l, r, &host, &found, &made);
		err = write_listing(l, r, &tested, &made, e);
	}
	if (out != NULL)
		*out = made;
	return err;
}

/* --- and off it ------------------------------------------------------------------ */

struct ends {
	struct lister *lister;
	const struct list_ending *ending;
	struct prefix prefix; /* whose hosts get the event */
	size_t count;
	struct error *e;
};

static enum err
say_ended(struct ends *ends, const struct store_listing *l)
{
	char prefix[PREFIX_TEXT], detail[DETAIL];

	ends->count++;
	snprintf(detail, sizeof(detail), "%s: %s", category_row(l->category)->name,
		ends->ending->reason);
	log_notice("%s: off the list (%s): %s", prefix_format(&l->prefix, prefix),
		ends->ending->action, detail);
	return audit(ends->lister, ends->ending->author, ends->ending->action, prefix, detail,
		ends->e);
}

static enum err
on_ended(const struct store_listing *l, void *context)
{
	struct ends *ends = context;

	return (BIT(l->category) & ends->ending->categories) != 0 ? say_ended(ends, l) : OK;
}

static enum err
on_proof_left(const struct store_listing *l, void *context)
{
	uint32_t *categories = context;

	*categories |= BIT(l->category);
	return OK;
}

/* Not when it is listed as a relay for something else. */
static enum err
tell_host(struct ends *ends, const struct addr *host)
{
	const struct host_news news = {.host = *host,
		.kind = ends->ending->event,
		.now_s = ends->lister->now_s};
	uint32_t proofs = 0;
	enum err err = store_proofs_of(ends->lister->store, host, on_proof_left, &proofs, ends->e);

	if (err != OK || (proofs & RELAYS & ~ends->ending->categories) != 0)
		return err;
	return host_event(ends->lister->store, &news, NULL, ends->e);
}

enum err
list_end_of_host(struct lister *l, const struct addr *tested, const struct list_ending *ending,
	size_t *ended, struct error *e)
{
	struct ends ends = {.lister = l, .ending = ending, .e = e};
	enum err err = store_listings_of_tested(l->store, tested, ending->categories, on_ended,
		&ends, e);

	if (err == OK && ends.count != 0 && ending->event != HOST_EVENT_COUNT)
		err = tell_host(&ends, tested);
	if (err == OK)
		err = store_listing_remove(l->store, tested, ending->categories, NULL, e);
	if (ended != NULL)
		*ended = ends.count;
	return err;
}

/* Not the input of an output: it is as open as before. */
static enum err
on_tested(const struct addr *host, void *context)
{
	struct ends *ends = context;

	return prefix_has_addr(&ends->prefix, host) ? tell_host(ends, host) : OK;
}

enum err
list_end_prefix(struct lister *l, const struct prefix *prefix, const struct list_ending *ending,
	size_t *ended, struct error *e)
{
	struct ends ends = {.lister = l, .ending = ending, .prefix = *prefix, .e = e};
	enum err err = store_listings(l->store, prefix, on_ended, &ends, e);

	if (err == OK && ends.count != 0 && ending->event != HOST_EVENT_COUNT)
		err = store_tested_of(l->store, prefix, ending->categories, on_tested, &ends, e);
	if (err == OK && ends.count != 0)
		err = store_listing_end(l->store, prefix, ending->categories, NULL, e);
	if (ended != NULL)
		*ended = ends.count;
	return err;
}

/* --- all within a network ---------------------------------------------------------- */

struct gathering {
	size_t count, room;
	struct prefix *list;
};

/* Listings of one prefix come together. */
static bool
is_known(const struct gathering *g, const struct prefix *p)
{
	const struct prefix *last = g->count != 0 ? &g->list[g->count - 1] : NULL;

	return last != NULL && last->len == p->len && addr_equal(&last->addr, &p->addr);
}

static enum err
on_gathered(const struct store_listing *l, void *context)
{
	struct gathering *g = context;

	if (is_known(g, &l->prefix))
		return OK;
	if (g->count == g->room) {
		size_t room = g->room != 0 ? 2 * g->room : 64;
		struct prefix *list = realloc(g->list, room * sizeof(*list));

		if (list == NULL)
			return ERR_MEMORY;
		g->list = list;
		g->room = room;
	}
	g->list[g->count++] = l->prefix;
	return OK;
}

enum err
list_end_within(struct lister *l, const struct prefix *prefix, const struct list_ending *ending,
	size_t *ended, struct error *e)
{
	struct gathering g = {.count = 0};
	size_t count = 0, one;
	enum err err;

	if (is_of_one_host(prefix))
		return list_end_prefix(l, prefix, ending, ended, e);
	err = store_listings_within(l->store, prefix, on_gathered, &g, e);
	if (err == ERR_MEMORY)
		err = error_set(e, err, "out of memory");
	for (size_t i = 0; err == OK && i < g.count; i++) {
		err = list_end_prefix(l, &g.list[i], ending, &one, e);
		count += one;
	}
	free(g.list);
	if (ended != NULL)
		*ended = count;
	return err;
}
