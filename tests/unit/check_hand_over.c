/* What workers give to the transfer process, and that it comes after what was asked before. */
#include "hand_over.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer_long.h"
#include "channel.h"
#include "dns_packet.h"
#include "stats_fixture.h"
#include "tcp.h"
#include "tcp_fixture.h"
#include "tcp_stream.h"
#include "udp.h"
#include "unit.h"

enum { INDEX = 3, AXFR = TYPE_AXFR, IXFR = TYPE_IXFR, TXT = TYPE_TXT, A = TYPE_A };

static struct answer_config config;
static struct stats *stats;
static struct observing observing = {.channel = -1};
static int channel[2]; /* the workers' end, and the other */
static struct listener listener;
static struct endpoint client_end;
static int client, epoll;
static struct handed handed;
static struct channel_fds fds;
static uint8_t bytes[1 << 20];

static void
set_up(void)
{
	tcp_fixture_open(TCP_FIXTURE_STRINGS_MAX);
	config = *tcp_fixture_context()->config;
	config.hands_over = true;
	tcp_fixture_context()->config = &config;
	stats = stats_new(1, 4);
	ck_assert_int_eq(channel_pair(channel, NULL), OK);
	client = epoll = -1;
	listener = (struct listener){.udp = -1, .tcp = -1};
}

static void
tear_down(void)
{
	close(channel[0]);
	close(channel[1]);
	if (client >= 0)
		close(client);
	if (epoll >= 0)
		close(epoll);
	listener_close(&listener);
	stats_free(stats);
	tcp_fixture_close();
}

static void
open_listener(const char *address)
{
	struct endpoint endpoint = {.port = 0};

	ck_assert_int_eq(addr_parse(text_of(address), &endpoint.addr), OK);
	ck_assert_int_eq(listener_open(&endpoint, 1232, &listener, NULL), OK);
	listener.index = INDEX;
	listener.endpoint.port = 1; /* no client's */
}

/* To the listener's socket, at this address. */
static void
connect_client(int listening, int type, const char *address)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct endpoint to;

	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&name, &len), 0);
	to = endpoint_from_sockaddr((struct sockaddr *)&name);
	ck_assert_int_eq(addr_parse(text_of(address), &to.addr), OK);
	len = endpoint_to_sockaddr(&to, &name);
	client = socket(name.ss_family, type, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&name, len), 0);
	len = sizeof(name);
	ck_assert_int_eq(getsockname(client, (struct sockaddr *)&name, &len), 0);
	client_end = endpoint_from_sockaddr((struct sockaddr *)&name);
}

/* False: nothing was handed over. */
static bool
receive_handed(void)
{
	struct pollfd p = {.fd = channel[1], .events = POLLIN};
	size_t len;

	if (poll(&p, 1, 50) == 0)
		return false;
	ck_assert_int_eq(channel_receive(channel[1], &handed, sizeof(handed), &len, &fds, NULL),
		OK);
	ck_assert_uint_eq(len, offsetof(struct handed, bytes) + handed.len);
	return true;
}

static void
assert_from_client(bool is_tcp, const char *local)
{
	struct addr address;

	ck_assert_int_eq(addr_parse(text_of(local), &address), OK);
	ck_assert_uint_eq(handed.is_tcp, is_tcp);
	ck_assert_uint_eq(handed.endpoint, INDEX);
	ck_assert(addr_equal(&handed.client.addr, &client_end.addr));
	ck_assert_uint_eq(handed.client.port, client_end.port);
	ck_assert(addr_equal(&handed.local, &address));
	ck_assert_uint_eq(fds.count, is_tcp);
}

/* --- a stream without a socket -------------------------------------------------------- */

static size_t
write_frames(uint8_t *out)
{
	size_t len = tcp_fixture_frame(TCP_FIXTURE_SMALL, A, 1, out);

	len += tcp_fixture_frame("dnsbl.test", AXFR, 2, out + len);
	return len;
}

