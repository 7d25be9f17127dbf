/* fuzz_transfer_request.c - any bytes as a message to the transfer process: from an address that
 * may have the zone, from one that may not, and from the primary of another zone.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "transfer_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES_MAX = 100, CLIENTS = 3, UDP_MAX = 1232 };

static uint8_t reply[REQUESTS_REPLY_MAX];

static struct transfer_fixture *
fixture(void)
{
	static struct transfer_fixture f;
	static bool is_ready;

	if (!is_ready) {
		transfer_fixture_set_up(&f, 4);
		transfer_fixture_take(&f, "192.0.2.1 relay\n198.51.100.0/28 suspect\n", 7);
		is_ready = true;
	}
	return &f;
}

static void
check_message(const struct response *r, const uint8_t *data, size_t most)
{
	if (r->len == 0)
		return;
	assert(r->len >= QUERY_HEADER_SIZE && r->len <= most);
	assert((reply[2] & 0x80) != 0);
	assert(memcmp(reply, data, 2) == 0);
}

static void
ask(struct transfer_fixture *f, const uint8_t *data, size_t size, unsigned host,
	enum answer_transport transport)
{
	size_t most = transport == ANSWER_UDP ? UDP_MAX : sizeof(reply);
	struct request request = {.client = {.addr = addr_from_ipv4(0x7f000000 + host),
					  .port = 4000},
		.transport = transport,
		.packet = data,
		.len = size};
	struct response r;

	requests_handle(&f->requests, &request, reply, sizeof(reply), &r);
	check_message(&r, data, most);
	assert(r.transfer == NULL || (r.len == 0 && transport == ANSWER_TCP));
	assert(r.transfer == NULL || host == 1 || r.session.key != NULL);
	for (int i = 0; r.transfer != NULL && i < MESSAGES_MAX; i++) {
		enum requests_got got = requests_continue(&f->requests, &r, reply, sizeof(reply));

		assert(got != REQUESTS_FAILED && i < MESSAGES_MAX - 1);
		if (got == REQUESTS_MESSAGE)
			check_message(&r, data, most);
	}
	requests_end(&f->requests, &r, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned hosts[CLIENTS] = {1, 50, 9};
	struct transfer_fixture *f = fixture();

	if (size > HANDED_MAX)
		return 0;
	for (size_t i = 0; i < CLIENTS; i++) {
		ask(f, data, size, hosts[i], ANSWER_UDP);
		ask(f, data, size, hosts[i], ANSWER_TCP);
	}
	/* The log's limits must not hide what comes later. */
	f->requests.now.ms++;
	return 0;
}
