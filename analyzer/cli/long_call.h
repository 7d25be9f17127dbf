/* long_call.h - a request whose answer may take long: what is said meanwhile is shown as one line
 * of a terminal, and an interrupt ends the waiting, by which the analyzer breaks off what was
 * asked.
 */
#ifndef ANALYZER_CLI_LONG_CALL_H
#define ANALYZER_CLI_LONG_CALL_H

#include "client.h"

/* One request, which is taken; the answer. Interrupted, it does not return: rest, a clause, is said
 * of what comes of it, and the command dies of the signal. */
enum err long_call(const struct client *c, json_t *request, const char *rest, json_t **answer,
	struct error *e) ORBL_NODISCARD;

#endif
