#include "tsig.h"

#include <string.h>

#include <openssl/crypto.h>

#include "big_endian.h"
#include "query.h"
#include "tsig_mac.h"

enum {
	FLAG_QR = 0x80,
	FLAGS_KEPT = 0x79, /* of a request in the reply: opcode and RD */
	RCODE_FORMERR = 1,
	RCODE_NOTAUTH = 9,
	MAC_MIN = 10, /* RFC 8945 section 5.2.2.1 */
	ARCOUNT_AT = 10,
	TIME_SIZE = TSIG_TIME_SIZE,
	DATA_FIXED = 10 + 16, /* of the record, besides names, MAC and other data */
};

const char *
tsig_result_name(enum tsig_result result)
{
	static const char *const names[] = {
		[TSIG_ABSENT] = "not signed",
		[TSIG_GOOD] = "good",
		[TSIG_BADKEY] = "BADKEY",
		[TSIG_BADSIG] = "BADSIG",
		[TSIG_BADTIME] = "BADTIME",
		[TSIG_BADTRUNC] = "BADTRUNC",
		[TSIG_MALFORMED] = "FORMERR",
	};

	return names[result];
}

/* --- sessions ------------------------------------------------------------------ */

void
tsig_session_end(struct tsig_session *s)
{
	EVP_MAC_CTX_free(s->digest);
	*s = (struct tsig_session){.key = NULL};
}

static void
set_name(uint8_t out[TSIG_NAME_MAX], size_t *out_len, const uint8_t *wire, size_t len)
{
	memcpy(out, wire, len);
	*out_len = len;
}

static bool
has_name(const char *name, const uint8_t *wire, size_t len)
{
	uint8_t other[WIRE_NAME_MAX];
	size_t other_len;

	if (wire_name_parse(text_of(name), other, &other_len) != OK || other_len != len)
		return false;
	wire_name_lower(other, other_len);
	return memcmp(other, wire, len) == 0;
}

static const struct tsig_key *
find_key(const struct tsig_keys *keys, const struct tsig_record *r)
{
	for (size_t i = 0; i < keys->count; i++)
		if (has_name(keys->keys[i].name, r->name, r->name_len) &&
			has_name(keys->keys[i].algorithm, r->algorithm, r->algorithm_len))
			return &keys->keys[i];
	return NULL;
}

/* RFC 8945 section 5.2.2.1: shorter ones are no signatures. */
static bool
may_have_length(const struct tsig_key *key, size_t len)
{
	size_t whole = tsig_mac_size(key);

	return len <= whole && len >= MAC_MIN && len >= whole / 2;
}

static bool
is_same_mac(const struct tsig_record *r, const uint8_t *mac, size_t len)
{
	return len != 0 && r->mac_len <= len && CRYPTO_memcmp(r->mac, mac, r->mac_len) == 0;
}

/* RFC 8945 section 10 recommends 300 seconds; more makes a recording good for longer. */
static uint64_t
fudge_of(const struct tsig_record *r)
{
	return r->fudge_s < TSIG_FUDGE_S ? r->fudge_s : TSIG_FUDGE_S;
}

static bool
is_in_time(const struct tsig_record *r, int64_t now_s)
{
	uint64_t now = now_s > 0 ? (uint64_t)now_s : 0;

	return now <= r->time_s + fudge_of(r) && r->time_s <= now + fudge_of(r);
}

/* The newest time seen with a key: what is older than that by more than its fudge comes from a
 * clock that went back, or was recorded (RFC 8945 section 5.2.3). Secondaries that share a key may
 * be apart by less. A time that is yet to come is no time seen: one of them could lock out the
 * others by it. */
static bool
is_newer(struct tsig_keys *keys, const struct tsig_key *key, const struct tsig_record *r,
	int64_t now_s)
{
	int64_t time_s = (int64_t)r->time_s < now_s ? (int64_t)r->time_s : now_s;
	int64_t *newest = keys->newest_s != NULL ? &keys->newest_s[key - keys->keys] : NULL;

	if (newest == NULL)
		return true;
	if ((int64_t)(r->time_s + fudge_of(r)) < *newest)
		return false;
	if (time_s > *newest)
		*newest = time_s;
	return true;
}

/* --- who is asked ----------------------------------------------------------------- */

/* RFC 8945 section 5.2 has this order. */
static enum tsig_result
judge_request(struct tsig_keys *keys, const uint8_t *packet, const struct tsig_record *r,
	int64_t now_s, struct tsig_session *s)
{
	const struct tsig_key *key = find_key(keys, r);
	uint8_t mac[TSIG_MAC_MAX];
	EVP_MAC_CTX *ctx;
	size_t len;

	if (key == NULL)
		return TSIG_BADKEY;
	if (!may_have_length(key, r->mac_len))
		return TSIG_MALFORMED;
	ctx = tsig_mac_begin(key);
	tsig_mac_add_message(ctx, packet, r->start, big_endian_u16(packet + ARCOUNT_AT) - 1u,
		r->original_id);
	tsig_mac_add_variables(ctx, r, false);
	len = tsig_mac_end(ctx, mac);
	if (!is_same_mac(r, mac, len))
		return TSIG_BADSIG;
	s->key = key;
	memcpy(s->mac, r->mac, r->mac_len);
	s->mac_len = r->mac_len;
	if (!is_in_time(r, now_s) || !is_newer(keys, key, r, now_s))
		return TSIG_BADTIME;
	return r->mac_len < len ? TSIG_BADTRUNC : TSIG_GOOD;
}

