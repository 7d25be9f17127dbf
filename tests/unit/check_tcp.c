#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns_packet.h"
#include "stats_fixture.h"
#include "tcp.h"
#include "tcp_fixture.h"

enum { CONNECTIONS = 4, IDLE_MS = 1000 };

static struct tcp *tcp;
static int epoll;
static struct listener listener;
static struct sockaddr_in address;
static int64_t now_ms;
static struct stats *stats;
static struct observing observing = {.channel = -1};
static uint8_t buffer[1 << 20];

static void
open_tcp(size_t client_connections)
{
	struct tcp_options options = {CONNECTIONS, client_connections, IDLE_MS, epoll, 7ull << 32,
		.stats = stats_worker(stats, 0), .observing = &observing, .transfer = -1};

	tcp_free(tcp);
	tcp = tcp_new(&options);
	ck_assert_ptr_nonnull(tcp);
}

static void
set_up(void)
{
	socklen_t len = sizeof(address);
	int small = 16384;

	tcp_fixture_open(TCP_FIXTURE_STRINGS_MAX);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	stats = stats_new(1, 4);
	open_tcp(0);
	listener.tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	/* Inherited by the connections, so that replies soon have to wait. */
	setsockopt(listener.tcp, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener.tcp, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener.tcp, 16), 0);
	ck_assert_int_eq(getsockname(listener.tcp, (struct sockaddr *)&address, &len), 0);
	now_ms = 5000;
}

static void
tear_down(void)
{
	tcp_free(tcp);
	tcp = NULL;
	close(listener.tcp);
	close(epoll);
	tcp_fixture_close();
	stats_free(stats);
}

/* Serve until nothing is ready any more. */
static void
serve_for(int timeout_ms)
{
	struct epoll_event events[16];
	int count;

	while ((count = epoll_wait(epoll, events, 16, timeout_ms)) > 0)
		for (int i = 0; i < count; i++) {
			ck_assert_uint_eq(events[i].data.u64 >> 32, 7);
			tcp_serve(tcp, (uint32_t)events[i].data.u64, tcp_fixture_zones(),
				tcp_fixture_context(), now_ms);
		}
}

static void
serve(void)
{
	serve_for(20);
}

/* From another address of the loopback net, as another client. */
static int
connect_from(uint32_t from)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 32768;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int
connect_client(void)
{
	int fd = connect_from(INADDR_LOOPBACK);

	ck_assert(tcp_accept(tcp, &listener, now_ms));
	return fd;
}

static void
send_query(int fd, const char *name, uint16_t type, uint16_t id)
{
	uint8_t query[600];
	size_t len = tcp_fixture_frame(name, type, id, query);

	ck_assert_int_eq(send(fd, query, len, MSG_NOSIGNAL), (int)len);
}

/* Everything the client can read, with the server served meanwhile. Returns -1 for a closed
 * connection with nothing before. */
static ssize_t
read_all(int fd)
{
	size_t used = 0;
	ssize_t n;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		serve();
		if (poll(&p, 1, 20) == 0)
			return (ssize_t)used;
		n = recv(fd, buffer + used, sizeof(buffer) - used, 0);
		if (n <= 0)
			return used != 0 ? (ssize_t)used : -1;
		used += (size_t)n;
	}
}

/* Number of whole replies in the buffer; each with the next id. */
static unsigned
count_replies(size_t len, uint16_t first_id)
{
	static struct dns_reply reply;
	unsigned count = 0;

	for (size_t at = 0; at < len; count++) {
		size_t n = (size_t)buffer[at] << 8 | buffer[at + 1];

		ck_assert_uint_le(at + 2 + n, len);
		ck_assert(dns_reply_read(buffer + at + 2, n, &reply));
		ck_assert_uint_eq(reply.id, first_id + count);
		at += 2 + n;
	}
	return count;
}

START_TEST(answers)
{
	int fd = connect_client();

	send_query(fd, TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 1), 1);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(fd, TCP_FIXTURE_SMALL, 1, 2);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 2), 1);
	close(fd);
	serve();
	ck_assert_uint_eq(tcp_count(tcp), 0);
}
END_TEST

/* More at once than the input buffer holds. */
START_TEST(answers_pipelined_queries_in_order)
{
	int fd = connect_client();
	uint8_t queries[500 * 64];
	size_t len = 0;

	for (uint16_t i = 0; i < 500; i++)
		len += tcp_fixture_frame(TCP_FIXTURE_SMALL, 1, i, queries + len);
	ck_assert_int_eq(send(fd, queries, len, MSG_NOSIGNAL), (int)len);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 0), 500);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	close(fd);
}
END_TEST

