/* relay_audit.h - what a server of this relay policy would do with every probe case, and which
 * recommendations of RFC 2505 it does not meet, before any packet is sent.
 *
 * Pure: it asks the policy and prints nothing. A case is asked for a stranger, who is not
 * authenticated. Unless one is named, several are tried, two of each public /8, because a list
 * may happen to hold any single one, and of a Postfix some of IPv6. What is the worst for
 * strangers of more than one /8 counts;
 * the first of these, 192.0.2.1 if it can be, is the stranger of all cases. The names in the cases
 * are the server's own or, where none are given, each domain that is local to the policy; the worst
 * answer counts.
 */
#ifndef ANALYZER_RELAY_AUDIT_H
#define ANALYZER_RELAY_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/addr.h>
#include <orbl/err.h>

#include "probe_case.h"
#include "relay_policy.h"

enum relay_outlook {           /* the worst first; the first two are holes */
	RELAY_OUTLOOK_RELAYED, /* also: taken for local, though it is of a stranger's domain */
	RELAY_OUTLOOK_BOUNCED, /* accepted, then bounced to a sender who may be forged */
	RELAY_OUTLOOK_LOCAL,
	RELAY_OUTLOOK_DENIED,
	RELAY_OUTLOOK_COUNT
};
const char *relay_outlook_name(enum relay_outlook o); /* "relayed", "bounced", "local", "denied" */
bool relay_outlook_is_hole(enum relay_outlook o);

enum relay_met { RELAY_MET_NO, RELAY_MET_UNKNOWN, RELAY_MET_YES, RELAY_MET_COUNT };
const char *relay_met_name(enum relay_met m); /* "not met", "not known", "met" */

struct relay_audit_question {
	struct addr client;        /* family 0: strangers of the audit's own choice */
	struct addr local;         /* address the client connects to; family 0: not known */
	const char *host, *domain; /* what the server calls itself and its mail domain; NULL */
};

struct relay_audit_case {
	const struct probe_case *row;
	char mail_from[640], rcpt_to[1664]; /* as they would be sent */
	struct relay_decision decision;     /* lends from the policy */
	enum relay_outlook outlook;
};

/* A recommendation and what became of it. */
struct relay_advice {
	const char *id;   /* section of RFC 2505, "2.1" */
	const char *text; /* a few words */
	enum relay_met met;
	bool silent;        /* not known, as the file does not speak of such things */
	char why[256];      /* a sentence; never empty */
	const char *remedy; /* a sentence: what to change, or where to look; NULL: none */
};
enum { RELAY_ADVICE_MAX = 24 };

enum { RELAY_WHO = 320 };

/* What anybody can say, or a client without a name has, and then relays: a hole. */
struct relay_forgery {
	char who[RELAY_WHO]; /* "anyone who says MAIL FROM:<x@partner.example>" */
	struct relay_decision decision;
};

/* An entry that lets many addresses relay, though not every stranger. */
struct relay_wide {
	const char *list, *entry, *file; /* file NULL: the policy's own; lent */
	unsigned line;
	char size[32]; /* "16,777,216", "2^108" */
};
enum { RELAY_FORGERY_MAX = 64, RELAY_WIDE_MAX = 32, RELAY_NOT_JUDGED_MAX = 72 };

struct relay_audit {
	struct addr client, local;   /* local.family 0: not known */
	size_t strangers, alike;     /* tried, and of them those who fare as client does */
	char host[260], domain[260]; /* of the first names tried */
	size_t names;                /* pairs of them that were tried */
	bool knows_domains;          /* the policy names local domains */
	size_t count;
	struct relay_audit_case cases[PROBE_CASE_NUMBERS]; /* in sending order */
	size_t outlooks[RELAY_OUTLOOK_COUNT];              /* how many cases */
	size_t forgery_count;
	struct relay_forgery forgeries[RELAY_FORGERY_MAX];
	size_t wide_count;
	struct relay_wide wide[RELAY_WIDE_MAX];
	size_t not_judged_count;
	struct relay_unjudged not_judged[RELAY_NOT_JUDGED_MAX];
	bool fatal; /* smtpd does not serve with this main.cf */
	size_t advice_count;
	struct relay_advice advice[RELAY_ADVICE_MAX];
};

/* The policy must outlive the audit. ERR_SYNTAX: host or domain is no name. */
enum err relay_audit_new(const struct relay_policy *p, const struct relay_audit_question *q,
	struct relay_audit **out, struct error *e) ORBL_NODISCARD;
void relay_audit_free(struct relay_audit *a);          /* NULL ok */
size_t relay_audit_holes(const struct relay_audit *a); /* cases and forgeries */

/* What the server would do with one case as sent: paths with or without brackets. foreign is
 * the tester's domain, "" not known. */
struct relay_sent {
	const struct probe_case *row;
	const char *mail_from, *rcpt_to, *foreign;
	struct addr client, local;
};
enum relay_outlook relay_audit_predict(const struct relay_policy *p, const struct relay_sent *sent,
	struct relay_decision *decision);

/* What to change so that this decision is another one; never NULL. */
const char *relay_audit_remedy(const struct relay_decision *d);

/* relay_audit_forgery.c, relay_audit_wide.c: when the cases are asked. */
void relay_audit_find_forgeries(const struct relay_policy *p, struct relay_audit *a);
void relay_audit_find_wide(const struct relay_policy *p, struct relay_audit *a);
/* Has a case shown that this entry lets strangers relay? */
bool relay_audit_has_hole(const struct relay_audit *a, const char *entry, unsigned line);
/* Would a stranger's mail to a stranger be relayed? The recipient of the request is set here. */
bool relay_audit_relays(const struct relay_policy *p, struct relay_request request,
	struct relay_decision *decision);

/* relay_recommend.c: fill advice from the cases. */
void relay_recommend(const struct relay_policy *p, struct relay_audit *a);

#endif
