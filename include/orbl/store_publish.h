/* store_publish.h - what publishing asks the store besides listings (store_listing.h). */
#ifndef ORBL_STORE_PUBLISH_H
#define ORBL_STORE_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/store_listing.h>

/* The next publication is what somebody wants, however much it differs from the list in service:
 * it is not held for its share (publish.h). Of two permits the wider one counts. */
enum store_permit {
	STORE_PERMIT_NONE,     /* takes back what was given */
	STORE_PERMIT_REMOVALS, /* much may be removed */
	STORE_PERMIT_ALL,      /* and added */
};
/* Inside a transaction, or COMMITs. */
enum err store_publish_permit(struct store *s, enum store_permit p, struct error *e) ORBL_NODISCARD;
enum err
store_publish_permitted(struct store *s, enum store_permit *out, struct error *e) ORBL_NODISCARD;

/* What publications have changed in the last day, by the hour: many small steps are a large one. */
enum { STORE_PUBLISH_HOURS = 24 };

struct store_publish_window {
	bool is_open;            /* something was counted */
	uint64_t before;         /* addresses that were in service at its start */
	uint64_t added, removed; /* since; added: or listed for something else, too */
};
enum err store_publish_window(struct store *s, int64_t now_s, struct store_publish_window *out,
	struct error *e) ORBL_NODISCARD;
/* One publication more, before which so many addresses were in service. Inside a transaction. */
enum err store_publish_count(struct store *s, int64_t now_s, const struct store_publish_window *one,
	struct error *e) ORBL_NODISCARD;
/* From here on, as if nothing had been published before. Inside a transaction, or COMMITs. */
enum err store_publish_window_end(struct store *s, struct error *e) ORBL_NODISCARD;

/* --- counting listings --- */

enum store_report_by {
	STORE_REPORT_CATEGORY,
	STORE_REPORT_ASN,
	STORE_REPORT_COUNTRY,
	STORE_REPORT_REPORTER, /* whose evidence brought the probe about that a listing rests on */
	STORE_REPORT_COUNT
};
enum { STORE_REPORT_ROWS_MAX = 1000 };

struct store_report_row {  /* lends */
	const char *name;  /* category, number, country or reporter; "": not known */
	const char *label; /* whose network: AS; "": none */
	uint64_t prefixes, listings;
};
typedef enum err store_report_fn(const struct store_report_row *row, void *context);
/* The most first, at most max rows (and STORE_REPORT_ROWS_MAX) of those listed at now_s. */
enum err store_report(struct store *s, enum store_report_by by, int64_t now_s, size_t max,
	store_report_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Of all: listings, prefixes, and classes that a report by this has. */
struct store_report_totals {
	uint64_t prefixes, listings, rows;
};
enum err store_report_totals(struct store *s, enum store_report_by by, int64_t now_s,
	struct store_report_totals *out, struct error *e) ORBL_NODISCARD;

#endif
