/* denial_json.h - a denial as one line of JSON (RFC 8259).
 *
 * Logs hold bytes that are not UTF-8; those become U+FFFD, so that every line printed is valid.
 * Keys and their order are fixed; docs and tests rely on them.
 */
#ifndef ANALYZER_CLI_DENIAL_JSON_H
#define ANALYZER_CLI_DENIAL_JSON_H

#include <stdio.h>

#include "denial.h"

enum { DENIAL_TIME_TEXT = 40 };

/* RFC 3339 with the offset of the log; a fraction only when there is one. Returns out. */
const char *denial_time_format(const struct denial *d, char out[DENIAL_TIME_TEXT]);

/* To a stream that nobody else uses; errors stay in ferror(). */
void denial_json_write(FILE *out, const char *file, const struct denial *d);

#endif
