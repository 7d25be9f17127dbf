#include <orbl/store_audit.h>
#include <orbl/store_probe.h>

#include "store_sql.h"

/* Of a proof that is older than the removal, too: the listing would come back with it. */
#define OLDER                                                                                      \
	" WHERE prefix = ?1 AND category = ?2 AND coalesce((SELECT finished_s FROM probe"          \
	" WHERE probe.id = probe), 0) <= ?3"

enum err
store_restore_end(struct store *s, const struct prefix *prefix, enum category category,
	int64_t removed_s, size_t *ended, struct error *e)
{
	enum err err = store_run(s, e, NULL, "DELETE FROM proof" OLDER, "pii", prefix,
		(int64_t)category, removed_s);

	if (err != OK)
		return err;
	return store_run(s, e, ended,
		"DELETE FROM listing" OLDER
		" AND since_s <= ?3 AND NOT EXISTS (SELECT 1 FROM proof WHERE"
		" proof.prefix = ?1 AND proof.category = ?2)",
		"pii", prefix, (int64_t)category, removed_s);
}

enum err
store_restore_tested(struct store *s, const struct prefix *prefix, enum category category,
	int64_t removed_s, struct addr *hosts, size_t max, size_t *count, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT tested FROM proof" OLDER " AND tested <> '' LIMIT ?4", "piii", prefix,
		(int64_t)category, removed_s, (int64_t)max);
	enum err err = st != NULL ? OK : store_code(e);
	bool row = true;

	*count = 0;
	while (err == OK && row) {
		err = store_step(s, st, &row, e);
		if (err == OK && row && *count < max &&
			addr_parse(text_of(store_text(st, 0)), &hosts[*count]) == OK)
			(*count)++;
	}
	return err;
}

/* Who was tested is tested again; who was listed by evidence is looked at. */
static enum err
look_again(struct store *s, int64_t now_s, size_t *hosts, struct error *e)
{
	enum err err = store_run(s, e, hosts,
		"INSERT INTO probe (host, cause, queued_s, not_before_s)"
		" SELECT DISTINCT tested, ?1, ?2, ?2 FROM proof WHERE tested <> ''"
		" AND NOT EXISTS (SELECT 1 FROM probe WHERE host = tested AND finished_s = 0)",
		"ii", (int64_t)CAUSE_EXPIRY, now_s);

	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT OR IGNORE INTO pending SELECT DISTINCT host FROM evidence", "");
}

enum err
store_restore_distrust(struct store *s, int64_t now_s, struct store_distrusted *out,
	struct error *e)
{
	enum err err = look_again(s, now_s, &out->hosts, e);

	s->audit_now_s = now_s;
	if (err == OK)
		err = store_run(s, e, NULL, "DELETE FROM proof", "");
	return err == OK ? store_run(s, e, &out->listings, "DELETE FROM listing WHERE true", "") :
			   err;
}

#define HELD "suspects-held"

enum err
store_suspects_hold(struct store *s, bool hold, struct error *e)
{
	enum err err;
	size_t ended;

	if (hold)
		return store_run(s, e, NULL, "INSERT OR IGNORE INTO number VALUES ('" HELD "', 1)",
			"");
	err = store_run(s, e, &ended, "DELETE FROM number WHERE name = '" HELD "'", "");
	if (err != OK || ended == 0)
		return err;
	return store_run(s, e, NULL,
		"INSERT OR IGNORE INTO pending SELECT DISTINCT host FROM evidence", "");
}

enum err
store_suspects_held(struct store *s, bool *held, struct error *e)
{
	int64_t value = 0;
	enum err err = store_number(s, e, &value,
		"SELECT value FROM number WHERE name = '" HELD "'", "");

	*held = err == OK && value != 0;
	return err;
}

/* RFC 1982: which of two serials is the newer one. */
enum err
store_restore_serial(struct store *s, uint32_t serial, bool *raised, struct error *e)
{
	int64_t own = 0;
	enum err err = store_number(s, e, &own, "SELECT value FROM number WHERE name = 'serial'",
		"");

	*raised = err == OK && (int32_t)(serial - (uint32_t)own) > 0;
	if (!*raised)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES ('serial', ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
		"i", (int64_t)serial);
}
