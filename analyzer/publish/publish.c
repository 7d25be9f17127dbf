#include "publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/log.h>
#include <orbl/snapshot_history.h>
#include <orbl/store_alarm.h>
#include <orbl/store_audit.h>
#include <orbl/store_listing.h>
#include <orbl/store_publish.h>

#include "audit.h"
#include "in_service.h"
#include "popular.h"
#include "publication.h"
#include "publish_say.h"
#include "retire.h"

/* More changes than this are not worth a delta: each is looked at before the base. */
enum { DELTA_MAX = 4096, DELTA_SHARE = 256 /* or 1/256 of the entries */ };
/* A list that is held as a whole is not made anew with each look. */
enum { HELD_RETRY_S = 60 };

struct publisher {
	struct store *store;
	const struct conf *conf;
	const struct guard *guard;
	char delta_path[4096 + 8];
	struct popular popular;
	struct in_service in_service;
	uint64_t size;           /* of what is in service, when has_base */
	bool has_base;           /* its base is the whole list, made by us: deltas can be */
	bool overlaps;           /* it has prefixes within others: no deltas */
	enum retire_stage stage; /* of the last publication */
	uint64_t guard_generation;
	int64_t published_s, tried_s;
	struct publish_hold hold;
	struct publish_said said;
};

/* --- one try ---------------------------------------------------------------- */

struct attempt {
	struct publisher *publisher;
	const struct retirement *retirement;
	int64_t now_s;
	bool delta, only_removals;
	bool force;               /* whatever it is, it is not held */
	enum store_permit permit; /* not when it is only much */
	struct error *e;
	/* out */
	bool overlaps;     /* a delta that cannot be */
	enum blast blast;  /* BLAST_SMALL: not held */
	enum blast lifted; /* what it would be held for without force or permit */
	char why[BLAST_WHY];
	uint32_t serial; /* 0: not written */
};

/* What has been in service, for secondaries that have it still. */
static void
keep_delta(const struct publisher *p)
{
	if (p->in_service.delta != NULL)
		snapshot_history_keep(p->conf->zone.snapshot, (size_t)p->conf->transfer.history);
}

static enum err
write_file(const struct attempt *a, struct publication *n, const char *path, uint32_t *serial)
{
	struct file_replacement file;
	enum err err = store_next_serial(a->publisher->store, serial, a->e);

	if (err == OK)
		err = file_replace_begin(&file, path, 0644, a->e);
	if (err != OK)
		return err;
	file.drops_previous = a->delta;
	err = snapshot_builder_write(n->builder, file.fd, *serial, a->now_s, a->e);
	if (err != OK) {
		file_replace_abort(&file);
		return err;
	}
	if (a->delta)
		keep_delta(a->publisher);
	return file_replace_commit(&file, a->e);
}

/* What was written is what deltas will be made against, when it is the whole list. Until the store
 * knows its checksum the next publication is a whole one again, whatever ends us in between. */
static enum err
adopt_base(const struct attempt *a, const struct publication *n)
{
	struct publisher *p = a->publisher;
	uint64_t before = p->in_service.base != NULL ? snapshot_checksum(p->in_service.base) : 0;
	enum err err;

	p->has_base = false;
	keep_delta(p);
	err = in_service_take_base(&p->in_service, p->conf->zone.snapshot, a->e);
	if (err == OK && !a->only_removals)
		err = store_published_whole(p->store, snapshot_checksum(p->in_service.base), a->e);
	if (err != OK)
		return err;
	p->overlaps = n->overlaps;
	p->has_base = !a->only_removals;
	/* It is of another base, and ignored; but why leave it. */
	unlink(p->delta_path);
	snapshot_history_turn(p->conf->zone.snapshot, before);
	return OK;
}

/* The list is published, whatever becomes of the record. */
static void
keep_record(const struct attempt *a, const char *path)
{
	struct error e;

	if (audit_publication(a->publisher->store, path, a->serial, a->now_s, &e) != OK)
		log_error("%s: has no audit record: %s", path, e.text);
}

static enum err
write_list(struct attempt *a, struct publication *n)
{
	struct publisher *p = a->publisher;
	const char *path = a->delta ? p->delta_path : p->conf->zone.snapshot;
	uint32_t serial;
	enum err err;

	if (a->delta)
		snapshot_builder_delta_of(n->builder, p->in_service.base);
	err = write_file(a, n, path, &serial);
	if (err == OK)
		err = a->delta ? in_service_take_delta(&p->in_service, path, a->e) :
				 adopt_base(a, n);
	if (err != OK)
		return err;
	a->serial = serial;
	p->size = blast_sum(n->change.before > n->change.removed ?
			n->change.before - n->change.removed :
			0,
		n->change.added);
	publish_say_guarded(&p->said, p->store, n);
	keep_record(a, path);
	return OK;
}

