#include <orbl/store_evidence.h>

#include <stdio.h>

#include <orbl/store_reporter.h>

#include "store_intake.h"
#include "store_sql.h"

enum {
	HOUR_S = 3600,
	EVIDENCE_BATCH = 10000, /* rows that go at once: the event loop waits meanwhile */
	EVIDENCE_LOOK = 1000,   /* rows that are looked at, and as many more as are to go */
	RESULT_BATCH = 256,
	DECISION_BATCH = 1000,
	HOSTS_BATCH = 500,
	LATE_S = 3 * 86400, /* a message may come back so long after its probe's end */
};

/* --- by age --------------------------------------------------------------- */

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
	size_t rows = 0;

	if (err == OK)
		err = store_run(s, e, &rows, "DELETE FROM evidence WHERE hour_s < ?", "i",
			before_s - HOUR_S);
	if (err == OK)
		err = store_intake_count(s, -(int64_t)rows, e);
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

/* --- by number ------------------------------------------------------------ */

/* Counted once, and kept from then on (store_intake_count). */
static enum err
count_evidence(struct store *s, int64_t *rows, struct error *e)
{
	int64_t known;
	enum err err = store_number(s, e, &known,
		"SELECT count(*) FROM number WHERE name = 'evidence_rows'", "");

	if (err == OK && known == 0)
		err = store_run(s, e, NULL,
			"INSERT INTO number SELECT 'evidence_rows', count(*) FROM evidence", "");
	if (err != OK)
		return err;
	return store_number(s, e, rows, "SELECT value FROM number WHERE name = 'evidence_rows'",
		"");
}

/* Of the oldest rows, the newest ones, and some between, one place another time: to count all that
 * a reporter has would take too long. Who has the most of them loses the oldest of them. The newest
 * are among them lest a flood of today drives out what others have said before. */
#define PART(where, order)                                                                         \
	"SELECT * FROM (SELECT host, hour_s, submission, kind FROM evidence" where                 \
	" ORDER BY hour_s" order " LIMIT ?1)"
#define SOME_HOUR                                                                                  \
	"(SELECT lo + abs(random() % (hi - lo + 1)) FROM (SELECT (SELECT min(hour_s) FROM"         \
	" evidence) AS lo, (SELECT max(hour_s) FROM evidence) AS hi))"
static const char bound_shares[] =
	"DELETE FROM evidence WHERE (host, hour_s, submission, kind) IN"
	" (SELECT host, hour_s, submission, kind FROM (SELECT v.host, v.hour_s, v.submission,"
	"  v.kind, row_number() OVER (PARTITION BY b.reporter ORDER BY v.hour_s DESC) AS place"
	"  FROM (" PART("", "") " UNION " PART("",
		" DESC") " UNION " PART(" WHERE hour_s >= " SOME_HOUR,
		"") ") v"
		    "  JOIN submission b ON b.id = v.submission) ORDER BY place DESC, hour_s LIMIT "
		    "?2)";
#undef PART
#undef SOME_HOUR

static enum err
bound_evidence(struct store *s, int64_t total, struct store_bounded *out, struct error *e)
{
	int64_t rows = 0, excess;
	enum err err = count_evidence(s, &rows, e);

	excess = rows - total;
	if (err != OK || excess <= 0)
		return err;
	if (excess > EVIDENCE_BATCH) {
		excess = EVIDENCE_BATCH;
		out->more = true;
	}
	err = store_run(s, e, &out->evidence, bound_shares, "ii", excess + EVIDENCE_LOOK, excess);
	return err == OK ? store_intake_count(s, -(int64_t)out->evidence, e) : err;
}

/* Each reporter's rows are numbered, its newest first, and those with the highest numbers go: who
 * has the most loses its oldest, and one who has few loses none. */
static enum err
share_host(struct store *s, const struct addr *host, struct error *e)
{
	size_t rows = 0;
	enum err err = store_run(s, e, &rows,
		"DELETE FROM evidence WHERE host = ?1 AND (hour_s, submission, kind) IN"
		" (SELECT hour_s, submission, kind FROM (SELECT v.hour_s, v.submission, v.kind,"
		"  row_number() OVER (PARTITION BY b.reporter ORDER BY v.hour_s DESC,"
		"  v.submission DESC, v.kind DESC) AS place FROM evidence v"
		"  JOIN submission b ON b.id = v.submission WHERE v.host = ?1)"
		"  ORDER BY place, hour_s DESC, submission DESC, kind DESC LIMIT -1 OFFSET ?2)",
		"ai", host, s->evidence_per_host);

	return err == OK ? store_intake_count(s, -(int64_t)rows, e) : err;
}

enum err
store_bound_host(struct store *s, const struct addr *host, struct error *e)
{
	int64_t is_over = 0;
	enum err err;

	if (s->evidence_per_host == 0)
		return OK;
	err = store_number(s, e, &is_over, "SELECT 1 FROM evidence WHERE host = ? LIMIT 1 OFFSET ?",
		"ai", host, s->evidence_per_host);
	return err == OK && is_over != 0 ? share_host(s, host, e) : err;
}

/* --- results of probes ---------------------------------------------------- */

/* Nothing rests on the probe p, or on the second opinion of it: over is when a probe is over for
 * sure, kept since when decisions are kept whole. */
