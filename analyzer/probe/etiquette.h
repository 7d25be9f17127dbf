/* etiquette.h - may this address be probed? (RFC 6471 section 3.6)
 *
 * Pure. Asked by whoever starts a probe: the analyzer for a nominated host, `orbl probe` for
 * the address it was given.
 */
#ifndef ANALYZER_ETIQUETTE_H
#define ANALYZER_ETIQUETTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

enum etiquette_answer {
	ETIQUETTE_PROBE,     /* go on */
	ETIQUETTE_RESERVED,  /* private or reserved, and not allowed */
	ETIQUETTE_OPTED_OUT, /* on the opt-out list; stronger than all else */
	ETIQUETTE_TOO_SOON,  /* probed within the interval */
};

struct etiquette_rules {
	size_t allow_count;
	const struct prefix *allow; /* reserved networks that may be probed */
	size_t opt_out_count;
	const struct prefix *opt_out; /* never probed */
	int64_t interval_s;           /* between two automated probes of a host */
};

struct etiquette_question {
	struct addr addr;
	bool automated;       /* false: somebody asked for this very host */
	int64_t last_probe_s; /* of an automated probe; epoch, 0: never */
	unsigned fruitless;   /* probes by evidence in a row that found it closed, or not at all */
	int64_t now_s;
};

enum { ETIQUETTE_WHY = 256, ETIQUETTE_DOUBLINGS_MAX = 5 };
/* Evidence that has led to nothing deserves less: the interval is doubled by the second fruitless
 * probe in a row and by each further one, five times at most. why gets one sentence, "" for PROBE.
 */
enum etiquette_answer etiquette_check(const struct etiquette_rules *rules,
	const struct etiquette_question *q, char why[ETIQUETTE_WHY]);
const char *etiquette_answer_name(enum etiquette_answer a);

#endif
