#include <orbl/store_purge.h>

#include "store_intake.h"
#include "store_sql.h"

enum { HOUR_S = 3600 };

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

/* Which hosts, for as long as the connection lives, as there may be very many. */
static enum err
keep_hosts(struct store *s, const struct store_window *w, uint64_t *hosts, struct error *e)
{
	size_t count = 0;
	enum err err = store_execute(s,
		"CREATE TEMP TABLE IF NOT EXISTS purged (host TEXT PRIMARY KEY) WITHOUT ROWID;"
		"DELETE FROM purged",
		e);

	if (err == OK)
		err = store_run(s, e, &count,
			"INSERT INTO purged SELECT DISTINCT host FROM evidence WHERE submission IN"
			" (SELECT id FROM submission WHERE" IN_WINDOW ")",
			"tii", WINDOW_ARGUMENTS(w));
	*hosts = count;
	if (err != OK)
		return err;
	return store_run(s, e, NULL, "INSERT OR IGNORE INTO pending SELECT host FROM purged", "");
}

static enum err
count_window(struct store *s, const struct store_window *w, struct store_purged *out,
	struct error *e)
{
	int64_t submissions = 0, denials = 0;
	enum err err = store_number(s, e, &submissions,
		"SELECT count(*) FROM submission WHERE" IN_WINDOW
		" AND EXISTS (SELECT 1 FROM evidence v WHERE v.submission = submission.id)",
		"tii", WINDOW_ARGUMENTS(w));

	if (err == OK)
		err = store_number(s, e, &denials,
			"SELECT coalesce(sum(count), 0) FROM evidence WHERE submission IN"
			" (SELECT id FROM submission WHERE" IN_WINDOW ")",
			"tii", WINDOW_ARGUMENTS(w));
	out->submissions = (uint64_t)submissions;
	out->denials = (uint64_t)denials;
	return err;
}

enum err
store_purge_evidence(struct store *s, const struct store_window *w, struct store_purged *out,
	struct error *e)
{
	size_t rows = 0;
	enum err err = check_reporter(s, w->reporter, e);

	*out = (struct store_purged){.rows = 0};
	if (err == OK)
		err = count_window(s, w, out, e);
	if (err == OK)
		err = keep_hosts(s, w, &out->hosts, e);
	if (err == OK)
		err = store_run(s, e, &rows,
			"DELETE FROM evidence WHERE submission IN"
			" (SELECT id FROM submission WHERE" IN_WINDOW ")",
			"tii", WINDOW_ARGUMENTS(w));
	out->rows = rows;
	return err == OK ? store_intake_count(s, -(int64_t)rows, e) : err;
}

enum err
store_purge_has(struct store *s, const struct store_window *w, int64_t submission, bool *has,
	struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n,
		"SELECT 1 FROM submission WHERE" IN_WINDOW " AND id = ?4", "tiii",
		WINDOW_ARGUMENTS(w), submission);

	*has = n != 0;
	return err;
}

static sqlite3_stmt *
bind_part(struct store *s, enum store_purge_part part, const char *after, size_t max,
	struct error *e)
{
	if (part == STORE_PURGE_QUEUED)
		return store_bind(s, e,
			"SELECT u.host, p.id FROM purged u JOIN probe p ON p.host = u.host"
			" AND p.finished_s = 0 AND p.started_s = 0 AND p.cause = 0 AND p.source = 0"
			" WHERE u.host > ? ORDER BY u.host LIMIT ?",
			"ti", after, (int64_t)max);
	return store_bind(s, e,
		"SELECT u.host, 0 FROM purged u WHERE u.host > ? AND EXISTS (SELECT 1 FROM proof"
		" WHERE tested = u.host AND category = ?) ORDER BY u.host LIMIT ?",
		"tii", after, (int64_t)CATEGORY_SUSPECT, (int64_t)max);
}

enum err
store_purge_hosts(struct store *s, enum store_purge_part part, const char *after,
	struct store_purge_host *out, size_t max, size_t *count, struct error *e)
{
	sqlite3_stmt *st = bind_part(s, part, after, max, e);
	enum err err;
	bool row;

	*count = 0;
	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row) {
		if (addr_parse(text_of(store_text(st, 0)), &out[*count].host) != OK)
			continue;
		out[*count].probe = (uint64_t)sqlite3_column_int64(st, 1);
		(*count)++;
	}
	return err;
}

