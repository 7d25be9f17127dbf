/* follow_source.h - a log that goes on, as the follower sees it: a stream of pieces. */
#ifndef ANALYZER_FOLLOW_SOURCE_H
#define ANALYZER_FOLLOW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum follow_piece_kind {
	FOLLOW_NOTHING, /* for now */
	FOLLOW_BYTES,
	FOLLOW_CONTEXT, /* bytes that were acknowledged before, for understanding the next ones */
	FOLLOW_LINE,    /* what comes now starts with this line of its file */
	FOLLOW_CHECKPOINT, /* a file is at its end: acknowledge before going on */
	FOLLOW_NOTICE      /* for people */
};

struct follow_piece {
	enum follow_piece_kind kind;
	struct text text; /* lent until the next call */
	uint64_t line;
};

struct follow_source {
	const char *name;   /* for people, and of the submission */
	const char *key;    /* under which the analyzer keeps the position */
	const char *format; /* it always has; NULL: as the user says */
	void *state;
	/* From this position on, JSON null: from the beginning. Any number of times. */
	enum err (*start)(void *state, const json_t *position, struct error *e);
	enum err (*next)(void *state, struct follow_piece *out, struct error *e);
	/* Of what was given out; a new reference, or NULL: none, or in the middle of a line. */
	json_t *(*position)(void *state);
	void (*close)(void *state);
};

#endif
