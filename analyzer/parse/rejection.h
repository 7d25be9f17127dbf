/* rejection.h - refusals for another reason than relaying: never evidence, counted by kind.
 *
 * The kind is told from the server's own words. Where a client could have written them, the
 * kind is REJECTION_OTHER: a wrong count harms nobody, but it should not be for sale.
 */
#ifndef ANALYZER_PARSE_REJECTION_H
#define ANALYZER_PARSE_REJECTION_H

#include <orbl/text.h>

enum rejection_kind {
	REJECTION_BLOCKLIST,      /* a DNSBL or a local block list */
	REJECTION_UNKNOWN_USER,   /* no such recipient here */
	REJECTION_GREYLIST,       /* greylisting */
	REJECTION_POLICY,         /* access rules: sender, HELO, reverse DNS, SPF, policy service */
	REJECTION_AUTHENTICATION, /* a log-in that failed, or was missing */
	REJECTION_RATE,           /* too many connections, messages, errors */
	REJECTION_PROTOCOL,       /* syntax, commands out of order, talking early */
	REJECTION_CONTENT,        /* the message itself: size, virus, spam, milter */
	REJECTION_OTHER,          /* none of these, or not to be told */
	REJECTION_KIND_COUNT
};

const char *rejection_kind_name(enum rejection_kind k); /* "blocklist" ... */

/* From an SMTP reply (RFC 5321, enhanced codes of RFC 3463) that is all the server's but for
 * what it repeats of the client: looks at the codes and the words of the first 200 bytes. */
enum rejection_kind rejection_of_reply(struct text reply);

#endif
