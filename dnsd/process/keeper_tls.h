/* keeper_tls.h - the keeper's side of transfer.tls_listen: certificate and key are read when their
 * files have changed (tls/tls_files.h), for the transfer process. */
#ifndef DNSD_KEEPER_TLS_H
#define DNSD_KEEPER_TLS_H

#include "source.h"

struct keeper_tls {
	const char *certificate, *key; /* files; certificate "": there is none */
	int fd;                        /* of what was read last; -1: nothing */
	struct source_stamp stamps[2];
	struct error error; /* of the last try */
	int64_t warned_s;   /* of its end */
};

/* Read them when they have changed, or when the last try has failed. is_new: fd is another one. An
 * error leaves what was read before, and is logged once. */
enum err keeper_tls_load(struct keeper_tls *t, bool *is_new, struct error *e) ORBL_NODISCARD;
/* Log once a day that the certificate ends soon. */
void keeper_tls_warn(struct keeper_tls *t, int64_t expires_s, int64_t now_s);
void keeper_tls_close(struct keeper_tls *t);

#endif
