#include "event_exchange.h"

#include "event_message.h"
#include "scan.h"

enum { STRINGS_2000 = 6, STRINGS_55 = 4 };

static const struct text unable = {"550 5.7.1 Unable to relay", 25};

/* Virtual server, connection, client, command, reply, full command. */
static enum parse_result
judge_2000(const struct text *strings, struct event_facts *facts, struct parse_state *state)
{
	struct text reply = event_trim(strings[4]);

	if (reply.len == 0 || (reply.p[0] != '4' && reply.p[0] != '5'))
		return PARSE_SKIP;
	if (!text_has_prefix(reply, unable)) {
		state->rejection = rejection_of_reply(reply);
		return PARSE_REJECTION;
	}
	if (!text_equal_nocase(event_trim(strings[3]), TEXT("rcpt")))
		return PARSE_REJECTION;
	facts->of[EVENT_IP] = strings[2];
	facts->of[EVENT_REPLY] = reply;
	if (text_equal_nocase(text_upto(event_trim(strings[5]), 8), TEXT("RCPT TO:")))
		facts->of[EVENT_RECIPIENT] = strings[5];
	return PARSE_DENIAL;
}

static bool
take_count(struct text *rest)
{
	size_t n = 0;

	while (n < rest->len && scan_is_digit(rest->p[n]))
		n++;
	if (n == 0)
		return false;
	scan_skip(rest, n);
	return true;
}

/* The start of the English message, in which nothing but the address and the command varies; and
 * neither can hold what follows it here. */
static bool
take_head_2000(struct text *rest, struct text *client, struct text *command)
{
	return scan_literal(rest, TEXT("This is an SMTP protocol log for virtual server ID ")) &&
		take_count(rest) && scan_literal(rest, TEXT(", connection #")) &&
		take_count(rest) && scan_literal(rest, TEXT(". The client at \"")) &&
		scan_until(rest, '"', client) && scan_literal(rest, TEXT(" sent a \"")) &&
		scan_until(rest, '"', command) &&
		scan_literal(rest, TEXT(" command, and the SMTP server responded with \""));
}

/* REPLY ". The full command sent was "COMMAND". Both repeat the recipient, which may hold these
 * very words: then what is the recipient cannot be told. */
static void
split_tail_2000(struct text tail, struct text *reply, struct text *full)
{
	static const struct text middle = {"The full command sent was \"", 27};
	static const struct text end = {"This will probably cause the connection to fail", 47};
	size_t at = text_find(tail, middle), last = text_rfind(tail, end);

	if (at == SIZE_MAX || at != text_rfind(tail, middle) || last == SIZE_MAX ||
		last < at + middle.len) {
		*reply = text_upto(tail, unable.len);
		*full = TEXT_NONE;
		return;
	}
	*full = event_trim(text_from(text_upto(tail, last), at + middle.len));
	if (text_has_suffix(*full, TEXT("\".")))
		full->len -= 2;
	*reply = event_trim(text_upto(tail, at));
	if (text_has_suffix(*reply, TEXT("\".")))
		reply->len -= 2;
}

static enum parse_result
read_message_2000(struct text message, struct event_facts *facts, struct parse_state *state)
{
	struct text strings[STRINGS_2000] = {{NULL, 0}}, rest = event_trim(message);

	if (event_message_split(message, STRINGS_2000, strings))
		return judge_2000(strings, facts, state);
	if (!take_head_2000(&rest, &strings[2], &strings[3])) {
		if (text_find(message, TEXT("Unable to relay")) == SIZE_MAX)
			return PARSE_REJECTION;
		state->reason = "the event's message is not in English: export the log as .evt, "
				".evtx or XML, which hold the client's address apart";
		return PARSE_BAD;
	}
	if (!text_has_prefix(rest, unable)) {
		state->rejection = rejection_of_reply(rest);
		return PARSE_REJECTION;
	}
	split_tail_2000(rest, &strings[4], &strings[5]);
	return judge_2000(strings, facts, state);
}

enum parse_result
event_exchange_2000(const struct event_record *e, struct event_facts *facts,
	struct parse_state *state)
{
	struct text strings[STRINGS_2000];

	if (e->string_count == 0)
		return read_message_2000(e->message, facts, state);
	if (e->string_count < STRINGS_2000)
		return PARSE_SKIP;
	for (size_t i = 0; i < STRINGS_2000; i++)
		strings[i] = e->strings[i].value;
	return judge_2000(strings, facts, state);
}

/* Outbound connections, and other matters of the Internet Mail Service (their KB articles). */
static bool
is_other_55(uint32_t id)
{
	static const uint32_t ids[] = {2000, 2003, 3010, 3011, 3039, 4031, 4116, 4117};

	for (size_t i = 0; i < ORBL_COUNT(ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool
is_mailbox(struct text t)
{
	size_t at;

	t = event_path(t);
	at = text_rfind(t, TEXT("@"));
	if (at == SIZE_MAX || at == 0 || at + 1 == t.len)
		return false;
	for (size_t i = at + 1; i < t.len; i++) {
		char c = t.p[i];

		if (!scan_is_alnum(c) && c != '.' && c != '-' && c != '_' && c != '[' && c != ']' &&
			c != ':' && (unsigned char)c < 0x80)
			return false;
	}
	return true;
}

/* KB Q193922: the address of the sending host, its name if it is known, the account if one was
 * used, the recipient. */
static enum parse_result
judge_55(const struct text *strings, struct event_facts *facts)
{
	struct addr client;

	if (!event_address(strings[0], &client) || !is_mailbox(strings[3]))
		return PARSE_SKIP;
	facts->of[EVENT_IP] = strings[0];
	facts->of[EVENT_HOST] = strings[1];
	facts->of[EVENT_ACCOUNT] = strings[2];
	facts->of[EVENT_RECIPIENT] = strings[3];
	return PARSE_DENIAL;
}

/* No public text gives the message. What Windows writes without its text has the strings with
 * commas between: as any event of this source is taken, one string of a client may look like all
 * four. */
static enum parse_result
read_message_55(struct text message, struct event_facts *facts, struct parse_state *state)
{
	struct text strings[STRINGS_55];

	if (event_message_split(message, STRINGS_55, strings) &&
		judge_55(strings, facts) == PARSE_DENIAL) {
		state->reason = "an event of MSExchangeIMC that may be about relaying, without its "
				"text: give the log itself (.evt), which holds its strings apart";
		return PARSE_BAD;
	}
	if (text_find(message, TEXT("relay")) == SIZE_MAX &&
		text_find(message, TEXT("Relay")) == SIZE_MAX)
		return PARSE_SKIP;
	state->reason = "an event of MSExchangeIMC about relaying, as text: give the log itself "
			"(.evt), which holds the client's address apart";
	return PARSE_BAD;
}

enum parse_result
event_exchange_55(const struct event_record *e, struct event_facts *facts,
	struct parse_state *state)
{
	struct text strings[STRINGS_55];

	if (is_other_55(e->id))
		return PARSE_SKIP;
	if (e->string_count == 0)
		return read_message_55(e->message, facts, state);
	if (e->string_count != STRINGS_55)
		return PARSE_SKIP;
	for (size_t i = 0; i < STRINGS_55; i++)
		strings[i] = e->strings[i].value;
	return judge_55(strings, facts);
}

enum parse_result
event_exchange_login(const struct event_record *e, struct event_facts *facts,
	struct parse_state *state)
{
	(void)e;
	(void)facts;
	state->rejection = REJECTION_AUTHENTICATION;
	return PARSE_REJECTION;
}
