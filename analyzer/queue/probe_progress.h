/* probe_progress.h - how far a probe has come, so that it can go on after a restart.
 *
 * Pure: the events of a probe, in any number of batches, say which of its cases are answered for
 * good and until when a message that was accepted may still come back.
 */
#ifndef ANALYZER_PROBE_PROGRESS_H
#define ANALYZER_PROBE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "prober.h"

struct probe_progress {
	uint64_t answered; /* cases that were accepted or refused for good: 1 << number */
	uint64_t accepted; /* of these, a message was given */
	uint64_t arrived;
	unsigned bounces;
	int64_t accepted_s; /* the last one */
	bool done;          /* the last event was DONE: the dialogue is over */
};

void probe_progress_apply(struct probe_progress *p, const struct prober_event *ev);
/* Cases of wanted that are still to be asked: 0 when a proof is there. */
uint64_t probe_progress_left(const struct probe_progress *p, uint64_t wanted);
/* When the wait for accepted messages ends; 0: nothing is waited for. */
int64_t probe_progress_wait_until(const struct probe_progress *p, int64_t wait_s);
/* How far the whole probe got with its target, when its last part, which had only the cases that
 * were left, got so far. */
enum prober_reach probe_progress_reach(const struct probe_progress *before, enum prober_reach last);

#endif
