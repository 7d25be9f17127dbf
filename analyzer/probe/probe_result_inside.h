/* probe_result_inside.h - what a result holds; for probe_result*.c and probe_verdict.c only.
 *
 * Bounded, whatever the events say: cases, outputs, bounces, lines, and the bytes of a header.
 */
#ifndef ANALYZER_PROBE_RESULT_INSIDE_H
#define ANALYZER_PROBE_RESULT_INSIDE_H

#include "collector.h"
#include "dsn_summary.h"
#include "probe_case.h"
#include "probe_result.h"

enum {
	PROBE_RESULT_OUTPUTS_MAX = 64,
	PROBE_RESULT_BOUNCES_MAX = 64,
	PROBE_RESULT_LINES_MAX = 500,
	PROBE_RESULT_STAMP = 32,
	PROBE_RESULT_REASON = 2 * PROBER_TEXT,
};

struct probe_result_header { /* of the message that came back first */
	size_t count, bytes;
	char *lines[COLLECTOR_HEADER_LINES];
};

struct probe_result_case {
	bool asked, arrived, again;
	bool header_closed; /* it came once more: the lines that follow are no part of the first */
	enum prober_answer answer;
	int64_t answered_us, arrived_us;                     /* 0: not */
	char *mail_from, *rcpt_to, *rcpt_reply, *data_reply; /* NULL: none */
	struct addr output;                                  /* the first that delivered it */
	struct probe_result_header *header;                  /* NULL: none */
};

struct probe_result_bounce {
	unsigned case_index;
	int64_t time_us;
	struct addr from;
	struct dsn_summary dsn;
};

struct probe_result {
	uint64_t id;
	struct endpoint target;
	bool from_second_source;
	struct addr source;
	bool done;
	enum prober_reach reach;
	char ended[PROBER_TEXT];
	char tls[128];                                      /* how, "" in clear */
	struct probe_result_case cases[PROBE_CASE_NUMBERS]; /* by number */
	size_t output_count;
	struct addr outputs[PROBE_RESULT_OUTPUTS_MAX];
	size_t bounce_count;
	struct probe_result_bounce bounces[PROBE_RESULT_BOUNCES_MAX];
	size_t line_count;
	char *lines[PROBE_RESULT_LINES_MAX];
	char *reason; /* made anew by each question */
};

/* The case that a bounce is of, its own or another one with that sender: one whose message was
 * accepted. NULL: there is none (yet), and the bounce counts for nothing. */
const struct probe_case *
probe_result_bounced(const struct probe_result *r, const struct probe_result_bounce *b);
/* The first one that counts; NULL: none. */
const struct probe_result_bounce *probe_result_bounce(const struct probe_result *r);

const char *probe_result_answer_name(enum prober_answer answer);
const char *probe_result_reach_name(enum prober_reach reach);
/* "2030-01-02T03:04:05.678Z"; returns out. */
const char *probe_result_stamp(int64_t time_us, char out[PROBE_RESULT_STAMP]);

#endif
