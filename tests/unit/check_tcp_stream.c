#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "dns_packet.h"
#include "stats_fixture.h"
#include "tcp_fixture.h"
#include "tcp_stream.h"

enum { QTYPE_A = 1, QTYPE_TXT = 16, LONGEST = 65535 };

static uint8_t in[TCP_STREAM_IN], out[TCP_STREAM_OUT], bytes[1 << 18], got[1 << 20];
static size_t got_len;
static struct tcp_stream stream;
static struct stats *stats;

static void
set_up(void)
{
	tcp_fixture_open(TCP_FIXTURE_STRINGS_MAX);
	tcp_stream_init(&stream, in, out);
	stats = stats_new(1, 4);
	got_len = 0;
}

static void
tear_down(void)
{
	tcp_fixture_close();
	stats_free(stats);
}

static void
answer(void)
{
	tcp_stream_answer(&stream, tcp_fixture_zones(), tcp_fixture_context(),
		stats_worker(stats, 0), NULL);
}

/* Returns how many bytes it took. */
static size_t
receive(const uint8_t *data, size_t len)
{
	uint8_t *at;
	size_t room = tcp_stream_room(&stream, &at);

	ck_assert(at >= in && at + room <= in + sizeof(in));
	len = len < room ? len : room;
	memcpy(at, data, len);
	tcp_stream_received(&stream, len);
	return len;
}

/* Returns whether a reply became whole. */
static bool
send_bytes(size_t len)
{
	const uint8_t *at;
	size_t pending = tcp_stream_pending(&stream, &at);

	len = len < pending ? len : pending;
	ck_assert(at >= out && at + pending <= out + sizeof(out));
	ck_assert_uint_le(got_len + len, sizeof(got));
	memcpy(got + got_len, at, len);
	got_len += len;
	return tcp_stream_sent(&stream, len);
}

static void
pass(const uint8_t *data, size_t len, size_t piece)
{
	const uint8_t *at;

	for (size_t done = 0; done < len;) {
		size_t n = len - done < piece ? len - done : piece;

		done += receive(data + done, n);
		do {
			answer();
			send_bytes(SIZE_MAX);
		} while (tcp_stream_has_query(&stream));
		ck_assert_uint_eq(tcp_stream_pending(&stream, &at), 0);
	}
}

/* The replies got, each well formed and with the next id; the last rcode. */
static unsigned
count_replies(uint16_t first_id, unsigned *rcode)
{
	static struct dns_reply reply;
	unsigned count = 0;

	for (size_t at = 0; at < got_len; count++) {
		size_t n = (size_t)got[at] << 8 | got[at + 1];

		ck_assert_uint_le(at + 2 + n, got_len);
		ck_assert(dns_reply_read(got + at + 2, n, &reply));
		ck_assert_uint_eq(reply.id, first_id + count);
		*rcode = reply.rcode;
		at += 2 + n;
	}
	return count;
}

static size_t
small(uint16_t id, uint8_t *at)
{
	return tcp_fixture_frame(TCP_FIXTURE_SMALL, QTYPE_A, id, at);
}

static size_t
large(uint16_t id, uint8_t *at)
{
	return tcp_fixture_frame(TCP_FIXTURE_LARGE, QTYPE_TXT, id, at);
}

START_TEST(answers_in_pieces_of_any_size)
{
	size_t len = 0;
	unsigned rcode;

	for (uint16_t id = 0; id < 20; id++)
		len += id % 7 == 3 ? large(id, bytes + len) : small(id, bytes + len);
	pass(bytes, len, (size_t)_i);
	ck_assert_uint_eq(count_replies(0, &rcode), 20);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_TCP), 20);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_UDP), 0);
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_ANSWER), 20);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_in), len - 20 * TCP_STREAM_FRAME);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, bytes_out), got_len - 20 * TCP_STREAM_FRAME);
}
END_TEST

START_TEST(waits_for_a_whole_query)
{
	size_t len = small(5, bytes);
	const uint8_t *at;

	for (size_t i = 0; i < len; i++) {
		ck_assert(!tcp_stream_has_query(&stream));
		ck_assert_uint_eq(tcp_stream_pending(&stream, &at), 0);
		ck_assert_uint_eq(receive(bytes + i, 1), 1);
		answer();
	}
	ck_assert_uint_gt(tcp_stream_pending(&stream, &at), 12);
	ck_assert_uint_eq(at[2] << 8 | at[3], 5);
}
END_TEST

START_TEST(has_no_room_while_replies_wait)
{
	size_t len = small(1, bytes);
	uint8_t *at;

	receive(bytes, len);
	ck_assert_uint_eq(tcp_stream_room(&stream, &at), 0); /* a query waits */
	answer();
	ck_assert(!send_bytes(3));
	ck_assert_uint_eq(tcp_stream_room(&stream, &at), 0);
	ck_assert(send_bytes(SIZE_MAX));
	ck_assert_uint_eq(tcp_stream_room(&stream, &at), TCP_STREAM_IN);
	ck_assert_ptr_eq(at, in);
}
END_TEST

