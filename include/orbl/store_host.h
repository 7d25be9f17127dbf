/* store_host.h - what each host has been through: its state, and how often it relapsed. */
#ifndef ORBL_STORE_HOST_H
#define ORBL_STORE_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

struct store_host {
	struct addr host;
	unsigned state;  /* enum host_state */
	int64_t since_s; /* in this state; 0: it is not known */
	/* of the network of which it is the first address, or of itself (analyzer/decide/host.h) */
	unsigned relapses; /* listed as a relay again, soon after it was removed */
	int64_t listed_s;  /* as a relay, the last time; 0: never */
	int64_t removed_s; /* as a relay, by a test, the last time; 0: never */
};

/* All 0 but the host when it is not known. */
enum err store_host_get(struct store *s, const struct addr *host, struct store_host *out,
	struct error *e) ORBL_NODISCARD;
enum err
store_host_put(struct store *s, const struct store_host *h, struct error *e) ORBL_NODISCARD;
/* Forget at most max of those that are in one of the states (mask of 1 << state) since a time
 * before before_s, were neither listed nor removed since, and have no evidence, no listing and no
 * probe that is to come. */
enum err store_host_prune(struct store *s, uint32_t states, int64_t before_s, size_t max,
	struct error *e) ORBL_NODISCARD;

#endif
