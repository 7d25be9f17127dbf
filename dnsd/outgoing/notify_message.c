#include "notify_message.h"

#include <string.h>

#include <orbl/cursor.h>

#include "big_endian.h"
#include "zone_records.h"

enum {
	FLAGS_NOTIFY = 0x2400, /* opcode 4, AA */
	FLAGS_REPLY = 0xa400,  /* QR as well */
	FLAGS_KIND = 0xf800,   /* QR and opcode */
	RCODE_MASK = 0xf,
	POINTER_TO_QUESTION = 0xc00c,
	POINTER = 0xc0,
	QUESTION_TAIL = 4,
	RECORD_HEAD = 10,
	SOA_NUMBERS = 20,
};

static size_t
write_soa(const struct zone *z, uint8_t *out, size_t size)
{
	uint8_t bytes[ZONE_RECORDS_SOA_MAX];
	struct zone_record soa;

	zone_records_soa(z, bytes, &soa);
	if (size < 2 + RECORD_HEAD + soa.rdata.len)
		return 0;
	big_endian_put16(out, POINTER_TO_QUESTION);
	big_endian_put16(out + 2, TYPE_SOA);
	big_endian_put16(out + 4, CLASS_IN);
	big_endian_put32(out + 6, soa.ttl_s);
	big_endian_put16(out + 10, (unsigned)soa.rdata.len);
	memcpy(out + 2 + RECORD_HEAD, soa.rdata.p, soa.rdata.len);
	return 2 + RECORD_HEAD + soa.rdata.len;
}

size_t
notify_message_write(const struct zone *z, uint16_t id, uint8_t *out, size_t size)
{
	size_t len = QUERY_HEADER_SIZE + z->origin_len + QUESTION_TAIL, soa;

	if (size < len)
		return 0;
	memset(out, 0, QUERY_HEADER_SIZE);
	big_endian_put16(out, id);
	big_endian_put16(out + 2, FLAGS_NOTIFY);
	big_endian_put16(out + 4, 1);
	memcpy(out + QUERY_HEADER_SIZE, z->origin, z->origin_len);
	big_endian_put16(out + len - 4, TYPE_SOA);
	big_endian_put16(out + len - 2, CLASS_IN);
	soa = write_soa(z, out + len, size - len);
	big_endian_put16(out + 6, soa != 0);
	return len + soa;
}

/* Does the question ask for the SOA of the origin? A reply may leave the question out. */
static bool
has_question(const uint8_t *packet, size_t len, const uint8_t *origin, size_t origin_len)
{
	uint8_t name[WIRE_NAME_MAX];

	if (big_endian_u16(packet + 4) == 0)
		return true;
	if (len < QUERY_HEADER_SIZE + origin_len + QUESTION_TAIL)
		return false;
	memcpy(name, packet + QUERY_HEADER_SIZE, origin_len);
	wire_name_lower(name, origin_len);
	return memcmp(name, origin, origin_len) == 0 &&
		big_endian_u16(packet + QUERY_HEADER_SIZE + origin_len) == TYPE_SOA;
}

bool
notify_message_is_reply(const uint8_t *packet, size_t len, uint16_t id, const uint8_t *origin,
	size_t origin_len, unsigned *rcode)
{
	unsigned flags;

	if (len < QUERY_HEADER_SIZE || big_endian_u16(packet) != id)
		return false;
	flags = big_endian_u16(packet + 2);
	if ((flags & FLAGS_KIND) != (FLAGS_REPLY & FLAGS_KIND) ||
		!has_question(packet, len, origin, origin_len))
		return false;
	*rcode = flags & RCODE_MASK;
	return true;
}

static void
skip_name(struct cursor *c)
{
	uint8_t len = cursor_u8(c);

	while (len != 0 && !cursor_failed(c)) {
		if ((len & POINTER) == POINTER) {
			cursor_u8(c);
			return;
		}
		cursor_bytes(c, len);
		len = cursor_u8(c);
	}
}

bool
notify_message_serial(const uint8_t *packet, size_t len, const struct query *q, uint32_t *serial)
{
	const uint8_t *head, *data;
	struct cursor c;
	size_t size;

	cursor_init(&c, packet, len);
	cursor_bytes(&c, QUERY_HEADER_SIZE + q->question_len);
	if (cursor_failed(&c) || big_endian_u16(packet + 6) == 0)
		return false;
	skip_name(&c);
	head = cursor_bytes(&c, RECORD_HEAD);
	if (head == NULL || big_endian_u16(head) != TYPE_SOA)
		return false;
	size = big_endian_u16(head + 8);
	data = cursor_bytes(&c, size);
	if (data == NULL || size < SOA_NUMBERS + 2)
		return false;
	*serial = big_endian_u32(data + size - SOA_NUMBERS);
	return true;
}