static enum err
on_changed(const struct prefix *prefix, void *context)
{
	return publication_gather_prefix(context, prefix);
}

static enum err
gather(struct attempt *a, struct publication *n)
{
	const struct publisher *p = a->publisher;
	enum err err;

	if (!a->delta)
		return publication_gather(n);
	err = store_changed(p->store, on_changed, n, a->e);
	n->change.before = p->size > n->expired ? p->size - n->expired : 0;
	a->overlaps = n->overlaps;
	return err;
}

static enum err
load_window(const struct attempt *a, struct blast_window *out)
{
	struct store_publish_window w;
	enum err err = store_publish_window(a->publisher->store, a->now_s, &w, a->e);

	*out = (struct blast_window){w.is_open, w.before, w.added, w.removed};
	return err;
}

/* A permit is for how much it is: not for what nobody has seen who gave it. */
static bool
is_permitted(const struct attempt *a, const struct blast_rules *rules,
	const struct blast_change *change)
{
	struct blast_change gain = *change;
	char why[BLAST_WHY];

	if (a->force)
		return true;
	if (a->blast != BLAST_EMPTY && a->blast != BLAST_SHARE)
		return false;
	if (a->permit == STORE_PERMIT_ALL || retire_is_empty(a->retirement))
		return true;
	gain.removed = gain.narrowed = 0;
	return a->permit == STORE_PERMIT_REMOVALS && blast_judge(rules, &gain, why) == BLAST_SMALL;
}

static void
judge(struct attempt *a, const struct blast_change *change)
{
	const struct conf *c = a->publisher->conf;
	const struct blast_rules rules = {(uint64_t)c->publish.max_change,
		(uint64_t)c->publish.max_change_floor};

	a->blast = blast_judge(&rules, change, a->why);
	a->lifted = BLAST_SMALL;
	if (a->blast == BLAST_SMALL || !is_permitted(a, &rules, change))
		return;
	a->lifted = a->blast;
	a->blast = BLAST_SMALL;
}

/* That which is held is let through by a permit; of force there is a record already. */
static enum err
keep_permit(const struct attempt *a, struct error *e)
{
	char detail[BLAST_WHY + 64];

	if (a->lifted == BLAST_SMALL || a->force || a->permit == STORE_PERMIT_NONE)
		return OK;
	snprintf(detail, sizeof(detail), "%s by order; held would be: %s",
		a->permit == STORE_PERMIT_ALL ? "published" : "removals are published", a->why);
	log_notice("the list is not held: %s", detail);
	return store_audit_add(a->publisher->store,
		&(struct store_audit){.time_s = a->now_s, .action = "permit", .detail = detail}, e);
}

/* What somebody has looked at, and the first list, is where changes are counted from. */
static enum err
keep_change(const struct attempt *a, const struct blast_change *c, struct error *e)
{
	const struct store_publish_window one = {.before = c->before,
		.added = blast_sum(c->added, c->recoded),
		.removed = blast_sum(c->removed, c->narrowed)};

	if (a->force || a->lifted != BLAST_SMALL || !c->has_before)
		return store_publish_window_end(a->publisher->store, e);
	if (one.added == 0 && one.removed == 0)
		return OK;
	return store_publish_count(a->publisher->store, a->now_s, &one, e);
}

/* The list is published, whatever becomes of these numbers. */
static void
keep_judgement(const struct attempt *a, const struct blast_change *c)
{
	struct store *s = a->publisher->store;
	struct error e = {.code = OK};
	enum err err = store_begin_lazily(s, &e);

	if (err == OK)
		err = keep_permit(a, &e);
	if (err == OK)
		err = keep_change(a, c, &e);
	if (err == OK)
		err = store_commit(s, &e);
	if (err == OK)
		return;
	store_rollback(s);
	log_error("what was published is not counted (publish.max_change): %s", e.text);
}

static enum err
judge_and_write(struct attempt *a, struct publication *n)
{
	enum err err = load_window(a, &n->change.window);

	if (err != OK)
		return err;
	judge(a, &n->change);
	if (a->blast != BLAST_SMALL)
		return OK;
	err = write_list(a, n);
	if (a->serial != 0)
		keep_judgement(a, &n->change);
	return err;
}

