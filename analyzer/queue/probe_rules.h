/* probe_rules.h - what the configuration says of probes: whom, from where, and what is asked. */
#ifndef ANALYZER_PROBE_RULES_H
#define ANALYZER_PROBE_RULES_H

#include <orbl/conf.h>
#include <orbl/store.h>

#include "etiquette.h"
#include "opt_out.h"

struct probe_rules {
	struct etiquette_rules etiquette;
	struct opt_out *opt_out; /* of the configuration, its file, and an operator's orders */
	struct prefix *prefixes; /* what the rules point to */
	struct addr sources[2];  /* family 0: not chosen; there is no second one */
	uint64_t cases;          /* 1 << number */
	struct store *store;
	uint64_t kept; /* generation of the list that is in the store */
	int64_t tried_s;
	int64_t orders_version; /* of the orders that are in opt_out */
};

/* conf and store are kept. store NULL: nothing is kept in it, nor taken from it. */
enum err probe_rules_open(struct probe_rules *r, const struct conf *conf, struct store *store,
	struct error *e) ORBL_NODISCARD;
void probe_rules_close(struct probe_rules *r);
/* Look whether the list of who opted out has changed. What is wrong with it is logged; a good one
 * is kept in the store, so that the next start has it when its file cannot be read then. */
void probe_rules_refresh(struct probe_rules *r, int64_t now_s);
/* False: who has opted out is not known, nobody may be probed. */
bool probe_rules_allow_probes(const struct probe_rules *r);

#endif
