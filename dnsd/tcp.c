#include "tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum {
	FRAME = 2,      /* the length before each message, RFC 1035 section 4.2.2 */
	IN_SIZE = 4096, /* a query that does not fit is no query: the connection is closed */
	OUT_WHOLE = FRAME + ANSWER_MAX,
	OUT_SIZE = 2 * OUT_WHOLE, /* while less than half is used, any reply fits */
	OUT_KEPT = 16384, /* of a closed connection's buffer; the rest goes back to the system */
	ACCEPTS = 16,
};

#define NONE UINT32_MAX /* no connection */

struct connection {
	int fd;                /* -1: free */
	uint32_t older, newer; /* in the order of idleness; newer links the free ones too */
	int64_t since_ms;      /* idle since then */
	bool at_end;           /* the client sends no more */
	bool writing;          /* waits until replies can be written, and reads nothing */
	size_t in_len, out_len, sent;
	size_t touched; /* most that out_len ever was */
	size_t whole;   /* end of the first reply in out that is not written whole */
	uint8_t *in, *out;
};

struct tcp {
	int epoll;
	uint64_t tag;
	int64_t idle_ms;
	size_t size, count;
	uint32_t oldest, newest, free;
	struct connection *connections;
	uint8_t *buffers; /* mapped; pages that were never used take no memory */
};

static size_t
buffers_size(size_t connections)
{
	return connections * (IN_SIZE + OUT_SIZE);
}

