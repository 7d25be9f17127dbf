/* prober.h - the process that talks to hosts under test, and the pipe to it.
 *
 *	parent (analyzer, orbl probe)         child: sockets only, no file, no store
 *	prober_submit -> struct prober_job  -> SMTP dialogues with targets
 *	prober_next   <- struct prober_event <- collector: tokens that came back
 *	prober_ack    -> their messages are answered: 250, or 451 and they come again
 *
 * What crosses is numbers and bounded printable text, in fixed-size datagrams. The child
 * is forked at start, before the parent opens anything; it gives up root, the file system
 * (chroot, Landlock), new processes and every system call it does not need (seccomp).
 * The parent alone decides whom to probe (etiquette.h); the child refuses reserved
 * networks once more, by itself.
 */
#ifndef ANALYZER_PROBER_H
#define ANALYZER_PROBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>

#include "token.h"

enum { PROBER_TEXT = 1024, PROBER_ALLOW_MAX = 64, PROBER_LETTER = 40 };
#define PROBER_LETTER_FIRST (UINT64_C(1) << 39) /* probes have ids below */

struct prober_conf {
	struct endpoint collector; /* where our collector listens; port 0: any */
	char collector_domain[256];
	char helo[256];            /* name of the prober, RFC 5321 EHLO argument */
	char url[512];             /* page about us, put into the message */
	char user[64];             /* to become when root */
	struct addr source;        /* family 0: any */
	struct addr second_source; /* of jobs that ask for it; family 0: none */
	bool starttls;             /* with hosts that take no mail without it */
	/* PEM files, read before the process shuts itself in; "": the collector has no STARTTLS,
	 * the key is in the certificate's file. */
	char tls_certificate[1024], tls_key[1024];
	size_t allow_count; /* reserved networks that may be probed */
	struct prefix allow[PROBER_ALLOW_MAX];
	uint64_t cases;                  /* mask of 1 << case number, 0: all (probe_case.h) */
	bool all;                        /* do not stop at the first proof */
	uint32_t wait_s;                 /* for messages to come back, after the last case */
	uint32_t retry_after_s, retries; /* after a temporary refusal, same token */
	uint32_t reply_timeout_s, session_timeout_s;
	uint32_t sessions; /* targets at once; never two connections to one host */
	uint8_t key[TOKEN_KEY_BYTES];
};

struct prober_job {
	uint64_t id;            /* 1..2^40-1: probe id, part of its tokens */
	struct endpoint target; /* port set */
	int64_t now_s;
	bool from_second_source;
	/* By which the target was proved open: said in place of what it calls itself now; "": none
	 */
	char host_name[256];
	uint64_t cases; /* mask of 1 << case number: only these, of a resumed probe; 0: as conf says
	                 */
	uint64_t first; /* of these the ones that are asked before all others */
	/* Not "": no probe, but this token is mailed to the postmaster of the target
	 * (prober_letter.h). The id is PROBER_LETTER_FIRST or above. */
	char letter[PROBER_LETTER];
};

enum prober_event_kind {
	PROBER_READY,    /* collector listens: peer has its endpoint */
	PROBER_FAILED,   /* the prober cannot work: text says why */
	PROBER_DIALOGUE, /* one line of transcript: direction, text, time_us */
	PROBER_CASE,     /* a case got its replies */
	PROBER_ARRIVAL,  /* a token came back; may be of a probe long done */
	PROBER_HEADER,   /* a line of the header of the message that came back, after its ARRIVAL */
	PROBER_TLS,      /* the connection is encrypted from here on: text says how */
	PROBER_AGAIN,    /* what an ARRIVAL told has come once more: nothing new; text says it */
	PROBER_DONE,     /* no more dialogue for this job; reach and text say how it ended */
};