/* Queries whose replies nobody reads: the server stops reading, and goes on when it can. */
START_TEST(stops_reading_while_replies_wait)
{
	int fd = connect_client();
	uint8_t queries[300 * 64];
	size_t len = 0, got = 0, replies = 0, sent = 0;

	for (uint16_t i = 0; i < 60; i++)
		len += tcp_fixture_frame(TCP_FIXTURE_LARGE, 16, i, queries + len);
	for (int round = 0; round < 50 && sent < len; round++) {
		ssize_t n = send(fd, queries + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		serve();
	}
	/* As they come, so that the buffer is enough. */
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		serve_for(0);
		if (poll(&p, 1, 200) == 0)
			break;
		n = recv(fd, buffer + got, sizeof(buffer) - got, 0);
		ck_assert_int_gt(n, 0);
		got += (size_t)n;
		while (got >= 2 && got >= 2 + ((size_t)buffer[0] << 8 | buffer[1])) {
			size_t whole = 2 + ((size_t)buffer[0] << 8 | buffer[1]);

			ck_assert_uint_eq(count_replies(whole, (uint16_t)replies), 1);
			memmove(buffer, buffer + whole, got - whole);
			got -= whole;
			replies++;
		}
	}
	ck_assert_uint_eq(replies, 60);
	ck_assert_uint_eq(got, 0);
	close(fd);
}
END_TEST

START_TEST(closes_what_is_idle)
{
	int fd = connect_client();

	ck_assert_int_eq(tcp_expire(tcp, now_ms), IDLE_MS);
	now_ms += 600;
	send_query(fd, TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_int_gt(read_all(fd), 0);
	ck_assert_int_eq(tcp_expire(tcp, now_ms + IDLE_MS - 1), 1);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	ck_assert_int_eq(tcp_expire(tcp, now_ms + IDLE_MS), -1);
	ck_assert_int_eq(read_all(fd), -1);
	close(fd);
}
END_TEST

/* A query that never ends is no sign of life. */
START_TEST(closes_what_drips)
{
	int fd = connect_client();
	uint8_t query[600];

	tcp_fixture_frame(TCP_FIXTURE_SMALL, 1, 1, query);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(send(fd, query + i, 1, MSG_NOSIGNAL), 1);
		serve();
		now_ms += IDLE_MS / 4;
		tcp_expire(tcp, now_ms);
	}
	ck_assert_uint_eq(tcp_count(tcp), 0);
	close(fd);
}
END_TEST

START_TEST(closes_who_does_not_read)
{
	int fd = connect_client(), i;
	uint8_t queries[30 * 64];
	size_t len = 0;

	/* So few that the server takes all of them in. */
	for (uint16_t id = 0; id < 30; id++)
		len += tcp_fixture_frame(TCP_FIXTURE_LARGE, 16, id, queries + len);
	ck_assert_int_eq(send(fd, queries, len, MSG_NOSIGNAL), (int)len);
	/* Until the socket takes no more, which the kernel decides in its own time: a whole reply
	 * written later would count as progress. */
	for (i = 0; i < 50; i++) {
		serve();
		poll(NULL, 0, 4);
	}
	/* Bytes it takes from here on end nothing. */
	now_ms += IDLE_MS - 1;
	serve();
	tcp_expire(tcp, now_ms);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	tcp_expire(tcp, now_ms + 1);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_idle, 1);
	/* Not an end behind all that waits in the system, which it would keep for minutes. */
	while ((i = (int)recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		;
	ck_assert_int_eq(i, -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(fd);
}
END_TEST

/* Bytes go, but no reply becomes whole: the buffers between hold a few KiB of 60. */
START_TEST(closes_who_reads_too_slowly)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4608;

	setsockopt(listener.tcp, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert(tcp_accept(tcp, &listener, now_ms));
	send_query(fd, TCP_FIXTURE_LARGE, 16, 1);
	for (int i = 0; i < 30; i++) {
		now_ms += IDLE_MS / 31;
		serve_for(1);
		ck_assert_int_gt(recv(fd, buffer, 1000, 0), 0);
		tcp_expire(tcp, now_ms);
		ck_assert_uint_eq(tcp_count(tcp), 1);
	}
	tcp_expire(tcp, now_ms + IDLE_MS / 30 + 10);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	close(fd);
}
END_TEST

/* An event may be older than the end of its connection. */
START_TEST(passes_over_an_event_without_connection)
{
	int fd;

	for (size_t i = 0; i < CONNECTIONS; i++)
		tcp_serve(tcp, i, tcp_fixture_zones(), tcp_fixture_context(), now_ms);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	fd = connect_client();
	for (size_t i = 0; i < CONNECTIONS; i++)
		tcp_serve(tcp, i, tcp_fixture_zones(), tcp_fixture_context(), now_ms);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(fd, TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 1), 1);
	close(fd);
}
END_TEST

START_TEST(evicts_the_most_idle)
{
	int fds[CONNECTIONS + 1];

	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = connect_client();
		now_ms += 10;
	}
	ck_assert_uint_eq(tcp_count(tcp), CONNECTIONS);
	/* The first has a whole answer, so the second is the most idle now. */
	send_query(fds[0], TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_int_gt(read_all(fds[0]), 0);
	fds[CONNECTIONS] = connect_client();
	ck_assert_uint_eq(tcp_count(tcp), CONNECTIONS);
	ck_assert_int_eq(read_all(fds[1]), -1);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_accepted, CONNECTIONS + 1);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_evicted, 1);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_refused, 0);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_idle, 0);
	for (int i = 0; i <= CONNECTIONS; i++) {
		if (i == 1)
			continue;
		send_query(fds[i], TCP_FIXTURE_SMALL, 1, 9);
		ck_assert_uint_eq(count_replies((size_t)read_all(fds[i]), 9), 1);
	}
	for (int i = 0; i <= CONNECTIONS; i++)
		close(fds[i]);
}
END_TEST

