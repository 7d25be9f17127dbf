#include <orbl/store_probe.h>

#include "store_sql.h"

const char *
store_cause_name(enum store_cause c)
{
	static const char *const names[CAUSE_COUNT] = {
		[CAUSE_NOMINATION] = "nomination",
		[CAUSE_BACKOFF] = "backoff retry",
		[CAUSE_EXPIRY] = "retest before expiry",
		[CAUSE_CONFIRM] = "confirming retest",
		[CAUSE_DELISTING] = "delisting request",
	};

	return (size_t)c < CAUSE_COUNT ? names[c] : "unknown";
}

/* --- the queue ------------------------------------------------------------ */

/* One that is under way only takes over the cause: it is asked for by both now. The one that
 * confirms keeps its time, or takes it: evidence could else have it made while the host still
 * expects it. */
static enum err
make_urgent(struct store *s, int64_t id, const struct store_probe *p, int64_t not_before_s,
	struct error *e)
{
	return store_run(s, e, NULL,
		"UPDATE probe SET cause = max(cause, ?1), not_before_s ="
		" CASE WHEN cause = ?4 AND ?1 < ?4 THEN not_before_s"
		" WHEN cause < ?4 AND ?1 = ?4 THEN ?2 ELSE min(not_before_s, ?2) END WHERE id = ?3",
		"iiii", (int64_t)p->cause, not_before_s, id, (int64_t)CAUSE_CONFIRM);
}

enum err
store_probe_add(struct store *s, const struct store_probe *p, uint64_t *id, struct error *e)
{
	int64_t found, not_before_s = p->not_before_s != 0 ? p->not_before_s : p->queued_s;
	enum err err = store_number(s, e, &found,
		"SELECT id FROM probe WHERE host = ? AND finished_s = 0", "a", &p->host);

	if (err == OK && found == 0)
		err = store_number(s, e, &found,
			"INSERT INTO probe (host, cause, queued_s, not_before_s, tries, source,"
			" parent) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
			"aiiiiii", &p->host, (int64_t)p->cause, p->queued_s, not_before_s,
			(int64_t)p->tries, (int64_t)(p->parent != 0), (int64_t)p->parent);
	else if (err == OK)
		err = make_urgent(s, found, p, not_before_s, e);
	*id = (uint64_t)found;
	return err;
}

enum err
store_probe_queue(struct store *s, const struct addr *host, enum store_cause cause, int64_t now_s,
	uint64_t *id, struct error *e)
{
	const struct store_probe p = {.host = *host, .cause = cause, .queued_s = now_s};

	return store_probe_add(s, &p, id, e);
}

static enum err
insert_retests(struct store *s, const struct store_retests *r, int64_t upto_s, size_t *queued,
	store_retest_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"INSERT INTO probe (host, cause, queued_s, not_before_s)"
		" SELECT p.host, ?1, ?2, max(?2, ?3 + (SELECT max(q.finished_s)"
		"   FROM probe q WHERE q.host = p.host))"
		" FROM listing l JOIN probe p ON p.id = l.probe"
		" WHERE l.expires_s > ?4 AND l.expires_s <= ?5 AND NOT EXISTS"
		"  (SELECT 1 FROM probe q WHERE q.host = p.host AND q.finished_s = 0)"
		" GROUP BY p.host RETURNING host",
		"iiiii", (int64_t)CAUSE_EXPIRY, r->now_s, r->interval_s, upto_s,
		r->now_s + r->window_s);
	enum err err = OK;
	struct addr host;

	while (store_each(s, st, &err, e)) {
		(*queued)++;
		if (fn != NULL && addr_parse(text_of(store_text(st, 0)), &host) == OK)
			err = fn(&host, context);
	}
	return err;
}

