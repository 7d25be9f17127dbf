/* activation.h - sockets that a service manager has bound for us (sd_listen_fds(3)).
 *
 * With its sockets we need no right to bind them, and queries that come while we are started again
 * wait in them.
 */
#ifndef DNSD_ACTIVATION_H
#define DNSD_ACTIVATION_H

#include <stddef.h>

#include <orbl/addr.h>
#include <orbl/err.h>

struct activation;

/* What there is in the environment, which forgets it. An error: what was passed is not a UDP or TCP
 * socket, or one that is not to be answered on (endpoints). Free with activation_free in any case.
 */
enum err activation_read(const struct endpoint *endpoints, size_t count, struct activation **out,
	struct error *e) ORBL_NODISCARD;
/* Closes the sockets, of which who needs them has copies (listener_take). NULL ok. */
void activation_free(struct activation *a);

/* Sockets bound to this address; type is SOCK_DGRAM or SOCK_STREAM. */
size_t activation_count(const struct activation *a, const struct endpoint *endpoint, int type);
int activation_get(const struct activation *a, const struct endpoint *endpoint, int type,
	size_t i); /* i < count */

#endif
