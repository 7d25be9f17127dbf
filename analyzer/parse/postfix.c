#include "postfix.h"

#include "mailbox.h"
#include "postfix_reply.h"
#include "scan.h"

enum {
	MESSAGE_MAX = 2000, /* 3.7.11 cuts the whole message there */
	QUEUE_ID_MIN = 6,   /* NOQUEUE, 6 or more hexadecimal digits, or a long id */
	QUEUE_ID_MAX = 32,
};

/* rsyslog's RFC 5424 template leaves "postfix-in" of the tag "postfix-in/smtpd"; the message
 * must then say the rest. "mail" is the one other syslog_name seen in the field. */
static bool
is_cut_smtpd(const struct log_line *s)
{
	return s->tag_cut && text_find_byte(s->tag, '/') == SIZE_MAX &&
		(text_has_prefix(s->tag, TEXT("postfix")) || text_equal(s->tag, TEXT("mail")));
}

/* journalctl -o with-unit has "postfix@-.service" for all of them. */
static bool
is_unit(struct text tag)
{
	return text_equal(tag, TEXT("postfix.service")) ||
		(text_has_prefix(tag, TEXT("postfix@")) && text_has_suffix(tag, TEXT(".service")));
}

static bool
is_smtpd(const struct log_line *s)
{
	return text_has_suffix(s->tag, TEXT("/smtpd")) || text_equal(s->tag, TEXT("postfix")) ||
		is_cut_smtpd(s) || is_unit(s->tag);
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
		state->rejection = is_postscreen ? postscreen_kind(rest) : postfix_reply_kind(rest);
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

/* Postfix before 2.0 had no queue id in front of it. */
static bool
is_old_reject(struct text message)
{
	return message.len != 0 && message.p[0] == 'r' &&
		text_has_prefix(message, TEXT("reject: "));
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
	struct postfix_reply r = {.helo = TEXT_NONE};
	enum parse_result result;

	/* A VRFY that is refused is a question, not an attempt. */
	if (!is_smtpd(s) || !scan_literal(&recipient, TEXT("RCPT from ")) ||
		!take_client(&recipient, &name, &address))
		return read_other(s, rest, state);
	r.reply = recipient;
	r.cut = s->message.len == MESSAGE_MAX;
	result = postfix_reply_read(&r, state, out);
	if (result == PARSE_REJECTION)
		state->rejection = postfix_reply_kind(recipient);
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
		return !is_notice(message) && !is_old_reject(message);
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
	if (!is_old_reject(rest) && !take_queue_id(&rest))
		return PARSE_SKIP;
	if (scan_literal(&rest, TEXT("reject: "))) /* reject_warning: it was accepted */
		return read_rejection(s, rest, state, out);
	if (!text_has_prefix(rest, TEXT("milter-reject: ")))
		return PARSE_SKIP;
	state->rejection = REJECTION_CONTENT;
	return PARSE_REJECTION;
}
