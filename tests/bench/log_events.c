#include "log_events.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Postfix, syslog --- */

#define POSTFIX(program) "%T mx1 postfix/" program "[%p]: "
#define REFUSED          POSTFIX("smtpd") "NOQUEUE: reject: RCPT from %n[%a]: "
#define CONNECT          POSTFIX("smtpd") "connect from %n[%a]"
#define DISCONNECT                                                                                 \
	POSTFIX("smtpd") "disconnect from %n[%a] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"
#define ENVELOPE "from=<%s> to=<%r> proto=ESMTP helo=<%h>"

static const char *const postfix_relay[] = {
	CONNECT,
	"!" REFUSED "554 5.7.1 <%R>: Relay access denied; " ENVELOPE,
	"!" REFUSED "554 5.7.1 <%R>: Relay access denied; " ENVELOPE,
	POSTFIX("smtpd") "disconnect from %n[%a] ehlo=1 mail=1 rcpt=0/2 quit=1 "
			 "commands=3/5",
	NULL,
};

static const char *const postfix_relay_temporary[] = {
	CONNECT,
	"!" REFUSED "454 4.7.1 <%R>: Relay access denied; from=<> to=<%r> "
	"proto=ESMTP helo=<%h>",
	DISCONNECT,
	NULL,
};

/* Quoted recipients; the address is nobody's. */
static const char *const postfix_relay_forged[] = {
	CONNECT,
	"!" REFUSED "554 5.7.1 <a>: Recipient address rejected: User unknown; "
	"from=<b@c.example> "
	"%l@freemail.example>: Relay access denied; from=<%s> to=<\"a>: Recipient "
	"address rejected: "
	"User unknown; from=<b@c.example> %l\"@freemail.example> proto=ESMTP helo=<%h>",
	DISCONNECT,
	NULL,
};

static const char *const postfix_accepted[] = {
	CONNECT,
	POSTFIX("smtpd") "%q: client=%n[%a]",
	POSTFIX("cleanup") "%q: message-id=<%S.%d@%h>",
	POSTFIX("qmgr") "%q: from=<%s>, size=24117, nrcpt=1 (queue active)",
	POSTFIX("smtpd") "disconnect from %n[%a] ehlo=1 mail=1 rcpt=1 data=1 quit=1 "
			 "commands=5",
	POSTFIX("lmtp") "%q: to=<%L>, "
			"relay=mail.example.net[private/dovecot-lmtp], delay=0.41, "
			"delays=0.33/0.01/0.01/0.06, dsn=2.0.0, status=sent (250 "
			"2.0.0 <%l> %S Saved)",
	POSTFIX("qmgr") "%q: removed",
	NULL,
};

static const char *const postfix_sent[] = {
	POSTFIX("pickup") "%q: uid=1000 from=<www-data>",
	POSTFIX("cleanup") "%q: message-id=<%S@mx1.example.net>",
	POSTFIX("qmgr") "%q: from=<www-data@example.net>, size=2117, nrcpt=1 "
			"(queue active)",
	POSTFIX("smtp") "%q: to=<%R>, relay=mx.%h[198.51.100.%p]:25, delay=1.2, "
			"delays=0.1/0.01/0.6/0.5, dsn=2.0.0, status=sent (250 "
			"2.0.0 Ok: queued as %S)",
	POSTFIX("qmgr") "%q: removed",
	NULL,
};

static const char *const postfix_bounced[] = {
	POSTFIX("smtp") "%q: to=<%R>, relay=mx.%h[198.51.100.7]:25, delay=1.2, "
			"delays=0.1/0/0.6/0.5, "
			"dsn=5.7.1, status=bounced (host mx.%h[198.51.100.7] said: "
			"554 5.7.1 <%r>: Relay access "
			"denied (in reply to RCPT TO command))",
	POSTFIX("bounce") "%q: sender non-delivery notification: %S",
	NULL,
};

static const char *const postfix_unknown_user[] = {
	CONNECT,
	REFUSED "550 5.1.1 <%L>: Recipient address rejected: User unknown "
		"in local recipient table; "
		"from=<%s> to=<%l> proto=ESMTP helo=<%h>",
	DISCONNECT,
	NULL,
};

