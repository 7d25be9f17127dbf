#include <orbl/store_audit.h>

#include <string.h>

#include <sodium.h>

#include "store_sql.h"

/* In the temporary database, so that it is of this connection alone: whatever way a listing ends,
 * the transaction in which it does gets a record of it. */
static const char ended_schema[] =
	"CREATE TEMP TABLE ended (prefix TEXT NOT NULL, category INTEGER NOT NULL,"
	"  PRIMARY KEY (prefix, category)) WITHOUT ROWID;"
	"CREATE TEMP TRIGGER listing_ended AFTER DELETE ON main.listing BEGIN"
	"  INSERT INTO ended SELECT old.prefix, old.category WHERE NOT EXISTS (SELECT 1 FROM"
	"  ended WHERE prefix = old.prefix AND category = old.category); END";

#define ENTRY_COLUMNS                                                                              \
	"id, time_s, action, host, detail, author, hash, signature,"                               \
	" (SELECT hash FROM audit p WHERE p.id = audit.id - 1)"

enum err
store_audit_prepare(struct store *s, struct error *e)
{
	enum err err = store_execute(s, ended_schema, e);

	s->audit_watches = err == OK;
	return err;
}

/* --- rows ------------------------------------------------------------------- */

/* False: it has none of that length. */
static bool
take_blob(sqlite3_stmt *st, int column, uint8_t *out, size_t len)
{
	bool has = sqlite3_column_bytes(st, column) == (int)len;

	if (has)
		memcpy(out, sqlite3_column_blob(st, column), len);
	return has;
}

static void
take_entry(sqlite3_stmt *st, struct audit_entry *x)
{
	struct audit_record *r = &x->record;
	int64_t time_s = sqlite3_column_int64(st, 1);

	*x = (struct audit_entry){.is_signed = false};
	r->seq = (uint64_t)sqlite3_column_int64(st, 0);
	r->time_s = time_s > 0 ? time_s : 0;
	audit_record_text(store_text(st, 2), r->action, sizeof(r->action));
	audit_record_text(store_text(st, 3), r->subject, sizeof(r->subject));
	audit_record_text(store_text(st, 4), r->detail, sizeof(r->detail));
	audit_record_text(store_text(st, 5), r->author, sizeof(r->author));
	(void)take_blob(st, 6, x->hash, AUDIT_HASH);
	x->is_signed = take_blob(st, 7, x->signature, AUDIT_SIGNATURE);
	(void)take_blob(st, 8, x->previous, AUDIT_HASH);
}

static const char *
subject_of(const struct audit_record *r)
{
	return r->subject[0] != '\0' ? r->subject : NULL;
}

static enum err
put_entry(struct store *s, const struct audit_entry *x, struct error *e)
{
	const struct audit_record *r = &x->record;
	sqlite3_stmt *st = store_bind(s, e,
		"INSERT INTO audit (id, time_s, action, host, detail, author, hash, signature)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		"iitttt", (int64_t)r->seq, r->time_s, r->action, subject_of(r), r->detail,
		r->author);
	bool row;

	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob(st, 7, x->hash, AUDIT_HASH, SQLITE_TRANSIENT);
	if (x->is_signed)
		sqlite3_bind_blob(st, 8, x->signature, AUDIT_SIGNATURE, SQLITE_TRANSIENT);
	return store_step(s, st, &row, e);
}

static enum err
seal_row(struct store *s, int64_t id, const struct audit_entry *x, struct error *e)
{
	const struct audit_record *r = &x->record;
	sqlite3_stmt *st = store_bind(s, e,
		"UPDATE audit SET id = ?, time_s = ?, action = ?, host = ?, detail = ?, author = ?,"
		" hash = ?, signature = ? WHERE id = ?",
		"iitttt", (int64_t)r->seq, r->time_s, r->action, subject_of(r), r->detail,
		r->author);
	bool row;

	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob(st, 7, x->hash, AUDIT_HASH, SQLITE_TRANSIENT);
	if (x->is_signed)
		sqlite3_bind_blob(st, 8, x->signature, AUDIT_SIGNATURE, SQLITE_TRANSIENT);
	sqlite3_bind_int64(st, 9, id);
	return store_step(s, st, &row, e);
}

