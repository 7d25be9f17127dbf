#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tcp.h"
#include "udp.h"

enum {
	EVENTS = 64,
	UDP_BATCHES = 16, /* before the other sockets get their turn */
	STACK_SIZE = 256 * 1024,
};

/* What an epoll event is about: the upper half of its data; the lower is an index. */
enum event_kind { EVENT_WAKE, EVENT_UDP, EVENT_ACCEPT, EVENT_TCP };

struct worker {
	size_t index;
	struct live *live;
	int epoll, wake;
	size_t listener_count;
	struct listener *listeners;
	struct udp *udp;
	struct tcp *tcp;
	struct answer_context context;
	atomic_bool stop;
	bool started;
	pthread_t thread;
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
	w->listeners = calloc(o->endpoint_count, sizeof(*w->listeners));
	if (w->listeners == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for sockets");
	for (size_t i = 0; i < o->endpoint_count; i++) {
		enum err err = listener_open(&o->endpoints[i], &w->listeners[i], e);

		if (err != OK)
			return err;
		w->listener_count++;
		err = watch(w, w->listeners[i].udp, EVENT_UDP, i, e);
		if (err == OK)
			err = watch(w, w->listeners[i].tcp, EVENT_ACCEPT, i, e);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err
open_worker(struct worker *w, const struct worker_options *o, struct error *e)
{
	enum err err;

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll < 0 || w->wake < 0)
		return error_errno(e, "cannot prepare a worker");
	w->udp = udp_new(o->udp_size);
	w->tcp = tcp_new(o->tcp_connections, o->tcp_idle_ms, w->epoll, event_tag(EVENT_TCP));
	if (w->udp == NULL || w->tcp == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the buffers of a worker");
	err = watch(w, w->wake, EVENT_WAKE, 0, e);
	return err == OK ? open_listeners(w, o, e) : err;
}

enum err
worker_new(const struct worker_options *o, struct worker **out, struct error *e)
{
	struct worker *w = calloc(1, sizeof(*w));
	enum err err;

	*out = NULL;
	if (w == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for a worker");
	w->index = o->index;
	w->live = o->live;
	w->context.udp_size = o->udp_size;
	w->epoll = w->wake = -1;
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
	case EVENT_UDP:
		w->context.transport = ANSWER_UDP;
		for (int i = 0; i < UDP_BATCHES; i++)
			if (!udp_serve(w->udp, &w->listeners[index], zones, &w->context))
				break;
		break;
	case EVENT_ACCEPT: tcp_accept(w->tcp, w->listeners[index].tcp, now_ms); break;
	case EVENT_TCP:
		w->context.transport = ANSWER_TCP;
		tcp_serve(w->tcp, index, zones, &w->context, now_ms);
		break;
	}
}

static void *
run(void *argument)
{
	struct worker *w = argument;
	struct epoll_event events[EVENTS];

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		int timeout_ms = tcp_expire(w->tcp, monotonic_ms());
		int count = epoll_wait(w->epoll, events, EVENTS, timeout_ms);
		const struct zone_set *zones = live_zones(w->live, w->index);
		int64_t now_ms = monotonic_ms();

		w->context.now_s = wall_clock_s();
		for (int i = 0; i < count; i++)
			serve_event(w, &events[i], zones, now_ms);
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
	for (size_t i = 0; i < w->listener_count; i++)
		listener_close(&w->listeners[i]);
	free(w->listeners);
	if (w->wake >= 0)
		close(w->wake);
	if (w->epoll >= 0)
		close(w->epoll);
	free(w);
}
