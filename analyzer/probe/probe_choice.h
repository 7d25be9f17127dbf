/* probe_choice.h - which cases of a run are asked, and in what order. */
#ifndef ANALYZER_PROBE_CHOICE_H
#define ANALYZER_PROBE_CHOICE_H

#include "probe_run.h"

/* Mark the cases that this job is for. */
void probe_choice_begin(struct probe_run *run);
/* Once, when it is known how the target calls itself: strike out what then cannot be said, or
 * is said by another case. */
void probe_choice_strike_out(struct probe_run *run);
size_t probe_choice_next(const struct probe_run *run); /* row; SIZE_MAX: none is left */
/* May the case be asked in the transaction that is open? */
bool probe_choice_fits(const struct probe_run *run, size_t row);
/* Rows that are asked in one write, row being the first. 0: one command at a time. */
size_t probe_choice_group(const struct probe_run *run, size_t row, size_t rows[PROBE_GROUP_MAX]);

#endif
