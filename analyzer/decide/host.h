/* host.h - the one way to change a host's state (host_state.h): as part of what happens to it.
 *
 * Called inside the transaction that queues, starts or ends a probe, takes a request, or carries
 * an operator's order out. When the table refuses, what was to happen must not.
 *
 * The state is that of an address. How often it relapsed, and when it was listed and removed, is
 * that of the network that is listed for it, an IPv6 /64, and kept in the record of this network's
 * first address: who has one address of it has them all, and would not relapse with any of them.
 */
#ifndef ANALYZER_HOST_H
#define ANALYZER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/store_host.h>

#include "host_state.h"

struct host_news {
	struct addr host;
	enum host_event_kind kind;
	int64_t now_s;
	int64_t relapse_window_s; /* FOUND_OPEN, OPERATOR_LISTS; else any */
	struct addr network;      /* the first address of what is listed for the host (list_prefix);
	                           * FOUND_*, OPERATOR_LISTS; family 0: the host itself */
};

struct host_changed {
	enum host_state before;
	struct store_host now;
};

/* ERR_REFUSED with "192.0.2.1 is locked by an operator" when it may not be; then nothing changed,
 * and now is as it was. out may be NULL. HOST_UNLOCK becomes UNLOCK_LISTED by itself. */
enum err host_event(struct store *s, const struct host_news *news, struct host_changed *out,
	struct error *e) ORBL_NODISCARD;
/* The same where a refusal is no trouble: it is OK, and *refused (NULL ok) tells of it. */
enum err host_event_if_may(struct store *s, const struct host_news *news, struct host_changed *out,
	bool *refused, struct error *e) ORBL_NODISCARD;

/* What is known of a host: its state, and the relapses of its network. */
enum err host_look(struct store *s, const struct addr *host, const struct addr *network,
	struct store_host *out, struct error *e) ORBL_NODISCARD;
/* Pure: the record after the event, which the table must allow. */
struct store_host host_after(const struct store_host *h, const struct host_news *news);
/* Is it locked? */
enum err host_is_locked(struct store *s, const struct addr *host, bool *locked,
	struct error *e) ORBL_NODISCARD;

#endif
