/* syslog_sender.h - one that sends syslog messages: an address, or a connection. */
#ifndef ANALYZER_SYSLOG_SENDER_H
#define ANALYZER_SYSLOG_SENDER_H

#include <event2/bufferevent.h>

#include "submission.h"
#include "syslog_stream.h"

enum syslog_way { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS, SYSLOG_WAY_COUNT };

struct syslog_receiver;

struct syslog_sender {
	struct syslog_sender *next, **previous;
	struct syslog_receiver *receiver;
	enum syslog_way way;
	struct addr addr;
	struct submission *submission;
	bool has_news;          /* since it was committed */
	int64_t heard_s;        /* when anything came last */
	int64_t inside_s;       /* since when a message is incomplete; 0: none is */
	bool is_greeted;        /* the handshake is done */
	struct bufferevent *be; /* of a connection */
	struct syslog_stream stream;
};

struct syslog_sender_conf {
	const struct submission_conf *submission; /* but for the file's name */
	struct syslog_receiver *receiver;
	enum syslog_way way;
	struct addr addr;
};

/* Linked at *list. NULL: out of memory, or the store fails, as e says. */
struct syslog_sender *syslog_sender_new(const struct syslog_sender_conf *conf,
	struct syslog_sender **list, struct error *e);
/* Unlinked; what was not committed is undone. */
void syslog_sender_free(struct syslog_sender *s);
/* A line with its LF. */
enum err
syslog_sender_line(struct syslog_sender *s, struct text line, struct error *e) ORBL_NODISCARD;
enum err syslog_sender_commit(struct syslog_sender *s, int64_t now_s, enum submission_hurry hurry,
	struct error *e) ORBL_NODISCARD;

#endif
