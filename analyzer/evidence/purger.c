#include "purger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include <orbl/log.h>

enum { ITEMS_MAX = 10000, SAID_MAX = 120 };

struct purger {
	struct purger_parts parts;
	struct event *next; /* slice */
	bool is_busy;
	struct purger_order order;
	struct lister lister;
	struct purge purge;
	json_t *items;
	uint64_t items_more;
	int64_t begun_s;
	struct error error;
};

static void
on_item(const struct purge_item *item, void *context)
{
	struct purger *p = context;

	if (json_array_size(p->items) == ITEMS_MAX)
		p->items_more++;
	else
		json_array_append_new(p->items,
			json_pack("{s:s, s:s, s:s?}", "what", item->what, "subject", item->subject,
				"category", item->category));
}

/* --- slices ------------------------------------------------------------------- */

/* Why it is no whole one is in p->error. */
static void
end(struct purger *p, enum err err)
{
	struct error e = {.code = OK};

	p->is_busy = false;
	if (err == OK)
		p->error = (struct error){.code = OK};
	else if (purge_break_off(&p->purge, &e) != OK)
		log_error("a purge was broken off without a record: %s", e.text);
	purge_reset(&p->purge);
	if (!p->order.is_dry)
		p->parts.over(p->parts.context, p->lister.changed);
}

/* *more: it is not over. What it has changed so far is remembered. */
static enum err
slice(struct purger *p, int64_t now_s, bool *more)
{
	bool changed = p->lister.changed;
	enum err err;

	p->lister = p->parts.lister(p->parts.context, now_s, &p->purge.permits);
	p->lister.changed = changed;
	err = purge_step(&p->purge, more, &p->error);
	if (err == OK && !p->order.is_dry)
		p->parts.sliced(p->parts.context, now_s);
	if (err != OK || !*more)
		end(p, err);
	return err;
}

static void
say_progress(const struct purger *p)
{
	char text[SAID_MAX];

	if (p->purge.all == 0)
		snprintf(text, sizeof(text), "looking for what there is");
	else
		snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " %s", p->purge.looked_at,
			p->purge.all, p->order.reporter[0] != '\0' ? "hosts" : "listings");
	p->parts.tell(PURGER_NUMBER, text, false, p->parts.context);
}

static void
do_more(struct purger *p)
{
	const struct timeval at_once = {0};

	event_add(p->next, &at_once);
}

static void
on_next(evutil_socket_t fd, short what, void *context)
{
	struct purger *p = context;
	bool more = false;
	enum err err = slice(p, (int64_t)time(NULL), &more);

	(void)fd;
	(void)what;
	if (err != OK)
		log_error("purge of %s: %s",
			p->order.reporter[0] != '\0' ? p->order.reporter : PURGE_LISTINGS,
			p->error.text);
	if (err == OK && more) {
		say_progress(p);
		do_more(p);
	} else {
		p->parts.tell(PURGER_NUMBER, "done", true, p->parts.context);
	}
}

/* --- orders ------------------------------------------------------------------------ */

static enum err
begin(struct purger *p, struct error *e)
{
	const struct purger_order *o = &p->order;
	const struct store_window window = {o->reporter, o->since_s, o->until_s};

	return o->reporter[0] != '\0' ?
		purge_begin_reporter(&p->purge, &window, o->with_proved, e) :
		purge_begin_cause(&p->purge, &o->cause, e);
}

static enum err
refuse(const struct purger *p, struct error *e)
{
	const struct purger_order *o = &p->order;

	return error_set(e, ERR_REFUSED,
		"a purge of %s, %sby %s, is under way (%" PRIu64 " of %" PRIu64
		" done): wait for its end",
		o->reporter[0] != '\0' ? o->reporter : PURGE_LISTINGS,
		o->is_dry ? "as a dry run " : "", o->author, p->purge.looked_at, p->purge.all);
}

enum err
purger_start(struct purger *p, const struct purger_order *o, int64_t now_s, bool *waits,
	struct error *e)
{
	bool more = true;
	enum err err;

	*waits = false;
	if (p->is_busy)
		return refuse(p, e);
	json_decref(p->items);
	p->items = json_array();
	p->items_more = 0;
	p->order = *o;
	p->begun_s = now_s;
	p->lister = p->parts.lister(p->parts.context, now_s, &p->purge.permits);
	p->purge = (struct purge){
		.conf = p->parts.conf,
		.lister = &p->lister,
		.reason = p->order.reason,
		.author = p->order.author,
		.is_dry = o->is_dry,
		.force = o->force,
		.tell = on_item,
		.context = p,
	};
	err = begin(p, e);
	if (err != OK) {
		purge_reset(&p->purge);
		return err;
	}
	p->is_busy = true;
	err = slice(p, now_s, &more);
	if (err != OK)
		return error_set(e, p->error.code, "%s", p->error.text);
	*waits = more;
	if (more)
		do_more(p);
	return OK;
}

void
purger_break_off(struct purger *p, int64_t now_s)
{
	if (!p->is_busy)
		return;
	event_del(p->next);
	p->lister.now_s = now_s;
	end(p, error_set(&p->error, ERR_REFUSED, "broken off"));
}

void
purger_result(const struct purger *p, struct purger_result *out)
{
	*out = (struct purger_result){
		.order = &p->order,
		.purge = &p->purge,
		.items = p->items,
		.items_more = p->items_more,
		.begun_s = p->begun_s,
		.error = p->error,
	};
}

bool
purger_is_busy(const struct purger *p)
{
	return p->is_busy;
}

struct purger *
purger_new(const struct purger_parts *parts)
{
	struct purger *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->parts = *parts;
	p->next = evtimer_new(parts->base, on_next, p);
	if (p->next != NULL)
		return p;
	free(p);
	return NULL;
}

void
purger_free(struct purger *p)
{
	if (p == NULL)
		return;
	purge_reset(&p->purge);
	event_free(p->next);
	json_decref(p->items);
	free(p);
}
