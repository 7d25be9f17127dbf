#include "unit.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer_fixture.h"
#include "stats_fixture.h"
#include "udp.h"

static struct udp *udp;
static struct listener listener;
static int client;
static struct stats *stats;
static struct observing observing = {.channel = -1};

/* A listener on a port that the system chooses. */
static void
open_sized_listener(const char *address, uint16_t udp_size)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct endpoint endpoint = {.port = 0};

	ck_assert_int_eq(addr_parse(text_of(address), &endpoint.addr), OK);
	ck_assert_int_eq(listener_open(&endpoint, udp_size, &listener, NULL), OK);
	ck_assert_int_eq(getsockname(listener.udp, (struct sockaddr *)&bound, &len), 0);
	listener.endpoint = endpoint_from_sockaddr((struct sockaddr *)&bound);
}

static void
open_listener(const char *address)
{
	open_sized_listener(address, answer_fixture_config()->udp_size);
}

static void
set_up(void)
{
	struct udp_options options = {.observing = &observing, .transfer = -1};

	answer_fixture_set_up();
	stats = stats_new(1, 4);
	options.udp_size = answer_fixture_config()->udp_size;
	options.stats = stats_worker(stats, 0);
	udp = udp_new(&options);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_ge(client, 0);
}

static void
tear_down(void)
{
	close(client);
	listener_close(&listener);
	udp_free(udp);
	stats_free(stats);
	answer_fixture_tear_down();
}

static void
connect_client(const char *address)
{
	struct endpoint endpoint = {.port = listener.endpoint.port};
	struct sockaddr_storage to;
	socklen_t len;

	ck_assert_int_eq(addr_parse(text_of(address), &endpoint.addr), OK);
	len = endpoint_to_sockaddr(&endpoint, &to);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&to, len), 0);
}

static void
send_query(uint16_t id, uint16_t flags)
{
	struct dns_query q = {.name = "2.0.0.127." ORIGIN,
		.type = TYPE_A,
		.id = id,
		.flags = flags};
	uint8_t packet[512];
	size_t len = dns_query_write(&q, packet);

	ck_assert_int_eq(send(client, packet, len, 0), (int)len);
}

/* The id of the next reply, -1: none. A connected socket takes it from the asked address only. */
static int
receive_id(void)
{
	static struct dns_reply reply;
	struct pollfd p = {.fd = client, .events = POLLIN};
	uint8_t packet[1500];
	ssize_t n;

	if (poll(&p, 1, 50) == 0)
		return -1;
	n = recv(client, packet, sizeof(packet), 0);
	ck_assert_int_gt(n, 0);
	ck_assert(dns_reply_read(packet, (size_t)n, &reply));
	ck_assert_uint_eq(reply.answers, 1);
	return reply.id;
}

static bool
serve(void)
{
	return udp_serve(udp, &listener, answer_fixture_zones(), answer_fixture_context());
}

START_TEST(answers_a_batch_in_order)
{
	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	for (uint16_t id = 0; id < 20; id++)
		send_query(id, 0);
	ck_assert(!serve());
	for (int id = 0; id < 20; id++)
		ck_assert_int_eq(receive_id(), id);
	ck_assert_int_eq(receive_id(), -1);
}
END_TEST

START_TEST(says_when_there_may_be_more)
{
	int received = 0;

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	for (uint16_t id = 0; id < 100; id++)
		send_query(id, 0);
	ck_assert(serve());
	while (serve())
		;
	while (receive_id() == received)
		received++;
	ck_assert_int_eq(received, 100);
}
END_TEST

START_TEST(leaves_out_what_gets_no_reply)
{
	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	send_query(1, 0x8000);
	send_query(2, 0);
	ck_assert_int_eq(send(client, "short", 5, 0), 5);
	ck_assert_int_eq(send(client, "", 0, 0), 0);
	send_query(3, 0);
	send_query(4, 0x8000);
	serve();
	ck_assert_int_eq(receive_id(), 2);
	ck_assert_int_eq(receive_id(), 3);
	ck_assert_int_eq(receive_id(), -1);
}
END_TEST

