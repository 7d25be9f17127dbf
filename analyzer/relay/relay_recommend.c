#include "relay_recommend.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay_describe.h"
#include "relay_model.h"

/* --- what to change ----------------------------------------------------------- */

#define PARAMETERS "MSExchangeIMC\\Parameters"

static const struct {
	const char *rule, *text;
} remedies[] = {
	{"version below 5.0",
		"Version 4.0 cannot be secured: upgrade to 5.5 with SP3, or let a "
		"server that can deny relaying take the mail of strangers."},
	{"version 5.0 with POP3/IMAP4",
		"Turn POP3 and IMAP4 support off, and set RelayFlags; or "
		"upgrade to 5.5 with SP3."},
	{"encapsulated address", "Install SP3 of Exchange 5.5, or the fix of MS99-027."},
	{"Do not reroute",
		"Routing page: choose Reroute incoming SMTP mail, make each of your "
		"domains inbound, and set RelayFlags to 2, so that others are "
		"refused at RCPT."},
	{"not set",
		"Under " PARAMETERS " set RelayFlags (REG_DWORD) to 2 and write into "
		"RelayAllowList who may relay; with an empty list nobody may. Then restart the "
		"Internet Mail Service."},
	{"RelayFlags exactly 1",
		"RelayFlags 1 lets everybody relay but the deny list: set it to 3, "
		"and write into RelayAllowList who may relay."},
	{"RelayAllowList", "Narrow this line of RelayAllowList, or take it out."},
	{"RelayLocalIPList",
		"Take this address out of RelayLocalIPList, or keep strangers from "
		"connecting to it."},
	{"permit_mynetworks", "Narrow mynetworks: this entry holds strangers."},
	{"permit", "Write reject_unauth_destination in front of this permit."},
	{"permit_auth_destination", "Take the domain out of the list of domains; name yours only."},
	{"check_relay_domains", "Take the domain out of the list of domains; name yours only."},
	{"relay domain", "Name in relay_domains only the domains that you relay for."},
	{"local domain", "Name only your own domains in this list."},
	{"check_client_access",
		"Change this entry of the table, or write "
		"reject_unauth_destination in front of the check."},
	{"check_helo_access",
		"A client may say any name after HELO: change this entry, or write "
		"reject_unauth_destination in front of the check."},
	{"check_sender_access",
		"A sender's address can be forged: change this entry, or write "
		"reject_unauth_destination in front of the check."},
	{"check_recipient_access",
		"Change this entry of the table, or write "
		"reject_unauth_destination in front of the check."},
	{"allow_untrusted_routing", "Take allow_untrusted_routing = yes out."},
	{RELAY_RULE_FATAL,
		"Write reject_unauth_destination in front of any permit, and without "
		"warn_if_reject."},
	{"end of smtpd_relay_restrictions",
		"End smtpd_relay_restrictions with reject_unauth_destination."},
	{"end of smtpd_recipient_restrictions",
		"Write reject_unauth_destination into smtpd_recipient_restrictions, or better "
		"into smtpd_relay_restrictions."},
};

const char *
relay_audit_remedy(const struct relay_decision *d)
{
	for (size_t i = 0; i < ORBL_COUNT(remedies); i++)
		if (strcmp(remedies[i].rule, d->rule) == 0)
			return remedies[i].text;
	return "Change the line that decided, so that strangers do not match it.";
}

/* --- questions ------------------------------------------------------------------ */

enum relay_met
relay_recommend_say(const struct relay_question *q, enum relay_met met, const char *remedy,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(q->out->why, sizeof(q->out->why), fmt, ap);
	va_end(ap);
	q->out->remedy = remedy;
	return met;
}

static const struct relay_audit_case *
first_with(const struct relay_audit *a, enum relay_outlook outlook)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->cases[i].outlook == outlook)
			return &a->cases[i];
	return NULL;
}

enum relay_met
relay_recommend_dialogue(const struct relay_question *q)
{
	const struct relay_audit_case *c = first_with(q->audit, RELAY_OUTLOOK_BOUNCED);

	if (c == NULL)
		return relay_recommend_say(q, RELAY_MET_YES, NULL,
			"No test is accepted to be bounced later.");
	return relay_recommend_say(q, RELAY_MET_NO, relay_audit_remedy(&c->decision),
		"Tests that are accepted, then bounced to a sender who may be forged: %zu (%s).",
		q->audit->outlooks[RELAY_OUTLOOK_BOUNCED], c->decision.rule);
}

