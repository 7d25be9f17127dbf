/* stats.h - what is counted, in memory that all processes of orbl-dnsd share.
 *
 *	keeper         makes it before it forks; names the zones, describes them
 *	each worker    adds to its own struct stats_worker: a row a zone, and what has no zone
 *	anybody        reads: the keeper for status and statistics file, the observer for metrics
 *
 * Each counter has one writer and is a word of its own, written whole: counting is an addition
 * without a lock, and nothing that two threads write shares a cache line. A reader may see one
 * counter newer than another one. A zone keeps its row for ever, so that its counters only grow.
 * What is read is checked against the bounds of the mapping: a process that was taken over can
 * make counters wrong, and nothing else.
 */
#ifndef DNSD_STATS_H
#define DNSD_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone.h"

enum {
	STATS_TRANSPORTS = 2, /* enum answer_transport */
	STATS_ZONES = 4096,   /* rows that are enough for anybody; a row takes memory when used */
	STATS_LATENCY_BUCKETS = 22, /* up to 1, 2, 4 ... 2^20 microseconds; the last one: longer */
	STATS_NO_ZONE = 0,          /* the row of queries for none of ours, or beyond the rows */
};

/* Each reply is of one class. */
enum stats_reply {
	STATS_REPLY_ANSWER, /* NOERROR with answers, or with TC */
	STATS_REPLY_NODATA, /* NOERROR without */
	STATS_REPLY_NXDOMAIN,
	STATS_REPLY_REFUSED,
	STATS_REPLY_SERVFAIL,
	STATS_REPLY_FORMERR,
	STATS_REPLY_NOTIMP,
	STATS_REPLY_OTHER, /* BADVERS, BADCOOKIE */
	STATS_REPLIES,
};

/* Of a zone, all since the start. A query is replied to, dropped or handed over. */
struct stats_row {
	_Alignas(64) uint64_t replies[STATS_TRANSPORTS][STATS_REPLIES];
	uint64_t truncated[STATS_TRANSPORTS]; /* of replies: those with TC */
	/* Queries that get no reply: replies themselves, refuse, by the ACL, by the rate limit. */
	uint64_t dropped[STATS_TRANSPORTS], dropped_bytes[STATS_TRANSPORTS];
	uint64_t handed_over[STATS_TRANSPORTS]; /* to the transfer process */
	/* Of messages; over TCP without the lengths before them. */
	uint64_t bytes_in[STATS_TRANSPORTS], bytes_out[STATS_TRANSPORTS];
};

/* What has no zone. */
struct stats_common {
	uint64_t unsent;        /* of replies: those the system did not take */
	uint64_t handover_lost; /* of those handed over: the transfer process did not take them */
	uint64_t observed, observations_lost; /* samples for query log and dnstap */
	uint64_t tcp_accepted;
	uint64_t tcp_idle;    /* of them: closed by the idle limit */
	uint64_t tcp_evicted; /* of them: closed to make room in the table or for a descriptor */
	uint64_t tcp_refused; /* of them: closed because their client has too many */
	uint64_t tcp_open;    /* now */
};

/* From the receipt of a batch of datagrams, or of what a connection sent, to the end of sending;
 * counted for each query of it. */
struct stats_latency {
	uint64_t buckets[STATS_LATENCY_BUCKETS];
	uint64_t sum_ns;
};

/* Of a worker. Written by it alone. */
struct stats_worker {
	_Alignas(64) struct stats_common common;
	struct stats_latency latency[STATS_TRANSPORTS];
	struct stats_row rows[]; /* as many as stats_rows says */
};

struct stats;

/* Before the fork; zones (STATS_ZONES is enough): rows besides STATS_NO_ZONE. NULL: out of memory.
 */
struct stats *stats_new(size_t workers, size_t zones);
void stats_free(struct stats *s); /* unmaps; NULL ok */

struct stats_worker *stats_worker(const struct stats *s, size_t worker);
size_t stats_workers(const struct stats *s);
size_t stats_rows(const struct stats *s); /* that have a name, and STATS_NO_ZONE */

/* --- counting: the worker alone ------------------------------------------- */

static inline void
stats_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void
stats_set(uint64_t *gauge, uint64_t n)
{
	__atomic_store_n(gauge, n, __ATOMIC_RELAXED);
}

/* NOERROR without AA is no answer of ours: the upper bits of the RCODE are in OPT, RFC 6891
 * section 6.1.3. */
