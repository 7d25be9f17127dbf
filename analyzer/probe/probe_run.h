/* probe_run.h - the probe of one target, from its first connection to its end.
 *
 *	QUEUED -> TALKING -+-> WAITING -> DONE
 *	   ^               |     (something was accepted: will it come back?)
 *	   +--- RESTING <--+
 *	      (temporary refusals: the same again later, with the same tokens)
 *
 * While TALKING there is at most one connection, and after it the next one, until each case
 * has an answer or the time for talking is used up. This part decides what follows when a
 * connection is over. What is said on one:
 *
 *	probe_choice.c  which cases are asked, and which are next
 *	probe_say.c     the commands
 *	probe_talk.c    the replies, and what follows from each
 *	probe_group.c   the same for several commands in one write
 */
#ifndef ANALYZER_PROBE_RUN_H
#define ANALYZER_PROBE_RUN_H

#include "dialogue.h"
#include "probe_case.h"
#include "prober.h"

enum probe_run_state {
	PROBE_RUN_QUEUED, /* wants to talk: probe_run_start */
	PROBE_RUN_TALKING,
	PROBE_RUN_RESTING,
	PROBE_RUN_WAITING,
	PROBE_RUN_DONE, /* its DONE event is out: probe_run_free */
};

struct probe_run;
struct probe_tls;

struct probe_host { /* what a run lives on; kept */
	struct event_base *base;
	const struct prober_conf *conf;
	struct probe_tls *tls; /* NULL: no STARTTLS */
	void (*emit)(void *context, struct prober_event *ev);
	void (*changed)(void *context); /* some run's state; must not start or free one at once */
	void *context;
};

enum {
	PROBE_CONNECTIONS_MAX = 24, /* of one pass */
	PROBE_BARREN_MAX = 3,       /* connections in a row that answered nothing */
	PROBE_DROPS_MAX = 2,        /* a case that ends so many connections is not tried again */
	PROBE_REFUSALS_MAX = 9,     /* a connection: from the tenth on Postfix answers late */
	PROBE_RESETS_MAX = 5,       /* a connection: Exim ends it after ten */
	PROBE_LINES_MAX = 400,      /* of transcript */
	PROBE_MESSAGES_MAX = 15,    /* none came back: no more, unless all cases are asked for */
	PROBE_SETTLE_MS = 3000,     /* for a message to come back before the next case */
	PROBE_QUIT_S = 2,
	PROBE_PAUSE_MS =
		200, /* after a connection that we have ended: it may not have seen it yet */
	PROBE_BUDGET_SESSIONS = 4, /* all connections of a run together: so many session timeouts */
	PROBE_GROUP_MAX = PROBE_REFUSALS_MAX, /* recipients in one write */
};

enum probe_step {
	PROBE_STEP_GREETING,
	PROBE_STEP_EHLO,
	PROBE_STEP_HELO,
	PROBE_STEP_STARTTLS,
	PROBE_STEP_RSET,
	PROBE_STEP_MAIL,
	PROBE_STEP_BEFORE, /* RCPT of a case's other recipient */
	PROBE_STEP_RCPT,
	PROBE_STEP_DATA,
	PROBE_STEP_MESSAGE,
	PROBE_STEP_SETTLE, /* nothing said; a message may come back */
	PROBE_STEP_QUIT,
};

struct probe_case_state {
	bool wanted;
	bool elsewhere; /* has its answer from an earlier run */
	bool arrived;
	bool alone; /* was accepted among others: now by itself */
	uint8_t drops;
	enum prober_answer answer;
};

struct probe_wait { /* a reply that is to come, and what for */
	enum probe_step step;
	size_t row;
};

/* Only the parts named above look inside. */
struct probe_run {
	struct probe_run *next; /* the owner's list */
	const struct probe_host *host;
	struct prober_job job;
	enum probe_run_state state;
	struct probe_names names;
	bool names_known;
	unsigned sender_token; /* whose token is in names.f: probe_case_sender; 0: none */
	struct probe_case_state cases[PROBE_CASE_NUMBERS]; /* by row */
	struct event *timer;                               /* settling, resting, waiting */
	unsigned passes, lines;
	bool reached, refused_as_client, proved;
	bool ours;      /* a connection failed by our own fault, before anything was known */
	bool cancelled; /* nothing more but QUIT */
	char cancelled_why[64];
	unsigned accepted, answered;
	int64_t accepted_at_ms;
	uint32_t settle_left_ms;
	int64_t talk_left_ms;
	uint64_t senders;      /* MAIL FROM that it took: mask of 1 << probe_case_sender */
	bool tls_wanted;       /* it takes no mail in clear */
	bool pipelines;        /* it answered a whole group in order */
	bool no_pipelining;    /* it offers it, and cannot */
	char why[PROBER_TEXT]; /* how the last connection ended, when not well */

	/* this pass */
	unsigned connections, barren;
	bool helo_only, pausing;

	/* this connection */
	struct dialogue *dialogue; /* NULL: none */
	int64_t connected_ms;
	enum probe_step step; /* that the next reply is for */
	size_t row;           /* case under way, in MAIL .. SETTLE */
	const char *sender;   /* MAIL FROM of the open transaction, NULL none */
	unsigned recipients;  /* said in it, taken or not */
	bool spoiled;         /* it has a recipient that came to nothing */
	bool progress;        /* it answered a case */
	bool encrypted, offers_starttls, offers_pipelining;
	unsigned refusals, resets;
	char rcpt_reply[PROBER_TEXT];
	struct probe_wait waits[PROBE_GROUP_MAX + 2]; /* RSET, MAIL, recipients */
	size_t wait_count, wait_next;
	struct probe_group {
		bool failed; /* what it said shows that it cannot do this */
		bool wants_tls;
		unsigned accepted;
	} group;
};

struct probe_run *probe_run_new(const struct probe_host *host, const struct prober_job *job);
void probe_run_free(struct probe_run *run);  /* NULL ok */
void probe_run_start(struct probe_run *run); /* state QUEUED */
/* A token of this probe came back. bounce: not as a relayed message. */
void probe_run_arrival(struct probe_run *run, unsigned case_number, bool bounce);

/* Nothing more is asked: QUIT where that can be said, then DONE with this text. */
void probe_run_cancel(struct probe_run *run, const char *why);

/* --- between the parts --- */

struct dialogue_listener probe_talk_listener(struct probe_run *run);
/* The next case, or QUIT. */
void probe_talk_next(struct probe_run *run);
/* The connection is over, however; frees the dialogue. */
void probe_run_hung_up(struct probe_run *run);
/* No more cases in this pass: those without an answer get this one; NONE: they are not asked. */
void probe_run_give_up(struct probe_run *run, enum prober_answer answer);
bool probe_run_has_enough(const struct probe_run *run);
void probe_run_note(struct probe_run *run, const char *fmt, ...) ORBL_PRINTF(2, 3);
void probe_run_emit_line(struct probe_run *run, char direction, struct text line);
int64_t probe_run_clock_ms(void); /* monotonic */
void probe_run_set_timer(struct probe_run *run, int64_t ms);

#endif
