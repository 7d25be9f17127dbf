#include "host.h"

#include <orbl/listing.h>
#include <orbl/store_listing.h>

enum { RELAPSES_MAX = 30 /* what is shifted by them stays a number */ };

static bool
is_listed(unsigned state)
{
	return state == HOST_LISTED || state == HOST_EXPIRING || state == HOST_DELISTING;
}

/* A listing that has ended by itself is no reproach: only what a test had ended counts. */
static void
count_relapse(struct store_host *h, const struct host_news *news)
{
	if (h->removed_s == 0 || news->now_s - h->removed_s > news->relapse_window_s)
		h->relapses = 0;
	else if (h->removed_s >= h->listed_s && h->relapses < RELAPSES_MAX)
		h->relapses++;
	h->listed_s = news->now_s;
}

struct store_host
host_after(const struct store_host *h, const struct host_news *news)
{
	enum host_state next = host_state_step((enum host_state)h->state, news->kind).next;
	struct store_host after = *h;

	if (!is_listed(h->state) && is_listed(next) && h->state != HOST_LOCKED)
		count_relapse(&after, news);
	if (is_listed(h->state) &&
		(news->kind == HOST_FOUND_CLOSED || news->kind == HOST_FOUND_BOUNCING))
		after.removed_s = news->now_s;
	if (next != (enum host_state)h->state || h->since_s == 0)
		after.since_s = news->now_s;
	after.state = next;
	return after;
}

struct relays {
	int64_t now_s;
	bool found;
};

static enum err
on_proof(const struct store_listing *l, void *context)
{
	struct relays *r = context;

	r->found = r->found ||
		((l->category == CATEGORY_RELAY || l->category == CATEGORY_RELAY_INPUT) &&
			l->expires_s > r->now_s);
	return OK;
}

static enum err
choose_unlock(struct store *s, struct host_news *news, struct error *e)
{
	struct relays r = {.now_s = news->now_s};
	enum err err = store_proofs_of(s, &news->host, on_proof, &r, e);

	if (r.found)
		news->kind = HOST_UNLOCK_LISTED;
	return err;
}

static bool
is_same(const struct store_host *a, const struct store_host *b)
{
	return a->state == b->state && a->since_s == b->since_s && a->relapses == b->relapses &&
		a->listed_s == b->listed_s && a->removed_s == b->removed_s;
}

static bool
is_kept_apart(const struct addr *host, const struct addr *network)
{
	return network->family != 0 && !addr_equal(host, network);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A record of its own that is not empty is of the time when each address had one. */
enum err
host_look(struct store *s, const struct addr *host, const struct addr *network,
	struct store_host *out, struct error *e)
{
	struct store_host all;
	enum err err = store_host_get(s, host, out, e);

	if (err != OK || !is_kept_apart(host, network))
		return err;
	err = store_host_get(s, network, &all, e);
	out->relapses = all.relapses > out->relapses ? all.relapses : out->relapses;
	out->listed_s = later(all.listed_s, out->listed_s);
	out->removed_s = later(all.removed_s, out->removed_s);
	return err;
}

static enum err
put_relapses(struct store *s, const struct addr *network, const struct store_host *h,
	struct error *e)
{
	struct store_host all;
	enum err err = store_host_get(s, network, &all, e);

	all.relapses = h->relapses;
	all.listed_s = h->listed_s;
	all.removed_s = h->removed_s;
	return err == OK ? store_host_put(s, &all, e) : err;
}

static enum err
put(struct store *s, const struct host_news *news, const struct store_host *h, struct error *e)
{
	struct store_host own = *h;
	enum err err = OK;

	if (is_kept_apart(&news->host, &news->network)) {
		err = put_relapses(s, &news->network, h, e);
		own.relapses = 0;
		own.listed_s = own.removed_s = 0;
	}
	return err == OK ? store_host_put(s, &own, e) : err;
}

static enum err
change(struct store *s, const struct host_news *news, struct host_changed *c, struct error *e)
{
	struct host_step step;
	struct store_host after;
	char address[ADDR_TEXT];
	enum err err = host_look(s, &news->host, &news->network, &c->now, e);

	if (err != OK)
		return err;
	c->before = (enum host_state)c->now.state;
	step = host_state_step(c->before, news->kind);
	if (step.next == HOST_REFUSED)
		return error_set(e, ERR_REFUSED, "%s %s", addr_format(&news->host, address),
			step.why);
	after = host_after(&c->now, news);
	if (is_same(&after, &c->now))
		return OK;
	c->now = after;
	return put(s, news, &after, e);
}

enum err
host_event(struct store *s, const struct host_news *news, struct host_changed *out, struct error *e)
{
	struct host_news chosen = *news;
	struct host_changed c = {.before = HOST_SEEN};
	enum err err = news->kind == HOST_UNLOCK ? choose_unlock(s, &chosen, e) : OK;

	if (err == OK)
		err = change(s, &chosen, &c, e);
	if (out != NULL)
		*out = c;
	return err;
}

enum err
host_event_if_may(struct store *s, const struct host_news *news, struct host_changed *out,
	bool *refused, struct error *e)
{
	enum err err = host_event(s, news, out, e);

	if (refused != NULL)
		*refused = err == ERR_REFUSED;
	return err == ERR_REFUSED ? OK : err;
}

enum err
host_is_locked(struct store *s, const struct addr *host, bool *locked, struct error *e)
{
	struct store_host h;
	enum err err = store_host_get(s, host, &h, e);

	*locked = h.state == HOST_LOCKED;
	return err;
}
