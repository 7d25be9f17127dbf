/* fuzz_incoming_session.c - a talk with a primary that knows our key, or does not: what is taken is
 * signed to its last byte.
 *
 * The first byte of the input says what was asked (1: a transfer; else the SOA), whether with a key
 * (2), over UDP (4) and how the bytes are cut (8). The rest are messages, each with a byte that
 * says how it is signed, and two of its length. Its id and QR are made right.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "big_endian.h"
#include "incoming_parts.h"
#include "tsig_mac.h"
#include "tsig_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	ID = 0x1234,
	NOW = 1800000000,
	MESSAGES_MAX = 40,
	PIECE = 11,
	LEN_MAX = 4000,
	PENDING_MAX = 1 << 16
};
enum { ASKS_TRANSFER = 1, HAS_KEY = 2, IS_UDP = 4, IS_CUT = 8 };

/* How the primary signs a message. */
enum signing { RIGHT, NONE, BROKEN, LATE, OTHER_KEY, SIGNINGS };

static const uint8_t origin[] = "\002bl\004test";

struct talk {
	struct incoming_session s;
	struct incoming_stream stream;
	struct incoming_times now;
	struct tsig_session server;
	int primary;
	bool is_forged;        /* something came that the key did not sign */
	bool is_open;          /* the last message was not signed */
	size_t unsigned_count; /* since one that was */
	bool was_signed;
	size_t pending_len;
	uint8_t pending[PENDING_MAX];
};

static const struct tsig_key keys_of_talk[2] = {
	{.name = "k.test", .algorithm = "hmac-sha256", .secret = {1}, .secret_len = 16},
	{.name = "k.test", .algorithm = "hmac-sha256", .secret = {2}, .secret_len = 16},
};

static struct zone_import *
new_import(void)
{
	static const struct zone_import_limits limits = {1000, 1 << 18};
	struct zone_import *z = zone_import_new(origin, &limits);

	assert(z != NULL);
	return z;
}

/* Our query is not sent: it is signed for both, as it would have been. */
static void
sign_query(struct talk *t)
{
	struct tsig_key copy = keys_of_talk[0];
	struct tsig_keys keys = {1, &copy, NULL};
	uint8_t packet[INCOMING_QUERY_MAX];
	size_t len = incoming_soa_query(origin, sizeof(origin), ID, packet, sizeof(packet));

	len = tsig_sign_request(t->s.peer.key, packet, len, sizeof(packet), NOW, &t->s.tsig);
	assert(len != 0);
	assert(tsig_verify_request(&keys, packet, &len, NOW, &t->server) == TSIG_GOOD);
}

static void
begin(struct talk *t, unsigned how)
{
	int pair[2], type = (how & IS_UDP) != 0 ? SOCK_DGRAM : SOCK_STREAM;

	*t = (struct talk){.now = {1000, NOW}};
	assert(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == 0);
	t->primary = pair[1];
	t->stream = (struct incoming_stream){.origin = origin,
		.origin_len = sizeof(origin),
		.id = ID,
		.type = TYPE_AXFR,
		.whole = new_import()};
	t->s = (struct incoming_session){.phase = (how & IS_UDP) != 0 ? INCOMING_UDP :
									INCOMING_READING,
		.purpose = (how & ASKS_TRANSFER) != 0 ? INCOMING_FETCH : INCOMING_ASK,
		.connection = {.fd = pair[0]},
		.origin = origin,
		.origin_len = sizeof(origin),
		.id = ID,
		.tries = INCOMING_UDP_TRIES,
		.was_connected = true,
		.started_ms = t->now.ms,
		.idle_ms = t->now.ms + 1000,
		.rate_ms = t->now.ms + 1000,
		.in = malloc(INCOMING_FRAME_MAX),
		.stream = &t->stream};
	assert(t->s.in != NULL);
	if ((how & HAS_KEY) == 0)
		return;
	t->s.peer.key = &keys_of_talk[0];
	sign_query(t);
}

static void
end(struct talk *t)
{
	incoming_session_close(&t->s);
	zone_import_free(t->stream.whole);
	tsig_session_end(&t->server);
	close(t->primary);
}

/* What the session may still believe is counted here, apart from it. */
static void
count(struct talk *t, enum signing signing)
{
	t->is_open = signing == NONE;
	if (signing != RIGHT && signing != NONE)
		t->is_forged = true;
	if (signing == NONE && !t->was_signed)
		t->is_forged = true;
	t->unsigned_count = signing == NONE ? t->unsigned_count + 1 : 0;
	if (t->unsigned_count > TSIG_UNSIGNED_MAX)
		t->is_forged = true;
	t->was_signed |= signing == RIGHT;
}

static void
begin_record(const struct talk *t, const uint8_t *packet, int64_t at_s, struct tsig_record *out)
{
	*out = (struct tsig_record){.name_len = t->server.name_len,
		.algorithm_len = t->server.algorithm_len,
		.time_s = (uint64_t)at_s,
		.fudge_s = TSIG_FUDGE_S,
		.original_id = big_endian_u16(packet)};
	memcpy(out->name, t->server.name, out->name_len);
	memcpy(out->algorithm, t->server.algorithm, out->algorithm_len);
}

