/* conf_options.h - the table of options: one row each. */
#ifndef FEEDS_BASE_CONF_OPTIONS_H
#define FEEDS_BASE_CONF_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum conf_type {
	TYPE_TEXT,
	TYPE_TEXT_OR_NONE, /* or "" */
	TYPE_PATH,         /* never empty */
	TYPE_PATH_OR_NONE, /* or "" */
	TYPE_DOMAIN,
	TYPE_DOMAIN_OR_NONE, /* or "" */
	TYPE_MAILBOX,        /* in SOA form; a dot of the local part is \. */
	TYPE_YES_NO,
	TYPE_NUMBER,
	TYPE_MODE,     /* octal permission bits */
	TYPE_DURATION, /* seconds, or a number with s, m, h, d or w */
	TYPE_LIST,
	TYPE_DOMAIN_LIST,
	TYPE_ZONE_LIST,        /* NAME=SOURCE; "=rbldnsd:acl:FILE" has no name */
	TYPE_ENDPOINT,         /* ADDR@PORT */
	TYPE_ENDPOINT_OR_NONE, /* or "" */
	TYPE_ENDPOINT_LIST,
	TYPE_ADDRESS, /* or "" */
	TYPE_PREFIX_LIST,
	TYPE_LOG_LEVEL,
	TYPE_DISTINCT, /* reporter, network or asn */
	TYPE_TXT_TEMPLATE,
};

struct conf_option {
	const char *name;
	enum conf_type type;
	size_t offset;     /* in struct conf or struct conf_reporter */
	const char *value; /* default, of lists in the syntax of the file */
	int64_t min, max;  /* of numbers, modes and durations; max: items of a list, bytes of a
	                    * text, 0 the bounds of all */
	const char *unit;
	const char *help;
};

struct conf_table {
	const struct conf_option *rows;
	size_t count;
};

struct conf_table conf_options(void);          /* of the file */
struct conf_table conf_reporter_options(void); /* of a reporter section */
/* NULL when there is none. */
const struct conf_option *conf_option_find(struct conf_table table, const char *name);
/* The name somebody may have meant, or NULL. */
const char *conf_option_nearest(struct conf_table table, const char *name);

#endif
