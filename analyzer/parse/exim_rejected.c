#include "exim_rejected.h"

#include "scan.h"

enum {
	ARGUMENT_MAX = 100, /* of newer releases; older ones do not cut */
	READINGS_TRIED = 16 /* nobody but a forger writes so many fields */
};

static const struct text rejected = {" rejected ", 10};

/* "[192.0.2.1]", with a port perhaps; what follows must be able to follow. */
static bool
take_address(struct text t, struct exim_host *out, size_t *len)
{
	struct text rest = t, address;
	int port;

	if (!scan_byte(&rest, '[') || !scan_until(&rest, ']', &address) ||
		address.len >= ADDR_TEXT || addr_parse(address, &out->client) != OK)
		return false;
	if (scan_byte(&rest, ':') && !scan_number(&rest, 1, 5, &port))
		return false;
	if (rest.len != 0 && rest.p[0] != ' ' && rest.p[0] != ':')
		return false;
	out->rest = rest;
	*len = t.len - rest.len;
	return true;
}

/* "(HELO) [ADDR]", the first address at or behind from. */
static bool
take_helo(struct text t, size_t from, struct exim_host *out, size_t *len)
{
	static const struct text end = {") [", 3};

	for (size_t at = from, found; at < t.len; at += found + 1) {
		found = text_find(text_from(t, at), end);
		if (found == SIZE_MAX)
			return false;
		if (!take_address(text_from(t, at + found + 2), out, len))
			continue;
		out->helo = text_from(text_upto(t, at + found), 1);
		*len += at + found + 2;
		return true;
	}
	return false;
}

/* A reverse name has no blank: resolvers write such bytes as \032. */
static struct text
take_name(struct text *t)
{
	struct text rest = *t, name;

	if (t->len == 0 || t->p[0] == '(' || t->p[0] == '[' || !scan_until(&rest, ' ', &name))
		return TEXT_NONE;
	*t = rest;
	return name;
}

static bool
take_host_from(struct text t, size_t from, struct exim_host *out)
{
	struct text rest = t;
	size_t len;

	*out = (struct exim_host){.helo = TEXT_NONE};
	out->name = take_name(&rest);
	if (rest.len == 0)
		return false;
	if (rest.p[0] == '(') {
		if (!take_helo(rest, from, out, &len))
			return false;
	} else if (from != 0 || !take_address(rest, out, &len)) {
		return false;
	}
	out->full = text_upto(t, t.len - rest.len + len);
	return true;
}

bool
exim_take_host(struct text t, struct exim_host *out)
{
	return take_host_from(t, 0, out);
}

bool
exim_take_address(struct text *rest, struct text *out)
{
	bool quoted = false;

	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->p[i];

		if (c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			continue;
		} else if (c == '>') {
			*out = text_upto(*rest, i);
			scan_skip(rest, i + 1);
			return true;
		} else if ((unsigned char)c <= ' ' || c == '<' || c == '(' || c == ')' ||
			c == 0x7f) {
			return false;
		}
	}
	return false;
}

struct argument {          /* where the reading of an ARGUMENT has got to */
	size_t open, shut; /* of the first "<" and its ">"; SIZE_MAX: none */
	unsigned depth;    /* of comments */
	bool quoted, angle, route;
};

/* One byte, or a quoted pair: how many bytes that was; 0 when the argument ends here. */
static size_t
step(struct argument *a, struct text t, size_t i)
{
	char c = t.p[i];

	if (c == '\\')
		return 2;
	if (a->quoted || (c == '"' && a->depth == 0)) {
		a->quoted ^= c == '"';
	} else if (c == '(' || (c == ')' && a->depth != 0)) {
		a->depth += c == '(' ? 1u : -1u;
	} else if (a->depth != 0) {
		return 1;
	} else if (c == '<') {
		a->angle = true;
		if (a->shut == SIZE_MAX) /* the innermost: Exim can be told to take several */
			a->open = i + 1;
	} else if (c == '>' && a->angle) {
		a->angle = false;
		if (a->shut == SIZE_MAX)
			a->shut = i;
	} else if (c == ':' && !a->angle && a->route) {
		a->route = false;
	} else if (c == ':' && !a->angle && i + 1 < t.len && t.p[i + 1] == ' ') {
		return 0;
	}
	return 1;
}

static void
set_recipient(const struct argument *a, struct text argument, struct exim_rejected *out)
{
	out->recipient = text_trim(argument);
	if (a->open != SIZE_MAX && a->open <= argument.len)
		out->recipient = text_from(text_upto(argument, a->shut), a->open);
}

/* "ARGUMENT[: REASON]". Between the two stands the first ": " that is no part of an address, or
 * any at the place where Exim cuts. False when it is no address that Exim would have taken:
 * Exim minds an open quote or bracket, not an open comment. */
static bool
split_argument(struct text t, struct exim_rejected *out)
{
	struct argument a = {.open = SIZE_MAX,
		.shut = SIZE_MAX,
		.route = t.len != 0 && t.p[0] == '@'};
	size_t i = 0, n;

	for (; i < t.len; i += n) {
		n = step(&a, t, i);
		if (n == 0)
			break;
		if (i < ARGUMENT_MAX && i + n >= ARGUMENT_MAX &&
			text_has_prefix(text_from(t, ARGUMENT_MAX), TEXT(": "))) {
			i = ARGUMENT_MAX;
			break;
		}
	}
	if (i > t.len)
		i = t.len;
	set_recipient(&a, text_upto(t, i), out);
	out->reason = i < t.len ? text_from(t, i + 2) : TEXT_NONE;
	return i < t.len || t.len == ARGUMENT_MAX || (!a.quoted && !a.angle);
}

