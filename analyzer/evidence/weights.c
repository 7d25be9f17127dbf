#include "weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_reporter.h>

#include "distinct.h"
#include "trust.h"

struct weights {
	struct store *store;
	const struct conf *conf;
	const struct geo *geo;
	size_t count;
	struct weight items[2 * SCORE_REPORTERS_MAX];
};

struct weights *
weights_new(struct store *s, const struct conf *conf, const struct geo *geo)
{
	struct weights *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->store = s;
	w->conf = conf;
	w->geo = geo;
	return w;
}

void
weights_free(struct weights *w)
{
	free(w);
}

/* The one of that name, a free one, or else the one that was looked at longest ago. */
static struct weight *
place_of(struct weights *w, const char *name)
{
	struct weight *oldest = &w->items[0];

	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(w->items[i].reporter, name) == 0)
			return &w->items[i];
		if (w->items[i].looked_s < oldest->looked_s)
			oldest = &w->items[i];
	}
	if (w->count < ORBL_COUNT(w->items))
		oldest = &w->items[w->count++];
	memset(oldest, 0, sizeof(*oldest));
	snprintf(oldest->reporter, sizeof(oldest->reporter), "%s", name);
	oldest->looked_s = INT64_MIN;
	return oldest;
}

static enum err
look(struct weights *w, struct weight *item, const char *reporter, int64_t now_s, struct error *e)
{
	struct trust trust;
	enum err err = trust_look(w->store, w->conf, reporter, now_s, &trust, e);

	if (err != OK)
		return err;
	item->trust = trust.percent;
	item->is_revoked = trust.is_revoked;
	item->looked_s = now_s;
	distinct_key(w->conf, w->geo, reporter, item->key);
	return OK;
}

/* Times go back, too, in tests and when a clock is set. */
static bool
is_fresh(const struct weight *item, int64_t now_s)
{
	return item->looked_s != INT64_MIN && now_s >= item->looked_s &&
		now_s - item->looked_s < WEIGHTS_KEPT_S;
}

enum err
weights_of(struct weights *w, const char *reporter, int64_t now_s, const struct weight **out,
	struct error *e)
{
	char name[SCORE_NAME];
	struct weight *item;
	int64_t revoked_s;
	enum err err = store_reporter_revoked(w->store, reporter, &revoked_s, e);

	if (err != OK)
		return err;
	snprintf(name, sizeof(name), "%s", reporter);
	item = place_of(w, name);
	*out = item;
	if (!is_fresh(item, now_s) || item->is_revoked != (revoked_s != 0))
		return look(w, item, reporter, now_s, e);
	return OK;
}