enum tsig_result
tsig_verify_request(struct tsig_keys *keys, uint8_t *packet, size_t *len, int64_t now_s,
	struct tsig_session *s)
{
	struct tsig_record r;

	*s = (struct tsig_session){.result = TSIG_ABSENT};
	switch (tsig_record_find(packet, *len, &r)) {
	case TSIG_FOUND_NONE: return TSIG_ABSENT;
	case TSIG_FOUND_BAD: return s->result = TSIG_MALFORMED;
	case TSIG_FOUND: break;
	}
	set_name(s->name, &s->name_len, r.name, r.name_len);
	set_name(s->algorithm, &s->algorithm_len, r.algorithm, r.algorithm_len);
	s->time_s = r.time_s;
	s->result = judge_request(keys, packet, &r, now_s, s);
	if (s->result == TSIG_MALFORMED)
		return TSIG_MALFORMED;
	big_endian_put16(packet + ARCOUNT_AT, big_endian_u16(packet + ARCOUNT_AT) - 1u);
	*len = r.start;
	return s->result;
}

size_t
tsig_size(const struct tsig_session *s)
{
	if (s->key == NULL)
		return 0;
	return s->name_len + s->algorithm_len + DATA_FIXED + tsig_mac_size(s->key);
}

static void
begin_record(const struct tsig_session *s, const uint8_t *packet, int64_t now_s,
	struct tsig_record *out)
{
	*out = (struct tsig_record){
		.name_len = s->name_len,
		.algorithm_len = s->algorithm_len,
		.time_s = now_s > 0 ? (uint64_t)now_s : 0,
		.fudge_s = TSIG_FUDGE_S,
		.original_id = big_endian_u16(packet),
	};
	memcpy(out->name, s->name, s->name_len);
	memcpy(out->algorithm, s->algorithm, s->algorithm_len);
}

/* Sign and append; what is signed becomes the session's. */
static size_t
append_signed(struct tsig_session *s, uint8_t *packet, size_t len, size_t size,
	struct tsig_record *r, bool is_reply)
{
	EVP_MAC_CTX *ctx = tsig_mac_begin(s->key);
	uint8_t mac[TSIG_MAC_MAX];
	size_t mac_len;

	if (is_reply)
		tsig_mac_add_previous(ctx, s->mac, s->mac_len);
	tsig_mac_add_message(ctx, packet, len, big_endian_u16(packet + ARCOUNT_AT), r->original_id);
	tsig_mac_add_variables(ctx, r, s->is_next);
	mac_len = tsig_mac_end(ctx, mac);
	if (mac_len == 0)
		return 0;
	r->mac = mac;
	r->mac_len = mac_len;
	len = tsig_record_append(packet, len, size, r);
	if (len == 0)
		return 0;
	memcpy(s->mac, mac, mac_len);
	s->mac_len = mac_len;
	s->is_next = is_reply;
	return len;
}

size_t
tsig_sign_reply(struct tsig_session *s, uint8_t *packet, size_t len, size_t size, int64_t now_s)
{
	struct tsig_record r;

	if (s->key == NULL)
		return len;
	begin_record(s, packet, now_s, &r);
	return append_signed(s, packet, len, size, &r, true);
}

/* Header and question of a request become its refusal. Returns its length. */
static size_t
write_refusal(uint8_t *packet, size_t len, unsigned rcode)
{
	struct query q;

	if (query_parse(packet, len, &q) == QUERY_DROP)
		return 0;
	packet[2] = (uint8_t)((packet[2] & FLAGS_KEPT) | FLAG_QR);
	packet[3] = (uint8_t)rcode;
	memset(packet + 4, 0, QUERY_HEADER_SIZE - 4);
	packet[5] = q.question_len != 0;
	return QUERY_HEADER_SIZE + q.question_len;
}

/* Only an error of time or length can be signed (RFC 8945 section 5.3.2). */
size_t
tsig_refuse(struct tsig_session *s, uint8_t *packet, size_t len, size_t size, int64_t now_s)
{
	static const uint16_t errors[] = {
		[TSIG_BADSIG] = TSIG_ERROR_BADSIG,
		[TSIG_BADKEY] = TSIG_ERROR_BADKEY,
		[TSIG_BADTIME] = TSIG_ERROR_BADTIME,
		[TSIG_BADTRUNC] = TSIG_ERROR_BADTRUNC,
		[TSIG_MALFORMED] = 0,
	};
	uint8_t server_time[TIME_SIZE + 2];
	struct tsig_record r;

	len = write_refusal(packet, len,
		s->result == TSIG_MALFORMED ? RCODE_FORMERR : RCODE_NOTAUTH);
	if (len == 0 || s->result == TSIG_MALFORMED)
		return len;
	begin_record(s, packet, now_s, &r);
	r.error = errors[s->result];
	/* RFC 8945 section 5.2.3: the client's time, or it could not check the signature. */
	r.time_s = s->time_s;
	if (s->result == TSIG_BADTIME) {
		tsig_record_write_time(server_time, now_s > 0 ? (uint64_t)now_s : 0, 0);
		r.other = server_time;
		r.other_len = TIME_SIZE;
	}
	if (s->result == TSIG_BADKEY || s->result == TSIG_BADSIG)
		return tsig_record_append(packet, len, size, &r);
	return append_signed(s, packet, len, size, &r, true);
}

