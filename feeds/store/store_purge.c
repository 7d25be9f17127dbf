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
		"SELECT count(*) FROM submission WHERE" IN_WINDOW, "tii", WINDOW_ARGUMENTS(w));

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
