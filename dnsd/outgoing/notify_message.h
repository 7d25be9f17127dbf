/* notify_message.h - NOTIFY packets, made and read (RFC 1996 section 3). */
#ifndef DNSD_NOTIFY_MESSAGE_H
#define DNSD_NOTIFY_MESSAGE_H

#include "query.h"
#include "zone.h"

enum { NOTIFY_MESSAGE_MAX = 1400 };

/* A NOTIFY of the zone's SOA; returns its length, 0: no room. */
size_t notify_message_write(const struct zone *z, uint16_t id, uint8_t *out, size_t size);
/* Is this the reply to it, with its id and question? *rcode is what it says. */
bool notify_message_is_reply(const uint8_t *packet, size_t len, uint16_t id, const uint8_t *origin,
	size_t origin_len, unsigned *rcode);
/* The serial in the answer section's SOA, where the sender told it (section 3.7). */
bool
notify_message_serial(const uint8_t *packet, size_t len, const struct query *q, uint32_t *serial);

#endif
