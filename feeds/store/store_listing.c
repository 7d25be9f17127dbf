#include <orbl/store_listing.h>

#include <stdio.h>
#include <string.h>

#include "store_sql.h"

#define PROOF_OF_TESTED "tested = ?1 AND (1 << category) & ?2 <> 0"
#define COLUMNS                                                                                    \
	"prefix, category, since_s, expires_s, probe, reason, effective_s, asn, as_org, country,"  \
	" author"
#define LISTING_COLUMNS                                                                            \
	"l.prefix, l.category, l.since_s, l.expires_s, l.probe, l.reason, l.effective_s, l.asn,"   \
	" l.as_org, l.country, l.author"
#define OF_LISTING " WHERE proof.prefix = listing.prefix AND proof.category = listing.category"
#define BEST_PROOF                                                                                 \
	"SELECT probe, expires_s, reason FROM proof" OF_LISTING                                    \
	" ORDER BY expires_s DESC, probe DESC LIMIT 1"

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static enum err
put_proof(struct store *s, const struct store_listing *l, struct error *e)
{
	char tested[ADDR_TEXT];

	return store_run(s, e, NULL,
		"INSERT INTO proof SELECT ?1, ?2,"
		" coalesce(?6, (SELECT host FROM probe WHERE id = ?3), ''), ?3, ?4, ?5 WHERE true"
		" ON CONFLICT DO UPDATE SET expires_s = excluded.expires_s, probe = excluded.probe,"
		" reason = excluded.reason",
		"piiitt", &l->prefix, (int64_t)l->category, (int64_t)l->probe, l->expires_s,
		l->reason, l->tested.family != 0 ? addr_format(&l->tested, tested) : NULL);
}

/* A listing lasts as long as the longest of its proofs, and rests on that one. */
enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e)
{
	enum err err = put_proof(s, l, e);

	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason,"
			" effective_s, asn, as_org, country, author)"
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
			" asn = excluded.asn, as_org = excluded.as_org,"
			" country = excluded.country, author = excluded.author",
			"piiiitiittt", &l->prefix, (int64_t)l->category, l->since_s, l->expires_s,
			(int64_t)l->probe, l->reason, l->effective_s, (int64_t)l->asn,
			or_empty(l->as_org), or_empty(l->country), or_empty(l->author));
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"UPDATE listing SET (probe, expires_s, reason) = (" BEST_PROOF ")"
		" WHERE prefix = ? AND category = ?",
		"pi", &l->prefix, (int64_t)l->category);
}

/* A listing of that host ends, or rests on the other hosts that it has. */
static enum err
remove_one(struct store *s, const char *prefix, int64_t category, bool has_others,
	const struct addr *tested, size_t *removed, struct error *e)
{
	size_t ended = 0;
	enum err err;

	if (has_others)
		return store_run(s, e, NULL,
			"UPDATE listing SET (probe, expires_s, reason) ="
			" (SELECT probe, expires_s, reason FROM proof" OF_LISTING
			" AND tested <> ?3 ORDER BY expires_s DESC, probe DESC LIMIT 1)"
			" WHERE prefix = ?1 AND category = ?2",
			"tia", prefix, category, tested);
	err = store_run(s, e, &ended, "DELETE FROM listing WHERE prefix = ? AND category = ?", "ti",
		prefix, category);
	*removed += ended;
	return err;
}

enum err
store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT prefix, category, EXISTS (SELECT 1 FROM proof o WHERE"
		" o.prefix = proof.prefix AND o.category = proof.category AND o.tested <> ?1)"
		" FROM proof WHERE " PROOF_OF_TESTED,
		"ai", tested, (int64_t)categories);
	size_t count = 0;
	enum err err = OK;

	while (store_each(s, st, &err, e))
		err = remove_one(s, store_text(st, 0), sqlite3_column_int64(st, 1),
			sqlite3_column_int(st, 2) != 0, tested, &count, e);
	if (removed != NULL)
		*removed = count;
	if (err != OK)
		return err;
	return store_run(s, e, NULL, "DELETE FROM proof WHERE " PROOF_OF_TESTED, "ai", tested,
		(int64_t)categories);
}

enum err
store_listing_end(struct store *s, const struct prefix *prefix, uint32_t categories,
	size_t *removed, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"DELETE FROM proof WHERE prefix = ? AND (1 << category) & ? <> 0", "pi", prefix,
		(int64_t)categories);

	if (err != OK)
		return err;
	return store_run(s, e, removed,
		"DELETE FROM listing WHERE prefix = ? AND (1 << category) & ? <> 0", "pi", prefix,
		(int64_t)categories);
}

enum err
store_listing_expire(struct store *s, int64_t now_s, size_t *removed, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM proof WHERE expires_s <= ?", "i", now_s);

	if (err != OK)
		return err;
	return store_run(s, e, removed, "DELETE FROM listing WHERE expires_s <= ?", "i", now_s);
}

static enum err
walk_listings(struct store *s, sqlite3_stmt *st, store_listing_fn *fn, void *context,
	struct error *e)
{
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
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
			err = fn(&l, context);
	}
	return err;
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

	return walk_listings(s, st, fn, context, e);
}

