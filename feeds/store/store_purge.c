#include <orbl/store_purge.h>

#include <stdio.h>
#include <string.h>

#include "store_intake.h"
#include "store_sql.h"

enum { HOUR_S = 3600, GATHERED = 5000 /* rows looked at in one go */ };

/* Parts of a log that goes on share the submission that their hour began with. */
#define IN_WINDOW                                                                                  \
	" reporter = (SELECT id FROM reporter WHERE name = ?1) AND committed = 1"                  \
	" AND received_s >= ?2 AND received_s < ?3"
#define WINDOW_ARGUMENTS(w)                                                                        \
	(w)->reporter, (w)->since_s - (w)->since_s % HOUR_S,                                       \
		(w)->until_s != 0 ? (w)->until_s : INT64_MAX

static enum err
check_reporter(struct store *s, const char *name, struct error *e)
{
	int64_t id;
	enum err err = store_number(s, e, &id, "SELECT id FROM reporter WHERE name = ?", "t", name);

	if (err != OK || id != 0)
		return err;
	return error_set(e, ERR_NOT_FOUND, "no reporter %s has submitted anything", name);
}

/* What is found is kept for as long as the connection lives, as it may be very much. */
static const char found_schema[] =
	"CREATE TEMP TABLE IF NOT EXISTS purging (submission INTEGER PRIMARY KEY,"
	"  names INTEGER NOT NULL);"
	"CREATE TEMP TABLE IF NOT EXISTS purged (host TEXT PRIMARY KEY, named INTEGER NOT NULL)"
	"  WITHOUT ROWID;"
	"CREATE TEMP TABLE IF NOT EXISTS forgotten (probe INTEGER PRIMARY KEY,"
	"  host TEXT NOT NULL);"
	"CREATE TEMP TABLE IF NOT EXISTS kept_nomination (probe INTEGER, reporter INTEGER,"
	"  points REAL);"
	"DELETE FROM purging; DELETE FROM purged";

enum err
store_purge_begin(struct store *s, const struct store_window *w, struct store_purged *out,
	struct error *e)
{
	int64_t submissions = 0;
	enum err err = check_reporter(s, w->reporter, e);

	*out = (struct store_purged){.rows = 0};
	if (err == OK)
		err = store_execute(s, found_schema, e);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO purging SELECT id, EXISTS (SELECT 1 FROM evidence v"
			" WHERE v.submission = submission.id) FROM submission WHERE" IN_WINDOW,
			"tii", WINDOW_ARGUMENTS(w));
	if (err == OK)
		err = store_number(s, e, &submissions, "SELECT count(*) FROM purging WHERE names",
			"");
	out->submissions = (uint64_t)submissions;
	return err;
}

static enum err
get_text(struct store *s, sqlite3_stmt *st, char out[ADDR_TEXT], struct error *e)
{
	enum err err = OK;

	out[0] = '\0';
	while (store_each(s, st, &err, e))
		snprintf(out, ADDR_TEXT, "%s", store_text(st, 0));
	return err;
}

/* The hosts of one submission behind the place; none is left: on to the next one. */
static enum err
gather_named(struct store *s, struct store_purge_place *at, struct error *e)
{
	char upto[ADDR_TEXT];
	enum err err = get_text(s,
		store_bind(s, e,
			"SELECT coalesce(max(host), '') FROM (SELECT host FROM evidence"
			" WHERE submission = ? AND host > ? ORDER BY host LIMIT ?)",
			"iti", at->submission, at->host, (int64_t)GATHERED),
		upto, e);

	if (err == OK && upto[0] != '\0')
		err = store_run(s, e, NULL,
			"INSERT OR IGNORE INTO purged SELECT DISTINCT host, 1 FROM evidence"
			" WHERE submission = ? AND host > ? AND host <= ?",
			"itt", at->submission, at->host, upto);
	memcpy(at->host, upto, sizeof(upto));
	if (err != OK || upto[0] != '\0')
		return err;
	return store_number(s, e, &at->submission,
		"SELECT min(submission) FROM purging WHERE names AND submission > ?", "i",
		at->submission);
}

