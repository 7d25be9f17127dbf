/* score_record.h - what evidence about a host was decided on, and what was decided: as a decision
 * that is kept (orbl/store_decision.h, kinds "nominate" and "suspect"), and made again from what is
 * kept.
 *
 *	inputs  {"now": 1900000000, "rules": {"half_life": 604800, "max_age": 2592000,
 *	        "denial_points": 10.0, "reporter_cap": 40.0, "threshold": 15.0,
 *	        "min_reporters": 2, "suspect_at": 60.0, "suspect_until": 30.0,
 *	        "suspect_reporters": 3, "lifetime": 2592000}, "listed_until": 0,
 *	        "reporters": [["mx1", "mx1", 57]], name, key of its group, trust in percent
 *	        "facts": [[0, 0, 1899997200, 12, "8000000000000001", null, 17, "5d41..."]]}
 *	        reporter (place in the list), kind, hour, denials, domains as hexadecimal bits, rule
 *	        or null, submission, hash of the sample line or null. listed_until: when the listing
 *	        as a suspect ends, 0: there is none
 *	result  {"decision": "probe", "reason": "score 23.5 from 2 reporters", "expires": null,
 *	        "points": 23.5, "reporters": 2, "independent": 2, "terms": [{"reporter": "mx1",
 *	        "key": "mx1", "facts": 3, "denials": 12, "domains": 4, "days": 2, "sum": 23.1,
 *	        "diversity": 1.75, "trust": 57, "points": 22.8}]}
 *	        decision is "probe" for kind nominate; "list", "renew" or "end" for kind suspect,
 *	        where expires is when the listing ends
 */
#ifndef ANALYZER_SCORE_RECORD_H
#define ANALYZER_SCORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/store.h>

#include "decision.h"
#include "facts.h"
#include "score.h"
#include "suspect.h"

struct score_inputs {
	int64_t now_s;
	struct score_rules score;
	struct decision_rules decision;
	struct suspect_rules suspect;
	int64_t listed_until_s; /* as a suspect, by evidence; 0: it is not */
	bool is_operators;      /* an operator has listed it so: his listing is let alone */
	struct facts facts;
};

struct score_result {
	struct score score; /* keeps the rules of the inputs */
	struct decision nominate;
	struct suspect_decision suspect;
};

/* The rules of orbl.conf and no fact. */
void score_record_init(struct score_inputs *in, const struct conf *c, int64_t now_s);
void score_record_reset(struct score_inputs *in);
/* Pure: all that is decided on evidence. */
void score_record_decide(const struct score_inputs *in, struct score_result *out);

/* JSON text, to free; NULL: out of memory. kind is STORE_DECISION_NOMINATE or _SUSPECT. */
char *score_record_inputs(const struct score_inputs *in);
char *score_record_result(const char *kind, const struct score_result *r);
/* Keep it. probe: that it brought about, 0: none. Inside the transaction of what was done. */
enum err score_record_add(struct store *s, const struct addr *host, const char *kind,
	uint64_t probe, const struct score_inputs *in, const struct score_result *done,
	struct error *e) ORBL_NODISCARD;

/* Read what score_record_inputs has written, into *out, which the caller resets even when it
 * fails. ERR_SYNTAX names what is wrong. */
enum err
score_record_parse(const char *inputs, struct score_inputs *out, struct error *e) ORBL_NODISCARD;

#endif
