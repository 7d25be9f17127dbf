/* rbldnsd_oracle_ask.c - sockets: many questions under way over UDP, single ones, TCP. */
#include "rbldnsd_oracle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	TRIES = 4,
	WAIT_MS = 400,    /* then the packet is lost */
	CLIENT_FIRST = 8, /* client n > 0 is 127.0.0.(n + CLIENT_FIRST) */
	IGNORED_WAIT_MS = 120,
};

struct ask {
	uint16_t ports[SERVERS];
	int sockets[CLIENTS][2];      /* for batches */
	int single[CLIENTS][SERVERS]; /* for one question, so that no reply meets another's */
	uint16_t id;
};

static struct sockaddr_in
loopback(unsigned last, uint16_t port)
{
	struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons(port)};

	out.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
	return out;
}

static int
open_socket(int type, unsigned client, uint16_t port)
{
	struct sockaddr_in from = loopback(client == 0 ? 1 : client + CLIENT_FIRST, 0);
	struct sockaddr_in to = loopback(1, port);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
		connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

struct ask *
ask_open(const uint16_t ports[SERVERS])
{
	struct ask *a = calloc(1, sizeof(*a));
	bool ok = a != NULL;

	if (a == NULL)
		return NULL;
	memcpy(a->ports, ports, sizeof(a->ports));
	for (unsigned c = 0; c < CLIENTS; c++) {
		for (size_t s = 0; s < 2; s++)
			ok &= (a->sockets[c][s] = open_socket(SOCK_DGRAM, c, ports[s])) >= 0;
		for (size_t s = 0; s < SERVERS; s++)
			ok &= (a->single[c][s] = open_socket(SOCK_DGRAM, c, ports[s])) >= 0;
	}
	if (ok)
		return a;
	ask_close(a);
	return NULL;
}

void
ask_close(struct ask *a)
{
	if (a == NULL)
		return;
	for (unsigned c = 0; c < CLIENTS; c++) {
		for (size_t s = 0; s < 2; s++)
			close(a->sockets[c][s]);
		for (size_t s = 0; s < SERVERS; s++)
			close(a->single[c][s]);
	}
	free(a);
}

/* --- batches -------------------------------------------------------------------------- */

static void
fail_if_gone(size_t server)
{
	if (errno != ECONNREFUSED)
		return;
	printf("Bail out! server %zu is not there any more\n", server);
	exit(1);
}

static void
send_missing(struct ask *a, const struct ask_batch *b, size_t server)
{
	uint8_t packet[PACKET_MAX];

	for (size_t i = 0; i < b->count; i++) {
		size_t len;

		if (b->slots[i].len[server] != 0)
			continue;
		len = wire_question(&b->slots[i].question, (uint16_t)(b->first_id + i), packet);
		if (send(a->sockets[b->client][server], packet, len, 0) < 0)
			fail_if_gone(server);
	}
}

void
ask_send(struct ask *a, const struct ask_batch *b)
{
	send_missing(a, b, THEIRS);
	send_missing(a, b, OURS);
}

static bool
is_whole(const struct ask_batch *b, size_t server)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->slots[i].len[server] == 0)
			return false;
	return true;
}

static void
take(struct ask_batch *b, size_t server, const uint8_t *packet, size_t len)
{
	size_t i = (size_t)((packet[0] << 8 | packet[1]) - (int)b->first_id);

	if (i < b->count && b->slots[i].len[server] == 0) {
		b->slots[i].len[server] = len;
		memcpy(b->slots[i].reply[server], packet, len);
	}
}

/* False: nothing came for a while. */
static bool
receive_some(struct ask *a, struct ask_batch *b, struct ask_batch *next, size_t server)
{
	struct pollfd p = {.fd = a->sockets[b->client][server], .events = POLLIN};
	uint8_t packet[PACKET_MAX];
	ssize_t n;

	while ((n = recv(p.fd, packet, sizeof(packet), MSG_DONTWAIT)) < 0) {
		fail_if_gone(server);
		if (poll(&p, 1, WAIT_MS) <= 0)
			return false;
	}
	if (n >= 2) {
		take(b, server, packet, (size_t)n);
		if (next->client == b->client)
			take(next, server, packet, (size_t)n);
	}
	return true;
}

