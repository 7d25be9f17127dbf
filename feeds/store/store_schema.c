#include "store_sql.h"

#include <inttypes.h>
#include <stdio.h>

#include <orbl/log.h>

enum { SCHEMA_VERSION = 5 };

static const char schema[] =
	"CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE reporter (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	"  since_s INTEGER NOT NULL);"
	"CREATE TABLE submission (id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  reporter INTEGER NOT NULL REFERENCES reporter, file TEXT NOT NULL,"
	"  received_s INTEGER NOT NULL, committed INTEGER NOT NULL DEFAULT 0,"
	"  lines INTEGER, denials INTEGER, duplicates INTEGER, drift INTEGER,"
	"  not_understood INTEGER);"
	"CREATE TABLE evidence (host TEXT NOT NULL, hour_s INTEGER NOT NULL,"
	"  submission INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL,"
	"  line INTEGER NOT NULL, raw TEXT NOT NULL, rule TEXT,"
	"  PRIMARY KEY (host, hour_s, submission, kind)) WITHOUT ROWID;"
	"CREATE INDEX evidence_submission ON evidence (submission);"
	"CREATE TABLE pending (host TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE probe (id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL,"
	"  cause INTEGER NOT NULL, queued_s INTEGER NOT NULL,"
	"  finished_s INTEGER NOT NULL DEFAULT 0, verdict TEXT, reason TEXT, result TEXT);"
	"CREATE INDEX probe_host ON probe (host);"
	"CREATE INDEX probe_waiting ON probe (cause DESC, id) WHERE finished_s = 0;"
	"CREATE TABLE delisting (id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL,"
	"  requested_s INTEGER NOT NULL, finished_s INTEGER NOT NULL DEFAULT 0,"
	"  probe INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'queued', reason TEXT);"
	"CREATE INDEX delisting_host ON delisting (host);"
	"CREATE INDEX delisting_probe ON delisting (probe);"
	"CREATE TABLE listing (prefix TEXT NOT NULL, category INTEGER NOT NULL,"
	"  since_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, probe INTEGER NOT NULL,"
	"  reason TEXT NOT NULL, PRIMARY KEY (prefix, category)) WITHOUT ROWID;"
	"CREATE INDEX listing_expires ON listing (expires_s);"
	"CREATE INDEX listing_probe ON listing (probe);"
	"CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, time_s INTEGER NOT NULL,"
	"  action TEXT NOT NULL, host TEXT, detail TEXT NOT NULL);";

/* Since version 2: which prefixes have changed since the whole list was published. Triggers, so
 * that no way of changing a listing can be forgotten. (Not INSERT OR IGNORE: what a statement says
 * of conflicts holds for the triggers it fires.) */
#define CHANGED(row)                                                                               \
	"INSERT INTO changed SELECT " row ".prefix"                                                \
	" WHERE NOT EXISTS (SELECT 1 FROM changed WHERE prefix = " row ".prefix);"
static const char schema_changed[] =
	"CREATE TABLE changed (prefix TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TRIGGER listing_inserted AFTER INSERT ON listing BEGIN " CHANGED(
		"new") " END;"
		       "CREATE TRIGGER listing_updated AFTER UPDATE ON listing BEGIN " CHANGED(
			       "new") " END;"
				      "CREATE TRIGGER listing_deleted AFTER DELETE ON listing "
				      "BEGIN " CHANGED("old") " END;";
#undef CHANGED

/* Since version 3: how far logs that go on were read; and lines already counted, by hash of
 * reporter and line, so that a log counts once. Logs are in the order of time: with the hour in
 * front of the hash, lines that come together lie together in the file. */
static const char schema_position[] =
	"CREATE TABLE position (reporter INTEGER NOT NULL REFERENCES reporter,"
	"  source TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (reporter, source))"
	"  WITHOUT ROWID;"
	"CREATE TABLE seen (hour_s INTEGER NOT NULL, hash INTEGER NOT NULL,"
	"  submission INTEGER NOT NULL, PRIMARY KEY (hour_s, hash)) WITHOUT ROWID;"
	"CREATE INDEX seen_submission ON seen (submission);";

/* The hashes of before are good until they are pruned, but for those of submissions that do not
 * count. */
static const char schema_seen_2[] =
	"DELETE FROM seen WHERE submission IN (SELECT id FROM submission WHERE committed = 0);"
	"DROP INDEX seen_submission; ALTER TABLE seen RENAME TO seen_2;"
	"INSERT INTO number SELECT 'old_hashes_s', coalesce(max(time_s), 1) FROM seen_2;";

/* Since version 4: which probe is next, how far one under way has come, the second one of a pair,
 * and who has opted out. The causes are numbered in the order of their urgency. A store of version
 * 3 with probes under way does not know: they are begun anew. */