/* --- the head --------------------------------------------------------------- */

static enum err
find_head(struct store *s, sqlite3_stmt *st, struct store_audit_head *out, bool *chained,
	struct error *e)
{
	enum err err = OK;

	*out = (struct store_audit_head){.seq = 0};
	*chained = true;
	while (store_each(s, st, &err, e)) {
		out->seq = (uint64_t)sqlite3_column_int64(st, 0);
		out->time_s = sqlite3_column_int64(st, 1);
		*chained = take_blob(st, 2, out->hash, AUDIT_HASH);
	}
	return err;
}

#define HEAD "SELECT id, time_s, hash FROM audit"

static enum err
find_last(struct store *s, struct store_audit_head *out, bool *chained, struct error *e)
{
	return find_head(s, store_bind(s, e, HEAD " ORDER BY id DESC LIMIT 1", ""), out, chained,
		e);
}

enum err
store_audit_head(struct store *s, struct store_audit_head *out, struct error *e)
{
	bool chained;

	return find_last(s, out, &chained, e);
}

enum err
store_audit_head_before(struct store *s, int64_t before_s, struct store_audit_head *out,
	struct error *e)
{
	bool chained;
	enum err err;

	if (s->audit_before_s == before_s && before_s != 0) {
		*out = s->audit_before;
		return OK;
	}
	err = find_head(s,
		store_bind(s, e, HEAD " WHERE time_s < ? ORDER BY id DESC LIMIT 1", "i", before_s),
		out, &chained, e);
	if (err == OK && out->seq != 0 && chained) {
		s->audit_before_s = before_s;
		s->audit_before = *out;
	}
	return err;
}

/* --- records of before version 5, and those made without a key -------------- */

static const uint8_t *
audit_key(const struct store *s)
{
	return s->has_audit_key ? s->audit_key : NULL;
}

/* The next row behind id for which the condition of the literal sql holds. */
static enum err
find_row(struct store *s, const char *sql, int64_t id, struct audit_entry *x, bool *found,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, sql, "i", id);
	enum err err = st != NULL ? store_step(s, st, found, e) : store_code(e);

	if (err != OK || !*found)
		return err;
	take_entry(st, x);
	sqlite3_reset(st);
	return OK;
}

/* None of them has a hash. They get numbers without gaps, in their order. */
static enum err
chain_old(struct store *s, struct error *e)
{
	uint8_t previous[AUDIT_HASH] = {0};
	struct audit_entry x;
	int64_t id = 0;
	uint64_t seq = 0;
	bool found = true;
	enum err err = OK;

	while (err == OK && found) {
		err = find_row(s,
			"SELECT " ENTRY_COLUMNS
			" FROM audit WHERE id > ? AND hash IS NULL ORDER BY id LIMIT 1",
			id, &x, &found, e);
		if (err != OK || !found)
			break;
		id = (int64_t)x.record.seq;
		x.record.seq = ++seq;
		memcpy(x.previous, previous, AUDIT_HASH);
		audit_entry_seal(&x, audit_key(s));
		memcpy(previous, x.hash, AUDIT_HASH);
		err = seal_row(s, id, &x, e);
	}
	return err;
}

/* What has a hash keeps it: it may be known to others. */
static enum err
sign_rest(struct store *s, struct error *e)
{
	struct audit_entry x;
	int64_t id = 0;
	bool found = true;
	enum err err = OK;

	while (err == OK && found) {
		err = find_row(s,
			"SELECT " ENTRY_COLUMNS
			" FROM audit WHERE id > ? AND signature IS NULL ORDER BY id LIMIT 1",
			id, &x, &found, e);
		if (err != OK || !found)
			break;
		id = (int64_t)x.record.seq;
		audit_entry_sign(&x, s->audit_key);
		err = seal_row(s, id, &x, e);
	}
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO number SELECT 'audit_signed', coalesce(max(id), 0) FROM audit"
			" WHERE true ON CONFLICT DO UPDATE SET value = excluded.value",
			"");
	return err;
}

/* --- and of those after ------------------------------------------------------- */

/* Once it was signed each record is, in the transaction that adds it. What is not was not added
 * by us, and must never get our signature. */
