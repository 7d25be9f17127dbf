/* event_exchange.h - what Exchange servers write to the Application log when they refuse a client.
 *
 * Each function judges an event of its source and id: fills facts for PARSE_DENIAL, reason for
 * PARSE_BAD, rejection for PARSE_REJECTION. Without strings (an export that holds the message
 * alone) the message is read, where only the server can have written what it is read by.
 */
#ifndef ANALYZER_EVENT_EXCHANGE_H
#define ANALYZER_EVENT_EXCHANGE_H

#include "event_denial.h"

typedef enum parse_result
event_judge_fn(const struct event_record *e, struct event_facts *facts, struct parse_state *state);

event_judge_fn event_exchange_2000;  /* MSExchangeTransport 7010 */
event_judge_fn event_exchange_55;    /* MSExchangeIMC, but for the ids known to be others */
event_judge_fn event_exchange_login; /* log-ins that failed */

#endif
