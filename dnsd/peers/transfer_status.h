/* transfer_status.h - what the transfer process tells of its peers, in shared memory.
 *
 * A table of a fixed number of rows, made by the keeper before it forks. The transfer process
 * writes, the keeper and the observer read copies: a row that is being written is tried again. Rows
 * are found by zone, peer and kind; when the table is full, more are not told. A transfer process
 * that was started again finds its rows as they were.
 */
#ifndef DNSD_TRANSFER_STATUS_H
#define DNSD_TRANSFER_STATUS_H

#include <stdbool.h>

#include <orbl/addr.h>

enum transfer_kind {
	TRANSFER_NOTIFY,    /* we notify the peer */
	TRANSFER_SECONDARY, /* the peer asks us for transfers */
	TRANSFER_PRIMARY,   /* we ask the peer */
};

enum transfer_state {
	TRANSFER_IDLE,
	TRANSFER_UNDER_WAY,
	TRANSFER_DONE,
	TRANSFER_FAILED,
	TRANSFER_REFUSED,
};

enum { TRANSFER_ERROR_MAX = 200 };

struct transfer_row {
	char zone[256]; /* presentation form */
	struct endpoint peer;
	enum transfer_kind kind;
	enum transfer_state state;
	uint32_t serial;                    /* the peer has or gave; 0: not known */
	int64_t last_try_s, last_success_s; /* epoch; 0: never */
	uint64_t tries, successes;
	uint8_t over_tls;               /* the last try; 0: in clear */
	char error[TRANSFER_ERROR_MAX]; /* of the last try; "" */
};

struct transfer_status;

/* Shared memory with room for so many rows, and counters. NULL: out of memory. */
struct transfer_status *transfer_status_new(size_t rows);
void transfer_status_free(struct transfer_status *s); /* NULL ok */

/* Which row it is, made when there is none; SIZE_MAX: full. port 0 for a secondary, which asks
 * from any. The writer's alone. */
size_t transfer_status_row(struct transfer_status *s, const char *zone, const struct endpoint *peer,
	enum transfer_kind kind);
/* A try begins; row SIZE_MAX does nothing, here and below. */
void transfer_status_begin(struct transfer_status *s, size_t row, bool over_tls, int64_t now_s);
void transfer_status_end(struct transfer_status *s, size_t row, enum transfer_state state,
	uint32_t serial, int64_t now_s, const char *error);

/* When the certificate of our own ends, epoch; 0: there is none. */
void transfer_status_set_expires(struct transfer_status *s, int64_t expires_s);
int64_t transfer_status_expires_s(const struct transfer_status *s);

size_t transfer_status_count(const struct transfer_status *s);
/* A consistent copy. False: behind the last, or it changes all the time. */
bool transfer_status_get(const struct transfer_status *s, size_t i, struct transfer_row *out);

const char *transfer_kind_name(enum transfer_kind kind);
const char *transfer_state_name(enum transfer_state state);

#endif
