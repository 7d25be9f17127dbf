#include <orbl/store_reporter.h>

#include "store_intake.h"
#include "store_sql.h"

enum { DAYS_KEPT_S = 400 * STORE_DAY_S };

enum err
store_reporters(struct store *s, const char *name, int64_t now_s, store_reporter_fn *fn,
	void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT r.id, r.name, r.since_s, r.revoked_s,"
		" (SELECT coalesce(max(b.received_s), 0) FROM submission b"
		"  WHERE b.reporter = r.id AND b.committed = 1),"
		" (SELECT coalesce(sum(b.denials), 0) FROM submission b WHERE b.reporter = r.id"
		" AND b.committed = 1), coalesce(d.denials, 0), coalesce(d.over_quota, 0),"
		" coalesce(d.own_domain, 0), (SELECT count(*) FROM reporter_fault f"
		" WHERE f.reporter = r.id AND f.kind <> '" STORE_FAULT_WATCHED "')"
		" FROM reporter r LEFT JOIN reporter_day d ON d.reporter = r.id AND d.day_s = ?"
		" WHERE ?2 IS NULL OR r.name = ?2 ORDER BY r.name",
		"it", now_s - now_s % STORE_DAY_S, name);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_reporter r = {
			.id = sqlite3_column_int64(st, 0),
			.name = store_text(st, 1),
			.since_s = sqlite3_column_int64(st, 2),
			.revoked_s = sqlite3_column_int64(st, 3),
			.last_s = sqlite3_column_int64(st, 4),
			.denials = (uint64_t)sqlite3_column_int64(st, 5),
			.today = (uint64_t)sqlite3_column_int64(st, 6),
			.over_quota = (uint64_t)sqlite3_column_int64(st, 7),
			.own_domain = (uint64_t)sqlite3_column_int64(st, 8),
			.faults = (uint64_t)sqlite3_column_int64(st, 9),
		};

		err = fn(&r, context);
	}
	return err;
}

enum err
store_reporter_revoked(struct store *s, const char *name, int64_t *since_s, struct error *e)
{
	return store_number(s, e, since_s, "SELECT revoked_s FROM reporter WHERE name = ?", "t",
		name);
}

enum err
store_reporter_revoke(struct store *s, const char *name, int64_t revoked_s, int64_t now_s,
	uint64_t *hosts, struct error *e)
{
	int64_t id, count = 0;
	enum err err = store_reporter_id(s, name, now_s, &id, e);

	if (err == OK)
		err = store_run(s, e, NULL, "UPDATE reporter SET revoked_s = ? WHERE id = ?", "ii",
			revoked_s, id);
	if (err == OK)
		err = store_number(s, e, &count,
			"SELECT count(DISTINCT v.host) FROM evidence v"
			" JOIN submission b ON b.id = v.submission WHERE b.reporter = ?",
			"i", id);
	*hosts = (uint64_t)count;
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT OR IGNORE INTO pending SELECT DISTINCT v.host FROM evidence v"
		" JOIN submission b ON b.id = v.submission AND b.committed = 1"
		" WHERE b.reporter = ?",
		"i", id);
}

enum err
store_reporter_days(struct store *s, const char *name, size_t max, store_day_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT d.day_s, d.denials, d.over_quota, d.own_domain FROM reporter_day d"
		" JOIN reporter r ON r.id = d.reporter WHERE r.name = ?"
		" ORDER BY d.day_s DESC LIMIT ?",
		"ti", name, (int64_t)max);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_day d = {
			.day_s = sqlite3_column_int64(st, 0),
			.denials = (uint64_t)sqlite3_column_int64(st, 1),
			.over_quota = (uint64_t)sqlite3_column_int64(st, 2),
			.own_domain = (uint64_t)sqlite3_column_int64(st, 3),
		};

		err = fn(&d, context);
	}
	return err;
}

/* --- faults --------------------------------------------------------------- */

enum err
store_fault_put(struct store *s, int64_t reporter, const struct store_fault *f, size_t max,
	struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"INSERT INTO reporter_fault VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
		" SET last_s = excluded.last_s, count = count + excluded.count",
		"ittiiit", reporter, f->kind, f->subject, f->first_s, f->last_s, (int64_t)f->count,
		f->example);

	if (err != OK)
		return err;
	/* That of now stays: what has gone may come back, and then stay for its count. */
	return store_run(s, e, NULL,
		"DELETE FROM reporter_fault WHERE (reporter, kind, subject) IN"
		" (SELECT reporter, kind, subject FROM reporter_fault WHERE reporter = ?1"
		"  AND kind = ?2 AND subject <> ?3 ORDER BY last_s DESC, count DESC"
		"  LIMIT -1 OFFSET ?4)",
		"itti", reporter, f->kind, f->subject, (int64_t)max - 1);
}

enum err
store_fault_add(struct store *s, const char *reporter, const struct store_fault *f, struct error *e)
{
	int64_t id;
	enum err err = store_reporter_id(s, reporter, f->last_s, &id, e);

	return err == OK ? store_fault_put(s, id, f, STORE_FAULTS_MAX, e) : err;
}

enum err
store_faults(struct store *s, const char *reporter, store_fault_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT f.kind, f.subject, f.first_s, f.last_s, f.count, f.example"
		" FROM reporter_fault f JOIN reporter r ON r.id = f.reporter WHERE r.name = ?"
		" AND f.kind <> '" STORE_FAULT_WATCHED
		"' ORDER BY f.last_s DESC, f.kind, f.subject",
		"t", reporter);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_fault f = {
			.kind = store_text(st, 0),
			.subject = store_text(st, 1),
			.first_s = sqlite3_column_int64(st, 2),
			.last_s = sqlite3_column_int64(st, 3),
			.count = (uint64_t)sqlite3_column_int64(st, 4),
			.example = store_text(st, 5),
		};

		err = fn(&f, context);
	}
	return err;
}

enum err
store_reporters_prune(struct store *s, int64_t now_s, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"DELETE FROM reporter_fault WHERE last_s < CASE kind WHEN '" STORE_FAULT_WATCHED
		"' THEN ? ELSE ? END",
		"ii", now_s - STORE_GUESS_S, now_s - STORE_FAULT_KEPT_S);

	if (err != OK)
		return err;
	return store_run(s, e, NULL, "DELETE FROM reporter_day WHERE day_s < ?", "i",
		now_s - DAYS_KEPT_S);
}
