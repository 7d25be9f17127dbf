#include "smtp_words.h"

#include <string.h>

#include "scan.h"

size_t
smtp_words_find(struct text t, struct text words)
{
	for (size_t i = 0; i + words.len <= t.len; i++)
		if (text_equal_nocase(text_upto(text_from(t, i), words.len), words))
			return i;
	return SIZE_MAX;
}

static bool
take_nocase(struct text *rest, struct text prefix)
{
	if (!text_equal_nocase(text_upto(*rest, prefix.len), prefix))
		return false;
	scan_skip(rest, prefix.len);
	return true;
}

/* The recipient, with or without brackets, and then the words after it. */
static bool
takes_recipient(struct text t, struct text recipient, struct text after)
{
	bool bracket = scan_byte(&t, '<');

	return take_nocase(&t, recipient) && (!bracket || scan_byte(&t, '>')) &&
		take_nocase(&t, after);
}

static bool
starts_with(struct text reply, struct text words, struct text recipient)
{
	size_t at = text_find(words, TEXT("<>"));
	struct text after;

	if (at == SIZE_MAX)
		return take_nocase(&reply, words);
	after = text_from(words, at + 2);
	if (!take_nocase(&reply, text_upto(words, at)))
		return false;
	if (recipient.p != NULL)
		return takes_recipient(reply, recipient, after);
	return at != 0 && smtp_words_find(reply, after) != SIZE_MAX;
}

/* Does what the client said reach over an end of the words at offset at? What lies inside them
 * is there by chance. */
static bool
reaches_over(struct text reply, size_t at, size_t len, struct text client)
{
	size_t from = at > client.len ? at - client.len : 0;

	for (size_t i = from; i < at + len && i + client.len <= reply.len; i++) {
		size_t end = i + client.len;

		if (((i < at && end > at) || (i < at + len && end > at + len)) &&
			text_equal_nocase(text_upto(text_from(reply, i), client.len), client))
			return true;
	}
	return false;
}

/* Words are the server's wherever they stand when no text of the client has them, and none
 * reaches into them. */
static bool
has_words(struct text reply, struct text words, const struct smtp_said *said)
{
	const struct text *texts[] = {&said->command, &said->recipient, &said->sender, &said->helo};
	size_t at = smtp_words_find(reply, words);

	for (size_t i = 0; at != SIZE_MAX && i < ORBL_COUNT(texts); i++)
		if (smtp_words_find(*texts[i], words) != SIZE_MAX ||
			reaches_over(reply, at, words.len, *texts[i]))
			return false;
	return at != SIZE_MAX;
}

bool
smtp_words_deny(const struct text texts[SMTP_WORDS_TEXTS], const struct smtp_trace_denials *denials,
	const struct smtp_said *said)
{
	for (size_t i = 0; i < denials->count; i++) {
		struct text words = denials->texts[i];

		if (scan_byte(&words, '*')) {
			if (has_words(texts[0], words, said))
				return true;
			continue;
		}
		for (size_t j = 0; j < SMTP_WORDS_TEXTS; j++)
			if (starts_with(texts[j], words, said->recipient))
				return true;
	}
	return false;
}