/* --- who asks --------------------------------------------------------------------- */

size_t
tsig_sign_request(const struct tsig_key *key, uint8_t *packet, size_t len, size_t size,
	int64_t now_s, struct tsig_session *s)
{
	struct tsig_record r;

	*s = (struct tsig_session){.key = key};
	if (key == NULL)
		return len;
	if (wire_name_parse(text_of(key->name), s->name, &s->name_len) != OK ||
		wire_name_parse(text_of(key->algorithm), s->algorithm, &s->algorithm_len) != OK)
		return 0;
	wire_name_lower(s->name, s->name_len);
	begin_record(s, packet, now_s, &r);
	s->time_s = r.time_s;
	return append_signed(s, packet, len, size, &r, false);
}

/* A message between two that are signed. */
static enum tsig_result
pass_unsigned(struct tsig_session *s, const uint8_t *packet, size_t len)
{
	if (s->key == NULL)
		return TSIG_ABSENT;
	if (!s->is_next || s->unsigned_count == TSIG_UNSIGNED_MAX)
		return TSIG_BADSIG;
	s->unsigned_count++;
	tsig_mac_add(s->digest, packet, len);
	return TSIG_ABSENT;
}

/* The server's own verdict on our request; what it does not sign cannot be believed, but the
 * request has failed in any case. */
static enum tsig_result
judge_error(uint16_t error)
{
	switch (error) {
	case TSIG_ERROR_BADKEY: return TSIG_BADKEY;
	case TSIG_ERROR_BADTIME: return TSIG_BADTIME;
	case TSIG_ERROR_BADTRUNC: return TSIG_BADTRUNC;
	default: return TSIG_BADSIG;
	}
}

static enum tsig_result
judge_reply(struct tsig_session *s, const uint8_t *packet, const struct tsig_record *r,
	int64_t now_s)
{
	uint8_t mac[TSIG_MAC_MAX];
	size_t len;

	if (s->key == NULL || r->name_len != s->name_len || r->algorithm_len != s->algorithm_len ||
		memcmp(r->name, s->name, s->name_len) != 0 ||
		memcmp(r->algorithm, s->algorithm, s->algorithm_len) != 0)
		return TSIG_BADKEY;
	s->peer_error = r->error;
	if (r->error != 0 && r->mac_len == 0)
		return judge_error(r->error);
	if (!may_have_length(s->key, r->mac_len))
		return TSIG_MALFORMED;
	tsig_mac_add_message(s->digest, packet, r->start, big_endian_u16(packet + ARCOUNT_AT) - 1u,
		r->original_id);
	tsig_mac_add_variables(s->digest, r, s->is_next);
	len = tsig_mac_end(s->digest, mac);
	s->digest = NULL;
	if (!is_same_mac(r, mac, len))
		return TSIG_BADSIG;
	if (r->error != 0)
		return judge_error(r->error);
	if (!is_in_time(r, now_s))
		return TSIG_BADTIME;
	if (r->mac_len < len)
		return TSIG_BADTRUNC;
	memcpy(s->mac, r->mac, r->mac_len);
	s->mac_len = r->mac_len;
	s->is_next = true;
	s->unsigned_count = 0;
	return TSIG_GOOD;
}

enum tsig_result
tsig_verify_reply(struct tsig_session *s, uint8_t *packet, size_t *len, int64_t now_s)
{
	struct tsig_record r;

	s->peer_error = 0;
	if (s->key != NULL && s->digest == NULL) {
		s->digest = tsig_mac_begin(s->key);
		tsig_mac_add_previous(s->digest, s->mac, s->mac_len);
	}
	switch (tsig_record_find(packet, *len, &r)) {
	case TSIG_FOUND_NONE: return s->result = pass_unsigned(s, packet, *len);
	case TSIG_FOUND_BAD: return s->result = TSIG_MALFORMED;
	case TSIG_FOUND: break;
	}
	s->result = judge_reply(s, packet, &r, now_s);
	if (s->result == TSIG_GOOD) {
		big_endian_put16(packet + ARCOUNT_AT, big_endian_u16(packet + ARCOUNT_AT) - 1u);
		*len = r.start;
	}
	return s->result;
}

bool
tsig_is_complete(const struct tsig_session *s)
{
	return s->key == NULL || (s->is_next && s->unsigned_count == 0);
}
