/* mailbox.h - addresses as servers log them: local part quoted where RFC 5321 wants it, domain.
 *
 * A log line shows where an address ends only if the server quotes what the client chose. So
 * the functions here are strict: a byte that needs quotes and has none ends the address.
 */
#ifndef ANALYZER_PARSE_MAILBOX_H
#define ANALYZER_PARSE_MAILBOX_H

#include "dialect.h"

/* No byte in it that needs quotes or could hide the end of a field: space, control, " < > ; */
bool mailbox_is_plain(struct text t);
/* How many bytes at the end of t are such. */
size_t mailbox_plain_tail(struct text t);

/* Take an address and the ">" behind it. False unless the first byte that needs quotes, outside
 * of quotes, is that ">". The local part is quoted throughout or not at all. */
bool mailbox_take(struct text *rest, struct text *out);

/* The address without quotes and backslashes, in the scratch when it differs; what is not a
 * quoted string and a domain stays as it is. False when the scratch is full. */
bool mailbox_dequote(struct text t, struct parse_state *state, struct text *out);

#endif
