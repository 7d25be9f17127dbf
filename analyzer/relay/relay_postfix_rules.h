/* relay_postfix_rules.h - the restrictions of a Postfix: reading them, and asking them.
 *
 *	relay_postfix_rules.c    the table of restrictions, lists and classes of them
 *	relay_postfix_hearing.c  what each answers, and the decision
 *	relay_postfix_access.c   access(5) tables: keys and actions
 */
#ifndef ANALYZER_RELAY_POSTFIX_RULES_H
#define ANALYZER_RELAY_POSTFIX_RULES_H

#include "relay_postfix.h"

struct relay_hearing; /* of one request; relay_postfix_hearing.c */

struct relay_restriction {
	const char *name;
	enum relay_answer (*ask)(struct relay_hearing *h, const struct relay_rule *rule,
		struct relay_decision *out);
	enum {
		ANSWERS,
		MAY_PERMIT, /* by what is not known here */
		MAY_REJECT, /* only; for other reasons than relaying */
	} kind;
	enum { NOTHING, TABLE, WORD } argument;
	bool guards; /* Postfix wants one such in front of a permit */
};

/* Stands for a word that Postfix does not know. */
const struct relay_restriction *relay_rules_unknown(void);
/* The row of a word: a restriction, a class, or the unknown one. Of a rule only these are set. */
void relay_rules_find(const struct relay_postfix *pf, struct text word, struct relay_rule *out);
/* The classes first. */
enum err relay_rules_read(struct relay_postfix *pf, enum relay_parameter parameter,
	enum relay_stage stage, const struct relay_source *source) ORBL_NODISCARD;
enum err
relay_classes_read(struct relay_postfix *pf, const struct relay_source *source) ORBL_NODISCARD;
/* A list that its classes make too long, or endless, is refused. */
enum err
relay_rules_limit(struct relay_postfix *pf, const struct relay_source *source) ORBL_NODISCARD;
void relay_rules_check(struct relay_postfix *pf, const struct relay_source *source);
struct relay_decision
relay_postfix_decide(const struct relay_postfix *pf, const struct relay_request *request);

/* --- relay_postfix_unjudged.c --- */

/* When the rules are read: those in front of the guard, and lists whose tables are not read. */
void relay_postfix_find_unjudged(struct relay_postfix *pf);
/* Is this key of a client table a host name, which is not looked up? */
bool relay_postfix_is_client_name(const struct relay_table_entry *e);
/* One that anybody may have: "unknown", or all of a top-level domain. */
bool relay_postfix_is_common_name(const struct relay_table_entry *e);
void relay_postfix_warn_of_names(struct relay_table *t, const struct relay_source *source);

/* --- relay_postfix_access.c --- */

enum relay_access_kind { ACCESS_CLIENT, ACCESS_HELO, ACCESS_SENDER, ACCESS_RECIPIENT };

enum relay_action {
	ACTION_DUNNO,
	ACTION_PERMIT,
	ACTION_REJECT,
	ACTION_DEFER_IF_PERMIT,
	ACTION_RESTRICTIONS, /* the value names some */
};

/* The entry of a mail address, a host name or a client's address; NULL: none. */
const struct relay_table_entry *relay_access_find_address(const struct relay_postfix *pf,
	const struct relay_table *t, const char *address);
const struct relay_table_entry *relay_access_find_name(const struct relay_postfix *pf,
	const struct relay_table *t, struct text name);
const struct relay_table_entry *
relay_access_find_client(const struct relay_table *t, const struct addr *client);
enum relay_action relay_access_action(struct text value);

/* --- relay_postfix_hearing.c: each is the ask of a row --- */

enum relay_answer
relay_ask_access_client(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_access_helo(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_access_sender(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer relay_ask_access_recipient(struct relay_hearing *, const struct relay_rule *,
	struct relay_decision *);
enum relay_answer
relay_ask_relay_domains(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer relay_ask_defer_if_permit(struct relay_hearing *, const struct relay_rule *,
	struct relay_decision *);
enum relay_answer relay_ask_auth_destination(struct relay_hearing *, const struct relay_rule *,
	struct relay_decision *);
enum relay_answer
relay_ask_mynetworks(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_permit(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_sasl(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_reject(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer relay_ask_unauth_destination(struct relay_hearing *, const struct relay_rule *,
	struct relay_decision *);
enum relay_answer relay_ask_warn_if_reject(struct relay_hearing *, const struct relay_rule *,
	struct relay_decision *);
enum relay_answer
relay_ask_class(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);
enum relay_answer
relay_ask_unknown(struct relay_hearing *, const struct relay_rule *, struct relay_decision *);

#endif
