#include "incoming_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "big_endian.h"

/* --- what both ways have --------------------------------------------------------- */

static bool
fail(struct incoming_session *s, enum err code, const char *why)
{
	error_set(&s->error, code, "%s", why);
	return false;
}

static bool
fail_errno(struct incoming_session *s, const char *what)
{
	error_errno(&s->error, "%s", what);
	return false;
}

void
incoming_session_close(struct incoming_session *s)
{
	tls_stream_close(&s->connection);
	tsig_session_end(&s->tsig);
	memset(&s->tsig, 0, sizeof(s->tsig));
	free(s->in);
	s->in = NULL;
	s->phase = INCOMING_IDLE;
}

static bool
open_socket(struct incoming_session *s, int type, const struct addr *source)
{
	struct endpoint from = {.addr = *source};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&s->peer.endpoint, &sa);

	s->connection.fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->connection.fd < 0)
		return fail_errno(s, "cannot make a socket");
	if (source->family == s->peer.endpoint.addr.family) {
		struct sockaddr_storage own;
		socklen_t own_len = endpoint_to_sockaddr(&from, &own);

		if (bind(s->connection.fd, (struct sockaddr *)&own, own_len) != 0)
			return fail_errno(s, "cannot ask from transfer.source");
	}
	if (connect(s->connection.fd, (struct sockaddr *)&sa, len) != 0 && errno != EINPROGRESS)
		return fail_errno(s, "cannot connect");
	return true;
}

/* The query, signed, behind the two bytes of its length, which UDP does not send. */
static bool
write_query(struct incoming_session *s, const struct incoming_times *now)
{
	uint8_t *packet = s->out + 2;
	size_t size = sizeof(s->out) - 2, len;

	if (s->purpose == INCOMING_FETCH)
		len = incoming_stream_query(s->stream, packet, size);
	else
		len = incoming_soa_query(s->origin, s->origin_len, s->id, packet, size);
	if (len != 0 && s->peer.key != NULL) {
		tsig_session_end(&s->tsig);
		memset(&s->tsig, 0, sizeof(s->tsig));
		len = tsig_sign_request(s->peer.key, packet, len, size, now->s, &s->tsig);
	}
	if (len == 0)
		return fail(s, ERR_RANGE, "the query cannot be written or signed");
	big_endian_put16(s->out, (unsigned)len);
	s->out_len = len + 2;
	s->out_at = 0;
	return true;
}

static bool
begin(struct incoming_session *s, const struct incoming_times *now)
{
	incoming_session_close(s);
	s->error = (struct error){.code = OK};
	s->in_len = 0;
	s->was_connected = false;
	s->id = (uint16_t)randombytes_uniform(65536);
	if (s->purpose == INCOMING_FETCH)
		s->stream->id = s->id;
	s->in = malloc(INCOMING_FRAME_MAX);
	return s->in != NULL ? write_query(s, now) : fail(s, ERR_MEMORY, "out of memory");
}

/* RFC 8945: a reply to what we signed is signed, one to what we did not is not. */
static bool
check_signature(struct incoming_session *s, uint8_t *packet, size_t *len, bool may_be_absent,
	const struct incoming_times *now)
{
	enum tsig_result result = tsig_verify_reply(&s->tsig, packet, len, now->s);

	if (result == TSIG_GOOD && s->tsig.peer_error == 0)
		return true;
	if (result == TSIG_ABSENT && (s->peer.key == NULL || may_be_absent))
		return true;
	if (s->tsig.peer_error != 0)
		error_set(&s->error, ERR_REFUSED,
			"it refuses our signature with key %s (TSIG error %u%s); compare secret, "
			"algorithm and clocks",
			s->peer.key != NULL ? s->peer.key->name : "(none)",
			(unsigned)s->tsig.peer_error,
			s->tsig.peer_error == 16         ? ", BADSIG" :
				s->tsig.peer_error == 17 ? ", BADKEY" :
				s->tsig.peer_error == 18 ? ", BADTIME" :
							   "");
	else
		error_set(&s->error, ERR_REFUSED, "its message is not signed as it has to be (%s)",
			result == TSIG_ABSENT ? "no TSIG" : tsig_result_name(result));
	return false;
}

