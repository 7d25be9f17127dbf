/* Listings, counted: orbl report. */
#include <stdio.h>
#include <string.h>

#include <orbl/store_publish.h>

#include "command_json.h"
#include "command_part.h"

enum { ROWS_DEFAULT = 50 };

static const char *const names[STORE_REPORT_COUNT] = {
	[STORE_REPORT_CATEGORY] = "category",
	[STORE_REPORT_ASN] = "asn",
	[STORE_REPORT_COUNTRY] = "country",
	[STORE_REPORT_REPORTER] = "reporter",
};

static enum err
take_kind(const struct command_request *r, enum store_report_by *by, struct error *e)
{
	const char *name = command_text(r, "by");

	for (unsigned i = 0; i < STORE_REPORT_COUNT; i++)
		if (name == NULL || strcmp(name, names[i]) == 0) {
			*by = (enum store_report_by)i;
			return OK;
		}
	return error_set(e, ERR_SYNTAX,
		"listings are counted by asn, country, category or reporter");
}

static enum err
take_rows(const struct command_request *r, size_t *out, struct error *e)
{
	const json_t *rows = json_object_get(r->json, "rows");
	json_int_t n = json_integer_value(rows);

	*out = ROWS_DEFAULT;
	if (rows == NULL || json_is_null(rows))
		return OK;
	if (!json_is_integer(rows) || n < 1 || n > STORE_REPORT_ROWS_MAX)
		return error_set(e, ERR_RANGE, "rows is a number from 1 to %d",
			STORE_REPORT_ROWS_MAX);
	*out = (size_t)n;
	return OK;
}

struct gathering {
	json_t *rows;
	uint64_t listings;
};

static enum err
on_row(const struct store_report_row *row, void *context)
{
	struct gathering *g = context;

	g->listings += row->listings;
	json_array_append_new(g->rows,
		json_pack("{s:o, s:o, s:I, s:I}", "name",
			row->name[0] != '\0' ? command_json_text(row->name) : json_null(), "label",
			row->label[0] != '\0' ? command_json_text(row->label) : json_null(),
			"prefixes", (json_int_t)row->prefixes, "listings",
			(json_int_t)row->listings));
	return OK;
}

struct command_answer
command_report(const struct command_context *c, const struct command_request *r)
{
	struct gathering g = {.rows = NULL};
	struct store_report_totals totals;
	struct error e = {.code = OK};
	enum store_report_by by = STORE_REPORT_CATEGORY;
	size_t rows;
	enum err err = take_kind(r, &by, &e);

	if (err == OK)
		err = take_rows(r, &rows, &e);
	if (err != OK)
		return command_failure(&e);
	g.rows = json_array();
	err = store_report_totals(c->store, by, r->now_s, &totals, &e);
	if (err == OK)
		err = store_report(c->store, by, r->now_s, rows, on_row, &g, &e);
	if (err != OK) {
		json_decref(g.rows);
		return command_failure(&e);
	}
	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:o}", "ok", 1, "by", names[by],
			"prefixes", (json_int_t)totals.prefixes, "listings",
			(json_int_t)totals.listings, "others",
			(json_int_t)(totals.rows - json_array_size(g.rows)), "listings_shown",
			(json_int_t)g.listings, "rows", g.rows)};
}
