/* session_key.h - the key of a session: the dialect, and what makes the server's own key unique.
 *
 * A part is cut to its share of SESSION_KEY_MAX. That puts no two sessions together that a server
 * keeps apart, as no server's key is as long; of a host name its first 40 bytes tell.
 */
#ifndef ANALYZER_PARSE_SESSION_KEY_H
#define ANALYZER_PARSE_SESSION_KEY_H

#include <string.h>

#include "dialect.h"
#include "session.h"

enum { SESSION_KEY_PART = 40 };

/* The dialect's name has up to 16 bytes. Lends from the scratch; SESSION_KEY_MAX must be free. */
static inline struct text
session_key(struct parse_state *state, const char *dialect, struct text a, struct text b)
{
	struct text parts[] = {text_upto(text_of(dialect), 16), text_upto(a, SESSION_KEY_PART),
		text_upto(b, SESSION_KEY_PART)};
	char *key = state->scratch + state->used;
	size_t len = 0;

	for (size_t i = 0; i < ORBL_COUNT(parts); i++) {
		if (parts[i].len != 0)
			memcpy(key + len, parts[i].p, parts[i].len);
		len += parts[i].len;
		key[len++] = '\0';
	}
	state->used += len;
	return (struct text){key, len};
}

#endif
