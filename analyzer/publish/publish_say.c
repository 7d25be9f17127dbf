#include "publish_say.h"

#include <stdio.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>

enum { SAY_AGAIN_S = 3600, ENDS = 96 };

#define HELD    "held"
#define SUBJECT "list"

static void
end_hold(struct publish_said *said, struct store *store)
{
	struct error e;

	if (said->blast != BLAST_SMALL)
		log_notice("the list is no longer held");
	said->blast = BLAST_SMALL;
	if (store_alarm_end(store, HELD, SUBJECT, &e) != OK)
		log_error("an alarm cannot be ended: %s", e.text);
}

/* ", until DATE". */
static void
say_end(const struct publish_hold *hold, char out[ENDS])
{
	time_t then = (time_t)hold->ends_s;
	struct tm tm;

	out[0] = '\0';
	if (hold->ends_s != 0 && gmtime_r(&then, &tm) != NULL)
		(void)strftime(out, ENDS,
			", until %Y-%m-%dT%H:%M:%SZ, when dnsd.max_age ends it (SERVFAIL)", &tm);
}

void
publish_say_hold(struct publish_said *said, struct store *store, const struct publish_hold *hold,
	int64_t now_s)
{
	char text[BLAST_WHY + 240], ends[ENDS];
	struct error e;

	if (hold->blast == BLAST_SMALL) {
		end_hold(said, store);
		return;
	}
	say_end(hold, ends);
	snprintf(text, sizeof(text),
		"%s%s: %s; look at it, then `orbl publish --force --reason ...`",
		hold->is_partial ? "only removals are published" : "the old list stays in service",
		ends, hold->why);
	if (hold->blast != said->blast || now_s - said->held_s >= SAY_AGAIN_S) {
		log_error("the list is held: %s", text);
		said->held_s = now_s;
	}
	said->blast = hold->blast;
	if (store_alarm_raise(store, HELD, SUBJECT, text, now_s, NULL, &e) != OK)
		log_error("an alarm cannot be kept: %s", e.text);
}

static enum err
raise_guarded(struct store *store, const struct publication_guarded *g, int64_t now_s,
	struct error *e)
{
	char prefix[PREFIX_TEXT];
	bool first;
	enum err err = store_alarm_raise(store, g->answer == GUARD_SAFE ? "safe" : "guarded",
		prefix_format(&g->prefix, prefix), g->why, now_s, &first, e);

	if (err == OK && first)
		log_warning("%s is listed but not published: %s", prefix, g->why);
	return err;
}

void
publish_say_guarded(struct publish_said *said, struct store *store, const struct publication *p)
{
	size_t shown = p->guarded_count < PUBLICATION_GUARDED_MAX ? p->guarded_count :
								    PUBLICATION_GUARDED_MAX;
	struct error e = {.code = OK};
	enum err err = shown != 0 ? store_begin_lazily(store, &e) : OK;

	for (size_t i = 0; err == OK && i < shown; i++)
		err = raise_guarded(store, &p->guarded[i], p->now_s, &e);
	if (err == OK && shown != 0)
		err = store_commit(store, &e);
	if (err != OK) {
		store_rollback(store);
		log_error("an alarm cannot be kept: %s", e.text);
	}
	if (p->guarded_count > shown && p->guarded_count != said->guarded_count)
		log_warning("%zu listed prefixes are not published, as they are guarded",
			p->guarded_count);
	said->guarded_count = p->guarded_count;
}
