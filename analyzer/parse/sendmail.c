#include "sendmail.h"

#include "scan.h"

enum {
	QUEUE_ID_MIN = 7, /* AAA12345 of 8.9 to 14 letters; NOQUEUE */
	QUEUE_ID_MAX = 20,
	PLACES_TRIED = 16,
	SHORT_MAX = 203, /* what is longer loses its middle in a reply */
	KEY_MAX = 128,
	SHORT_HALF = 100, /* bytes left at each end */
};

static const struct text relay_key = {", relay=", 8};
static const struct text reject_key = {", reject=", 9};

struct refusal { /* one way to read what follows "arg1=" */
	struct text argument, name, address, reply;
	bool temporary;
};

static const struct {
	struct text words; /* in a reply, behind the code */
	enum rejection_kind kind;
} reasons[] = {
	{{"5.1.1 ", 6}, REJECTION_UNKNOWN_USER},
	{{"5.1.8 ", 6}, REJECTION_POLICY},
	{{"4.1.8 ", 6}, REJECTION_POLICY},
	{{"4.3.2 ", 6}, REJECTION_RATE},
	{{"5.7.0 ", 6}, REJECTION_AUTHENTICATION},
	{{"5.2.", 4}, REJECTION_CONTENT},
	{{"5.3.4 ", 6}, REJECTION_CONTENT},
	{{"5.5.", 4}, REJECTION_PROTOCOL},
};

/* Lines of a session that are refusals without "reject=". */
static const struct {
	struct text words;
	enum rejection_kind kind;
} remarks[] = {
	{{" due to pre-greeting traffic after ", 35}, REJECTION_PROTOCOL},
	{{": possible SMTP attack: command=", 32}, REJECTION_RATE},
	{{"AUTH failure (", 14}, REJECTION_AUTHENTICATION},
	{{">... User unknown", 17}, REJECTION_UNKNOWN_USER},
	{{">... No such user here", 22}, REJECTION_UNKNOWN_USER},
};

bool
sendmail_knows(const struct log_line *s)
{
	return text_equal(s->tag, TEXT("sendmail")) || text_has_prefix(s->tag, TEXT("sm-mta")) ||
		text_has_prefix(s->tag, TEXT("sm-acceptingconnections")) ||
		text_equal(s->tag, TEXT("sendmail-in"));
}

static bool
take_queue_id(struct text *rest, struct text *id)
{
	size_t n = 0;

	while (n < rest->len && n <= QUEUE_ID_MAX && scan_is_alnum(rest->p[n]))
		n++;
	if (n < QUEUE_ID_MIN || n > QUEUE_ID_MAX)
		return false;
	*id = text_upto(*rest, n);
	scan_skip(rest, n);
	return scan_literal(rest, TEXT(": "));
}

/* What Sendmail leaves of a reverse name or of an ident answer; ident comes with ":" and "@". */
static bool
is_name(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!scan_is_alnum(t.p[i]) && memchr("!#$%&'*+-./^_`{|}~@:", t.p[i], 20) == NULL)
			return false;
	return t.len != 0;
}

/* "[[IDENT@]NAME ][ADDR][ (may be forged)]" and ", reject=". */
static bool
take_relay(struct text *rest, struct refusal *out)
{
	struct text t = *rest, name;

	out->name = TEXT_NONE;
	if (t.len != 0 && t.p[0] != '[') {
		if (!scan_until(&t, ' ', &name) || !is_name(name))
			return false;
		if (text_rfind(name, TEXT("@")) != SIZE_MAX)
			name = text_from(name, text_rfind(name, TEXT("@")) + 1);
		out->name = name;
	}
	if (!scan_byte(&t, '[') || !scan_until(&t, ']', &out->address) ||
		out->address.len > ADDR_TEXT + 5)
		return false;
	(void)scan_literal(&t, TEXT(" (may be forged)"));
	if (!scan_literal(&t, reject_key))
		return false;
	*rest = t;
	return true;
}

static bool
take_octal(struct text *t, unsigned *value)
{
	*value = 0;
	if (t->len < 4 || t->p[0] != '\\')
		return false;
	for (size_t i = 1; i < 4; i++) {
		if (t->p[i] < '0' || t->p[i] > '7')
			return false;
		*value = *value * 8 + (unsigned)(t->p[i] - '0');
	}
	scan_skip(t, 4);
	return true;
}

