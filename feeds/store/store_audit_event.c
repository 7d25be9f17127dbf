#include <orbl/store_audit.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "store_sql.h"

enum { HOUR_S = 3600, HASH_TEXT = 2 * AUDIT_HASH + 1, PROBE_HOST = 64, FILE_NAME = 512 };

/* Of texts that are too long for a record; each with its end, so that none can grow at the cost
 * of the next. */
static void
hash_texts(const char *const *texts, size_t count, char out[HASH_TEXT])
{
	crypto_generichash_state state;
	uint8_t hash[AUDIT_HASH];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	for (size_t i = 0; i < count; i++)
		crypto_generichash_update(&state, (const uint8_t *)texts[i],
			strlen(texts[i]) + (i + 1 < count));
	crypto_generichash_final(&state, hash, sizeof(hash));
	audit_hex(hash, sizeof(hash), out);
}

static enum err
add(struct store *s, int64_t now_s, const char *action, const char *subject, const char *detail,
	struct error *e)
{
	return store_audit_add(s,
		&(struct store_audit){.time_s = now_s,
			.action = action,
			.subject = subject,
			.detail = detail},
		e);
}

/* --- probes ----------------------------------------------------------------- */

static enum err
find_probe(struct store *s, uint64_t probe, char host[PROBE_HOST], char *detail, size_t size,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT host, verdict, reason, result FROM probe WHERE id = ?", "i",
		(int64_t)probe);
	const char *verdict, *reason, *result;
	char hash[HASH_TEXT] = "none";
	enum err err = OK;

	host[0] = detail[0] = '\0';
	while (store_each(s, st, &err, e)) {
		verdict = store_text(st, 1);
		reason = store_text(st, 2);
		result = store_text(st, 3);
		if (result != NULL)
			hash_texts(&result, 1, hash);
		snprintf(host, PROBE_HOST, "%s", store_text(st, 0));
		snprintf(detail, size, "probe %" PRIu64 ", %s, result %s: %s", probe,
			verdict != NULL ? verdict : "not made", hash, reason != NULL ? reason : "");
	}
	return err;
}

enum err
store_audit_probing(struct store *s, uint64_t probe, int64_t now_s, struct error *e)
{
	char host[PROBE_HOST], detail[AUDIT_DETAIL];
	enum err err = find_probe(s, probe, host, detail, sizeof(detail), e);

	snprintf(detail, sizeof(detail), "probe %" PRIu64, probe);
	return err == OK && host[0] != '\0' ? add(s, now_s, "probing", host, detail, e) : err;
}

enum err
store_audit_probed(struct store *s, uint64_t probe, int64_t now_s, struct error *e)
{
	char host[PROBE_HOST], detail[AUDIT_DETAIL];
	enum err err = find_probe(s, probe, host, detail, sizeof(detail), e);

	return err == OK && host[0] != '\0' ? add(s, now_s, "probed", host, detail, e) : err;
}

static enum err
find_request(struct store *s, uint64_t probe, char host[PROBE_HOST], char *detail, size_t size,
	struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT host, id, state, reason FROM delisting WHERE probe = ?"
		" ORDER BY finished_s DESC, id DESC LIMIT 1",
		"i", (int64_t)probe);
	enum err err = OK;

	host[0] = '\0';
	while (store_each(s, st, &err, e)) {
		snprintf(host, PROBE_HOST, "%s", store_text(st, 0));
		snprintf(detail, size, "request %lld, probe %" PRIu64 ", %s: %s",
			(long long)sqlite3_column_int64(st, 1), probe, store_text(st, 2),
			sqlite3_column_type(st, 3) != SQLITE_NULL ? store_text(st, 3) : "");
	}
	return err;
}

enum err
store_audit_answered(struct store *s, uint64_t probe, int64_t now_s, struct error *e)
{
	char host[PROBE_HOST], detail[AUDIT_DETAIL];
	enum err err = find_request(s, probe, host, detail, sizeof(detail), e);

	return err == OK && host[0] != '\0' ? add(s, now_s, "answered", host, detail, e) : err;
}

/* --- decisions -------------------------------------------------------------- */

enum err
store_audit_decided(struct store *s, const struct store_decision *d, uint64_t id, struct error *e)
{
	const char *const texts[] = {d->inputs, d->result};
	char hash[HASH_TEXT], host[ADDR_TEXT], detail[256];

	hash_texts(texts, ORBL_COUNT(texts), hash);
	snprintf(detail, sizeof(detail), "decision %" PRIu64 ", %s, content %s", id, d->kind, hash);
	return add(s, d->time_s, "decided", addr_format(&d->host, host), detail, e);
}

