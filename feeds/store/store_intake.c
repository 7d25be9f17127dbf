#include "store_intake.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <xxhash.h>

#include "store_sql.h"

enum { RAW_MAX = 2000, HOUR_S = 3600 };

struct batch_row {
	const struct store_denial *denial;
	int64_t hour_s, hash; /* in table seen */
	bool is_new;
	bool is_over; /* the quota */
};

struct batch {
	int64_t reporter, day_s; /* of the submission */
	int64_t left;            /* of the quota; INT64_MAX: there is none */
	size_t count, fresh;
	int64_t taken; /* denials in the fresh rows */
	struct batch_row *rows;
};

static enum err
look_up_submission(struct store *s, int64_t submission, struct batch *b, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT reporter, received_s - received_s % 86400 FROM submission WHERE id = ?",
		"i", submission);
	bool row;
	enum err err;

	if (st == NULL)
		return store_code(e);
	err = store_step(s, st, &row, e);
	if (err != OK || !row)
		return err != OK ? err : error_set(e, ERR_NOT_FOUND, "there is no such submission");
	b->reporter = sqlite3_column_int64(st, 0);
	b->day_s = sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return OK;
}

static enum err
look_up_quota(struct store *s, int64_t quota, struct batch *b, struct error *e)
{
	int64_t used;
	enum err err;

	b->left = INT64_MAX;
	if (quota == 0)
		return OK;
	err = store_number(s, e, &used,
		"SELECT denials FROM reporter_day WHERE reporter = ? AND day_s = ?", "ii",
		b->reporter, b->day_s);
	b->left = used < quota ? quota - used : 0;
	return err;
}

static enum err
charge(struct store *s, const struct batch *b, struct error *e)
{
	if (b->taken == 0)
		return OK;
	return store_run(s, e, NULL,
		"INSERT INTO reporter_day (reporter, day_s, denials) VALUES (?, ?, ?)"
		" ON CONFLICT DO UPDATE SET denials = denials + excluded.denials",
		"iii", b->reporter, b->day_s, b->taken);
}

uint64_t
store_domain_class(struct text recipient)
{
	size_t at = text_rfind(recipient, TEXT("@"));
	struct text domain = at != SIZE_MAX ? text_from(recipient, at + 1) : TEXT_NONE;
	char lower[256];

	domain = text_upto(domain, sizeof(lower));
	if (domain.len == 0)
		return 0;
	for (size_t i = 0; i < domain.len; i++) {
		char c = domain.p[i];

		lower[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return UINT64_C(1) << XXH3_64bits(lower, domain.len) % STORE_DOMAIN_CLASSES;
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

struct place { /* a row of table evidence, of which first is the first denial */
	const struct store_denial *first;
	int64_t count;
	uint64_t domains;
};

/* A row that was there already has more than what it was given. */
static enum err
put_evidence(struct store *s, const struct place *p, int64_t *rows, struct error *e)
{
	const struct store_denial *d = p->first;
	uint8_t hash[STORE_LINE_HASH];
	char raw[RAW_MAX];
	sqlite3_stmt *st;
	bool row = true;
	enum err err = OK;

	text_printable(d->raw, raw, sizeof(raw));
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)d->raw.p, d->raw.len, NULL,
		0);
	st = store_bind(s, e,
		"INSERT INTO evidence (host, hour_s, submission, kind, count, line, raw, rule,"
		" domains, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
		" domains = domains | excluded.domains RETURNING count",
		"aiiiiitti", &d->host, hour_of(d->time_s), d->submission, (int64_t)d->kind,
		p->count, (int64_t)d->line, raw, d->rule, (int64_t)p->domains);
	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob(st, 10, hash, sizeof(hash), SQLITE_TRANSIENT);
	while (err == OK && row) {
		err = store_step(s, st, &row, e);
		if (err == OK && row && sqlite3_column_int64(st, 0) == p->count)
			++*rows;
	}
	return err;
}

/* rows[0..fresh): new ones, by place. */
static enum err
put_rows(struct store *s, const struct batch *b, struct error *e)
{
	struct place place;
	enum err err = OK;
	int64_t added = 0;
	size_t i = 0;

	while (err == OK && i < b->fresh) {
		place = (struct place){.first = b->rows[i].denial};
		for (; i < b->fresh && compare_place(place.first, b->rows[i].denial) == 0; i++) {
			place.count += b->rows[i].denial->count;
			place.domains |= store_domain_class(b->rows[i].denial->recipient);
		}
		err = put_evidence(s, &place, &added, e);
	}
	return err == OK ? store_intake_count(s, added, e) : err;
}

/* Was it counted before? What is beyond the quota is not marked: it may come another day. */
static enum err
is_known(struct store *s, const struct batch_row *row, int64_t reporter, bool *known,
	struct error *e)
{
	int64_t n = 0;
	enum err err = was_seen_by_old(s, row->denial, reporter, known, e);

	if (err != OK || *known)
		return err;
	err = store_number(s, e, &n,
		"SELECT 1 FROM seen JOIN submission b ON b.id = seen.submission"
		" WHERE hour_s = ? AND hash = ? AND (b.id = ? OR b.committed = 1)",
		"iii", row->hour_s, row->hash, row->denial->submission);
	*known = n != 0;
	return err;
}

static enum err
mark_row(struct store *s, struct batch *b, struct batch_row *row, struct error *e)
{
	bool known = false;
	enum err err;

	if (row->denial->count > b->left) {
		err = is_known(s, row, b->reporter, &known, e);
		row->is_over = !known;
		return err;
	}
	err = mark_seen(s, row, b->reporter, e);
	if (row->is_new) {
		b->fresh++;
		b->taken += row->denial->count;
		b->left -= b->left == INT64_MAX ? 0 : row->denial->count;
	}
	return err;
}

/* Mark and put them. When the quota does not hold them all, those that came first have it. */
static enum err
add_rows(struct store *s, struct batch *b, struct error *e)
{
	struct batch_row *rows = b->rows;
	enum err err = OK;
	int64_t sum = 0;

	for (size_t i = 0; i < b->count; i++) {
		rows[i].hash = denial_hash(rows[i].denial, b->reporter);
		rows[i].hour_s = hour_of(rows[i].denial->said_s);
		sum += rows[i].denial->count;
	}
	if (sum <= b->left)
		qsort(rows, b->count, sizeof(rows[0]), by_hash);
	for (size_t i = 0; err == OK && i < b->count; i++)
		err = mark_row(s, b, &rows[i], e);
	qsort(rows, b->count, sizeof(rows[0]), by_place);
	return err == OK ? put_rows(s, b, e) : err;
}

/* Hosts of the fresh rows, which are sorted by host, wait for a look. */
static enum err
mark_pending(struct store *s, const struct batch *b, uint64_t *hosts, struct error *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < b->fresh; i++) {
		if (i != 0 && addr_equal(&b->rows[i].denial->host, &b->rows[i - 1].denial->host))
			continue;
		++*hosts;
		err = store_run(s, e, NULL, "INSERT OR IGNORE INTO pending VALUES (?)", "a",
			&b->rows[i].denial->host);
	}
	return err;
}

