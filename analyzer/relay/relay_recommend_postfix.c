#include <string.h>
#include <strings.h>

#include "relay_postfix.h"
#include "relay_recommend.h"

/* As main.cf says it, unexpanded; NULL: not there. */
static const char *
assigned(const struct relay_question *q, const char *name)
{
	const struct relay_assignment *a = relay_postfix_find(q->policy->postfix, text_of(name));

	return a != NULL ? a->value : NULL;
}

static unsigned
line_of(const struct relay_question *q, const char *name)
{
	const struct relay_assignment *a = relay_postfix_find(q->policy->postfix, text_of(name));

	return a != NULL ? a->line : 0;
}

static bool
is_empty(const char *value)
{
	return text_trim(text_of(value)).len == 0;
}

static bool
is_yes(const struct relay_question *q, const char *name)
{
	return text_equal_nocase(text_trim(text_of(assigned(q, name))), TEXT("yes"));
}

static const struct relay_rule *
find_in(const struct relay_rules *list, const char *const words[])
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; words[k] != NULL; k++)
			if (strcasecmp(list->items[i].word, words[k]) == 0)
				return &list->items[i];
	return NULL;
}

/* The first restriction of these names; NULL: none. */
static const struct relay_rule *
find_rule(const struct relay_question *q, const char *const words[])
{
	const struct relay_postfix *pf = q->policy->postfix;
	const struct relay_rule *found = NULL;

	for (size_t i = 0; i < STAGE_COUNT && found == NULL; i++)
		found = find_in(&pf->stages[i], words);
	for (size_t i = 0; i < pf->class_count && found == NULL; i++)
		found = find_in(&pf->classes[i], words);
	return found;
}

/* What Postfix is able to do, used here or not. */
static enum relay_met
say_able(const struct relay_question *q, const char *const words[])
{
	const struct relay_rule *r = find_rule(q, words);

	if (r != NULL)
		return relay_recommend_say(q, RELAY_MET_YES, NULL, "%s is in use (line %u).",
			r->word, r->line);
	return relay_recommend_say(q, RELAY_MET_YES, NULL, "Postfix can (%s); it is not in use.",
		words[0]);
}

enum relay_met
relay_postfix_dialogue(const struct relay_question *q)
{
	const char *locals = assigned(q, "local_recipient_maps");
	const char *relayed = assigned(q, "relay_recipient_maps");

	if (q->audit->outlooks[RELAY_OUTLOOK_BOUNCED] != 0)
		return relay_recommend_dialogue(q);
	if (locals != NULL && is_empty(locals))
		return relay_recommend_say(q, RELAY_MET_NO,
			"Take local_recipient_maps out, or name the tables of your users in it.",
			"local_recipient_maps is empty (line %u): mail for users who do not exist "
			"is accepted, then bounced.",
			line_of(q, "local_recipient_maps"));
	if (q->policy->postfix->domains[DOMAINS_RELAY].count != 0 &&
		(relayed == NULL || is_empty(relayed)))
		return relay_recommend_say(q, RELAY_MET_NO,
			"Name the tables of the users of relay_domains in relay_recipient_maps.",
			"There is no relay_recipient_maps: mail for users of relay_domains who do "
			"not exist is accepted, then bounced.");
	return relay_recommend_dialogue(q);
}

enum relay_met
relay_postfix_forms(const struct relay_question *q)
{
	if (q->policy->postfix->untrusted_routing)
		return relay_recommend_say(q, RELAY_MET_NO,
			"Take allow_untrusted_routing = yes out.",
			"allow_untrusted_routing is on (line %u): user%%other@domain goes to the "
			"server of a domain that this one relays for, which may send it on.",
			line_of(q, "allow_untrusted_routing"));
	return relay_recommend_forms(q);
}

enum relay_met
relay_postfix_received(const struct relay_question *q)
{
	return relay_recommend_say(q, RELAY_MET_YES, NULL,
		"Postfix writes the client's address, its name and what it said after HELO.");
}

enum relay_met
relay_postfix_logs(const struct relay_question *q)
{
	return relay_recommend_say(q, RELAY_MET_YES, NULL,
		"Postfix logs the client, sender and recipients of each message.");
}