/* An address in the list to which strangers may connect, NULL: none. */
static const struct relay_line *
find_open_door(const struct relay_question *q)
{
	const struct relay_policy *p = q->policy;
	const struct relay_list *list = &p->lists[RELAY_LIST_LOCAL_IP];

	if (p->dialect != RELAY_DIALECT_IMS || q->audit->local.family != 0 || p->ip_forwarding ||
		(p->flags & RELAY_FLAG_LOCAL_IP) == 0)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		if ((list->lines[i].net & ~list->lines[i].mask) == 0)
			return &list->lines[i];
	return NULL;
}

/* RFC 2505 section 2.1 */
static enum relay_met
ask_relay(const struct relay_question *q)
{
	const struct relay_audit_case *c = first_with(q->audit, RELAY_OUTLOOK_RELAYED);
	const struct relay_line *door = find_open_door(q);

	if (c != NULL)
		return relay_recommend_say(q, RELAY_MET_NO, relay_audit_remedy(&c->decision),
			"Tests that are relayed for a stranger: %zu, the first is %s (%s).",
			q->audit->outlooks[RELAY_OUTLOOK_RELAYED], c->row->id, c->decision.rule);
	if (q->audit->forgery_count != 0)
		return relay_recommend_say(q, RELAY_MET_NO,
			relay_audit_remedy(&q->audit->forgeries[0].decision),
			"It relays for %.120s (%s).", q->audit->forgeries[0].who,
			q->audit->forgeries[0].decision.rule);
	if (door != NULL)
		return relay_recommend_say(q, RELAY_MET_UNKNOWN,
			"Ask again with --local and the address that strangers reach.",
			"Who connects to %s may relay (RelayLocalIPList, line %u); this file does "
			"not say whether strangers can.",
			door->text, door->line);
	if (q->audit->not_judged_count != 0)
		return relay_recommend_say(q, RELAY_MET_UNKNOWN,
			"Look at each thing that is not judged.",
			"No test is relayed for a stranger by what could be judged; not judged: "
			"%zu, the first is %.100s.",
			q->audit->not_judged_count, q->audit->not_judged[0].what);
	return relay_recommend_say(q, RELAY_MET_YES, NULL, "No test is relayed for a stranger.");
}

static bool
is_plain(const struct probe_case *row)
{
	return strcmp(row->rcpt_to, probe_case_by_number(1)->rcpt_to) == 0;
}

/* Is it relayed for its recipient's form, and not because the same sender may relay anyhow? */
static bool
is_relayed_for_form(const struct relay_audit *a, const struct relay_audit_case *c)
{
	if (c->outlook != RELAY_OUTLOOK_RELAYED || is_plain(c->row))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (is_plain(a->cases[i].row) && a->cases[i].outlook == RELAY_OUTLOOK_RELAYED &&
			strcmp(a->cases[i].row->mail_from, c->row->mail_from) == 0)
			return false;
	return true;
}

static bool
is_open_to_all(const struct relay_audit *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->cases[i].row->number == 1)
			return a->cases[i].outlook == RELAY_OUTLOOK_RELAYED;
	return false;
}

/* RFC 2505 section 2.1: the forms are removed before the test, or tested too. */
enum relay_met
relay_recommend_forms(const struct relay_question *q)
{
	const struct relay_audit *a = q->audit;

	if (is_open_to_all(a))
		return relay_recommend_say(q, RELAY_MET_UNKNOWN, NULL,
			"Plain addresses are relayed: nothing needs to be hidden.");
	for (size_t i = 0; i < a->count; i++) {
		const struct relay_audit_case *c = &a->cases[i];

		if (is_relayed_for_form(a, c))
			return relay_recommend_say(q, RELAY_MET_NO,
				relay_audit_remedy(&c->decision), "%s is relayed (%s): %s.",
				c->row->id, c->decision.rule, c->row->finds);
	}
	if (!a->knows_domains)
		return relay_recommend_say(q, RELAY_MET_UNKNOWN,
			"Write the local domains into orbl's own form and audit that.",
			"No local domain is known, so what hides behind one was not seen.");
	return relay_recommend_say(q, RELAY_MET_YES, NULL,
		"No form of address gets past the rules.");
}

/* Is mail to a local domain taken from this sender? */
static enum relay_met
ask_sender(const struct relay_question *q, const char *sender, const char *name)
{
	const char *domain = relay_describe_domain(q->policy, 0);
	struct relay_request request = {.client = q->audit->client,
		.local = q->audit->local,
		.sender = text_of(sender)};
	struct relay_decision d;
	char recipient[320];

	if (domain == NULL)
		return relay_recommend_say(q, RELAY_MET_UNKNOWN, NULL, "No local domain is known.");
	snprintf(recipient, sizeof(recipient), "postmaster@%.300s", domain);
	request.recipient = text_of(recipient);
	d = relay_policy_decide(q->policy, &request);
	if (d.answer == RELAY_LOCAL || d.answer == RELAY_PERMIT)
		return relay_recommend_say(q, RELAY_MET_YES, NULL, "Mail from %s to %s is taken.",
			name, recipient);
	return relay_recommend_say(q, RELAY_MET_NO,
		strcmp(d.rule, RELAY_RULE_FATAL) == 0 ?
			relay_audit_remedy(&d) :
			"Take the rule out that refuses it, or let it see relaying only.",
		"Mail from %s to %.80s is refused (%s).", name, recipient, d.rule);
}

