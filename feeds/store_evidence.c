#include <orbl/store_evidence.h>

#include <stdlib.h>
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

/* --- denials -------------------------------------------------------------- */

struct batch_row {
	const struct store_denial *denial;
	int64_t hour_s, hash; /* in table seen */
	bool is_new;
};

static enum err
reporter_of(struct store *s, int64_t submission, int64_t *reporter, struct error *e)
{
	return store_number(s, e, reporter, "SELECT reporter FROM submission WHERE id = ?", "i",
		submission);
}

/* 64 bits: among a thousand million lines the odds that two share a hash are 1 in 37. */
static int64_t
denial_hash(const struct store_denial *d, int64_t reporter)
{
	struct text line = d->identity.p != NULL ? d->identity : d->raw;
	XXH64_hash_t hash = XXH3_64bits_withSeed(line.p, line.len, (XXH64_hash_t)reporter);

	return (int64_t)XXH3_64bits_withSeed(d->recipient.p, d->recipient.len, hash);
}

/* Schema 2 knew a line by itself alone. */
static enum err
was_seen_by_old(struct store *s, const struct store_denial *d, int64_t reporter, bool *seen,
	struct error *e)
{
	int64_t n = 0;
	enum err err = OK;

	if (s->old_hashes_s != 0)
		err = store_number(s, e, &n, "SELECT 1 FROM seen_2 WHERE hash = ?", "i",
			(int64_t)XXH3_64bits_withSeed(d->raw.p, d->raw.len,
				(XXH64_hash_t)reporter));
	*seen = n != 0;
	return err;
}

static enum err
mark_seen(struct store *s, struct batch_row *row, int64_t reporter, struct error *e)
{
	size_t changes = 0;
	bool seen;
	enum err err = was_seen_by_old(s, row->denial, reporter, &seen, e);

	/* A line of a submission that never counted (or does not yet) is not a duplicate: what
	 * is acknowledged here must not depend on what becomes of the other one. */
	if (err == OK && !seen)
		err = store_run(s, e, &changes,
			"INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (hour_s, hash)"
			" DO UPDATE SET submission = excluded.submission"
			" WHERE seen.submission <> excluded.submission AND NOT EXISTS (SELECT 1"
			" FROM submission b WHERE b.id = seen.submission AND b.committed = 1)",
			"iii", row->hour_s, row->hash, row->denial->submission);
	row->is_new = changes != 0;
	return err;
}

static int64_t
hour_of(int64_t time_s)
{
	return time_s - time_s % HOUR_S;
}

/* The same row of table evidence? */
static int
compare_place(const struct store_denial *a, const struct store_denial *b)
{
	int hosts = addr_compare(&a->host, &b->host);

	if (hosts != 0)
		return hosts;
	if (hour_of(a->time_s) != hour_of(b->time_s))
		return hour_of(a->time_s) < hour_of(b->time_s) ? -1 : 1;
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : 0;
}

/* Sorted, rows of one page of the file are written together. */
static int
by_hash(const void *x, const void *y)
{
	const struct batch_row *a = x, *b = y;

	if (a->hour_s != b->hour_s)
		return a->hour_s < b->hour_s ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->denial < b->denial ? -1 : 1;
}

static int
by_place(const void *x, const void *y)
{
	const struct batch_row *a = x, *b = y;
	int place;

	if (a->is_new != b->is_new)
		return a->is_new ? -1 : 1;
	place = compare_place(a->denial, b->denial);
	if (place != 0)
		return place;
	return a->denial < b->denial ? -1 : 1;
}

static enum err
put_evidence(struct store *s, const struct store_denial *d, int64_t count, struct error *e)
{
	char raw[RAW_MAX];

	text_printable(d->raw, raw, sizeof(raw));
	return store_run(s, e, NULL,
		"INSERT INTO evidence (host, hour_s, submission, kind, count, line, raw, rule)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count",
		"aiiiiitt", &d->host, hour_of(d->time_s), d->submission, (int64_t)d->kind, count,
		(int64_t)d->line, raw, d->rule);
}

/* rows[0..count): new ones, by place. */
static enum err
put_rows(struct store *s, const struct batch_row *rows, size_t count, struct error *e)
{
	const struct store_denial *first;
	enum err err = OK;
	int64_t sum;
	size_t i = 0;

	while (err == OK && i < count) {
		first = rows[i].denial;
		for (sum = 0; i < count && compare_place(first, rows[i].denial) == 0; i++)
			sum += rows[i].denial->count;
		err = put_evidence(s, first, sum, e);
	}
	return err;
}

