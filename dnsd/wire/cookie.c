#include "cookie.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <orbl/file.h>
#include <orbl/text.h>

#include "big_endian.h"

/* RFC 9018 section 4: version 1, three reserved bytes (any, in a cookie of another server), the
 * time; then the hash of the client's
 * part, these eight bytes and the client's address. */
enum {
	VERSION = 1,
	TIME_AT = 4,
	HASH_AT = 8,
	HASH_SIZE = 8,
	INPUT_MAX = COOKIE_CLIENT_SIZE + HASH_AT + 16,
	FILE_MAX = 256,
};

static void
make_hash(const uint8_t *secret, const struct addr *client, const uint8_t *client_cookie,
	const uint8_t *head, uint8_t out[HASH_SIZE])
{
	size_t address = client->family == 4 ? 4 : 16;
	uint8_t input[INPUT_MAX];

	memcpy(input, client_cookie, COOKIE_CLIENT_SIZE);
	memcpy(input + COOKIE_CLIENT_SIZE, head, HASH_AT);
	memcpy(input + COOKIE_CLIENT_SIZE + HASH_AT, client->b, address);
	crypto_shorthash_siphash24(out, input, COOKIE_CLIENT_SIZE + HASH_AT + address, secret);
}

/* Seconds since it was made, by serial arithmetic (RFC 1982), as the time has 32 bits. */
static int32_t
age_of(const uint8_t *server_cookie, int64_t now_s)
{
	return (int32_t)((uint32_t)now_s - big_endian_u32(server_cookie + TIME_AT));
}

bool
cookie_is_valid(const struct cookie_secrets *s, const struct addr *client,
	const uint8_t client_cookie[COOKIE_CLIENT_SIZE], const uint8_t *server_cookie, size_t len,
	int64_t now_s)
{
	uint8_t hash[HASH_SIZE];
	int32_t age;

	if (len != COOKIE_SERVER_SIZE || server_cookie[0] != VERSION)
		return false;
	age = age_of(server_cookie, now_s);
	if (age > COOKIE_LIFE_S || age < -COOKIE_AHEAD_S)
		return false;
	for (size_t i = 0; i < s->count && i < ORBL_COUNT(s->secret); i++) {
		make_hash(s->secret[i], client, client_cookie, server_cookie, hash);
		if (sodium_memcmp(hash, server_cookie + HASH_AT, HASH_SIZE) == 0)
			return true;
	}
	return false;
}

bool
cookie_is_young(const uint8_t *server_cookie, int64_t now_s)
{
	int32_t age = age_of(server_cookie, now_s);

	return age >= 0 && age <= COOKIE_RENEW_S;
}

void
cookie_make(const struct cookie_secrets *s, const struct addr *client,
	const uint8_t client_cookie[COOKIE_CLIENT_SIZE], int64_t now_s,
	uint8_t out[COOKIE_SERVER_SIZE])
{
	memset(out, 0, TIME_AT);
	out[0] = VERSION;
	big_endian_put32(out + TIME_AT, (uint32_t)now_s);
	make_hash(s->secret[0], client, client_cookie, out, out + HASH_AT);
}

/* --- secrets ------------------------------------------------------------ */

static bool
read_secret(struct text line, uint8_t out[COOKIE_SECRET_SIZE])
{
	size_t len;

	return line.len == 2 * COOKIE_SECRET_SIZE &&
		sodium_hex2bin(out, COOKIE_SECRET_SIZE, line.p, line.len, NULL, &len, NULL) == 0 &&
		len == COOKIE_SECRET_SIZE;
}

static enum err
read_secrets(struct text rest, const char *path, struct cookie_secrets *out, struct error *e)
{
	struct text line;

	out->count = 0;
	for (unsigned number = 1; text_next_line(&rest, &line); number++) {
		line = text_trim(line);
		if (line.len == 0)
			continue;
		if (out->count == ORBL_COUNT(out->secret))
			return error_set(e, ERR_FULL,
				"%s:%u: a third secret; one in use and one before it are allowed",
				path, number);
		if (!read_secret(line, out->secret[out->count]))
			return error_set(e, ERR_SYNTAX,
				"%s:%u: a cookie secret is %d hexadecimal digits", path, number,
				2 * COOKIE_SECRET_SIZE);
		out->count++;
	}
	if (out->count == 0)
		return error_set(e, ERR_SYNTAX,
			"%s: no cookie secret; put one line of %d hexadecimal digits there", path,
			2 * COOKIE_SECRET_SIZE);
	return OK;
}

enum err
cookie_secrets_load(const char *path, struct cookie_secrets *out, struct error *e)
{
	char *bytes;
	size_t len;
	enum err err;

	if (sodium_init() < 0)
		return error_set(e, ERR_IO, "libsodium cannot be initialised");
	if (path[0] == '\0') {
		out->count = 1;
		randombytes_buf(out->secret[0], COOKIE_SECRET_SIZE);
		return OK;
	}
	err = file_read(path, FILE_MAX, &bytes, &len, e);
	if (err != OK)
		return err;
	err = read_secrets((struct text){bytes, len}, path, out, e);
	sodium_memzero(bytes, len);
	free(bytes);
	return err;
}