static enum err
is_sealed(struct store *s, bool *sealed, struct error *e)
{
	int64_t found = 0;
	enum err err = store_number(s, e, &found,
		"SELECT EXISTS (SELECT 1 FROM number WHERE name = 'audit_signed')"
		" OR EXISTS (SELECT 1 FROM secret WHERE name = 'audit_public')"
		" OR EXISTS (SELECT 1 FROM audit WHERE signature IS NOT NULL)",
		"");

	*sealed = found != 0;
	return err;
}

static enum err
refuse_changed(const struct store *s, int64_t id, const char *what, struct error *e)
{
	return error_set(e, ERR_CORRUPT,
		"%s: record %lld of the audit log %s: the store was changed by another program; "
		"compare with what `orbl audit verify --key KEY FILE` says of audit.file, and "
		"restore the store from a backup",
		s->path, (long long)id, what);
}

/* Changed texts are not looked for: that takes as long as orbl audit verify, which finds them. */
static enum err
check_sealed(struct store *s, struct error *e)
{
	static const struct {
		const char *sql, *what;
	} rows[] = {
		{"SELECT coalesce((SELECT id FROM audit WHERE hash IS NULL OR length(hash) <> 32"
		 " ORDER BY id LIMIT 1), 0)",
			"is not chained"},
		{"SELECT coalesce((SELECT id FROM audit WHERE signature IS NULL"
		 " OR length(signature) <> 64 ORDER BY id LIMIT 1), 0)",
			"is not signed"},
		{"SELECT CASE WHEN (SELECT count(*) = coalesce(max(id), 0) FROM audit) THEN 0 ELSE"
		 " (SELECT min(n) + 1 FROM (SELECT 0 AS n UNION ALL SELECT id FROM audit) p"
		 "  WHERE NOT EXISTS (SELECT 1 FROM audit WHERE id = p.n + 1)) END",
			"is missing"},
	};
	int64_t id = 0;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < ORBL_COUNT(rows); i++) {
		err = store_number(s, e, &id, rows[i].sql, "");
		if (err == OK && id != 0)
			return refuse_changed(s, id, rows[i].what, e);
	}
	return err;
}

/* The head, with whatever was added by an older version chained. */
static enum err
chained_head(struct store *s, struct store_audit_head *out, struct error *e)
{
	bool chained, sealed = false;
	enum err err = find_last(s, out, &chained, e);

	if (err == OK && (!chained || !s->has_audit_key))
		err = is_sealed(s, &sealed, e);
	if (err == OK && sealed && !chained)
		return refuse_changed(s, (int64_t)out->seq, "is not chained", e);
	if (err == OK && sealed && !s->has_audit_key)
		return error_set(e, ERR_REFUSED,
			"%s: its audit log is signed: nothing is added without the key", s->path);
	if (err != OK || chained)
		return err;
	err = chain_old(s, e);
	return err == OK ? find_last(s, out, &chained, e) : err;
}

static enum err
seal_all(struct store *s, struct error *e)
{
	struct store_audit_head head;
	bool sealed = false;
	enum err err = is_sealed(s, &sealed, e);

	if (err == OK && sealed)
		return check_sealed(s, e);
	if (err == OK)
		err = chained_head(s, &head, e);
	return err == OK ? sign_rest(s, e) : err;
}

