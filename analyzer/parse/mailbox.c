#include "mailbox.h"

#include "scan.h"

/* Bytes that stand in an address only between quotes. */
static const bool special[256] = {
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1, /* control characters */
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	1,
	[' '] = 1,
	['"'] = 1,
	[';'] = 1,
	['<'] = 1,
	['>'] = 1,
	[0x7f] = 1,
};

static size_t
plain_length(struct text t)
{
	size_t n = 0;

	while (n < t.len && !special[(unsigned char)t.p[n]])
		n++;
	return n;
}

bool
mailbox_is_plain(struct text t)
{
	return plain_length(t) == t.len;
}

size_t
mailbox_plain_tail(struct text t)
{
	size_t n = 0;

	while (n < t.len && !special[(unsigned char)t.p[t.len - 1 - n]])
		n++;
	return n;
}

/* Postfix takes what stands between a first "@" and the next ":" for a source route, and
 * quotes nothing in it. */
static size_t
route_length(struct text t)
{
	size_t colon = t.len != 0 && t.p[0] == '@' ? text_find_byte(t, ':') : SIZE_MAX;

	return colon != SIZE_MAX ? colon + 1 : 0;
}

static bool
take_from(struct text *rest, size_t n, struct text *out)
{
	if (n < rest->len && rest->p[n] == '"') {
		for (n++; n < rest->len && rest->p[n] != '"'; n++)
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
mailbox_take(struct text *rest, struct text *out)
{
	return take_from(rest, route_length(*rest), out) || take_from(rest, 0, out);
}

bool
mailbox_dequote(struct text t, struct parse_state *state, struct text *out)
{
	char *to = state->scratch + state->used;
	size_t i, n = route_length(t);

	*out = t;
	if (n >= t.len || t.p[n] != '"')
		return true;
	if (t.len > sizeof(state->scratch) - state->used)
		return false;
	memcpy(to, t.p, n);
	for (i = n + 1; i < t.len && t.p[i] != '"'; i++) {
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