/* "audit=... retire=..." for _status. */
static enum err
make_notice(const struct attempt *a, char out[SNAPSHOT_NOTICE_MAX + 1])
{
	char head[AUDIT_HEAD_TEXT], retire[RETIRE_NOTICE];
	enum err err = audit_daily_head(a->publisher->store, a->now_s, head, a->e);

	if (err != OK)
		return err;
	retire_notice(a->retirement, retire);
	snprintf(out, SNAPSHOT_NOTICE_MAX + 1, "%s%s%s%s", head[0] != '\0' ? "audit=" : "", head,
		head[0] != '\0' && retire[0] != '\0' ? " " : "", retire);
	return OK;
}

static enum err
run(struct attempt *a)
{
	struct publisher *p = a->publisher;
	struct publication n = {
		.conf = p->conf,
		.store = p->store,
		.guard = p->guard,
		.popular = popular_set(&p->popular),
		.in_service = &p->in_service,
		.retirement = a->retirement,
		.now_s = a->now_s,
		.only_removals = a->only_removals,
		.e = a->e,
	};
	char notice[SNAPSHOT_NOTICE_MAX + 1];
	enum err err = make_notice(a, notice);

	if (err == OK)
		err = publication_begin(&n, text_of(notice));
	if (err == OK)
		err = gather(a, &n);
	if (err == OK && !a->overlaps)
		err = judge_and_write(a, &n);
	publication_end(&n);
	return err;
}

/* --- deltas, and what is held -------------------------------------------------- */

static enum err
may_publish_delta(const struct publisher *p, const struct retirement *r, bool *may, struct error *e)
{
	uint64_t checksum;
	size_t changed;
	enum err err = store_published_checksum(p->store, &checksum, e);

	if (err == OK)
		err = store_changed_count(p->store, &changed, e);
	*may = err == OK && p->has_base && !p->overlaps && r->stage == p->stage &&
		(p->guard == NULL || guard_generation(p->guard) == p->guard_generation) &&
		checksum == snapshot_checksum(p->in_service.base) &&
		changed <= DELTA_MAX + snapshot_entries(p->in_service.base) / DELTA_SHARE;
	return err;
}

static enum err
try_delta_or_whole(struct attempt *a)
{
	enum err err = run(a);

	if (err != OK || !a->overlaps)
		return err;
	a->delta = a->overlaps = false;
	return run(a);
}

/* Removals do not wait for what is held with them, unless they are too many themselves. */
static enum err
try_removals(struct attempt *a)
{
	struct attempt removals = *a;
	enum err err;

	removals.only_removals = true;
	err = run(&removals);
	a->serial = removals.serial;
	return err;
}

/* Nothing is written, not even as a sign of life. */
static int64_t
service_end(const struct publisher *p)
{
	const struct snapshot *newest = p->in_service.delta != NULL ? p->in_service.delta :
								      p->in_service.base;
	int64_t max_age_s = p->conf->dnsd.max_age_s;

	return newest != NULL && max_age_s != 0 ? snapshot_created_s(newest) + max_age_s : 0;
}

static void
end_try(struct publisher *p, const struct attempt *a)
{
	struct publish_hold hold = {
		.blast = a->blast,
		.is_partial = a->serial != 0,
		.since_s = p->hold.blast != BLAST_SMALL ? p->hold.since_s : a->now_s,
	};

	if (hold.blast != BLAST_SMALL) {
		hold.ends_s = hold.is_partial ? 0 : service_end(p);
		memcpy(hold.why, a->why, sizeof(hold.why));
	}
	p->hold = hold;
	publish_say_hold(&p->said, p->store, &p->hold, a->now_s);
	if (a->serial == 0)
		return;
	p->published_s = a->now_s;
	p->stage = a->retirement->stage;
	if (p->guard != NULL)
		p->guard_generation = guard_generation(p->guard);
}

static enum err
refuse_held(const struct publisher *p, struct error *e)
{
	return error_set(e, ERR_REFUSED,
		"held: %s; look at it, then `orbl publish --force --reason ...`", p->hold.why);
}

