#include "kerio.h"

#include "scan.h"

static const struct {
	struct text start;
	enum rejection_kind kind;
} others[] = {
	{{"Attempt to deliver to unknown recipient ", 40}, REJECTION_UNKNOWN_USER},
	{{"Failed SMTP login from ", 23}, REJECTION_AUTHENTICATION},
	{{"SMTP: User ", 11}, REJECTION_AUTHENTICATION},
	{{"SMTP: Invalid password for user ", 32}, REJECTION_AUTHENTICATION},
	{{"SMTP Spam attack detected from ", 31}, REJECTION_PROTOCOL},
	{{"Client with IP address ", 23}, REJECTION_POLICY},
	{{"Message from IP address ", 24}, REJECTION_POLICY},
};

/* "[30/Nov/2026 05:27:59] " */
static bool
take_stamp(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int day, year;

	if (!scan_byte(&t, '[') || !scan_number(&t, 2, 2, &day) || !scan_byte(&t, '/') ||
		!stamp_take_month(&t, out) || !scan_byte(&t, '/') ||
		!scan_number(&t, 4, 4, &year) || !scan_byte(&t, ' ') ||
		!stamp_take_clock(&t, out) || !scan_literal(&t, TEXT("] ")) ||
		!stamp_set_date(out, year, out->month, day))
		return false;
	*rest = t;
	return true;
}

bool
kerio_knows(const struct log_line *s)
{
	struct text t = s->message;
	struct stamp stamp = {0};

	return s->frame == FRAME_NONE && t.len > 23 && t.p[0] == '[' && t.p[3] == '/' &&
		t.p[21] == ']' && take_stamp(&t, &stamp);
}

/* "S> to <R> rejected", when there is one place only where S can end. */
static void
read_addresses(struct text t, struct denial *out)
{
	static const struct text middle = {"> to <", 6}, last = {"> rejected", 10};
	size_t at = text_find(t, middle);

	if (at == SIZE_MAX || at != text_rfind(t, middle) || !text_has_suffix(t, last) ||
		at + middle.len + last.len > t.len)
		return;
	out->sender = text_upto(t, at);
	t = text_from(t, at + middle.len);
	out->recipient = text_upto(t, t.len - last.len);
}

static enum parse_result
deny(struct text t, struct parse_state *state, struct denial *out)
{
	struct text address;

	if (!scan_until(&t, ',', &address) || !scan_literal(&t, TEXT(" mail from <"))) {
		state->reason = "Kerio refused a relay attempt in a line that is not whole";
		return PARSE_BAD;
	}
	if (addr_parse(address, &out->client) != OK) {
		state->reason = "Kerio refused a relay attempt of a client without an address";
		return PARSE_BAD;
	}
	read_addresses(t, out);
	out->kind = DENIAL_RELAY;
	return PARSE_DENIAL;
}

enum parse_result
kerio_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text t = s->message, address;

	if (!take_stamp(&t, &state->stamp))
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("Relay attempt from IP address ")))
		return deny(t, state, out);
	state->rejection = REJECTION_BLOCKLIST;
	if (scan_literal(&t, TEXT("IP address ")))
		return scan_until(&t, ' ', &address) &&
				text_has_prefix(t, TEXT("found in DNS blacklist ")) ?
			PARSE_REJECTION :
			PARSE_SKIP;
	for (size_t i = 0; i < ORBL_COUNT(others); i++) {
		if (!text_has_prefix(t, others[i].start))
			continue;
		state->rejection = others[i].kind;
		return PARSE_REJECTION;
	}
	return PARSE_SKIP;
}
