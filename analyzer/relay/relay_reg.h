/* relay_reg.h - the two files that read a registry export: lines and keys; typed values. */
#ifndef ANALYZER_RELAY_REG_H
#define ANALYZER_RELAY_REG_H

#include "relay_model.h"

enum { RELAY_REG_VALUES = RELAY_LIST_COUNT + 1 };

struct relay_reg {
	const struct relay_source *source;
	struct relay_policy *policy;
	struct text rest;                /* not yet read, in 8 bits */
	unsigned line;                   /* of the line read last */
	int control_set;                 /* whose values the policy has */
	bool ours;                       /* the key we are in is the one */
	uint8_t *scratch;                /* of a hex value; at least half the file's size */
	unsigned seen[RELAY_REG_VALUES]; /* line of each value, 0 not yet */
};

/* A value that counts; its data start behind '='. */
struct relay_reg_value {
	const char *name;
	enum err (*take)(struct relay_reg *r, const struct relay_reg_value *v, struct text data);
	enum relay_list_kind list;
};

/* The next line without blanks around it; false at the end. */
bool relay_reg_next_line(struct relay_reg *r, struct text *line);
/* "FILE:LINE: WHAT REASON; export the key again". */
enum err relay_reg_refuse(const struct relay_reg *r, const char *what, const char *reason);

enum err relay_reg_take_flags(struct relay_reg *r, const struct relay_reg_value *v,
	struct text data) ORBL_NODISCARD;
enum err relay_reg_take_list(struct relay_reg *r, const struct relay_reg_value *v,
	struct text data) ORBL_NODISCARD;

#endif
