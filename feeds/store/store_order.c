/* What the operator has ordered. */
#include <orbl/store_order.h>

#include "store_sql.h"

#define IN_FORCE "until_s = 0 OR until_s > ?"

enum { COUNT_BITS = 24 };

static enum err
put_number(struct store *s, const char *name, int64_t value, struct error *e)
{
	return store_run(s, e, NULL, "INSERT OR REPLACE INTO number VALUES (?, ?)", "ti", name,
		value);
}

static enum err
get_number(struct store *s, const char *name, int64_t *value, struct error *e)
{
	return store_number(s, e, value, "SELECT value FROM number WHERE name = ?", "t", name);
}

static enum err
count_change(struct store *s, struct error *e)
{
	int64_t changes;
	enum err err = get_number(s, "orders", &changes, e);

	return err == OK ? put_number(s, "orders", changes + 1, e) : err;
}

enum err
store_order_put(struct store *s, const struct store_order *o, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"INSERT OR REPLACE INTO operator_order (prefix, action, since_s, until_s, author,"
		" reason) VALUES (?, ?, ?, ?, ?, ?)",
		"ptiitt", &o->prefix, o->action, o->since_s, o->until_s, o->author, o->reason);

	return err == OK ? count_change(s, e) : err;
}

enum err
store_order_end(struct store *s, const struct prefix *p, const char *action, size_t *ended,
	struct error *e)
{
	return store_run(s, e, ended, "DELETE FROM operator_order WHERE prefix = ? AND action = ?",
		"pt", p, action);
}

static enum err
take_row(struct store *s, sqlite3_stmt *st, store_order_fn *fn, void *context, struct error *e)
{
	struct store_order o = {
		.action = store_text(st, 1),
		.since_s = sqlite3_column_int64(st, 2),
		.until_s = sqlite3_column_int64(st, 3),
		.author = store_text(st, 4),
		.reason = store_text(st, 5),
	};

	if (prefix_parse(text_of(store_text(st, 0)), &o.prefix) != OK)
		return error_set(e, ERR_CORRUPT, "%s: table operator_order has what is no prefix",
			s->path);
	return fn(&o, context);
}

enum err
store_orders(struct store *s, int64_t now_s, store_order_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT prefix, action, since_s, until_s, author, reason FROM operator_order"
		" WHERE " IN_FORCE " ORDER BY action, prefix",
		"i", now_s);
	enum err err = OK;

	while (store_each(s, st, &err, e))
		err = take_row(s, st, fn, context, e);
	return err;
}

/* New ones are counted, and ended ones are fewer. */
enum err
store_orders_version(struct store *s, int64_t now_s, int64_t *version, struct error *e)
{
	int64_t changes, count = 0;
	enum err err = get_number(s, "orders", &changes, e);

	if (err == OK)
		err = store_number(s, e, &count,
			"SELECT count(*) FROM operator_order WHERE " IN_FORCE, "i", now_s);
	*version = changes << COUNT_BITS | count;
	return err;
}

/* --- the end of the list --- */

enum err
store_retirement(struct store *s, struct store_retirement *out, struct error *e)
{
	enum err err = get_number(s, "retire_stage", &out->stage, e);

	if (err == OK)
		err = get_number(s, "retire_announced_s", &out->announced_s, e);
	if (err == OK)
		err = get_number(s, "retire_since_s", &out->since_s, e);
	return err == OK ? get_number(s, "retire_at_s", &out->at_s, e) : err;
}

enum err
store_retirement_put(struct store *s, const struct store_retirement *r, struct error *e)
{
	enum err err = put_number(s, "retire_stage", r->stage, e);

	if (err == OK)
		err = put_number(s, "retire_announced_s", r->announced_s, e);
	if (err == OK)
		err = put_number(s, "retire_since_s", r->since_s, e);
	return err == OK ? put_number(s, "retire_at_s", r->at_s, e) : err;
}