/* --- UDP --------------------------------------------------------------------------- */

static bool
send_datagram(struct incoming_session *s, const struct incoming_times *now)
{
	s->tries++;
	s->idle_ms = now->ms + INCOMING_UDP_WAIT_MS;
	/* One that cannot be sent now is as one that was lost. */
	if (send(s->connection.fd, s->out + 2, s->out_len - 2, MSG_NOSIGNAL) < 0 &&
		errno == ECONNREFUSED)
		return fail_errno(s, "nothing answers there");
	return true;
}

static bool
connect_stream(struct incoming_session *s, const struct addr *source,
	const struct incoming_times *now)
{
	s->started_ms = now->ms;
	if (!begin(s, now) || !open_socket(s, SOCK_STREAM, source))
		return false;
	s->phase = INCOMING_CONNECTING;
	s->rate_ms = now->ms + INCOMING_GRACE_MS;
	s->rate_bytes = INCOMING_RATE_BYTES;
	s->idle_ms = now->ms + INCOMING_CONNECT_MS;
	return true;
}

bool
incoming_session_ask(struct incoming_session *s, const struct addr *source,
	const struct incoming_times *now)
{
	s->purpose = INCOMING_ASK;
	s->was_mute = false;
	s->tries = 0;
	if (s->peer.tls_name != NULL)
		return connect_stream(s, source, now);
	s->started_ms = now->ms;
	if (!begin(s, now) || !open_socket(s, SOCK_DGRAM, source))
		return false;
	s->phase = INCOMING_UDP;
	return send_datagram(s, now);
}

static enum incoming_end
take_soa(struct incoming_session *s, const struct addr *source, uint8_t *packet, size_t len,
	const struct incoming_times *now)
{
	bool is_tcp = s->phase != INCOMING_UDP;

	if (len < QUERY_HEADER_SIZE || big_endian_u16(packet) != s->id) {
		if (!is_tcp)
			return INCOMING_END_NOT_YET;
		fail(s, ERR_SYNTAX, "its message has another id than our query");
		return INCOMING_END_FAILED;
	}
	if (!check_signature(s, packet, &len, false, now))
		return INCOMING_END_FAILED;
	switch (incoming_soa_reply(s->origin, s->origin_len, s->id, packet, len, &s->serial,
		&s->error)) {
	case INCOMING_SOA: return INCOMING_END_SERIAL;
	case INCOMING_SOA_OTHER:
		if (!is_tcp)
			return INCOMING_END_NOT_YET;
		fail(s, ERR_SYNTAX, "its message is no reply to our query");
		return INCOMING_END_FAILED;
	case INCOMING_SOA_TRUNCATED:
		if (!is_tcp && connect_stream(s, source, now))
			return INCOMING_END_NOT_YET;
		if (is_tcp)
			fail(s, ERR_SYNTAX, "its reply over TCP is truncated");
		return INCOMING_END_FAILED;
	case INCOMING_SOA_FAILED: break;
	}
	return INCOMING_END_FAILED;
}

static enum incoming_end
serve_udp(struct incoming_session *s, const struct addr *source, short events,
	const struct incoming_times *now)
{
	enum incoming_end end = INCOMING_END_NOT_YET;

	for (int i = 0; events != 0 && i < 16 && end == INCOMING_END_NOT_YET; i++) {
		ssize_t n = recv(s->connection.fd, s->in, INCOMING_FRAME_MAX, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			fail_errno(s, "nothing answers there");
			return INCOMING_END_FAILED;
		}
		end = take_soa(s, source, s->in, (size_t)n, now);
		if (s->phase != INCOMING_UDP)
			return end;
	}
	if (end != INCOMING_END_NOT_YET || now->ms < s->idle_ms)
		return end;
	if (s->tries < INCOMING_UDP_TRIES)
		return send_datagram(s, now) ? end : INCOMING_END_FAILED;
	s->was_mute = true;
	return connect_stream(s, source, now) ? end : INCOMING_END_FAILED;
}

