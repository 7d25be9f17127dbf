/* replay_audit.h - is what is kept of a decision or a probe what the audit log has of it?
 *
 * The records "decided" and "probed" have a hash of it (orbl/store_audit.h), which is made here a
 * second time. Of what was recorded before there were such records nothing is said.
 */
#ifndef ANALYZER_REPLAY_AUDIT_H
#define ANALYZER_REPLAY_AUDIT_H

#include <stdbool.h>

#include <orbl/store_decision.h>
#include <orbl/store_probe.h>

/* *same: it is, or there is no record. p has a result. */
enum err replay_audit_decision(struct store *s, const struct store_decision *d, bool *same,
	struct error *e) ORBL_NODISCARD;
enum err replay_audit_probe(struct store *s, const struct store_probe *p, bool *same,
	struct error *e) ORBL_NODISCARD;

#endif
