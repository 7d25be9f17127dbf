/* outcome_proof.h - the test that proved a listing, in the stored results of probes.
 *
 * A host is off the list by the test that put it there: a server that no longer says its name is
 * not asked the forms that have this name in them, and refuses all the others.
 */
#ifndef ANALYZER_OUTCOME_PROOF_H
#define ANALYZER_OUTCOME_PROOF_H

#include "outcome.h"

struct outcome_proof {
	uint32_t keeps; /* categories whose proof was not made again: mask of 1 << category */
	char why[200];  /* of the last one */
};

/* The name that a listed host had when it was proved open, to be tested by it again; "": it is not
 * listed, or not known. */
enum err outcome_proof_host_name(struct store *store, const struct addr *host, char out[256],
	struct error *e) ORBL_NODISCARD;
/* The cases that proved a listing of the host: mask of 1 << number; 0: none, or not known. */
enum err outcome_proof_cases(struct store *store, const struct addr *host, uint64_t *cases,
	struct error *e) ORBL_NODISCARD;
/* Were the proofs of this host's listings asked again by these probes, one for each source, and
 * came to nothing? A listing whose proof is not known any more is not kept by it. */
enum err outcome_proof_ask(struct outcome *o, const struct addr *host, const uint64_t *probes,
	size_t count, struct outcome_proof *out, struct error *e) ORBL_NODISCARD;

/* May what the event tells be of a message that this probe has given to the host? result is
 * JSON text, or NULL. */
bool outcome_proof_was_sent(const char *result, const struct prober_event *arrival);
/* The result with this late arrival in it, to free; NULL: it cannot be made. */
char *outcome_proof_add(const char *result, const struct prober_event *arrival);

#endif
