/* keys.h - the table of query keys (orbl/query_key.h) that answers look up.
 *
 *	access.keys --key_table_compile--> sealed memfd --key_table_open_fd--> struct key_table
 *	 (keeper)                                 (query process; zone sets hold it)
 *
 * The image has the hashes sorted, and for each its owner, quota, state and zones. Opened, it has
 * beside the image a row of counters for each worker, which that worker alone writes, and a byte a
 * key, which the main thread writes once a second at most: is its quota of today used up
 * (gate.h)? A table is never changed: a new one takes its place, with the counts of today.
 */
#ifndef DNSD_KEYS_H
#define DNSD_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/query_key.h>

#include "query.h"

enum { KEY_NONE = 0 }; /* else slot + 1 */

enum key_verdict {
	KEY_GOOD,
	KEY_UNKNOWN,
	KEY_REVOKED,
	KEY_ELSEWHERE, /* not for this zone */
	KEY_OVER,      /* its quota is used up */
	KEY_UNREAD,    /* nobody knows: there is no table yet (zone_set_await_keys) */
};

struct key_table;

/* Compile the bytes of an access.keys file. The error names FILE:LINE and the remedy. *fd is a
 * sealed memfd, the caller's; -1 after an error. */
enum err
key_table_compile(struct text bytes, const char *path, int *fd, struct error *e) ORBL_NODISCARD;
/* The same of a file. */
enum err key_table_load(const char *path, int *fd, struct error *e) ORBL_NODISCARD;

/* Checks the image as if it came from outside. The descriptor stays the caller's and may be closed.
 * workers may be 0. default_quota: of keys without one, 0: no bound. The caller holds the table
 * once. */
enum err key_table_open_fd(int fd, size_t workers, uint64_t default_quota, struct key_table **out,
	struct error *e) ORBL_NODISCARD;
/* A zone set holds its table as long as it lives. Main thread only, as is the release. */
struct key_table *key_table_hold(struct key_table *t); /* NULL ok */
void key_table_release(struct key_table *t);           /* NULL ok */
/* What was counted today goes on counting in the new table (gates_sum, before it is in service). */
void key_table_inherit(struct key_table *t, const struct key_table *from);

size_t key_table_count(const struct key_table *t); /* of NULL: 0 */

/* Of a label that is a key by its form, asked for in a zone of this origin (lower case). *slot is
 * KEY_NONE for an unknown one. Any thread. */
enum key_verdict key_table_find(const struct key_table *t, const uint8_t *label,
	const uint8_t *origin, size_t origin_len, uint32_t *slot);
/* May this label, with its length before it, be a key? */
bool key_table_is_key(const uint8_t *label);

/* --- counting: slots as key_table_find gives them ------------------------------------------- */

/* A query with this key at this worker. */
void key_table_use(struct key_table *t, size_t worker, uint32_t slot);

struct key_use {
	struct text owner; /* lent */
	uint8_t hash[QUERY_KEY_HASH];
	uint64_t quota; /* 0: no bound */
	uint64_t today;
	bool is_over, is_revoked;
};

/* Main thread. Sum up: set what is over; at another day (since the epoch) begin anew. */
void key_table_sum(struct key_table *t, int64_t day);
void key_table_use_of(const struct key_table *t, size_t i, struct key_use *out); /* i < count */
/* Is this level news today? Then it is kept. */
bool key_table_tell(struct key_table *t, size_t i, uint8_t level);

#endif