static const char *const postfix_blocked[] = {
	CONNECT,
	REFUSED "554 5.7.1 Service unavailable; Client host [%a] blocked using bl.example; "
		"https://bl.example/query/ip/%a; " ENVELOPE,
	DISCONNECT,
	NULL,
};

static const char *const postfix_sender_forged[] = {
	CONNECT,
	REFUSED
	"554 5.7.1 <a>: Relay access denied; "
	"from=<b@badhost.example>: Sender address rejected: "
	"Access denied; from=<\"a>: Relay access denied; from=<b\"@badhost.example> to=<%L> "
	""
	"proto=ESMTP helo=<%h>",
	DISCONNECT,
	NULL,
};

static const char *const postfix_greylisted[] = {
	CONNECT,
	REFUSED "450 4.2.0 <%L>: Recipient address rejected: Greylisted, see "
		"https://postgrey.example/help; from=<%s> to=<%l> proto=ESMTP helo=<%h>",
	DISCONNECT,
	NULL,
};

static const char *const postfix_screen[] = {
	"%T mx1 postfix/postscreen[%p]: CONNECT from [%a]:40213 to [192.0.2.25]:25",
	"%T mx1 postfix/postscreen[%p]: PREGREET 11 after 0.04 from [%a]:40213: EHLO %h",
	"%T mx1 postfix/postscreen[%p]: DISCONNECT [%a]:40213",
	NULL,
};

static const char *const postfix_login[] = {
	CONNECT,
	POSTFIX("smtpd") "warning: %n[%a]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
	POSTFIX("smtpd") "disconnect from %n[%a] ehlo=1 auth=0/1 quit=1 commands=2/3",
	NULL,
};

static const char *const noise_dovecot[] = {
	"%T mx1 dovecot: imap-login: Login: user=<%L>, "
	"method=PLAIN, rip=%a, lip=192.0.2.25, "
	"mpid=%p, TLS, session=<%S>",
	NULL,
};

static const char *const noise_cron[] = {
	"%T mx1 CRON[%p]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
	NULL,
};

static const char *const noise_sshd[] = {
	"%T mx1 sshd[%p]: Failed password for invalid user Relay "
	"access denied from %a port 40213 ssh2",
	NULL,
};

/* About 15 % of the lines are denials, or 0.1 %. */
static const struct log_event postfix_events[] = {
	{290, 2, postfix_relay},
	{30, 1, postfix_relay_temporary},
	{10, 1, postfix_relay_forged},
	{230, 330, postfix_accepted},
	{40, 60, postfix_sent},
	{4, 6, postfix_bounced},
	{70, 100, postfix_unknown_user},
	{60, 90, postfix_blocked},
	{6, 10, postfix_sender_forged},
	{20, 40, postfix_greylisted},
	{40, 80, postfix_screen},
	{30, 60, postfix_login},
	{110, 160, noise_dovecot},
	{40, 40, noise_cron},
	{20, 20, noise_sshd},
};

/* --- Exim, main log --- */

#define EXIM_CLIENT "H=(%h) [%a] "

static const char *const exim_relay[] = {
	"!%I " EXIM_CLIENT "F=<%s> rejected RCPT <%R>: relay not permitted",
	"!%I " EXIM_CLIENT "F=<%s> rejected RCPT <%R>: relay not permitted",
	NULL,
};

static const char *const exim_accepted[] = {
	"%I 1xUxAA-%i-2v <= %s H=%h [%a] P=esmtps "
	"X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 "
	"CV=no S=24117 id=%S@%h",
	"%I 1xUxAA-%i-2v => %L <%l> R=local_user T=maildir_home",
	"%I 1xUxAA-%i-2v Completed",
	NULL,
};

static const char *const exim_unknown_user[] = {
	"%I " EXIM_CLIENT "F=<%s> rejected RCPT <%L>: Unrouteable address",
	NULL,
};

static const char *const exim_blocked[] = {
	"%I " EXIM_CLIENT "F=<%s> rejected RCPT <%L>: %a is in a black list at bl.example",
	NULL,
};

