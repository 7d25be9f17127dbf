/* advice.h - what a verdict means for who asked for a delisting, and what to do about it. */
#ifndef ANALYZER_ADVICE_H
#define ANALYZER_ADVICE_H

#include "probe_result.h"

enum { ADVICE_TEXT = 1024 };

struct advice_from { /* who tests; "": not known */
	const char *source, *second_source, *helo;
	unsigned port;
};

/* Whole sentences; VERDICT_COUNT: the test was not made. Returns out. */
const char *advice_give(enum verdict verdict, const struct advice_from *us, char out[ADVICE_TEXT]);

#endif
