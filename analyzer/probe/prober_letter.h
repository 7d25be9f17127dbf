/* prober_letter.h - a token, mailed to the postmaster of a host itself: who has it is in charge
 * there (analyzer/delist/control_proof.h).
 *
 * One connection, one small message that says who we are and why, from the null sender, so that
 * nothing comes back; encrypted where the host offers it. What is said is told as DIALOGUE events,
 * the end as DONE: reach is REACH_DONE when the message was accepted. It is never tried twice.
 */
#ifndef ANALYZER_PROBER_LETTER_H
#define ANALYZER_PROBER_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "probe_run.h"
#include "prober.h"

enum { PROBER_LETTERS_MAX = 16, PROBER_LETTER_MESSAGE = 2048 };

struct prober_letter { /* the owner's list; nothing else is looked into */
	struct prober_letter *next;
	struct addr target;
	bool started, done;
};

struct prober_letter *
prober_letter_new(const struct probe_host *host, const struct prober_job *job);
void prober_letter_free(struct prober_letter *l); /* NULL ok */
/* Connect. host->changed is called when it is done. */
void prober_letter_start(struct prober_letter *l);

/* The message, lines with CRLF; its length. It always fits. */
size_t prober_letter_message(const struct prober_conf *conf, const struct prober_job *job,
	char out[PROBER_LETTER_MESSAGE]);

#endif
