/* parse_progress.h - one line on a terminal that says how far the reading is. */
#ifndef ANALYZER_CLI_PARSE_PROGRESS_H
#define ANALYZER_CLI_PARSE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parse_progress {
	bool is_on;         /* standard error is a terminal, and no denials are printed to one */
	bool is_shown;      /* the line is there */
	size_t file, files; /* the how manieth of how many */
	uint64_t bytes;     /* parsed in all */
	int64_t start_ms, next_ms;
};

void parse_progress_start(struct parse_progress *p, bool prints_denials, size_t files);
/* After more bytes of a file; nothing happens when less than 100 ms have passed. done of total
 * are the file's own bytes; total 0: not known. */
void parse_progress_show(struct parse_progress *p, const char *name, uint64_t done, uint64_t total,
	uint64_t denials);
/* Before anything else goes to the terminal. */
void parse_progress_clear(struct parse_progress *p);

#endif