enum prober_answer { /* what a case got */
	PROBER_ANSWER_NONE,
	PROBER_ANSWER_ACCEPTED,  /* 250 to the message: a hint, no proof */
	PROBER_ANSWER_REFUSED,   /* for good (5xx) */
	PROBER_ANSWER_TEMPORARY, /* 4xx, or only with STARTTLS, which failed or is off */
	PROBER_ANSWER_BROKEN,    /* hung up, twice */
};

enum prober_reach {      /* how far we got with the target, over all cases */
	REACH_NONE,      /* no connection: unreachable */
	REACH_REFUSED,   /* connected, but refused as a client: untestable */
	REACH_TEMPORARY, /* only temporary or broken answers: undecided */
	REACH_DONE,      /* each case got a definite answer */
	REACH_OURS,      /* nothing is known: trouble of ours, such as a source that is not here */
};

struct prober_event {
	enum prober_event_kind kind;
	uint64_t id;
	int64_t time_us;           /* epoch, microseconds */
	uint32_t case_index;       /* CASE, ARRIVAL, HEADER: number of the case (probe_case.h) */
	enum prober_answer answer; /* CASE */
	enum prober_reach reach;   /* DONE */
	/* ARRIVAL: no relayed message but a bounce or an automatic reply. Its case_index is exact
	 * when it names the message, else the first of the cases with that MAIL FROM. */
	bool to_sender;
	uint64_t sequence; /* ARRIVAL: grows; for prober_ack; 0: it waits for none */
	/* ARRIVAL: who delivered it; READY: the collector; DIALOGUE, of a new connection: our own
	 * address. */
	struct endpoint peer;
	char direction;         /* DIALOGUE: '>' we said, '<' it said, '*' note */
	char text[PROBER_TEXT]; /* printable */
	/* ARRIVAL, to_sender: what a delivery status notification says of our message (RFC 3464),
	 * "failed 5.7.1 <recipient>, by host" (dsn_summary.h), or "auto-reply"; "" when it says
	 * nothing that can be read. */
	char dsn[256];
	char mail_from[320], rcpt_to[512]; /* CASE: as sent; ARRIVAL: as received */
	/* CASE: "" not asked; a refusal of MAIL FROM stands in rcpt_reply, said so. */
	char rcpt_reply[PROBER_TEXT], data_reply[PROBER_TEXT];
};

/* Is it complete, and can everything be said with it? */
enum err prober_check(const struct prober_conf *conf, struct error *e) ORBL_NODISCARD;
/* Can our own addresses be bound here, and are there two when there are to be two? The error names
 * probe.source or probe.second_source. */
enum err prober_check_sources(const struct prober_conf *conf, struct error *e) ORBL_NODISCARD;

struct prober;
/* Fork the child and wait for READY or FAILED. */
enum err
prober_start(const struct prober_conf *conf, struct prober **out, struct error *e) ORBL_NODISCARD;
void prober_stop(struct prober *p);    /* NULL ok; ends the child */
int prober_fd(const struct prober *p); /* readable: prober_next has something */
struct endpoint prober_collector(const struct prober *p);
/* Hand over a job. ERR_FULL: the pipe is full, try after the next event. */
enum err
prober_submit(struct prober *p, const struct prober_job *job, struct error *e) ORBL_NODISCARD;
/* All arrivals up to this sequence are stored, or are not: their messages are answered. Not told
 * for a while is not stored. Never waits: what finds no room in the pipe goes with a later call.
 * sequence 0: nothing. */
void prober_ack(struct prober *p, uint64_t sequence, bool stored);
/* End a job: nothing more is asked, its DONE comes soon. One that is not known is none. */
enum err prober_cancel(struct prober *p, uint64_t id, struct error *e) ORBL_NODISCARD;
/* Next event without waiting: ERR_TIMEOUT when there is none now, ERR_IO when the child is
 * gone. An event that is not well formed ends the child. */
enum err prober_next(struct prober *p, struct prober_event *out, struct error *e) ORBL_NODISCARD;

#endif
