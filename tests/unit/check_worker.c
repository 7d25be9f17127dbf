#include "unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dns_packet.h"
#include "stats_fixture.h"
#include "tcp_fixture.h"
#include "worker.h"

static struct live *live;
static struct worker *worker;
static struct stats *stats;
static struct endpoint endpoint;
static struct listener listener;
static struct answer_config config = {.udp_size = 1232};

/* A port that is free for both; another program may take it between. */
static bool
open_worker(const char *address)
{
	static const int no_channels[] = {-1, -1};
	struct worker_options options = {
		.live = live,
		.answer = &config,
		.stats = stats_worker(stats, 0),
		.observations = -1,
		.transfer = no_channels,
		.listener_count = 1,
		.listeners = &listener,
		.tcp_connections = 8,
		.tcp_client_connections = 4,
		.tcp_idle_ms = 300,
	};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ck_assert_int_eq(addr_parse(text_of(address), &endpoint.addr), OK);
	endpoint.port = (uint16_t)(20000 + now.tv_nsec / 1000 % 12000);
	if (listener_check(&endpoint, NULL) != OK ||
		listener_open(&endpoint, config.udp_size, &listener, NULL) != OK)
		return false;
	ck_assert_int_eq(worker_new(&options, &worker, NULL), OK);
	return true;
}

static void
start(const char *address)
{
	int tries = 20;

	while (!open_worker(address))
		ck_assert_int_gt(--tries, 0);
	ck_assert_int_eq(worker_start(worker, NULL), OK);
}

static void
set_up(void)
{
	tcp_fixture_open(TCP_FIXTURE_STRINGS_MAX);
	live = live_new(1);
	live_publish(live, tcp_fixture_make_zones(), NULL, NULL);
}

static void
tear_down(void)
{
	worker_free(worker);
	worker = NULL;
	listener_close(&listener);
	live_free(live);
	tcp_fixture_close();
}

static int
connect_client(int type)
{
	struct sockaddr_storage to;
	socklen_t len = endpoint_to_sockaddr(&endpoint, &to);
	int fd = socket(to.ss_family, type, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, len), 0);
	return fd;
}

/* Returns the length of what comes within a second, 0: nothing, or the end. */
static size_t
receive(int fd, uint8_t *out, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 1000) == 0)
		return 0;
	n = recv(fd, out, size, 0);
	return n > 0 ? (size_t)n : 0;
}

static size_t
ask(int fd, bool stream, const char *name, uint16_t flags)
{
	static uint8_t packet[ANSWER_MAX];
	struct dns_query q = {.name = name, .type = 1, .id = 1, .flags = flags};
	size_t len = dns_query_write(&q, packet + 2);

	packet[0] = 0;
	packet[1] = (uint8_t)len;
	ck_assert_int_gt(send(fd, packet + (stream ? 0 : 2), len + (stream ? 2 : 0), 0), 0);
	return receive(fd, packet, sizeof(packet));
}

/* Until it has counted so many queries. */
static void
wait_for_queries(uint64_t count)
{
	for (int i = 0; i < 500; i++) {
		if (stats_fixture_queries(stats, ANSWER_UDP) +
				stats_fixture_queries(stats, ANSWER_TCP) ==
			count)
			return;
		poll(NULL, 0, 2);
	}
	ck_abort_msg("it has not counted them");
}

START_TEST(answers_and_counts)
{
	size_t bytes;
	int udp, tcp;

	start(_i == 0 ? "127.0.0.1" : "::1");
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 0);
	udp = connect_client(SOCK_DGRAM);
	tcp = connect_client(SOCK_STREAM);
	bytes = ask(udp, false, TCP_FIXTURE_SMALL, 0);
	ck_assert_uint_gt(bytes, 12);
	bytes += ask(udp, false, "3.2.0.192.dnsbl.test", 0);
	bytes += ask(udp, false, "dnsbl.test", 0);
	bytes += ask(udp, false, "example.com", 0);
	bytes += ask(udp, false, "dnsbl.test", 0x2800); /* UPDATE */
	bytes += ask(tcp, true, TCP_FIXTURE_SMALL, 0) - 2;
	ck_assert_int_gt(send(udp, "\0\1\0\0\0\1\0\0\0\0\0\0", 12, 0), 0);
	bytes += receive(udp, (uint8_t[64]){0}, 64);
	ck_assert_int_gt(send(udp, "\0\1\0\0\0\1", 6, 0), 0);
	wait_for_queries(8);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 7);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_TCP), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_ANSWER), 2);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_NXDOMAIN), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_NODATA), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_REFUSED), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_NOTIMP), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_FORMERR), 1);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_SERVFAIL), 0);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 1);
	ck_assert_uint_eq(stats_fixture_common(stats).unsent, 0);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_out), bytes);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_accepted, 1);
	close(udp);
	close(tcp);
}
END_TEST

