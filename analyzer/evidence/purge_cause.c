/* All listings of one cause. */
#include "purge_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/store_alarm.h>
#include <orbl/store_listing.h>

enum {
	GATHERED = 20000, /* listings looked at in one go */
	RELAYS = 1 << CATEGORY_RELAY | 1 << CATEGORY_RELAY_INPUT,
};

static bool
is_of_cause(const struct purge_cause *c, const struct store_listing *l)
{
	return (c->categories == 0 || (c->categories & 1U << l->category) != 0) &&
		l->since_s >= c->since_s && (c->until_s == 0 || l->since_s < c->until_s) &&
		(c->asn == 0 || l->asn == c->asn);
}

/* --- which ones ------------------------------------------------------------- */

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct purge_run *run = context;
	struct purge_listing *items;

	run->listings++;
	prefix_format(&l->prefix, run->last);
	run->last_category = (int)l->category;
	if (!is_of_cause(&run->cause, l))
		return OK;
	items = purge_part_grow(run->items, run->count, &run->room, sizeof(*items));
	if (items == NULL)
		return ERR_MEMORY;
	run->items = items;
	run->proved += (RELAYS & 1 << l->category) != 0;
	run->items[run->count++] = (struct purge_listing){l->prefix, l->category, l->since_s};
	return OK;
}

/* A slip of the pen must not end what tests have proved, nor most of the list. */
static enum err
check_force(struct purge *p, struct error *e)
{
	uint64_t percent = (uint64_t)p->conf->publish.max_change;
	const struct purge_run *c = p->run;
	size_t n = 0;

	p->needs_force[0] = '\0';
	if (c->proved != 0)
		n = (size_t)snprintf(p->needs_force, PURGE_WHY,
			"%" PRIu64 " of the %zu listings %s proved by a test", c->proved, c->count,
			c->proved == 1 ? "is" : "are");
	if (c->count > c->listings / 100 * percent + c->listings % 100 * percent / 100)
		snprintf(p->needs_force + n, PURGE_WHY - n,
			"%s%zu of %" PRIu64 " listings are more than publish.max_change, %" PRIu64
			" percent",
			n != 0 ? ", and " : "", c->count, c->listings, percent);
	if (p->needs_force[0] == '\0' || p->force || p->is_dry)
		return OK;
	return error_set(e, ERR_REFUSED, "%s: add --force if that is meant", p->needs_force);
}

static enum err
gather(struct purge *p, bool *more, struct error *e)
{
	struct purge_run *run = p->run;
	uint64_t before = run->listings;
	enum err err = store_listings_behind(p->lister->store, run->last, run->last_category,
		GATHERED, on_listing, run, e);

	if (err == ERR_MEMORY)
		error_set(e, err, "out of memory");
	*more = run->listings - before == GATHERED;
	p->all = run->count;
	return err == OK && !*more ? check_force(p, e) : err;
}

/* --- taking them off ------------------------------------------------------------ */

struct still {
	const struct purge_listing *item;
	bool is_there;
};

static enum err
on_still(const struct store_listing *l, void *context)
{
	struct still *still = context;

	still->is_there = still->is_there ||
		(l->category == still->item->category && l->since_s == still->item->since_s);
	return OK;
}

/* That a host on a safe list is listed. Who has evidence left is looked at again. */
static enum err
end_one(struct purge *p, const struct purge_listing *item, struct error *e)
{
	const struct list_ending ending = purge_part_ending(p, 1U << item->category);
	char prefix[PREFIX_TEXT];
	enum err err;

	p->counts.listings++;
	purge_part_tell(p, "listing", prefix_format(&item->prefix, prefix),
		category_row(item->category)->name);
	if (p->is_dry)
		return OK;
	err = list_end_prefix(p->lister, &item->prefix, &ending, NULL, e);
	return err == OK ? store_alarm_end(p->lister->store, "safe", prefix, e) : err;
}

/* One that has ended meanwhile, or was made anew, is let alone. */
static enum err
take_out(struct purge *p, size_t most, size_t *did, struct error *e)
{
	struct purge_run *run = p->run;
	enum err err = OK;

	for (*did = 0; err == OK && *did < most && run->next < run->count; ++*did) {
		struct still still = {.item = &run->items[run->next++]};

		err = store_listings(p->lister->store, &still.item->prefix, on_still, &still, e);
		if (err == OK && still.is_there)
			err = end_one(p, still.item, e);
	}
	return err;
}

/* "bouncer, AS 64500, since ..." */
static void
say_cause(const struct purge_cause *cause, char *out, size_t size)
{
	char window[PURGE_WINDOW_TEXT], as[24] = "";
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < CATEGORY_COUNT && n < size; i++)
		if ((cause->categories & 1U << i) != 0)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n != 0 ? ", " : "",
				category_row((enum category)i)->name);
	if (n == 0)
		n = (size_t)snprintf(out, size, "all categories");
	if (cause->asn != 0)
		snprintf(as, sizeof(as), ", AS %" PRIu32, cause->asn);
	purge_part_window(cause->since_s, cause->until_s, window);
	if (n < size)
		snprintf(out + n, size - n, "%s%s", as, window);
}

static void
say(const struct purge *p, char out[PURGE_WHAT])
{
	char of[250];

	say_cause(&p->run->cause, of, sizeof(of));
	snprintf(out, PURGE_WHAT, "%s: %" PRIu64 " %s%s", of, p->counts.listings,
		p->counts.listings == 1 ? "listing" : "listings",
		p->needs_force[0] != '\0' ? ", forced" : "");
}

enum err
purge_begin_cause(struct purge *p, const struct purge_cause *cause, struct error *e)
{
	static const struct purge_kind kind = {gather, take_out, say};
	enum err err = purge_part_begin(p, &kind, PURGE_LISTINGS, e);

	if (err != OK)
		return err;
	if (cause->categories == 0 && cause->since_s == 0 && cause->until_s == 0 && cause->asn == 0)
		return error_set(e, ERR_REFUSED,
			"of which listings? Name a category, an AS or a time: the whole list "
			"is not purged");
	p->run->cause = *cause;
	return OK;
}
