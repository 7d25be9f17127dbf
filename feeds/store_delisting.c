#include <orbl/store_probe.h>

#include "store_sql.h"

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