/* --- TCP --------------------------------------------------------------------------- */

bool
incoming_session_fetch(struct incoming_session *s, const struct addr *source,
	const struct incoming_times *now)
{
	s->purpose = INCOMING_FETCH;
	s->was_mute = false;
	return connect_stream(s, source, now);
}

static void
begin_sending(struct incoming_session *s, const struct incoming_times *now)
{
	s->phase = INCOMING_SENDING;
	s->was_connected = true;
	s->idle_ms = now->ms + INCOMING_IDLE_MS;
}

/* Nothing is asked before the primary has shown who it is. */
static bool
shake(struct incoming_session *s, const struct incoming_times *now)
{
	enum tls_stream_shaken shaken = tls_stream_shake(&s->connection, &s->error);

	if (shaken == TLS_STREAM_READY)
		begin_sending(s, now);
	return shaken != TLS_STREAM_FAILED;
}

static bool
finish_connect(struct incoming_session *s, const struct incoming_times *now)
{
	socklen_t len = sizeof(errno);
	int failure = 0;

	if (getsockopt(s->connection.fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
		failure = errno;
	errno = failure;
	if (failure != 0)
		return fail_errno(s, "cannot connect");
	if (s->peer.tls_name == NULL) {
		begin_sending(s, now);
		return true;
	}
	if (s->tls == NULL || !tls_stream_connect(&s->connection, s->tls, s->peer.tls_name))
		return fail(s, ERR_MEMORY, "out of memory for TLS");
	s->phase = INCOMING_SHAKING;
	s->idle_ms = now->ms + INCOMING_CONNECT_MS;
	return true;
}

static bool
send_query(struct incoming_session *s)
{
	ssize_t n = tls_stream_write(&s->connection, s->out + s->out_at, s->out_len - s->out_at);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return fail_errno(s, "cannot send the query");
	if (n > 0)
		s->out_at += (size_t)n;
	if (s->out_at == s->out_len)
		s->phase = INCOMING_READING;
	return true;
}

/* Our own copy of the message, as its signature is taken off. */
static enum incoming_end
take_message(struct incoming_session *s, const struct addr *source, uint8_t *packet, size_t len,
	const struct incoming_times *now)
{
	if (s->purpose == INCOMING_ASK)
		return take_soa(s, source, packet, len, now);
	if (!check_signature(s, packet, &len, true, now))
		return INCOMING_END_FAILED;
	s->result = incoming_stream_message(s->stream, packet, len, &s->error);
	if (s->result == STREAM_MORE)
		return INCOMING_END_NOT_YET;
	if (s->result == STREAM_FAILED)
		return INCOMING_END_FAILED;
	if (tsig_is_complete(&s->tsig))
		return INCOMING_END_STREAM;
	fail(s, ERR_REFUSED, "its last message is not signed as it has to be (no TSIG)");
	return INCOMING_END_FAILED;
}

static enum incoming_end
take_frames(struct incoming_session *s, const struct addr *source, const struct incoming_times *now)
{
	enum incoming_end end = INCOMING_END_NOT_YET;
	size_t at = 0;

	while (end == INCOMING_END_NOT_YET && s->in_len - at >= 2) {
		size_t len = big_endian_u16(s->in + at);

		if (s->in_len - at - 2 < len)
			break;
		s->idle_ms = now->ms + INCOMING_IDLE_MS;
		end = take_message(s, source, s->in + at + 2, len, now);
		at += 2 + len;
	}
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
	return end;
}

/* 1: bytes came; 0: none now; -1: the end. */
static int
read_some(struct incoming_session *s)
{
	ssize_t n = tls_stream_read(&s->connection, s->in + s->in_len,
		INCOMING_FRAME_MAX - s->in_len);

	if (n > 0) {
		s->in_len += (size_t)n;
		s->rate_bytes += (size_t)n;
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		fail_errno(s, "the connection broke");
	else if (s->in_len != 0 || (s->purpose == INCOMING_FETCH && s->stream->octets != 0))
		fail(s, ERR_SYNTAX, "it closed the connection in the middle of its reply");
	else
		fail(s, ERR_SYNTAX, "it closed the connection without a reply");
	return -1;
}

static enum incoming_end
read_frames(struct incoming_session *s, const struct addr *source, const struct incoming_times *now)
{
	enum incoming_end end = INCOMING_END_NOT_YET;
	size_t turn = 0;

	/* poll does not tell of what is decrypted */
	while (end == INCOMING_END_NOT_YET &&
		(turn < INCOMING_TURN_BYTES || tls_stream_has_more(&s->connection))) {
		size_t before = s->in_len;
		int got = read_some(s);

		if (got <= 0)
			return got == 0 ? end : INCOMING_END_FAILED;
		turn += s->in_len - before;
		end = take_frames(s, source, now);
	}
	if (end == INCOMING_END_NOT_YET && s->purpose == INCOMING_FETCH &&
		s->stream->octets > INCOMING_OCTETS_MAX) {
		fail(s, ERR_FULL, "its reply does not end");
		return INCOMING_END_FAILED;
	}
	return end;
}

/* A primary that sends a little now and then holds one of few places. */
static bool
is_too_slow(struct incoming_session *s, const struct incoming_times *now)
{
	if (now->ms < s->rate_ms)
		return false;
	if (s->rate_bytes < INCOMING_RATE_BYTES)
		return true;
	s->rate_ms = now->ms + INCOMING_RATE_MS;
	s->rate_bytes = 0;
	return false;
}

static enum incoming_end
serve_tcp(struct incoming_session *s, const struct addr *source, short events,
	const struct incoming_times *now)
{
	enum incoming_end end = INCOMING_END_NOT_YET;

	if (s->phase == INCOMING_CONNECTING && events != 0 && !finish_connect(s, now))
		return INCOMING_END_FAILED;
	if (s->phase == INCOMING_SHAKING && events != 0 && !shake(s, now))
		return INCOMING_END_FAILED;
	if (s->phase == INCOMING_SENDING && events != 0 && !send_query(s))
		return INCOMING_END_FAILED;
	if (s->phase == INCOMING_READING && events != 0)
		end = read_frames(s, source, now);
	if (end != INCOMING_END_NOT_YET)
		return end;
	if (is_too_slow(s, now)) {
		error_set(&s->error, ERR_TIMEOUT, "it sends less than %d bytes in %d seconds",
			INCOMING_RATE_BYTES, INCOMING_RATE_MS / 1000);
		return INCOMING_END_FAILED;
	}
	if (now->ms < incoming_session_deadline(s))
		return end;
	if (now->ms >= s->started_ms + INCOMING_TOTAL_MS)
		error_set(&s->error, ERR_TIMEOUT, "its reply takes longer than %d seconds",
			INCOMING_TOTAL_MS / 1000);
	else
		fail(s, ERR_TIMEOUT,
			s->phase == INCOMING_SHAKING ? "it does not finish the TLS handshake" :
				s->was_connected     ? "it falls silent" :
						       "it does not accept our connection");
	return INCOMING_END_FAILED;
}

short
incoming_session_events(const struct incoming_session *s)
{
	bool sends = s->phase == INCOMING_CONNECTING || s->phase == INCOMING_SENDING;

	return tls_stream_events(&s->connection, sends ? POLLOUT : POLLIN);
}

int64_t
incoming_session_deadline(const struct incoming_session *s)
{
	int64_t least_ms = s->started_ms + INCOMING_TOTAL_MS;

	if (s->phase != INCOMING_UDP && s->rate_ms < least_ms)
		least_ms = s->rate_ms;
	return s->idle_ms < least_ms ? s->idle_ms : least_ms;
}

enum incoming_end
incoming_session_serve(struct incoming_session *s, const struct addr *source, short events,
	const struct incoming_times *now)
{
	enum incoming_end end = s->phase == INCOMING_UDP ? serve_udp(s, source, events, now) :
							   serve_tcp(s, source, events, now);

	if (end == INCOMING_END_FAILED && s->was_mute) {
		struct error why = s->error;

		error_set(&s->error, why.code, "it does not answer over UDP, and over TCP: %.300s",
			why.text);
	}
	return end;
}
