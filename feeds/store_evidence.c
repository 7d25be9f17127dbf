#include <orbl/store_evidence.h>

#include <string.h>

#include <xxhash.h>

#include "store_sql.h"

enum { RAW_MAX = 2000, HOUR_S = 3600 };

static enum err
reporter_id(struct store *s, const char *name, int64_t now_s, int64_t *id, struct error *e)
{
	/* DO UPDATE, as DO NOTHING would return no row. */
	return store_number(s, e, id,
		"INSERT INTO reporter (name, since_s) VALUES (?, ?)"
		" ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
		"ti", name, now_s);
}

enum err
store_submission_begin(struct store *s, const char *reporter, const char *file, int64_t now_s,
	int64_t *id, struct error *e)
{
	int64_t who;
	enum err err = reporter_id(s, reporter, now_s, &who, e);

	if (err != OK)
		return err;
	return store_number(s, e, id,
		"INSERT INTO submission (reporter, file, received_s)"
		" VALUES (?, ?, ?) RETURNING id",
		"iti", who, file, now_s);
}

/* 64 bits: among a thousand million lines the odds that two share a hash are 1 in 37. */
static enum err
line_hash(struct store *s, const struct store_denial *d, int64_t *hash, struct error *e)
{
	int64_t reporter;
	enum err err = store_number(s, e, &reporter, "SELECT reporter FROM submission WHERE id = ?",
		"i", d->submission);

	*hash = (int64_t)XXH3_64bits_withSeed(d->raw.p, d->raw.len, (XXH64_hash_t)reporter);
	return err;
}

enum err
store_denial_add(struct store *s, const struct store_denial *d, bool *is_new, struct error *e)
{
	char raw[RAW_MAX];
	size_t changes;
	int64_t hash;
	enum err err = line_hash(s, d, &hash, e);

	*is_new = false;
	if (err != OK)
		return err;
	/* A line of a submission that never counted (or does not yet) is not a duplicate: what
	 * is acknowledged here must not depend on what becomes of the other one. */
	err = store_run(s, e, &changes,
		"INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (hash)"
		" DO UPDATE SET submission = excluded.submission, time_s = excluded.time_s"
		" WHERE seen.submission <> excluded.submission AND NOT EXISTS (SELECT 1"
		" FROM submission b WHERE b.id = seen.submission AND b.committed = 1)",
		"iii", hash, d->submission, d->time_s);
	if (err != OK || changes == 0)
		return err;
	*is_new = true;
	text_printable(d->raw, raw, sizeof(raw));
	return store_run(s, e, NULL,
		"INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count",
		"aiiiiitt", &d->host, d->time_s - d->time_s % HOUR_S, d->submission,
		(int64_t)d->kind, (int64_t)d->count, (int64_t)d->line, raw, d->rule);
}

enum err
store_submission_commit(struct store *s, struct store_submission *sub, struct error *e)
{
	int64_t hosts = 0;
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	err = store_run(s, e, NULL,
		"UPDATE submission SET committed = 1, lines = ?, denials = ?,"
		" duplicates = ?, drift = ?, not_understood = ? WHERE id = ?",
		"iiiiii", (int64_t)sub->lines, (int64_t)sub->denials, (int64_t)sub->duplicates,
		(int64_t)sub->drift, (int64_t)sub->not_understood, sub->id);
	if (err == OK)
		err = store_number(s, e, &hosts,
			"SELECT count(DISTINCT host) FROM evidence WHERE submission = ?", "i",
			sub->id);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT OR IGNORE INTO pending"
			" SELECT DISTINCT host FROM evidence WHERE submission = ?",
			"i", sub->id);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	sub->hosts = (uint64_t)hosts;
	return store_commit(s, e);
}

enum err
store_submission_abort(struct store *s, int64_t id, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM evidence WHERE submission = ?", "i", id);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM seen WHERE submission = ?", "i", id);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM submission WHERE id = ?", "i", id);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}

enum err
store_hosts_pending(struct store *s, struct addr *out, size_t max, size_t *count, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT host FROM pending LIMIT ?", "i", (int64_t)max);
	bool row;
	enum err err;

	*count = 0;
	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row)
		if (addr_parse(text_of(store_text(st, 0)), &out[*count]) == OK)
			(*count)++;
	return err;
}

enum err
store_host_evaluated(struct store *s, const struct addr *host, struct error *e)
{
	return store_run(s, e, NULL, "DELETE FROM pending WHERE host = ?", "a", host);
}

enum err
store_facts(struct store *s, const struct addr *host, int64_t since_s, size_t max,
	store_fact_fn *fn, void *context, struct error *e)
{
	/* However many submissions a log came in, an hour of it is one fact: the columns without
	 * sum are of the row that has the min. */
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT r.name, v.kind, v.hour_s, sum(v.count), min(v.submission), b.file, v.line,"
		" v.raw, v.rule"
		" FROM evidence v JOIN submission b ON b.id = v.submission AND b.committed = 1"
		" JOIN reporter r ON r.id = b.reporter WHERE v.host = ? AND v.hour_s > ?"
		" GROUP BY v.hour_s, r.id, v.kind ORDER BY v.hour_s DESC, r.name, v.kind LIMIT ?",
		"aii", host, since_s - HOUR_S, (int64_t)max);
	bool row;
	enum err err, stop = OK;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_fact f = {
			.reporter = store_text(st, 0),
			.kind = (unsigned)sqlite3_column_int(st, 1),
			.hour_s = sqlite3_column_int64(st, 2),
			.count = (uint32_t)sqlite3_column_int64(st, 3),
			.submission = sqlite3_column_int64(st, 4),
			.file = store_text(st, 5),
			.line = (uint64_t)sqlite3_column_int64(st, 6),
			.raw = store_text(st, 7),
			.rule = store_text(st, 8),
		};

		stop = fn(&f, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
}

enum err
store_evidence_prune(struct store *s, int64_t before_s, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM evidence WHERE hour_s < ?", "i",
			before_s - HOUR_S);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM seen WHERE time_s < ?", "i", before_s);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}
