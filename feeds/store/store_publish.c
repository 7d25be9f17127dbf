#include <orbl/store_publish.h>

#include <stdio.h>

#include "store_sql.h"

enum err
store_publish_permit(struct store *s, enum store_permit p, struct error *e)
{
	if (p == STORE_PERMIT_NONE)
		return store_run(s, e, NULL, "DELETE FROM number WHERE name = 'publish-permit'",
			"");
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES ('publish-permit', ?)"
		" ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
		"i", (int64_t)p);
}

enum err
store_publish_permitted(struct store *s, enum store_permit *out, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n,
		"SELECT value FROM number WHERE name = 'publish-permit'", "");

	*out = STORE_PERMIT_NONE;
	if (err == OK && n != 0)
		*out = n == STORE_PERMIT_ALL ? STORE_PERMIT_ALL : STORE_PERMIT_REMOVALS;
	return err;
}

/* --- the window: numbers "publish-added 527833", by the hour --- */

/* So many hours of these can be added up. */
#define COUNT_MAX (INT64_MAX / (4 * STORE_PUBLISH_HOURS))

#define HOUR "CAST(substr(name, instr(name, ' ') + 1) AS INTEGER)"
/* One that is ahead of the clock is of a clock that was put back. */
#define WITHIN " AND abs(" HOUR " - ?) < ?"

static int64_t
hour_of(int64_t now_s)
{
	return now_s / 3600;
}

enum err
store_publish_window(struct store *s, int64_t now_s, struct store_publish_window *out,
	struct error *e)
{
	int64_t hour = hour_of(now_s), before = -1, added = 0, removed = 0;
	enum err err = store_number(s, e, &before,
		"SELECT coalesce((SELECT value FROM number WHERE name GLOB 'publish-before "
		"*'" WITHIN " ORDER BY " HOUR " LIMIT 1), -1)",
		"ii", hour, (int64_t)STORE_PUBLISH_HOURS);

	if (err == OK)
		err = store_number(s, e, &added,
			"SELECT coalesce(sum(value), 0) FROM number"
			" WHERE name GLOB 'publish-added *'" WITHIN,
			"ii", hour, (int64_t)STORE_PUBLISH_HOURS);
	if (err == OK)
		err = store_number(s, e, &removed,
			"SELECT coalesce(sum(value), 0) FROM number"
			" WHERE name GLOB 'publish-removed *'" WITHIN,
			"ii", hour, (int64_t)STORE_PUBLISH_HOURS);
	*out = (struct store_publish_window){.is_open = err == OK && before >= 0};
	if (!out->is_open)
		return err;
	out->before = (uint64_t)before;
	out->added = (uint64_t)added;
	out->removed = (uint64_t)removed;
	return OK;
}

static enum err
add_number(struct store *s, const char *what, int64_t hour, uint64_t n, struct error *e)
{
	int64_t value = n < (uint64_t)COUNT_MAX ? (int64_t)n : COUNT_MAX;
	char name[64];

	snprintf(name, sizeof(name), "publish-%s %lld", what, (long long)hour);
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES (?, ?)"
		" ON CONFLICT DO UPDATE SET value = min(value + excluded.value, ?)",
		"tii", name, value, COUNT_MAX);
}

/* The first of an hour tells what was before it. */
static enum err
keep_before(struct store *s, int64_t hour, uint64_t n, struct error *e)
{
	int64_t value = n < (uint64_t)COUNT_MAX ? (int64_t)n : COUNT_MAX;
	char name[64];

	snprintf(name, sizeof(name), "publish-before %lld", (long long)hour);
	return store_run(s, e, NULL, "INSERT INTO number VALUES (?, ?) ON CONFLICT DO NOTHING",
		"ti", name, value);
}

enum err
store_publish_count(struct store *s, int64_t now_s, const struct store_publish_window *one,
	struct error *e)
{
	int64_t hour = hour_of(now_s);
	enum err err = store_run(s, e, NULL,
		"DELETE FROM number WHERE name GLOB 'publish-*[0-9]' AND abs(" HOUR " - ?) >= ?",
		"ii", hour, (int64_t)STORE_PUBLISH_HOURS);

