/* relay_compare.h - what a relay policy predicts beside what a probe found.
 *
 * A difference is a server that does not do what its policy says: drifted configuration, or a
 * fault in our model of it. Nothing here is a difference that may be chance: a reply that is
 * not final, or a message of which nothing has been heard yet where something should be.
 */
#ifndef ANALYZER_RELAY_COMPARE_H
#define ANALYZER_RELAY_COMPARE_H

#include <stdbool.h>

#include "relay_audit.h"

enum relay_found {            /* what a case of a probe came to */
	RELAY_FOUND_RELAYED,  /* the message came back */
	RELAY_FOUND_BOUNCED,  /* accepted, then a bounce came back */
	RELAY_FOUND_ACCEPTED, /* accepted, nothing came back */
	RELAY_FOUND_REFUSED,  /* for good */
	RELAY_FOUND_UNCLEAR,  /* temporary or broken answers */
	RELAY_FOUND_NOTHING,  /* not asked */
	RELAY_FOUND_COUNT
};
const char *relay_found_name(enum relay_found f); /* "relayed", "accepted", "not asked" ... */

/* Of a case as `orbl probe --json` has it; a text may be NULL or "". Without the answer ("refused")
 * the replies tell. */
struct relay_seen {
	const char *answer, *rcpt_reply, *data_reply;
	bool arrived, bounced;
};
enum relay_found relay_compare_find(const struct relay_seen *seen);

enum relay_agreement {
	RELAY_AGREEMENT_DIFFERENT,
	RELAY_AGREEMENT_UNKNOWN,
	RELAY_AGREEMENT_EQUAL,
	RELAY_AGREEMENT_NOT_ASKED,
	RELAY_AGREEMENT_COUNT
};
const char *relay_agreement_name(enum relay_agreement m); /* "different", "cannot tell" ... */

struct relay_comparison {
	enum relay_agreement agreement;
	const char *why; /* a clause; "" when there is nothing to say */
};
struct relay_comparison relay_compare(enum relay_outlook predicted, enum relay_found found);

#endif