/* Bound to all addresses, the reply comes from the one that was asked. */
static const char *const asked[] = {"127.0.0.1", "127.0.0.5", "127.1.2.3"};

START_TEST(answers_from_the_address_asked)
{
	open_listener("0.0.0.0");
	ck_assert(listener.any);
	connect_client(asked[_i]);
	send_query(7, 0);
	serve();
	ck_assert_int_eq(receive_id(), 7);
}
END_TEST

START_TEST(answers_over_ipv6)
{
	close(client);
	client = socket(AF_INET6, SOCK_DGRAM, 0);
	open_listener("::");
	connect_client("::1");
	send_query(8, 0);
	serve();
	ck_assert_int_eq(receive_id(), 8);
}
END_TEST

/* Who seems to be ourselves: here the listener believes that it has the client's address. */
START_TEST(does_not_answer_itself)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	ck_assert_int_eq(getsockname(client, (struct sockaddr *)&own, &len), 0);
	listener.endpoint = endpoint_from_sockaddr((struct sockaddr *)&own);
	send_query(9, 0);
	serve();
	ck_assert_int_eq(receive_id(), -1);
	/* The address alone is not enough: a resolver may run on the same host. */
	listener.endpoint.port++;
	send_query(10, 0);
	serve();
	ck_assert_int_eq(receive_id(), 10);
}
END_TEST

START_TEST(does_not_answer_itself_on_any_address)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);

	open_listener("0.0.0.0");
	connect_client("127.0.0.1");
	ck_assert_int_eq(getsockname(client, (struct sockaddr *)&own, &len), 0);
	listener.endpoint.port = endpoint_from_sockaddr((struct sockaddr *)&own).port;
	send_query(11, 0);
	serve();
	ck_assert_int_eq(receive_id(), -1);
}
END_TEST

START_TEST(tells_who_asks)
{
	static const char *const both[] = {"127.0.0.1", "::1"};
	struct answer_context *context = answer_fixture_context();
	struct addr wanted;

	close(client);
	client = socket(_i == 0 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	open_listener(both[_i]);
	connect_client(both[_i]);
	context->transport = ANSWER_TCP; /* of the query before */
	send_query(12, 0);
	serve();
	ck_assert_int_eq(addr_parse(text_of(both[_i]), &wanted), OK);
	ck_assert(addr_equal(&context->client, &wanted));
	ck_assert_int_eq(context->transport, ANSWER_UDP);
}
END_TEST

START_TEST(counts)
{
	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	send_query(1, 0);
	send_query(2, 0x8000);
	ck_assert_int_eq(send(client, "short", 5, 0), 5);
	send_query(3, 0);
	serve();
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 4);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_TCP), 0);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 2);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_ANSWER), 2);
	ck_assert_uint_eq(stats_fixture_common(stats).unsent, 0);
	ck_assert(!serve());
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 4);
}
END_TEST

/* Long datagrams come cut, and change nothing for those around them. */
static const size_t long_datagrams[] = {1232, 1233, 4096, 65000};

START_TEST(refuses_a_datagram_that_is_too_long)
{
	static struct dns_reply reply;
	static uint8_t packet[65536];
	struct dns_query q = {.name = "2.0.0.127." ORIGIN, .type = TYPE_A, .id = 5};
	ssize_t n;

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	dns_query_write(&q, packet);
	packet[11] = 1; /* ARCOUNT; zeros to the end are no record */
	send_query(4, 0);
	ck_assert_int_eq(send(client, packet, long_datagrams[_i], 0), (int)long_datagrams[_i]);
	send_query(6, 0);
	serve();
	ck_assert_int_eq(receive_id(), 4);
	n = recv(client, packet, sizeof(packet), MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	ck_assert(dns_reply_read(packet, (size_t)n, &reply));
	ck_assert_uint_eq(reply.id, 5);
	ck_assert_uint_eq(reply.rcode, RCODE_FORMERR);
	ck_assert_int_eq(receive_id(), 6);
}
END_TEST

START_TEST(survives_random_datagrams)
{
	struct dns_query q = {.name = "2.0.0.127." ORIGIN, .type = TYPE_A};
	uint8_t whole[512], packet[512];
	size_t len = dns_query_write(&q, whole);
	uint32_t random = 1;

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 20; i++) {
			memcpy(packet, whole, len);
			for (int n = 0; n <= i % 4; n++) {
				random = random * 1664525 + 1013904223;
				packet[(random >> 8) % len] = (uint8_t)(random >> 24);
			}
			ck_assert_int_ge(send(client, packet, i < 10 ? len : (random >> 9) % len,
						 0),
				0);
		}
		while (serve())
			;
		while (recv(client, packet, sizeof(packet), MSG_DONTWAIT) > 0)
			;
	}
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 6000);
	send_query(21, 0);
	serve();
	ck_assert_int_eq(receive_id(), 21);
}
END_TEST

