/* recipient.h - forward-paths, and what a server may read into their local parts.
 *
 * RFC 2505 section 2.1 (1) asks a server to look through source routes, %, ! and quotes before it
 * decides; each way of looking is one function here, so that a relay policy applies exactly
 * those its server knows. Every rewriting yields fewer bytes than `local-part@domain` had,
 * so that a loop over them ends.
 */
#ifndef ANALYZER_RECIPIENT_H
#define ANALYZER_RECIPIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

enum { RECIPIENT_MAX = 512 }; /* buffer size, with the NUL */

/* Cut at the last '@'. Without one the domain is empty. */
void recipient_split(struct text path, struct text *local_part, struct text *domain);
/* Without "@hosta,@hostb:" in front (RFC 5321 appendix C). */
struct text recipient_strip_route(struct text path);

/* Each of these reads a mailbox out of a local part: false when it has not that form, or does
 * not fit; then out is not meaningful. out is terminated and does not overlap local_part. */

/* An address encapsulated by Exchange (Q189492): IMCEASMTP-user+40victim+2Eexample. */
bool recipient_decapsulate(struct text local_part, char *out, size_t size);
/* The percent hack: user%domain, the last '%' becomes '@'. */
bool recipient_swap_percent(struct text local_part, char *out, size_t size);
/* A UUCP path: host!user becomes user@host, at the first '!'. */
bool recipient_swap_bang(struct text local_part, char *out, size_t size);
/* A quoted string without its quotes: "user@domain". */
bool recipient_dequote(struct text local_part, char *out, size_t size);

#endif
