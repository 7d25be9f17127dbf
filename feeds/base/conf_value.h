/* conf_value.h - what a value of each type may be. */
#ifndef FEEDS_BASE_CONF_VALUE_H
#define FEEDS_BASE_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

#include "conf_options.h"

enum {
	CONF_VALUE_MAX = 1024, /* bytes of one value */
	CONF_ZONE_MAX = 4352,  /* of a zone, which may name many files */
};

bool conf_value_is_list(enum conf_type type);
bool conf_value_is_number(enum conf_type type); /* yes or no, number, mode or duration */

/* Check one value, of a list one item; *n is set when it is a number. The error has the
 * reason and the remedy. */
enum err conf_value_check(const struct conf_option *o, struct text value, int64_t *n,
	struct error *e) ORBL_NODISCARD;
/* A number as the file has it. Returns out. */
const char *conf_value_format(const struct conf_option *o, int64_t n, char *out, size_t size);

#endif