/* Clients that are gone: the system tells the socket, which must not mind. */
START_TEST(survives_unreachable_clients)
{
	open_listener("127.0.0.1");
	for (int round = 0; round < 3; round++) {
		for (uint16_t id = 0; id < 10; id++) {
			close(client);
			client = socket(AF_INET, SOCK_DGRAM, 0);
			connect_client("127.0.0.1");
			send_query(id, 0);
		}
		serve();
	}
	ck_assert_int_eq(receive_id(), 9);
	close(client);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	connect_client("127.0.0.1");
	send_query(77, 0);
	while (serve())
		;
	ck_assert_int_eq(receive_id(), 77);
}
END_TEST

/* A socket that sends no more fails for every datagram: each is tried, none for ever. */
START_TEST(leaves_out_what_cannot_be_sent)
{
	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	for (uint16_t id = 0; id < 20; id++)
		send_query(id, 0);
	shutdown(listener.udp, SHUT_WR);
	ck_assert(!serve());
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 20);
	ck_assert_uint_eq(stats_fixture_common(stats).unsent, 20);
	ck_assert_int_eq(receive_id(), -1);
}
END_TEST

/* The sum that UDP has, RFC 768; 0 is none, which IPv4 allows. */
static ssize_t
send_from_port(int raw, uint16_t port, uint16_t id)
{
	struct dns_query q = {.name = "2.0.0.127." ORIGIN, .type = TYPE_A, .id = id};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint8_t packet[8 + 512] = {(uint8_t)(port >> 8), (uint8_t)port,
		(uint8_t)(listener.endpoint.port >> 8), (uint8_t)listener.endpoint.port};
	size_t len = 8 + dns_query_write(&q, packet + 8);

	packet[4] = (uint8_t)(len >> 8);
	packet[5] = (uint8_t)len;
	return sendto(raw, packet, len, 0, (struct sockaddr *)&to, sizeof(to));
}

START_TEST(does_not_answer_to_port_0)
{
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	struct sockaddr_in own;
	socklen_t len = sizeof(own);

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	if (raw < 0)
		return; /* that needs a privilege */
	ck_assert_int_eq(getsockname(client, (struct sockaddr *)&own, &len), 0);
	ck_assert_int_gt(send_from_port(raw, 0, 1), 0);
	ck_assert_int_gt(send_from_port(raw, ntohs(own.sin_port), 2), 0);
	ck_assert(!serve());
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 2);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 1);
	ck_assert_uint_eq(stats_fixture_common(stats).unsent, 0);
	ck_assert_int_eq(receive_id(), 2);
	close(raw);
}
END_TEST

static int
get_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* What comes while the thread has no turn waits. */
START_TEST(loses_nothing_in_a_burst)
{
	int received = 0, room;

	open_listener("127.0.0.1");
	connect_client("127.0.0.1");
	room = get_option(listener.udp, SOL_SOCKET, SO_RCVBUF);
	ck_assert_int_gt(room, get_option(client, SOL_SOCKET, SO_RCVBUF));
	if (room < 8 << 20)
		return; /* net.core.rmem_max is less, and we may not exceed it */
	for (uint16_t id = 0; id < 5000; id++)
		send_query(id, 0);
	do {
		bool more = serve();

		while (recv(client, (uint8_t[64]){0}, 64, MSG_DONTWAIT) > 0)
			received++;
		if (!more)
			break;
	} while (true);
	ck_assert_int_eq(received, 5000);
}
END_TEST

