#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_NAME "orbl-loader" /* argv[0]; nobody starts orbl-dnsd by that name by chance */

enum {
	COMPILE_CPU_S = 600,   /* no source takes longer to compile; a parser that loops does */
	COMPILE_WALL_S = 1800, /* nor to read; a file system that hangs does */
	COMPILE_DATA_MIN = 256 << 20,
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

struct loader {
	const char *program;
	struct feed_options options;
	int fd; /* to the child; -1: there is none */
	pid_t pid;
};

/* Between two processes of one program: the layout is the compiler's. */
struct request {
	struct feed_source source;
	struct feed_options options;
	int64_t now_s;
};

struct response {
	struct error error;
	size_t skipped;
	char warnings[LOADER_WARNINGS];
};

/* --- the child ---------------------------------------------------------------- */

bool
loader_is_child(int argc, char *const *argv)
{
	return argc == 1 && strcmp(argv[0], CHILD_NAME) == 0;
}

static void
set_limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit limit = {value, value};

	setrlimit(what, &limit); /* a limit that cannot be set is one we do without */
}

/* Of data that this process has mapped by now, libraries and sanitizers included. */
static rlim_t
count_mapped(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f != NULL && fscanf(f, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A list that needs more than half of the machine is one that takes the machine. */
static rlim_t
most_memory(void)
{
	rlim_t half = (rlim_t)sysconf(_SC_PHYS_PAGES) / 2 * (rlim_t)sysconf(_SC_PAGESIZE);

	return half > COMPILE_DATA_MIN ? half : COMPILE_DATA_MIN;
}

/* Signals of the terminal are for the main process; this one ends with it. */
static void
become_child(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NAME, CHILD_NAME);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_CPU, COMPILE_CPU_S);
	set_limit(RLIMIT_DATA, count_mapped() + most_memory());
	set_limit(RLIMIT_FSIZE, most_memory()); /* of the memfd */
	alarm(COMPILE_WALL_S);
}

static bool
send_response(const struct response *response, int snapshot)
{
	struct iovec iov = {(void *)(uintptr_t)response, sizeof(*response)};
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (snapshot >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &snapshot, sizeof(int));
	}
	do
		n = sendmsg(STDIN_FILENO, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*response);
}

static enum err
compile(const struct request *request, int fd, struct response *response)
{
	struct feed_warnings warnings = {
		.out = fmemopen(response->warnings, sizeof(response->warnings) - 1, "w"),
	};
	enum err err = feed_compile(&request->source, &request->options, request->now_s, fd,
		&warnings, &response->error);

	if (warnings.out != NULL)
		fclose(warnings.out);
	response->skipped = warnings.skipped;
	if (err == OK && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		err = error_errno(&response->error, "%s: cannot seal the compiled list",
			request->source.paths);
	return err;
}

int
loader_serve(void)
{
	static struct request request;
	static struct response response;
	int fd = memfd_create("orbl-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err err;

	become_child();
	if (recv(STDIN_FILENO, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		return EXIT_FAILURE;
	if (fd < 0)
		err = error_errno(&response.error, "cannot make memory for the compiled list");
	else
		err = compile(&request, fd, &response);
	return send_response(&response, err == OK ? fd : -1) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- the main process ---------------------------------------------------------- */

struct loader *
loader_new(const char *program, const struct feed_options *options)
{
	struct loader *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->program = program;
	l->options = *options;
	l->fd = -1;
	return l;
}

/* Returns how it ended. */
static int
end_child(struct loader *l)
{
	int status = 0;

	close(l->fd);
	l->fd = -1;
	kill(l->pid, SIGKILL); /* one that has ended keeps its status */
	while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void
loader_free(struct loader *l)
{
	if (l != NULL && l->fd >= 0)
		end_child(l);
	free(l);
}

int
loader_fd(const struct loader *l)
{
	return l->fd;
}

/* Signals blocked here for signalfd stay so there: none but SIGKILL, of those that people send,
 * ends a child. All descriptors but the socket and stderr close on exec. */
static enum err
start_child(struct loader *l, int socket, struct error *e)
{
	char *const argv[] = {(char *)(uintptr_t)CHILD_NAME, NULL};
	posix_spawn_file_actions_t actions;
	int failure = posix_spawn_file_actions_init(&actions);

	if (failure == 0) {
		failure = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
		if (failure == 0)
			failure = posix_spawn(&l->pid, l->program, &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	errno = failure;
	return failure == 0 ? OK : error_errno(e, "cannot start %s to compile lists", l->program);
}

enum err
loader_request(struct loader *l, const struct feed_source *source, int64_t now_s, struct error *e)
{
	struct request request;
	int pair[2];
	enum err err;

	memset(&request, 0, sizeof(request));
	request.source = *source;
	request.options = l->options;
	request.now_s = now_s;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return error_errno(e, "cannot make a socket to the loader");
	err = start_child(l, pair[1], e);
	close(pair[1]);
	if (err != OK) {
		close(pair[0]);
		return err;
	}
	l->fd = pair[0];
	/* A child that is gone already is noticed when its result is read. */
	if (send(l->fd, &request, sizeof(request), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		err = error_errno(e, "cannot ask the loader");
	if (err != OK)
		end_child(l);
	return err;
}

static int
received_fd(struct msghdr *message)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	int fd;

	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void
describe_end(int status, struct error *e)
{
	if (WIFSIGNALED(status))
		error_set(e, ERR_CORRUPT,
			"the process that compiled it was ended by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		error_set(e, ERR_CORRUPT, "the process that compiled it failed with status %d",
			WEXITSTATUS(status));
}

/* What comes from the child is not trusted further than its type: a compiler that was taken
 * over can give a bad list, but nothing that changes under us. */
static void
take_response(const struct response *response, struct loader_result *out)
{
	int seals;

	out->error = response->error;
	out->error.text[sizeof(out->error.text) - 1] = '\0';
	out->skipped = response->skipped;
	memcpy(out->warnings, response->warnings, sizeof(out->warnings));
	out->warnings[sizeof(out->warnings) - 1] = '\0';
	seals = out->fd >= 0 ? fcntl(out->fd, F_GET_SEALS) : SEALS;
	if (seals < 0 || (seals & SEALS) != SEALS) {
		close(out->fd);
		out->fd = -1;
		error_set(&out->error, ERR_CORRUPT, "the loader sent a list that is not sealed");
	}
}

void
loader_receive(struct loader *l, struct loader_result *out)
{
	struct response response;
	struct iovec iov = {&response, sizeof(response)};
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	int status;
	ssize_t n;

	do
		n = recvmsg(l->fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	status = end_child(l);
	out->fd = n > 0 ? received_fd(&message) : -1;
	out->error.code = OK;
	out->skipped = 0;
	out->warnings[0] = '\0';
	if (n == (ssize_t)sizeof(response))
		take_response(&response, out);
	else
		describe_end(status, &out->error);
	if (n != (ssize_t)sizeof(response) && out->fd >= 0) {
		close(out->fd);
		out->fd = -1;
	}
}
