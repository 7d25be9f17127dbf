#include "tcp_stream.h"

#include <string.h>

enum {
	FRAME = TCP_STREAM_FRAME,
	QUERY_MAX = TCP_STREAM_IN - FRAME,
	/* While less is used, any reply fits. */
	OUT_FULL = TCP_STREAM_OUT - (FRAME + ANSWER_MAX),
};

void
tcp_stream_init(struct tcp_stream *s, uint8_t *in, uint8_t *out)
{
	*s = (struct tcp_stream){.in = in, .out = out};
}

static size_t
read_length(const uint8_t *frame)
{
	return (size_t)(frame[0] << 8 | frame[1]);
}

/* Of as much of it as is looked at. */
static size_t
query_length(const uint8_t *frame)
{
	size_t len = read_length(frame);

	return len < QUERY_MAX ? len : QUERY_MAX;
}

bool
tcp_stream_has_query(const struct tcp_stream *s)
{
	return s->in_len >= FRAME && s->in_len - FRAME >= query_length(s->in);
}

size_t
tcp_stream_room(const struct tcp_stream *s, uint8_t **at)
{
	*at = s->in + s->in_len;
	return s->out_len != 0 || tcp_stream_has_query(s) ? 0 : TCP_STREAM_IN - s->in_len;
}

void
tcp_stream_received(struct tcp_stream *s, size_t n)
{
	size_t skipped = s->skip < n ? s->skip : n;

	s->skip -= skipped;
	memmove(s->in + s->in_len, s->in + s->in_len + skipped, n - skipped);
	s->in_len += n - skipped;
}

static void
answer_query(struct tcp_stream *s, const uint8_t *query, const struct zone_set *zones,
	const struct answer_context *context, struct worker_stats *stats)
{
	uint8_t *frame = s->out + s->out_len;
	size_t len = query_length(query);
	size_t reply = answer_packet(zones, context, query + FRAME, len, frame + FRAME, ANSWER_MAX);

	stats->queries[ANSWER_TCP]++;
	worker_stats_count(stats, frame + FRAME, len, reply);
	if (reply == 0)
		return;
	frame[0] = (uint8_t)(reply >> 8);
	frame[1] = (uint8_t)reply;
	s->out_len += FRAME + reply;
	if (s->out_len > s->touched)
		s->touched = s->out_len;
}

void
tcp_stream_answer(struct tcp_stream *s, const struct zone_set *zones,
	const struct answer_context *context, struct worker_stats *stats)
{
	size_t at = 0;

	while (s->in_len - at >= FRAME && s->out_len <= OUT_FULL) {
		const uint8_t *query = s->in + at;
		size_t len = query_length(query);

		if (s->in_len - at - FRAME < len)
			break;
		answer_query(s, query, zones, context, stats);
		at += FRAME + len;
		s->skip = read_length(query) - len;
	}
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
}

size_t
tcp_stream_pending(const struct tcp_stream *s, const uint8_t **at)
{
	*at = s->out + s->sent;
	return s->out_len - s->sent;
}

bool
tcp_stream_sent(struct tcp_stream *s, size_t n)
{
	bool progress = false;

	s->sent += n;
	while (s->whole < s->out_len) {
		size_t end = s->whole + FRAME + read_length(s->out + s->whole);

		if (end > s->sent)
			break;
		s->whole = end;
		progress = true;
	}
	if (s->sent == s->out_len)
		s->sent = s->out_len = s->whole = 0;
	return progress;
}
