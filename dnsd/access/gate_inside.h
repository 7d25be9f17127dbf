/* gate_inside.h - what gate.c and gate_sum.c share. */
#ifndef DNSD_GATE_INSIDE_H
#define DNSD_GATE_INSIDE_H

#include "gate_worker.h"

struct gate_sum; /* what the main thread knows (gate_sum.c) */

struct gates {
	struct gate_options options; /* exempt: NULL */
	uint64_t multiplier;
	struct gate **each; /* of a worker */
	struct gate_exempt *exempt;
	struct gate_overs *overs; /* NULL: no quota */
	struct gate_sum *sum;
};

bool gates_sum_new(struct gates *g); /* false: out of memory */
void gates_sum_free(struct gates *g);

#endif
