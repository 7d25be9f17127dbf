#include "unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer_fixture.h"
#include "udp.h"

static struct udp *udp;
static struct listener listener;
static int client;
static struct answer_context context = {.transport = ANSWER_UDP,
	.udp_size = 1232,
	.now_s = ANSWER_FIXTURE_NOW};

/* A listener on a port that the system chooses. */
static void
open_listener(const char *address)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct endpoint endpoint = {.port = 0};

	ck_assert_int_eq(addr_parse(text_of(address), &endpoint.addr), OK);
	ck_assert_int_eq(listener_open(&endpoint, &listener, NULL), OK);
	ck_assert_int_eq(getsockname(listener.udp, (struct sockaddr *)&bound, &len), 0);
	listener.endpoint = endpoint_from_sockaddr((struct sockaddr *)&bound);
}

static void
set_up(void)
{
	answer_fixture_set_up();
	udp = udp_new(context.udp_size);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_ge(client, 0);
}

static void
tear_down(void)
{
	close(client);
	listener_close(&listener);
	udp_free(udp);
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
	return udp_serve(udp, &listener, answer_fixture_zones(), &context);
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
	tcase_add_checked_fixture(listeners, set_up, tear_down);
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
