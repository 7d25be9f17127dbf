/* fuzz_transfer_request.c - any bytes as a message to the transfer process: from an address that
 * may have the zone, from one that may not, and from the primary of another zone; as they are, and
 * signed with a key that lets them in and with one that does not.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "transfer_fixture.h"
#include "tsig_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES_MAX = 100, UDP_MAX = 1232 };

/* Who asks: the last byte of the address, and the key. */
struct client {
	unsigned host;
	const char *key; /* NULL: unsigned */
	bool may_transfer;
};

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

/* The reply to a signed request is signed, each message of it, and by the right key. */
static void
check_message(const struct response *r, struct tsig_session *session, const uint8_t *data,
	size_t most)
{
	size_t len = r->len;

	if (len == 0)
		return;
	assert(len >= QUERY_HEADER_SIZE && len <= most);
	assert((reply[2] & 0x80) != 0);
	assert(memcmp(reply, data, 2) == 0);
	if (session->key == NULL)
		return;
	assert(tsig_verify_reply(session, reply, &len, TRANSFER_FIXTURE_S) == TSIG_GOOD);
	assert(tsig_is_complete(session));
}

static void
handle(struct transfer_fixture *f, const struct client *c, struct request *request,
	struct tsig_session *session)
{
	size_t most = request->transport == ANSWER_UDP ? UDP_MAX : sizeof(reply);
	struct response r;

	request->client = (struct endpoint){.addr = addr_from_ipv4(0x7f000000 + c->host),
		.port = 4000};
	requests_handle(&f->requests, request, reply, sizeof(reply), &r);
	assert(r.transfer == NULL || (r.len == 0 && request->transport == ANSWER_TCP));
	assert(r.transfer == NULL || c->may_transfer || r.session.key != NULL);
	assert(r.transfer == NULL || r.session.key == session->key || session->key == NULL);
	check_message(&r, session, request->packet, most);
	for (int i = 0; r.transfer != NULL && i < MESSAGES_MAX; i++) {
		enum requests_got got = requests_continue(&f->requests, &r, reply, sizeof(reply));

		assert(got != REQUESTS_FAILED && i < MESSAGES_MAX - 1);
		if (got == REQUESTS_MESSAGE)
			check_message(&r, session, request->packet, most);
	}
	requests_end(&f->requests, &r, NULL);
}

static void
ask(struct transfer_fixture *f, const uint8_t *data, size_t size, const struct client *c,
	enum answer_transport transport)
{
	static uint8_t packet[HANDED_MAX];
	struct request request = {.transport = transport, .packet = data, .len = size};
	struct tsig_session session = {.key = NULL};
	struct tsig_record found;

	if (c->key != NULL) {
		if (tsig_record_find(data, size, &found) != TSIG_FOUND_NONE)
			return;
		memcpy(packet, data, size);
		request.packet = packet;
		request.len = tsig_sign_request(transfer_fixture_key(f, c->key), packet, size,
			sizeof(packet), TRANSFER_FIXTURE_S, &session);
	}
	if (request.len != 0)
		handle(f, c, &request, &session);
	tsig_session_end(&session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct client clients[] = {
		{1, NULL, true},
		{50, NULL, false},
		{9, NULL, false},
		{2, "a.test", true},
		{50, "b.test", true},
	};
	struct transfer_fixture *f = fixture();

	if (size > HANDED_MAX)
		return 0;
	for (size_t i = 0; i < ORBL_COUNT(clients); i++) {
		ask(f, data, size, &clients[i], ANSWER_UDP);
		ask(f, data, size, &clients[i], ANSWER_TCP);
	}
	/* The log's limits must not hide what comes later. */
	f->requests.now.ms++;
	return 0;
}
