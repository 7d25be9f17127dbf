/* smtp_words.h - is a reply in the words that a server denies relaying with?
 *
 * A reply may repeat what the client said; words count only where the server itself puts them.
 */
#ifndef ANALYZER_PARSE_SMTP_WORDS_H
#define ANALYZER_PARSE_SMTP_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

/* What a server says when it denies relaying: behind code, or behind code and enhanced code, the
 * text starts with one of these words, in any case of letters. "<>" in a text stands for the
 * recipient of the command, with or without brackets. Words behind a "*" may stand anywhere in
 * the reply but in what it may repeat of the client. */
struct smtp_trace_denials {
	size_t count;
	const struct text *texts;
};

struct smtp_said {           /* by the client; p NULL: not known */
	struct text command; /* the whole line */
	struct text recipient, sender, helo;
};

enum { SMTP_WORDS_TEXTS = 2 };

/* texts: of the reply, behind the code, and behind an enhanced code, if there is one. When the
 * recipient is not known, whatever stands in its place is taken for it, if the server's own
 * words go before it. */
bool smtp_words_deny(const struct text texts[SMTP_WORDS_TEXTS],
	const struct smtp_trace_denials *denials, const struct smtp_said *said);

/* Offset of the first occurrence in any case of letters, or SIZE_MAX. */
size_t smtp_words_find(struct text t, struct text words);

#endif