/* Mark and put them; rows are sorted, *fresh says how many of them are new. */
static enum err
add_rows(struct store *s, struct batch_row *rows, size_t count, size_t *fresh, struct error *e)
{
	int64_t reporter;
	enum err err = reporter_of(s, rows[0].denial->submission, &reporter, e);

	*fresh = 0;
	for (size_t i = 0; i < count; i++) {
		rows[i].hash = denial_hash(rows[i].denial, reporter);
		rows[i].hour_s = hour_of(rows[i].denial->said_s);
	}
	qsort(rows, count, sizeof(rows[0]), by_hash);
	for (size_t i = 0; err == OK && i < count; i++) {
		err = mark_seen(s, &rows[i], reporter, e);
		*fresh += rows[i].is_new;
	}
	qsort(rows, count, sizeof(rows[0]), by_place);
	return err == OK ? put_rows(s, rows, *fresh, e) : err;
}

static struct batch_row *
new_rows(const struct store_denial *d, size_t count)
{
	struct batch_row *rows = calloc(count, sizeof(*rows));

	for (size_t i = 0; rows != NULL && i < count; i++)
		rows[i].denial = &d[i];
	return rows;
}

/* Hosts of the fresh rows, which are sorted by host, wait for a look. */
static enum err
mark_pending(struct store *s, const struct batch_row *rows, size_t fresh, uint64_t *hosts,
	struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < fresh; i++) {
		if (i != 0 && addr_equal(&rows[i].denial->host, &rows[i - 1].denial->host))
			continue;
		++*hosts;
		err = store_run(s, e, NULL, "INSERT OR IGNORE INTO pending VALUES (?)", "a",
			&rows[i].denial->host);
	}
	return err;
}

/* hosts NULL: they do not wait yet. */
static enum err
add_denials(struct store *s, const struct store_denial *d, size_t count, uint64_t *duplicates,
	uint64_t *hosts, struct error *e)
{
	struct batch_row *rows;
	size_t fresh;
	enum err err;

	if (count == 0)
		return OK;
	rows = new_rows(d, count);
	if (rows == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", s->path);
	err = add_rows(s, rows, count, &fresh, e);
	for (size_t i = fresh; err == OK && duplicates != NULL && i < count; i++)
		*duplicates += rows[i].denial->count;
	if (err == OK && hosts != NULL)
		err = mark_pending(s, rows, fresh, hosts, e);
	free(rows);
	return err;
}

enum err
store_denials_add(struct store *s, const struct store_denial *d, size_t count, uint64_t *duplicates,
	struct error *e)
{
	return add_denials(s, d, count, duplicates, NULL, e);
}

/* --- what counts ---------------------------------------------------------- */

/* NULL columns are those of a submission that does not count yet. */
static enum err
add_totals(struct store *s, const struct store_submission *sub, struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE submission SET committed = 1, lines = coalesce(lines, 0) + ?,"
		" denials = coalesce(denials, 0) + ?, duplicates = coalesce(duplicates, 0) + ?,"
		" drift = coalesce(drift, 0) + ?, not_understood = coalesce(not_understood, 0) + ?"
		" WHERE id = ?",
		"iiiiii", (int64_t)sub->lines, (int64_t)sub->denials, (int64_t)sub->duplicates,
		(int64_t)sub->drift, (int64_t)sub->not_understood, sub->id);
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
	enum err err = OK;

	if (sub->id == 0)
		err = store_submission_begin(s, part->reporter, part->file, part->now_s, &sub->id,
			e);
	for (size_t i = 0; i < part->count; i++)
		part->denials[i].submission = sub->id;
	if (err == OK)
		err = add_denials(s, part->denials, part->count, &sub->duplicates, &sub->hosts, e);
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
	enum err err = reporter_id(s, reporter, now_s, &who, e);

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

/* Also those of lines from the future that were told long ago. */
static enum err
prune_seen(struct store *s, int64_t before_s, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM seen WHERE hour_s <= ?", "i",
		before_s - HOUR_S);

	if (err == OK)
		err = store_run(s, e, NULL,
			"DELETE FROM seen WHERE submission <"
			" (SELECT coalesce(min(id), 0) FROM submission WHERE received_s >= ?)",
			"i", before_s);
	return err;
}

static enum err
forget_old_hashes(struct store *s, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM seen_2", "");

	s->old_hashes_s = 0;
	if (err != OK)
		return err;
	return store_run(s, e, NULL, "DELETE FROM number WHERE name = 'old_hashes_s'", "");
}

enum err
store_evidence_prune(struct store *s, int64_t before_s, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM evidence WHERE hour_s < ?", "i",
			before_s - HOUR_S);
	if (err == OK)
		err = prune_seen(s, before_s, e);
	if (err == OK && s->old_hashes_s != 0 && s->old_hashes_s < before_s)
		err = forget_old_hashes(s, e);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}
