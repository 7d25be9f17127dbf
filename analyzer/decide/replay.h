/* replay.h - decides again what was decided, by the same code, from what was kept with it
 * (orbl/store_decision.h), and names what does not come out as it was.
 *
 *	nominate, suspect  the facts as they were scored, and the rules of that time, give the
 *	                   score and the decision; the log lines that are still kept are those
 *	                   that were scored
 *	verdict            the stored dialogue of each probe gives its verdict, and the verdicts
 *	                   give what was done to the listings
 *
 * And the hashes that the audit log has of a decision and of a dialogue are those of what is kept.
 * What was not kept for so long is counted, and is no difference.
 */
#ifndef ANALYZER_REPLAY_H
#define ANALYZER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

enum { REPLAY_TEXT = 512 };

struct replay_difference { /* lends */
	struct addr host;
	const char *what; /* "decision", "probe" or "evidence" */
	const char *kind; /* of the decision; "" for a probe */
	uint64_t id;      /* of the decision or the probe */
	int64_t time_s;
	const char *text; /* "points was 23.5, is 24.1" */
};
typedef void replay_fn(const struct replay_difference *d, void *context);

struct replay {
	struct store *store;
	replay_fn *fn; /* called for each difference; NULL ok */
	void *context;

	/* out: added to */
	uint64_t decisions, probes, facts; /* looked at */
	uint64_t facts_gone, results_gone; /* not kept any more */
	uint64_t differences;
	uint64_t last; /* replay_after: the decision it ended at */
};

/* All that was decided about a host, the newest first, and its probes. At most max decisions. */
enum err
replay_host(struct replay *r, const struct addr *host, size_t max, struct error *e) ORBL_NODISCARD;
/* At most max decisions with an id above after, with the probes that they follow from. *more: there
 * may be further ones, above r->last. */
enum err replay_after(struct replay *r, uint64_t after, size_t max, bool *more,
	struct error *e) ORBL_NODISCARD;

#endif
