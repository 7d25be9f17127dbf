/* nominate.h - what new evidence about a host leads to: a probe that is queued (score, decision,
 * etiquette), a listing as a suspect that is made, renewed or ended, or nothing.
 *
 * Each decision but "nothing" is kept with all that it was made on (score_record.h). A host on a
 * safe list is neither probed nor listed: an alarm is raised.
 */
#ifndef ANALYZER_NOMINATE_H
#define ANALYZER_NOMINATE_H

#include <stdbool.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "etiquette.h"
#include "geo.h"
#include "guard.h"
#include "score_record.h"
#include "weights.h"

struct nominate {
	const struct conf *conf;   /* kept */
	struct store *store;       /* kept */
	const struct guard *guard; /* kept; NULL: nothing is guarded */
	const struct geo *geo;     /* kept; NULL: nothing is known */
	int64_t (*clock_ms)(void); /* that bounds how long a batch takes; NULL: nothing does */
	bool changed;              /* out: the list is another one now, publish it */

	struct weights *weights; /* owned */
	struct score_rules rules;
	bool suspects_held;
	int64_t held_s;     /* when it was said that they are */
	int64_t suspects_s; /* when those were looked for whose listing is about to end */
};

/* The members above are set. */
enum err nominate_init(struct nominate *n, struct error *e) ORBL_NODISCARD;
void nominate_reset(struct nominate *n); /* all 0 ok */

/* What the evidence in the store says of a host, now: facts, score and both decisions. The caller
 * resets *in, even when it fails. */
enum err nominate_look(const struct nominate *n, const struct addr *host, int64_t now_s,
	struct score_inputs *in, struct score_result *out, struct error *e) ORBL_NODISCARD;
/* The score alone. */
enum err nominate_score(const struct nominate *n, const struct addr *host, int64_t now_s,
	struct score *out, struct error *e) ORBL_NODISCARD;
/* Look at the hosts with news and at the suspects whose listing is about to end, at most a batch of
 * them or what can be looked at in a moment, in one transaction. False when none is left, or the
 * store cannot be written, which is logged. */
bool nominate_batch(struct nominate *n, const struct etiquette_rules *etiquette, int64_t now_s);

#endif
