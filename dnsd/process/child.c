#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"

enum { END_WAIT_MS = 2000, END_TRY_MS = 2 };

static void
become_child(const struct child *c)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_NAME, c->title);
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

enum err
child_start(struct child *c, int (*run)(void *context, int channel), void *context, struct error *e)
{
	int pair[2];
	enum err err = channel_pair(pair, e);

	if (err != OK)
		return err;
	c->pid = fork();
	if (c->pid == 0) {
		close(pair[0]);
		become_child(c);
		_exit(run(context, pair[1]));
	}
	close(pair[1]);
	if (c->pid > 0) {
		c->channel = pair[0];
		return OK;
	}
	c->pid = 0;
	close(pair[0]);
	return error_errno(e, "cannot start %s", c->title);
}

static void
describe_end(int status, char how[CHILD_END])
{
	if (WIFSIGNALED(status))
		snprintf(how, CHILD_END, "was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(how, CHILD_END, "ended with status %d", WEXITSTATUS(status));
}

/* False: it still runs. */
static bool
has_ended(const struct child *c, int flags, int *status)
{
	pid_t pid;

	do
		pid = waitpid(c->pid, status, flags);
	while (pid < 0 && errno == EINTR);
	return pid != 0;
}

const char *
child_end(struct child *c, char how[CHILD_END])
{
	int status = 0;
	bool ended = false;

	how[0] = '\0';
	if (c->pid == 0)
		return how;
	close(c->channel);
	c->channel = -1;
	for (int waited = 0; !ended && waited < END_WAIT_MS; waited += END_TRY_MS) {
		ended = has_ended(c, WNOHANG, &status);
		if (!ended)
			poll(NULL, 0, END_TRY_MS);
	}
	if (!ended) {
		kill(c->pid, SIGKILL);
		has_ended(c, 0, &status);
	}
	c->pid = 0;
	describe_end(status, how);
	return how;
}
