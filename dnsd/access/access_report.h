/* access_report.h - who used how much today: for `orbl dnsd stats` and the metrics.
 *
 * In anonymous memory that the keeper maps before it forks. The query process's main thread writes
 * it once a second, whole (gates_sum); anybody reads, and never waits for the writer long.
 */
#ifndef DNSD_ACCESS_REPORT_H
#define DNSD_ACCESS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

enum { ACCESS_TOP = 20, ACCESS_NAME = 72 };

/* A client (its prefix) or a key (its owner, never the key). */
struct access_row {
	char name[ACCESS_NAME];
	uint64_t today, quota; /* queries; quota 0: no bound */
	uint32_t is_key, is_over;
};

/* Sums over the workers; all but today's since the start. */
struct access_report {
	int64_t day; /* since the epoch, UTC; 0: nothing was counted yet */
	uint64_t clients, clients_over, keys, keys_over; /* today; keys: that were used */
	uint64_t uncounted;                 /* queries of clients for which there was no room */
	uint64_t refused_over, refused_key; /* over quota; unknown, revoked or missing key */
	uint64_t limited, dropped;          /* by rate: sent with TC; not replied to */
	uint64_t client_count, key_count;   /* rows that are there */
	struct access_row client_top[ACCESS_TOP], key_top[ACCESS_TOP]; /* the heaviest first */
};

struct access_shared;

/* NULL: no memory. */
struct access_shared *access_shared_new(void);
void access_shared_free(struct access_shared *s); /* unmaps; NULL ok */
/* One writer. */
void access_shared_write(struct access_shared *s, const struct access_report *report);
/* False: it was being written each time it was tried; or s is NULL. */
bool access_shared_read(const struct access_shared *s, struct access_report *out);

#endif
