/* syslog_receiver.h - logs that come as syslog messages, over UDP, TCP and TLS.
 *
 *	socket -> whose address is it? -> reader of that sender -> submission "syslog:ADDRESS"
 *
 * Who may send is who is known: a reporter's syslog_from says which addresses are its own, and
 * what comes from others is dropped, connections before a byte of theirs is read. Denials are
 * committed every second, and every SYSLOG_DENIALS. Bounded: so many senders at once, the most
 * idle gives way; one message of each; seconds for a handshake, and for a message that was begun.
 */
#ifndef ANALYZER_SYSLOG_RECEIVER_H
#define ANALYZER_SYSLOG_RECEIVER_H

#include <event2/event.h>
#include <jansson.h>

#include "pipeline.h"
#include "reporters.h"

enum {
	SYSLOG_MESSAGE_MAX = 64 * 1024,
	SYSLOG_DENIALS = 1000,
	SYSLOG_HANDSHAKE_S = 10,
	SYSLOG_MESSAGE_S = 60,   /* for a message from its first byte to its last */
	SYSLOG_IDLE_S = 3600,    /* a connection; daemons keep them open, and lose what comes first
	                          * after they were closed */
	SYSLOG_UDP_IDLE_S = 600, /* an address */
};

struct syslog_parts { /* kept */
	const struct conf *conf;
	struct store *store;
	const struct reporters *reporters;
	struct pipeline *pipeline; /* NULL: nobody is told of new evidence */
	struct event_base *base;
};

struct syslog_receiver;

/* *out is NULL when nothing is to be listened on. ERR_REFUSED for a configuration that takes
 * messages from nobody or from everybody. */
enum err syslog_receiver_new(const struct syslog_parts *parts, struct syslog_receiver **out,
	struct error *e) ORBL_NODISCARD;
/* What syslog_receiver_new refuses of the configuration, without listening. */
enum err syslog_receiver_check(const struct conf *conf, const struct reporters *reporters,
	struct error *e) ORBL_NODISCARD;
/* What has come in is committed. NULL ok. */
void syslog_receiver_free(struct syslog_receiver *r);
/* Counts since the start, a new reference; JSON null for NULL. */
json_t *syslog_receiver_status(const struct syslog_receiver *r);
/* What the clock would do at this time, for tests: commit, and end who is too slow or idle. */
void syslog_receiver_tick(struct syslog_receiver *r, int64_t now_s);

#endif
