#include <orbl/store_notice.h>

#include "store_sql.h"

enum err
store_notice_queue(struct store *s, uint32_t categories, int64_t now_s, size_t *queued,
	struct error *e)
{
	enum err err = store_run(s, e, NULL,
		"UPDATE notice SET state = 'ended', done_s = ? WHERE state = 'waiting'"
		" AND NOT EXISTS (SELECT 1 FROM listing l WHERE l.prefix = notice.prefix"
		"  AND l.category = notice.category AND l.since_s = notice.listed_s)",
		"i", now_s);

	*queued = 0;
	if (err == OK)
		err = store_run(s, e, queued,
			"INSERT INTO notice (prefix, category, listed_s)"
			" SELECT prefix, category, since_s FROM listing"
			" WHERE (1 << category) & ? <> 0 AND expires_s > ? AND NOT EXISTS"
			"  (SELECT 1 FROM notice n WHERE n.prefix = listing.prefix"
			"   AND n.category = listing.category AND n.listed_s = listing.since_s)",
			"ii", (int64_t)categories, now_s);
	return err;
}

#define NOTICE_COLUMNS                                                                             \
	"n.id, n.prefix, n.category, n.listed_s, l.effective_s, l.expires_s, l.probe, n.contact,"  \
	" l.reason"
#define NOTICE_LISTING                                                                             \
	" FROM notice n JOIN listing l ON l.prefix = n.prefix AND l.category = n.category"         \
	"  AND l.since_s = n.listed_s"

static enum err
walk(struct store *s, sqlite3_stmt *st, store_notice_fn *fn, void *context, size_t *count,
	struct error *e)
{
	enum err err = OK;

	*count = 0;
	while (store_each(s, st, &err, e)) {
		int64_t category = sqlite3_column_int64(st, 2);
		struct store_notice n = {
			.id = sqlite3_column_int64(st, 0),
			.category = (enum category)category,
			.listed_s = sqlite3_column_int64(st, 3),
			.effective_s = sqlite3_column_int64(st, 4),
			.expires_s = sqlite3_column_int64(st, 5),
			.probe = (uint64_t)sqlite3_column_int64(st, 6),
			.contact = store_text(st, 7),
			.reason = store_text(st, 8),
		};

		if (category < 0 || category >= CATEGORY_COUNT ||
			prefix_parse(text_of(store_text(st, 1)), &n.prefix) != OK)
			continue;
		++*count;
		err = fn(&n, context);
	}
	return err;
}

enum err
store_notices_due(struct store *s, const struct store_notice_rate *rate, int64_t after, size_t max,
	store_notice_fn *fn, void *context, struct error *e)
{
	size_t count;

	return walk(s,
		store_bind(s, e,
			"SELECT " NOTICE_COLUMNS NOTICE_LISTING
			" WHERE n.state = 'waiting' AND n.id > ? AND (n.contact = ''"
			"  OR (SELECT count(*) FROM notice m WHERE m.contact = n.contact"
			"   AND m.done_s > ? AND m.state = 'sent') < ?)"
			" ORDER BY n.id LIMIT ?",
			"iiii", after, rate->since_s, rate->max, (int64_t)max),
		fn, context, &count, e);
}

enum err
store_notice_get(struct store *s, int64_t id, store_notice_fn *fn, void *context, struct error *e)
{
	size_t count;
	enum err err = walk(s,
		store_bind(s, e,
			"SELECT " NOTICE_COLUMNS NOTICE_LISTING
			" WHERE n.id = ? AND n.state = 'waiting'",
			"i", id),
		fn, context, &count, e);

	if (err == OK && count == 0)
		return error_set(e, ERR_NOT_FOUND, "notice %lld does not wait any more",
			(long long)id);
	return err;
}

enum err
store_notice_sent_since(struct store *s, const char *contact, int64_t since_s, int64_t *count,
	struct error *e)
{
	return store_number(s, e, count,
		"SELECT count(*) FROM notice WHERE contact = ? AND done_s > ? AND state = 'sent'",
		"ti", contact, since_s);
}

enum err
store_notice_contact(struct store *s, int64_t id, const char *contact, struct error *e)
{
	return store_run(s, e, NULL, "UPDATE notice SET contact = ? WHERE id = ?", "ti", contact,
		id);
}

enum err
store_notice_done(struct store *s, int64_t id, const char *state, int64_t now_s, struct error *e)
{
	return store_run(s, e, NULL, "UPDATE notice SET state = ?, done_s = ? WHERE id = ?", "tii",
		state, now_s, id);
}

enum err
store_notice_failed(struct store *s, int64_t id, int64_t now_s, int64_t give_up_s, bool *given_up,
	struct error *e)
{
	size_t ended = 0;
	enum err err = store_run(s, e, &ended,
		"UPDATE notice SET state = '" STORE_NOTICE_NO_ANSWER "', done_s = ?1 WHERE id = ?2"
		" AND state = 'waiting' AND done_s <> 0 AND done_s <= ?1 - ?3",
		"iii", now_s, id, give_up_s);

	*given_up = ended != 0;
	if (err != OK)
		return err;
	return store_run(s, e, NULL,
		"UPDATE notice SET done_s = ? WHERE id = ? AND state = 'waiting' AND done_s = 0",
		"ii", now_s, id);
}

enum err
store_notices_prune(struct store *s, int64_t before_s, size_t max, size_t *gone, struct error *e)
{
	return store_run(s, e, gone,
		"DELETE FROM notice WHERE id IN (SELECT n.id FROM notice n"
		" WHERE n.state <> 'waiting' AND n.done_s < ? AND NOT EXISTS"
		"  (SELECT 1 FROM listing l WHERE l.prefix = n.prefix"
		"   AND l.category = n.category AND l.since_s = n.listed_s) ORDER BY n.id LIMIT ?)",
		"ii", before_s, (int64_t)max);
}