enum relay_met
relay_postfix_refusals(const struct relay_question *q)
{
	const char *delay = assigned(q, "smtpd_delay_reject");

	if (delay != NULL && text_equal_nocase(text_trim(text_of(delay)), TEXT("no")))
		return relay_recommend_say(q, RELAY_MET_YES, NULL,
			"Postfix logs each refusal; with smtpd_delay_reject = no (line %u) some "
			"without sender and recipient.",
			line_of(q, "smtpd_delay_reject"));
	return relay_recommend_say(q, RELAY_MET_YES, NULL,
		"Postfix logs each refusal with client, sender and recipient.");
}

enum relay_met
relay_postfix_clients(const struct relay_question *q)
{
	static const char *const words[] = {"check_client_access", "reject_rbl_client",
		"check_client_mx_access", "check_client_ns_access", NULL};

	return say_able(q, words);
}

enum relay_met
relay_postfix_senders(const struct relay_question *q)
{
	static const char *const words[] = {"check_sender_access", "reject_rhsbl_sender",
		"check_sender_mx_access", NULL};

	return say_able(q, words);
}

enum relay_met
relay_postfix_rates(const struct relay_question *q)
{
	static const char *const names[] = {"smtpd_client_message_rate_limit",
		"smtpd_client_recipient_rate_limit", "smtpd_client_connection_rate_limit"};

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		if (assigned(q, names[i]) != NULL)
			return relay_recommend_say(q, RELAY_MET_YES, NULL, "%s is set (line %u).",
				names[i], line_of(q, names[i]));
	return relay_recommend_say(q, RELAY_MET_YES, NULL, "Postfix can (%s); it is not in use.",
		names[0]);
}

enum relay_met
relay_postfix_verify_domain(const struct relay_question *q)
{
	static const char *const words[] = {"reject_unknown_sender_domain",
		"reject_unverified_sender", NULL};

	return say_able(q, words);
}

enum relay_met
relay_postfix_verify_local(const struct relay_question *q)
{
	static const char *const words[] = {"reject_sender_login_mismatch",
		"reject_authenticated_sender_login_mismatch", "reject_known_sender_login_mismatch",
		"reject_unlisted_sender", NULL};

	return say_able(q, words);
}

enum relay_met
relay_postfix_vrfy(const struct relay_question *q)
{
	if (is_yes(q, "disable_vrfy_command"))
		return relay_recommend_say(q, RELAY_MET_YES, NULL,
			"VRFY is off (line %u); Postfix has no EXPN.",
			line_of(q, "disable_vrfy_command"));
	return relay_recommend_say(q, RELAY_MET_NO, "Set disable_vrfy_command = yes.",
		"VRFY is on for everybody; Postfix has no EXPN.");
}

enum relay_met
relay_postfix_etrn(const struct relay_question *q)
{
	const char *restrictions = assigned(q, "smtpd_etrn_restrictions");
	const char *domains = assigned(q, "fast_flush_domains");

	if (restrictions != NULL && !is_empty(restrictions))
		return relay_recommend_say(q, RELAY_MET_YES, NULL,
			"smtpd_etrn_restrictions is set (line %u).",
			line_of(q, "smtpd_etrn_restrictions"));
	if (domains != NULL ? is_empty(domains) :
			      q->policy->postfix->domains[DOMAINS_RELAY].count == 0)
		return relay_recommend_say(q, RELAY_MET_YES, NULL,
			"There is no domain in fast_flush_domains to ask for.");
	return relay_recommend_say(q, RELAY_MET_NO,
		"Set smtpd_etrn_restrictions = permit_mynetworks, reject.",
		"Everybody may ask for the queue of a domain of fast_flush_domains.");
}

enum relay_met
relay_postfix_codes(const struct relay_question *q)
{
	if (is_yes(q, "soft_bounce"))
		return relay_recommend_say(q, RELAY_MET_NO,
			"Take soft_bounce = yes out once the tests are done.",
			"soft_bounce (line %u) makes each refusal temporary: senders come again "
			"for days.",
			line_of(q, "soft_bounce"));
	return relay_recommend_say(q, RELAY_MET_YES, NULL,
		"reject and defer, and the *_reject_code parameters, give 5xx or 4xx.");
}
