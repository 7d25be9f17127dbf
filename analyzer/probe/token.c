#include "token.h"

#include <string.h>

#include <sodium.h>

enum {
	PAYLOAD_BYTES = 8, /* 5 of probe id, 1 of case, 2 of hour */
	MAC_BYTES = 9,
	TOKEN_BYTES = PAYLOAD_BYTES + MAC_BYTES,
	SECONDS_PER_HOUR = 3600,
	HOURS_AHEAD = 1, /* a clock that was set back must not lose messages under way */
};

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static void
write_payload(const struct token *t, uint8_t out[PAYLOAD_BYTES])
{
	for (int i = 0; i < 5; i++)
		out[i] = (uint8_t)(t->probe_id >> (32 - 8 * i));
	out[5] = t->case_index;
	out[6] = (uint8_t)(t->hour >> 8);
	out[7] = (uint8_t)t->hour;
}

static void
read_payload(const uint8_t in[PAYLOAD_BYTES], struct token *out)
{
	out->probe_id = 0;
	for (int i = 0; i < 5; i++)
		out->probe_id = out->probe_id << 8 | in[i];
	out->case_index = in[5];
	out->hour = (uint16_t)(in[6] << 8 | in[7]);
}

/* Each purpose has a key of its own, made from the one key: a recipient token can never be
 * read as a sender token, whatever its payload. */
static void
derive_key(bool to_sender, const uint8_t key[TOKEN_KEY_BYTES],
	uint8_t out[crypto_auth_hmacsha256_BYTES])
{
	static const char *const purposes[] = {"orbl recipient token", "orbl sender token"};
	const char *purpose = purposes[to_sender ? 1 : 0];

	crypto_auth_hmacsha256(out, (const unsigned char *)purpose, strlen(purpose), key);
}

static void
derived_mac(const uint8_t payload[PAYLOAD_BYTES],
	const uint8_t derived[crypto_auth_hmacsha256_BYTES], uint8_t out[MAC_BYTES])
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(mac, payload, PAYLOAD_BYTES, derived);
	memcpy(out, mac, MAC_BYTES);
}

static void
compute_mac(const uint8_t payload[PAYLOAD_BYTES], bool to_sender,
	const uint8_t key[TOKEN_KEY_BYTES], uint8_t out[MAC_BYTES])
{
	uint8_t derived[crypto_auth_hmacsha256_BYTES];

	derive_key(to_sender, key, derived);
	derived_mac(payload, derived, out);
}

static void
encode(const uint8_t in[TOKEN_BYTES], char out[TOKEN_TEXT])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		bits = (bits << 8 | in[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			out[n++] = alphabet[bits >> (have - 5) & 31];
	}
	if (have != 0)
		out[n++] = alphabet[bits << (5 - have) & 31];
	out[n] = '\0';
}

static int
digit_value(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

static bool
decode(struct text in, uint8_t out[TOKEN_BYTES])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	if (in.len != TOKEN_TEXT - 1)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		int value = digit_value(in.p[i]);

		if (value < 0)
			return false;
		bits = (bits << 5 | (uint32_t)value) & 0xfff;
		have += 5;
		if (have >= 8 && n < TOKEN_BYTES) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	/* One spelling a token: what is left over of the last digit must be zero. */
	return n == TOKEN_BYTES && (bits & ((1U << have) - 1)) == 0;
}

void
token_format(const struct token *t, const uint8_t key[TOKEN_KEY_BYTES], char out[TOKEN_TEXT])
{
	uint8_t bytes[TOKEN_BYTES];

	write_payload(t, bytes);
	compute_mac(bytes, t->to_sender, key, bytes + PAYLOAD_BYTES);
	encode(bytes, out);
}

enum err
token_parse(struct text local_part, const uint8_t key[TOKEN_KEY_BYTES], int64_t now_s,
	unsigned max_age_hours, struct token *out)
{
	uint8_t bytes[TOKEN_BYTES], mac[MAC_BYTES];
	uint16_t age;

	if (!decode(local_part, bytes))
		return ERR_REFUSED;
	for (int purpose = 0; purpose < 2; purpose++) {
		compute_mac(bytes, purpose == 1, key, mac);
		if (sodium_memcmp(mac, bytes + PAYLOAD_BYTES, MAC_BYTES) != 0)
			continue;
		read_payload(bytes, out);
		out->to_sender = purpose == 1;
		age = (uint16_t)((uint64_t)(now_s / SECONDS_PER_HOUR + HOURS_AHEAD) - out->hour);
		return age <= max_age_hours + HOURS_AHEAD ? OK : ERR_RANGE;
	}
	return ERR_REFUSED;
}

static struct text
next_word(struct text *rest)
{
	struct text word;
	size_t n = 0;

	while (n < rest->len && digit_value(rest->p[n]) < 0)
		n++;
	word = text_from(*rest, n);
	for (n = 0; n < word.len && digit_value(word.p[n]) >= 0;)
		n++;
	*rest = text_from(word, n);
	return text_upto(word, n);
}

void
token_search_begin(struct token_search *s, const uint8_t key[TOKEN_KEY_BYTES],
	const struct token *like)
{
	derive_key(false, key, s->derived);
	s->probe_id = like->probe_id;
	s->hour = like->hour;
	s->left = TOKEN_CANDIDATES_MAX;
}

bool
token_find(struct text *rest, struct token_search *s, struct token *out)
{
	while (rest->len != 0 && s->left != 0) {
		uint8_t bytes[TOKEN_BYTES], mac[MAC_BYTES];

		if (!decode(next_word(rest), bytes))
			continue;
		/* What stands there in clear spares the work for all that is not ours. */
		read_payload(bytes, out);
		if (out->probe_id != s->probe_id || out->hour != s->hour)
			continue;
		s->left--;
		derived_mac(bytes, s->derived, mac);
		out->to_sender = false;
		if (sodium_memcmp(mac, bytes + PAYLOAD_BYTES, MAC_BYTES) == 0)
			return true;
	}
	return false;
}
