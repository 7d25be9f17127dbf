/* redact.h - what was said in a test, without the tokens that would prove a test.
 *
 * A token is worth something to a forger for some days (token.h). Whatever leaves the analyzer for
 * somebody else, a ticket or a notice, goes through here; servers echo addresses in their replies.
 */
#ifndef ANALYZER_REDACT_H
#define ANALYZER_REDACT_H

#include <stddef.h>

#include <orbl/text.h>

/* Copy at most size - 1 printable bytes, with "TOKEN" for each run of characters that may be one,
 * whole or cut off at the end of t. Returns out. */
const char *redact_tokens(struct text t, char *out, size_t size);

#endif
