/* replay_evidence.h - are the facts on which was decided still those that are stored?
 *
 * A stored fact may have grown since, by lines that came later. It may be gone, by age or because
 * its reporter was purged.
 */
#ifndef ANALYZER_REPLAY_EVIDENCE_H
#define ANALYZER_REPLAY_EVIDENCE_H

#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

#include "facts.h"

struct replay_evidence {
	void (*fn)(const char *text, void *context); /* each difference */
	void *context;

	uint64_t facts, gone; /* out */
};

enum err replay_evidence(struct store *s, const struct addr *host, const struct facts *facts,
	struct replay_evidence *x, struct error *e) ORBL_NODISCARD;

#endif