static inline enum stats_reply
stats_classify(const uint8_t *header)
{
	/* By RCODE, RFC 1035 section 4.1.1; those above are OTHER. */
	static const uint8_t classes[16] = {STATS_REPLY_ANSWER, STATS_REPLY_FORMERR,
		STATS_REPLY_SERVFAIL, STATS_REPLY_NXDOMAIN, STATS_REPLY_NOTIMP, STATS_REPLY_REFUSED,
		STATS_REPLY_OTHER, STATS_REPLY_OTHER, STATS_REPLY_OTHER, STATS_REPLY_OTHER,
		STATS_REPLY_OTHER, STATS_REPLY_OTHER, STATS_REPLY_OTHER, STATS_REPLY_OTHER,
		STATS_REPLY_OTHER, STATS_REPLY_OTHER};
	unsigned rcode = header[3] & 0x0f;
	bool authoritative = header[2] & 0x04, truncated = header[2] & 0x02;

	if (rcode != 0)
		return classes[rcode];
	if (!authoritative && !truncated)
		return STATS_REPLY_OTHER;
	return truncated || (header[6] | header[7]) != 0 ? STATS_REPLY_ANSWER : STATS_REPLY_NODATA;
}

/* A query of in bytes for zone (NULL: none of ours) got this reply of out bytes; 0: none. */
static inline void
stats_count(struct stats_worker *w, const struct zone *zone, unsigned transport,
	const uint8_t *reply, size_t in, size_t out)
{
	struct stats_row *r = &w->rows[zone != NULL ? (size_t)zone->stats_row : STATS_NO_ZONE];

	stats_add(&r->bytes_in[transport], in);
	if (out == 0) {
		stats_add(&r->dropped[transport], 1);
		stats_add(&r->dropped_bytes[transport], in);
		return;
	}
	stats_add(&r->bytes_out[transport], out);
	stats_add(&r->replies[transport][stats_classify(reply)], 1);
	if (reply[2] & 0x02)
		stats_add(&r->truncated[transport], 1);
}

void stats_count_handed_over(struct stats_worker *w, const struct zone *zone, unsigned transport,
	size_t in);
/* So many queries were answered from one reading of the clock to the other. */
void stats_count_latency(struct stats_worker *w, unsigned transport, uint64_t queries,
	int64_t from_ns, int64_t to_ns);

/* --- zones ------------------------------------------------------------------ */

/* What the keeper says of a zone. */
struct stats_zone {
	char name[WIRE_NAME_TEXT]; /* presentation form */
	uint8_t origin_len;        /* of the wire name */
	bool is_served;            /* is in the set of zones: else there was once such a zone */
	bool is_ready;
	bool has_failed; /* the last load of a source; what was before is in service */
	uint32_t serial;
	int64_t created_s, stale_s; /* of struct zone; stale_s 0: never */
	uint64_t entries;
	uint64_t skipped; /* lines of its files that are not used */
};

enum stats_state { STATS_SERVING, STATS_OLD_DATA, STATS_TOO_OLD, STATS_NOT_READY };

/* Give each zone of the set its row, before the set is published. The keeper's: zones that have
 * none get one. */
void stats_register(struct stats *s, struct zone_set *zones);
/* The same in any other process; zones that the keeper has not registered have STATS_NO_ZONE. */
void stats_find_rows(const struct stats *s, struct zone_set *zones);
/* The set is in service: what to say of its zones. The keeper's, at each set; has_failed as told
 * before (stats_tell_load). */
void stats_describe(struct stats *s, const struct zone_set *zones);
/* The last load of a source of this zone has failed, or not any more; origin as configured, "" all.
 * Zones below it count. So many lines of the zone's own sources were skipped. */
void stats_tell_load(struct stats *s, const char *origin, bool has_failed, uint64_t skipped);

/* False: there is no such row, or it is STATS_NO_ZONE. */
bool stats_zone(const struct stats *s, size_t row, struct stats_zone *out);
enum stats_state stats_zone_state(const struct stats_zone *z, int64_t now_s);
const char *stats_state_name(enum stats_state state);

/* --- reading: anybody -------------------------------------------------------- */

/* Sums over the workers. */
void stats_sum_row(const struct stats *s, size_t row, struct stats_row *out);
void stats_sum_rows(const struct stats *s, struct stats_row *out); /* of all rows */
void stats_sum_common(const struct stats *s, struct stats_common *out);
void stats_sum_latency(const struct stats *s, unsigned transport, struct stats_latency *out);
/* Queries of a transport that the row has counted. */
uint64_t stats_row_queries(const struct stats_row *r, unsigned transport);
/* The bound of a bucket in microseconds; 0: none (the last one). */
uint64_t stats_latency_bound_us(size_t bucket);
/* So many percent of the queries took no longer, in microseconds; 0: there were none. */
uint64_t stats_latency_percentile_us(const struct stats_latency *l, unsigned percent);
const char *stats_reply_name(enum stats_reply reply);  /* "answer", "nxdomain" */
const char *stats_reply_rcode(enum stats_reply reply); /* "NOERROR", "NXDOMAIN", "other" */

#endif
