#include "postfix.h"

#include "mailbox.h"
#include "scan.h"

enum {
	REPLY_MAX = 510,    /* where code and text may be cut; 3.7.11 does not do it */
	MESSAGE_MAX = 2000, /* 3.7.11 cuts the whole message there */
	QUEUE_ID_MIN = 6,   /* NOQUEUE, 6 or more hexadecimal digits, or a long id */
	QUEUE_ID_MAX = 32,
};

/* Behind the recipient. The second is that of check_relay_domains, before Postfix 3.9. */
static const struct text denied[] = {
	{">: Relay access denied;", 23},
	{">: Recipient address rejected: Relay access denied;", 51},
};

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
is_cut_smtpd(const struct log_line *s)
{
	return s->tag_cut && text_find_byte(s->tag, '/') == SIZE_MAX &&
		(text_has_prefix(s->tag, TEXT("postfix")) || text_equal(s->tag, TEXT("mail")));
}

static bool
is_smtpd(const struct log_line *s)
{
	return text_has_suffix(s->tag, TEXT("/smtpd")) || text_equal(s->tag, TEXT("postfix")) ||
		is_cut_smtpd(s);
}

static bool
has_rejections(const struct log_line *s)
{
	return text_has_suffix(s->tag, TEXT("/cleanup")) || /* milter-reject */
		text_has_suffix(s->tag, TEXT("/postscreen"));
}

bool
postfix_knows(const struct log_line *s)
{
	return is_smtpd(s) || has_rejections(s);
}

/* NOQUEUE, hexadecimal digits, or digits and consonants that start with the time: 4 till 2038. */
static bool
take_queue_id(struct text *rest)
{
	size_t n = 0, most = rest->len < QUEUE_ID_MAX ? rest->len : QUEUE_ID_MAX;

	if (rest->len == 0 || rest->p[0] >= 'a')
		return false;
	while (n < most && scan_is_alnum(rest->p[n]))
		n++;
	if (n < QUEUE_ID_MIN || rest->len - n < 2 || rest->p[n] != ':' || rest->p[n + 1] != ' ')
		return false;
	scan_skip(rest, n + 2);
	return true;
}

/* NAME[ADDR] or NAME[ADDR]:PORT, then ": ". Postfix lets no other byte into a name than those
 * of host names. postscreen logs no name. */