static enum err
gather_nominated(struct store *s, const struct store_window *w, struct store_purge_place *at,
	struct error *e)
{
	int64_t upto = 0;
	enum err err = store_number(s, e, &upto,
		"SELECT max(probe) FROM (SELECT probe FROM nomination WHERE reporter ="
		" (SELECT id FROM reporter WHERE name = ?) AND probe > ? ORDER BY probe LIMIT ?)",
		"tii", w->reporter, at->probe, (int64_t)GATHERED);

	at->is_done = err == OK && upto == 0;
	if (err == OK && upto != 0)
		err = store_run(s, e, NULL,
			"INSERT OR IGNORE INTO purged SELECT p.host, 0 FROM nomination n"
			" JOIN probe p ON p.id = n.probe WHERE n.reporter ="
			" (SELECT id FROM reporter WHERE name = ?) AND n.probe > ? AND n.probe <= "
			"?",
			"tii", w->reporter, at->probe, upto);
	at->probe = upto;
	return err;
}

enum err
store_purge_gather(struct store *s, const struct store_window *w, struct store_purge_place *at,
	struct error *e)
{
	enum err err = OK;

	if (!at->is_begun)
		err = store_number(s, e, &at->submission,
			"SELECT min(submission) FROM purging WHERE names", "");
	at->is_begun = true;
	if (err == OK && at->submission != 0)
		err = gather_named(s, at, e);
	else if (err == OK)
		err = gather_nominated(s, w, at, e);
	return err;
}

enum err
store_purge_count(struct store *s, uint64_t *all, struct store_purged *out, struct error *e)
{
	int64_t count = 0, named = 0;
	enum err err = store_number(s, e, &count, "SELECT count(*) FROM purged", "");

	if (err == OK)
		err = store_number(s, e, &named, "SELECT count(*) FROM purged WHERE named", "");
	*all = (uint64_t)count;
	out->hosts = (uint64_t)named;
	return err;
}

/* --- some hosts ---------------------------------------------------------- */

/* ?1 and ?2 are the slice. */
#define SLICE       "u.host > ?1 AND u.host <= ?2"
#define SLICE_HOSTS "(SELECT u.host FROM purged u WHERE " SLICE ")"
#define NAMED_HOSTS "(SELECT u.host FROM purged u WHERE u.named AND " SLICE ")"
/* By the hosts, however many others the submissions have. */
#define SLICE_EVIDENCE                                                                             \
	" FROM evidence WHERE host IN " NAMED_HOSTS                                                \
	" AND +submission IN (SELECT submission FROM purging)"

enum err
store_purge_next(struct store *s, size_t max, struct store_purge_slice *slice, struct error *e)
{
	sqlite3_stmt *st;
	enum err err = OK;

	memcpy(slice->after, slice->upto, sizeof(slice->after));
	slice->count = 0;
	st = store_bind(s, e,
		"SELECT max(host), count(*) FROM (SELECT host FROM purged WHERE host > ?"
		" ORDER BY host LIMIT ?)",
		"ti", slice->after, (int64_t)max);
	while (store_each(s, st, &err, e)) {
		slice->count = (size_t)sqlite3_column_int64(st, 1);
		if (slice->count != 0)
			snprintf(slice->upto, ADDR_TEXT, "%s", store_text(st, 0));
	}
	return err;
}

enum err
store_purge_evidence(struct store *s, const struct store_purge_slice *slice,
	struct store_purged *out, struct error *e)
{
	int64_t denials = 0;
	size_t rows = 0;
	enum err err = store_number(s, e, &denials, "SELECT coalesce(sum(count), 0)" SLICE_EVIDENCE,
		"tt", slice->after, slice->upto);

	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT OR IGNORE INTO pending SELECT host FROM " NAMED_HOSTS, "tt",
			slice->after, slice->upto);
	if (err == OK)
		err = store_run(s, e, &rows, "DELETE" SLICE_EVIDENCE, "tt", slice->after,
			slice->upto);
	out->rows += rows;
	out->denials += (uint64_t)denials;
	return err == OK ? store_intake_count(s, -(int64_t)rows, e) : err;
}

