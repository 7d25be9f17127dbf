/* fuzz_tsig.c - any bytes as a message with a signature, or as one to be signed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "big_endian.h"
#include "query.h"
#include "tsig.h"
#include "tsig_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000, INPUT_MAX = 60000, ROOM = 65535 };

static uint8_t packet[ROOM];

static void
begin(const uint8_t *data, size_t size)
{
	memcpy(packet, data, size);
}

/* Whatever comes, it is told apart, and refused within its room. */
static void
verify(struct tsig_keys *keys, const uint8_t *data, size_t size)
{
	struct tsig_session s;
	struct tsig_record r;
	size_t len = size, reply;
	enum tsig_found found = tsig_record_find(data, size, &r);
	enum tsig_result result;

	begin(data, size);
	result = tsig_verify_request(keys, packet, &len, NOW, &s);
	assert(result <= TSIG_MALFORMED && result == s.result);
	assert((result == TSIG_ABSENT) == (found == TSIG_FOUND_NONE));
	assert(found != TSIG_FOUND_BAD || result == TSIG_MALFORMED);
	if (result == TSIG_ABSENT || result == TSIG_MALFORMED) {
		assert(len == size && memcmp(packet, data, size) == 0);
	} else {
		assert(len == r.start && len >= QUERY_HEADER_SIZE);
		assert(big_endian_u16(packet + 10) + 1 == big_endian_u16(data + 10));
	}
	assert((s.key != NULL) ==
		(result == TSIG_GOOD || result == TSIG_BADTIME || result == TSIG_BADTRUNC));
	if (result != TSIG_ABSENT && result != TSIG_GOOD) {
		reply = tsig_refuse(&s, packet, len, sizeof(packet), NOW);
		assert(reply == 0 || (reply >= QUERY_HEADER_SIZE && (packet[2] & 0x80) != 0));
		assert(reply == 0 ||
			tsig_record_find(packet, reply, &r) ==
				(result == TSIG_MALFORMED ? TSIG_FOUND_NONE : TSIG_FOUND));
	}
	tsig_session_end(&s);
}

/* As the reply to a request of ours it is never good: who sends it does not know the key. */
static void
verify_reply(const struct tsig_key *key, const uint8_t *data, size_t size)
{
	static const uint8_t question[QUERY_HEADER_SIZE] = {0x12, 0x34};
	struct tsig_session s;
	size_t len = sizeof(question);

	begin(question, len);
	len = tsig_sign_request(key, packet, len, sizeof(packet), NOW, &s);
	assert(len != 0);
	for (int i = 0; i < 2; i++) {
		len = size;
		begin(data, size);
		assert(tsig_verify_reply(&s, packet, &len, NOW) != TSIG_GOOD);
		assert(!tsig_is_complete(&s));
	}
	tsig_session_end(&s);
}

/* What has no signature gets one, and comes back as it was. */
static void
sign(struct tsig_keys *keys, const uint8_t *data, size_t size)
{
	struct tsig_session client, server;
	struct tsig_record r;
	size_t len;

	if (tsig_record_find(data, size, &r) != TSIG_FOUND_NONE ||
		big_endian_u16(data + 10) == UINT16_MAX)
		return;
	begin(data, size);
	len = tsig_sign_request(&keys->keys[0], packet, size, sizeof(packet), NOW, &client);
	assert(len == size + tsig_size(&client));
	assert(tsig_verify_request(keys, packet, &len, NOW, &server) == TSIG_GOOD);
	assert(len == size && memcmp(packet, data, size) == 0);
	for (int i = 0; i < 3; i++) {
		len = tsig_sign_reply(&server, packet, size, sizeof(packet), NOW);
		assert(len == size + tsig_size(&server));
		if (i == 2)
			packet[len - 12] ^= 1;
		assert(tsig_verify_reply(&client, packet, &len, NOW) ==
			(i == 2 ? TSIG_BADSIG : TSIG_GOOD));
	}
	tsig_session_end(&client);
	tsig_session_end(&server);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tsig_key key = {.name = "k.test", .algorithm = "hmac-sha256", .secret_len = 16};
	int64_t newest_s = 0;
	struct tsig_keys keys = {1, &key, &newest_s};

	if (size > INPUT_MAX)
		return 0;
	for (size_t i = 0; i < key.secret_len; i++)
		key.secret[i] = (uint8_t)i;
	verify(&keys, data, size);
	verify_reply(&key, data, size);
	newest_s = 0;
	sign(&keys, data, size);
	return 0;
}
