/* tcp_clients.h - which TCP connections each client has.
 *
 * A client is an IPv4 address or an IPv6 /64, the least that a subscriber has. Connections are
 * numbers below a fixed size; each step is a hash and a walk over the connections of one client
 * (and of few others: the hash has a secret, so that nobody can choose addresses that collide).
 */
#ifndef DNSD_TCP_CLIENTS_H
#define DNSD_TCP_CLIENTS_H

#include <orbl/addr.h>

#define TCP_CLIENTS_END UINT32_MAX /* no connection */

struct tcp_clients;

struct tcp_clients *tcp_clients_new(size_t connections); /* NULL: out of memory */
void tcp_clients_free(struct tcp_clients *c);            /* NULL ok */

void tcp_clients_add(struct tcp_clients *c, uint32_t i, const struct addr *address);
void tcp_clients_remove(struct tcp_clients *c, uint32_t i); /* that was added */
/* The connections of the client who has this address, the last added first. */
uint32_t tcp_clients_first(const struct tcp_clients *c, const struct addr *address);
uint32_t tcp_clients_next(const struct tcp_clients *c, uint32_t i);

#endif