/* --- submissions ------------------------------------------------------------ */

static enum err
add_submission(struct store *s, const char *reporter, const char *file, int64_t now_s,
	const struct store_submission *n, struct error *e)
{
	char detail[AUDIT_DETAIL];

	snprintf(detail, sizeof(detail),
		"submission %" PRId64 ", %" PRIu64 " lines, %" PRIu64 " denials, %" PRIu64
		" known before, %" PRIu64 " not understood: %s",
		n->id, n->lines, n->denials, n->duplicates, n->not_understood, file);
	return add(s, now_s, "submission", reporter, detail, e);
}

enum err
store_audit_submission(struct store *s, int64_t submission, struct error *e)
{
	char name[48];

	snprintf(name, sizeof(name), "audit_submission %" PRId64, submission);
	return store_run(s, e, NULL, "INSERT OR IGNORE INTO number VALUES (?, ?)", "ti", name,
		submission);
}

#define GOING_ON                                                                                   \
	"SELECT b.id, r.name, b.file, b.lines, b.denials, b.duplicates, b.not_understood"          \
	" FROM number n JOIN submission b ON b.id = n.value JOIN reporter r ON r.id = b.reporter"  \
	" WHERE n.name GLOB 'audit_submission *' AND b.received_s < ? ORDER BY b.id LIMIT 1"

/* The next whose hour is over, with its numbers as they will stay. */
static enum err
next_submission(struct store *s, int64_t before_s, int64_t now_s, bool *found, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, GOING_ON, "i", before_s);
	struct store_submission n;
	char reporter[AUDIT_SUBJECT], file[FILE_NAME];
	enum err err = st != NULL ? store_step(s, st, found, e) : store_code(e);

	if (err != OK || !*found)
		return err;
	n = (struct store_submission){
		.id = sqlite3_column_int64(st, 0),
		.lines = (uint64_t)sqlite3_column_int64(st, 3),
		.denials = (uint64_t)sqlite3_column_int64(st, 4),
		.duplicates = (uint64_t)sqlite3_column_int64(st, 5),
		.not_understood = (uint64_t)sqlite3_column_int64(st, 6),
	};
	audit_record_text(store_text(st, 1), reporter, sizeof(reporter));
	audit_record_text(store_text(st, 2), file, sizeof(file));
	sqlite3_reset(st);
	err = add_submission(s, reporter, file, now_s, &n, e);
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"DELETE FROM number WHERE name GLOB 'audit_submission *' AND value = ?", "i", n.id);
}

enum err
store_audit_submissions(struct store *s, int64_t now_s, struct error *e)
{
	int64_t before_s = now_s - now_s % HOUR_S, waiting = 0;
	bool found = true;
	enum err err = store_number(s, e, &waiting,
		"SELECT count(*) FROM number WHERE name GLOB 'audit_submission *'", "");

	if (err != OK || waiting == 0)
		return err;
	err = store_begin(s, e);
	while (err == OK && found)
		err = next_submission(s, before_s, now_s, &found, e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

/* --- the key ---------------------------------------------------------------- */

enum err
store_audit_public(struct store *s, uint8_t key[AUDIT_PUBLIC], bool *has, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT value FROM secret WHERE name = 'audit_public'",
		"");
	bool row = false;
	enum err err = st != NULL ? store_step(s, st, &row, e) : store_code(e);

	*has = err == OK && row && sqlite3_column_bytes(st, 0) == AUDIT_PUBLIC;
	if (*has)
		memcpy(key, sqlite3_column_blob(st, 0), AUDIT_PUBLIC);
	if (st != NULL)
		sqlite3_reset(st);
	return err;
}

enum err
store_audit_key(struct store *s, const uint8_t key[AUDIT_PUBLIC], bool *is_new, struct error *e)
{
	uint8_t known[AUDIT_PUBLIC];
	bool has, row;
	sqlite3_stmt *st;
	enum err err = store_audit_public(s, known, &has, e);

	*is_new = err == OK && !(has && memcmp(known, key, AUDIT_PUBLIC) == 0);
	if (!*is_new)
		return err;
	st = store_bind(s, e, "INSERT OR REPLACE INTO secret VALUES ('audit_public', ?)", "");
	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob(st, 1, key, AUDIT_PUBLIC, SQLITE_TRANSIENT);
	return store_step(s, st, &row, e);
}
