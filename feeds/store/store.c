#include <orbl/store.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <sodium.h>

#include "store_intake.h"
#include "store_sql.h"

enum { BUSY_TIMEOUT_MS = 5000 };

enum err
store_failure(struct store *s, struct error *e)
{
	int code = sqlite3_errcode(s->db);
	const char *text = sqlite3_errmsg(s->db);

	switch (code & 0xff) {
	case SQLITE_FULL:
		return error_set(e, ERR_FULL, "%s: %s; make room on the disk", s->path, text);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return error_set(e, ERR_IO,
			"%s: %s; the file and its directory must be writable "
			"for the user the analyzer runs as",
			s->path, text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(e, ERR_CORRUPT,
			"%s: %s; move it away and restore a backup "
			"(sqlite3 FILE .recover may save what is in it)",
			s->path, text);
	case SQLITE_BUSY:
		return error_set(e, ERR_IO,
			"%s: %s; another process has it open: one "
			"orbl-analyzer may run on a store",
			s->path, text);
	case SQLITE_NOMEM: return error_set(e, ERR_MEMORY, "%s: out of memory", s->path);
	default: return error_set(e, ERR_IO, "%s: %s", s->path, text);
	}
}

static sqlite3_stmt *
statement(struct store *s, const char *sql)
{
	size_t i;

	for (i = 0; i < s->statement_count; i++)
		if (s->statements[i].sql == sql)
			return s->statements[i].statement;
	for (i = 0; i < s->statement_count; i++)
		if (strcmp(s->statements[i].sql, sql) == 0)
			return s->statements[i].statement;
	if (i == STORE_STATEMENTS_MAX)
		return NULL;
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		    &s->statements[i].statement, NULL) != SQLITE_OK)
		return NULL;
	s->statements[i].sql = sql;
	s->statement_count++;
	return s->statements[i].statement;
}

static void
bind_one(sqlite3_stmt *st, int at, char type, va_list *args)
{
	char prefix[PREFIX_TEXT], addr[ADDR_TEXT];
	const char *string;
	struct text text;

	switch (type) {
	case 'i': sqlite3_bind_int64(st, at, va_arg(*args, int64_t)); break;
	case 't':
		string = va_arg(*args, const char *);
		if (string != NULL)
			sqlite3_bind_text(st, at, string, -1, SQLITE_TRANSIENT);
		break;
	case 'x':
		text = va_arg(*args, struct text);
		sqlite3_bind_text(st, at, text.len != 0 ? text.p : "", (int)text.len,
			SQLITE_TRANSIENT);
		break;
	case 'a':
		addr_format(va_arg(*args, const struct addr *), addr);
		sqlite3_bind_text(st, at, addr, -1, SQLITE_TRANSIENT);
		break;
	case 'p':
		prefix_format(va_arg(*args, const struct prefix *), prefix);
		sqlite3_bind_text(st, at, prefix, -1, SQLITE_TRANSIENT);
		break;
	}
}

