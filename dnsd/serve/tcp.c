#include "tcp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hand_over.h"
#include "tcp_clients.h"
#include "tcp_stream.h"

enum {
	BUFFERS = TCP_STREAM_IN + TCP_STREAM_OUT,
	OUT_KEPT = 16384, /* of a closed connection's buffer; the rest goes back to the system */
	ACCEPTS = 16,
};

#define NONE TCP_CLIENTS_END /* no connection */

struct connection {
	int fd;                /* -1: free */
	uint32_t older, newer; /* in the order of idleness; newer links the free ones too */
	int64_t since_ms;      /* idle since then */
	bool at_end;           /* the client sends no more */
	bool writing;          /* waits until it can be written to, and reads nothing */
	struct endpoint client;
	uint32_t listener; /* index */
	struct tcp_stream stream;
};

struct tcp {
	struct tcp_options options;
	size_t count;
	uint32_t oldest, newest, free;
	struct connection *connections;
	uint8_t *buffers; /* mapped; pages that were never used take no memory */
	struct tcp_clients *clients;
};

static bool
open_memory(struct tcp *t)
{
	size_t connections = t->options.connections;

	t->clients = tcp_clients_new(connections);
	t->connections = calloc(connections, sizeof(*t->connections));
	t->buffers = mmap(NULL, connections * BUFFERS, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return t->clients != NULL && t->connections != NULL && t->buffers != MAP_FAILED;
}

struct tcp *
tcp_new(const struct tcp_options *options)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->options = *options;
	t->buffers = MAP_FAILED;
	t->oldest = t->newest = t->free = NONE;
	if (!open_memory(t)) {
		tcp_free(t);
		return NULL;
	}
	for (size_t i = options->connections; i-- > 0;) {
		t->connections[i].fd = -1;
		t->connections[i].newer = t->free;
		t->free = (uint32_t)i;
	}
	return t;
}

/* --- order of idleness --------------------------------------------------- */

static void
unlink_connection(struct tcp *t, uint32_t i)
{
	struct connection *c = &t->connections[i];

	*(c->older != NONE ? &t->connections[c->older].newer : &t->oldest) = c->newer;
	*(c->newer != NONE ? &t->connections[c->newer].older : &t->newest) = c->older;
}

static void
link_newest(struct tcp *t, uint32_t i, int64_t now_ms)
{
	struct connection *c = &t->connections[i];

	c->since_ms = now_ms;
	c->older = t->newest;
	c->newer = NONE;
	*(t->newest != NONE ? &t->connections[t->newest].newer : &t->oldest) = i;
	t->newest = i;
}

/* The most idle connection of a client that has as many as it may; NONE: it may open another. */
static uint32_t
find_surplus(const struct tcp *t, const struct addr *client)
{
	uint32_t i = tcp_clients_first(t->clients, client), most_idle = i;
	size_t count = 0;

	for (; i != NONE; i = tcp_clients_next(t->clients, i)) {
		count++;
		if (t->connections[i].since_ms <= t->connections[most_idle].since_ms)
			most_idle = i;
	}
	return t->options.client_connections != 0 && count >= t->options.client_connections ?
		most_idle :
		NONE;
}

/* --- open and close ------------------------------------------------------ */

/* One reply of 64 KiB long ago must not hold its pages for ever. The buffers are not aligned to
 * pages, so give back what lies between. */
static void
give_back_pages(struct tcp_stream *s)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)(s->out + OUT_KEPT) + page - 1) & ~(page - 1);
	uintptr_t to = (uintptr_t)(s->out + TCP_STREAM_OUT) & ~(page - 1);

	if (s->touched > OUT_KEPT)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

static void
close_connection(struct tcp *t, uint32_t i)
{
	struct connection *c = &t->connections[i];

	unlink_connection(t, i);
	tcp_clients_remove(t->clients, i);
	close(c->fd);
	c->fd = -1;
	give_back_pages(&c->stream);
	c->newer = t->free;
	t->free = i;
	t->count--;
}

