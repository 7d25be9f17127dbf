/* trust.h - how much of what a reporter says counts, in percent.
 *
 * What orbl.conf(5) gives a reporter is the most that it can have. Of that it has a share, which it
 * earns: by hosts that it nominated and that were then found open (confirmed), and loses by such
 * that were found closed (refuted), in the last 180 days:
 *
 *	trust = ceiling * (4 * p + confirmed) / (4 + confirmed + refuted / 4)     p =
 *score.new_trust
 *
 * A refutation weighs a quarter: who is denied relaying has tried to use a relay, and is seldom
 * one. Hosts that could not be tested, or gave no decision, are neither. A host counts once, so
 *that a relay of one's own, reported every day, earns no more than one day; and one that had been
 *found open before the reporter named it confirms nothing: the list itself could be handed in. A
 *reporter that is revoked has no trust.
 */
#ifndef ANALYZER_TRUST_H
#define ANALYZER_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store.h>

enum { TRUST_WINDOW_S = 180 * 86400 };

struct trust {
	int64_t ceiling; /* percent, of orbl.conf */
	int64_t percent; /* what it has: 0..ceiling */
	uint64_t confirmed, refuted;
	bool is_revoked;
};

/* The formula alone; ceiling and new_trust are percent. */
int64_t trust_percent(int64_t ceiling, int64_t new_trust, uint64_t confirmed, uint64_t refuted);
/* Of a reporter, known or not, as it is now. */
enum err trust_look(struct store *s, const struct conf *conf, const char *reporter, int64_t now_s,
	struct trust *out, struct error *e) ORBL_NODISCARD;

#endif