static const char schema_queue[] =
	"ALTER TABLE probe ADD COLUMN not_before_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE probe ADD COLUMN started_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE probe ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE probe ADD COLUMN source INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE probe ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE probe ADD COLUMN pair_verdict TEXT;"
	"UPDATE probe SET not_before_s = queued_s, cause = CASE cause WHEN 1 THEN 3 ELSE cause END;"
	"DROP INDEX probe_waiting;"
	"CREATE INDEX probe_waiting ON probe (source, cause, not_before_s, id)"
	"  WHERE finished_s = 0 AND started_s = 0;"
	"CREATE INDEX probe_started ON probe (id) WHERE finished_s = 0 AND started_s <> 0;"
	"CREATE INDEX probe_parent ON probe (parent) WHERE parent <> 0;"
	"CREATE TABLE IF NOT EXISTS opt_out (prefix TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE probe_event (probe INTEGER NOT NULL, number INTEGER NOT NULL,"
	"  event TEXT NOT NULL, PRIMARY KEY (probe, number)) WITHOUT ROWID;";

/* And what each listing rests on: hosts of one /64, or inputs with one output, share a listing,
 * which lasts as long as one of them. */
static const char schema_proof[] =
	"CREATE TABLE proof (prefix TEXT NOT NULL, category INTEGER NOT NULL,"
	"  tested TEXT NOT NULL, probe INTEGER NOT NULL, expires_s INTEGER NOT NULL,"
	"  reason TEXT NOT NULL, PRIMARY KEY (prefix, category, tested)) WITHOUT ROWID;"
	"CREATE INDEX proof_tested ON proof (tested);"
	"CREATE INDEX proof_expires ON proof (expires_s);"
	"INSERT INTO proof SELECT prefix, category, coalesce(host, ''), listing.probe, expires_s,"
	"  listing.reason FROM listing LEFT JOIN probe ON probe.id = listing.probe;";

/* Since version 5: who is believed how much, what a host has been through, who said so of
 * what is listed, and an audit log that can be checked. */
static const char schema_reporters[] =
	/* revoked_s: 0, or since when nothing it says counts */
	"ALTER TABLE reporter ADD COLUMN revoked_s INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE reporter_day (reporter INTEGER NOT NULL REFERENCES reporter,"
	"  day_s INTEGER NOT NULL, denials INTEGER NOT NULL DEFAULT 0,"
	"  over_quota INTEGER NOT NULL DEFAULT 0, own_domain INTEGER NOT NULL DEFAULT 0,"
	"  PRIMARY KEY (reporter, day_s)) WITHOUT ROWID;"
	"CREATE TABLE reporter_fault (reporter INTEGER NOT NULL REFERENCES reporter,"
	"  kind TEXT NOT NULL, subject TEXT NOT NULL, first_s INTEGER NOT NULL,"
	"  last_s INTEGER NOT NULL, count INTEGER NOT NULL, example TEXT NOT NULL,"
	"  PRIMARY KEY (reporter, kind, subject)) WITHOUT ROWID;"
	/* whose evidence brought a probe about, with the points it gave */
	"CREATE TABLE nomination (probe INTEGER NOT NULL, reporter INTEGER NOT NULL"
	"  REFERENCES reporter, points REAL NOT NULL, PRIMARY KEY (probe, reporter)) WITHOUT ROWID;"
	"CREATE INDEX nomination_reporter ON nomination (reporter, probe);"
	/* domains: a bit for each of 64 classes of recipient domains; hash: of the whole first
         * line, of which raw may be a part */
	"ALTER TABLE evidence ADD COLUMN domains INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE evidence ADD COLUMN hash BLOB;"
	"CREATE INDEX evidence_hour ON evidence (hour_s);"
	/* Bytes of all results of probes: to add them up would read them all. */
	"INSERT OR REPLACE INTO number SELECT 'result_bytes',"
	"  coalesce(sum(length(CAST(result AS BLOB))), 0) FROM probe;"
	"CREATE TRIGGER IF NOT EXISTS probe_result AFTER UPDATE OF result ON probe BEGIN"
	"  UPDATE number SET value = value"
	"  + coalesce(length(CAST(new.result AS BLOB)), 0)"
	"  - coalesce(length(CAST(old.result AS BLOB)), 0) WHERE name = 'result_bytes'; END;"
	"CREATE TABLE alarm (kind TEXT NOT NULL, subject TEXT NOT NULL, since_s INTEGER NOT NULL,"
	"  last_s INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, subject)) WITHOUT "
	"ROWID;";

/* What came of a reporter's nominations, a row for each host: state 1 confirmed, 2 refuted, 0
 * neither; by the probe last, of the nominated ones that were decided the newest. A verdict counts
 * when it is final: of a pair it is the pair's. One found open before the reporter named it (first)
 * confirms nothing. Triggers, so that a verdict that comes late is not forgotten, and so that
 * trust is a look at an index. */
