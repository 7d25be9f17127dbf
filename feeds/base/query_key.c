#include <orbl/query_key.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* --- keys --------------------------------------------------------------- */

void
query_key_make(char out[QUERY_KEY_LEN + 1])
{
	uint8_t random[QUERY_KEY_LEN];

	/* 256 is a multiple of 32: each character is as likely as any other. */
	randombytes_buf(random, sizeof(random));
	for (size_t i = 0; i < QUERY_KEY_LEN; i++)
		out[i] = base32[random[i] % 32];
	out[QUERY_KEY_LEN] = '\0';
	sodium_memzero(random, sizeof(random));
}

static bool
is_base32(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

bool
query_key_is_key(struct text label)
{
	if (label.len != QUERY_KEY_LEN)
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_base32(label.p[i]))
			return false;
	return true;
}

void
query_key_hash(const void *label, uint8_t out[QUERY_KEY_HASH])
{
	uint8_t lower[QUERY_KEY_LEN];

	memcpy(lower, label, sizeof(lower));
	/* Digits have this bit, too. */
	for (size_t i = 0; i < sizeof(lower); i++)
		lower[i] |= 0x20;
	crypto_generichash(out, QUERY_KEY_HASH, lower, sizeof(lower), NULL, 0);
}

void
query_key_hash_format(const uint8_t hash[QUERY_KEY_HASH], char out[QUERY_KEY_HASH_TEXT])
{
	sodium_bin2hex(out, QUERY_KEY_HASH_TEXT, hash, QUERY_KEY_HASH);
}

bool
query_key_is_owner(struct text owner)
{
	for (size_t i = 0; i < owner.len; i++)
		if (!isalnum((unsigned char)owner.p[i]) && memchr("-._@+", owner.p[i], 5) == NULL)
			return false;
	/* A "-" would be read as none, and as an option. */
	return owner.len != 0 && owner.len <= QUERY_KEY_OWNER_MAX && owner.p[0] != '-';
}

bool
query_key_is_zone(struct text zone)
{
	for (size_t i = 0; i < zone.len; i++)
		if (!isalnum((unsigned char)zone.p[i]) && memchr("-_.", zone.p[i], 3) == NULL)
			return false;
	return zone.len != 0 && zone.len <= 253;
}

/* --- one line ----------------------------------------------------------- */

static struct text
next_word(struct text *rest)
{
	struct text word;

	*rest = text_trim(*rest);
	word = *rest;
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] == ' ' || word.p[i] == '\t')
			word.len = i;
	*rest = text_from(*rest, word.len);
	return word;
}

static enum err
read_hash(struct text word, struct query_key *k, struct error *e)
{
	size_t len;

	if (word.len != 2 * QUERY_KEY_HASH ||
		sodium_hex2bin(k->hash, sizeof(k->hash), word.p, word.len, NULL, &len, NULL) != 0 ||
		len != sizeof(k->hash))
		return error_set(e, ERR_SYNTAX,
			"a line begins with the hash of a key, %d hexadecimal digits; have keys "
			"made by orbl dnsd key add",
			2 * QUERY_KEY_HASH);
	return OK;
}

static enum err
read_owner(struct text word, struct query_key *k, struct error *e)
{
	k->owner = word;
	if (!query_key_is_owner(word))
		return error_set(e, ERR_SYNTAX,
			"the owner, the second word, must be 1 to %d letters, digits and -._@+ and "
			"not begin with -",
			QUERY_KEY_OWNER_MAX);
	return OK;
}

static enum err
read_quota(struct text word, struct query_key *k, struct error *e)
{
	k->has_quota = !text_equal(word, TEXT("-"));
	k->quota = 0;
	if (k->has_quota && text_to_u64(word, QUERY_KEY_QUOTA_MAX, &k->quota) != OK)
		return error_set(e, ERR_SYNTAX,
			"the quota, the third word, must be a number of queries a day, up to "
			"%" PRIu64 ", 0 for no bound, or - for access.key_quota",
			QUERY_KEY_QUOTA_MAX);
	return OK;
}

static enum err
read_state(struct text word, struct query_key *k, struct error *e)
{
	k->revoked = text_equal(word, TEXT("REVOKED"));
	if (!k->revoked && !text_equal(word, TEXT("ACTIVE")))
		return error_set(e, ERR_SYNTAX, "the fourth word must be ACTIVE or REVOKED");
	return OK;
}

static enum err
read_date(struct text word, struct query_key *k, struct error *e)
{
	static const char form[] = "dddd-dd-dd";
	bool is_date = word.len == sizeof(form) - 1;

	for (size_t i = 0; is_date && i < word.len; i++)
		is_date = form[i] == 'd' ? isdigit((unsigned char)word.p[i]) != 0 :
					   word.p[i] == form[i];
	k->date = word;
	if (!is_date)
		return error_set(e, ERR_SYNTAX, "the fifth word must be a date, YYYY-MM-DD");
	return OK;
}

static enum err
read_zones(struct text rest, struct query_key *k, struct error *e)
{
	for (k->zone_count = 0; text_trim(rest).len != 0; k->zone_count++) {
		struct text word = next_word(&rest);

		if (k->zone_count == QUERY_KEY_ZONES_MAX)
			return error_set(e, ERR_FULL,
				"a key can have %d zones of its own; give none for all zones",
				QUERY_KEY_ZONES_MAX);
		if (!query_key_is_zone(word))
			return error_set(e, ERR_SYNTAX,
				"word %zu is no zone's name; write it such as dnsbl.example",
				k->zone_count + 6);
		k->zones[k->zone_count] = word;
	}
	return OK;
}

enum err
query_key_parse(struct text line, struct query_key *out, bool *is_key, struct error *e)
{
	static enum err (*const readers[])(struct text, struct query_key *,
		struct error *) = {read_hash, read_owner, read_quota, read_state, read_date};
	enum err err = OK;

	line = text_trim(line);
	*is_key = line.len != 0 && line.p[0] != '#';
	if (!*is_key)
		return OK;
	for (size_t i = 0; err == OK && i < ORBL_COUNT(readers); i++)
		err = readers[i](next_word(&line), out, e);
	return err == OK ? read_zones(line, out, e) : err;
}

size_t
query_key_format(const struct query_key *k, char out[QUERY_KEY_LINE_MAX])
{
	char hash[QUERY_KEY_HASH_TEXT], quota[24] = "-";
	size_t at;

	query_key_hash_format(k->hash, hash);
	if (k->has_quota)
		snprintf(quota, sizeof(quota), "%" PRIu64, k->quota);
	at = (size_t)snprintf(out, QUERY_KEY_LINE_MAX, "%s %.*s %s %s %.*s", hash,
		TEXT_ARG(text_upto(k->owner, QUERY_KEY_OWNER_MAX)), quota,
		k->revoked ? "REVOKED" : "ACTIVE", TEXT_ARG(text_upto(k->date, 10)));
	for (size_t i = 0; i < k->zone_count; i++)
		at += (size_t)snprintf(out + at, QUERY_KEY_LINE_MAX - at, " %.*s",
			TEXT_ARG(text_upto(k->zones[i], 253)));
	out[at++] = '\n';
	out[at] = '\0';
	return at;
}
