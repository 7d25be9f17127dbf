/* probe_run.h - the probe of one target, from its first connection to its end.
 *
 *	QUEUED -> TALKING -+-> WAITING -> DONE
 *	   ^               |     (something was accepted: will it come back?)
 *	   +--- RESTING <--+
 *	      (temporary refusals: the same again later, with the same tokens)
 *
 * While TALKING there is at most one connection, and after it the next one, until each case
 * has an answer. probe_talk.c says what is said on a connection; this part decides what
 * follows when it is over.
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

struct probe_host { /* what a run lives on; kept */
	struct event_base *base;
	const struct prober_conf *conf;
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
};

enum probe_step {
	PROBE_STEP_GREETING,
	PROBE_STEP_EHLO,
	PROBE_STEP_HELO,
	PROBE_STEP_RSET,
	PROBE_STEP_MAIL,
	PROBE_STEP_RCPT,
	PROBE_STEP_DATA,
	PROBE_STEP_MESSAGE,
	PROBE_STEP_SETTLE, /* nothing said; a message may come back */
	PROBE_STEP_QUIT,
};

struct probe_case_state {
	bool wanted;
	bool arrived;
	uint8_t drops;
	enum prober_answer answer;
};

/* Only probe_run.c and probe_talk.c look inside. */
struct probe_run {
	struct probe_run *next; /* the owner's list */
	const struct probe_host *host;
	struct prober_job job;
	enum probe_run_state state;
	struct probe_names names;
	bool names_known;
	struct probe_case_state cases[PROBE_CASE_NUMBERS]; /* by row */
	struct event *timer;                               /* settling, resting, waiting */
	unsigned passes, lines;
	bool reached, refused_as_client, proved;
	unsigned accepted, answered;
	int64_t accepted_at_ms;
	uint32_t settle_left_ms;
	char why[PROBER_TEXT]; /* how the last connection ended, when not well */

	/* this pass */
	unsigned connections, barren;
	bool helo_only;

	/* this connection */
	struct dialogue *dialogue; /* NULL: none */
	enum probe_step step;
	size_t row;         /* case under way, in MAIL .. SETTLE */
	const char *sender; /* MAIL FROM of the open transaction, NULL none */
	bool spoiled;       /* the transaction has a recipient that came to nothing */
	bool progress;      /* it answered a case */
	unsigned refusals, resets;
	char rcpt_reply[PROBER_TEXT];
};

struct probe_run *probe_run_new(const struct probe_host *host, const struct prober_job *job);
void probe_run_free(struct probe_run *run);  /* NULL ok */
void probe_run_start(struct probe_run *run); /* state QUEUED */
/* A token of this probe came back. bounce: not as a relayed message. */
void probe_run_arrival(struct probe_run *run, unsigned case_number, bool bounce);

/* --- between probe_run.c and probe_talk.c --- */

struct dialogue_listener probe_talk_listener(struct probe_run *run);
/* The next case, or QUIT. */
void probe_talk_next(struct probe_run *run);
/* The connection is over, however; frees the dialogue. */
void probe_run_hung_up(struct probe_run *run);
/* No more cases in this pass: those without an answer get this one; NONE: they are not asked. */
void probe_run_give_up(struct probe_run *run, enum prober_answer answer);
size_t probe_run_next_row(const struct probe_run *run); /* SIZE_MAX: none is left */
bool probe_run_has_enough(const struct probe_run *run);
void probe_run_note(struct probe_run *run, const char *fmt, ...) ORBL_PRINTF(2, 3);
void probe_run_emit_line(struct probe_run *run, char direction, struct text line);
int64_t probe_run_clock_ms(void); /* monotonic */
void probe_run_set_timer(struct probe_run *run, int64_t ms);

#endif
