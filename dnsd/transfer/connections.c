#include "connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/log.h>

#include "big_endian.h"
#include "tls_stream.h"

enum {
	FRAME = 2,
	IN_SIZE = FRAME + HANDED_MAX,
	OUT_SIZE = FRAME + REQUESTS_REPLY_MAX,
	SHARE = 4,           /* of a client: one of so many */
	STRANGERS_SHARE = 8, /* of all that are in no row, together */
	NETWORK_BYTES = 8,   /* of an IPv6 client: a /64 */
	ACCEPTS_A_TURN = 8,
	PAUSE_MS = 1000, /* when there are no more descriptors */
};

struct connection {
	struct tls_stream stream; /* its fd -1: free */
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
	int64_t pause_until_ms;
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
		c->connections[i].stream.fd = -1;
	return c;
}

static void
close_connection(struct connections *c, struct connection *k, const char *why)
{
	/* What it has not read is not the kernel's to keep. */
	struct linger reset = {.l_onoff = 1};

	if (k->out_len != k->sent || k->response.transfer != NULL)
		setsockopt(k->stream.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	requests_end(c->requests, &k->response, why);
	tls_stream_close(&k->stream);
	free(k->in);
	*k = (struct connection){.stream = {.fd = -1}};
	c->count--;
}

void
connections_free(struct connections *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->max; i++)
		if (c->connections[i].stream.fd >= 0)
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
	if (k->stream.fd < 0 || (choice->strangers && !k->is_stranger))
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
		if (c->connections[i].stream.fd < 0)
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
	*k = (struct connection){.stream = {.fd = fd},
		.client = *client,
		.is_stranger = is_stranger,
		.since_ms = c->requests->now.ms,
		.poll = SIZE_MAX,
		.in = buffer,
		.out = buffer + IN_SIZE,
		.in_len = len};
	if (len != 0)
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
		ssize_t n = tls_stream_write(&k->stream, k->out + k->sent, k->out_len - k->sent);

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
		.over_tls = k->stream.ssl != NULL,
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
	n = tls_stream_read(&k->stream, k->in + k->in_len, IN_SIZE - k->in_len);
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

static bool
is_shaking(const struct connection *k)
{
	return k->stream.ssl != NULL && !k->stream.is_ready;
}

/* Of those who have no business here none is logged. */
static const char *
shake(struct connections *c, struct connection *k)
{
	struct error e = {.code = OK};
	char from[ADDR_TEXT];

	if (tls_stream_shake(&k->stream, &e) != TLS_STREAM_FAILED)
		return NULL;
	if (!k->is_stranger)
		log_limit_notice(&c->requests->refusals, c->requests->now.ms,
			"refused a TLS connection from %s: %s", addr_format(&k->client.addr, from),
			e.text);
	return "";
}

/* Bytes that were received and decrypted, but not read: no poll tells of them. */
static bool
has_unread(const struct connection *k)
{
	return k->out_len == 0 && tls_stream_has_more(&k->stream);
}

/* Returns why the connection is to be closed; NULL: it is not. */
static const char *
advance(struct connections *c, struct connection *k, short events)
{
	if (is_shaking(k))
		return shake(c, k);
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

void
connections_add_tls(struct connections *c, int fd, const struct endpoint *client,
	const struct tls_context *tls)
{
	struct connection *k = add(c, fd, client, NULL, 0);

	if (k != NULL && !tls_stream_accept(&k->stream, tls))
		close_connection(c, k, NULL);
}

static bool
is_out_of_files(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

void
connections_accept(struct connections *c, int listener, const struct tls_context *tls)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(from);
		struct endpoint client;
		int fd = accept4(listener, (struct sockaddr *)&from, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && is_out_of_files())
			c->pause_until_ms = c->requests->now.ms + PAUSE_MS;
		if (fd < 0)
			return;
		client = endpoint_from_sockaddr((struct sockaddr *)&from);
		connections_add_tls(c, fd, &client, tls);
	}
}

bool
connections_may_accept(const struct connections *c)
{
	return c->requests->now.ms >= c->pause_until_ms;
}

/* --- the loop's part ------------------------------------------------------------------------ */

size_t
connections_prepare(struct connections *c, struct pollfd *polls)
{
	size_t count = 0;

	for (size_t i = 0; i < c->max; i++) {
		struct connection *k = &c->connections[i];
		short events = POLLIN;

		if (k->stream.fd < 0)
			continue;
		if (k->out_len != 0)
			events = POLLOUT;
		else if (has_work(k))
			events = 0;
		k->poll = count;
		polls[count++] = (struct pollfd){.fd = k->stream.fd,
			.events = tls_stream_events(&k->stream, events)};
	}
	return count;
}

static int64_t
left_ms(const struct connections *c, const struct connection *k)
{
	int64_t may_ms = is_shaking(k) ? CONNECTIONS_HANDSHAKE_MS : CONNECTIONS_IDLE_MS;
	int64_t left = k->since_ms + may_ms - c->requests->now.ms;

	return left > 0 ? left : 0;
}

int
connections_wait_ms(const struct connections *c)
{
	int64_t left = connections_may_accept(c) ? -1 : c->pause_until_ms - c->requests->now.ms;

	for (size_t i = 0; i < c->max; i++) {
		const struct connection *k = &c->connections[i];
		int64_t wait = left_ms(c, k);

		if (k->stream.fd < 0)
			continue;
		if ((k->out_len == 0 && has_work(k)) || has_unread(k))
			return 0;
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
		short events;

		if (k->stream.fd < 0)
			continue;
		is_polled = k->poll < count && polls[k->poll].fd == k->stream.fd;
		events = is_polled ? polls[k->poll].revents : 0;
		if (has_unread(k))
			events |= POLLIN;
		if (events != 0 || (k->out_len == 0 && has_work(k)))
			why = advance(c, k, events);
		if (why == NULL && left_ms(c, k) == 0)
			why = "nothing was read for too long";
		if (why != NULL)
			close_connection(c, k, why);
	}
}
