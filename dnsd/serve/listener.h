/* listener.h - the sockets that are answered on.
 *
 * Each worker has its own UDP and TCP socket for each address (SO_REUSEPORT): the kernel
 * spreads the clients, and workers share nothing.
 */
#ifndef DNSD_LISTENER_H
#define DNSD_LISTENER_H

#include <stdbool.h>

#include <orbl/addr.h>
#include <orbl/err.h>

struct listener {
	struct endpoint endpoint;
	uint32_t index; /* of the endpoints given; who opens it says */
	bool any;       /* bound to all addresses: replies must say which one they come from */
	int udp, tcp;   /* non-blocking, close-on-exec */
};

/* Can the address be bound by us alone? SO_REUSEPORT would silently share it with another
 * daemon of the same user. The error names address, reason and remedy. */
enum err listener_check(const struct endpoint *endpoint, struct error *e) ORBL_NODISCARD;
/* Datagrams of udp_size bytes at most are to be sent. */
enum err listener_open(const struct endpoint *endpoint, uint16_t udp_size, struct listener *out,
	struct error *e) ORBL_NODISCARD;
/* The same with sockets that the service manager has bound, of which it keeps copies; -1: there is
 * none, it is made. */
enum err listener_take(const struct endpoint *endpoint, uint16_t udp_size, int udp, int tcp,
	struct listener *out, struct error *e) ORBL_NODISCARD;
/* A socket for connections alone, which nobody shares. passed as above. */
enum err listener_take_tcp(const struct endpoint *endpoint, int passed, int *out,
	struct error *e) ORBL_NODISCARD;
/* A datagram is too long for the interface. False: it can only be left out. */
bool listener_allow_fragments(const struct listener *l);
void listener_close(struct listener *l);

#endif