enum err
store_purge_proved(struct store *s, const char *reporter, store_provoked_fn *fn, void *context,
	struct error *e)
{
	/* A retest before the end, and a second opinion, have the cause of what came before. */
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT f.tested, f.category, f.provoked FROM"
		" (SELECT DISTINCT o.tested AS tested, o.category AS category,"
		"  (SELECT max(n.probe) FROM probe p JOIN nomination n ON n.probe = p.id"
		"   WHERE p.host = o.tested AND p.id <= o.probe) AS provoked"
		"  FROM proof o WHERE o.category <> ?2 AND o.probe <> 0) f"
		" JOIN nomination m ON m.probe = f.provoked"
		" AND m.reporter = (SELECT id FROM reporter WHERE name = ?1)"
		" ORDER BY f.tested, f.category",
		"ti", reporter, (int64_t)CATEGORY_SUSPECT);
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_provoked p = {
			.category = (enum category)sqlite3_column_int(st, 1),
			.probe = (uint64_t)sqlite3_column_int64(st, 2),
		};

		if (addr_parse(text_of(store_text(st, 0)), &p.tested) == OK &&
			(unsigned)p.category < CATEGORY_COUNT)
			stop = fn(&p, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_purge_others(struct store *s, uint64_t probe, const char *reporter, double *points,
	uint64_t *reporters, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT coalesce(sum(n.points), 0), count(*) FROM nomination n"
		" JOIN reporter r ON r.id = n.reporter WHERE n.probe = ? AND r.name <> ?",
		"it", (int64_t)probe, reporter);
	bool row;
	enum err err;

	*points = 0;
	*reporters = 0;
	if (st == NULL)
		return store_code(e);
	err = store_step(s, st, &row, e);
	if (err != OK || !row)
		return err;
	*points = sqlite3_column_double(st, 0);
	*reporters = (uint64_t)sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return OK;
}

/* Those that rest on nothing that is left: by what was received in the window, or is too old to be
 * kept. Where something proved is still listed by one, it stays without points, so that it is known
 * whose it was. */
static enum err
find_forgotten(struct store *s, const struct store_window *w, uint64_t *count, struct error *e)
{
	size_t found = 0;
	enum err err = store_execute(s,
		"CREATE TEMP TABLE IF NOT EXISTS forgotten (probe INTEGER PRIMARY KEY,"
		" host TEXT NOT NULL); DELETE FROM forgotten",
		e);

	if (err == OK)
		err = store_run(s, e, &found,
			"INSERT INTO forgotten SELECT p.id, p.host FROM nomination n"
			" JOIN probe p ON p.id = n.probe WHERE n.points > 0"
			" AND n.reporter = (SELECT id FROM reporter WHERE name = ?1)"
			" AND p.queued_s >= ?2 AND (p.queued_s < ?3"
			"  OR EXISTS (SELECT 1 FROM purged u WHERE u.host = p.host))"
			" AND NOT EXISTS (SELECT 1 FROM evidence v JOIN submission b"
			"  ON b.id = v.submission WHERE v.host = p.host AND b.committed = 1"
			"  AND b.reporter = n.reporter AND b.received_s <= p.queued_s)",
			"tii", WINDOW_ARGUMENTS(w));
	*count = found;
	return err;
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
		err = store_execute(s,
			"CREATE TEMP TABLE IF NOT EXISTS kept (probe INTEGER, reporter INTEGER,"
			" points REAL); DELETE FROM kept",
			e);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO kept SELECT n.probe, n.reporter, n.points FROM nomination n"
			" JOIN probe p ON p.id = n.probe WHERE n.points > 0"
			" AND p.host IN (SELECT host FROM forgotten)"
			" AND n.reporter = (SELECT id FROM reporter WHERE name = ?)",
			"t", reporter);
	if (err == OK)
		err = store_run(s, e, NULL,
			"DELETE FROM nomination WHERE (probe, reporter) IN"
			" (SELECT probe, reporter FROM kept)",
			"");
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO nomination SELECT probe, reporter, points FROM kept ORDER BY probe",
		"");
}

enum err
store_purge_nominations(struct store *s, const struct store_window *w, uint64_t *count,
	struct error *e)
{
	enum err err = find_forgotten(s, w, count, e);

	if (err == OK)
		err = store_run(s, e, NULL,
			"UPDATE nomination SET points = 0 WHERE probe IN (SELECT probe FROM "
			"forgotten)"
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
store_purge_alarms(struct store *s, struct error *e)
{
	return store_run(s, e, NULL,
		"DELETE FROM alarm WHERE kind = 'safe' AND subject IN (SELECT host FROM purged)"
		" AND NOT EXISTS (SELECT 1 FROM evidence v WHERE v.host = subject)",
		"");
}
