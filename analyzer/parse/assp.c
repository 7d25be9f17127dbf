#include "assp.h"

#include "mailbox.h"
#include "scan.h"
#include "smtp_trace.h"

enum { STAMP_LEN = 18, CENTURY = 2000 };

static const struct text blocked = {"relay attempt blocked for", 25};

struct entry {
	bool is_attempt; /* [RelayAttempt] */
	bool is_error;   /* [SMTP Error] */
	bool has_address;
	struct addr client;
	struct text address, rest;
};

/* "Nov-21-26 16:49:52 " */
static bool
take_stamp(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int day, year;

	if (!stamp_take_month(&t, out) || !scan_byte(&t, '-') || !scan_number(&t, 2, 2, &day) ||
		!scan_byte(&t, '-') || !scan_number(&t, 2, 2, &year) || !scan_byte(&t, ' ') ||
		!stamp_take_clock(&t, out) || !scan_byte(&t, ' ') ||
		!stamp_set_date(out, CENTURY + year, out->month, day))
		return false;
	*rest = t;
	return true;
}

bool
assp_knows(const struct log_line *s)
{
	struct text t = s->message;
	struct stamp stamp = {0};

	return s->frame == FRAME_NONE && t.len > STAMP_LEN && t.p[3] == '-' && t.p[6] == '-' &&
		t.p[9] == ' ' && take_stamp(&t, &stamp);
}

/* "[Word] ", of the server's own. */
static bool
take_mark(struct text *rest, struct text *mark)
{
	return scan_byte(rest, '[') && scan_until(rest, ']', mark) && scan_byte(rest, ' ');
}

static void
take_marks(struct text *rest, struct entry *e)
{
	struct text mark, t = *rest;

	while (take_mark(&t, &mark)) {
		e->is_attempt = e->is_attempt || text_equal(mark, TEXT("RelayAttempt"));
		e->is_error = e->is_error || text_equal(mark, TEXT("SMTP Error"));
		*rest = t;
	}
}

/* "m1-25391-06124 " */
static void
take_id(struct text *rest)
{
	struct text t = *rest, id;

	if (!scan_until(&t, ' ', &id) || text_find_byte(id, '-') == SIZE_MAX)
		return;
	for (size_t i = 0; i < id.len; i++)
		if (!scan_is_alnum(id.p[i]) && id.p[i] != '-')
			return;
	*rest = t;
}

/* The address, and marks on either side of it: "[TLS-out] [RelayAttempt] 192.0.2.1 <S>", or
 * "[TLS-out] 192.0.2.1 [SMTP Error] 535". Behind an error, and behind what is no address, a mark
 * may be anybody's. */
static void
read_entry(struct text t, struct entry *e)
{
	take_id(&t);
	take_marks(&t, e);
	e->rest = t;
	if (e->is_error || !scan_until(&t, ' ', &e->address))
		return;
	e->has_address = addr_parse(e->address, &e->client) == OK;
	if (e->has_address)
		take_marks(&t, e);
	e->rest = t;
}

/* "R" to the line's end, "<R>", or "(parsing): <R>" when the server could not read the recipient.
 */
static void
read_recipient(struct text t, struct denial *out)
{
	struct text path;

	(void)(scan_literal(&t, TEXT(" (parsing)")) || scan_literal(&t, TEXT(" (evil)")));
	if (!scan_literal(&t, TEXT(": ")))
		return;
	t = text_trim(t);
	if (!text_has_prefix(t, TEXT("<")) || !smtp_trace_path(t, &path))
		path = t;
	if (path.len != 0)
		out->recipient = path;
}

/* "<S> [to: X ]relay attempt blocked for...", where the words are there once only. */
static void
read_denial(struct text t, size_t at, struct denial *out)
{
	struct text head = text_trim(text_upto(t, at));
	size_t end = text_find(head, TEXT("> to: "));

	read_recipient(text_from(t, at + blocked.len), out);
	if (end == SIZE_MAX && head.len != 0 && head.p[head.len - 1] == '>')
		end = head.len - 1;
	if (scan_byte(&head, '<') && end != SIZE_MAX && end != 0 &&
		mailbox_is_plain(text_upto(head, end - 1)))
		out->sender = text_upto(head, end - 1);
}

/* Behind "<S> " or "<S> to: X ", as the server has them. */
static bool
may_be_own(struct text head)
{
	head = text_trim(head);
	return text_has_suffix(head, TEXT(">")) || text_find(head, TEXT("> to: ")) != SIZE_MAX;
}

/* A client that may relay is refused for its sender, or for a recipient in the header. The words
 * may stand in the client's texts too: then any of them may be the server's. */
static bool
may_be_of_policy(struct text t)
{
	size_t at = 0, found;

	while ((found = text_find(text_from(t, at), blocked)) != SIZE_MAX) {
		struct text head = text_upto(t, at + found), reason;

		at += found + blocked.len;
		reason = text_from(t, at);
		if (may_be_own(head) &&
			(text_has_prefix(reason, TEXT(" unknown local sender ")) ||
				text_has_prefix(reason, TEXT(" non local "))))
			return true;
	}
	return false;
}

static enum parse_result
deny(struct entry *e, struct parse_state *state, struct denial *out)
{
	size_t at = text_find(e->rest, blocked);
	bool once = at == text_rfind(e->rest, blocked);

	if (at == SIZE_MAX)
		return PARSE_SKIP;
	if (may_be_of_policy(e->rest)) {
		state->rejection = once ? REJECTION_POLICY : REJECTION_OTHER;
		return PARSE_REJECTION;
	}
	if (!e->has_address) {
		state->reason = "ASSP refused a relay attempt of a client without an address";
		return PARSE_BAD;
	}
	out->client = e->client;
	out->kind = DENIAL_RELAY;
	if (once)
		read_denial(e->rest, at, out);
	return PARSE_DENIAL;
}

enum parse_result
assp_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text t = s->message;
	struct entry e = {0};

	if (!take_stamp(&t, &state->stamp))
		return PARSE_SKIP;
	read_entry(t, &e);
	if (e.is_error) {
		state->rejection = rejection_of_reply(e.rest);
		return PARSE_REJECTION;
	}
	return e.is_attempt ? deny(&e, state, out) : PARSE_SKIP;
}
