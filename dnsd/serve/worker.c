#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gate_worker.h"
#include "tcp.h"
#include "udp.h"

enum {
	EVENTS = 64,
	UDP_BATCHES = 16, /* before the other sockets get their turn */
	ACCEPT_PAUSE_MS = 100,
	STACK_SIZE = 256 * 1024,
	CACHE_LINE = 64,
};

/* What an epoll event is about: the upper half of its data; the lower is an index. */
enum event_kind { EVENT_WAKE, EVENT_ACCEPT, EVENT_TCP };

/* UDP sockets are polled, and not watched by epoll: the kernel tells the watcher of a socket about
 * each datagram that was sent, which is a twentieth of the whole cost of a query. */

struct worker {
	size_t index;
	struct live *live;
	int epoll, wake;
	size_t listener_count;
	const struct listener *listeners;
	struct pollfd *polls; /* each listener's UDP socket, then epoll */
	struct udp *udp;
	struct tcp *tcp;
	struct answer_context context;
	int64_t accept_again_ms; /* no connection is taken before; 0: they are */
	struct stats_worker *stats;
	struct gate *gate;
	struct observing observing;
	bool started;
	pthread_t thread;
	/* What other threads look at has a line of its own. */
	alignas(CACHE_LINE) atomic_bool stop;
};

static uint64_t
event_tag(enum event_kind kind)
{
	return (uint64_t)kind << 32;
}

static enum err
watch(struct worker *w, int fd, enum event_kind kind, size_t index, struct error *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = event_tag(kind) | index};

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return error_errno(e, "cannot watch a socket");
	return OK;
}

