#include <orbl/store_listing.h>

#include "store_sql.h"

enum err
store_proofs_of(struct store *s, const struct addr *tested, store_listing_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT category, probe, expires_s, reason FROM proof WHERE tested = ?"
		" ORDER BY category, prefix",
		"a", tested);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_listing l = {
			.category = (enum category)sqlite3_column_int(st, 0),
			.probe = (uint64_t)sqlite3_column_int64(st, 1),
			.expires_s = sqlite3_column_int64(st, 2),
			.reason = store_text(st, 3),
		};

		if ((unsigned)l.category < CATEGORY_COUNT)
			err = fn(&l, context);
	}
	return err;
}

enum err
store_outputs_of(struct store *s, const struct addr *tested, const struct prefix *listed,
	const struct prefix *but, int64_t now_s, size_t *count, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n,
		"SELECT count(DISTINCT prefix) FROM proof WHERE category = ?1 AND prefix <> ?2"
		" AND expires_s > ?3 AND tested IN"
		" (SELECT ?4 UNION SELECT tested FROM proof WHERE prefix = ?5 AND category <> ?1)",
		"ipiap", (int64_t)CATEGORY_RELAY_OUTPUT, but, now_s, tested, listed);

	*count = (size_t)n;
	return err;
}

static enum err
walk_tested(struct store *s, sqlite3_stmt *st, store_tested_fn *fn, void *context, struct error *e)
{
	enum err err = OK;
	struct addr host;

	while (store_each(s, st, &err, e))
		if (addr_parse(text_of(store_text(st, 0)), &host) == OK)
			err = fn(&host, context);
	return err;
}

enum err
store_tested_of(struct store *s, const struct prefix *prefix, uint32_t categories,
	store_tested_fn *fn, void *context, struct error *e)
{
	return walk_tested(s,
		store_bind(s, e,
			"SELECT DISTINCT tested FROM proof WHERE prefix = ?"
			" AND (1 << category) & ? <> 0",
			"pi", prefix, (int64_t)categories),
		fn, context, e);
}

/* A host has one of two categories, the one or the other ends by a test: here the one that is left
 * may be the newer. */
enum err
store_tested_expired(struct store *s, int64_t upto_s, uint32_t categories, store_tested_fn *fn,
	void *context, struct error *e)
{
	return walk_tested(s,
		store_bind(s, e,
			"SELECT DISTINCT tested FROM proof p INDEXED BY proof_expires"
			" WHERE expires_s <= ?1"
			" AND (1 << category) & ?2 <> 0 AND NOT EXISTS (SELECT 1 FROM proof q"
			"  WHERE q.tested = p.tested AND q.expires_s > ?1"
			"  AND (1 << q.category) & ?2 <> 0)",
			"ii", upto_s, (int64_t)categories),
		fn, context, e);
}

enum err
store_proofs_horizon(struct store *s, int64_t now_s, size_t max, int64_t *upto_s, struct error *e)
{
	int64_t last_s = 0;
	enum err err = store_number(s, e, &last_s,
		"SELECT expires_s FROM proof WHERE expires_s <= ? ORDER BY expires_s"
		" LIMIT 1 OFFSET ?",
		"ii", now_s, (int64_t)max);

	*upto_s = last_s;
	if (err != OK || last_s != 0)
		return err;
	return store_number(s, e, upto_s,
		"SELECT ?1 WHERE EXISTS (SELECT 1 FROM proof WHERE expires_s <= ?1)"
		" OR EXISTS (SELECT 1 FROM listing WHERE expires_s <= ?1)",
		"i", now_s);
}
