/* doubles.h - lines that a server gives its syslog twice: the second one is dropped.
 *
 * Exim writes what it rejects into its main log and its reject log; with syslog both are one
 * log. The copies stand close together, so that the last DOUBLES_MAX lines are enough.
 */
#ifndef ANALYZER_PARSE_DOUBLES_H
#define ANALYZER_PARSE_DOUBLES_H

#include <stddef.h>
#include <stdint.h>

#include "log_line.h"

enum { DOUBLES_MAX = 64, DOUBLES_KEY = 16 };

struct doubles {
	uint8_t key[DOUBLES_KEY];   /* secret: nobody shall make two lines look alike */
	uint64_t open[DOUBLES_MAX]; /* of lines whose copy has not come; 0 none */
	size_t next;
};

void doubles_init(struct doubles *d);
/* s->count more copies of a line came: of how many events are they the first? */
uint32_t doubles_count(struct doubles *d, const struct log_line *s);

#endif