void
ask_collect(struct ask *a, struct ask_batch *b, struct ask_batch *next)
{
	for (size_t server = 0; server < 2; server++) {
		for (int tries = 0; tries < TRIES && !is_whole(b, server); tries++) {
			if (tries > 0)
				send_missing(a, b, server);
			while (!is_whole(b, server) && receive_some(a, b, next, server))
				;
		}
	}
}

/* --- one ---------------------------------------------------------------------------------- */

static size_t
ask_once(struct ask *a, int fd, const struct question *q, int wait_ms, uint8_t out[PACKET_MAX])
{
	uint8_t packet[PACKET_MAX];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint16_t id = a->id++;

	if (send(fd, packet, wire_question(q, id, packet), 0) < 0)
		return 0;
	while (poll(&p, 1, wait_ms) > 0) {
		ssize_t n = recv(fd, out, PACKET_MAX, 0);

		if (n < 0)
			return 0;
		if (n >= 2 && (out[0] << 8 | out[1]) == id)
			return (size_t)n;
	}
	return 0;
}

void
ask_one(struct ask *a, enum server server, const struct question *q, struct reply *out)
{
	uint8_t packet[PACKET_MAX];
	size_t len = 0;

	for (int tries = 0; tries < TRIES && len == 0; tries++)
		len = ask_once(a, a->single[q->client][server], q, WAIT_MS, packet);
	wire_reply(q, packet, len, out);
}

size_t
ask_raw(struct ask *a, enum server server, const uint8_t *packet, size_t len,
	uint8_t out[PACKET_MAX])
{
	struct pollfd p = {.fd = a->single[0][server], .events = POLLIN};

	while (recv(p.fd, out, PACKET_MAX, MSG_DONTWAIT) > 0) /* nobody waits for it any more */
		;
	for (int tries = 0; tries < 3; tries++) {
		ssize_t n;

		if (send(p.fd, packet, len, 0) >= 0 && poll(&p, 1, IGNORED_WAIT_MS) > 0 &&
			(n = recv(p.fd, out, PACKET_MAX, 0)) > 0)
			return (size_t)n;
	}
	return 0;
}

bool
ask_is_ignored(struct ask *a, enum server server, const struct question *q)
{
	uint8_t packet[PACKET_MAX];

	for (int tries = 0; tries < 3; tries++)
		if (ask_once(a, a->single[q->client][server], q, IGNORED_WAIT_MS, packet) > 0)
			return false;
	return true;
}

/* --- TCP ------------------------------------------------------------------------------------ */

bool
ask_has_tcp(struct ask *a, enum server server)
{
	int fd = open_socket(SOCK_STREAM, 0, a->ports[server]);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool
read_all(int fd, uint8_t *out, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, 5000) <= 0 || (n = read(fd, out + at, len - at)) <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

void
ask_tcp(struct ask *a, enum server server, const struct question *q, struct reply *out)
{
	static _Thread_local uint8_t reply[65535];
	uint8_t packet[PACKET_MAX + 2];
	int fd = open_socket(SOCK_STREAM, q->client, a->ports[server]);
	size_t len = wire_question(q, a->id++, packet + 2);

	packet[0] = (uint8_t)(len >> 8);
	packet[1] = (uint8_t)len;
	if (fd < 0 || write(fd, packet, len + 2) != (ssize_t)len + 2 || !read_all(fd, reply, 2)) {
		len = 0;
	} else {
		len = (size_t)(reply[0] << 8 | reply[1]);
		if (!read_all(fd, reply, len))
			len = 0;
	}
	if (fd >= 0)
		close(fd);
	wire_reply(q, reply, len, out);
}
