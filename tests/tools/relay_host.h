/* relay_host.h - a test SMTP server that plays many hosts, each ruled by a relay policy.
 *
 *	client --RCPT--> session --judge--> relay policy, then the host's own tricks
 *	                    |
 *	                    v permit: relayed for real, bounce: <> to the sender
 *	                 delivery --SMTP, from the host's address--> smart host
 *
 * One process, one event loop. Nothing is ever sent anywhere but to the smart host, and
 * nothing but reserved addresses is listened on.
 */
#ifndef TESTS_RELAY_HOST_H
#define TESTS_RELAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/listener.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/text.h>

#include "relay_policy.h"

enum { HOST_NAME_SIZE = 256, HOST_PATH_SIZE = 4096 };

/* What a host does besides its policy; see the table in relay_host_spec.c. */
enum host_option {
	HOST_DISCARD = 1 << 0,
	HOST_CATCH_ALL = 1 << 1,
	HOST_REJECT_CONNECT = 1 << 2,
	HOST_REJECT_DATA = 1 << 3,
	HOST_REJECT_DOT = 1 << 4,
	HOST_DROP = 1 << 5,
	HOST_GARBAGE = 1 << 6,
	HOST_HELO_ONLY = 1 << 7,
	HOST_PIPELINING = 1 << 8,
	HOST_PERCENT = 1 << 9,
	HOST_BANG = 1 << 10,
	HOST_QUOTED = 1 << 11,
	HOST_SENDER_DOMAIN = 1 << 12,
	HOST_NULL_SENDER = 1 << 13,
	HOST_AUTHENTICATED = 1 << 14,
};

struct session;
struct delivery;
struct triplet; /* client, sender and recipient that were greylisted */
LIST_HEAD(session_list, session);
LIST_HEAD(delivery_list, delivery);
LIST_HEAD(triplet_list, triplet);

struct network {
	struct event_base *base;
	struct endpoint smart_host;
	bool verbose;
	struct session_list sessions;
	struct delivery_list deliveries;
};

struct host {
	struct network *network; /* keeps */
	struct endpoint listen;
	struct addr output; /* where its deliveries come from */
	char name[HOST_NAME_SIZE], policy_path[HOST_PATH_SIZE];
	struct relay_policy *policy;
	uint32_t options;
	uint32_t greylist_s, tarpit_ms;
	struct evconnlistener *listener;
	struct triplet_list triplets;
	size_t triplet_count;
};

/* --- relay_host_spec.c: "ADDR=POLICYFILE[,option...]" --- */
enum err host_parse(const char *spec, struct host *out, struct error *e) ORBL_NODISCARD;
enum err host_read_policy(struct host *h, struct error *e) ORBL_NODISCARD; /* old one kept */
void host_print_options(FILE *out);

/* --- relay_host_judge.c: what the host does with a recipient --- */
struct question {
	struct addr client;
	bool authenticated;
	const char *sender, *recipient; /* paths without brackets */
	const char *helo;
};
struct judgement {
	enum relay_answer answer; /* RELAY_LOCAL: kept and never seen again */
	bool unknown;             /* RELAY_LOCAL, but no such mailbox */
	const char *rule;         /* which decided */
	unsigned line;
	char mailbox[RECIPIENT_MAX]; /* as the host resolves it */
};
struct judgement judge_recipient(const struct host *h, const struct question *q);
/* True when the triplet has to wait. */
bool judge_greylist(struct host *h, const struct question *q);
void judge_forget(struct host *h); /* all triplets */

/* --- relay_host_session.c: the SMTP server --- */
void session_open(struct host *h, evutil_socket_t fd, const struct sockaddr *peer);
void session_close(struct session *s);

/* --- relay_host_deliver.c: the SMTP client --- */
struct letter {
	const char *sender, *recipient;
	struct text text; /* lines with CRLF, dots stuffed */
};
void deliver_letter(const struct host *h, const struct letter *l); /* borrows l */
void deliver_bounce(const struct host *h, const struct letter *l); /* to the sender of l */
void delivery_free(struct delivery *d);

#endif