	if (err == OK)
		err = keep_before(s, hour, one->before, e);
	if (err == OK)
		err = add_number(s, "added", hour, one->added, e);
	return err == OK ? add_number(s, "removed", hour, one->removed, e) : err;
}

enum err
store_publish_window_end(struct store *s, struct error *e)
{
	return store_run(s, e, NULL, "DELETE FROM number WHERE name GLOB 'publish-*[0-9]'", "");
}

/* --- counting listings --- */

static const struct {
	const char *rows, *count;
} reports[STORE_REPORT_COUNT] = {
	[STORE_REPORT_CATEGORY] =
		{
			"SELECT category, '', count(DISTINCT prefix), count(*) FROM listing"
			" WHERE expires_s > ? GROUP BY category ORDER BY 4 DESC, 1 LIMIT ?",
			"SELECT count(DISTINCT category) FROM listing WHERE expires_s > ?",
		},
	[STORE_REPORT_ASN] =
		{
			"SELECT CASE asn WHEN 0 THEN '' ELSE asn END, max(as_org),"
			" count(DISTINCT prefix), count(*) FROM listing"
			" WHERE expires_s > ? GROUP BY asn ORDER BY 3 DESC, asn LIMIT ?",
			"SELECT count(DISTINCT asn) FROM listing WHERE expires_s > ?",
		},
	[STORE_REPORT_COUNTRY] =
		{
			"SELECT country, '', count(DISTINCT prefix), count(*) FROM listing"
			" WHERE expires_s > ? GROUP BY country ORDER BY 3 DESC, 1 LIMIT ?",
			"SELECT count(DISTINCT country) FROM listing WHERE expires_s > ?",
		},
	[STORE_REPORT_REPORTER] =
		{
			"SELECT coalesce(reporter.name, ''), '', count(DISTINCT prefix), count(*)"
			" FROM listing LEFT JOIN nomination USING (probe)"
			" LEFT JOIN reporter ON reporter.id = nomination.reporter"
			" WHERE expires_s > ? GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ?",
			"SELECT count(DISTINCT coalesce(nomination.reporter, 0)) FROM listing"
			" LEFT JOIN nomination USING (probe) WHERE expires_s > ?",
		},
};

static struct store_report_row
read_row(sqlite3_stmt *st, enum store_report_by by)
{
	struct store_report_row row = {
		.name = store_text(st, 0),
		.label = store_text(st, 1),
		.prefixes = (uint64_t)sqlite3_column_int64(st, 2),
		.listings = (uint64_t)sqlite3_column_int64(st, 3),
	};
	int64_t category;

	if (by == STORE_REPORT_CATEGORY) {
		category = sqlite3_column_int64(st, 0);
		row.name = category >= 0 && category < CATEGORY_COUNT ?
			category_row((enum category)category)->name :
			"";
	}
	return row;
}

enum err
store_report(struct store *s, enum store_report_by by, int64_t now_s, size_t max,
	store_report_fn *fn, void *context, struct error *e)
{
	size_t rows = max < STORE_REPORT_ROWS_MAX ? max : STORE_REPORT_ROWS_MAX;
	sqlite3_stmt *st = store_bind(s, e, reports[by].rows, "ii", now_s, (int64_t)rows);
	enum err err = OK;

	while (store_each(s, st, &err, e)) {
		struct store_report_row r = read_row(st, by);

		err = fn(&r, context);
	}
	return err;
}

static enum err
count(struct store *s, const char *sql, int64_t now_s, uint64_t *out, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n, sql, "i", now_s);

	*out = (uint64_t)n;
	return err;
}

enum err
store_report_totals(struct store *s, enum store_report_by by, int64_t now_s,
	struct store_report_totals *out, struct error *e)
{
	enum err err = count(s, "SELECT count(*) FROM listing WHERE expires_s > ?", now_s,
		&out->listings, e);

	if (err == OK)
		err = count(s, "SELECT count(DISTINCT prefix) FROM listing WHERE expires_s > ?",
			now_s, &out->prefixes, e);
	if (err == OK)
		err = count(s, reports[by].count, now_s, &out->rows, e);
	return err;
}
