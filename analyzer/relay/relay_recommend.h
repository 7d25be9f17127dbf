/* relay_recommend.h - the questions behind the recommendations of RFC 2505: one function each, by
 * dialect where the answer is.
 *
 * A function fills out->why, and out->remedy where there is something to do.
 */
#ifndef ANALYZER_RELAY_RECOMMEND_H
#define ANALYZER_RELAY_RECOMMEND_H

#include "relay_audit.h"

struct relay_question {
	const struct relay_policy *policy;
	const struct relay_audit *audit;
	struct relay_advice *out;
};
typedef enum relay_met relay_ask_fn(const struct relay_question *q);

/* Say why, and return met. */
enum relay_met relay_recommend_say(const struct relay_question *q, enum relay_met met,
	const char *remedy, const char *fmt, ...) ORBL_PRINTF(4, 5);

/* From the cases, of any dialect; the sections are those of RFC 2505. */
relay_ask_fn relay_recommend_dialogue; /* 1.5 */
relay_ask_fn relay_recommend_forms;    /* 2.1, items on routes, % and ! */

/* --- relay_recommend_postfix.c --- */

relay_ask_fn relay_postfix_dialogue;
relay_ask_fn relay_postfix_forms;
relay_ask_fn relay_postfix_received;
relay_ask_fn relay_postfix_logs;
relay_ask_fn relay_postfix_refusals;
relay_ask_fn relay_postfix_clients;
relay_ask_fn relay_postfix_senders;
relay_ask_fn relay_postfix_rates;
relay_ask_fn relay_postfix_verify_domain;
relay_ask_fn relay_postfix_verify_local;
relay_ask_fn relay_postfix_vrfy;
relay_ask_fn relay_postfix_etrn;
relay_ask_fn relay_postfix_codes;

#endif
