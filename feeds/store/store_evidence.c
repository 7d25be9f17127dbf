#include <orbl/store_evidence.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_intake.h"
#include "store_sql.h"

enum { HOUR_S = 3600 };

/* SQLite has no aggregate for it. */
static void
bit_or_step(sqlite3_context *context, int count, sqlite3_value **values)
{
	sqlite3_int64 *bits = sqlite3_aggregate_context(context, sizeof(*bits));

	(void)count;
	if (bits != NULL)
		*bits |= sqlite3_value_int64(values[0]);
}

static void
bit_or_final(sqlite3_context *context)
{
	const sqlite3_int64 *bits = sqlite3_aggregate_context(context, 0);

	sqlite3_result_int64(context, bits != NULL ? *bits : 0);
}

enum err
store_evidence_open(struct store *s, struct error *e)
{
	return sqlite3_create_function(s->db, "bit_or", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
		       NULL, bit_or_step, bit_or_final) == SQLITE_OK ?
		OK :
		store_failure(s, e);
}

enum err
store_reporter_id(struct store *s, const char *name, int64_t now_s, int64_t *id, struct error *e)
{
	/* DO UPDATE, as DO NOTHING would return no row. */
	return store_number(s, e, id,
		"INSERT INTO reporter (name, since_s) VALUES (?, ?)"
		" ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
		"ti", name, now_s);
}

enum err
store_reporter_spelling(struct store *s, const char *name, char *out, size_t size, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT name FROM reporter WHERE name = ?1 COLLATE NOCASE"
		" ORDER BY name = ?1 DESC, id LIMIT 1",
		"t", name);
	enum err err = OK;

	snprintf(out, size, "%s", name);
	while (store_each(s, st, &err, e))
		snprintf(out, size, "%s", store_text(st, 0));
	return err;
}

enum err
store_submission_begin(struct store *s, const char *reporter, const char *file, int64_t now_s,
	int64_t *id, struct error *e)
{
	int64_t who;
	enum err err = store_reporter_id(s, reporter, now_s, &who, e);

	if (err != OK)
		return err;
	return store_number(s, e, id,
		"INSERT INTO submission (reporter, file, received_s)"
		" VALUES (?, ?, ?) RETURNING id",
		"iti", who, file, now_s);
}

/* --- what counts ---------------------------------------------------------- */

/* NULL columns are those of a submission that does not count yet. */
static enum err
add_totals(struct store *s, const struct store_submission *sub, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"UPDATE submission SET committed = 1, lines = coalesce(lines, 0) + ?,"
		" denials = coalesce(denials, 0) + ?, duplicates = coalesce(duplicates, 0) + ?,"
		" drift = coalesce(drift, 0) + ?, not_understood = coalesce(not_understood, 0) + ?"
		" WHERE id = ?",
		"iiiiii", (int64_t)sub->lines, (int64_t)sub->denials, (int64_t)sub->duplicates,
		(int64_t)sub->drift, (int64_t)sub->not_understood, sub->id);
	if (err != OK || sub->over_quota + sub->own_domain == 0)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO reporter_day (reporter, day_s, over_quota, own_domain)"
		" SELECT reporter, received_s - received_s % 86400, ?, ? FROM submission"
		" WHERE id = ? ON CONFLICT DO UPDATE SET"
		" over_quota = over_quota + excluded.over_quota,"
		" own_domain = own_domain + excluded.own_domain",
		"iii", (int64_t)sub->over_quota, (int64_t)sub->own_domain, sub->id);
}

enum err
store_submission_count(struct store *s, struct store_submission *sub, struct error *e)
{
	int64_t hosts = 0;
	enum err err = add_totals(s, sub, e);

	if (err == OK)
		err = store_number(s, e, &hosts,
			"SELECT count(DISTINCT host) FROM evidence WHERE submission = ?", "i",
			sub->id);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT OR IGNORE INTO pending"
			" SELECT DISTINCT host FROM evidence WHERE submission = ?",
			"i", sub->id);
	sub->hosts = (uint64_t)hosts;
	return err;
}

enum err
store_submission_commit(struct store *s, struct store_submission *sub, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	err = store_submission_count(s, sub, e);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}

enum err
store_part_add(struct store *s, struct store_part *part, struct error *e)
{
	struct store_submission *sub = &part->totals;
	struct store_intake intake = {.quota = part->quota};
	enum err err = OK;

	if (sub->id == 0)
		err = store_submission_begin(s, part->reporter, part->file, part->now_s, &sub->id,
			e);
	for (size_t i = 0; i < part->count; i++)
		part->denials[i].submission = sub->id;
	if (err == OK)
		err = store_intake_add(s, part->denials, part->count, true, &intake, e);
	sub->duplicates += intake.duplicates;
	sub->over_quota += intake.over_quota;
	sub->hosts += intake.hosts;
	return err == OK ? add_totals(s, sub, e) : err;
}

enum err
store_position(struct store *s, const char *reporter, const char *source, char **json,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT p.json FROM position p JOIN reporter r ON r.id = p.reporter"
		" WHERE r.name = ? AND p.source = ?",
		"tt", reporter, source);
	bool row;
	enum err err;

	*json = NULL;
	if (st == NULL)
		return store_code(e);
	err = store_step(s, st, &row, e);
	if (err != OK || !row)
		return err;
	*json = strdup(store_text(st, 0));
	sqlite3_reset(st);
	return *json != NULL ? OK : error_set(e, ERR_MEMORY, "%s: out of memory", s->path);
}

enum err
store_position_put(struct store *s, const char *reporter, const char *source, const char *json,
	int64_t now_s, struct error *e)
{
	int64_t who;
	enum err err = store_reporter_id(s, reporter, now_s, &who, e);

	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO position VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
		" SET json = excluded.json",
		"itt", who, source, json);
}

enum err
store_submission_abort(struct store *s, int64_t id, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_intake_undo(s, id, e);
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
	enum err err = OK;

	*count = 0;
	while (store_each(s, st, &err, e))
		if (addr_parse(text_of(store_text(st, 0)), &out[*count]) == OK)
			(*count)++;
	return err;
}

enum err
store_host_evaluated(struct store *s, const struct addr *host, struct error *e)
{
	enum err err = store_bound_host(s, host, e);

	if (err != OK)
		return err;
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
		" v.raw, v.rule, bit_or(v.domains), v.hash"
		" FROM evidence v JOIN submission b ON b.id = v.submission AND b.committed = 1"
		" JOIN reporter r ON r.id = b.reporter WHERE v.host = ? AND v.hour_s > ?"
		" GROUP BY v.hour_s, r.id, v.kind ORDER BY v.hour_s DESC, r.name, v.kind LIMIT ?",
		"aii", host, since_s - HOUR_S, (int64_t)max);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
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
			.domains = (uint64_t)sqlite3_column_int64(st, 9),
		};

		if (sqlite3_column_bytes(st, 10) == STORE_LINE_HASH)
			f.hash = sqlite3_column_blob(st, 10);
		err = fn(&f, context);
	}
	return err;
}
