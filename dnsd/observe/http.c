#include "http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_request.h"

enum { HEAD_MAX = 256, ACCEPTS = 8 };

/* Reading the request, writing the reply, then waiting for the client's end: a close while there
 * are bytes unread would take the reply away from it. */
enum state { READING, WRITING, ENDING };

struct client {
	int fd; /* -1: free */
	enum state state;
	int64_t end_ms;
	size_t in_len, head_len, body_len, sent; /* sent: of head and body */
	char *body;
	char head[HEAD_MAX];
	char in[HTTP_REQUEST_MAX];
};

struct http {
	size_t count;
	int listening[HTTP_LISTEN_MAX];
	struct http_body body;
	struct client clients[HTTP_CLIENTS];
};

struct http *
http_new(const int *listening, size_t count, const struct http_body *body)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->count = count < HTTP_LISTEN_MAX ? count : HTTP_LISTEN_MAX;
	for (size_t i = 0; i < h->count; i++)
		h->listening[i] = listening[i];
	h->body = *body;
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		h->clients[i].fd = -1;
	return h;
}

static void
drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->body);
	c->body = NULL;
	c->fd = -1;
}

void
http_free(struct http *h)
{
	for (size_t i = 0; h != NULL && i < HTTP_CLIENTS; i++)
		drop(&h->clients[i]);
	free(h);
}

/* NULL: there is none. */
static struct client *
find_oldest(struct http *h)
{
	struct client *oldest = NULL;

	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		struct client *c = &h->clients[i];

		if (c->fd >= 0 && (oldest == NULL || c->end_ms < oldest->end_ms))
			oldest = c;
	}
	return oldest;
}

static struct client *
find_room(struct http *h)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		if (h->clients[i].fd < 0)
			return &h->clients[i];
	return find_oldest(h);
}

void
http_take(struct http *h, int fd, int64_t now_ms)
{
	struct client *c = find_room(h);

	drop(c);
	c->fd = fd;
	c->state = READING;
	c->end_ms = now_ms + HTTP_TIME_MS;
	c->in_len = c->head_len = c->body_len = c->sent = 0;
}

static void
accept_clients(struct http *h, int listening, int64_t now_ms)
{
	for (int n = 0; n < ACCEPTS; n++) {
		int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *oldest;

		if (fd >= 0) {
			http_take(h, fd, now_ms);
			continue;
		}
		/* Without a descriptor for it, it would wake us again at once. Behind one that was
		 * accepted there may be no other. */
		oldest = n == 0 && (errno == EMFILE || errno == ENFILE) ? find_oldest(h) : NULL;
		if (oldest != NULL)
			drop(oldest);
		return;
	}
}

/* --- a reply ------------------------------------------------------------------ */

static char *
make_body(const struct http *h, enum http_status status, size_t *len)
{
	static const char hint[] = "see /metrics\n";

	*len = 0;
	if (status == HTTP_OK)
		return h->body.make(h->body.context, len);
	if (status != HTTP_NOT_FOUND)
		return NULL;
	*len = sizeof(hint) - 1;
	return strdup(hint);
}

static void
reply(struct http *h, struct client *c, enum http_status status, bool head_only)
{
	size_t len;

	c->body = make_body(h, status, &len);
	if (c->body == NULL)
		len = 0;
	if (status == HTTP_OK && c->body == NULL)
		status = HTTP_UNAVAILABLE;
	c->body_len = head_only ? 0 : len;
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
		"HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		(int)status, http_status_text(status),
		status == HTTP_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "",
		status == HTTP_OK ? h->body.type : "text/plain", len);
	c->state = WRITING;
}

/* False: done with the connection. */
static bool
write_reply(struct client *c)
{
	while (c->sent < c->head_len + c->body_len) {
		bool in_head = c->sent < c->head_len;
		const char *at = in_head ? c->head + c->sent : c->body + (c->sent - c->head_len);
		size_t len = in_head ? c->head_len - c->sent : c->head_len + c->body_len - c->sent;
		ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->sent += (size_t)n;
	}
	c->state = ENDING;
	return shutdown(c->fd, SHUT_WR) == 0;
}

/* False: done with the connection. */
static bool
read_request(struct http *h, struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
	enum http_status status;
	bool head_only;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	c->in_len += (size_t)n;
	status = http_request_read(c->in, c->in_len, &head_only);
	if (status == HTTP_INCOMPLETE)
		return true;
	reply(h, c, status, head_only);
	return write_reply(c);
}

static bool
serve_client(struct http *h, struct client *c)
{
	ssize_t n;

	switch (c->state) {
	case READING: return read_request(h, c);
	case WRITING: return write_reply(c);
	case ENDING: break;
	}
	n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* --- the loop -------------------------------------------------------------------- */

void
http_prepare(const struct http *h, struct pollfd *polls)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		polls[i] = (struct pollfd){.fd = h->clients[i].fd,
			.events = h->clients[i].state == WRITING ? POLLOUT : POLLIN};
	for (size_t i = 0; i < HTTP_LISTEN_MAX; i++)
		polls[HTTP_CLIENTS + i] = (struct pollfd){.fd = i < h->count ? h->listening[i] : -1,
			.events = POLLIN};
}

void
http_serve(struct http *h, const struct pollfd *polls, int64_t now_ms)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		struct client *c = &h->clients[i];

		if (c->fd >= 0 && c->fd == polls[i].fd && polls[i].revents != 0 &&
			!serve_client(h, c))
			drop(c);
	}
	for (size_t i = 0; i < h->count; i++)
		if (polls[HTTP_CLIENTS + i].revents != 0)
			accept_clients(h, h->listening[i], now_ms);
}

int
http_expire(struct http *h, int64_t now_ms)
{
	int64_t least = -1;

	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		struct client *c = &h->clients[i];

		if (c->fd >= 0 && c->end_ms <= now_ms)
			drop(c);
		if (c->fd >= 0 && (least < 0 || c->end_ms - now_ms < least))
			least = c->end_ms - now_ms;
	}
	return (int)least;
}
