#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "dnstap.h"

#include "config.h"

static struct observation header;
static uint8_t query[20] = {0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};

static void
set_up(void)
{
	header = (struct observation){
		.what = OBSERVATION_TAP,
		.transport = ANSWER_UDP,
		.query_ns = 1769860800000000005,
		.reply_ns = 1769860801000000006,
		.query_len = 19,
		.reply_len = 19,
	};
	ck_assert_int_eq(addr_parse(text_of("192.0.2.77"), &header.client.addr), OK);
	ck_assert_int_eq(addr_parse(text_of("192.0.2.1"), &header.local.addr), OK);
	header.client.port = 40000;
	header.local.port = 53;
}

START_TEST(encodes_a_message)
{
	/* As dnstap.proto has it: identity, then the message with type, family, protocol,
	 * addresses, ports, times, the query, its zone; then the type. */
	static const uint8_t wanted[] = {0x0a, 2, 'i', 'd', 0x72, 71, 0x08, 1, 0x10, 1, 0x18, 1,
		0x22, 4, 192, 0, 2, 77, 0x30, 0xc0, 0xb8, 0x02, 0x2a, 4, 192, 0, 2, 1, 0x38, 53,
		0x40, 0xc0, 0xa5, 0xf7, 0xcb, 0x06, 0x4d, 5, 0, 0, 0, 0x5a, 3, 1, 'a', 0, 0x52, 19,
		0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1, 0x78, 1};
	static const uint8_t zone[] = {1, 'a', 0};
	uint8_t out[DNSTAP_FRAME_MAX];
	size_t len = dnstap_encode(&header, false, "id", "", zone, sizeof(zone), query, 19, out,
		sizeof(out));

	ck_assert_uint_ne(len, 0);
	/* The number of seconds is the test's own to know only in its length. */
	ck_assert_mem_eq(out, wanted, 4);
	ck_assert_uint_eq(out[4], 0x72);
	ck_assert_mem_eq(out + 6, wanted + 6, 25);
	ck_assert_mem_eq(out + len - 2, wanted + sizeof(wanted) - 2, 2);
	ck_assert_mem_eq(out + len - 23, wanted + sizeof(wanted) - 23, 21);
	ck_assert_uint_eq(out[5], len - 8);
	for (size_t size = 0; size < len; size++)
		ck_assert_uint_eq(dnstap_encode(&header, false, "id", "", zone, sizeof(zone), query,
					  19, out, size),
			0);
}
END_TEST

START_TEST(leaves_out_what_is_not_known)
{
	uint8_t out[DNSTAP_FRAME_MAX];
	size_t with, without;

	with = dnstap_encode(&header, true, "", "v", NULL, 0, query, 19, out, sizeof(out));
	header.local.addr.family = 0;
	without = dnstap_encode(&header, true, "", "v", NULL, 0, query, 0, out, sizeof(out));
	ck_assert_uint_eq(with - without, 6 + 21);
}
END_TEST

#ifdef ORBL_DNSTAP

static struct dnstap *tap;
static int collector;

static void
serve(void)
{
	struct pollfd poll_one;

	for (int i = 0; i < 10; i++) {
		dnstap_prepare(tap, &poll_one);
		if (poll_one.fd < 0 || poll(&poll_one, 1, 0) <= 0)
			return;
		dnstap_serve(tap, &poll_one);
	}
}

static void
open_tap(void)
{
	int pair[2];

	set_up();
	tap = dnstap_new("id", "");
	ck_assert_ptr_nonnull(tap);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	collector = pair[0];
	dnstap_connect(tap, pair[1]);
}

static void
close_tap(void)
{
	dnstap_free(tap);
	if (collector >= 0)
		close(collector);
}

#define TYPE "protobuf:dnstap.Dnstap"

static size_t
hear(uint8_t *out, size_t size)
{
	ssize_t n = recv(collector, out, size, 0);

	return n > 0 ? (size_t)n : 0;
}

static void
say(uint8_t control)
{
	uint8_t frame[] = "\0\0\0\0\0\0\0\x22\0\0\0\x01\0\0\0\x01\0\0\0\x16" TYPE;

	frame[11] = control;
	ck_assert_int_eq(send(collector, frame, sizeof(frame) - 1, 0), sizeof(frame) - 1);
	serve();
}

START_TEST(speaks_with_a_collector)
{
	static const uint8_t ready[] = "\0\0\0\0\0\0\0\x22\0\0\0\x04\0\0\0\x01\0\0\0\x16" TYPE;
	uint8_t got[4096];
	size_t len;

	dnstap_add(tap, &header, NULL, 0, query, query);
	ck_assert_uint_eq(dnstap_lost(tap), 1);
	ck_assert_uint_eq(hear(got, sizeof(got)), sizeof(ready) - 1);
	ck_assert_mem_eq(got, ready, sizeof(ready) - 1);
	ck_assert(dnstap_is_connected(tap) && !dnstap_is_open(tap));
	say(1);
	ck_assert(dnstap_is_open(tap));
	ck_assert_uint_eq(hear(got, sizeof(got)), sizeof(ready) - 1);
	ck_assert_uint_eq(got[11], 2);
	dnstap_add(tap, &header, NULL, 0, query, query);
	serve();
	len = hear(got, sizeof(got));
	ck_assert_uint_gt(len, 100);
	ck_assert_uint_eq(got[3] + 4u + got[got[3] + 4u + 3] + 4u, len);
	ck_assert(dnstap_is_connected(tap));
	say(5);
	ck_assert(!dnstap_is_connected(tap) && !dnstap_is_open(tap));
}
END_TEST

START_TEST(refuses_another_speech)
{
	static const char *const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
		"\0\0\0\0\0\0\0\x0c\0\0\0\x01\0\0\0\x01\0\0\0\x01x"};
	static uint8_t noise[2048];

	if (_i == 2)
		ck_assert_int_gt(send(collector, noise, sizeof(noise), 0), 0);
	else
		ck_assert_int_gt(send(collector, answers[_i], _i == 0 ? 28 : 21, 0), 0);
	for (int i = 0; i < 40; i++)
		serve();
	if (_i == 0) { /* a length that will never come: until the buffer is full */
		ck_assert_int_gt(send(collector, noise, sizeof(noise), 0), 0);
		serve();
	}
	ck_assert(!dnstap_is_connected(tap));
}
END_TEST

START_TEST(loses_what_is_not_read)
{
	say(1);
	for (int i = 0; i < 20000; i++) {
		dnstap_add(tap, &header, NULL, 0, query, query);
		serve();
	}
	ck_assert_uint_gt(dnstap_lost(tap), 0);
	ck_assert(dnstap_is_connected(tap));
	close(collector);
	collector = -1;
	serve();
	ck_assert(!dnstap_is_connected(tap));
}
END_TEST

#endif

static Suite *
suite(void)
{
	Suite *s = suite_create("dnstap");
	TCase *messages = tcase_create("messages"), *speech = tcase_create("speech");

	tcase_add_checked_fixture(messages, set_up, NULL);
	tcase_add_test(messages, encodes_a_message);
	tcase_add_test(messages, leaves_out_what_is_not_known);
	suite_add_tcase(s, messages);
	suite_add_tcase(s, speech);
#ifdef ORBL_DNSTAP
	tcase_add_checked_fixture(speech, open_tap, close_tap);
	tcase_add_test(speech, speaks_with_a_collector);
	tcase_add_loop_test(speech, refuses_another_speech, 0, 3);
	tcase_add_test(speech, loses_what_is_not_read);
#endif
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
