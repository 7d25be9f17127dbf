#include "dnstap.h"

#include <string.h>

#include <orbl/writer.h>

#include "answer.h"

/* Protocol Buffers: how a field's value is written. */
enum { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* dnstap.proto */
enum {
	DNSTAP_IDENTITY = 1,
	DNSTAP_VERSION = 2,
	DNSTAP_MESSAGE = 14,
	DNSTAP_TYPE = 15,
	TYPE_MESSAGE = 1,

	MESSAGE_TYPE = 1,
	MESSAGE_FAMILY = 2,
	MESSAGE_PROTOCOL = 3,
	MESSAGE_QUERY_ADDRESS = 4,
	MESSAGE_RESPONSE_ADDRESS = 5,
	MESSAGE_QUERY_PORT = 6,
	MESSAGE_RESPONSE_PORT = 7,
	MESSAGE_QUERY_TIME_SEC = 8,
	MESSAGE_QUERY_TIME_NSEC = 9,
	MESSAGE_QUERY_MESSAGE = 10,
	MESSAGE_QUERY_ZONE = 11,
	MESSAGE_RESPONSE_TIME_SEC = 12,
	MESSAGE_RESPONSE_TIME_NSEC = 13,
	MESSAGE_RESPONSE_MESSAGE = 14,

	AUTH_QUERY = 1,
	AUTH_RESPONSE = 2,
};

static void
write_varint(struct writer *w, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		writer_u8(w, (uint8_t)(value | 0x80));
	writer_u8(w, (uint8_t)value);
}

static void
write_number(struct writer *w, unsigned field, uint64_t value)
{
	write_varint(w, field << 3 | WIRE_VARINT);
	write_varint(w, value);
}

static void
write_fixed32(struct writer *w, unsigned field, uint32_t value)
{
	write_varint(w, field << 3 | WIRE_FIXED32);
	writer_u32le(w, value);
}

static void
write_bytes(struct writer *w, unsigned field, const void *bytes, size_t len)
{
	write_varint(w, field << 3 | WIRE_BYTES);
	write_varint(w, len);
	writer_bytes(w, bytes, len);
}

static void
write_time(struct writer *w, unsigned seconds, unsigned nanoseconds, int64_t ns)
{
	write_number(w, seconds, (uint64_t)ns / 1000000000);
	write_fixed32(w, nanoseconds, (uint32_t)((uint64_t)ns % 1000000000));
}

static void
write_address(struct writer *w, unsigned address, unsigned port, const struct endpoint *e)
{
	if (e->addr.family != 0)
		write_bytes(w, address, e->addr.b, e->addr.family == 4 ? 4 : 16);
	write_number(w, port, e->port);
}

static void
write_message(struct writer *w, const struct observation *o, bool is_reply, const uint8_t *zone,
	size_t zone_len, const uint8_t *message, size_t message_len)
{
	write_number(w, MESSAGE_TYPE, is_reply ? AUTH_RESPONSE : AUTH_QUERY);
	write_number(w, MESSAGE_FAMILY, o->client.addr.family == 4 ? 1 : 2);
	write_number(w, MESSAGE_PROTOCOL, o->transport == ANSWER_UDP ? 1 : 2);
	write_address(w, MESSAGE_QUERY_ADDRESS, MESSAGE_QUERY_PORT, &o->client);
	write_address(w, MESSAGE_RESPONSE_ADDRESS, MESSAGE_RESPONSE_PORT, &o->local);
	write_time(w, MESSAGE_QUERY_TIME_SEC, MESSAGE_QUERY_TIME_NSEC, o->query_ns);
	if (is_reply)
		write_time(w, MESSAGE_RESPONSE_TIME_SEC, MESSAGE_RESPONSE_TIME_NSEC, o->reply_ns);
	if (zone_len != 0)
		write_bytes(w, MESSAGE_QUERY_ZONE, zone, zone_len);
	/* What was too long to be observed whole is left out. */
	if (message_len != 0)
		write_bytes(w, is_reply ? MESSAGE_RESPONSE_MESSAGE : MESSAGE_QUERY_MESSAGE, message,
			message_len);
}

size_t
dnstap_encode(const struct observation *o, bool is_reply, const char *identity, const char *version,
	const uint8_t *zone, size_t zone_len, const uint8_t *message, size_t message_len,
	uint8_t *out, size_t size)
{
	uint8_t inner[DNSTAP_FRAME_MAX];
	struct writer in, w;

	writer_init(&in, inner, sizeof(inner));
	write_message(&in, o, is_reply, zone, zone_len, message, message_len);
	writer_init(&w, out, size);
	if (identity[0] != '\0')
		write_bytes(&w, DNSTAP_IDENTITY, identity, strlen(identity));
	if (version[0] != '\0')
		write_bytes(&w, DNSTAP_VERSION, version, strlen(version));
	write_bytes(&w, DNSTAP_MESSAGE, inner, writer_length(&in));
	write_number(&w, DNSTAP_TYPE, TYPE_MESSAGE);
	return writer_failed(&in) || writer_failed(&w) ? 0 : writer_length(&w);
}