START_TEST(a_stream_stops_where_it_is_handed_over)
{
	static uint8_t in[TCP_STREAM_IN], out[TCP_STREAM_OUT];
	uint8_t query[1300], *room;
	struct tcp_stream s;
	const uint8_t *at;
	size_t first = tcp_fixture_frame(TCP_FIXTURE_SMALL, A, 1, query), len;

	len = write_frames(query);
	len += tcp_fixture_frame(TCP_FIXTURE_SMALL, A, 3, query + len);
	query[len++] = 0; /* and the beginning of another one */
	tcp_stream_init(&s, in, out);
	ck_assert_uint_ge(tcp_stream_room(&s, &room), len);
	memcpy(room, query, len);
	tcp_stream_received(&s, len);
	ck_assert_uint_eq(tcp_stream_answer(&s, tcp_fixture_zones(), tcp_fixture_context(),
				  stats_worker(stats, 0), NULL),
		1);
	ck_assert_uint_gt(tcp_stream_pending(&s, &at), 12);
	ck_assert_uint_eq(tcp_stream_room(&s, &room), 0);
	ck_assert(!tcp_stream_is_handed_over(&s, &at, &len));
	tcp_stream_sent(&s, tcp_stream_pending(&s, &at));
	ck_assert_uint_eq(tcp_stream_room(&s, &room), 0);
	ck_assert_uint_eq(tcp_stream_answer(&s, tcp_fixture_zones(), tcp_fixture_context(),
				  stats_worker(stats, 0), NULL),
		0);
	ck_assert(tcp_stream_is_handed_over(&s, &at, &len));
	ck_assert_mem_eq(at, query + first, len);
	ck_assert_uint_eq(stats_fixture_row(stats).handed_over[ANSWER_TCP], 1);
}
END_TEST

/* --- what is counted --------------------------------------------------------------------- */

/* The zone of what this question or NOTIFY is handed over for; NULL: none of ours. */
static const struct zone *
zone_of_handed(const char *name, uint16_t type, bool is_notify)
{
	struct answer_outcome outcome;
	uint8_t query[600], reply[1232];
	size_t len = tcp_fixture_frame(name, type, 1, query) - 2;

	tcp_fixture_context()->transport = ANSWER_TCP;
	if (is_notify)
		query[2 + 2] |= 4 << 3;
	ck_assert_uint_eq(answer_long(tcp_fixture_zones(), tcp_fixture_context(), query + 2, len,
				  reply, sizeof(reply), &outcome),
		0);
	ck_assert(outcome.hand_over);
	return outcome.zone;
}

START_TEST(what_is_handed_over_counts_for_its_zone)
{
	const struct zone *zone = zone_set_get(tcp_fixture_zones(), 0);

	ck_assert_ptr_eq(zone_of_handed("dnsbl.test", AXFR, false), zone);
	ck_assert_ptr_eq(zone_of_handed("dnsbl.test", IXFR, false), zone);
	ck_assert_ptr_eq(zone_of_handed("DNSBL.test", TYPE_SOA, true), zone);
	ck_assert_ptr_null(zone_of_handed("other.test", AXFR, false));
	ck_assert_ptr_null(zone_of_handed("other.test", TYPE_SOA, true));
}
END_TEST

/* --- connections --------------------------------------------------------------------------- */

static struct tcp *
open_tcp(int to)
{
	struct tcp_options options = {
		.connections = 4,
		.idle_ms = 10000,
		.stats = stats_worker(stats, 0),
		.observing = &observing,
		.transfer = to,
	};
	struct tcp *tcp;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	options.epoll = epoll;
	tcp = tcp_new(&options);
	ck_assert_ptr_nonnull(tcp);
	return tcp;
}

static int
serve(struct tcp *tcp)
{
	struct epoll_event events[4];
	int count = epoll_wait(epoll, events, 4, 50);

	for (int i = 0; i < count; i++)
		tcp_serve(tcp, (uint32_t)events[i].data.u64, tcp_fixture_zones(),
			tcp_fixture_context(), 0);
	return count;
}

