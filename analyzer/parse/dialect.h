/* dialect.h - what mail servers say about a relay attempt, one dialect a file.
 *
 * A dialect is a row of the table in dialect.c. It must take every fact from a place where
 * only the server itself writes: HELO, sender, recipient, user and reverse name are the
 * client's and may hold anything, a whole forged log line included.
 *
 * A dialect whose server spreads a refusal over several lines joins them by the server's own
 * session key (session.h). One that learns more about a denial only later returns
 * PARSE_HELD, and PARSE_RELEASE when that has come.
 */
#ifndef ANALYZER_PARSE_DIALECT_H
#define ANALYZER_PARSE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

#include "denial.h"
#include "log_line.h"
#include "rejection.h"

enum parse_result {
	PARSE_SKIP,      /* nothing for us */
	PARSE_DENIAL,    /* out is filled but for time, server (where the frame has it), count,
	                  * line and raw */
	PARSE_REJECTION, /* a refusal for another reason, or one that cannot be told apart; state
	                  * says of which kind */
	PARSE_BAD,       /* about relaying, yet of no use; state says why */
	PARSE_MORE,      /* the entry goes on in the next line: call again with both, LF between */
	PARSE_HELD,      /* a denial; what it lacks may come in a later line of state->key */
	PARSE_RELEASE    /* the denials held for state->key are complete; fields they lack are in
	                  * out (p NULL: not known) */
};

/* Room for texts that are not in the line as they are meant: Postfix cuts a command at
 * line_length_limit, 2048 bytes, so that a sender and a recipient fit. */
enum { PARSE_SCRATCH_SIZE = 8192 };

struct session_table;
struct event_map;

struct parse_state { /* of one reader; dialect_parse starts the upper part anew for each line */
	const char *reason;            /* of PARSE_BAD, a literal */
	enum rejection_kind rejection; /* of PARSE_REJECTION; at first REJECTION_OTHER */
	struct text key;               /* of PARSE_HELD and PARSE_RELEASE, up to 128 bytes */
	struct stamp stamp;            /* time the line itself gives; month 0: the frame's */
	bool quoted;                   /* of PARSE_MORE: what comes may be anybody's */
	bool twice;                    /* this server's syslog has each such line twice */
	size_t used;
	char scratch[PARSE_SCRATCH_SIZE];

	struct session_table *sessions; /* lives as long as the reader */
	const struct event_map *events; /* borrowed, for event records that come as lines */
	void *memory; /* of this dialect, memory_size bytes, zero when the reader starts */
	size_t local_domain_count; /* domains the operator says are local */
	const struct text *local_domains;
};

struct dialect {
	const char *name; /* as --format takes it */
	const char *help; /* what writes it, for people */
	size_t memory_size;
	/* By frame, tag and tag_cut alone, as the answer is remembered; a line without frame, or
	 * whose frame has no tag, by its first bytes. */
	bool (*knows)(const struct log_line *s);
	enum parse_result (
		*parse)(const struct log_line *s, struct parse_state *state, struct denial *out);
	/* NULL: none. An unframed line that no dialect knows, behind one of this dialect: does its
	 * server write such lines? Then it is understood, and PARSE_SKIP. */
	bool (*continues)(const struct log_line *s);
};

/* What a reader keeps for dialects. */
struct dialects;
/* only: a name of the table, or NULL for all. NULL: out of memory, or there is no such dialect. */
struct dialects *dialects_new(const char *only, struct parse_state *state);
void dialects_free(struct dialects *d); /* NULL ok */

/* The first dialect that knows the line parses it; PARSE_SKIP when none does, and then *known
 * is false. */
enum parse_result
dialect_parse(struct dialects *d, const struct log_line *s, struct denial *out, bool *known);

/* What is known of a syslog line without tag_cut before it is parsed; cheap. */
enum dialect_glance {
	GLANCE_NEW_TAG,
	GLANCE_FOREIGN, /* no dialect knows it */
	GLANCE_IDLE,    /* it is PARSE_SKIP whatever has gone before, and changes nothing */
	GLANCE_MATTERS  /* perhaps */
};

enum dialect_glance dialect_glance(const struct dialects *d, struct text tag, struct text message);

/* The upper part, for the next entry. */
void parse_state_start(struct parse_state *state);

bool dialect_has(const char *name);
/* Row i of the table, NULL behind the last. */
const struct dialect *dialect_row(size_t i);

/* Is the recipient's domain one that the operator says is local? */
bool parse_is_local(const struct parse_state *state, struct text recipient);

#endif
