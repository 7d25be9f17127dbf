#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "big_endian.h"
#include "dns_packet.h"
#include "transfer_fixture.h"
#include "unit.h"

enum { CONNECTIONS = 8, SHARE = 2, LINES = 20000, STREAM_MAX = 16 << 20 };

struct fixture {
	struct transfer_fixture t;
	char *lines;
	uint8_t *stream; /* what the client has read */
	size_t len;
};

static void
set_up(struct fixture *f, size_t hosts)
{
	size_t at = 0;

	memset(f, 0, sizeof(*f));
	f->lines = malloc(hosts * 24 + 1);
	f->stream = malloc(STREAM_MAX);
	ck_assert(f->lines != NULL && f->stream != NULL);
	f->lines[0] = '\0';
	for (size_t i = 0; i < hosts; i++)
		at += (size_t)snprintf(f->lines + at, 24, "10.%zu.%zu.%zu relay\n", i >> 16,
			i >> 8 & 255, i & 255);
	transfer_fixture_set_up(&f->t, CONNECTIONS);
	f->t.requests.expand = 1 << 20;
	transfer_fixture_take(&f->t, f->lines, 7);
}

static void
tear_down(struct fixture *f)
{
	transfer_fixture_tear_down(&f->t);
	free(f->lines);
	free(f->stream);
}

static size_t
frame(uint8_t *out, uint16_t type)
{
	size_t len = transfer_fixture_query(out + 2, "dnsbl.test", type, 7);

	big_endian_put16(out, (unsigned)len);
	return 2 + len;
}

/* A connection of 127.0.0.<host> that has sent these bytes before. Returns the client's end. */
static int
connect_from(struct fixture *f, unsigned host, const uint8_t *bytes, size_t len)
{
	struct endpoint client = {.addr = addr_from_ipv4(0x7f000000 + host), .port = 4000};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	connections_add(f->t.connections, pair[0], &client, bytes, len);
	return pair[1];
}

static void
turn(struct fixture *f)
{
	struct pollfd polls[CONNECTIONS];
	size_t count = connections_prepare(f->t.connections, polls);

	ck_assert_int_ge(poll(polls, count, 0), 0);
	connections_serve(f->t.connections, polls, count);
}

/* What is there to read now. False: the end. */
static bool
read_some(struct fixture *f, int fd)
{
	ssize_t n;

	while ((n = recv(fd, f->stream + f->len, STREAM_MAX - f->len, 0)) > 0)
		f->len += (size_t)n;
	return n < 0 && errno == EAGAIN;
}

/* Whole messages, and their records. */
static size_t
count_records(const struct fixture *f, size_t *messages)
{
	size_t records = 0, at = 0;

	*messages = 0;
	while (f->len - at >= 2 && f->len - at - 2 >= big_endian_u16(f->stream + at)) {
		records += big_endian_u16(f->stream + at + 2 + 6);
		at += 2 + big_endian_u16(f->stream + at);
		++*messages;
	}
	ck_assert_uint_eq(at, f->len);
	return records;
}

START_TEST(test_axfr)
{
	struct fixture f;
	uint8_t bytes[512];
	size_t messages, records;
	int fd;

	set_up(&f, LINES);
	fd = connect_from(&f, 1, bytes, frame(bytes, TYPE_AXFR));
	ck_assert_int_eq(connections_wait_ms(f.t.connections), 0);
	for (int i = 0; i < 2000; i++) {
		turn(&f);
		ck_assert(read_some(&f, fd));
	}
	records = count_records(&f, &messages);
	ck_assert_uint_gt(records, 2 * LINES);
	ck_assert_uint_gt(messages, 20);
	/* the connection stays, and can be used again */
	ck_assert_int_eq(connections_wait_ms(f.t.connections), CONNECTIONS_IDLE_MS);
	f.len = 0;
	ck_assert_int_gt(send(fd, bytes, frame(bytes, TYPE_SOA), 0), 0);
	turn(&f);
	turn(&f);
	ck_assert(read_some(&f, fd));
	ck_assert_uint_eq(count_records(&f, &messages), 1);
	close(fd);
	turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	tear_down(&f);
}
END_TEST

/* Queries in one go, cut anywhere: all are answered, in their order. */
START_TEST(test_pieces)
{
	struct fixture f;
	uint8_t bytes[2048];
	size_t len = 0, messages;
	int fd;

	set_up(&f, 3);
	for (int i = 0; i < 5; i++) {
		size_t at = len;

		len += frame(bytes + len, i == 2 ? TYPE_AXFR : TYPE_SOA);
		bytes[at + 3] = (uint8_t)i; /* the id */
	}
	fd = connect_from(&f, 1, bytes, (size_t)_i);
	for (size_t at = (size_t)_i; at < len; at++) {
		ck_assert_int_eq(send(fd, bytes + at, 1, 0), 1);
		turn(&f);
	}
	for (int i = 0; i < 100; i++)
		turn(&f);
	ck_assert(read_some(&f, fd));
	count_records(&f, &messages);
	ck_assert_uint_eq(messages, 5);
	for (size_t at = 0, i = 0; i < messages; i++) {
		ck_assert_uint_eq(f.stream[at + 3], i);
		at += 2 + big_endian_u16(f.stream + at);
	}
	close(fd);
	tear_down(&f);
}
END_TEST