/* Both move over one byte of what the client sent, if it may be the same. */
static bool
same_byte(struct text *argument, struct text *reply)
{
	unsigned given, shown;
	char c;

	if (!take_octal(argument, &given)) {
		c = argument->p[0];
		scan_skip(argument, 1);
		return scan_byte(reply, c);
	}
	given &= 0x7f;
	if (take_octal(reply, &shown))
		return shown == given;
	c = (char)given;
	if (c == '\\' || c == '\t' || c == '\n' || c == '\r') {
		char mark = c == '\\' ? '\\' : c == '\t' ? 't' : c == '\n' ? 'n' : 'r';

		return scan_byte(reply, '\\') && scan_byte(reply, mark);
	}
	return scan_byte(reply, c);
}

/* How many bytes the client sent. */
static size_t
sent_length(struct text t)
{
	unsigned value;
	size_t n = 0;

	for (; t.len != 0; n++)
		if (!take_octal(&t, &value))
			scan_skip(&t, t.p[0] == '\\' && t.len > 1 ? 2 : 1);
	return n;
}

/* The reply starts with what the client sent: the whole, or its two ends. */
static bool
take_same(struct text *reply, struct text argument)
{
	struct text t = *reply;
	size_t left = sent_length(argument), cut = SIZE_MAX;
	unsigned value;

	if (left >= SHORT_MAX)
		cut = left - SHORT_HALF;
	while (argument.len != 0) {
		if (cut != SIZE_MAX && left == cut) {
			if (!scan_literal(&t, TEXT("...")))
				return false;
			for (; left > SHORT_HALF && argument.len != 0; left--)
				if (!take_octal(&argument, &value))
					scan_skip(&argument,
						argument.p[0] == '\\' && argument.len > 1 ? 2 : 1);
			cut = SIZE_MAX;
			continue;
		}
		if (t.len == 0)
			return false;
		if (argument.p[0] == '\\' && argument.len > 1 && argument.p[1] == '\\') {
			if (!scan_literal(&t, TEXT("\\\\")))
				return false;
			scan_skip(&argument, 2);
		} else if (!same_byte(&argument, &t)) {
			return false;
		}
		left--;
	}
	*reply = t;
	return true;
}

/* No byte that takes part in the punctuation of such a line. */
static bool
is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.p[i] <= ' ' || memchr(",\"\\[]()", t.p[i], 7) != NULL)
			return false;
	return text_find(t, TEXT("...")) == SIZE_MAX;
}

/* "R... " with R what the client sent. */
static bool
take_repeated(struct text *reply, struct text argument)
{
	struct text t = *reply;

	if (!take_same(&t, argument) || !scan_literal(&t, TEXT("... ")))
		return false;
	*reply = t;
	return true;
}

/* The same, or another R when both are plain: a log made anonymous by hand. Or nothing: there
 * are codes with which Sendmail does not repeat it. */
static bool
take_recipient(struct text *reply, struct text argument)
{
	size_t end;

	if (take_repeated(reply, argument))
		return true;
	end = text_find(*reply, TEXT("... "));
	if (end == SIZE_MAX)
		return true;
	if (!is_plain(text_upto(*reply, end)) || !is_plain(argument))
		return false;
	scan_skip(reply, end + 4);
	return true;
}

/* To the very end: what a client sent may hold all of it but for that. */
static bool
is_relay_text(struct text t, struct text address)
{
	static const struct text temporary =
		{"Relaying temporarily denied. Cannot resolve PTR record for ", 59};
	static const struct text tails[] = {{". IP name lookup failed ", 24},
		{". IP name possibly forged ", 26}};

	if (scan_literal(&t, temporary))
		return text_equal(t, address);
	if (!scan_literal(&t, TEXT("Relaying denied")))
		return false;
	for (size_t i = 0; i < ORBL_COUNT(tails); i++)
		if (text_has_prefix(t, tails[i]))
			return text_find_byte(text_from(t, tails[i].len), ' ') == SIZE_MAX;
	return t.len == 0 || text_equal(t, TEXT(".")) ||
		text_equal(t, TEXT(". Proper authentication required.")) ||
		text_equal(t, TEXT(". Proper authentication required"));
}

