#include "postfix.h"

#include "mailbox.h"
#include "scan.h"

enum {
	REPLY_MAX = 510,    /* where code and text may be cut; 3.7.11 does not do it */
	MESSAGE_MAX = 2000, /* 3.7.11 cuts the whole message there */
	QUEUE_ID_MIN = 6,   /* NOQUEUE, 6 or more hexadecimal digits, or a long id */
	QUEUE_ID_MAX = 32,
};

static const struct text denied = {">: Relay access denied;", 23};

struct reject {                     /* one reject line, taken apart from both ends */
	struct text reply;          /* from the code on; its end is found last */
	struct text body;           /* what follows "<" in it, up to the proto= and helo= fields */
	struct text from, to, helo; /* as logged; p NULL: not logged */
	bool temporary;
	bool cut; /* the message has the length at which Postfix cuts */
};

/* rsyslog's RFC 5424 template leaves "postfix-in" of the tag "postfix-in/smtpd"; the message
 * must then say the rest. "mail" is the one other syslog_name seen in the field. */
static bool
is_cut_smtpd(const struct syslog_line *s)
{
	return s->tag_cut && text_find_byte(s->tag, '/') == SIZE_MAX &&
		(text_has_prefix(s->tag, TEXT("postfix")) || text_equal(s->tag, TEXT("mail")));
}

static bool
is_smtpd(const struct syslog_line *s)
{
	return text_has_suffix(s->tag, TEXT("smtpd")) || text_equal(s->tag, TEXT("postfix")) ||
		is_cut_smtpd(s);
}

static bool
has_rejections(const struct syslog_line *s)
{
	return text_has_suffix(s->tag, TEXT("/cleanup")) || /* milter-reject */
		text_has_suffix(s->tag, TEXT("/postscreen"));
}

bool
postfix_knows(const struct syslog_line *s)
{
	return is_smtpd(s) || has_rejections(s);
}

static bool
take_queue_id(struct text *rest)
{
	size_t n = 0;

	while (n < rest->len && n <= QUEUE_ID_MAX && scan_is_alnum(rest->p[n]))
		n++;
	if (n < QUEUE_ID_MIN || n > QUEUE_ID_MAX)
		return false;
	scan_skip(rest, n);
	return scan_literal(rest, TEXT(": "));
}

/* NAME[ADDR] or NAME[ADDR]:PORT, then ": ". Postfix lets no other byte into a name than those
 * of host names. postscreen logs no name. */
static bool
take_client(struct text *rest, struct text *name, struct text *address)
{
	int port;

	if (!scan_until(rest, '[', name) || !scan_until(rest, ']', address) ||
		!scan_byte(rest, ':'))
		return false;
	if (name->len == 0 || !mailbox_is_plain(*name) || text_find_byte(*name, ']') != SIZE_MAX ||
		!mailbox_is_plain(*address))
		return false;
	if (scan_number(rest, 1, 5, &port) && !scan_byte(rest, ':'))
		return false;
	return scan_byte(rest, ' ');
}

/* "554 5.7.1 <"; Postfix before 2.3 had no "5.7.1". relay_domains_reject_code may be any
 * other code. */
static bool
take_reply_head(struct reject *r)
{
	struct text rest = r->reply;
	char class = rest.len != 0 ? rest.p[0] : '\0';
	int code;

	if ((class != '4' && class != '5') || !scan_number(&rest, 3, 3, &code) ||
		!scan_byte(&rest, ' '))
		return false;
	r->temporary = class == '4';
	if (scan_byte(&rest, class) && !scan_literal(&rest, TEXT(".7.1 ")))
		return false;
	if (!scan_byte(&rest, '<'))
		return false;
	r->body = rest;
	return true;
}

/* " helo=<H>" at the very end: smtpd has made each space, < and > of H a "?". */
static void
cut_helo(struct text *body, struct text *helo)
{
	static const struct text key = {" helo=<", 7};
	size_t start, end;

	if (body->len == 0 || body->p[body->len - 1] != '>')
		return;
	end = start = body->len - 1;
	while (start > 0 && body->p[start - 1] != ' ' && body->p[start - 1] != '<' &&
		body->p[start - 1] != '>')
		start--;
	if (!text_has_suffix(text_upto(*body, start), key))
		return;
	*helo = (struct text){body->p + start, end - start};
	body->len = start - key.len;
}

