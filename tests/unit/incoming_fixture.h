/* incoming_fixture.h - messages of a primary of bl.test, written by the tests. */
#ifndef TESTS_INCOMING_FIXTURE_H
#define TESTS_INCOMING_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

enum {
	INCOMING_FIXTURE_REFRESH_S = 100,
	INCOMING_FIXTURE_RETRY_S = 10,
	INCOMING_FIXTURE_EXPIRE_S = 1600,
};

/* Each writes there and returns the length. */
size_t incoming_fixture_soa(uint8_t *at, uint32_t serial);
/* NAME below the zone, an A record 127.0.0.last. */
size_t incoming_fixture_a(uint8_t *at, const char *name, uint8_t last);
/* A message with its length in front, without records. */
size_t incoming_fixture_head(uint8_t *at, uint16_t type, unsigned answers);
const uint8_t *incoming_fixture_origin(size_t *len);

#endif