enum err
store_purge_has(struct store *s, int64_t submission, bool *has, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n, "SELECT 1 FROM purging WHERE submission = ?", "i",
		submission);

	*has = n != 0;
	return err;
}

static sqlite3_stmt *
bind_part(struct store *s, const struct store_purge_slice *slice, enum store_purge_part part,
	struct error *e)
{
	if (part == STORE_PURGE_QUEUED)
		return store_bind(s, e,
			"SELECT u.host, p.id FROM purged u JOIN probe p ON p.host = u.host"
			" AND p.finished_s = 0 AND p.started_s = 0 AND p.cause = 0 AND p.source = 0"
			" WHERE u.named AND " SLICE " ORDER BY u.host",
			"tt", slice->after, slice->upto);
	return store_bind(s, e,
		"SELECT u.host, 0 FROM purged u WHERE u.named AND " SLICE
		" AND EXISTS (SELECT 1 FROM proof WHERE tested = u.host AND category = ?3)"
		" ORDER BY u.host",
		"tti", slice->after, slice->upto, (int64_t)CATEGORY_SUSPECT);
}

enum err
store_purge_hosts(struct store *s, const struct store_purge_slice *slice,
	enum store_purge_part part, struct store_purge_host *out, size_t max, size_t *count,
	struct error *e)
{
	sqlite3_stmt *st = bind_part(s, slice, part, e);
	enum err err = OK;

	*count = 0;
	while (store_each(s, st, &err, e)) {
		if (*count == max ||
			addr_parse(text_of(store_text(st, 0)), &out[*count].host) != OK)
			continue;
		out[*count].probe = (uint64_t)sqlite3_column_int64(st, 1);
		(*count)++;
	}
	return err;
}

enum err
store_purge_proved(struct store *s, const struct store_purge_slice *slice, const char *reporter,
	store_provoked_fn *fn, void *context, struct error *e)
{
	/* A retest before the end, and a second opinion, have the cause of what came before. */
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT f.tested, f.category, f.provoked FROM"
		" (SELECT DISTINCT o.tested AS tested, o.category AS category,"
		"  (SELECT max(n.probe) FROM probe p JOIN nomination n ON n.probe = p.id"
		"   WHERE p.host = o.tested AND p.id <= o.probe) AS provoked"
		"  FROM purged u CROSS JOIN proof o ON o.tested = u.host WHERE " SLICE
		"  AND o.category <> ?4 AND o.probe <> 0) f"
		" JOIN nomination m ON m.probe = f.provoked"
		" AND m.reporter = (SELECT id FROM reporter WHERE name = ?3)"
		" ORDER BY f.tested, f.category",
		"ttti", slice->after, slice->upto, reporter, (int64_t)CATEGORY_SUSPECT);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		struct store_provoked p = {
			.category = (enum category)sqlite3_column_int(st, 1),
			.probe = (uint64_t)sqlite3_column_int64(st, 2),
		};

		if (addr_parse(text_of(store_text(st, 0)), &p.tested) == OK &&
			(unsigned)p.category < CATEGORY_COUNT)
			err = fn(&p, context);
	}
	return err;
}

enum err
store_purge_others(struct store *s, uint64_t probe, const char *reporter, double *points,
	uint64_t *reporters, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT coalesce(sum(n.points), 0), count(*) FROM nomination n"
		" JOIN reporter r ON r.id = n.reporter WHERE n.probe = ? AND r.name <> ?",
		"it", (int64_t)probe, reporter);
	enum err err = OK;

	*points = 0;
	*reporters = 0;
	while (store_each(s, st, &err, e)) {
		*points = sqlite3_column_double(st, 0);
		*reporters = (uint64_t)sqlite3_column_int64(st, 1);
	}
	return err;
}

