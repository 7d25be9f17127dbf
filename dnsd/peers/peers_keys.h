/* peers_keys.h - the file of TSIG keys (transfer.keys). */
#ifndef DNSD_PEERS_KEYS_H
#define DNSD_PEERS_KEYS_H

#include <orbl/err.h>
#include <orbl/text.h>

#include "tsig.h"

/* Read the file at path into *keys, which is empty; the error names FILE:LINE and the remedy. */
enum err peers_keys_read(const char *path, struct tsig_keys *keys, struct error *e) ORBL_NODISCARD;
/* The same of its text; name is what errors call it. */
enum err peers_keys_parse(struct text text, const char *name, struct tsig_keys *keys,
	struct error *e) ORBL_NODISCARD;
void peers_keys_free(struct tsig_keys *keys);
const struct tsig_key *peers_keys_find(const struct tsig_keys *keys, const char *name);

#endif
