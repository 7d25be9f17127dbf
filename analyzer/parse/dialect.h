/* dialect.h - what mail servers say about a relay attempt, one dialect a file.
 *
 * A dialect is a row of the table in dialect.c. It must take every fact from a place where
 * only the server itself writes: HELO, sender, recipient and reverse name are the
 * client's and may hold anything, a whole forged log line included.
 */
#ifndef ANALYZER_PARSE_DIALECT_H
#define ANALYZER_PARSE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

#include "denial.h"
#include "syslog_line.h"

enum parse_result {
	PARSE_SKIP,      /* nothing for us */
	PARSE_DENIAL,    /* out is filled but for time, server, count, line and raw */
	PARSE_REJECTION, /* a refusal for another reason, or one that cannot be told apart */
	PARSE_BAD        /* about relaying, yet of no use; reason says why */
};

/* Room for addresses that are not in the line as they are meant: Postfix cuts a command at
 * line_length_limit, 2048 bytes, so that a sender and a recipient fit. */
enum { PARSE_SCRATCH_SIZE = 4096 };

struct parse_state {        /* of one reader; every line starts it anew */
	const char *reason; /* of PARSE_BAD, a literal */
	size_t used;
	char scratch[PARSE_SCRATCH_SIZE];
};

struct dialect {
	const char *name;
	bool (*knows)(const struct syslog_line *s); /* by tag alone */
	enum parse_result (
		*parse)(const struct syslog_line *s, struct parse_state *state, struct denial *out);
};

/* The first dialect that knows the line parses it. */
enum parse_result
dialect_parse(const struct syslog_line *s, struct parse_state *state, struct denial *out);

#endif
