/* failing_case.h - the test that keeps a host listed, out of the stored result of its probe. */
#ifndef ANALYZER_FAILING_CASE_H
#define ANALYZER_FAILING_CASE_H

#include <stdbool.h>

#include <jansson.h>

#include "probe_result.h"

enum { FAILING_PATH = 512, FAILING_REPLY = 1024 };

struct failing_case { /* without tokens: for everybody's eyes */
	char id[32];  /* "P11-pct-host" */
	char mail_from[FAILING_PATH], rcpt_to[FAILING_PATH];
	char reply[FAILING_REPLY]; /* the last one that it got; "": none */
};

/* result is that of probe_result_json, or null. False: no single test does, as when the host could
 * not be reached. */
bool failing_case_find(const json_t *result, enum verdict verdict, struct failing_case *out);

#endif