/* The system would keep what a client does not read for minutes, and not tell it of the end. */
static void
reset_connection(struct tcp *t, uint32_t i)
{
	struct linger reset = {.l_onoff = 1};

	setsockopt(t->connections[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close_connection(t, i);
}

static void
close_idle(struct tcp *t, uint32_t i)
{
	int unread = 0;

	if (ioctl(t->connections[i].fd, SIOCOUTQ, &unread) == 0 && unread != 0)
		reset_connection(t, i);
	else
		close_connection(t, i);
	stats_add(&t->options.stats->common.tcp_idle, 1);
}

static void
evict(struct tcp *t, uint32_t i, uint64_t *counter)
{
	const uint8_t *at;

	if (tcp_stream_pending(&t->connections[i].stream, &at) != 0)
		reset_connection(t, i);
	else
		close_connection(t, i);
	stats_add(counter, 1);
}

void
tcp_free(struct tcp *t)
{
	if (t == NULL)
		return;
	while (t->oldest != NONE)
		close_connection(t, t->oldest);
	if (t->buffers != MAP_FAILED)
		munmap(t->buffers, t->options.connections * BUFFERS);
	free(t->connections);
	tcp_clients_free(t->clients);
	free(t);
}

int
tcp_expire(struct tcp *t, int64_t now_ms)
{
	while (t->oldest != NONE) {
		int64_t left = t->connections[t->oldest].since_ms + t->options.idle_ms - now_ms;

		if (left > 0)
			return (int)left;
		close_idle(t, t->oldest);
	}
	return -1;
}

size_t
tcp_count(const struct tcp *t)
{
	return t->count;
}

/* --- connections ----------------------------------------------------------- */

static bool
watch(struct tcp *t, uint32_t i, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = t->options.tag | i};

	return epoll_ctl(t->options.epoll, operation, t->connections[i].fd, &event) == 0;
}

static void
open_connection(struct tcp *t, int fd, const struct endpoint *client, uint32_t listener,
	int64_t now_ms)
{
	uint32_t i = find_surplus(t, &client->addr);
	struct connection *c;

	if (i != NONE)
		evict(t, i, &t->options.stats->common.tcp_refused);
	else if (t->free == NONE)
		evict(t, t->oldest, &t->options.stats->common.tcp_evicted);
	i = t->free;
	c = &t->connections[i];
	t->free = c->newer;
	t->count++;
	stats_add(&t->options.stats->common.tcp_accepted, 1);
	c->fd = fd;
	c->client = *client;
	c->listener = listener;
	c->at_end = c->writing = false;
	tcp_stream_init(&c->stream, t->buffers + i * BUFFERS,
		t->buffers + i * BUFFERS + TCP_STREAM_IN);
	c->stream.gate = t->options.gate;
	link_newest(t, i, now_ms);
	tcp_clients_add(t->clients, i, &client->addr);
	if (!watch(t, i, EPOLL_CTL_ADD, EPOLLIN))
		close_connection(t, i);
}

static bool
is_shortage(int reason)
{
	return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

static struct endpoint
endpoint_of(const struct sockaddr_storage *from)
{
	return (struct endpoint){
		.addr = addr_from_sockaddr((const struct sockaddr *)from),
		/* where it is in both */
		.port = ntohs(((const struct sockaddr_in *)(const void *)from)->sin_port),
	};
}

bool
tcp_accept(struct tcp *t, const struct listener *listening, int64_t now_ms)
{
	bool short_before = false; /* of descriptors */

	for (int n = 0; n < ACCEPTS; n++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd = accept4(listening->tcp, (struct sockaddr *)&from, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			struct endpoint client = endpoint_of(&from);

			open_connection(t, fd, &client, listening->index, now_ms);
			/* The next try would fail even when nobody waits. */
			if (short_before)
				break;
		} else if (is_shortage(errno)) {
			/* What one of ours held may be gone to somebody else. */
			if (short_before || t->oldest == NONE)
				return false;
			evict(t, t->oldest, &t->options.stats->common.tcp_evicted);
			short_before = true;
		} else if (errno == EAGAIN) {
			break;
		} /* else the connection is broken already: take the next one */
	}
	return true;
}

/* False: the connection is broken. */
static bool
receive(struct connection *c)
{
	uint8_t *at;
	size_t room = tcp_stream_room(&c->stream, &at);
	ssize_t n;

	if (room == 0 || c->at_end)
		return true;
	n = recv(c->fd, at, room, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->at_end = n == 0;
	tcp_stream_received(&c->stream, (size_t)n);
	return true;
}

/* Send what there is. False: the connection is broken. */
static bool
flush(struct tcp *t, uint32_t i, int64_t now_ms)
{
	struct connection *c = &t->connections[i];
	const uint8_t *at;
	size_t pending;

	while ((pending = tcp_stream_pending(&c->stream, &at)) != 0) {
		ssize_t n = send(c->fd, at, pending, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (tcp_stream_sent(&c->stream, (size_t)n)) {
			unlink_connection(t, i);
			link_newest(t, i, now_ms);
		}
	}
	return true;
}

static int64_t
read_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct endpoint
local_of(int fd)
{
	struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &len) != 0)
		return (struct endpoint){.port = 0};
	return endpoint_of(&local);
}

/* The other process may hold the connection when we have closed it, and then it would stay
 * watched. */
static void
hand_over(struct tcp *t, uint32_t i, const uint8_t *bytes, size_t len)
{
	const struct connection *c = &t->connections[i];
	struct handed h = {
		.is_tcp = true,
		.endpoint = c->listener,
		.client = c->client,
		.local = local_of(c->fd).addr,
	};

	epoll_ctl(t->options.epoll, EPOLL_CTL_DEL, c->fd, NULL);
	if (!hand_over_send(t->options.transfer, &h, bytes, len, c->fd))
		stats_add(&t->options.stats->common.handover_lost, 1);
}

/* Replies, until the client has to read or to send, or others get their turn. False: done with
 * the connection. */
static bool
advance(struct tcp *t, uint32_t i, const struct zone_set *zones,
	const struct answer_context *context, int64_t now_ms)
{
	struct connection *c = &t->connections[i];
	struct observed observed = {.observing = t->options.observing, .client = c->client};
	int64_t from_ns = read_clock_ns();
	const uint8_t *at;
	bool writing;
	size_t count, len;

	if (t->options.observing->channel >= 0)
		observed.local = local_of(c->fd);
	count = tcp_stream_answer(&c->stream, zones, context, t->options.stats, &observed);
	if (!flush(t, i, now_ms))
		return false;
	if (count != 0)
		stats_count_latency(t->options.stats, ANSWER_TCP, count, from_ns, read_clock_ns());
	if (tcp_stream_is_handed_over(&c->stream, &at, &len)) {
		hand_over(t, i, at, len);
		return false;
	}
	writing = tcp_stream_pending(&c->stream, &at) != 0 || tcp_stream_has_query(&c->stream);
	if (c->at_end && !writing)
		return false;
	if (writing == c->writing)
		return true;
	c->writing = writing;
	return watch(t, i, EPOLL_CTL_MOD, writing ? EPOLLOUT : EPOLLIN);
}

void
tcp_serve(struct tcp *t, size_t i, const struct zone_set *zones, struct answer_context *context,
	int64_t now_ms)
{
	struct connection *c = &t->connections[i];

	/* An event of a connection that was evicted in the same round. */
	if (c->fd < 0)
		return;
	context->transport = ANSWER_TCP;
	context->client = c->client.addr;
	if (!receive(c) || !advance(t, (uint32_t)i, zones, context, now_ms))
		close_connection(t, (uint32_t)i);
}
