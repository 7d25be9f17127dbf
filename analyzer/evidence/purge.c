#include "purge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_alarm.h>
#include <orbl/store_listing.h>
#include <orbl/store_publish.h>

#include "host.h"
#include "purge_part.h"

/* With which the text of its alarm begins as long as it is under way. */
#define PURGE_BEGUN "ordered"

static struct store *
store_of(const struct purge *p)
{
	return p->lister->store;
}

/* --- for both kinds --------------------------------------------------------- */

void
purge_part_tell(const struct purge *p, const char *what, const char *subject, const char *category)
{
	if (p->tell != NULL)
		p->tell(&(struct purge_item){what, subject, category}, p->context);
}

struct list_ending
purge_part_ending(const struct purge *p, uint32_t categories)
{
	return (struct list_ending){
		.categories = categories,
		.action = "purge",
		.reason = p->reason,
		.author = p->author,
		.event = HOST_PURGED,
	};
}

void *
purge_part_grow(void *items, size_t count, size_t *room, size_t size)
{
	void *bigger;

	if (count < *room)
		return items;
	bigger = realloc(items, (*room == 0 ? 64 : *room * 2) * size);
	if (bigger != NULL)
		*room = *room == 0 ? 64 : *room * 2;
	return bigger;
}

static void
say_time(const char *word, int64_t t, char out[PURGE_WINDOW_TEXT / 2])
{
	time_t seconds = (time_t)t;
	struct tm tm;
	char stamp[32];

	out[0] = '\0';
	if (t == 0 || gmtime_r(&seconds, &tm) == NULL)
		return;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(out, PURGE_WINDOW_TEXT / 2, ", %s %s", word, stamp);
}

void
purge_part_window(int64_t since_s, int64_t until_s, char out[PURGE_WINDOW_TEXT])
{
	char since[PURGE_WINDOW_TEXT / 2], until[PURGE_WINDOW_TEXT / 2];

	say_time("since", since_s, since);
	say_time("before", until_s, until);
	snprintf(out, PURGE_WINDOW_TEXT, "%s%s", since, until);
}

/* --- what is said of it -------------------------------------------------------- */

static enum err
audit(const struct purge *p, const char *begin, struct error *e)
{
	const struct purge_run *run = p->run;
	char what[PURGE_WHAT], detail[PURGE_WHAT + 400];

	run->kind->say(p, what);
	snprintf(detail, sizeof(detail), "%s%s: %s", begin, what, p->reason);
	log_notice("purge of %s by %s: %s", run->subject, p->author, detail);
	return store_audit_add(store_of(p),
		&(struct store_audit){.time_s = p->lister->now_s,
			.author = p->author,
			.action = "purge",
			.subject = run->subject,
			.detail = detail},
		e);
}

/* It stays when we die before the end. */
static enum err
raise_alarm(struct purge *p, struct error *e)
{
	char text[500];
	bool first;
	enum err err;

	snprintf(text, sizeof(text), "%s by %s, under way: %s", PURGE_BEGUN, p->author, p->reason);
	err = store_alarm_raise(store_of(p), PURGE_ALARM, p->run->subject, text, p->run->begun_s,
		&first, e);
	p->run->is_recorded = err == OK;
	return err;
}

/* What goes by order is no mistake to be held back; but what is held already has not been looked at
 * by asking for this. */
static enum err
permit(const struct purge *p, struct error *e)
{
	return p->permits && p->lister->changed ?
		store_publish_permit(store_of(p), STORE_PERMIT_REMOVALS, e) :
		OK;
}

static enum err
end_run(struct purge *p, const char *begin, struct error *e)
{
	enum err err = store_alarm_end(store_of(p), PURGE_ALARM, p->run->subject, e);

	return err == OK ? audit(p, begin, e) : err;
}

/* --- slices --------------------------------------------------------------------- */

static enum err
take_out(struct purge *p, bool *more, struct error *e)
{
	size_t did = 1, all = 0;
	enum err err = OK;

	for (; err == OK && did != 0 && all < PURGE_SLICE_HOSTS; all += did)
		err = p->run->kind->take_out(p, PURGE_SLICE_HOSTS - all, &did, e);
	*more = did != 0;
	p->looked_at += all;
	if (err != OK || p->is_dry)
		return err;
	err = permit(p, e);
	if (err == OK && *more && !p->run->is_recorded)
		err = raise_alarm(p, e);
	return err == OK && !*more ? end_run(p, "", e) : err;
}

