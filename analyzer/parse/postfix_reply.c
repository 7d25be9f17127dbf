#include "postfix_reply.h"

#include "mailbox.h"
#include "scan.h"

enum { REPLY_MAX = 510 }; /* where code and text may be cut; 3.7.11 does not do it */

/* Behind the recipient. The second is that of check_relay_domains, before Postfix 3.9. */
static const struct text denied[] = {
	{">: Relay access denied;", 23},
	{">: Recipient address rejected: Relay access denied;", 51},
};

/* "554 5.7.1 <"; Postfix before 2.3 had no "5.7.1". relay_domains_reject_code may be any
 * other code. */
static bool
take_reply_head(struct postfix_reply *r)
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
split_fields(struct text fields, struct postfix_reply *r)
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

/* Without smtputf8_enable each byte that cannot be printed is a blank in the reply, and "?" in
 * the fields. */
static bool
is_byte_of(char reply, char field)
{
	return reply == field || (reply == ' ' && field == '?');
}

static bool
is_logged_as(struct text reply, struct text field)
{
	size_t i = 0;

	if (reply.len != field.len || text_equal(reply, field))
		return reply.len == field.len;
	while (i < reply.len && is_byte_of(reply.p[i], field.p[i]))
		i++;
	return i == reply.len;
}

/* Is the recipient of the reply the one of to=<>? Without quotes one that holds "; from=<" could be
 * another reply up to the middle of its sender, in which the client has said it all once more. */
static bool
names_recipient(struct text given, const struct postfix_reply *r, struct parse_state *state,
	struct text *recipient)
{
	size_t used = state->used;
	struct text to;

	*recipient = r->to;
	if (is_logged_as(given, r->to) &&
		(text_find_byte(given, ';') == SIZE_MAX ||
			text_find(given, TEXT("; from=<")) == SIZE_MAX))
		return true; /* logged in internal form */
	if (r->to.len < given.len || !mailbox_dequote(r->to, state, &to))
		return false;
	if (to.p != r->to.p && is_logged_as(given, to)) {
		*recipient = to;
		return true;
	}
	state->used = used;
	return false;
}

/* Without a byte that needs quotes there is but one way to read the line, and the two
 * recipients may differ, as they do in logs anonymised by hand. */
static bool
is_unambiguous(struct text given, const struct postfix_reply *r)
{
	return mailbox_is_plain(given) && mailbox_is_plain(r->from) && mailbox_is_plain(r->to);
}

/* Look for the one place where the reply can end. */
static bool
find_words(struct postfix_reply *r, struct text words, struct parse_state *state,
	struct text *recipient)
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
		if (r->to.p == NULL || !names_recipient(given, r, state, recipient)) {
			if (!is_unambiguous(given, r))
				continue;
			*recipient = r->to.p != NULL ? r->to : given;
		}
		r->reply.len = head + given.len + words.len - 1;
		return true;
	}
	return false;
}

/* Where nothing is quoted, the sender may hold any byte. When "; from=<" stands but once, the
 * reply is what is in front of it, and its recipient shows where the sender ends. */
static bool
find_unquoted_sender(struct postfix_reply *r, struct text *recipient)
{
	static const struct text from = {"; from=<", 8}, to = {"> to=<", 6};
	size_t at = text_find(r->body, from);
	struct text reply = text_upto(r->body, at), rest;

	if (at == SIZE_MAX || text_find(text_from(r->body, at + 1), from) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < ORBL_COUNT(denied); i++) {
		rest = text_from(r->body, at + from.len);
		*recipient = reply;
		if (!text_has_suffix(reply, text_upto(denied[i], denied[i].len - 1)))
			continue;
		recipient->len -= denied[i].len - 1;
		if (rest.len <= recipient->len + to.len || rest.p[rest.len - 1] != '>')
			continue;
		rest.len--;
		r->to = text_from(rest, rest.len - recipient->len);
		rest.len -= recipient->len;
		if (!text_has_suffix(rest, to) || !is_logged_as(*recipient, r->to))
			continue;
		r->from = text_upto(rest, rest.len - to.len);
		*recipient = r->to;
		r->reply.len = (size_t)(reply.p + reply.len - r->reply.p);
		return true;
	}
	return false;
}

