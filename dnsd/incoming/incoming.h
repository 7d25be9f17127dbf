/* incoming.h - the zones of which we are secondary: asked for, fetched, kept fresh.
 *
 *	start, refresh, NOTIFY -> SOA over UDP (TCP on TC, or when there is no reply)
 *	  (all of it over TLS, RFC 9103, from primaries with tls)
 *	  -> newer? -> IXFR or AXFR over TCP
 *	  -> records (incoming_stream.h) -> snapshot (zone_import.h) -> deliver
 *	  -> the keeper stores FILE (received.h) -> TAKE -> incoming_take
 *
 * One struct for all zones, driven by poll; it waits for nothing and opens no file. A zone asks one
 * primary at a time, in the order of transfer.primaries; after the last one that failed it waits
 * for the SOA's retry. One primary has three quarters of the places at most, to ask and to fetch,
 * so that a slow one does not hold up the others. IXFR is asked for when the records are at hand:
 * they are kept from the last transfer, or read back from FILE; whatever goes wrong with an IXFR is
 * tried again as AXFR. Each failure is one line in the log, not repeated while it stays the same,
 * and changes nothing in what is served.
 *
 * A transfer in is bounded in bytes, records, memory and time (enum below). A primary whose serial
 * is older than ours (RFC 1982) is refused.
 *
 * Expiry (RFC 1035 section 3.3.13) counts from when a primary was last heard, over restarts. It is
 * in FILE, as the time the zone expires, where all processes see it. When a primary is heard and
 * has nothing new, that moves on; not to write at each refresh, it is renewed only when it has
 * fallen behind by a sixteenth of the expire time, by FILE.delta, a delta that changes nothing
 * else: some hundred bytes. So a zone may expire by that much too early, never too late.
 */
#ifndef DNSD_INCOMING_H
#define DNSD_INCOMING_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/snapshot.h>

#include "peers.h"
#include "tls_context.h"
#include "transfer_status.h"

struct incoming;

enum {
	INCOMING_POLLS_MAX = 64,  /* zones that talk to a primary at a time */
	INCOMING_FETCHES_MAX = 4, /* ... of which so many fetch */
	INCOMING_UDP_TRIES = 3,
	INCOMING_UDP_WAIT_MS = 3000, /* for the reply to each */
	INCOMING_CONNECT_MS = 10000,
	INCOMING_IDLE_MS = 30000,    /* without a byte */
	INCOMING_TOTAL_MS = 3600000, /* of a transfer */
	INCOMING_GRACE_MS = 60000,   /* of it, and then in each so many ms so many bytes come */
	INCOMING_RATE_MS = 30000,
	INCOMING_RATE_BYTES = 4096,
	INCOMING_RETRY_MS = 2000, /* of a zone that has no data yet; doubles to an hour */
	INCOMING_RETRY_MAX_MS = 3600000,
	INCOMING_TIMER_MIN_S = 1, /* of refresh and retry, whatever the SOA says */
	/* More than refresh and retry, when the SOA's expire is less than these. */
	INCOMING_EXPIRE_MORE_S = 800,
};

/* What an IXFR or AXFR may cost us. */
#define INCOMING_OCTETS_MAX  (UINT64_C(4) << 30)
#define INCOMING_RECORDS_MAX ((size_t)50 * 1000 * 1000)
#define INCOMING_BYTES_MAX   ((size_t)1 << 30)

struct incoming_times {
	int64_t ms; /* of clock_monotonic_ms */
	int64_t s;  /* epoch */
};

struct incoming_zone {
	const char *origin; /* presentation form; kept */
	uint32_t index;     /* of the zone given, for struct message */
};

struct incoming_options {
	size_t zone_count; /* those with a source of kind FEED_TRANSFER */
	const struct incoming_zone *zones;
	const struct peers *peers;
	const struct tls_context *tls;  /* for primaries with tls; NULL: there are none */
	struct addr source;             /* to ask from; family 0: the system's choice */
	struct transfer_status *status; /* NULL: not told */
	/* A sealed memfd, of a whole snapshot or of a delta of the one taken last, for
	 * MESSAGE_RECEIVED; the callee closes it. False: try again later. */
	bool (*deliver)(void *context, uint32_t index, int fd);
	void *context;
};

/* Copies zones, keeps what they and options point to. The first questions are asked by the first
 * incoming_serve after incoming_begin. A zone without primaries is an error. */
enum err incoming_new(const struct incoming_options *o, struct incoming **out,
	struct error *e) ORBL_NODISCARD;
void incoming_free(struct incoming *in); /* NULL ok */

/* A TAKE of the zone's source: this is in service now. Borrowed until the next one. */
void incoming_take(struct incoming *in, uint32_t index, const struct snapshot *snapshot,
	const struct snapshot *delta, const struct incoming_times *now);
/* The keeper could not store or serve what was delivered (TAKEN with an error). */
void incoming_rejected(struct incoming *in, uint32_t index, const char *why,
	const struct incoming_times *now);
/* All that there is on disk was taken: ask. */
void incoming_begin(struct incoming *in, const struct incoming_times *now);

/* A NOTIFY came from a primary (peers_is_primary was asked before). False: not a zone of ours.
 * serial is the one it told, if has_serial. */
bool incoming_notified(struct incoming *in, const char *origin, const struct addr *from,
	bool has_serial, uint32_t serial, const struct incoming_times *now);
/* MESSAGE_FETCH. */
void incoming_fetch(struct incoming *in, uint32_t index, const struct incoming_times *now);

/* Fill at most INCOMING_POLLS_MAX; returns how many. */
size_t incoming_prepare(struct incoming *in, struct pollfd polls[INCOMING_POLLS_MAX]);
/* How long poll may wait for our sake; -1: forever. */
int incoming_wait_ms(const struct incoming *in, const struct incoming_times *now);
/* Those that prepare filled, and what the clock says. */
void incoming_serve(struct incoming *in, const struct pollfd *polls, size_t count,
	const struct incoming_times *now);

#endif
