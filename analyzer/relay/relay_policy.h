/* relay_policy.h - may this client relay to this recipient through this server?
 *
 * The Exchange IMS decision of Microsoft KB Q193922 and what surrounds it, as the one
 * interface that every dialect of relay policy answers (docs/relay-policy.md). Rules
 * answer permit, deny or dunno; the first that does not say dunno decides.
 */
#ifndef ANALYZER_RELAY_POLICY_H
#define ANALYZER_RELAY_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/text.h>

#include "recipient.h"

enum relay_flag {
	RELAY_FLAG_DENY = 1,
	RELAY_FLAG_ALLOW = 2,
	RELAY_FLAG_LOCAL_IP = 4,
	RELAY_FLAG_AUTH = 8,
};

enum relay_answer {
	RELAY_PERMIT,      /* relayed */
	RELAY_DENY,        /* 550 relaying prohibited */
	RELAY_THEN_BOUNCE, /* 250, then a bounce to the sender (Do not reroute) */
	RELAY_LOCAL,       /* the recipient is local: no relaying at all */
	RELAY_DUNNO,       /* of a single rule: it does not apply; never a decision */
};

/* Whose rules a policy has. */
enum relay_dialect { RELAY_DIALECT_IMS, RELAY_DIALECT_POSTFIX };

struct relay_policy; /* opaque; relay_model.h */

struct relay_request {
	struct addr client; /* who is connected */
	struct addr local;  /* the server address it connected to; family 0: unknown */
	bool authenticated;
	struct text recipient;   /* forward-path without brackets; empty: one that is not local */
	struct text sender;      /* reverse-path without brackets; p NULL: not known */
	struct text helo;        /* name after HELO or EHLO; p NULL: not known */
	struct text client_name; /* by DNS, "unknown" without one; p NULL: not known */
};

/* The rule of all decisions of a Postfix whose smtpd does not serve. */
#define RELAY_RULE_FATAL "no reject_unauth_destination"

struct relay_decision {
	enum relay_answer answer;
	const char *rule;  /* "RelayDenyList", "not set", "default", "permit_mynetworks" ... */
	const char *list;  /* list or table that matched, NULL none */
	const char *entry; /* its entry, such as "192.0.2.0;255.255.255.0"; lent by the policy */
	const char *file;  /* where that entry stands, NULL: in the policy's own file */
	unsigned line; /* 1-based line of that entry there; 0 none, or a default of the server */
};

/* One line of what was read, for people. */
struct relay_setting {
	const char *name;  /* "mynetworks" */
	const char *value; /* printable; lent by the policy */
	unsigned line;     /* in the policy's own file; 0: not set there, a default */
};

/* Read orbl's own form, a .reg export (REGEDIT4, or Windows Registry Editor 5.00 in UTF-16LE
 * or ANSI), or a Postfix main.cf with the tables beside it; which one is told from the
 * content. Warnings (a net with bits outside its mask never matches) go to warnings, which may be
 * NULL, as "FILE:LINE: text". */
enum err relay_policy_read(const char *path, struct relay_policy **out, FILE *warnings,
	struct error *e) ORBL_NODISCARD;
/* The same from bytes; name is for messages, and tables are looked for in its folder. */
enum err relay_policy_parse(const void *bytes, size_t len, const char *name,
	struct relay_policy **out, FILE *warnings, struct error *e) ORBL_NODISCARD;
void relay_policy_free(struct relay_policy *p); /* NULL ok */

struct relay_decision
relay_policy_decide(const struct relay_policy *p, const struct relay_request *request);
bool relay_policy_is_local(const struct relay_policy *p, struct text domain);
/* The mailbox that this server reads in a forward-path: without source route, encapsulated
 * addresses of its own domains decoded. Lent by path or by buffer. */
struct text
relay_policy_resolve(const struct relay_policy *p, struct text path, char buffer[RECIPIENT_MAX]);
const char *relay_answer_name(enum relay_answer a); /* "permit", "then-bounce" */

/* Something that may let strangers relay, or not: these files do not tell. False beyond the last
 * one. */
struct relay_unjudged {
	char what[160];
	const char *file; /* NULL: the policy's own; lent */
	unsigned line;    /* 0: not known */
};
bool relay_policy_unjudged(const struct relay_policy *p, size_t i, struct relay_unjudged *out);

enum relay_dialect relay_policy_dialect(const struct relay_policy *p);
const char *relay_dialect_name(enum relay_dialect d); /* "ims", "postfix" */
/* The settings of a main.cf that decide, in the order of a table, expanded; i counts from 0. False
 * beyond the last one, and of an IMS at once. */
bool relay_policy_setting(const struct relay_policy *p, size_t i, struct relay_setting *out);

#endif