static bool
find_denial(struct postfix_reply *r, struct parse_state *state, struct text *recipient)
{
	for (size_t i = 0; i < ORBL_COUNT(denied); i++)
		if (find_words(r, denied[i], state, recipient))
			return true;
	return find_unquoted_sender(r, recipient);
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
find_cut_denial(struct postfix_reply *r, struct parse_state *state, struct text *recipient)
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
	bool quoted = scan_byte(&cut, '"');

	for (size_t n = 0; cut.len != 0; n++) {
		if (quoted && scan_byte(&cut, '"'))
			return text_has_prefix(text_from(given, n), cut);
		if (quoted && scan_byte(&cut, '\\') && cut.len == 0)
			return true;
		if (n == given.len || !is_byte_of(given.p[n], cut.p[0]))
			return false;
		scan_skip(&cut, 1);
	}
	return true;
}

/* Is rest key, or has the cut left but a start of it? */
static bool
take_key(struct text *rest, struct text key)
{
	if (scan_literal(rest, key))
		return true;
	if (!text_has_prefix(key, *rest))
		return false;
	scan_skip(rest, rest->len);
	return true;
}

/* " proto=P helo=<H", without an end. */
static bool
is_start_of_protocol(struct text rest)
{
	struct text esmtp = rest;

	if (!take_key(&esmtp, TEXT(" proto=ESMTP helo=<")) &&
		!take_key(&rest, TEXT(" proto=SMTP helo=<")))
		return false;
	return true;
}

/* What the cut has left of " from=<S> to=<Q> proto=P helo=<H>". */
static bool
agrees_with_cut_fields(struct text given, struct text fields, struct postfix_reply *r,
	struct parse_state *state)
{
	struct text same;

	if (!take_key(&fields, TEXT(" from=<")))
		return false;
	if (!mailbox_take(&fields, &r->from))
		return text_find_byte(fields, '>') == SIZE_MAX;
	if (!take_key(&fields, TEXT(" to=<")))
		return false;
	if (!mailbox_take(&fields, &r->to))
		return is_start_of_recipient(fields, given);
	return names_recipient(given, r, state, &same) && is_start_of_protocol(fields);
}

/* ">: Relay access d" at least must be there: others have the same code. */
static bool
take_cut_words(struct text *rest)
{
	for (size_t i = 0; i < ORBL_COUNT(denied); i++)
		if (rest->len >= denied[i].len - 6 && take_key(rest, denied[i]))
			return true;
	return false;
}

/* Long addresses push the last fields, or some of the words, over the end of the message. */
static bool
find_denial_in_cut_message(struct postfix_reply *r, struct parse_state *state,
	struct text *recipient)
{
	size_t end = text_find_byte(r->body, '>');
	struct text rest;

	if (!r->cut || end == SIZE_MAX)
		return false;
	*recipient = text_upto(r->body, end);
	rest = text_from(r->body, end);
	r->from = r->to = TEXT_NONE;
	if (!take_cut_words(&rest) || !agrees_with_cut_fields(*recipient, rest, r, state))
		return false;
	r->reply.len = (size_t)(rest.p - r->reply.p);
	r->reply.len -= text_has_suffix(r->reply, TEXT(";")) ? 1 : 0;
	return true;
}

enum parse_result
postfix_reply_read(struct postfix_reply *r, struct parse_state *state, struct denial *out)
{
	if (!take_reply_head(r))
		return PARSE_REJECTION;
	cut_helo(&r->body, &r->helo);
	cut_protocol(&r->body);
	out->kind = r->temporary ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
	if (!find_denial(r, state, &out->recipient)) {
		if (!find_denial_in_cut_message(r, state, &out->recipient) &&
			!find_cut_denial(r, state, &out->recipient))
			return PARSE_REJECTION;
		out->kind = DENIAL_RELAY_PROBABLE;
	}
	if (r->cut) /* one recipient as long as that could hold all that is left */
		out->kind = DENIAL_RELAY_PROBABLE;
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
enum rejection_kind
postfix_reply_kind(struct text reply)
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