START_TEST(ends_idle_connections)
{
	uint8_t byte;
	int fd;

	start("127.0.0.1");
	fd = connect_client(SOCK_STREAM);
	ck_assert_uint_eq(receive(fd, &byte, 1), 0);
	poll(NULL, 0, 20);
	ck_assert_uint_eq(stats_fixture_common(stats).tcp_idle, 1);
	close(fd);
}
END_TEST

START_TEST(passes_its_quiescent_point_when_woken)
{
	start("127.0.0.1");
	poll(NULL, 0, 20);
	live_publish(live, tcp_fixture_make_zones(), NULL, NULL);
	for (int i = 0; live_reclaim(live); i++) {
		ck_assert_int_lt(i, 500);
		worker_wake(worker);
		poll(NULL, 0, 2);
	}
}
END_TEST

static int64_t
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* No descriptor for a connection that waits, and none of its own to close. */
START_TEST(rests_without_descriptors)
{
	struct rlimit before, none;
	int64_t began_ms;
	int fd, udp;

	start("127.0.0.1");
	udp = connect_client(SOCK_DGRAM);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(connect(fd,
				 (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
					 .sin_port = htons(endpoint.port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
				 sizeof(struct sockaddr_in)),
		0);
	began_ms = cpu_ms();
	poll(NULL, 0, 1000);
	ck_assert_int_lt(cpu_ms() - began_ms, 60);
	ck_assert_uint_gt(ask(udp, false, TCP_FIXTURE_SMALL, 0), 12);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_uint_gt(ask(fd, true, TCP_FIXTURE_SMALL, 0), 12);
	close(fd);
	close(udp);
}
END_TEST

/* --- counting alone --------------------------------------------------------- */

static const struct {
	uint8_t flags[2];
	uint8_t answers;
	enum stats_reply class;
	bool truncated;
} headers[] = {
	{{0x84, 0x00}, 1, STATS_REPLY_ANSWER, false},
	{{0x85, 0x00}, 0, STATS_REPLY_NODATA, false},
	{{0x86, 0x00}, 0, STATS_REPLY_ANSWER, true},
	{{0x84, 0x03}, 0, STATS_REPLY_NXDOMAIN, false},
	{{0x80, 0x05}, 0, STATS_REPLY_REFUSED, false},
	{{0x80, 0x02}, 0, STATS_REPLY_SERVFAIL, false},
	{{0x80, 0x01}, 0, STATS_REPLY_FORMERR, false},
	{{0xa8, 0x04}, 0, STATS_REPLY_NOTIMP, false},
	{{0x80, 0x00}, 0, STATS_REPLY_OTHER, false}, /* BADVERS */
	{{0x80, 0x07}, 0, STATS_REPLY_OTHER, false}, /* BADCOOKIE */
	{{0x80, 0x0f}, 0, STATS_REPLY_OTHER, false},
};

static void
open_stats(void)
{
	stats = stats_new(1, 4);
	ck_assert_ptr_nonnull(stats);
}

static void
close_stats(void)
{
	stats_free(stats);
}

START_TEST(counts_a_reply)
{
	uint8_t header[12] = {0, 0, headers[_i].flags[0], headers[_i].flags[1], 0, 0, 0,
		headers[_i].answers};
	uint64_t sum = 0;

	stats_count(stats_worker(stats, 0), NULL, ANSWER_UDP, header, 30, 80);
	ck_assert_uint_eq(stats_fixture_replies(stats, headers[_i].class), 1);
	for (size_t i = 0; i < STATS_REPLIES; i++)
		sum += stats_fixture_replies(stats, (enum stats_reply)i);
	ck_assert_uint_eq(sum, 1);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, truncated), headers[_i].truncated);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_in), 30);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_out), 80);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 0);
}
END_TEST

START_TEST(counts_no_reply)
{

	stats_count(stats_worker(stats, 0), NULL, ANSWER_TCP, NULL, 30, 0);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 1);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_in), 30);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_out), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("worker");
	TCase *works = tcase_create("works"), *counts = tcase_create("counts");

	tcase_add_checked_fixture(works, open_stats, close_stats);
	tcase_add_checked_fixture(counts, open_stats, close_stats);
	tcase_add_checked_fixture(works, set_up, tear_down);
	tcase_set_timeout(works, 60);
	tcase_add_loop_test(works, answers_and_counts, 0, 2);
	tcase_add_test(works, ends_idle_connections);
	tcase_add_test(works, passes_its_quiescent_point_when_woken);
	tcase_add_test(works, rests_without_descriptors);
	tcase_add_loop_test(counts, counts_a_reply, 0, sizeof(headers) / sizeof(headers[0]));
	tcase_add_test(counts, counts_no_reply);
	suite_add_tcase(s, works);
	suite_add_tcase(s, counts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
