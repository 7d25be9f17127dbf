/* denial.h - one normalised relay-denial record (RFC 2505 section 2.3, RFC 5321).
 *
 * Everything lends from the line that was parsed (or the parser's scratch) and is dead
 * when the next line is read.
 */
#ifndef ANALYZER_DENIAL_H
#define ANALYZER_DENIAL_H

#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum denial_kind {
	DENIAL_RELAY,           /* relay denied for good (5xx) */
	DENIAL_RELAY_TEMPORARY, /* 4xx */
	DENIAL_RELAY_PROBABLE,  /* the log cut the words off; code and fields say so */
	DENIAL_KIND_COUNT
};

struct denial {
	int64_t time_s;        /* epoch */
	int32_t time_us;       /* microseconds of it */
	int32_t time_offset_s; /* zone offset the log gave; 0 when none */
	struct addr client;
	struct text client_name; /* reverse name, p NULL: unknown */
	/* The following are dequoted, without brackets; p NULL where the log does not say. */
	struct text helo, sender, recipient, account;
	struct text reply;  /* code and text, as logged */
	struct text server; /* host that wrote the line */
	enum denial_kind kind;
	uint32_t count;  /* 1; more for "message repeated" */
	uint64_t line;   /* 1-based line (or record) number in its file */
	struct text raw; /* the whole line */
};

const char *denial_kind_name(enum denial_kind k); /* "relay-denied" ... */

#endif