static void
count_others(const struct batch *b, struct store_intake *intake)
{
	for (size_t i = b->fresh; i < b->count; i++)
		if (b->rows[i].is_over)
			intake->over_quota += b->rows[i].denial->count;
		else
			intake->duplicates += b->rows[i].denial->count;
}

enum err
store_intake_add(struct store *s, const struct store_denial *d, size_t count, bool pending,
	struct store_intake *intake, struct error *e)
{
	struct batch b = {.count = count};
	enum err err;

	if (count == 0)
		return OK;
	b.rows = calloc(count, sizeof(b.rows[0]));
	if (b.rows == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", s->path);
	for (size_t i = 0; i < count; i++)
		b.rows[i].denial = &d[i];
	err = look_up_submission(s, d[0].submission, &b, e);
	if (err == OK)
		err = look_up_quota(s, intake->quota, &b, e);
	if (err == OK)
		err = add_rows(s, &b, e);
	if (err == OK)
		err = charge(s, &b, e);
	if (err == OK && pending)
		err = mark_pending(s, &b, &intake->hosts, e);
	if (err == OK)
		count_others(&b, intake);
	free(b.rows);
	return err;
}

enum err
store_denials_take(struct store *s, const struct store_denial *d, size_t count,
	struct store_intake *intake, struct error *e)
{
	return store_intake_add(s, d, count, false, intake, e);
}

enum err
store_denials_add(struct store *s, const struct store_denial *d, size_t count, uint64_t *duplicates,
	struct error *e)
{
	struct store_intake intake = {.quota = 0};
	enum err err = store_denials_take(s, d, count, &intake, e);

	if (duplicates != NULL)
		*duplicates += intake.duplicates;
	return err;
}

/* --- undoing -------------------------------------------------------------- */

enum err
store_intake_count(struct store *s, int64_t rows, struct error *e)
{
	if (rows == 0)
		return OK;
	return store_run(s, e, NULL,
		"UPDATE number SET value = value + ? WHERE name = 'evidence_rows'", "i", rows);
}

/* What it took of the quota is given back. */
static enum err
give_back(struct store *s, int64_t id, struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE reporter_day SET denials = max(0, denials - coalesce((SELECT sum(count)"
		" FROM evidence WHERE submission = ?1), 0)) WHERE (reporter, day_s) ="
		" (SELECT reporter, received_s - received_s % 86400 FROM submission WHERE id = ?1)",
		"i", id);
}

enum err
store_intake_undo(struct store *s, int64_t id, struct error *e)
{
	size_t rows = 0;
	enum err err = give_back(s, id, e);

	if (err == OK)
		err = store_run(s, e, &rows, "DELETE FROM evidence WHERE submission = ?", "i", id);
	if (err == OK)
		err = store_intake_count(s, -(int64_t)rows, e);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM seen WHERE submission = ?", "i", id);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM submission WHERE id = ?", "i", id);
	return err;
}

enum err
store_intake_undo_all(struct store *s, struct error *e)
{
	int64_t id = 0;
	enum err err;

	do {
		err = store_number(s, e, &id,
			"SELECT id FROM submission WHERE committed = 0 AND id > ?"
			" ORDER BY id LIMIT 1",
			"i", id);
		if (err == OK && id != 0)
			err = store_intake_undo(s, id, e);
	} while (err == OK && id != 0);
	return err;
}