enum err
store_audit_open(struct store *s, const uint8_t secret[AUDIT_SECRET], struct error *e)
{
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	memcpy(s->audit_key, secret, AUDIT_SECRET);
	s->has_audit_key = true;
	err = seal_all(s, e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

enum err
store_audit_sync(struct store *s, struct error *e)
{
	enum err err;

	if (!s->is_ahead)
		return OK;
	err = store_begin(s, e);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO number VALUES ('audit_synced', 1)"
			" ON CONFLICT DO UPDATE SET value = value + 1",
			"");
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

/* --- adding ----------------------------------------------------------------- */

enum err
store_audit_add(struct store *s, const struct store_audit *a, struct error *e)
{
	struct audit_entry x = {.record.time_s = a->time_s > 0 ? a->time_s : 0};
	struct audit_record *r = &x.record;
	struct store_audit_head head;
	enum err err = chained_head(s, &head, e);

	if (err != OK)
		return err;
	r->seq = head.seq + 1;
	audit_record_text(a->author, r->author, sizeof(r->author));
	audit_record_text(a->action, r->action, sizeof(r->action));
	audit_record_text(a->subject, r->subject, sizeof(r->subject));
	audit_record_text(a->detail, r->detail, sizeof(r->detail));
	memcpy(x.previous, head.hash, AUDIT_HASH);
	audit_entry_seal(&x, audit_key(s));
	s->audit_now_s = a->time_s;
	return put_entry(s, &x, e);
}

enum err
store_audit_import(struct store *s, const struct audit_entry *x, struct error *e)
{
	struct store_audit_head head;
	enum err err = chained_head(s, &head, e);

	if (err != OK)
		return err;
	if (x->record.seq != head.seq + 1 || memcmp(x->previous, head.hash, AUDIT_HASH) != 0 ||
		!audit_entry_is_whole(x))
		return error_set(e, ERR_CORRUPT,
			"%s: record %llu does not follow the last one of the audit log", s->path,
			(unsigned long long)x->record.seq);
	return put_entry(s, x, e);
}

static enum err
next_ended(struct store *s, char prefix[PREFIX_TEXT], enum category *category, bool *found,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT prefix, category FROM ended ORDER BY prefix, category LIMIT 1", "");
	enum err err = st != NULL ? store_step(s, st, found, e) : store_code(e);

	if (err != OK || !*found)
		return err;
	audit_record_text(store_text(st, 0), prefix, PREFIX_TEXT);
	*category = (enum category)sqlite3_column_int(st, 1);
	sqlite3_reset(st);
	return OK;
}

static enum err
record_ended(struct store *s, struct error *e)
{
	char prefix[PREFIX_TEXT];
	enum category category = CATEGORY_COUNT;
	bool found = true;
	enum err err = OK;

	while (err == OK && found) {
		err = next_ended(s, prefix, &category, &found, e);
		if (err == OK && found)
			err = store_audit_add(s,
				&(struct store_audit){.time_s = s->audit_now_s,
					.action = STORE_AUDIT_UNLIST,
					.subject = prefix,
					.detail = (unsigned)category < CATEGORY_COUNT ?
						category_row(category)->name :
						"unknown"},
				e);
		if (err == OK && found)
			err = store_run(s, e, NULL,
				"DELETE FROM ended WHERE prefix = ? AND category = ?", "ti", prefix,
				(int64_t)category);
	}
	return err;
}

/* One that ended and is there again has changed, not ended. */
enum err
store_audit_ended(struct store *s, struct error *e)
{
	int64_t any = 0;
	enum err err = OK;

	if (s->audit_watches)
		err = store_number(s, e, &any, "SELECT EXISTS (SELECT 1 FROM ended)", "");
	if (err != OK || !any)
		return err;
	err = store_run(s, e, NULL,
		"DELETE FROM ended WHERE EXISTS (SELECT 1 FROM listing WHERE"
		" listing.prefix = ended.prefix AND listing.category = ended.category)",
		"");
	return err == OK ? record_ended(s, e) : err;
}

/* --- reading ---------------------------------------------------------------- */

enum err
store_audit_entries(struct store *s, uint64_t since, size_t max, store_audit_fn *fn, void *context,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT " ENTRY_COLUMNS " FROM audit WHERE id >= ? ORDER BY id LIMIT ?", "ii",
		(int64_t)since, (int64_t)max);
	struct audit_entry x;
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		take_entry(st, &x);
		err = fn(&x, context);
	}
	return err;
}

/* A record of a key counts when that key has signed it. */
enum err
store_audit_keys(struct store *s, uint8_t (*out)[AUDIT_PUBLIC], size_t max, size_t *count,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT " ENTRY_COLUMNS " FROM audit WHERE action = ? ORDER BY id DESC", "t",
		STORE_AUDIT_KEY);
	struct audit_entry x;
	enum err err;
	bool row;

	*count = 0;
	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && *count < max) {
		take_entry(st, &x);
		*count += audit_entry_names_key(&x, out[*count]);
	}
	sqlite3_reset(st);
	return err;
}
