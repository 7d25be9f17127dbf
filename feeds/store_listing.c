#include <orbl/store_listing.h>

#include "store_sql.h"

/* A listing has the newest of its proofs, and lasts as long as that one. */
#define OF_TESTED "probe IN (SELECT id FROM probe WHERE host = ?) AND (1 << category) & ? <> 0"
#define COLUMNS                                                                                    \
	"prefix, category, since_s, expires_s, probe, reason, effective_s, asn, as_org, country,"  \
	" author"
#define OF_LISTING " WHERE proof.prefix = listing.prefix AND proof.category = listing.category"

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"INSERT INTO proof SELECT ?1, ?2, coalesce((SELECT host FROM probe WHERE id = ?3), "
		"''),"
		" ?3, ?4, ?5 WHERE true"
		" ON CONFLICT DO UPDATE SET expires_s = excluded.expires_s, probe = excluded.probe,"
		" reason = excluded.reason",
		"piiit", &l->prefix, (int64_t)l->category, (int64_t)l->probe, l->expires_s,
		l->reason);

	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason, "
		"effective_s,"
		" asn, as_org, country, author) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET expires_s = excluded.expires_s, probe = excluded.probe,"
		" reason = excluded.reason, asn = excluded.asn, as_org = excluded.as_org,"
		" country = excluded.country, author = excluded.author",
		"piiiitiittt", &l->prefix, (int64_t)l->category, l->since_s, l->expires_s,
		(int64_t)l->probe, l->reason, l->effective_s, (int64_t)l->asn, or_empty(l->as_org),
		or_empty(l->country), or_empty(l->author));
}

enum err
store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"DELETE FROM proof WHERE tested = ? AND (1 << category) & ? <> 0", "ai", tested,
		(int64_t)categories);

	if (err == OK)
		err = store_run(s, e, removed,
			"DELETE FROM listing WHERE " OF_TESTED
			" AND NOT EXISTS (SELECT 1 FROM proof" OF_LISTING ")",
			"ai", tested, (int64_t)categories);
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"UPDATE listing SET (probe, expires_s, reason) ="
		" (SELECT probe, expires_s, reason FROM proof" OF_LISTING
		" ORDER BY expires_s DESC LIMIT 1) WHERE " OF_TESTED,
		"ai", tested, (int64_t)categories);
}

enum err
store_listing_expire(struct store *s, int64_t now_s, size_t *removed, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM proof WHERE expires_s <= ?", "i", now_s);

	if (err != OK)
		return err;
	return store_run(s, e, removed, "DELETE FROM listing WHERE expires_s <= ?", "i", now_s);
}

enum err
store_proofs_of(struct store *s, const struct addr *tested, store_listing_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT category, probe, expires_s, reason FROM proof WHERE tested = ?"
		" ORDER BY category, prefix",
		"a", tested);
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		const struct store_listing l = {
			.category = (enum category)sqlite3_column_int(st, 0),
			.probe = (uint64_t)sqlite3_column_int64(st, 1),
			.expires_s = sqlite3_column_int64(st, 2),
			.reason = store_text(st, 3),
		};

		if ((unsigned)l.category < CATEGORY_COUNT)
			stop = fn(&l, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_listings(struct store *s, const struct prefix *prefix, store_listing_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = prefix != NULL ?
		store_bind(s, e,
			"SELECT " COLUMNS " FROM listing WHERE prefix = ? ORDER BY category", "p",
			prefix) :
		store_bind(s, e, "SELECT " COLUMNS " FROM listing ORDER BY prefix, category", "");
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_listing l = {
			.category = (enum category)sqlite3_column_int(st, 1),
			.since_s = sqlite3_column_int64(st, 2),
			.expires_s = sqlite3_column_int64(st, 3),
			.probe = (uint64_t)sqlite3_column_int64(st, 4),
			.reason = store_text(st, 5),
			.effective_s = sqlite3_column_int64(st, 6),
			.asn = (uint32_t)sqlite3_column_int64(st, 7),
			.as_org = store_text(st, 8),
			.country = store_text(st, 9),
			.author = store_text(st, 10),
		};

		if (prefix_parse(text_of(store_text(st, 0)), &l.prefix) == OK &&
			(unsigned)l.category < CATEGORY_COUNT)
			stop = fn(&l, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_changed(struct store *s, store_changed_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT prefix FROM changed", "");
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct prefix prefix;

		if (prefix_parse(text_of(store_text(st, 0)), &prefix) == OK)
			stop = fn(&prefix, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_changed_count(struct store *s, size_t *count, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n, "SELECT count(*) FROM changed", "");

	*count = (size_t)n;
	return err;
}

enum err
store_published_whole(struct store *s, uint64_t checksum, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM changed", "");

	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES ('published', ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
		"i", (int64_t)checksum);
}

enum err
store_published_checksum(struct store *s, uint64_t *checksum, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n, "SELECT value FROM number WHERE name = 'published'",
		"");

	*checksum = (uint64_t)n;
	return err;
}

enum err
store_audit_add(struct store *s, const struct store_audit *a, struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT INTO audit (time_s, author, action, host, detail)"
		" VALUES (?, ?, ?, ?, ?)",
		"itttt", a->time_s, or_empty(a->author), a->action, a->subject, a->detail);
}

enum err
store_totals(struct store *s, struct store_totals *out, struct error *e)
{
	int64_t serial = 0;
	const struct {
		const char *sql;
		uint64_t *value;
	} counts[] = {
		{"SELECT count(*) FROM reporter", &out->reporters},
		{"SELECT count(*) FROM submission WHERE committed = 1", &out->submissions},
		{"SELECT count(DISTINCT host) FROM evidence", &out->hosts},
		{"SELECT count(*) FROM probe WHERE finished_s = 0", &out->probes_waiting},
		{"SELECT count(*) FROM probe WHERE finished_s <> 0", &out->probes_done},
		{"SELECT count(*) FROM listing", &out->listings},
	};
	int64_t n;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < ORBL_COUNT(counts); i++) {
		err = store_number(s, e, &n, counts[i].sql, "");
		*counts[i].value = (uint64_t)n;
	}
	if (err == OK)
		err = store_number(s, e, &serial, "SELECT value FROM number WHERE name = 'serial'",
			"");
	out->serial = (uint32_t)serial;
	return err;
}
