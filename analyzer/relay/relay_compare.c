#include "relay_compare.h"

#include <string.h>

#define DIFFERENT RELAY_AGREEMENT_DIFFERENT
#define UNKNOWN   RELAY_AGREEMENT_UNKNOWN
#define EQUAL     RELAY_AGREEMENT_EQUAL

static const struct relay_comparison comparisons[RELAY_OUTLOOK_COUNT][RELAY_FOUND_NOTHING] = {
	[RELAY_OUTLOOK_RELAYED] =
		{
			[RELAY_FOUND_RELAYED] = {EQUAL, ""},
			[RELAY_FOUND_BOUNCED] = {DIFFERENT, "it bounces what the policy relays"},
			[RELAY_FOUND_ACCEPTED] = {UNKNOWN,
				"it was accepted, nothing has come back"},
			[RELAY_FOUND_REFUSED] = {DIFFERENT, "it refuses what the policy relays"},
			[RELAY_FOUND_UNCLEAR] = {UNKNOWN, "it got no final answer"},
		},
	[RELAY_OUTLOOK_BOUNCED] =
		{
			[RELAY_FOUND_RELAYED] = {DIFFERENT, "it relays what the policy bounces"},
			[RELAY_FOUND_BOUNCED] = {EQUAL, ""},
			[RELAY_FOUND_ACCEPTED] = {UNKNOWN,
				"it was accepted, no bounce has come back"},
			[RELAY_FOUND_REFUSED] = {DIFFERENT,
				"it refuses what the policy accepts and then bounces"},
			[RELAY_FOUND_UNCLEAR] = {UNKNOWN, "it got no final answer"},
		},
	/* The policy knows no mailboxes: a refusal may well be of an unknown user. */
	[RELAY_OUTLOOK_LOCAL] =
		{
			[RELAY_FOUND_RELAYED] = {DIFFERENT,
				"it relays what the policy takes for local"},
			[RELAY_FOUND_BOUNCED] = {EQUAL,
				"a bounce for a mailbox that does not exist; refuse it at RCPT"},
			[RELAY_FOUND_ACCEPTED] = {EQUAL, ""},
			[RELAY_FOUND_REFUSED] = {EQUAL, ""},
			[RELAY_FOUND_UNCLEAR] = {UNKNOWN, "it got no final answer"},
		},
	[RELAY_OUTLOOK_DENIED] =
		{
			[RELAY_FOUND_RELAYED] = {DIFFERENT, "it relays although the policy denies"},
			[RELAY_FOUND_BOUNCED] = {DIFFERENT,
				"it accepts and bounces what the policy denies"},
			[RELAY_FOUND_ACCEPTED] = {DIFFERENT,
				"it accepts although the policy denies; whether it relays cannot "
				"be told, "
				"nothing has come back"},
			[RELAY_FOUND_REFUSED] = {EQUAL, ""},
			[RELAY_FOUND_UNCLEAR] = {UNKNOWN, "it got no final answer"},
		},
};

struct relay_comparison
relay_compare(enum relay_outlook predicted, enum relay_found found)
{
	if (found == RELAY_FOUND_NOTHING)
		return (struct relay_comparison){RELAY_AGREEMENT_NOT_ASKED, "it was not asked"};
	return comparisons[predicted][found];
}

const char *
relay_found_name(enum relay_found f)
{
	static const char *const names[RELAY_FOUND_COUNT] = {
		[RELAY_FOUND_RELAYED] = "relayed",
		[RELAY_FOUND_BOUNCED] = "bounced",
		[RELAY_FOUND_ACCEPTED] = "accepted",
		[RELAY_FOUND_REFUSED] = "refused",
		[RELAY_FOUND_UNCLEAR] = "unclear",
		[RELAY_FOUND_NOTHING] = "not asked",
	};

	return names[f];
}

const char *
relay_agreement_name(enum relay_agreement m)
{
	static const char *const names[RELAY_AGREEMENT_COUNT] = {
		[RELAY_AGREEMENT_DIFFERENT] = "different",
		[RELAY_AGREEMENT_UNKNOWN] = "cannot tell",
		[RELAY_AGREEMENT_EQUAL] = "equal",
		[RELAY_AGREEMENT_NOT_ASKED] = "not compared",
	};

	return names[m];
}

/* First digit of a reply, which may follow what was refused ("MAIL FROM: 553 ..."); '\0' none. */
static char
reply_class(const char *reply)
{
	static const struct text mail = {"MAIL FROM: ", 11};
	struct text t = text_of(reply);

	if (text_has_prefix(t, mail))
		t = text_from(t, mail.len);
	return t.len >= 3 ? t.p[0] : '\0';
}

static enum relay_found
find_in_replies(const struct relay_seen *seen)
{
	char rcpt = reply_class(seen->rcpt_reply), data = reply_class(seen->data_reply);
	char last = data != '\0' ? data : rcpt;
	const char *text = data != '\0' ? seen->data_reply : seen->rcpt_reply;

	/* 530 wants STARTTLS first: no word on relaying. */
	if (last == '5' && strstr(text, "STARTTLS") == NULL)
		return RELAY_FOUND_REFUSED;
	if (data == '2')
		return RELAY_FOUND_ACCEPTED;
	return last == '\0' ? RELAY_FOUND_NOTHING : RELAY_FOUND_UNCLEAR;
}

static enum relay_found
find_in_answer(const struct relay_seen *seen)
{
	static const struct {
		const char *answer;
		enum relay_found found;
	} rows[] = {
		{"accepted", RELAY_FOUND_ACCEPTED},
		{"refused", RELAY_FOUND_REFUSED},
		{"temporary", RELAY_FOUND_UNCLEAR},
		{"broken", RELAY_FOUND_UNCLEAR},
	};

	for (size_t i = 0; seen->answer != NULL && i < ORBL_COUNT(rows); i++)
		if (strcmp(seen->answer, rows[i].answer) == 0)
			return rows[i].found;
	return find_in_replies(seen);
}

enum relay_found
relay_compare_find(const struct relay_seen *seen)
{
	enum relay_found found = find_in_answer(seen);

	if (seen->arrived)
		return RELAY_FOUND_RELAYED;
	return found == RELAY_FOUND_ACCEPTED && seen->bounced ? RELAY_FOUND_BOUNCED : found;
}
