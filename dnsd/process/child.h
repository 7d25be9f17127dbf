/* child.h - a process that the keeper forks: it ends when the keeper closes its channel, or dies.
 *
 * Signals of the terminal and of the service manager are the keeper's: they are blocked in a child,
 * as they are in the keeper, which reads them from a signalfd.
 */
#ifndef DNSD_CHILD_H
#define DNSD_CHILD_H

#include <sys/types.h>

#include <orbl/err.h>

struct child {
	const char *title; /* as ps shows it, such as "orbl-query" */
	pid_t pid;         /* 0: it does not run */
	int channel;       /* to it (channel.h); -1 */
};

enum { CHILD_END = 96 };

/* Fork. The child calls run, with its end of the channel, and exits with what that returns; run
 * closes what it does not need. */
enum err child_start(struct child *c, int (*run)(void *context, int channel), void *context,
	struct error *e) ORBL_NODISCARD;
/* Close the channel; who has not ended within a moment is killed. Does nothing when it does not
 * run. Returns how it ended, in words: "was ended by signal 9 (Killed)". */
const char *child_end(struct child *c, char how[CHILD_END]);

#endif
