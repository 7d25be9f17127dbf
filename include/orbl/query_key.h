/* query_key.h - keys that clients put into the names they ask for, and the file that has them.
 *
 *	99.2.0.192.KEY.dnsbl.example	is answered as 99.2.0.192.dnsbl.example
 *
 * A key is one label: 130 random bits in base32 (RFC 4648 section 6) without case, as resolvers
 * change that. Only its hash is kept. access.keys has a line for each:
 *
 *	HASH OWNER QUOTA|- ACTIVE|REVOKED DATE [ZONE...]
 *
 * Without a zone it is good for all zones, else for those and the zones below them.
 */
#ifndef ORBL_QUERY_KEY_H
#define ORBL_QUERY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum {
	QUERY_KEY_LEN = 26,
	QUERY_KEY_HASH = 32, /* BLAKE2b-256 of the key in small letters */
	QUERY_KEY_HASH_TEXT = 2 * QUERY_KEY_HASH + 1,
	QUERY_KEY_OWNER_MAX = 64,
	QUERY_KEY_ZONES_MAX = 8,
	QUERY_KEY_LINE_MAX = 2600,     /* the longest line with all its zones */
	QUERY_KEYS_FILE_MAX = 1 << 26, /* bytes */
	QUERY_KEYS_MAX = 1 << 18,
};

#define QUERY_KEY_QUOTA_MAX UINT64_C(1000000000000)

/* One line; lends from it. */
struct query_key {
	uint8_t hash[QUERY_KEY_HASH];
	struct text owner; /* 1 to 64 of letters, digits and -._@+ */
	bool has_quota, revoked;
	uint64_t quota;   /* queries a day; 0: no bound */
	struct text date; /* YYYY-MM-DD */
	size_t zone_count;
	struct text zones[QUERY_KEY_ZONES_MAX];
};

/* A new one, with the NUL. */
void query_key_make(char out[QUERY_KEY_LEN + 1]);
/* Is it one by its form, in any case? */
bool query_key_is_key(struct text label);
/* Of a label that is one by its form. */
void query_key_hash(const void *label, uint8_t out[QUERY_KEY_HASH]);
void query_key_hash_format(const uint8_t hash[QUERY_KEY_HASH], char out[QUERY_KEY_HASH_TEXT]);
bool query_key_is_owner(struct text owner);
bool query_key_is_zone(struct text zone); /* letters, digits and -_. */

/* A line, without its end. False: it is empty or a comment (#). On error e has what is wrong and
 * what to do, without file and line. */
enum err query_key_parse(struct text line, struct query_key *out, bool *is_key,
	struct error *e) ORBL_NODISCARD;
/* With the end of the line; returns the length. */
size_t query_key_format(const struct query_key *k, char out[QUERY_KEY_LINE_MAX]);

#endif
