/* cmd_policy.h - the parts of `orbl policy`: one file a subcommand. */
#ifndef ANALYZER_CMD_POLICY_H
#define ANALYZER_CMD_POLICY_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include <orbl/err.h>

#include "relay_policy.h"

enum { POLICY_YES = 0, POLICY_NO = 1, POLICY_TROUBLE = 2 }; /* exit status */
enum { POLICY_SHOWN = 512 };

struct policy_options {
	struct addr client, local; /* family 0: not given */
	const char *recipient, *sender, *helo, *host, *domain, *target;
	bool authenticated, all, json;
	const char *file, *result; /* operands */
};

/* The policy of o->file, with the warnings about it: lines of text, each "FILE:LINE: ...\n". */
struct policy_file {
	struct relay_policy *policy;
	char *warnings;
};
enum err policy_file_read(const char *path, struct policy_file *out, struct error *e);
void policy_file_free(struct policy_file *f);

/* Each returns the exit status, or POLICY_TROUBLE with the reason in e. */
int policy_show(const struct policy_options *o, struct error *e);
int policy_check(const struct policy_options *o, struct error *e);
int policy_audit(const struct policy_options *o, struct error *e);
int policy_compare(const struct policy_options *o, struct error *e);

/* --- cmd_policy_print.c --- */

/* Text in lines of at most 78 columns, each after indent blanks; label before the first. */
void policy_print_text(const char *label, const char *text, int indent);
/* "RelayAllowList: 192.0.2.0;255.255.255.0 (FILE:4)", or the rule alone. */
void policy_format_source(const struct relay_decision *d, const char *file, char *out, size_t size);
/* Do two decisions name the same rule and line? */
bool policy_is_same(const struct relay_decision *a, const struct relay_decision *b);
/* Names of tests, "P01-plain, P02-null". */
struct policy_names {
	size_t used;
	char text[1536];
};
void policy_names_add(struct policy_names *n, const char *name);
/* What came from outside, without control characters, cut when it is long. Returns out. */
const char *policy_printable(const char *s, char out[POLICY_SHOWN]);
/* Lines "FILE:LINE: text" as an array of {"text", "file", "line"}. */
json_t *policy_warnings_json(const char *warnings, const char *file);
json_t *policy_text_json(const char *s); /* null for NULL */
json_t *policy_line_json(unsigned line); /* null for 0 */
json_t *policy_address_json(const struct addr *a);
/* One object a line. Takes it. */
void policy_print_json(json_t *object);

#endif