/* "550 5.7.1 " */
static bool
take_code(struct text *reply, bool *temporary)
{
	char class = reply->len != 0 ? reply->p[0] : '\0';
	int code, subject, detail;

	if ((class != '4' && class != '5') || !scan_number(reply, 3, 3, &code) ||
		!scan_byte(reply, ' '))
		return false;
	*temporary = class == '4';
	if (reply->len > 1 && reply->p[0] == class && reply->p[1] == '.')
		return scan_byte(reply, class) && scan_byte(reply, '.') &&
			scan_number(reply, 1, 3, &subject) && scan_byte(reply, '.') &&
			scan_number(reply, 1, 3, &detail) && scan_byte(reply, ' ');
	return true;
}

/* What the reply says behind code and recipient; p NULL: it is not made like that. */
static struct text
words_of(struct refusal *r, bool (*take)(struct text *reply, struct text argument))
{
	struct text t = r->reply;

	return take_code(&t, &r->temporary) && take(&t, r->argument) ? t : TEXT_NONE;
}

/* Look at all places where ", relay=" may be the server's. A reading whose reply repeats the
 * argument and denies relaying is the true one: it reaches to the end of the line, and no
 * other can hold it. Without such a one there must be but one place. */
static bool
find_refusal(struct text t, struct refusal *out)
{
	unsigned places = 0, repeating = 0, denying = 0;

	for (size_t at = 0, found; at < t.len; at += found + 1) {
		struct refusal r = {.argument = TEXT_NONE};
		struct text rest, words;
		bool denies;

		found = text_find(text_from(t, at), relay_key);
		if (found == SIZE_MAX)
			break;
		rest = text_from(t, at + found + relay_key.len);
		if (!take_relay(&rest, &r))
			continue;
		r.argument = text_upto(t, at + found);
		r.reply = rest;
		if (++places > PLACES_TRIED)
			return false;
		words = words_of(&r, take_repeated);
		repeating += words.p != NULL;
		denies = is_relay_text(words, r.address);
		denying += denies;
		if (denies || (denying == 0 && (words.p != NULL || repeating == 0)))
			*out = r;
	}
	return denying == 1 || (denying == 0 && (places == 1 || repeating == 1));
}

static struct text
without_brackets(struct text t)
{
	if (t.len == 0 || t.p[0] != '<')
		return t;
	t = text_from(t, 1);
	return t.len != 0 && t.p[t.len - 1] == '>' ? text_upto(t, t.len - 1) : t;
}

/* "sendmail HOST QID" */
static bool
set_key(const struct log_line *s, struct text id, struct parse_state *state)
{
	static const struct text name = {"sendmail ", 9};
	struct text parts[] = {name, s->host, {" ", 1}, id};
	char *key = state->scratch + state->used;
	size_t len = 0;

	if (name.len + s->host.len + 1 + id.len > KEY_MAX)
		return false;
	for (size_t i = 0; i < ORBL_COUNT(parts); i++) {
		if (parts[i].len != 0)
			memcpy(key + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	state->used += len;
	state->key = (struct text){key, len};
	return true;
}

static enum rejection_kind
kind_of(struct text reply)
{
	struct text t = text_from(reply, 4);

	for (size_t i = 0; i < ORBL_COUNT(reasons); i++)
		if (text_has_prefix(t, reasons[i].words))
			return reasons[i].kind;
	return text_has_prefix(reply, TEXT("421")) ? REJECTION_RATE : REJECTION_OTHER;
}

/* Of one byte at the start of t: the log has a backslash twice, and one with three digits for a
 * byte that is not printable. */
static size_t
logged_length(struct text t)
{
	if (t.len < 2 || t.p[0] != '\\')
		return 1;
	return t.p[1] == '\\' ? 2 : 4;
}

/* Sendmail asks check_rcpt about no address with something left open (parseaddr.c: "Unbalanced"),
 * nor with a blank outside. Where a syslog daemon has cut the line within what the client sent,
 * the rest of it can look like the end of a line, but the address in front of it is open. */
static bool
is_whole_address(struct text t)
{
	unsigned comments = 0, angles = 0;
	bool quoted = false;

	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i];

		if (c == '\\') {
			size_t n = logged_length(text_from(t, i));

			if (n == 2) /* a backslash, which quotes what follows */
				n += logged_length(text_from(t, i + n));
			i += n - 1;
		} else if (c == '"' && comments == 0)
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '(' || (c == ')' && comments != 0))
			comments += c == '(' ? 1u : -1u;
		else if (comments != 0)
			continue;
		else if (c == '<' || (c == '>' && angles != 0))
			angles += c == '<' ? 1u : -1u;
		else if (c == ' ' && angles == 0)
			return false;
	}
	return !quoted && comments == 0 && angles == 0;
}

