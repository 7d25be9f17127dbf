#include "tcp_stream.h"

#include <string.h>
#include <time.h>

#include "gate_worker.h"

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
	if (s->out_len != 0 || tcp_stream_has_query(s))
		return 0;
	return TCP_STREAM_IN - s->in_len;
}

void
tcp_stream_received(struct tcp_stream *s, size_t n)
{
	size_t skipped = s->skip < n ? s->skip : n;

	s->skip -= skipped;
	memmove(s->in + s->in_len, s->in + s->in_len + skipped, n - skipped);
	s->in_len += n - skipped;
}

static int64_t
read_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
observe(const struct observed *observed, const uint8_t *query, size_t len, const uint8_t *reply,
	size_t reply_len, const struct answer_outcome *outcome)
{
	unsigned what = observed != NULL ? observing_next(observed->observing) : 0;
	struct observation header;

	if (what == 0)
		return;
	header = (struct observation){
		.what = what,
		.transport = ANSWER_TCP,
		.query_ns = read_clock_ns(CLOCK_REALTIME),
		.client = observed->client,
		.local = observed->local,
		.row = outcome->zone != NULL ? outcome->zone->stats_row : STATS_NO_ZONE,
	};
	header.reply_ns = header.query_ns;
	observing_send(observed->observing, &header, query, len, reply, reply_len);
}

static size_t
write_reply(struct tcp_stream *s, const uint8_t *query, size_t len, const struct zone_set *zones,
	const struct answer_context *context, struct answer_outcome *outcome)
{
	uint8_t *out = s->out + s->out_len + FRAME;
	struct answer_context own = *context;
	struct answer_reading reading = {.packet = query, .len = len};
	struct gate_ticket ticket;
	size_t reply;

	if (s->gate != NULL) {
		ticket = gate_prepare(s->gate, &own.client);
		gate_admit(s->gate, &ticket, &own);
	}
	answer_read(zones, own.now_s, &reading, 1);
	reply = answer_write(zones, &own, &reading, out, ANSWER_MAX, outcome);
	if (s->gate != NULL)
		gate_settle(s->gate, &ticket, zone_set_keys(zones), outcome);
	return reply;
}

/* False: it is to be handed over. */
static bool
answer_query(struct tcp_stream *s, const uint8_t *query, const struct zone_set *zones,
	const struct answer_context *context, struct stats_worker *stats,
	const struct observed *observed)
{
	uint8_t *frame = s->out + s->out_len;
	size_t len = query_length(query), reply;
	struct answer_outcome outcome;

	reply = write_reply(s, query + FRAME, len, zones, context, &outcome);
	s->hands_over = outcome.hand_over;
	if (s->hands_over) {
		stats_count_handed_over(stats, outcome.zone, ANSWER_TCP, len);
		return false;
	}
	stats_count(stats, outcome.zone, ANSWER_TCP, frame + FRAME, len, reply);
	observe(observed, query + FRAME, len, frame + FRAME, reply, &outcome);
	if (reply == 0)
		return true;
	frame[0] = (uint8_t)(reply >> 8);
	frame[1] = (uint8_t)reply;
	s->out_len += FRAME + reply;
	if (s->out_len > s->touched)
		s->touched = s->out_len;
	return true;
}

size_t
tcp_stream_answer(struct tcp_stream *s, const struct zone_set *zones,
	const struct answer_context *context, struct stats_worker *stats,
	const struct observed *observed)
{
	size_t at = 0, count = 0;

	while (s->in_len - at >= FRAME && s->out_len <= OUT_FULL && !s->hands_over) {
		const uint8_t *query = s->in + at;
		size_t len = query_length(query);

		if (s->in_len - at - FRAME < len ||
			!answer_query(s, query, zones, context, stats, observed))
			break;
		at += FRAME + len;
		count++;
		s->skip = read_length(query) - len;
	}
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
	return count;
}

bool
tcp_stream_is_handed_over(const struct tcp_stream *s, const uint8_t **at, size_t *len)
{
	*at = s->in;
	*len = s->in_len;
	return s->hands_over && s->out_len == 0;
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
