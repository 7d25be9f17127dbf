/* dnstap.h - queries and replies for a dnstap collector (dnstap.info), over a Unix socket.
 *
 *	we                                    collector
 *	READY (protobuf:dnstap.Dnstap) -->
 *	                               <--    ACCEPT
 *	START, frame, frame, ...       -->
 *
 * Frame Streams with two directions. A bounded buffer; what finds no room in it is lost and
 * counted. Never waits. In a build without --enable-dnstap there is none.
 */
#ifndef DNSD_DNSTAP_H
#define DNSD_DNSTAP_H

#include <poll.h>

#include "observation.h"

enum { DNSTAP_FRAME_MAX = OBSERVATION_BYTES_MAX + 1024 };

struct dnstap;

bool dnstap_is_built(void);

/* identity and version may be "". Not connected. NULL: out of memory. */
struct dnstap *dnstap_new(const char *identity, const char *version);
void dnstap_free(struct dnstap *t); /* NULL ok */
/* Begin to speak; takes the descriptor, which does not block. */
void dnstap_connect(struct dnstap *t, int fd);
bool dnstap_is_connected(const struct dnstap *t); /* or on the way to it */
bool dnstap_is_open(const struct dnstap *t);      /* the collector takes our messages */

void dnstap_prepare(const struct dnstap *t, struct pollfd *poll);
void dnstap_serve(struct dnstap *t, const struct pollfd *poll);
/* AUTH_QUERY, and AUTH_RESPONSE when there was one. zone: its wire name, or NULL. The messages are
 * as they were asked and answered, but for query keys (key_mask.h), which are masked here. */
void dnstap_add(struct dnstap *t, const struct observation *o, const uint8_t *zone, size_t zone_len,
	const uint8_t *query, const uint8_t *reply);
uint64_t dnstap_lost(const struct dnstap *t);

/* The protobuf of one of the two. Returns its length, 0: no room. */
size_t dnstap_encode(const struct observation *o, bool is_reply, const char *identity,
	const char *version, const uint8_t *zone, size_t zone_len, const uint8_t *message,
	size_t message_len, uint8_t *out, size_t size);

#endif