/* Half-closed behind the request, as a secondary may: it gets all of it, then the end. */
START_TEST(test_half_closed)
{
	struct fixture f;
	uint8_t bytes[512];
	size_t messages;
	int fd;

	set_up(&f, LINES);
	fd = connect_from(&f, 1, bytes, frame(bytes, TYPE_AXFR));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	for (int i = 0; i < 2000 && read_some(&f, fd); i++)
		turn(&f);
	ck_assert_uint_gt(count_records(&f, &messages), 2 * LINES);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(fd);
	tear_down(&f);
}
END_TEST

START_TEST(test_idle)
{
	struct fixture f;
	uint8_t bytes[512];
	int idle, stuck;

	set_up(&f, LINES);
	idle = connect_from(&f, 1, bytes, 0);
	stuck = connect_from(&f, 1, bytes, frame(bytes, TYPE_AXFR));
	for (int i = 0; i < 100; i++)
		turn(&f);
	f.t.requests.now.ms += CONNECTIONS_IDLE_MS - 1;
	turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 2);
	ck_assert_int_eq(connections_wait_ms(f.t.connections), 1);
	f.t.requests.now.ms++;
	turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	ck_assert(!read_some(&f, idle));
	close(idle);
	close(stuck);
	tear_down(&f);
}
END_TEST

/* Who reads a byte now and then does not hold a place for ever. */
START_TEST(test_dripping_reader)
{
	struct fixture f;
	uint8_t bytes[512], byte;
	int fd;

	set_up(&f, LINES);
	fd = connect_from(&f, 1, bytes, frame(bytes, TYPE_AXFR));
	for (int i = 0; i < 100; i++)
		turn(&f);
	for (int i = 0; i < 62 && connections_count(f.t.connections) != 0; i++) {
		f.t.requests.now.ms += 500;
		ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
		turn(&f);
	}
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(fd);
	tear_down(&f);
}
END_TEST

/* Nor who sends one. */
START_TEST(test_dripping_sender)
{
	struct fixture f;
	uint8_t bytes[512] = {0};
	int fd;

	set_up(&f, 1);
	frame(bytes, TYPE_AXFR);
	fd = connect_from(&f, 1, bytes, 0);
	for (int i = 0; i < 31; i++) {
		ck_assert_uint_eq(connections_count(f.t.connections), i < 30 ? 1 : 0);
		f.t.requests.now.ms += 1000;
		(void)!send(fd, bytes + i, 1, MSG_NOSIGNAL);
		turn(&f);
	}
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(fd);
	tear_down(&f);
}
END_TEST

START_TEST(test_share)
{
	struct fixture f;
	uint8_t bytes[512];
	int fds[CONNECTIONS + 2];
	size_t len;

	set_up(&f, LINES);
	len = frame(bytes, TYPE_AXFR);
	/* two transfers are this client's share; the third is turned away */
	for (size_t i = 0; i < 3; i++) {
		fds[i] = connect_from(&f, 1, bytes, len);
		for (int k = 0; k < 10; k++)
			turn(&f);
	}
	ck_assert_uint_eq(connections_count(f.t.connections), SHARE);
	f.len = 0;
	ck_assert(!read_some(&f, fds[2]));
	/* idle ones give way, of the client, or of all */
	for (size_t i = 3; i < CONNECTIONS + 2; i++)
		fds[i] = connect_from(&f, 10 + (unsigned)i, bytes, 0);
	ck_assert_uint_eq(connections_count(f.t.connections), CONNECTIONS);
	close(fds[0]);
	fds[0] = connect_from(&f, 20, bytes, 0);
	ck_assert_uint_eq(connections_count(f.t.connections), CONNECTIONS);
	for (size_t i = 0; i < CONNECTIONS + 2; i++)
		close(fds[i]);
	tear_down(&f);
}
END_TEST

/* Of a /64 of IPv6, which is in no row. */
static int
connect_from6(struct fixture *f, unsigned network, unsigned host, const uint8_t *bytes, size_t len)
{
	struct endpoint client = {.addr = {.family = 6}, .port = 4000};
	int pair[2];

	client.addr.b[0] = 0x20;
	client.addr.b[7] = (uint8_t)network;
	client.addr.b[15] = (uint8_t)host;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	connections_add(f->t.connections, pair[0], &client, bytes, len);
	return pair[1];
}

