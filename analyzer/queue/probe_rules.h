/* probe_rules.h - what the configuration says of probes: whom, from where, and what is asked. */
#ifndef ANALYZER_PROBE_RULES_H
#define ANALYZER_PROBE_RULES_H

#include <orbl/conf.h>

#include "etiquette.h"
#include "opt_out.h"

struct probe_rules {
	struct etiquette_rules etiquette;
	struct opt_out *opt_out; /* of the configuration, and of its file */
	struct prefix *prefixes; /* what the rules point to */
	struct addr sources[2];  /* family 0: not chosen; there is no second one */
	uint64_t cases;          /* 1 << number */
};

/* conf is kept. */
enum err
probe_rules_open(struct probe_rules *r, const struct conf *conf, struct error *e) ORBL_NODISCARD;
void probe_rules_close(struct probe_rules *r);
/* Look whether the list of who opted out has changed. What is wrong with it is logged. */
void probe_rules_refresh(struct probe_rules *r, int64_t now_s);

#endif