/* --- within a prefix, and around it ------------------------------------------- */

/* What the texts of all addresses of the prefix begin with: its whole parts, which no address
 * leaves out; "2001:db8:", "192.0.". The colon, or the dot, is then followed by what sorts before
 * the character behind it. */
static void
common_text(const struct prefix *p, char out[ADDR_TEXT])
{
	char text[ADDR_TEXT];
	size_t parts = p->addr.family == 4 ? p->len / 8U : p->len / 16U, n = 0;
	char dot = p->addr.family == 4 ? '.' : ':';

	for (size_t i = 0; p->addr.family == 6 && i < parts; i++)
		if (p->addr.b[2 * i] == 0 && p->addr.b[2 * i + 1] == 0)
			parts = i; /* "::" may stand for it */
	addr_format(&p->addr, text);
	for (; parts != 0 && text[n] != '\0'; n++)
		parts -= text[n] == dot;
	snprintf(out, ADDR_TEXT, "%.*s", (int)n, text);
}

struct within {
	const struct prefix *prefix;
	store_listing_fn *fn;
	void *context;
};

static enum err
on_near(const struct store_listing *l, void *context)
{
	const struct within *w = context;
	bool inside = l->prefix.addr.family == w->prefix->addr.family &&
		l->prefix.len >= w->prefix->len && prefix_has_addr(w->prefix, &l->prefix.addr);

	return inside ? w->fn(l, w->context) : OK;
}

enum err
store_listings_within(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e)
{
	struct within within = {prefix, fn, context};
	char from[ADDR_TEXT], upto[ADDR_TEXT];
	size_t len;

	common_text(prefix, from);
	len = strlen(from);
	if (len == 0)
		return store_listings(s, NULL, on_near, &within, e);
	if (from[len - 1] != '.' && from[len - 1] != ':') /* a whole address */
		return store_listings(s, prefix, on_near, &within, e);
	memcpy(upto, from, sizeof(upto));
	upto[len - 1]++;
	return walk_listings(s,
		store_bind(s, e,
			"SELECT " COLUMNS " FROM listing WHERE prefix >= ? AND prefix < ?"
			" ORDER BY prefix, category",
			"tt", from, upto),
		on_near, &within, e);
}

enum err
store_listings_over(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e)
{
	struct prefix p = *prefix;
	enum err err = OK;

	while (err == OK && p.len != 0) {
		p.len--;
		p.addr.b[p.len / 8] &= (uint8_t) ~(0x80U >> p.len % 8);
		err = store_listings(s, &p, fn, context, e);
	}
	return err;
}

enum err
store_listings_behind(struct store *s, const char *prefix, int category, size_t max,
	store_listing_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT " COLUMNS " FROM listing WHERE (prefix, category) > (?, ?)"
		" ORDER BY prefix, category LIMIT ?",
		"tii", prefix, (int64_t)category, (int64_t)max);

	return walk_listings(s, st, fn, context, e);
}

enum err
store_listings_of_tested(struct store *s, const struct addr *tested, uint32_t categories,
	store_listing_fn *fn, void *context, struct error *e)
{
	return walk_listings(s,
		store_bind(s, e,
			"SELECT " LISTING_COLUMNS " FROM proof q CROSS JOIN listing l"
			" ON l.prefix = q.prefix AND l.category = q.category"
			" WHERE q.tested = ?1 AND (1 << q.category) & ?2 <> 0"
			" AND NOT EXISTS (SELECT 1 FROM proof o WHERE o.prefix = q.prefix"
			"  AND o.category = q.category AND o.tested <> ?1)"
			" ORDER BY q.prefix, q.category",
			"ai", tested, (int64_t)categories),
		fn, context, e);
}

enum err
store_listings_expired(struct store *s, int64_t upto_s, store_listing_fn *fn, void *context,
	struct error *e)
{
	return walk_listings(s,
		store_bind(s, e,
			"SELECT " COLUMNS " FROM listing WHERE expires_s <= ? ORDER BY expires_s",
			"i", upto_s),
		fn, context, e);
}

static enum err
keep_due(struct store *s, int64_t upto_s, struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES ('effective_s', ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
		"i", upto_s);
}

/* What is due is touched, so that a delta has it; once more when the clock was put back. */
enum err
store_listings_due(struct store *s, int64_t now_s, size_t *due, struct error *e)
{
	int64_t upto_s = 0;
	enum err err = store_number(s, e, &upto_s,
		"SELECT value FROM number WHERE name = 'effective_s'", "");

	*due = 0;
	if (err == OK && now_s < upto_s)
		return keep_due(s, now_s, e);
	if (err == OK)
		err = store_run(s, e, due,
			"UPDATE listing SET effective_s = effective_s WHERE effective_s > ?"
			" AND effective_s <= ? AND effective_s <> 0",
			"ii", upto_s, now_s);
	return err == OK && *due != 0 ? keep_due(s, now_s, e) : err;
}

enum err
store_changed(struct store *s, store_changed_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT prefix FROM changed", "");
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		struct prefix prefix;

		if (prefix_parse(text_of(store_text(st, 0)), &prefix) == OK)
			err = fn(&prefix, context);
	}
	return err;
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
