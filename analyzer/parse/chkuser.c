#include "chkuser.h"

#include "scan.h"

/* Nothing says that a line was cut: splogger does it behind 799 bytes, others behind 1000 or
 * 1024, and what is left can end as a client wants it. */
enum { WHOLE_MAX = 700 };

static const struct text reply = {"client not allowed to relay", 27};

static const struct {
	struct text start, end;
	enum rejection_kind kind;
} kinds[] = {
	{{"rejected rcpt: ", 15}, {"not existing recipient", 22}, REJECTION_UNKNOWN_USER},
	{{"rejected rcpt: ", 15}, {"max number of recipients", 24}, REJECTION_RATE},
	{{"rejected rcpt: ", 15}, {"max number of invalid recipients", 32}, REJECTION_RATE},
	{{"rejected rcpt: ", 15}, {"invalid rcpt address format", 27}, REJECTION_PROTOCOL},
	{{"rejected rcpt: ", 15}, {"", 0}, REJECTION_POLICY},
	{{"rejected sender: ", 17}, {"invalid sender address format", 29}, REJECTION_PROTOCOL},
	{{"rejected sender: ", 17}, {"", 0}, REJECTION_POLICY},
	{{"rejected intrusion: ", 20}, {"", 0}, REJECTION_RATE},
	{{"must auth: ", 11}, {"", 0}, REJECTION_AUTHENTICATION},
	{{"mbx overquota: ", 15}, {"", 0}, REJECTION_OTHER},
	{{"no auth resource: ", 18}, {"", 0}, REJECTION_OTHER},
	{{"rejected ", 9}, {"", 0}, REJECTION_OTHER},
};

/* What stands in front of the one place of key; *t is then what stands behind it. */
static bool
split_once(struct text *t, struct text key, struct text *before)
{
	size_t at = text_find(*t, key);

	if (at == SIZE_MAX || at != text_rfind(*t, key))
		return false;
	*before = text_upto(*t, at);
	*t = text_from(*t, at + key.len);
	return true;
}

/* NAME may end in what could be the start of an IPv6 address, as ":" separates the two. What
 * clients have is global unicast (RFC 4291 section 2.4). */
static bool
take_ipv6(struct text t, size_t *at, struct addr *out)
{
	unsigned count = 0;

	for (size_t i = 0; i < t.len && count < 2; i++) {
		struct text rest = text_from(t, i + 1);
		struct addr a;

		if (t.p[i] != ':' || rest.len == 0 || rest.len >= ADDR_TEXT ||
			(rest.p[0] != '2' && rest.p[0] != '3') || addr_parse(rest, &a) != OK)
			continue;
		*at = i;
		*out = a;
		count++;
	}
	return count == 1;
}

/* "HELO:NAME:ADDR": where ADDR's colon is. */
static bool
find_address(struct text t, size_t *at, struct addr *out)
{
	*at = text_rfind(t, TEXT(":"));
	if (*at == SIZE_MAX)
		return false;
	if (addr_parse(text_from(t, *at + 1), out) == OK &&
		text_find_byte(text_from(t, *at + 1), '.') != SIZE_MAX)
		return true;
	return take_ipv6(t, at, out);
}

/* Names whose ends cannot be told are left out. */
static void
set_names(struct text t, struct denial *out)
{
	struct text helo;

	if (text_has_prefix(t, TEXT("helo:")) && text_has_suffix(t, TEXT("|remotehostip"))) {
		t = text_from(text_upto(t, t.len - 13), 5);
		if (!split_once(&t, TEXT("|remotehostname:"), &helo))
			return;
	} else if (!split_once(&t, TEXT(":"), &helo)) {
		return;
	}
	if (helo.len != 0)
		out->helo = helo;
	if (t.len != 0 && !text_equal(t, TEXT("unknown")))
		out->client_name = t;
}

static void
set_sender(struct text t, struct denial *out)
{
	struct text info, sender;

	if (split_once(&t, TEXT("|remoteinfo/auth:"), &sender)) {
		out->sender = sender;
		return;
	}
	if (!scan_until(&t, ':', &sender) || !scan_until(&t, ':', &info) ||
		text_find_byte(t, ':') != SIZE_MAX)
		return;
	out->sender = sender;
}

static enum parse_result
parse_relaying(struct text t, struct denial *out)
{
	struct text sender, client;
	size_t at;

	if (t.len > WHOLE_MAX || !scan_literal(&t, TEXT("from <")) ||
		!split_once(&t, TEXT("> remote <"), &sender) ||
		!split_once(&t, TEXT("> rcpt <"), &client) ||
		!split_once(&t, TEXT("> : "), &out->recipient) || !text_equal(t, reply) ||
		!find_address(client, &at, &out->client))
		return PARSE_REJECTION;
	set_names(text_upto(client, at), out);
	set_sender(sender, out);
	out->reply = reply;
	out->kind = DENIAL_RELAY;
	return PARSE_DENIAL;
}

enum parse_result
chkuser_parse(struct text t, struct parse_state *state, struct denial *out)
{
	if (scan_literal(&t, TEXT("rejected relaying: ")))
		return parse_relaying(t, out);
	for (size_t i = 0; i < ORBL_COUNT(kinds); i++) {
		if (!text_has_prefix(t, kinds[i].start) || !text_has_suffix(t, kinds[i].end))
			continue;
		state->rejection = kinds[i].kind;
		return PARSE_REJECTION;
	}
	return PARSE_SKIP;
}