/* A permit is used up by the attempt that it was judged by, whether or not it was of use. */
static enum err
try_and_end(struct attempt *a)
{
	struct publisher *p = a->publisher;
	enum err err = try_delta_or_whole(a);

	if (err == OK && a->serial == 0)
		err = try_removals(a);
	if (err != OK)
		return err;
	end_try(p, a);
	return a->permit != STORE_PERMIT_NONE ?
		store_publish_permit(p->store, STORE_PERMIT_NONE, a->e) :
		OK;
}

static enum err
publish(struct publisher *p, bool force, int64_t now_s, uint32_t *serial, struct error *e)
{
	struct retirement retirement;
	struct attempt a = {.publisher = p,
		.retirement = &retirement,
		.now_s = now_s,
		.force = force,
		.e = e};
	enum err err = retire_load(p->store, &retirement, e);

	*serial = 0;
	if (err == OK && retire_is_gone(&retirement) && p->stage == RETIRE_GONE)
		return OK;
	popular_refresh(&p->popular, now_s);
	p->tried_s = now_s;
	if (err == OK)
		err = may_publish_delta(p, &retirement, &a.delta, e);
	if (err == OK)
		err = store_publish_permitted(p->store, &a.permit, e);
	if (err == OK)
		err = try_and_end(&a);
	if (err != OK)
		return err;
	*serial = a.serial;
	return a.serial != 0 ? OK : refuse_held(p, e);
}

/* --- interface -------------------------------------------------------------------- */

enum err
publish_new(struct store *store, const struct conf *conf, struct publisher **out, struct error *e)
{
	struct publisher *p = calloc(1, sizeof(*p));
	struct error trouble;
	enum err err;

	*out = NULL;
	if (p == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	p->store = store;
	p->conf = conf;
	snprintf(p->delta_path, sizeof(p->delta_path), "%s.delta", conf->zone.snapshot);
	err = popular_open(&p->popular, conf->publish.popular, e);
	if (err != OK) {
		free(p);
		return err;
	}
	in_service_open(&p->in_service, conf->zone.snapshot, p->delta_path, &trouble);
	if (trouble.code != OK)
		log_warning("the list in service cannot be compared with: %s", trouble.text);
	*out = p;
	return OK;
}

void
publish_free(struct publisher *p)
{
	if (p == NULL)
		return;
	in_service_close(&p->in_service);
	popular_close(&p->popular);
	free(p);
}

void
publish_set_guard(struct publisher *p, const struct guard *guard)
{
	p->guard = guard;
}

enum err
publish_list(struct publisher *p, int64_t now_s, uint32_t *serial, struct error *e)
{
	enum store_permit permit;
	enum err err = store_publish_permitted(p->store, &permit, e);
	bool is_held = p->hold.blast != BLAST_SMALL && !p->hold.is_partial &&
		permit == STORE_PERMIT_NONE;

	*serial = 0;
	if (err == OK && is_held && now_s >= p->tried_s && now_s - p->tried_s < HELD_RETRY_S)
		return refuse_held(p, e);
	return err == OK ? publish(p, false, now_s, serial, e) : err;
}

static enum err
add_order(struct publisher *p, const struct publish_order *o, int64_t now_s, struct error *e)
{
	const struct store_audit audit = {.time_s = now_s,
		.author = o->author,
		.action = "force",
		.detail = o->reason};
	enum err err = store_begin(p->store, e);

	if (err != OK)
		return err;
	err = store_audit_add(p->store, &audit, e);
	if (err == OK)
		err = store_suspects_hold(p->store, false, e);
	if (err == OK)
		err = store_alarm_end(p->store, STORE_ALARM_RESTORED, NULL, e);
	if (err == OK)
		return store_commit(p->store, e);
	store_rollback(p->store);
	return err;
}

enum err
publish_ordered(struct publisher *p, const struct publish_order *o, int64_t now_s, uint32_t *serial,
	struct error *e)
{
	enum err err = OK;

	*serial = 0;
	if (o->force)
		err = add_order(p, o, now_s, e);
	return err == OK ? publish(p, o->force, now_s, serial, e) : err;
}

const struct publish_hold *
publish_hold(const struct publisher *p)
{
	return &p->hold;
}

uint32_t
publish_in_service(const struct publisher *p, const struct addr *a, int64_t now_s)
{
	return in_service_find(&p->in_service, a, now_s).categories;
}

bool
publish_is_due(const struct publisher *p, int64_t now_s)
{
	if (p->stage == RETIRE_GONE)
		return false;
	return now_s - p->published_s >= p->conf->zone.heartbeat_s ||
		(p->guard != NULL && guard_generation(p->guard) != p->guard_generation);
}
