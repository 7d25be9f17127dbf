/* probe_group.h - several commands in one write, for servers that offer it (RFC 2920).
 *
 *	[RSET] [MAIL] RCPT...     at most PROBE_GROUP_MAX recipients, never DATA
 *
 * A recipient that is accepted among others is asked again by itself, and only that transaction
 * gets a message: one message is of one form, and none goes to a mailbox that another form may
 * have named. A server whose replies show that it cannot do this is asked one command at a time
 * on its next connection.
 */
#ifndef ANALYZER_PROBE_GROUP_H
#define ANALYZER_PROBE_GROUP_H

#include "probe_run.h"

/* rows are of one sender. reset: a transaction is open and must be ended first. */
void probe_group_say(struct probe_run *run, const size_t rows[], size_t count, bool reset);
/* Is the reply that is to come one of a group? */
bool probe_group_is_open(const struct probe_run *run);
/* A reply of a group, to run->step of run->row; what follows comes with the last of them. */
void probe_group_reply(struct probe_run *run, const struct smtp_reply *r);
/* The connection ended in a group. True when that shows that the server cannot do this. */
bool probe_group_broke(struct probe_run *run, enum dialogue_end end);

#endif
