#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	COMPILE_CPU_S = 600, /* no file takes longer to compile; a parser that loops does */
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

struct loader {
	int fd;
	pid_t pid;
};

struct request {
	uint64_t zone;
	int64_t now_s;
};

/* Between two processes of one program: the layout is the compiler's. */
struct response {
	struct error error;
	char warnings[LOADER_WARNINGS];
};

/* --- the loader's side ------------------------------------------------------ */

static void
set_limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit limit = {value, value};

	setrlimit(what, &limit); /* a limit that cannot be set is one we do without */
}

static bool
send_response(int fd, const struct response *response, int snapshot)
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
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*response);
}

static enum err
compile(const struct feed_zone *zone, int64_t now_s, int fd, struct response *response)
{
	FILE *warnings = fmemopen(response->warnings, sizeof(response->warnings) - 1, "w");
	enum err err = feed_compile(zone, now_s, fd, warnings, &response->error);

	if (warnings != NULL)
		fclose(warnings);
	if (err == OK && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		err = error_errno(&response->error, "%s: cannot seal the compiled list",
			zone->path);
	return err;
}

/* In a child of its own: compile and answer. */
static int
serve_request(int socket, const struct feed_zone *zone, const struct request *request)
{
	struct response response = {.warnings = ""};
	int fd = memfd_create("orbl-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum err err;

	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_CPU, COMPILE_CPU_S);
	if (fd < 0)
		err = error_errno(&response.error, "cannot make memory for the compiled list");
	else
		err = compile(zone, request->now_s, fd, &response);
	return send_response(socket, &response, err == OK ? fd : -1) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
report_crash(int socket, const struct feed_zone *zone, int status)
{
	struct response response = {.warnings = ""};

	if (WIFSIGNALED(status))
		error_set(&response.error, ERR_CORRUPT,
			"%s: the process that compiled it was "
			"ended by signal %d (%s); the file is not served",
			zone->path, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		error_set(&response.error, ERR_CORRUPT,
			"%s: the process that compiled it failed "
			"with status %d; the file is not served",
			zone->path, WEXITSTATUS(status));
	send_response(socket, &response, -1);
}

static void
supervise_request(int socket, const struct feed_zone *zone, const struct request *request)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(serve_request(socket, zone, request));
	}
	if (pid < 0) {
		struct response response = {.warnings = ""};

		error_errno(&response.error, "%s: cannot fork a process to compile it", zone->path);
		send_response(socket, &response, -1);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		report_crash(socket, zone, status);
}

static void
run(int socket, const struct feed_zone *zones, size_t count)
{
	struct request request;
	ssize_t n;

	for (;;) {
		n = recv(socket, &request, sizeof(request), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(request) || request.zone >= count)
			return; /* the main process has ended */
		supervise_request(socket, &zones[request.zone], &request);
	}
}

/* Signals of the terminal and the service manager are for the main process; this one ends when
 * its socket closes or its parent is gone. */
static void
become_loader(void)
{
	sigset_t none;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "orbl-loader");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limit(RLIMIT_CORE, 0);
}

/* --- the main process' side ---------------------------------------------- */

enum err
loader_start(const struct feed_zone *zones, size_t count, struct loader **out, struct error *e)
{
	struct loader *l = calloc(1, sizeof(*l));
	int pair[2];

	*out = NULL;
	if (l == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the loader");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		free(l);
		return error_errno(e, "cannot make a socket to the loader");
	}
	l->pid = fork();
	if (l->pid == 0) {
		free(l);
		close(pair[0]);
		become_loader();
		run(pair[1], zones, count);
		_exit(EXIT_SUCCESS);
	}
	close(pair[1]);
	l->fd = pair[0];
	if (l->pid < 0) {
		enum err err = error_errno(e, "cannot fork the loader");

		close(l->fd);
		free(l);
		return err;
	}
	*out = l;
	return OK;
}

void
loader_stop(struct loader *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	kill(l->pid, SIGKILL); /* and so what it compiles; nobody waits for that any more */
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(l);
}

int
loader_fd(const struct loader *l)
{
	return l->fd;
}

enum err
loader_request(struct loader *l, size_t zone, int64_t now_s, struct error *e)
{
	struct request request = {.zone = zone, .now_s = now_s};

	if (send(l->fd, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request))
		return error_errno(e, "the loader process is gone; restart orbl-dnsd");
	return OK;
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

/* What comes from the loader is not trusted further than its type: a compiler that was taken
 * over can give a bad list, but nothing that changes under us. */
enum err
loader_receive(struct loader *l, struct loader_result *out, struct error *e)
{
	struct response response;
	struct iovec iov = {&response, sizeof(response)};
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(l->fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(response))
		return error_set(e, ERR_IO, "the loader process is gone; restart orbl-dnsd");
	out->fd = received_fd(&message);
	out->error = response.error;
	out->error.text[sizeof(out->error.text) - 1] = '\0';
	memcpy(out->warnings, response.warnings, sizeof(out->warnings));
	out->warnings[sizeof(out->warnings) - 1] = '\0';
	if (out->fd >= 0 && (fcntl(out->fd, F_GET_SEALS) & SEALS) != SEALS) {
		close(out->fd);
		out->fd = -1;
		error_set(&out->error, ERR_CORRUPT, "the loader sent a list that is not sealed");
	}
	return OK;
}
