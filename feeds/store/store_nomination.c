#include <orbl/store_nomination.h>

#include <orbl/listing.h>

#include "store_sql.h"

enum err
store_nomination_add(struct store *s, const struct store_nomination *n, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"INSERT INTO nomination SELECT ?, id, ?3 FROM reporter WHERE name = ?2"
		" ON CONFLICT DO UPDATE SET points = excluded.points",
		"it", (int64_t)n->probe, n->reporter);
	bool row;

	if (st == NULL)
		return store_code(e);
	if (sqlite3_bind_double(st, 3, n->points) != SQLITE_OK)
		return store_failure(s, e);
	return store_step(s, st, &row, e);
}

enum err
store_nomination_copy(struct store *s, uint64_t from, uint64_t to, struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT OR IGNORE INTO nomination SELECT ?, reporter, points FROM nomination"
		" WHERE probe = ?",
		"ii", (int64_t)to, (int64_t)from);
}

static enum err
walk(struct store *s, sqlite3_stmt *st, store_nomination_fn *fn, void *context, struct error *e)
{
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_nomination n = {
			.probe = (uint64_t)sqlite3_column_int64(st, 0),
			.reporter = store_text(st, 1),
			.points = sqlite3_column_double(st, 2),
		};

		err = fn(&n, context);
	}
	return err;
}

enum err
store_nominations_of(struct store *s, uint64_t probe, store_nomination_fn *fn, void *context,
	struct error *e)
{
	return walk(s,
		store_bind(s, e,
			"SELECT n.probe, r.name, n.points FROM nomination n"
			" JOIN reporter r ON r.id = n.reporter WHERE n.probe = ? ORDER BY r.name",
			"i", (int64_t)probe),
		fn, context, e);
}

enum err
store_nominations_by(struct store *s, const char *reporter, size_t max, store_nomination_fn *fn,
	void *context, struct error *e)
{
	return walk(s,
		store_bind(s, e,
			"SELECT n.probe, r.name, n.points FROM nomination n"
			" JOIN reporter r ON r.id = n.reporter WHERE r.name = ?"
			" ORDER BY n.probe DESC LIMIT ?",
			"ti", reporter, (int64_t)max),
		fn, context, e);
}

enum err
store_nomination_record(struct store *s, const char *reporter, int64_t since_s,
	struct store_record *out, struct error *e)
{
	enum { CONFIRMED = 1, REFUTED = 2 };
	static const char count[] = "SELECT count(*) FROM reporter_host"
				    " WHERE reporter = ? AND state = ? AND time_s >= ?";
	int64_t id, revoked_s = 0, confirmed = 0, refuted = 0;
	enum err err = store_number(s, e, &id, "SELECT id FROM reporter WHERE name = ?", "t",
		reporter);

	*out = (struct store_record){0};
	if (err != OK || id == 0)
		return err;
	err = store_number(s, e, &revoked_s, "SELECT revoked_s FROM reporter WHERE id = ?", "i",
		id);
	if (err == OK)
		err = store_number(s, e, &confirmed, count, "iii", id, (int64_t)CONFIRMED, since_s);
	if (err == OK)
		err = store_number(s, e, &refuted, count, "iii", id, (int64_t)REFUTED, since_s);
	*out = (struct store_record){(uint64_t)confirmed, (uint64_t)refuted, revoked_s != 0};
	return err;
}

enum err
store_suspects_pending(struct store *s, int64_t before_s, struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT OR IGNORE INTO pending SELECT tested FROM proof"
		" WHERE category = ? AND expires_s <= ? AND tested <> ''",
		"ii", (int64_t)CATEGORY_SUSPECT, before_s);
}
