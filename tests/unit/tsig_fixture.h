/* tsig_fixture.h - a key, who signs with it, and who checks. */
#ifndef TESTS_TSIG_FIXTURE_H
#define TESTS_TSIG_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "big_endian.h"
#include "query.h"
#include "tsig.h"

enum { NOW = 1800000000, SIZE = 4096 };

static const char *const tsig_algorithms[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512"};

static inline struct tsig_key
make_key(const char *name, const char *algorithm)
{
	struct tsig_key key = {.secret_len = 32};

	snprintf(key.name, sizeof(key.name), "%s", name);
	snprintf(key.algorithm, sizeof(key.algorithm), "%s", algorithm);
	for (size_t i = 0; i < key.secret_len; i++)
		key.secret[i] = (uint8_t)(i * 7 + 1);
	return key;
}

struct fixture {
	struct tsig_key key;
	int64_t newest_s;
	struct tsig_keys keys;
	struct tsig_session client, server;
	uint8_t packet[SIZE];
	size_t len;
};

static inline void
set_up(struct fixture *f, const char *algorithm)
{
	*f = (struct fixture){.key = make_key("secondary.example", algorithm)};
	f->keys = (struct tsig_keys){1, &f->key, &f->newest_s};
}

static inline void
tear_down(struct fixture *f)
{
	tsig_session_end(&f->client);
	tsig_session_end(&f->server);
}

/* A question for the SOA of dnsbl.example. */
static inline size_t
write_question(uint8_t *out, uint16_t id)
{
	static const uint8_t question[] = {5, 'd', 'n', 's', 'b', 'l', 7, 'e', 'x', 'a', 'm', 'p',
		'l', 'e', 0, 0, 6, 0, 1};

	memset(out, 0, QUERY_HEADER_SIZE);
	big_endian_put16(out, id);
	out[5] = 1;
	memcpy(out + QUERY_HEADER_SIZE, question, sizeof(question));
	return QUERY_HEADER_SIZE + sizeof(question);
}

static inline void
sign_question(struct fixture *f, int64_t now_s)
{
	tsig_session_end(&f->client);
	f->len = write_question(f->packet, 0x1234);
	f->len = tsig_sign_request(&f->key, f->packet, f->len, SIZE, now_s, &f->client);
	ck_assert_uint_ne(f->len, 0);
}

static inline enum tsig_result
verify(struct fixture *f, int64_t now_s)
{
	tsig_session_end(&f->server);
	return tsig_verify_request(&f->keys, f->packet, &f->len, now_s, &f->server);
}

#endif
