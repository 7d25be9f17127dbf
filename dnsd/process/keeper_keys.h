/* keeper_keys.h - the keeper's side of query keys: access.keys is read, compiled (keys/keys.h)
 * and given to the query process when it has changed. */
#ifndef DNSD_KEEPER_KEYS_H
#define DNSD_KEEPER_KEYS_H

#include "source.h"

struct keeper_keys {
	const char *path;   /* "": there are no keys */
	bool is_in_service; /* what was read, the last time that it could be */
	struct source_stamp stamp;
	struct error error; /* of the last try */
};

/* Puts the compiled table into service; the descriptor is lent. */
struct keeper_keys_publisher {
	enum err (*publish)(void *context, int fd, struct error *e);
	void *context;
};

/* Read the file when it has changed, when the last try has failed, or in any case (all). An error
 * leaves the keys that were in service, and is logged once. */
enum err keeper_keys_load(struct keeper_keys *k, const struct keeper_keys_publisher *publisher,
	bool all, struct error *e);

#endif
