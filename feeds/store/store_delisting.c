#include <orbl/store_delisting.h>

#include <stdio.h>

#include <orbl/store_probe.h>

#include "store_sql.h"

enum err
store_delisting_add(struct store *s, const struct addr *host, const char *author, int64_t now_s,
	int64_t *id, uint64_t *probe, struct error *e)
{
	enum err err = store_probe_queue(s, host, CAUSE_DELISTING, now_s, probe, e);

	if (err == OK)
		err = store_number(s, e, id,
			"INSERT INTO delisting (host, requested_s, probe, author)"
			" VALUES (?, ?, ?, ?) RETURNING id",
			"aiit", host, now_s, (int64_t)*probe, author);
	return err;
}

enum err
store_delisting_finish(struct store *s, uint64_t probe, const char *state, const char *reason,
	int64_t now_s, struct error *e)
{
	size_t changes = 0;
	enum err err = store_run(s, e, &changes,
		"UPDATE delisting SET state = ?, reason = ?, finished_s = ?"
		" WHERE probe = ? AND finished_s = 0",
		"ttii", state, reason, now_s, (int64_t)probe);

	return err == OK && changes != 0 ? store_audit_answered(s, probe, now_s, e) : err;
}

#define DELISTING_COLUMNS "id, host, requested_s, finished_s, probe, state, reason, author"

static enum err
walk(struct store *s, sqlite3_stmt *st, store_delisting_fn *fn, void *context, size_t *count,
	struct error *e)
{
	enum err err = OK;

	*count = 0;
	while (store_each(s, st, &err, e)) {
		struct store_delisting d = {
			.id = sqlite3_column_int64(st, 0),
			.host = store_text(st, 1),
			.requested_s = sqlite3_column_int64(st, 2),
			.finished_s = sqlite3_column_int64(st, 3),
			.probe = (uint64_t)sqlite3_column_int64(st, 4),
			.state = store_text(st, 5),
			.reason = store_text(st, 6),
			.author = store_text(st, 7),
		};

		++*count;
		err = fn(&d, context);
	}
	return err;
}

enum err
store_delistings_of(struct store *s, const struct addr *host, size_t max, store_delisting_fn *fn,
	void *context, struct error *e)
{
	size_t count;

	return walk(s,
		store_bind(s, e,
			"SELECT " DELISTING_COLUMNS
			" FROM delisting WHERE host = ? ORDER BY id DESC LIMIT ?",
			"ai", host, (int64_t)max),
		fn, context, &count, e);
}

enum err
store_delisting_get(struct store *s, int64_t id, store_delisting_fn *fn, void *context,
	struct error *e)
{
	size_t count;
	enum err err = walk(s,
		store_bind(s, e, "SELECT " DELISTING_COLUMNS " FROM delisting WHERE id = ?", "i",
			id),
		fn, context, &count, e);

	if (err == OK && count == 0)
		return error_set(e, ERR_NOT_FOUND, "there is no delisting request %lld",
			(long long)id);
	return err;
}

enum err
store_delisting_by_probe(struct store *s, uint64_t probe, store_delisting_fn *fn, void *context,
	struct error *e)
{
	size_t count;
	enum err err = walk(s,
		store_bind(s, e,
			"SELECT " DELISTING_COLUMNS
			" FROM delisting WHERE probe = ? ORDER BY id DESC LIMIT 1",
			"i", (int64_t)probe),
		fn, context, &count, e);

	if (err == OK && count == 0)
		return error_set(e, ERR_NOT_FOUND, "probe %llu answers no delisting request",
			(unsigned long long)probe);
	return err;
}

enum err
store_delisting_open(struct store *s, const struct addr *host, int64_t *id, struct error *e)
{
	return store_number(s, e, id,
		"SELECT d.id FROM delisting d JOIN probe p ON p.host = d.host"
		"  AND (p.id = d.probe OR p.parent = d.probe)"
		" WHERE d.host = ? AND d.finished_s = 0 AND p.finished_s = 0"
		" ORDER BY d.id DESC LIMIT 1",
		"a", host);
}

enum err
store_delisting_nth(struct store *s, const struct addr *host, int64_t n, int64_t *requested_s,
	struct error *e)
{
	return store_number(s, e, requested_s,
		"SELECT requested_s FROM delisting WHERE host = ?"
		" ORDER BY id DESC LIMIT 1 OFFSET ?",
		"ai", host, n - 1);
}

/* --- proofs of control ---------------------------------------------------------- */

enum err
store_control_get(struct store *s, const struct addr *host, struct store_control *out,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT token, made_s, mailed_s, proved_s FROM control_proof WHERE host = ?", "a",
		host);
	enum err err = OK;

	*out = (struct store_control){.made_s = 0};
	while (store_each(s, st, &err, e)) {
		snprintf(out->secret, sizeof(out->secret), "%s", store_text(st, 0));
		out->made_s = sqlite3_column_int64(st, 1);
		out->mailed_s = sqlite3_column_int64(st, 2);
		out->proved_s = sqlite3_column_int64(st, 3);
	}
	return err;
}

enum err
store_control_begin(struct store *s, const struct addr *host, const char *secret, int64_t now_s,
	struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT INTO control_proof (host, token, made_s) VALUES (?, ?, ?)"
		" ON CONFLICT DO UPDATE SET token = excluded.token, made_s = excluded.made_s,"
		" proved_s = 0, means = ''",
		"ati", host, secret, now_s);
}

enum err
store_control_mailed(struct store *s, const struct addr *host, int64_t now_s, struct error *e)
{
	return store_run(s, e, NULL, "UPDATE control_proof SET mailed_s = ? WHERE host = ?", "ia",
		now_s, host);
}

enum err
store_control_proved(struct store *s, const struct addr *host, const char *means, int64_t now_s,
	struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE control_proof SET proved_s = ?, means = ? WHERE host = ?", "ita", now_s,
		means, host);
}
