/* store_decision.h - what was decided about hosts, with all that it was decided on: enough to
 * decide it again (analyzer/decide/replay.h), and to say why years later.
 *
 * A decision is made once and never changed. Kinds:
 *
 *	nominate  the evidence nominated the host for a probe: inputs and result are those of
 *	          score_inputs_json (analyzer/evidence/score.h)
 *	suspect   the evidence listed it as a suspect, or ended that; the same
 *	verdict   a probe's verdict changed listings, or left them: inputs and result are those of
 *	          verdict_record_add (analyzer/decide/verdict_record.h), which writes it
 */
#ifndef ORBL_STORE_DECISION_H
#define ORBL_STORE_DECISION_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

#define STORE_DECISION_NOMINATE "nominate"
#define STORE_DECISION_SUSPECT  "suspect"
#define STORE_DECISION_VERDICT  "verdict"

struct store_decision { /* lends */
	uint64_t id;    /* given by the store */
	int64_t time_s; /* as which it was decided: now_s of its rules */
	struct addr host;
	const char *kind;
	uint64_t probe;              /* that it brought about, or that it follows from; 0: none */
	const char *inputs, *result; /* JSON objects, as text */
};

/* Inside the transaction of what was decided. *id may be NULL. */
enum err store_decision_add(struct store *s, const struct store_decision *d, uint64_t *id,
	struct error *e) ORBL_NODISCARD;

typedef enum err store_decision_fn(const struct store_decision *d, void *context);
/* Those about a host, the newest first, at most max. Not OK from fn ends the walk with that code.
 */
enum err store_decisions_of(struct store *s, const struct addr *host, size_t max,
	store_decision_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* All with an id above after, the oldest first, at most max. */
enum err store_decisions_after(struct store *s, uint64_t after, size_t max, store_decision_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

#endif