static enum err
open_listeners(struct worker *w, const struct worker_options *o, struct error *e)
{
	w->listeners = o->listeners;
	w->polls = calloc(o->listener_count + 1, sizeof(*w->polls));
	if (w->polls == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for sockets");
	w->listener_count = o->listener_count;
	for (size_t i = 0; i < o->listener_count; i++) {
		enum err err = watch(w, w->listeners[i].tcp, EVENT_ACCEPT, i, e);

		w->polls[i] = (struct pollfd){.fd = w->listeners[i].udp, .events = POLLIN};
		if (err != OK)
			return err;
	}
	w->polls[w->listener_count] = (struct pollfd){.fd = w->epoll, .events = POLLIN};
	return OK;
}

static enum err
open_worker(struct worker *w, const struct worker_options *o, struct error *e)
{
	struct udp_options udp = {
		.udp_size = o->answer->udp_size,
		.stats = w->stats,
		.observing = &w->observing,
		.transfer = o->transfer[ANSWER_UDP],
		.gate = o->gate,
	};
	struct tcp_options tcp = {
		.connections = o->tcp_connections,
		.client_connections = o->tcp_client_connections,
		.idle_ms = o->tcp_idle_ms,
		.epoll = w->epoll,
		.tag = event_tag(EVENT_TCP),
		.stats = w->stats,
		.observing = &w->observing,
		.transfer = o->transfer[ANSWER_TCP],
		.gate = o->gate,
	};
	enum err err;

	if (w->epoll < 0 || w->wake < 0)
		return error_errno(e, "cannot prepare a worker");
	w->udp = udp_new(&udp);
	w->tcp = tcp_new(&tcp);
	if (w->udp == NULL || w->tcp == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the buffers of a worker");
	err = watch(w, w->wake, EVENT_WAKE, 0, e);
	return err == OK ? open_listeners(w, o, e) : err;
}

enum err
worker_new(const struct worker_options *o, struct worker **out, struct error *e)
{
	struct worker *w = aligned_alloc(alignof(struct worker), sizeof(*w));
	enum err err;

	*out = NULL;
	if (w == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a worker");
	memset(w, 0, sizeof(*w));
	w->index = o->index;
	w->live = o->live;
	w->context.config = o->answer;
	w->stats = o->stats;
	w->gate = o->gate;
	observing_init(&w->observing, o->observations, o->log_every, o->tap_every, w->stats);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = open_worker(w, o, e);
	if (err != OK) {
		worker_free(w);
		return err;
	}
	*out = w;
	return OK;
}

static int64_t
monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
wall_clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec;
}

/* Without a descriptor for it, a connection that waits would wake us again at once. */
static void
pause_accepting(struct worker *w, bool pause, int64_t now_ms)
{
	w->accept_again_ms = pause ? now_ms + ACCEPT_PAUSE_MS : 0;
	for (size_t i = 0; i < w->listener_count; i++) {
		struct epoll_event event = {.events = pause ? 0 : EPOLLIN,
			.data.u64 = event_tag(EVENT_ACCEPT) | i};

		epoll_ctl(w->epoll, EPOLL_CTL_MOD, w->listeners[i].tcp, &event);
	}
}

static void
serve_event(struct worker *w, const struct epoll_event *event, const struct zone_set *zones,
	int64_t now_ms)
{
	size_t index = (uint32_t)event->data.u64;
	uint64_t count;

	switch ((enum event_kind)(event->data.u64 >> 32)) {
	case EVENT_WAKE:
		if (read(w->wake, &count, sizeof(count)) < 0)
			break; /* woken for nothing */
		break;
	case EVENT_ACCEPT:
		if (!tcp_accept(w->tcp, &w->listeners[index], now_ms))
			pause_accepting(w, true, now_ms);
		break;
	case EVENT_TCP: tcp_serve(w->tcp, index, zones, &w->context, now_ms); break;
	}
}

static void
serve_ready(struct worker *w, const struct zone_set *zones, int64_t now_ms)
{
	struct epoll_event events[EVENTS];
	int count = 0;

	for (size_t i = 0; i < w->listener_count; i++)
		for (int n = 0; w->polls[i].revents != 0 && n < UDP_BATCHES; n++)
			if (!udp_serve(w->udp, &w->listeners[i], zones, &w->context))
				break;
	if (w->polls[w->listener_count].revents != 0)
		count = epoll_wait(w->epoll, events, EVENTS, 0);
	for (int i = 0; i < count; i++)
		serve_event(w, &events[i], zones, now_ms);
}

/* Do what is due. Returns how long there is nothing to do without an event, -1: for ever. */
static int
do_timed_work(struct worker *w, int64_t now_ms)
{
	int left_ms = tcp_expire(w->tcp, now_ms), pause_ms;

	if (w->accept_again_ms != 0 && now_ms >= w->accept_again_ms)
		pause_accepting(w, false, now_ms);
	if (w->accept_again_ms == 0)
		return left_ms;
	pause_ms = (int)(w->accept_again_ms - now_ms);
	return left_ms < 0 || pause_ms < left_ms ? pause_ms : left_ms;
}

static void *
run(void *argument)
{
	struct worker *w = argument;

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		int timeout_ms = do_timed_work(w, monotonic_ms()), ready;
		const struct zone_set *zones;
		int64_t now_ms;

		stats_set(&w->stats->common.tcp_open, tcp_count(w->tcp));
		ready = poll(w->polls, w->listener_count + 1, timeout_ms);
		zones = live_zones(w->live, w->index);
		now_ms = monotonic_ms();
		w->context.now_s = wall_clock_s();
		if (w->gate != NULL)
			gate_turn(w->gate, w->context.now_s, now_ms);
		if (ready > 0)
			serve_ready(w, zones, now_ms);
	}
	return NULL;
}

enum err
worker_start(struct worker *w, struct error *e)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	int failed;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	failed = pthread_create(&w->thread, &attributes, run, w);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0)
		return error_set(e, ERR_IO, "cannot start a worker thread: %s", strerror(failed));
	w->started = true;
	return OK;
}

void
worker_wake(struct worker *w)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full, and then the worker is awake. */
	if (write(w->wake, &one, sizeof(one)) < 0)
		return;
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	if (w->started) {
		atomic_store(&w->stop, true);
		worker_wake(w);
		pthread_join(w->thread, NULL);
	}
	tcp_free(w->tcp);
	udp_free(w->udp);
	free(w->polls);
	if (w->wake >= 0)
		close(w->wake);
	if (w->epoll >= 0)
		close(w->epoll);
	free(w);
}
