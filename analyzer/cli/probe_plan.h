/* probe_plan.h - what orbl probe would send, and the catalogue of its tests: without a network. */
#ifndef ANALYZER_CLI_PROBE_PLAN_H
#define ANALYZER_CLI_PROBE_PLAN_H

#include <stdbool.h>

#include "prober.h"

/* Every test, with what it finds; json: one object a line. */
void probe_plan_list(bool json);
/* The commands and the message for this target, as far as they are known before it has said its
 * name. The tokens are made with a key of the moment. */
enum err probe_plan_print(const struct prober_conf *conf, const struct endpoint *target, bool json,
	struct error *e) ORBL_NODISCARD;

#endif
