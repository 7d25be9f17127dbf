#include "submission_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_audit.h>
#include <orbl/store_reporter.h>

#include "submission_summary.h"

enum { HOUR_S = 3600 };

enum err
submission_check_revoked(struct submission *s, struct error *e)
{
	int64_t since_s;
	struct tm tm;
	char day[32] = "";
	enum err err = store_reporter_revoked(s->store, s->reporter, &since_s, e);
	time_t seconds = (time_t)since_s;

	if (err != OK || since_s == 0)
		return err;
	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(day, sizeof(day), " on %Y-%m-%d", &tm);
	return error_set(e, ERR_REFUSED,
		"reporter %s was revoked%s: nothing is taken from it; ask the operator of the "
		"list, who can look at it with orbl reporter show",
		s->reporter, day);
}

void
submission_undo_spilled(struct submission *s)
{
	struct error e;

	if (s->id != 0 && store_submission_abort(s->store, s->id, &e) != OK)
		log_warning("submission %" PRId64 " stays until the next start, uncounted: %s",
			s->id, e.text);
	s->id = 0;
}

/* What the part will add, but for duplicates and hosts, which the store tells. */
static struct store_submission
part_totals(const struct submission *s)
{
	const struct reader_summary *now = reader_summary(s->reader), *before = &s->before;
	struct store_submission t = s->totals;

	t.lines = now->lines - before->lines;
	t.denials = now->denials - before->denials;
	t.not_understood = now->not_understood - before->not_understood;
	return t;
}

/* Some of it was in the store already: the whole part is a submission of its own. */
static enum err
commit_spilled(struct submission *s, struct store_submission *t, struct error *e)
{
	enum err err = submission_write_batch(s, t, e);

	t->id = s->id;
	return err == OK ? store_submission_count(s->store, t, e) : err;
}

static enum err
commit_part(struct submission *s, struct store_submission *t, struct error *e)
{
	struct store_part part = {s->reporter, s->file, s->now_s, s->batch.count, s->batch.denials,
		*t, s->quota};
	enum err err;

	part.totals.id = s->hour_s == s->now_s / HOUR_S ? s->hour_id : 0;
	err = store_part_add(s->store, &part, e);
	*t = part.totals;
	return err;
}

static enum err
on_day(const struct store_day *d, void *context)
{
	uint64_t *over_quota = context;

	*over_quota = d->over_quota;
	return OK;
}

/* Said once a day, however many submissions are over it. */
static enum err
look_at_quota(struct submission *s, const struct store_submission *t, struct error *e)
{
	uint64_t today = 0;
	enum err err = OK;

	if (t->over_quota != 0)
		err = store_reporter_days(s->store, s->reporter, 1, on_day, &today, e);
	s->is_first_over = t->over_quota != 0 && today == t->over_quota;
	return err;
}

/* What has come from whom; of a log that goes on when its hour is over. Not when all was known. */
static enum err
audit_part(struct submission *s, const struct store_submission *t, struct error *e)
{
	char detail[512];

	if (t->denials == t->duplicates || (s->goes_on && t->id == s->hour_id))
		return OK;
	if (s->goes_on)
		return store_audit_submission(s->store, t->id, e);
	snprintf(detail, sizeof(detail),
		"submission %" PRId64 ", %s: %" PRIu64 " lines, %" PRIu64 " denials, %" PRIu64
		" hosts, %" PRIu64 " known, %" PRIu64 " drift, %" PRIu64 " own domain, %" PRIu64
		" over quota",
		t->id, s->file, t->lines, t->denials, t->hosts, t->duplicates, t->drift,
		t->own_domain, t->over_quota);
	return store_audit_add(s->store,
		&(struct store_audit){.time_s = s->now_s,
			.author = s->author,
			.action = "submit",
			.subject = s->reporter,
			.detail = detail},
		e);
}

static enum err
commit_all(struct submission *s, const char *position, struct store_submission *t, struct error *e)
{
	enum err err = OK;

	if (s->id != 0)
		err = commit_spilled(s, t, e);
	else if (t->denials != 0)
		err = commit_part(s, t, e);
	if (err == OK && s->faults != NULL)
		err = submission_faults_store(s->faults, s->store, s->reporter, s->now_s, e);
	if (err == OK && t->id != 0)
		err = look_at_quota(s, t, e);
	if (err == OK && t->id != 0)
		err = audit_part(s, t, e);
	if (err == OK && position != NULL)
		err = store_position_put(s->store, s->reporter, s->source, position, s->now_s, e);
	return err;
}

/* Of a reporter that was revoked nothing waits: a syslog sender goes on for ever. */
static void
forget_part(struct submission *s)
{
	submission_undo_spilled(s);
	denial_batch_clear(&s->batch);
	if (s->faults != NULL)
		submission_faults_clear(s->faults);
	s->drift.count = 0;
	s->totals = (struct store_submission){0};
	s->before = *reader_summary(s->reader);
}

enum err
submission_commit(struct submission *s, const char *position, enum submission_hurry hurry,
	struct store_submission *t, struct error *e)
{
	bool is_revoked;
	enum err err;

	*t = part_totals(s);
	if (s->id == 0 && t->denials == 0 && position == NULL)
		return OK;
	err = hurry == SUBMISSION_LAZY ? store_begin_lazily(s->store, e) : store_begin(s->store, e);
	if (err != OK)
		return err;
	err = submission_check_revoked(s, e);
	is_revoked = err == ERR_REFUSED;
	if (err == OK)
		err = commit_all(s, position, t, e);
	if (err == OK)
		return store_commit(s->store, e);
	store_rollback(s->store);
	if (is_revoked)
		forget_part(s);
	return err;
}

static void
add_faults(const struct submission *s, json_t *summary)
{
	json_t *faults = submission_faults_json(s->faults, s->reporter);

	if (faults != NULL)
		json_object_set_new(summary, "faults", faults);
}

/* To our own operator, of what is new. */
static void
warn_of_faults(struct submission *s)
{
	if (s->is_first_over)
		log_warning("reporter %s: more than its quota of %" PRId64
			    " denials today, what is beyond is no evidence",
			s->reporter, s->quota);
	s->is_first_over = false;
	if (s->faults != NULL)
		submission_faults_log(s->faults, s->reporter);
}

enum err
submission_next_part(struct submission *s, const struct store_submission *t, json_t **summary,
	struct error *e)
{
	if (summary != NULL)
		*summary = submission_summary_json(t, reader_summary(s->reader), &s->before,
			s->line_shift);
	if (summary != NULL && *summary != NULL && s->drift.count != 0)
		json_object_set_new(*summary, "drift_examples",
			submission_drift_json(&s->drift, s->policy_file));
	if (summary != NULL && *summary != NULL && s->faults != NULL)
		add_faults(s, *summary);
	warn_of_faults(s);
	s->drift.count = 0;
	if (s->faults != NULL)
		submission_faults_clear(s->faults);
	if (t->id != 0) {
		s->hour_id = t->id;
		s->hour_s = s->now_s / HOUR_S;
	}
	s->id = 0;
	s->fed = false;
	s->totals = (struct store_submission){0};
	s->before = *reader_summary(s->reader);
	denial_batch_clear(&s->batch);
	return summary == NULL || *summary != NULL ? OK : error_set(e, ERR_MEMORY, "out of memory");
}
