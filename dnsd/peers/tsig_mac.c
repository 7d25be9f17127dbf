#include "tsig_mac.h"

#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "big_endian.h"
#include "query.h"

enum { ARCOUNT_AT = 10 };

static const struct algorithm {
	const char *name, *digest;
	uint8_t size;
} algorithms[] = {
	{"hmac-sha256", "SHA2-256", 32},
	{"hmac-sha384", "SHA2-384", 48},
	{"hmac-sha512", "SHA2-512", 64},
};

static const struct algorithm *
find_algorithm(const char *name, size_t len)
{
	if (len != 0 && name[len - 1] == '.')
		len--;
	for (size_t i = 0; i < ORBL_COUNT(algorithms); i++)
		if (strlen(algorithms[i].name) == len &&
			strncasecmp(algorithms[i].name, name, len) == 0)
			return &algorithms[i];
	return NULL;
}

size_t
tsig_mac_size(const struct tsig_key *key)
{
	const struct algorithm *a = find_algorithm(key->algorithm, strlen(key->algorithm));

	return a != NULL ? a->size : 0;
}

const char *
tsig_algorithm(const char *name)
{
	const struct algorithm *a = find_algorithm(name, strlen(name));

	return a != NULL ? a->name : NULL;
}

EVP_MAC_CTX *
tsig_mac_begin(const struct tsig_key *key)
{
	const struct algorithm *a = find_algorithm(key->algorithm, strlen(key->algorithm));
	EVP_MAC *hmac = a != NULL ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL;
	EVP_MAC_CTX *ctx = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
	char digest[16] = "";

	EVP_MAC_free(hmac);
	if (ctx == NULL)
		return NULL;
	memcpy(digest, a->digest, strlen(a->digest));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	if (EVP_MAC_init(ctx, key->secret, key->secret_len, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

void
tsig_mac_add(EVP_MAC_CTX *ctx, const void *bytes, size_t len)
{
	if (ctx != NULL && len != 0)
		(void)EVP_MAC_update(ctx, bytes, len);
}

static void
add_u16(EVP_MAC_CTX *ctx, unsigned n)
{
	uint8_t bytes[2];

	big_endian_put16(bytes, n);
	tsig_mac_add(ctx, bytes, sizeof(bytes));
}

size_t
tsig_mac_end(EVP_MAC_CTX *ctx, uint8_t out[TSIG_MAC_MAX])
{
	size_t len = 0;

	if (ctx == NULL || EVP_MAC_final(ctx, out, &len, TSIG_MAC_MAX) != 1)
		len = 0;
	EVP_MAC_CTX_free(ctx);
	return len;
}

void
tsig_mac_add_previous(EVP_MAC_CTX *ctx, const uint8_t *mac, size_t len)
{
	add_u16(ctx, (unsigned)len);
	tsig_mac_add(ctx, mac, len);
}

void
tsig_mac_add_message(EVP_MAC_CTX *ctx, const uint8_t *packet, size_t len, unsigned additional,
	uint16_t id)
{
	uint8_t header[QUERY_HEADER_SIZE];

	memcpy(header, packet, sizeof(header));
	big_endian_put16(header, id);
	big_endian_put16(header + ARCOUNT_AT, additional);
	tsig_mac_add(ctx, header, sizeof(header));
	tsig_mac_add(ctx, packet + sizeof(header), len - sizeof(header));
}

void
tsig_mac_add_variables(EVP_MAC_CTX *ctx, const struct tsig_record *r, bool is_next)
{
	static const uint8_t class_and_ttl[] = {0, 255, 0, 0, 0, 0};
	uint8_t time[TSIG_TIME_SIZE + 2];

	if (!is_next) {
		tsig_mac_add(ctx, r->name, r->name_len);
		tsig_mac_add(ctx, class_and_ttl, sizeof(class_and_ttl));
		tsig_mac_add(ctx, r->algorithm, r->algorithm_len);
	}
	tsig_mac_add(ctx, time, tsig_record_write_time(time, r->time_s, r->fudge_s));
	if (is_next)
		return;
	add_u16(ctx, r->error);
	add_u16(ctx, (unsigned)r->other_len);
	tsig_mac_add(ctx, r->other, r->other_len);
}

bool
tsig_prepare(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return false;
	for (size_t i = 0; i < ORBL_COUNT(algorithms); i++) {
		struct tsig_key key = {.secret = {1}, .secret_len = 1};
		uint8_t mac[TSIG_MAC_MAX];
		EVP_MAC_CTX *ctx;

		memcpy(key.algorithm, algorithms[i].name, strlen(algorithms[i].name));
		ctx = tsig_mac_begin(&key);
		tsig_mac_add(ctx, mac, 0);
		if (tsig_mac_end(ctx, mac) != algorithms[i].size)
			return false;
	}
	return true;
}