#define OF_P "probe IN (p.id, (SELECT q.id FROM probe q WHERE q.parent = p.id AND q.parent <> 0))"
#define MAY_FORGET(over, kept)                                                                     \
	"p.result IS NOT NULL AND p.finished_s <> 0 AND p.finished_s < " over                      \
	" AND NOT EXISTS (SELECT 1 FROM listing WHERE " OF_P ")"                                   \
	" AND NOT EXISTS (SELECT 1 FROM proof WHERE tested = p.host AND " OF_P ")"                 \
	" AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.host = p.host AND d." OF_P              \
	" AND d.time_s >= " kept ")"

struct oldest {
	int64_t ids[RESULT_BATCH];
	size_t count;
	int64_t bytes;
};

/* As many of the oldest as make up so many bytes. */
static enum err
oldest_results(struct store *s, int64_t now_s, int64_t bytes, struct oldest *out, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT p.id, length(CAST(p.result AS BLOB)) FROM probe p WHERE " MAY_FORGET("?1",
			"?2") " ORDER BY p.id",
		"ii", now_s - LATE_S, now_s - STORE_DECISION_KEPT_S);
	enum err err = OK;
	bool row = true;

	*out = (struct oldest){.count = 0};
	if (st == NULL)
		return store_code(e);
	while (err == OK && out->count < RESULT_BATCH && out->bytes < bytes) {
		err = store_step(s, st, &row, e);
		if (err != OK || !row)
			return err;
		out->ids[out->count++] = sqlite3_column_int64(st, 0);
		out->bytes += sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return err;
}

static enum err
bound_result_bytes(struct store *s, const struct store_bounds *b, struct store_bounded *out,
	struct error *e)
{
	struct oldest oldest;
	int64_t bytes = 0;
	enum err err = store_number(s, e, &bytes,
		"SELECT value FROM number WHERE name = 'result_bytes'", "");

	if (err != OK || bytes <= b->result_bytes ||
		(b->now_s >= s->results_looked_s && b->now_s - s->results_looked_s < HOUR_S))
		return err;
	err = oldest_results(s, b->now_s, bytes - b->result_bytes, &oldest, e);
	for (size_t i = 0; err == OK && i < oldest.count; i++)
		err = store_run(s, e, NULL, "UPDATE probe SET result = NULL WHERE id = ?", "i",
			oldest.ids[i]);
	out->results += oldest.count;
	if (err == OK && oldest.count == 0) /* all of it must be kept: to look takes long */
		s->results_looked_s = b->now_s;
	out->more = out->more || oldest.count == RESULT_BATCH;
	return err;
}

/* Hosts behind the place that have more than so many probes: some of them at a time. */
#define MANY_PROBES                                                                                \
	"SELECT host FROM probe WHERE host > ?1 GROUP BY host HAVING count(*) > ?2 ORDER BY host"  \
	" LIMIT ?3"

/* The place for the next time: behind these hosts, or from the beginning. */
static enum err
move_on(struct store *s, int64_t probes, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e, "SELECT coalesce(max(host), '') FROM (" MANY_PROBES ")",
		"tii", s->results_place, probes, (int64_t)HOSTS_BATCH);
	enum err err = OK;

	while (store_each(s, st, &err, e))
		snprintf(s->results_place, sizeof(s->results_place), "%s", store_text(st, 0));
	return err;
}

static enum err
bound_results_of_hosts(struct store *s, const struct store_bounds *b, struct store_bounded *out,
	struct error *e)
{
	size_t count = 0;
	enum err err = store_run(s, e, &count,
		"UPDATE probe SET result = NULL WHERE id IN (SELECT p.id FROM"
		" (SELECT o.id AS id, row_number() OVER (PARTITION BY o.host ORDER BY o.id DESC)"
		"  AS place FROM probe o WHERE o.result IS NOT NULL AND o.host IN (" MANY_PROBES
		")) ranked JOIN probe p ON p.id = ranked.id WHERE ranked.place > ?2"
		" AND " MAY_FORGET("?4", "?5") " ORDER BY p.id LIMIT ?6)",
		"tiiiii", s->results_place, b->probes, (int64_t)HOSTS_BATCH, b->now_s - LATE_S,
		b->now_s - STORE_DECISION_KEPT_S, (int64_t)RESULT_BATCH);

	out->results += count;
	out->more = out->more || count == RESULT_BATCH;
	if (err != OK || count == RESULT_BATCH)
		return err;
	return move_on(s, b->probes, e);
}

/* --- decisions -------------------------------------------------------------- */

/* What a listing rests on can be decided again as long as it is listed. */
static enum err
bound_decisions(struct store *s, int64_t now_s, struct store_bounded *out, struct error *e)
{
	size_t count = 0;
	enum err err = store_run(s, e, &count,
		"DELETE FROM decision WHERE id IN (SELECT id FROM decision d WHERE d.time_s < ?"
		" AND NOT EXISTS (SELECT 1 FROM proof WHERE tested = d.host) ORDER BY id LIMIT ?)",
		"ii", now_s - STORE_DECISION_KEPT_S, (int64_t)DECISION_BATCH);

	out->more = out->more || count == DECISION_BATCH;
	return err;
}

enum err
store_bound(struct store *s, const struct store_bounds *b, struct store_bounded *out,
	struct error *e)
{
	enum err err = store_begin(s, e);

	*out = (struct store_bounded){.evidence = 0};
	s->evidence_per_host = b->per_host;
	if (err == OK)
		err = bound_evidence(s, b->total, out, e);
	if (err == OK)
		err = bound_result_bytes(s, b, out, e);
	if (err == OK)
		err = bound_results_of_hosts(s, b, out, e);
	if (err == OK)
		err = bound_decisions(s, b->now_s, out, e);
	if (err == OK)
		err = store_reporters_prune(s, b->now_s, e);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	return store_commit(s, e);
}
