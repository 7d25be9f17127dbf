#include "courier.h"

#include "scan.h"

static const struct text denied = {"Relaying denied.", 16};

bool
courier_knows(const struct log_line *s)
{
	return text_equal(s->tag, TEXT("courieresmtpd"));
}

static enum rejection_kind
kind_of(struct text reply)
{
	static const struct {
		struct text start;
		enum rejection_kind kind;
	} kinds[] = {
		{{"535 ", 4}, REJECTION_AUTHENTICATION},
		{{"550 User", 8}, REJECTION_UNKNOWN_USER},
		{{"511 ", 4}, REJECTION_BLOCKLIST},
		{{"517 ", 4}, REJECTION_POLICY},
		{{"534 ", 4}, REJECTION_CONTENT},
		{{"502 ", 4}, REJECTION_PROTOCOL},
		{{"554 Syntax error", 16}, REJECTION_PROTOCOL},
	};

	for (size_t i = 0; i < ORBL_COUNT(kinds); i++)
		if (text_has_prefix(reply, kinds[i].start))
			return kinds[i].kind;
	return REJECTION_OTHER;
}

/* "<S>", empty for the null sender. */
static bool
take_path(struct text *rest, struct text key, struct text *out)
{
	return scan_literal(rest, key) && scan_until(rest, '>', out) &&
		text_find_byte(*out, '<') == SIZE_MAX;
}

/* "513 Relaying denied." */
static bool
is_denial(struct text reply, enum denial_kind *kind)
{
	char class = reply.len != 0 ? reply.p[0] : '\0';
	int code;

	if ((class != '4' && class != '5') || !scan_number(&reply, 3, 3, &code) ||
		!scan_byte(&reply, ' '))
		return false;
	*kind = class == '4' ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
	return text_equal(reply, denied);
}

static void
skip_field(struct text *rest, struct text key)
{
	struct text t = *rest, value;

	if (!scan_literal(&t, key) || !scan_until(&t, ',', &value))
		return;
	scan_skip(rest, key.len + value.len);
}

enum parse_result
courier_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text rest = s->message, address;

	if (!scan_literal(&rest, TEXT("error,relay=")))
		return PARSE_SKIP;
	address = text_upto(rest, text_find_byte(rest, ','));
	rest = text_from(rest, address.len);
	skip_field(&rest, TEXT(",port="));
	skip_field(&rest, TEXT(",ident="));
	if (scan_literal(&rest, TEXT(",msg=\""))) {
		state->rejection = kind_of(rest);
		return PARSE_REJECTION;
	}
	if (!take_path(&rest, TEXT(",from=<"), &out->sender) ||
		!take_path(&rest, TEXT(",to=<"), &out->recipient) ||
		!scan_literal(&rest, TEXT(": ")))
		return PARSE_REJECTION;
	out->reply = rest;
	if (!is_denial(rest, &out->kind)) {
		state->rejection = kind_of(rest);
		return PARSE_REJECTION;
	}
	if (addr_parse(address, &out->client) == OK)
		return PARSE_DENIAL;
	state->reason = "Courier refused a relay attempt of a client without an address";
	return PARSE_BAD;
}