START_TEST(a_connection_goes_with_what_was_not_answered)
{
	struct tcp *tcp = open_tcp(channel[0]);
	uint8_t query[1300];
	size_t first, len;

	open_listener("127.0.0.1");
	connect_client(listener.tcp, SOCK_STREAM, "127.0.0.1");
	ck_assert(tcp_accept(tcp, &listener, 0));
	first = tcp_fixture_frame(TCP_FIXTURE_SMALL, A, 1, query);
	len = write_frames(query);
	len += tcp_fixture_frame(TCP_FIXTURE_SMALL, A, 3, query + len) - 5; /* cut */
	ck_assert_int_eq(send(client, query, len, 0), (int)len);
	while (serve(tcp) > 0)
		;
	ck_assert_uint_eq(tcp_count(tcp), 0);
	ck_assert_int_gt(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT), 12);
	ck_assert_uint_eq(bytes[3], 1); /* the id */
	ck_assert_int_lt(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT), 0);
	ck_assert(receive_handed());
	assert_from_client(true, "127.0.0.1");
	ck_assert_uint_eq(handed.len, len - first);
	ck_assert_mem_eq(handed.bytes, query + first, handed.len);
	/* It is the connection, and the worker hears of it no more. */
	ck_assert_int_eq(send(client, query, 5, 0), 5);
	ck_assert_int_eq(serve(tcp), 0);
	ck_assert_int_eq(recv(fds.fd[0], bytes, sizeof(bytes), 0), 5);
	ck_assert_int_eq(send(fds.fd[0], "reply", 5, 0), 5);
	ck_assert_int_eq(recv(client, bytes, sizeof(bytes), 0), 5);
	ck_assert_uint_eq(stats_fixture_common(stats).handover_lost, 0);
	channel_close_fds(&fds);
	tcp_free(tcp);
}
END_TEST

