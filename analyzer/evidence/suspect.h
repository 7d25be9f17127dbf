/* suspect.h - when evidence alone lists a host, as a suspect, and until when.
 *
 * Pure. Listed at suspect_at points of suspect_reporters independent reporters; from then on kept
 * down to suspect_until, so that a host at the edge does not come and go with every line. The
 * listing ends by itself at the second in which the score will have fallen so far (or too few
 * independent reporters are left), and no later than listing.lifetime from the last look. Just
 * before it ends it is looked at once more.
 */
#ifndef ANALYZER_SUSPECT_H
#define ANALYZER_SUSPECT_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/conf.h>

#include "facts.h"
#include "score.h"

struct suspect_rules {
	double at, until; /* points; at 0: nobody is listed */
	size_t reporters; /* independent ones */
	int64_t lifetime_s;
};
struct suspect_rules suspect_rules_of(const struct conf *c);

enum suspect_kind {
	SUSPECT_NONE, /* not listed, not to be */
	SUSPECT_LIST,
	SUSPECT_RENEW, /* it is listed, and is to end at another time */
	SUSPECT_KEEP,  /* it is listed, let it be */
	SUSPECT_END,
};
const char *suspect_kind_name(enum suspect_kind k);

/* A later end is not worth a renewal before it is later by this: the listing is looked at before
 * it ends, in any case. */
enum { SUSPECT_STEP_S = 86400, SUSPECT_LOOK_S = 60 };

struct suspect_decision {
	enum suspect_kind kind;
	int64_t expires_s; /* LIST, RENEW */
	char reason[400];  /* one clause: score and reporters */
};

/* What to do with a host of this score, which is that of the facts. listed_until_s: when its
 * listing as a suspect by evidence ends; 0: there is none. */
struct suspect_decision suspect_decide(const struct suspect_rules *rules, const struct score *score,
	const struct facts *facts, int64_t listed_until_s);

#endif
