#include "abuse_contact.h"

#include <stdio.h>
#include <string.h>

enum { LOCAL_MAX = 64, LABEL_MAX = 63 };

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
is_local_part(struct text t)
{
	if (t.len == 0 || t.len > LOCAL_MAX || !is_alnum(t.p[0]) || t.p[t.len - 1] == '.' ||
		text_find(t, TEXT("..")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < t.len; i++)
		if (!is_alnum(t.p[i]) && memchr(".-_+=", t.p[i], 5) == NULL)
			return false;
	return true;
}

static bool
is_label(struct text t)
{
	if (t.len == 0 || t.len > LABEL_MAX || t.p[0] == '-' || t.p[t.len - 1] == '-')
		return false;
	for (size_t i = 0; i < t.len; i++)
		if (!is_alnum(t.p[i]) && t.p[i] != '-')
			return false;
	return true;
}

static bool
is_domain(struct text t)
{
	size_t labels = 0;

	if (t.len == 0 || t.p[t.len - 1] == '.')
		return false;
	for (; t.len != 0; labels++)
		if (!is_label(text_cut(&t, '.')))
			return false;
	return labels >= 2;
}

bool
abuse_contact_is_plain(struct text mailbox)
{
	size_t at = text_find_byte(mailbox, '@');

	return at != SIZE_MAX && mailbox.len < ABUSE_CONTACT &&
		is_local_part(text_upto(mailbox, at)) && is_domain(text_from(mailbox, at + 1));
}

static struct text
next_word(struct text *rest)
{
	size_t n = 0;

	while (n < rest->len && memchr(" \t,;<>", rest->p[n], 6) != NULL)
		n++;
	*rest = text_from(*rest, n);
	for (n = 0; n < rest->len && memchr(" \t,;<>", rest->p[n], 6) == NULL;)
		n++;
	return text_upto(*rest, n);
}

static bool
find_in(struct text record, char out[ABUSE_CONTACT])
{
	while (record.len != 0) {
		struct text word = next_word(&record);

		record = text_from(record, word.len);
		if (text_has_prefix(word, TEXT("mailto:")))
			word = text_from(word, strlen("mailto:"));
		if (!abuse_contact_is_plain(word))
			continue;
		snprintf(out, ABUSE_CONTACT, "%.*s", TEXT_ARG(word));
		for (char *c = strchr(out, '@'); *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		return true;
	}
	return false;
}

bool
abuse_contact_find(const struct txt_answer *answer, char out[ABUSE_CONTACT])
{
	for (size_t i = 0; i < answer->count; i++)
		if (find_in(text_of(answer->records[i]), out))
			return true;
	out[0] = '\0';
	return false;
}
