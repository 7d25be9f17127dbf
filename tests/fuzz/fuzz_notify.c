/* fuzz_notify.c - any datagram to who waits for the reply to a NOTIFY, and as a NOTIFY itself: the
 * serial in it is the one that the reader of transfers finds there. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "incoming_record.h"
#include "notify_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SERIAL_BACK = 20 };

static const uint8_t origin[] = "\002bl\004test";

/* True only of a reply to NOTIFY with our id, and with our question or none. */
static void
check_reply(const uint8_t *data, size_t size)
{
	uint16_t id = size >= 2 ? big_endian_u16(data) : 0;
	unsigned rcode = 99;

	assert(!notify_message_is_reply(data, size, (uint16_t)(id ^ 1), origin, sizeof(origin),
		&rcode));
	assert(rcode == 99);
	if (!notify_message_is_reply(data, size, id, origin, sizeof(origin), &rcode))
		return;
	assert(size >= QUERY_HEADER_SIZE && rcode == (data[3] & 0xfu));
	assert((data[2] & 0x80) != 0 && (data[2] >> 3 & 0xf) == 4);
	if (big_endian_u16(data + 4) != 0)
		assert(size >= QUERY_HEADER_SIZE + sizeof(origin) + 4);
}

static void
check_serial(const uint8_t *data, size_t size, const struct query *q)
{
	struct incoming_message m;
	struct incoming_record r;
	uint32_t serial = 0;
	bool has_serial = notify_message_serial(data, size, q, &serial), is_ours;

	if (has_serial)
		assert(big_endian_u16(data + 6) != 0);
	if (!incoming_message_open(&m, data, size) || m.questions != 1 || m.answers == 0 ||
		!incoming_message_question(&m, origin, sizeof(origin), TYPE_SOA, &is_ours) ||
		m.at != QUERY_HEADER_SIZE + q->question_len || !incoming_message_record(&m, &r))
		return;
	assert(has_serial == (r.type == TYPE_SOA));
	if (has_serial)
		assert(serial == big_endian_u32(r.rdata + r.rdata_len - SERIAL_BACK));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query q;

	check_reply(data, size);
	if (query_parse(data, size, &q) != QUERY_DROP)
		check_serial(data, size, &q);
	return 0;
}