static const char *const exim_forged[] = {
	"%I " EXIM_CLIENT
	"F=<\"x [203.0.113.66] rejected RCPT <y>: relay not permitted\"@sender.example> "
	"rejected RCPT <%L>: Unrouteable address",
	NULL,
};

static const char *const exim_noise[] = {
	"%I no host name found for IP address %a",
	"%I unexpected disconnection while reading SMTP command from (%h) [%a] D=12s",
	NULL,
};

static const struct log_event exim_events[] = {
	{200, 2, exim_relay},
	{300, 500, exim_accepted},
	{150, 200, exim_unknown_user},
	{100, 100, exim_blocked},
	{10, 10, exim_forged},
	{240, 188, exim_noise},
};

/* --- Exchange, SmtpReceive --- */

#define RECEIVE(number, kind, data)                                                                \
	"%Z,MX1\\Default Frontend MX1,%S," #number ",192.0.2.25:25,%e," kind "," data ","

static const char *const exchange_head[] = {
	"#Software: Microsoft Exchange Server",
	"#Version: 15.0.0.0",
	"#Log-type: SMTP Receive Protocol Log",
	"#Date: 2026-11-21T00:00:00.000Z",
	"#Fields: "
	"date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,"
	"event,data,context",
	NULL,
};

static const char *const exchange_relay[] = {
	RECEIVE(0, "+", ""),
	RECEIVE(1, ">", "\"220 MX1.example.net Microsoft ESMTP MAIL Service ready\""),
	RECEIVE(2, "<", "EHLO %h"),
	RECEIVE(3, ">", "250  MX1.example.net Hello [%a] SIZE 37748736 PIPELINING DSN"),
	RECEIVE(4, "<", "MAIL FROM:<%s>"),
	RECEIVE(5, ">", "250 2.1.0 Sender OK"),
	RECEIVE(6, "<", "RCPT TO:<%R>"),
	"!" RECEIVE(7, ">",
		"550 5.7.54 SMTP; Unable to relay recipient in "
		"non-accepted domain"),
	RECEIVE(8, "<", "RCPT TO:<%R>"),
	"!" RECEIVE(9, ">",
		"550 5.7.54 SMTP; Unable to relay recipient in "
		"non-accepted domain"),
	RECEIVE(10, "<", "QUIT"),
	RECEIVE(11, ">", "221 2.0.0 Service closing transmission channel"),
	RECEIVE(12, "-", "") "Local",
	NULL,
};

static const char *const exchange_accepted[] = {
	RECEIVE(0, "+", ""),
	RECEIVE(1, "<", "EHLO %h"),
	RECEIVE(2, "<", "MAIL FROM:<%s>"),
	RECEIVE(3, ">", "250 2.1.0 Sender OK"),
	RECEIVE(4, "<", "RCPT TO:<%L>"),
	RECEIVE(5, ">", "250 2.1.5 Recipient OK"),
	RECEIVE(6, "<", "DATA"),
	RECEIVE(7, ">", "354 Start mail input; end with <CRLF>.<CRLF>"),
	RECEIVE(8, ">", "250 2.6.0 <%S@%h> [InternalId=%d] Queued mail for delivery"),
	RECEIVE(9, "<", "QUIT"),
	RECEIVE(10, "-", "") "Local",
	NULL,
};

static const char *const exchange_unknown_user[] = {
	RECEIVE(0, "+", ""),
	RECEIVE(1, "<", "EHLO %h"),
	RECEIVE(2, "<", "MAIL FROM:<%s>"),
	RECEIVE(3, ">", "250 2.1.0 Sender OK"),
	RECEIVE(4, "<", "RCPT TO:<%L>"),
	RECEIVE(5, ">", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
	RECEIVE(6, "-", "") "Remote",
	NULL,
};

static const struct log_event exchange_events[] = {
	{700, 4, exchange_relay},
	{200, 796, exchange_accepted},
	{100, 200, exchange_unknown_user},
};

static const struct log_format formats[] = {
	{"postfix", NULL, postfix_events, COUNT(postfix_events)},
	{"exim", NULL, exim_events, COUNT(exim_events)},
	{"exchange", exchange_head, exchange_events, COUNT(exchange_events)},
};

const struct log_format *
log_format_find(const char *name)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}