/* RFC 2505 section 2.6.1 */
static enum relay_met
ask_null_sender(const struct relay_question *q)
{
	return ask_sender(q, "", "<>");
}

/* RFC 2505 section 2.6.2 */
static enum relay_met
ask_local_sender(const struct relay_question *q)
{
	const char *domain = relay_describe_domain(q->policy, 0);
	char sender[320];

	snprintf(sender, sizeof(sender), "user@%.300s", domain != NULL ? domain : "");
	return ask_sender(q, sender, "a sender of a local domain");
}

/* --- the table -------------------------------------------------------------------- */

#define EACH(fn)                                                                                   \
	{                                                                                          \
		fn, fn                                                                             \
	}

/* By dialect. Of one without a function the settings do not speak of such things; the hint, of
 * the IMS, says where to look then. */
static const struct recommendation {
	const char *id, *text;
	relay_ask_fn *ask[RELAY_DIALECT_POSTFIX + 1];
	const char *hint;
} recommendations[] = {
	{"1.5", "refuse in the SMTP dialogue", {relay_recommend_dialogue, relay_postfix_dialogue},
		NULL},
	{"2.1", "relay for authorized clients only", EACH(ask_relay), NULL},
	{"2.1 forms", "see through routes, % and !", {relay_recommend_forms, relay_postfix_forms},
		NULL},
	{"2.2", "write Received: lines that can be traced", {NULL, relay_postfix_received},
		"Look at the header of a message that came through: it must have the client's "
		"address."},
	{"2.3", "keep logs that can be traced", {NULL, relay_postfix_logs},
		"Set diagnostics logging of SMTP Interface Events to minimum or higher."},
	{"2.4", "log what is refused", {NULL, relay_postfix_refusals},
		"Set diagnostics logging of SMTP Interface Events to minimum or higher: each "
		"denial "
		"becomes an event."},
	{"2.5", "be able to refuse mail from a host", {NULL, relay_postfix_clients},
		"Connections page, Accept Connections; RelayDenyList denies relaying only."},
	{"2.6.1", "do not refuse MAIL FROM:<>", EACH(ask_null_sender), NULL},
	{"2.6.2", "do not refuse senders of local domains", EACH(ask_local_sender), NULL},
	{"2.7", "be able to refuse mail by its sender", {NULL, relay_postfix_senders},
		"Connections page, Message Filtering."},
	{"2.8", "be able to limit the rate of mail", {NULL, relay_postfix_rates},
		"Connections page: limits of connections."},
	{"2.9", "be able to verify the sender's domain", {NULL, relay_postfix_verify_domain},
		"Try MAIL FROM by hand with a domain that does not exist."},
	{"2.10", "be able to verify local senders", {NULL, relay_postfix_verify_local},
		"Connections page: clients can only submit if the account matches the submission "
		"address."},
	{"2.11", "control VRFY and EXPN", {NULL, relay_postfix_vrfy}, "Try VRFY and EXPN by hand."},
	{"2.12", "control ETRN", {NULL, relay_postfix_etrn}, "Try ETRN by hand."},
	{"2.13", "return codes that tell temporary from final", {NULL, relay_postfix_codes},
		"Denied relaying is answered 550, for good; other refusals are not in this file."},
};
_Static_assert(ORBL_COUNT(recommendations) <= RELAY_ADVICE_MAX, "advice has room for each row");

static void
advise(const struct relay_policy *p, struct relay_audit *a, const struct recommendation *row)
{
	struct relay_advice *out = &a->advice[a->advice_count++];
	const struct relay_question q = {p, a, out};
	relay_ask_fn *ask = row->ask[p->dialect];

	out->id = row->id;
	out->text = row->text;
	out->silent = ask == NULL;
	out->met = ask != NULL ? ask(&q) :
				 relay_recommend_say(&q, RELAY_MET_UNKNOWN, row->hint,
					 "The relay settings of an IMS do not say.");
}

void
relay_recommend(const struct relay_policy *p, struct relay_audit *a)
{
	for (size_t i = 0; i < ORBL_COUNT(recommendations); i++)
		advise(p, a, &recommendations[i]);
}
