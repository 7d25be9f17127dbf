#include <orbl/store_trail.h>

#include <stdio.h>

#include "store_sql.h"

enum err
store_trail_of(struct store *s, const struct addr *host, const struct prefix *prefix, size_t max,
	store_trail_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT id, time_s, author, action, host, detail FROM audit WHERE host IN (?, ?)"
		" ORDER BY id DESC LIMIT ?",
		"api", host, prefix, (int64_t)max);
	enum err err = OK;

	while (store_each(s, st, &err, e))
		err = fn(
			&(struct store_trail){
				.seq = (uint64_t)sqlite3_column_int64(st, 0),
				.time_s = sqlite3_column_int64(st, 1),
				.author = store_text(st, 2),
				.action = store_text(st, 3),
				.subject = store_text(st, 4),
				.detail = store_text(st, 5),
			},
			context);
	return err;
}

enum err
store_trail_find(struct store *s, const struct addr *host, const char *action, const char *begin,
	char *detail, size_t size, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT detail FROM audit WHERE host = ?1 AND action = ?2"
		" AND substr(detail, 1, length(?3)) = ?3 ORDER BY id DESC LIMIT 1",
		"att", host, action, begin);
	bool row = false;
	enum err err = st != NULL ? store_step(s, st, &row, e) : store_code(e);

	snprintf(detail, size, "%s", err == OK && row ? store_text(st, 0) : "");
	if (st != NULL)
		sqlite3_reset(st);
	return err;
}
