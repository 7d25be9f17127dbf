/* bench_publish.c - change a list in service, one entry after the other, and measure how long it
 * takes until DNS answers each change.
 *
 *	bench_publish delta PORT COUNT ORIGIN CHANGES SNAPSHOT SOCKET
 *	bench_publish file PORT COUNT ORIGIN CHANGES FILE PID
 *
 * delta: SNAPSHOT.delta is replaced, and orbl-dnsd told over its control socket. file: a line is
 * appended to a file of rbldnsd(8), and PID gets SIGHUP. An addition and a removal take turns.
 * A process of its own changes, so that nothing keeps this one from asking meanwhile: every
 * 100 us. Prints a line for each change: milliseconds from the decision to the first new answer,
 * and how many answers were neither the old nor the new one, or the old one after the new one.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "addresses.h"
#include "ask.h"
#include "change.h"

enum {
	CHANGES_MAX = 100000,
	STEP_US = 100,
	SETTLE_US = 5000, /* how long the old answer must not come back */
	PAUSE_US = 20000, /* between changes, at least; and up to as much again */
	TIMEOUT_US = 60000000,
};

struct publish {
	struct change change;
	uint16_t port;
	uint64_t changes;
	int fd; /* asks */
	int to_child, from_child;
	uint16_t id, oldest_id; /* of this change's questions */
};

struct wait {
	uint8_t question[ASK_MESSAGE];
	size_t len;
	uint32_t old, new;
	uint64_t began_us, new_us; /* new_us 0: not yet */
	unsigned wrong;
};

static void
judge(const struct publish *p, struct wait *w, const struct ask_reply *r)
{
	/* One that was asked before this change. */
	if ((uint16_t)(r->id - p->oldest_id) > (uint16_t)(p->id - p->oldest_id))
		return;
	if (ask_reply_is(r, w->new))
		w->new_us = w->new_us != 0 ? w->new_us : ask_now_us();
	else
		w->wrong += w->new_us != 0 || !ask_reply_is(r, w->old);
}

/* Ask once, and look at what has come meanwhile. */
static void
step(struct publish *p, struct wait *w)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
	struct timespec pause = {.tv_nsec = STEP_US * 1000L};
	uint8_t bytes[ASK_MESSAGE];
	struct ask_reply reply;
	ssize_t len;

	p->id++;
	w->question[0] = (uint8_t)(p->id >> 8);
	w->question[1] = (uint8_t)p->id;
	send(p->fd, w->question, w->len, 0);
	ppoll(&poll_fd, 1, &pause, NULL);
	while ((len = recv(p->fd, bytes, sizeof(bytes), 0)) > 0)
		if (ask_read(bytes, (size_t)len, &reply))
			judge(p, w, &reply);
	nanosleep(&pause, NULL);
}

static void
begin_change(struct publish *p, struct wait *w, uint32_t i)
{
	char name[ADDRESSES_NAME];
	uint32_t a;

	*w = (struct wait){.wrong = 0};
	a = change_address(&p->change, i, &w->old, &w->new);
	addresses_name(a, p->change.origin, name);
	w->len = ask_write(w->question, 0, name);
	p->oldest_id = (uint16_t)(p->id + 1);
}

static bool
measure(struct publish *p, uint32_t i)
{
	struct wait w;
	char result;

	begin_change(p, &w, i);
	w.began_us = ask_now_us();
	if (write(p->to_child, &i, sizeof(i)) != sizeof(i))
		return false;
	while (w.new_us == 0 && ask_now_us() - w.began_us < TIMEOUT_US)
		step(p, &w);
	while (w.new_us != 0 && ask_now_us() - w.new_us < SETTLE_US)
		step(p, &w);
	if (w.new_us == 0 || read(p->from_child, &result, 1) != 1 || result != '+') {
		fprintf(stderr, "bench_publish: change %u is not answered\n", (unsigned)i);
		return false;
	}
	printf("%.3f %u\n", (double)(w.new_us - w.began_us) / 1000, w.wrong);
	usleep(PAUSE_US + (unsigned)(w.new_us % PAUSE_US));
	return true;
}

/* The child: make each change it is told, and say whether it was. */
static int
serve_changes(struct change *c, int in, int out)
{
	struct error e = {.code = OK};
	uint32_t i;
	bool is_made;

	while (read(in, &i, sizeof(i)) == sizeof(i)) {
		is_made = change_make(c, i, &e) == OK;
		if (!is_made)
			fprintf(stderr, "bench_publish: %s\n", e.text);
		if (write(out, is_made ? "+" : "-", 1) != 1)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static bool
spawn_changer(struct publish *p, pid_t *pid)
{
	int down[2], up[2];

	if (pipe(down) != 0 || pipe(up) != 0)
		return false;
	*pid = fork();
	if (*pid == 0) {
		close(down[1]);
		_exit(serve_changes(&p->change, down[0], up[1]));
	}
	close(down[0]);
	close(up[1]);
	p->to_child = down[1];
	p->from_child = up[0];
	return *pid > 0;
}

static bool
read_arguments(int argc, char **argv, struct publish *p)
{
	uint64_t port, count;
	struct error e = {.code = OK};

	if (argc != 8 || text_to_u64(text_of(argv[2]), UINT16_MAX, &port) != OK ||
		text_to_u64(text_of(argv[3]), ADDRESSES_COUNT_MAX, &count) != OK || count == 0 ||
		text_to_u64(text_of(argv[5]), CHANGES_MAX, &p->changes) != OK) {
		fprintf(stderr,
			"usage: bench_publish delta|file PORT COUNT ORIGIN CHANGES "
			"SNAPSHOT|FILE SOCKET|PID\n");
		return false;
	}
	p->port = (uint16_t)port;
	if (change_open(&p->change, argv[1], (uint32_t)count, argv[4], argv[6], argv[7], &e) == OK)
		return true;
	fprintf(stderr, "bench_publish: %s\n", e.text);
	return false;
}

int
main(int argc, char **argv)
{
	struct publish p = {.id = 0};
	bool is_good;
	pid_t pid;

	if (!read_arguments(argc, argv, &p))
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	p.fd = ask_open(p.port);
	is_good = p.fd >= 0 && spawn_changer(&p, &pid);
	for (uint32_t i = 0; is_good && i < p.changes; i++)
		is_good = measure(&p, i);
	change_close(&p.change);
	return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
