/* relay_postfix.h - a Postfix main.cf as a relay policy: what its files share.
 *
 *	relay_postfix.c          parameters and their defaults, the whole reading
 *	relay_postfix_lines.c    lines of main.cf, words of a value
 *	relay_postfix_expand.c   $name, ${name?text}, ${{a} < {b} ? {c} : {d}}
 *	relay_postfix_list.c     mydestination, mynetworks ...: lists of patterns
 *	relay_postfix_address.c  how Postfix resolves an address, and its class
 *	relay_postfix_unjudged.c what main.cf does not tell
 *	relay_postfix_rules.h    the restrictions, and the decision
 */
#ifndef ANALYZER_RELAY_POSTFIX_H
#define ANALYZER_RELAY_POSTFIX_H

#include "recipient.h"
#include "relay_model.h"
#include "relay_postfix_parameter.h"
#include "relay_table.h"

enum { RELAY_POSTFIX_TABLES = 64, RELAY_POSTFIX_CLASSES = 64, RELAY_POSTFIX_SHOWN = 80 };
enum { RELAY_POSTFIX_UNJUDGED = 64 };
/* Restrictions of a list, its classes written out. */
enum { RELAY_POSTFIX_RULES = 1000 };

/* A line "name = value" of main.cf. A '\n' in the value is a line end of the file. */
struct relay_assignment {
	const char *name;
	const char *value;
	unsigned line;
};

struct relay_value {
	char *text;    /* expanded; '\n' as above */
	char *shown;   /* the same in one line */
	unsigned line; /* 0: a default */
};

struct relay_pattern {
	const char *text;                /* as the list says it, with its '!' */
	struct text bare;                /* without */
	struct prefix net;               /* family 0: none */
	const struct relay_table *table; /* NULL: none */
	const char *file;                /* NULL: main.cf */
	unsigned line;
	bool negated;
};

struct relay_patterns {
	const char *name; /* of the parameter */
	struct relay_pattern *items;
	size_t count, room;
	bool domains; /* a table is asked for the parents of a name, too; ".example.com" counts */
	bool parents; /* "example.com" is its subdomains as well */
};

/* What matched: of a list the pattern, of a table its entry. */
struct relay_match {
	const char *list, *entry, *file;
	unsigned line;
};

struct relay_restriction; /* a row of the table in relay_postfix_rules.c */

struct relay_rule {
	const struct relay_restriction *row;
	const char *word;                /* as written */
	const struct relay_table *table; /* argument of an access check */
	size_t class_index;              /* of a restriction class */
	unsigned line;
};

struct relay_rules {
	const char *name; /* of the parameter */
	struct relay_rule *items;
	size_t count, room;
	size_t size; /* with what its classes have, as far as RELAY_POSTFIX_RULES */
	bool guards; /* has what Postfix demands: reject_unauth_destination or the like */
};

enum relay_stage {
	STAGE_CLIENT,
	STAGE_HELO,
	STAGE_SENDER,
	STAGE_RELAY,
	STAGE_RECIPIENT,
	STAGE_COUNT
};

enum relay_domain_list {
	DOMAINS_LOCAL,
	DOMAINS_ALIAS,
	DOMAINS_MAILBOX,
	DOMAINS_RELAY,
	DOMAINS_COUNT
};

struct relay_postfix {
	struct relay_assignment *assignments; /* sorted by name, the last of each */
	size_t assignment_count, assignment_room;
	struct relay_value values[PARAMETER_COUNT];
	struct relay_folder folder;
	struct relay_patterns domains[DOMAINS_COUNT], mynetworks, interfaces;
	struct relay_rules stages[STAGE_COUNT], classes[RELAY_POSTFIX_CLASSES];
	size_t class_count;
	struct relay_table *tables[RELAY_POSTFIX_TABLES];
	size_t table_count;
	char **kept; /* texts that others point into */
	size_t kept_count, kept_room;
	size_t pattern_total;
	struct relay_unjudged unjudged[RELAY_POSTFIX_UNJUDGED]; /* the first */
	size_t unjudged_count;
	bool percent_hack, swap_bangpath, untrusted_routing, resolve_dequoted, append_at_myorigin,
		append_dot_mydomain, access_parents, relay_first;
};

