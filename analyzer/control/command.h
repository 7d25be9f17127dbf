/* command.h - what the analyzer answers on its control socket: a table, one row a command.
 *
 * A command gets the request and gives one answer, or asks for more: the body of a
 * submission, or to be told of a probe until it is done.
 */
#ifndef ANALYZER_COMMAND_H
#define ANALYZER_COMMAND_H

#include <jansson.h>

#include "pipeline.h"
#include "submission.h"
#include "syslog_receiver.h"

struct command_context { /* kept */
	const struct conf *conf;
	struct store *store;
	const struct reporters *reporters;
	struct pipeline *pipeline;
	int64_t started_s;
	const struct syslog_receiver *syslog; /* NULL: nothing is listened on */
};

struct command_answer {
	json_t *object; /* a new reference; NULL only with submission */
	struct submission
		*submission; /* a body follows; with object: parts of a log that goes on */
	uint64_t follow;     /* probe to wait for; then ask command_followed */
};

struct command_request { /* lends */
	const json_t *json;
	const char *author; /* who has asked: the user at the other end of the socket */
	int64_t now_s;
};

/* Never fails: trouble is an answer with "ok": false. */
struct command_answer command_run(const struct command_context *c, const struct command_request *r);
/* The last object for what was waited for: a delisting request whose probe is done, a proof. */
json_t *command_followed(const struct command_context *c, uint64_t probe, int64_t now_s);
/* Who waited for it has gone. 0: nothing. */
void command_abandoned(const struct command_context *c, uint64_t probe, int64_t now_s);
json_t *command_error(enum err code, const char *message);

#endif
