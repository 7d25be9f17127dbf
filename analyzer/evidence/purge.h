/* purge.h - what should never have come in goes out: the evidence of a reporter that is not to be
 * believed, or all listings of one cause (RFC 6471 section 3.9).
 *
 * It goes in slices, each a transaction with its audit records, between which the analyzer does
 * other things; a few hosts go in one. What belongs to a host, and a listing, goes as a whole or
 * not at all, so that a purge that was broken off, by who asked for it or by the analyzer's death,
 * is one of fewer hosts: done again, it takes the rest. Evidence that is new meanwhile may stay,
 * and nobody may be listed by evidence before the end, as half of it would count. A dry run undoes
 * each slice, and finds what a real one would. What a probe has proved of a host is true whoever
 * named it, and stays, unless the proved listings are asked for, too.
 */
#ifndef ANALYZER_PURGE_H
#define ANALYZER_PURGE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store_purge.h>

#include "list.h"

#define PURGE_ALARM "purge" /* kind: one is under way, or was broken off by our death */
#define PURGE_LISTINGS                                                                             \
	"listings" /* its subject, and of the audit record, when it is no reporter                 \
	            */

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
	struct lister *lister; /* its store, its now; may be another one for each slice */
	const char *reason, *author;
	bool is_dry;
	bool force;   /* a cause: also what is proved, and more than publish.max_change of all */
	bool permits; /* what goes is published, however much it is (blast_radius.h) */
	purge_fn *tell;
	void *context;

	struct purge_counts counts;  /* out */
	uint64_t looked_at, all;     /* hosts, or listings of the cause; all 0: being counted */
	char needs_force[PURGE_WHY]; /* out, of a cause: why; "": it does not */
	struct purge_run *run;       /* owned, between begin and reset */
};

struct purge_cause {              /* what is 0 is any; one must not be */
	uint32_t categories;      /* mask of 1 << category */
	int64_t since_s, until_s; /* when it was listed: from, and before */
	uint32_t asn;
};

/* The evidence of a reporter that was received in the window. with_proved: also what tests proved
 * that would not have been made without it. */
enum err purge_begin_reporter(struct purge *p, const struct store_window *w, bool with_proved,
	struct error *e) ORBL_NODISCARD;
/* All listings of a cause. */
enum err
purge_begin_cause(struct purge *p, const struct purge_cause *cause, struct error *e) ORBL_NODISCARD;
/* A slice of it; *more: it is not the last one. ERR_REFUSED, of a cause: it needs to be forced.
 * After an error it is over, without a record. COMMITs. */
enum err purge_step(struct purge *p, bool *more, struct error *e) ORBL_NODISCARD;
/* After begin, and not after the last slice: it ends here, and the audit log says so. COMMITs. */
enum err purge_break_off(struct purge *p, struct error *e) ORBL_NODISCARD;
void purge_reset(struct purge *p);

/* Begin, all slices, reset. */
enum err purge_reporter(struct purge *p, const struct store_window *w, bool with_proved,
	struct error *e) ORBL_NODISCARD;
enum err
purge_cause(struct purge *p, const struct purge_cause *cause, struct error *e) ORBL_NODISCARD;

/* At the start: a purge in the middle of which the last analyzer has died is recorded as broken
 * off, and its alarm says to do it again. COMMITs. */
enum err purge_recover(struct store *s, int64_t now_s, struct error *e) ORBL_NODISCARD;

#endif