static enum parse_result
parse_recipient(struct text t, struct parse_state *state, struct denial *out)
{
	struct refusal r = {.argument = TEXT_NONE};
	struct text words;

	if (!find_refusal(t, &r))
		return PARSE_REJECTION;
	words = words_of(&r, take_recipient);
	if (!is_relay_text(words, r.address)) {
		state->rejection = text_has_prefix(words, TEXT("Rejected: ")) ?
			REJECTION_BLOCKLIST :
			kind_of(r.reply);
		return PARSE_REJECTION;
	}
	if (!is_whole_address(r.argument))
		return PARSE_REJECTION;
	(void)scan_literal(&r.address, TEXT("IPv6:"));
	if (addr_parse(r.address, &out->client) != OK) {
		state->reason = "Sendmail refused a relay attempt of a client without an address";
		return PARSE_BAD;
	}
	out->client_name = r.name;
	out->recipient = without_brackets(r.argument);
	out->reply = r.reply;
	out->kind = r.temporary ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
	return PARSE_DENIAL;
}

/* "R, relay=..., discard" and "quarantine=..." were taken. */
static enum parse_result
parse_ruleset(const struct log_line *s, struct text id, struct text t, struct parse_state *state,
	struct denial *out)
{
	enum parse_result result;

	if (text_find(t, reject_key) == SIZE_MAX)
		return PARSE_SKIP;
	if (!scan_literal(&t, TEXT("check_rcpt, arg1="))) {
		size_t reply = text_rfind(t, reject_key);

		state->rejection = kind_of(text_from(t, reply + reject_key.len));
		return PARSE_REJECTION;
	}
	result = parse_recipient(t, state, out);
	return result == PARSE_DENIAL && set_key(s, id, state) ? PARSE_HELD : result;
}

/* Where ", size=N, class=" stands; *many: more than once. */
static size_t
find_size(struct text t, bool *many)
{
	size_t first = SIZE_MAX;

	*many = false;
	for (size_t at = 0, found; at < t.len; at += found + 1) {
		struct text rest, number;
		uint64_t n;

		found = text_find(text_from(t, at), TEXT(", size="));
		if (found == SIZE_MAX)
			break;
		rest = text_from(t, at + found + 7);
		if (!scan_until(&rest, ',', &number) || text_to_u64(number, UINT64_MAX, &n) != OK ||
			!scan_literal(&rest, TEXT(" class=")))
			continue;
		*many = first != SIZE_MAX;
		if (*many)
			break;
		first = at + found;
	}
	return first;
}

static enum parse_result
parse_sender(const struct log_line *s, struct text id, struct text t, struct parse_state *state,
	struct denial *out)
{
	bool many;
	size_t end = find_size(t, &many);

	if (end == SIZE_MAX || !set_key(s, id, state))
		return PARSE_SKIP;
	out->sender = TEXT_NONE;
	t = text_upto(t, end);
	if (!many && !text_equal(t, TEXT("<NONE>")))
		out->sender = without_brackets(t);
	return PARSE_RELEASE;
}

static enum parse_result
parse_remark(struct text t, struct parse_state *state)
{
	for (size_t i = 0; i < ORBL_COUNT(remarks); i++) {
		if (text_find(t, remarks[i].words) == SIZE_MAX)
			continue;
		state->rejection = remarks[i].kind;
		return PARSE_REJECTION;
	}
	return PARSE_SKIP;
}

enum parse_result
sendmail_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text rest = s->message, id = TEXT_NONE;

	/* check_relay has no queue id at times. Parts of a long line are "QID[2]: ". */
	if (!text_has_prefix(rest, TEXT("ruleset=")) && !take_queue_id(&rest, &id))
		return PARSE_SKIP;
	if (scan_literal(&rest, TEXT("ruleset=")))
		return parse_ruleset(s, id, rest, state, out);
	if (scan_literal(&rest, TEXT("from=")))
		return parse_sender(s, id, rest, state, out);
	if (text_has_prefix(rest, TEXT("to=")))
		return PARSE_SKIP;
	return parse_remark(rest, state);
}
