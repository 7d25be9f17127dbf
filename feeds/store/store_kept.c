#include <orbl/store_kept.h>

#include <stdlib.h>
#include <string.h>

#include "store_sql.h"

static enum err
is_the_same(struct store *s, const char *name, struct text bytes, bool *same, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT 1 FROM kept WHERE name = ? AND bytes = ?", "t",
		name);
	enum err err;

	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob64(st, 2, bytes.p, bytes.len, SQLITE_STATIC);
	err = store_step(s, st, same, e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}

enum err
store_kept_put(struct store *s, const char *name, struct text bytes, int64_t now_s, struct error *e)
{
	sqlite3_stmt *st;
	bool same = false, row;
	enum err err = is_the_same(s, name, bytes, &same, e);

	if (err != OK || same)
		return err;
	st = store_bind(s, e, "INSERT OR REPLACE INTO kept (name, kept_s, bytes) VALUES (?, ?, ?)",
		"ti", name, now_s);
	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob64(st, 3, bytes.p, bytes.len, SQLITE_STATIC);
	err = store_step(s, st, &row, e);
	sqlite3_clear_bindings(st);
	return err;
}

enum err
store_kept_get(struct store *s, const char *name, char **bytes, size_t *len, int64_t *kept_s,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT bytes, kept_s FROM kept WHERE name = ?", "t",
		name);
	bool row = false;
	enum err err = st != NULL ? store_step(s, st, &row, e) : store_code(e);

	*bytes = NULL;
	*len = 0;
	if (err != OK || !row)
		return err;
	*len = (size_t)sqlite3_column_bytes(st, 0);
	*kept_s = sqlite3_column_int64(st, 1);
	*bytes = malloc(*len + 1);
	if (*bytes == NULL)
		err = error_set(e, ERR_MEMORY, "out of memory");
	else if (*len != 0)
		memcpy(*bytes, sqlite3_column_blob(st, 0), *len);
	sqlite3_reset(st);
	return err;
}