static void
cut_protocol(struct text *body)
{
	static const struct text keys[] = {{" proto=ESMTP", 12}, {" proto=SMTP", 11}};

	for (size_t i = 0; i < ORBL_COUNT(keys); i++) {
		if (text_has_suffix(*body, keys[i])) {
			body->len -= keys[i].len;
			return;
		}
	}
}

/* [" from=<S>"] [" to=<Q>"], and nothing else. Q is whatever is left: it is compared. */
static bool
split_fields(struct text fields, struct reject *r)
{
	r->from = r->to = TEXT_NONE;
	if (scan_literal(&fields, TEXT(" from=<")) && !mailbox_take(&fields, &r->from))
		return false;
	if (fields.len == 0)
		return true;
	if (!scan_literal(&fields, TEXT(" to=<")) || fields.len == 0 ||
		fields.p[fields.len - 1] != '>')
		return false;
	r->to = text_upto(fields, fields.len - 1);
	return true;
}

/* Is the recipient of the reply the one of to=<>? */
static bool
names_recipient(struct text given, const struct reject *r, struct parse_state *state)
{
	size_t used = state->used;
	struct text to;
	bool same;

	if (text_equal(given, r->to)) /* logged in internal form */
		return true;
	if (r->to.len < given.len || !mailbox_dequote(r->to, state, &to))
		return false;
	same = text_equal(given, to);
	state->used = used;
	return same;
}

/* Without a byte that needs quotes there is but one way to read the line, and the two
 * recipients may differ, as they do in logs anonymised by hand. */
static bool
is_unambiguous(struct text given, const struct reject *r)
{
	return mailbox_is_plain(given) && mailbox_is_plain(r->from) && mailbox_is_plain(r->to);
}

/* Look for the one place where the reply can end. */
static bool
find_denial(struct reject *r, struct parse_state *state, struct text *recipient)
{
	size_t head = (size_t)(r->body.p - r->reply.p);

	for (size_t at = 0, found; at < r->body.len; at += found + 1) {
		struct text given;

		found = text_find(text_from(r->body, at), denied);
		if (found == SIZE_MAX)
			return false;
		given = text_upto(r->body, at + found);
		if (!split_fields(text_from(r->body, at + found + denied.len), r))
			continue;
		if (!is_unambiguous(given, r) &&
			(r->to.p == NULL || !names_recipient(given, r, state)))
			continue;
		*recipient = r->to.p == NULL || !mailbox_is_plain(r->to) ? given : r->to;
		r->reply.len = head + given.len + denied.len - 1;
		return true;
	}
	return false;
}

/* May cut be the start of "R>: Relay access denied"? Where the cut went through a character
 * of several bytes, Postfix put "?". */
static bool
is_start_of_denial(struct text cut, struct text recipient)
{
	for (size_t i = 0; i < cut.len; i++) {
		bool inside = i < recipient.len;
		char wanted = inside ? recipient.p[i] : denied.p[i - recipient.len];

		if (cut.p[i] != wanted && !(cut.p[i] == '?' && (unsigned char)wanted >= 0x80))
			return false;
		if (!inside && i - recipient.len + 1 >= denied.len)
			return false;
	}
	return true;
}

/* A recipient of some 480 bytes pushes the words over the end of the reply. */
static bool
find_cut_denial(struct reject *r, struct parse_state *state, struct text *recipient)
{
	size_t head = (size_t)(r->body.p - r->reply.p), cut = REPLY_MAX - head;

	if (r->body.len <= cut || r->body.p[cut] != ';' ||
		!(text_has_prefix(r->reply, TEXT("554 5.7.1 ")) ||
			text_has_prefix(r->reply, TEXT("454 4.7.1 "))))
		return false;
	if (!split_fields(text_from(r->body, cut + 1), r) || r->to.p == NULL ||
		!mailbox_dequote(r->to, state, recipient) ||
		!is_start_of_denial(text_upto(r->body, cut), *recipient))
		return false;
	r->reply.len = REPLY_MAX;
	return true;
}

