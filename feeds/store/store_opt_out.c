/* Who had opted out when the list could be read last. */
#include <orbl/store_opt_out.h>

#include "store_sql.h"

static enum err
write_list(struct store *s, const struct prefix *list, size_t count, int64_t now_s, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM opt_out", "");

	for (size_t i = 0; err == OK && i < count; i++)
		err = store_run(s, e, NULL, "INSERT OR IGNORE INTO opt_out VALUES (?)", "p",
			&list[i]);
	if (err != OK)
		return err;
	return store_run(s, e, NULL, "INSERT OR REPLACE INTO number VALUES ('opt_out_s', ?)", "i",
		now_s);
}

enum err
store_opt_out_keep(struct store *s, const struct prefix *list, size_t count, int64_t now_s,
	struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = write_list(s, list, count, now_s, e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

static enum err
take_row(struct store *s, sqlite3_stmt *st, store_opt_out_fn *fn, void *context, struct error *e)
{
	struct prefix p;

	if (prefix_parse(text_of(store_text(st, 0)), &p) != OK)
		return error_set(e, ERR_CORRUPT, "%s: table opt_out has what is no prefix",
			s->path);
	return fn(&p, context);
}

enum err
store_opt_out_kept(struct store *s, store_opt_out_fn *fn, void *context, int64_t *kept_s,
	struct error *e)
{
	enum err err = store_number(s, e, kept_s,
		"SELECT value FROM number WHERE name = 'opt_out_s'", "");
	sqlite3_stmt *st;

	if (err != OK || *kept_s == 0)
		return err;
	st = store_bind(s, e, "SELECT prefix FROM opt_out ORDER BY prefix", "");
	while (store_each(s, st, &err, e))
		err = take_row(s, st, fn, context, e);
	return err;
}
