/* hand_over.h - what a worker gives to the transfer process: datagrams, and TCP connections.
 *
 * A send never waits. When the transfer process does not keep up, or is just being started again, a
 * datagram is lost, as datagrams may be, and a connection is closed.
 */
#ifndef DNSD_HAND_OVER_H
#define DNSD_HAND_OVER_H

#include <stdbool.h>
#include <stddef.h>

#include "message.h"

/* Send these bytes behind header, all but len and bytes of which the caller has filled, and the
 * connection (-1: none), of which the caller keeps its descriptor. False: it was not taken. */
bool hand_over_send(int channel, struct handed *header, const uint8_t *bytes, size_t len,
	int connection);

#endif