/* Is cut, which may be quoted, the start of the logged form of given? */
static bool
is_start_of_recipient(struct text cut, struct text given)
{
	bool quoted = cut.len != 0 && cut.p[0] == '"';
	size_t n = 0;

	for (size_t i = 1; quoted && i < cut.len; i++) {
		if (cut.p[i] == '"')
			return text_has_prefix(text_from(given, n), text_from(cut, i + 1));
		if (cut.p[i] == '\\' && ++i == cut.len)
			break;
		if (n == given.len || given.p[n++] != cut.p[i])
			return false;
	}
	return quoted || text_has_prefix(given, cut);
}

/* What the cut has left of " from=<S> to=<Q> proto=P helo=<H>". */
static bool
agrees_with_cut_fields(struct text given, struct text fields, struct reject *r,
	struct parse_state *state)
{
	r->from = r->to = TEXT_NONE;
	if (!scan_literal(&fields, TEXT(" from=<")) || !mailbox_take(&fields, &r->from) ||
		!scan_literal(&fields, TEXT(" to=<")))
		return false;
	if (mailbox_take(&fields, &r->to))
		return names_recipient(given, r, state);
	return is_start_of_recipient(fields, given);
}

/* Long addresses push the last fields over the end of the message. */
static bool
find_denial_in_cut_message(struct reject *r, struct parse_state *state, struct text *recipient)
{
	size_t head = (size_t)(r->body.p - r->reply.p);

	for (size_t at = 0, found; r->cut && at < r->body.len; at += found + 1) {
		found = text_find(text_from(r->body, at), denied);
		if (found == SIZE_MAX)
			return false;
		*recipient = text_upto(r->body, at + found);
		if (!agrees_with_cut_fields(*recipient, text_from(r->body, at + found + denied.len),
			    r, state))
			continue;
		r->reply.len = head + recipient->len + denied.len - 1;
		return true;
	}
	return false;
}

static enum parse_result
read_reply(struct reject *r, struct parse_state *state, struct denial *out)
{
	if (!take_reply_head(r))
		return PARSE_REJECTION;
	cut_helo(&r->body, &r->helo);
	cut_protocol(&r->body);
	out->kind = r->temporary ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
	if (!find_denial(r, state, &out->recipient) &&
		!find_denial_in_cut_message(r, state, &out->recipient)) {
		if (!find_cut_denial(r, state, &out->recipient))
			return PARSE_REJECTION;
		out->kind = DENIAL_RELAY_PROBABLE;
	}
	if (!mailbox_dequote(r->from, state, &out->sender)) {
		state->reason = "Postfix refused a relay attempt with a sender too long to be one";
		return PARSE_BAD;
	}
	out->reply = r->reply;
	out->helo = r->helo;
	return PARSE_DENIAL;
}

enum parse_result
postfix_parse(const struct syslog_line *s, struct parse_state *state, struct denial *out)
{
	struct text rest = s->message, name, address;
	struct reject r = {.helo = TEXT_NONE};
	enum parse_result result;

	if (!take_queue_id(&rest))
		return PARSE_SKIP;
	if (text_has_prefix(rest, TEXT("milter-reject: ")))
		return PARSE_REJECTION;
	if (!scan_literal(&rest, TEXT("reject: "))) /* reject_warning: it was accepted */
		return PARSE_SKIP;
	/* A VRFY that is refused is a question, not an attempt. */
	if (!is_smtpd(s) || !scan_literal(&rest, TEXT("RCPT from ")) ||
		!take_client(&rest, &name, &address))
		return PARSE_REJECTION;
	r.reply = rest;
	r.cut = s->message.len == MESSAGE_MAX;
	result = read_reply(&r, state, out);
	if (result == PARSE_DENIAL && addr_parse(address, &out->client) != OK) {
		state->reason = "Postfix refused a relay attempt of a client without an address";
		return PARSE_BAD;
	}
	if (!text_equal(name, TEXT("unknown")))
		out->client_name = name;
	return result;
}