static bool
take_client(struct text *rest, struct text *name, struct text *address)
{
	int port;

	if (!scan_until(rest, '[', name) || !scan_until(rest, ']', address) || rest->len < 2 ||
		rest->p[0] != ':')
		return false;
	if (name->len == 0 || !mailbox_is_plain(*name) || !mailbox_is_plain(*address) ||
		memchr(name->p, ']', name->len) != NULL)
		return false;
	scan_skip(rest, 1);
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

static const bool ends_helo[256] = {[' '] = true, ['<'] = true, ['>'] = true};

/* " helo=<H>" at the very end: smtpd has made each space, < and > of H a "?". */
static void
cut_helo(struct text *body, struct text *helo)
{
	static const struct text key = {" helo=<", 7};
	size_t start, end;

	if (body->len == 0 || body->p[body->len - 1] != '>')
		return;
	end = start = body->len - 1;
	while (start > 0 && !ends_helo[(unsigned char)body->p[start - 1]])
		start--;
	if (start < key.len || memcmp(body->p + start - key.len, key.p, key.len) != 0)
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
find_words(struct reject *r, struct text words, struct parse_state *state, struct text *recipient)
{
	size_t head = (size_t)(r->body.p - r->reply.p);

	for (size_t at = 0; at < r->body.len; at++) {
		struct text given, rest = text_from(r->body, at);
		const char *mark = memchr(rest.p, '>', rest.len);

		if (mark == NULL)
			return false;
		at += (size_t)(mark - rest.p);
		rest = text_from(r->body, at);
		given = text_upto(r->body, at);
		if (!scan_literal(&rest, words) || !split_fields(rest, r))
			continue;
		*recipient = given;
		if (r->to.p == NULL || !names_recipient(given, r, state)) {
			if (!is_unambiguous(given, r))
				continue;
			if (r->to.p != NULL)
				*recipient = r->to;
		}
		r->reply.len = head + given.len + words.len - 1;
		return true;
	}
	return false;
}

static bool
find_denial(struct reject *r, struct parse_state *state, struct text *recipient)
{
	for (size_t i = 0; i < ORBL_COUNT(denied); i++)
		if (find_words(r, denied[i], state, recipient))
			return true;
	return false;
}

/* May cut be the start of "R>: Relay access denied"? Where the cut went through a character
 * of several bytes, Postfix put "?". */
static bool
is_start_of_denial(struct text cut, struct text recipient)
{
	for (size_t i = 0; i < cut.len; i++) {
		bool inside = i < recipient.len;
		char wanted = inside ? recipient.p[i] : denied[0].p[i - recipient.len];

		if (cut.p[i] != wanted && !(cut.p[i] == '?' && (unsigned char)wanted >= 0x80))
			return false;
		if (!inside && i - recipient.len + 1 >= denied[0].len)
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
		found = text_find(text_from(r->body, at), denied[0]);
		if (found == SIZE_MAX)
			return false;
		*recipient = text_upto(r->body, at + found);
		if (!agrees_with_cut_fields(*recipient,
			    text_from(r->body, at + found + denied[0].len), r, state))
			continue;
		r->reply.len = head + recipient->len + denied[0].len - 1;
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

/* Cut KEY S ">" off the end, when S has no byte that needs quotes. */
static bool
cut_field(struct text *body, struct text key)
{
	struct text t = *body;

	if (t.len == 0 || t.p[t.len - 1] != '>')
		return false;
	t.len--;
	t.len -= mailbox_plain_tail(t);
	if (!text_has_suffix(t, key))
		return false;
	body->len = t.len - key.len;
	return true;
}

/* Why smtpd has refused: told from its reply when no address in the line could hold words. */
static enum rejection_kind
kind_of(struct text reply)
{
	struct text helo;

	cut_helo(&reply, &helo);
	cut_protocol(&reply);
	(void)cut_field(&reply, TEXT(" to=<"));
	(void)cut_field(&reply, TEXT(" from=<"));
	if (!text_has_suffix(reply, TEXT(";")))
		return REJECTION_OTHER;
	return rejection_of_reply(text_upto(reply, reply.len - 1));
}

/* postscreen has its own words in front of those of the client. A 450 is what a client gets
 * that has passed its tests: it shall come again. */
static enum rejection_kind
postscreen_kind(struct text reply)
{
	size_t end = text_find(reply, TEXT("; from=<"));

	reply = text_upto(reply, end);
	if (text_has_prefix(reply, TEXT("450 4.3.2 Service currently unavailable")))
		return REJECTION_GREYLIST;
	return text_has_prefix(reply, TEXT("too many connections")) ? REJECTION_RATE :
								      rejection_of_reply(reply);
}

/* "RCPT from NAME[ADDR]: " with what follows it. */
static enum parse_result
read_other(const struct log_line *s, struct text rest, struct parse_state *state)
{
	struct text word, name, address;
	bool is_postscreen = text_has_suffix(s->tag, TEXT("/postscreen"));

	if (!scan_until(&rest, ' ', &word) || !scan_literal(&rest, TEXT("from ")))
		return PARSE_REJECTION;
	if (is_postscreen)
		(void)scan_literal(&rest, TEXT("[")); /* it logs no name */
	else if (!scan_until(&rest, '[', &name))
		return PARSE_REJECTION;
	if (scan_until(&rest, ']', &address) && scan_until(&rest, ' ', &word))
		state->rejection = is_postscreen ? postscreen_kind(rest) : kind_of(rest);
	return PARSE_REJECTION;
}

/* "warning: NAME[ADDR]: SASL LOGIN authentication failed: ..." */
static bool
is_failed_login(struct text rest)
{
	struct text name, address, mechanism;

	return take_client(&rest, &name, &address) && scan_literal(&rest, TEXT("SASL ")) &&
		scan_until(&rest, ' ', &mechanism) &&
		scan_literal(&rest, TEXT("authentication failed"));
}

/* "warning: Connection rate limit exceeded: 31 from NAME[ADDR] for service smtp" and its like. */
static bool
is_over_limit(struct text rest)
{
	struct text what;

	return scan_until(&rest, ':', &what) && text_has_suffix(what, TEXT(" limit exceeded")) &&
		text_find_byte(what, '[') == SIZE_MAX;
}

/* A message without a queue id. */
static enum parse_result
read_notice(struct text rest, struct parse_state *state)
{
	if (scan_literal(&rest, TEXT("warning: ")) && is_failed_login(rest))
		state->rejection = REJECTION_AUTHENTICATION;
	else if (is_over_limit(rest))
		state->rejection = REJECTION_RATE;
	else if (text_has_prefix(rest, TEXT("improper command pipelining after ")))
		state->rejection = REJECTION_PROTOCOL;
	else
		return PARSE_SKIP;
	return PARSE_REJECTION;
}

static bool
is_notice(struct text message)
{
	if (message.len == 0 || (message.p[0] != 'w' && message.p[0] != 'i'))
		return false;
	return text_has_prefix(message, TEXT("warning: ")) ||
		text_has_prefix(message, TEXT("improper "));
}

/* "RCPT from NAME[ADDR]: 554 5.7.1 ..." */
static enum parse_result
read_rejection(const struct log_line *s, struct text rest, struct parse_state *state,
	struct denial *out)
{
	struct text name, address, recipient = rest;
	struct reject r = {.helo = TEXT_NONE};
	enum parse_result result;

	/* A VRFY that is refused is a question, not an attempt. */
	if (!is_smtpd(s) || !scan_literal(&recipient, TEXT("RCPT from ")) ||
		!take_client(&recipient, &name, &address))
		return read_other(s, rest, state);
	r.reply = recipient;
	r.cut = s->message.len == MESSAGE_MAX;
	result = read_reply(&r, state, out);
	if (result == PARSE_REJECTION)
		state->rejection = kind_of(recipient);
	if (result == PARSE_DENIAL && !scan_address(address, &out->client)) {
		state->reason = "Postfix refused a relay attempt of a client without an address";
		return PARSE_BAD;
	}
	if (!text_equal(name, TEXT("unknown")))
		out->client_name = name;
	return result;
}

/* A refusal has a queue id, and that ends at the first colon. */
bool
postfix_is_idle(struct text message)
{
	const char *p = message.p, *end = p + message.len, *colon;
	size_t most = message.len <= QUEUE_ID_MAX ? message.len : QUEUE_ID_MAX + 1;

	if (message.len == 0 || p[0] >= 'a')
		return !is_notice(message);
	colon = memchr(p, ':', most);
	if (colon == NULL)
		return true;
	return end - colon > 10 && memcmp(colon, ": reject:", 9) != 0 &&
		memcmp(colon, ": milter-", 9) != 0;
}

enum parse_result
postfix_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text rest = s->message;

	if (is_notice(rest) && is_smtpd(s))
		return read_notice(rest, state);
	if (!take_queue_id(&rest))
		return PARSE_SKIP;
	if (scan_literal(&rest, TEXT("reject: "))) /* reject_warning: it was accepted */
		return read_rejection(s, rest, state, out);
	if (!text_has_prefix(rest, TEXT("milter-reject: ")))
		return PARSE_SKIP;
	state->rejection = REJECTION_CONTENT;
	return PARSE_REJECTION;
}
