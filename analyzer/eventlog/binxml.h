/* binxml.h - the binary XML of Windows event records ([MS-EVEN6] 2.2.12), one record at a time.
 *
 * A record is a program of tokens. Most are an instance of a template: a fragment defined once
 * in the chunk, at an offset, with places for typed values; a value may itself be binary
 * XML. Forwarded events have no templates. Offsets may lead anywhere, in circles too: the
 * nesting is bounded by a stack of our own, the work by a budget.
 */
#ifndef ANALYZER_BINXML_H
#define ANALYZER_BINXML_H

#include <stddef.h>
#include <stdint.h>

#include "event_build.h"

enum {
	BINXML_NESTING = 64,         /* templates and values inside each other */
	BINXML_RECORD_WORK = 1 << 20 /* tokens and bytes of text in one record */
};

struct binxml_chunk {
	const uint8_t *bytes; /* offsets in records count from here */
	size_t len;
	uint32_t work; /* what all records of it may still cost */
};

/* The elements of the record's binary XML, bytes [at, end) of the chunk, go to b. NULL, or what is
 * wrong, a literal; b is of no use then. */
const char *binxml_read(struct binxml_chunk *chunk, size_t at, size_t end, struct event_build *b);

#endif
