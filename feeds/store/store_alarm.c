#include <orbl/store_alarm.h>

#include "store_sql.h"

enum err
store_alarm_raise(struct store *s, const char *kind, const char *subject, const char *text,
	int64_t now_s, bool *first, struct error *e)
{
	int64_t known;
	enum err err = store_number(s, e, &known,
		"SELECT count(*) FROM alarm WHERE kind = ? AND subject = ?", "tt", kind, subject);

	if (first != NULL)
		*first = err == OK && known == 0;
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"INSERT INTO alarm (kind, subject, since_s, last_s, text)"
		" VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT DO UPDATE SET"
		" last_s = excluded.last_s, text = excluded.text",
		"ttit", kind, subject, now_s, text);
}

enum err
store_alarm_end(struct store *s, const char *kind, const char *subject, struct error *e)
{
	return store_run(s, e, NULL,
		"DELETE FROM alarm WHERE kind = ?1 AND (?2 IS NULL OR subject = ?2)", "tt", kind,
		subject);
}

enum err
store_alarms_prune(struct store *s, int64_t before_s, size_t *ended, struct error *e)
{
	return store_run(s, e, ended, "DELETE FROM alarm WHERE last_s < ?", "i", before_s);
}

enum err
store_alarms(struct store *s, size_t max, store_alarm_fn *fn, void *context, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT kind, subject, since_s, last_s, text FROM alarm"
		" ORDER BY last_s DESC, kind, subject LIMIT ?",
		"i", (int64_t)max);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		const struct store_alarm a = {
			.kind = store_text(st, 0),
			.subject = store_text(st, 1),
			.since_s = sqlite3_column_int64(st, 2),
			.last_s = sqlite3_column_int64(st, 3),
			.text = store_text(st, 4),
		};

		err = fn(&a, context);
	}
	return err;
}
