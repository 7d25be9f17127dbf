/* fake_prober.h - prober.h without a process: the test says what the prober reports.
 *
 * A program that is linked with this has no other prober. What cannot be ends the program: fuzz
 * targets use it too, where check's assertions are none.
 */
#ifndef TESTS_FAKE_PROBER_H
#define TESTS_FAKE_PROBER_H

#include "prober.h"

struct prober *fake_prober_new(void); /* ended by prober_stop */
void fake_prober_say(struct prober *p, const struct prober_event *ev);
void fake_prober_end(struct prober *p);                 /* as if the process had died */
void fake_prober_block(struct prober *p, bool blocked); /* blocked: the pipe is full */
size_t fake_prober_jobs(const struct prober *p);        /* handed over so far */
const struct prober_job *fake_prober_job(const struct prober *p, size_t i);
/* What was cancelled, in its order: "3 7". */
const char *fake_prober_cancels(const struct prober *p);
/* What was acknowledged, in its order: "1+ 3-" is 1 stored, then up to 3 not. Arrivals have the
 * sequences 1, 2, 3... in the order in which they were said. */
const char *fake_prober_acks(const struct prober *p);

#endif