/* The most idle one of the client itself, and no other's. */
START_TEST(bounds_the_connections_of_a_client)
{
	int fds[4];

	open_tcp(2);
	for (uint32_t i = 0; i < 4; i++) {
		fds[i] = connect_from(INADDR_LOOPBACK + (i == 0));
		ck_assert(tcp_accept(tcp, &listener, now_ms));
		now_ms += 10;
		if (i != 2)
			continue;
		/* Not idle any more, so that the other one is to go. */
		send_query(fds[1], TCP_FIXTURE_SMALL, 1, 1);
		ck_assert_int_gt(read_all(fds[1]), 0);
	}
	ck_assert_uint_eq(tcp_count(tcp), 3);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_refused, 1);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_evicted, 0);
	ck_assert_int_eq(read_all(fds[2]), -1);
	for (int i = 0; i < 4; i++) {
		if (i != 2) {
			send_query(fds[i], TCP_FIXTURE_SMALL, 1, 9);
			ck_assert_uint_eq(count_replies((size_t)read_all(fds[i]), 9), 1);
		}
		close(fds[i]);
	}
}
END_TEST

START_TEST(tells_who_asks)
{
	int fd = connect_from(INADDR_LOOPBACK + 5);

	ck_assert(tcp_accept(tcp, &listener, now_ms));
	send_query(fd, TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_int_gt(read_all(fd), 0);
	ck_assert_uint_eq(tcp_fixture_context()->client.family, 4);
	ck_assert_uint_eq(addr_ipv4(&tcp_fixture_context()->client), INADDR_LOOPBACK + 5);
	ck_assert_int_eq(tcp_fixture_context()->transport, ANSWER_TCP);
	close(fd);
}
END_TEST

/* Without a descriptor to spare: room is made from the most idle, as long as there is one. */
START_TEST(gives_up_without_descriptors)
{
	struct rlimit before, now;
	int fds[3], reply = connect_client();

	for (int i = 0; i < 3; i++)
		fds[i] = connect_from(INADDR_LOOPBACK);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = (struct rlimit){.rlim_cur = (rlim_t)fds[2] + 1, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		now_ms += 10;
		ck_assert(tcp_accept(tcp, &listener, now_ms));
		ck_assert_uint_eq(tcp_count(tcp), 1);
		ck_assert_uint_eq(stats_fixture_common(stats).tcp_evicted, i);
	}
	ck_assert_int_eq(read_all(reply), -1);
	send_query(fds[2], TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_int_gt(read_all(fds[2]), 0);
	close(reply);
	setrlimit(RLIMIT_NOFILE, &before);
	open_tcp(0);
	reply = connect_from(INADDR_LOOPBACK);
	now.rlim_cur = (rlim_t)reply + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert(!tcp_accept(tcp, &listener, now_ms));
	ck_assert_uint_eq(tcp_count(tcp), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert(tcp_accept(tcp, &listener, now_ms));
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(reply, TCP_FIXTURE_SMALL, 1, 1);
	ck_assert_int_gt(read_all(reply), 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(reply);
}
END_TEST

/* Cut, and the rest passed over: what comes behind is answered. */
START_TEST(goes_on_after_a_query_that_is_too_long)
{
	int fd = connect_client();
	size_t len = 2 + 65535, sent = 0;
	static uint8_t query[2 + 65535 + 600];

	tcp_fixture_frame(TCP_FIXTURE_SMALL, 1, 6, query);
	query[0] = query[1] = 0xff;
	len += tcp_fixture_frame(TCP_FIXTURE_SMALL, 1, 7, query + len);
	while (sent < len) {
		ssize_t n = send(fd, query + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		serve();
	}
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 6), 2);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	close(fd);
}
END_TEST

START_TEST(ends_with_a_reset)
{
	struct linger reset = {.l_onoff = 1};
	int fd = connect_client();

	send_query(fd, TCP_FIXTURE_LARGE, 16, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (_i == 1)
		serve();
	close(fd);
	serve();
	ck_assert_uint_eq(tcp_count(tcp), 0);
}
END_TEST

/* One that asks and asks, and others who ask once: nobody waits for its last reply. */
START_TEST(takes_turns)
{
	int greedy = connect_client(), other = connect_client();
	uint8_t queries[4096];
	struct epoll_event events[16];
	size_t len = 0;

	for (uint16_t i = 0; i < 80; i++)
		len += tcp_fixture_frame(TCP_FIXTURE_LARGE, 16, i, queries + len);
	ck_assert_int_eq(send(greedy, queries, len, MSG_NOSIGNAL), (int)len);
	send_query(other, TCP_FIXTURE_SMALL, 1, 1);
	for (int round = 0; round < 2; round++) {
		int count = epoll_wait(epoll, events, 16, 20);

		for (int i = 0; i < count; i++)
			tcp_serve(tcp, (uint32_t)events[i].data.u64, tcp_fixture_zones(),
				tcp_fixture_context(), now_ms);
	}
	ck_assert_uint_le(stats_fixture_queries(stats, ANSWER_TCP), 5);
	ck_assert_int_gt(recv(other, buffer, sizeof(buffer), MSG_DONTWAIT), 12);
	close(greedy);
	close(other);
}
END_TEST

START_TEST(ignores_what_gets_no_reply)
{
	int fd = connect_client();
	uint8_t query[600];
	size_t len = tcp_fixture_frame(TCP_FIXTURE_SMALL, 1, 3, query);

	query[4] |= 0x80; /* a reply */
	ck_assert_int_eq(send(fd, query, len, MSG_NOSIGNAL), (int)len);
	ck_assert_int_eq(send(fd, "\0\0\0\3abc", 7, MSG_NOSIGNAL), 7);
	ck_assert_int_eq(read_all(fd), 0);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(fd, TCP_FIXTURE_SMALL, 1, 4);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 4), 1);
	close(fd);
}
END_TEST

START_TEST(survives_random_bytes)
{
	uint32_t random = 1;

	for (int round = 0; round < 300; round++) {
		uint8_t bytes[200];
		int fd = connect_client();

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
		}
		bytes[0] = 0;
		bytes[1] &= 63;
		send(fd, bytes, 1 + random % sizeof(bytes), MSG_NOSIGNAL);
		if (round % 3 == 0)
			shutdown(fd, SHUT_WR);
		serve();
		now_ms += 5;
		close(fd);
	}
	serve();
	tcp_expire(tcp, now_ms + IDLE_MS);
	ck_assert_uint_eq(tcp_count(tcp), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tcp");
	TCase *replies = tcase_create("replies"), *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(replies, set_up, tear_down);
	tcase_set_timeout(replies, 60);
	tcase_add_test(replies, answers);
	tcase_add_test(replies, answers_pipelined_queries_in_order);
	tcase_add_test(replies, stops_reading_while_replies_wait);
	tcase_add_test(replies, ignores_what_gets_no_reply);
	tcase_add_test(replies, goes_on_after_a_query_that_is_too_long);
	tcase_add_test(replies, tells_who_asks);
	tcase_add_test(replies, takes_turns);
	tcase_add_checked_fixture(bounds, set_up, tear_down);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(bounds, closes_what_is_idle);
	tcase_add_test(bounds, closes_what_drips);
	tcase_add_test(bounds, closes_who_does_not_read);
	tcase_add_test(bounds, closes_who_reads_too_slowly);
	tcase_add_test(bounds, passes_over_an_event_without_connection);
	tcase_add_test(bounds, evicts_the_most_idle);
	tcase_add_test(bounds, bounds_the_connections_of_a_client);
	tcase_add_test(bounds, gives_up_without_descriptors);
	tcase_add_loop_test(bounds, ends_with_a_reset, 0, 2);
	tcase_add_test(bounds, survives_random_bytes);
	suite_add_tcase(s, replies);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
