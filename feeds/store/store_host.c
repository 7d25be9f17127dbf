#include <orbl/store_host.h>

#include "store_sql.h"

enum err
store_host_get(struct store *s, const struct addr *host, struct store_host *out, struct error *e)
{
	sqlite3_stmt *st = store_bind(s, e,
		"SELECT state, since_s, relapses, listed_s, removed_s FROM host WHERE host = ?",
		"a", host);
	enum err err = OK;

	*out = (struct store_host){.host = *host};
	while (store_each(s, st, &err, e)) {
		out->state = (unsigned)sqlite3_column_int(st, 0);
		out->since_s = sqlite3_column_int64(st, 1);
		out->relapses = (unsigned)sqlite3_column_int(st, 2);
		out->listed_s = sqlite3_column_int64(st, 3);
		out->removed_s = sqlite3_column_int64(st, 4);
	}
	return err;
}

enum err
store_host_put(struct store *s, const struct store_host *h, struct error *e)
{
	return store_run(s, e, NULL,
		"INSERT INTO host VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
		" state = excluded.state, since_s = excluded.since_s,"
		" relapses = excluded.relapses, listed_s = excluded.listed_s,"
		" removed_s = excluded.removed_s",
		"aiiiii", &h->host, (int64_t)h->state, h->since_s, (int64_t)h->relapses,
		h->listed_s, h->removed_s);
}

/* Relapses of a network are kept with its first address, which need not be a host: they are of use
 * for as long as the network is listed, whose text is "2001:db8::/64" for 2001:db8::. */
enum err
store_host_prune(struct store *s, uint32_t states, int64_t before_s, size_t max, struct error *e)
{
	return store_run(s, e, NULL,
		"DELETE FROM host WHERE host IN (SELECT h.host FROM host h"
		" WHERE (1 << h.state) & ?1 <> 0 AND h.since_s < ?2"
		" AND h.listed_s < ?2 AND h.removed_s < ?2"
		" AND NOT EXISTS (SELECT 1 FROM listing l WHERE l.prefix > h.host || '/'"
		"  AND l.prefix < h.host || '0')"
		" AND NOT EXISTS (SELECT 1 FROM evidence v WHERE v.host = h.host)"
		" AND NOT EXISTS (SELECT 1 FROM proof p WHERE p.tested = h.host)"
		" AND NOT EXISTS (SELECT 1 FROM probe q WHERE q.host = h.host"
		"  AND q.finished_s = 0) LIMIT ?3)",
		"iii", (int64_t)states, before_s, (int64_t)max);
}