/* --- relay_postfix.c --- */

const char *relay_postfix_parameter_name(enum relay_parameter p);
const char *relay_postfix_get(const struct relay_postfix *pf, enum relay_parameter p);
/* Keep a text until the policy is freed; takes it, also in failure. NULL: out of memory, or text
 * was NULL. */
char *relay_postfix_keep(struct relay_postfix *pf, char *text);
/* The same with a copy of a word, made printable. */
char *relay_postfix_keep_word(struct relay_postfix *pf, struct text word);
/* The text that stands for a parameter that main.cf does not set; NULL: not one of ours. */
const char *relay_postfix_default(struct text name);
/* A table, each opened once. */
enum err relay_postfix_table(struct relay_postfix *pf, struct text name, unsigned line,
	const struct relay_source *source, const struct relay_table **out) ORBL_NODISCARD;
/* relay_postfix_unjudged.c: note what main.cf does not tell. */
void relay_postfix_unjudge(struct relay_postfix *pf, const char *file, unsigned line,
	const char *fmt, ...) ORBL_PRINTF(4, 5);

/* --- relay_postfix_lines.c --- */

/* All lines of a main.cf, sorted by name. */
enum err relay_assignments_read(struct relay_postfix *pf, struct text bytes,
	const struct relay_source *source) ORBL_NODISCARD;
enum err relay_assignments_add(struct relay_postfix *pf, struct relay_assignment a,
	const struct relay_source *source) ORBL_NODISCARD;
void relay_assignments_sort(struct relay_postfix *pf); /* of each name the last is kept */
/* The last assignment of a name; NULL: none. */
const struct relay_assignment *relay_postfix_find(const struct relay_postfix *pf, struct text name);
/* The words of a list between blanks and commas; a "{...}" is one. */
struct relay_words {
	struct text rest;
	unsigned next; /* line of rest */
	struct text word;
	unsigned line; /* of word */
};

/* first is the line on which the text starts; 0 (a default) stays 0. */
struct relay_words relay_words_of(const char *text, unsigned first);
bool relay_words_next(struct relay_words *w); /* false at the end */

/* --- relay_postfix_expand.c --- */

/* The caller frees *out. */
enum err relay_postfix_expand(const struct relay_postfix *pf, const char *name, const char *text,
	unsigned line, const struct relay_source *source, char **out) ORBL_NODISCARD;

/* --- relay_postfix_list.c --- */

enum err
relay_patterns_read(struct relay_postfix *pf, enum relay_parameter parameter, bool addresses,
	const struct relay_source *source, struct relay_patterns *out) ORBL_NODISCARD;
void relay_patterns_free(struct relay_patterns *p);
bool relay_patterns_match_name(const struct relay_patterns *p, struct text name,
	struct relay_match *out);
bool relay_patterns_match_addr(const struct relay_patterns *p, const struct addr *a,
	struct relay_match *out);

/* --- relay_postfix_address.c --- */

enum relay_class { CLASS_LOCAL, CLASS_ALIAS, CLASS_MAILBOX, CLASS_RELAY, CLASS_OTHER };

struct relay_address {
	char text[RECIPIENT_MAX];
	enum relay_class class;
	bool routed; /* the local part may name a further host */
	struct relay_match match;
};

/* local may be NULL or of family 0. False when the address is too long to be resolved. */
bool relay_address_resolve(const struct relay_postfix *pf, struct text path,
	const struct addr *local, struct relay_address *out);
bool relay_address_is_authorized(const struct relay_postfix *pf, const struct relay_address *a);

/* --- all of it --- */

bool relay_postfix_is(struct text bytes, const char *name);
enum err relay_postfix_parse(struct text bytes, struct relay_policy *p,
	const struct relay_source *source) ORBL_NODISCARD;
void relay_postfix_free(struct relay_postfix *pf); /* NULL ok */
bool relay_postfix_is_local(const struct relay_postfix *pf, struct text domain);
bool relay_postfix_setting(const struct relay_postfix *pf, size_t i, struct relay_setting *out);

#endif
