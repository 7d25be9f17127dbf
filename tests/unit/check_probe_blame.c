#include "probe_blame.h"

#include <stdio.h>
#include <string.h>

#include <orbl/compiler.h>

#include "unit.h"

/* --- replies that refuse us as a client ----------------------------------------- */

static const char *const of_client[] = {
	/* Postfix */
	"554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
	"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
	"https://www.spamhaus.org/query/ip/192.0.2.1",
	"550 5.7.1 <relay-test.example.org>: Helo command rejected: Host not found",
	"554 5.7.1 Service unavailable; Client host [2001:db8::1] blocked using bl.spamcop.net",
	/* Barracuda, the list and the appliance */
	"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
	"b.barracudacentral.org",
	"554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; "
	"http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1",
	/* Outlook, Exchange Online */
	"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
	"Internet service provider since part of their network is on our block list (S3140).",
	"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
	"Internet service provider since part of their network is on our block list (S3150).",
	"550 5.7.606 Access denied, banned sending IP [192.0.2.1]; see http://x.example/ for info",
	/* Cisco IronPort */
	"554 Your access to this mail system has been rejected due to the sending MTA's poor "
	"reputation. If you believe that this failure is in error, please contact the recipient",
	/* Exim */
	"550 rejected because 192.0.2.1 is in a black list at zen.spamhaus.org / Listed by SBL",
	"550 JunkMail rejected - host.example [192.0.2.1]:4711 is in an RBL: see x",
	"550 Host 192.0.2.1 is blacklisted.",
	/* Sendmail */
	"550 5.7.1 Rejected: 192.0.2.1 listed at dnsbl.sorbs.net",
	"553 5.3.0 Spam blocked see: http://spamcop.net/bl.shtml?192.0.2.1, listed in "
	"bl.spamcop.net",
	/* Domino */
	"554 Your host relay-test.example.org was found in the DNS Blacklist at zen.spamhaus.org",
	/* qmail and rblsmtpd heirs, GroupWise, MailEnable */
	"550 Mail from 192.0.2.1 refused, see RBL server dnsbl-1.uceprotect.net",
	"550 5.7.1 Mail refused: host is listed by psbl.surriel.com",
	"571 Blocked: [192.0.2.1] is blocklisted",
	"550 This system is configured to reject mail from 192.0.2.1 (DNS blacklist)",
	/* what is repeated of our paths is nothing against it */
	"550 <x%user.example@[192.0.2.9]>: 192.0.2.1 is listed in zen.spamhaus.org",
};

/* --- replies that do not --------------------------------------------------------- */

static const char *const of_relaying[] = {
	"550 relaying denied: domain not listed in relay-domains",
	"550 User not listed in Domino Directory",
	"550 5.1.1 <x@probe.test>... User not listed in public Name & Address Book",
	"550 5.7.1 Unable to relay for x@probe.test; host is not listed in the relay table",
	"554 Relay rejected for policy reasons.",
	"554 5.7.1 <x@probe.test>: Relay access denied",
	"554 5.7.1 <x%probe.test@[192.0.2.9]>: Recipient address rejected: not listed in aliases",
	"550 5.7.1 <x@probe.test>... Relaying denied. IP name lookup failed [192.0.2.1]",
	"550 5.7.1 <x@probe.test>... Relaying denied. Proper authentication required.",
	"550 192.0.2.1 is not permitted to relay: clients must be listed in /etc/mail/access",
	"550 192.0.2.1: relaying only for hosts listed in relay-hosts",
	"550 5.7.1 Access denied",
	"550-host.example [192.0.2.1] is currently not permitted to relay through this server.",
	"550 relay not permitted",
	"550 5.7.1 Unable to relay",
	"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
	("503 This mail server requires authentication when attempting to send to a non-local "
	 "e-mail address. Please check your mail client settings"),
	"550 Requested action not taken: mailbox 192.0.2.1 is blacklisted",
	"550 5.1.0 recipient is listed in the suppression list of 192.0.2.1",
	"550 This user is listed by mail.spamfilter.example as gone",
	"550 5.1.1 <x@bl.example>: not listed in directory",
	"550 recipient rejected; domain blacklisted",
	"550 domain not listed on this server",
	"550 the domain is listed in no table here",
	"550 <\"x@listed in 192.0.2.1\"@mx.example>: no such place",
	"550 5.7.1 192.0.2.1 not blacklisted, but no",
	"550 unlisted in zen.spamhaus.org",
	"550 marbleworks 192.0.2.1",
	"571 <x@probe.test> we do not relay",
	"550",
	"",
	"550 <",
	"550 listed in",
	"550 listed in <",
	"550 listed in 5.7.1 300.1.2.3 mx-1.2.3.4.example",
};

START_TEST(client)
{
	ck_assert_msg(probe_blame_client(of_client[_i]), "%s", of_client[_i]);
}
END_TEST

START_TEST(relaying)
{
	ck_assert_msg(!probe_blame_client(of_relaying[_i]), "%s", of_relaying[_i]);
}
END_TEST

/* --- senders ------------------------------------------------------------------ */

static const struct {
	const char *text;
	bool blamed;
} senders[] = {
	{"450 4.1.8 <x@nosuch.probe.test>: Sender address rejected: Domain not found", true},
	{"450 4.1.7 <x@h.example>: Sender address rejected: unverified address: Address "
	 "verification in progress",
		true},
	{"451 4.1.8 Domain of sender address x@nosuch.probe.test does not resolve", true},
	{"451 Could not complete sender verify callout", true},
	{"450 <x@probe.test>: Sender address rejected: Greylisted", false},
	{"450 4.7.1 <x@probe.test>: Sender address rejected: Grey list, not found yet", false},
	{"450 4.2.0 Sender address rejected: not verified, try again later", false},
	{"450 4.7.1 Sender address rejected: not found by policy", false},
	{"450 4.2.0 <x@verify.test>: Sender address rejected: wait", false},
	{"451 4.7.1 Greylisting in action, please come back later", false},
	{"450 4.2.0 Mailbox busy", false},
	{"", false},
};

START_TEST(sender)
{
	ck_assert_msg(probe_blame_sender(senders[_i].text) == senders[_i].blamed, "%s",
		senders[_i].text);
}
END_TEST

START_TEST(long_texts)
{
	static char text[3000];

	memset(text, 'a', sizeof(text) - 1);
	ck_assert(!probe_blame_client(text));
	memset(text, '<', sizeof(text) - 1);
	ck_assert(!probe_blame_client(text));
	memset(text, '.', sizeof(text) - 1);
	memcpy(text, "listed in ", 10);
	ck_assert(!probe_blame_client(text));
	memset(text, ':', sizeof(text) - 1);
	ck_assert(!probe_blame_sender(text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_blame");
	TCase *clients = tcase_create("client"), *of_sender = tcase_create("sender");

	tcase_add_loop_test(clients, client, 0, (int)ORBL_COUNT(of_client));
	tcase_add_loop_test(clients, relaying, 0, (int)ORBL_COUNT(of_relaying));
	tcase_add_test(clients, long_texts);
	suite_add_tcase(s, clients);
	tcase_add_loop_test(of_sender, sender, 0, (int)ORBL_COUNT(senders));
	suite_add_tcase(s, of_sender);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