/* No router fragments a short reply; long ones are the operator's wish. */
START_TEST(sets_dont_fragment_for_short_replies)
{
	open_sized_listener("127.0.0.1", 1232);
	ck_assert_int_eq(get_option(listener.udp, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_PROBE);
	ck_assert(listener_allow_fragments(&listener));
	ck_assert_int_eq(get_option(listener.udp, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	listener_close(&listener);
	open_sized_listener("127.0.0.1", 1233);
	ck_assert_int_eq(get_option(listener.udp, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	listener_close(&listener);
	open_sized_listener("::1", 1232);
	ck_assert_int_eq(get_option(listener.udp, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
		IPV6_PMTUDISC_OMIT);
	ck_assert(!listener_allow_fragments(&listener));
}
END_TEST

START_TEST(bounds_what_a_connection_may_hold)
{
	struct sockaddr_storage to;
	socklen_t len;
	int fd;

	open_listener("127.0.0.1");
	len = sizeof(to);
	ck_assert_int_eq(getsockname(listener.tcp, (struct sockaddr *)&to, &len), 0);
	close(client);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&to, len), 0);
	fd = accept(listener.tcp, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_le(get_option(fd, SOL_SOCKET, SO_SNDBUF), 128 << 10);
	ck_assert_int_le(get_option(fd, SOL_SOCKET, SO_RCVBUF), 32 << 10);
	ck_assert_int_ne(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	close(fd);
}
END_TEST

START_TEST(cannot_be_bound_twice)
{
	struct error e;

	open_listener("127.0.0.1");
	ck_assert_int_eq(listener_check(&listener.endpoint, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(e.text, "another program"));
}
END_TEST

START_TEST(names_an_address_nobody_has)
{
	struct endpoint endpoint = {.port = 5353};
	struct error e;

	open_listener("127.0.0.1");
	ck_assert_int_eq(addr_parse(TEXT("192.0.2.1"), &endpoint.addr), OK);
	ck_assert_int_eq(listener_check(&endpoint, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "192.0.2.1:5353"));
	ck_assert_ptr_nonnull(strstr(e.text, "no interface"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("udp");
	TCase *replies = tcase_create("replies"), *listeners = tcase_create("listeners");

	tcase_add_checked_fixture(replies, set_up, tear_down);
	tcase_add_test(replies, answers_a_batch_in_order);
	tcase_add_test(replies, says_when_there_may_be_more);
	tcase_add_test(replies, leaves_out_what_gets_no_reply);
	tcase_add_loop_test(replies, answers_from_the_address_asked, 0,
		sizeof(asked) / sizeof(asked[0]));
	tcase_add_test(replies, answers_over_ipv6);
	tcase_add_test(replies, does_not_answer_itself);
	tcase_add_test(replies, does_not_answer_itself_on_any_address);
	tcase_add_loop_test(replies, tells_who_asks, 0, 2);
	tcase_add_test(replies, counts);
	tcase_add_loop_test(replies, refuses_a_datagram_that_is_too_long, 0,
		sizeof(long_datagrams) / sizeof(long_datagrams[0]));
	tcase_add_test(replies, survives_random_datagrams);
	tcase_add_test(replies, survives_unreachable_clients);
	tcase_add_test(replies, leaves_out_what_cannot_be_sent);
	tcase_add_test(replies, does_not_answer_to_port_0);
	tcase_add_test(replies, loses_nothing_in_a_burst);
	tcase_add_checked_fixture(listeners, set_up, tear_down);
	tcase_add_test(listeners, sets_dont_fragment_for_short_replies);
	tcase_add_test(listeners, bounds_what_a_connection_may_hold);
	tcase_add_test(listeners, cannot_be_bound_twice);
	tcase_add_test(listeners, names_an_address_nobody_has);
	suite_add_tcase(s, replies);
	suite_add_tcase(s, listeners);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
