/* postfix_reply.h - what Postfix' smtpd has logged behind the client of a recipient it refused.
 *
 *	554 5.7.1 <R>: Relay access denied; from=<S> to=<R> proto=ESMTP helo=<H>
 *
 * R stands in the reply as the client gave it, without quotes. It may hold all of such a line; so
 * may S, where Postfix quotes nothing.
 */
#ifndef ANALYZER_PARSE_POSTFIX_REPLY_H
#define ANALYZER_PARSE_POSTFIX_REPLY_H

#include "dialect.h"

struct postfix_reply {              /* taken apart from both ends */
	struct text reply;          /* from the code on; its end is found last */
	struct text body;           /* what follows "<" in it, up to the proto= and helo= fields */
	struct text from, to, helo; /* as logged; p NULL: not logged */
	bool temporary;
	bool cut; /* the message has the length at which Postfix cuts */
};

/* r->reply is all of it, r->cut is set. PARSE_DENIAL, with all but the client in out, or
 * PARSE_REJECTION or PARSE_BAD. */
enum parse_result
postfix_reply_read(struct postfix_reply *r, struct parse_state *state, struct denial *out);
/* Of one that is no denial. */
enum rejection_kind postfix_reply_kind(struct text reply);

#endif
