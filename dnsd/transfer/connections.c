#include "connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/log.h>

#include "big_endian.h"

enum {
	FRAME = 2,
	IN_SIZE = FRAME + HANDED_MAX,
	OUT_SIZE = FRAME + REQUESTS_REPLY_MAX,
	SHARE = 4,           /* of a client: one of so many */
	STRANGERS_SHARE = 8, /* of all that are in no row, together */
	NETWORK_BYTES = 8,   /* of an IPv6 client: a /64 */
};

struct connection {
	int fd; /* -1: free */
	struct endpoint client;
	bool at_end;      /* the client sends no more */
	bool is_stranger; /* in no row */
	int64_t since_ms; /* without a whole message */
	size_t in_len, out_len, sent;
	size_t poll; /* index, SIZE_MAX: none */
	uint8_t *in, *out;
	struct response response;
};

struct connections {
	struct requests *requests;
	size_t max, count;
	struct connection *connections;
};

struct connections *
connections_new(struct requests *requests, size_t max)
{
	struct connections *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->requests = requests;
	c->max = max;
	c->connections = calloc(max, sizeof(*c->connections));
	if (c->connections == NULL) {
		free(c);
		return NULL;
	}
	for (size_t i = 0; i < max; i++)
		c->connections[i].fd = -1;
	return c;
}

static void
close_connection(struct connections *c, struct connection *k, const char *why)
{
	/* What it has not read is not the kernel's to keep. */
	struct linger reset = {.l_onoff = 1};

	if (k->out_len != k->sent || k->response.transfer != NULL)
		setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	requests_end(c->requests, &k->response, why);
	close(k->fd);
	free(k->in);
	*k = (struct connection){.fd = -1};
	c->count--;
}

void
connections_free(struct connections *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->max; i++)
		if (c->connections[i].fd >= 0)
			close_connection(c, &c->connections[i], "ending");
	free(c->connections);
	free(c);
}

size_t
connections_count(const struct connections *c)
{
	return c->count;
}

/* --- a place for a new one --------------------------------------------------------------- */

static bool
is_idle(const struct connection *k)
{
	return k->response.transfer == NULL;
}

static bool
is_same_client(const struct addr *a, const struct addr *b)
{
	if (a->family != 6 || b->family != 6)
		return addr_equal(a, b);
	return memcmp(a->b, b->b, NETWORK_BYTES) == 0;
}

/* Those that are looked at: of one client, of strangers, or of all. */
struct choice {
	const struct addr *client; /* NULL: of all */
	bool strangers;            /* alone */
};

static bool
is_chosen(const struct connection *k, const struct choice *choice)
{
	if (k->fd < 0 || (choice->strangers && !k->is_stranger))
		return false;
	return choice->client == NULL || is_same_client(&k->client.addr, choice->client);
}

/* What is unsent makes no connection less idle: who does not read it would hold a place. */
static struct connection *
find_most_idle(struct connections *c, const struct choice *choice)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < c->max; i++) {
		struct connection *k = &c->connections[i];

		if (!is_chosen(k, choice) || !is_idle(k))
			continue;
		if (found == NULL || k->since_ms < found->since_ms)
			found = k;
	}
	return found;
}

static size_t
count_of(const struct connections *c, const struct choice *choice)
{
	size_t count = 0;

	for (size_t i = 0; i < c->max; i++)
		count += is_chosen(&c->connections[i], choice);
	return count;
}

static struct connection *
find_free(struct connections *c)
{
	for (size_t i = 0; i < c->max; i++)
		if (c->connections[i].fd < 0)
			return &c->connections[i];
	return NULL;
}

static struct connection *
make_place(struct connections *c, const struct addr *client, bool is_stranger)
{
	const struct {
		struct choice choice;
		size_t parts;
		bool is_bound;
	} shares[] = {
		{{.client = client}, SHARE, true},
		{{.strangers = true}, STRANGERS_SHARE, is_stranger},
		{{.client = NULL}, 1, true},
	};
	const struct choice *over = NULL;
	struct connection *idle;

	for (size_t i = 0; i < ORBL_COUNT(shares) && over == NULL; i++)
		if (shares[i].is_bound &&
			count_of(c, &shares[i].choice) >=
				(c->max + shares[i].parts - 1) / shares[i].parts)
			over = &shares[i].choice;
	if (over == NULL)
		return find_free(c);
	idle = find_most_idle(c, over);
	if (idle != NULL)
		close_connection(c, idle, NULL);
	return idle;
}

static struct connection *
add(struct connections *c, int fd, const struct endpoint *client, const uint8_t *bytes, size_t len)
{
	bool is_stranger = !peers_has_address(c->requests->peers, &client->addr);
	struct connection *k = len <= IN_SIZE ? make_place(c, &client->addr, is_stranger) : NULL;
	uint8_t *buffer = k != NULL ? malloc(IN_SIZE + OUT_SIZE) : NULL;
	char from[ADDR_TEXT];

	if (buffer == NULL) {
		log_limit_notice(&c->requests->refusals, c->requests->now.ms,
			"closed a connection from %s: it has its share of transfer.connections "
			"(%zu), or there are no more",
			addr_format(&client->addr, from), c->max);
		close(fd);
		return NULL;
	}
	*k = (struct connection){.fd = fd,
		.client = *client,
		.is_stranger = is_stranger,
		.since_ms = c->requests->now.ms,
		.poll = SIZE_MAX,
		.in = buffer,
		.out = buffer + IN_SIZE,
		.in_len = len};
	memcpy(k->in, bytes, len);
	c->count++;
	return k;
}

