/* purge.h - what should never have come in goes out: the evidence of a reporter that is not to be
 * believed, or all listings of one cause (RFC 6471 section 3.9).
 *
 * One transaction: all of it, or nothing. A dry run does the same and undoes it, so that it finds
 * what a real one would. What a probe has proved of a host is true whoever named it, and stays,
 * unless the proved listings are asked for, too.
 */
#ifndef ANALYZER_PURGE_H
#define ANALYZER_PURGE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store_purge.h>

#include "list.h"

struct purge_counts {
	struct store_purged evidence;
	uint64_t cancelled;   /* probes that waited for this evidence alone */
	uint64_t suspects;    /* listings that ended, as the score has fallen */
	uint64_t proved;      /* hosts whose proved listings ended */
	uint64_t listings;    /* prefixes, each with one category, of a cause */
	uint64_t nominations; /* that count no more for or against the reporter */
};

/* What goes, one at a time: "probe", "suspect", "proved" or "listing"; the host or prefix, and of a
 * listing its category. */
struct purge_item {
	const char *what, *subject, *category;
};
typedef void purge_fn(const struct purge_item *item, void *context);

enum { PURGE_WHY = 200 };

struct purge {
	const struct conf *conf;
	struct lister *lister; /* its store, its now */
	const char *reason, *author;
	bool is_dry;
	bool force;   /* a cause: also what is proved, and more than publish.max_change of all */
	bool permits; /* what goes is published, however much it is (blast_radius.h) */
	purge_fn *tell;
	void *context;

	struct purge_counts counts;  /* out */
	char needs_force[PURGE_WHY]; /* out, of a cause: why; "": it does not */
};

struct purge_cause {              /* what is 0 is any; one must not be */
	uint32_t categories;      /* mask of 1 << category */
	int64_t since_s, until_s; /* when it was listed: from, and before */
	uint32_t asn;
};

/* The evidence of a reporter that was received in the window. with_proved: also what tests proved
 * that would not have been made without it. COMMITs. */
enum err purge_reporter(struct purge *p, const struct store_window *w, bool with_proved,
	struct error *e) ORBL_NODISCARD;
/* All listings of a cause. ERR_REFUSED: it needs to be forced. COMMITs. */
enum err
purge_cause(struct purge *p, const struct purge_cause *cause, struct error *e) ORBL_NODISCARD;

#endif
