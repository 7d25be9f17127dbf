/* session_key.h - the key of a session: the dialect, and what makes the server's own key unique.
 *
 * A part that is longer than its share of SESSION_KEY_MAX is hashed, not cut: two hosts whose
 * names differ in the last byte only have no session in common.
 */
#ifndef ANALYZER_PARSE_SESSION_KEY_H
#define ANALYZER_PARSE_SESSION_KEY_H

#include <string.h>

#include <sodium.h>

#include "dialect.h"
#include "session.h"

enum { SESSION_KEY_PART = 40 };

/* Writes up to SESSION_KEY_PART + 1 bytes, and returns how many. */
static inline size_t
session_key_part(char *to, struct text part)
{
	if (part.len > SESSION_KEY_PART) {
		to[0] = SESSION_KEY_PART + 1;
		(void)crypto_generichash((unsigned char *)to + 1, SESSION_KEY_PART,
			(const unsigned char *)part.p, part.len, NULL, 0);
		return SESSION_KEY_PART + 1;
	}
	to[0] = (char)part.len;
	if (part.len != 0)
		memcpy(to + 1, part.p, part.len);
	return part.len + 1;
}

/* Lends from the scratch; SESSION_KEY_MAX must be free. */
static inline struct text
session_key(struct parse_state *state, const char *dialect, struct text a, struct text b)
{
	char *key = state->scratch + state->used;
	size_t len = session_key_part(key, text_of(dialect));

	len += session_key_part(key + len, a);
	len += session_key_part(key + len, b);
	state->used += len;
	return (struct text){key, len};
}

_Static_assert(3 * (SESSION_KEY_PART + 1) <= SESSION_KEY_MAX, "three parts make a key");

#endif
