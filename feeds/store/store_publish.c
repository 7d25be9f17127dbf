#include <orbl/store_publish.h>

#include "store_sql.h"

enum err
store_publish_permit(struct store *s, bool permitted, struct error *e)
{
	if (!permitted)
		return store_run(s, e, NULL, "DELETE FROM number WHERE name = 'publish-permit'",
			"");
	return store_run(s, e, NULL,
		"INSERT INTO number VALUES ('publish-permit', 1) ON CONFLICT DO NOTHING", "");
}

enum err
store_publish_permitted(struct store *s, bool *out, struct error *e)
{
	int64_t n = 0;
	enum err err = store_number(s, e, &n,
		"SELECT count(*) FROM number WHERE name = 'publish-permit'", "");

	*out = err == OK && n != 0;
	return err;
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
	enum err err, stop = OK;
	bool row;

	if (st == NULL)
		return store_code(e);
	while ((err = store_step(s, st, &row, e)) == OK && row && stop == OK) {
		struct store_report_row r = read_row(st, by);

		stop = fn(&r, context);
	}
	sqlite3_reset(st);
	return err != OK ? err : stop;
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