/* Replies that the client is slow to read are all sent before the connection goes. */
START_TEST(pending_replies_come_first)
{
	enum { REPLIES = 40 };
	struct tcp *tcp = open_tcp(channel[0]);
	int small = 16384;
	uint8_t query[4096];
	size_t len = 0, got = 0;

	open_listener("127.0.0.1");
	setsockopt(listener.tcp, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	connect_client(listener.tcp, SOCK_STREAM, "127.0.0.1");
	ck_assert(tcp_accept(tcp, &listener, 0));
	for (uint16_t i = 0; i < REPLIES; i++)
		len += tcp_fixture_frame(TCP_FIXTURE_LARGE, TXT, i, query + len);
	len += tcp_fixture_frame("dnsbl.test", IXFR, REPLIES, query + len);
	ck_assert_int_eq(send(client, query, len, 0), (int)len);
	for (int round = 0; !receive_handed(); round++) {
		ssize_t n;

		ck_assert_int_lt(round, 1000);
		while (serve(tcp) > 0 && (n = recv(client, bytes, 100000, MSG_DONTWAIT)) > 0)
			got += (size_t)n;
	}
	for (ssize_t n; (n = recv(client, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
		got += (size_t)n;
	assert_from_client(true, "127.0.0.1");
	ck_assert_uint_eq(handed.bytes[3], REPLIES);
	ck_assert_uint_gt(got, REPLIES * 60000u); /* each has 30 texts of 2 KiB */
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_TCP), REPLIES + 1);
	channel_close_fds(&fds);
	tcp_free(tcp);
}
END_TEST

static void
fill_channel(void)
{
	while (channel_send(channel[0], bytes, 4096, NULL, false, NULL) == OK)
		;
}

START_TEST(a_connection_that_nobody_takes_is_closed)
{
	struct tcp *tcp;
	uint8_t query[600];
	size_t len = tcp_fixture_frame("dnsbl.test", AXFR, 2, query);

	fill_channel();
	tcp = open_tcp(_i == 0 ? channel[0] : -1);
	open_listener("127.0.0.1");
	connect_client(listener.tcp, SOCK_STREAM, "127.0.0.1");
	ck_assert(tcp_accept(tcp, &listener, 0));
	ck_assert_int_eq(send(client, query, len, 0), (int)len);
	serve(tcp);
	ck_assert_uint_eq(tcp_count(tcp), 0);
	ck_assert_int_eq(recv(client, bytes, sizeof(bytes), 0), 0);
	ck_assert_uint_eq(stats_fixture_common(stats).handover_lost, 1);
	tcp_free(tcp);
}
END_TEST

/* --- datagrams ---------------------------------------------------------------------------------
 */

static struct udp *
open_udp(int to)
{
	struct udp_options options = {
		.udp_size = 1232,
		.stats = stats_worker(stats, 0),
		.observing = &observing,
		.transfer = to,
	};

	return udp_new(&options);
}

static size_t
send_datagram(const char *name, uint16_t type, uint16_t id, uint8_t *query)
{
	struct dns_query q = {.name = name, .type = type, .id = id};
	size_t len = dns_query_write(&q, query);

	ck_assert_int_eq(send(client, query, len, 0), (int)len);
	return len;
}

static const char *const addresses[][2] = {
	/* bound to, asked at */
	{"127.0.0.1", "127.0.0.1"},
	{"0.0.0.0", "127.0.0.3"},
	{"::1", "::1"},
	{"::", "::1"},
};

START_TEST(datagrams_go_one_by_one)
{
	struct udp *udp = open_udp(channel[0]);
	struct pollfd p;
	uint8_t query[512];
	size_t len;

	open_listener(addresses[_i][0]);
	connect_client(listener.udp, SOCK_DGRAM, addresses[_i][1]);
	send_datagram(TCP_FIXTURE_SMALL, A, 1, query);
	len = send_datagram("dnsbl.test", IXFR, 2, query);
	send_datagram(TCP_FIXTURE_SMALL, A, 3, bytes);
	udp_serve(udp, &listener, tcp_fixture_zones(), tcp_fixture_context());
	ck_assert(receive_handed());
	assert_from_client(false, addresses[_i][1]);
	ck_assert_uint_eq(handed.len, len);
	ck_assert_mem_eq(handed.bytes, query, len);
	ck_assert(!receive_handed());
	for (int id = 1; id <= 3; id += 2) {
		ck_assert_int_gt(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT), 12);
		ck_assert_int_eq(bytes[1], id);
	}
	p = (struct pollfd){.fd = client, .events = POLLIN};
	ck_assert_int_eq(poll(&p, 1, 20), 0);
	ck_assert_uint_eq(stats_fixture_row(stats).handed_over[ANSWER_UDP], 1);
	udp_free(udp);
}
END_TEST

START_TEST(a_datagram_that_nobody_takes_is_lost)
{
	struct udp *udp;
	uint8_t query[512];

	fill_channel();
	udp = open_udp(_i == 0 ? channel[0] : -1);
	open_listener("127.0.0.1");
	connect_client(listener.udp, SOCK_DGRAM, "127.0.0.1");
	send_datagram("dnsbl.test", IXFR, 2, query);
	send_datagram(TCP_FIXTURE_SMALL, A, 3, query);
	udp_serve(udp, &listener, tcp_fixture_zones(), tcp_fixture_context());
	ck_assert_int_gt(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT), 12);
	ck_assert_uint_eq(bytes[1], 3);
	ck_assert_uint_eq(stats_fixture_common(stats).handover_lost, 1);
	udp_free(udp);
}
END_TEST

START_TEST(what_is_too_long_is_not_sent)
{
	ck_assert(hand_over_send(channel[0], &handed, bytes, HANDED_MAX, -1));
	ck_assert(!hand_over_send(channel[0], &handed, bytes, HANDED_MAX + 1, -1));
	ck_assert(receive_handed());
	ck_assert(!receive_handed());
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hand_over");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 60);
	tcase_add_test(all, a_stream_stops_where_it_is_handed_over);
	tcase_add_test(all, what_is_handed_over_counts_for_its_zone);
	tcase_add_test(all, a_connection_goes_with_what_was_not_answered);
	tcase_add_test(all, pending_replies_come_first);
	tcase_add_loop_test(all, a_connection_that_nobody_takes_is_closed, 0, 2);
	tcase_add_loop_test(all, datagrams_go_one_by_one, 0, (int)ORBL_COUNT(addresses));
	tcase_add_loop_test(all, a_datagram_that_nobody_takes_is_lost, 0, 2);
	tcase_add_test(all, what_is_too_long_is_not_sent);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
