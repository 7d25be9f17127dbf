#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns_packet.h"
#include "list_fixture.h"
#include "tcp.h"

enum { CONNECTIONS = 4, IDLE_MS = 1000, REPLY_MAX = 2 + ANSWER_MAX };

static struct snapshot *list;
static struct zone_set *zones;
static struct tcp *tcp;
static int epoll, listening;
static struct sockaddr_in address;
static int64_t now_ms;
static struct answer_context context = {.transport = ANSWER_TCP,
	.udp_size = 1232,
	.now_s = 1700000000};
static uint8_t buffer[1 << 20];

/* One address with 60 KiB of TXT: replies that fill the socket's buffer. */
static struct snapshot *
make_list(void)
{
	struct snapshot_builder *b = snapshot_builder_new();
	struct snapshot_apex apex = {.mname = TEXT("a.test"), .rname = TEXT("b.test"), .ttl_s = 60};
	struct snapshot_class class = {.a_count = 1, .a = {0x7f000002}, .txt_count = 30};
	struct addr large = addr_from_ipv4(0xc0000201);
	static char txt[30][SNAPSHOT_TXT_MAX];
	size_t set;
	uint16_t id;

	for (size_t i = 0; i < 30; i++) {
		memset(txt[i], 'a' + (int)i % 26, sizeof(txt[i]));
		txt[i][0] = (char)('0' + i / 26);
		class.txt[i] = (struct text){txt[i], sizeof(txt[i])};
	}
	ck_assert_int_eq(snapshot_builder_set(b, &set, NULL), OK);
	ck_assert_int_eq(snapshot_builder_zone(b, TEXT(""), set, &apex, NULL), OK);
	ck_assert_int_eq(snapshot_builder_class(b, &class, &id, NULL), OK);
	ck_assert_int_eq(snapshot_builder_add(b, set, &large, &large, 32, id, NULL), OK);
	return list_fixture_freeze(b, 1);
}

static void
set_up(void)
{
	socklen_t len = sizeof(address);
	int small = 16384;

	list = make_list();
	zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(zones, TEXT("dnsbl.test"), list, false, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	tcp = tcp_new(CONNECTIONS, IDLE_MS, epoll, 7ull << 32);
	ck_assert_ptr_nonnull(tcp);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	/* Inherited by the connections, so that replies soon have to wait. */
	setsockopt(listening, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listening, 16), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &len), 0);
	now_ms = 5000;
}

static void
tear_down(void)
{
	tcp_free(tcp);
	close(listening);
	close(epoll);
	zone_set_free(zones);
	snapshot_close(list);
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
			tcp_serve(tcp, (uint32_t)events[i].data.u64, zones, &context, now_ms);
		}
}

static void
serve(void)
{
	serve_for(20);
}

static int
connect_client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 32768;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	tcp_accept(tcp, listening, now_ms);
	return fd;
}

static size_t
frame(const char *name, uint16_t type, uint16_t id, uint8_t *out)
{
	struct dns_query q = {.name = name, .type = type, .id = id};
	size_t len = dns_query_write(&q, out + 2);

	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	return len + 2;
}

static void
send_query(int fd, const char *name, uint16_t type, uint16_t id)
{
	uint8_t query[600];
	size_t len = frame(name, type, id, query);

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

	send_query(fd, "2.0.0.127.dnsbl.test", 1, 1);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 1), 1);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(fd, "2.0.0.127.dnsbl.test", 1, 2);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 2), 1);
	close(fd);
	serve();
	ck_assert_uint_eq(tcp_count(tcp), 0);
}
END_TEST

START_TEST(answers_in_pieces)
{
	int fd = connect_client();
	uint8_t query[600];
	size_t len = frame("2.0.0.127.dnsbl.test", 1, 1, query);

	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(send(fd, query + i, 1, MSG_NOSIGNAL), 1);
		serve();
	}
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 1), 1);
	close(fd);
}
END_TEST

/* More at once than the input buffer holds. */
START_TEST(answers_pipelined_queries_in_order)
{
	int fd = connect_client();
	uint8_t queries[500 * 64];
	size_t len = 0;

	for (uint16_t i = 0; i < 500; i++)
		len += frame("2.0.0.127.dnsbl.test", 1, i, queries + len);
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
		len += frame("1.2.0.192.dnsbl.test", 16, i, queries + len);
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
	send_query(fd, "2.0.0.127.dnsbl.test", 1, 1);
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

	frame("2.0.0.127.dnsbl.test", 1, 1, query);
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

	for (i = 0; i < 100; i++)
		send_query(fd, "1.2.0.192.dnsbl.test", 16, 1);
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
	send_query(fds[0], "2.0.0.127.dnsbl.test", 1, 1);
	ck_assert_int_gt(read_all(fds[0]), 0);
	fds[CONNECTIONS] = connect_client();
	ck_assert_uint_eq(tcp_count(tcp), CONNECTIONS);
	ck_assert_int_eq(read_all(fds[1]), -1);
	for (int i = 0; i <= CONNECTIONS; i++) {
		if (i == 1)
			continue;
		send_query(fds[i], "2.0.0.127.dnsbl.test", 1, 9);
		ck_assert_uint_eq(count_replies((size_t)read_all(fds[i]), 9), 1);
	}
	for (int i = 0; i <= CONNECTIONS; i++)
		close(fds[i]);
}
END_TEST

START_TEST(closes_on_a_query_that_is_too_long)
{
	int fd = connect_client();

	ck_assert_int_eq(send(fd,
				 "\xff\xff"
				 "abc",
				 5, MSG_NOSIGNAL),
		5);
	ck_assert_int_eq(read_all(fd), -1);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	close(fd);
}
END_TEST

START_TEST(answers_what_came_before_it)
{
	int fd = connect_client();
	uint8_t query[600];
	size_t len = frame("2.0.0.127.dnsbl.test", 1, 6, query);

	memcpy(query + len, "\xff\xff", 2);
	ck_assert_int_eq(send(fd, query, len + 2, MSG_NOSIGNAL), (int)len + 2);
	ck_assert_uint_eq(count_replies((size_t)read_all(fd), 6), 1);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	close(fd);
}
END_TEST

START_TEST(ignores_what_gets_no_reply)
{
	int fd = connect_client();
	uint8_t query[600];
	size_t len = frame("2.0.0.127.dnsbl.test", 1, 3, query);

	query[4] |= 0x80; /* a reply */
	ck_assert_int_eq(send(fd, query, len, MSG_NOSIGNAL), (int)len);
	ck_assert_int_eq(send(fd, "\0\0\0\3abc", 7, MSG_NOSIGNAL), 7);
	ck_assert_int_eq(read_all(fd), 0);
	ck_assert_uint_eq(tcp_count(tcp), 1);
	send_query(fd, "2.0.0.127.dnsbl.test", 1, 4);
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
	tcase_add_test(replies, answers_in_pieces);
	tcase_add_test(replies, answers_pipelined_queries_in_order);
	tcase_add_test(replies, stops_reading_while_replies_wait);
	tcase_add_test(replies, ignores_what_gets_no_reply);
	tcase_add_checked_fixture(bounds, set_up, tear_down);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(bounds, closes_what_is_idle);
	tcase_add_test(bounds, closes_what_drips);
	tcase_add_test(bounds, closes_who_does_not_read);
	tcase_add_test(bounds, evicts_the_most_idle);
	tcase_add_test(bounds, closes_on_a_query_that_is_too_long);
	tcase_add_test(bounds, answers_what_came_before_it);
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