struct tcp *
tcp_new(size_t connections, int64_t idle_ms, int epoll, uint64_t tag)
{
	struct tcp *t = calloc(1, sizeof(*t));
	void *buffers = mmap(NULL, buffers_size(connections), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (t != NULL)
		t->connections = calloc(connections, sizeof(*t->connections));
	if (t == NULL || t->connections == NULL || buffers == MAP_FAILED) {
		if (buffers != MAP_FAILED)
			munmap(buffers, buffers_size(connections));
		free(t);
		return NULL;
	}
	t->epoll = epoll;
	t->tag = tag;
	t->idle_ms = idle_ms;
	t->size = connections;
	t->buffers = buffers;
	t->oldest = t->newest = NONE;
	t->free = NONE;
	for (size_t i = connections; i-- > 0;) {
		struct connection *c = &t->connections[i];

		c->fd = -1;
		c->in = t->buffers + i * (IN_SIZE + OUT_SIZE);
		c->out = c->in + IN_SIZE;
		c->newer = t->free;
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

static void
close_connection(struct tcp *t, uint32_t i)
{
	struct connection *c = &t->connections[i];

	unlink_connection(t, i);
	close(c->fd);
	c->fd = -1;
	/* One reply of 64 KiB long ago must not hold its pages for ever. The buffers are not
	 * aligned to pages, so give back what lies between. */
	if (c->touched > OUT_KEPT) {
		uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
		uintptr_t from = ((uintptr_t)(c->out + OUT_KEPT) + page - 1) & ~(page - 1);
		uintptr_t to = (uintptr_t)(c->out + OUT_SIZE) & ~(page - 1);

		madvise((void *)from, to - from, MADV_DONTNEED);
	}
	c->newer = t->free;
	t->free = i;
	t->count--;
}

void
tcp_free(struct tcp *t)
{
	if (t == NULL)
		return;
	while (t->oldest != NONE)
		close_connection(t, t->oldest);
	munmap(t->buffers, buffers_size(t->size));
	free(t->connections);
	free(t);
}

int
tcp_expire(struct tcp *t, int64_t now_ms)
{
	while (t->oldest != NONE) {
		int64_t left = t->connections[t->oldest].since_ms + t->idle_ms - now_ms;

		if (left > 0)
			return (int)left;
		close_connection(t, t->oldest);
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
	struct epoll_event event = {.events = events, .data.u64 = t->tag | i};

	return epoll_ctl(t->epoll, operation, t->connections[i].fd, &event) == 0;
}

static void
open_connection(struct tcp *t, int fd, int64_t now_ms)
{
	uint32_t i;
	struct connection *c;
	int on = 1;

	if (t->free == NONE)
		close_connection(t, t->oldest);
	i = t->free;
	c = &t->connections[i];
	t->free = c->newer;
	t->count++;
	link_newest(t, i, now_ms);
	c->fd = fd;
	c->at_end = c->writing = false;
	c->in_len = c->out_len = c->sent = c->whole = c->touched = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!watch(t, i, EPOLL_CTL_ADD, EPOLLIN))
		close_connection(t, i);
}

void
tcp_accept(struct tcp *t, int listening, int64_t now_ms)
{
	for (int n = 0; n < ACCEPTS; n++) {
		int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			open_connection(t, fd, now_ms);
		else if ((errno == EMFILE || errno == ENFILE) && t->oldest != NONE)
			close_connection(t, t->oldest);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static size_t
read_length(const uint8_t *frame)
{
	return (size_t)(frame[0] << 8 | frame[1]);
}

/* Write what there is. False: the connection is broken. */
static bool
flush(struct tcp *t, uint32_t i, int64_t now_ms)
{
	struct connection *c = &t->connections[i];
	bool progress = false;

	while (c->sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0)
			break;
		c->sent += (size_t)n;
	}
	while (c->whole < c->out_len &&
		c->whole + FRAME + read_length(c->out + c->whole) <= c->sent) {
		c->whole += FRAME + read_length(c->out + c->whole);
		progress = true;
	}
	if (c->sent == c->out_len)
		c->sent = c->out_len = c->whole = 0;
	if (progress) {
		unlink_connection(t, i);
		link_newest(t, i, now_ms);
	}
	return true;
}

/* Answer the whole queries in the buffer while replies have room. False: a query is longer
 * than the buffer. */
static bool
answer_buffered(struct connection *c, const struct zone_set *zones,
	const struct answer_context *context)
{
	size_t at = 0;

	while (c->in_len - at >= FRAME && c->out_len + OUT_WHOLE <= OUT_SIZE) {
		size_t len = read_length(c->in + at), reply;
		uint8_t *frame = c->out + c->out_len;

		if (len > IN_SIZE - FRAME)
			return false;
		if (c->in_len - at - FRAME < len)
			break;
		reply = answer_packet(zones, context, c->in + at + FRAME, len, frame + FRAME,
			ANSWER_MAX);
		if (reply != 0) {
			frame[0] = (uint8_t)(reply >> 8);
			frame[1] = (uint8_t)reply;
			c->out_len += FRAME + reply;
			if (c->out_len > c->touched)
				c->touched = c->out_len;
		}
		at += FRAME + len;
	}
	c->in_len -= at;
	memmove(c->in, c->in + at, c->in_len);
	return true;
}

static bool
has_whole_query(const struct connection *c)
{
	return c->in_len >= FRAME && c->in_len - FRAME >= read_length(c->in);
}

/* False: the connection is broken. */
static bool
receive(struct connection *c)
{
	ssize_t n;

	if (c->in_len == IN_SIZE)
		return true;
	n = recv(c->fd, c->in + c->in_len, IN_SIZE - c->in_len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->at_end = n == 0;
	c->in_len += (size_t)n;
	return true;
}

/* Replies, until the client has to read or to send. False: done with the connection. */
static bool
advance(struct tcp *t, uint32_t i, const struct zone_set *zones,
	const struct answer_context *context, int64_t now_ms)
{
	struct connection *c = &t->connections[i];
	bool framed, writing;

	do {
		/* What came before a query that is too long is answered all the same. */
		framed = answer_buffered(c, zones, context);
		if (!flush(t, i, now_ms) || !framed)
			return false;
	} while (c->out_len == 0 && has_whole_query(c));
	writing = c->out_len != 0;
	if (c->at_end && !writing)
		return false;
	if (writing == c->writing)
		return true;
	c->writing = writing;
	return watch(t, i, EPOLL_CTL_MOD, writing ? EPOLLOUT : EPOLLIN);
}

void
tcp_serve(struct tcp *t, size_t i, const struct zone_set *zones,
	const struct answer_context *context, int64_t now_ms)
{
	struct connection *c = &t->connections[i];

	/* An event of a connection that was evicted in the same round. */
	if (c->fd < 0)
		return;
	if ((!c->writing && !receive(c)) || !advance(t, (uint32_t)i, zones, context, now_ms))
		close_connection(t, (uint32_t)i);
}