/* What was done stays, or what would have been done was found out. */
static enum err
end_transaction(struct purge *p, enum err err, struct error *e)
{
	if (err == OK && !p->is_dry)
		return store_commit(store_of(p), e);
	store_rollback(store_of(p));
	return err;
}

enum err
purge_step(struct purge *p, bool *more, struct error *e)
{
	enum err err = OK;

	*more = true;
	if (!p->run->is_gathered) {
		err = p->run->kind->gather(p, more, e);
		p->run->is_gathered = !*more;
		if (err != OK || *more)
			return err;
	}
	err = store_begin(store_of(p), e);
	return err == OK ? end_transaction(p, take_out(p, more, e), e) : err;
}

enum err
purge_break_off(struct purge *p, struct error *e)
{
	char begin[100];
	enum err err;

	if (p->is_dry || !p->run->is_recorded)
		return OK;
	snprintf(begin, sizeof(begin), "broken off after %" PRIu64 " of %" PRIu64 ", ",
		p->looked_at, p->all);
	err = store_begin(store_of(p), e);
	return err == OK ? end_transaction(p, end_run(p, begin, e), e) : err;
}

/* --- beginning and ending ---------------------------------------------------------- */

enum err
purge_part_begin(struct purge *p, const struct purge_kind *kind, const char *subject,
	struct error *e)
{
	struct purge_run *run = calloc(1, sizeof(*run));

	p->counts = (struct purge_counts){.cancelled = 0};
	p->looked_at = p->all = 0;
	p->needs_force[0] = '\0';
	p->run = run;
	if (run == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	run->kind = kind;
	run->begun_s = p->lister->now_s;
	snprintf(run->subject, sizeof(run->subject), "%s", subject);
	return OK;
}

void
purge_reset(struct purge *p)
{
	if (p->run != NULL) {
		nominate_reset(&p->run->nominate);
		free(p->run->items);
	}
	free(p->run);
	p->run = NULL;
}

static enum err
run_to_end(struct purge *p, enum err err, struct error *e)
{
	bool more = true;

	while (err == OK && more)
		err = purge_step(p, &more, e);
	purge_reset(p);
	return err;
}

enum err
purge_reporter(struct purge *p, const struct store_window *w, bool with_proved, struct error *e)
{
	return run_to_end(p, purge_begin_reporter(p, w, with_proved, e), e);
}

enum err
purge_cause(struct purge *p, const struct purge_cause *cause, struct error *e)
{
	return run_to_end(p, purge_begin_cause(p, cause, e), e);
}

/* --- one that died with an analyzer ---------------------------------------------------- */

struct broken {
	bool found;
	char subject[SCORE_NAME], text[600];
};

static enum err
on_alarm(const struct store_alarm *a, void *context)
{
	struct broken *b = context;
	const char *rest = a->text + strlen(PURGE_BEGUN);

	if (b->found || strcmp(a->kind, PURGE_ALARM) != 0 ||
		strncmp(a->text, PURGE_BEGUN, strlen(PURGE_BEGUN)) != 0)
		return OK;
	b->found = true;
	snprintf(b->subject, sizeof(b->subject), "%s", a->subject);
	snprintf(b->text, sizeof(b->text),
		"broken off, as the analyzer ended: what had gone is gone, "
		"do it again for the rest; ordered%.450s",
		rest);
	return OK;
}

static enum err
recover_one(struct store *s, const struct broken *b, int64_t now_s, struct error *e)
{
	bool first;
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_alarm_raise(s, PURGE_ALARM, b->subject, b->text, now_s, &first, e);
	if (err == OK)
		err = store_audit_add(s,
			&(struct store_audit){.time_s = now_s,
				.action = "purge",
				.subject = b->subject,
				.detail = b->text},
			e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

enum err
purge_recover(struct store *s, int64_t now_s, struct error *e)
{
	struct broken b = {.found = true};
	enum err err = OK;

	while (err == OK && b.found) {
		b.found = false;
		err = store_alarms(s, SIZE_MAX / 2, on_alarm, &b, e);
		if (err == OK && b.found)
			err = recover_one(s, &b, now_s, e);
		if (err == OK && b.found)
			log_warning("purge of %s: %s", b.subject, b.text);
	}
	return err;
}