#define JUDGE(probe_id)                                                                            \
	"UPDATE reporter_host SET (state, last, time_s) = (SELECT CASE WHEN verdict = 'closed'"    \
	"  THEN 2 WHEN EXISTS (SELECT 1 FROM probe o WHERE o.host = reporter_host.host"            \
	"  AND o.id < reporter_host.first AND o.verdict IN ('open', 'open-multihop')) THEN 0"      \
	"  ELSE 1 END, id, queued_s FROM final_verdict WHERE id = " probe_id ")"                   \
	"  WHERE host = (SELECT host FROM final_verdict WHERE id = " probe_id                      \
	") AND last <= " probe_id                                                                  \
	" AND reporter IN (SELECT reporter FROM nomination WHERE probe = " probe_id ");"
static const char schema_trust[] =
	"CREATE TABLE reporter_host (reporter INTEGER NOT NULL REFERENCES reporter,"
	"  host TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL DEFAULT 0,"
	"  state INTEGER NOT NULL DEFAULT 0, time_s INTEGER NOT NULL DEFAULT 0,"
	"  PRIMARY KEY (reporter, host)) WITHOUT ROWID;"
	"CREATE INDEX reporter_record ON reporter_host (reporter, state, time_s);"
	"CREATE VIEW final_verdict AS SELECT p.id, p.host, p.queued_s,"
	"  CASE WHEN s.id IS NULL THEN p.verdict ELSE s.pair_verdict END AS verdict"
	"  FROM probe p LEFT JOIN probe s ON s.parent = p.id AND s.parent <> 0 WHERE p.parent = 0"
	"  AND CASE WHEN s.id IS NULL THEN p.verdict ELSE s.pair_verdict END"
	"  IN ('open', 'open-multihop', 'closed');"
	"CREATE TRIGGER nomination_added AFTER INSERT ON nomination BEGIN"
	"  INSERT INTO reporter_host (reporter, host, first) SELECT new.reporter, host, id FROM "
	"probe"
	"  WHERE id = new.probe ON CONFLICT DO NOTHING;" JUDGE(
		"new.probe") "END;"
			     "CREATE TRIGGER probe_decided AFTER UPDATE OF verdict ON probe WHEN "
			     "new.parent = 0 BEGIN " JUDGE(
				     "new.id") "END;"
					       "CREATE TRIGGER pair_decided AFTER UPDATE OF "
					       "pair_verdict ON probe WHEN new.parent <> 0 "
					       "BEGIN " JUDGE(
						       "new.parent") "END;"
								     "CREATE TRIGGER pair_begun "
								     "AFTER INSERT ON probe WHEN "
								     "new.parent <> 0 BEGIN"
								     "  UPDATE reporter_host SET "
								     "state = 0 WHERE host = "
								     "new.host AND last = "
								     "new.parent; END;";
#undef JUDGE

static const char schema_hosts[] =
	/* The probe that confirms a removal is less urgent than a request, 3 until then. */
	"UPDATE probe SET cause = 4 WHERE cause = 3;"
	"CREATE TABLE host (host TEXT PRIMARY KEY, state INTEGER NOT NULL, since_s INTEGER NOT "
	"NULL,"
	"  relapses INTEGER NOT NULL DEFAULT 0, listed_s INTEGER NOT NULL DEFAULT 0,"
	"  removed_s INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
	"CREATE INDEX host_since ON host (since_s);"
	"INSERT INTO host SELECT DISTINCT tested, 3, since_s, 0, since_s, 0 FROM proof"
	"  JOIN listing USING (prefix, category) WHERE tested <> '' AND category IN (0, 1)"
	"  GROUP BY tested;"
	/* effective_s: not published before; author: '' for what a probe or a score has decided */
	"ALTER TABLE listing ADD COLUMN effective_s INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX listing_effective ON listing (effective_s) WHERE effective_s <> 0;"
	"ALTER TABLE listing ADD COLUMN asn INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE listing ADD COLUMN as_org TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE listing ADD COLUMN country TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE listing ADD COLUMN author TEXT NOT NULL DEFAULT '';"
	/* what an operator has ordered; until_s 0: for good */
	"CREATE TABLE operator_order (prefix TEXT NOT NULL, action TEXT NOT NULL,"
	"  since_s INTEGER NOT NULL, until_s INTEGER NOT NULL DEFAULT 0, author TEXT NOT NULL,"
	"  reason TEXT NOT NULL, PRIMARY KEY (prefix, action)) WITHOUT ROWID;"
	"ALTER TABLE delisting ADD COLUMN author TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE control_proof (host TEXT PRIMARY KEY, token TEXT NOT NULL,"
	"  made_s INTEGER NOT NULL, mailed_s INTEGER NOT NULL DEFAULT 0,"
	"  proved_s INTEGER NOT NULL DEFAULT 0, means TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
	"CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, prefix TEXT NOT NULL,"
	"  category INTEGER NOT NULL, listed_s INTEGER NOT NULL, contact TEXT NOT NULL DEFAULT '',"
	"  state TEXT NOT NULL DEFAULT 'waiting', done_s INTEGER NOT NULL DEFAULT 0,"
	"  UNIQUE (prefix, category, listed_s));"
	"CREATE INDEX notice_contact ON notice (contact, done_s);"
	"CREATE INDEX notice_waiting ON notice (id) WHERE state = 'waiting';";

