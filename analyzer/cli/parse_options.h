/* parse_options.h - the command line of orbl parse. */
#ifndef ANALYZER_CLI_PARSE_OPTIONS_H
#define ANALYZER_CLI_PARSE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/text.h>

struct event_map;

enum { PARSE_TROUBLE = 2 }; /* exit status */

struct parse_options {
	int64_t now_s;
	bool summary, json, totals;
	bool is_journal;          /* operands are matches, not files */
	const char *journal_path; /* NULL: this machine's */
	const char *format;       /* NULL: find out */
	size_t local_domain_count;
	struct text *local_domains;
	struct event_map *events;
	int operand_count;
	char **operands;
};

/* Complains on standard error. Returns -1 to go on, else the exit status. */
int parse_options_read(int argc, char **argv, struct parse_options *out);
void parse_options_reset(struct parse_options *o);

#endif
