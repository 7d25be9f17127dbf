/* message.h - what the processes of orbl-dnsd tell each other, over channels (channel.h).
 *
 *	keeper ---- TAKE, KEYS, START ----> query process        (process/keeper.h)
 *	       <--- TAKEN ----------------         one for each
 *	keeper -- TAKE, OLDER, START, FETCH, TLS -> transfer process  (transfer/transfer.h)
 *	       <--- TAKEN, RECEIVED -------
 *	query process -- struct handed ---> transfer process     on two channels
 *	query process -- observations ----> observer             (observe/observer.h)
 *
 * Fixed layouts between processes of one program; what crosses is checked as if it came from
 * outside.
 */
#ifndef DNSD_MESSAGE_H
#define DNSD_MESSAGE_H

#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>

enum message_kind {
	MESSAGE_TAKE = 1, /* data of a source: descriptors of its snapshot and delta */
	MESSAGE_TAKEN,    /* the reply: it is in service, or why it is not */
	/* An older version of what was taken: its base alone, or with has_snapshot what the
	 * descriptor has, a whole snapshot or a delta of one that is there; text is the file's
	 * name. TAKEN replies, OK whatever it is. */
	MESSAGE_OLDER,
	MESSAGE_KEYS,     /* the table of query keys: its descriptor (keys/keys.h); TAKEN replies */
	MESSAGE_START,    /* everything that can be loaded is: answer */
	MESSAGE_RECEIVED, /* a zone from a primary: descriptor of a sealed snapshot; TAKEN replies
	                   */
	MESSAGE_FETCH,    /* ask the primaries of zones[index] now, whatever their timers say */
	MESSAGE_LOG,      /* to the observer: descriptor of the query log, opened anew */
	MESSAGE_TAP,      /* to the observer: descriptor of a dnstap connection */
	MESSAGE_TAP_WANTED, /* from the observer: it has no such connection */
	MESSAGE_TLS,        /* another certificate: its descriptor (tls/tls_files.h) */
};

struct message {
	uint32_t kind;
	uint32_t index; /* TAKE, OLDER: source of the zone table; RECEIVED, FETCH: zone given */
	uint32_t code;  /* TAKEN: enum err */
	uint32_t has_snapshot, has_delta; /* TAKE, OLDER */
	/* TAKE: it is the one of the TAKE before of this source, and need not be opened anew. Its
	 * descriptor comes all the same. */
	uint32_t same_snapshot;
	char text[400]; /* TAKEN: the error, "": OK; OLDER: a name */
};

enum { HANDED_MAX = 4096 }; /* bytes of a datagram, or that a connection had sent */

/* By enum answer_transport: connections have a channel of their own, which no flood of datagrams
 * fills. */
enum { HANDED_CHANNELS = 2 };

/* A datagram, or a TCP connection (its descriptor comes along), for the transfer process. */
struct handed {
	uint32_t is_tcp;
	uint32_t endpoint; /* which of server_options it came to */
	struct endpoint client;
	struct addr local; /* address it was sent to, to answer from; family 0: not told */
	uint32_t len;      /* of TCP: frames not answered, the first one whole */
	uint8_t bytes[HANDED_MAX];
};

#endif