static sqlite3_stmt *
bind_all(struct store *s, struct error *e, const char *sql, const char *types, va_list *args)
{
	sqlite3_stmt *st = statement(s, sql);

	if (st == NULL) {
		store_failure(s, e);
		return NULL;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	for (int i = 0; types[i] != '\0'; i++)
		bind_one(st, i + 1, types[i], args);
	return st;
}

sqlite3_stmt *
store_bind(struct store *s, struct error *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list args;

	va_start(args, types);
	st = bind_all(s, e, sql, types, &args);
	va_end(args);
	return st;
}

enum err
store_step(struct store *s, sqlite3_stmt *st, bool *row, struct error *e)
{
	int code = sqlite3_step(st);
	enum err err;

	*row = code == SQLITE_ROW;
	if (*row)
		return OK;
	err = code == SQLITE_DONE ? OK : store_failure(s, e);
	sqlite3_reset(st);
	return err;
}

bool
store_each(struct store *s, sqlite3_stmt *st, enum err *err, struct error *e)
{
	bool row = false;

	if (st == NULL && *err == OK)
		*err = store_code(e);
	if (*err == OK)
		*err = store_step(s, st, &row, e);
	if (!row && st != NULL)
		sqlite3_reset(st);
	return row;
}

enum err
store_run(struct store *s, struct error *e, size_t *changes, const char *sql, const char *types,
	...)
{
	sqlite3_stmt *st;
	va_list args;
	bool row = true;
	enum err err = OK;

	va_start(args, types);
	st = bind_all(s, e, sql, types, &args);
	va_end(args);
	if (st == NULL)
		return store_code(e);
	while (err == OK && row)
		err = store_step(s, st, &row, e);
	if (changes != NULL)
		*changes = (size_t)sqlite3_changes(s->db);
	return err;
}

enum err
store_number(struct store *s, struct error *e, int64_t *out, const char *sql, const char *types,
	...)
{
	sqlite3_stmt *st;
	va_list args;
	bool row;
	enum err err;

	*out = 0;
	va_start(args, types);
	st = bind_all(s, e, sql, types, &args);
	va_end(args);
	if (st == NULL)
		return store_code(e);
	for (row = true; row;) { /* to the end: an INSERT ... RETURNING commits there */
		err = store_step(s, st, &row, e);
		if (err != OK)
			return err;
		if (row)
			*out = sqlite3_column_int64(st, 0);
	}
	return OK;
}

const char *
store_text(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

enum err
store_execute(struct store *s, const char *sql, struct error *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : store_failure(s, e);
}

enum err
store_begin(struct store *s, struct error *e)
{
	return store_execute(s, "BEGIN IMMEDIATE", e);
}

enum err
store_begin_lazily(struct store *s, struct error *e)
{
	/* In WAL mode a NORMAL commit is written but not synced; the next FULL one syncs it too. */
	enum err err = store_execute(s, "PRAGMA synchronous = NORMAL", e);

	if (err == OK)
		err = store_begin(s, e);
	s->is_lazy = err == OK;
	if (err != OK)
		store_rollback(s);
	return err;
}

enum err
store_commit(struct store *s, struct error *e)
{
	/* A full disk may have ended the transaction: then a record would be one of its own. */
	enum err err = sqlite3_get_autocommit(s->db) == 0 ? store_audit_ended(s, e) : OK;

	if (err == OK)
		err = store_execute(s, "COMMIT", e);
	if (err == OK)
		s->is_ahead = s->is_lazy;
	store_rollback(s);
	return err;
}

/* A full disk may have ended the transaction already; the next one must wait for the disk all
 * the same, whatever this one did. Both statements touch no file and cannot fail for want of
 * room; what is left open SQLite rolls back when the connection closes. */
void
store_rollback(struct store *s)
{
	s->is_lazy = false;
	if (sqlite3_get_autocommit(s->db) == 0)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
}

/* What a dead analyzer left half-way. */
static enum err
remove_uncommitted(struct store *s, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err != OK)
		return err;
	err = store_intake_undo_all(s, e);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}

static enum err
lock(struct store *s, struct error *e)
{
	char path[sizeof(s->path) + 8];

	snprintf(path, sizeof(path), "%s.lock", s->path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return error_errno(e,
			"%s: cannot create (its directory must exist and be "
			"writable for the user the analyzer runs as)",
			path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(e, ERR_REFUSED,
			"%s: another orbl-analyzer uses this store; "
			"stop it or set store.path to another file",
			s->path);
	return OK;
}

enum err
store_open(const char *path, struct store **out, struct error *e)
{
	struct store *s = calloc(1, sizeof(*s));
	enum err err;

	*out = NULL;
	if (s == NULL)
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	/* Nobody reads these counters, and each small allocation pays for them. Refused, which does
	 * not matter, when a store was opened before. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	s->lock_fd = -1;
	snprintf(s->path, sizeof(s->path), "%s", path);
	err = lock(s, e);
	if (err == OK &&
		sqlite3_open_v2(path, &s->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			NULL) != SQLITE_OK)
		err = store_failure(s, e);
	if (err == OK) {
		sqlite3_extended_result_codes(s->db, 1);
		sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
		err = store_execute(s,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000;"
			"PRAGMA wal_autocheckpoint = 4000",
			e);
	}
	if (err == OK)
		err = store_schema_make(s, e);
	if (err == OK)
		err = store_audit_prepare(s, e);
	if (err == OK)
		err = store_evidence_open(s, e);
	if (err == OK)
		err = remove_uncommitted(s, e);
	if (err == OK)
		err = store_number(s, e, &s->old_hashes_s,
			"SELECT value FROM number WHERE name = 'old_hashes_s'", "");
	if (err != OK) {
		store_close(s);
		return err;
	}
	*out = s;
	return OK;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->statement_count; i++)
		sqlite3_finalize(s->statements[i].statement);
	sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	sodium_memzero(s->audit_key, sizeof(s->audit_key));
	free(s);
}

enum err
store_next_serial(struct store *s, uint32_t *serial, struct error *e)
{
	int64_t value;
	enum err err = store_number(s, e, &value,
		"INSERT INTO number VALUES ('serial', 1)"
		" ON CONFLICT (name) DO UPDATE SET value = (value % 4294967295) + 1"
		" RETURNING value",
		"");

	if (err == OK)
		*serial = (uint32_t)value;
	return err;
}

enum err
store_secret(struct store *s, const char *name, uint8_t *bytes, size_t len,
	void (*make)(void *bytes, size_t len), struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT value FROM secret WHERE name = ?", "t", name);
	bool row;
	enum err err;

	if (st == NULL)
		return store_code(e);
	err = store_step(s, st, &row, e);
	if (err == OK && row) {
		if ((size_t)sqlite3_column_bytes(st, 0) == len)
			memcpy(bytes, sqlite3_column_blob(st, 0), len);
		else
			err = error_set(e, ERR_CORRUPT, "%s: secret %s has a wrong length", s->path,
				name);
		sqlite3_reset(st);
		return err;
	}
	if (err != OK)
		return err;
	make(bytes, len);
	st = store_bind(s, e, "INSERT INTO secret VALUES (?, ?)", "t", name);
	if (st == NULL)
		return store_code(e);
	sqlite3_bind_blob(st, 2, bytes, (int)len, SQLITE_TRANSIENT);
	return store_step(s, st, &row, e);
}
