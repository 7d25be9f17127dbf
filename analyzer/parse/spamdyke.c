#include "spamdyke.h"

#include "scan.h"
#include "tai_line.h"

/* Nothing says that a line was cut: splogger does it behind 799 bytes, others behind 1000 or
 * 1024, and what is left can end as a client wants it. */
enum { WHOLE_MAX = 700, PLACES_TRIED = 16 };

static const struct text unknown = {"(unknown)", 9};

static const struct {
	struct text word;
	enum rejection_kind kind;
} kinds[] = {
	{{"RBL_MATCH", 9}, REJECTION_BLOCKLIST},
	{{"RHSBL_MATCH", 11}, REJECTION_BLOCKLIST},
	{{"BLACKLIST_", 10}, REJECTION_BLOCKLIST},
	{{"SENDER_BLACKLISTED", 18}, REJECTION_BLOCKLIST},
	{{"RECIPIENT_BLACKLISTED", 21}, REJECTION_POLICY},
	{{"GRAYLISTED", 10}, REJECTION_GREYLIST},
	{{"INVALID_RECIPIENT", 17}, REJECTION_UNKNOWN_USER},
	{{"UNAVAILABLE_RECIPIENT", 21}, REJECTION_UNKNOWN_USER},
	{{"AUTH_REQUIRED", 13}, REJECTION_AUTHENTICATION},
	{{"RDNS_", 5}, REJECTION_POLICY},
	{{"IP_IN_", 6}, REJECTION_POLICY},
	{{"SENDER_", 7}, REJECTION_POLICY},
	{{"IDENTICAL_", 10}, REJECTION_POLICY},
	{{"ACCESS_DENIED", 13}, REJECTION_POLICY},
	{{"UNQUALIFIED_RECIPIENT", 21}, REJECTION_PROTOCOL},
	{{"EARLYTALKER", 11}, REJECTION_PROTOCOL},
	{{"ZERO_RECIPIENTS", 15}, REJECTION_PROTOCOL},
	{{"TOO_MANY_RECIPIENTS", 19}, REJECTION_RATE},
	{{"HEADER_BLACKLISTED", 18}, REJECTION_CONTENT},
};

bool
spamdyke_knows(const struct log_line *s)
{
	struct tai_line t;

	if (s->tag.len != 0)
		return text_equal(s->tag, TEXT("spamdyke"));
	return tai_line_parse(s, &t) && text_has_prefix(t.message, TEXT("spamdyke["));
}

static enum rejection_kind
kind_of(struct text word)
{
	for (size_t i = 0; i < ORBL_COUNT(kinds); i++)
		if (text_has_prefix(word, kinds[i].word))
			return kinds[i].kind;
	return REJECTION_OTHER;
}

/* "E[ reason: X]" to the end of the line, each one word. */
static bool
is_end(struct text t)
{
	struct text word, reason = {" reason: ", 9};
	size_t blank = text_find_byte(t, ' ');

	word = text_upto(t, blank);
	if (word.len == 0 || blank == SIZE_MAX)
		return word.len != 0;
	t = text_from(t, blank);
	return scan_literal(&t, reason) && t.len != 0 && text_find_byte(t, ' ') == SIZE_MAX;
}

/* "ADDR origin_rdns: NAME auth: USER encryption: E reason: X"; the last two since 4.1. NAME and
 * USER are left out when they hold what could be a field. */
static bool
take_origin(struct text t, struct denial *out)
{
	static const struct text auth = {" auth: ", 7}, encryption = {" encryption: ", 13};
	struct text address;
	size_t at, end;

	if (!scan_until(&t, ' ', &address) || addr_parse(address, &out->client) != OK ||
		!scan_literal(&t, TEXT("origin_rdns: ")))
		return false;
	at = text_find(t, auth);
	if (at == SIZE_MAX)
		return false;
	end = text_rfind(t, encryption);
	if (end == SIZE_MAX ? text_rfind(t, TEXT(" ")) != at + auth.len - 1 :
			      !is_end(text_from(t, end + encryption.len)))
		return false;
	if (at != text_rfind(t, auth) || end < at || end != text_find(t, encryption))
		return true;
	out->client_name = text_upto(t, at);
	out->account = text_from(text_upto(t, end), at + auth.len);
	if (text_equal(out->client_name, unknown))
		out->client_name = TEXT_NONE;
	if (text_equal(out->account, unknown))
		out->account = TEXT_NONE;
	return true;
}

/* The one place of " origin_ip: ". */
static bool
find_origin(struct text t, size_t *at, struct denial *out)
{
	static const struct text key = {" origin_ip: ", 12};
	unsigned count = 0, tried = 0;

	for (size_t from = 0, found; from < t.len && count < 2; from += found + 1) {
		struct denial d = {0};

		found = text_find(text_from(t, from), key);
		if (found == SIZE_MAX)
			break;
		if (++tried > PLACES_TRIED)
			return false;
		if (!take_origin(text_from(t, from + found + key.len), &d))
			continue;
		*at = from + found;
		*out = d;
		count++;
	}
	return count == 1;
}

static void
set_addresses(struct text t, struct denial *out)
{
	static const struct text key = {" to: ", 5};
	size_t to = text_find(t, key);

	if (to == SIZE_MAX || to != text_rfind(t, key))
		return;
	out->sender = text_upto(t, to);
	out->recipient = text_from(t, to + key.len);
	if (text_equal(out->sender, unknown))
		out->sender = TEXT_NONE;
	if (text_equal(out->recipient, unknown))
		out->recipient = TEXT_NONE;
}

/* An address has blanks only within quotes, so that a cut within one leaves a quote open. */
static bool
is_quote_open(struct text t)
{
	bool open = false;

	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			open = !open;
	}
	return open;
}

static enum parse_result
parse_relaying(struct text t, struct denial *out)
{
	size_t at;

	if (t.len > WHOLE_MAX || !scan_literal(&t, TEXT(" from: ")) || !find_origin(t, &at, out) ||
		is_quote_open(text_upto(t, at)))
		return PARSE_REJECTION;
	set_addresses(text_upto(t, at), out);
	out->reply = TEXT("DENIED_RELAYING");
	out->kind = out->account.p != NULL ? DENIAL_AUTHENTICATED : DENIAL_RELAY;
	return PARSE_DENIAL;
}

enum parse_result
spamdyke_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text t = s->message, word;
	struct tai_line line;

	if (tai_line_parse(s, &line)) {
		state->stamp = line.stamp;
		t = line.message;
		if (text_has_prefix(t, TEXT("spamdyke[")) && scan_until(&t, ' ', &word))
			(void)scan_byte(&t, ' ');
	}
	(void)scan_literal(&t, TEXT("INFO: "));
	if (!scan_literal(&t, TEXT("DENIED_")))
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("RELAYING")))
		return parse_relaying(t, out);
	state->rejection = kind_of(t);
	return PARSE_REJECTION;
}
