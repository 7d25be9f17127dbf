/* fuzz_dns_query.c - any packet through the whole reply function, with a fixed list.
 *
 * The first byte of the input chooses transport and sizes, the rest is the packet.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "dns_packet.h"
#include "list_fixture.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

static const char lines[] = "192.0.2.99 relay\n"
			    "198.51.100.0/24 relay\n"
			    "10.16.0.0/12 suspect 1700000100\n"
			    "127.0.0.0/8 relay\n"
			    "203.0.113.8 relay\n"
			    "203.0.113.8 bouncer\n"
			    "2001:db8::1 relay\n"
			    "2001:db8:1::/50 relay-output\n";

static const struct zone_set *
open_zones(void)
{
	static struct zone_set *zones;
	struct list_fixture f = {.origin = "dnsbl.test", .lines = lines, .serial = 42};

	if (zones == NULL) {
		zones = zone_set_new();
		if (zone_set_add(zones, TEXT("dnsbl.test"), list_fixture_open(&f), true, NULL) !=
				OK ||
			zone_set_add_missing(zones, TEXT("later.test"), NULL) != OK ||
			zone_set_finish(zones, NULL) != OK)
			abort();
	}
	return zones;
}

static unsigned
u16_at(const uint8_t *b)
{
	return (unsigned)b[0] << 8 | b[1];
}

/* What holds for whatever was asked. */
static void
check_reply(const uint8_t *packet, size_t len, const struct dns_reply *r, const uint8_t *bytes)
{
	assert(len >= 12 && (packet[2] & 0x80) == 0);
	assert(r->flags & 0x8000);
	assert(r->id == u16_at(packet));
	assert((r->flags & 0x7900) == (u16_at(packet + 2) & 0x7900));
	assert((r->flags & 0x00f0) == 0);
	assert(r->rcode <= RCODE_REFUSED || r->rcode == RCODE_BADVERS);
	assert(r->additionals == 0);
	assert(!r->edns || u16_at(packet + 10) != 0);
	if (r->has_question)
		for (size_t i = 12; bytes[i] != 0; i += bytes[i] + 1u)
			assert(memcmp(bytes + i, packet + i, bytes[i] + 1u) == 0);
	else
		assert(r->rcode == RCODE_FORMERR || r->rcode == RCODE_NOTIMP);
	assert(!r->tc || r->answers + r->authorities == 0);
	assert(r->aa || r->answers + r->authorities == 0);
	assert(r->rcode == RCODE_NOERROR || r->answers == 0);
}

static void
check_records(const struct dns_reply *r)
{
	static const char never[] = "1.0.0.127.";

	for (size_t i = 0; i < r->answers + r->authorities; i++) {
		const struct dns_record *record = &r->records[i];

		assert(record->class == 1 && record->ttl <= INT32_MAX);
		if (i >= r->answers)
			assert(record->type == TYPE_SOA && r->authorities == 1);
		else
			assert(record->type == r->type || r->type == TYPE_ANY);
		if (record->type == TYPE_A)
			assert(record->len == 4 && record->data[0] == 127);
	}
	/* No answer and no error: then the SOA says for how long. */
	if (r->aa && r->answers == 0 && !r->tc)
		assert(r->authorities == 1 || r->type == TYPE_NS);
	if (strncmp(r->name, never, sizeof(never) - 1) == 0)
		assert(r->answers == 0);
	if (strcasecmp(r->name, "2.0.0.127.dnsbl.test") == 0 && r->class == 1 &&
		r->type == TYPE_A && r->rcode != RCODE_FORMERR && r->rcode != RCODE_NOTIMP &&
		r->rcode != RCODE_BADVERS)
		assert(r->answers != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[ANSWER_MAX + 1];
	static struct dns_reply reply;
	struct answer_context context = {.now_s = NOW};
	size_t limit = ANSWER_MAX, len;

	if (size == 0)
		return 0;
	context.transport = data[0] & 1 ? ANSWER_TCP : ANSWER_UDP;
	context.udp_size = data[0] & 2 ? 512 : 1232;
	if (context.transport == ANSWER_UDP)
		limit = context.udp_size;
	data++;
	size--;
	out[limit] = 0xa5;
	len = answer_packet(open_zones(), &context, data, size, out, limit);
	assert(out[limit] == 0xa5);
	if (len == 0) {
		assert(size < 12 || data[2] & 0x80);
		return 0;
	}
	assert(len <= limit);
	assert(dns_reply_read(out, len, &reply));
	check_reply(data, size, &reply, out);
	check_records(&reply);
	return 0;
}