static EVP_MAC_CTX *
begin_digest(const struct talk *t, const struct tsig_key *key)
{
	EVP_MAC_CTX *ctx = tsig_mac_begin(key);

	tsig_mac_add_previous(ctx, t->server.mac, t->server.mac_len);
	tsig_mac_add(ctx, t->pending, t->pending_len);
	return ctx;
}

/* RFC 8945 section 5.3.1, with messages between that are not signed. */
static size_t
sign(struct talk *t, uint8_t *packet, size_t len, size_t size, enum signing signing)
{
	const struct tsig_key *key = &keys_of_talk[signing == OTHER_KEY];
	EVP_MAC_CTX *ctx = begin_digest(t, key);
	struct tsig_record r;

	begin_record(t, packet, signing == LATE ? NOW - 1000 : NOW, &r);
	tsig_mac_add_message(ctx, packet, len, big_endian_u16(packet + 10), r.original_id);
	tsig_mac_add_variables(ctx, &r, t->was_signed);
	t->server.mac_len = tsig_mac_end(ctx, t->server.mac);
	r.mac = t->server.mac;
	r.mac_len = t->server.mac_len;
	len = tsig_record_append(packet, len, size, &r);
	assert(len != 0 && r.mac_len != 0);
	if (signing == BROKEN)
		packet[len - 7] ^= 1;
	t->pending_len = 0;
	return len;
}

static void
leave_unsigned(struct talk *t, const uint8_t *packet, size_t len)
{
	if (len > sizeof(t->pending) - t->pending_len)
		t->is_forged = true; /* it will be signed wrong */
	else
		memcpy(t->pending + t->pending_len, packet, len);
	t->pending_len += t->is_forged ? 0 : len;
}

static bool
is_whole(const uint8_t *packet, size_t len)
{
	struct tsig_record r;

	return tsig_record_find(packet, len, &r) == TSIG_FOUND_NONE &&
		big_endian_u16(packet + 10) != UINT16_MAX;
}

static void
check_end(const struct talk *t, enum incoming_end result)
{
	if (result == INCOMING_END_FAILED) {
		assert(t->s.error.code != OK && t->s.error.text[0] != '\0');
		assert(t->is_forged || t->is_open ||
			strstr(t->s.error.text, "not signed as it has to be") == NULL);
		return;
	}
	if (result == INCOMING_END_NOT_YET)
		return;
	assert((result == INCOMING_END_SERIAL) == (t->s.purpose == INCOMING_ASK));
	if (t->s.peer.key != NULL)
		assert(!t->is_forged && !t->is_open);
	if (result == INCOMING_END_STREAM)
		assert(t->s.result == STREAM_WHOLE && zone_import_soa(t->stream.whole) != NULL);
}

static enum incoming_end
serve(struct talk *t)
{
	static const struct addr none = {.family = 0};
	enum incoming_end result = incoming_session_serve(&t->s, &none, POLLIN, &t->now);

	check_end(t, result);
	return result;
}

static enum incoming_end
say(struct talk *t, const uint8_t *bytes, size_t len, size_t piece)
{
	enum incoming_end result = INCOMING_END_NOT_YET;

	for (size_t at = 0; at < len && result == INCOMING_END_NOT_YET; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		if (send(t->primary, bytes + at, n, MSG_NOSIGNAL) != (ssize_t)n)
			return INCOMING_END_FAILED;
		result = serve(t);
	}
	return result;
}

static enum incoming_end
say_message(struct talk *t, unsigned how, enum signing signing, const uint8_t *data, size_t len)
{
	uint8_t frame[2 + LEN_MAX + INCOMING_QUERY_MAX];
	uint8_t *packet = frame + 2;

	memcpy(packet, data, len);
	if (len >= QUERY_HEADER_SIZE) {
		big_endian_put16(packet, ID);
		packet[2] |= 0x80;
	}
	if (len < QUERY_HEADER_SIZE || !is_whole(packet, len))
		t->is_forged = true; /* or refused */
	else if (t->server.key != NULL && signing != NONE)
		len = sign(t, packet, len, sizeof(frame) - 2, signing);
	else
		leave_unsigned(t, packet, len);
	count(t, signing);
	big_endian_put16(frame, (unsigned)len);
	if ((how & IS_UDP) != 0)
		return len != 0 ? say(t, packet, len, len) : INCOMING_END_NOT_YET;
	return say(t, frame, 2 + len, (how & IS_CUT) != 0 ? PIECE : 2 + len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum incoming_end result = INCOMING_END_NOT_YET;
	static struct talk t;
	unsigned how;

	if (size < 4)
		return 0;
	how = data[0];
	if ((how & IS_UDP) != 0) /* which has the question for the SOA alone */
		how &= ~(unsigned)ASKS_TRANSFER;
	begin(&t, how);
	data++;
	size--;
	for (int i = 0; i < MESSAGES_MAX && size >= 3 && result == INCOMING_END_NOT_YET; i++) {
		size_t len = big_endian_u16(data + 1),
		       most = size - 3 < LEN_MAX ? size - 3 : LEN_MAX;

		len = len < most ? len : most;
		result = say_message(&t, how, (enum signing)(data[0] % SIGNINGS), data + 3, len);
		data += 3 + len;
		size -= 3 + len;
		if ((how & IS_UDP) != 0 && t.s.phase != INCOMING_UDP)
			break; /* it asks again over TCP */
	}
	end(&t);
	return 0;
}
