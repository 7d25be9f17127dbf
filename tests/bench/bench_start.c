/* bench_start.c - become a server, and write to FILE how long it took until it answered.
 *
 *	bench_start FILE PORT NAME TIMEOUT_MS COMMAND...
 *
 * FILE gets one line: milliseconds from here to the first answer of NOERROR to NAME's A record
 * on 127.0.0.1:PORT, or "none". Who asks is no child of the server, which might wait for
 * children, and runs on any processor, whatever the server is bound to.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orbl/text.h>

#include "ask.h"

enum { TIMEOUT_MAX_MS = 3600000, STEP_US = 100, SLOW_STEP_US = 2000, SLOW_AFTER_US = 100000 };

struct start {
	const char *file, *name;
	uint16_t port;
	uint64_t timeout_us, began_us;
};

static void
free_processor(void)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &all);
	sched_setaffinity(0, sizeof(all), &all);
}

static bool
has_answered(int fd)
{
	uint8_t bytes[ASK_MESSAGE];
	struct ask_reply reply;
	ssize_t len;

	for (;;) {
		len = recv(fd, bytes, sizeof(bytes), 0);
		/* Nobody there yet is told once for each question. */
		if (len < 0 && (errno == ECONNREFUSED || errno == EINTR))
			continue;
		if (len < 0)
			return false;
		if (ask_read(bytes, (size_t)len, &reply) && reply.rcode == ASK_NOERROR &&
			reply.answers > 0)
			return true;
	}
}

static void
report(const struct start *s, bool was_answered)
{
	FILE *f = fopen(s->file, "w");

	if (f == NULL)
		return;
	if (was_answered)
		fprintf(f, "%.2f\n", (double)(ask_now_us() - s->began_us) / 1000);
	else
		fprintf(f, "none\n");
	fclose(f);
}

static void
ask_until_answered(const struct start *s)
{
	struct pollfd poll_fd = {.fd = ask_open(s->port), .events = POLLIN};
	struct timespec step = {.tv_nsec = STEP_US * 1000L};
	uint8_t question[ASK_MESSAGE];
	size_t len = ask_write(question, 1, s->name);
	bool was_answered = false;

	free_processor();
	while (!was_answered && ask_now_us() - s->began_us < s->timeout_us) {
		/* A server that loads for seconds is not to find a queue of questions. */
		if (ask_now_us() - s->began_us > SLOW_AFTER_US)
			step.tv_nsec = SLOW_STEP_US * 1000L;
		send(poll_fd.fd, question, len, 0);
		ppoll(&poll_fd, 1, &step, NULL);
		was_answered = has_answered(poll_fd.fd);
		if ((poll_fd.revents & POLLERR) != 0)
			nanosleep(&step, NULL);
	}
	report(s, was_answered);
}

static bool
spawn_asker(const struct start *s)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0)
			ask_until_answered(s);
		_exit(EXIT_SUCCESS);
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

int
main(int argc, char **argv)
{
	struct start s = {.began_us = ask_now_us()};
	uint64_t port, timeout_ms;

	if (argc < 6 || text_to_u64(text_of(argv[2]), UINT16_MAX, &port) != OK ||
		text_to_u64(text_of(argv[4]), TIMEOUT_MAX_MS, &timeout_ms) != OK) {
		fprintf(stderr, "usage: bench_start FILE PORT NAME TIMEOUT_MS COMMAND...\n");
		return EXIT_FAILURE;
	}
	s.file = argv[1];
	s.name = argv[3];
	s.port = (uint16_t)port;
	s.timeout_us = timeout_ms * 1000;
	if (!spawn_asker(&s))
		return EXIT_FAILURE;
	execvp(argv[5], argv + 5);
	perror(argv[5]);
	return EXIT_FAILURE;
}