START_TEST(test_strangers)
{
	struct fixture f;
	uint8_t bytes[512];
	int fds[2 * CONNECTIONS];
	size_t messages;

	set_up(&f, 1);
	for (unsigned i = 0; i < 2 * CONNECTIONS; i++)
		fds[i] = connect_from6(&f, _i == 0 ? i : 0, i, bytes, 1);
	ck_assert_uint_eq(connections_count(f.t.connections), 1);
	ck_assert(!read_some(&f, fds[0]));
	ck_assert(read_some(&f, fds[2 * CONNECTIONS - 1]));
	for (unsigned i = 0; i < 2 * CONNECTIONS; i++)
		close(fds[i]);
	turn(&f);
	/* refused, and gone */
	fds[0] = connect_from6(&f, 0, 0, bytes, frame(bytes, TYPE_AXFR));
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	ck_assert(!read_some(&f, fds[0]));
	count_records(&f, &messages);
	ck_assert_uint_eq(messages, 1);
	close(fds[0]);
	tear_down(&f);
}
END_TEST

/* A reply that nobody reads keeps no place. */
START_TEST(test_unread_reply_is_idle)
{
	struct fixture f;
	uint8_t bytes[512];
	int fds[CONNECTIONS], other;
	size_t len;

	set_up(&f, 1);
	len = frame(bytes, TYPE_SOA);
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		fds[i] = connect_from(&f, 1, bytes, 0);
		for (int k = 0; k < 3000; k++) {
			(void)!send(fds[i], bytes, len, MSG_NOSIGNAL);
			turn(&f);
		}
	}
	ck_assert_uint_eq(connections_count(f.t.connections), SHARE);
	f.len = 0;
	ck_assert(!read_some(&f, fds[0]));
	other = connect_from(&f, 1, bytes, 0);
	ck_assert(read_some(&f, other));
	for (unsigned i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	close(other);
	tear_down(&f);
}
END_TEST

/* What comes behind a refused request is not looked at. */
START_TEST(test_refused_is_closed)
{
	struct fixture f;
	uint8_t bytes[1024];
	size_t len = 0, messages;
	int fd;

	set_up(&f, 1);
	len = frame(bytes, TYPE_SOA);
	len += frame(bytes + len, TYPE_A);
	len += frame(bytes + len, TYPE_SOA);
	fd = connect_from(&f, 1, bytes, len);
	for (int i = 0; i < 5; i++)
		turn(&f);
	ck_assert(!read_some(&f, fd));
	count_records(&f, &messages);
	ck_assert_uint_eq(messages, 2);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(fd);
	tear_down(&f);
}
END_TEST

/* One that has all it may is served no more often than another one. */
START_TEST(test_turns)
{
	struct fixture f;
	uint8_t bytes[512];
	size_t len, messages;
	int greedy[SHARE], other;

	set_up(&f, LINES);
	len = frame(bytes, TYPE_AXFR);
	for (size_t i = 0; i < SHARE; i++)
		greedy[i] = connect_from(&f, 1, bytes, len);
	for (int i = 0; i < 20; i++)
		turn(&f);
	other = connect_from(&f, 1 + 0, bytes, 0);
	close(other);
	/* 127.0.0.2 has no key and is refused, at once */
	other = connect_from(&f, 2, bytes, len);
	turn(&f);
	f.len = 0;
	ck_assert(!read_some(&f, other));
	ck_assert_uint_eq(count_records(&f, &messages), 0);
	ck_assert_uint_eq(messages, 1);
	for (size_t i = 0; i < SHARE; i++)
		close(greedy[i]);
	close(other);
	tear_down(&f);
}
END_TEST

START_TEST(test_too_long)
{
	struct fixture f;
	uint8_t bytes[HANDED_MAX];
	int fd;

	set_up(&f, 1);
	memset(bytes, 0xff, sizeof(bytes));
	fd = connect_from(&f, 1, bytes, sizeof(bytes));
	ck_assert_int_eq(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	for (int i = 0; i < 5; i++)
		turn(&f);
	ck_assert_uint_eq(connections_count(f.t.connections), 0);
	close(fd);
	tear_down(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("connections");
	TCase *replies = tcase_create("replies"), *bounds = tcase_create("bounds");

	tcase_set_timeout(replies, 60);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(replies, test_axfr);
	tcase_add_loop_test(replies, test_pieces, 0, 60);
	tcase_add_test(replies, test_half_closed);
	suite_add_tcase(s, replies);
	tcase_add_test(bounds, test_idle);
	tcase_add_test(bounds, test_dripping_reader);
	tcase_add_test(bounds, test_dripping_sender);
	tcase_add_test(bounds, test_share);
	tcase_add_loop_test(bounds, test_strangers, 0, 2);
	tcase_add_test(bounds, test_unread_reply_is_idle);
	tcase_add_test(bounds, test_refused_is_closed);
	tcase_add_test(bounds, test_turns);
	tcase_add_test(bounds, test_too_long);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