/* Listings are looked at in the order in which they end, each once: a renewed one ends later. */
enum err
store_probe_queue_retests(struct store *s, const struct store_retests *r, size_t *queued,
	store_retest_fn *fn, void *context, struct error *e)
{
	int64_t upto_s;
	enum err err = store_number(s, e, &upto_s,
		"SELECT value FROM number WHERE name = 'retested_s'", "");

	*queued = 0;
	if (err == OK)
		err = insert_retests(s, r, upto_s, queued, fn, context, e);
	if (err == OK)
		err = store_run(s, e, NULL,
			"INSERT INTO number VALUES ('retested_s', ?)"
			" ON CONFLICT DO UPDATE SET value = excluded.value",
			"i", r->now_s + r->window_s);
	return err;
}

#define PROBE_COLUMNS                                                                              \
	"id, host, cause, queued_s, not_before_s, started_s, finished_s, tries, source, parent,"   \
	" verdict, pair_verdict, reason, result"

static struct store_probe
probe_of(sqlite3_stmt *st)
{
	return (struct store_probe){
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.cause = (enum store_cause)sqlite3_column_int(st, 2),
		.queued_s = sqlite3_column_int64(st, 3),
		.not_before_s = sqlite3_column_int64(st, 4),
		.started_s = sqlite3_column_int64(st, 5),
		.finished_s = sqlite3_column_int64(st, 6),
		.tries = (unsigned)sqlite3_column_int(st, 7),
		.second_source = sqlite3_column_int(st, 8) != 0,
		.parent = (uint64_t)sqlite3_column_int64(st, 9),
		.verdict = store_text(st, 10),
		.pair_verdict = store_text(st, 11),
		.reason = store_text(st, 12),
		.result = store_text(st, 13),
	};
}

static enum err
walk_probes(struct store *s, sqlite3_stmt *st, store_probe_fn *fn, void *context, size_t *count,
	struct error *e)
{
	enum err err = OK;

	*count = 0;
	while (store_each(s, st, &err, e)) {
		struct store_probe p = probe_of(st);

		if (addr_parse(text_of(store_text(st, 1)), &p.host) != OK)
			continue;
		(*count)++;
		err = fn(&p, context);
	}
	return err;
}

enum err
store_probes_due(struct store *s, const struct store_place *behind, int64_t now_s, size_t max,
	store_probe_fn *fn, void *context, struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE finished_s = 0 AND started_s = 0 AND source = ?"
			" AND cause = ? AND not_before_s <= ? AND (not_before_s, id) > (?, ?)"
			" ORDER BY not_before_s, id LIMIT ?",
			"iiiiii", (int64_t)behind->second_source, (int64_t)behind->cause, now_s,
			behind->not_before_s, (int64_t)behind->id, (int64_t)max),
		fn, context, &count, e);
}

enum err
store_probes_started(struct store *s, uint64_t after, size_t max, store_probe_fn *fn, void *context,
	struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE finished_s = 0 AND started_s <> 0 AND id > ?"
			" ORDER BY id LIMIT ?",
			"ii", (int64_t)after, (int64_t)max),
		fn, context, &count, e);
}

static enum err
count_due(struct store *s, int64_t now_s, struct store_queue *out, struct error *e)
{
	int64_t n = 0;
	enum err err = OK;

	for (int cause = 0; err == OK && cause < CAUSE_COUNT; cause++) {
		err = store_number(s, e, &n,
			"SELECT count(*) FROM probe WHERE finished_s = 0 AND started_s = 0"
			" AND source IN (0, 1) AND cause = ? AND not_before_s <= ?",
			"ii", (int64_t)cause, now_s);
		out->due[cause] = (uint64_t)n;
	}
	return err;
}

enum err
store_queue_count(struct store *s, int64_t now_s, struct store_queue *out, struct error *e)
{
	int64_t waiting = 0, started = 0;
	enum err err = count_due(s, now_s, out, e);

	if (err == OK)
		err = store_number(s, e, &waiting,
			"SELECT count(*) FROM probe WHERE finished_s = 0 AND started_s = 0", "");
	if (err == OK)
		err = store_number(s, e, &started,
			"SELECT count(*) FROM probe WHERE finished_s = 0 AND started_s <> 0", "");
	out->started = (uint64_t)started;
	out->later = (uint64_t)waiting;
	for (size_t i = 0; i < CAUSE_COUNT; i++)
		out->later -= out->due[i];
	return err;
}

