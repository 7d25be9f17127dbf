/* zone_table.h - the zones an operator gave, the sources they name, and the set made of both.
 *
 *	zone, zone, ... ---> source ---> data, as loaded ---> struct zone_set (zone.h)
 *
 * A zone with several sources is given several times, each time an entry; a source that several
 * zones name is there once. Opens nothing and logs nothing: each process that has the data of all
 * sources makes the same set of them.
 */
#ifndef DNSD_ZONE_TABLE_H
#define DNSD_ZONE_TABLE_H

#include <orbl/feed.h>

#include "zone.h"

struct zone_table_entry {
	const struct feed_zone *zone;
	size_t source;      /* index */
	bool is_served;     /* in the set that was accepted */
	bool may_be_served; /* in the set that was built last */
	struct error error; /* why it is not */
};

struct zone_table {
	size_t entry_count, source_count;
	int64_t max_age_s;                 /* of zone_source */
	bool has_keys;                     /* names have keys, whether there is a table or not */
	struct key_table *keys;            /* of the next set; whoever sets them, releases them */
	const struct conf_list *keys_only; /* likewise; NULL: none */
	struct zone_table_entry *entries;
	const struct feed_source **sources;
};

/* What of a source is loaded. */
struct zone_table_data {
	const struct snapshot *snapshot, *delta; /* NULL: none */
};

/* Sources that do not go together in one zone are an error. */
enum err
zone_table_check(const struct feed_zone *zones, size_t count, struct error *e) ORBL_NODISCARD;
/* Keeps zones. On error *t is empty. */
enum err zone_table_init(struct zone_table *t, const struct feed_zone *zones, size_t count,
	int64_t max_age_s, struct error *e) ORBL_NODISCARD;
void zone_table_free(struct zone_table *t);

/* Make a set of the data, one a source, which it borrows. A zone that was not served (accepted)
 * takes no other down: it answers SERVFAIL, and its entry has the error; with strict that is an
 * error, too. One that was served and cannot be any more is an error, and leaves *out NULL. */
enum err zone_table_build(struct zone_table *t, const struct zone_table_data *data, bool strict,
	struct zone_set **out, struct error *e) ORBL_NODISCARD;
/* The set that was built last is in service. */
void zone_table_accept(struct zone_table *t);

/* For messages: its origin, or "(all)". */
const char *zone_table_name(const struct feed_zone *zone);

#endif
