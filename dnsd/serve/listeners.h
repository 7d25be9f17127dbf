/* listeners.h - the sockets of all workers, opened before there are any: while we may. */
#ifndef DNSD_LISTENERS_H
#define DNSD_LISTENERS_H

#include "activation.h"
#include "listener.h"
#include "server.h"

struct listeners;

/* A socket of the service manager's is taken where there is one for the address; of several, each
 * worker takes another. On error *out is NULL. */
enum err listeners_open(const struct server_options *options, struct activation *passed,
	struct listeners **out, struct error *e) ORBL_NODISCARD;
void listeners_close(struct listeners *l); /* NULL ok */
/* Those of a worker, as many as there are endpoints. Lent. */
const struct listener *listeners_of(const struct listeners *l, size_t worker);
/* Those of transfer.tls_listen, which are no worker's. Lent. */
const int *listeners_tls(const struct listeners *l, size_t *count);
/* All descriptors of workers, to be kept by a process that closes the others. Returns how many; out
 * has room for 2 * workers * endpoints. */
size_t listeners_list(const struct listeners *l, int *out);

#endif