/* What was decided, on what: enough to decide it again. And the audit log: hash is of the one
 * before and of this record (analyzer/audit/). Records of before get theirs at the next start. */
static const char schema_decisions[] =
	"CREATE TABLE decision (id INTEGER PRIMARY KEY AUTOINCREMENT, time_s INTEGER NOT NULL,"
	"  host TEXT NOT NULL, kind TEXT NOT NULL, probe INTEGER NOT NULL DEFAULT 0,"
	"  inputs TEXT NOT NULL, result TEXT NOT NULL);"
	"CREATE INDEX decision_host ON decision (host);"
	"ALTER TABLE audit ADD COLUMN author TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE audit ADD COLUMN hash BLOB;"
	"ALTER TABLE audit ADD COLUMN signature BLOB;"
	"CREATE INDEX IF NOT EXISTS audit_host ON audit (host);";

/* Older versions did not keep who had brought a probe about. Of those that are over it is who had
 * evidence of the host when it was queued: without them nobody would be trusted for what was proved
 * before. In the order of the probes, as the triggers want it. */
static const char schema_nominations[] =
	"INSERT INTO nomination SELECT DISTINCT p.id, s.reporter, 1 FROM probe p"
	"  JOIN evidence v ON v.host = p.host AND v.hour_s > p.queued_s - 2592000"
	"  AND v.hour_s <= p.queued_s"
	"  JOIN submission s ON s.id = v.submission AND s.committed <> 0"
	"  WHERE p.cause = 0 AND p.finished_s <> 0 AND p.parent = 0 ORDER BY p.id;";

/* The last that could be read of a file which must not be missed. A table that came later: it
 * changes nothing for who does not know it. */
static const char schema_kept[] =
	"CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, kept_s INTEGER NOT NULL,"
	"  bytes BLOB NOT NULL);";

static enum err
make_version_5(struct store *s, struct error *e)
{
	enum err err = store_execute(s, schema_reporters, e);

	if (err == OK)
		err = store_execute(s, schema_trust, e);
	if (err == OK)
		err = store_execute(s, schema_nominations, e);
	if (err == OK)
		err = store_execute(s, schema_hosts, e);
	return err == OK ? store_execute(s, schema_decisions, e) : err;
}

/* From the version it has, 0 when it is new, to ours. */
static enum err
make_schema(struct store *s, int64_t version, struct error *e)
{
	enum err err = store_begin(s, e);
	char pragma[64];

	if (err != OK)
		return err;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
	if (version < 1)
		err = store_execute(s, schema, e);
	if (err == OK && version < 2)
		err = store_execute(s, schema_changed, e);
	if (err == OK && version >= 1 && version < 3)
		err = store_execute(s, schema_seen_2, e);
	if (err == OK && version < 3)
		err = store_execute(s, schema_position, e);
	if (err == OK && version < 4)
		err = store_execute(s, schema_queue, e);
	if (err == OK && version < 4)
		err = store_execute(s, schema_proof, e);
	if (err == OK)
		err = make_version_5(s, e);
	if (err == OK)
		err = store_execute(s, pragma, e);
	if (err == OK)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

/* There is no way back: somebody should know it from the log. */
static enum err
take_over(struct store *s, int64_t version, struct error *e)
{
	enum err err = make_schema(s, version, e);

	if (err == OK && version != 0)
		log_notice("%s: taken over from schema version %" PRId64
			   "; older versions of orbl cannot read it",
			s->path, version);
	return err;
}

bool
store_is_older(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int version = 0;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return version > 0 && version < SCHEMA_VERSION;
}

enum err
store_schema_make(struct store *s, struct error *e)
{
	int64_t version;
	enum err err = store_number(s, e, &version, "PRAGMA user_version", "");

	if (err == OK && version >= 0 && version < SCHEMA_VERSION)
		err = take_over(s, version, e);
	if (err != OK)
		return err;
	if (version >= 0 && version <= SCHEMA_VERSION)
		return store_execute(s, schema_kept, e);
	return error_set(e, ERR_UNSUPPORTED,
		"%s: has schema version %lld, this program knows %d; "
		"use the version of orbl that wrote it or a newer one",
		s->path, (long long)version, SCHEMA_VERSION);
}
