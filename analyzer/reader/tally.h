/* tally.h - what a reader counts and tells of a log (struct reader_summary). */
#ifndef ANALYZER_TALLY_H
#define ANALYZER_TALLY_H

#include "reader.h"

/* Something at where was not understood; the reason may hold any bytes. */
void tally_trouble(struct reader_summary *s, uint64_t where, struct text reason);
void tally_rejection(struct reader_summary *s, enum rejection_kind kind, uint32_t count);

#endif
