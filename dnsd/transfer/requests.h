/* requests.h - one message to the transfer process, and what is said to it.
 *
 *	TSIG -> AXFR, IXFR -> who may (peers.h) -> outgoing.h
 *	     -> NOTIFY     -> from a primary?   -> incoming.h
 *	     -> SOA        -> who may transfer -> answer.h
 *	     -> another    -> likewise, and signed, not over TLS
 *
 * So that a connection that was handed over, or a key, is no way around quotas and query keys: who
 * may have the whole zone is not limited by them. Who is refused has nothing more to ask on a
 * connection. Refusals are logged, the same one once a minute, few of all (log_limit.h).
 */
#ifndef DNSD_REQUESTS_H
#define DNSD_REQUESTS_H

#include "answer.h"
#include "incoming.h"
#include "log_limit.h"
#include "message.h"
#include "outgoing.h"
#include "transfer.h"

enum {
	REQUESTS_REPLY_MAX = ANSWER_MAX,
	REQUESTS_SCRATCH = HANDED_MAX + 1024, /* a request, or its refusal */
};

struct requests {
	const struct peers *peers;
	struct tsig_keys *keys;
	struct generations *generations;
	struct incoming *incoming; /* NULL: we are nobody's secondary */
	struct transfer_status *status;
	struct answer_config answer; /* hands nothing over */
	uint64_t expand;
	struct incoming_times now;
	struct log_limit refusals, notifies, transfers; /* of the log */
	uint8_t scratch[REQUESTS_SCRATCH];
};

struct request {
	struct endpoint client;
	enum answer_transport transport;
	bool over_tls;
	const uint8_t *packet;
	size_t len;
};

/* A reply being sent: a message, or a transfer of many. */
struct response {
	size_t len;                /* of the message; 0: none */
	bool closes;               /* the connection, after it: nothing that comes is answered */
	struct outgoing *transfer; /* NULL: none */
	struct tsig_session session;
	char zone[256];
	bool over_tls;
	struct addr client;
	size_t status; /* row */
	uint64_t messages, bytes;
	int64_t begun_ms;
};

/* What a request gets: one message in out, or a transfer to be continued. End it. */
void requests_handle(struct requests *s, const struct request *r, uint8_t *out, size_t size,
	struct response *response);
enum requests_got { REQUESTS_MESSAGE, REQUESTS_AGAIN, REQUESTS_END, REQUESTS_FAILED };
/* The next message of a transfer. END: it is done, and ended. FAILED: ended, and the connection is
 * to be closed. */
enum requests_got
requests_continue(struct requests *s, struct response *response, uint8_t *out, size_t size);
/* why: NULL, or what went wrong meanwhile. */
void requests_end(struct requests *s, struct response *response, const char *why);

#endif