/* --- work ---------------------------------------------------------------------------------- */

/* Of the request at the beginning of in; 0: it is not there whole. */
static size_t
request_size(const struct connection *k)
{
	size_t size;

	if (k->in_len < FRAME || k->response.closes)
		return 0;
	size = FRAME + big_endian_u16(k->in);
	return size <= k->in_len ? size : 0;
}

/* False: the connection is broken, or done with. */
static bool
flush(struct connections *c, struct connection *k)
{
	while (k->sent < k->out_len) {
		ssize_t n = send(k->fd, k->out + k->sent, k->out_len - k->sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		k->sent += (size_t)n;
	}
	if (k->out_len != 0)
		k->since_ms = c->requests->now.ms;
	k->sent = k->out_len = 0;
	return true;
}

static void
frame_message(struct connection *k)
{
	if (k->response.len == 0)
		return;
	big_endian_put16(k->out, (unsigned)k->response.len);
	k->out_len = FRAME + k->response.len;
	k->sent = 0;
	k->response.len = 0;
}

static void
handle_request(struct connections *c, struct connection *k, size_t size)
{
	struct request r = {.client = k->client,
		.transport = ANSWER_TCP,
		.packet = k->in + FRAME,
		.len = size - FRAME};

	requests_handle(c->requests, &r, k->out + FRAME, REQUESTS_REPLY_MAX, &k->response);
	k->in_len -= size;
	memmove(k->in, k->in + size, k->in_len);
	frame_message(k);
}

/* One message more. False: there will be none. */
static bool
make_message(struct connections *c, struct connection *k)
{
	size_t size;

	if (k->response.transfer != NULL) {
		enum requests_got got = requests_continue(c->requests, &k->response, k->out + FRAME,
			REQUESTS_REPLY_MAX);

		frame_message(k);
		return got != REQUESTS_FAILED;
	}
	size = request_size(k);
	if (size != 0)
		handle_request(c, k, size);
	return true;
}

/* False: the connection is broken, or nonsense. */
static bool
receive(struct connection *k)
{
	ssize_t n;

	if (k->in_len == IN_SIZE)
		return false; /* a request that is longer than any */
	n = recv(k->fd, k->in + k->in_len, IN_SIZE - k->in_len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	k->at_end = n == 0;
	k->in_len += (size_t)n;
	return true;
}

static bool
has_work(const struct connection *k)
{
	return k->response.transfer != NULL || request_size(k) != 0;
}

/* Returns why the connection is to be closed; NULL: it is not. */
static const char *
advance(struct connections *c, struct connection *k, short events)
{
	if (!flush(c, k))
		return "the client has closed the connection";
	if (k->out_len != 0)
		return NULL;
	if (!has_work(k) && events != 0 && !receive(k))
		return "the client has closed the connection";
	if (has_work(k)) {
		if (!make_message(c, k))
			return "";
		if (!flush(c, k))
			return "the client has closed the connection";
	}
	/* Its end is read only when there is nothing to do. */
	return k->at_end || (k->response.closes && k->out_len == 0) ? "" : NULL;
}

/* The first request at once, so that no one takes the place of a transfer that is about to begin,
 * and who is refused has none. */
void
connections_add(struct connections *c, int fd, const struct endpoint *client, const uint8_t *bytes,
	size_t len)
{
	struct connection *k = add(c, fd, client, bytes, len);
	const char *why = k != NULL && has_work(k) ? advance(c, k, 0) : NULL;

	if (why != NULL)
		close_connection(c, k, why);
}

/* --- the loop's part ------------------------------------------------------------------------ */

size_t
connections_prepare(struct connections *c, struct pollfd *polls)
{
	size_t count = 0;

	for (size_t i = 0; i < c->max; i++) {
		struct connection *k = &c->connections[i];
		short events = POLLIN;

		if (k->fd < 0)
			continue;
		if (k->out_len != 0)
			events = POLLOUT;
		else if (has_work(k))
			events = 0;
		k->poll = count;
		polls[count++] = (struct pollfd){.fd = k->fd, .events = events};
	}
	return count;
}

int
connections_wait_ms(const struct connections *c)
{
	int64_t left = -1;

	for (size_t i = 0; i < c->max; i++) {
		const struct connection *k = &c->connections[i];
		int64_t wait = k->since_ms + CONNECTIONS_IDLE_MS - c->requests->now.ms;

		if (k->fd < 0)
			continue;
		if (k->out_len == 0 && has_work(k))
			return 0;
		wait = wait > 0 ? wait : 0;
		left = left < 0 || wait < left ? wait : left;
	}
	return (int)left;
}

void
connections_serve(struct connections *c, const struct pollfd *polls, size_t count)
{
	for (size_t i = 0; i < c->max; i++) {
		struct connection *k = &c->connections[i];
		const char *why = NULL;
		bool is_polled;

		if (k->fd < 0)
			continue;
		is_polled = k->poll < count && polls[k->poll].fd == k->fd;
		if ((is_polled && polls[k->poll].revents != 0) || (k->out_len == 0 && has_work(k)))
			why = advance(c, k, is_polled ? polls[k->poll].revents : 0);
		if (why == NULL && c->requests->now.ms - k->since_ms >= CONNECTIONS_IDLE_MS)
			why = "nothing was read for too long";
		if (why != NULL)
			close_connection(c, k, why);
	}
}
