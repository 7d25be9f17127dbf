#include "incoming_fixture.h"

#include <check.h>
#include <string.h>

#include "big_endian.h"
#include "query.h"

static const uint8_t origin[] = "\002bl\004test";

const uint8_t *
incoming_fixture_origin(size_t *len)
{
	*len = sizeof(origin);
	return origin;
}

size_t
incoming_fixture_soa(uint8_t *at, uint32_t serial)
{
	static const uint8_t head[] = {2, 'b', 'l', 4, 't', 'e', 's', 't', 0, 0, TYPE_SOA, 0, 1, 0,
		0, 1, 44, 0, 26, 1, 'a', 0, 1, 'b', 0};
	const uint32_t numbers[] = {serial, INCOMING_FIXTURE_REFRESH_S, INCOMING_FIXTURE_RETRY_S,
		INCOMING_FIXTURE_EXPIRE_S, 60};
	size_t len = sizeof(head);

	memcpy(at, head, len);
	for (size_t i = 0; i < 5; i++, len += 4)
		big_endian_put32(at + len, numbers[i]);
	return len;
}

/* NAME (relative, of single labels "1.2.3.4"), an A record. */
size_t
incoming_fixture_a(uint8_t *at, const char *name, uint8_t last)
{
	static const uint8_t tail[] = {0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0};
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	ck_assert_int_eq(wire_name_parse(text_of(name), wire, &len), OK);
	memcpy(at, wire, len - 1);
	len--;
	memcpy(at + len, origin, sizeof(origin));
	len += sizeof(origin);
	memcpy(at + len, tail, sizeof(tail));
	len += sizeof(tail);
	at[len] = last;
	return len + 1;
}

/* A message with its length in front, without records. */
size_t
incoming_fixture_head(uint8_t *at, uint16_t type, unsigned answers)
{
	memset(at, 0, 14);
	at[4] = 0x84;
	big_endian_put16(at + 6, 1);
	big_endian_put16(at + 8, answers);
	memcpy(at + 14, origin, sizeof(origin));
	big_endian_put16(at + 14 + sizeof(origin), type);
	big_endian_put16(at + 16 + sizeof(origin), 1);
	return 18 + sizeof(origin);
}
