#include "mailbox.h"

#include "scan.h"

/* Is c a byte that stands in an address only between quotes? */
static bool
is_special(char c)
{
	static const bool marks[128] =
		{['"'] = true, [';'] = true, ['<'] = true, ['>'] = true, [0x7f] = true};
	unsigned char b = (unsigned char)c;

	return b <= ' ' || (b < sizeof(marks) && marks[b]);
}

static size_t
plain_length(struct text t)
{
	size_t n = 0;

	while (n < t.len && !is_special(t.p[n]))
		n++;
	return n;
}

bool
mailbox_is_plain(struct text t)
{
	return plain_length(t) == t.len;
}

bool
mailbox_take(struct text *rest, struct text *out)
{
	size_t n = 0;

	if (rest->len != 0 && rest->p[0] == '"') {
		for (n = 1; n < rest->len && rest->p[n] != '"'; n++)
			if (rest->p[n] == '\\')
				n++;
		n++;
		if (n >= rest->len || (rest->p[n] != '@' && rest->p[n] != '>'))
			return false;
	}
	n += plain_length(text_from(*rest, n));
	if (n >= rest->len || rest->p[n] != '>')
		return false;
	*out = text_upto(*rest, n);
	scan_skip(rest, n + 1);
	return true;
}

bool
mailbox_dequote(struct text t, struct parse_state *state, struct text *out)
{
	char *to = state->scratch + state->used;
	size_t i, n = 0;

	*out = t;
	if (t.len == 0 || t.p[0] != '"')
		return true;
	if (t.len > sizeof(state->scratch) - state->used)
		return false;
	for (i = 1; i < t.len && t.p[i] != '"'; i++) {
		if (t.p[i] == '\\' && i + 1 < t.len)
			i++;
		to[n++] = t.p[i];
	}
	if (i >= t.len || (i + 1 < t.len && t.p[i + 1] != '@'))
		return true; /* not quoted after all */
	for (i++; i < t.len; i++)
		to[n++] = t.p[i];
	*out = (struct text){to, n};
	state->used += n;
	return true;
}