/* --- a probe's way ---------------------------------------------------------- */

enum err
store_probe_start(struct store *s, uint64_t id, int64_t now_s, struct error *e)
{
	enum err err = store_run(s, e, NULL, "UPDATE probe SET started_s = ? WHERE id = ?", "ii",
		now_s, (int64_t)id);

	return err == OK ? store_audit_probing(s, id, now_s, e) : err;
}

enum err
store_probe_event_add(struct store *s, uint64_t id, uint64_t number, const char *event,
	struct error *e)
{
	return store_run(s, e, NULL, "INSERT OR REPLACE INTO probe_event VALUES (?, ?, ?)", "iit",
		(int64_t)id, (int64_t)number, event);
}

enum err
store_probe_events(struct store *s, uint64_t id, store_event_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT number, event FROM probe_event WHERE probe = ? ORDER BY number", "i",
		(int64_t)id);
	enum err err = OK;

	while (store_each(s, st, &err, e))
		err = fn((uint64_t)sqlite3_column_int64(st, 0), store_text(st, 1), context);
	return err;
}

enum err
store_probe_finish(struct store *s, uint64_t id, const char *verdict, const char *reason,
	const char *result, int64_t now_s, struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"UPDATE probe SET verdict = ?, reason = ?, result = ?, finished_s = ? WHERE id = ?",
		"tttii", verdict, reason, result, now_s, (int64_t)id);

	if (err == OK)
		err = store_audit_probed(s, id, now_s, e);
	if (err != OK)
		return err;
	return store_run(s, e, NULL, "DELETE FROM probe_event WHERE probe = ?", "i", (int64_t)id);
}

enum err
store_probe_requeue(struct store *s, uint64_t id, int64_t not_before_s, struct error *e)
{
	enum err err = store_begin(s, e);

	if (err == OK)
		err = store_run(s, e, NULL,
			"UPDATE probe SET started_s = 0, not_before_s = ? WHERE id = ?", "ii",
			not_before_s, (int64_t)id);
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM probe_event WHERE probe = ?", "i",
			(int64_t)id);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

enum err
store_probe_set_pair(struct store *s, uint64_t id, const char *verdict, struct error *e)
{
	return store_run(s, e, NULL, "UPDATE probe SET pair_verdict = ? WHERE id = ?", "ti",
		verdict, (int64_t)id);
}

/* --- looking ---------------------------------------------------------------- */

enum err
store_probes_of(struct store *s, const struct addr *host, size_t max, store_probe_fn *fn,
	void *context, struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE host = ? ORDER BY id DESC LIMIT ?",
			"ai", host, (int64_t)max),
		fn, context, &count, e);
}

enum err
store_probe_get(struct store *s, uint64_t id, store_probe_fn *fn, void *context, struct error *e)
{
	size_t count;
	enum err err = walk_probes(s,
		store_bind(s, e, "SELECT " PROBE_COLUMNS " FROM probe WHERE id = ?", "i",
			(int64_t)id),
		fn, context, &count, e);

	if (err == OK && count == 0)
		return error_set(e, ERR_NOT_FOUND, "there is no probe %llu",
			(unsigned long long)id);
	return err;
}

enum err
store_probe_second(struct store *s, uint64_t first, store_probe_fn *fn, void *context,
	struct error *e)
{
	size_t count;

	return walk_probes(s,
		store_bind(s, e,
			"SELECT " PROBE_COLUMNS
			" FROM probe WHERE parent = ? AND parent <> 0 LIMIT 1",
			"i", (int64_t)first),
		fn, context, &count, e);
}