/* "[ temporarily] rejected " at the left of *rest. */
static bool
take_rejected(struct text *rest, struct exim_rejected *out)
{
	struct text t = *rest;

	out->temporary = scan_literal(&t, TEXT(" temporarily"));
	if (!scan_literal(&t, rejected))
		return false;
	out->what = t;
	out->recipient = out->reason = TEXT_NONE;
	if (scan_literal(&t, TEXT("RCPT ")) && !split_argument(t, out))
		return false;
	*rest = t;
	return true;
}

/* "AUTHENTICATOR[:USER]", and what was rejected. A user's name may hold anything. */
static unsigned
count_authenticated(struct text t, struct exim_rejected *out)
{
	unsigned count = 0, tried = 0;

	out->authenticated = true;
	for (size_t at = 0, found; at < t.len && count < 2; at += found + 1) {
		struct text who, rest;

		found = text_find(text_from(t, at), rejected);
		if (found == SIZE_MAX)
			break;
		if (++tried > READINGS_TRIED)
			return 2;
		who = text_upto(t, at + found);
		if (text_has_suffix(who, TEXT(" temporarily")))
			who.len -= sizeof(" temporarily") - 1;
		rest = text_from(t, who.len);
		if (!take_rejected(&rest, out))
			continue;
		count++;
		(void)text_cut(&who, ':');
		out->account = who.len != 0 ? who : TEXT_NONE;
	}
	return count;
}

/* Behind " F=". Logs changed by hand or by a patch may lack the brackets. */
static unsigned
count_sender(struct text rest, struct exim_rejected *out)
{
	if (scan_byte(&rest, '<')) {
		if (!exim_take_address(&rest, &out->sender))
			return 0;
	} else {
		size_t len = text_find_byte(rest, ' ');

		out->sender = text_upto(rest, len);
		if (len == SIZE_MAX || text_find_byte(out->sender, '"') != SIZE_MAX)
			return 0;
		scan_skip(&rest, len);
	}
	if (scan_literal(&rest, TEXT(" A=")))
		return count_authenticated(rest, out);
	return take_rejected(&rest, out) ? 1 : 0;
}

/* Fields that only the server writes, without a blank in them. */
static void
skip_fields(struct text *rest)
{
	static const struct text keys[] = {{" I=[", 4}, {" Ci=", 4}, {" X=", 3}, {" CV=", 4}};

	for (size_t i = 0; i < ORBL_COUNT(keys); i++) {
		struct text t = *rest;
		size_t end;

		if (!scan_literal(&t, keys[i]))
			continue;
		end = text_find_byte(t, ' ');
		*rest = text_from(t, end);
		i = (size_t)-1; /* any order */
	}
}

/* rest begins with a field that may hold anything. */
static unsigned
count_senders(struct text rest, struct exim_rejected *out)
{
	unsigned count = 0, tried = 0;

	for (size_t at = 0, found; at < rest.len && count < 2; at += found + 1) {
		struct exim_rejected r = *out;
		unsigned n;

		found = text_find(text_from(rest, at), TEXT(" F="));
		if (found == SIZE_MAX)
			break;
		if (++tried > READINGS_TRIED)
			return 2;
		n = count_sender(text_from(rest, at + found + 3), &r);
		if (n != 0)
			*out = r;
		count += n;
	}
	return count;
}

/* How many ways there are to read what follows the client: 0, 1, or 2 for more. */
static unsigned
count_readings(struct exim_rejected *out)
{
	struct text rest = out->host.rest;

	out->sender = out->account = TEXT_NONE;
	out->authenticated = false;
	skip_fields(&rest);
	if (take_rejected(&rest, out))
		return 1;
	if (scan_literal(&rest, TEXT(" F=")))
		return count_sender(rest, out);
	if (text_has_prefix(rest, TEXT(" U=")) || text_has_prefix(rest, TEXT(" DN=")) ||
		text_has_prefix(rest, TEXT(" SNI=")))
		return count_senders(rest, out);
	return 0;
}

/* May a client further right be meant, with a HELO that reaches so far? */
static bool
has_other_client(struct text t, const struct exim_rejected *r)
{
	struct exim_rejected other = *r;
	unsigned tried = 0;

	while (other.host.helo.p != NULL) {
		size_t from = other.host.helo.len + 2;

		if (++tried > READINGS_TRIED)
			return true;
		if (!take_host_from(t, from, &other.host))
			return false;
		if (count_readings(&other) != 0)
			return true;
	}
	return false;
}

enum exim_reading
exim_read_rejected(struct text t, struct exim_rejected *out)
{
	unsigned count;

	*out = (struct exim_rejected){.sender = TEXT_NONE};
	if (!exim_take_host(t, &out->host))
		return EXIM_NOT_SUCH;
	count = count_readings(out);
	if (count == 0)
		return EXIM_NOT_SUCH;
	return count > 1 || has_other_client(t, out) ? EXIM_AMBIGUOUS : EXIM_READ;
}