/* Those that rest on nothing that is left: by what was received in the window, or is too old to be
 * kept. Where something proved is still listed by one, it stays without points, so that it is known
 * whose it was. */
static enum err
find_forgotten(struct store *s, const struct store_purge_slice *slice, const struct store_window *w,
	size_t *count, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM forgotten", "");

	if (err != OK)
		return err;
	return store_run(s, e, count,
		"INSERT INTO forgotten SELECT p.id, p.host FROM purged u"
		" CROSS JOIN probe p ON p.host = u.host"
		" CROSS JOIN nomination n ON n.probe = p.id AND n.points > 0"
		"  AND n.reporter = (SELECT id FROM reporter WHERE name = ?3)"
		" WHERE " SLICE " AND p.queued_s >= ?4 AND (p.queued_s < ?5 OR u.named)"
		" AND NOT EXISTS (SELECT 1 FROM evidence v JOIN submission b"
		"  ON b.id = v.submission WHERE v.host = p.host AND b.committed = 1"
		"  AND b.reporter = n.reporter AND b.received_s <= p.queued_s)",
		"tttii", slice->after, slice->upto, WINDOW_ARGUMENTS(w));
}

/* Its record of a host is made anew of the nominations that are left, by the triggers. */
static enum err
judge_anew(struct store *s, const char *reporter, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"DELETE FROM reporter_host WHERE host IN (SELECT host FROM forgotten)"
		" AND reporter = (SELECT id FROM reporter WHERE name = ?)",
		"t", reporter);

	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM kept_nomination", "");
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO kept_nomination SELECT n.probe, n.reporter, n.points"
			" FROM (SELECT DISTINCT host FROM forgotten) f"
			" CROSS JOIN probe p ON p.host = f.host"
			" CROSS JOIN nomination n ON n.probe = p.id AND n.points > 0"
			"  AND n.reporter = (SELECT id FROM reporter WHERE name = ?)",
			"t", reporter);
	if (err == OK)
		err = store_run(s, e, NULL,
			"DELETE FROM nomination WHERE (probe, reporter) IN"
			" (SELECT probe, reporter FROM kept_nomination)",
			"");
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO nomination SELECT probe, reporter, points FROM kept_nomination"
		" ORDER BY probe",
		"");
}

enum err
store_purge_nominations(struct store *s, const struct store_purge_slice *slice,
	const struct store_window *w, uint64_t *count, struct error *e)
{
	size_t found = 0;
	enum err err = find_forgotten(s, slice, w, &found, e);

	*count += found;
	if (err != OK || found == 0)
		return err;
	err = store_run(s, e, NULL,
		"UPDATE nomination SET points = 0 WHERE probe IN (SELECT probe FROM forgotten)"
		" AND reporter = (SELECT id FROM reporter WHERE name = ?)",
		"t", w->reporter);
	if (err == OK)
		err = store_run(s, e, NULL,
			"DELETE FROM nomination WHERE probe IN (SELECT probe FROM forgotten f"
			"  WHERE NOT EXISTS (SELECT 1 FROM proof o WHERE o.tested = f.host"
			"   AND o.category <> ?2))"
			" AND reporter = (SELECT id FROM reporter WHERE name = ?1)",
			"ti", w->reporter, (int64_t)CATEGORY_SUSPECT);
	return err == OK ? judge_anew(s, w->reporter, e) : err;
}

enum err
store_purge_alarms(struct store *s, const struct store_purge_slice *slice, struct error *e)
{
	return store_run(s, e, NULL,
		"DELETE FROM alarm WHERE kind = 'safe' AND subject IN " NAMED_HOSTS
		" AND NOT EXISTS (SELECT 1 FROM evidence v WHERE v.host = subject)",
		"tt", slice->after, slice->upto);
}
