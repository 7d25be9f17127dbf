/* incoming_parts.h - what a struct incoming is made of.
 *
 *	incoming.c          all zones, and the loop
 *	incoming_zone.c     one zone: whom to ask, what comes of it, when to ask again
 *	incoming_session.c  one talk with a primary: sockets, signatures, deadlines
 */
#ifndef DNSD_INCOMING_PARTS_H
#define DNSD_INCOMING_PARTS_H

#include <orbl/err.h>

#include "incoming.h"
#include "incoming_stream.h"
#include "tls_stream.h"

enum {
	INCOMING_FRAME_MAX = 2 + 65535,
	INCOMING_QUERY_MAX = 1024,     /* with its signature */
	INCOMING_TURN_BYTES = 1 << 20, /* read of a connection before others have their turn */
};

enum {
	INCOMING_NEVER = -1,
	INCOMING_NOTIFY_GAP_MS = 500, /* between two questions, however many tell us to ask */
};

enum incoming_phase {
	INCOMING_IDLE,
	INCOMING_UDP,
	INCOMING_CONNECTING,
	INCOMING_SHAKING, /* hands, over TLS */
	INCOMING_SENDING,
	INCOMING_READING,
};

enum incoming_purpose { INCOMING_ASK, INCOMING_FETCH };

/* How a talk ended. */
enum incoming_end {
	INCOMING_END_NOT_YET,
	INCOMING_END_SERIAL, /* its serial is known */
	INCOMING_END_STREAM, /* a transfer came to its end: `result` */
	INCOMING_END_FAILED,
};

struct incoming_session {
	enum incoming_phase phase;
	enum incoming_purpose purpose;
	struct tls_stream connection; /* its fd -1: none */
	const struct tls_context *tls;
	struct peer peer;
	const uint8_t *origin; /* of the zone; kept */
	size_t origin_len;
	uint16_t id;
	unsigned tries;
	bool was_connected;
	bool was_mute; /* over UDP */
	struct tsig_session tsig;
	int64_t started_ms, idle_ms; /* idle_ms: when to give up, or to ask again */
	int64_t rate_ms;             /* when the bytes are to be counted */
	size_t rate_bytes;           /* since they were */
	size_t out_len, out_at, in_len;
	uint8_t out[2 + INCOMING_QUERY_MAX];
	uint8_t *in; /* INCOMING_FRAME_MAX, while there is a connection or question */
	uint32_t serial;
	struct incoming_stream *stream; /* of INCOMING_FETCH */
	enum incoming_stream_result result;
	struct error error;
};

/* Ask for the SOA. On false the error says why. */
bool incoming_session_ask(struct incoming_session *s, const struct addr *source,
	const struct incoming_times *now);
/* Transfer, as the stream says (its type, and what it has to know of our version). */
bool incoming_session_fetch(struct incoming_session *s, const struct addr *source,
	const struct incoming_times *now);
void incoming_session_close(struct incoming_session *s);
short incoming_session_events(const struct incoming_session *s);
/* When it wants to be served though nothing comes. */
int64_t incoming_session_deadline(const struct incoming_session *s);
enum incoming_end incoming_session_serve(struct incoming_session *s, const struct addr *source,
	short events, const struct incoming_times *now);

struct secondary {
	struct incoming_zone given;
	uint8_t origin[WIRE_NAME_MAX];
	size_t origin_len, primary_count;

	const struct snapshot *snapshot; /* in service; NULL: none */
	uint32_t serial;
	int64_t refresh_s, retry_s, expire_s;
	int64_t heard_s, expires_s;  /* of a primary; of the zone, as the file has it */
	struct zone_import *records; /* of serial; NULL: none at hand */
	bool may_read;               /* they have not been looked for in the snapshot yet */

	size_t primary;      /* which one is asked */
	size_t failed;       /* primaries in this round */
	unsigned rounds;     /* without success */
	bool wants_whole;    /* AXFR, as IXFR failed */
	bool has_warned;     /* of A records outside 127.0.0.0/8 */
	bool waits_for_turn; /* to fetch */
	bool waits_for_keeper, asks_again;
	int64_t due_ms; /* the next question, or what it waits for is given up; NEVER */
	int64_t asked_ms;
	size_t row; /* of transfer_status */
	struct error told;
	struct incoming_session session;
};

struct incoming {
	struct incoming_options options;
	size_t count, fetches;
	bool has_begun;
	struct secondary *zones;
	struct secondary *polled[INCOMING_POLLS_MAX];
};

/* --- incoming_zone.c --- */

void incoming_zone_ask(struct incoming *in, struct secondary *z, const struct incoming_times *now);
void
incoming_zone_fetch(struct incoming *in, struct secondary *z, const struct incoming_times *now);
/* Its session is ready, or too late. */
void incoming_zone_serve(struct incoming *in, struct secondary *z, short events,
	const struct incoming_times *now);
/* Nothing to do for so long. */
void incoming_zone_rest(struct secondary *z, int64_t ms, const struct incoming_times *now);
/* A tenth less at most, so that zones and servers do not ask in step. */
int64_t incoming_zone_jitter(int64_t ms);
int64_t incoming_zone_retry_ms(const struct secondary *z);
/* SOAs with an expire time that no refresh would ever meet are not believed. */
int64_t incoming_zone_expire(int64_t refresh_s, int64_t retry_s, int64_t expire_s);
void incoming_zone_drop(struct secondary *z); /* the records */
void incoming_zone_free_stream(struct secondary *z);

#endif
