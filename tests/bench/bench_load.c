/* bench_load.c - ask a server at a steady rate, and count what it does not answer, answers late
 * or answers wrong. Half of the questions are for listed addresses (addresses.h), of the first
 * half of the list, which no benchmark changes.
 *
 *	bench_load PORT COUNT ORIGIN RATE
 *
 * Ends with SIGTERM or SIGINT and prints "SENT LOST LATE WRONG WORST_MS".
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/text.h>

#include "addresses.h"
#include "ask.h"

enum {
	CLIENTS = 8,
	SLOTS = 1 << 16, /* one for each id */
	BURST = 64,
	RATE_MAX = 1000000,
	LOST_US = 2000000,
	LATE_US = 50000,
	STEP_MS = 1,
};

struct question {
	uint64_t sent_us; /* 0: answered */
	uint32_t number;  /* ask_question's */
	uint32_t wanted;  /* as ask_reply_is has it */
};

struct load {
	uint32_t count;
	const char *origin;
	uint64_t rate;
	struct pollfd clients[CLIENTS];
	struct question *questions; /* SLOTS of them */
	uint64_t sent, lost, late, wrong, worst_us;
};

static volatile sig_atomic_t is_over;

static void
end(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

static const char *
choose(struct load *l, uint32_t *wanted, char name[ADDRESSES_NAME])
{
	/* An odd step visits all of them before it repeats one. */
	uint32_t i = (uint32_t)(l->sent * 1000003U % (l->count / 2 > 0 ? l->count / 2 : 1));

	if (l->sent % 2 == 0) {
		*wanted = addresses_category_of(i, l->count)->code;
		return addresses_name(addresses_at(i), l->origin, name);
	}
	*wanted = 0;
	return addresses_name(addresses_at(ADDRESSES_UNLISTED + i), l->origin, name);
}

static void
give_up(struct load *l, struct question *q)
{
	if (q->sent_us != 0)
		l->lost++;
	q->sent_us = 0;
}

static void
send_one(struct load *l, uint64_t now_us)
{
	uint16_t id = (uint16_t)(l->sent % SLOTS);
	struct question *q = &l->questions[id];
	uint8_t message[ASK_MESSAGE];
	char name[ADDRESSES_NAME];
	size_t len;

	give_up(l, q);
	len = ask_write(message, id, choose(l, &q->wanted, name));
	q->number = ask_question(message, len);
	q->sent_us = now_us;
	l->sent++;
	/* One the kernel does not take is one that was lost. */
	send(l->clients[id % CLIENTS].fd, message, len, 0);
}

static void
receive_one(struct load *l, const struct ask_reply *r, uint64_t now_us)
{
	struct question *q = &l->questions[r->id];
	uint64_t took_us = now_us - q->sent_us;

	if (q->sent_us == 0)
		return;
	if (took_us > LOST_US) {
		give_up(l, q);
		return;
	}
	l->late += took_us > LATE_US;
	l->wrong += !ask_reply_is(r, q->wanted);
	l->worst_us = took_us > l->worst_us ? took_us : l->worst_us;
	q->sent_us = 0;
}

static void
receive(struct load *l)
{
	uint8_t bytes[ASK_MESSAGE];
	struct ask_reply reply;
	ssize_t len;

	if (poll(l->clients, CLIENTS, STEP_MS) <= 0)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		while ((len = recv(l->clients[i].fd, bytes, sizeof(bytes), 0)) > 0)
			if (ask_read(bytes, (size_t)len, &reply) && reply.id % CLIENTS == i &&
				l->questions[reply.id].number == ask_question(bytes, (size_t)len))
				receive_one(l, &reply, ask_now_us());
}

static void
run(struct load *l)
{
	uint64_t began_us = ask_now_us(), now_us = began_us, due, ended_us;

	while (!is_over) {
		now_us = ask_now_us();
		due = (now_us - began_us) * l->rate / 1000000;
		/* What could not be sent in time is not made up for in one blow. */
		for (int burst = 0; burst < BURST && l->sent < due; burst++)
			send_one(l, now_us);
		receive(l);
	}
	ended_us = now_us;
	while (now_us - ended_us < LOST_US) {
		receive(l);
		now_us = ask_now_us();
	}
	for (size_t i = 0; i < SLOTS; i++)
		give_up(l, &l->questions[i]);
}

static bool
open_clients(struct load *l, uint16_t port)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		l->clients[i] = (struct pollfd){.fd = ask_open(port), .events = POLLIN};
		if (l->clients[i].fd < 0)
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct load l = {.questions = calloc(SLOTS, sizeof(struct question))};
	uint64_t port, count;

	if (l.questions == NULL || argc != 5 ||
		text_to_u64(text_of(argv[1]), UINT16_MAX, &port) != OK ||
		text_to_u64(text_of(argv[2]), ADDRESSES_COUNT_MAX, &count) != OK || count == 0 ||
		text_to_u64(text_of(argv[4]), RATE_MAX, &l.rate) != OK) {
		fprintf(stderr, "usage: bench_load PORT COUNT ORIGIN RATE\n");
		free(l.questions);
		return EXIT_FAILURE;
	}
	l.count = (uint32_t)count;
	l.origin = argv[3];
	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (open_clients(&l, (uint16_t)port))
		run(&l);
	else
		perror("bench_load");
	printf("%llu %llu %llu %llu %.1f\n", (unsigned long long)l.sent, (unsigned long long)l.lost,
		(unsigned long long)l.late, (unsigned long long)l.wrong, (double)l.worst_us / 1000);
	free(l.questions);
	return EXIT_SUCCESS;
}
