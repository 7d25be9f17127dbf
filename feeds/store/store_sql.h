/* store_sql.h - the few lines of SQLite that the files store*.c share. */
#ifndef FEEDS_STORE_SQL_H
#define FEEDS_STORE_SQL_H

#include <stdbool.h>

#include <sqlite3.h>

#include <orbl/addr.h>
#include <orbl/store.h>
#include <orbl/store_audit.h>
#include <orbl/text.h>

enum { STORE_STATEMENTS_MAX = 320 };

struct store {
	sqlite3 *db;
	int lock_fd;
	char path[4096];
	/* The newest line of table seen_2, whose hashes are as schema 2 made them; 0: none. */
	int64_t old_hashes_s;
	int64_t evidence_per_host;     /* of the last store_bound, 0: not known yet */
	char results_place[ADDR_TEXT]; /* behind which the next one looks for results of probes */
	int64_t results_looked_s;      /* when it found none to forget, though they are too many */
	bool is_lazy;                  /* the transaction that is open */
	bool is_ahead;                 /* of the disk: a lazy one was the last */
	bool audit_watches;            /* for listings that end */
	bool has_audit_key;
	uint8_t audit_key[AUDIT_SECRET];
	int64_t audit_now_s;    /* of the last record: when listings end without one of their own */
	int64_t audit_before_s; /* store_audit_head_before has said audit_before; 0: nothing */
	struct store_audit_head audit_before;
	size_t statement_count;
	struct {
		const char *sql; /* a literal: compared by address first */
		sqlite3_stmt *statement;
	} statements[STORE_STATEMENTS_MAX];
};

/* A prepared statement with its values bound, kept for the next time: sql must be a
 * literal. types has a letter for each value: i int64_t, t const char * (NULL: null),
 * x struct text, a const struct addr *, p const struct prefix *. NULL on error. */
sqlite3_stmt *store_bind(struct store *s, struct error *e, const char *sql, const char *types, ...);
/* Bind and run to its end. *changes may be NULL. */
enum err store_run(struct store *s, struct error *e, size_t *changes, const char *sql,
	const char *types, ...) ORBL_NODISCARD;
/* One step: *row tells whether there is a row. The statement is reset at its end. */
enum err store_step(struct store *s, sqlite3_stmt *st, bool *row, struct error *e) ORBL_NODISCARD;
/* For while: is there one row more? *err, OK at first, is what was before, and what the loop makes
 * of it: not OK ends the walk. st NULL: store_bind has failed. */
bool store_each(struct store *s, sqlite3_stmt *st, enum err *err, struct error *e);
/* One integer from the first row; 0 when there is none. */
enum err store_number(struct store *s, struct error *e, int64_t *out, const char *sql,
	const char *types, ...) ORBL_NODISCARD;
/* Statements without values, which are not kept. */
enum err store_execute(struct store *s, const char *sql, struct error *e) ORBL_NODISCARD;
/* Bring the tables from the version they have, 0 when there are none, to ours. */
enum err store_schema_make(struct store *s, struct error *e) ORBL_NODISCARD;
/* Once, when the store is opened: watch for listings that end. */
enum err store_audit_prepare(struct store *s, struct error *e) ORBL_NODISCARD;
/* Before a commit: the records of the listings that have ended. */
enum err store_audit_ended(struct store *s, struct error *e) ORBL_NODISCARD;
/* What SQLite says, as our error. */
enum err store_failure(struct store *s, struct error *e);
/* The code to return when store_bind gave NULL. */
static inline enum err
store_code(const struct error *e)
{
	return e != NULL && e->code != OK ? e->code : ERR_IO;
}
const char *store_text(sqlite3_stmt *st, int column); /* NULL: null */

#endif
