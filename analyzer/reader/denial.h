/* denial.h - one normalised relay-denial record (RFC 2505 section 2.3, RFC 5321).
 *
 * Everything lends from the line that was parsed (or the parser's memory) and is dead
 * when the next line is read.
 */
#ifndef ANALYZER_DENIAL_H
#define ANALYZER_DENIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum denial_kind {              /* the numbers are kept in the store */
	DENIAL_RELAY,           /* relay denied for good (5xx) */
	DENIAL_RELAY_TEMPORARY, /* 4xx */
	DENIAL_RELAY_PROBABLE,  /* the log does not tell it from a refusal of another kind */
	DENIAL_AUTHENTICATED,   /* denied though the client had authenticated (5xx or 4xx) */
	DENIAL_NDR,             /* taken, and answered with a non-delivery report */
	DENIAL_KIND_COUNT
};

struct denial {
	int64_t time_s;        /* epoch */
	int32_t time_us;       /* microseconds of it */
	int32_t time_offset_s; /* zone offset the log gave; 0 when none */
	struct addr client;
	struct text client_name; /* reverse name, p NULL: unknown */
	/* Without brackets; p NULL where the log does not say. Addresses are as the server logs
	 * them, but that of Postfix the quotes are taken off. */
	struct text helo, sender, recipient, account;
	struct text reply;  /* code and text, as logged */
	struct text server; /* host that wrote the line, p NULL: the log does not say */
	enum denial_kind kind;
	uint32_t count;       /* 1; more for "message repeated" */
	uint64_t line;        /* 1-based line in its file, or the record's own number */
	bool is_record;       /* line is the number of an event record */
	struct text raw;      /* the whole line, or what the record says on one line */
	struct text identity; /* what is the same in all copies of this event, p NULL: raw */
};

const char *denial_kind_name(enum denial_kind k); /* "relay-denied" ... */

#endif
