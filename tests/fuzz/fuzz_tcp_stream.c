/* fuzz_tcp_stream.c - any bytes over a TCP connection, cut anywhere, read in any pieces.
 *
 * The first two bytes of the input say how it is cut and read, the rest is what the client sends.
 * The replies are those of the queries one by one, each with its length, whatever the pieces; work
 * and memory have their bounds.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "stats_fixture.h"
#include "tcp_fixture.h"
#include "tcp_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	STRINGS = 8, /* the large reply: four of them are more than a buffer of replies */
	INPUT_MAX = 12000,
	QUERY_MAX = TCP_STREAM_IN - TCP_STREAM_FRAME,
	MARK = 0xa5,
};

/* What a client has read: enough of it to say that two have read the same. */
struct sink {
	uint64_t hash;
	size_t len, replies, whole; /* bytes; replies that began; that ended */
	size_t left;                /* of the message being read */
	size_t frame;               /* its length, as far as it was read */
	unsigned frame_bytes;
};

static void
sink_take(struct sink *s, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		s->hash = (s->hash ^ bytes[i]) * 0x100000001b3;
		s->len++;
		if (s->left != 0) {
			s->whole += --s->left == 0;
			continue;
		}
		s->frame = s->frame << 8 | bytes[i];
		if (++s->frame_bytes < TCP_STREAM_FRAME)
			continue;
		assert(s->frame >= 12);
		s->left = s->frame;
		s->frame = 0;
		s->frame_bytes = 0;
		s->replies++;
	}
}

static unsigned
u16_at(const uint8_t *b)
{
	return (unsigned)b[0] << 8 | b[1];
}

/* What should come, made without the code under test. Returns the number of queries. */
static size_t
answer_one_by_one(const uint8_t *data, size_t size, struct sink *out)
{
	static uint8_t reply[TCP_STREAM_FRAME + ANSWER_MAX];
	size_t queries = 0;

	for (size_t at = 0; size - at >= TCP_STREAM_FRAME; queries++) {
		size_t whole = u16_at(data + at), len = whole < QUERY_MAX ? whole : QUERY_MAX, n;

		at += TCP_STREAM_FRAME;
		if (size - at < len)
			break;
		n = answer_packet(tcp_fixture_zones(), tcp_fixture_context(), data + at, len,
			reply + TCP_STREAM_FRAME, ANSWER_MAX);
		reply[0] = (uint8_t)(n >> 8);
		reply[1] = (uint8_t)n;
		if (n != 0)
			sink_take(out, reply, TCP_STREAM_FRAME + n);
		at += size - at < whole ? size - at : whole;
	}
	return queries;
}

struct buffers {
	uint8_t in[TCP_STREAM_IN], after_in, out[TCP_STREAM_OUT], after_out;
};

/* xorshift; bit 7 of the first byte: all at once. */
struct cuts {
	uint32_t random;
	bool whole;
};

static size_t
next_piece(struct cuts *c, size_t most)
{
	static const uint32_t sizes[] = {1, 2, 3, 64, 1000, 5000, 70000, 200000};
	uint32_t r;

	c->random ^= c->random << 13;
	c->random ^= c->random >> 17;
	c->random ^= c->random << 5;
	if (c->whole)
		return most;
	r = c->random >> 8;
	r = (r >> 3) % (sizes[r & 7] + 1);
	return r < most ? r : most;
}

static void
check_stream(const struct tcp_stream *s)
{
	const uint8_t *pending;
	uint8_t *room;
	size_t free = tcp_stream_room(s, &room), len = tcp_stream_pending(s, &pending);

	assert(room >= s->in && room + free <= s->in + TCP_STREAM_IN);
	assert(pending >= s->out && pending + len <= s->out + TCP_STREAM_OUT);
	assert(s->touched >= s->out_len && s->touched <= TCP_STREAM_OUT);
	assert(s->whole <= s->out_len && s->sent <= s->out_len);
	/* It is never stuck: it takes bytes, or has some to give, or has a query to answer. */
	assert(free != 0 || len != 0 || tcp_stream_has_query(s));
}

/* One turn, as tcp.c gives it. Returns how many bytes it took. */
static size_t
turn(struct tcp_stream *s, const uint8_t *data, size_t size, struct cuts *c, struct sink *out)
{
	static struct stats *stats;
	uint64_t queries;
	const uint8_t *pending;
	size_t taken, piece, len, before;
	uint8_t *room;

	if (stats == NULL)
		stats = stats_new(1, 1);
	assert(stats != NULL);
	queries = stats_fixture_queries(stats, ANSWER_TCP);
	len = tcp_stream_room(s, &room);
	taken = next_piece(c, size < len ? size : len);
	memcpy(room, data, taken);
	tcp_stream_received(s, taken);
	tcp_stream_answer(s, tcp_fixture_zones(), tcp_fixture_context(), stats_worker(stats, 0),
		NULL);
	queries = stats_fixture_queries(stats, ANSWER_TCP) - queries;
	assert(queries <= TCP_STREAM_IN / TCP_STREAM_FRAME);
	check_stream(s);
	len = tcp_stream_pending(s, &pending);
	piece = next_piece(c, len);
	before = out->whole;
	sink_take(out, pending, piece);
	assert(tcp_stream_sent(s, piece) == (out->whole != before));
	check_stream(s);
	return taken;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buffers b;
	struct cuts cuts;
	struct sink wanted = {0}, got = {0};
	struct tcp_stream s;
	size_t queries, turns = 0;
	const uint8_t *pending;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	if (tcp_fixture_zones() == NULL)
		tcp_fixture_open(STRINGS);
	cuts = (struct cuts){u16_at(data) * 2654435761u | 1, data[0] >> 7};
	data += 2;
	size -= 2;
	queries = answer_one_by_one(data, size, &wanted);
	tcp_stream_init(&s, b.in, b.out);
	b.after_in = b.after_out = MARK;
	while (size != 0 || tcp_stream_pending(&s, &pending) != 0 || tcp_stream_has_query(&s)) {
		size_t taken = turn(&s, data, size, &cuts, &got);

		data += taken;
		size -= taken;
		/* It ends: pieces of 0 bytes are one in a few. */
		assert(++turns < 1000000);
	}
	assert(b.after_in == MARK && b.after_out == MARK);
	assert(got.left == 0 && got.frame_bytes == 0 && got.replies == got.whole);
	assert(got.whole <= queries && got.whole == wanted.whole);
	assert(got.len == wanted.len && got.hash == wanted.hash);
	return 0;
}
