/* probe_result.h - what one probe found, gathered from its events; and the verdict.
 *
 * Used alike by the analyzer (which stores it) and by `orbl probe` (which prints it).
 */
#ifndef ANALYZER_PROBE_RESULT_H
#define ANALYZER_PROBE_RESULT_H

#include <jansson.h>

#include <orbl/addr.h>

#include "prober.h"

enum verdict {
	VERDICT_OPEN,          /* came back from the tested address */
	VERDICT_OPEN_MULTIHOP, /* came back, from other addresses only */
	VERDICT_BOUNCES,       /* accepted, then bounced to our return path */
	VERDICT_ACCEPTS,       /* accepted, nothing came back in the waiting time */
	VERDICT_CLOSED,        /* every case got a definite refusal */
	VERDICT_UNTESTABLE,    /* refuses our tester */
	VERDICT_UNREACHABLE,
	VERDICT_UNDECIDED,     /* temporary or broken answers */
	VERDICT_DISCRIMINATES, /* answers our two sources differently, and is open to neither */
	VERDICT_COUNT
};
const char *verdict_name(enum verdict v); /* "open-multihop" */
/* What two probes of one host from different sources say together; their order is nothing. An
 * open relay stays one whoever is refused; closed is only what both say. */
enum verdict verdict_of_two(enum verdict first, enum verdict second);

struct probe_result; /* opaque */
struct probe_result *probe_result_new(uint64_t id, const struct endpoint *target);
void probe_result_free(struct probe_result *r); /* NULL ok */
/* Where it is to be made from: only told. source may be NULL, or have no family: not chosen. */
void probe_result_set_source(struct probe_result *r, const struct addr *source, bool second);
/* Where it was made from, as soon as there was a connection. */
struct addr probe_result_source(const struct probe_result *r);
/* Take in an event of this probe. True when it is news of a finished probe that may change its
 * verdict: a late arrival. The lines of its header follow, without being news. */
bool probe_result_apply(struct probe_result *r, const struct prober_event *ev);
bool probe_result_is_done(const struct probe_result *r);
enum verdict probe_result_verdict(const struct probe_result *r);
/* One sentence: which case, which reply. Lent until the next call on r. */
const char *probe_result_reason(const struct probe_result *r);
/* Addresses that delivered a token, at most max; returns how many there are. */
size_t probe_result_outputs(const struct probe_result *r, struct addr *out, size_t max);
/* Line i of the transcript, "2030-01-02T03:04:05.678Z > QUIT"; NULL when there are fewer. Lent. */
const char *probe_result_line(const struct probe_result *r, size_t i);
/* {"target", "verdict", "reason", "source": "first" or "second", "source_address", "input",
 * "outputs", "tls", "bounces": [{"case", "from", "at", "action", "status", "recipient",
 * "reporting_mta"}], "cases": [{"case", "mail_from", "rcpt_to", "rcpt_reply", "data_reply",
 * "answer", "answered_at", "arrived", "output", and of one that arrived "arrived_at", "again",
 * "headers": [...]}], "reach": "none", "refused", "temporary", "done" or "ours", "ended",
 * "transcript": [...]}; what is not known is null. A new reference. */
json_t *probe_result_json(const struct probe_result *r);

#endif
