#include <orbl/store_probe.h>

#include "store_sql.h"

enum err
store_probe_queue(struct store *s, const struct addr *host, enum store_cause cause, int64_t now_s,
	uint64_t *id, struct error *e)
{
	int64_t found;
	enum err err = store_number(s, e, &found,
		"SELECT id FROM probe WHERE host = ? AND finished_s = 0", "a", host);

	if (err == OK && found == 0)
		err = store_number(s, e, &found,
			"INSERT INTO probe (host, cause, queued_s)"
			" VALUES (?, ?, ?) RETURNING id",
			"aii", host, (int64_t)cause, now_s);
	else if (err == OK && cause == CAUSE_DELISTING)
		err = store_run(s, e, NULL, "UPDATE probe SET cause = ? WHERE id = ?", "ii",
			(int64_t)cause, found);
	*id = (uint64_t)found;
	return err;
}

enum err
store_probe_finish(struct store *s, uint64_t id, const char *verdict, const char *reason,
	const char *result, int64_t now_s, struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE probe SET verdict = ?, reason = ?, result = ?,"
		" finished_s = ? WHERE id = ?",
		"tttii", verdict, reason, result, now_s, (int64_t)id);
}

#define PROBE_COLUMNS "id, host, cause, queued_s, finished_s, verdict, reason, result"

static enum err
walk_probes(struct store *s, sqlite3_stmt *st, store_probe_fn *fn, void *context, size_t *count,
	struct error *e)
{
	enum err err, stop = OK;
	bool row;

	*count = 0;
	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_probe p = {
			.id = (uint64_t)sqlite3_column_int64(st, 0),
			.cause = (enum store_cause)sqlite3_column_int(st, 2),
			.queued_s = sqlite3_column_int64(st, 3),
			.finished_s = sqlite3_column_int64(st, 4),
			.verdict = store_text(st, 5),
			.reason = store_text(st, 6),
			.result = store_text(st, 7),
		};

		if (addr_parse(text_of(store_text(st, 1)), &p.host) != OK)
			continue;
		(*count)++;
		stop = fn(&p, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_probes_waiting(struct store *s, size_t max, store_probe_fn *fn, void *context,
	struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE finished_s = 0 ORDER BY cause DESC, id LIMIT ?",
			"i", (int64_t)max),
		fn, context, &count, e);
}

enum err
store_probes_of(struct store *s, const struct addr *host, size_t max, store_probe_fn *fn,
	void *context, struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE host = ? ORDER BY id DESC LIMIT ?",
			"ai", host, (int64_t)max),
		fn, context, &count, e);
}

enum err
store_probe_get(struct store *s, uint64_t id, store_probe_fn *fn, void *context, struct error *e)
{
	size_t count;
	enum err err = walk_probes(s,
		store_bind(s, e, "SELECT " PROBE_COLUMNS " FROM probe WHERE id = ?", "i",
			(int64_t)id),
		fn, context, &count, e);

	if (err == OK && count == 0)
		return error_set(e, ERR_NOT_FOUND, "there is no probe %llu",
			(unsigned long long)id);
	return err;
}

enum err
store_delisting_add(struct store *s, const struct addr *host, int64_t now_s, int64_t *id,
	uint64_t *probe, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	err = store_probe_queue(s, host, CAUSE_DELISTING, now_s, probe, e);
	if (err == OK)
		err = store_number(s, e, id,
			"INSERT INTO delisting (host, requested_s, probe)"
			" VALUES (?, ?, ?) RETURNING id",
			"aii", host, now_s, (int64_t)*probe);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}

enum err
store_delisting_finish(struct store *s, uint64_t probe, const char *state, const char *reason,
	int64_t now_s, struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE delisting SET state = ?, reason = ?, finished_s = ?"
		" WHERE probe = ? AND finished_s = 0",
		"ttii", state, reason, now_s, (int64_t)probe);
}

enum err
store_delistings_of(struct store *s, const struct addr *host, size_t max, store_delisting_fn *fn,
	void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT id, host, requested_s, finished_s, probe, state, reason FROM delisting"
		" WHERE host = ? ORDER BY id DESC LIMIT ?",
		"ai", host, (int64_t)max);
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_delisting d = {
			.id = sqlite3_column_int64(st, 0),
			.host = store_text(st, 1),
			.requested_s = sqlite3_column_int64(st, 2),
			.finished_s = sqlite3_column_int64(st, 3),
			.probe = (uint64_t)sqlite3_column_int64(st, 4),
			.state = store_text(st, 5),
			.reason = store_text(st, 6),
		};

		stop = fn(&d, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_delistings_since(struct store *s, const struct addr *host, int64_t since_s, uint64_t *count,
	struct error *e)
{
	int64_t n;
	enum err err = store_number(s, e, &n,
		"SELECT count(*) FROM delisting"
		" WHERE host = ? AND requested_s > ?",
		"ai", host, since_s);

	*count = (uint64_t)n;
	return err;
}
