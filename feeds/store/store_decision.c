#include <orbl/store_decision.h>

#include "store_sql.h"

#define COLUMNS "id, time_s, host, kind, probe, inputs, result"

enum err
store_decision_add(struct store *s, const struct store_decision *d, uint64_t *id, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"INSERT INTO decision (time_s, host, kind, probe, inputs, result)"
		" VALUES (?, ?, ?, ?, ?, ?)",
		"iatitt", d->time_s, &d->host, d->kind, (int64_t)d->probe, d->inputs, d->result);

	uint64_t made = (uint64_t)sqlite3_last_insert_rowid(s->db);

	if (err == OK && id != NULL)
		*id = made;
	return err == OK ? store_audit_decided(s, d, made, e) : err;
}

static enum err
take_row(struct store *s, sqlite3_stmt *st, store_decision_fn *fn, void *context, struct error *e)
{
	struct store_decision d = {
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.time_s = sqlite3_column_int64(st, 1),
		.kind = store_text(st, 3),
		.probe = (uint64_t)sqlite3_column_int64(st, 4),
		.inputs = store_text(st, 5),
		.result = store_text(st, 6),
	};

	if (addr_parse(text_of(store_text(st, 2)), &d.host) != OK)
		return error_set(e, ERR_CORRUPT, "%s: decision %llu is about what is no address",
			s->path, (unsigned long long)d.id);
	return fn(&d, context);
}

static enum err
walk(struct store *s, sqlite3_stmt *st, store_decision_fn *fn, void *context, struct error *e)
{
	enum err err = OK;

	while (store_each(s, st, &err, e))
		err = take_row(s, st, fn, context, e);
	return err;
}

enum err
store_decisions_of(struct store *s, const struct addr *host, size_t max, store_decision_fn *fn,
	void *context, struct error *e)
{
	return walk(s,
		store_bind(s, e,
			"SELECT " COLUMNS " FROM decision WHERE host = ?"
			" ORDER BY id DESC LIMIT ?",
			"ai", host, (int64_t)max),
		fn, context, e);
}

enum err
store_decisions_after(struct store *s, uint64_t after, size_t max, store_decision_fn *fn,
	void *context, struct error *e)
{
	return walk(s,
		store_bind(s, e,
			"SELECT " COLUMNS " FROM decision WHERE id > ? ORDER BY id LIMIT ?", "ii",
			(int64_t)after, (int64_t)max),
		fn, context, e);
}
