/* outgoing.h - one transfer to a secondary: AXFR (RFC 5936) or IXFR (RFC 1995), message by message.
 *
 *	outgoing_begin -> outgoing_next, outgoing_next, ... -> outgoing_free
 *
 * Differences of two versions are found while they are sent: there is no journal. Whether the
 * client may have the zone is the caller's to know; so is TSIG.
 */
#ifndef DNSD_OUTGOING_H
#define DNSD_OUTGOING_H

#include "generations.h"
#include "query.h"

struct outgoing;

enum {
	OUTGOING_MESSAGE_MAX = 16384, /* pointers reach that far; no message is longer, whatever the
	                               * room, but for one with a single record that is */
};

enum outgoing_kind {
	OUTGOING_AXFR, /* all of it, also in reply to IXFR */
	OUTGOING_IXFR,
	OUTGOING_SOA, /* the SOA alone: the client is up to date, or is to come by TCP */
};

/* The serial that an IXFR query's SOA says. False: there is none, so it is FORMERR. */
bool
outgoing_client_serial(const uint8_t *packet, size_t len, const struct query *q, uint32_t *serial);

/* For a query of type AXFR or IXFR whose name is a zone's origin; q is copied, what it borrows is
 * not needed after this. serial: of the client, NULL for AXFR. is_udp: only IXFR, one message.
 * expand: transfer.expand. Holds what it needs of generations.
 * Errors: ERR_NOT_FOUND no such zone of its own (NOTAUTH); ERR_REFUSED the zone can not be said in
 * records (REFUSED; log it); ERR_TIMEOUT not ready, or stale (SERVFAIL); ERR_MEMORY (SERVFAIL). */
struct outgoing_request {
	const struct query *query;
	const uint32_t *serial;
	bool is_udp;
	uint64_t expand;
	int64_t now_s;
};
enum err outgoing_begin(struct generations *g, const struct outgoing_request *request,
	struct outgoing **out, struct error *e) ORBL_NODISCARD;
void outgoing_free(struct outgoing *o); /* NULL ok */

enum outgoing_got {
	OUTGOING_MESSAGE,
	OUTGOING_AGAIN,  /* none yet: call again after others had their turn */
	OUTGOING_END,    /* all were sent */
	OUTGOING_FAILED, /* size has no room for a record: close the connection */
};
/* The next message, of at most size bytes: leave out of size what TSIG needs. Bounded work. OPT is
 * in the first message if the query had it. Over UDP one message, then END: size is what the
 * client takes. */
enum outgoing_got outgoing_next(struct outgoing *o, uint8_t *buffer, size_t size, size_t *len);

/* For logs and status; kind may change from IXFR to AXFR until the first message. */
enum outgoing_kind outgoing_kind(const struct outgoing *o);
uint32_t outgoing_serial(const struct outgoing *o);  /* of the newest version */
uint64_t outgoing_records(const struct outgoing *o); /* sent so far, SOAs too */

#endif