/* Queries for 60 KiB each. */
START_TEST(writes_one_buffer_a_turn)
{
	size_t len = 0, turns = 0;
	unsigned rcode;
	const uint8_t *at;

	for (uint16_t id = 0; id < 12; id++)
		len += large(id, bytes + len);
	ck_assert_uint_eq(receive(bytes, len), len);
	while (tcp_stream_has_query(&stream)) {
		uint64_t before = stats_fixture_queries(stats, ANSWER_TCP);

		answer();
		turns++;
		ck_assert_uint_ge(stats_fixture_queries(stats, ANSWER_TCP), before + 1);
		ck_assert_uint_le(stats_fixture_queries(stats, ANSWER_TCP), before + 2);
		ck_assert_uint_le(tcp_stream_pending(&stream, &at), TCP_STREAM_OUT);
		/* Nothing more fits now. */
		answer();
		ck_assert_uint_le(stats_fixture_queries(stats, ANSWER_TCP), before + 2);
		send_bytes(SIZE_MAX);
	}
	ck_assert_uint_eq(turns, 6);
	ck_assert_uint_eq(count_replies(0, &rcode), 12);
}
END_TEST

START_TEST(says_when_a_reply_is_whole)
{
	size_t len = small(1, bytes), reply;
	const uint8_t *at;

	len += small(2, bytes + len);
	receive(bytes, len);
	answer();
	reply = tcp_stream_pending(&stream, &at) / 2;
	ck_assert(!send_bytes(reply - 1));
	ck_assert(send_bytes(1));
	ck_assert(!send_bytes(1));
	ck_assert(!send_bytes(reply - 2));
	ck_assert(send_bytes(1));
	ck_assert(!tcp_stream_sent(&stream, 0));
}
END_TEST

/* Lengths of queries that are none: no reply, and the next one is answered. */
static const uint16_t short_lengths[] = {0, 1, 2, 11};

START_TEST(passes_over_what_is_no_query)
{
	uint16_t n = short_lengths[_i];
	unsigned rcode;

	bytes[0] = 0;
	bytes[1] = (uint8_t)n;
	memset(bytes + 2, 0, n);
	pass(bytes, 2 + n + small(9, bytes + 2 + n), 4096);
	ck_assert_uint_eq(count_replies(9, &rcode), 1);
	ck_assert_uint_eq(STATS_FIXTURE_BOTH(stats, dropped), 1);
	ck_assert_uint_eq(stats_fixture_queries(stats, ANSWER_TCP), 2);
}
END_TEST

/* A whole query with bytes behind it up to the length, then another one. */
static const struct {
	size_t len;
	size_t piece;
} long_queries[] = {
	{TCP_STREAM_IN - TCP_STREAM_FRAME - 1, 4096},
	{TCP_STREAM_IN - TCP_STREAM_FRAME, 4096},
	{TCP_STREAM_IN - TCP_STREAM_FRAME + 1, 4096},
	{TCP_STREAM_IN, 1},
	{2 * TCP_STREAM_IN, 4096},
	{LONGEST, 4096},
	{LONGEST, 1},
	{LONGEST, 1000},
};

START_TEST(refuses_a_query_that_is_too_long)
{
	size_t len = long_queries[_i].len;
	unsigned rcode;

	memset(bytes, 0, 2 + len);
	small(7, bytes);
	bytes[0] = (uint8_t)(len >> 8);
	bytes[1] = (uint8_t)len;
	bytes[2 + 11] = 1; /* ARCOUNT: there is more, which is no record */
	pass(bytes, 2 + len, long_queries[_i].piece);
	ck_assert_uint_eq(count_replies(7, &rcode), 1);
	ck_assert_uint_eq(rcode, 1); /* FORMERR */
	ck_assert_uint_eq(stats_fixture_replies(stats, STATS_REPLY_FORMERR), 1);
	pass(bytes, small(8, bytes), long_queries[_i].piece);
	ck_assert_uint_eq(count_replies(7, &rcode), 2);
	ck_assert_uint_eq(rcode, 0);
}
END_TEST

START_TEST(ends_with_a_query_cut_anywhere)
{
	size_t len = small(1, bytes);
	const uint8_t *at;

	receive(bytes, (size_t)_i);
	answer();
	ck_assert_int_eq(tcp_stream_pending(&stream, &at) != 0, (size_t)_i >= len);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tcp_stream");
	TCase *replies = tcase_create("replies"), *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(replies, set_up, tear_down);
	tcase_add_loop_test(replies, answers_in_pieces_of_any_size, 1, 60);
	tcase_add_test(replies, waits_for_a_whole_query);
	tcase_add_test(replies, says_when_a_reply_is_whole);
	tcase_add_loop_test(replies, passes_over_what_is_no_query, 0,
		sizeof(short_lengths) / sizeof(short_lengths[0]));
	tcase_add_checked_fixture(bounds, set_up, tear_down);
	tcase_add_test(bounds, has_no_room_while_replies_wait);
	tcase_add_test(bounds, writes_one_buffer_a_turn);
	tcase_add_loop_test(bounds, refuses_a_query_that_is_too_long, 0,
		sizeof(long_queries) / sizeof(long_queries[0]));
	tcase_add_loop_test(bounds, ends_with_a_query_cut_anywhere, 0, 41);
	suite_add_tcase(s, replies);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
